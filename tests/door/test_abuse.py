"""Requests that would keep the door busy, tell strangers too much, or get where nobody should."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from app.door.asking import MOST_CONDITIONS, MOST_PARTS
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import tables
from app.services.pulling import runs as pull
from tests.builders import a_run, configure
from tests.door.serving import serving
from tests.door.site_pages import BROWSER, browse

RUN = 390001


@pytest.fixture(scope="module")
def served(server, template):
    with server.opened(template) as database:
        configure(database)
        pull.apply(Acting(database), a_run(RUN))
        with serving(Acting(database)) as served:
            yield served


def raw(served, text: bytes, wait_s: float = 30.0) -> bytes:
    with socket.create_connection((served.host, served.port), timeout=wait_s) as connection:
        connection.sendall(text)
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
        return found


def nested(conditions: int) -> dict:
    return {"or": [{"run_number": RUN + number} for number in range(conditions)]}


def test_that_a_filter_has_no_more_conditions_than_can_be_looked_at(served):
    path = "/runs_filtered_ordered"
    assert served.post(path, {"filter": nested(1_000)}).json["count"] == 1

    refused = served.post(path, {"filter": nested(MOST_CONDITIONS + 1)})
    assert (refused.status, "conditions" in refused.json["err"]) == (500, True)
    named = {"and": [{f"oms_attributes.a{number}": 1} for number in range(201)]}
    assert "attributes at most" in served.post(path, {"filter": named}).json["err"]
    words = quote(" or ".join(f"oms.a{number} > 1" for number in range(201)))
    refused = served.get(f"/v1/runs?filter={words}")
    assert (refused.status, "attributes at most" in refused.json["detail"]) == (400, True)


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"1,", b'"",'])
def test_that_a_body_of_very_many_values_is_refused_before_it_is_parsed(served, piece):
    text = b'{"filter":{},"more":[' + piece * MOST_PARTS + b"1]}"
    assert "values" in served.post("/runs_filtered_ordered", raw=text).json["err"]


def test_that_a_rule_has_no_more_conditions_than_can_be_looked_at(served):
    rule = {"or": [{"==": [number, 1]} for number in range(MOST_CONDITIONS)]}
    answer = served.post("/json_creation/generate", {"json_logic": json.dumps(rule)})
    assert "conditions" in answer.json["err"]


def test_that_nobody_is_told_where_the_database_is(served):
    path = "/golden/official/%00/latest.json"
    for answer in (served.get(path), browse(served, path)):
        assert answer.status == 400
        assert b"t hold this: PostgreSQL text fields" in answer.body
        assert b"postgresql:" not in answer.body


@pytest.mark.expected_log("was not answered")
def test_that_nobody_is_told_where_a_database_is_that_is_away(database, server):
    with serving(Acting(database)) as served, server.closed(database):
        for answer in (served.get("/datasets_accepted"), browse(served, "/golden")):
            assert answer.status == 503
            assert b"postgresql" not in answer.body
            assert b"127.0.0.1" not in answer.body


@pytest.mark.parametrize("length", [b"Content-Length: 400000000", b"Transfer-Encoding: chunked"])
def test_that_a_body_to_nowhere_is_not_read(served, length):
    answer = raw(served, b"POST /nothing HTTP/1.1\r\nHost: x\r\n" + length + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()


@pytest.mark.parametrize("path", [b"/runs_filtered_ordered", b"/v1/luminosity", b"/healthz"])
def test_that_a_request_of_two_lengths_hides_no_other(served, path):
    head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    hidden = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = raw(served, head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden)

    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"two lengths" in answer


def test_that_a_connection_goes_on_after_an_address_that_isn_t_there(served):
    request = b"GET /nothing HTTP/1.1\r\nHost: x\r\n"
    answer = raw(served, request + b"\r\n" + request + b"Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 404 ") == 2


@pytest.mark.parametrize("host", [b"[", b"a/browse", b"a?b#c", b"\xff\xfe", b""])
def test_that_an_invented_host_breaks_nothing(served, host):
    for path, status in (
        (b"/nothing", b" 404 "),
        (b"/browse/runs", b" 200 "),
        (b"/runs/1", b" 500 "),
    ):
        text = b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
        assert raw(served, text).split(b"\r\n")[0].startswith(b"HTTP/1.1" + status)


def test_that_a_path_forges_no_line_of_the_log(served, caplog):
    with caplog.at_level("INFO", "app.door.access"):
        served.get("/x%0d%0aGET%20/forged%20200")

    lines = [each.getMessage() for each in caplog.records if each.name == "app.door.access"]
    assert len(lines) == 1
    assert "\n" not in lines[0]
    assert "\r" not in lines[0]


def test_that_pages_for_people_and_scripts_don_t_wait_for_each_other(served, monkeypatch):
    go_on, held = threading.Event(), threading.Semaphore(0)
    before = tables.runs_page

    def slow(acting, query):
        held.release()
        assert go_on.wait(60)
        return before(acting, query)

    monkeypatch.setattr("app.services.certification.tables.runs_page", slow)
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(browse, served, "/browse/runs") for _ in range(20)]
        assert held.acquire(timeout=60)
        assert served.post("/runs_filtered_ordered", {"page_size": 5}).json["count"] == 1
        assert served.get("/healthz").status == 200
        go_on.set()
        assert {each.result().status for each in waiting} == {200}


def test_that_fifty_readers_of_pages_get_them_all(served):
    paths = ["/", "/browse/runs", f"/browse/runs/{RUN}", "/golden", "/feed.atom"] * 20
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda path: browse(served, path).status, paths))
    assert set(found) == {200}


def test_that_a_reader_of_a_page_that_takes_nothing_is_cut(database: Database):
    configure(database)
    flapping = {ls: {"dt0_ready": ls % 2 == 0} for ls in range(1, 1501)}
    pull.apply(Acting(database), a_run(RUN, 1500, changed=flapping))
    with serving(Acting(database), silent_s=0.5) as served, socket.socket() as connection:
        # The system keeps megabytes for who doesn't read: sixty pages, each of which takes a while.
        for listening in served.server.servers[0].sockets:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect((served.host, served.port))
        request = f"GET /browse/runs/{RUN} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        connection.sendall(request * 200)
        deadline = time.monotonic() + 60
        while not served.server.server_state.connections and time.monotonic() < deadline:
            time.sleep(0.02)
        while served.server.server_state.connections and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not served.server.server_state.connections
        connection.close()
        assert served.get("/healthz").status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", ["/", "/golden/1/golden.json", "/feed.atom", "/v1", "/%2e%2e/"])
def test_that_no_method_on_no_address_is_an_error_of_the_program(served, method, path):
    assert served.ask(method, path, headers=BROWSER).status < 500
