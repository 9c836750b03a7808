"""The look of the window: light or dark, and the colours of the statuses; remembered."""

from collections.abc import Sequence

from PySide6.QtCore import QSettings

from app.views.actions import ONLY_SHOWS, ActionRow
from app.views.looks.theme import PALETTES, Mode, StatusPalette, Themes

_MODES: tuple[tuple[Mode, str], ...] = (
    ("system", "As the system"),
    ("light", "Light"),
    ("dark", "Dark"),
)
MENU = (
    *(f"look.{mode}" for mode, _ in _MODES),
    "",
    *(f"palette.{palette}" for palette in PALETTES),
)


class LookActions:
    """Actions that change the look."""

    def __init__(self, themes: Themes, remembered: QSettings) -> None:
        self._themes = themes
        self._remembered = remembered

    def rows(self) -> Sequence[ActionRow]:
        """The actions by name."""
        return [
            *(self._mode(mode, text) for mode, text in _MODES),
            *(self._palette(palette) for palette in PALETTES),
        ]

    def _mode(self, mode: Mode, text: str) -> ActionRow:
        return ActionRow(
            f"look.{mode}",
            text,
            lambda: self._choose(mode=mode),
            tip=f"Look: {text.lower()}",
            is_checked=lambda: self._themes.mode == mode,
            no_command=ONLY_SHOWS,
        )

    def _palette(self, palette: StatusPalette) -> ActionRow:
        return ActionRow(
            f"palette.{palette}",
            f"Status colours: {palette}",
            lambda: self._choose(palette=palette),
            tip=f"Show statuses in the {palette} colours",
            is_checked=lambda: self._themes.palette == palette,
            no_command=ONLY_SHOWS,
        )

    def _choose(self, *, mode: Mode | None = None, palette: StatusPalette | None = None) -> None:
        self._themes.choose(mode=mode, palette=palette)
        self._remembered.setValue("look", self._themes.mode)
        self._remembered.setValue("palette", self._themes.palette)
