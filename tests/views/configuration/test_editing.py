"""Items edited in the window, over the real services."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QMessageBox, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.configuration.in_force import Kind
from app.domain.identity import Actor
from app.models import configuration as model
from app.services.acting import Acting
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.views.configuration.list_pane import ListPane
from app.views.configuration.sections import SECTIONS
from app.views.configuration.versions.restore_dialog import RestoreDialog
from tests.builders import EXPERT, NOBODY


def _row(pane: ListPane, *texts: str) -> int:
    """Id of the item whose row begins with these texts."""
    assert pane.history is not None
    for row in range(pane.items.topLevelItemCount()):
        line = pane.items.topLevelItem(row)
        if line is not None and tuple(line.text(at) for at in range(len(texts))) == texts:
            return int(line.data(0, Qt.ItemDataRole.UserRole))
    raise AssertionError(texts)


def _set(pane: ListPane, name: str, text: str) -> None:
    field = pane.editor.form.fields[name]
    if isinstance(field, QComboBox):
        field.setCurrentText(text)
    elif isinstance(field, QPlainTextEdit):
        field.setPlainText(text)
    else:
        assert isinstance(field, QLineEdit)
        field.setText(text)


def _write(pane: ListPane, text: str) -> None:
    assert pane.editor.form.rule is not None
    pane.editor.form.rule.setPlainText(text)


def _box(pane: ListPane) -> QMessageBox:
    boxes = pane.window().findChildren(QMessageBox)
    return boxes[-1]


def _agree(pane: ListPane) -> None:
    box = _box(pane)
    button = next(
        each for each in box.buttons() if box.buttonRole(each) == QMessageBox.ButtonRole.AcceptRole
    )
    button.click()


@pytest.mark.parametrize("section", [each.name for each in SECTIONS if each.kind is not None])
def test_that_every_list_shows_its_items_and_nothing_counts_as_written(turn, section) -> None:
    pane = turn(section)
    assert pane.history is not None
    here = [
        each
        for each in pane.history.versions[-1].items
        if pane.section.holds(pane.history.items[each])
    ]
    assert pane.items.topLevelItemCount() == len(here)
    assert not pane.editor.is_changed
    assert pane.editor.revert.isEnabled() is False
    assert (pane.editor.item is None) == (not here)


def test_that_a_value_and_a_rule_are_saved_as_a_new_item(turn, settled, registry, notices) -> None:
    pane = turn("class")
    old = _row(pane, "Collisions25")
    pane.choose(old)
    _set(pane, "priority", "12")
    _write(pane, '{"var": "energy"}')
    assert pane.editor.save.isEnabled()
    pane.editor.submit()
    settled()
    (saved,) = (
        each
        for each in configuration.current(Acting(registry)).class_classifiers
        if each.class_ == "Collisions25"
    )
    assert (saved.priority, saved.rule.source) == (12, {"if": [{"var": "energy"}, True, False]})
    assert pane.editor.item is not None
    assert pane.editor.item.id == saved.id
    assert not pane.editor.is_changed
    assert notices.last is not None
    assert notices.last.text == f"Saved class classifier Collisions25 ({saved.id})."

    notices.undo(notices.last)
    settled()
    (dialog,) = pane.window().findChildren(RestoreDialog)
    assert dialog.preview is not None
    assert [each.before.id for each in dialog.preview.difference.edited] == [saved.id]
    dialog.submit()
    settled()
    assert [
        each.priority
        for each in configuration.current(Acting(registry)).class_classifiers
        if each.class_ == "Collisions25"
    ] != [12]


def test_that_a_new_item_is_added_and_an_old_one_taken_out(turn, settled, registry) -> None:
    pane = turn("online")
    pane.add_item()
    _set(pane, "column", "hcal-hcal")
    _set(pane, "status", "STANDBY")
    _write(pane, '{"==": [{"var": "hf_ready"}, false]}')
    pane.editor.submit()
    settled()
    (added,) = configuration.current(Acting(registry)).online_by_column["hcal-hcal"]
    assert (added.status, added.priority, added.enabled) == ("STANDBY", 1, True)
    assert pane.shown == added.id

    pane.editor.ask_to_delete()
    _agree(pane)
    settled()
    assert "hcal-hcal" not in configuration.current(Acting(registry)).online_by_column
    assert pane.shown is not None
    assert pane.shown != added.id


def test_that_what_cannot_be_read_is_refused_in_place_and_nothing_is_saved(
    turn, settled, registry
) -> None:
    before = configuration.current(Acting(registry)).settings_id
    pane = turn("class")
    pane.choose(_row(pane, "Cosmics25"))
    for rule, said in (
        ('{"like": [1]}', '"like" is not an operator'),
        ('{"and": [', "not JSON"),
        ("{}", "plain value"),
    ):
        _write(pane, rule)
        pane.editor.submit()
        settled()
        assert said in pane.editor.refusal.text()
        assert not pane.editor.insist.isVisibleTo(pane.editor)
    _write(pane, '{"var": "energy"}')
    assert not pane.editor.refusal.isVisibleTo(pane.editor)
    _set(pane, "priority", "first")
    pane.editor.submit()
    settled()
    assert pane.editor.refusal.text() == 'Priority: "first" is not a whole number.'
    assert configuration.current(Acting(registry)).settings_id == before


def test_that_a_name_nothing_has_is_saved_only_when_the_person_insists(
    turn, settled, registry
) -> None:
    pane = turn("class")
    pane.choose(_row(pane, "Cosmics25"))
    _write(pane, '{"var": "energie"}')
    pane.editor.submit()
    settled()
    assert 'did you mean "energy"' in pane.editor.refusal.text()
    assert pane.editor.insist.isVisibleTo(pane.editor)
    pane.editor.insist.click()
    settled()
    rules = {
        each.rule.variables for each in configuration.current(Acting(registry)).class_classifiers
    }
    assert frozenset({"energie"}) in rules
    assert not pane.editor.refusal.isVisibleTo(pane.editor)


def test_that_who_saves_second_sees_both_sides_and_may_keep_their_own(
    turn, settled, registry
) -> None:
    pane = turn("class")
    old = _row(pane, "Collisions25")
    pane.choose(old)
    _set(pane, "priority", "7")
    theirs = configuration_edits.edit_item(
        Acting(registry, EXPERT), Kind.CLASS, old, {"enabled": False}
    )
    pane.editor.submit()
    settled()
    assert "expert@cern.ch changed it: enabled yes → no" in pane.editor.refusal.text()
    sides = {
        line.text(0): (line.text(1), line.text(2))
        for row in range(pane.editor.sides.topLevelItemCount())
        if (line := pane.editor.sides.topLevelItem(row)) is not None
    }
    assert sides == {"priority": ("2", "7"), "enabled": ("no", "yes")}

    pane.editor.mine_over_theirs.click()
    assert pane.editor.item is not None
    assert pane.editor.item.id == theirs
    pane.editor.submit()
    settled()
    (saved,) = (
        each
        for each in configuration.current(Acting(registry)).class_classifiers
        if each.class_ == "Collisions25"
    )
    assert (saved.priority, saved.enabled) == (7, True)


def test_that_who_saves_second_may_take_the_others(turn, settled, registry) -> None:
    pane = turn("class")
    old = _row(pane, "Collisions25")
    pane.choose(old)
    _set(pane, "priority", "7")
    theirs = configuration_edits.edit_item(
        Acting(registry, EXPERT), Kind.CLASS, old, {"enabled": False}
    )
    pane.editor.submit()
    settled()
    pane.editor.look_at_theirs.click()
    settled()
    assert pane.shown == theirs
    assert not pane.editor.is_changed
    assert pane.editor.form.values()["enabled"] is False


def test_that_what_is_written_is_dropped_only_after_a_question(turn, settled) -> None:
    pane = turn("class")
    first, second = _row(pane, "Collisions25"), _row(pane, "Cosmics25")
    pane.choose(first)
    _set(pane, "priority", "7")
    pane.choose(second)
    assert pane.shown == first
    assert _box(pane).windowTitle() == "Discard changes?"
    _box(pane).reject()
    assert (pane.shown, pane.editor.is_changed) == (first, True)
    pane.choose(second)
    _agree(pane)
    settled()
    assert pane.shown == second
    assert not pane.editor.is_changed


def test_that_a_save_that_arrives_late_leaves_the_item_that_is_edited_by_then(
    turn, settled, registry
) -> None:
    pane = turn("class")
    first, second = _row(pane, "Collisions25"), _row(pane, "Cosmics25")
    pane.choose(first)
    _set(pane, "priority", "7")
    with registry.transaction() as connection:
        model.lock(connection)  # so that saving waits for somebody else
        pane.editor.submit()
        pane.choose(second)
        _agree(pane)
        _set(pane, "priority", "5")
    settled()
    assert [
        classifier.priority
        for classifier in configuration.current(Acting(registry)).class_classifiers
        if classifier.class_ == "Collisions25"
    ] == [7]
    assert pane.editor.item is not None
    assert pane.editor.item.id == second
    assert pane.editor.form.values()["priority"] == 5
    assert pane.editor.is_changed
    _box(pane).reject()


def test_that_reading_again_keeps_what_is_written(turn, settled) -> None:
    pane = turn("class")
    pane.choose(_row(pane, "Collisions25"))
    _set(pane, "priority", "7")
    pane.refresh()
    settled()
    assert pane.editor.is_changed
    assert pane.editor.form.values()["priority"] == 7


def test_that_the_list_is_searched_in_values_and_rules(turn) -> None:
    pane = turn("online")
    pane.search.setText("bpix_ready bad")
    shown = [
        (line.text(0), line.text(1))
        for row in range(pane.items.topLevelItemCount())
        if (line := pane.items.topLevelItem(row)) is not None and not line.isHidden()
    ]
    assert shown == [("tracker-pixel", "BAD")]
    assert pane.listed.text() == "1 of 9"
    pane.search.setText("nothing at all")
    assert pane.empty.text() == "No item matches."


def test_that_a_row_says_what_is_switched_off_and_rows_sort_by_number(turn) -> None:
    pane = turn("online")
    of_dt = [
        (line.text(1), line.text(2), line.text(3))
        for row in range(pane.items.topLevelItemCount())
        if (line := pane.items.topLevelItem(row)) is not None and line.text(0) == "dt-dt"
    ]
    assert of_dt == [
        ("NOTSET", "0", "off"),
        ("EXCLUDED", "1", ""),
        ("BAD", "2", ""),
        ("GOOD", "3", ""),
    ]


def test_that_accepted_datasets_and_permissions_have_their_own_fields(
    turn, settled, registry
) -> None:
    pane = turn("accepted")
    pane.choose(_row(pane, "/Other/Class/DQM"))
    _set(pane, "regexp", "a\nb")
    _set(pane, "run_from", "")
    pane.editor.submit()
    settled()
    (entry,) = (
        each
        for each in configuration.current(Acting(registry)).datasets_accepted
        if each.name == "/Other/Class/DQM"
    )
    assert (entry.expressions, entry.run_from) == (("a", "b"), None)

    pane = turn("permissions")
    pane.choose(_row(pane, "dt-experts"))
    _set(pane, "routes", "/dataset_lumisections/dt-dt\n\n/dataset_lumisections/csc.*\n")
    pane.try_it()
    settled()
    assert pane.rights is not None
    gained = {each.right.action for each in pane.rights.lines if each.gained}
    assert gained == {"Edit csc-csc"}
    assert "1 gained, 0 lost" in pane.rights.summary.text()
    pane.editor.submit()
    settled()
    assert ("dt-experts", ("/dataset_lumisections/dt-dt", "/dataset_lumisections/csc.*")) in (
        configuration.current(Acting(registry)).permissions.rows
    )


class TestOfNobody:
    """Whoever has no right looks, and is refused in place."""

    @pytest.fixture
    def actor(self) -> Actor:
        return NOBODY

    def test_that_saving_names_who_may(self, turn, settled) -> None:
        pane = turn("class")
        _set(pane, "priority", "7")
        pane.editor.submit()
        settled()
        assert "cms-dqm-runregistry-experts" in pane.editor.refusal.text()
        assert pane.editor.is_changed


def test_that_keys_save_and_begin_a_new_item(qtbot: QtBot, turn, settled, registry) -> None:
    pane = turn("class")
    pane.items.setFocus()
    qtbot.keyClick(pane.items, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert pane.editor.item is None
    assert isinstance(pane.editor.save, QPushButton)
    assert pane.editor.save.text() == "Add"
    _set(pane, "class", "Keys25")
    _write(pane, "true")
    qtbot.keyClick(pane.editor, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settled()
    assert "Keys25" in {
        each.class_ for each in configuration.current(Acting(registry)).class_classifiers
    }
