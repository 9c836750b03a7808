"""Filters and views that are saved by name, offered in a menu, and shared as text.

A view is a filter with sort and columns; it is kept as the link to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.domain.counting import counted
from app.domain.errors import BadInput
from app.domain.filters import parse
from app.domain.links import SCHEME, ListLink, link_text, parse_link
from app.views.tables.memory import TableMemory
from app.views.tables.save_dialog import SaveDialog, cleaned
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.plain import Label, ListItem, tip

_NAME_ROLE = Qt.ItemDataRole.UserRole
_SIZE = (640, 480)
_PASTE_HEIGHT = 120


def view_of(text: str) -> ListLink | None:
    """The view that a saved text means; None for a filter. BadInput for a link that is none."""
    if not text.startswith(f"{SCHEME}:"):
        return None
    link = parse_link(text)
    if not isinstance(link, ListLink):
        raise BadInput("The link leads to something else than a list.")
    return link


def words_of(text: str) -> str:
    """A saved filter or view as it is read."""
    try:
        view = view_of(text)
    except BadInput:
        return text
    if view is None:
        return text
    sort = f", sorted by {view.sort}" if view.sort else ""
    return f"{view.filter_text or 'everything'}, {counted(len(view.columns), 'column')}{sort}"


def as_text(saved: Mapping[str, str]) -> str:
    """Filters and views as lines that somebody else can paste: `name: filter`."""
    return "".join(f"{name}: {text}\n" for name, text in saved.items())


def from_text(pasted: str, place: str) -> dict[str, str]:
    """Filters, and views of a place, of pasted lines by name; BadInput names the line that isn't
    one."""
    filters: dict[str, str] = {}
    for number, line in enumerate(pasted.splitlines(), start=1):
        if not line.strip():
            continue
        name, colon, text = line.partition(":")
        if not colon or not name.strip() or not text.strip():
            raise BadInput(f"Line {number} is not a filter: write   name: filter   in each line.")
        try:
            view = view_of(text.strip())
            if view is None:
                parse(text.strip())
            elif view.place != place:
                raise BadInput(f"The view is one of {view.place}; paste it there.")
        except BadInput as error:
            raise BadInput(f"Line {number}, {name.strip()}: {error}") from error
        filters[name.strip()] = text.strip()
    if not filters:
        raise BadInput("Nothing was pasted: write   name: filter   in each line.")
    return filters


class SavedFilters(QObject):
    """Keeps filters in the memory of a table and offers them in a menu.

    Signals: `chosen(str)` with the text of a filter to apply; `view_chosen(ListLink)`;
    `build_wanted()` for a filter that is built condition by condition; `said(str)` what was done.
    """

    said = Signal(str)
    chosen = Signal(str)
    view_chosen = Signal(object)
    build_wanted = Signal()

    def __init__(
        self,
        memory: TableMemory,
        current: Callable[[], str],
        view: Callable[[], ListLink],
        widget: QWidget,
    ) -> None:
        """`current`: the text of the filter; `view`: the table as it is seen."""
        super().__init__(widget)
        self._memory = memory
        self._current = current
        self._view = view
        self._widget = widget
        self.menu = QMenu(widget)
        self.menu.aboutToShow.connect(self._fill)

    def save(self, name: str) -> None:
        """Saves the present filter under a name."""
        if self._current().strip():
            self._keep(name, self._current())

    def save_view(self, name: str) -> None:
        """Saves filter, sort and columns as they are under a name."""
        self._keep(name, link_text(replace(self._view(), workspace="")))

    def use(self, text: str) -> None:
        """Applies what is saved."""
        view = view_of(text)
        if view is None:
            self.chosen.emit(text)
        else:
            self.view_chosen.emit(view)

    def _keep(self, name: str, text: str) -> None:
        if name := cleaned(name):
            self._memory.keep_filters({**self._memory.saved_filters(), name: text})
            self.said.emit(f"Saved as {name}, in the menu beside the filter.")

    def ask_name(self) -> SaveDialog:
        """Asks for a name to save the present filter under."""
        return self._ask("filter", self._current(), self.save)

    def ask_view_name(self) -> SaveDialog:
        """Asks for a name to save the present view under."""
        return self._ask("view", words_of(link_text(self._view())), self.save_view)

    def _ask(self, noun: str, about: str, save: Callable[[str], None]) -> SaveDialog:
        taken = self._memory.saved_filters()
        dialog = SaveDialog(noun, about, taken, self._widget.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.named.connect(save)
        dialog.open()
        return dialog

    def edit(self) -> "SavedFiltersDialog":
        """Opens the list, to delete, copy and paste filters."""
        dialog = SavedFiltersDialog(self._memory, self._view().place, self._widget.window())
        dialog.chosen.connect(self.use)
        dialog.open()
        return dialog

    def _fill(self) -> None:
        self.menu.clear()
        saved = self._memory.saved_filters()
        for name, text in saved.items():
            self._add(name.replace("&", "&&"), partial(self.use, text), words_of(text))
        if not saved:
            self._add("Nothing is saved yet", None)
        self.menu.addSeparator()
        possible = bool(self._current().strip())
        self._add("Build the filter...", self.build_wanted.emit)
        self._add("Save this filter...", self.ask_name, enabled=possible)
        self._add("Save this view...", self.ask_view_name, "The filter with sort and columns")
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
        self.said.emit(f"Copied: {self._current()}")


class SavedFiltersDialog(QDialog):
    """The saved filters and views of a table.

    Signals: `chosen(str)` with the text of the one to apply.
    """

    chosen = Signal(str)

    def __init__(self, memory: TableMemory, place: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Saved filters and views")
        resize_to_fit(self, *_SIZE)
        self._memory = memory
        self._place = place
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
        self.copy.setToolTip("All of it as text, for somebody else to paste")
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
            item = ListItem(f"{name}   {words_of(text)}")
            item.setData(_NAME_ROLE, name)
            item.setToolTip(tip(text))
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
        before, after = self._chosen(), cleaned(self.name.text())
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
            pasted = from_text(self.pasted.toPlainText(), self._place)
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
