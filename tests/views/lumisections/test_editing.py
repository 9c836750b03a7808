"""Editing in the grid with mouse and keyboard, over the real services and a real database."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.domain.editing.edits import ColumnEdit
from app.domain.editing.selection import Selection
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.progress import Progress
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing import bulk as bulk_edit
from app.services.editing import drafts, lumisections
from app.services.editing.bulk import Written
from app.services.history import look as history
from app.services.pulling import runs as pull
from app.views.background import Background
from app.views.focus import give_keys, has_keys
from app.views.grid.grid_layout import Cell
from app.views.history.undo_dialog import UndoDialog
from app.views.looks.theme import Themes
from app.views.lumisections.pane import LumisectionsPane
from app.views.notices import Notices
from tests.builders import NOBODY, a_run
from tests.views.lumisections.conftest import LENGTH, RUN, SHIFTER, Story
from tests.views.workplaces import a_context, a_workplace

ENTER, ESCAPE = Qt.Key.Key_Return, Qt.Key.Key_Escape
GOOD = Triplet("GOOD")


@dataclass(frozen=True)
class Gate:
    """Something has begun in the pool, and waits to go on."""

    begun: threading.Event
    go_on: threading.Event


def type_comment(story: Story, text: str) -> None:
    """What a person types into the line that has the keyboard after B."""
    story.keys(text, story.pane.strip.comment)
    story.press(ENTER, story.pane.strip.comment)


def newest(story: Story) -> int:
    return history.run_history_of(Acting(story.db), RUN).entries[0].action.version


# --- select, set, preview, write, undo ------------------------------------------------------------


def test_that_bad_is_drafted_commented_previewed_written_as_one_version_and_undone(
    story: Story,
) -> None:
    before = newest(story)
    story.drag(("dt-dt", 10), ("tracker-pixel", 12))
    assert "6 cells · 2 rows · 3 LS" in story.pane.cell.text()
    story.keys("b")
    assert story.pane.editor.cells.cells == 6
    assert story.pane.window().focusWidget() is story.pane.strip.comment
    type_comment(story, "HV trip")
    story.previewed()
    preview = story.pane.preview
    assert preview.summary.text().startswith("6 cells change in 2 rows, 3 LS, ")
    lines = [
        [preview.changes.topLevelItem(n).text(column) for column in range(4)]  # type: ignore[union-attr]
        for n in range(preview.changes.topLevelItemCount())
    ]
    assert lines == [
        ["dt-dt", "10-12", "GOOD", "BAD, HV trip"],
        ["tracker-pixel", "10-12", "GOOD", "BAD, HV trip"],
    ]
    assert newest(story) == before
    story.press(ENTER)
    story.until(lambda: not story.pane.editor.cells)
    assert story.stored("tracker-pixel", 11) == Triplet("BAD", "HV trip")
    assert newest(story) > before
    notice = story.window._notices.last
    assert notice is not None
    assert (notice.text, notice.version) == (
        "dt-dt, tracker-pixel BAD in LS 10-12 of run 390001, online: 6 cells.",
        newest(story),
    )
    story.until(lambda: story.pane.grid.snapshot.triplet(story.row("dt-dt"), 10).status == "BAD")  # type: ignore[union-attr]
    story.window._notices.undo_wanted.emit(notice.version)
    dialog = story.window.findChild(UndoDialog)
    assert dialog is not None
    story.until(dialog.submit_button.isEnabled)
    dialog.submit_button.click()
    story.until(lambda: story.stored("dt-dt", 10) == GOOD)
    story.until(lambda: story.pane.grid.snapshot.triplet(story.row("dt-dt"), 10) == GOOD)  # type: ignore[union-attr]


def test_that_bad_without_a_comment_is_refused_before_anything_is_looked_at(story: Story) -> None:
    story.drag(("dt-dt", 10), ("dt-dt", 12))
    story.keys("b")
    story.press(ENTER, story.pane.strip.comment)
    strip = story.pane.strip
    assert strip.message.text() == "BAD needs a comment of at least 3 characters."
    assert strip.message.property("role") == "refusal"
    assert not story.pane.preview.isVisible()
    assert story.pane.editor.cells.cells == 3
    type_comment(story, "off")
    story.previewed()
    assert not strip.message.isVisible()


def test_that_cells_without_a_comment_are_selected_when_one_is_asked_for(story: Story) -> None:
    story.drag(("dt-dt", 10), ("dt-dt", 12))
    story.keys("b")
    story.press(ESCAPE, story.pane.strip.comment)
    story.drag(("csc-csc", 40), ("csc-csc", 41))
    story.keys("s")
    story.press(ENTER)
    assert story.pane.grid.selection() == (("dt-dt",), ((10, 12),))


@pytest.mark.parametrize(
    ("key", "status"),
    [("g", "GOOD"), ("s", "STANDBY"), ("x", "EXCLUDED"), ("n", "NOTSET")],
)
def test_that_every_status_has_a_key(story: Story, key: str, status: str) -> None:
    story.drag(("dt-dt", 5), ("dt-dt", 6))
    story.keys(key)
    assert story.pane.editor.cells.value("dt-dt", 5) == Triplet(status)
    assert story.pane.window().focusWidget() is story.pane.grid


def test_that_comment_and_cause_are_given_once_for_the_whole_selection(story: Story) -> None:
    story.drag(("csc-csc", 5), ("dt-dt", 9))
    story.keys("s")
    story.keys("c")
    story.keys("ramping", story.pane.strip.comment)
    story.press(Qt.Key.Key_Tab, story.pane.strip.comment)
    story.keys("hv", story.pane.strip.cause)
    story.press(ENTER, story.pane.strip.cause)
    cells = story.pane.editor.cells
    assert {cells.value(key, n) for key in ("csc-csc", "dt-dt") for n in range(5, 10)} == {
        Triplet("STANDBY", "ramping", "hv")
    }
    story.previewed()


def test_that_a_comment_alone_keeps_the_status(story: Story) -> None:
    story.drag(("tracker-pixel", 18), ("tracker-pixel", 21))
    story.keys("c")
    type_comment(story, "looked at")
    cells = story.pane.editor.cells
    assert cells.value("tracker-pixel", 18) == Triplet("GOOD", "looked at")
    assert cells.value("tracker-pixel", 20) == Triplet("BAD", "looked at")


def test_that_a_comment_typed_first_goes_with_the_status(story: Story) -> None:
    story.drag(("dt-dt", 5), ("dt-dt", 6))
    story.keys("c")
    story.keys("noise", story.pane.strip.comment)
    story.pane.strip.statuses["BAD"].click()
    assert story.pane.editor.cells.value("dt-dt", 5) == Triplet("BAD", "noise")


def test_that_comments_of_the_person_and_of_the_dataset_are_offered(story: Story) -> None:
    story.another_writes("csc-csc", 1, 1, Triplet("STANDBY", "ramp of the shifter", "hv"))
    story.drag(("dt-dt", 5), ("dt-dt", 6))
    story.keys("b")
    type_comment(story, "HV trip")
    story.previewed()
    story.press(ENTER)
    comment = story.pane.strip.comment
    story.until(lambda: comment.offered()[:1] == ["HV trip"])
    story.until(lambda: "ramp of the shifter" in comment.offered())
    assert story.pane.strip.cause.offered() == ["hv"]


def test_that_dcs_bits_become_false_with_a_comment(story: Story) -> None:
    story.drag(("dt0_ready", 30), ("dt0_ready", 33))
    assert story.pane.strip.bits[False].isVisible()
    assert not story.pane.strip.statuses["BAD"].isEnabled()
    story.keys("b")
    assert story.pane.window().focusWidget() is story.pane.strip.comment
    type_comment(story, "seen on the monitor")
    story.previewed()
    assert "dt0_ready" in story.pane.preview.changes.topLevelItem(0).text(0)  # type: ignore[union-attr]
    story.press(ENTER)
    story.until(lambda: not story.pane.editor.cells)
    oms = lumisections.dataset_state(Acting(story.db), RUN, "online").oms
    assert [oms.value("dt0_ready", n) for n in (29, 30, 33, 34)] == [True, False, False, True]
    assert "seen on the monitor" in history.version_of(Acting(story.db), newest(story)).comment


def test_that_columns_are_set_where_a_bit_is_false(story: Story) -> None:
    grid = story.pane.grid
    grid.focus(grid.cell_at(story.place("dt-dt", 1)))  # type: ignore[arg-type]
    story.press(Qt.Key.Key_Space, modifier=Qt.KeyboardModifier.ShiftModifier)
    steps = story.row("bpix_ready") - story.row("dt-dt")
    for _ in range(steps):
        story.press(Qt.Key.Key_Down, modifier=Qt.KeyboardModifier.ControlModifier)
    story.keys("d")
    assert grid.selection() == (("dt-dt",), ((20, 25),))


def test_that_typed_lumisections_are_selected_in_the_rows_of_the_selection(story: Story) -> None:
    story.drag(("csc-csc", 1), ("dt-dt", 1))
    story.keys("l")
    story.keys("12-40, 55", story.pane.ranges)
    story.press(ENTER, story.pane.ranges)
    assert story.pane.grid.selection() == (("csc-csc", "dt-dt"), ((12, 40), (55, 55)))
    assert story.pane.window().focusWidget() is story.pane.grid
    story.pane.ranges.select_ranges("40-12")
    assert "greater" in story.pane.strip.message.text()
    assert story.pane.grid.selection()[1] == ((12, 40), (55, 55))


def test_that_the_menu_of_the_grid_selects_and_sets(story: Story) -> None:
    story.drag(("dt-dt", 3), ("dt-dt", 4))
    story.pane.grid.customContextMenuRequested.emit(story.place("dt-dt", 3))
    menu = story.pane.findChild(QMenu)
    assert menu is not None
    actions: dict[str, QAction] = {each.text().split("\t")[0]: each for each in menu.actions()}
    assert actions["Set STANDBY"].isEnabled()
    assert not actions["Make DCS bits true"].isEnabled()
    actions["Set STANDBY"].trigger()
    menu.close()
    assert story.pane.editor.cells.value("dt-dt", 4) == Triplet("STANDBY")


# --- what may not be edited -----------------------------------------------------------------------


def test_that_what_may_not_be_edited_says_why_and_nothing_is_drafted(
    open_story: Callable[[Actor], Story],
) -> None:
    story = open_story(NOBODY)
    story.drag(("dt-dt", 3), ("dt-dt", 4))
    story.keys("g")
    text = story.pane.strip.message.text()
    assert "dt-dt" in text
    assert "shifters" in text
    assert not story.pane.editor.cells


def test_that_a_run_that_is_signed_off_meanwhile_can_no_longer_be_drafted(story: Story) -> None:
    story.drag(("dt-dt", 3), ("dt-dt", 4))
    story.keys("g")
    runs.move(Acting(story.db, story.actor), RUN, "SIGNOFF")
    story.until(lambda: "SIGNOFF" in story.window.online.shown_details.state.text())
    story.until(lambda: not story.pane.bar.loading)
    assert story.pane.editor.cells.cells == 2
    story.press(ENTER)
    story.previewed()
    preview = story.pane.preview
    assert "must be OPEN" in preview.refusal.text()
    assert preview.summary.text().startswith("Nothing can be written now; the draft stays.")
    assert not preview.write_button.isEnabled()
    story.press(ESCAPE)
    story.keys("s")
    assert "must be OPEN" in story.pane.strip.message.text()


def test_that_rows_that_may_be_edited_are_drafted_and_the_others_named(story: Story) -> None:
    story.drag(("tracker-strip", 3), ("physics_flag", 4))
    story.pane.grid.choose(Selection.of(["dt0_ready", "physics_flag"], [(3, 4)], LENGTH))
    story.keys("b")
    assert "physics_flag" in story.pane.strip.message.text()
    assert story.pane.editor.cells.cells == 2
    assert story.pane.editor.cells.value("dt0_ready", 3) is False


# --- drafts ---------------------------------------------------------------------------------------


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


# --- others ---------------------------------------------------------------------------------------


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
    type_comment(story, "HV trip")
    story.previewed()
    grid, editor = story.pane.grid, story.pane.editor
    longer = a_run(RUN, LENGTH + 4, last_update="2025-05-01T15:00:00Z")
    pull.apply(Acting(story.db), longer)
    story.until(lambda: grid.snapshot is not None and grid.snapshot.length == LENGTH + 4)
    assert grid.selection() == (("dt-dt",), (LumiRange(3, 5),))
    assert editor.cells.cells == 3
    assert editor.shown(grid.chosen) == {Triplet("BAD", "HV trip")}
    story.previewed()


def conflict(story: Story) -> None:
    """Two people at the same cells, and one beside them."""
    story.drag(("dt-dt", 10), ("dt-dt", 20))
    story.keys("b")
    story.keys("HV trip", story.pane.strip.comment)
    story.press(Qt.Key.Key_Tab, story.pane.strip.comment)
    story.another_writes("dt-dt", 12, 14, Triplet("STANDBY", "ramp"))
    story.another_writes("dt-dt", 18, 18, Triplet("EXCLUDED", "not in"))
    story.until(lambda: "changed meanwhile" in story.pane.strip.message.text())
    story.until(lambda: not story.pane.bar.loading)
    story.press(ENTER)
    story.previewed()


def test_that_both_values_are_shown_and_chosen_range_by_range(story: Story) -> None:
    conflict(story)
    view, preview = story.pane.preview.conflicts, story.pane.preview
    lines = [
        [view.list.topLevelItem(n).text(column) for column in range(3)]  # type: ignore[union-attr]
        for n in range(view.list.topLevelItemCount())
    ]
    assert sorted(lines) == [
        ["dt-dt, LS 12-14", f"STANDBY, ramp · {SHIFTER.email}", "BAD, HV trip"],
        ["dt-dt, LS 18", f"EXCLUDED, not in · {SHIFTER.email}", "BAD, HV trip"],
    ]
    assert not preview.write_button.isEnabled()
    first = next(n for n, line in enumerate(lines) if "18" not in line[0])
    view.list.setCurrentItem(view.list.topLevelItem(first))  # type: ignore[arg-type]
    story.press(Qt.Key.Key_Left, view.list)
    view.list.setCurrentItem(view.list.topLevelItem(1 - first))  # type: ignore[arg-type]
    story.press(Qt.Key.Key_Right, view.list)
    assert preview.write_button.isEnabled()
    story.press(ENTER)
    story.until(lambda: not story.pane.editor.cells)
    assert [story.stored("dt-dt", n).status for n in (11, 12, 14, 15, 18, 20)] == [
        "BAD",
        "STANDBY",
        "STANDBY",
        "BAD",
        "BAD",
        "BAD",
    ]


def test_that_keeping_theirs_everywhere_can_leave_nothing_to_write(story: Story) -> None:
    story.drag(("dt-dt", 10), ("dt-dt", 11))
    story.keys("s")
    story.another_writes("dt-dt", 10, 11, Triplet("EXCLUDED", "not in"))
    story.until(lambda: "changed meanwhile" in story.pane.strip.message.text())
    before = newest(story)
    story.press(ENTER)
    story.previewed()
    story.pane.preview.conflicts.all_theirs.click()
    story.press(ENTER)
    assert not story.pane.editor.cells
    assert "others' values stay" in story.pane.strip.message.text()
    assert newest(story) == before


def test_that_a_change_between_preview_and_writing_is_noticed_too(story: Story) -> None:
    story.drag(("dt-dt", 10), ("dt-dt", 11))
    story.keys("s")
    story.press(ENTER)
    story.previewed()
    story.window._news.stop()
    story.pane.grid.blockSignals(True)
    story.another_writes("dt-dt", 10, 10, Triplet("EXCLUDED", "not in"))
    story.pane.preview.write()
    story.until(story.pane.preview.conflicts.isVisible)
    assert story.stored("dt-dt", 10) == Triplet("EXCLUDED", "not in")
    assert story.stored("dt-dt", 11) == GOOD
    story.pane.grid.blockSignals(False)


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


def test_that_what_the_person_saw_arrive_is_no_conflict(story: Story) -> None:
    story.another_writes("dt-dt", 10, 10, Triplet("EXCLUDED", "not in"))
    story.until(lambda: bool(story.pane.grid.flashing))
    story.drag(("csc-csc", 10), ("csc-csc", 11))
    story.keys("s")
    story.another_writes("dt-dt", 11, 11, Triplet("EXCLUDED", "not in"))
    story.until(lambda: story.pane.grid.snapshot.triplet(story.row("dt-dt"), 11).comment != "")  # type: ignore[union-attr]
    story.drag(("dt-dt", 10), ("dt-dt", 11))
    story.keys("s")
    story.press(ENTER)
    story.previewed()
    assert not story.pane.preview.conflicts.isVisible()
    assert story.pane.preview.write_button.isEnabled()


def test_that_a_comment_taken_from_the_list_is_drafted(story: Story) -> None:
    story.another_writes("csc-csc", 1, 1, Triplet("STANDBY", "ramp of the shifter"))
    comment = story.pane.strip.comment
    story.until(lambda: "ramp of the shifter" in comment.offered())
    story.drag(("dt-dt", 5), ("dt-dt", 6))
    story.keys("b")
    story.press(Qt.Key.Key_Down, comment)
    popup = comment.completer().popup()
    assert popup.isVisible()
    story.press(Qt.Key.Key_Down, popup)
    story.press(ENTER, popup)
    assert story.pane.editor.cells.value("dt-dt", 5) == Triplet("BAD", "ramp of the shifter")


def test_that_a_comment_is_kept_while_it_is_typed(story: Story) -> None:
    story.drag(("dt-dt", 5), ("dt-dt", 6))
    story.keys("b")
    story.keys("HV trip of ", story.pane.strip.comment)
    story.until(lambda: story.pane.editor.cells.value("dt-dt", 5) == Triplet("BAD", "HV trip of"))
    assert story.pane.strip.comment.text() == "HV trip of "
    assert story.pane.strip.comment.cursorPosition() == 11
    story.keys("wheel 0", story.pane.strip.comment)
    story.until(
        lambda: story.pane.editor.cells.value("dt-dt", 6) == Triplet("BAD", "HV trip of wheel 0")
    )


def test_that_what_is_said_moves_no_cell(story: Story) -> None:
    before = story.pane.grid.mapTo(story.window, story.place("dt-dt", 5))
    story.keys("l")
    story.keys("no range", story.pane.ranges)
    story.press(ENTER, story.pane.ranges)
    assert story.pane.strip.message.isVisible()
    story.qtbot.waitUntil(lambda: story.pane.strip.below.height() > 0)
    assert story.pane.grid.mapTo(story.window, story.place("dt-dt", 5)) == before


def test_that_an_offline_dataset_is_edited_in_the_same_way(story: Story) -> None:
    prompt = "/PromptReco/Collisions2025A/DQM"
    bulk_edit.write(
        Acting(story.db, story.actor),
        [ColumnEdit(RUN, "online", "tracker-pixel", (LumiRange(1, LENGTH),), GOOD)],
    )
    runs.move(Acting(story.db, story.actor), RUN, "SIGNOFF")
    story.window.show_run(RUN, prompt)
    pane = story.window.offline.shown_details.lumisections
    story.until(lambda: pane.grid.snapshot is not None)
    assert pane.grid.snapshot is not None
    dt = pane.grid.snapshot.keys.index("dt-dt")
    pane.grid.select(Cell(dt, 10), Cell(dt, 12))
    story.keys("x", pane.grid)
    assert "waiting dqm gui" in pane.strip.message.text()
    datasets.move(Acting(story.db, story.actor), [(RUN, prompt)], "global", "OPEN")
    story.until(lambda: pane.editor.refusal(pane.chosen()) == "")
    story.keys("x", pane.grid)
    story.press(ENTER, pane.grid)
    story.until(pane.preview.write_button.isEnabled)
    assert pane.preview.golden.text().startswith("Golden rule: ")
    story.press(ENTER, pane.grid)
    story.until(lambda: not pane.editor.cells)
    assert story.stored("dt-dt", 11, prompt) == Triplet("EXCLUDED")
    assert story.stored("dt-dt", 11) == GOOD


# --- the keyboard ---------------------------------------------------------------------------------


def test_that_a_closed_preview_gives_the_keyboard_back_to_its_grid_only(story: Story) -> None:
    preview, places = story.pane.preview, story.window.places
    story.keys("x")
    story.press(ENTER)
    story.previewed()
    assert has_keys(story.pane.grid)
    give_keys(preview.changes)
    story.press(ESCAPE, preview.changes)
    assert not preview.isVisible()
    assert has_keys(story.pane.grid)
    story.press(ENTER)
    story.previewed()
    give_keys(places)
    preview.close_preview()
    assert has_keys(places)


def test_that_what_is_written_leaves_the_keyboard_where_the_person_went(story: Story) -> None:
    story.keys("x")
    story.press(ENTER)
    story.previewed()
    story.press(ENTER)
    give_keys(story.window.places)
    story.until(lambda: not story.pane.editor.cells)
    assert has_keys(story.window.places)


def test_that_a_button_that_wrote_gives_the_keyboard_back_to_the_grid(story: Story) -> None:
    story.keys("x")
    story.press(ENTER)
    story.previewed()
    give_keys(story.pane.preview.write_button)
    story.press(Qt.Key.Key_Space, story.pane.preview.write_button)
    story.until(lambda: not story.pane.editor.cells)
    assert has_keys(story.pane.grid)


def test_that_status_keys_in_the_preview_draft_nothing(story: Story) -> None:
    story.drag(("dt-dt", 3), ("dt-dt", 4))
    story.keys("x")
    story.press(ENTER)
    story.previewed()
    give_keys(story.pane.preview.changes)
    before = story.pane.editor.cells
    for widget in (story.pane.preview, story.pane.preview.changes, story.pane.strip.preview):
        story.keys("gsn", widget)
    assert story.pane.editor.cells == before


def test_that_news_leave_the_keyboard_in_the_preview(story: Story) -> None:
    preview = story.pane.preview
    story.drag(("dt-dt", 10), ("dt-dt", 11))
    story.keys("x")
    story.press(ENTER)
    story.previewed()
    give_keys(preview.write_button)
    story.another_writes("dt-dt", 10, 10, Triplet("STANDBY", "ramp"))
    story.until(lambda: preview.conflicts.open_ones == 1)
    assert has_keys(preview)
    story.keys("gsn", preview)
    assert story.pane.editor.cells.cells == 2
