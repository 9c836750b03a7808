"""The list of settings with the line that changes one."""

from collections.abc import Callable
from pathlib import Path

import keyring
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.preferences import Preference
from app.preferences import PreferenceBook
from app.settings import Settings
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.preferences.dialog import PreferencesDialog
from tests.test_preferences import ForgettingKeyring

Opened = Callable[..., PreferencesDialog]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


@pytest.fixture
def opened(
    file: Path, background: Background, themes: Themes, owner: QWidget, qtbot: QtBot
) -> Opened:
    """Opens the dialog on settings with this environment."""

    def open_(**environ: str) -> PreferencesDialog:
        book = PreferenceBook(Settings.load({}, environ, file))
        dialog = PreferencesDialog(book, background, themes, owner)
        dialog.show()
        qtbot.waitUntil(lambda: not background.busy)
        return dialog

    return open_


def search(dialog: PreferencesDialog, words: str) -> Preference | None:
    dialog.search.setText(words)
    return dialog.chosen


def test_that_escape_puts_the_line_back(opened: Opened, file: Path) -> None:
    dialog = opened()
    search(dialog, "e-mail author")
    QTest.keyClicks(dialog.edit.line, "me")
    assert dialog.says.text() == "user is not an e-mail address."
    assert not dialog.set_button.isEnabled()
    QTest.keyClick(dialog.edit.line, Qt.Key.Key_Escape)
    assert dialog.edit.text() == ""
    assert not file.exists()


def test_that_what_the_environment_sets_is_grey_with_the_reason(opened: Opened) -> None:
    dialog = opened(RUN_REGISTRY_OMS_AUDIENCE="elsewhere")
    search(dialog, "oms_audience")
    assert not dialog.edit.isEnabled()
    assert not dialog.set_button.isEnabled()
    assert not dialog.reset_button.isEnabled()
    assert dialog.says.text() == (
        "RUN_REGISTRY_OMS_AUDIENCE in the environment sets oms_audience, and goes before the"
        " settings file."
    )


def test_that_words_that_no_setting_has_are_told(opened: Opened) -> None:
    dialog = opened()
    assert search(dialog, "no such words") is None
    assert "No setting has these words" in dialog.table.words.text()
    assert not dialog.set_button.isEnabled()
    QTest.keyClick(dialog.search, Qt.Key.Key_Escape)
    assert dialog.chosen is not None


def test_that_a_file_that_became_faulty_is_told(
    opened: Opened, file: Path, qtbot: QtBot, background: Background
) -> None:
    dialog = opened()
    file.write_text("theme = ", "utf-8")
    dialog.load()
    qtbot.waitUntil(lambda: "is not TOML" in dialog.table.words.text())
    qtbot.waitUntil(lambda: not background.busy)
    assert not dialog.set_button.isEnabled()


def test_that_a_secret_is_typed_unseen_and_goes_to_the_keyring(
    opened: Opened, file: Path, qtbot: QtBot, background: Background
) -> None:
    before, memory = keyring.get_keyring(), ForgettingKeyring()
    keyring.set_keyring(memory)
    try:
        file.write_text('oms_client_id = "me"', "utf-8")
        dialog = opened()
        search(dialog, "oms_client_secret")
        QTest.keyClicks(dialog.edit.line, "s3cretword")
        assert dialog.edit.line.displayText() != "s3cretword"
        QTest.keyClick(dialog.edit.line, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: list(memory.kept.values()) == ["s3cretword"])
        qtbot.waitUntil(lambda: not background.busy)
        assert dialog.edit.text() == ""
        assert "s3cretword" not in file.read_text("utf-8")
        dialog.reset_button.click()
        qtbot.waitUntil(lambda: not memory.kept)
        qtbot.waitUntil(lambda: not background.busy)
    finally:
        keyring.set_keyring(before)


def test_that_what_cannot_be_written_is_told_in_the_dialog(
    opened: Opened, file: Path, qtbot: QtBot, background: Background
) -> None:
    dialog = opened()
    search(dialog, "oms_audience")
    file.mkdir()
    QTest.keyClicks(dialog.edit.line, "-x")
    QTest.keyClick(dialog.edit.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "can't be read" in dialog.says.text())
    qtbot.waitUntil(lambda: not background.busy)
    assert dialog.edit.isEnabled()
