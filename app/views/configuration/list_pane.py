"""One list of the configuration: its items, and tabs about the selected one."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.in_force import Configuration, Kind
from app.domain.configuration.versions import Item, ListHistory, problem_of
from app.domain.json_value import js_stringify
from app.domain.rules.vocabulary import RuleSubject
from app.services.configuration import in_force, versions
from app.services.configuration.rule_vocabulary import vocabulary
from app.views.background import Work
from app.views.configuration.editor_panel import EditorPanel
from app.views.configuration.rights_panel import RightsPanel
from app.views.configuration.sections import Section, is_off
from app.views.configuration.trials.trial_panel import TrialPanel
from app.views.configuration.versions.versions_panel import VersionsPanel
from app.views.datasets_accepted.window import DatasetsAcceptedWindow
from app.views.focus import give_keys
from app.views.looks import words
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme
from app.views.notices import ask
from app.views.places import PlaceContext
from app.views.rights import offer
from app.views.widgets.late_page import LatePage
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.narrow import TurningSplitter
from app.views.widgets.plain import Label, TreeItem
from app.views.widgets.search_line import SearchLine
from app.views.widgets.still_tabs import StillTabs

_PARTS = [360, 640]
_READING = "Reading the list ..."
_ANY = -1
"""Stands for the first item."""
_ID = Qt.ItemDataRole.UserRole
_SORTED = Qt.ItemDataRole.UserRole + 1
_FAULTY = Qt.ItemDataRole.UserRole + 2
_WIDTHS = {"priority": 60, "enabled": 36, "runs": 120}
_WIDTH = 90
_NUMBERS = frozenset({"priority", "routes"})


class _Line(TreeItem):
    """A row that sorts numbers as numbers."""

    def __lt__(self, other: QTreeWidgetItem) -> bool:
        tree = self.treeWidget()
        column = 0 if tree is None else tree.sortColumn()
        mine, theirs = self.data(column, _SORTED), other.data(column, _SORTED)
        return bool(mine < theirs)


def hear_keys(widget: QWidget, pane: "Callable[[], ListPane | None]") -> None:
    """Makes the keys of a list work in another widget, on the pane that is in front then."""
    for keys, handler in (
        ("/", ListPane.focus_search),
        ("Ctrl+N", ListPane.add_item),
        ("Ctrl+Return", ListPane.try_it),
        (QKeySequence.StandardKey.Save, ListPane.save),
    ):
        shortcut = QShortcut(QKeySequence(keys), widget)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(partial(_handle, handler, pane))


def _handle(handler: "Callable[[ListPane], object]", pane: "Callable[[], ListPane | None]") -> None:
    if (heard := pane()) is not None:
        handler(heard)


class ListPane(QWidget):
    """Items at the left; unsaved changes of one aren't discarded without a question.

    Signals: `run_wanted(run_number, dataset)`; `saved(str, object)` with the outcome
    and what takes it back; `counted(int)`
    with the number of items whose rule can't be used; `reclassify_wanted()`.
    """

    run_wanted = Signal(int, str)
    saved = Signal(str, object)
    counted = Signal(int)
    reclassify_wanted = Signal()

    def __init__(
        self, section: Section, context: PlaceContext, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        assert section.kind is not None
        self.section = section
        self.kind: Kind = section.kind
        self._context = context
        self._acting = context.acting
        self._background = context.background
        self._themes = context.themes
        self._rights = context.rights
        self._reading = Work(context.background, self)
        self._following = True
        self._to_choose: int | None = None
        self.history: ListHistory | None = None
        self.shown: int | None = None
        self._parts = parts = (context.acting, context.background, context.themes)
        self.search = SearchLine()
        self.items = QTreeWidget()
        self.add = QPushButton("Add")
        self.bar = LoadingBar(context.themes)
        self.listed = Label()
        self.empty = Label(_READING, wordWrap=True)
        self.editor = EditorPanel(section, *parts, context.rights)
        self.tabs = StillTabs()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.editor, "Edit")
        self._effect: LatePage[TrialPanel] | LatePage[RightsPanel] | None = None
        if section.can_be_tried:
            tip = "Show the effect of the change on runs, before it is saved"
            self._effect = LatePage(self.tabs, self._make_trial, "Try", tip)
        elif section.kind is Kind.PERMISSION:
            self._effect = LatePage(self.tabs, self._make_rights, "Who could do what")
        self._versions = LatePage(self.tabs, self._make_versions, "Versions")
        self._lay_out()
        self._connect()

    def refresh(self) -> None:
        """Reads the list again; unsaved changes stay."""
        self._reading.renew(self._read)
        subject = self.section.subject
        if self.history is None and subject is not None:
            self._background.run(self._read_vocabulary(subject), self)

    async def _read(self) -> None:
        acting, kind = self._acting, self.kind
        self._show(
            *await self._background.read(
                lambda: (versions.versions(acting, kind), in_force.current(acting))
            )
        )

    async def _read_vocabulary(self, subject: RuleSubject) -> None:
        acting = self._acting
        self.editor.set_vocabulary(await self._background.read(lambda: vocabulary(acting, subject)))

    def choose(self, item_id: int) -> None:
        """Selects an item in force."""
        line = self._line_of(item_id)
        if line is not None:
            self.items.setCurrentItem(line)

    def add_item(self) -> None:
        """Starts a new item, after a question if there are unsaved changes."""
        self._leave(self._begin_new)

    def try_it(self) -> None:
        """Tries the unsaved change, or shows the rights it would give."""
        if self._effect is not None:
            self.tabs.setCurrentWidget(self._effect.page)
            self._effect.page.run()

    def save(self) -> None:
        """Saves the unsaved change, whichever tab is in front."""
        if self.editor.item is not None and not self.editor.is_changed:
            self._context.notices.tell(f"{self.editor.title.text()} has no unsaved change.")
        else:
            self.editor.submit()

    def open_with_gui(self) -> DatasetsAcceptedWindow:
        """Opens the editor that shows matches in the DQM GUI."""
        window = DatasetsAcceptedWindow(self._context, self.window())
        window.finished.connect(self.refresh)
        window.open()
        return window

    def _show(self, history: ListHistory, configuration: Configuration) -> None:
        first = self.history is None
        self.history = history
        self.editor.offer(configuration)
        self._following = False
        self.items.clear()
        present = [history.items[item_id] for item_id in sorted(history.versions[-1].items)]
        listed = [item for item in present if self.section.holds(item)]
        problems = [problem_of(item) for item in listed]
        for item, problem in zip(listed, problems, strict=True):
            self.items.addTopLevelItem(self._line(item, problem))
        self._apply_theme(self._themes.theme)
        self._search()
        self._following = True
        self.counted.emit(sum(map(bool, problems)))
        chosen = self._to_choose if self._to_choose is not None else self.shown
        self._to_choose = None
        if self._versions.made is not None:
            self._versions.made.show_history(self.section, history, self.shown)
        line = None if chosen is None else self._line_of(chosen)
        if line is not None:
            self.items.setCurrentItem(line)
        elif not self.editor.is_changed and (first or chosen is not None):
            top = self.items.topLevelItem(0)
            if top is None:
                self._begin_new()
            else:
                self.items.setCurrentItem(top)

    def _line(self, item: Item, problem: str) -> _Line:
        cells = self.section.cells(item)
        line = _Line(cells)
        known = item.values.get("priority")
        priority = known if isinstance(known, int) else 0
        for column, (name, _) in enumerate(self.section.heads):
            number = name in _NUMBERS and cells[column].lstrip("-").isdigit()
            line.setData(
                column,
                _SORTED,
                (0, "", int(cells[column])) if number else (1, cells[column].casefold(), priority),
            )
            if name in _NUMBERS:
                line.setTextAlignment(
                    column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                )
            line.setToolTip(column, problem or cells[column])
        line.setData(0, _ID, item.id)
        line.setData(0, _FAULTY, bool(problem))
        line.setSizeHint(0, QSize(0, ROW_HEIGHT))
        return line

    def _line_of(self, item_id: int) -> QTreeWidgetItem | None:
        for row in range(self.items.topLevelItemCount()):
            line = self.items.topLevelItem(row)
            if line is not None and line.data(0, _ID) == item_id:
                return line
        return None

    # Selection

    def _choose(self, current: QTreeWidgetItem | None, _before: object) -> None:
        if not self._following or current is None:
            return
        item_id = int(current.data(0, _ID))
        if item_id == self.shown and self.editor.item is not None:
            return
        self._leave(lambda: self._show_item(item_id), back=self._mark_shown)

    def _leave(self, then: Callable[[], None], back: Callable[[], None] | None = None) -> None:
        """Continues at once, or after the person has agreed to discard unsaved changes."""
        if not self.editor.is_changed:
            then()
            return
        if back is not None:
            back()
        ask(
            self.window(),
            "Discard changes?",
            f"{self.editor.title.text()} has unsaved changes.",
            "Discard",
            then,
        )

    def _mark_shown(self) -> None:
        self._following = False
        line = None if self.shown is None else self._line_of(self.shown)
        if line is None:
            self.items.setCurrentItem(None)  # type: ignore[call-overload]
        else:
            self.items.setCurrentItem(line)
        self._following = True

    def _show_item(self, item_id: int) -> None:
        if self.history is None:
            return
        self.shown = item_id
        self.editor.show_item(self.history.items[item_id])
        self._forget_trials()
        self._mark_shown()

    def focus_search(self) -> None:
        """The line that searches the list."""
        give_keys(self.search, select=True)

    def _begin_new(self) -> None:
        self.shown = None
        self._mark_shown()
        self.editor.show_item(None)
        self._forget_trials()
        self.tabs.setCurrentWidget(self.editor)

    def _forget_trials(self) -> None:
        """What is told of an item is told of the one in front."""
        if self._versions.made is not None:
            self._versions.made.show_item(self.shown)
        if self._effect is not None and self._effect.made is not None:
            self._effect.made.forget()

    def _edited(self) -> None:
        if self._effect is not None and self._effect.made is not None:
            self._effect.made.outdated()

    def _saved(self, item_id: int, changed_id: int, text: str) -> None:
        self.saved.emit(text, lambda: self.versions.take_back(changed_id))
        self._to_choose = item_id or _ANY
        self.shown = None
        if not item_id:
            self.editor.show_item(None)
        self.refresh()

    def _take_theirs(self, item_id: int) -> None:
        self.editor.show_item(None)
        self._to_choose = item_id or _ANY
        self.shown = None
        self.refresh()

    def _restored(self, text: str, before: int) -> None:
        self.saved.emit(text, lambda: self.versions.ask_to_restore(before))
        self.refresh()

    def _search(self) -> None:
        text = self.search.text().casefold().split()
        matching = total = 0
        for row in range(self.items.topLevelItemCount()):
            line = self.items.topLevelItem(row)
            if line is None or self.history is None:
                continue
            item = self.history.items[int(line.data(0, _ID))]
            searched = f"{item.id} {js_stringify(item.values)} {item.created_by or ''}".casefold()
            matches = all(word in searched for word in text)
            line.setHidden(not matches)
            matching += matches
            total += 1
        self.listed.setText(f"{matching} of {total}" if text else words.counted(total, "item"))
        self.empty.setText(
            "" if matching else "No item matches." if total else "There are no items yet."
        )
        self.empty.setVisible(not matching)
        self.items.setVisible(bool(matching))

    def _say_unread(self, reading: bool) -> None:
        if self.history is None:
            self.empty.setText(_READING if reading else words.UNREAD)

    # Tabs

    @property
    def trial(self) -> TrialPanel | None:
        """The tab that tries the change on runs, where there is one."""
        page = None if self._effect is None else self._effect.page
        return page if isinstance(page, TrialPanel) else None

    @property
    def rights(self) -> RightsPanel | None:
        """The tab that says who could do what, where there is one."""
        page = None if self._effect is None else self._effect.page
        return page if isinstance(page, RightsPanel) else None

    @property
    def versions(self) -> VersionsPanel:
        """The tab of the versions of the list."""
        return self._versions.page

    def _make_trial(self) -> TrialPanel:
        panel = TrialPanel(*self._parts, self.editor.draft)
        panel.run_wanted.connect(self.run_wanted)
        return panel

    def _make_rights(self) -> RightsPanel:
        return RightsPanel(*self._parts, self.editor.draft)

    def _make_versions(self) -> VersionsPanel:
        panel = VersionsPanel(*self._parts, self._rights)
        panel.restored.connect(self._restored)
        if self.history is not None:
            panel.show_history(self.section, self.history, self.shown)
        return panel

    # Layout

    def _lay_out(self) -> None:
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search the list")
        self.search.setToolTip("Searches values and rules (/); Escape: clear")
        self.add.setToolTip(f"Add a {self.section.noun} (Ctrl+N)")
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.listed.setProperty("role", "muted")
        items = self.items
        items.setAccessibleName(self.section.text)
        items.setRootIsDecorated(False)
        items.setUniformRowHeights(True)
        items.setFrameShape(items.Shape.NoFrame)
        items.setColumnCount(len(self.section.heads))
        items.setHeaderLabels([text for _, text in self.section.heads])
        items.setSortingEnabled(True)
        items.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        header = items.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, (name, _) in enumerate(self.section.heads):
            if column:
                header.resizeSection(column, _WIDTHS.get(name, _WIDTH))
        splitter = TurningSplitter()
        splitter.addWidget(self._left_side())
        splitter.addWidget(self.tabs)
        splitter.setSizes(_PARTS)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _left_side(self) -> QWidget:
        top = QWidget()
        top.setObjectName("bar")
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        line.setSpacing(STEP)
        line.addWidget(self.search, 1)
        line.addWidget(self.add)
        end = QHBoxLayout()
        end.setContentsMargins(3 * STEP, STEP, 2 * STEP, STEP)
        end.setSpacing(2 * STEP)
        end.addWidget(self.listed, 1)
        if self.kind is Kind.DATASETS_ACCEPTED:
            gui = QPushButton("With the DQM GUI...")
            gui.setToolTip("Show what each expression matches in the DQM GUI while you edit it")
            gui.clicked.connect(self.open_with_gui)
            end.addWidget(gui)
        if self.kind in (Kind.CLASS, Kind.DATASET) or self.section.online is True:
            again = QPushButton("Reclassify runs...")
            again.setToolTip("Apply the classifiers in force to OPEN runs again")
            again.clicked.connect(self.reclassify_wanted)
            end.addWidget(again)
        left = QWidget()
        left.setObjectName("pane")
        inside = QVBoxLayout(left)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(top)
        inside.addWidget(self.bar)
        inside.addWidget(self.items, 1)
        inside.addWidget(self.empty, 1)
        inside.addLayout(end)
        return left

    def _offer(self) -> None:
        offer(self.add, self.editor.why_not())

    def _connect(self) -> None:
        self._rights.changed.connect(self._offer)
        self._offer()
        self._reading.running_changed.connect(self.bar.set_loading)
        self._reading.running_changed.connect(self._say_unread)
        self.items.currentItemChanged.connect(self._choose)
        self.search.textChanged.connect(self._search)
        self.add.clicked.connect(self.add_item)
        self.editor.saved.connect(self._saved)
        self.editor.edited.connect(self._edited)
        self.editor.refused.connect(lambda: self.tabs.setCurrentWidget(self.editor))
        self.editor.theirs_wanted.connect(self._take_theirs)
        self._themes.changed.connect(self._apply_theme)
        hear_keys(self, lambda: self)

    def _apply_theme(self, theme: Theme) -> None:
        if self.history is None:
            return
        for row in range(self.items.topLevelItemCount()):
            line = self.items.topLevelItem(row)
            if line is None:
                continue
            item = self.history.items[int(line.data(0, _ID))]
            problem = bool(line.data(0, _FAULTY))
            token = "danger" if problem else "muted" if is_off(item) else "text"
            for column in range(line.columnCount()):
                line.setForeground(column, theme.colour(token))
            if problem:
                line.setIcon(0, theme.icon("warning", "danger"))
