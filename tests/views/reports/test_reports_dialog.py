"""The window of reports: made in the background, shown, saved and copied."""

import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication, QImage, QKeySequence
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.domain.progress import SILENT
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration.in_force import shipped_rule
from app.services.reports import era, page
from app.services.reports.moment import moment_of
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.reports import dialog as reports_dialog
from app.views.reports import printing
from app.views.reports.dialog import CALL, ERA, SHIFT, ReportsDialog
from tests.builders import EXPERT
from tests.conftest import TestServer
from tests.services import certified_in_may
from tests.services.offline_runs import FIRST
from tests.views.workplaces import a_context, a_workplace

PATTERN = "/PromptReco/%"

Open = Callable[[str], ReportsDialog]


@pytest.fixture
def database(server: TestServer) -> Iterator[Database]:
    """A fresh copy of the season of May."""
    template = server.template(certified_in_may.TEMPLATE, certified_in_may.fill)
    with server.opened(template) as database:
        yield database


@pytest.fixture
def open_(
    qtbot: QtBot,
    database: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
    owner: QWidget,
) -> Open:
    """Opens the window with a report chosen."""

    def opened(kind: str) -> ReportsDialog:
        context = a_context(a_workplace(database), background, notices, themes, remembered)
        dialog = ReportsDialog(context, owner, kind)
        dialog.open()
        qtbot.waitUntil(lambda: not background.busy and dialog.rule.count() > 1)
        return dialog

    return opened


def made(qtbot: QtBot, dialog: ReportsDialog) -> str:
    """The text of the report once it is made."""
    dialog.make.click()
    qtbot.waitUntil(lambda: not dialog.work.is_running)
    return dialog.text.toPlainText()


def save_to(dialog: ReportsDialog, file: Path) -> None:
    """Names the file that the dialog asks for."""
    (asked,) = (each for each in dialog.findChildren(QFileDialog) if each.isVisible())
    asked.fileSelected.emit(str(file))
    asked.close()


def test_that_each_report_is_shown_with_its_plots(qtbot: QtBot, open_: Open) -> None:
    dialog = open_(SHIFT)
    assert str(FIRST) in made(qtbot, dialog)
    assert "Luminosity by run" in dialog.list.item(0).text()
    dialog.kind.setCurrentText(CALL)
    assert "Cycle May" in made(qtbot, dialog)
    dialog.kind.setCurrentText(ERA)
    dialog.datasets.setCurrentText(PATTERN)
    assert "Era Collisions2025A" in made(qtbot, dialog)
    assert [dialog.list.item(at).text() for at in range(dialog.list.count())] == [
        "Luminosity accumulated over time (UTC)",
        "Luminosity by day",
        "Efficiency by sub-system, from 0 %",
    ]
    for at in range(dialog.list.count()):
        dialog.list.setCurrentRow(at)
        assert dialog.view.plot is not None
        assert dialog.view.plot.key in ("accumulated", "days", "efficiency")


def test_that_each_letter_after_alt_is_one_thing_and_makes_the_report(
    qtbot: QtBot, open_: Open
) -> None:
    dialog = open_(SHIFT)
    for kind in (SHIFT, CALL, ERA):
        dialog.kind.setCurrentText(kind)
        shown = [
            each.text()
            for each in (*dialog.findChildren(QLabel), *dialog.findChildren(QPushButton))
            if each.isVisibleTo(dialog.tabs.widget(1)) or each.isVisible()
        ]
        shown += [dialog.tabs.tabText(at) for at in range(dialog.tabs.count())]
        keys = [str(QKeySequence.mnemonic(text).toString()) for text in shown if "&" in text]
        assert "Alt+M" in keys
        assert sorted(set(keys)) == sorted(keys)
    dialog.kind.setCurrentText(SHIFT)
    dialog.activateWindow()
    qtbot.keyClick(dialog, Qt.Key.Key_M, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: dialog.shown is not None)
    qtbot.waitUntil(lambda: not dialog.work.is_running)
    assert dialog.text.horizontalScrollBar().maximum() == 0


def test_that_what_can_t_be_made_is_said_and_what_was_made_stays(qtbot: QtBot, open_: Open) -> None:
    dialog = open_(ERA)
    assert not dialog.save.isEnabled()
    dialog.datasets.setCurrentText("/Nothing/%")
    assert "press Make" in made(qtbot, dialog)
    assert "/Nothing/%" in dialog.refusal.text()
    dialog.datasets.setCurrentText(PATTERN)
    first = made(qtbot, dialog)
    dialog.as_of.setText("tomorrow")
    assert made(qtbot, dialog) == first
    assert '"tomorrow" is no moment' in dialog.refusal.text()
    assert dialog.save.isEnabled()


def test_that_the_window_saves_the_page_that_the_command_writes(
    qtbot: QtBot, open_: Open, database: Database, tmp_path: Path
) -> None:
    dialog = open_(ERA)
    dialog.datasets.setCurrentText(PATTERN)
    made(qtbot, dialog)
    acting = Acting(database, EXPERT)
    rule = ("golden", shipped_rule("golden"))
    report = era.report(acting, moment_of(acting), PATTERN, rule)
    file, pdf = tmp_path / "era.html", tmp_path / "era.pdf"
    dialog.save.click()
    save_to(dialog, file)
    qtbot.waitUntil(file.exists)
    assert file.read_text(encoding="utf-8") == page.html_of(report)
    dialog.save.click()
    save_to(dialog, pdf)
    qtbot.waitUntil(pdf.exists)
    assert pdf.read_bytes().startswith(b"%PDF-")
    dialog.save.click()
    save_to(dialog, tmp_path / "nowhere" / "era.html")
    qtbot.waitUntil(lambda: "there is no folder" in dialog.refusal.text())


def test_that_each_plot_is_saved_as_picture_drawing_and_numbers(
    qtbot: QtBot, open_: Open, tmp_path: Path
) -> None:
    dialog = open_(SHIFT)
    made(qtbot, dialog)
    dialog.tabs.setCurrentIndex(1)
    for button, name in ((dialog.png, "p.png"), (dialog.svg, "p.svg"), (dialog.csv, "p.csv")):
        button.click()
        save_to(dialog, tmp_path / name)
        qtbot.waitUntil((tmp_path / name).exists)
    assert not QImage(str(tmp_path / "p.png")).isNull()
    assert ET.parse(tmp_path / "p.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()[1].startswith(str(FIRST))
    dialog.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert copied == dialog.text.toPlainText().replace(page.BREAK, "")
    assert "/PromptReco/Collisions2025A/DQM" in copied


def test_that_a_report_is_cancelled_and_the_window_stays(
    qtbot: QtBot, open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = open_(ERA)
    asked = threading.Event()

    def slow(*_: object) -> object:
        progress = dialog.work._work.progress
        asked.set()
        while True:
            progress.checkpoint()

    monkeypatch.setattr(reports_dialog.era, "report", slow)
    dialog.make.click()
    qtbot.waitUntil(asked.is_set)
    assert not dialog.make.isEnabled()
    dialog.reject()
    qtbot.waitUntil(lambda: not dialog.work.is_running)
    assert dialog.isVisible()
    assert dialog.make.isEnabled()
    assert dialog.refusal.text().startswith("Cancelled")


def test_that_the_window_closes_the_second_time_while_nothing_ends(
    qtbot: QtBot, open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = open_(ERA)
    released = threading.Event()
    monkeypatch.setattr(reports_dialog.era, "report", lambda *_: released.wait())
    dialog.make.click()
    qtbot.waitUntil(lambda: dialog.work.is_running)
    dialog.reject()
    assert dialog.isVisible()
    with qtbot.waitSignal(dialog.finished):
        dialog.reject()
    released.set()


def test_that_a_page_of_paper_follows_the_other(database: Database, open_: Open) -> None:
    acting = Acting(database, EXPERT)
    rule = ("golden", shipped_rule("golden"))
    report = era.report(acting, moment_of(acting), PATTERN, rule, SILENT)
    content = printing.pdf_of(report)
    pages = content.count(b"/Type /Page\n") or content.count(b"/Type /Page ")
    assert pages >= 2
