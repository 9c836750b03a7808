"""Saved rules: choosing, saving, renaming, deleting; import from files and export to them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QToolButton,
    QWidget,
)

from app import files
from app.domain.configuration.in_force import Kind
from app.domain.errors import BadInput, Refused
from app.domain.json_value import JsonValue, js_stringify
from app.domain.rules.text import pretty
from app.services.acting import Acting
from app.services.golden import rules as golden_rules
from app.services.golden.rules import OfferedRule
from app.views.background import Background, Work
from app.views.looks.theme import STEP
from app.views.notices import Notices, ask
from app.views.rights import nothing_here, offer
from app.views.take_back import item_undo
from app.views.widgets.completions import Completions
from app.views.widgets.dialogs.save_file import FileSaver
from app.views.widgets.plain import ChoiceBox, Label

_GOLDEN = "golden"
_MOST_RULE_BYTES = 4_000_000
_CHOOSE = "Choose a rule"


class ConfigurationBar(QWidget):
    """Knows which saved rule was chosen, and whether the written rule still is the same.

    Signals: `rule_wanted(object)` with the JSON of a rule to write; `text_wanted(str)` with the
    text of a file; `offered()` when the saved rules were read; `refused(str)`.
    """

    offered = Signal()
    rule_wanted = Signal(object)
    text_wanted = Signal(str)
    refused = Signal(str)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        notices: Notices,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._reading = Work(background, self)
        self._notices = notices
        self._known: tuple[OfferedRule, ...] = ()
        self._offered: list[OfferedRule | None] = []
        self._rule: JsonValue = None
        self._folder = Path()
        self.saver = FileSaver(background, notices, self, self._refuse)
        self.chosen: OfferedRule | None = None
        self.choice = ChoiceBox()
        self.choice.setAccessibleName("Saved rule")
        self.choice.setToolTip("Saved rules: type a part of a name or an author")
        self.choice.setEditable(True)
        self.choice.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.choice.setMaxVisibleItems(20)
        line = self.choice.lineEdit()
        if line is not None:
            line.setPlaceholderText(_CHOOSE)
        self.choice.setCompleter(Completions(self.choice.model(), self))
        self.changed = Label()
        self.changed.setProperty("role", "warning")
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.save = self._action("Save", "Ctrl+S", self.save_rule)
        self.save_as = self._action("Save as...", "Ctrl+Alt+S", self.ask_name)
        self.rename = self._action("Rename...", "", self.ask_new_name)
        self.delete = self._action("Delete...", "", self.ask_delete)
        self.menu.addSeparator()
        self.load = self._action("Import from a file...", "", self.ask_file)
        self.export = self._action("Export as a file...", "", self.ask_where)
        self.save.setToolTip("Save the rule under its name, or ask for one (Ctrl+S)")
        self.save_button = QToolButton()
        self.save_button.setDefaultAction(self.save)
        self.button = QToolButton()
        self.button.setText("More")
        self.button.setToolTip("Save as, rename, delete, import, export")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setMenu(self.menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.choice, 1)
        layout.addWidget(self.changed)
        layout.addWidget(self.save_button)
        layout.addWidget(self.button)
        self.choice.activated.connect(self._choose)
        self._look()

    @property
    def configurations(self) -> tuple[OfferedRule, ...]:
        """All rules that are offered."""
        return self._known

    @property
    def is_changed(self) -> bool:
        """Whether the written rule differs from the chosen one."""
        return self.chosen is not None and not _same(self.chosen.rule, self._rule)

    def read(self) -> None:
        """Reads the saved rules."""
        self._reading.start(self._read())

    async def _read(self) -> None:
        self._offer(await self._background.read(lambda: golden_rules.offered(self._acting)))

    def show_rule(self, rule: JsonValue) -> None:
        """Takes the written rule; None while the text isn't one."""
        self._rule = rule
        if self.chosen is None and rule is not None:
            self._find()
        self._look()

    def choose(self, name: str) -> None:
        """Writes the rule saved under a name."""
        rule = self._named(name)
        if rule is not None:
            self._take(rule)

    def save_rule(self) -> None:
        """Saves the rule in the place of the chosen one, or asks for a name."""
        chosen = self.chosen
        if chosen is None or chosen.id is None or not chosen.may_change:
            self.ask_name()
        elif not self._has_rule():
            return
        elif chosen.name == _GOLDEN:
            question = "Everybody starts from the golden rule. Replace it?"
            ask(self.window(), "Save", question, "Replace", partial(self._save, _GOLDEN, chosen.id))
        else:
            self._save(chosen.name, chosen.id)

    def ask_name(self) -> QInputDialog | None:
        """Asks under which name to save."""
        if not self._has_rule():
            return None
        begin = "" if self.chosen is None or self.chosen.shipped else self.chosen.name
        return self._ask_text("Save as", "Name of the configuration:", begin, self._save_as)

    def ask_new_name(self) -> QInputDialog | None:
        """Asks for another name of the chosen one."""
        chosen = self.chosen
        if chosen is None or chosen.id is None:
            return None
        rule, id_ = chosen.rule, chosen.id
        return self._ask_text(
            "Rename", "New name:", chosen.name, lambda name: self._store(name, rule, id_)
        )

    def ask_delete(self) -> None:
        """Asks before the chosen one is deleted."""
        chosen = self.chosen
        if chosen is not None and chosen.id is not None:
            ask(
                self.window(),
                "Delete",
                f'Delete the configuration "{chosen.name}"? Lists that were made with it are kept.',
                "Delete",
                partial(self._delete, chosen.id, chosen.name),
            )

    def ask_file(self) -> QFileDialog:
        """Asks which file to import."""
        dialog = QFileDialog(self.window(), "Rule", str(self._folder), "JSON (*.json);;All (*)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda file: self.import_file(Path(file)))
        dialog.open()
        return dialog

    def import_file(self, file: Path) -> None:
        """Writes the rule of a file; its errors are shown in the text."""
        self._folder = file.parent
        self._background.run(self._import(file), self)

    async def _import(self, file: Path) -> None:
        try:
            text = await self._background.read(lambda: _text_of(file), reaches_server=False)
        except Refused as error:
            self._refuse(error)
            return
        self.chosen = None
        self._show_chosen(f"from {file.name}")
        self.text_wanted.emit(text)

    def ask_where(self) -> QFileDialog | None:
        """Asks which file the rule is exported as."""
        if not self._has_rule():
            return None
        name = self.chosen.name if self.chosen is not None else "rule"
        text = pretty(self._rule) + "\n"
        return self.saver.ask_where(
            "Export rule",
            f"{name.replace('/', '_')}.json",
            "JSON (*.json)",
            lambda file: files.write(file, text),
        )

    # Choosing

    def _offer(self, configurations: Sequence[OfferedRule]) -> None:
        self._known = tuple(configurations)
        if self.chosen is not None:
            self.chosen = self._named(self.chosen.name)
        self.choice.clear()
        self._offered = []
        shipped = [rule for rule in self._known if rule.shipped]
        golden = [rule for rule in self._known if rule.name == _GOLDEN and not rule.shipped]
        mine = [rule for rule in self._known if rule.mine and rule not in golden]
        others = [rule for rule in self._known if rule not in (*shipped, *golden, *mine)]
        for part in (golden, shipped, mine, others):
            if part and self._offered:
                self.choice.insertSeparator(self.choice.count())
                self._offered.append(None)
            for each in part:
                self.choice.addItem(f"{each.name}   {'mine' if each.mine else each.origin}")
                self._offered.append(each)
        if self.chosen is None and self._rule is not None:
            self._find()
        self._show_chosen()
        self._look()
        self.offered.emit()

    def _choose(self, row: int) -> None:
        chosen = self._offered[row] if 0 <= row < len(self._offered) else None
        if chosen is not None:
            self._take(chosen)

    def _take(self, chosen: OfferedRule) -> None:
        self.chosen = chosen
        self._show_chosen()
        self.rule_wanted.emit(chosen.rule)
        self._look()

    def _find(self) -> None:
        """Chooses the saved rule that is equal to the written one."""
        self.chosen = next((rule for rule in self._known if _same(rule.rule, self._rule)), None)
        self._show_chosen()

    def _show_chosen(self, otherwise: str = "") -> None:
        row = self._offered.index(self.chosen) if self.chosen in self._offered else -1
        if self.chosen is None:
            row = -1
        self.choice.setCurrentIndex(row)
        if row < 0:
            self.choice.setEditText(otherwise)

    def _look(self) -> None:
        chosen, rule = self.chosen, self._rule
        stored = chosen is not None and chosen.id is not None
        may_change = stored and chosen is not None and chosen.may_change
        is_golden = chosen is not None and chosen.name == _GOLDEN
        self.changed.setText("changed" if self.is_changed else "")
        nothing = nothing_here(self._acting)
        offer(self.save, nothing, possible=rule is not None and (self.is_changed or chosen is None))
        offer(self.save_as, nothing, possible=rule is not None)
        self.export.setEnabled(rule is not None)
        why_not = nothing
        if chosen is not None and not why_not and not may_change:
            why_not = f"Only {chosen.created_by} and experts may do this"
        elif is_golden and not why_not:
            why_not = "The golden rule is always kept"
        for action in (self.rename, self.delete):
            offer(action, why_not, possible=may_change)

    # Saving and deleting

    def _has_rule(self) -> bool:
        if self._rule is None:
            self.refused.emit("Correct the rule first: it has an error.")
        return self._rule is not None

    def _save_as(self, name: str) -> None:
        known = self._named(name.strip())
        if known is not None and known.id is not None and known.may_change:
            ask(
                self.window(),
                "Save as",
                f'A configuration "{known.name}" exists already. Replace its rule?',
                "Replace",
                partial(self._save, known.name, known.id),
            )
        else:
            self._save(name, None)

    def _save(self, name: str, replaces: int | None) -> None:
        self._store(name, self._rule, replaces)

    def _store(self, name: str, rule: JsonValue, replaces: int | None) -> None:
        self._background.run(self._do_store(name, rule, replaces), self)

    async def _do_store(self, name: str, rule: JsonValue, replaces: int | None) -> None:
        try:
            saved = await self._background.act(
                lambda: golden_rules.save(self._acting, name, rule, replaces)
            )
        except Refused as error:
            self._refuse(error)
            return
        self.chosen = saved
        if saved.id is not None:
            self._tell(f'Saved the configuration "{saved.name}".', saved.id, saved.name)
        self.read()

    def _tell(self, text: str, id_: int, name: str) -> None:
        undo = item_undo(
            self._acting,
            self._background,
            self._notices,
            self.window(),
            Kind.JSON_RULE,
            id_,
            f'the configuration "{name}"',
        )
        self._notices.tell(text, take_back=undo)

    def _delete(self, id_: int, name: str) -> None:
        self._background.run(self._do_delete(id_, name), self)

    async def _do_delete(self, id_: int, name: str) -> None:
        try:
            await self._background.act(lambda: golden_rules.delete(self._acting, id_))
        except Refused as error:
            self._refuse(error)
            return
        self.chosen = None
        self._tell(
            f'Deleted the configuration "{name}". Lists that were made with it are kept.', id_, name
        )
        self.read()

    def _named(self, name: str) -> OfferedRule | None:
        return next((rule for rule in self._known if rule.name == name), None)

    def _refuse(self, error: Refused) -> None:
        self.refused.emit(str(error))

    def _ask_text(
        self, title: str, label: str, begin: str, then: Callable[[str], None]
    ) -> QInputDialog:
        dialog = QInputDialog(self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(title)
        dialog.setLabelText(label)
        dialog.setTextValue(begin)
        dialog.textValueSelected.connect(then)
        dialog.open()
        return dialog

    def _action(self, text: str, keys: str, handler: Callable[[], object]) -> QAction:
        action = self.menu.addAction(text)
        if keys:
            action.setShortcut(keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda _checked=False: handler())
        return action


def _same(one: JsonValue, other: JsonValue) -> bool:
    return other is not None and js_stringify(one) == js_stringify(other)


def _text_of(file: Path) -> str:
    """Text of a file with a rule; BadInput when it can't be one."""
    try:
        if file.stat().st_size > _MOST_RULE_BYTES:
            raise BadInput(f"{file} is too large for a rule.")
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} can't be read: it is not text.") from error
    except OSError as error:
        raise BadInput(f"{file} can't be read: {error.strerror}.") from error
