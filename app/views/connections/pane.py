"""The list of connections with what can be done to each."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.connections.named import BUILT_IN, Kind, NamedConnection
from app.domain.errors import Refused, Unavailable
from app.services.connections.book import Listed
from app.views.background import Background, Work
from app.views.connections.edit_dialog import ConnectionDialog
from app.views.connections.findings import Findings
from app.views.focus import give_keys_once_shown
from app.views.looks.theme import STEP, Themes
from app.views.notices import ask
from app.views.session import Openings
from app.views.widgets.plain import TreeItem

_HEADS = ("Name", "Kind", "Address", "Login", "")
_KIND_TOKENS = {Kind.PRODUCTION: "danger", Kind.TEST: "warning", Kind.DEMONSTRATION: "accent"}
_SWATCH = (10, 14)


class ConnectionsPane(QWidget):
    """All connections; one is opened, tried, added, edited, removed.

    Signals: `open_wanted(str)` with the name of the one to open.
    """

    open_wanted = Signal(str)

    def __init__(
        self,
        openings: Openings,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
        *,
        in_use: str = "",
    ) -> None:
        super().__init__(parent)
        self._openings = openings
        self._background = background
        self._themes = themes
        self._in_use = in_use
        self._listed = Listed()
        self._is_read = False
        self._reading = Work(background, self)
        self._trying = Work(background, self)
        self.list = QTreeWidget()
        self.list.setAccessibleName("Connections")
        self.list.setHeaderLabels(_HEADS)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAllColumnsShowFocus(True)
        header = self.list.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(False)
        self.findings = Findings(themes)
        self.open_button = self._button("Open", "Work on it (Enter)", self.open)
        self.test_button = self._button("Test", "What is wrong with it, and what to do", self.test)
        self.add_button = self._button("Add...", "Keep another server (Ins)", self.add)
        self.edit_button = self._button("Edit...", "Change what is kept (F2)", self.edit)
        self.remove_button = self._button("Remove...", "Take it off the list (Del)", self.remove)
        buttons = QHBoxLayout()
        for button in (
            self.open_button,
            self.test_button,
            self.add_button,
            self.edit_button,
            self.remove_button,
        ):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * STEP)
        layout.addWidget(self.list, 3)
        layout.addLayout(buttons)
        layout.addWidget(self.findings, 2)
        self.list.itemActivated.connect(lambda _item: self.open())
        self.list.currentItemChanged.connect(self._chosen_changed)
        for keys, act in (("Ins", self.add), ("F2", self.edit), ("Del", self.remove)):
            shortcut = QShortcut(QKeySequence(keys), self.list)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(act)
        themes.changed.connect(self._dress)
        self.load()
        give_keys_once_shown(self.list)

    def home(self) -> QWidget:
        """Who gets the keyboard here."""
        return self.list

    @property
    def chosen(self) -> NamedConnection | None:
        """The connection in front; None before the list is read."""
        item = self.list.currentItem()
        index = self.list.indexOfTopLevelItem(item) if item is not None else -1
        return (
            self._listed.connections[index] if 0 <= index < len(self._listed.connections) else None
        )

    def load(self, choose: str = "") -> None:
        """Reads the list again, and goes to the connection that is named."""
        self._reading.start(self._load(choose))

    def open(self) -> None:
        """Asks for the chosen connection to be opened."""
        connection = self.chosen
        if connection is None:
            return
        if not connection.has_address:
            self.edit()
        elif why_not := self._why_not_open(connection):
            self.findings.say(why_not)
        else:
            self.open_wanted.emit(connection.name)

    def test(self) -> None:
        """Tries the chosen connection."""
        connection = self.chosen
        if connection is None:
            return
        openings = self._openings
        self.findings.say(f"Testing {connection.name} ...")
        self._trying.start(
            self._background.attempt(
                lambda: openings.try_connection(connection, None),
                self.findings.show_trial,
                self.findings.show_error,
            )
        )

    def add(self) -> ConnectionDialog:
        """Opens the form for another connection."""
        return self._open_form(None)

    def edit(self) -> ConnectionDialog | None:
        """Opens the form of the chosen connection."""
        connection = self.chosen
        if connection is None or connection.is_demonstration:
            return None
        return self._open_form(connection)

    def remove(self) -> None:
        """Asks, and takes the chosen connection off the list."""
        connection = self.chosen
        if connection is None or connection in BUILT_IN:
            return
        ask(
            self,
            "Remove the connection",
            f'Take "{connection.name}" off the list? Its password goes as well; nothing changes on'
            " the server.",
            "Remove",
            lambda: self._remove(connection.name),
        )

    def _open_form(self, seen: NamedConnection | None) -> ConnectionDialog:
        dialog = ConnectionDialog(self._openings, seen, self._background, self._themes, self)
        dialog.acted.connect(lambda _text, _version: self.load(dialog.connection().name))
        dialog.open()
        return dialog

    def _remove(self, name: str) -> None:
        book = self._openings.book
        self._reading.start(
            self._background.attempt(
                lambda: book.remove(name), lambda _removed: self.load(), self._refuse
            )
        )

    def _refuse(self, error: Refused | Unavailable) -> None:
        self.findings.show_error(error)

    async def _load(self, choose: str) -> None:
        book = self._openings.book
        self._listed = await self._background.read(book.read, reaches_server=False)
        self._is_read = True
        before = self.chosen
        self._fill(choose or (before.name if before is not None else ""))
        if self._listed.faulty:
            self.findings.say(self._listed.faulty)

    def _fill(self, choose: str = "") -> None:
        chosen = self.chosen
        wanted = choose or (chosen.name if chosen is not None else self._in_use)
        wanted = wanted or self._listed.used
        self.list.clear()
        for each in self._listed.connections:
            item = TreeItem(
                [each.name, each.kind.value, _where(each), each.login, self._state(each)]
            )
            picture = QPixmap(*_SWATCH)
            picture.fill(QColor(each.colour) if each.colour else self._kind_colour(each))
            icon = QIcon(picture)
            # The colour tells what it is: it isn't tinted where the line is selected.
            icon.addPixmap(picture, QIcon.Mode.Selected)
            item.setIcon(0, icon)
            self.list.addTopLevelItem(item)
            if each.name == wanted:
                self.list.setCurrentItem(item)
        first = self.list.topLevelItem(0)
        if self.chosen is None and first is not None:
            self.list.setCurrentItem(first)

    def _dress(self) -> None:
        # Before the list is read, only the built-in ones are known: none of them was chosen.
        if self._is_read:
            self._fill()

    def _kind_colour(self, connection: NamedConnection) -> QColor:
        return self._themes.theme.colour(_KIND_TOKENS[connection.kind])

    def _state(self, connection: NamedConnection) -> str:
        words = []
        if connection.name == self._in_use:
            words.append("open")
        if connection.read_only:
            words.append("read-only")
        return ", ".join(words)

    def _why_not_open(self, connection: NamedConnection) -> str:
        if connection.name == self._in_use:
            return f'"{connection.name}" is open in this window.'
        return ""

    def _chosen_changed(self, item: QTreeWidgetItem | None, _before: object) -> None:
        connection = self.chosen
        if item is None or connection is None:
            return
        self._trying.drop()
        if self._listed.faulty:
            pass
        elif connection.has_address:
            self.findings.say("")
        else:
            self.findings.say(
                f'"{connection.name}" has no address yet. Edit it to give host and database; the'
                " administrator of the database knows them."
            )
        self.open_button.setEnabled(not self._why_not_open(connection))
        self.open_button.setText("Open" if connection.has_address else "Give the address...")
        self.test_button.setEnabled(connection.has_address)
        self.edit_button.setEnabled(not connection.is_demonstration)
        self.remove_button.setEnabled(connection not in BUILT_IN)

    def _button(self, text: str, tip: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked: act())
        return button


def _where(connection: NamedConnection) -> str:
    if connection.is_demonstration:
        return "the program's own database"
    return connection.address or "no address yet"
