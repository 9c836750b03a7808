"""Comparing lists in the window: figures, runs, the events responsible, and what is saved."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.views.golden.comparing.compare_panel import ComparePanel
from app.views.places import PlaceContext
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT
from tests.views.golden.conftest import set_dt


@pytest.fixture
def lists(season: Database, generate: Callable[[], int]) -> tuple[int, int]:
    """Two lists; between them dt became GOOD in LS 3 and BAD in LS 8-9."""
    old = generate()
    set_dt(season, 3, 3, "GOOD")
    set_dt(season, 8, 9, "BAD")
    return old, generate()


@pytest.fixture
def panel(qtbot: QtBot, context: PlaceContext, lists: tuple[int, int]) -> ComparePanel:
    """The tab of the new list; the old one is still to be named."""
    panel = ComparePanel(context)
    qtbot.addWidget(panel)
    panel.resize(900, 600)
    panel.show()
    panel.show_golden(lists[1])
    qtbot.waitUntil(lambda: panel.old.box.count() == 2)
    return panel


def choose(panel: ComparePanel, id_: int) -> None:
    panel.old.box.activated.emit(panel.old.box.findData(id_))


def line(panel: ComparePanel) -> list[str]:
    item = panel.runs.topLevelItem(0)
    return [item.text(column) for column in range(panel.runs.columnCount())]


def test_that_stored_lists_are_compared_with_the_events_responsible(
    qtbot: QtBot, panel: ComparePanel, lists: tuple[int, int], tmp_path: Path
) -> None:
    assert "Choose a list to compare" in panel.empty.text()
    choose(panel, lists[0])
    qtbot.waitUntil(lambda: panel.summary.text() != "")
    assert panel.summary.text() == (
        "Gained 1 LS in 1 run, 0.3 pb⁻¹; lost 2 LS in 1 run, 0.602 pb⁻¹."
    ) or panel.summary.text().startswith("Gained 1 LS in 1 run, 0.3")
    assert line(panel)[0] == str(FIRST)
    assert line(panel)[2] == "1"
    assert line(panel)[4] == "2"
    assert line(panel)[6:] == ["3", "8-9"]
    qtbot.waitUntil(lambda: len(panel.events.lines()) == 2)
    gained, lost = panel.events.lines()
    assert gained[:5] == [str(FIRST), PROMPT, "dt-dt: BAD → GOOD", EXPERT.email, "dt is GOOD"]
    assert (gained[6], gained[7]) == ("1: 3", "")
    assert (lost[2], lost[7]) == ("dt-dt: GOOD → BAD", "2: 8-9")
    for ask, name in (
        (panel.ask_where_runs, "runs.csv"),
        (panel.ask_where_events, "events.csv"),
    ):
        dialog = ask()
        assert dialog is not None
        file = tmp_path / name
        dialog.fileSelected.emit(str(file))
        qtbot.waitUntil(file.exists)
        dialog.close()
    assert (tmp_path / "runs.csv").read_text().splitlines()[1].startswith(f"{FIRST},1,0.3")
    assert '"""BAD""","""GOOD""",3,' in (tmp_path / "events.csv").read_text()
    with qtbot.waitSignal(panel.run_wanted) as opened_run:
        panel.events.table.itemActivated.emit(panel.events.table.topLevelItem(0), 0)
    assert opened_run.args == [FIRST, PROMPT]


def test_that_old_and_new_change_places(
    qtbot: QtBot, panel: ComparePanel, lists: tuple[int, int]
) -> None:
    choose(panel, lists[0])
    qtbot.waitUntil(lambda: panel.runs.topLevelItemCount() == 1)
    qtbot.mouseClick(panel.swap, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.summary.text().startswith("Gained 2 LS"))
    assert (panel.old.source, panel.new.source) == (lists[1], lists[0])


def test_that_a_file_is_compared_and_its_faults_are_shown(
    qtbot: QtBot, panel: ComparePanel, tmp_path: Path
) -> None:
    mask = tmp_path / "Cert_Golden.json"
    mask.write_text('{"390001": [[6, 10], [1, 6]], "400000": [[1, 2]]}')
    panel.old.line.setText(str(mask))
    panel.old.line.editingFinished.emit()
    qtbot.waitUntil(panel.remarks.isVisible)
    assert str(mask) in panel.remarks.text()
    assert "known which events" in panel.events.words.text()
    rows = [panel.runs.topLevelItem(n) for n in range(panel.runs.topLevelItemCount())]
    texts = {row.text(0): [row.text(n) for n in range(1, 6)] for row in rows}
    assert texts["400000"] == ["run is gone", "0", "0", "2", "unknown"]
    assert "without luminosity" in panel.summary.text()


def test_that_a_list_that_can_t_be_read_is_refused_in_place(
    qtbot: QtBot, panel: ComparePanel, lists: tuple[int, int], tmp_path: Path
) -> None:
    for text, said in ((str(tmp_path / "no.json"), "can't be read"), ("4711", "4711")):
        panel.old.line.setText(text)
        panel.old.line.editingFinished.emit()
        qtbot.waitUntil(lambda said=said: said in panel.empty.text())
    choose(panel, lists[1])
    qtbot.waitUntil(lambda: "same lumisections" in panel.summary.text())
    assert "Nothing differs" in panel.events.words.text()
    panel.old.line.setText("")
    panel.old.line.editingFinished.emit()
    assert "Choose a list to compare" in panel.empty.text()
