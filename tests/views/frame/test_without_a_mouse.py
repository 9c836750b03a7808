"""Every task of docs/window.md without a mouse: keys alone, pressed where a person would be."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFileDialog,
    QHeaderView,
    QInputDialog,
)
from pytestqt.qtbot import QtBot

from app.domain.agents.proposals import AgentColumn, Mode
from app.domain.editing.edits import ColumnEdit
from app.domain.lumisections import LumiRange
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.models.database.engine import Database
from app.models.database.listen import ChangeListener
from app.services.acting import Acting
from app.services.agents import registry as agents
from app.services.certification import cycles, tables
from app.services.editing import bulk as bulk_edit
from app.services.editing import lumisections
from app.services.golden import generation
from app.services.pulling import runs as pull
from app.views.agents.place import AgentsPlace
from app.views.background import Background
from app.views.bulk.edit_dialog import BulkEditDialog
from app.views.bulk.file_dialog import ChangeFileDialog
from app.views.configuration.place import ConfigurationPlace
from app.views.configuration.trials.why_dialog import WhyClassDialog
from app.views.focus import give_keys
from app.views.frame.actions.help import KEYS
from app.views.frame.keyboard import Keyboard
from app.views.frame.main_window import MainWindow
from app.views.frame.navigation import PLACES
from app.views.golden.generate_dialog import GenerateDialog
from app.views.golden.luminosity_dialog import LuminosityDialog
from app.views.grid.grid_view import GridView
from app.views.grid.snapshot import RowKind
from app.views.history.moment_chooser import MomentChooser
from app.views.history.undo_dialog import UndoDialog
from app.views.lumisections.pane import LumisectionsPane
from app.views.notices import Notices
from app.views.theme import Themes
from tests.builders import EXPERT, a_run
from tests.conftest import TestServer
from tests.services.offline_runs import FIRST, PROMPT, open_all, sign_off_runs, states
from tests.views.hand import Hand, name_of
from tests.views.many_runs import locked
from tests.views.workplaces import a_context, a_workplace

RUN, LENGTH, AGENT = 390005, 20, "pixel-ae"
BAD = Triplet("BAD", "HV trip")


def _season(db: Database) -> None:
    """An open run with an agent's proposal, and a signed-off one with two open datasets."""
    sign_off_runs(db, FIRST)
    open_all(db, FIRST)
    pull.apply(Acting(db), a_run(RUN, LENGTH))
    cycles.create(Acting(db, EXPERT), "Week 20", date(2030, 1, 1), ["dt"], [(FIRST, PROMPT)])
    agents.register(
        Acting(db, EXPERT), AGENT, "1.0", [AgentColumn("dt-dt", Mode.PROPOSES, "dt-dt")]
    )
    agents.propose(Acting(db, EXPERT), AGENT, f"{RUN},online,dt-dt,2,4,BAD,hot module,")


@pytest.fixture(scope="session")
def template(server: TestServer) -> str:
    return server.template("without_a_mouse", _season)


@pytest.fixture
def hand(
    qtbot: QtBot,
    database: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
    tmp_path: Path,
) -> Iterator[Hand]:
    """Somebody who has just started the program."""
    workplace = a_workplace(database, draft_folder=tmp_path / "drafts")
    listener = ChangeListener(database, workplace.news.changed, workplace.news.connected)
    listener.start()
    window = MainWindow(a_context(workplace, background, notices, themes, remembered))
    window.resize(1400, 900)
    window.stop_wanted.connect(window.stopped)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    hand = Hand(window, qtbot)
    hand.until(lambda: window.online.details.lumisections.grid.snapshot is not None)
    hand.settle()
    yield hand
    sys.stdout.write(hand.story())
    window.close()
    listener.stop()
    qtbot.waitUntil(lambda: not background.busy, timeout=30_000)
    window.deleteLater()


def marks(window: MainWindow) -> Keyboard:
    keyboard = window.findChild(Keyboard)
    assert keyboard is not None
    return keyboard


def stored(db: Database, column: str, lumisection: int, run: int = RUN) -> Triplet:
    rr = lumisections.dataset_state(Acting(db), run, "online").rr
    return rr.value(column, lumisection) or EMPTY_TRIPLET


def grid_of(hand: Hand) -> GridView:
    """The grid, which has the keyboard."""
    grid = hand.at
    assert isinstance(grid, GridView), hand.story()
    return grid


def pane_of(hand: Hand) -> LumisectionsPane:
    return hand.window.online.shown_details.lumisections


def go_to_cell(hand: Hand, column: str, lumisection: int) -> None:
    """By arrows and by the number of the lumisection."""
    grid = grid_of(hand)
    assert grid.snapshot is not None
    assert grid.focus_cell is not None
    down = grid.snapshot.keys.index(column) - grid.focus_cell.row
    hand.press(*(["Down"] * down if down > 0 else ["Up"] * -down), "Home")
    hand.press(*["Right"] * (lumisection - 1))
    assert (grid.snapshot.keys[grid.focus_cell.row], grid.focus_cell.lumisection) == (
        column,
        lumisection,
    )


def draft_bad(hand: Hand, column: str = "dt-dt", first: int = 3, length: int = 3) -> None:
    """Into the grid, to a cell, some cells, BAD with a comment; the keyboard is in the comment."""
    hand.press("Return")
    hand.until(lambda: isinstance(hand.at, GridView) and pane_of(hand).grid.snapshot is not None)
    hand.settle()
    go_to_cell(hand, column, first)
    hand.press(*["Shift+Right"] * (length - 1), "B")
    assert name_of(hand.at) == "Comment", hand.story()
    hand.write("HV trip")


def previewed(hand: Hand) -> None:
    preview = pane_of(hand).preview
    hand.until(lambda: preview.isVisible() and not preview.bar.loading)


# --- the window as a whole ------------------------------------------------------------------------


@pytest.mark.parametrize("place", [place.name for place in PLACES])
def test_that_tab_goes_round_the_place_and_back(hand: Hand, place: str) -> None:
    hand.window.go_to(place)
    hand.settle()
    hand.press("Shift+F6")
    for _ in range(6):
        if name_of(hand.at) == "Places":
            break
        hand.press("Shift+F6")
    for key in ("Tab", "Shift+Tab"):
        start = name_of(hand.at)
        assert start == "Places", hand.story()
        seen = [start]
        while len(seen) < 90:
            hand.press(key)
            seen.append(name_of(hand.at))
            if seen[-1] == start:
                break
        assert seen[-1] == start, seen
        assert len(set(seen)) > 3, seen
        home = hand.window.views[place].home()
        if home is not None and home.isVisible() and home.focusPolicy() & Qt.FocusPolicy.TabFocus:
            assert name_of(home) in seen


@pytest.mark.parametrize("place", [place.name for place in PLACES])
def test_that_f6_comes_to_every_pane_and_each_is_marked(hand: Hand, place: str) -> None:
    window = hand.window
    window.go_to(place)
    hand.settle()
    seen = set()
    for _ in range(7):
        hand.press("F6")
        at = hand.at
        assert at is not None
        seen.add(name_of(at))
        shows_itself = at.inherits("QLineEdit") or at.inherits("QAbstractButton")
        shows_itself = shows_itself or at.inherits("QComboBox") or at.inherits("QPlainTextEdit")
        assert shows_itself or marks(window).marked is at
    assert "Places" in seen
    assert len(seen) > 1


# --- what F1 says ---------------------------------------------------------------------------------


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

    said = {
        "Arrows, Home, End": moves,
        "Space": selects,
        "A": alike,
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
    for check in said.values():
        check()
    assert set(said) | _TOLD_ELSEWHERE == {keys for keys, _ in KEYS}


_TOLD_ELSEWHERE = {
    # The mouse.
    "Drag",
    "Click on a name or the axis",
    "Middle button, or drag the luminosity",
    # The tasks below.
    "Enter",
    "Left, Right",
    "Escape",
    "H",
    "T",
    "Ctrl+N  Ctrl+S  Ctrl+Enter",
    "Ctrl+Z  Ctrl+Y",
    "Ctrl+Shift+K  Ctrl+Shift+J",
    # The editor of a rule, in tests/views/rules/test_rule_editor.py.
    "Ctrl+Space",
    "Ins  Del  !  &amp;  |",
    "Alt+arrows",
}


# --- tasks ----------------------------------------------------------------------------------------


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
    place = hand.window.views["machines"]
    assert isinstance(place, AgentsPlace)
    hand.until(lambda: place.list.list.count() > 0)
    hand.settle()
    hand.tab_to("Proposals")
    hand.until(lambda: "Accept changes 3 cells" in place.waiting.list.effect.text())
    assert "Golden rule" in place.waiting.list.effect.text() or place.waiting.list.effect.text()
    hand.press("A")
    hand.until(lambda: stored(database, "dt-dt", 3) == Triplet("BAD", "hot module"))


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


@pytest.mark.parametrize("place", [place.name for place in PLACES])
def test_that_every_view_of_a_place_is_copied_from(hand: Hand, place: str) -> None:
    window = hand.window
    window.go_to(place)
    hand.settle()
    views = [
        each
        for each in window.views[place].findChildren(QAbstractItemView)
        if each.isVisible() and each.isEnabled() and each.model() and each.model().rowCount()
    ]
    views = [each for each in views if not isinstance(each, QHeaderView)]
    assert views or place == "golden"  # nobody has made a list yet
    for view in views:
        if not give_keys(view):
            continue
        if not view.currentIndex().isValid():
            hand.press("Down")
        QGuiApplication.clipboard().setText("nothing")
        hand.press("Ctrl+C")
        assert QGuiApplication.clipboard().text() != "nothing", name_of(view)
