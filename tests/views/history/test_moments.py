"""Moments in the window: the grid as of a version, two moments compared, keys that lead there."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.domain.lumisections import LumiRange
from app.domain.state.grid import as_objects
from app.models.database.engine import Database
from app.models.events import states
from app.services.acting import Acting
from app.services.certification import runs
from app.views.background import Background
from app.views.grid.grid_layout import Cell
from app.views.history.comparison_view import ComparisonView
from app.views.history.history_panel import Scope
from app.views.history.moment_chooser import MomentChooser
from app.views.looks.theme import Themes
from app.views.places import PlaceContext
from app.views.runs.details import DetailsView
from tests.views.history.conftest import BAD, LENGTH, RUN, STANDBY, Set


@pytest.fixture
def details(qtbot: QtBot, run_context: PlaceContext) -> DetailsView:
    """The details of the run, loaded."""
    details = DetailsView(run_context)
    qtbot.addWidget(details)
    details.resize(1200, 700)
    details.show()
    details.show_run(RUN)
    qtbot.waitUntil(lambda: details.lumisections.grid.snapshot is not None)
    return details


def dt_of(details: DetailsView) -> list[str]:
    snapshot = details.lumisections.grid.snapshot
    assert snapshot is not None
    row = snapshot.keys.index("dt-dt")
    return [snapshot.triplet(row, number).status for number in range(1, snapshot.length + 1)]


def test_that_the_grid_as_of_a_version_is_exactly_the_fold_at_that_version(
    qtbot: QtBot, run: Database, details: DetailsView, set_dt: Set, set_bit: Set
) -> None:
    set_dt(2, 6)
    then = set_bit("bpix_ready", 5, 9, value=False)
    set_dt(3, 30, STANDBY)
    details.show_moment(then)
    pane = details.lumisections
    qtbot.waitUntil(lambda: pane.moment.startswith(f"version {then}, "))
    qtbot.waitUntil(lambda: dt_of(details)[1:7] == ["BAD"] * 5 + ["GOOD"])
    with run.read() as connection:
        folded = states.fold(connection, [(RUN, "online")], as_of=then)[RUN, "online"].state
    assert pane.grid.snapshot is not None
    shown = pane.grid.snapshot.state
    assert as_objects(shown.rr) == as_objects(folded.rr)
    assert as_objects(shown.oms) == as_objects(folded.oms)
    assert pane.moment_line.isVisible()
    pane.moment_line.back.click()
    qtbot.waitUntil(lambda: dt_of(details)[1:7] == ["BAD"] + ["STANDBY"] * 5)


def test_that_h_leads_from_the_selected_cell_to_its_history_and_back_to_that_moment(
    qtbot: QtBot, details: DetailsView, set_dt: Set
) -> None:
    first = set_dt(2, 6)
    set_dt(20, 22)
    grid = details.lumisections.grid
    assert grid.snapshot is not None
    grid.focus(Cell(grid.snapshot.keys.index("dt-dt"), 4))
    grid.setFocus()
    qtbot.keyClick(grid, Qt.Key.Key_H)
    panel = details.history
    assert details.tabs.currentWidget() is panel
    assert panel.scope is Scope.SELECTION
    qtbot.waitUntil(lambda: panel.model.rowCount() == 2)
    assert panel.of.text() == "dt-dt, LS 4"
    assert panel.model.entry(0).version == first
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: details.tabs.currentWidget() is details.lumisections)
    qtbot.waitUntil(lambda: dt_of(details)[19:22] == ["GOOD"] * 3)


def test_that_t_asks_for_a_moment_by_words_or_number(
    qtbot: QtBot, details: DetailsView, set_dt: Set
) -> None:
    first = set_dt(2, 6)
    second = set_dt(20, 22)
    grid = details.lumisections.grid
    grid.setFocus()
    qtbot.keyClick(grid, Qt.Key.Key_T)
    (chooser,) = details.findChildren(MomentChooser)
    qtbot.waitUntil(lambda: chooser.matching.rowCount() >= 3)
    assert chooser.matching.index(0, 0).data() == str(second)
    qtbot.keyClick(chooser, Qt.Key.Key_Down)
    with qtbot.waitSignal(chooser.chosen) as chosen:
        qtbot.keyClick(chooser.line, Qt.Key.Key_Return)
    assert chosen.args == [first]
    qtbot.waitUntil(lambda: details.lumisections.moment.startswith(f"version {first}, "))
    qtbot.waitUntil(lambda: dt_of(details)[19:22] == ["GOOD"] * 3)
    chooser = details.choose_moment()
    assert chooser is not None
    chooser.line.setText("no such words")
    assert chooser.matching.rowCount() == 0
    chooser.show_button.click()
    assert "type the number of a version" in chooser.refusal.text()
    chooser.line.setText(str(second))
    with qtbot.waitSignal(chooser.chosen) as chosen:
        chooser.show_button.click()
    assert chosen.args == [second]


def test_that_one_steps_from_moment_to_moment_and_compares_with_now(
    qtbot: QtBot, details: DetailsView, set_dt: Set
) -> None:
    first, second, third = set_dt(2, 6), set_dt(20, 22), set_dt(30, 31)
    pane = details.lumisections
    details.show_moment(second)
    qtbot.waitUntil(lambda: pane.moment.startswith(f"version {second}, "))
    qtbot.waitUntil(lambda: not details.bar.loading)
    pane.moment_line.older.click()
    qtbot.waitUntil(lambda: pane.moment.startswith(f"version {first}, "))
    qtbot.keyClicks(pane.grid, ">")
    qtbot.waitUntil(lambda: pane.moment.startswith(f"version {second}, "))
    qtbot.keyClicks(pane.grid, ">")
    qtbot.waitUntil(lambda: pane.moment.startswith(f"version {third}, "))
    assert not pane.moment_line.newer.isEnabled()
    assert pane.moment_line.older.isEnabled()
    details.show_moment(first)
    qtbot.waitUntil(lambda: pane.moment.startswith(f"version {first}, "))
    pane.moment_line.compare.click()
    view = details.comparison
    qtbot.waitUntil(lambda: view.comparison is not None)
    assert view.comparison is not None
    assert (view.comparison.old, view.comparison.new) == (first, None)
    assert {line.piece.ranges for line in view.changes.model.lines} == {
        (LumiRange(20, 22), LumiRange(30, 31))
    }


def test_that_a_moment_that_is_on_its_way_is_dropped_when_another_run_is_chosen(
    qtbot: QtBot, details: DetailsView, background: Background, set_dt: Set
) -> None:
    first = set_dt(2, 6)
    details.show_moment(first)
    assert details.moments.is_reading
    details.show_run(RUN + 1)
    assert not details.moments.is_reading
    qtbot.waitUntil(lambda: str(RUN + 1) in details.line.title.text())
    qtbot.waitUntil(lambda: not background.busy)
    assert details.lumisections.moment == ""
    details.show_moment(first)
    assert not details.moments.is_reading


def test_that_a_moment_before_the_dataset_was_there_is_refused(
    qtbot: QtBot, details: DetailsView, background: Background
) -> None:
    with qtbot.waitSignal(background.refused) as refused:
        details.show_moment(0)
    assert "didn't exist yet" in str(refused.args[0])
    assert details.lumisections.moment == ""


def test_that_two_moments_are_compared_on_the_grid_and_in_a_list(
    qtbot: QtBot, acting: Acting, details: DetailsView, set_dt: Set
) -> None:
    old = set_dt(2, 6)
    set_dt(5, 12, STANDBY)
    runs.edit_attribute(acting, RUN, "stop_reason", "beam dump")
    details.compare(old, None)
    view = details.comparison
    assert details.tabs.currentWidget() is view
    qtbot.waitUntil(lambda: view.comparison is not None)
    lines = {(line.piece.key, line.piece.ranges): line.piece for line in view.changes.model.lines}
    after_bad = lines["dt-dt", (LumiRange(5, 6),)]
    assert (after_bad.before, after_bad.after) == (BAD, STANDBY)
    assert ("dt-dt", (LumiRange(7, 12),)) in lines
    assert lines["stop_reason", ()].after == "beam dump"
    assert view.summary.text() == "8 cells in 1 row differ, 1 attribute"
    grid = view.grid
    assert grid.snapshot is not None
    assert grid.snapshot.keys == ("dt-dt",)
    assert "was: BAD HV trip (cause: hv)" in grid.text_of(Cell(0, 5))
    assert "the same at both moments" in grid.text_of(Cell(0, 4))
    view.only_differing.setChecked(False)
    assert len(grid.snapshot.keys) > 1
    view.close_button.click()
    assert details.tabs.currentWidget() is details.history


def test_that_the_old_value_is_drawn_above_the_new_one_and_the_rest_is_pale(
    qtbot: QtBot, details: DetailsView, themes: Themes, set_dt: Set
) -> None:
    old = set_dt(2, 6)
    set_dt(5, 12, STANDBY)
    details.compare(old, None)
    view = details.comparison
    qtbot.waitUntil(lambda: view.comparison is not None)
    picture = view.grid.viewport().grab().toImage()

    def colour(lumisection: int, share: float) -> str:
        rect = view.grid.cell_rect(Cell(0, lumisection))
        point = rect.center()
        return picture.pixelColor(
            int(point.x()) + 3, int(rect.top() + rect.height() * share)
        ).name()

    assert colour(6, 0.25) == themes.theme.status("BAD").fill.name()
    assert colour(6, 0.8) == themes.theme.status("STANDBY").fill.name()
    assert colour(3, 0.8) != themes.theme.status("BAD").fill.name()


def test_that_a_comparison_with_now_follows_what_is_written(
    qtbot: QtBot,
    acting: Acting,
    background: Background,
    themes: Themes,
    set_dt: Set,
) -> None:
    old = set_dt(2, 6)
    view = ComparisonView(acting, background, themes)
    qtbot.addWidget(view)
    view.compare(RUN, "online", old, None)
    qtbot.waitUntil(lambda: view.comparison is not None)
    assert view.changes.model.lines == ()
    assert view.changes.table.words.text() == "Both moments are the same."
    set_dt(1, LENGTH, STANDBY)
    view.refresh(frozenset({RUN}))
    qtbot.waitUntil(lambda: len(view.changes.model.lines) > 0)


def test_that_either_moment_can_be_chosen_anew(
    qtbot: QtBot,
    acting: Acting,
    background: Background,
    themes: Themes,
    set_dt: Set,
) -> None:
    first, second = set_dt(2, 6), set_dt(20, 22)
    view = ComparisonView(acting, background, themes)
    qtbot.addWidget(view)
    view.show()
    view.compare(RUN, "online", second, None)
    view.newer.click()
    (chooser,) = view.findChildren(MomentChooser)
    qtbot.waitUntil(lambda: chooser.matching.rowCount() >= 3)
    chooser.line.setText(str(first))
    chooser.show_button.click()
    qtbot.waitUntil(lambda: view.comparison is not None and view.comparison.new == second)
    assert view.comparison is not None
    assert view.comparison.old == first
    assert view.newer.text() == f"After version {second}"
