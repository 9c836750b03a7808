"""What a colleague certified is verified, and a cycle frozen and thawed, by keys alone."""

from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets, second_eyes
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.views.cycles.dialogs import FreezeDialog
from app.views.second_eyes.dialogs import TakeMarkBackDialog, VerifyDatasetsDialog
from tests.builders import EXPERT
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT
from tests.views.hand import Hand

COLLEAGUE = Actor("second@cern.ch", EXPERT.egroups)
KEYS = [(FIRST, EXPRESS), (FIRST, PROMPT)]


def test_that_datasets_are_verified_and_their_cycle_frozen_and_thawed(
    hand: Hand, database: Database
) -> None:
    colleague = Acting(database, COLLEAGUE)
    edits = [
        ColumnEdit(*key, column, (LumiRange(1, 2),), Triplet("STANDBY"))
        for key in KEYS
        for column in ("dt-dt", "csc-csc")
    ]
    lumisections.edit_columns(colleague, edits)
    for state in ("SIGNOFF", "OPEN"):
        datasets.move(colleague, KEYS, "global", state)
    hand.press("Ctrl+2")
    hand.settle()
    hand.press("Home", "Ctrl+A", "Ctrl+Alt+Y")
    hand.dialog(VerifyDatasetsDialog)
    hand.settle()
    hand.tab_to("Comment")
    hand.write("plots look fine")
    hand.press("Return")
    hand.until(lambda: len(second_eyes.marks(colleague, KEYS)) == 2)
    hand.settle()
    assert {each.by for (each,) in second_eyes.marks(colleague, KEYS).values()} == {EXPERT.email}
    hand.do("Take a mark back")
    hand.dialog(TakeMarkBackDialog)
    hand.settle()
    hand.tab_to("Reason")
    hand.write("plots were of another run")
    hand.press("Return")
    hand.until(lambda: not any(second_eyes.marks(colleague, KEYS).values()))
    hand.settle()
    hand.press("Ctrl+3")
    hand.settle()
    hand.until(lambda: hand.window.cycles.cycle is not None)
    for action, said, frozen in (
        ("Freeze the cycle", "for Moriond", True),
        ("Thaw the cycle", "late data", False),
    ):
        hand.do(action)
        hand.dialog(FreezeDialog)
        hand.settle()
        hand.tab_to("Reason")
        hand.write(said)
        hand.press("Return")
        hand.until(lambda frozen=frozen: bool(second_eyes.freezes(colleague)) is frozen)
        hand.settle()
