"""Too much, too slow, too silent: what one client does, no other feels."""

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from sqlalchemy import text

from app.door.application import Patience
from app.door.asking import Limits
from app.door.lanes import Turns
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.pulling import runs as pull
from tests.builders import a_run
from tests.conftest import databases_filled_by
from tests.door.serving import EXPERT, Served, behind_proxy, by_proxy, serving
from tests.services.offline_runs import fill_open_run, newest_version

RUN = 390001
PAGE = {"page": 0, "page_size": 5, "filter": {}}


template = databases_filled_by(fill_open_run)


@pytest.fixture
def acting(database) -> Acting:
    return Acting(database)


def raw(served: Served, *pieces: bytes, wait_s: float = 10.0) -> bytes:
    """What comes back on a connection until it is closed."""
    with socket.create_connection((served.host, served.port), timeout=wait_s) as connection:
        for piece in pieces:
            connection.sendall(piece)
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
        return found


def test_that_a_body_that_is_too_long_is_refused_before_it_has_come(acting):
    with serving(acting, limits=Limits(body_bytes=1000)) as served:
        head = (
            b"POST /runs_filtered_ordered HTTP/1.1\r\nHost: x\r\nContent-Length: 400000000\r\n\r\n"
        )
        answer = raw(served, head)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'{"err":"The body is longer than this server takes."}' in answer


def test_that_a_body_without_an_announced_length_is_given_up_when_it_is_too_long(acting):
    with serving(acting, limits=Limits(body_bytes=1000)) as served:
        head = (
            b"POST /runs_filtered_ordered HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        answer = raw(served, head, *[b"400\r\n" + b" " * 1024 + b"\r\n"] * 3)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_that_a_body_that_does_not_come_is_not_waited_for(acting):
    with serving(acting, patience=Patience(body_s=0.5)) as served:
        head = b"POST /runs_filtered_ordered HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"
        answer = raw(served, head)

    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("said", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"])
def test_that_a_connection_that_says_nothing_whole_is_cut(acting, said):
    with serving(acting, silent_s=0.5) as served:
        begun = time.monotonic()
        with suppress(ConnectionResetError):
            assert raw(served, said, wait_s=30) == b""
        assert time.monotonic() - begun < 20


def test_that_two_hundred_silent_connections_keep_nobody_out(acting):
    with serving(acting) as served:
        silent = [socket.create_connection((served.host, served.port)) for _ in range(200)]
        try:
            assert served.get("/healthz").status == 200
            assert served.post("/runs_filtered_ordered", PAGE).json["count"] == 1
        finally:
            for each in silent:
                each.close()


def test_that_a_reader_that_takes_nothing_is_cut(acting):
    with acting.db.transaction() as connection:
        # An answer of many megabytes, more than any buffer on the way takes.
        connection.execute(
            text(
                'UPDATE "Run" SET oms_attributes = oms_attributes'
                " || jsonb_build_object('padding', repeat('x', 20000000))"
            )
        )
    with serving(acting, silent_s=0.5) as served:
        connection = socket.create_connection((served.host, served.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(f"GET /runs/{RUN} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        deadline = time.monotonic() + 60
        while not served.server.server_state.connections and time.monotonic() < deadline:
            time.sleep(0.05)
        while served.server.server_state.connections and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not served.server.server_state.connections
        connection.close()


@pytest.mark.expected_log("was not answered")
def test_that_bodies_that_come_slowly_fill_no_memory(acting):
    limits = Limits(body_bytes=1 << 20, bodies_bytes=3_000_010)
    head = b"POST /runs_filtered_ordered HTTP/1.1\r\nHost: x\r\nContent-Length: 1000001\r\n\r\n"
    with serving(acting, limits=limits) as served, ExitStack() as connections:
        slow = []
        for _ in range(3):
            each = socket.create_connection((served.host, served.port), timeout=30)
            slow.append(connections.enter_context(each))
            each.sendall(head + b" " * 1_000_000)
        _wait(lambda: served.door.bodies.held >= 3_000_000)
        refused = raw(served, head + b" " * 70_000)
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"Too many long bodies" in refused
        # What is short comes in beside them, and they are answered in the end.
        assert served.post("/runs_filtered_ordered", PAGE).json["count"] == 1
        for each in slow:
            each.sendall(b" ")
            assert each.recv(100).startswith(b"HTTP/1.1 200 ")
        _wait(lambda: served.door.bodies.held == 0)


@pytest.mark.expected_log("was not answered")
def test_that_answers_that_are_taken_slowly_fill_no_memory(acting):
    with acting.db.transaction() as connection:
        connection.execute(
            text(
                'UPDATE "Run" SET oms_attributes = oms_attributes'
                " || jsonb_build_object('padding', repeat('x', 20000000))"
            )
        )
    with serving(acting, limits=Limits(answers_bytes=50_000_000)) as served, ExitStack() as kept:
        slow = []
        for _ in range(2):
            connection = kept.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((served.host, served.port))
            connection.sendall(f"GET /runs/{RUN} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            slow.append(connection)
        _wait(lambda: served.door.answers.held > 40_000_000)
        answer = served.get(f"/runs/{RUN}")
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert served.get("/datasets_accepted").status == 200
        for each in slow:
            each.close()
        _wait(lambda: served.door.answers.held == 0)
        whole = served.get(f"/runs/{RUN}")
        assert len(whole.json["oms_attributes"]["padding"]) == 20_000_000
        assert int(whole.headers["content-length"]) == len(whole.body)
        assert served.ask("HEAD", f"/runs/{RUN}").body == b""
        _wait(lambda: served.door.answers.held == 0)


def _wait(done) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_that_a_slow_request_delays_no_other(acting):
    begun, go_on = threading.Event(), threading.Event()

    def slow(_run_number):
        begun.set()
        assert go_on.wait(60)

    acting = Acting(acting.db, ask_oms=slow)
    with serving(acting, behind_proxy()) as served, ThreadPoolExecutor(8) as pool:
        # More than there are threads for writes.
        path = f"/runs/refresh_run/{RUN}"
        waiting = [pool.submit(served.post, path, headers=by_proxy()) for _ in range(8)]
        assert begun.wait(60)
        assert served.post("/runs_filtered_ordered", PAGE).json["count"] == 1
        assert served.get("/healthz").status == 200
        go_on.set()
        assert {each.result().status for each in waiting} == {200}


def test_that_fifty_requests_of_one_client_delay_nobody_else(acting):
    begun, go_on = threading.Event(), threading.Event()

    def slow(run_number):
        if run_number != RUN:
            return
        begun.set()
        assert go_on.wait(60)

    pull.apply(Acting(acting.db), a_run(RUN + 1))
    acting = Acting(acting.db, ask_oms=slow)
    with serving(acting, behind_proxy()) as served, ThreadPoolExecutor(50) as pool:
        path = f"/runs/refresh_run/{RUN}"
        greedy = by_proxy() | {"email": "greedy@cern.ch"}
        waiting = [pool.submit(served.post, path, headers=greedy) for _ in range(50)]
        assert begun.wait(60)
        other = served.post(f"/runs/refresh_run/{RUN + 1}", headers=by_proxy())
        assert (other.status, any(each.done() for each in waiting)) == (200, False)
        go_on.set()
        assert {each.result().status for each in waiting} == {200}


def test_that_threads_are_given_in_turn():
    async def taken() -> list[str]:
        turns, got = Turns(2), []

        async def ask(client: str) -> None:
            await turns.take(client)
            got.append(client)

        for client in ("a", "a", "a", "a", "b", "c", "b"):
            asked.append(asyncio.create_task(ask(client)))
            await asyncio.sleep(0)
        asked[2].cancel()  # gone before it was its turn
        while len(got) < 6:
            turns.give(got[len(got) - 2])
            await asyncio.sleep(0)
        return got

    asked: list[asyncio.Task[None]] = []
    assert asyncio.run(taken()) == ["a", "b", "a", "c", "b", "a"]


@pytest.mark.expected_log("was not answered")
def test_that_what_is_too_much_is_refused_at_once(acting):
    go_on = threading.Event()
    patience = Patience(threads=1, waiting=1)
    with (
        serving(
            Acting(acting.db, ask_oms=lambda _run: go_on.wait(60) and None),
            behind_proxy(),
            patience=patience,
        ) as served,
        ThreadPoolExecutor(6) as pool,
    ):
        path = f"/runs/refresh_run/{RUN}"
        asked = [pool.submit(served.post, path, headers=by_proxy()) for _ in range(6)]
        while sum(each.done() for each in asked) < 4:
            time.sleep(0.02)
        go_on.set()
        found = sorted(each.result().status for each in asked)

    assert found == [200, 200, 503, 503, 503, 503]


@pytest.mark.expected_log("was not answered")
def test_that_what_takes_too_long_is_told_and_what_comes_then_goes_on(acting):
    go_on = threading.Event()
    with serving(
        Acting(acting.db, ask_oms=lambda _run: go_on.wait(60) and None),
        behind_proxy(),
        patience=Patience(answer_s=4),
    ) as served:
        answer = served.post(f"/runs/refresh_run/{RUN}", headers=by_proxy())
        assert answer.status == 503
        assert answer.headers["retry-after"] == "5"
        assert "It goes on" in answer.json["err"]
        go_on.set()
        assert served.post("/runs_filtered_ordered", PAGE).status == 200


@pytest.mark.expected_log("was not answered")
def test_that_the_database_stops_what_takes_too_long(acting, dsn):
    holder = Database(dsn)
    with serving(acting, patience=Patience(statement_s=0.5)) as served:
        with holder.transaction() as connection:
            connection.execute(text('LOCK TABLE "Run"'))
            answers = [
                served.post("/runs_filtered_ordered", PAGE),
                served.get("/v1/runs"),
                served.get("/browse/runs", headers={"Accept": "text/html"}),
            ]
        assert [each.status for each in answers] == [503] * 3
        assert "Ask for less" in answers[0].json["err"]
        assert "postgresql" not in answers[0].json["err"]
        assert served.post("/runs_filtered_ordered", PAGE).json["count"] == 1
    holder.close()


@pytest.mark.expected_log("was not answered")
def test_that_a_database_that_is_away_is_told_and_comes_back(acting, server):
    with serving(acting) as served:
        with server.closed(acting.db):
            answer = served.post("/runs_filtered_ordered", PAGE)
            assert (answer.status, "err" in answer.json) == (503, True)
            assert served.get("/healthz").status == 503
        assert served.post("/runs_filtered_ordered", PAGE).json["count"] == 1
        assert served.get("/healthz").json == {"status": "ok"}


def test_that_two_writers_at_once_both_get_their_version(acting):
    with serving(acting, behind_proxy()) as served:

        def write(number: int):
            value = {"stop_reason": f"reason {number}"}
            headers = by_proxy(f"p{number}@cern.ch")
            return served.put(f"/manual_run_edit/{RUN}/stop_reason", value, headers=headers)

        before = newest_version(acting.db)[0]
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(write, range(8)))

    assert {each.status for each in found} == {200}
    assert newest_version(acting.db)[0] == before + 8


def test_that_a_page_is_no_larger_than_the_settings_say(acting):
    for number in range(RUN + 1, RUN + 4):
        pull.apply(Acting(acting.db), a_run(number))
    with serving(acting, limits=Limits(page_rows=3)) as served:
        answer = served.post("/runs_filtered_ordered", {"page_size": 100000})
        assert answer.status == 500
        assert "page_size" in answer.json["err"]
        assert len(served.post("/runs_filtered_ordered", {"page_size": 3}).json["runs"]) == 3
    with serving(acting, limits=Limits(answer_bytes=100)) as served:
        assert "smaller" in served.post("/runs_filtered_ordered", PAGE).json["err"]


@pytest.mark.expected_log("failed")
def test_that_a_bug_is_one_sentence_outside_and_all_of_it_in_the_log(acting, monkeypatch):
    def broken(*_):
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("app.services.web_service.rows.find", broken)
    with serving(acting) as served:
        answer = served.post("/runs_filtered_ordered", PAGE)

    assert answer.status == 500
    assert answer.json == {"err": "An error in the program; its log tells more."}


def test_that_what_was_asked_is_counted_by_address(acting):
    with serving(acting) as served:
        served.get(f"/get_all_dataset_names_of_run/{RUN}")
        served.get("/get_all_dataset_names_of_run/abc")
        served.get("/no/such/place")
        found = served.get("/metrics").body.decode()

    route = 'route="/get_all_dataset_names_of_run/{run_number}"'
    assert f'run_registry_requests_total{{method="GET",{route},status="200"}} 1.0' in found
    assert f'run_registry_requests_total{{method="GET",{route},status="500"}} 1.0' in found
    assert "no/such" not in found


def test_that_invented_methods_are_counted_as_one(acting):
    with serving(acting) as served:
        for number in range(5):
            served.ask(f"BREW{number}", "/")
        found = served.get("/metrics").body.decode()

    assert 'method="other"' in found
    assert "BREW" not in found


def test_that_each_request_is_a_line_without_its_query(acting, caplog):
    with caplog.at_level("INFO", "app.door.access"), serving(acting) as served:
        served.get("/datasets_accepted?token=secret", headers={"email": "api@api"})

    (line,) = [each.getMessage() for each in caplog.records if each.name == "app.door.access"]
    assert line.startswith("GET /datasets_accepted 200 ")
    assert line.endswith(f"127.0.0.1 {EXPERT.email}")
    assert "secret" not in line


def test_that_what_one_door_did_another_knows(acting, dsn):
    rule = '{"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}'
    asked = {"json_logic": rule, "dataset_name_filter": "online"}
    other = Database(dsn)
    other.prepare()
    with serving(acting, behind_proxy()) as one, serving(Acting(other), behind_proxy()) as two:
        first = one.post("/json_portal/generate", asked, headers=by_proxy()).json["id"]
        found = two.post("/json_portal/json", {"id_json": first}).json["final_json"]
        assert found["generated_json"] == {str(RUN): [[1, 20]]}

        edit = {
            "run_number": RUN,
            "dataset_name": "online",
            "component": "dt-dt",
            "new_lumisection_range": {"start": 1, "end": 5, "status": "BAD", "comment": "trip"},
        }
        path = "/lumisections/edit_rr_lumisections"
        assert two.put(path, edit, headers=by_proxy()).status == 200
        second = one.post("/json_portal/generate", asked, headers=by_proxy()).json["id"]
        found = two.post("/json_portal/json", {"id_json": second}).json["final_json"]
        assert found["generated_json"] == {str(RUN): [[6, 20]]}
    other.close()


def test_that_a_slash_at_the_end_of_an_address_makes_no_difference(acting):
    with serving(acting) as served:
        assert served.get("/cycles/global/").json == []
        assert served.get("/api/datasets_accepted/").body == served.get("/datasets_accepted").body
