"""Filters that are saved by name, offered in a menu, and shared as text."""

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QInputDialog,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import BadInput
from app.domain.filters import parse
from app.views.tables.memory import TableMemory
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.plain import Label, ListItem

_NAME_ROLE = Qt.ItemDataRole.UserRole
_SIZE = (640, 480)
_PASTE_HEIGHT = 120


def as_text(saved: Mapping[str, str]) -> str:
    """Filters as lines that somebody else can paste: `name: filter`."""
    return "".join(f"{name}: {text}\n" for name, text in saved.items())


def from_text(pasted: str) -> dict[str, str]:
    """Filters of pasted lines by name; BadInput names the line that isn't one."""
    filters: dict[str, str] = {}
    for number, line in enumerate(pasted.splitlines(), start=1):
        if not line.strip():
            continue
        name, colon, text = line.partition(":")
        if not colon or not name.strip() or not text.strip():
            raise BadInput(f"Line {number} is not a filter: write   name: filter   in each line.")
        try:
            parse(text.strip())
        except BadInput as error:
            raise BadInput(f"Line {number}, {name.strip()}: {error}") from error
        filters[name.strip()] = text.strip()
    if not filters:
        raise BadInput("Nothing was pasted: write   name: filter   in each line.")
    return filters


class SavedFilters(QObject):
    """Keeps filters in the memory of a table and offers them in a menu.

    Signals: `chosen(str)` with the text of a filter to apply; `build_wanted()` for one that is
    built condition by condition.
    """

    chosen = Signal(str)
    build_wanted = Signal()

    def __init__(self, memory: TableMemory, current: Callable[[], str], widget: QWidget) -> None:
        super().__init__(widget)
        self._memory = memory
        self._current = current
        self._widget = widget
        self.menu = QMenu(widget)
        self.menu.aboutToShow.connect(self._fill)

    def save(self, name: str) -> None:
        """Saves the present filter under a name."""
        name = " ".join(name.replace(":", " ").split())
        if name and self._current().strip():
            self._memory.keep_filters({**self._memory.saved_filters(), name: self._current()})

    def ask_name(self) -> QInputDialog:
        """Asks for a name to save the present filter under."""
        dialog = QInputDialog(self._widget.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Save filter")
        dialog.setLabelText(f"Name of the filter   {self._current()}")
        dialog.textValueSelected.connect(self.save)
        dialog.open()
        return dialog

    def edit(self) -> "SavedFiltersDialog":
        """Opens the list, to delete, copy and paste filters."""
        dialog = SavedFiltersDialog(self._memory, self._widget.window())
        dialog.chosen.connect(self.chosen)
        dialog.open()
        return dialog

    def _fill(self) -> None:
        self.menu.clear()
        saved = self._memory.saved_filters()
        for name, text in saved.items():
            self._add(name.replace("&", "&&"), partial(self.chosen.emit, text), text)
        if not saved:
            self._add("No filter is saved yet", None)
        self.menu.addSeparator()
        possible = bool(self._current().strip())
        self._add("Build the filter...", self.build_wanted.emit)
        self._add("Save this filter...", self.ask_name, enabled=possible)
        self._add("Copy this filter", self._copy, enabled=possible)
        self._add("Edit, copy and paste saved filters...", self.edit)

    def _add(
        self,
        text: str,
        handler: Callable[[], object] | None,
        tip: str = "",
        *,
        enabled: bool = True,
    ) -> None:
        action = QAction(text, self.menu)
        action.setToolTip(tip)
        action.setEnabled(enabled and handler is not None)
        if handler is not None:
            action.triggered.connect(lambda _checked=False: handler())
        self.menu.addAction(action)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._current())


class SavedFiltersDialog(QDialog):
    """The saved filters of a table.

    Signals: `chosen(str)` with the text of a filter to apply.
    """

    chosen = Signal(str)

    def __init__(self, memory: TableMemory, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Saved filters")
        resize_to_fit(self, *_SIZE)
        self._memory = memory
        self.list = QListWidget()
        self.list.setAccessibleName("Saved filters")
        self.empty = Label("No filter is saved yet. Type one, then save it from the same menu.")
        self.empty.setProperty("role", "muted")
        self.name = QLineEdit(placeholderText="Name of the chosen filter")
        self.name.setAccessibleName("Name")
        self.pasted = QPlainTextEdit()
        self.pasted.setAccessibleName("Filters of others")
        self.pasted.setPlaceholderText("Paste filters of others here:\nname: filter")
        self.pasted.setFixedHeight(_PASTE_HEIGHT)
        self.pasted.setTabChangesFocus(True)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        role = QDialogButtonBox.ButtonRole
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.use = buttons.addButton("Use", role.AcceptRole)
        self.rename = buttons.addButton("Rename", role.ActionRole)
        self.remove = buttons.addButton("Delete", role.ActionRole)
        self.copy = buttons.addButton("Copy all", role.ActionRole)
        self.paste = buttons.addButton("Add pasted", role.ActionRole)
        self.copy.setToolTip("All filters as text, for somebody else to paste")
        self.paste.setToolTip("Save the filters that are pasted above")
        layout = QVBoxLayout(self)
        for widget in (self.list, self.empty, self.name, self.pasted, self.refusal, buttons):
            layout.addWidget(widget, 1 if widget is self.list else 0)
        buttons.rejected.connect(self.reject)
        buttons.accepted.connect(self._use)
        self.rename.clicked.connect(self._rename)
        self.remove.clicked.connect(self._remove)
        self.copy.clicked.connect(self._copy)
        self.paste.clicked.connect(self._paste)
        self.list.currentItemChanged.connect(self._allow)
        self.list.itemActivated.connect(self._use)
        self.pasted.textChanged.connect(self._allow)
        self._show()

    def _show(self, chosen: str = "") -> None:
        saved = self._memory.saved_filters()
        self.list.clear()
        for name, text in saved.items():
            item = ListItem(f"{name}   {text}")
            item.setData(_NAME_ROLE, name)
            item.setToolTip(text)
            self.list.addItem(item)
            if name == chosen:
                self.list.setCurrentItem(item)
        if self.list.currentItem() is None:
            self.list.setCurrentRow(0)
        self.list.setVisible(bool(saved))
        self.empty.setVisible(not saved)
        self._allow()

    def _chosen(self) -> str:
        item = self.list.currentItem()
        return "" if item is None else str(item.data(_NAME_ROLE))

    def _allow(self) -> None:
        chosen = self._chosen()
        self.name.setText(chosen)
        for widget in (self.use, self.rename, self.remove, self.name):
            widget.setEnabled(bool(chosen))
        self.copy.setEnabled(bool(self._memory.saved_filters()))
        self.paste.setEnabled(bool(self.pasted.toPlainText().strip()))

    def _use(self) -> None:
        text = self._memory.saved_filters().get(self._chosen())
        if text is not None:
            self.chosen.emit(text)
            self.accept()

    def _rename(self) -> None:
        before, after = self._chosen(), " ".join(self.name.text().replace(":", " ").split())
        saved = self._memory.saved_filters()
        if not after or after == before:
            return
        if after in saved:
            self._refuse(f"There is already a filter {after}.")
            return
        self._keep({after if name == before else name: text for name, text in saved.items()}, after)

    def _remove(self) -> None:
        saved = self._memory.saved_filters()
        saved.pop(self._chosen(), None)
        self._keep(saved)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(as_text(self._memory.saved_filters()))

    def _paste(self) -> None:
        try:
            pasted = from_text(self.pasted.toPlainText())
        except BadInput as error:
            self._refuse(str(error))
            return
        self._keep({**self._memory.saved_filters(), **pasted}, next(iter(pasted)))
        self.pasted.clear()

    def _keep(self, saved: Mapping[str, str], chosen: str = "") -> None:
        self._memory.keep_filters(saved)
        self._refuse("")
        self._show(chosen)

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))
