"""Every place looks as its stored picture, in light and dark, with whatever fonts there are.

`--renew-pictures` stores what is seen as what is right; look at it before it is committed.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.views.frame.main_window import MainWindow
from app.views.frame.navigation import PLACES
from app.views.looks.theme import PALETTES, Mode, StatusPalette, Themes
from tests.views.offline_window import settle
from tests.views.picture_comparison import (
    FOLDER,
    WINDOW,
    Difference,
    compare,
    picture_of,
    store,
    stored,
)
from tests.views.picture_font import like_the_pictures

Looks = Callable[..., None]


@pytest.fixture
def looks(qtbot: QtBot, themes: Themes) -> Iterator[Looks]:
    """Chooses a look and waits until it is worn; the first one again afterwards."""

    def choose(mode: Mode = "light", palette: StatusPalette = PALETTES[0]) -> None:
        themes.choose(mode=mode, palette=palette)
        qtbot.waitUntil(lambda: themes.is_worn)

    yield choose
    themes.choose(mode="light", palette=PALETTES[0])


@pytest.fixture(autouse=True)
def font_family(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[str]:
    """The family that windows have which are made from now on, in the size of the pictures."""
    before = qapp.font()
    family: str = getattr(request, "param", before.family())
    qapp.setFont(like_the_pictures(family))
    yield family
    qapp.setFont(before)


def at(qtbot: QtBot, window: MainWindow, place: str) -> MainWindow:
    """The window at a place, with the first run selected where there are runs."""
    window.resize(WINDOW)
    window.go_to(place)
    settle(qtbot, window)
    if place == "online":
        window.online.table.table.selectRow(0)
        details = window.online.details
        qtbot.waitUntil(lambda: details.lumisections.grid.snapshot is not None)
        settle(qtbot, window)
    return window


def differences(
    qtbot: QtBot, window: MainWindow, mode: Mode, folder: Path, *, renew: bool = False
) -> list[str]:
    """What looks different, with where the pictures of it are."""
    found = []
    for place in PLACES:
        name = f"{place.name}-{mode}"
        seen = picture_of(at(qtbot, window, place.name))
        if renew:
            store(name, seen)
        difference = compare(seen, stored(name))
        if difference.is_seen:
            seen.save(str(folder / f"{name}.png"))
            difference.picture().save(str(folder / f"{name}-difference.png"))
            found.append(f"{name}: {difference.share:.0%} is different")
    return [*found, f"look at {folder}, and at {FOLDER}"] if found else []


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_that_every_place_looks_as_its_picture(
    qtbot: QtBot,
    window: MainWindow,
    looks: Looks,
    mode: Mode,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    looks(mode)
    renew = bool(request.config.getoption("--renew-pictures"))
    assert differences(qtbot, window, mode, tmp_path, renew=renew) == []


@pytest.mark.parametrize(
    "font_family", ["DejaVu Serif", "DejaVu Sans Mono", "Nimbus Sans", "C059"], indirect=True
)
def test_that_another_font_makes_no_difference(
    qtbot: QtBot, font_family: str, window: MainWindow, tmp_path: Path
) -> None:
    assert window.places.font().family() == font_family
    assert differences(qtbot, window, "light", tmp_path) == []


def moved(window: MainWindow) -> None:
    """The details stand higher than they should."""
    window.online._splitter.setSizes([100, 600])


def without_places(window: MainWindow) -> None:
    """The places aren't there."""
    window.navigation.hide()


def without_edit_strip(window: MainWindow) -> None:
    """Nothing offers to edit the cells."""
    window.online.details.lumisections.strip.hide()


@pytest.mark.parametrize("harm", [moved, without_places, without_edit_strip])
def test_that_what_moved_or_is_gone_is_seen(
    qtbot: QtBot, window: MainWindow, harm: Callable[[MainWindow], None]
) -> None:
    at(qtbot, window, "online")
    harm(window)
    qtbot.waitUntil(lambda: compared(window).is_seen)


@pytest.mark.parametrize("palette", PALETTES[1:])
def test_that_other_status_colours_are_seen(
    qtbot: QtBot, window: MainWindow, looks: Looks, palette: StatusPalette
) -> None:
    at(qtbot, window, "online")
    looks(palette=palette)
    assert compared(window).is_seen


def compared(window: MainWindow) -> Difference:
    return compare(picture_of(window), stored("online-light"))
