"""Themes: contrast, completeness, following and forcing."""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import cast, get_args

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from app import assets
from app.domain.triplets import STATUSES
from app.settings import Settings
from app.views.evidence.histogram_list import HistogramList
from app.views.looks import dressing
from app.views.looks import theme as themes_module
from app.views.looks.theme import (
    PALETTES,
    Mode,
    StatusPalette,
    Themes,
    contrast,
    load,
    set_property,
)
from tests.views.pixels import contrast_in


@pytest.fixture
def looks(qtbot: QtBot, qapp: QApplication, themes: Themes) -> Iterator[Callable[[Mode], None]]:
    """Chooses light or dark and waits until it is worn; light again at the end."""

    def choose(mode: Mode) -> None:
        themes.choose(mode=mode)
        qtbot.waitUntil(lambda: themes.is_worn)

    yield choose
    choose("light")


LOOKS = list(itertools.product((False, True), PALETTES))
TEXTS = ("text", "muted", "accent", "danger", "warning", "success")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("on", ["background", "surface", "raised", "selection"])
@pytest.mark.parametrize("token", TEXTS)
def test_that_text_has_enough_contrast(dark: bool, on: str, token: str) -> None:
    theme = load(dark=dark, palette="traditional")
    assert contrast(theme.colour(token), theme.colour(on)) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_that_text_on_the_accent_has_enough_contrast(dark: bool) -> None:
    theme = load(dark=dark, palette="traditional")
    assert contrast(theme.colour("on_accent"), theme.colour("accent")) >= 4.5


@pytest.mark.parametrize(("dark", "palette"), LOOKS)
def test_that_the_letter_of_every_status_can_be_read(dark: bool, palette: StatusPalette) -> None:
    theme = load(dark=dark, palette=palette)
    for status in STATUSES:
        look = theme.status(status)
        assert contrast(look.ink, look.fill) >= 4.5, status


@pytest.mark.parametrize("dark", [False, True])
def test_that_with_calm_colours_what_is_good_recedes(dark: bool) -> None:
    theme = load(dark=dark, palette="calm")
    surface = theme.colour("surface")
    quiet = {status: theme.status(status).fill for status in ("GOOD", "EXCLUDED", "NOTSET")}
    loud = {status: theme.status(status).fill for status in ("BAD", "STANDBY", "NO VALUE FOUND")}
    assert contrast(quiet["GOOD"], surface) < 1.5
    assert all(fill.hsvSaturation() < 100 for fill in quiet.values())
    assert all(fill.hsvSaturation() > 130 for fill in loud.values())
    assert all(contrast(fill, quiet["GOOD"]) > 1.25 for fill in loud.values())


def test_that_calm_colours_are_those_of_who_has_chosen_none() -> None:
    assert Settings().palette == PALETTES[0] == "calm"


def test_that_every_palette_of_the_settings_is_known() -> None:
    assert set(get_args(Settings.declared()["palette"].kind)) == set(PALETTES)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("kind", [QLineEdit, QPlainTextEdit, QPushButton, QToolButton, QLabel])
@pytest.mark.parametrize("is_enabled", [True, False], ids=["enabled", "disabled"])
def test_that_painted_text_and_placeholders_can_be_read(
    qtbot: QtBot, looks: Callable[[Mode], None], kind: type[QWidget], dark: bool, is_enabled: bool
) -> None:
    looks("dark" if dark else "light")
    dialog = QDialog()
    qtbot.addWidget(dialog)
    widget = kind(dialog)
    if isinstance(widget, (QLineEdit, QPlainTextEdit)):
        widget.setPlaceholderText("HHHH")
    elif isinstance(widget, (QPushButton, QToolButton, QLabel)):
        widget.setText("HHHH")
    font = widget.font()
    font.setPixelSize(18)
    font.setBold(True)
    widget.setFont(font)
    widget.setEnabled(is_enabled)
    widget.resize(160, 40)
    dialog.show()
    inside = widget.rect().adjusted(4, 4, -4, -4)
    assert contrast_in(dialog.grab().toImage().copy(inside)) >= 4.5


def test_that_the_traditional_colours_are_those_everybody_knows() -> None:
    theme = load(dark=False, palette="traditional")
    expected = {"GOOD": "#008000", "BAD": "#ff0000", "STANDBY": "#ffff00", "EXCLUDED": "#808080"}
    assert {status: theme.status(status).fill.name() for status in expected} == expected


def test_that_both_themes_have_the_same_tokens() -> None:
    assert load(dark=False, palette="traditional").tokens.keys() == (
        load(dark=True, palette="traditional").tokens.keys()
    )


def test_that_the_style_sheet_uses_only_known_tokens() -> None:
    text = assets.path("style/window.qss").read_text(encoding="utf-8")
    used = set(re.findall(r"\$(\w+)", text))
    tokens = load(dark=False, palette="traditional").tokens.keys()
    assert used - tokens == {"arrow", "arrow_left", "arrow_right", "cross", "detach", "done"}


def test_that_every_icon_of_the_set_can_be_drawn_in_a_colour(qapp: object) -> None:
    theme = load(dark=True, palette="traditional")
    names = [file.stem for file in assets.path("icons").glob("*.svg")]
    assert len(names) > 20
    for name in names:
        picture = theme.icon(name, "text").pixmap(16, 16).toImage()
        drawn = any(picture.pixelColor(x, y).alpha() > 0 for x in range(16) for y in range(16))
        assert drawn, name


def test_that_a_forced_look_is_applied_at_once(qtbot: QtBot, themes: Themes) -> None:
    with qtbot.waitSignal(themes.changed) as changed:
        themes.choose(mode="dark", palette="colour-blind safe")
    assert changed.args is not None
    assert changed.args[0].dark
    assert changed.args[0].status("GOOD").fill != QColor("#008000")
    themes.choose(mode="light", palette=PALETTES[0])
    assert not themes.theme.dark


def test_that_another_look_is_worn_by_windows_that_are_open(
    qtbot: QtBot, looks: Callable[[Mode], None], themes: Themes
) -> None:
    label = QLabel("refused")
    qtbot.addWidget(label)
    label.setProperty("role", "refusal")
    label.show()
    before = label.palette().color(label.foregroundRole())
    looks("dark")
    worn = label.palette().color(label.foregroundRole())
    assert worn == themes.theme.colour("danger") != before
    assert label.updatesEnabled()


def test_that_the_look_that_was_chosen_last_is_worn(
    qtbot: QtBot, qapp: QApplication, looks: Callable[[Mode], None], themes: Themes
) -> None:
    themes.choose(mode="dark")
    themes.choose(mode="light")
    looks("dark")
    assert load(dark=True, palette="calm").tokens["surface"] in qapp.styleSheet()


def test_that_what_isnt_seen_wears_another_look_too(
    qtbot: QtBot, looks: Callable[[Mode], None], themes: Themes
) -> None:
    box = QWidget()
    qtbot.addWidget(box)
    labels = [QLabel("refused", box) for _ in range(300)]
    for label in labels:
        label.setProperty("role", "refusal")
        label.ensurePolished()
    box.hide()
    for mode, dark in (("dark", True), ("light", False), ("dark", True)):
        looks(cast("Mode", mode))
        danger = load(dark=dark, palette="calm").colour("danger")
        assert {label.palette().color(label.foregroundRole()).name() for label in labels} == {
            danger.name()
        }
    set_property(labels[0], "role", "")
    worn = labels[0].palette().color(labels[0].foregroundRole())
    assert worn == themes.theme.colour("text")
    assert not any(label.testAttribute(Qt.WidgetAttribute.WA_SetStyle) for label in labels)


def test_that_widgets_may_go_while_they_are_dressed(
    qtbot: QtBot, qapp: QApplication, themes: Themes
) -> None:
    box = QWidget()
    labels = [QLabel("refused", box) for _ in range(300)]
    for label in labels:
        label.ensurePolished()
    themes.choose(mode="dark")
    qapp.processEvents()
    assert not themes.is_worn
    delete(box)
    qtbot.waitUntil(lambda: themes.is_worn)
    themes.choose(mode="light")
    qtbot.waitUntil(lambda: themes.is_worn)


def test_that_a_look_chosen_while_another_is_put_on_is_worn(
    qtbot: QtBot, qapp: QApplication, themes: Themes
) -> None:
    box = QWidget()
    qtbot.addWidget(box)
    for _ in range(600):
        QLabel("refused", box).ensurePolished()
    dark, light = (load(dark=each, palette="calm").tokens["surface"] for each in (True, False))
    themes.choose(mode="dark")
    assert not themes.is_worn
    themes.choose(mode="light")
    qtbot.waitUntil(lambda: themes.is_worn)
    assert light in qapp.styleSheet()
    assert dark not in qapp.styleSheet()


def test_that_another_status_palette_dresses_nothing(themes: Themes) -> None:
    themes.choose(palette="traditional")
    assert themes.is_worn
    themes.choose(palette=PALETTES[0])


def test_that_contrast_is_that_of_wcag() -> None:
    assert contrast(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21.0)
    assert contrast(QColor("#777777"), QColor("#ffffff")) == pytest.approx(4.48, abs=0.01)


def test_that_rows_stand_on_the_grid() -> None:
    assert themes_module.ROW_HEIGHT == 22
    assert themes_module.STEP == 4


def test_that_what_is_made_undressed_is_dressed_at_the_end(
    qtbot: QtBot, qapp: QApplication, themes: Themes
) -> None:
    sheet = qapp.styleSheet()
    with themes.undressed():
        label = QLabel("refused")
        qtbot.addWidget(label)
        label.setProperty("role", "refusal")
        label.ensurePolished()
    label.ensurePolished()
    assert qapp.styleSheet() == sheet
    assert label.palette().color(label.foregroundRole()) == themes.theme.colour("danger")


def test_that_what_is_seen_wears_another_look_before_what_isnt(
    qtbot: QtBot, qapp: QApplication, themes: Themes
) -> None:
    seen, box = QLabel("refused"), QWidget()
    qtbot.addWidget(seen)
    qtbot.addWidget(box)
    hidden = [QLabel("refused", box) for _ in range(600)]
    for label in (seen, *hidden):
        label.setProperty("role", "refusal")
        label.ensurePolished()
    seen.show()
    themes.choose(mode="dark")
    danger = themes.theme.colour("danger")
    qtbot.waitUntil(lambda: seen.palette().color(seen.foregroundRole()) == danger)
    assert any(label.palette().color(label.foregroundRole()) != danger for label in hidden)
    assert seen.updatesEnabled()
    qtbot.waitUntil(lambda: themes.is_worn)
    assert all(label.palette().color(label.foregroundRole()) == danger for label in hidden)


def test_that_what_is_seen_is_dressed_in_many_turns_and_painted_at_once(
    qtbot: QtBot,
    themes: Themes,
    looks: Callable[[Mode], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks("light")
    monkeypatch.setattr(dressing, "_TURN_S", 1e-4)
    window = QWidget()
    qtbot.addWidget(window)
    labels = [QLabel("refused", window) for _ in range(300)]
    for label in labels:
        label.setProperty("role", "refusal")
        label.ensurePolished()
    window.show()
    themes.choose(mode="dark")
    danger = themes.theme.colour("danger")

    def worn() -> int:
        return sum(label.palette().color(label.foregroundRole()) == danger for label in labels)

    themes._dressing._turn()
    themes._dressing._turn()
    assert not themes.is_worn
    assert not window.updatesEnabled()
    themes.choose(mode="light")
    danger = themes.theme.colour("danger")
    qtbot.waitUntil(lambda: themes.is_worn)
    assert worn() == len(labels)
    assert window.updatesEnabled()


def test_that_a_list_of_histograms_that_is_gone_hears_of_no_look(themes: Themes) -> None:
    histograms = HistogramList(themes)
    delete(histograms)
    themes.choose(mode="dark")
    themes.choose(mode="light")
