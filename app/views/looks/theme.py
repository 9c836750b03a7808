"""Colours and measures of the window, from the tokens in `resources/style`; light, dark, forced."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Literal, cast

from msgspec import Struct
from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget

from app import assets
from app.domain.triplets import NO_VALUE_FOUND, STATUSES
from app.views.looks.dressing import Dressing

ROW_HEIGHT = 22
STEP = 4

Mode = Literal["system", "light", "dark"]
StatusPalette = Literal["calm", "traditional", "colour-blind safe"]
PALETTES: tuple[StatusPalette, ...] = ("calm", "traditional", "colour-blind safe")
"""The first is in force where nobody has chosen one."""

_ICON_SIZE = 16
_LEAST_ICON_SCALES = (1, 2)
_STYLE_ICONS = {
    **dict.fromkeys(("arrow", "arrow-left", "arrow-right", "cross", "detach"), "muted"),
    "done": "on_accent",
}
_LETTERS = {"GOOD": "G", "BAD": "B", "STANDBY": "S", "EXCLUDED": "E", "NOTSET": "N"}


def contrast(one: QColor, other: QColor) -> float:
    """Contrast of two colours as WCAG defines it, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink_on(fill: QColor) -> QColor:
    """Black or white, whichever can be read better on a colour: never below 4.5:1."""
    black, white = QColor("#000000"), QColor("#ffffff")
    return black if contrast(fill, black) >= contrast(fill, white) else white


def _luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


class StatusLook(Struct, frozen=True):
    """How a status is painted: `ink` is what can be read on `fill`."""

    fill: QColor
    ink: QColor
    letter: str
    outline: bool
    hatched: bool


@dataclass(frozen=True, eq=False)
class Theme:
    """Every colour of one look; `tokens` by name as in `tokens.json`."""

    dark: bool
    tokens: Mapping[str, str]
    statuses: Mapping[str, StatusLook]

    def colour(self, token: str) -> QColor:
        """Colour of a token; copy it before changing it."""
        return self._colours[token]

    def status(self, status: str) -> StatusLook:
        """Look of a status; what no program knows looks like NO VALUE FOUND."""
        return self.statuses.get(status, self.statuses[NO_VALUE_FOUND])

    def icon(self, name: str, token: str = "muted") -> QIcon:
        """An icon of the set in a colour of the theme."""
        key = (name, token)
        icon = self._icons.get(key)
        if icon is None:
            icon = self._icons[key] = _draw(name, self.tokens[token])
        return icon

    @cached_property
    def _colours(self) -> dict[str, QColor]:
        return {token: QColor(colour) for token, colour in self.tokens.items()}

    @cached_property
    def _icons(self) -> dict[tuple[str, str], QIcon]:
        return {}


def load(*, dark: bool, palette: StatusPalette) -> Theme:
    """The theme as shipped."""
    document = json.loads(assets.path("style/tokens.json").read_text(encoding="utf-8"))
    look = "dark" if dark else "light"
    statuses = document["statuses"][palette][look]
    return Theme(
        dark,
        document["themes"][look],
        {status: _status_look(status, statuses[status]) for status in STATUSES},
    )


def tabular(font: QFont) -> QFont:
    """The font with figures of one width, where it has them."""
    changed = QFont(font)
    changed.setFeature(QFont.Tag("tnum"), 1)
    return changed


def monospaced() -> QFont:
    """The system's font of one width, for JSON and reports."""
    return QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)


class Themes(QObject):
    """The theme in force.

    Signals: `changed(Theme)` when the system or the person chose another one.
    """

    changed = Signal(object)

    def __init__(
        self,
        application: QApplication,
        mode: Mode = "system",
        palette: StatusPalette = PALETTES[0],
    ) -> None:
        super().__init__(application)
        self._application = application
        self._mode = mode
        self._palette: StatusPalette = palette
        self._dressing = Dressing(application, self._qt_palette, self._sheet, self)
        self._scratch = tempfile.TemporaryDirectory(prefix="run-registry-style-")
        application.setStyle("Fusion")
        self._loaded: dict[tuple[bool, StatusPalette], Theme] = {}
        self._theme = self._load()
        application.setPalette(self._qt_palette())
        application.setStyleSheet(self._sheet())
        application.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def theme(self) -> Theme:
        return self._theme

    @property
    def mode(self) -> Mode:
        return self._mode

    @property
    def palette(self) -> StatusPalette:
        return self._palette

    @property
    def is_worn(self) -> bool:
        """Whether every widget is dressed in the theme."""
        return self._dressing.is_done

    def choose(self, *, mode: Mode | None = None, palette: StatusPalette | None = None) -> None:
        """Forces a look, or follows the system again. What is painted has it at once, what the
        style sheet dresses some turns of the event loop later; windows are painted then."""
        self._mode = mode or self._mode
        self._palette = palette or self._palette
        self._renew()

    @contextmanager
    def undressed(self) -> Iterator[None]:
        """Widgets that are made meanwhile are dressed at the end, all at once: Qt dresses a widget
        and all below it anew each time it is put into another, which takes most of a start."""
        sheet = self._application.styleSheet()
        self._application.setStyleSheet("")
        try:
            yield
        finally:
            self._application.setStyleSheet(sheet)

    def close(self) -> None:
        """Removes the files the style sheet needed."""
        self._dressing.stop()
        self._scratch.cleanup()

    def _system_changed(self) -> None:
        if self._mode == "system":
            self._renew()

    def _renew(self) -> None:
        before, self._theme = self._theme, self._load()
        if before.tokens == self._theme.tokens:
            self.changed.emit(self._theme)
            return  # Statuses are painted: nothing of them is in the style sheet.
        self.changed.emit(self._theme)
        self._dressing.begin()

    def _load(self) -> Theme:
        """Drawing the icons of a theme takes longer than all the rest of it."""
        dark = self._is_dark()
        if (dark, self._palette) not in self._loaded:
            self._loaded[dark, self._palette] = load(dark=dark, palette=self._palette)
        return self._loaded[dark, self._palette]

    def _is_dark(self) -> bool:
        if self._mode == "system":
            return self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._mode == "dark"

    def _qt_palette(self) -> QPalette:
        return _qt_palette(self._theme)

    def _sheet(self) -> str:
        theme = self._theme
        values = dict(theme.tokens)
        # Style sheets take pictures from files only, and these have the theme's colour.
        look = "dark" if theme.dark else "light"
        for name, token in _STYLE_ICONS.items():
            file = Path(self._scratch.name) / f"{name}-{look}.svg"
            file.write_bytes(_svg(name, theme.tokens[token]))
            values[name.replace("-", "_")] = file.as_posix()
        template = Template(assets.path("style/window.qss").read_text(encoding="utf-8"))
        return template.substitute(values)


def _status_look(status: str, token: Mapping[str, object]) -> StatusLook:
    fill = QColor(cast("str", token["fill"]))
    ink = token.get("ink")
    return StatusLook(
        fill,
        ink_on(fill) if ink is None else QColor(cast("str", ink)),
        _LETTERS.get(status, "?" if status == NO_VALUE_FOUND else ""),
        bool(token.get("outline")),
        bool(token.get("hatched")),
    )


def _qt_palette(theme: Theme) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for name, token in (
        (role.Window, "background"),
        (role.WindowText, "text"),
        (role.Base, "surface"),
        (role.AlternateBase, "surface"),
        (role.Text, "text"),
        (role.Button, "raised"),
        (role.ButtonText, "text"),
        (role.BrightText, "danger"),
        (role.Highlight, "accent"),
        (role.HighlightedText, "on_accent"),
        (role.ToolTipBase, "surface"),
        (role.ToolTipText, "text"),
        (role.PlaceholderText, "muted"),
        (role.Link, "accent"),
        (role.Mid, "line"),
    ):
        palette.setColor(name, theme.colour(token))
    group = QPalette.ColorGroup.Disabled
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(group, name, theme.colour("muted"))
    return palette


def _svg(name: str, colour: str) -> bytes:
    text = assets.path(f"icons/{name}.svg").read_text(encoding="utf-8")
    return text.replace("currentColor", colour).encode()


def _draw(name: str, colour: str) -> QIcon:
    renderer = QSvgRenderer(QByteArray(_svg(name, colour)))
    icon = QIcon()
    for scale in _LEAST_ICON_SCALES:
        size = _ICON_SIZE * scale
        picture = QPixmap(size, size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        picture.setDevicePixelRatio(scale)
        icon.addPixmap(picture)
    return icon


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Sets what the style sheet looks at; the widget is dressed again only when it changes."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
