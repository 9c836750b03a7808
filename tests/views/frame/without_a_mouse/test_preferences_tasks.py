"""Settings found, checked, set and taken back without a mouse."""

import os
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.passwords import SystemKeyring
from app.preferences import PreferenceBook
from app.services.connections.book import ConnectionBook
from app.settings import Settings
from app.views.looks.theme import Themes
from app.views.preferences.dialog import PreferencesDialog
from app.views.session import Connected, Openings
from tests.views.hand import Hand, name_of


class OwnSettings:
    """The settings of this test, and no server to open."""

    def __init__(self, file: Path) -> None:
        self.book = ConnectionBook(Path(os.devnull), SystemKeyring("tests"))
        self.preferences = PreferenceBook(Settings.load({}, {}, file))

    def connect(self, name: str) -> Connected:
        raise AssertionError(name)

    def try_connection(self, *_: object) -> None:
        raise AssertionError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


@pytest.fixture
def openings(file: Path) -> Openings:
    return OwnSettings(file)  # type: ignore[return-value]


@pytest.fixture
def dialog(hand: Hand) -> PreferencesDialog:
    hand.press("Ctrl+,")
    dialog = hand.dialog(PreferencesDialog)
    hand.until(lambda: dialog.chosen is not None)
    hand.settle()
    return dialog


def find(hand: Hand, dialog: PreferencesDialog, words: str, name: str) -> None:
    """Types words of a setting, and goes into its line."""
    hand.press("Ctrl+F")
    hand.write(words)
    hand.settle()
    assert dialog.chosen is not None
    assert dialog.chosen.name == name
    hand.press("Down", "Return")
    assert name_of(hand.at) == "Value", hand.story()


def test_that_a_setting_is_found_checked_while_typing_set_and_taken_back(
    hand: Hand, dialog: PreferencesDialog, file: Path
) -> None:
    find(hand, dialog, "seconds next pull", "pull_interval_s")
    hand.press("Ctrl+A")
    hand.write("2")
    assert dialog.says.text() == "pull_interval_s must be a number from 5 to 86400."
    hand.press("Return")
    assert not file.exists()
    hand.write("0")
    assert "next start" in dialog.says.text()
    hand.press("Return")
    hand.until(file.exists)
    hand.settle()
    assert Settings.load({}, {}, file).pull_interval_s == 20
    assert name_of(hand.at) == "Settings"
    assert "This window still goes by: 60." in dialog.source.text()
    hand.tab_to("Reset to default")
    hand.press("Space")
    hand.until(lambda: Settings.load({}, {}, file).pull_interval_s == 60)
    hand.settle()
    hand.press("Escape")
    hand.until(lambda: QApplication.activeModalWidget() is None)


def test_that_the_look_changes_at_once_and_is_kept(
    hand: Hand, dialog: PreferencesDialog, file: Path, themes: Themes
) -> None:
    try:
        find(hand, dialog, "window theme", "theme")
        hand.press("Down", "Down", "Return")
        hand.until(lambda: themes.mode == "dark")
        hand.settle()
        assert Settings.load({}, {}, file).theme == "dark"
        hand.press("Escape")
        hand.until(lambda: QApplication.activeModalWidget() is None)
        hand.do("Look: Light")
        hand.until(lambda: Settings.load({}, {}, file).theme == "light")
        assert themes.mode == "light"
    finally:
        themes.choose(mode="light")
    hand.settle()
