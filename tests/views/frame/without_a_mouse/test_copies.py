"""Ctrl+C in every table, list and tree of every place, tab and dialog."""

import re
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHeaderView, QTabWidget, QWidget

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing.lumisections import ColumnEdit, edit_columns
from app.services.golden import generation
from app.views.bulk.edit_dialog import BulkEditDialog
from app.views.configuration.trials.reclassify_dialog import ReclassifyDialog
from app.views.datasets.tool_dialogs import ChangeStatesDialog
from app.views.focus import give_keys
from app.views.frame.navigation import PLACES
from app.views.golden.export_dialog import ExportDialog
from app.views.history.moment_chooser import MomentChooser
from app.views.history.undo_dialog import UndoDialog
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT
from tests.views.frame.without_a_mouse.steps import BAD, RUN
from tests.views.hand import Hand, name_of

_AGE, _DAY = re.compile(r"(?:^|\t)\d+ \w+ ago(?:\t|$)"), re.compile(r"\d{4}-\d\d-\d\d")
RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}


def views_in(part: QWidget) -> Iterator[QAbstractItemView]:
    """What shows rows now."""
    for each in part.findChildren(QAbstractItemView):
        if isinstance(each, QHeaderView) or not each.isVisible() or not each.isEnabled():
            continue
        if each.model() is not None and each.model().rowCount():
            yield each


def copied_from(hand: Hand, part: QWidget) -> set[str]:
    """Copies from everything in it; what it was called."""
    copied = set()
    for view in list(views_in(part)):
        if not give_keys(view):
            continue
        if not view.currentIndex().isValid():
            hand.press("Down")
        QGuiApplication.clipboard().setText("nothing")
        hand.press("Ctrl+C")
        hand.settle()
        text = QGuiApplication.clipboard().text()
        assert text != "nothing", name_of(view)
        # An age holds only for now: what is kept needs the time.
        of_now = [each for each in text.splitlines() if _AGE.search(each) and not _DAY.search(each)]
        assert not of_now, name_of(view)
        copied.add(name_of(view))
    return copied


def from_tabs(hand: Hand, part: QWidget) -> set[str]:
    """The same with each tab in front once, those in tabs as well."""
    copied = copied_from(hand, part)
    for tabs in part.findChildren(QTabWidget):
        before = tabs.currentIndex()
        for number in range(tabs.count()):
            tabs.setCurrentIndex(number)
            hand.settle()
            if tabs.isVisible():
                copied |= copied_from(hand, tabs)
        tabs.setCurrentIndex(before)
        hand.settle()
    return copied


SHOWN_LATER = {
    "online": {"Runs", "Attributes", "History"},
    "offline": {"Datasets", "Attributes", "History"},
    "cycles": {"Cycles", "Datasets", "Workspaces of the cycle", "History of the cycle"},
    "todo": {"What is left to do", "OPEN datasets by workspace and name"},
    "golden": {"Golden JSONs", "Charts"},
    "log": {"Log"},
    "agents": {"Proposals"},
    "configuration": {"Lists of the configuration", "Classes", "Versions"},
}


@pytest.mark.parametrize("place", [place.name for place in PLACES])
def test_that_every_view_of_a_place_is_copied_from(
    hand: Hand, database: Database, place: str
) -> None:
    generation.generate(Acting(database, EXPERT), PROMPT, RULE)
    window = hand.window
    window.go_to(place)
    hand.settle()
    if place in ("online", "offline"):
        details = window.online.details if place == "online" else window.offline.details
        hand.until(lambda: details.details)
        details.tabs.setCurrentWidget(details.history)
        hand.until(details.history.model.rowCount)
        details.tabs.setCurrentWidget(details.lumisections)
    assert from_tabs(hand, window.views[place]) >= SHOWN_LATER[place]


def in_dialog(hand: Hand, kind: type[QDialog]) -> set[str]:
    """What is copied from in a dialog, once there is something; the dialog closes."""
    dialog = hand.dialog(kind)
    hand.settle()
    hand.until(lambda: any(views_in(dialog)))
    copied = copied_from(hand, dialog)
    hand.press("Escape")
    hand.until(lambda: not hand.window.findChildren(kind))
    hand.settle()
    return copied


def test_that_dialogs_with_tables_are_copied_from(hand: Hand, database: Database) -> None:
    generation.generate(Acting(database, EXPERT), PROMPT, RULE)
    edit = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(3, 4),), BAD)
    edit_columns(Acting(database, EXPERT), [edit])
    late = ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(3, 4),), Triplet("BAD", "seen"))
    edit_columns(Acting(database, EXPERT), [late])
    hand.press("Ctrl+Shift+T")
    assert in_dialog(hand, MomentChooser)
    hand.press("Ctrl+Z")
    assert in_dialog(hand, UndoDialog)
    hand.do("Reclassify open runs")
    in_dialog(hand, ReclassifyDialog)
    hand.press("Ctrl+2")
    hand.settle()
    hand.until(lambda: hand.window.offline.table.model.rowCount() == 2)
    hand.press("Home", "Ctrl+A")
    hand.do("Change states")
    assert "Effects" in in_dialog(hand, ChangeStatesDialog)
    hand.do("Edit lumisections of many")
    assert "What to set" in in_dialog(hand, BulkEditDialog)
    hand.press("Ctrl+5")
    hand.settle()
    hand.until(hand.window.golden.entries.list.isVisible)
    hand.press("Ctrl+Shift+X")
    assert in_dialog(hand, ExportDialog) == {"Forms"}
