"""Set arithmetic on lists in the window: the result follows what is named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.views.golden.comparing.combine_panel import CombinePanel
from app.views.places import PlaceContext
from tests.services.offline_runs import FIRST, SECOND
from tests.views.golden.conftest import set_dt


@pytest.fixture
def lists(season: Database, generate: Callable[[], int]) -> tuple[int, int]:
    """The first list lacks LS 3-5 of a run, the second also LS 8-9."""
    old = generate()
    set_dt(season, 8, 9, "BAD")
    return old, generate()


@pytest.fixture
def panel(qtbot: QtBot, context: PlaceContext, lists: tuple[int, int]) -> CombinePanel:
    panel = CombinePanel(context)
    qtbot.addWidget(panel)
    panel.resize(900, 600)
    panel.show()
    panel.show_golden(lists[0])
    qtbot.waitUntil(lambda: panel.result is not None)
    return panel


def says(panel: CombinePanel, beginning: str) -> Callable[[], bool]:
    return lambda: panel.summary.text().startswith(beginning)


def name(panel: CombinePanel, row: int, what: object) -> None:
    choice = panel.parts[row].choice
    choice.line.setText(str(what))
    choice.line.editingFinished.emit()


def test_that_the_result_follows_every_change(
    qtbot: QtBot, panel: CombinePanel, lists: tuple[int, int], tmp_path: Path
) -> None:
    assert says(panel, "2 runs, 17 LS, ")()
    name(panel, 1, lists[1])
    panel.parts[1].operation.setCurrentText("minus")
    qtbot.waitUntil(says(panel, "1 run, 2 LS, "))
    item = panel.runs.topLevelItem(0)
    assert [item.text(0), item.text(3)] == [str(FIRST), "8-9"]
    panel.parts[1].operation.setCurrentText("and")
    qtbot.waitUntil(says(panel, "2 runs, 15 LS, "))
    panel.first_run.setText(str(SECOND))
    qtbot.waitUntil(says(panel, "1 run, 10 LS, "))
    panel.first_run.clear()
    mask = tmp_path / "mask.json"
    mask.write_text('{"390001": [[1, 1]], "390002": [[1, 1]]}')
    qtbot.mouseClick(panel.add, Qt.MouseButton.LeftButton)
    name(panel, 2, mask)
    panel.parts[2].operation.setCurrentText("minus")
    qtbot.waitUntil(says(panel, "2 runs, 13 LS, "))
    dialog = panel.ask_where()
    assert dialog is not None
    assert Path(dialog.selectedFiles()[0]).name == f"combined_{FIRST}_{SECOND}.json"
    file = tmp_path / "combined.json"
    dialog.fileSelected.emit(str(file))
    qtbot.waitUntil(file.exists)
    dialog.close()
    assert json.loads(file.read_text()) == {
        str(FIRST): [[2, 2], [6, 7], [10, 10]],
        str(SECOND): [[2, 10]],
    }
    panel.parts[2].remove.click()
    qtbot.waitUntil(says(panel, "2 runs, 15 LS, "))


def test_that_what_can_t_be_read_is_refused_in_place(
    qtbot: QtBot, panel: CombinePanel, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    name(panel, 1, bad)
    qtbot.waitUntil(panel.refusal.isVisible)
    assert str(bad) in panel.refusal.text()
    assert not panel.save.isEnabled()
    assert panel.ask_where() is None
    name(panel, 1, "")
    qtbot.waitUntil(says(panel, "2 runs, 17 LS, "))
    assert not panel.refusal.isVisible()


def test_that_the_first_list_follows_the_place_until_it_is_changed(
    qtbot: QtBot, panel: CombinePanel, lists: tuple[int, int]
) -> None:
    panel.show_golden(lists[1])
    qtbot.waitUntil(says(panel, "2 runs, 15 LS, "))
    name(panel, 0, lists[0])
    qtbot.waitUntil(says(panel, "2 runs, 17 LS, "))
    panel.show_golden(None)
    assert panel.parts[0].choice.source == lists[0]


def test_that_without_a_first_list_the_panel_says_what_to_do_and_a_refusal_stands_alone(
    qtbot: QtBot, panel: CombinePanel, tmp_path: Path
) -> None:
    name(panel, 0, "")
    qtbot.waitUntil(panel.empty.isVisible)
    assert panel.empty.text().startswith("Choose the lists to combine")
    name(panel, 0, tmp_path / "missing.json")
    qtbot.waitUntil(panel.refusal.isVisible)
    assert panel.empty.text() == ""


def test_that_an_empty_result_says_so(
    qtbot: QtBot, panel: CombinePanel, lists: tuple[int, int]
) -> None:
    name(panel, 1, lists[0])
    panel.parts[1].operation.setCurrentText("minus")
    qtbot.waitUntil(lambda: panel.empty.isVisible() and "No lumisection" in panel.empty.text())
