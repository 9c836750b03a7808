"""What is done around runs without a mouse: looks, notices, checkpoints, agents, the puller."""

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events.action import begin
from app.models.events.event_log import LumisectionChange
from app.services.acting import Acting
from app.services.agents import registry
from app.services.certification import tables
from app.services.pulling import runs as pull
from app.services.seal.sealing import Sealer
from app.views.agents.dialogs import RegisterDialog
from app.views.frame.actions.about import AboutDialog
from app.views.history.undo_dialog import UndoDialog
from app.views.looks.theme import StatusPalette, Themes
from app.views.recount.standing_dialog import StandingDialog
from app.views.runs.dialogs import MoveDialog
from app.views.seal.verify_dialog import VerifyDialog
from tests.builders import a_run
from tests.views.frame.without_a_mouse.steps import (
    BAD,
    RUN,
    draft_bad,
    grid_of,
    pane_of,
    previewed,
    stored,
)
from tests.views.hand import Hand, name_of


@pytest.mark.parametrize("palette", ["traditional", "colour-blind safe", "calm"])
def test_that_a_look_is_chosen(hand: Hand, themes: Themes, palette: StatusPalette) -> None:
    hand.do("Look: Dark")
    hand.settle()
    assert themes.theme.dark
    hand.do(f"Status colours: {palette}")
    hand.settle()
    assert themes.palette == palette
    hand.do("Look: Light")
    hand.settle()
    assert not themes.theme.dark
    assert name_of(hand.at) == "Runs"


def test_that_a_sign_off_that_is_refused_leads_to_the_cells(hand: Hand, database: Database) -> None:
    hole = LumisectionChange(RUN, "online", [({"dt-dt": Triplet("EMPTY")}, (LumiRange(4, 6),))])
    with begin(database, [RUN]) as action:
        action.append("x@cern.ch", "by the web service", [hole])
    hand.settle()
    hand.do("Move to SIGNOFF")
    dialog = hand.dialog(MoveDialog)
    hand.press("Return")
    hand.until(dialog.unset.isVisible)
    assert "dt-dt" in [line.texts[0] for line in dialog.unset.model.lines]
    hand.press("Home")
    while dialog.unset.model.lines[dialog.unset.table.currentIndex().row()].texts[0] != "dt-dt":
        hand.press("Down")
    hand.press("Return")
    hand.until(lambda: pane_of(hand).grid.selection() == (("dt-dt",), (LumiRange(4, 6),)))
    grid_of(hand)


def test_that_a_notice_is_undone_from_the_status_bar(hand: Hand, database: Database) -> None:
    draft_bad(hand)
    hand.press("Return")
    previewed(hand)
    hand.press("Return")
    hand.until(lambda: stored(database, "dt-dt", 4) == BAD)
    hand.settle()
    hand.tab_to("Undo...", back=True)
    hand.press("Return")
    dialog = hand.dialog(UndoDialog)
    hand.until(dialog.submit_button.isEnabled)
    hand.press("Return")
    hand.until(lambda: stored(database, "dt-dt", 4) != BAD)
    hand.settle()


def test_that_a_kept_checkpoint_is_compared(hand: Hand, database: Database, tmp_path: Path) -> None:
    sealer = Sealer(database, "puller", settled_s=0.0)
    while sealer.seal_new().more:
        pass
    file = tmp_path / "kept.txt"
    hand.do("Verify history")
    dialog = hand.dialog(VerifyDialog)
    hand.tab_to("Save checkpoint...")
    hand.press("Space")
    _name(hand, file)
    hand.until(file.exists)
    hand.until(lambda: QApplication.activeModalWidget() is dialog)
    hand.tab_to("Compare with a checkpoint...")
    hand.press("Space")
    _name(hand, file)
    hand.until(lambda: "Compared with kept.txt" in dialog.details.text())
    assert dialog.verdict.property("role") == "success"
    hand.press("Escape")
    hand.until(lambda: name_of(hand.at) == "Runs")


def _name(hand: Hand, file: Path) -> None:
    """Writes where a file is into the dialog that asks for it."""
    hand.dialog(QFileDialog)
    hand.press("Ctrl+A")
    hand.write(str(file))
    hand.press("Return")


def test_that_the_state_of_the_database_is_counted_again(hand: Hand) -> None:
    hand.do("State of the database")
    dialog = hand.dialog(StandingDialog)
    hand.settle()
    hand.tab_to("Count all again")
    hand.press("Space")
    hand.until(lambda: dialog.outcome.text() and not dialog.work.is_running)
    hand.press("Escape")
    hand.until(lambda: name_of(hand.at) == "Runs")


def test_that_versions_are_copied_into_a_report(hand: Hand) -> None:
    hand.do("About")
    hand.dialog(AboutDialog)
    hand.settle()
    hand.tab_to("Copy")
    hand.press("Space")
    assert "PySide6" in QGuiApplication.clipboard().text()
    hand.press("Escape")
    hand.until(lambda: name_of(hand.at) == "Runs")


def test_that_a_run_is_marked_significant_once(hand: Hand, database: Database) -> None:
    number = RUN + 4
    pull.apply(Acting(database), a_run(number, 4, hlt_key="/cdaq/special/none", stable_beam=False))

    def is_significant() -> bool:
        return tables.run_details(Acting(database), number).significant

    hand.press("Ctrl+K")
    hand.write(str(number))
    hand.press("Return")
    hand.until(lambda: hand.window.online.shown_details.run_number == number)
    hand.settle()
    assert not is_significant()
    hand.until(hand.window.actions_["run.significant"].isEnabled)
    hand.press("Ctrl+M")
    hand.answer()
    hand.until(is_significant)
    hand.settle()
    hand.until(lambda: not hand.window.actions_["run.significant"].isEnabled())
    assert "significant" in hand.window.actions_["run.significant"].toolTip()


def test_that_an_agent_is_registered(hand: Hand, database: Database) -> None:
    hand.do("Register an agent")
    dialog = hand.dialog(RegisterDialog)
    hand.settle()
    assert name_of(hand.at) == "Name"
    hand.write("strip-ae")
    hand.tab_to("Version")
    hand.press("Ctrl+A")
    hand.write("2.0")
    hand.tab_to("Proposes for")
    hand.write("tracker-strip")
    hand.tab_to("Register")
    hand.press("Return")
    hand.until(
        lambda: (
            "strip-ae" in {each.agent.name for each in registry.registered(Acting(database))}
            or dialog.refusal.text()
        )
    )
    hand.press("Escape")
    hand.settle()


def test_that_the_puller_is_looked_at_and_put_away(hand: Hand) -> None:
    hand.press("Ctrl+Shift+Y")
    hand.until(hand.window.sync.isVisible)
    hand.settle()
    assert name_of(hand.at) == "Runs"
    hand.press("Ctrl+Shift+Y")
    hand.until(lambda: not hand.window.sync.isVisible())
    assert name_of(hand.at) == "Runs"
