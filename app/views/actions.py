"""Actions as a table: name, text, shortcut, what they do; the menus and the palette show them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.views.theme import Themes


@dataclass(frozen=True)
class ActionRow:
    """One action; `enabled` is asked whenever a menu opens."""

    id: str
    text: str
    handler: Callable[[], object]
    shortcut: str = ""
    icon: str = ""
    tip: str = ""
    enabled: Callable[[], bool] | None = None
    is_checked: Callable[[], bool] | None = None


class Actions(QObject):
    """Every action of the window by name."""

    def __init__(self, window: QWidget, themes: Themes) -> None:
        super().__init__(window)
        self._window = window
        self._themes = themes
        self._actions: dict[str, tuple[ActionRow, QAction]] = {}
        themes.changed.connect(self._dress)

    def add(self, rows: Iterable[ActionRow]) -> None:
        """Makes the actions; their shortcuts work in the whole window."""
        for row in rows:
            action = QAction(row.text, self._window)
            action.setObjectName(row.id)
            if row.shortcut:
                action.setShortcut(QKeySequence(row.shortcut))
            action.setStatusTip(row.tip)
            action.setToolTip(row.tip or row.text)
            action.setCheckable(row.is_checked is not None)
            # A shortcut may come while the menu was never opened: ask again before acting.
            action.triggered.connect(lambda _checked=False, row=row: self._run(row))
            self._window.addAction(action)
            self._actions[row.id] = (row, action)
        self._dress()

    def __getitem__(self, id_: str) -> QAction:
        return self._actions[id_][1]

    def fill(self, menu: QMenu, ids: Iterable[str]) -> None:
        """Puts actions into a menu, a separator where the id is empty."""
        for id_ in ids:
            if id_:
                menu.addAction(self[id_])
            else:
                menu.addSeparator()
        menu.aboutToShow.connect(self.update)

    def update(self) -> None:
        """Asks which actions are possible now."""
        for row, action in self._actions.values():
            # A disabled action would also swallow its shortcut without a word.
            action.setEnabled(row.enabled is None or row.enabled())
            if row.is_checked is not None:
                action.setChecked(row.is_checked())

    def possible(self) -> list[QAction]:
        """Actions that can be done now, in the order they were added."""
        self.update()
        return [action for _, action in self._actions.values() if action.isEnabled()]

    def _run(self, row: ActionRow) -> None:
        if row.enabled is None or row.enabled():
            row.handler()
        self.update()

    def _dress(self) -> None:
        for row, action in self._actions.values():
            if row.icon:
                action.setIcon(self._themes.theme.icon(row.icon))
