"""Every button of the window that writes, for somebody who may not."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QPushButton, QTabWidget, QToolButton
from pytestqt.qtbot import QtBot

from app.domain.identity import Actor
from app.models.database.engine import Database
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.frame.navigation import PLACES
from app.views.golden.place import GoldenPlace
from app.views.grid.grid_layout import Cell
from app.views.notices import NoticeBar
from app.views.places import PlaceContext
from app.views.rights import READ_ONLY, READS_ALONE
from app.views.session import Workplace
from tests.builders import EXPERT, NOBODY
from tests.conftest import prepared
from tests.views.workplaces import a_workplace

ONLY_SHOWS = frozenset(
    {
        *("Open", "Whole history", "Golden JSON", "Stop", "Look further back", "Add list"),
        *("Save as...", "Make it again", "What changed since?", "Save events...", "Save runs..."),
        *("Open run", "Save as", "Copy", "Load older", "Look", "Cancel", "Export...", "Close"),
        *("Compare with now", "As of", "Preview", "Show", "Older", "Newer", "Back to now"),
        *("All theirs", "All mine", "Bring back", "All...", "E-group...", "Report...", "Compare"),
        *("Try", "Check", "Take theirs", "Keep mine", "Revert", "New", "New from this", "Drop"),
        *("File...", "0 new entries above", "Open 0 more of 0 datasets", "Try now"),
        *("Reclassify runs...", "With the DQM GUI...", "Verify...", "As of then"),
    }
)
"""What other buttons are called: they show, choose, or write a file of the person's own."""
RIGHTS = {
    *("Register...", "Retire...", "Restore...", "Generate...", "Take them in"),
}
"""Buttons of which permissions say who may press them, wherever they stand."""


@pytest.fixture
def actor() -> Actor:
    return EXPERT


@pytest.fixture
def asks_to_read(runs_dsn: str) -> Iterator[Database]:
    """The thirty runs over a connection that is read-only."""
    joined = "&" if "?" in runs_dsn else "?"
    database = Database(f"{runs_dsn}{joined}options=-c%20default_transaction_read_only%3Don")
    database.prepare()
    yield database
    database.close()


@pytest.fixture
def reads_alone(runs_dsn: str) -> Iterator[Database]:
    """The thirty runs for a login that may read everything, and write nothing."""
    with psycopg.connect(runs_dsn, autocommit=True) as control:
        login = f"{control.info.dbname}_reader"
        control.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'p'")
        for schema in ("public", "desk", "record", "seal"):
            control.execute(f"GRANT USAGE ON SCHEMA {schema} TO {login}")
            control.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {login}")
        with prepared(make_conninfo(runs_dsn, user=login, password="p")) as database:
            yield database
        control.execute(f"DROP OWNED BY {login}")
        control.execute(f"DROP ROLE {login}")


def _whole(window: MainWindow, qtbot: QtBot, background: Background) -> list[QAbstractButton]:
    """All buttons with a text, once each place and each of its tabs was in front."""
    for place in PLACES:
        window.navigation.go_to(place.name)
        qtbot.waitUntil(lambda: not background.busy)
        for tabs in window.views[place.name].findChildren(QTabWidget):
            for at in range(tabs.count()):
                tabs.setCurrentIndex(at)
        qtbot.waitUntil(lambda: not background.busy)
    return [
        button
        for kind in (QPushButton, QToolButton)
        for button in window.findChildren(kind)
        if button.text()
    ]


@pytest.mark.parametrize(
    ("look", "why"), [("asks_to_read", READ_ONLY), ("reads_alone", READS_ALONE)]
)
class TestReadOnly:
    @pytest.fixture
    def workplace(self, look: str, request: pytest.FixtureRequest) -> Workplace:
        return a_workplace(request.getfixturevalue(look), EXPERT)

    def test_that_no_button_writes_where_nothing_can_be_written(
        self, qtbot: QtBot, window: MainWindow, background: Background, why: str
    ) -> None:
        offered = {
            (type(button.parent()).__name__, button.text())
            for button in _whole(window, qtbot, background)
            if isinstance(button, QPushButton)
            and re.sub(r"[0-9]+", "0", button.text()) not in ONLY_SHOWS
            # Takes back what was written on this connection: nothing was.
            and not isinstance(button.parent(), NoticeBar)
            and (button.isEnabled() or why not in _line(button))
        }
        assert sorted(offered) == []

    def test_that_no_action_writes_there(self, window: MainWindow, why: str) -> None:
        window.actions_.update()
        writes = [row for row in window.actions_.rows if (row.right or row.who) and not row.opens]
        wrong = [
            row.id
            for row in writes
            if window.actions_[row.id].isEnabled()
            or (not (row.why_not and row.why_not()) and why not in _line(window.actions_[row.id]))
        ]
        assert (len(writes) > 30, wrong) == (True, [])

    def test_that_the_grid_says_so_at_the_first_cell_and_previews_all_the_same(
        self, qtbot: QtBot, window: MainWindow, why: str
    ) -> None:
        pane = window.online.details.lumisections
        qtbot.waitUntil(lambda: pane.grid.snapshot is not None)
        pane.grid.focus(Cell(1, 2))
        pane.editing.set_status("GOOD")
        assert (pane.editor.cells.cells, pane.strip.message.text()) == (1, why)
        pane.editing.look_before_writing()
        qtbot.waitUntil(lambda: pane.preview.changes.topLevelItemCount() > 0)
        assert pane.preview.summary.text().startswith("1 cell changes in 1 row, 1 LS, ")
        assert not pane.preview.write_button.isEnabled()
        assert why in _line(pane.preview.write_button)
        pane.editor.drop()

    def test_that_no_rule_is_saved_there(self, window: MainWindow, why: str) -> None:
        golden = window.views["golden"]
        assert isinstance(golden, GoldenPlace)
        bar = golden.bench.configurations
        for action in (bar.save, bar.save_as, bar.rename, bar.delete):
            assert not action.isEnabled()
            assert why in _line(action)


@pytest.mark.parametrize("actor", [NOBODY])
class TestNobody:
    @pytest.fixture
    def workplace(self, thirty_runs: Database, actor: Actor) -> Workplace:
        return a_workplace(thirty_runs, actor)

    def test_that_what_a_right_decides_is_greyed_with_the_e_group(
        self, qtbot: QtBot, window: MainWindow, context: PlaceContext, background: Background
    ) -> None:
        buttons = _whole(window, qtbot, background)
        context.rights.load()
        qtbot.waitUntil(lambda: not background.busy)
        wanted = [button for button in buttons if button.text() in RIGHTS]
        assert {button.text() for button in wanted} == RIGHTS
        assert not [button.text() for button in wanted if button.isEnabled()]
        assert {_line(button).partition(" may not do this")[0] for button in wanted} == {
            NOBODY.email
        }
        assert all("It takes a member of" in _line(button) for button in wanted)


def _line(button: QAbstractButton | QAction) -> str:
    return " ".join(button.toolTip().split())
