"""What is drafted is kept, taken back, left out, and stays whatever others write."""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from pytestqt.qtbot import QtBot

from app.domain.lumisections import LumiRange
from app.domain.progress import Progress
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import bulk as bulk_edit
from app.services.editing import drafts, lumisections
from app.services.editing.bulk import Written
from app.services.pulling import runs as pull
from app.views.background import Background
from app.views.grid.grid_layout import Cell
from app.views.looks.theme import Themes
from app.views.lumisections.pane import LumisectionsPane
from app.views.notices import Notices
from tests.builders import a_run
from tests.views.lumisections.conftest import LENGTH, RUN, Story
from tests.views.workplaces import a_context, a_workplace

ENTER, ESCAPE = Qt.Key.Key_Return, Qt.Key.Key_Escape
GOOD = Triplet("GOOD")


def test_that_a_draft_is_kept_as_it_is_made_and_gone_when_it_is_written(story: Story) -> None:
    story.drag(("dt-dt", 3), ("dt-dt", 4))
    story.keys("s")
    story.until(lambda: story.window.drafts.is_kept)
    (offer,) = drafts.offered(story.workplace.acting)
    assert offer.draft.edits == story.pane.editor.edits
    story.press(ENTER)
    story.previewed()
    story.press(ENTER)
    story.until(lambda: not story.pane.editor.cells and story.window.drafts.is_kept)
    assert drafts.offered(story.workplace.acting) == ()


def test_that_escape_drops_the_draft_and_it_can_be_brought_back(story: Story) -> None:
    story.drag(("dt-dt", 3), ("dt-dt", 4))
    story.keys("s")
    story.press(ESCAPE)
    assert not story.pane.editor.cells
    assert story.pane.strip.message.text() == "Dropped the draft of 2 cells."
    story.pane.strip.bring_back.click()
    assert story.pane.editor.cells.value("dt-dt", 3) == Triplet("STANDBY")
    assert not story.pane.strip.bring_back.isVisible()
    assert not story.pane.strip.message.isVisible()


def test_that_z_takes_the_last_step_of_the_draft_back(story: Story) -> None:
    story.drag(("dt-dt", 3), ("dt-dt", 4))
    story.keys("s")
    story.drag(("csc-csc", 3), ("csc-csc", 4))
    story.keys("x")
    story.keys("z")
    assert story.pane.editor.cells.rows.keys() == {"dt-dt"}
    story.keys("z")
    assert not story.pane.editor.cells
    story.until(lambda: story.window.drafts.is_kept)
    assert drafts.offered(story.workplace.acting) == ()


def test_that_cells_can_be_left_out_of_the_draft(story: Story) -> None:
    story.drag(("dt-dt", 3), ("dt-dt", 9))
    story.keys("s")
    story.drag(("dt-dt", 5), ("dt-dt", 6))
    story.press(Qt.Key.Key_Delete)
    assert (np.flatnonzero(story.pane.editor.cells.rows["dt-dt"]) + 1).tolist() == [3, 4, 7, 8, 9]


def test_that_two_views_of_a_dataset_have_one_draft(story: Story) -> None:
    online = story.window.online
    online.tabs.setCurrentIndex(0)
    story.until(lambda: online.table.model.rowCount() > 0)
    online.details.show_run(RUN)
    below = online.details.lumisections
    story.until(lambda: below.grid.snapshot is not None)
    below.grid.select(below.grid.focus_cell, below.grid.focus_cell)  # type: ignore[arg-type]
    below.editing.set_status("STANDBY")
    online.tabs.setCurrentIndex(1)
    assert story.pane is not below
    assert story.pane.editor.cells == below.editor.cells
    assert story.pane.editor.cells.cells == 1


def test_that_what_another_writes_appears_lit_up_and_moves_nothing(story: Story) -> None:
    grid = story.pane.grid
    grid.zoom(4)
    grid.horizontalScrollBar().setValue(300)
    story.pane.ranges.select_ranges("20-22")
    before = (grid.chosen, grid.horizontalScrollBar().value(), grid.pixels_per_lumisection)
    story.another_writes("csc-csc", 12, 14, Triplet("STANDBY", "ramp"))
    story.until(lambda: bool(grid.flashing))
    assert {key: np.flatnonzero(mask).tolist() for key, mask in grid.flashing.rows.items()} == {
        "csc-csc": [11, 12, 13]
    }
    assert grid.snapshot is not None
    assert grid.snapshot.triplet(story.row("csc-csc"), 12) == Triplet("STANDBY", "ramp")
    assert (grid.chosen, grid.horizontalScrollBar().value(), grid.pixels_per_lumisection) == before
    story.until(lambda: not grid.flashing)


def test_that_a_draft_and_its_cells_stay_while_the_run_grows(story: Story) -> None:
    story.drag(("dt-dt", 3), ("dt-dt", 5))
    story.keys("b")
    story.type_comment("HV trip")
    story.previewed()
    grid, editor = story.pane.grid, story.pane.editor
    longer = a_run(RUN, LENGTH + 4, last_update="2025-05-01T15:00:00Z")
    pull.apply(Acting(story.db), longer)
    story.until(lambda: grid.snapshot is not None and grid.snapshot.length == LENGTH + 4)
    assert grid.selection() == (("dt-dt",), (LumiRange(3, 5),))
    assert editor.cells.cells == 3
    assert editor.shown(grid.chosen) == {Triplet("BAD", "HV trip")}
    story.previewed()


@dataclass(frozen=True)
class Gate:
    """Something has begun in the pool, and waits to go on."""

    begun: threading.Event
    go_on: threading.Event


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Every write waits for the test."""
    gate = Gate(threading.Event(), threading.Event())
    write = bulk_edit.write

    def write_late(*given: Any, progress: Progress, **rest: Any) -> Written:
        gate.begun.set()
        assert gate.go_on.wait(20)
        return write(*given, **rest)

    monkeypatch.setattr(bulk_edit, "write", write_late)
    return gate


def test_that_what_is_drafted_while_the_rest_is_written_stays_drafted(
    story: Story, gate: Gate
) -> None:
    story.drag(("dt-dt", 3), ("dt-dt", 6))
    story.keys("s")
    story.press(ENTER)
    story.previewed()
    story.press(ENTER)
    story.until(gate.begun.is_set)
    story.drag(("dt-dt", 6), ("dt-dt", 7))
    story.keys("x")
    gate.go_on.set()
    story.until(lambda: not story.pane.preview.is_writing)
    assert [story.stored("dt-dt", n).status for n in (3, 6, 7)] == ["STANDBY", "STANDBY", "GOOD"]
    cells = story.pane.editor.cells
    assert cells.rows.keys() == {"dt-dt"}
    assert [cells.value("dt-dt", n) for n in (5, 6, 7)] == [
        None,
        Triplet("EXCLUDED"),
        Triplet("EXCLUDED"),
    ]
    draft = story.window.drafts.find((RUN, "online"))
    assert draft is not None
    assert draft.edits == story.pane.editor.edits


def test_that_a_write_that_ends_after_another_dataset_was_opened_empties_its_own_draft_only(
    qtbot: QtBot,
    database: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
    gate: Gate,
) -> None:
    pull.apply(Acting(database), a_run(RUN + 1, LENGTH))
    context = a_context(a_workplace(database), background, notices, themes, remembered)
    pane = LumisectionsPane(context)
    qtbot.addWidget(pane)
    pane.show()

    def draft(run_number: int, status: str) -> None:
        pane.show_run(run_number, ["online"], "online", ())
        qtbot.waitUntil(lambda: pane.editor.key == (run_number, "online"))
        assert pane.grid.snapshot is not None
        cell = Cell(pane.grid.snapshot.keys.index("dt-dt"), 3)
        pane.grid.select(cell, cell)
        pane.editing.set_status(status)

    draft(RUN, "STANDBY")
    pane.editing.look_before_writing()
    qtbot.waitUntil(pane.preview.write_button.isEnabled)
    pane.preview.write()
    qtbot.waitUntil(gate.begun.is_set)
    draft(RUN + 1, "EXCLUDED")
    assert not pane.preview.isVisible()
    gate.go_on.set()
    qtbot.waitUntil(lambda: not pane.preview.is_writing)
    rr = lumisections.dataset_state(Acting(database), RUN, "online").rr
    assert rr.value("dt-dt", 3) == Triplet("STANDBY")
    assert context.drafts.find((RUN, "online")) is None
    assert pane.editor.cells.value("dt-dt", 3) == Triplet("EXCLUDED")
    qtbot.waitUntil(lambda: context.drafts.is_kept and not background.busy)
