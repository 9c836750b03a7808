"""The client of the DQM GUI and its loop, over real HTTP on loopback."""

import asyncio
import gzip
import json
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Response

from app.demo.simulated_dqm_gui import SAMPLES_PATH, SimulatedDqmGui
from app.domain.errors import BadInput, Unavailable
from app.domain.foreign_json import JsonLimits
from app.domain.sources.dqm_gui import GuiListing, GuiOutcome, GuiStatus
from app.domain.sources.pull import PullState
from app.models.database.engine import Database
from app.models.database.locks import PullerLock
from app.services.pulling.dqm_gui import GuiStore
from app.sync.back_off import Wait
from app.sync.dqm_gui import (
    DqmGuiClient,
    DqmGuiSettings,
    GuiLoop,
    GuiUnavailable,
    listing_now,
)
from tests.services.offline_runs import FIRST, PROMPT, sign_off_runs, states

NAME = "/ZeroBias/Run2025A-PromptReco-v1/DQMIO"


class Slept:
    """Stands in for the clock: notes how long would have been slept."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def ask(settings: DqmGuiSettings, slept: Slept | None = None, **others) -> GuiListing:
    async def listing() -> GuiListing:
        async with DqmGuiClient(settings, sleep=slept or Slept(), **others) as client:
            return await client.listing()

    return asyncio.run(listing())


def settings_of(server: HTTPServer, **others) -> DqmGuiSettings:
    return DqmGuiSettings(url=server.url_for("/dqm/offline"), **others)


def test_that_the_list_is_read_whole_and_several_groups_count(httpserver: HTTPServer):
    groups = [
        {"type": "offline_data", "items": [{"run": "390001", "dataset": NAME}]},
        {"type": "offline_data", "items": []},
        {"type": "relval", "items": [{"run": "1", "dataset": "x"}, {"run": "390002"}]},
    ]
    httpserver.expect_request(SAMPLES_PATH, query_string={"match": "*."}).respond_with_json(
        {"samples": groups}
    )
    listing = ask(settings_of(httpserver))
    assert listing.by_run == {390001: (NAME,)}
    assert len(listing.problems) == 1


def test_that_a_large_answer_in_pieces_is_the_same(httpserver: HTTPServer):
    items = [{"run": str(390000 + n // 10), "dataset": f"/Ä {n}/DQMIO"} for n in range(5000)]
    body = json.dumps({"samples": [{"items": items}]}, ensure_ascii=False).encode()
    httpserver.expect_request(SAMPLES_PATH).respond_with_handler(
        lambda _: Response(body[at : at + 7] for at in range(0, len(body), 7))
    )
    listing = ask(settings_of(httpserver))
    assert listing.items == 5000
    assert listing.by_run[390499][-1] == "/Ä 4999/DQMIO"


def test_that_a_bad_item_is_told_and_the_others_count(httpserver: HTTPServer):
    bad = [
        b'{"run": "390001", "dataset": "/a", "version": ' + b"9" * 4_301 + b"}",
        b'{"run": "390001", "dataset": "/b", "x": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"run": "390001", "dataset": "/\\u0000"}',
        b'{"run": "390001", "dataset": "/\xff"}',
        b'{"run": "' + b"9" * 5_000 + b'", "dataset": "/c"}',
        b'{"run": "2147483648", "dataset": "/d"}',
        b'{"run": 1e300, "dataset": "/e"}',
        b'{"run": "390001", "dataset": "/' + b"f" * 5_000 + b'"}',
        b"null",
    ]
    good = json.dumps({"run": 390001.0, "dataset": NAME}).encode()
    body = b'{"samples": [{"items": [' + b",".join([good, *bad, good]) + b"]}]}"
    httpserver.expect_request(SAMPLES_PATH).respond_with_data(body)
    listing = ask(settings_of(httpserver))
    assert listing.by_run == {390001: (NAME,)}
    assert len(listing.problems) == len(bad)
    assert all(problem.startswith("An item of the DQM GUI ") for problem in listing.problems)


@pytest.mark.parametrize(
    "body", [b"9" * 80_000, b'{"samples":' + b"[" * 5_000_000, b"[" * 200 + b"]" * 200]
)
def test_that_an_answer_no_parser_should_see_is_refused(httpserver: HTTPServer, body: bytes):
    httpserver.expect_request(SAMPLES_PATH).respond_with_data(body)
    with pytest.raises(BadInput, match="gives an answer that"):
        ask(settings_of(httpserver))


def test_that_a_small_answer_that_unpacks_to_a_huge_one_is_refused(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.sync.dqm_gui._LIMITS", JsonLimits(text_bytes=2 << 20))
    packed = gzip.compress(b'{"samples": [' + b" " * (30 << 20))
    httpserver.expect_request(SAMPLES_PATH).respond_with_data(
        packed, headers={"Content-Encoding": "gzip"}
    )
    with pytest.raises(BadInput, match="longer than 2 MB"):
        ask(settings_of(httpserver))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<html>Sign in</html>", "gives HTML.*Sign in"),
        ('{"samples": [{"items": [{"run": "390001"', "an answer that breaks off"),
        ('{"error": "no"}', "an answer that has no samples"),
        ("", "an answer that isn't JSON"),
    ],
)
def test_that_a_malformed_answer_is_told_with_address_and_first_bytes(
    httpserver: HTTPServer, body: str, words: str
):
    httpserver.expect_request(SAMPLES_PATH).respond_with_data(body)
    with pytest.raises(BadInput, match=words) as told:
        ask(settings_of(httpserver))
    assert "/dqm/offline/data/json/samples" in str(told.value)


@pytest.mark.expected_log("asked again in")
def test_that_a_server_in_trouble_is_asked_again_and_its_wish_obeyed(httpserver: HTTPServer):
    httpserver.expect_ordered_request(SAMPLES_PATH).respond_with_data(status=503)
    httpserver.expect_ordered_request(SAMPLES_PATH).respond_with_data(
        status=429, headers={"Retry-After": "7"}
    )
    httpserver.expect_ordered_request(SAMPLES_PATH).respond_with_json({"samples": []})
    slept, waits = Slept(), []
    ask(settings_of(httpserver), slept, on_wait=waits.append, jitter=lambda: 1.0)
    assert slept.seconds == [2.0, 7.0]
    assert [wait.reason[:3] if isinstance(wait, Wait) else None for wait in waits] == [
        "503",
        None,
        "429",
        None,
    ]


@pytest.mark.expected_log("asked again in")
def test_that_it_is_given_up_after_the_last_try(httpserver: HTTPServer):
    httpserver.expect_request(SAMPLES_PATH).respond_with_data(status=502)
    with pytest.raises(GuiUnavailable, match=r"failed 3 times: 502 from "):
        ask(settings_of(httpserver, tries=3))
    with pytest.raises(GuiUnavailable, match="no connection"):
        ask(DqmGuiSettings(url="http://127.0.0.1:9/dqm/offline", tries=1))


@pytest.mark.parametrize("status", [302, 401, 403])
def test_that_a_missing_certificate_is_named(httpserver: HTTPServer, status: int):
    httpserver.expect_request(SAMPLES_PATH).respond_with_data(status=status)
    with pytest.raises(GuiUnavailable, match="name yours in the settings"):
        ask(settings_of(httpserver))


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """A server that wants a client certificate, as the real one does."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_that_the_client_shows_its_certificate(
    authority: trustme.CA, tls: ssl.SSLContext, bundle: Path, tmp_path: Path
):
    mine = authority.issue_cert("shifter@cern.ch")
    certificate, key = tmp_path / "usercert.pem", tmp_path / "userkey.pem"
    mine.cert_chain_pems[0].write_to_path(certificate)
    mine.private_key_pem.write_to_path(key)
    with SimulatedDqmGui([(390001, NAME)], tls=tls) as gui:
        listing = ask(
            DqmGuiSettings(url=gui.url, certificate=certificate, key=key, ca_bundle=bundle)
        )
        assert listing.by_run == {390001: (NAME,)}
        with pytest.raises(GuiUnavailable):
            ask(DqmGuiSettings(url=gui.url, ca_bundle=bundle, tries=1))
        with pytest.raises(GuiUnavailable, match="can't be verified"):
            ask(DqmGuiSettings(url=gui.url, certificate=certificate, key=key, tries=1))


def test_that_a_certificate_that_cannot_be_used_is_named(tmp_path: Path):
    missing = tmp_path / "usercert.pem"
    settings = DqmGuiSettings(url="https://127.0.0.1:9/dqm/offline", certificate=missing)
    with pytest.raises(BadInput, match=r"usercert\.pem can't be used"):
        ask(settings)


def test_that_the_simulated_gui_serves_a_folder_and_finds_by_name(tmp_path: Path):
    document = {"samples": [{"items": [{"run": "390001", "dataset": NAME}]}]}
    (tmp_path / "samples.json").write_text(json.dumps(document))
    with SimulatedDqmGui.from_folder(tmp_path) as gui:
        gui.add((390002, "/Cosmics/Run2025A-PromptReco-v1/DQMIO"))
        assert listing_now(DqmGuiSettings(url=gui.url)).items == 2
        assert [run for run, _ in gui.items("Cosmics")] == [390002]
    (tmp_path / "samples.json").write_text('{"samples": [{}]}')
    with pytest.raises(BadInput, match="a group has no items"):
        SimulatedDqmGui.from_folder(tmp_path)


class Told:
    """Hears what a loop says of itself, and waits for facts."""

    def __init__(self) -> None:
        self._heard = threading.Condition()
        self.statuses: list[GuiStatus] = []

    def __call__(self, status: GuiStatus) -> None:
        with self._heard:
            self.statuses.append(status)
            self._heard.notify_all()

    def wait(self, holds: Callable[[GuiStatus], bool]) -> GuiStatus:
        def found() -> GuiStatus | None:
            return next((each for each in self.statuses if holds(each)), None)

        with self._heard:
            assert self._heard.wait_for(found, timeout=20), self.statuses
            status = found()
        assert status is not None
        return status


def fail(error: Exception) -> None:
    raise AssertionError from error


def loop_on(db: Database, store, url: str, told: Told, name: str = "me", **others) -> GuiLoop:
    return GuiLoop(
        lambda on_wait: DqmGuiClient(DqmGuiSettings(url=url, tries=1), on_wait=on_wait),
        store,
        PullerLock(db, name, source="dqm gui"),
        on_status=told,
        on_bug=fail,
        client_name=name,
        interval_s=others.pop("interval_s", 60),
        election_interval_s=0.05,
        **others,
    )


def test_that_the_loop_opens_what_appears_and_another_client_stands_by(database: Database):
    sign_off_runs(database, FIRST)
    with SimulatedDqmGui([(FIRST, NAME)]) as gui:
        told, other = Told(), Told()
        first = loop_on(database, GuiStore(database), gui.url, told)
        second = loop_on(database, GuiStore(database), gui.url, other, "other")
        first.start()
        try:
            done = told.wait(lambda status: status.pulls == 1)
            assert done.state is PullState.WAITING
            assert done.appeared == 2
            assert "no offline dataset classifier" in done.problems[0]
            assert set(states(database, FIRST, PROMPT).values()) == {"waiting dqm gui"}
            second.start()
            other.wait(lambda status: status.state is PullState.STANDBY)
            first.wake()
            told.wait(lambda status: status.pulls == 2)
            assert first.stop()
            other.wait(lambda status: status.pulls == 1)
        finally:
            assert first.stop()
            assert second.stop()


def test_that_bad_items_are_told_and_the_loop_opens_what_appears_beside_them(
    database: Database, httpserver: HTTPServer
):
    sign_off_runs(database, FIRST)
    run = str(FIRST).encode()
    bad = [
        b'{"run": "' + run + b'", "dataset": ' + hostile + b"}"
        for hostile in (
            *(b"9" * 5_000, b"1e400", b"NaN", b"[" * 500 + b"]" * 500, b"{}", b"null", b"tru"),
            *(b'"\\u0000"', b'"\\ud800"', b'"\xff"', b'"\xed\xa0\x80"'),
            *(b'"/' + b"x" * 5_000 + b'"', b'"' + b"y" * (2 << 20) + b'"'),
        )
    ]
    bad += [b'{"run": ' + number + b', "dataset": "/a"}' for number in (b"2147483648", b"1e300")]
    good = json.dumps({"run": str(FIRST), "dataset": NAME}).encode()
    body = b'{"samples": [{"items": [' + b", ".join([*bad, good]) + b"]}]}"
    httpserver.expect_request(SAMPLES_PATH).respond_with_data(body)
    told = Told()
    loop = loop_on(database, GuiStore(database), httpserver.url_for("/dqm/offline"), told)
    loop.start()
    try:
        status = told.wait(lambda status: status.pulls == 1)
        assert (status.state, status.appeared) == (PullState.WAITING, 2)
        assert len(status.problems) >= len(bad)
        assert all(problem.isprintable() for problem in status.problems)
    finally:
        assert loop.stop()


@pytest.mark.expected_log("the turn broke off")
def test_that_a_gui_that_is_away_is_tried_again_and_told(database: Database):
    told = Told()
    loop = loop_on(database, GuiStore(database), "http://127.0.0.1:9/dqm/offline", told)
    loop.start()
    try:
        status = told.wait(lambda status: status.state is PullState.UNAVAILABLE)
        assert "no connection" in status.activity
        assert status.next_try is not None
    finally:
        assert loop.stop()


@pytest.mark.expected_log("the turn broke off")
def test_that_a_database_that_is_away_stops_nothing(database: Database):
    class Away:
        failing = True

        def apply(self, listing: GuiListing) -> GuiOutcome:
            if self.failing:
                self.failing = False
                raise Unavailable("the database is away")
            return GuiOutcome(None, (), 0, ())

        def report(self, status: GuiStatus) -> None: ...

        def reported(self) -> None: ...

    with SimulatedDqmGui() as gui:
        told = Told()
        loop = loop_on(database, Away(), gui.url, told)
        loop.start()
        try:
            told.wait(lambda status: status.activity == "the database is away")
            told.wait(lambda status: status.pulls == 1)
        finally:
            assert loop.stop()
