"""Notes without a mouse: written on selected lumisections, answered, corrected, taken back."""

from app.models.database.engine import Database
from app.services import notes
from app.services.acting import Acting
from app.views.grid.grid_view import GridView
from app.views.notes.notes_dialog import NotesDialog
from tests.builders import EXPERT
from tests.views.frame.without_a_mouse.steps import RUN, go_to_cell, pane_of
from tests.views.hand import Hand, name_of


def test_that_lumisections_are_noted_answered_corrected_and_taken_back(
    hand: Hand, database: Database
) -> None:
    notes.add(Acting(database, EXPERT), RUN, "", (), "magnet \u202e<b>ramp</b>")
    hand.press("Return")
    hand.until(lambda: isinstance(hand.at, GridView) and pane_of(hand).grid.snapshot is not None)
    hand.settle()
    go_to_cell(hand, "dt-dt", 3)
    hand.press("Shift+Right", "Shift+Right", "Ctrl+Alt+N")
    dialog = hand.dialog(NotesDialog)
    hand.until(lambda: name_of(hand.at) == "Text" and dialog.notes.topLevelItemCount() == 1)
    assert dialog.on.currentText() == "LS 3-5 of online"
    hand.write("HV trip")
    hand.press("Ctrl+Return")
    hand.until(lambda: dialog.notes.topLevelItemCount() == 2)
    _, made = notes.of_run(Acting(database), RUN)
    assert (made.where, made.text) == (f"run {RUN}, online, LS 3-5", "HV trip")
    assert dialog.whole.toPlainText() == "HV trip"
    assert dialog.about.text().endswith(f" UTC, on run {RUN}, online, LS 3-5")

    def chosen_and(text: str, button: str) -> None:
        hand.tab_to("Text")
        hand.write(text)
        hand.tab_to(button)
        hand.press("Space")
        hand.until(lambda: not dialog.text.toPlainText() or dialog.refusal.isVisible())
        hand.settle()

    hand.tab_to("Notes")
    hand.press("End")
    assert dialog.whole.toPlainText() == "HV trip"
    hand.press("Home")
    assert dialog.whole.toPlainText() == r"magnet \u202e<b>ramp</b>"
    hand.press("End")
    chosen_and("seen in the elog", "Answer")
    hand.until(lambda: notes.of_run(Acting(database), RUN)[1].replies)
    hand.settle()
    chosen_and("HV trip of dt-dt", "Correct")
    hand.until(lambda: notes.of_run(Acting(database), RUN)[1].text == "HV trip of dt-dt")
    hand.settle()
    columns = [dialog.notes.topLevelItem(place).text(2) for place in (0, 1)]
    assert columns == ["", "dt-dt"]
    chosen_and("wrong run", "Take back")
    hand.until(lambda: notes.of_run(Acting(database), RUN)[1].taken_back is not None)
    hand.settle()
    assert not dialog.answer.isEnabled()
    assert dialog.answer.toolTip() == "It was taken back."
    hand.press("Escape")
    hand.until(lambda: isinstance(hand.at, GridView))
