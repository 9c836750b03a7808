"""Links of runs and datasets: which address is opened."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QSettings, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from app.domain.lumisections import LumiRange
from app.models.database.engine import Database
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange
from app.views.background import Background
from app.views.datasets.links import LinkActions, dataset_in_gui, filled, online_in_gui, run_in_oms
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.session import WebAddresses
from tests.services.offline_runs import FIRST, PROMPT, sign_off_runs
from tests.views.offline_window import ADDRESSES
from tests.views.workplaces import a_context, a_workplace


@pytest.fixture
def opened() -> list[str]:
    """Addresses that were opened."""
    return []


@pytest.fixture
def links(
    database: Database,
    owner: QWidget,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
    opened: list[str],
) -> LinkActions:
    """Links of one offline dataset."""
    sign_off_runs(database, FIRST)

    def open_url(url: QUrl) -> bool:
        opened.append(url.toString())
        return True

    workplace = a_workplace(database, addresses=ADDRESSES)
    context = a_context(workplace, background, notices, themes, remembered)
    return LinkActions(
        context,
        owner,
        lambda: (FIRST, PROMPT),
        open_url,
        ranges=lambda _key: (LumiRange(4, 8),),
    )


def link(db: Database, *names: str) -> None:
    """Has the dataset appear in the DQM GUI under these names."""
    with begin(db, {FIRST}) as action:
        action.append("auto@auto", "", [DatasetChange(FIRST, PROMPT, datasets_in_gui=names)])


def test_that_addresses_are_those_of_the_web_pages() -> None:
    assert online_in_gui(ADDRESSES, 7) == (
        "https://gui/dqm/online/start?runnr=7;sampletype=online_data;workspace=Summary"
    )
    assert dataset_in_gui(ADDRESSES, 7, "/Muon/A b/DQMIO") == (
        "https://gui/dqm/offline/start?runnr=7;dataset=/Muon/A%20b/DQMIO"
    )
    assert run_in_oms(WebAddresses("https://oms/{run}/report"), 7) == "https://oms/7/report"


def test_that_run_dataset_and_lumisections_are_filled_into_an_address() -> None:
    template = "https://elog/?run={run}&what={dataset}&ls={first}-{last}"
    ranges = (LumiRange(3, 9), LumiRange(20, 30))
    assert filled(template, 7, "/A/B c/D", ranges) == (
        "https://elog/?run=7&what=%2FA%2FB%20c%2FD&ls=3-30"
    )
    assert filled(template, 7) == "https://elog/?run=7&what=online&ls=-"


def test_that_the_selected_lumisections_are_those_of_the_pages(
    links: LinkActions, opened: list[str]
) -> None:
    links.open_lumisections()
    links.open_elog()
    assert opened == [f"https://oms/ls?r={FIRST}&from=4", f"https://elog/{FIRST}"]


def test_that_run_and_lumisections_are_copied_for_a_logbook_without_a_place_for_them(
    links: LinkActions, opened: list[str], monkeypatch: pytest.MonkeyPatch, notices: Notices
) -> None:
    plain = replace(ADDRESSES, elog="https://elog/cms")
    monkeypatch.setattr(LinkActions, "_addresses", plain)
    links.open_elog()
    assert opened == ["https://elog/cms"]
    assert QGuiApplication.clipboard().text() == f"{FIRST} LS 4-8"
    assert notices.last is not None
    assert "paste it into the search" in notices.last.text


def test_that_a_dataset_opens_as_the_gui_calls_it(
    qtbot: QtBot, links: LinkActions, database: Database, opened: list[str]
) -> None:
    link(database, "/Muon0/Run2025C-PromptReco-v1/DQMIO")
    links.open_gui()
    qtbot.waitUntil(lambda: len(opened) == 1)
    assert opened[0].endswith(f"?runnr={FIRST};dataset=/Muon0/Run2025C-PromptReco-v1/DQMIO")
    links.open_oms()
    assert opened[1] == f"https://oms/report?cms_run={FIRST}"


def test_that_a_dataset_with_several_names_in_the_gui_offers_them(
    qtbot: QtBot, links: LinkActions, database: Database, owner: QWidget, opened: list[str]
) -> None:
    link(database, "/Muon0/A/DQMIO", "/Muon1/A/DQMIO")
    links.open_gui()
    qtbot.waitUntil(lambda: owner.findChild(QMenu) is not None)
    menu = owner.findChild(QMenu)
    assert [action.text() for action in menu.actions()] == ["/Muon0/A/DQMIO", "/Muon1/A/DQMIO"]
    menu.actions()[1].trigger()
    assert opened[0].endswith("dataset=/Muon1/A/DQMIO")
    menu.close()


def test_that_a_dataset_that_is_not_in_the_gui_says_so(
    qtbot: QtBot, links: LinkActions, notices: Notices, opened: list[str]
) -> None:
    links.open_gui()
    qtbot.waitUntil(lambda: notices.last is not None)
    assert notices.last.text == f"{PROMPT} of run {FIRST} is not in the DQM GUI yet."
    assert opened == []
