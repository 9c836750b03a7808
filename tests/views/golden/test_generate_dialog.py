"""The dialog that generates: matches, rules, progress, cancel."""

import json
import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.errors import Refused
from app.views.backend import GoldenRequest
from app.views.background import Background
from app.views.golden.generate_dialog import GenerateDialog
from tests.views.fake_backend import OFFLINE, FakeBackend


@pytest.fixture
def dialog(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> GenerateDialog:
    dialog = GenerateDialog(backend, background, owner)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.configuration.count() == 2)
    return dialog


def test_that_matches_are_shown_while_typing(qtbot: QtBot, dialog: GenerateDialog) -> None:
    dialog.pattern.setText("%Collisions2025C%")
    qtbot.waitUntil(lambda: dialog.matches.count() == 1)
    assert dialog.matches.item(0).text() == OFFLINE
    assert dialog.matched.text() == "6 datasets of 1 name."
    dialog.pattern.setText("%nothing%")
    qtbot.waitUntil(lambda: dialog.matched.text() == "No dataset has such a name.")


def test_that_the_first_configuration_is_offered(dialog: GenerateDialog) -> None:
    assert dialog.configuration.currentText() == "golden   shipped"
    assert "lumisection.rr.dt-dt" in dialog.rule.toPlainText()


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


@pytest.mark.parametrize(
    ("pattern", "rule", "words"),
    [
        ("", '{"==": [1, 1]}', "Say which datasets"),
        ("%a%", "{", "The rule is no JSON"),
        ("%a%", '{"nonsense": [1]}', "nonsense"),
    ],
)
def test_that_what_cannot_be_generated_is_refused_inside(
    dialog: GenerateDialog, backend: FakeBackend, pattern: str, rule: str, words: str
) -> None:
    dialog.pattern.setText(pattern)
    dialog.rule.setPlainText(rule)
    dialog.submit()
    assert words in dialog.refusal.text()
    assert not dialog.is_running
    assert backend.acts == []


def test_that_progress_is_shown_and_cancel_keeps_nothing(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
    dialog.pattern.setText("%Collisions2025C%")
    qtbot.waitUntil(lambda: dialog.matches.count() == 1)
    backend.gate = threading.Event()
    dialog.submit()
    qtbot.waitUntil(lambda: dialog.progress.format() == "Reading 3 datasets")
    assert dialog.progress.isVisible()
    dialog.cancel()
    backend.gate.set()
    qtbot.waitUntil(lambda: not dialog.is_running)
    assert dialog.refusal.text() == "Cancelled; nothing was kept."
    assert backend.acts == []
    assert dialog.isVisible()


def test_that_a_refusal_of_the_service_is_shown_as_written(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
    dialog.pattern.setText("%x%")
    backend.error = Refused("You may not generate; e-group x may.")
    dialog.submit()
    qtbot.waitUntil(lambda: dialog.refusal.text() == "You may not generate; e-group x may.")


def test_that_a_rule_can_come_from_a_file(
    qtbot: QtBot, dialog: GenerateDialog, tmp_path: Path
) -> None:
    file = tmp_path / "rule.json"
    file.write_text(json.dumps({"==": [2, 2]}))
    dialog.load_rule(file)
    qtbot.waitUntil(lambda: "2" in dialog.rule.toPlainText())
    assert dialog.configuration.currentIndex() == -1
    dialog.load_rule(tmp_path / "none.json")
    qtbot.waitUntil(lambda: "can't be read" in dialog.refusal.text())
