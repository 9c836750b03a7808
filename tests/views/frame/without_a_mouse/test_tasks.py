"""Every task of docs/window.md without a mouse: keys alone, pressed where a person would be."""

from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QInputDialog,
)

from app.domain.editing.edits import ColumnEdit
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import tables
from app.services.editing import bulk as bulk_edit
from app.services.editing import lumisections
from app.services.golden import generation
from app.views.agents.dialogs import CorrectDialog, RejectDialog
from app.views.agents.place import AgentsPlace
from app.views.bulk.edit_dialog import BulkEditDialog
from app.views.bulk.file_dialog import ChangeFileDialog
from app.views.configuration.list_pane import ListPane
from app.views.configuration.place import ConfigurationPlace
from app.views.configuration.trials.why_dialog import WhyClassDialog
from app.views.configuration.versions.restore_dialog import RestoreDialog
from app.views.golden.generate_dialog import GenerateDialog
from app.views.golden.luminosity_dialog import LuminosityDialog
from app.views.grid.grid_view import GridView
from app.views.history.moment_chooser import MomentChooser
from app.views.history.undo_dialog import UndoDialog
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT, states
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
from tests.views.many_runs import locked


def test_that_a_shifter_sets_flags_and_takes_them_back(hand: Hand, database: Database) -> None:
    assert name_of(hand.at) == "Runs"
    draft_bad(hand)
    hand.press("Return")
    previewed(hand)
    grid_of(hand)
    hand.press("Return")
    hand.until(lambda: stored(database, "dt-dt", 5) == BAD)
    hand.settle()
    grid_of(hand)
    hand.press("Z")
    dialog = hand.dialog(UndoDialog)
    hand.until(dialog.submit_button.isEnabled)
    hand.press("Return")
    hand.until(lambda: stored(database, "dt-dt", 5) != BAD)
    hand.settle()
    hand.until(lambda: isinstance(hand.at, GridView))


def test_that_a_comment_used_before_takes_one_enter(hand: Hand, database: Database) -> None:
    edit = ColumnEdit(RUN, "online", "csc-csc", (LumiRange(1, 1),), BAD)
    bulk_edit.write(Acting(database, EXPERT), [edit])
    hand.until(lambda: "HV trip" in pane_of(hand).strip.comment.offered())
    draft_bad(hand)
    hand.press("Return")
    previewed(hand)
    assert pane_of(hand).editor.cells.value("dt-dt", 4) == BAD
    grid_of(hand)


def test_that_a_draft_is_dropped_and_brought_back(hand: Hand) -> None:
    draft_bad(hand)
    hand.press("Escape", "Escape")
    editor = pane_of(hand).editor
    assert not editor.cells
    hand.tab_to("Bring back")
    hand.press("Space")
    assert editor.cells.cells == 3
    assert isinstance(hand.at, GridView)


def test_that_a_conflict_is_decided_from_the_grid(hand: Hand, database: Database) -> None:
    draft_bad(hand)
    hand.press("Return")
    previewed(hand)
    hand.press("Escape")
    edit = ColumnEdit(
        RUN, "online", "dt-dt", (LumiRange(4, 4),), Triplet("EXCLUDED", "not in the run")
    )
    bulk_edit.write(Acting(database, EXPERT), [edit])
    pane = pane_of(hand)
    hand.until(lambda: "changed meanwhile" in pane.strip.message.text())
    hand.settle()
    chosen = pane.grid.chosen
    assert chosen
    hand.press("Return")
    previewed(hand)
    assert pane.preview.conflicts.open_ones == 1
    hand.press("Return")
    assert "1 conflict to decide first" in pane.preview.refusal.text()
    hand.press("Left", "Right")
    assert pane.preview.conflicts.keep_theirs == [False]
    assert pane.grid.chosen == chosen
    hand.press("Return")
    hand.until(lambda: stored(database, "dt-dt", 4) == BAD)


def test_that_the_history_and_another_moment_are_looked_at(hand: Hand, database: Database) -> None:
    draft_bad(hand)
    hand.press("Return")
    previewed(hand)
    hand.press("Return")
    hand.until(lambda: stored(database, "dt-dt", 3) == BAD)
    hand.settle()
    hand.press("H")
    hand.settle()
    assert name_of(hand.at) == "History"
    hand.press("Escape")
    grid_of(hand)
    hand.press("H")
    hand.settle()
    details = hand.window.online.shown_details
    hand.press("Shift+F6")
    hand.press("F6")
    hand.do("Edit lumisections")
    if not isinstance(hand.at, GridView):
        hand.press("Down", "Return")
    hand.until(lambda: isinstance(hand.at, GridView))
    hand.press("T")
    chooser = hand.dialog(MomentChooser)
    hand.until(lambda: chooser.matching.rowCount() > 1)
    hand.press("Down", "Return")
    hand.until(lambda: details.lumisections.moment)
    hand.settle()
    grid_of(hand)
    hand.press("Escape")
    assert not details.lumisections.moment


def test_that_a_tab_of_a_run_is_opened_and_closed(hand: Hand) -> None:
    tabs = hand.window.online.tabs
    hand.press("Return")
    hand.until(lambda: isinstance(hand.at, GridView))
    assert tabs.currentIndex() == 1
    hand.press("Ctrl+W")
    assert tabs.count() == 1
    assert name_of(hand.at) == "Runs"
    hand.press("Ctrl+W")
    assert tabs.count() == 1


def test_that_a_run_is_gone_to_by_its_number(hand: Hand) -> None:
    hand.press("Ctrl+G")
    hand.dialog(QInputDialog)
    hand.press("Ctrl+A")
    hand.write(str(FIRST))
    hand.press("Return")
    hand.until(lambda: hand.window.online.shown_details.run_number == FIRST)


def test_that_a_run_is_signed_off_and_reopened(hand: Hand, database: Database) -> None:
    def state() -> object:
        return tables.run_details(Acting(database), FIRST).state

    hand.press("Down")
    hand.settle()
    looked_at = hand.window.online.details
    hand.until(lambda: looked_at.details and looked_at.details.run_number == FIRST)
    hand.do("Move to OPEN")
    hand.answer()
    hand.until(lambda: state() == "OPEN")
    hand.settle()
    hand.do("Move to SIGNOFF")
    hand.answer()
    hand.until(lambda: state() == "SIGNOFF")


def test_that_datasets_are_filtered_and_edited_together(hand: Hand, database: Database) -> None:
    hand.press("Ctrl+2")
    hand.settle()
    hand.until(lambda: hand.window.offline.table.model.rowCount() == 2)
    assert name_of(hand.at) == "Datasets"
    hand.press("Ctrl+F")
    hand.write("name = ")
    hand.press("Escape", "Ctrl+A")
    hand.write(f"run = {FIRST}")
    hand.press("Return")
    hand.settle()
    hand.tab_to("Datasets")
    hand.press("Ctrl+A")
    hand.do("Edit lumisections of many")
    dialog = hand.dialog(BulkEditDialog)
    hand.tab_to("What to set")
    row = next(n for n in range(dialog.names.count()) if dialog.names.item(n).text() == "dt-dt")
    hand.press("Home", *["Down"] * row, "Space")
    hand.tab_to("Becomes")
    hand.write("STANDBY")
    hand.tab_to("Preview")
    hand.press("Space")
    hand.until(lambda: name_of(hand.at) == "Write")
    hand.press("Return")
    hand.until(
        lambda: (
            lumisections.dataset_state(Acting(database), FIRST, PROMPT).rr.value("dt-dt", 1)
            == Triplet("STANDBY")
        )
    )


def test_that_datasets_are_moved(hand: Hand, database: Database) -> None:
    hand.press("Ctrl+2")
    hand.settle()
    hand.until(lambda: hand.window.offline.table.model.rowCount() == 2)
    hand.press("Down")
    hand.until(lambda: hand.window.offline.details.details)
    hand.settle()
    hand.do("Move to SIGNOFF in workspace")
    hand.answer()
    hand.until(
        lambda: "SIGNOFF" in {states(database, FIRST, name)["global_state"] for name in _NAMES}
    )


_NAMES = (PROMPT, "/Express/Collisions2025/DQM")


def test_that_a_file_of_changes_is_written(hand: Hand, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "changes.csv"
    file.write_text(f"{RUN},online,dt-dt,7,8,BAD,HV trip,\n")
    hand.do("File of changes")
    dialog = hand.dialog(ChangeFileDialog)
    assert name_of(hand.at) == "File"
    hand.write(str(file))
    hand.press("Return")
    hand.until(lambda: dialog.report is not None and not dialog.work.is_running)
    assert name_of(hand.at) == "File"
    hand.press("Return")
    hand.until(lambda: stored(database, "dt-dt", 8) == BAD)


def test_that_a_list_is_generated(hand: Hand, database: Database) -> None:
    hand.press("Ctrl+5")
    hand.settle()
    hand.tab_to("Datasets")
    hand.write("online")
    hand.press("Return")
    hand.settle()
    hand.press("Ctrl+Shift+G")
    dialog = hand.dialog(GenerateDialog)
    hand.settle()
    hand.press("Return")
    hand.settle()
    if dialog.insist.isVisible():  # the golden rule reads what this small season doesn't have
        hand.tab_to("Generate all the same")
        hand.press("Space")
    hand.until(lambda: generation.entries(Acting(database)))
    hand.settle()


def test_that_a_rule_in_the_workbench_keeps_its_own_undo(hand: Hand, database: Database) -> None:
    hand.press("Ctrl+5")
    hand.settle()
    before = stored(database, "dt-dt", 1)
    hand.tab_to("Rule as JSON logic")
    rule = hand.at
    assert rule is not None
    text = str(rule.property("plainText"))
    assert text.strip()
    hand.press("Ctrl+End")
    hand.write(" ")
    hand.press("Ctrl+Z", "Ctrl+Z", "Ctrl+Z")
    assert rule.property("plainText") == text
    hand.press("Ctrl+Y", "Ctrl+Y")
    assert rule.property("plainText") == f"{text} "
    hand.settle()
    assert not QApplication.activeModalWidget()
    assert stored(database, "dt-dt", 1) == before


def test_that_a_proposal_is_accepted(hand: Hand, database: Database) -> None:
    hand.press("Ctrl+7")
    hand.settle()
    place = hand.window.views["agents"]
    assert isinstance(place, AgentsPlace)
    hand.until(lambda: place.list.list.count() > 0)
    hand.settle()
    hand.tab_to("Proposals")
    hand.until(lambda: "Accept changes 3 cells" in place.waiting.list.effect.text())
    assert "Golden rule" in place.waiting.list.effect.text() or place.waiting.list.effect.text()
    hand.press("A")
    hand.until(lambda: stored(database, "dt-dt", 3) == Triplet("BAD", "hot module"))


def test_that_a_proposal_is_corrected_and_rejected(hand: Hand, database: Database) -> None:
    hand.press("Ctrl+7")
    hand.settle()
    place = hand.window.views["agents"]
    assert isinstance(place, AgentsPlace)
    hand.until(lambda: place.list.list.count() > 0)
    hand.settle()
    hand.tab_to("Proposals")
    hand.until(place.waiting.list.correct.isEnabled)
    hand.press("E")
    hand.dialog(CorrectDialog)
    hand.press("Escape")
    hand.until(lambda: name_of(hand.at) == "Proposals")
    hand.press("R")
    hand.dialog(RejectDialog)
    hand.tab_to("Reason")
    hand.write("known noise")
    hand.press("Return")
    hand.until(lambda: not place.waiting.list.model.proposals)
    assert stored(database, "dt-dt", 3) != Triplet("BAD", "hot module")
    hand.settle()


def test_that_the_log_is_searched_and_leads_to_what_was_changed(hand: Hand) -> None:
    hand.press("Ctrl+6")
    hand.settle()
    hand.press("Ctrl+F")
    hand.write("move state")
    hand.press("Return")
    hand.settle()
    hand.tab_to("Log")
    hand.press("Home", "Ctrl+C")
    assert "SIGNOFF" in QGuiApplication.clipboard().text()


def test_that_a_classifier_is_changed_tried_and_saved(hand: Hand) -> None:
    hand.press("Ctrl+8")
    hand.settle()
    place = hand.window.views["configuration"]
    assert isinstance(place, ConfigurationPlace)
    hand.tab_to("Priority")
    hand.press("Ctrl+A")
    hand.write("7")
    hand.press("Ctrl+Return")
    pane = place.pane
    hand.until(lambda: pane.trial is not None and pane.trial.tried is not None)
    assert pane.tabs.currentWidget() is pane.trial
    assert pane.history is not None
    versions = len(pane.history.versions)
    hand.press("Ctrl+S")
    hand.settle()
    assert not pane.editor.refusal.text()
    assert not pane.editor.is_changed
    hand.until(lambda: pane.history is not None and len(pane.history.versions) == versions + 1)


def test_that_a_version_of_the_configuration_is_restored(hand: Hand) -> None:
    hand.press("Ctrl+8")
    hand.settle()
    place = hand.window.views["configuration"]
    assert isinstance(place, ConfigurationPlace)
    pane = place.pane
    assert isinstance(pane, ListPane)
    hand.tab_to("Priority")
    hand.press("Ctrl+A")
    hand.write("7")
    hand.press("Ctrl+S")
    hand.settle()
    hand.press("Ctrl+Tab", "Ctrl+Tab")
    hand.settle()
    hand.tab_to("Versions")
    assert pane.history is not None
    newest = pane.history.versions[-1].settings_id
    hand.press("Home", "Down")
    hand.tab_to("Restore...", back=True)
    hand.press("Space")
    dialog = hand.dialog(RestoreDialog)
    hand.until(dialog.submit_button.isEnabled)
    hand.press("Return")
    hand.until(lambda: pane.history is not None and pane.history.versions[-1].settings_id > newest)
    hand.settle()


def test_that_what_is_left_to_do_leads_to_where_it_is_mended(hand: Hand) -> None:
    hand.press("Ctrl+4")
    hand.settle()
    hand.tab_to("What is left to do")
    hand.press("Home", "Return")
    hand.settle()
    assert hand.window.place in ("online", "offline", "cycles")


def test_that_a_run_and_a_cell_are_asked_why(hand: Hand) -> None:
    hand.press("Return")
    hand.until(lambda: isinstance(hand.at, GridView))
    hand.settle()
    hand.press("Ctrl+Shift+K")
    dialog = hand.dialog(WhyClassDialog)
    hand.settle()
    assert dialog.view.summary.text().startswith("Class")
    hand.press("Escape")
    hand.until(lambda: not QApplication.activeModalWidget())
    hand.press("Ctrl+Shift+J")
    assert hand.dialog(WhyClassDialog).subject.currentText() not in ("class", "significance")
    hand.press("Escape")
    hand.settle()


def test_that_a_day_finds_the_last_moment_before_it(hand: Hand) -> None:
    hand.press("Return")
    hand.until(lambda: isinstance(hand.at, GridView))
    hand.settle()
    hand.press("T")
    chooser = hand.dialog(MomentChooser)
    hand.until(lambda: chooser.matching.rowCount() > 0)
    hand.write("2001-01-01")
    hand.press("Return")
    hand.until(lambda: "no version before 2001-01-02" in chooser.refusal.text())
    hand.press("Ctrl+A")
    hand.write("2999-12-31")
    hand.press("Return")
    hand.until(lambda: pane_of(hand).moment)
    hand.settle()


def test_that_a_cycle_is_looked_at(hand: Hand) -> None:
    hand.press("Ctrl+3")
    hand.settle()
    hand.until(lambda: name_of(hand.at) == "Cycles")
    hand.press("F6")
    assert name_of(hand.at) != "Cycles"


def test_that_luminosity_is_read_by_enter(hand: Hand, tmp_path: Path) -> None:
    hand.do("Import luminosity")
    dialog = hand.dialog(LuminosityDialog)
    assert name_of(hand.at) == "File"
    hand.write(str(tmp_path / "nothing.csv"))
    hand.press("Return")
    hand.until(dialog.refusal.text)
    assert not [each for each in QApplication.topLevelWidgets() if isinstance(each, QFileDialog)]
    hand.press("Escape")
    hand.settle()


def test_that_enter_is_kept_while_the_preview_is_read_again(
    hand: Hand, database: Database, dsn: str
) -> None:
    draft_bad(hand)
    hand.press("Return")
    previewed(hand)
    preview = pane_of(hand).preview
    with locked(dsn):
        pane_of(hand).editing._look_again()  # as after every pull of a growing run
        hand.press("Return")
        assert preview.isVisible()
        assert "Enter is noted" in preview.summary.text()
    hand.until(lambda: stored(database, "dt-dt", 5) == BAD)
    hand.settle()


def test_that_enter_before_a_first_preview_writes_nothing_unseen(
    hand: Hand, database: Database, dsn: str
) -> None:
    draft_bad(hand)
    preview = pane_of(hand).preview
    with locked(dsn):
        hand.press("Return", "Return")
        assert "Press Enter again" in preview.summary.text()
    previewed(hand)
    hand.settle()
    assert stored(database, "dt-dt", 5) != BAD
    assert preview.isVisible()
    hand.press("Return")
    hand.until(lambda: stored(database, "dt-dt", 5) == BAD)
    hand.settle()
