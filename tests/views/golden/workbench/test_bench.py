"""The workbench on a database: the result while typing, saved rules, several lists at once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.models.database.listen import ChangeListener
from app.services.acting import Acting
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.services.golden import generation as golden
from app.services.golden.bench import Narrowing
from app.views.golden.place import GoldenPlace
from app.views.golden.workbench.bench import RuleBench
from app.views.golden.workbench.configuration_bar import ConfigurationBar
from app.views.places import PlaceContext
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT, SECOND
from tests.views.golden.conftest import DT, RULE, set_dt
from tests.views.workplaces import a_context, a_workplace

TEXT = json.dumps(RULE)


@pytest.fixture
def place(qtbot: QtBot, context: PlaceContext) -> Iterator[GoldenPlace]:
    place = GoldenPlace(context)
    qtbot.addWidget(place)
    place.resize(1400, 800)
    place.show()
    place.activateWindow()
    place.shown()
    qtbot.waitUntil(lambda: len(place.bench.configurations.configurations) > 0)
    yield place
    place.bench.rule.text.popup.hide()


@pytest.fixture
def bench(qtbot: QtBot, place: GoldenPlace) -> RuleBench:
    """With both datasets read and the rule of the season written."""
    place.bench.datasets.pattern.setText(PROMPT)
    place.bench.rule.setPlainText(TEXT)
    settle(qtbot, place.bench)
    return place.bench


def settle(qtbot: QtBot, bench: RuleBench) -> None:
    """Waits for what belongs to what is written."""
    bench.datasets.apply()
    qtbot.waitUntil(lambda: bench.bench is not None and bench.is_settled)
    qtbot.waitUntil(lambda: bench.result.preview is not None and not bench.result.is_dimmed)


def cell(bench: RuleBench, row: str, column: str) -> str:
    return bench.result.cells[row, column].text()


def conditions(bench: RuleBench) -> list[str]:
    model = bench.result.table.costs
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


# The result while typing


def test_that_the_result_of_a_season_is_shown_at_once(bench: RuleBench) -> None:
    assert cell(bench, "Lumisections", "In the list") == "17"
    assert cell(bench, "Lumisections", "Lost") == "3"
    assert cell(bench, "Lumisections", "All") == "20"
    assert [cell(bench, "Runs", column) for column in ("In the list", "Lost", "All")] == [
        "2",
        "0",
        "2",
    ]
    assert conditions(bench) == ["bpix_ready == true", "dt-dt == GOOD"]
    assert bench.datasets.matches.text() == "1 name, 2 datasets"
    assert bench.datasets.names.list.item(0).text() == PROMPT
    assert "2 datasets" in bench.result.state.text()


def test_that_each_key_that_makes_a_rule_changes_the_result(qtbot: QtBot, bench: RuleBench) -> None:
    text = bench.rule.text
    text.go_to(TEXT.index('"GOOD"') + 5)
    qtbot.keyClick(text, Qt.Key.Key_Backspace)
    text.popup.hide()
    qtbot.waitUntil(lambda: cell(bench, "Lumisections", "In the list") == "0")
    assert cell(bench, "Runs", "Lost") == "2"
    assert cell(bench, "Runs", "In the list") == "0"
    qtbot.keyClicks(text, "D")
    text.popup.hide()
    qtbot.waitUntil(lambda: cell(bench, "Lumisections", "In the list") == "17")


def test_that_a_fault_keeps_the_old_result_dimmed(qtbot: QtBot, bench: RuleBench) -> None:
    bench.rule.text.moveCursor(QTextCursor.MoveOperation.End)
    qtbot.keyClick(bench.rule.text, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: bench.result.is_dimmed)
    assert cell(bench, "Lumisections", "In the list") == "17"
    bench.rule.setPlainText(TEXT)
    settle(qtbot, bench)
    assert not bench.result.is_dimmed


def test_that_no_result_comes_of_a_rule_that_is_not_written_any_more(
    qtbot: QtBot, bench: RuleBench, context: PlaceContext
) -> None:
    bench.rule.replace_rule({"==": [{"var": DT}, "GOOD"]})
    bench.rule.setPlainText("{")
    qtbot.waitUntil(lambda: bench.result.is_dimmed)
    qtbot.waitUntil(lambda: not context.background.busy)
    assert cell(bench, "Lumisections", "In the list") == "17"
    assert bench.result.is_dimmed


def test_that_a_pattern_that_was_cleared_finds_nothing(
    qtbot: QtBot, bench: RuleBench, context: PlaceContext
) -> None:
    bench.datasets.pattern.setText("/Express%")
    bench.datasets.apply()
    bench.datasets.pattern.clear()
    bench.datasets.apply()
    qtbot.waitUntil(lambda: not context.background.busy)
    assert bench.datasets.matches.text() == ""


def test_that_the_tree_changes_the_result_as_the_text_does(qtbot: QtBot, bench: RuleBench) -> None:
    bench.rule.turn()
    bench.rule.tree.choose((1,))
    qtbot.keyClick(bench.rule.tree.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: cell(bench, "Lumisections", "Lost") == "2")
    assert conditions(bench) == ["dt-dt == GOOD"]
    qtbot.keyClick(bench.rule.tree.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: cell(bench, "Lumisections", "Lost") == "3")


def test_that_a_cause_leads_to_its_condition(qtbot: QtBot, bench: RuleBench) -> None:
    bench.result.table.selectRow(1)
    qtbot.keyClick(bench.result.table, Qt.Key.Key_Return)
    chosen = bench.rule.text.textCursor().selectedText()
    assert json.loads(chosen) == {"==": [{"var": DT}, "GOOD"]}
    bench.rule.turn()
    bench.result.table.activated.emit(bench.result.table.costs.index(0, 0))
    assert bench.rule.tree.path == (1,)


def test_that_runs_narrow_what_is_held(qtbot: QtBot, bench: RuleBench) -> None:
    qtbot.keyClicks(bench.datasets.first, str(SECOND))
    qtbot.waitUntil(lambda: cell(bench, "Lumisections", "All") == "10")
    assert cell(bench, "Lumisections", "Lost") == "0"
    assert bench.chosen_datasets() == (PROMPT, Narrowing(first_run=SECOND))
    qtbot.keyClicks(bench.datasets.last, str(FIRST))
    qtbot.waitUntil(lambda: "greater than the last run" in bench.datasets.refusal.text())
    bench.datasets.first.clear()
    qtbot.keyClick(bench.datasets.last, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: cell(bench, "Lumisections", "Lost") == "3")
    assert cell(bench, "Lumisections", "All") == "10"


def test_that_a_pattern_without_datasets_says_so(qtbot: QtBot, bench: RuleBench) -> None:
    bench.datasets.pattern.setText("/Nothing%")
    qtbot.waitUntil(lambda: "No dataset has such a name" in bench.datasets.refusal.text())
    assert bench.result.is_dimmed
    bench.datasets.pattern.setText(PROMPT)
    qtbot.waitUntil(lambda: not bench.result.is_dimmed)


def test_that_missing_luminosity_is_not_shown_as_none(qtbot: QtBot, bench: RuleBench) -> None:
    assert bench.bench is not None
    unmeasured = int(bench.bench.season.unmeasured.sum())
    if unmeasured == 20:
        assert cell(bench, "Recorded pb⁻¹", "In the list") == "?"
    shown = bench.result.missing.text()
    assert ("without luminosity" in shown) is bool(unmeasured)


def test_that_what_others_write_is_taken_up(
    qtbot: QtBot, bench: RuleBench, place: GoldenPlace, season: Database
) -> None:
    set_dt(season, 3, 4, "GOOD")
    bench._renewal.setInterval(0)
    place.changed(frozenset({FIRST}), in_front=True)
    qtbot.waitUntil(lambda: cell(bench, "Lumisections", "Lost") == "2")


def test_that_a_variable_no_lumisection_has_is_a_warning(qtbot: QtBot, bench: RuleBench) -> None:
    bench.rule.setPlainText(TEXT.replace("bpix_ready", "bpx_ready"))
    qtbot.waitUntil(bench.result.warning.isVisible)
    assert bench.result.warning.text().startswith(
        'No lumisection of the selection has "lumisection.oms.bpx_ready"; did you mean'
        " lumisection.oms.bpix_ready"
    )
    assert "Line 1, column " in bench.rule.verdict.text()
    bench.rule.setPlainText(TEXT)
    qtbot.waitUntil(lambda: not bench.result.warning.isVisible())


def test_that_very_many_datasets_are_read_only_when_asked(
    qtbot: QtBot, bench: RuleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.views.golden.workbench.bench._MOST_AT_ONCE", 1)
    bench.datasets.pattern.setText("/PromptReco/Collisions2025A/%")
    qtbot.waitUntil(bench.read_all.isVisible)
    assert bench.read_all.text() == "Read 2 datasets"
    assert bench.result.state.text() == "2 datasets match."
    qtbot.mouseClick(bench.read_all, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bench.is_settled and not bench.read_all.isVisible())
    qtbot.waitUntil(lambda: "version" in bench.result.state.text())


# Saved rules


def test_that_the_golden_rule_is_there_at_first(qtbot: QtBot, place: GoldenPlace) -> None:
    bar = place.bench.configurations
    qtbot.waitUntil(lambda: bar.chosen is not None)
    assert bar.chosen is not None
    assert bar.chosen.name == "golden"
    assert place.bench.source == configuration.shipped_rule("golden")
    assert not bar.is_changed


def answer(qtbot: QtBot, bar: ConfigurationBar, text: str) -> None:
    """Types into the question that is open."""
    dialog = bar.window().findChild(QInputDialog)
    assert dialog is not None
    dialog.setTextValue(text)
    dialog.accept()


def test_that_a_rule_is_saved_changed_renamed_and_deleted(
    qtbot: QtBot, bench: RuleBench, season: Database
) -> None:
    bar = bench.configurations
    bar.save_as.trigger()
    answer(qtbot, bar, "my muon")
    qtbot.waitUntil(lambda: bar.chosen is not None and bar.chosen.name == "my muon")
    qtbot.waitUntil(lambda: bar.choice.currentText() == "my muon   mine")
    assert golden.rule_named(Acting(season), "my muon") == RULE
    bench.rule.replace_rule({"==": [{"var": DT}, "GOOD"]})
    assert bar.changed.text() == "changed"
    bench.window().activateWindow()
    bench.rule.text.setFocus()
    qtbot.waitUntil(bench.rule.text.hasFocus)
    qtbot.keyClick(bench.rule.text, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: golden.rule_named(Acting(season), "my muon") != RULE)
    qtbot.waitUntil(lambda: not bar.is_changed)
    bar.rename.trigger()
    answer(qtbot, bar, "our muon")
    qtbot.waitUntil(lambda: bar.chosen is not None and bar.chosen.name == "our muon")
    bar.delete.trigger()
    question = bar.window().findChild(QMessageBox)
    assert question is not None
    question.accepted.emit()
    qtbot.waitUntil(lambda: all(each.name != "our muon" for each in bar.configurations))
    assert bench.source == {"==": [{"var": DT}, "GOOD"]}


def test_that_a_taken_name_is_refused_where_the_hand_is(
    qtbot: QtBot, bench: RuleBench, season: Database
) -> None:
    configuration_edits.save_json_rule(Acting(season, EXPERT), "theirs", True)
    bench.configurations._save("theirs", None)
    qtbot.waitUntil(lambda: 'already a JSON configuration "theirs"' in bench.refusal.text())


def test_that_golden_can_be_changed_but_stays(
    qtbot: QtBot, bench: RuleBench, season: Database
) -> None:
    bar = bench.configurations
    bar._save("golden", None)
    qtbot.waitUntil(lambda: bar.chosen is not None and bar.chosen.id is not None)
    assert not bar.delete.isEnabled()
    assert not bar.rename.isEnabled()
    bench.rule.replace_rule(True)
    bar.save.trigger()
    question = bar.window().findChild(QMessageBox)
    assert question is not None
    assert "Everybody starts" in question.text()
    assert golden.rule_named(Acting(season), "golden") == RULE
    question.accepted.emit()
    qtbot.waitUntil(lambda: golden.rule_named(Acting(season), "golden") is True)


def test_that_a_rule_comes_from_a_file_and_goes_into_one(
    qtbot: QtBot, bench: RuleBench, tmp_path: Path
) -> None:
    bar = bench.configurations
    file = tmp_path / "rule.json"
    dialog = bar.ask_where()
    assert dialog is not None
    dialog.fileSelected.emit(str(file))
    dialog.close()
    qtbot.waitUntil(file.exists)
    bench.rule.setPlainText("false")
    bar.import_file(file)
    qtbot.waitUntil(lambda: bench.source == RULE)
    bench.rule.text.undo()
    assert bench.rule.toPlainText() == "false"


# Generating


def test_that_several_lists_are_made_and_a_second_client_sees_them_at_once(
    qtbot: QtBot,
    place: GoldenPlace,
    bench: RuleBench,
    season: Database,
    dsn: str,
    context: PlaceContext,
) -> None:
    other_database = Database(dsn)
    workplace = a_workplace(other_database)
    news = workplace.news
    listener = ChangeListener(other_database, news.changed, news.connected)
    other = GoldenPlace(
        a_context(
            workplace, context.background, context.notices, context.themes, context.remembered
        )
    )
    qtbot.addWidget(other)
    other.show()
    announced: list[object] = []
    live: list[bool] = []
    end = news.subscribe(announced.append, lambda is_live, _why: live.append(is_live))
    listener.start()
    try:
        qtbot.waitUntil(lambda: bool(live))
        dialog = place.generate()
        assert dialog is not None
        qtbot.waitUntil(lambda: dialog.rules.count() > 2)
        for row in range(dialog.rules.count()):
            if dialog.rules.item(row).text().startswith("dcs-only"):
                dialog.rules.item(row).setCheckState(Qt.CheckState.Checked)
        dialog.submit()
        qtbot.waitUntil(lambda: len(place.entries.model.entries) == 2)
        made = place.entries.model.entries
        assert [each.tags for each in made] == ["dcs-only", "this-rule"]
        assert golden.row(Acting(season), made[1].id).json_logic == RULE
        qtbot.waitUntil(lambda: bool(announced))
        other.changed(frozenset(), in_front=True)
        qtbot.waitUntil(lambda: len(other.entries.model.entries) == 2)
    finally:
        end()
        listener.stop()
        other_database.close()


def test_that_without_datasets_it_says_what_is_missing(qtbot: QtBot, place: GoldenPlace) -> None:
    assert place.generate() is None
    assert "Enter the names of datasets" in place.bench.datasets.refusal.text()


def test_that_opening_a_list_leaves_the_workbench(
    qtbot: QtBot, place: GoldenPlace, season: Database
) -> None:
    made = golden.generate(Acting(season, EXPERT), PROMPT, RULE)
    place.refresh()
    qtbot.waitUntil(lambda: len(place.entries.model.entries) == 1)
    place.entries.list.setCurrentIndex(place.entries.found.index(0, 0))
    assert place.entries.shown == made.id
    assert place.tabs.currentWidget() is place.bench
    place.entries.list.setFocus()
    qtbot.keyClick(place.entries.list, Qt.Key.Key_Return)
    assert place.tabs.currentWidget() is place.result
    qtbot.waitUntil(lambda: place.result.result is not None)


def test_that_all_lists_are_searched(qtbot: QtBot, place: GoldenPlace, season: Database) -> None:
    for tags in ("week one", "week two", "other"):
        golden.generate(Acting(season, EXPERT), PROMPT, RULE, tags=tags)
    place.refresh()
    qtbot.waitUntil(lambda: len(place.entries.model.entries) == 3)
    qtbot.keyClicks(place.entries.search, "two WEEK")
    qtbot.waitUntil(lambda: [each.tags for each in place.entries.model.entries] == ["week two"])
    qtbot.keyClick(place.entries.search, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(place.entries.model.entries) == 3)
