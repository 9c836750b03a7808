"""Pictures and numbers on demand, over real HTTP on loopback."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from app.demo.drawn_histograms import draw
from app.demo.simulated_dqm_gui import SimulatedDqmGui
from app.demo.simulated_oms import SimulatedOms
from app.domain.errors import BadInput, NotFound, RegistryError, Unavailable
from app.domain.sources.histograms import Histogram, PictureSize
from app.services.evidence.kept import Kept
from app.sync import evidence as module
from app.sync.dqm_gui import DqmGuiSettings, GuiUnavailable
from app.sync.evidence import EvidenceLoop, HistogramClient
from app.sync.oms_requests import OmsSettings
from tests.builders import a_run

DATASET = "/ZeroBias/Run2025C-PromptReco-v1/DQMIO"
HISTOGRAM = Histogram(390001, DATASET, "DT/02-Segments/SegmentGlbSummary")
SIZE = PictureSize(320, 200)
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


class Asked:
    """A loop whose servers a test may exchange."""

    def __init__(self, folder: Path) -> None:
        self.gui = DqmGuiSettings(url=NOWHERE, first_wait_s=0.01)
        self.oms = OmsSettings(url=NOWHERE, pause_s=0.0, first_wait_s=0.01)
        self.bugs: list[Exception] = []
        kept = Kept(folder, most_bytes=1 << 20, most_days=1)
        self.loop = EvidenceLoop(lambda: self.gui, lambda: self.oms, kept, self.bugs.append)


@pytest.fixture
def asked(folder: Path) -> Iterator[Asked]:
    asked = Asked(folder)
    yield asked
    asked.loop.stop()
    assert not asked.bugs


def why_not(asked: Asked, histogram: Histogram = HISTOGRAM) -> RegistryError:
    error = asked.loop.picture(histogram, SIZE).exception(30)
    assert isinstance(error, RegistryError)
    return error


@pytest.mark.expected_log("no connection to")
def test_that_a_picture_is_fetched_once_and_kept(asked: Asked, folder: Path):
    with SimulatedDqmGui([(390001, DATASET)]) as gui:
        asked.gui = replace(asked.gui, url=gui.url)
        first = asked.loop.picture(HISTOGRAM, SIZE).result(30)
        assert first.content == draw(HISTOGRAM, SIZE)
        with pytest.raises(NotFound, match=r"doesn't have it \(404\)"):
            asked.loop.picture(replace(HISTOGRAM, run_number=1), SIZE).result(30)
    # The DQM GUI is away: what is kept is there.
    assert asked.loop.picture(HISTOGRAM, SIZE).result(30).content == first.content
    (file,) = folder.iterdir()
    assert file.stat().st_mtime == pytest.approx(first.fetched_at, abs=5)
    file.write_bytes(b"damaged")
    assert isinstance(why_not(asked), GuiUnavailable)


def serve(httpserver: HTTPServer, asked: Asked, response: Response) -> None:
    httpserver.expect_request(
        "/dqm/offline/plotfairy/archive/390001" + DATASET + "/" + HISTOGRAM.path
    ).respond_with_response(response)
    asked.gui = replace(asked.gui, url=httpserver.url_for("/dqm/offline"))


@pytest.mark.parametrize(
    ("response", "kind", "said"),
    [
        (Response(status=403), GuiUnavailable, "refuses access .403.*name yours in the settings"),
        (Response(status=302), GuiUnavailable, "refuses access .302"),
        (Response("<html>Log in", 200), BadInput, "it is a web page"),
        (Response(b"", 200), BadInput, "it is no PNG"),
        (Response(b"x" * (9 << 20), 200), BadInput, "longer than 8 MB"),
        (
            Response(
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 40000, 40000) + b"." * 9
            ),
            BadInput,
            "40000 x 40000 pixels",
        ),
    ],
)
def test_that_what_is_no_picture_says_so(
    httpserver: HTTPServer, asked: Asked, folder: Path, response, kind, said
):
    serve(httpserver, asked, response)
    error = why_not(asked)
    assert isinstance(error, kind)
    with pytest.raises(kind, match=said):
        raise error
    assert not folder.exists()  # nothing bad is kept


@pytest.mark.expected_log("500 from")
def test_that_a_server_that_fails_is_asked_twice(httpserver: HTTPServer, asked: Asked):
    serve(httpserver, asked, Response(status=500))
    assert "The DQM GUI failed 2 times: 500 from" in str(why_not(asked))


@pytest.mark.expected_log("no connection to")
def test_that_a_dead_server_is_warned_of_once_until_it_answers(
    asked: Asked, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")

    def warnings() -> int:
        return sum(each.levelname == "WARNING" for each in caplog.records)

    histograms = [replace(HISTOGRAM, path=f"DT/{number}") for number in range(20)]
    for future in [asked.loop.picture(each, SIZE) for each in histograms]:
        assert isinstance(future.exception(30), GuiUnavailable)
    assert warnings() == 1
    # Three at once were asked twice each; the others heard what these had found out.
    assert sum("asked again" in each.message for each in caplog.records) == 3
    with SimulatedDqmGui([(390001, DATASET)]) as gui:
        # The client that it has asks the address that it was made with.
        asked.loop._gui._base = httpx.URL(gui.url)
        asked.loop.picture(HISTOGRAM, SIZE).result(30)
        asked.loop._gui._base = httpx.URL(NOWHERE)
    assert isinstance(why_not(asked, histograms[0]), GuiUnavailable)
    assert warnings() == 2


def test_that_a_server_that_trickles_is_waited_for_once_and_not_by_each_picture():
    asked = []

    def trickle(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                asked.append(connection)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n\x89")

    async def pictures(url: str) -> list[object]:
        async with HistogramClient(DqmGuiSettings(url, request_limit_s=0.3, tries=1)) as client:
            wanted = [replace(HISTOGRAM, path=f"DT/{number}") for number in range(30)]
            return await asyncio.gather(
                *(client.picture(each, SIZE) for each in wanted), return_exceptions=True
            )

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=trickle, args=(server,))
        thread.start()
        errors = asyncio.run(pictures(f"http://127.0.0.1:{server.getsockname()[1]}/dqm"))
        server.shutdown(socket.SHUT_RDWR)
    thread.join()
    for each in asked:
        each.close()
    assert all(isinstance(each, GuiUnavailable) for each in errors)
    assert len(asked) == 3


def test_that_a_cancelled_request_ends_at_once_and_others_go_on(
    httpserver: HTTPServer, asked: Asked
):
    begun, goes_on = threading.Event(), threading.Event()

    def slow(_request: object) -> Response:
        begun.set()
        goes_on.wait(30)
        return Response(draw(HISTOGRAM, SIZE))

    httpserver.expect_request(
        "/dqm/offline/plotfairy/archive/390001" + DATASET + "/" + HISTOGRAM.path
    ).respond_with_handler(slow)
    asked.gui = replace(asked.gui, url=httpserver.url_for("/dqm/offline"))
    waiting = asked.loop.picture(HISTOGRAM, SIZE)
    assert begun.wait(30)
    assert waiting.cancel()
    while asked.loop._tasks:
        time.sleep(0.001)
    again = asked.loop.picture(HISTOGRAM, SIZE)
    goes_on.set()
    assert again.result(30).content == draw(HISTOGRAM, SIZE)


@pytest.fixture
def oms() -> Iterator[SimulatedOms]:
    run = a_run(390001, 20)
    attributes = {**run.attributes, "l1_rate": 95_000.0}
    with SimulatedOms([attributes], {390001: run.lumisections}) as oms:
        yield oms


def test_that_numbers_of_a_run_come_with_rates_and_dead_time(asked: Asked, oms: SimulatedOms):
    asked.oms = replace(asked.oms, url=oms.url)
    numbers = asked.loop.numbers(390001).result(30)
    assert len(numbers.numbers["l1"]) == 20
    assert all(each and 80 < each < 110 for each in numbers.numbers["l1"])
    assert set(numbers.numbers) >= {"l1", "physics", "deadtime"}
    with pytest.raises(NotFound, match="OMS has no lumisections of run 1"):
        asked.loop.numbers(1).result(30)


@pytest.mark.expected_log("no connection to", always=False)
def test_that_numbers_of_a_run_that_is_over_are_kept(
    asked: Asked, oms: SimulatedOms, monkeypatch: pytest.MonkeyPatch
):
    asked.oms = replace(asked.oms, url=oms.url)
    monkeypatch.setattr(module, "_FRESH_S", -1.0)
    run = a_run(390001, 20)
    at = {"end_time": "2025-08-01T00:00:00Z"}
    oms.set_lumisections(390001, [{**each, **at} for each in run.lumisections])
    numbers = asked.loop.numbers(390001).result(30)
    assert numbers.is_final
    oms.close()
    assert asked.loop.numbers(390001).result(30) == numbers
    assert isinstance(asked.loop.numbers(390001, anew=True).exception(30), Unavailable)


def test_that_nothing_is_asked_once_the_program_ends(folder: Path):
    asked = Asked(folder)
    asked.loop.stop()
    assert isinstance(asked.loop.numbers(1).exception(1), Unavailable)
