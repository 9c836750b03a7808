"""What others wrote is shown as text: no markup, bounded, nothing that acts without being seen."""

import importlib
import pkgutil
import re
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QInputDialog,
    QLabel,
    QStyleOptionComboBox,
    QToolTip,
    QWidget,
)
from pytestqt.qtbot import QtBot

import app.views
from app.domain.editing.edits import ColumnEdit
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange
from app.domain.triplets import BAD, Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import bulk
from app.views.frame.main_window import MainWindow
from app.views.golden.explaining.bar_chart import BarChart, ChartBar
from app.views.grid.grid_layout import Cell
from app.views.looks.theme import Themes
from app.views.notices import Level, Notice, ReportDialog, ask, inform
from app.views.widgets import plain
from app.views.widgets.plain import (
    ChoiceBox,
    Label,
    ListItem,
    MarkedUp,
    TreeItem,
    cell,
    of_role,
    said,
    tip,
)
from tests.builders import EXPERT
from tests.views.many_runs import LENGTH, NEWEST, OLDEST, set_rr

VIEWS = Path(app.views.__file__).parent
MARKUP = '<img src="q" width="2500" height="1500"><b>bold</b> <a href="x">here</a>'
HOSTILE = (
    MARKUP,
    "w" * 20_000,
    "a word " * 3000,
    "line\n" * 5000,
    "set by hand\n\u202edesrever\u2069 \x1b[31mred\x07 \u2066\u200e\ud800\r\t.",
)
LEAST_WIDTH = 900
SCREEN = 800


def acts(text: str) -> bool:
    """Whether anything in a line isn't seen but acts."""
    return not text.replace("\u202f", " ").isprintable()


def constructed(names: str) -> set[str]:
    found = re.compile(rf"(?<![\w.])({names})\(")
    return {
        f"{path.relative_to(VIEWS)}: {line.strip()}"
        for path in VIEWS.rglob("*.py")
        if path.name != "plain.py"
        for line in path.read_text().splitlines()
        if found.search(line)
    }


def models() -> set[type[QAbstractItemModel]]:
    for module in pkgutil.walk_packages(app.views.__path__, "app.views."):
        importlib.import_module(module.name)
    found: set[type[QAbstractItemModel]] = set()
    left = [QAbstractItemModel]
    while left:
        for each in left.pop().__subclasses__():
            left.append(each)
            if each.__module__.startswith("app.views.") and "data" in vars(each):
                found.add(each)
    return found


# --- nobody goes round it -------------------------------------------------------------------------


def test_that_every_label_and_item_is_one_that_shows_text() -> None:
    items = "QTreeWidgetItem|QListWidgetItem|QTableWidgetItem|QStandardItem"
    assert not constructed(f"QLabel|QComboBox|{items}")
    lists = r"(\.list|\.forms|\.rules|\.charts|\.places|\.sections|\.columns|\.names)"
    assert not constructed(rf"self{lists}\.addItems")
    assert {line.split(":")[0] for line in constructed("QMessageBox")} == {"notices.py"}


def test_that_markup_is_the_program_s_own() -> None:
    files = {line.split(":")[0] for line in constructed("MarkedUp")}
    assert files == {
        "frame/status_bar.py",
        "agents/confusion_view.py",
        "widgets/dialogs/fitting.py",
    }


def test_that_every_tooltip_of_ours_is_bounded() -> None:
    calls = [
        (path.name, call)
        for path in VIEWS.rglob("*.py")
        for call in re.findall(r"QToolTip\.showText\(.{,120}", path.read_text(), re.DOTALL)
    ]
    assert len(calls) > 5
    assert not [each for each in calls if "tip(" not in each[1]]


def test_that_every_model_shows_text() -> None:
    # What is completed is typed as it is.
    completing = {"CompletionModel"}
    found = {each for each in models() if each.__name__ not in completing}
    assert len(found) > 12
    assert not [each for each in found if not hasattr(vars(each)["data"], "shows_text")]


# --- what is made of a text -----------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_that_a_text_of_others_is_harmless_and_bounded(text: str) -> None:
    assert not acts(cell(text))
    assert len(cell(text)) <= 6 * plain.LONGEST_CELL
    for made in (tip(text), said(text)):
        lines = made.split("\n")
        assert not any(map(acts, lines))
        assert len(lines) <= plain.MOST_LINES
    assert max(map(len, tip(text).split("\n"))) <= plain.LONGEST_LINE
    assert of_role(text, Qt.ItemDataRole.ToolTipRole) == tip(text)
    assert of_role(text, Qt.ItemDataRole.DisplayRole) == cell(text)
    assert of_role(text, Qt.ItemDataRole.EditRole) == text


def test_that_a_short_text_stays_as_it_is() -> None:
    text = "HV trip, 12\u202f345 LS at B = 3.8 T"
    assert (cell(text), said(text)) == (text, text)
    assert tip("HV trip") == "HV trip"
    assert cell("first\nsecond") == "first\\nsecond"
    assert said("first\nsecond") == "first\nsecond"


def test_that_markup_is_shown_as_it_was_written(qtbot: QtBot, themes: Themes) -> None:
    label = Label(MARKUP)
    qtbot.addWidget(label)
    label.show()
    assert label.text() == MARKUP
    height = QFontMetrics(label.font()).lineSpacing()
    assert label.sizeHint().height() < 3 * height
    label.setText("w" * 20_000)
    assert label.minimumSizeHint().width() <= LEAST_WIDTH // 2


def test_that_items_show_text() -> None:
    line = TreeItem(["a\nb"])
    line.setText(1, "c\x1bd")
    line.setToolTip(1, "w" * 20_000)
    assert (line.text(0), line.text(1)) == ("a\\nb", "c\\x1bd")
    assert len(line.toolTip(1)) < 3000
    item = ListItem("a\nb")
    assert item.text() == "a\\nb"
    item.setText("\u202e")
    assert item.text() == "\\u202e"


def test_that_boxes_draw_text_and_keep_what_it_names(
    qtbot: QtBot, owner: QWidget, themes: Themes
) -> None:
    box = ChoiceBox(owner)
    names = [text.replace("\ud800", "") for text in HOSTILE]
    box.addItems(names)
    for place, name in enumerate(names):
        box.setCurrentIndex(place)
        assert box.currentText() == name
        option = QStyleOptionComboBox()
        box.initStyleOption(option)
        assert option.currentText == cell(name)
        drawn = box.itemDelegate().displayText(name, box.locale())  # type: ignore[attr-defined]
        assert drawn == cell(name)
    assert box.sizeHint().width() <= LEAST_WIDTH
    assert box.minimumSizeHint().width() <= LEAST_WIDTH


def test_that_tooltips_boxes_and_questions_take_no_markup(
    qtbot: QtBot, owner: QWidget, themes: Themes
) -> None:
    for text in (MARKUP, "<i>w</i>\n" * 5000, "<i>w</i> " * 5000):
        QToolTip.showText(QPoint(10, 10), text, owner)
        shown = [
            each
            for each in QApplication.topLevelWidgets()
            if isinstance(each, QLabel) and each.metaObject().className() == "QTipLabel"
        ]
        assert shown
        assert shown[0].textFormat() == Qt.TextFormat.PlainText
        assert shown[0].height() < SCREEN
        QToolTip.hideText()
    boxes = [
        ask(owner, "Delete", MARKUP, "Delete", lambda: None),
        inform(owner, "About", MARKUP),
    ]
    for box in boxes:
        assert (box.text(), box.textFormat()) == (MARKUP, Qt.TextFormat.PlainText)
        box.close()
    question = QInputDialog(owner)
    question.setLabelText(MARKUP)
    question.open()
    formats = {each.textFormat() for each in question.findChildren(QLabel)}
    assert formats == {Qt.TextFormat.PlainText}
    question.close()


# --- the whole window -----------------------------------------------------------------------------


@pytest.fixture
def thirty_runs(request: pytest.FixtureRequest, thirty_runs: Database) -> Database:
    """Runs, datasets, attributes, comments, causes and authors that say something hostile."""
    # The server itself takes no lone surrogate.
    text: str = request.param.replace("\ud800", "")
    for number in range(OLDEST, NEWEST + 1):
        set_rr(thirty_runs, number, **{"class": text, "stop_reason": text})
    author = replace(EXPERT, email=text)
    edit = ColumnEdit(NEWEST, ONLINE, "dt-dt", (LumiRange(1, LENGTH),), Triplet(BAD, text, text))
    bulk.write(Acting(thirty_runs, author), [edit], comment=text)
    return thirty_runs


@pytest.mark.parametrize("thirty_runs", HOSTILE, indirect=True)
def test_that_nothing_others_wrote_breaks_out_of_the_window(
    qtbot: QtBot, window: MainWindow
) -> None:
    pane = window.online.details.lumisections
    qtbot.waitUntil(lambda: pane.grid.snapshot is not None)
    qtbot.waitUntil(lambda: not window._background.busy)
    assert pane.grid.snapshot is not None
    height = pane.grid.height()
    row = pane.grid.snapshot.keys.index("dt-dt")
    pane.grid.focus(Cell(row, 3))
    window.notices.tell("Changed: " + pane.cell.text(), detail="x")
    qtbot.waitUntil(lambda: not window._background.busy)
    assert pane.grid.height() > height - 60
    least = window.online.minimumSizeHint()
    assert (least.width(), least.height()) <= (LEAST_WIDTH, SCREEN)
    assert least.height() <= SCREEN
    assert window.status.notice.height() < SCREEN // 2
    for label in window.findChildren(QLabel):
        if isinstance(label, MarkedUp):
            continue
        assert label.textFormat() == Qt.TextFormat.PlainText, label.text()
        assert not any(map(acts, label.text().split("\n")))
    looked = 0
    for view in window.findChildren(QAbstractItemView):
        model = view.model()
        if model is None:
            continue
        columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount()
        for line in range(min(model.rowCount(), 40)):
            for column in range(columns):
                for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
                    text = model.index(line, column).data(role)
                    if isinstance(text, str):
                        looked += 1
                        assert not any(map(acts, text.split("\n"))), type(model)
                        assert len(text) <= 12_000
    assert looked > 100


def test_that_a_report_is_text(owner: QWidget) -> None:
    dialog = ReportDialog(Notice(Level.BUG, MARKUP, MARKUP), owner)
    assert dialog.report.toPlainText() == MARKUP
    for label in dialog.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText
    dialog.close()


def test_that_the_title_of_a_chart_is_text(qtbot: QtBot, themes: Themes) -> None:
    chart = BarChart(themes)
    qtbot.addWidget(chart)
    chart.show_bars(MARKUP, [ChartBar("a", 1.0, "a")], 1.0)
    label = chart.getPlotItem().titleLabel
    assert label.item.toPlainText() == MARKUP
