"""The banner on OMS and the DQM GUI."""

from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.seal.status import Refusal, SealStatus
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import PullState
from app.services.acting import Acting
from app.services.pulling.pullers import Pullers
from app.views.places import PlaceContext
from app.views.session import Workplace
from app.views.sync_panel.sources_banner import SourcesBanner
from tests.views.pullers import NOW, WAITING, Gui, Oms
from tests.views.workplaces import a_workplace

DOWN = replace(
    WAITING,
    state=PullState.UNAVAILABLE,
    activity="OMS is unavailable: connection refused.",
    next_try=NOW + timedelta(minutes=3, seconds=20),
)
GOOD = GuiStatus(PullState.WAITING)
SEALED = SealStatus(PullState.WAITING)
LATER = NOW + timedelta(minutes=3)


@pytest.fixture
def oms() -> Oms:
    return Oms(DOWN)


@pytest.fixture
def workplace(acting: Acting, oms: Oms) -> Workplace:
    return a_workplace(acting.db, pullers=Pullers(oms, Gui(GOOD)))


@pytest.fixture
def acting(thirty_runs: object) -> Acting:
    return Acting(thirty_runs)  # type: ignore[arg-type]


@pytest.fixture
def banner(context: PlaceContext, owner: QWidget) -> SourcesBanner:
    return SourcesBanner(context, owner)


def test_that_it_says_what_since_when_what_still_works_and_the_next_try(
    banner: SourcesBanner,
) -> None:
    oms, gui = banner.lines
    banner.show_status(DOWN, GOOD, SEALED, NOW)
    assert not banner.isVisible()  # it may be a hiccup
    banner.show_status(DOWN, GOOD, SEALED, LATER)
    assert banner.isVisible()
    assert not gui.isVisible()
    assert oms.text.text() == (
        "Nothing is read from OMS since 12:00 UTC (3 min ago): OMS is unavailable: connection"
        " refused. New runs and lumisections don't arrive; certification, history and golden JSONs"
        " go on. The last pull was 3 min ago. Next try in 20 s."
    )
    banner.show_status(replace(DOWN, state=PullState.PULLING, activity=""), GOOD, SEALED, LATER)
    assert oms.text.text().endswith("Trying now.")
    assert "connection refused" in oms.text.text()
    banner.show_status(WAITING, GOOD, SEALED, LATER)
    assert not banner.isVisible()
    banner.show_status(DOWN, GOOD, SEALED, LATER)
    assert not banner.isVisible()


def test_that_the_dqm_gui_has_a_line_of_its_own_and_a_lost_database_comes_first(
    banner: SourcesBanner, context: PlaceContext
) -> None:
    down = GuiStatus(PullState.UNAVAILABLE, "503", next_try=LATER)
    for at in (NOW, LATER):
        banner.show_status(WAITING, down, SEALED, at)
    assert banner.isVisible()
    assert banner.lines[1].text.text().startswith("Nothing is read from the DQM GUI since 12:00")
    context.background.lost("gone")
    assert not banner.isVisible()
    context.background.back()
    assert banner.isVisible()


def test_that_the_trouble_of_another_client_that_pulls_is_told_here_too(
    banner: SourcesBanner,
) -> None:
    standby = replace(
        WAITING, state=PullState.STANDBY, activity="desk-1 pulls", trouble="no connection"
    )
    for at in (NOW, LATER):
        banner.show_status(standby, GOOD, SEALED, at)
    assert banner.isVisible()
    line = banner.lines[0]
    assert line.text.text().startswith(
        "Nothing is read from OMS since 12:00 UTC (3 min ago): no connection."
    )
    assert not line.retry.isVisible()
    banner.show_status(replace(standby, trouble=""), GOOD, SEALED, LATER)
    assert not banner.isVisible()


def test_that_it_is_tried_at_once_by_the_button(
    qtbot: QtBot, banner: SourcesBanner, context: PlaceContext, oms: Oms
) -> None:
    for at in (NOW, LATER):
        banner.show_status(DOWN, GOOD, SEALED, at)
    with qtbot.waitSignal(context.notices.shown) as shown:
        banner.lines[0].retry.click()
    assert shown.args is not None
    assert shown.args[0].text == "Pulling from OMS."
    assert oms.wakes == 1


def test_that_it_says_when_a_puller_seals_nothing(banner: SourcesBanner) -> None:
    refusal = Refusal("person@cern.ch on p5 (7)", NOW, "The history is another one.")
    banner.show_status(WAITING, GOOD, replace(SEALED, refusals=(refusal,)), LATER)
    assert banner.isVisible()
    assert [line.isVisible() for line in (*banner.lines, banner.seal)] == [False, False, True]
    assert "person@cern.ch on p5 (7) finds another one than it sealed" in banner.seal.text.text()
    banner.show_status(WAITING, GOOD, SEALED, LATER)
    assert not banner.isVisible()
