"""The left edge of the window: the workspace, and the places to go to."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QListWidget, QVBoxLayout, QWidget

from app.services.certification.tables import TableKind
from app.views.frame.workspaces import WorkspaceSelector
from app.views.places import PlaceContext, PlaceWidget
from app.views.runs.place import TablePlace
from app.views.widgets.plain import ListItem

if TYPE_CHECKING:
    from app.views.actions import ActionRow

_WIDTH = 132
_REMEMBERED = "place"


Make = Callable[[PlaceContext], PlaceWidget]


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the navigation; `load` brings what makes it, after `before`, a module that takes a
    turn of its own; `workspaces` are those that can be chosen there, if any."""

    name: str
    text: str
    icon: str
    load: Callable[[], Make]
    workspaces: TableKind | None = None
    before: str = ""

    @property
    def shortcut(self) -> str:
        """By position: Ctrl+1 is the first."""
        return f"Ctrl+{PLACES.index(self) + 1}"


def _runs() -> Make:
    return partial(TablePlace, "runs")


def _datasets() -> Make:
    return partial(TablePlace, "datasets")


# Not above: what nobody looks at at the start is loaded when that is over.


def _cycles() -> Make:
    from app.views.cycles.place import CyclesPlace

    return CyclesPlace


def _todo() -> Make:
    from app.views.todo.place import TodoPlace

    return TodoPlace


def _golden() -> Make:
    from app.views.golden.place import GoldenPlace

    return GoldenPlace


def _log() -> Make:
    from app.views.log.place import LogPlace

    return LogPlace


def _agents() -> Make:
    from app.views.agents.place import AgentsPlace

    return AgentsPlace


def _configuration() -> Make:
    from app.views.configuration.place import ConfigurationPlace

    return ConfigurationPlace


PLACES = (
    Place("online", "Online", "runs", _runs, "runs"),
    Place("offline", "Offline", "datasets", _datasets, "datasets"),
    Place("cycles", "Cycles", "cycles", _cycles, "datasets"),
    Place("todo", "To do", "todo", _todo, "datasets"),
    Place("golden", "Golden JSON", "golden", _golden, before="app.views.golden.workbench.bench"),
    Place("log", "Log", "log", _log),
    Place("agents", "Agents", "machine", _agents),
    Place("configuration", "Configuration", "configuration", _configuration),
)


class Navigation(QWidget):
    """Offers the places and the workspaces of the place in front; remembers both.

    Signals: `place_chosen(Place)`.
    """

    place_chosen = Signal(object)

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = context.themes
        self._remembered = context.remembered
        self.workspaces = WorkspaceSelector(context.acting, context.background, context.remembered)
        self.places = QListWidget()
        self.places.setObjectName("places")
        self.places.setAccessibleName("Places")
        self.places.setFixedWidth(_WIDTH)
        self.places.setIconSize(QSize(16, 16))
        for place in PLACES:
            item = ListItem(place.text)
            item.setToolTip(f"{place.text} ({place.shortcut})")
            self.places.addItem(item)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.workspaces)
        layout.addWidget(self.places, 1)
        self.places.currentRowChanged.connect(self._choose)
        self._themes.changed.connect(self._apply_theme)
        self._apply_theme()

    @property
    def place(self) -> Place:
        """The place in front."""
        return PLACES[max(self.places.currentRow(), 0)]

    def go_to(self, name: str) -> None:
        """Brings a place to the front."""
        self.places.setCurrentRow(_row(name))

    def restore(self) -> None:
        """Goes to the place that was in front when the window was closed."""
        name = str(self._remembered.value(_REMEMBERED, ""))
        self.go_to(name if name in {place.name for place in PLACES} else PLACES[0].name)

    def rows(self, go_into: Callable[[str], None]) -> list["ActionRow"]:
        """The actions that go to a place, and into it."""
        # Not above: actions are made when the first table is filled.
        from app.views.actions import ONLY_SHOWS, ActionRow

        return [
            ActionRow(
                f"place.{place.name}",
                place.text,
                partial(go_into, place.name),
                place.shortcut,
                place.icon,
                f"Show {place.text}",
                no_command=ONLY_SHOWS,
            )
            for place in PLACES
        ]

    def show_count(self, name: str, count: int) -> None:
        """Shows how much waits in a place."""
        row = _row(name)
        text = PLACES[row].text
        self.places.item(row).setText(f"{text}  {count}" if count else text)

    def _choose(self, row: int) -> None:
        place = PLACES[row]
        self._remembered.setValue(_REMEMBERED, place.name)
        self.workspaces.offer(place.workspaces)
        self.place_chosen.emit(place)

    def _apply_theme(self) -> None:
        for row, place in enumerate(PLACES):
            self.places.item(row).setIcon(self._themes.theme.icon(place.icon))


def _row(name: str) -> int:
    return next(row for row, place in enumerate(PLACES) if place.name == name)
