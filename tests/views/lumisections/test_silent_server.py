"""The window while the server takes connections and answers nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.domain.triplets import Triplet
from app.models.database import outcome, patience
from app.models.database.engine import Database
from app.models.events.action import Action
from app.services.acting import Acting
from app.services.pulling import runs as pull
from app.views.notices import OutageBanner
from tests.builders import a_run
from tests.silence import Tunnel
from tests.views.lumisections.conftest import LENGTH, RUN, Story

pytestmark = pytest.mark.expected_log("No news from the database", always=False)

ENTER = Qt.Key.Key_Return


@pytest.fixture
def tunnel(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tunnel]:
    """The way to the database of the test; silence is asked after soon."""
    monkeypatch.setattr(patience, "_SILENT_S", 0.5)
    monkeypatch.setattr(patience, "_SILENT_AGAIN_S", 0.3)
    monkeypatch.setattr(patience, "_ANSWER_S", 2)
    with Tunnel(dsn) as tunnel:
        yield tunnel


@pytest.fixture
def database(tunnel: Tunnel) -> Iterator[Database]:
    """The database behind the tunnel."""
    database = Database(tunnel.dsn)
    database.prepare()
    pull.apply(Acting(database), a_run(RUN + 1, LENGTH))
    yield database
    database.give_up()
    database.close()


def banner(story: Story) -> OutageBanner:
    (found,) = story.window.findChildren(OutageBanner)
    return found


def draft(story: Story) -> None:
    story.drag(("dt-dt", 3), ("dt-dt", 4))
    story.keys("s")
    assert story.pane.editor.cells.cells == 2


def test_that_silence_is_told_drafts_are_kept_and_the_window_heals_by_itself(
    story: Story, tunnel: Tunnel, tmp_path: Path
) -> None:
    tunnel.fall_silent()
    draft(story)
    folder = tmp_path / "drafts"
    story.until(lambda: folder.is_dir() and bool(list(folder.glob("draft-*.json"))))
    story.until(lambda: banner(story).isVisible())
    assert "not connected" in story.window.status.live.text()
    assert not story.window.drafts.is_kept
    tunnel.speak()
    story.until(lambda: not banner(story).isVisible())
    story.until(lambda: story.window.drafts.is_kept)
    assert "not connected" not in story.window.status.live.text()


def test_that_the_pane_offers_no_other_run_for_editing_than_the_one_that_is_marked(
    story: Story, tunnel: Tunnel
) -> None:
    window = story.window
    draft(story)
    story.press(ENTER)
    story.previewed()
    tunnel.fall_silent()
    details = window.online.shown_details
    details.show_run(RUN + 1)
    assert details.line.title.text() == f"{RUN + 1}  online"
    assert details.line.state.text() == "Loading"
    assert not story.pane.preview.isVisible()
    assert not story.pane.strip.isEnabled()
    story.pane.editing.set_status("BAD")
    story.keys("g")
    story.press(Qt.Key.Key_Escape)
    story.press(ENTER)
    assert story.pane.editor.cells.cells == 2, "the draft of the run before is as it was"
    assert not story.pane.preview.isVisible()
    assert window.online.subject() is None
    tunnel.speak()

    def is_there() -> bool:
        snapshot = story.pane.grid.snapshot
        return snapshot is not None and snapshot.run_number == RUN + 1

    story.until(is_there)
    story.until(story.pane.strip.isEnabled)
    assert details.is_loaded
    assert not story.pane.editor.cells


def test_that_a_write_whose_answer_was_lost_is_found_again(
    story: Story, tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = Action.finish

    def finish_in_silence(action: Action, told: Callable[[float], None] | None = None) -> None:
        finish(action, told)
        tunnel.fall_silent()

    draft(story)
    story.until(lambda: story.window.drafts.is_kept)
    story.press(ENTER)
    story.previewed()
    with monkeypatch.context() as patch:
        patch.setattr(Action, "finish", finish_in_silence)
        patch.setattr(outcome, "_WITHIN_S", 0.0)
        story.pane.preview.write()
        story.until(lambda: "Looking" in story.pane.preview.work.step.text())
    tunnel.speak()
    story.until(lambda: not story.pane.editor.cells)
    story.until(lambda: story.window.drafts.is_kept)
    assert story.window.notices.last is not None
    assert "although the connection was lost" in story.window.notices.last.text
    assert story.stored("dt-dt", 3) == Triplet("STANDBY")
