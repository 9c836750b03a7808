"""Drafts of clients that are gone, other clients at work, and what is shown without a server."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import drafts, presence
from app.services.pulling import runs as pull
from app.views.background import Outage
from tests.builders import EXPERT, a_run
from tests.views.lumisections.conftest import LENGTH, RUN, SHIFTER, Story

KEY = (RUN, "online")
PROGRAM = Path(__file__).with_name("another_client.py")
ENTER = Qt.Key.Key_Return


def another_process(what: str, dsn: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROGRAM), what, dsn, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def buttons(story: Story) -> dict[str, QPushButton]:
    return {each.text(): each for each in story.window.front.drafts.findChildren(QPushButton)}


@pytest.fixture
def killed(database: Database, dsn: str, tmp_path: Path) -> Database:
    """A client drafted edits of the run and was killed."""
    ended = another_process("draft", dsn, tmp_path / "drafts")
    assert ended.stdout == "drafted\n", ended.stderr
    assert ended.returncode == -signal.SIGKILL
    return database


# --- drafts of clients that are gone --------------------------------------------------------------


@pytest.mark.parametrize("left", ["both", "file", "database"])
def test_that_the_draft_of_a_killed_client_is_there_when_its_dataset_is_opened(
    killed: Database, open_story: Callable[..., Story], tmp_path: Path, left: str
) -> None:
    if left == "file":
        with killed.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM desk.draft")
    elif left == "database":
        for path in (tmp_path / "drafts").iterdir():
            path.unlink()
    story = open_story(EXPERT)
    story.until(lambda: bool(story.pane.editor.cells))
    assert story.pane.editor.cells.value("dt-dt", 12) == Triplet("BAD", "HV trip")
    assert not story.window.front.drafts.isVisible()
    story.press(ENTER)
    story.previewed()
    story.press(ENTER)
    story.until(lambda: not story.pane.editor.cells)
    assert story.stored("dt-dt", 14) == Triplet("BAD", "HV trip")


def test_that_a_draft_is_offered_at_the_start_and_opened_from_there(
    killed: Database, open_story: Callable[..., Story]
) -> None:
    story = open_story(EXPERT, show=False)
    story.until(story.window.front.drafts.isVisible)
    buttons(story)["Open"].click()
    story.until(lambda: story.window.online.shown_details.run_number == RUN)
    story.until(lambda: bool(story.pane.editor.cells))
    assert not story.window.front.drafts.isVisible()


def test_that_an_offered_draft_that_is_dropped_is_gone_for_good(
    killed: Database, open_story: Callable[..., Story], tmp_path: Path
) -> None:
    story = open_story(EXPERT, show=False)
    story.until(story.window.front.drafts.isVisible)
    buttons(story)["Drop"].click()
    story.until(lambda: story.window.drafts.is_kept)
    assert not story.window.front.drafts.isVisible()
    assert drafts.offered(Acting(killed, EXPERT, draft_folder=tmp_path / "drafts")) == ()


def test_that_an_offer_says_what_was_changed_meanwhile_and_both_values_are_shown(
    killed: Database, open_story: Callable[..., Story]
) -> None:
    story = open_story(SHIFTER)
    story.drag(("dt-dt", 12), ("dt-dt", 12))
    story.keys("s")
    story.press(ENTER)
    story.previewed()
    story.press(ENTER)
    story.until(lambda: not story.pane.editor.cells)
    again = open_story(EXPERT, show=False)
    again.until(again.window.front.drafts.isVisible)
    again.window.show_run(RUN)
    again.until(lambda: bool(again.pane.editor.cells))
    again.pane.editing.look_before_writing()
    again.previewed()
    (conflict,) = again.pane.preview.conflicts.conflicts
    assert (conflict.ranges, conflict.now) == (((12, 12),), Triplet("STANDBY"))


# --- clients at work ------------------------------------------------------------------------------


def test_that_what_another_process_writes_appears_here(
    story: Story, dsn: str, tmp_path: Path
) -> None:
    ended = another_process("write", dsn, tmp_path)
    assert ended.stdout == "written\n", ended.stderr
    story.until(
        lambda: story.pane.grid.snapshot.triplet(story.row("dt-dt"), 12).status == "BAD"  # type: ignore[union-attr]
    )


def test_that_who_set_a_cell_stays_said_while_its_run_grows_and_is_drafted_in(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = story.pane.cell
    story.until(lambda: "by auto@auto" in line.text())
    said: list[str] = []
    set_text = line.setText
    monkeypatch.setattr(line, "setText", lambda text: (said.append(text), set_text(text)))
    for length in (LENGTH + 1, LENGTH + 2):
        pull.apply(Acting(story.db), a_run(RUN, length))
        story.until(lambda length=length: f"of 1-{length}" in line.text())  # type: ignore[misc]
    story.keys("S")
    story.until(lambda: "drafted, not written" in line.text())
    assert [text for text in said if "by auto@auto" not in text] == []


def test_that_two_windows_see_each_other_and_who_edits(
    story: Story, open_story: Callable[..., Story]
) -> None:
    other = open_story(SHIFTER)
    story.until(lambda: story.pane.attendance.text() == f"Also here: {SHIFTER.email}")
    other.until(lambda: other.pane.attendance.text() == f"Also here: {EXPERT.email}")
    other.drag(("dt-dt", 3), ("dt-dt", 4))
    other.keys("s")
    story.until(lambda: story.pane.attendance.text() == f"Also here: {SHIFTER.email} (editing)")
    presence.open_dataset(Acting(story.db, EXPERT, client="second"), KEY)
    story.until(
        lambda: (
            story.pane.attendance.text()
            == f"Also here: {SHIFTER.email} (editing), another window of yours"
        )
    )
    presence.close_dataset(Acting(story.db, EXPERT, client="second"))
    other.window.close()
    presence.close_dataset(other.workplace.acting)
    story.until(lambda: not story.pane.attendance.isVisible())


def test_that_a_dataset_that_is_out_of_sight_is_not_open(story: Story) -> None:
    story.until(
        lambda: (
            bool(presence.others(Acting(story.db, client="nobody"), KEY))
            and not story.background.busy
        )
    )
    story.window.go_to("golden")
    story.until(lambda: not presence.others(Acting(story.db, client="nobody"), KEY))


# --- without a server -----------------------------------------------------------------------------


def test_that_without_a_connection_what_was_read_stays_and_drafting_goes_on(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.background.outage.emit(Outage("The server is gone.", 5))
    assert story.pane.not_live.isVisible()
    assert story.pane.not_live.text().startswith("Not live since ")
    assert story.pane.grid.isVisible()
    story.drag(("dt-dt", 3), ("dt-dt", 4))
    story.keys("s")
    story.until(lambda: story.window.drafts.is_kept)
    assert story.pane.editor.cells.cells == 2
    assert len(list((tmp_path / "drafts").glob("draft-*.json"))) == 1
    story.background.restored.emit()
    assert not story.pane.not_live.isVisible()
