"""Details of a run: lumisections, attributes, history."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.domain.configuration.in_force import CERTIFIABLE_ONLINE_COLUMNS
from app.domain.lumisections import LumiRange
from app.domain.triplets import STANDBY, Triplet
from app.services.acting import Acting
from app.services.certification import tables
from app.services.certification.tables import RunDetails
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.pulling import runs as pull
from app.views.grid.grid_layout import Cell
from app.views.grid.snapshot import LumisectionsSnapshot
from app.views.places import PlaceContext
from app.views.runs.attributes_tab import AttributesTab
from app.views.runs.details import DetailsView
from app.views.widgets.tables.copying import copy_selected
from tests.builders import a_run
from tests.views.many_runs import LENGTH, NAMES, NEWEST, SIGNED_OFF

RUN = NEWEST
COLUMNS = ("csc-csc", "dt-dt", "tracker-pixel", "tracker-strip")


@pytest.fixture
def details(qtbot: QtBot, context: PlaceContext) -> DetailsView:
    details = DetailsView(context, CERTIFIABLE_ONLINE_COLUMNS)
    qtbot.addWidget(details)
    details.resize(1000, 600)
    details.show()
    details.show_run(RUN)
    qtbot.waitUntil(lambda: details.lumisections.grid.snapshot is not None)
    return details


def snapshot_of(details: DetailsView) -> LumisectionsSnapshot:
    snapshot = details.lumisections.grid.snapshot
    assert snapshot is not None
    return snapshot


def edit(acting: Acting, column: str, status: str, first: int, last: int) -> None:
    """An edit by hand."""
    change = ColumnEdit(RUN, "online", column, (LumiRange(first, last),), Triplet(status))
    lumisections.edit_columns(acting, [change])


def test_that_a_run_is_shown_with_its_state(details: DetailsView) -> None:
    assert details.line.title.text() == f"{RUN}  online"
    assert "OPEN" in details.line.state.text()
    assert snapshot_of(details).keys[: len(COLUMNS)] == COLUMNS


def test_that_only_the_last_of_many_wishes_is_loaded(
    qtbot: QtBot, details: DetailsView, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    run_details = tables.run_details

    def noted(acting: Acting, run_number: int) -> RunDetails:
        read.append(run_number)
        return run_details(acting, run_number)

    monkeypatch.setattr(tables, "run_details", noted)
    for number in (RUN - 1, RUN - 2, RUN - 3):
        details.show_run(number)
    qtbot.waitUntil(lambda: details.details is not None and details.details.run_number == RUN - 3)
    assert read == [RUN - 3]


def test_that_the_datasets_of_the_run_can_be_chosen(
    qtbot: QtBot, details: DetailsView, acting: Acting
) -> None:
    # OMS changes the run after its sign-off.
    pull.apply(acting, a_run(SIGNED_OFF[0], LENGTH, changed={3: {"dt0_ready": False}}))
    details.show_run(SIGNED_OFF[0])
    qtbot.waitUntil(lambda: details.lumisections.datasets.count() == 3)
    details.lumisections.datasets.setCurrentText(NAMES[1])
    grid = details.lumisections.grid
    qtbot.waitUntil(lambda: grid.snapshot is not None and grid.snapshot.dataset == NAMES[1])
    assert "manual update" in details.line.warning.text()
    assert details.line.take_in_button.isVisibleTo(details)
    with qtbot.waitSignal(details.take_in_wanted):
        details.line.take_in_button.click()
    details.show_run(RUN)
    qtbot.waitUntil(lambda: details.line.title.text().startswith(str(RUN)))
    assert not details.line.take_in_button.isVisibleTo(details)


def test_that_who_set_the_focused_cell_is_said(
    qtbot: QtBot, details: DetailsView, acting: Acting
) -> None:
    edit(acting, "dt-dt", STANDBY, 2, 5)
    details.refresh()
    row = COLUMNS.index("dt-dt")
    pane = details.lumisections
    qtbot.waitUntil(lambda: bool(snapshot_of(details).rows[row].by_hand.any()))
    pane.grid.focus(Cell(row, 3))
    qtbot.waitUntil(lambda: "expert@cern.ch" in pane.cell.text())
    assert "dt-dt, LS 3" in pane.cell.text()
    assert "set by hand" in pane.cell.text()


def test_that_a_refresh_keeps_place_and_shows_the_new_state(
    qtbot: QtBot, details: DetailsView, acting: Acting
) -> None:
    grid = details.lumisections.grid
    grid.zoom(5)
    grid.focus(Cell(3, 7))
    scale = grid.pixels_per_lumisection
    pull.apply(acting, a_run(RUN, LENGTH + 3, last_update="2025-05-01T15:00:00Z"))
    details.refresh()
    qtbot.waitUntil(lambda: snapshot_of(details).length == LENGTH + 3)
    assert grid.focus_cell == Cell(3, 7)
    assert grid.pixels_per_lumisection == scale


def test_that_attributes_can_be_found_and_copied(qtbot: QtBot, details: DetailsView) -> None:
    details.tabs.setCurrentIndex(1)
    tab = details.tabs.currentWidget()
    assert isinstance(tab, AttributesTab)
    tab.search.setText("hlt_key")
    assert tab.found.rowCount() == 1
    tab.table.selectRow(0)
    copy_selected(tab.table)
    assert QGuiApplication.clipboard().text().startswith("OMS\thlt_key\t/cdaq")


def test_that_the_history_is_read_when_it_is_looked_at(
    qtbot: QtBot, details: DetailsView, acting: Acting
) -> None:
    edit(acting, "dt-dt", STANDBY, 2, 5)
    assert details.history.model.rowCount() == 0
    details.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: details.history.model.rowCount() > 0)


def test_that_a_run_that_is_not_there_is_refused_in_the_title(
    qtbot: QtBot, details: DetailsView
) -> None:
    details.show_run(1)
    qtbot.waitUntil(lambda: details.line.title.text() == "There is no run 1.")
    assert details.lumisections.words.text() == "There is no run 1."


def test_that_another_moment_is_shown_until_escape_and_what_is_written_does_not_touch_it(
    qtbot: QtBot, details: DetailsView, acting: Acting
) -> None:
    pane = details.lumisections
    created = tables.run_history(acting, RUN)[0].version
    pull.apply(acting, a_run(RUN, LENGTH + 3, last_update="2025-05-01T15:00:00Z"))
    details.refresh()
    qtbot.waitUntil(lambda: snapshot_of(details).length == LENGTH + 3)
    details.show_moment(created)
    qtbot.waitUntil(lambda: snapshot_of(details).length == LENGTH)
    assert pane.moment_line.isVisible()
    assert pane.moment.startswith(f"version {created}, ")
    details.refresh()
    qtbot.waitUntil(lambda: not details.bar.loading)
    assert snapshot_of(details).length == LENGTH
    pane.grid.setFocus()
    with qtbot.waitSignal(pane.moment_changed):
        qtbot.keyClick(pane.grid, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: snapshot_of(details).length == LENGTH + 3)
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
    row = COLUMNS.index("dt-dt")
    pane.grid.focus(Cell(row, 3))
    assert pane.selection() == (("dt-dt",), ((3, 3),))
    pane.grid.select(Cell(row, 3), Cell(row + 1, 5))
    assert pane.selection() == (("dt-dt", COLUMNS[row + 1]), ((3, 5),))
    assert "6 cells · 2 rows · 3 LS" in pane.cell.text()


def test_that_a_run_on_its_way_is_not_asked_for_once_more(
    qtbot: QtBot, context: PlaceContext
) -> None:
    details = DetailsView(context, CERTIFIABLE_ONLINE_COLUMNS)
    qtbot.addWidget(details)
    words = details.lumisections.words
    assert words.text().startswith("Select a run")
    details.show_run(RUN)
    assert words.text() == "Reading the lumisections ..."
    details.show_nothing()
    assert words.text().startswith("Select a run")
    qtbot.waitUntil(lambda: not context.background.busy)
