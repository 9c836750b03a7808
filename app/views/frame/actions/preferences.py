"""The preferences, opened from the window."""

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from app.domain.preferences import Preference, Preferences
from app.views.actions import ActionRow
from app.views.background import Background
from app.views.looks.theme import Mode, StatusPalette, Themes
from app.views.places import PlaceContext
from app.views.preferences.dialog import PreferencesDialog

MENU = ("file.preferences",)
_NO_SETTINGS = "This window was opened without the settings of the program."


class PreferencesActions:
    """Opens the preferences; what they change of the look is put on at once."""

    def __init__(self, context: PlaceContext, window: QWidget) -> None:
        self._context = context
        self._window = window

    def rows(self) -> Sequence[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "file.preferences",
                "Preferences...",
                self.open,
                "Ctrl+,",
                "configuration",
                "All settings: what they are, where they come from; change them",
                lambda: "" if self._context.workplace.openings is not None else _NO_SETTINGS,
                commands=("settings list", "settings get", "settings set", "settings unset"),
                parameters=("name",),
            )
        ]

    def open(self) -> PreferencesDialog | None:
        """Opens them over the window."""
        context = self._context
        openings = context.workplace.openings
        if openings is None:
            return None
        return show_preferences(
            openings.preferences, context.background, context.themes, self._window
        )


def show_preferences(
    preferences: Preferences, background: Background, themes: Themes, parent: QWidget
) -> PreferencesDialog:
    """Opens them; what they change of the look is put on at once."""
    dialog = PreferencesDialog(preferences, background, themes, parent)
    dialog.changed.connect(lambda one: put_on(one, themes))
    dialog.open()
    return dialog


def put_on(changed: Preference, themes: Themes) -> None:
    """Shows at once what a setting says of the look."""
    modes: tuple[Mode, ...] = ("system", "light", "dark")
    palettes: tuple[StatusPalette, ...] = ("calm", "traditional", "colour-blind safe")
    if changed.name == "theme":
        themes.choose(mode=next(each for each in modes if each == changed.value))
    elif changed.name == "palette":
        themes.choose(palette=next(each for each in palettes if each == changed.value))
