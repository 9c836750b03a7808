"""The dialog that generates: matches, rules, progress, cancel, what is remembered."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.errors import BadInput, NotPermitted, Refused
from app.views.backend.golden import GoldenRequest
from app.views.background import Background
from app.views.golden import generate_dialog
from app.views.golden.generate_dialog import GenerateDialog
from app.views.theme import Themes
from tests.views.fake_backend import OFFLINE, FakeBackend, unavailable

GOLDEN_TEXT = '{"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}'
MINE_TEXT = '{"==": [1, 1]}'


@pytest.fixture
def dialog(
    qtbot: QtBot,
    backend: FakeBackend,
    background: Background,
    themes: Themes,
    owner: QWidget,
    remembered: QSettings,
) -> GenerateDialog:
    return opened(qtbot, backend, background, themes, owner, remembered)


def opened(
    qtbot: QtBot,
    backend: FakeBackend,
    background: Background,
    themes: Themes,
    owner: QWidget,
    remembered: QSettings,
) -> GenerateDialog:
    dialog = GenerateDialog(backend, background, themes, owner, remembered=remembered)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.configuration.count() == 2)
    return dialog


# Datasets


def test_that_matches_are_shown_while_typing(qtbot: QtBot, dialog: GenerateDialog) -> None:
    dialog.pattern.setText("%Collisions2025C%")
    assert dialog.matched.text() == "Looking ..."
    qtbot.waitUntil(lambda: dialog.matches.count() == 1)
    assert dialog.matches.item(0).text() == OFFLINE
    assert dialog.matched.text() == "6 datasets of 1 name."
    dialog.pattern.setText("%nothing%")
    assert not dialog.matches.isEnabled()
    qtbot.waitUntil(lambda: dialog.matched.text() == "No dataset has such a name.")
    assert dialog.matches.count() == 0
    dialog.pattern.clear()
    assert dialog.matched.text().startswith("% stands for any text")


def test_that_only_the_last_pattern_of_a_pause_is_looked_up(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend, background: Background
) -> None:
    asked: list[str] = []
    look_up = backend.matching_datasets
    backend.matching_datasets = lambda pattern: asked.append(pattern) or look_up(pattern)  # type: ignore[method-assign, func-returns-value]
    qtbot.keyClicks(dialog.pattern, "%Coll%")
    qtbot.waitUntil(lambda: dialog.matches.count() == 1)
    assert asked == ["%Coll%"]


def test_that_a_pattern_that_cannot_be_read_is_said_under_it(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
    backend.error = BadInput("The pattern ends inside a bracket.")
    dialog.pattern.setText("(A|")
    qtbot.waitUntil(lambda: dialog.matched.text() == "The pattern ends inside a bracket.")
    assert dialog.matched.property("role") == "refusal"
    backend.error = None
    dialog.pattern.setText("%Coll%")
    qtbot.waitUntil(lambda: dialog.matches.count() == 1)
    assert dialog.matched.property("role") == "muted"


def test_that_matches_come_after_an_outage(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend, background: Background
) -> None:
    backend.error = unavailable()
    dialog.pattern.setText("%Coll%")
    qtbot.waitUntil(lambda: "can't be looked up now" in dialog.matched.text())
    backend.error = None
    background.retry_now()
    qtbot.waitUntil(lambda: dialog.matched.text() == "6 datasets of 1 name.")


# Rule


def test_that_the_golden_configuration_is_offered(dialog: GenerateDialog) -> None:
    assert dialog.configuration.currentText() == "golden   shipped"
    assert dialog.rule.toPlainText() == GOLDEN_TEXT
    assert dialog.rule.verdict.text() == "1 condition, reads 1 value"


def test_that_a_rule_that_was_changed_is_no_configuration_any_more(
    qtbot: QtBot, dialog: GenerateDialog
) -> None:
    dialog.configuration.setCurrentIndex(1)
    assert dialog.rule.toPlainText() == MINE_TEXT
    qtbot.keyClicks(dialog.rule.text, " ")
    assert dialog.configuration.currentIndex() == -1
    assert dialog.configuration.placeholderText() == "Written here"
    qtbot.keyClick(dialog.rule.text, Qt.Key.Key_Backspace)
    assert dialog.configuration.currentIndex() == 1


def test_that_a_rule_is_judged_while_it_is_written(qtbot: QtBot, dialog: GenerateDialog) -> None:
    dialog.rule.setPlainText('{"and": [\n  {"==": [1, 1]},\n  {"equals": [1, 1]}\n]}')
    qtbot.waitUntil(lambda: '"equals" is not an operator' in dialog.rule.verdict.text())
    assert dialog.rule.verdict.text().startswith("Line 3, column 4: ")
    (mark,) = dialog.rule.text.extraSelections()
    assert mark.cursor.blockNumber() == 2
    dialog.rule.setPlainText('{"==": [1, 1]\n')
    qtbot.waitUntil(lambda: "The rule is no JSON: line 2" in dialog.rule.verdict.text())
    dialog.rule.setPlainText('{"and": [{"==": [1, 1]}, {"var": "run.oms.energy"}]}')
    qtbot.waitUntil(lambda: dialog.rule.verdict.text() == "2 conditions, reads 1 value")
    assert dialog.rule.text.extraSelections() == []


def test_that_a_rule_can_come_from_a_file(
    qtbot: QtBot, dialog: GenerateDialog, tmp_path: Path
) -> None:
    file = tmp_path / "rule.json"
    file.write_text(json.dumps({"==": [2, 2]}))
    dialog.load_rule(file)
    qtbot.waitUntil(lambda: "2" in dialog.rule.toPlainText())
    assert dialog.configuration.currentIndex() == -1
    assert dialog.configuration.placeholderText() == "From rule.json"
    dialog.load_rule(tmp_path / "none.json")
    qtbot.waitUntil(lambda: "none.json can't be read: No such file" in dialog.refusal.text())


def test_that_what_is_wrong_in_a_file_is_shown_in_its_text(
    qtbot: QtBot, dialog: GenerateDialog, tmp_path: Path
) -> None:
    file = tmp_path / "rule.json"
    file.write_text('{"and": [\n}')
    dialog.load_rule(file)
    qtbot.waitUntil(lambda: "line 2" in dialog.rule.verdict.text())
    assert dialog.rule.toPlainText() == '{"and": [\n}'


def test_that_a_file_that_can_be_no_rule_is_refused(
    qtbot: QtBot, dialog: GenerateDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rule.json"
    file.write_bytes(b"\xff\xfe\x00")
    dialog.load_rule(file)
    qtbot.waitUntil(lambda: "it is no text" in dialog.refusal.text())
    monkeypatch.setattr(generate_dialog, "_MOST_RULE_BYTES", 2)
    dialog.load_rule(file)
    qtbot.waitUntil(lambda: "too large for a rule" in dialog.refusal.text())
    assert dialog.rule.toPlainText() == GOLDEN_TEXT


# Generating


def test_that_it_generates_what_the_form_says(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
    dialog.pattern.setText("%Collisions2025C%")
    dialog.configuration.setCurrentIndex(1)
    dialog.tags.setText("test")
    dialog.official.setChecked(True)
    with qtbot.waitSignal(dialog.generated) as generated:
        dialog.submit()
    request = GoldenRequest("%Collisions2025C%", {"==": [1, 1]}, "test", True)
    assert backend.acts == [("generate", request)]
    assert generated.args == [4]


def test_that_a_generation_without_datasets_is_refused_inside(
    dialog: GenerateDialog, backend: FakeBackend
) -> None:
    dialog.submit()
    assert "Say which datasets" in dialog.refusal.text()
    assert dialog.pattern.hasFocus()
    assert not dialog.is_running
    assert backend.acts == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("", "Choose a rule"),
        ("{", "The rule is no JSON"),
        ('{"nonsense": [1]}', "nonsense"),
        ('"GOOD"', "no condition"),
    ],
)
def test_that_a_rule_that_is_none_is_refused_in_the_editor(
    dialog: GenerateDialog, backend: FakeBackend, rule: str, words: str
) -> None:
    dialog.pattern.setText("%a%")
    dialog.rule.setPlainText(rule)
    dialog.submit()
    assert words in dialog.rule.verdict.text()
    assert dialog.rule.verdict.property("role") == "refusal"
    assert not dialog.is_running
    assert backend.acts == []


def test_that_progress_is_shown_and_cancel_keeps_nothing(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
    dialog.pattern.setText("%Collisions2025C%")
    qtbot.waitUntil(lambda: dialog.matches.count() == 1)
    backend.gate = threading.Event()
    dialog.submit()
    qtbot.waitUntil(lambda: dialog.step.text() == "Reading 3 datasets")
    assert (dialog.progress.value(), dialog.progress.maximum()) == (1, 3)
    assert dialog.progress.isVisible()
    for part in (dialog.pattern, dialog.rule, dialog.official, dialog.go):
        assert not part.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.step.text() == "Cancelling ..."
    backend.gate.set()
    qtbot.waitUntil(lambda: not dialog.is_running)
    assert dialog.refusal.text() == "Cancelled; nothing was kept."
    assert backend.acts == []
    assert dialog.isVisible()
    assert dialog.pattern.isEnabled()


def test_that_the_end_of_the_program_stops_a_generation(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend, background: Background
) -> None:
    dialog.pattern.setText("%Collisions2025C%")
    qtbot.waitUntil(lambda: dialog.matches.count() == 1)
    backend.gate = threading.Event()
    dialog.submit()
    qtbot.waitUntil(lambda: dialog.step.text() == "Reading 3 datasets")
    # What closing the background does to work under way.
    assert dialog._run is not None
    assert dialog._run.job is not None
    dialog._run.job.cancel()
    backend.gate.set()
    qtbot.waitUntil(lambda: not background.busy)
    assert backend.acts == []


def test_that_a_refusal_of_the_service_is_shown_as_written(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
    dialog.pattern.setText("%x%")
    backend.error = Refused('No dataset name matches "%x%".')
    dialog.submit()
    qtbot.waitUntil(lambda: dialog.refusal.text() == 'No dataset name matches "%x%".')
    assert dialog.refusal.isVisible()


def test_that_who_may_not_mark_as_official_is_told_beside_the_mark(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
    dialog.pattern.setText("%x%")
    dialog.official.setChecked(True)
    backend.error = NotPermitted("Only experts mark a golden JSON as official.")
    dialog.submit()
    qtbot.waitUntil(lambda: "Only experts" in dialog.not_permitted.text())
    assert not dialog.refusal.isVisible()
    dialog.official.setChecked(False)
    assert dialog.not_permitted.text() == ""


def test_that_a_lost_connection_leaves_the_form_as_it_is(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
    dialog.pattern.setText("%x%")
    dialog.tags.setText("first")
    backend.error = unavailable()
    dialog.submit()
    qtbot.waitUntil(lambda: "try again" in dialog.refusal.text())
    assert dialog.tags.text() == "first"
    backend.error = None
    with qtbot.waitSignal(dialog.generated):
        dialog.submit()


# What is remembered


def test_that_the_last_pattern_and_rule_come_again(
    qtbot: QtBot,
    dialog: GenerateDialog,
    backend: FakeBackend,
    background: Background,
    themes: Themes,
    owner: QWidget,
    remembered: QSettings,
) -> None:
    dialog.pattern.setText("%Collisions2025C%")
    dialog.rule.setPlainText('{"==": [3, 3]}')
    with qtbot.waitSignal(dialog.generated):
        dialog.submit()
    again = opened(qtbot, backend, background, themes, owner, remembered)
    assert again.pattern.text() == "%Collisions2025C%"
    assert again.rule.toPlainText() == '{"==": [3, 3]}'
    assert again.configuration.currentIndex() == -1
    qtbot.waitUntil(lambda: again.matched.text() == "6 datasets of 1 name.")


def test_that_a_configuration_used_last_is_chosen_again(
    qtbot: QtBot,
    dialog: GenerateDialog,
    backend: FakeBackend,
    background: Background,
    themes: Themes,
    owner: QWidget,
    remembered: QSettings,
) -> None:
    dialog.pattern.setText("%Collisions2025C%")
    dialog.configuration.setCurrentIndex(1)
    with qtbot.waitSignal(dialog.generated):
        dialog.submit()
    again = opened(qtbot, backend, background, themes, owner, remembered)
    assert again.configuration.currentText() == "mine   by person@cern.ch"


def test_that_configurations_that_come_late_keep_what_was_written(
    qtbot: QtBot,
    backend: FakeBackend,
    background: Background,
    themes: Themes,
    owner: QWidget,
    remembered: QSettings,
) -> None:
    backend.gate = threading.Event()
    dialog = GenerateDialog(backend, background, themes, owner, remembered=remembered)
    dialog.open()
    dialog.rule.setPlainText('{"==": [4, 4]}')
    backend.gate.set()
    qtbot.waitUntil(lambda: dialog.configuration.count() == 2)
    assert dialog.rule.toPlainText() == '{"==": [4, 4]}'
    assert dialog.configuration.currentIndex() == -1


def test_that_the_first_rule_is_offered_where_none_is_called_golden(
    qtbot: QtBot,
    backend: FakeBackend,
    background: Background,
    themes: Themes,
    owner: QWidget,
    remembered: QSettings,
) -> None:
    golden, mine = backend.golden_configurations()
    backend.golden_configurations = lambda: (mine, replace(golden, name="other"))  # type: ignore[method-assign]
    dialog = opened(qtbot, backend, background, themes, owner, remembered)
    assert dialog.configuration.currentText() == "mine   by person@cern.ch"
