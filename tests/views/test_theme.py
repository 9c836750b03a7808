"""Themes: contrast, completeness, following and forcing."""

import itertools
import re

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app import assets
from app.domain.triplets import STATUSES
from app.views import theme as themes_module
from app.views.theme import PALETTES, StatusPalette, Themes, contrast, load

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
    assert used - tokens == {"arrow", "cross", "detach", "done"}


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
    themes.choose(mode="light", palette="traditional")
    assert not themes.theme.dark


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
