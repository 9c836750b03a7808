"""The command palette: words, runs, what was chosen lately, what is impossible."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from app.views.actions import Choice
from app.views.frame.actions.command_palette import CommandPalette
from app.views.looks.theme import Themes

Open = Callable[[], CommandPalette]


@pytest.fixture
def done() -> list[object]:
    """Ids of the actions and numbers of the runs that were chosen."""
    return []


@pytest.fixture
def palette(
    owner: QWidget, remembered: QSettings, themes: Themes, done: list[object]
) -> Iterator[Open]:
    """Opens the palette on four actions."""

    def choice(id_: str, text: str, tip: str = "", why_not: str = "") -> Choice:
        return Choice(id_, text, "", tip, why_not, lambda: done.append(id_))

    choices = [
        choice("open", "Run: Move to OPEN...", "", "Run 1 is in state OPEN already."),
        choice("sign", "Run: Move to SIGNOFF...", "Move the run to state SIGNOFF"),
        choice("hide", "Dataset: Hide...", "Hide datasets from all lists, with a reason"),
        choice("edit", "Run: Class and stop reason...", "Set class and stop reason by hand"),
    ]
    opened: list[CommandPalette] = []

    def open_() -> CommandPalette:
        opened.append(CommandPalette(choices, done.append, remembered, themes, owner))
        opened[-1].open_over(owner)
        return opened[-1]

    yield open_
    if isValid(opened[-1]):
        opened[-1].reject()


def names(palette: CommandPalette) -> list[str]:
    return [palette.list.item(row).text() for row in range(palette.list.count())]


def test_that_words_match_in_any_order(qtbot: QtBot, palette: Open) -> None:
    shown = palette()
    qtbot.keyClicks(shown.line, "signoff move")
    assert names(shown) == ["Run: Move to SIGNOFF..."]
    shown.line.setText("nothing such")
    assert names(shown) == []
    assert shown.about.text() == "No action has all these words."


def test_that_a_word_of_the_name_counts_more_than_one_of_the_tip(
    qtbot: QtBot, palette: Open
) -> None:
    shown = palette()
    qtbot.keyClicks(shown.line, "reason")
    assert names(shown) == ["Run: Class and stop reason...", "Dataset: Hide..."]


def test_that_what_is_named_as_it_is_typed_comes_first(
    owner: QWidget, remembered: QSettings, themes: Themes
) -> None:
    texts = ["Dataset: Copy columns...", "Dataset: Set columns..."]  # both have a "set"
    choices = [Choice(text, text, "", "", "", list) for text in texts]
    shown = CommandPalette(choices, str, remembered, themes, owner)
    shown.open_over(owner)
    shown.line.setText("copy columns")
    shown.run_chosen()
    again = CommandPalette(choices, str, remembered, themes, owner)
    again.open_over(owner)
    again.line.setText("set columns")
    assert names(again) == ["Dataset: Set columns...", "Dataset: Copy columns..."]
    again.reject()


def test_that_impossible_actions_come_last_with_their_reason(
    qtbot: QtBot, palette: Open, done: list[object], remembered: QSettings
) -> None:
    shown = palette()
    assert names(shown)[-1] == "Run: Move to OPEN..."
    qtbot.keyClicks(shown.line, "move")
    assert names(shown) == ["Run: Move to SIGNOFF...", "Run: Move to OPEN..."]
    qtbot.keyClick(shown.line, Qt.Key.Key_Down)
    assert shown.about.text() == "Run 1 is in state OPEN already."
    qtbot.keyClick(shown.line, Qt.Key.Key_Return)
    assert done == ["open"]  # whose reason a notice tells
    assert remembered.value("command_palette/recent") is None


def test_that_the_keyboard_alone_chooses(qtbot: QtBot, palette: Open, done: list[object]) -> None:
    shown = palette()
    for key in (Qt.Key.Key_PageDown, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down):
        qtbot.keyClick(shown.line, key)
    qtbot.keyClick(shown.line, Qt.Key.Key_Return)
    assert done == ["edit"]
    assert not shown.isVisible()


def test_that_what_was_chosen_lately_comes_first_also_after_a_start(
    qtbot: QtBot, palette: Open, remembered: QSettings
) -> None:
    for words in ("hide", "class"):
        shown = palette()
        qtbot.keyClicks(shown.line, words)
        qtbot.keyClick(shown.line, Qt.Key.Key_Return)
    remembered.sync()
    assert names(palette())[:3] == [
        "Run: Class and stop reason...",
        "Dataset: Hide...",
        "Run: Move to SIGNOFF...",
    ]


@pytest.mark.parametrize("typed", ["396372", "go to run 396372", "run 396372"])
def test_that_a_run_number_goes_to_the_run(
    qtbot: QtBot, palette: Open, done: list[object], typed: str
) -> None:
    shown = palette()
    qtbot.keyClicks(shown.line, typed)
    assert names(shown)[0] == "Go to run 396372"
    qtbot.keyClick(shown.line, Qt.Key.Key_Return)
    assert done == [396372]


@pytest.mark.parametrize("typed", ["0", "10000000", "9" * 5000, "-5", "٣٩٦", "1 2", "12a", "run"])
def test_that_what_is_no_run_number_offers_no_run(palette: Open, typed: str) -> None:
    shown = palette()
    shown.line.setText(typed)
    assert not [name for name in names(shown) if name.startswith("Go to run")]


@pytest.mark.parametrize("stored", ["[1, null, {}]", "{}", "no list", "[" * 5000, '["gone"]'])
def test_that_a_faulty_memory_is_forgotten(
    palette: Open, remembered: QSettings, stored: str
) -> None:
    remembered.setValue("command_palette/recent", stored)
    assert len(names(palette())) == 4
