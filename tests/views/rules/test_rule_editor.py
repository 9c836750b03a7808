"""The editor of a rule: text and tree hold the same, faults are where they are, all is undone."""

import json
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QComboBox
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from app.domain.json_logic import Rule
from app.domain.json_value import JsonValue
from app.domain.rules.text import RuleTextError
from app.domain.rules.tree import node_of
from app.domain.rules.vocabulary import Variable, VariableKind, status_values, vocabulary_of
from app.views.looks.theme import Themes
from app.views.rules.rule_editor import RuleEditor
from app.views.rules.tree_model import COMPARISON, SUBJECT, VALUE, RuleTreeModel

DT = "lumisection.rr.dt-dt"
WORDS = vocabulary_of(
    [
        Variable("run.oms.energy", VariableKind.NUMBER, "attribute of the run", (6800, 900)),
        Variable("run.oms.hlt_key", VariableKind.TEXT, "attribute of the run", ("/cdaq/p",)),
        Variable("lumisection.oms.dtm_ready", VariableKind.FLAG, "DCS bit", (True, False)),
        Variable(DT, VariableKind.STATUS, "status column", status_values()),
        Variable("lumisection.rr.csc-csc", VariableKind.STATUS, "status column", status_values()),
    ]
)
RULE: JsonValue = {
    "and": [
        {"==": [{"var": DT}, "GOOD"]},
        {"or": [{">=": [{"var": "run.oms.energy"}, 6000]}, {"var": "lumisection.oms.dtm_ready"}]},
        {"!": {"some": [{"var": "run.oms.hlt_key"}, {"==": [{"var": ""}, "x"]}]}},
    ]
}


@pytest.fixture
def editor(qtbot: QtBot, themes: Themes) -> Iterator[RuleEditor]:
    editor = RuleEditor(themes)
    qtbot.addWidget(editor)
    editor.resize(700, 500)
    editor.set_vocabulary(WORDS)
    editor.show()
    editor.activateWindow()
    editor.text.setFocus()
    yield editor
    editor.text.popup.hide()


def rules_of_signal(editor: RuleEditor) -> list[JsonValue]:
    """The valid rules that are announced from now on, None for each time there is none."""
    rules: list[JsonValue] = []
    editor.valid_rule_changed.connect(
        lambda rule: rules.append(rule.source if isinstance(rule, Rule) else None)
    )
    return rules


def show_tree(editor: RuleEditor, *path: int) -> None:
    editor.tabs.setCurrentWidget(editor.tree)
    editor.tree.view.setCurrentIndex(editor.tree.model.index_of(path))


def cell(editor: RuleEditor, path: tuple[int, ...], column: int) -> QModelIndex:
    return editor.tree.model.index_of(path).siblingAtColumn(column)


def type_into(
    qtbot: QtBot, editor: RuleEditor, path: tuple[int, ...], column: int, text: str
) -> None:
    """Edits a cell with the keyboard, as a person does."""
    index = cell(editor, path, column)
    editor.tree.view.setCurrentIndex(index)
    editor.tree.view.edit(index)
    opened = editor.tree.view.indexWidget(index) or editor.tree.view.viewport().findChild(QComboBox)
    assert isinstance(opened, QComboBox)
    if opened.isEditable():
        opened.setEditText(text)
    else:
        opened.setCurrentText(text)
    qtbot.keyClick(opened, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not isValid(opened) or not opened.isVisible())


# Text


def test_that_a_rule_is_written_with_completion_alone(qtbot: QtBot, editor: RuleEditor) -> None:
    text, popup = editor.text, editor.text.popup
    qtbot.keyClicks(text, "and")
    assert popup.isVisible()
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    qtbot.keyClicks(text, "dt-dt")
    assert popup.currentIndex().data() == DT
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert json.loads(editor.toPlainText()) == {"and": [{"==": [{"var": DT}, "GOOD"]}]}
    assert editor.rule is not None
    assert editor.verdict.text() == "1 condition, reads 1 value"


def test_that_ctrl_z_and_ctrl_y_are_the_texts_own_while_completions_are_open(
    qtbot: QtBot, editor: RuleEditor
) -> None:
    control, popup = Qt.KeyboardModifier.ControlModifier, editor.text.popup
    qtbot.keyClicks(editor.text, "an")
    assert popup.isVisible()
    qtbot.keyClick(popup, Qt.Key.Key_Z, control)
    assert not editor.toPlainText()
    assert not popup.isVisible()  # it fits to nothing any more
    editor.text.offer()
    assert popup.isVisible()
    qtbot.keyClick(popup, Qt.Key.Key_Y, control)
    assert editor.toPlainText() == "an"
    assert not popup.isVisible()


def test_that_values_are_offered_beside_their_variable(qtbot: QtBot, editor: RuleEditor) -> None:
    editor.setPlainText('{"==": [{"var": "lumisection.rr.dt-dt"}, ]}')
    editor.text.go_to(len(editor.toPlainText()) - 2)
    qtbot.keyClicks(editor.text, '"st')
    assert editor.text.popup.currentIndex().data() == "STANDBY"
    qtbot.keyClick(editor.text.popup, Qt.Key.Key_Tab)
    assert json.loads(editor.toPlainText()) == {"==": [{"var": DT}, "STANDBY"]}


def test_that_the_list_is_opened_and_closed_by_keys(qtbot: QtBot, editor: RuleEditor) -> None:
    qtbot.keyClick(editor.text, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert editor.text.popup.isVisible()
    assert not editor.text.popup.grab().isNull()  # painting finds name and detail
    qtbot.keyClick(editor.text.popup, Qt.Key.Key_Down)
    assert editor.text.popup.currentIndex().row() == 1
    qtbot.keyClick(editor.text.popup, Qt.Key.Key_Escape)
    assert not editor.text.popup.isVisible()
    assert editor.toPlainText() == ""


def test_that_brackets_and_quotes_close_themselves(qtbot: QtBot, editor: RuleEditor) -> None:
    qtbot.keyClicks(editor.text, '{"')
    assert editor.toPlainText() == '{""}'
    editor.text.popup.hide()
    qtbot.keyClicks(editor.text, 'x"')
    assert editor.toPlainText() == '{"x"}'
    editor.text.popup.hide()
    editor.setPlainText("[]")
    editor.text.go_to(1)
    qtbot.keyClick(editor.text, Qt.Key.Key_Return)
    assert editor.toPlainText() == "[\n  \n]"
    editor.setPlainText("[]")
    editor.text.go_to(1)
    qtbot.keyClick(editor.text, Qt.Key.Key_Backspace)
    assert editor.toPlainText() == ""


def test_that_a_fault_is_marked_where_it_is(qtbot: QtBot, editor: RuleEditor) -> None:
    editor.setPlainText('{"and": [\n  {"=": [1, 2]}\n]}')
    qtbot.waitUntil(lambda: "did you mean" in editor.verdict.text())
    assert editor.verdict.text().startswith("Line 2, column 4: ")
    assert editor.verdict.property("role") == "refusal"
    (mark,) = editor.text.extraSelections()
    assert mark.cursor.selectedText() == '"="'
    assert '"="' in mark.format.toolTip()
    editor.text.go_to(0)
    qtbot.keyClick(editor.text, Qt.Key.Key_F8)
    assert editor.place.text() == "2:4"


def test_that_every_unknown_variable_is_marked_with_what_is_near(editor: RuleEditor) -> None:
    editor.show_text('{"and": [{"var": "run.oms.enrgy"}, {"var": "lumisection.rr.dt-d"}]}')
    assert editor.verdict.text() == (
        'Line 1, column 18: nothing has "run.oms.enrgy"; did you mean run.oms.energy? And 1 more.'
    )
    assert editor.verdict.property("role") == "warning"
    assert [each.cursor.selectedText() for each in editor.text.extraSelections()] == [
        '"run.oms.enrgy"',
        '"lumisection.rr.dt-d"',
    ]
    assert editor.rule is not None


def test_that_a_key_that_stands_twice_is_a_fault(editor: RuleEditor) -> None:
    editor.show_text('{"!": {"a": 1, "a": 2}}')
    with pytest.raises(RuleTextError, match='Line 1, column 16: "a" appears twice'):
        editor.read()
    (mark,) = editor.text.extraSelections()
    assert mark.cursor.selectedText() == '"a"'


def test_that_the_rule_is_told_at_once_and_only_when_it_is_another(
    qtbot: QtBot, editor: RuleEditor
) -> None:
    announced = rules_of_signal(editor)
    editor.show_rule(RULE)
    editor.text.go_to(1)
    qtbot.keyClicks(editor.text, " ")
    assert announced == [RULE]
    editor.setPlainText("{")
    editor.setPlainText("{{")
    assert announced == [RULE, None]


# Tree


def test_that_the_model_keeps_the_rules_of_qt(qtmodeltester: ModelTester, themes: Themes) -> None:
    model = RuleTreeModel(themes.theme)
    for root in (None, node_of(RULE), node_of(True)):
        model.show_tree(root)
        qtmodeltester.check(model)


def test_that_the_tree_shows_variable_comparison_and_value(editor: RuleEditor) -> None:
    editor.show_rule(RULE)
    show_tree(editor)
    assert cell(editor, (), SUBJECT).data() == "all of"
    assert [cell(editor, (0,), column).data() for column in range(3)] == [DT, "==", "GOOD"]
    assert cell(editor, (1,), SUBJECT).data() == "any of"
    assert cell(editor, (1, 1), COMPARISON).data() == "counts as true"
    assert cell(editor, (2,), SUBJECT).data() == "not"
    assert cell(editor, (2, 0), SUBJECT).data().startswith('{"some": ')


def test_that_a_cell_that_is_edited_changes_the_text(qtbot: QtBot, editor: RuleEditor) -> None:
    editor.show_rule(RULE)
    announced = rules_of_signal(editor)
    show_tree(editor, 0)
    type_into(qtbot, editor, (0,), VALUE, "BAD")
    assert '[{"var": "lumisection.rr.dt-dt"}, "BAD"]' in editor.toPlainText()
    type_into(qtbot, editor, (0,), COMPARISON, "!=")
    assert '{"!=": [{"var": "lumisection.rr.dt-dt"}, "BAD"]}' in editor.toPlainText()
    type_into(qtbot, editor, (0,), SUBJECT, "run.oms.energy")
    assert '{">=": [{"var": "run.oms.energy"}, 6800]}' in editor.toPlainText()
    type_into(qtbot, editor, (1,), SUBJECT, "all of")
    assert len(announced) == 4
    assert editor.tree.path == (1,)


def test_that_every_key_of_the_tree_works_and_undo_takes_all_back(
    qtbot: QtBot, editor: RuleEditor
) -> None:
    editor.show_rule(RULE)
    announced = rules_of_signal(editor)
    begin = editor.toPlainText()
    show_tree(editor, 0)
    view = editor.tree.view
    view.setFocus()
    alt, shift = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(view, Qt.Key.Key_Down, alt)
    assert editor.tree.path == (1,)
    qtbot.keyClick(view, Qt.Key.Key_Right, alt)
    assert editor.tree.path == (0, 2)
    qtbot.keyClick(view, Qt.Key.Key_Left, alt)
    assert editor.tree.path == (1,)
    editor.tree.actions_["not"].trigger()
    assert '{"!=": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}' in editor.toPlainText()
    qtbot.keyClick(view, Qt.Key.Key_Insert, shift)
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    editor.tree.actions_["wrap.any"].trigger()
    editor.tree.actions_["dissolve"].trigger()
    steps = len(announced)
    assert steps == 8
    for _ in range(steps):
        qtbot.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert editor.toPlainText() == begin
    assert editor.tree.model.root == node_of(RULE)
    for _ in range(steps):
        qtbot.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | shift)
    assert announced[-1] == announced[steps - 1]


def test_that_a_new_condition_is_edited_at_once(qtbot: QtBot, editor: RuleEditor) -> None:
    editor.show_rule(RULE)
    show_tree(editor, 0)
    qtbot.keyClick(editor.tree.view, Qt.Key.Key_Insert)
    cells = editor.tree.view.viewport().findChildren(QComboBox)
    assert [each.currentText() for each in cells] == ["lumisection.rr.csc-csc"]
    assert '{"==": [{"var": "lumisection.rr.csc-csc"}, "GOOD"]}' in editor.toPlainText()
    assert editor.tree.path == (1,)


def test_that_what_cannot_be_done_in_the_tree_says_why(qtbot: QtBot, editor: RuleEditor) -> None:
    editor.show_rule({"<=": [1, {"var": "run.oms.energy"}, 2]})
    show_tree(editor)
    type_into(qtbot, editor, (), VALUE, "1, 2, 3")
    assert "takes two values" in editor.tree.refusal.text()
    assert editor.tree.refusal.isVisible()
    type_into(qtbot, editor, (), VALUE, "1, 3")
    assert not editor.tree.refusal.isVisible()
    assert editor.toPlainText() == '{"<=": [1, {"var": "run.oms.energy"}, 3]}'
    assert not editor.tree.actions_["remove"].isEnabled()


def test_that_the_keys_go_to_the_rows_when_the_tree_is_chosen(editor: RuleEditor) -> None:
    editor.show_rule(RULE)
    show_tree(editor)
    editor.tree.setFocus()
    assert editor.tree.view.hasFocus()


def test_that_the_tree_waits_while_the_text_is_no_rule(qtbot: QtBot, editor: RuleEditor) -> None:
    editor.show_rule(RULE)
    show_tree(editor)
    editor.setPlainText('{"and": [')
    assert not editor.tree.isEnabled()
    assert editor.tree.model.root == node_of(RULE)
    editor.text.undo()
    editor.show_rule({"var": DT})
    assert editor.tree.isEnabled()
    assert editor.tree.model.root == node_of({"var": DT})


def test_that_typing_keeps_what_is_folded_and_chosen(editor: RuleEditor) -> None:
    editor.show_rule(RULE)
    show_tree(editor, 2, 0)
    folded = editor.tree.model.index_of((1,))
    editor.tree.view.collapse(folded)
    editor.setPlainText(editor.toPlainText().replace("GOOD", "BAD"))
    assert not editor.tree.view.isExpanded(editor.tree.model.index_of((1,)))
    assert editor.tree.path == (2, 0)
    assert cell(editor, (0,), VALUE).data() == "BAD"


def test_that_a_rule_that_may_not_be_changed_is_only_shown(
    qtbot: QtBot, editor: RuleEditor
) -> None:
    editor.show_rule(RULE)
    editor.set_read_only(True)
    begin = editor.toPlainText()
    qtbot.keyClicks(editor.text, "x")
    show_tree(editor, 0)
    qtbot.keyClick(editor.tree.view, Qt.Key.Key_Delete)
    assert editor.toPlainText() == begin


def test_that_a_key_turns_from_text_to_tree_and_back(qtbot: QtBot, editor: RuleEditor) -> None:
    editor.show_rule(RULE)
    ctrl = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(editor.text, Qt.Key.Key_T, ctrl)
    assert editor.tabs.currentWidget() is editor.tree
    assert editor.tree.model.root == node_of(RULE)
    qtbot.keyClick(editor.tree.view, Qt.Key.Key_T, ctrl)
    assert editor.tabs.currentWidget() is editor.text


def test_that_other_colours_are_no_edit(qtbot: QtBot, editor: RuleEditor, themes: Themes) -> None:
    editor.setPlainText('{"==": [{"var": "run.oms.energy"}, 6800]}')
    with qtbot.assertNotEmitted(editor.edited):
        themes.choose(mode="dark")
    qtbot.waitUntil(lambda: themes.is_worn)
    themes.choose(mode="light")
    qtbot.waitUntil(lambda: themes.is_worn)
