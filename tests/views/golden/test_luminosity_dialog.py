"""Importing luminosity in the window: preview, writing, stopping, undoing."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.services.golden import luminosity
from app.services.history import undo
from app.views.golden.luminosity_dialog import LuminosityDialog
from app.views.places import PlaceContext
from tests.services.golden.test_luminosity import written
from tests.services.offline_runs import FIRST, SECOND, newest_version
from tests.views.golden.conftest import locked


@pytest.fixture
def dialog(qtbot: QtBot, context: PlaceContext) -> LuminosityDialog:
    dialog = LuminosityDialog(context)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One run measured too far, one that nobody knows."""
    measured = {(FIRST, ls): (600_000, 500_000) for ls in range(1, 13)}
    return written(tmp_path, {**measured, (500000, 1): (1, 1)})


def lines(dialog: LuminosityDialog) -> list[list[str]]:
    items = [dialog.runs.topLevelItem(n) for n in range(dialog.runs.topLevelItemCount())]
    return [[item.text(column) for column in range(8)] for item in items]


def test_that_nothing_is_written_before_it_was_seen(
    qtbot: QtBot, dialog: LuminosityDialog, season: Database, file: Path
) -> None:
    before = newest_version(season)
    dialog.line.setText(str(file))
    dialog.line.editingFinished.emit()
    qtbot.waitUntil(lambda: len(lines(dialog)) == 2)
    known, unknown = lines(dialog)
    assert known[:4] == [str(FIRST), "changes", "12", "10"]
    assert known[5:] == ["5", "11-12", "1"]
    assert unknown[:2] == ["500000", "not in the Run Registry"]
    assert unknown[5:7] == ["", ""]
    assert dialog.summary.text() == (
        "10 LS in 1 run get other values; 1 run not in the Run Registry;"
        " 1 run shorter than in the file."
    )
    assert newest_version(season) == before
    dialog.reject()
    assert newest_version(season) == before


def test_that_it_is_written_as_one_version_that_can_be_undone(
    qtbot: QtBot, dialog: LuminosityDialog, season: Database, file: Path, context: PlaceContext
) -> None:
    dialog.preview(file)
    qtbot.waitUntil(dialog.write.isEnabled)
    with qtbot.waitSignal(dialog.imported) as imported:
        qtbot.mouseClick(dialog.write, Qt.MouseButton.LeftButton)
    text, version = imported.args
    assert text == "Imported luminosity of 10 LS in 1 run."
    assert newest_version(season)[0] == version
    qtbot.waitUntil(lambda: not dialog.isVisible())
    undo.undo(context.acting, version)
    dialog.preview(file)
    qtbot.waitUntil(lambda: "10 LS in 1 run get other values" in dialog.summary.text())


def test_that_a_file_that_says_nothing_new_is_not_written(
    qtbot: QtBot, dialog: LuminosityDialog, season: Database, file: Path, context: PlaceContext
) -> None:
    luminosity.import_brilcalc(context.acting, file)
    dialog.preview(file)
    qtbot.waitUntil(lambda: "stored already" in dialog.summary.text())
    assert not dialog.write.isEnabled()


def test_that_a_bad_file_is_refused_in_place(
    qtbot: QtBot, dialog: LuminosityDialog, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("nonsense\n")
    dialog.preview(bad)
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert "bad.csv" in dialog.refusal.text()
    assert not dialog.write.isEnabled()
    assert dialog.choose.isEnabled()


def test_that_stopping_writes_nothing(
    qtbot: QtBot, dialog: LuminosityDialog, season: Database, tmp_path: Path
) -> None:
    before = newest_version(season)
    measured = {(run, ls): (6e5, 5e5) for run in (FIRST, SECOND) for ls in range(1, 11)}
    dialog.preview(written(tmp_path, measured))
    qtbot.waitUntil(dialog.write.isEnabled)
    with locked(season, "Run"):
        qtbot.mouseClick(dialog.write, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: dialog.writing.progress.value() > 0)
        assert not dialog.choose.isEnabled()
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: dialog.summary.text() == "Cancelled: nothing was written.")
    assert newest_version(season) == before
    assert dialog.isVisible()
    assert dialog.write.isEnabled()
    qtbot.waitUntil(lambda: not dialog.writing.isVisible())


def test_that_enter_without_a_file_asks_for_one(qtbot: QtBot, dialog: LuminosityDialog) -> None:
    qtbot.keyClick(dialog.line, Qt.Key.Key_Return)
    assert dialog.refusal.text() == "Choose a file."
