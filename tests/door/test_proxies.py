"""The proxies of `docs/http.md`, as they are written there, before a door."""

import base64
import hashlib
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from werkzeug import Request, Response

from app.services.acting import Acting
from tests.builders import EXPERT
from tests.conftest import databases_filled_by
from tests.door.serving import SECRET, Served, behind_proxy, serving
from tests.free_ports import free_ports
from tests.services.offline_runs import fill_open_run, newest_version

ROOT = Path(__file__).parents[2]
RUN = 390001
FORGED = {
    "email": "other@cern.ch",
    "egroups": "cms-dqm-runregistry-experts",
    "X-Run-Registry-Proxy": "guessed",
}
_MODULES = Path("/usr/lib/apache2/modules")


def block(name: str) -> str:
    """An example of the document."""
    text = (ROOT / "docs" / "http.md").read_text("utf-8")
    found = re.search(rf"<!-- {name} -->\n((?:    .*\n|\n)+)", text)
    assert found is not None
    return found[1].replace("the secret", SECRET)


template = databases_filled_by(fill_open_run)


@pytest.fixture
def door(database) -> Iterator[Served]:
    with serving(Acting(database), behind_proxy()) as served:
        yield served


def _on_ports(text: str, ports: Mapping[str, str]) -> str:
    """The document's addresses as those of this test, all at once: a port of one may begin like
    that of another."""
    return re.sub("|".join(map(re.escape, ports)), lambda found: ports[found[0]], text)


@contextmanager
def running(command: list[str], port: int, door: Served) -> Iterator[Served]:
    """A proxy on a port, until it is no longer needed."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    proxy = Served("127.0.0.1", port, door.door, door.server)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                proxy.get("/healthz")
                break
            except OSError:
                assert process.stdout is not None
                assert process.poll() is None, process.stdout.read()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield proxy
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture
def nginx(door, httpserver, tmp_path) -> Iterator[Served]:
    """nginx as in the document; what stands in for oauth2-proxy knows one cookie."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("Debian's package nginx-light is missing")

    def known(request: Request) -> Response:
        if request.cookies.get("session") != "good":
            return Response("no", 401)
        names = {
            "X-Auth-Request-Email": EXPERT.email,
            "X-Auth-Request-Groups": ",".join(EXPERT.egroups),
        }
        return Response("", 202, names)

    httpserver.expect_request("/oauth2/auth").respond_with_handler(known)

    def started(request: Request) -> Response:
        wanted = request.headers.get("X-Auth-Request-Redirect", "")
        return Response("", 302, {"Location": "https://auth.example.ch/", "X-Then": wanted})

    httpserver.expect_request("/oauth2/start").respond_with_handler(started)
    (port,) = free_ports(1)
    server = re.sub(r" *ssl_certificate.*\n", "", block("nginx"))
    server = _on_ports(
        server,
        {
            "listen 443 ssl": f"listen 127.0.0.1:{port}",
            "127.0.0.1:9500": f"127.0.0.1:{door.port}",
            "127.0.0.1:4180": f"127.0.0.1:{httpserver.port}",
        },
    )
    temporary = "".join(
        f"{each}_temp_path {tmp_path / each};\n"
        for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {tmp_path / 'pid'}; error_log stderr;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temporary}{server}}}\n"
    )
    words = [program, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    with running(words, port, door) as proxy:
        yield proxy


@pytest.fixture
def apache(door, server_folder) -> Iterator[Served]:
    """Apache as in the document; passwords in a file stand in for the login."""
    program = shutil.which("apache2", path="/usr/sbin:/usr/bin")
    if program is None or not _MODULES.is_dir():
        pytest.skip("Debian's package apache2 is missing")
    (port,) = free_ports(1)
    host = _on_ports(
        block("apache"),
        {"*:443": f"127.0.0.1:{port}", "127.0.0.1:9500": f"127.0.0.1:{door.port}"},
    )
    file = server_folder / "passwords"
    file.write_text(f"{EXPERT.email}:{{SHA}}{_sha1('word')}\n")
    host = host.replace(
        "AuthType openid-connect", f"AuthType Basic\nAuthName x\nAuthUserFile {file}"
    )
    modules = (
        *("mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic"),
        *("headers", "proxy", "proxy_http"),
    )
    loaded = "".join(f"LoadModule {each}_module {_MODULES}/mod_{each}.so\n" for each in modules)
    (server_folder / "apache.conf").write_text(
        f"ServerRoot {server_folder}\nServerName x\nPidFile {server_folder}/pid\n{loaded}"
        f"User nobody\nGroup nogroup\nErrorLog /dev/stderr\nListen 127.0.0.1:{port}\n{host}"
    )
    words = [program, "-f", str(server_folder / "apache.conf"), "-DFOREGROUND"]
    with running(words, port, door) as proxy:
        yield proxy


def _sha1(word: str) -> str:
    return base64.b64encode(hashlib.sha1(word.encode()).digest()).decode()


def check_writes_as_the_person(proxy: Served, database, known: dict[str, str]) -> None:
    """What comes through the proxy is the person's, whatever the request says of itself."""
    path = f"/api/manual_run_edit/{RUN}/stop_reason"
    answer = proxy.put(path, {"stop_reason": "trip"}, headers={**FORGED, **known})
    assert answer.status == 200, answer.body
    assert newest_version(database)[1] == EXPERT.email


def test_that_nginx_lets_nobody_in_who_isn_t_logged_in(nginx):
    path = "/browse/runs?filter=run+%3D+1&page=2"
    page = nginx.get(path, headers=FORGED)
    assert (page.status, page.headers["X-Then"]) == (302, path)
    for path in ("/api/runs_filtered_ordered", "/api/datasets_accepted"):
        assert nginx.post(path, {}, headers=FORGED).status == 401
    # A script that fetches a list gets no page of a login in its place.
    for path in ("/golden/official/Collisions2025/latest.json", "/v1/runs"):
        assert nginx.get(path, headers=FORGED).status == 401
    assert nginx.get("/oauth2/auth").status == 404


def test_that_nginx_passes_on_who_is_logged_in_and_no_other(nginx, database):
    known = {"Cookie": "session=good"}
    check_writes_as_the_person(nginx, database, known)

    page = nginx.get("/browse/runs", headers=known)
    assert page.status == 200
    again = nginx.get("/browse/runs", headers={**known, "If-None-Match": page.headers["etag"]})
    assert again.status == 304
    assert nginx.get("/api/nothing", headers=known).status == 404


def test_that_nginx_passes_tokens_on(nginx):
    known = {"Cookie": "session=good", "Authorization": "Bearer nonsense"}
    answer = nginx.put(f"/api/manual_run_edit/{RUN}/stop_reason", {}, headers=known)
    # This door takes none: it has seen it, and doesn't fall back to the headers.
    assert (answer.status, "token" in answer.json["message"]) == (401, True)


def test_that_apache_passes_on_who_is_logged_in_and_no_other(apache, caplog):
    assert apache.get("/browse/runs", headers=FORGED).status == 401
    word = base64.b64encode(f"{EXPERT.email}:word".encode()).decode()
    known = {"Authorization": f"Basic {word}"}
    assert apache.get("/browse/runs", headers=known).status == 200

    # Without e-groups of the proxy nobody may write where no database knows them.
    answer = apache.put(
        f"/manual_run_edit/{RUN}/stop_reason", {"stop_reason": "x"}, headers={**FORGED, **known}
    )
    assert answer.json == {"err": "Request must provide email and egroups"}
    with caplog.at_level("INFO", "app.door.access"):
        refreshed = apache.post(f"/runs/refresh_run/{RUN}", headers={**FORGED, **known})
    assert refreshed.status == 200
    assert caplog.records[-1].getMessage().endswith(f" {EXPERT.email}")
