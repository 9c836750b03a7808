"""Who acts: by token, by proxy, or at home; and who is not believed."""

import base64
import hmac
import json
import os
import socket
import struct
import time
from contextlib import suppress
from http.client import HTTPConnection

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.datastructures import Address

from app.domain.identity import Actor
from app.door.identity import SECRET_HEADER, Identification, Proxy, user_of
from app.door.tokens import Issuer as Believed
from app.door.tokens import Tokens
from app.services.acting import Acting
from app.sync.issuer_keys import fetch_keys
from tests.conftest import databases_filled_by
from tests.door.issuer import AUDIENCE, issuing
from tests.door.serving import EXPERT, EXPERTS, SECRET, behind_proxy, by_proxy, serving
from tests.services.offline_runs import fill_open_run, newest_version

EDIT = {"stop_reason": "beam dump"}
PATH = "/manual_run_edit/390001/stop_reason"
NOBODY = (500, {"err": "Request must provide email and egroups"})


template = databases_filled_by(fill_open_run)


@pytest.fixture
def acting(database) -> Acting:
    """A database with an OPEN run, and the right of experts."""
    return Acting(database)


@pytest.fixture(scope="module")
def issuer():
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def tokens(issuer):
    return Tokens(Believed(issuer.url, (AUDIENCE,), lambda: fetch_keys(issuer.keys_url)))


def author(acting: Acting) -> str:
    return newest_version(acting.db)[1]


def edited(served, headers=None):
    answer = served.put(PATH, EDIT, headers=headers)
    return answer.status, answer.json


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_that_who_runs_the_door_acts_at_home_whatever_the_client_calls_itself(acting):
    with serving(acting) as served:
        assert edited(served, {"email": "api@api"})[0] == 200

    assert author(acting) == EXPERT.email


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"X-Forwarded-For": "10.1.2.3"},
        {"Forwarded": "for=10.1.2.3"},
        {"Host": "evil.example"},
        {"Host": "evil.example:9500"},
    ],
)
def test_that_nobody_else_s_page_or_proxy_acts_as_who_runs_the_door(acting, headers):
    with serving(acting) as served:
        assert edited(served, headers) == NOBODY


def test_that_another_user_of_this_machine_is_not_who_runs_the_door(acting, monkeypatch):
    monkeypatch.setattr("app.door.identity.user_of", lambda _client, _port: 12345)
    with serving(acting) as served:
        assert edited(served) == NOBODY


def test_that_the_user_of_a_connection_is_found():
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as listener:
            listener.bind((host, 0))
            listener.listen()
            with socket.create_connection(listener.getsockname()[:2]) as client:
                here = Address(*client.getsockname()[:2])
                assert user_of(here, listener.getsockname()[1]) == os.getuid()
                assert user_of(here, 1) is None


def test_that_nobody_has_a_connection_that_was_closed():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for linger in (None, struct.pack("ii", 1, 0)):
            client = socket.create_connection(("127.0.0.1", port))
            here = Address(*client.getsockname())
            with listener.accept()[0] as accepted:
                client.sendall(b"PUT")
                if linger is not None:
                    # Closed without a farewell: the kernel forgets it at once.
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                client.close()
                with suppress(ConnectionResetError):
                    accepted.recv(100)
                assert user_of(here, port) is None


def test_that_who_is_gone_before_it_is_known_who_it_was_changes_nothing(acting, monkeypatch):
    monkeypatch.setattr("app.door.identity.user_of", lambda _client, _port: None)
    with serving(acting) as served:
        assert edited(served) == NOBODY


def test_that_a_proxy_that_proves_itself_names_the_person(acting):
    with serving(acting, Identification(proxy=Proxy(("127.0.0.1",), SECRET))) as served:
        assert edited(served, by_proxy("dc@cern.ch", f"x; {EXPERTS}"))[0] == 200

    assert author(acting) == "dc@cern.ch"


@pytest.mark.parametrize(
    ("proxy", "headers"),
    [
        (Proxy(("127.0.0.1",), SECRET), by_proxy() | {SECRET_HEADER: SECRET[:-1]}),
        (Proxy(("127.0.0.1",), SECRET), {"email": EXPERT.email, "egroups": EXPERTS}),
        (Proxy(("10.0.0.1",), SECRET), by_proxy()),
        (Proxy(("127.0.0.1",), SECRET), by_proxy() | {"Origin": "https://evil.example"}),
        (Proxy(("127.0.0.1",), SECRET), by_proxy("", EXPERTS)),
        (Proxy(("127.0.0.1",), SECRET), by_proxy(EXPERT.email, " ,;")),
        (None, by_proxy()),
    ],
)
def test_that_the_headers_of_anybody_else_mean_nothing(acting, proxy, headers):
    with serving(acting, Identification(proxy=proxy)) as served:
        assert edited(served, headers) == NOBODY


@pytest.mark.parametrize("name", ["email", "egroups", SECRET_HEADER, "origin", "Host"])
def test_that_a_stranger_s_header_before_that_of_the_proxy_names_nobody(acting, name):
    with serving(acting, behind_proxy()) as served:
        connection = HTTPConnection(served.host, served.port, timeout=60)
        connection.putrequest("PUT", PATH, skip_host=True)
        given = [(name, "dc@cern.ch"), ("Host", "x"), ("Content-Length", "2")]
        for header, value in (*given, *by_proxy().items()):
            connection.putheader(header, value)
        connection.putheader(name, "x")
        connection.endheaders(b"{}")
        response = connection.getresponse()
        assert (response.status, f"{name}" in response.read().decode()) in {
            (401, True),
            # Two hosts are no HTTP.
            (400, False),
        }
        connection.close()


@pytest.mark.parametrize("origin", ["null", "http://[", "http://[::1", "//", "\xff"])
def test_that_a_page_of_nowhere_acts_as_nobody(acting, origin):
    for who in (None, behind_proxy()):
        with serving(acting, who) as served:
            assert edited(served, by_proxy() | {"Origin": origin}) == NOBODY


def test_that_with_a_proxy_who_runs_the_door_has_to_come_through_it(acting):
    who = Identification(proxy=Proxy(("127.0.0.1",), SECRET), runs_it=EXPERT)
    with serving(acting, who) as served:
        assert edited(served) == NOBODY


@pytest.mark.parametrize("email", ["auto@auto", "auto@auto - x@cern.ch", "AUTO@AUTO"])
def test_that_nobody_acts_as_the_puller(acting, email):
    with serving(acting, Identification(proxy=Proxy(("127.0.0.1",), SECRET))) as served:
        status, body = edited(served, by_proxy(email))

    assert status == 401
    assert "automatic" in body["message"]


@pytest.mark.parametrize("email", ["nobody", "a@b c", "@", "x" * 300 + "@cern.ch"])
def test_that_an_address_that_is_none_is_not_believed(acting, email):
    with serving(acting, Identification(proxy=Proxy(("127.0.0.1",), SECRET))) as served:
        assert edited(served, by_proxy(email))[0] == 401


def test_that_who_has_not_the_right_is_told_which_e_groups_have_it(acting):
    with serving(acting, Identification(proxy=Proxy(("127.0.0.1",), SECRET))) as served:
        status, body = edited(served, by_proxy("x@cern.ch", "some-group"))

    assert status == 401
    assert body["message"].startswith(
        "User needs to be part of any of the following e-groups to fulfill this action (clickable"
        " links): <br/><br/><strong><i><a "
    )
    assert f"egroupName={EXPERTS}&tab=3>{EXPERTS}</a>" in body["message"]


def test_that_a_query_string_gives_no_right(acting, database):
    with serving(acting, Identification(proxy=Proxy(("127.0.0.1",), SECRET))) as served:
        answer = served.put(
            f"{PATH}?x=/runs/mark_significant", EDIT, headers=by_proxy("x@cern.ch", "some-group")
        )

    assert answer.status == 401


def test_that_a_token_names_the_person(acting, issuer, tokens):
    token = issuer.token(email="dt@cern.ch", groups=[EXPERTS])
    with serving(acting, Identification(tokens=tokens)) as served:
        assert edited(served, bearer(token))[0] == 200
        assert edited(served) == NOBODY

    assert author(acting) == "dt@cern.ch"


def _now() -> int:
    return int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "something-else"},
        {"aud": None},
        {"iss": None},
        {"exp": None},
        {"exp": _now() - 3600},
        {"nbf": _now() + 3600},
        {"iat": _now() + 3600},
        {"key_id": "unknown"},
        {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
        {"algorithm": "PS256"},
        {"key": "a-shared-secret-that-is-long-enough-for-it", "algorithm": "HS256"},
    ],
    # Keys and times are others in each process.
    ids="-".join,
)
def test_that_a_token_that_is_not_right_is_not_believed(acting, issuer, tokens, claims):
    token = issuer.token(email=EXPERT.email, groups=[EXPERTS], **claims)
    with serving(acting, Identification(tokens=tokens, runs_it=EXPERT)) as served:
        status, body = edited(served, bearer(token))

    assert status == 401
    assert body["message"].startswith("The token ")


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "x" * 20_000, "é.é.é".encode().decode("latin1")]
)
def test_that_what_is_no_token_is_not_believed(acting, tokens, token):
    with serving(acting, Identification(tokens=tokens, runs_it=EXPERT)) as served:
        assert edited(served, bearer(token))[0] == 401


def test_that_an_unsigned_token_is_not_believed(acting, issuer, tokens):
    claims = {"iss": issuer.url, "aud": AUDIENCE, "iat": _now(), "exp": _now() + 300}
    token = jwt.encode(
        claims | {"email": EXPERT.email}, None, "none", headers={"kid": issuer.key_id}
    )
    with serving(acting, Identification(tokens=tokens)) as served:
        assert edited(served, bearer(token))[0] == 401


def _text64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def test_that_a_public_key_used_as_a_shared_secret_signs_nothing(acting, issuer, tokens):
    document = json.dumps(issuer.jwks()["keys"][0]).encode()
    _, claims, _ = issuer.token(email=EXPERT.email, groups=[EXPERTS]).split(".")
    header = _text64(json.dumps({"alg": "HS256", "kid": issuer.key_id}).encode())
    signature = hmac.digest(document, f"{header}.{claims}".encode(), "sha256")
    token = f"{header}.{claims}.{_text64(signature)}"
    with serving(acting, Identification(tokens=tokens)) as served:
        assert edited(served, bearer(token))[0] == 401


def test_that_a_door_without_issuer_takes_no_token(acting, issuer):
    with serving(acting, Identification(runs_it=EXPERT)) as served:
        status, body = edited(served, bearer(issuer.token(email=EXPERT.email)))

    assert status == 401
    assert "no issuer" in body["message"]


def test_that_a_token_of_an_application_stands_for_whom_the_administrator_named(
    acting, issuer, tokens
):
    applications = {"scripts": Actor("named@cern.ch", frozenset({EXPERTS}))}
    with serving(acting, Identification(tokens=tokens, applications=applications)) as served:
        assert edited(served, bearer(issuer.token()))[0] == 200
        assert edited(served, bearer(issuer.token(azp="others"))) == NOBODY
        for claim in ("sid", "session_state", "auth_time", "nonce"):
            # Somebody who logged in through it is not the application.
            assert edited(served, bearer(issuer.token(**{claim: "1"}))) == NOBODY
        assert served.get("/datasets_accepted", headers=bearer(issuer.token(azp="x"))).status == 200

    assert author(acting) == "named@cern.ch"


def test_that_a_new_key_of_the_issuer_is_fetched_and_an_unknown_one_not_again_and_again(
    monkeypatch,
):
    moment = [1000.0]
    monkeypatch.setattr("app.door.tokens.time.monotonic", lambda: moment[0])
    with issuing() as issuer:
        believed = Believed(issuer.url, (AUDIENCE,), lambda: fetch_keys(issuer.keys_url))
        tokens = Tokens(believed)
        assert tokens.bearer(issuer.token(email="a@b.c")).email == "a@b.c"
        for _ in range(20):
            with pytest.raises(Exception, match="a key that its issuer doesn't have"):
                tokens.bearer(issuer.token(key_id="invented"))
        assert issuer.fetched == 1

        issuer.rotate("second")
        moment[0] += 31
        assert tokens.bearer(issuer.token(email="a@b.c")).email == "a@b.c"
        assert issuer.fetched == 2


@pytest.mark.expected_log("keys can't be fetched")
def test_that_keys_that_are_known_go_on_while_the_issuer_is_away(monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr("app.door.tokens.time.monotonic", lambda: moment[0])
    with issuing() as issuer:
        tokens = Tokens(Believed(issuer.url, (AUDIENCE,), lambda: fetch_keys(issuer.keys_url)))
        tokens.bearer(issuer.token())
        issuer.silent = True
        moment[0] += 4000
        assert tokens.bearer(issuer.token(email="a@b.c")).email == "a@b.c"


@pytest.mark.expected_log("was not answered")
def test_that_an_issuer_that_is_away_from_the_first_is_told_as_unavailable(acting):
    with issuing() as issuer:
        issuer.silent = True
        tokens = Tokens(Believed(issuer.url, (AUDIENCE,), lambda: fetch_keys(issuer.keys_url)))
        with serving(acting, Identification(tokens=tokens)) as served:
            answer = served.put(PATH, EDIT, headers=bearer(issuer.token()))

    assert answer.status == 503
    assert "503" in answer.json["err"]
