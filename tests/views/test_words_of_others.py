"""Every place and dialog shows what others wrote as text, whatever it was they named."""

from collections.abc import Iterator
from datetime import date

import pytest
from PySide6.QtCore import QAbstractListModel, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QGroupBox,
    QLabel,
    QStyleOptionComboBox,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot
from sqlalchemy import text

from app.domain.agents.proposals import AgentColumn, Mode
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.agents import registry
from app.services.certification import cycles
from app.services.golden import generation
from app.views.frame.main_window import MainWindow
from app.views.frame.navigation import PLACES
from app.views.session import Workplace
from app.views.widgets.plain import MarkedUp
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT
from tests.views.offline_window import settle
from tests.views.test_plain import HOSTILE, MARKUP, acts
from tests.views.workplaces import a_workplace

STEERING = HOSTILE[-1].replace("\ud800", "")
MOST_LETTERS = 12_000

RENAMED = (
    "UPDATE \"Run\" SET oms_attributes = oms_attributes || jsonb_build_object('hlt_key', :text,"
    " 'l1_key', :text, 'trigger_mode', :text)",
    "UPDATE \"Run\" SET rr_attributes = rr_attributes || jsonb_build_object('class', :text,"
    " 'stop_reason', :text)",
    'UPDATE "ClassClassifier" SET class = :text WHERE id > 1',
    'UPDATE "DatasetsAccepted" SET name = :text, class = :text, regexp = :text WHERE id > 2',
    'UPDATE "Permission" SET egroup = :text WHERE id > 1',
    'UPDATE "Cycle" SET cycle_name = :text',
    'UPDATE "GeneratedJson" SET tags = :text, created_by = :text',
    'UPDATE "Version" SET "by" = :text, comment = :text',
    "INSERT INTO record.agent (name, version, owner, columns)"
    " SELECT :text, :text, :text, columns FROM record.agent",
    "INSERT INTO record.proposal"
    ' (agent, run_number, name, "column", ranges, status, comment, cause)'
    ' SELECT (SELECT max(id) FROM record.agent), run_number, name, "column", ranges, status,'
    " :text, :text FROM record.proposal",
)


@pytest.fixture(params=[MARKUP, STEERING], ids=["markup", "steering"])
def services(database: Database, request: pytest.FixtureRequest) -> Workplace:
    """An expert at a database in which somebody named everything as badly as can be."""
    acting = Acting(database, EXPERT)
    cycles.create(acting, "cycle", date(2100, 1, 1), ["dt"], [(FIRST, PROMPT)])
    generation.generate(
        acting, "%Prompt%", {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}, tags="tag"
    )
    registry.register(acting, "robot", "1", [AgentColumn("dt-dt", Mode.PROPOSES, "dt-dt")])
    registry.propose(acting, "robot", f"{FIRST},{PROMPT},dt-dt,1,2,BAD,comment,cause\n")
    with database.transaction() as connection:
        for statement in RENAMED:
            typed = statement.replace(":text", "CAST(:text AS text)")
            connection.execute(text(typed), {"text": request.param})
    return a_workplace(database)


def is_of_others(said: str) -> bool:
    return "desrever" in said or "<img" in said


def shown_by(widget: QWidget) -> Iterator[tuple[str, str]]:
    """What a widget shows, line by line for those that show lines."""
    yield "tooltip", widget.toolTip()
    yield "title", widget.windowTitle()
    for action in widget.actions():
        yield "action", action.text()
    match widget:
        case QLabel() if not isinstance(widget, MarkedUp):
            is_plain = widget.textFormat() == Qt.TextFormat.PlainText
            assert is_plain or not is_of_others(widget.text()), widget.text()
            yield "label", widget.text()
        case QAbstractButton():
            yield "button", widget.text()
        case QGroupBox():
            yield "group", widget.title()
        case QTabWidget():
            yield from (("tab", widget.tabText(place)) for place in range(widget.count()))
        case QComboBox() if not widget.isEditable():
            option = QStyleOptionComboBox()
            widget.initStyleOption(option)
            yield "box", option.currentText
            for place in range(widget.count()):
                line = widget.itemText(place)
                yield "line", widget.itemDelegate().displayText(line, widget.locale())  # type: ignore[attr-defined]
        case QAbstractItemView() if not isinstance(widget.parent(), QComboBox):
            yield from cells_of(widget)


def cells_of(view: QAbstractItemView) -> Iterator[tuple[str, str]]:
    model = view.model()
    # The list of an opened box is drawn by the box.
    if model is None or view.window().windowFlags() & Qt.WindowType.Popup == Qt.WindowType.Popup:
        return
    columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount()
    for row in range(min(model.rowCount(), 40)):
        for column in range(columns):
            for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
                found = model.index(row, column).data(role)
                if isinstance(found, str):
                    yield f"{type(view).__name__} of {type(model).__name__}", found


def check(widget: QWidget, where: str) -> int:
    """Checks all that is below a widget; returns how many texts of others were there."""
    of_others = 0
    for each in [widget, *widget.findChildren(QWidget)]:
        for what, said in shown_by(each):
            place = f"{where}: {what} of {type(each).__name__} {each.accessibleName()}: {said!r}"
            assert not any(map(acts, said.split("\n"))), place
            assert len(said) <= MOST_LETTERS, place
            of_others += is_of_others(said)
    return of_others


def test_that_every_place_shows_words_of_others_as_text(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    found: dict[str, int] = {}
    for place in (each.name for each in PLACES):
        real_window.go_to(place)
        settle(qtbot, real_window)
        view = real_window.views[place]
        for tabs in view.findChildren(QTabWidget):
            for number in range(tabs.count()):
                tabs.setCurrentIndex(number)
                settle(qtbot, real_window)
                check(real_window, f"{place}, {tabs.tabText(number)}")
        if place in ("online", "offline"):
            view.table.table.selectRow(0)  # type: ignore[attr-defined]
        settle(qtbot, real_window)
        found[place] = check(real_window, place)
    assert not [place for place, number in found.items() if not number], found


def test_that_every_dialog_shows_words_of_others_as_text(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    looked: set[str] = set()
    for place in (each.name for each in PLACES):
        real_window.go_to(place)
        settle(qtbot, real_window)
        if place in ("online", "offline"):
            real_window.views[place].table.table.selectRow(0)  # type: ignore[attr-defined]
            settle(qtbot, real_window)
        real_window.actions_.update()
        for row in real_window.actions_.rows:
            action: QAction = real_window.actions_[row.id]
            if not action.isEnabled() or not action.text().endswith("..."):
                continue
            action.trigger()
            settle(qtbot, real_window)
            for dialog in QApplication.topLevelWidgets():
                if isinstance(dialog, QDialog) and dialog.isVisible():
                    if isinstance(dialog, QFileDialog):  # is Qt's, of files of this machine
                        dialog.close()
                        continue
                    looked.add(type(dialog).__name__)
                    check(dialog, f"{place}, {action.text()}")
                    dialog.close()
            settle(qtbot, real_window)
    assert len(looked) > 8, looked
