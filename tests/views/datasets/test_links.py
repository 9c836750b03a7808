"""Links of runs and datasets: which address is opened."""

import pytest
from PySide6.QtCore import QUrl
from pytestqt.qtbot import QtBot

from app.views.datasets.links import LinkActions, dataset_in_gui, online_in_gui, run_in_elog
from app.views.frame.main_window import MainWindow
from tests.views.fake_backend import OFFLINE, FakeBackend
from tests.views.offline_window import ADDRESSES


@pytest.fixture
def opened() -> list[str]:
    """Addresses that were opened."""
    return []


@pytest.fixture
def links(window: MainWindow, opened: list[str]) -> LinkActions:
    """Links of one offline dataset."""

    def open_url(url: QUrl) -> bool:
        opened.append(url.toString())
        return True

    return LinkActions(window._context, window, lambda: (396_226, OFFLINE), open_url)


def test_that_addresses_are_those_of_the_web_pages() -> None:
    assert online_in_gui(ADDRESSES, 7) == (
        "https://gui/dqm/online/start?runnr=7;sampletype=online_data;workspace=Summary"
    )
    assert dataset_in_gui(ADDRESSES, 7, "/Muon/A b/DQMIO") == (
        "https://gui/dqm/offline/start?runnr=7;dataset=/Muon/A%20b/DQMIO"
    )
    assert run_in_elog(ADDRESSES, 7) == "https://elog/7"


def test_that_a_dataset_opens_as_the_gui_calls_it(
    qtbot: QtBot, links: LinkActions, backend: FakeBackend, opened: list[str]
) -> None:
    backend.in_gui = ("/Muon0/Run2025C-PromptReco-v1/DQMIO",)
    links.open_gui()
    qtbot.waitUntil(lambda: len(opened) == 1)
    assert opened[0].endswith("?runnr=396226;dataset=/Muon0/Run2025C-PromptReco-v1/DQMIO")
    links.open_oms()
    assert opened[1] == "https://oms/report?cms_run=396226"


def test_that_a_dataset_that_is_not_in_the_gui_says_so(
    qtbot: QtBot, links: LinkActions, window: MainWindow, opened: list[str]
) -> None:
    links.open_gui()
    qtbot.waitUntil(lambda: window._notices.last is not None)
    assert window._notices.last.text == f"{OFFLINE} of run 396226 is not in the DQM GUI yet."
    assert opened == []
