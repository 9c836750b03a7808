"""Actions, each declared once: what it is called, does and needs, and its command.

Menus, palette and `docs/actions.md` are made from the declarations; a test compares them with the
parser of the command line and with what the services refuse.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QKeyCombination, QObject
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QWidget

from app.domain.errors import Refused
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.rights import Rights
from app.views.widgets.plain import tip

ONLY_SHOWS = "Only changes what the window shows."


@dataclass(frozen=True)
class ActionRow:
    """One action of the window.

    `why_not`: why it is impossible now, in a sentence; empty when it can be done. `right`: paths of
    permissions of which one must be allowed, with a `{name}` for what isn't chosen yet; `who`: who
    may do it where a path can't say; `opens`: what is changed is chosen in what it opens.
    `commands` do the same on the command line, with `parameters`: the names of their arguments that
    are chosen here; or `no_command` says why there is none.
    """

    id: str
    text: str
    handler: Callable[[], object]
    shortcut: str = ""
    icon: str = ""
    tip: str = ""
    why_not: Callable[[], str] | None = None
    is_checked: Callable[[], bool] | None = None
    right: Callable[[], Sequence[str]] | None = None
    who: str = ""
    opens: bool = False
    commands: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    no_command: str = ""


@dataclass(frozen=True)
class Choice:
    """An action as the palette offers it; `why_not` is empty when it can be done now."""

    id: str
    text: str
    keys: str
    tip: str
    why_not: str
    run: Callable[[], object]


@dataclass(frozen=True)
class _Made:
    """An action in the window. `impossible` has its key while the action is disabled, which would
    swallow the key without a word."""

    row: ActionRow
    action: QAction
    impossible: QShortcut | None


class Actions(QObject):
    """Every action of the window by name."""

    def __init__(self, window: QWidget, themes: Themes, notices: Notices, rights: Rights) -> None:
        super().__init__(window)
        self._window = window
        self._themes = themes
        self._notices = notices
        self._rights = rights
        self._made: dict[str, _Made] = {}
        self._menus: dict[str, str] = {}
        themes.changed.connect(self._apply_theme)
        rights.changed.connect(self.update)

    def add(self, rows: Iterable[ActionRow]) -> None:
        """Makes the actions; their shortcuts work in the whole window."""
        for row in rows:
            action = QAction(row.text, self._window)
            action.setObjectName(row.id)
            action.setCheckable(row.is_checked is not None)
            # The state may have changed since it was last asked: `_run` asks again.
            action.triggered.connect(lambda _checked=False, row=row: self._run(row))
            impossible = None
            if row.shortcut:
                keys = QKeySequence(row.shortcut)
                action.setShortcut(keys)
                impossible = QShortcut(keys, self._window, enabled=False)
                impossible.activated.connect(lambda row=row: self._run(row))
            self._window.addAction(action)
            self._made[row.id] = _Made(row, action, impossible)
        self._apply_theme()

    def __getitem__(self, id_: str) -> QAction:
        return self._made[id_].action

    def has_key(self, keys: QKeyCombination) -> bool:
        """Whether an action that is made has this key."""
        return any(made.action.shortcut() == QKeySequence(keys) for made in self._made.values())

    @property
    def rows(self) -> tuple[ActionRow, ...]:
        """The declarations, in the order they were added."""
        return tuple(made.row for made in self._made.values())

    def fill(self, menu: QMenu, ids: Iterable[str]) -> None:
        """Puts actions into a menu, a separator where the id is empty."""
        menu.setToolTipsVisible(True)
        for id_ in ids:
            if id_:
                menu.addAction(self[id_])
                if menu.title():
                    self._menus.setdefault(id_, menu.title().removeprefix("&"))
            else:
                menu.addSeparator()
        menu.aboutToShow.connect(self.update)

    def menu_of(self, id_: str) -> str:
        """Title of the first menu with this action; empty when none has it."""
        return self._menus.get(id_, "")

    def update(self) -> None:
        """Asks which actions are possible now."""
        for made in self._made.values():
            row, action = made.row, made.action
            why_not = self._why_not(row)
            action.setEnabled(not why_not)
            if made.impossible is not None:
                made.impossible.setEnabled(bool(why_not))
            action.setToolTip(tip(why_not or row.tip or row.text))
            action.setStatusTip(why_not or row.tip)
            if row.is_checked is not None:
                action.setChecked(row.is_checked())

    def choices(self) -> list[Choice]:
        """All actions with what the palette shows of them, in the order they were added."""
        return [
            Choice(
                made.row.id,
                ": ".join(filter(None, (self.menu_of(made.row.id), made.action.text()))),
                made.action.shortcut().toString(QKeySequence.SequenceFormat.NativeText),
                made.row.tip,
                self._why_not(made.row),
                lambda row=made.row: self._run(row),  # type: ignore[misc]
            )
            for made in self._made.values()
        ]

    def _why_not(self, row: ActionRow) -> str:
        refusal = self._refusal(row)
        return "" if refusal is None else str(refusal)

    def _refusal(self, row: ActionRow) -> Refused | None:
        """Why an action can't be done now, with the e-groups that could where a right lacks."""
        if row.why_not is not None and (reason := row.why_not()):
            return Refused(reason)
        if row.right is not None:
            return self._rights.refusal(row.right())
        nothing = self._rights.why_nothing() if row.who and not row.opens else ""
        return Refused(nothing) if nothing else None

    def _run(self, row: ActionRow) -> None:
        if refusal := self._refusal(row):
            self._notices.refuse(refusal)
        else:
            row.handler()
        self.update()

    def _apply_theme(self) -> None:
        for made in self._made.values():
            if made.row.icon:
                made.action.setIcon(self._themes.theme.icon(made.row.icon))
