"""The sync panel: what the puller does, in words; asking for pulls."""

from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.domain.pull import PullState, PullStatus
from app.views.background import Background
from app.views.notices import Notices
from app.views.sync_panel.panel import FailedRunsModel, SyncPanel, summary
from tests.views.fake_backend import NOW, FakeBackend


@pytest.fixture
def panel(
    qtbot: QtBot, backend: FakeBackend, background: Background, notices: Notices
) -> SyncPanel:
    panel = SyncPanel(backend, background, notices)
    qtbot.addWidget(panel)
    panel.show_status(backend.status, NOW + timedelta(seconds=12))
    panel.show()
    return panel


def test_that_the_panel_says_what_the_puller_does(panel: SyncPanel) -> None:
    said = {name: label.text() for name, label in panel.values.items()}
    assert said["Last success"] == "2025-08-20 12:00 UTC, 12 s ago"
    assert said["Next try"] == "2025-08-20 12:00 UTC, in 36 s"
    assert said["Since start"].startswith("12 pulls: 3 runs made, 5 updated")


def test_that_failed_runs_are_listed_with_their_reason(
    panel: SyncPanel, qtmodeltester: ModelTester
) -> None:
    qtmodeltester.check(panel.failed)
    assert panel.failed.index(0, 0).data() == "396177"
    assert "500" in panel.failed.index(0, 2).data()
    assert panel.table.isVisible()


def test_that_a_failed_run_can_be_tried_at_once(
    qtbot: QtBot, panel: SyncPanel, backend: FakeBackend, notices: Notices
) -> None:
    assert not panel.try_now.isEnabled()
    panel.table.selectRow(0)
    with qtbot.waitSignal(notices.shown):
        qtbot.mouseClick(panel.try_now, Qt.MouseButton.LeftButton)
    assert backend.acts == [("pull", 396_177)]


def test_that_everything_new_can_be_pulled_at_once(
    qtbot: QtBot, panel: SyncPanel, backend: FakeBackend, notices: Notices
) -> None:
    with qtbot.waitSignal(notices.shown):
        qtbot.mouseClick(panel.pull_now, Qt.MouseButton.LeftButton)
    assert backend.acts == [("pull", None)]


def test_that_a_puller_that_is_off_cannot_be_asked(panel: SyncPanel) -> None:
    panel.show_status(PullStatus(), NOW)
    assert not panel.pull_now.isEnabled()
    assert panel.values["Last success"].text() == "never"
    assert not panel.table.isVisible()


def test_that_a_model_without_failures_keeps_the_rules_of_qt(
    qtmodeltester: ModelTester,
) -> None:
    qtmodeltester.check(FailedRunsModel())


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (PullState.OFF, "puller: off"),
        (PullState.WAITING, "puller: this client, 12 s ago, 1 failed"),
        (PullState.STANDBY, "puller: another client, 12 s ago, 1 failed"),
        (PullState.UNAVAILABLE, "puller: OMS can't be reached, next try in 36 s"),
    ],
)
def test_that_the_status_bar_says_it_in_a_few_words(state: PullState, text: str) -> None:
    status = replace(FakeBackend(1).status, state=state)
    assert summary(status, NOW + timedelta(seconds=12)) == text
