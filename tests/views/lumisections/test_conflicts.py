"""Two people at the same cells."""

from PySide6.QtCore import Qt

from app.domain.triplets import Triplet
from tests.views.lumisections.conftest import SHIFTER, Story

ENTER = Qt.Key.Key_Return
GOOD = Triplet("GOOD")


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
    before = story.newest()
    story.press(ENTER)
    story.previewed()
    story.pane.preview.conflicts.all_theirs.click()
    story.press(ENTER)
    assert not story.pane.editor.cells
    assert "others' values stay" in story.pane.strip.message.text()
    assert story.newest() == before


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
