"""A form with a field for each value of an item, and the editor of its rule."""

import re
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.in_force import GLOBAL, Configuration
from app.domain.configuration.items import RULE, condition_of, fields_of
from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue
from app.domain.rules.vocabulary import RuleVocabulary
from app.domain.triplets import SETTABLE_STATUSES
from app.views.configuration.sections import Section
from app.views.looks.theme import STEP, Themes, monospaced
from app.views.rules.rule_editor import RuleEditor
from app.views.widgets.plain import ChoiceBox

_LINES_HEIGHT = 96
_NARROW, _WIDE = 120, 460
_NUMBERS = frozenset({"priority", "run_from", "run_to"})
_LABELS = {
    "class": "Class",
    "priority": "Priority",
    "enabled": "Enabled",
    "column": "Column",
    "status": "Status",
    "workspace": "Workspace",
    "name": "Name",
    "regexp": "In the DQM GUI",
    "run_from": "From run",
    "run_to": "To run",
    "egroup": "E-group",
    "routes": "Routes",
}
_TIPS = {
    "priority": "Of those that match, the smallest number wins; of equal ones the oldest",
    "enabled": "A disabled item has no effect and is kept",
    "regexp": "Regular expressions of dataset names in the DQM GUI, one per line",
    "run_from": "First run; empty: from the first run on",
    "routes": "Regular expressions for paths of actions, one per line; .* matches all",
    "column": "The column that gets the status",
}


class ItemForm(QWidget):
    """Shows one item and reads the edited values as a service takes them.

    Signals: `edited()` when the person changed anything.
    """

    edited = Signal()

    def __init__(self, section: Section, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        assert section.kind is not None
        self.section = section
        self.fields: dict[str, QWidget] = {}
        self.rule = RuleEditor(themes) if section.has_rule else None
        self._shown: JsonObject = {}
        self._showing = False
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(STEP + 2)
        for name in fields_of(section.kind):
            if name in (RULE, "online"):
                continue
            field = self.fields[name] = self._field(name)
            field.setAccessibleName(_LABELS[name])
            field.setToolTip(_TIPS.get(name, ""))
            form.addRow(_LABELS[name], field)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * STEP)
        layout.addLayout(form)
        if self.rule is None:
            layout.addStretch(1)
        else:
            self.rule.edited.connect(self._edited)
            layout.addWidget(self.rule, 1)
        self._shown = self._written()

    def set_vocabulary(self, vocabulary: RuleVocabulary) -> None:
        """Sets the variables that the rule can read."""
        if self.rule is not None:
            self.rule.set_vocabulary(vocabulary)

    def offer(self, configuration: Configuration) -> None:
        """Offers the choices of the fields."""
        online = self.section.online is True
        choices: Mapping[str, Sequence[str]] = {
            "class": sorted(
                {classifier.class_ for classifier in configuration.class_classifiers}
                | {entry.class_ for entry in configuration.datasets_accepted}
            ),
            "column": configuration.online_columns if online else configuration.offline_columns,
            "workspace": sorted({*configuration.offline_workspaces, GLOBAL}),
            "status": SETTABLE_STATUSES,
        }
        unchanged = not self.is_changed
        self._showing = True
        for name, offered in choices.items():
            field = self.fields.get(name)
            if isinstance(field, ChoiceBox):
                chosen = field.currentText()
                with QSignalBlocker(field):
                    field.clear()
                    field.addItems(list(offered))
                self._set(name, chosen)
        self._showing = False
        if unchanged:
            self._shown = self._written()

    def show_values(self, values: JsonObject) -> None:
        """Shows an item or the defaults of a new one; nothing counts as changed."""
        self._showing = True
        for name in self.fields:
            self._set(name, values.get(name))
        if self.rule is not None:
            if RULE in values:
                self.rule.show_rule(condition_of(values[RULE]))
            else:
                self.rule.show_text("")
        self._showing = False
        self._shown = self._written()

    def compare_with(self, values: JsonObject) -> None:
        """Keeps the form, as a change of these values."""
        written = self._written()
        rule = None if self.rule is None else self.rule.toPlainText()
        self.show_values(values)
        self._showing = True
        for name, value in written.items():
            if name in self.fields:
                self._set(name, value)
        if self.rule is not None and rule is not None:
            self.rule.show_text(rule)
        self._showing = False

    @property
    def is_changed(self) -> bool:
        """Whether the form differs from the item that was shown."""
        return self._written() != self._shown

    def values(self) -> JsonObject:
        """The values of the form; BadInput or RuleTextError when they can't be read."""
        values = {name: self._value(name) for name in self.fields}
        if self.section.online is not None:
            values["online"] = self.section.online
        if self.rule is not None:
            values[RULE] = self.rule.read().source
        return values

    def _written(self) -> JsonObject:
        written: JsonObject = {name: self._text(name) for name in self.fields}
        if self.rule is not None:
            written[RULE] = self.rule.toPlainText()
        return written

    def _edited(self) -> None:
        if not self._showing:
            self.edited.emit()

    def _field(self, name: str) -> QWidget:
        if name == "enabled":
            switch = QCheckBox()
            switch.toggled.connect(self._edited)
            return switch
        if name in ("regexp", "routes"):
            lines = QPlainTextEdit()
            lines.setFont(monospaced())
            lines.setMinimumHeight(_LINES_HEIGHT)
            lines.setTabChangesFocus(True)
            lines.textChanged.connect(self._edited)
            return lines
        if name in ("class", "column", "status", "workspace"):
            choice = ChoiceBox()
            choice.setEditable(name == "class")
            choice.setMaximumWidth(_WIDE)
            choice.currentTextChanged.connect(self._edited)
            return choice
        line = QLineEdit()
        line.setMaximumWidth(_NARROW if name in _NUMBERS else _WIDE)
        line.textChanged.connect(self._edited)
        return line

    def _set(self, name: str, value: JsonValue) -> None:
        field = self.fields[name]
        match field:
            case QCheckBox():
                field.setChecked(value is not False)
            case QPlainTextEdit():
                lines = value if isinstance(value, list) else [value]
                field.setPlainText("\n".join(str(line) for line in lines if line is not None))
            case ChoiceBox():
                text = "" if value is None else str(value)
                if not field.isEditable() and text and field.findText(text) < 0:
                    # A name that has been retired meanwhile is kept.
                    field.addItem(text)
                field.setCurrentText(text)
                if not field.isEditable() and not text:
                    field.setCurrentIndex(0 if field.count() else -1)
            case QLineEdit():
                field.setText("" if value is None else str(value))

    def _text(self, name: str) -> JsonValue:
        field = self.fields[name]
        match field:
            case QCheckBox():
                return field.isChecked()
            case QPlainTextEdit():
                return field.toPlainText()
            case ChoiceBox():
                return field.currentText()
            case QLineEdit():
                return field.text()
            case _:
                raise AssertionError(name)

    def _value(self, name: str) -> JsonValue:
        text = self._text(name)
        if name == "routes":
            return [line.strip() for line in str(text).splitlines() if line.strip()]
        if name in _NUMBERS:
            digits = re.sub(r"\s", "", str(text))
            if not digits and name == "run_from":
                return None
            if not re.fullmatch(r"-?[0-9]{1,10}", digits):
                raise BadInput(f'{_LABELS[name]}: "{text}" is not a whole number.')
            return int(digits)
        return text.strip() if isinstance(text, str) and name != "regexp" else text


def new_values() -> JsonObject:
    """The defaults of a new item."""
    return {"priority": 1, "enabled": True, "run_to": 999_999}
