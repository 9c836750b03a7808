"""Ages tick while they are seen, by the server's clock."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.clock import server_now, set_server_ahead
from app.models.database import clock
from app.services import databases
from app.services.acting import Acting
from app.views.frame.main_window import MainWindow
from app.views.looks.ages import Ages
from app.views.lumisections.pane import LumisectionsPane
from app.views.notices import Level


@pytest.fixture(autouse=True)
def right_afterwards() -> Iterator[None]:
    yield
    set_server_ahead(timedelta())


def test_that_ages_are_told_anew_only_while_they_are_seen(owner: QWidget) -> None:
    told: list[bool] = []
    widget = QWidget(owner)
    ages = Ages(widget, lambda: told.append(True))
    assert not ages._clock.isActive()
    widget.show()
    assert told == [True]
    ages._clock.timeout.emit()
    assert told == [True, True]
    widget.hide()
    assert not ages._clock.isActive()


def test_that_the_age_beside_a_cell_goes_on_and_its_author_stays_when_the_run_is_read_again(
    qtbot: QtBot, window: MainWindow
) -> None:
    pane: LumisectionsPane = window.online.details.lumisections
    qtbot.waitUntil(lambda: pane.grid.snapshot is not None)
    qtbot.waitUntil(lambda: "by auto@auto" in pane.cell.text())
    # In days: the run is as old as the tests of this day have been running.
    set_server_ahead(timedelta(days=17))
    (ages,) = pane.cell.findChildren(Ages)
    ages.tick()
    assert "(17 d ago)" in pane.cell.text()
    said: list[str] = []
    pane.shown.connect(lambda: said.append(pane.cell.text()))
    pane.load()
    qtbot.waitUntil(lambda: bool(said))
    assert "by auto@auto" in said[0]
    qtbot.waitUntil(lambda: not window._background.busy)


def test_that_the_clock_of_the_server_is_measured(acting: Acting) -> None:
    set_server_ahead(timedelta(hours=2))
    assert abs(databases.measure_clock(acting.db)) < timedelta(minutes=1)


def test_that_a_clock_that_is_off_is_told_once_and_stays_in_the_status_bar(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not window.status.clock.isVisible()
    now = server_now()
    monkeypatch.setattr(clock, "ahead", lambda _connection: timedelta(minutes=3))
    for _ in range(2):
        with qtbot.waitSignal(window._clock_watch.said):
            window._clock_watch.measure()
        window.notices.tell("Something else.")
    assert window.status.clock.isVisible()
    assert "3 min behind" in window.status.clock.toolTip()
    assert server_now() - now > timedelta(minutes=2)
    shown: list[Level] = []
    window.notices.shown.connect(lambda notice: shown.append(notice.level))
    with qtbot.waitSignal(window._clock_watch.said):
        window._clock_watch.measure()
    assert shown == []
    monkeypatch.undo()
    with qtbot.waitSignal(window._clock_watch.said):
        window._clock_watch.measure()
    assert not window.status.clock.isVisible()
