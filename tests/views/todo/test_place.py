"""The place of what is left to do: what it lists, and where each line leads."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytestqt.qtbot import QtBot

from app.domain.certification.todo import TaskKind
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import cycles, datasets
from app.services.certification.todo import TodoScope
from app.views.frame.main_window import MainWindow
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT, SECOND
from tests.views.offline_window import settle


def looked(qtbot: QtBot, window: MainWindow) -> None:
    window.go_to("todo")
    qtbot.waitUntil(lambda: window.todo._todo is not None)
    settle(qtbot, window)


def rows(window: MainWindow) -> list[tuple[str, ...]]:
    return [line.texts for line in window.todo.tasks.lines]


def test_that_everything_left_is_listed_by_kind_with_numbers(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    looked(qtbot, real_window)
    place = real_window.todo
    assert place.kind_buttons[TaskKind.NOT_IN_GUI].text() == "Not in the DQM GUI  4"
    assert place.kind_buttons[TaskKind.NO_CYCLE].text() == "In no cycle  2"
    place.kind_buttons[TaskKind.NO_CYCLE].click()
    assert rows(real_window) == [
        (str(FIRST), "online", "", "SIGNOFF, in no cycle"),
        (str(SECOND), "online", "", "SIGNOFF, in no cycle"),
    ]
    assert ("dt", PROMPT, "2") in [line.texts for line in place.groups.lines]


def test_that_it_looks_again_by_itself_and_keeps_the_row_that_is_marked(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    looked(qtbot, real_window)
    place = real_window.todo
    place.kind_buttons[TaskKind.OPEN].click()
    row = place.tasks.row_of((TaskKind.OPEN, SECOND, PROMPT, "dt"))
    assert row is not None
    place.table.selectRow(row)
    number = place.tasks.rowCount()
    datasets.move(Acting(database, EXPERT), [(FIRST, PROMPT)], "dt", "COMPLETED")
    place.changed(frozenset({1}), in_front=True)
    assert place.again.is_waiting  # a run that may be in it by now
    place._scope_shown = TodoScope(run_from=FIRST)
    place.again.begin()
    place.changed(frozenset({1}), in_front=True)
    assert not place.again.is_waiting
    place.changed(frozenset({FIRST}), in_front=True)
    qtbot.waitUntil(lambda: place.tasks.rowCount() == number - 1)
    marked = place.tasks.item(place.table.currentIndex().row())
    assert (marked.run_number, marked.dataset, marked.workspace) == (SECOND, PROMPT, "dt")
    settle(qtbot, real_window)


def test_that_what_changed_behind_another_place_is_looked_at_when_it_comes_to_the_front(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    looked(qtbot, real_window)
    real_window.go_to("offline")
    before = len(real_window.todo._lines)
    datasets.move(Acting(database, EXPERT), [(FIRST, PROMPT)], "dt", "COMPLETED")
    real_window.todo.changed(frozenset({FIRST}), in_front=False)
    real_window.go_to("todo")
    qtbot.waitUntil(lambda: len(real_window.todo._lines) == before - 1)
    settle(qtbot, real_window)


def test_that_a_workspace_and_name_narrow_the_list_to_what_is_open_there(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    looked(qtbot, real_window)
    place = real_window.todo
    row = place.groups.row_of(("dt", PROMPT))
    place.groups_table.selectRow(row)
    assert rows(real_window) == [
        (str(run), PROMPT, "dt", "OPEN in workspace dt") for run in (FIRST, SECOND)
    ]
    place.kind_buttons[None].click()
    assert len(rows(real_window)) == len(place._lines)


def test_that_an_open_dataset_opens_in_its_workspace(qtbot: QtBot, real_window: MainWindow) -> None:
    looked(qtbot, real_window)
    place = real_window.todo
    place.groups_table.selectRow(place.groups.row_of(("dt", PROMPT)))
    place.table.selectRow(1)
    place.open_chosen()
    assert real_window.place == "offline"
    assert real_window.workspace.currentText() == "dt"
    assert real_window.offline.shown_details.run_number == SECOND
    settle(qtbot, real_window)


def test_that_runs_in_no_cycle_open_as_a_filtered_table(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    looked(qtbot, real_window)
    place = real_window.todo
    place.kind_buttons[TaskKind.NO_CYCLE].click()
    place.table.selectRow(0)
    place.open_chosen()
    assert real_window.place == "offline"
    qtbot.waitUntil(lambda: real_window.offline.table.model.rowCount() == 2)
    assert real_window.offline.table.filter.text == f"run = {FIRST}"


def test_that_a_cycle_limits_where_it_is_looked(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    day = datetime.now(UTC).date() + timedelta(3)
    cycles.create(Acting(database, EXPERT), "Call 1", day, ["dt"], [(FIRST, PROMPT)])
    looked(qtbot, real_window)
    assert real_window.todo.scope.currentText() == "Cycle Call 1"
    assert {row[0] for row in rows(real_window)} == {str(FIRST)}
    assert real_window.todo.said.text().endswith("in 1 dataset.")
    assert not real_window.todo.run_from.isVisible()
    assert not real_window.todo.dimmer.is_dimming
    real_window.todo.scope.setCurrentIndex(0)
    assert real_window.todo.dimmer.is_dimming
    real_window.todo.scope.setCurrentIndex(1)
    assert not real_window.todo.dimmer.is_dimming
    real_window.todo.scope.setCurrentIndex(0)
    real_window.todo.look()
    qtbot.waitUntil(lambda: not real_window.todo.dimmer.is_dimming)
    settle(qtbot, real_window)


def test_that_a_number_that_is_none_is_refused_where_it_stands(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    looked(qtbot, real_window)
    real_window.todo.run_from.setText("12a")
    real_window.todo.look()
    assert real_window.todo.refusal.text() == '"12a" is not a run number.'


def test_that_the_list_is_exported(qtbot: QtBot, real_window: MainWindow, tmp_path: Path) -> None:
    looked(qtbot, real_window)
    file = tmp_path / "todo.csv"
    real_window.todo.export(file)
    qtbot.waitUntil(lambda: real_window.notices.last is not None)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "kind,run_number,dataset,workspace,text"
    assert len(lines) == len(real_window.todo._lines) + 1
