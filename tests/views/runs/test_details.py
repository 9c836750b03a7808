"""Details of a run: lumisections, attributes, history."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.views.backend.lumisections import DatasetLumisections
from app.views.background import Background
from app.views.grid.grid_layout import Cell
from app.views.lumisections.draft_book import DraftBook
from app.views.runs.details import DetailsView
from app.views.theme import Themes
from tests.views.builders import COLUMNS, a_state
from tests.views.fake_backend import OFFLINE, FakeBackend

RUN = 396_230
SIGNED_OFF = 396_226


@pytest.fixture
def details(
    qtbot: QtBot, backend: FakeBackend, background: Background, themes: Themes
) -> DetailsView:
    details = DetailsView(backend, background, themes, DraftBook(backend, background), COLUMNS)
    qtbot.addWidget(details)
    details.resize(1000, 600)
    details.show()
    details.show_run(RUN)
    qtbot.waitUntil(lambda: details.lumisections.grid.snapshot is not None)
    return details


def test_that_a_run_is_shown_with_its_state(details: DetailsView) -> None:
    assert details.title.text() == f"{RUN}  online"
    assert "OPEN" in details.state.text()
    assert details.lumisections.grid.snapshot.keys[: len(COLUMNS)] == COLUMNS  # type: ignore[union-attr]


def test_that_only_the_last_of_many_wishes_is_loaded(
    qtbot: QtBot, details: DetailsView, backend: FakeBackend
) -> None:
    for number in (396_229, 396_228, 396_227):
        details.show_run(number)
    qtbot.waitUntil(lambda: (396_227, "online") in backend.states)
    assert {run for run, _ in backend.states} == {RUN, 396_227}


def test_that_the_datasets_of_the_run_can_be_chosen(
    qtbot: QtBot, details: DetailsView, backend: FakeBackend
) -> None:
    details.show_run(SIGNED_OFF)
    qtbot.waitUntil(lambda: details.lumisections.datasets.count() == 2)
    details.lumisections.datasets.setCurrentText(OFFLINE)
    qtbot.waitUntil(
        lambda: (
            details.lumisections.grid.snapshot is not None
            and details.lumisections.grid.snapshot.dataset == OFFLINE
        )
    )
    assert "manual update" in details.warning.text()
    assert details.take_in_button.isVisibleTo(details)
    with qtbot.waitSignal(details.take_in_wanted):
        details.take_in_button.click()
    details.show_run(RUN)
    qtbot.waitUntil(lambda: details.title.text().startswith(str(RUN)))
    assert not details.take_in_button.isVisibleTo(details)


def test_that_who_set_the_focused_cell_is_said(qtbot: QtBot, details: DetailsView) -> None:
    details.lumisections.grid.focus(Cell(2, 12))
    qtbot.waitUntil(lambda: "person@cern.ch" in details.lumisections.cell.text())
    assert "dt-dt, LS 12" in details.lumisections.cell.text()
    assert "set by hand" in details.lumisections.cell.text()


def test_that_a_refresh_keeps_place_and_shows_the_new_state(
    qtbot: QtBot, details: DetailsView, backend: FakeBackend
) -> None:
    grid = details.lumisections.grid
    grid.zoom(5)
    grid.focus(Cell(3, 50))
    scale = grid.pixels_per_lumisection
    backend.states[RUN, "online"] = a_state(RUN, length=131)
    details.refresh()
    qtbot.waitUntil(lambda: grid.snapshot is not None and grid.snapshot.length == 131)
    assert grid.focus_cell == Cell(3, 50)
    assert grid.pixels_per_lumisection == scale


def test_that_attributes_can_be_found_and_copied(qtbot: QtBot, details: DetailsView) -> None:
    details.tabs.setCurrentIndex(1)
    details.search.setText("hlt_key")
    assert details.found.rowCount() == 1
    details.attributes_table.selectRow(0)
    QTest.keySequence(details.attributes_table, QKeySequence(QKeySequence.StandardKey.Copy))
    assert QGuiApplication.clipboard().text().startswith("OMS\thlt_key\t/cdaq")


def test_that_the_history_is_read_when_it_is_looked_at(qtbot: QtBot, details: DetailsView) -> None:
    assert details.history.model.rowCount() == 0
    details.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: details.history.model.rowCount() == 2)


def test_that_a_run_that_is_not_there_is_refused_in_the_title(
    qtbot: QtBot, details: DetailsView
) -> None:
    details.show_run(1)
    qtbot.waitUntil(lambda: details.title.text() == "There is no run 1.")


def test_that_another_moment_is_shown_until_escape_and_what_is_written_does_not_touch_it(
    qtbot: QtBot, details: DetailsView, backend: FakeBackend
) -> None:
    pane = details.lumisections
    then = DatasetLumisections(a_state(RUN, length=55), {})
    pane.show_state(then, "version 700")
    qtbot.waitUntil(lambda: pane.grid.snapshot is not None and pane.grid.snapshot.length == 55)
    assert pane.moment_line.isVisible()
    assert pane.moment == "version 700"
    details.refresh()
    qtbot.waitUntil(lambda: not details.bar.loading)
    assert pane.grid.snapshot is not None
    assert pane.grid.snapshot.length == 55
    pane.grid.setFocus()
    with qtbot.waitSignal(pane.moment_changed):
        qtbot.keyClick(pane.grid, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: pane.grid.snapshot is not None and pane.grid.snapshot.length != 55)
    assert not pane.moment_line.isVisible()


@pytest.mark.parametrize("key", ["h", "t"])
def test_that_history_and_moments_have_a_key(qtbot: QtBot, details: DetailsView, key: str) -> None:
    pane = details.lumisections
    wanted = {"h": pane.history_wanted, "t": pane.moment_wanted}[key]
    with qtbot.waitSignal(wanted):
        qtbot.keyClicks(pane.grid, key)


def test_that_the_focused_cell_counts_as_selected_while_nothing_else_is(
    details: DetailsView,
) -> None:
    pane = details.lumisections
    pane.grid.focus(Cell(2, 12))
    assert pane.selection() == (("dt-dt",), ((12, 12),))
    pane.grid.select(Cell(2, 12), Cell(3, 14))
    assert pane.selection() == (("dt-dt", "ecal-ecal"), ((12, 14),))
    assert "6 cells · 2 rows · 3 LS" in pane.cell.text()
