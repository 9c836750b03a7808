"""What F1 says, line by line."""

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.domain.editing.edits import ColumnEdit
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import bulk as bulk_edit
from app.views.configuration.list_pane import ListPane
from app.views.configuration.place import ConfigurationPlace
from app.views.configuration.trials.why_dialog import WhyClassDialog
from app.views.frame.actions.help import KEYS
from app.views.grid.grid_layout import Cell
from app.views.grid.grid_view import GridView
from app.views.grid.snapshot import RowKind
from app.views.history.moment_chooser import MomentChooser
from app.views.rules.rule_editor import RuleEditor
from tests.builders import EXPERT
from tests.views.frame.without_a_mouse.steps import RUN, draft_bad, go_to_cell, pane_of, previewed
from tests.views.hand import Hand, name_of

GRID = {
    "Arrows, Home, End",
    "Space",
    "A",
    "I",
    "P",
    "E",
    "+  -  0",
    "[  ]",
    "D",
    "L",
    "Ctrl+C",
    "G B S X N",
    "C  U",
    "Delete",
    "Z",
}
DRAFTS = {"Enter", "Left, Right", "Escape", "H", "T", "Ctrl+Shift+K  Ctrl+Shift+J"}
RULES = {
    "Ctrl+N  Ctrl+S  Ctrl+Enter",
    "Ctrl+Z  Ctrl+Y",
    "Ctrl+Space",
    "Ins  Del  !  &amp;  |",
    "Alt+arrows",
}
MOUSE = {"Drag", "Click on a name or the axis", "Middle button, or drag the luminosity"}


def test_that_f1_is_true_of_the_grid(hand: Hand) -> None:
    hand.press("Return")
    hand.until(lambda: isinstance(hand.at, GridView))
    hand.settle()
    pane = pane_of(hand)
    grid, editor = pane.grid, pane.editor
    assert grid.snapshot is not None
    length, keys = grid.snapshot.length, grid.snapshot.keys
    go_to_cell(hand, "dt-dt", 1)
    row = keys.index("dt-dt")

    def cell() -> tuple[int, int]:
        assert grid.focus_cell is not None
        return grid.focus_cell.row, grid.focus_cell.lumisection

    def cells() -> int:
        assert grid.snapshot is not None
        return grid.snapshot.size_of(grid.chosen).cells

    def moves() -> None:
        hand.press("Right", "Alt+Right")
        assert cell() == (row, 12)
        hand.press("End")
        assert cell() == (row, length)
        hand.press("Home", "Shift+Right", "Ctrl+Right")
        assert (cell(), cells()) == ((row, 3), 2)

    def selects() -> None:
        hand.press("Escape", "Home", "Space")
        assert cells() == 1
        hand.press("Space", "Shift+Space")
        assert cells() == length
        hand.press("Escape", "Ctrl+Space")
        assert cells() == grid.snapshot.columns  # type: ignore[union-attr]
        hand.press("Escape")

    def alike() -> None:
        hand.press("A")
        assert cells() > 1
        hand.press("Ctrl+A")
        assert cells() == length * grid.snapshot.columns  # type: ignore[union-attr]
        hand.press("Escape")

    def zooms() -> None:
        whole = grid.pixels_per_lumisection
        hand.write("+")
        assert grid.pixels_per_lumisection > whole
        hand.write("-")
        hand.write("0")
        assert grid.pixels_per_lumisection == whole

    def drafts() -> None:
        for letter, status in (("g", "GOOD"), ("s", "STANDBY"), ("x", "EXCLUDED"), ("n", "NOTSET")):
            hand.write(letter)
            assert editor.cells.value("dt-dt", cell()[1]).status == status  # type: ignore[union-attr]

    def remarks() -> None:
        hand.write("u")
        assert name_of(hand.at) == "Cause"
        hand.press("Escape")
        hand.write("c")
        assert name_of(hand.at) == "Comment"
        hand.press("Escape")

    def leaves_out() -> None:
        hand.press("Delete")
        assert not editor.cells

    def steps_back() -> None:
        hand.write("gz")
        assert not editor.cells

    def types_ranges() -> None:
        hand.write("l")
        hand.write("2-4, 6")
        hand.press("Return")
        assert cells() == 4
        assert hand.at is grid

    def copies() -> None:
        hand.press("Ctrl+C")
        assert QGuiApplication.clipboard().text().split("\n")[0].endswith("2\t3\t4\t6")
        hand.press("Escape")

    def finds_bits() -> None:
        while grid.snapshot.rows[cell()[0]].kind is RowKind.COLUMN:  # type: ignore[union-attr]
            hand.press("Down")
        hand.press("Shift+D")
        assert cells() == length * grid.snapshot.columns  # type: ignore[union-attr]
        hand.press("Escape", *["Up"] * (cell()[0] - row))

    def changes() -> None:
        hand.write("]")
        hand.write("[")
        assert cell() == (row, 1)

    def folds() -> None:
        hand.write("i")
        opened = grid._layout.luminosity_is_open
        hand.write("i")
        assert grid._layout.luminosity_is_open is not opened

    def pins() -> None:
        hand.write("p")
        hand.press("A")
        hand.until(lambda: grid.pinned)
        hand.write("p")
        hand.press("N")
        hand.until(lambda: not grid.pinned)
        hand.settle()

    def looks_at_histograms() -> None:
        # Nobody can be asked for any here, so the keyboard stays with the grid.
        hand.write("e")
        hand.until(pane.grid_part.evidence.isVisible)
        hand.settle()
        assert hand.at is grid
        hand.press("Ctrl+Alt+V")
        assert not pane.grid_part.evidence.isVisible()

    said = {
        "Arrows, Home, End": moves,
        "Space": selects,
        "A": alike,
        "I": folds,
        "P": pins,
        "E": looks_at_histograms,
        "+  -  0": zooms,
        "[  ]": changes,
        "D": finds_bits,
        "L": types_ranges,
        "Ctrl+C": copies,
        "G B S X N": drafts,
        "C  U": remarks,
        "Delete": leaves_out,
        "Z": steps_back,
    }
    assert set(said) == GRID
    for check in said.values():
        check()


def test_that_f1_is_true_of_drafts_and_moments(hand: Hand, database: Database) -> None:
    draft_bad(hand)
    hand.press("Return")
    previewed(hand)
    pane = pane_of(hand)
    grid, editor = pane.grid, pane.editor

    def conflicts() -> None:
        theirs = Triplet("EXCLUDED", "not in the run")
        edit = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(4, 4),), theirs)
        bulk_edit.write(Acting(database, EXPERT), [edit])
        hand.until(lambda: pane.preview.conflicts.open_ones == 1)
        hand.settle()
        hand.press("Right", "Left")
        assert pane.preview.conflicts.keep_theirs == [True]
        hand.press("Down", "Up")
        assert pane.preview.conflicts.open_ones == 0

    def leaves_step_by_step() -> None:
        hand.press("Escape")
        assert not pane.preview.isVisible()
        assert editor.cells
        hand.press("Escape")
        assert not editor.cells
        assert grid.chosen
        hand.press("Escape")
        assert not grid.chosen

    def enters() -> None:
        hand.press("B")
        hand.write("x-ray")  # nothing recent is offered for it
        hand.press("Return")
        previewed(hand)
        hand.press("Return")
        hand.until(lambda: not editor.cells)
        hand.settle()

    def goes_back_in_history() -> None:
        hand.press("H")
        hand.settle()
        assert name_of(hand.at) == "History"
        hand.press("Escape")
        assert hand.at is grid

    def looks_at_another_moment() -> None:
        hand.press("T")
        chooser = hand.dialog(MomentChooser)
        hand.until(lambda: chooser.matching.rowCount() > 2)
        hand.press("Down", "Return")
        hand.until(lambda: pane.moment)
        hand.settle()
        first = pane.moment
        hand.write("<")
        hand.until(lambda: pane.moment not in ("", first))
        hand.settle()
        hand.write(">")
        hand.until(lambda: pane.moment == first)
        hand.settle()
        hand.press("Escape")
        assert not pane.moment

    def asks_why() -> None:
        for keys in ("Ctrl+Shift+K", "Ctrl+Shift+J"):
            hand.press(keys)
            hand.dialog(WhyClassDialog)
            hand.settle()
            hand.press("Escape")
            hand.until(lambda: not QApplication.activeModalWidget())

    said = {
        "Left, Right": conflicts,
        "Escape": leaves_step_by_step,
        "Enter": enters,
        "H": goes_back_in_history,
        "T": looks_at_another_moment,
        "Ctrl+Shift+K  Ctrl+Shift+J": asks_why,
    }
    assert set(said) == DRAFTS
    for check in said.values():
        check()


def test_that_f1_is_true_of_rules(hand: Hand) -> None:
    hand.press("Ctrl+8")
    hand.settle()
    place = hand.window.views["configuration"]
    assert isinstance(place, ConfigurationPlace)
    pane = place.pane
    assert isinstance(pane, ListPane)
    hand.tab_to("Rule as JSON logic")
    editor = hand.at.parent()  # type: ignore[union-attr]
    while not isinstance(editor, RuleEditor):
        assert editor is not None
        editor = editor.parent()
    begin = editor.toPlainText()

    def has_its_own_undo() -> None:
        hand.press("Ctrl+End")
        hand.write(" ")
        hand.press("Ctrl+Z")
        assert editor.toPlainText() == begin
        hand.press("Ctrl+Y")
        assert editor.toPlainText() == f"{begin} "

    def completes_and_finds_errors() -> None:
        hand.press("Ctrl+A")
        hand.write('{"var": "')
        hand.press("Ctrl+Space")
        assert editor.text.popup.isVisible()
        hand.press("Escape")
        hand.press("Ctrl+Home")
        hand.until(lambda: editor.verdict.property("role") == "refusal")
        hand.press("F8")
        assert editor.text.textCursor().position() > 0
        hand.press(*["Ctrl+Z"] * 12)
        hand.until(lambda: editor.toPlainText() == begin)
        hand.press("Ctrl+T")
        assert hand.at is editor.tree.view

    def edits_the_tree() -> None:
        def count() -> int:
            return len(str(editor.toPlainText()).split("var"))

        before = count()
        hand.press("Down", "Down", "Ins", "Escape")
        assert hand.at is editor.tree.view
        assert count() == before + 1
        hand.press("Del")
        assert count() == before
        for letter, written in (("!", '"!'), ("&", '"and"'), ("|", '"or"')):
            had = editor.toPlainText().count(written)
            hand.write(letter)
            assert editor.toPlainText().count(written) == had + 1, letter
        hand.press("Ctrl+Z", "Ctrl+Z", "Ctrl+Z")

    def moves_in_the_tree() -> None:
        hand.press("Ins", "Escape")
        text = editor.toPlainText()
        hand.press("Alt+Up")
        assert editor.toPlainText() != text
        hand.press("Alt+Down")
        assert editor.toPlainText() == text
        hand.write("|")
        hand.press("Down")
        inside = editor.toPlainText()
        hand.press("Alt+Left")
        assert editor.toPlainText() != inside
        hand.press("Ctrl+Z", "Ctrl+T")

    def has_keys_of_its_own() -> None:
        hand.press("Ctrl+Return")
        hand.until(lambda: pane.trial is not None and pane.trial.tried is not None)
        hand.settle()
        hand.press("Ctrl+S")
        hand.settle()
        items = pane.items.topLevelItemCount()
        hand.press("Ctrl+N")
        assert not pane.editor.is_changed or pane.items.topLevelItemCount() >= items
        assert pane.tabs.currentWidget() is pane.editor

    said = {
        "Ctrl+Z  Ctrl+Y": has_its_own_undo,
        "Ctrl+Space": completes_and_finds_errors,
        "Ins  Del  !  &amp;  |": edits_the_tree,
        "Alt+arrows": moves_in_the_tree,
        "Ctrl+N  Ctrl+S  Ctrl+Enter": has_keys_of_its_own,
    }
    assert set(said) == RULES
    for check in said.values():
        check()


def test_that_f1_is_true_of_the_mouse(hand: Hand) -> None:
    hand.press("Return")
    hand.until(lambda: isinstance(hand.at, GridView))
    hand.settle()
    grid = pane_of(hand).grid
    snapshot, layout, viewport = grid.snapshot, grid._layout, grid.viewport()
    assert snapshot is not None
    row = snapshot.keys.index("dt-dt")
    left, ctrl = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
    none = Qt.KeyboardModifier.NoModifier

    def at(lumisection: int, of: int = row) -> QPoint:
        return layout.cell_rect(Cell(of, lumisection)).center().toPoint()

    def drag(first: QPoint, last: QPoint, button: Qt.MouseButton, modifiers=none) -> None:
        QTest.mousePress(viewport, button, modifiers, first)
        for point in (first + QPoint(6, 0), last):
            move = QMouseEvent(
                QEvent.Type.MouseMove, point, viewport.mapToGlobal(point), button, button, modifiers
            )
            QApplication.sendEvent(viewport, move)
        QTest.mouseRelease(viewport, button, modifiers, last)

    def cells() -> int:
        return snapshot.size_of(grid.chosen).cells

    def selects() -> None:
        drag(at(3), at(6), left)
        assert cells() == 4
        drag(at(9), at(10), left, ctrl)
        assert cells() == 6
        QTest.mouseClick(viewport, left, Qt.KeyboardModifier.ShiftModifier, at(12))
        assert cells() > 6

    def selects_rows_and_lumisections() -> None:
        QTest.mouseClick(viewport, left, none, QPoint(20, at(1).y()))
        assert cells() == snapshot.length
        QTest.mouseClick(viewport, left, none, QPoint(at(5).x(), 12))
        assert cells() == snapshot.columns

    def pans() -> None:
        for _ in range(4):
            hand.write("+")
        before = grid.horizontalScrollBar().value()
        middle = at(grid.focus_cell.lumisection if grid.focus_cell else 5)
        drag(middle, middle - QPoint(80, 0), Qt.MouseButton.MiddleButton)
        assert grid.horizontalScrollBar().value() != before

    hand.press("L")
    hand.press("Escape")
    said = {
        "Drag": selects,
        "Click on a name or the axis": selects_rows_and_lumisections,
        "Middle button, or drag the luminosity": pans,
    }
    assert set(said) == MOUSE
    for check in said.values():
        check()


def test_that_every_line_of_f1_is_tried() -> None:
    assert {keys for keys, _ in KEYS} == GRID | DRAFTS | RULES | MOUSE
