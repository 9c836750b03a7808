"""Setting cells in the grid with mouse and keyboard, over the real services and a real database."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.domain.editing.edits import ColumnEdit
from app.domain.editing.selection import Selection
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing import bulk as bulk_edit
from app.services.editing import lumisections
from app.services.history import look as history
from app.views.background import Background
from app.views.grid.grid_layout import Cell
from app.views.history.undo_dialog import UndoDialog
from app.views.looks.theme import Themes
from app.views.lumisections.editing.preview_pane import PreviewPane
from app.views.rights import READ_ONLY
from tests.builders import EXPERT, NOBODY
from tests.views.lumisections.conftest import LENGTH, RUN, Story

ENTER, ESCAPE = Qt.Key.Key_Return, Qt.Key.Key_Escape
GOOD = Triplet("GOOD")


def test_that_bad_is_drafted_commented_previewed_written_as_one_version_and_undone(
    story: Story,
) -> None:
    before = story.newest()
    story.drag(("dt-dt", 10), ("tracker-pixel", 12))
    assert "6 cells · 2 rows · 3 LS" in story.pane.cell.text()
    story.keys("b")
    assert story.pane.editor.cells.cells == 6
    assert story.pane.window().focusWidget() is story.pane.strip.comment
    story.type_comment("HV trip")
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
    assert story.newest() == before
    story.press(ENTER)
    story.until(lambda: not story.pane.editor.cells)
    assert story.stored("tracker-pixel", 11) == Triplet("BAD", "HV trip")
    assert story.newest() > before
    notice = story.window.notices.last
    assert notice is not None
    assert (notice.text, notice.version) == (
        "dt-dt, tracker-pixel BAD in LS 10-12 of run 390001, online: 6 cells.",
        story.newest(),
    )
    story.until(lambda: story.pane.grid.snapshot.triplet(story.row("dt-dt"), 10).status == "BAD")  # type: ignore[union-attr]
    story.window.notices.undo_wanted.emit(notice.version)
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
    story.type_comment("off")
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
    story.type_comment("looked at")
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
    story.type_comment("HV trip")
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
    story.type_comment("seen on the monitor")
    story.previewed()
    assert "dt0_ready" in story.pane.preview.changes.topLevelItem(0).text(0)  # type: ignore[union-attr]
    story.press(ENTER)
    story.until(lambda: not story.pane.editor.cells)
    oms = lumisections.dataset_state(Acting(story.db), RUN, "online").oms
    assert [oms.value("dt0_ready", n) for n in (29, 30, 33, 34)] == [True, False, False, True]
    assert "seen on the monitor" in history.version_of(Acting(story.db), story.newest()).comment


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
    story.until(lambda: "SIGNOFF" in story.window.online.shown_details.line.state.text())
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


def test_that_a_preview_over_a_read_only_connection_says_that_nothing_is_written(
    qtbot: QtBot, dsn: str, background: Background, themes: Themes
) -> None:
    joined = "&" if "?" in dsn else "?"
    database = Database(f"{dsn}{joined}options=-c%20default_transaction_read_only%3Don")
    database.prepare()
    try:
        preview = PreviewPane(Acting(database, EXPERT), background, themes)
        qtbot.addWidget(preview)
        edit = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(1, 2),), Triplet("BAD", "HV trip"))
        preview.look([edit], "", {})
        qtbot.waitUntil(lambda: preview.summary.text().startswith("2 cells change"))
        assert preview.confirm([edit])
        assert preview.refusal.text() == READ_ONLY
    finally:
        database.close()
