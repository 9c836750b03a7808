"""The sync panel: what the puller does, in words; asking for pulls."""

from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.domain.errors import NotFound, RegistryError, Unavailable
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import FailedRun, PullState, PullStatus
from app.models.database.engine import Database
from app.services.pulling import pullers
from app.services.pulling.pullers import Pullers
from app.views.background import Background
from app.views.notices import Notices
from app.views.sync_panel.failed_model import REASON, RUN, SINCE, TRY, FailedRunsModel
from app.views.sync_panel.gui_panel import GuiPanel
from app.views.sync_panel.panel import SyncPanel
from app.views.sync_panel.puller_words import summary
from app.views.widgets.tables.copying import copy_selected
from tests.builders import configure
from tests.views.pullers import NOW, WAITING, Gui, Oms
from tests.views.workplaces import a_workplace

LATER = NOW + timedelta(seconds=12)
FAILED = tuple(FailedRun(396_170 + n, f"OMS answered {500 + n}", NOW) for n in range(3))


@pytest.fixture
def oms() -> Oms:
    return Oms()


@pytest.fixture
def panel(
    qtbot: QtBot, database: Database, oms: Oms, background: Background, notices: Notices
) -> SyncPanel:
    configure(database)
    panel = SyncPanel(a_workplace(database, pullers=Pullers(oms)), background, notices)
    qtbot.addWidget(panel)
    panel.resize(420, 520)
    panel.show_status(oms.status, LATER)
    panel.show()
    return panel


def said(panel: SyncPanel) -> dict[str, str]:
    return {name: label.text() for name, label in panel.values.items()}


def click(qtbot: QtBot, panel: SyncPanel, row: int, column: int) -> None:
    place = panel.table.visualRect(panel.failed.index(row, column)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


# What it says


def test_that_the_panel_says_what_the_puller_does(panel: SyncPanel) -> None:
    assert said(panel) == {
        "State": "this client pulls; waiting for the next time",
        "Doing": "waiting",
        "Puller": "person@cern.ch on cmsdc01",
        "Last success": "12 s ago, 2025-08-20 12:00 UTC",
        "Next try": "in 36 s",
        "Since start": "12 pulls: 3 runs made, 5 updated, 300 unchanged, 1 flagged",
    }


def test_that_the_next_try_counts_down(panel: SyncPanel) -> None:
    panel.show_status(WAITING, NOW + timedelta(seconds=47))
    assert said(panel)["Next try"] == "in 1 s"
    panel.show_status(WAITING, NOW + timedelta(seconds=49))
    assert said(panel)["Next try"] == "now"


@pytest.mark.parametrize(
    ("state", "activity", "role", "next_try"),
    [
        (PullState.OFF, "", "muted", "never: switched off in the settings"),
        (PullState.STANDBY, "b@cern.ch pulls", "muted", "when the other client stops"),
        (PullState.WAITING, "", "success", "in 36 s"),
        (PullState.WAITING, "run 1 has no start", "warning", "in 36 s"),
        (PullState.PULLING, "run 396200 (1 of 3)", "success", "under way"),
        (PullState.BACKING_OFF, "429", "warning", "in 36 s"),
        (PullState.UNAVAILABLE, "OMS doesn't answer.", "refusal", "in 36 s"),
    ],
)
def test_that_the_dot_has_the_colour_of_the_state(
    panel: SyncPanel,
    state: PullState,
    activity: str,
    role: str,
    next_try: str,
) -> None:
    panel.show_status(replace(WAITING, state=state, activity=activity), LATER)
    assert panel.dot.property("role") == role
    assert said(panel)["Doing"] == (activity or "nothing")
    assert said(panel)["Next try"] == next_try


def test_that_before_the_first_status_nothing_is_claimed(
    qtbot: QtBot, database: Database, background: Background, notices: Notices
) -> None:
    panel = SyncPanel(a_workplace(database), background, notices)
    qtbot.addWidget(panel)
    panel.show()
    assert said(panel)["State"] == "Reading the status ..."
    assert "will be listed here" in panel.failed_words.text()
    assert not panel.table.isVisible()


def test_that_a_puller_that_never_pulled_claims_no_success(panel: SyncPanel) -> None:
    panel.show_status(PullStatus(PullState.PULLING), NOW)
    assert said(panel)["Last success"] == "never"
    assert said(panel)["Since start"] == "this client has not pulled yet"
    assert "will be listed here" in panel.failed_words.text()
    panel.show_status(PullStatus(PullState.WAITING, last_success=NOW, pulls=1), NOW)
    assert panel.failed_words.text() == "All runs were pulled."


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (PullState.OFF, "puller: off"),
        (PullState.WAITING, "puller: this client, 12 s ago, 1 failed"),
        (PullState.STANDBY, "puller: another client, 12 s ago, 1 failed"),
        (PullState.UNAVAILABLE, "puller: nothing can be pulled now, next try in 36 s"),
        (PullState.BACKING_OFF, "puller: waiting for OMS, next try in 36 s"),
    ],
)
def test_that_the_status_bar_says_it_in_a_few_words(state: PullState, text: str) -> None:
    status = replace(WAITING, state=state)
    assert summary(status, LATER) == text


# Pulling now


def test_that_everything_new_can_be_pulled_at_once(
    qtbot: QtBot, panel: SyncPanel, oms: Oms, notices: Notices
) -> None:
    with qtbot.waitSignal(notices.shown):
        qtbot.mouseClick(panel.pull_now, Qt.MouseButton.LeftButton)
        assert not panel.pull_now.isEnabled()
        panel.ask(None)
    assert oms.wakes == 1
    qtbot.waitUntil(panel.pull_now.isEnabled)


def test_that_a_puller_that_is_off_cannot_be_asked(panel: SyncPanel) -> None:
    panel.show_status(PullStatus(), NOW)
    assert not panel.pull_now.isEnabled()
    assert "switched off" in panel.pull_now.toolTip()


def test_that_a_refusal_is_shown_where_it_was_asked(
    qtbot: QtBot, database: Database, oms: Oms, background: Background, notices: Notices
) -> None:
    workplace = a_workplace(database)
    panel = SyncPanel(workplace, background, notices)
    qtbot.addWidget(panel)
    panel.show()
    panel.show_status(WAITING, LATER)
    panel.pull_now.click()
    qtbot.waitUntil(panel.refusal.isVisible)
    assert panel.refusal.text() == "Pulling is switched off in the settings."


def test_that_a_refusal_goes_away_with_the_next_attempt(
    qtbot: QtBot, panel: SyncPanel, oms: Oms, notices: Notices
) -> None:
    oms.fail(396_177, NotFound("OMS knows no such run."))
    panel.ask(396_177)
    qtbot.waitUntil(panel.refusal.isVisible)
    with qtbot.waitSignal(notices.shown):
        panel.pull_now.click()
    assert not panel.refusal.isVisible()


def test_that_the_dqm_gui_can_be_asked_at_once(
    qtbot: QtBot, database: Database, background: Background, notices: Notices
) -> None:
    gui = Gui(GuiStatus(PullState.WAITING))
    panel = GuiPanel(a_workplace(database, pullers=Pullers(gui=gui)), background, notices)
    qtbot.addWidget(panel)
    assert not panel.read_now.isEnabled()
    panel.show_status(gui.status)
    with qtbot.waitSignal(notices.shown):
        panel.read_now.click()
        assert not panel.read_now.isEnabled()
        panel.ask()
    assert gui.wakes == 1
    qtbot.waitUntil(panel.read_now.isEnabled)


# Failed runs


def test_that_the_model_keeps_the_rules_of_qt(qtmodeltester: ModelTester) -> None:
    model = FailedRunsModel()
    qtmodeltester.check(model)
    for failed, trying in ((FAILED, ()), (FAILED, (396_171,)), (FAILED[1:], ()), ((), ())):
        model.show_failed(failed, trying, LATER)
        qtmodeltester.check(model)


def test_that_failed_runs_are_listed_with_their_reason(panel: SyncPanel) -> None:
    texts = [panel.failed.index(0, column).data() for column in (RUN, REASON, SINCE, TRY)]
    assert texts == ["396177", "OMS answered 500 for its lumisections", "12 s ago", "Try again"]
    tip = panel.failed.index(0, SINCE).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "2025-08-20 12:00 UTC"
    panel.table.selectRow(0)
    copy_selected(panel.table)
    assert QGuiApplication.clipboard().text().split("\t")[SINCE] == tip
    assert panel.failed_words.text() == "1 run could not be pulled. Every pull tries again."
    assert panel.table.isVisible()


def test_that_the_whole_reason_of_the_chosen_run_can_be_read(panel: SyncPanel) -> None:
    assert not panel.reason.isVisible()
    panel.table.selectRow(0)
    assert panel.reason.isVisible()
    assert panel.reason.text() == "OMS answered 500 for its lumisections"


def test_that_a_status_keeps_the_chosen_runs(panel: SyncPanel) -> None:
    status = replace(WAITING, failed=FAILED)
    panel.show_status(status, LATER)
    panel.table.selectRow(1)
    panel.show_status(status, LATER + timedelta(seconds=1))
    assert [each.data() for each in panel.table.selectionModel().selectedRows()] == ["396171"]
    panel.show_status(replace(status, failed=FAILED[1:]), LATER)
    assert [each.data() for each in panel.table.selectionModel().selectedRows()] == ["396171"]
    panel.show_status(replace(status, failed=FAILED[2:]), LATER)
    assert not panel.table.selectionModel().hasSelection()
    assert not panel.reason.isVisible()


def test_that_a_failed_run_can_be_tried_at_once(
    qtbot: QtBot, panel: SyncPanel, oms: Oms, notices: Notices
) -> None:
    click(qtbot, panel, 0, TRY)
    assert panel.failed.index(0, TRY).data() == "Trying ..."
    click(qtbot, panel, 0, TRY)
    with qtbot.waitSignal(notices.shown) as shown:
        oms.answer(396_177)
    assert shown.args is not None
    assert "396177" in shown.args[0].text
    assert panel.failed.index(0, TRY).data() == "Try again"
    assert oms.fetched == [396_177]


def test_that_a_click_beside_the_link_asks_for_nothing(
    qtbot: QtBot, panel: SyncPanel, background: Background
) -> None:
    click(qtbot, panel, 0, REASON)
    assert not background.busy
    assert panel.try_now.isEnabled()


def test_that_enter_tries_a_run(qtbot: QtBot, panel: SyncPanel, oms: Oms, notices: Notices) -> None:
    oms.answer(396_177)
    panel.table.setFocus()
    panel.table.selectRow(0)
    with qtbot.waitSignal(notices.shown):
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert oms.fetched == [396_177]


def test_that_many_runs_are_tried_one_after_the_other(
    qtbot: QtBot, panel: SyncPanel, oms: Oms
) -> None:
    panel.show_status(replace(WAITING, failed=FAILED), LATER)
    assert not panel.try_now.isEnabled()
    panel.table.selectAll()
    panel.try_now.click()
    qtbot.waitUntil(lambda: oms.fetched == [FAILED[0].run_number])
    assert [panel.failed.index(row, TRY).data() for row in range(3)] == ["Trying ..."] * 3
    numbers = [failed.run_number for failed in FAILED]
    for number in numbers:
        qtbot.waitUntil(lambda number=number: oms.fetched[-1] == number)  # type: ignore[misc]
        oms.answer(number)
    assert oms.fetched == numbers
    qtbot.waitUntil(lambda: panel.failed.index(2, TRY).data() == "Try again")


@pytest.mark.parametrize(
    "error", [NotFound("OMS knows no such run."), Unavailable("OMS is unavailable.")]
)
def test_that_a_run_that_fails_again_says_why(
    qtbot: QtBot, panel: SyncPanel, oms: Oms, error: RegistryError
) -> None:
    oms.fail(396_177, error)
    panel.ask(396_177)
    qtbot.waitUntil(panel.refusal.isVisible)
    assert panel.refusal.text().startswith(f"Run 396177: {error}")
    assert panel.failed.index(0, TRY).data() == "Try again"


def test_that_an_oms_that_does_not_answer_is_not_waited_for_without_end(
    qtbot: QtBot, panel: SyncPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pullers, "FETCH_S", 0.01)
    panel.ask(396_177)
    qtbot.waitUntil(panel.refusal.isVisible)
    assert panel.refusal.text().startswith("Run 396177: OMS did not answer for run 396177 within")
