"""What was written is verified and taken back, and a workspace is added, by keys alone."""

from PySide6.QtGui import QGuiApplication

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import in_force
from app.services.seal.sealing import Sealer
from app.views.history.undo_dialog import UndoDialog
from app.views.seal.verify_dialog import VerifyDialog
from tests.views.frame.without_a_mouse.steps import BAD, draft_bad, previewed, stored
from tests.views.hand import Hand, name_of


def test_that_the_history_is_verified_and_a_checkpoint_copied(
    hand: Hand, database: Database
) -> None:
    sealer = Sealer(database, "puller", settled_s=0.0)
    while sealer.seal_new().more:
        pass
    hand.do("Verify history")
    dialog = hand.dialog(VerifyDialog)
    hand.press("Return")
    hand.until(lambda: dialog.verdict.text() and not dialog.work.is_running)
    assert dialog.verdict.property("role") == "success"
    hand.tab_to("Copy checkpoint")
    hand.press("Space")
    hand.until(lambda: "Copied the checkpoint" in dialog.verdict.text())
    assert "run-registry" in QGuiApplication.clipboard().text()
    hand.press("Escape")
    assert name_of(hand.at) == "Runs"


def test_that_a_version_is_undone_from_the_log(hand: Hand, database: Database) -> None:
    draft_bad(hand)
    hand.press("Return")
    previewed(hand)
    hand.press("Return")
    hand.until(lambda: stored(database, "dt-dt", 3) == BAD)
    hand.settle()
    hand.press("Ctrl+6")
    hand.settle()
    hand.tab_to("Log")
    hand.press("Home")
    hand.settle()
    hand.tab_to("Undo...")
    hand.press("Space")
    dialog = hand.dialog(UndoDialog)
    hand.until(dialog.submit_button.isEnabled)
    hand.press("Return")
    hand.until(lambda: stored(database, "dt-dt", 3) != BAD)


def test_that_a_workspace_is_added(hand: Hand, database: Database) -> None:
    hand.press("Ctrl+8")
    hand.settle()
    hand.tab_to("Lists of the configuration")
    hand.press("End")
    hand.settle()
    hand.tab_to("Name")
    hand.write("zdc")
    hand.press("Return")
    hand.until(
        lambda: "zdc" in {each.name for each in in_force.current(Acting(database)).workspaces}
    )
