"""Where the keyboard goes while cells are edited, and what it does there."""

from PySide6.QtCore import Qt

from app.domain.triplets import Triplet
from app.views.focus import give_keys, has_keys
from tests.views.lumisections.conftest import Story

ENTER, ESCAPE = Qt.Key.Key_Return, Qt.Key.Key_Escape


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
