"""The workbench in the whole window: from a run to its answer, from a list to its runs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.views.frame.main_window import MainWindow
from app.views.golden.explaining.losses_panel import LossesPanel
from app.views.golden.explaining.why_dialog import WhyDialog
from app.views.grid.grid_layout import Cell
from app.views.places import PlaceContext
from tests.services.golden.test_luminosity import written
from tests.services.offline_runs import FIRST, PROMPT
from tests.views.golden.conftest import RULE
from tests.views.workplaces import a_window


@pytest.fixture
def window(
    qtbot: QtBot, context: PlaceContext, generate: Callable[[], int]
) -> Iterator[MainWindow]:
    """The window on a database with one list."""
    generate()
    window = a_window(context)
    qtbot.addWidget(window)
    window.stop_wanted.connect(window.stopped)
    window.show()
    qtbot.waitUntil(lambda: not context.background.busy)
    yield window
    window.close()


def test_that_a_cell_of_the_grid_leads_to_its_answer(qtbot: QtBot, window: MainWindow) -> None:
    window.show_run(FIRST, PROMPT)
    grid = window.offline.shown_details.lumisections.grid
    qtbot.waitUntil(lambda: grid.snapshot is not None)
    grid.focus(Cell(grid.snapshot.keys.index("bpix_ready"), 4))
    window.actions_["run.why"].trigger()
    (dialog,) = window.findChildren(WhyDialog)
    qtbot.waitUntil(lambda: f"LS 4 of {PROMPT}" in dialog.pane.verdict.text())
    with qtbot.waitSignal(dialog.run_wanted):
        dialog.pane.look.click()
    dialog.close()
    assert window.place == "offline"


def test_that_a_loss_leads_to_the_run(qtbot: QtBot, window: MainWindow) -> None:
    window.go_to("golden")
    panel = next(each for each in window.golden.panels if isinstance(each, LossesPanel))
    window.golden.tabs.setCurrentWidget(panel)
    qtbot.waitUntil(lambda: panel.runs.topLevelItemCount() == 1)
    panel.runs.itemActivated.emit(panel.runs.topLevelItem(0), 0)
    assert window.place == "offline"
    details = window.offline.shown_details
    assert (details.run_number, details.dataset) == (FIRST, PROMPT)


def test_that_imported_luminosity_can_be_undone_from_its_notice(
    qtbot: QtBot, window: MainWindow, context: PlaceContext, tmp_path: Path
) -> None:
    dialog = window.all_actions.workbench.import_luminosity()
    dialog.preview(written(tmp_path, {(FIRST, ls): (6e5, 5e5) for ls in range(1, 11)}))
    qtbot.waitUntil(dialog.write.isEnabled)
    dialog.write.click()
    qtbot.waitUntil(
        lambda: context.notices.last is not None and context.notices.last.version is not None
    )
    assert context.notices.last.text == "Imported luminosity of 10 LS in 1 run."
    qtbot.waitUntil(lambda: not context.background.busy)
    assert window.online.table.model.rowCount() == 2


def test_that_the_palette_leads_to_the_lists(qtbot: QtBot, window: MainWindow) -> None:
    palette = window.open_palette()
    qtbot.keyClicks(palette.line, "golden show")
    assert palette.list.count() == 1
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.place == "golden"
    qtbot.waitUntil(lambda: window.golden.entries.model.rowCount() == 1)


def test_that_generating_leads_to_the_result(qtbot: QtBot, window: MainWindow) -> None:
    assert window.generate() is None  # the datasets aren't chosen yet
    window.golden.bench.show_list(PROMPT, RULE)
    qtbot.waitUntil(lambda: window.golden.bench.source == RULE)
    dialog = window.generate()
    assert dialog is not None
    with qtbot.waitSignal(dialog.generated) as generated:
        dialog.submit()
    assert generated.args is not None
    ((id_,),) = generated.args
    assert window.place == "golden"
    qtbot.waitUntil(lambda: window.golden.result.result is not None)
    qtbot.waitUntil(lambda: window.golden.result.title.text() == f"Golden JSON {id_}")
