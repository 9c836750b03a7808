"""The look of the window: light or dark, and the colours of the statuses; kept in the settings."""

from collections.abc import Sequence

from app.domain.preferences import Preferences
from app.views.actions import ActionRow
from app.views.looks.theme import PALETTES, Mode, StatusPalette
from app.views.places import PlaceContext

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

    def __init__(self, context: PlaceContext) -> None:
        self._context = context
        self._themes = context.themes

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
            commands=("settings set",),
            parameters=("name", "value"),
        )

    def _palette(self, palette: StatusPalette) -> ActionRow:
        return ActionRow(
            f"palette.{palette}",
            f"Status colours: {palette}",
            lambda: self._choose(palette=palette),
            tip=f"Show statuses in the {palette} colours",
            is_checked=lambda: self._themes.palette == palette,
            commands=("settings set",),
            parameters=("name", "value"),
        )

    def _choose(self, *, mode: Mode | None = None, palette: StatusPalette | None = None) -> None:
        self._themes.choose(mode=mode, palette=palette)
        openings = self._context.workplace.openings
        if openings is not None:
            self._context.background.run(self._keep(openings.preferences), self._themes)

    async def _keep(self, preferences: Preferences) -> None:
        """Keeps the look for the next start, as far as the settings may be changed here."""

        def keep() -> None:
            for name, value in (("theme", self._themes.mode), ("palette", self._themes.palette)):
                one = preferences.one(name)
                if not one.fixed and one.value != value:
                    preferences.set(name, value)

        await self._context.background.act(keep, reaches_server=False)
