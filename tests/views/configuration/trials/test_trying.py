"""Changes tried, versions compared and restored, runs explained and reclassified in the window."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.domain.configuration.in_force import Kind
from app.domain.configuration.items import TRIED
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.services.acting import Acting
from app.services.classifying.why import CLASS
from app.services.configuration import in_force as configuration
from app.services.configuration.edits import add_item, delete_item, edit_item
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.views.configuration.trials.reclassify_dialog import ReclassifyDialog
from app.views.configuration.trials.why_dialog import WhyClassDialog
from app.views.configuration.versions.restore_dialog import RestoreDialog
from app.views.configuration.workspaces_pane import WorkspacesPane
from tests.builders import EXPERT
from tests.views.configuration.conftest import FIRST, SECOND, lines


def test_that_trying_shows_what_changes_and_the_tree_of_what_is_written(
    registry, turn, settled
) -> None:
    pane = turn("online")
    pane.add_item()
    fields = pane.editor.form.fields
    fields["column"].setCurrentText("csc-csc")
    fields["status"].setCurrentText("BAD")
    fields["priority"].setText("0")
    pane.editor.form.rule.setPlainText('{"==": [{"var": "dt0_ready"}, false]}')
    pane.try_it()
    settled()
    assert pane.trial.summary.text() == "2 runs tried, 1 run would change, 3 lumisections."
    assert lines(pane.trial.results) == [
        (str(SECOND), "csc-csc, 3 LS", "", ""),
        ("LS 4-6", "csc-csc", "GOOD", "BAD"),
    ]
    why = pane.trial.why.why
    first = why.verdicts[0]
    assert (first.id, first.gives, first.decides) == (TRIED, "BAD", True)
    assert why.text.startswith("csc-csc of online in LS 4: recorded is GOOD")
    assert pane.trial.why.tree.node is not None
    assert configuration.current(Acting(registry)).settings_id == 1

    pane.editor.form.rule.setPlainText("true")
    assert "changed since" in pane.trial.summary.text()
    pane.trial.runs.setText(f"{FIRST}, 5")
    pane.try_it()
    settled()
    assert pane.trial.summary.text() == "Run 5 is not in the Run Registry."
    pane.trial.runs.setText(str(FIRST))
    pane.try_it()
    settled()
    assert pane.trial.summary.text() == "1 run tried, 1 run would change, 10 lumisections."


def test_that_a_class_rule_is_tried_run_by_run(turn, settled, qtbot: QtBot) -> None:
    pane = turn("class")
    pane.add_item()
    pane.editor.form.fields["class"].setCurrentText("Special25")
    pane.editor.form.fields["priority"].setText("0")
    pane.editor.form.rule.setPlainText(f'{{"==": [{{"var": "run_number"}}, {FIRST}]}}')
    pane.try_it()
    settled()
    assert lines(pane.trial.results) == [
        (
            str(FIRST),
            "class and significance",
            "Collisions25, significant",
            "Special25, not significant",
        )
    ]
    with qtbot.waitSignal(pane.run_wanted) as wanted:
        pane.trial.results.itemActivated.emit(pane.trial.results.currentItem(), 0)
    assert wanted.args == [FIRST, "online"]
    pane.editor.form.rule.setPlainText('{"var": "nothing_has_this"}')
    pane.try_it()
    settled()
    assert "None of them has nothing_has_this" in pane.trial.summary.text()
    assert not pane.trial.results.isVisibleTo(pane)


def test_that_what_cannot_be_read_is_not_tried(turn, settled) -> None:
    pane = turn("class")
    pane.editor.form.rule.setPlainText('{"like": 1}')
    pane.try_it()
    settled()
    assert '"like" is not an operator' in pane.trial.summary.text()


@pytest.fixture
def changed(registry):
    """Version 2 changes Collisions25, version 3 takes Cosmics25 out."""
    edit_item(
        Acting(registry, EXPERT), Kind.CLASS, 1, {"priority": 9, "classifier": {"var": "energy"}}
    )
    delete_item(Acting(registry, EXPERT), Kind.CLASS, 2)
    return registry


def test_that_versions_say_who_did_what_and_any_two_are_compared(changed, turn) -> None:
    pane = turn("class")
    panel = pane.versions
    told = [(line[0], line[2], line[3]) for line in lines(panel.versions)]
    assert told == [
        ("3", "expert@cern.ch", "− Cosmics25"),
        ("2", "expert@cern.ch", "Collisions25: the rule, priority 2 → 9"),
        ("1", "expert@cern.ch", "+ Collisions25; + Cosmics25; + Switched off"),
    ]
    panel.choose(2)
    assert [line for line in lines(panel.difference) if line[0]] == [
        ("Collisions25", "", ""),
        ("rule", "", ""),
        ("−", '{"==":[{"var":"beam1_stable"},true]}', ""),
        ("+", "", '{"var":"energy"}'),
        ("priority", "2", "9"),
    ]
    panel.choose(1, 3)
    assert panel.summary.text() == "From version 1 to version 3: 1 changed, 1 removed."
    panel.choose(1)
    assert panel.summary.text() == "Version 1 is the first: there is none to compare it with."
    panel.compare.setCurrentIndex(1)
    assert panel.summary.text() == "From version 1 to version 3: 1 changed, 1 removed."
    panel.of.setCurrentIndex(1)
    assert [line[0] for line in lines(panel.versions)] == ["2", "1"]


def test_that_the_version_in_force_at_an_event_is_found(changed, turn, settled) -> None:
    pane = turn("class")
    panel = pane.versions
    panel.written.setText("1")
    panel.written.returnPressed.emit()
    settled()
    assert panel.chosen == [1]
    assert panel.summary.text().startswith("Version 1 was in force when version 1 was written")
    panel.written.setText("99999")
    panel.written.returnPressed.emit()
    settled()
    assert panel.summary.text() == "There is no version 99999. The newest is 2."
    panel.written.setText("x")
    panel.written.returnPressed.emit()
    assert panel.summary.text() == '"x" is not a number of a version.'


def test_that_a_version_is_restored_after_a_look(changed, turn, settled, notices) -> None:
    pane = turn("class")
    pane.versions.choose(1)
    assert pane.versions.restore.isEnabled()
    pane.versions.restore.click()
    (dialog,) = pane.window().findChildren(RestoreDialog)
    settled()
    assert dialog.summary.text() == "From version 3 to version 1: 1 changed, 1 added."
    dialog.submit()
    settled()
    assert notices.last.text == "Version 1 is in force again, as version 4."
    assert {each.id for each in configuration.current(Acting(changed)).class_classifiers} == {
        1,
        2,
        3,
    }
    assert lines(pane.versions.versions)[0][3].startswith("as version 1")


def test_that_a_restoration_over_what_another_changed_is_refused(changed, turn, settled) -> None:
    pane = turn("class")
    pane.versions.choose(1)
    pane.versions.restore.click()
    (dialog,) = pane.window().findChildren(RestoreDialog)
    settled()
    edit_item(Acting(changed, EXPERT), Kind.CLASS, 3, {"priority": 4})
    dialog.submit()
    settled()
    assert "changed this list meanwhile" in dialog.refusal.text()
    dialog.reject()


def test_that_the_classifiers_of_a_run_are_explained_and_another_class_can_be_looked_at(
    qtbot: QtBot, context, settled
) -> None:
    dialog = WhyClassDialog(context.acting, context.background, context.themes, SECOND)
    qtbot.addWidget(dialog)
    settled()
    assert dialog.view.summary.text() == "Class: Collisions25 by classifier 1."
    assert [line[:3] for line in lines(dialog.view.verdicts)] == [
        ("Switched off (off)", "0", "true"),
        ("Cosmics25", "1", "false"),
        ("Collisions25", "2", "true"),
    ]
    assert dialog.view.tree.node.holds
    dialog.view.choose("Cosmics25")
    assert not dialog.view.tree.node.holds
    dialog.subject.setCurrentText("dt-dt")
    dialog.lumisection.setValue(5)
    qtbot.waitUntil(lambda: "LS 5: BAD by classifier 2" in dialog.view.summary.text())
    dialog.lumisection.setValue(99)
    qtbot.waitUntil(lambda: "10 lumisections" in dialog.view.summary.text())
    dialog.subject.setCurrentText("significance")
    qtbot.waitUntil(lambda: dialog.view.summary.text().startswith("Significance: significant"))
    assert dialog.subject.findData(CLASS) == 0
    dialog.close()


def test_that_open_runs_are_reclassified_after_a_look_and_words_are_marked(
    registry, place, settled, notices, qtbot: QtBot
) -> None:
    word = ColumnEdit(FIRST, "online", "csc-csc", (LumiRange(7, 8),), Triplet("GOOD", "looked"))
    lumisections.edit_columns(Acting(registry, EXPERT), [word])
    values = {
        "column": "csc-csc",
        "online": True,
        "status": "BAD",
        "classifier": {">=": [{"var": "lumisection_number"}, 7]},
        "priority": 0,
        "enabled": True,
    }
    add_item(Acting(registry, EXPERT), Kind.COMPONENT, values)
    dialog = place.reclassify()
    assert isinstance(dialog, ReclassifyDialog)
    settled()
    assert dialog.summary.text() == (
        "2 runs checked, 2 would change; 2 new values hidden by values set by hand."
    )
    assert lines(dialog.tree) == [
        (str(SECOND), "4 cells", "", "", ""),
        ("LS 7-10", "csc-csc", "GOOD", "BAD", ""),
        (str(FIRST), "4 cells", "", "", ""),
        ("LS 7-8", "csc-csc", "GOOD", "BAD", "hidden by a value set by hand"),
        ("LS 9-10", "csc-csc", "GOOD", "BAD", ""),
    ]
    dialog.tree.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)
    assert dialog.submit_button.text() == "Reclassify 1 run"
    with qtbot.waitSignal(place.acted):
        dialog.submit()
    settled()
    assert notices.last.text == "Reclassified 1 run."
    state = lumisections.dataset_state(Acting(registry), FIRST, "online").rr
    assert [state.value("csc-csc", n).status for n in (8, 9)] == ["GOOD", "BAD"]
    untouched = lumisections.dataset_state(Acting(registry), SECOND, "online").rr
    assert untouched.value("csc-csc", 9).status == "GOOD"


def test_that_columns_are_added_retired_and_brought_back(registry, place, settled) -> None:
    pane = place.go_to("workspaces")
    assert isinstance(pane, WorkspacesPane)
    settled()
    pane.name.setText("hcal-hf")
    pane.add.click()
    settled()
    assert "hcal-hf" in configuration.current(Acting(registry)).online_columns
    pane.choose("hcal-hf", online=True)
    assert (pane.retire.isEnabled(), pane.restore.isEnabled()) == (True, False)
    pane.retire.click()
    (box,) = pane.window().findChildren(QMessageBox)
    box.buttons()[0].click()
    settled()
    assert "hcal-hf" not in configuration.current(Acting(registry)).online_columns
    pane.choose("hcal-hf", online=True, retired=True)
    assert (pane.retire.isEnabled(), pane.restore.isEnabled()) == (False, True)
    pane.restore.click()
    settled()
    assert "hcal-hf" in configuration.current(Acting(registry)).online_columns
    pane.name.setText("no-such")
    pane.add.click()
    settled()
    assert pane.refusal.text() == (
        'There is no online workspace "no". There are csc, dt, hcal, tracker.'
    )
