"""Saved rules: choose one, save, save as, rename, delete, import and export as files."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QToolButton,
    QWidget,
)

from app import files
from app.domain.errors import BadInput, Refused
from app.domain.json_value import JsonValue, js_stringify
from app.domain.rules.text import pretty
from app.views.backend.golden import Golden, GoldenConfiguration
from app.views.background import Background
from app.views.notices import Notices, ask
from app.views.theme import STEP
from app.views.widgets.plain import Label

_GOLDEN = "golden"
_MOST_RULE_BYTES = 4_000_000
_CHOOSE = "Choose a rule"


class ConfigurationBar(QWidget):
    """Knows where the rule that is written comes from, and whether it is another one by now.

    Signals: `rule_wanted(object)` with the JSON of a rule to write; `text_wanted(str)` with the
    text of a file; `offered()` when the saved rules were read; `refused(str)`.
    """

    offered = Signal()
    rule_wanted = Signal(object)
    text_wanted = Signal(str)
    refused = Signal(str)

    def __init__(
        self,
        golden: Golden,
        background: Background,
        notices: Notices,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._golden = golden
        self._background = background
        self._notices = notices
        self._known: tuple[GoldenConfiguration, ...] = ()
        self._offered: list[GoldenConfiguration | None] = []
        self._rule: JsonValue = None
        self._folder = Path()
        self.chosen: GoldenConfiguration | None = None
        self.choice = QComboBox()
        self.choice.setAccessibleName("Saved rule")
        self.choice.setToolTip("Saved rules: type a part of a name or an author")
        self.choice.setEditable(True)
        self.choice.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.choice.setMaxVisibleItems(20)
        line = self.choice.lineEdit()
        if line is not None:
            line.setPlaceholderText(_CHOOSE)
        completer = QCompleter(self.choice.model(), self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.choice.setCompleter(completer)
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
        self.save_button = QToolButton()
        self.save_button.setDefaultAction(self.save)
        self.save_button.setToolTip("Save the rule under its name, or ask for one (Ctrl+S)")
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
    def configurations(self) -> tuple[GoldenConfiguration, ...]:
        """All that are offered."""
        return self._known

    @property
    def is_changed(self) -> bool:
        """Whether the rule that is written isn't the chosen one any more."""
        return self.chosen is not None and not _same(self.chosen.rule, self._rule)

    def read(self) -> None:
        """Reads what is saved by now."""
        self._background.read_then(self._golden.golden_configurations, self._offer, owner=self)

    def show_rule(self, rule: JsonValue) -> None:
        """The rule that is written now; None while it is none."""
        self._rule = rule
        if self.chosen is None and rule is not None:
            self._find()
        self._look()

    def choose(self, name: str) -> None:
        """Writes the rule saved under a name."""
        found = next((each for each in self._known if each.name == name), None)
        if found is not None:
            self._take(found)

    def save_rule(self) -> None:
        """Saves the rule in the place of the chosen one, or asks for a name."""
        chosen = self.chosen
        if chosen is None or chosen.id is None or not chosen.may_change:
            self.ask_name()
        elif not self._has_rule():
            return
        elif chosen.name == _GOLDEN:
            question = "Everybody begins with the golden rule. Replace it?"
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
        rename = partial(self._act_save, chosen.rule, chosen.id)
        return self._ask_text("Rename", "New name:", chosen.name, rename)

    def ask_delete(self) -> None:
        """Asks before the chosen one is deleted."""
        chosen = self.chosen
        if chosen is not None and chosen.id is not None:
            ask(
                self.window(),
                "Delete",
                f'Delete the configuration "{chosen.name}"? Lists that were made with it stay.',
                "Delete",
                partial(self._delete, chosen.id),
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
        """Writes the rule of a file; what is wrong inside is shown in the text."""
        self._folder = file.parent

        def show(text: str) -> None:
            self.chosen = None
            self._show_chosen(f"from {file.name}")
            self.text_wanted.emit(text)

        self._background.read_then(
            lambda: _text_of(file),
            show,
            owner=self,
            refused=self._refuse,
            reaches_server=False,
        )

    def ask_where(self) -> QFileDialog | None:
        """Asks which file the rule is exported as."""
        if not self._has_rule():
            return None
        name = self.chosen.name if self.chosen is not None else "rule"
        dialog = QFileDialog(self.window(), "Export rule", str(self._folder))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["JSON (*.json)", "All files (*)"])
        dialog.setDefaultSuffix("json")
        dialog.selectFile(f"{name.replace('/', '_')}.json")
        text = pretty(self._rule) + "\n"
        dialog.fileSelected.connect(lambda file: self.export_file(text, Path(file)))
        dialog.open()
        return dialog

    def export_file(self, text: str, file: Path) -> None:
        """Writes a rule whole or not at all."""
        self._folder = file.parent
        self._background.act_then(
            lambda: files.write(file, text),
            lambda _none: self._notices.tell(f"Saved {file}."),
            owner=self,
            refused=self._refuse,
        )

    # What is offered

    def _offer(self, configurations: Sequence[GoldenConfiguration]) -> None:
        self._known = tuple(configurations)
        if self.chosen is not None:
            name = self.chosen.name
            self.chosen = next((each for each in self._known if each.name == name), None)
        self.choice.clear()
        self._offered = []
        shipped = [each for each in self._known if each.shipped]
        golden = [each for each in self._known if each.name == _GOLDEN and not each.shipped]
        mine = [each for each in self._known if each.mine and each not in golden]
        others = [each for each in self._known if each not in (*shipped, *golden, *mine)]
        for part in (golden, shipped, mine, others):
            if part and self._offered:
                self.choice.insertSeparator(self.choice.count())
                self._offered.append(None)
            for each in part:
                self.choice.addItem(_words_for(each))
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

    def _take(self, chosen: GoldenConfiguration) -> None:
        self.chosen = chosen
        self._show_chosen()
        self.rule_wanted.emit(chosen.rule)
        self._look()

    def _find(self) -> None:
        """Chooses what says the same as the rule that is written."""
        self.chosen = next((each for each in self._known if _same(each.rule, self._rule)), None)
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
        self.save.setEnabled(rule is not None and (self.is_changed or chosen is None))
        self.save_as.setEnabled(rule is not None)
        self.export.setEnabled(rule is not None)
        self.rename.setEnabled(may_change and not is_golden)
        self.delete.setEnabled(may_change and not is_golden)
        owner = "" if chosen is None else f"only {chosen.created_by} and experts may"
        for action in (self.rename, self.delete):
            action.setToolTip("" if action.isEnabled() else "golden stays" if is_golden else owner)

    # What is done

    def _has_rule(self) -> bool:
        if self._rule is None:
            self.refused.emit("The rule has to be written without a fault first.")
        return self._rule is not None

    def _save_as(self, name: str) -> None:
        known = next((each for each in self._known if each.name == name.strip()), None)
        if known is not None and known.id is not None and known.may_change:
            ask(
                self.window(),
                "Save as",
                f'There is a configuration "{known.name}" already. Replace its rule?',
                "Replace",
                partial(self._save, known.name, known.id),
            )
        else:
            self._save(name, None)

    def _save(self, name: str, replaces: int | None) -> None:
        self._act_save(self._rule, replaces, name)

    def _act_save(self, rule: JsonValue, replaces: int | None, name: str) -> None:
        golden = self._golden
        self._background.act_then(
            lambda: golden.save_configuration(name, rule, replaces),
            self._saved,
            owner=self,
            refused=self._refuse,
        )

    def _saved(self, saved: GoldenConfiguration) -> None:
        self.chosen = saved
        self._notices.tell(f'Saved the configuration "{saved.name}".')
        self.read()

    def _delete(self, id_: int) -> None:
        golden = self._golden

        def done(text: str) -> None:
            self.chosen = None
            self._notices.tell(text)
            self.read()

        self._background.act_then(
            lambda: golden.delete_configuration(id_), done, owner=self, refused=self._refuse
        )

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


def _words_for(configuration: GoldenConfiguration) -> str:
    note = f"by {configuration.created_by}" if configuration.created_by else "saved"
    if configuration.shipped or configuration.mine:
        note = "shipped" if configuration.shipped else "mine"
    return f"{configuration.name}   {note}"


def _same(one: JsonValue, other: JsonValue) -> bool:
    return other is not None and js_stringify(one) == js_stringify(other)


def _text_of(file: Path) -> str:
    """Text of a file with a rule; BadInput when it can't be one."""
    try:
        if file.stat().st_size > _MOST_RULE_BYTES:
            raise BadInput(f"{file} is too large for a rule.")
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} can't be read: it is no text.") from error
    except OSError as error:
        raise BadInput(f"{file} can't be read: {error.strerror}.") from error
