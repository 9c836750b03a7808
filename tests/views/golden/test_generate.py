"""The dialog that generates golden JSONs: several at once, progress, cancel, refusals."""

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.configuration.items import UnknownVariables
from app.domain.errors import NotPermitted, Refused
from app.domain.json_value import JsonValue
from app.services.golden.bench import EVERYTHING, Narrowing
from app.views.backend.golden import GoldenRequest
from app.views.background import Background
from app.views.golden.generate_dialog import GenerateDialog
from tests.views.fake_backend import FakeBackend, unavailable

PATTERN = "%Collisions2025C%"
WRITTEN: JsonValue = {"==": [3, 3]}
GOLDEN: JsonValue = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
MINE: JsonValue = {"==": [1, 1]}


def opened(
    qtbot: QtBot,
    backend: FakeBackend,
    background: Background,
    owner: QWidget,
    written: JsonValue = WRITTEN,
    narrowing: Narrowing = EVERYTHING,
) -> GenerateDialog:
    dialog = GenerateDialog(backend, background, PATTERN, narrowing, written, owner)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.rules.count() >= 2)
    return dialog


@pytest.fixture
def dialog(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> GenerateDialog:
    return opened(qtbot, backend, background, owner)


def texts(dialog: GenerateDialog) -> list[str]:
    items = (dialog.rules.item(row) for row in range(dialog.rules.count()))
    return [item.text() for item in items if not item.isHidden()]


def tick(dialog: GenerateDialog, row: int, ticked: bool = True) -> None:
    state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
    dialog.rules.item(row).setCheckState(state)


def test_that_the_rule_of_the_workbench_is_ticked_first(dialog: GenerateDialog) -> None:
    assert texts(dialog) == [
        "This rule   written in the workbench",
        "golden   shipped",
        "mine   by person@cern.ch",
    ]
    assert dialog.ticked == (("This rule", WRITTEN),)
    assert dialog.datasets.text() == PATTERN


def test_that_a_saved_rule_that_is_written_has_its_name_and_stands_once(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    dialog = opened(qtbot, backend, background, owner, MINE)
    assert texts(dialog) == ["mine   written in the workbench", "golden   shipped"]
    assert dialog.ticked == (("mine", MINE),)


def test_that_a_rule_with_a_fault_is_not_offered(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    dialog = opened(qtbot, backend, background, owner, None)
    assert texts(dialog)[0] == "This rule   has a fault"
    assert dialog.ticked == ()
    assert not dialog.go.isEnabled()


def test_that_several_are_made_at_once(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
    tick(dialog, 1)
    assert dialog.go.text() == "Generate 2"
    dialog.tags.setText(" week 33 ")
    dialog.official.setChecked(True)
    with qtbot.waitSignal(dialog.generated) as told:
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert told.args == [(4, 5)]
    rules = (("this-rule", WRITTEN), ("golden", GOLDEN))
    request = GoldenRequest(PATTERN, rules, "week 33", True)
    assert backend.acts == [("generate", request)]


def test_that_runs_and_era_are_said_and_asked_for(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    narrowing = Narrowing(390001, None, "Run2025C")
    dialog = opened(qtbot, backend, background, owner, narrowing=narrowing)
    assert dialog.datasets.text() == (
        f"{PATTERN}, runs 390001 to the last, era Run2025C, which becomes part of the rule"
    )
    with qtbot.waitSignal(dialog.generated):
        dialog.submit()
    ((_, request),) = backend.acts
    assert request.narrowing == narrowing


def test_that_rules_are_found_by_a_part_of_their_name(dialog: GenerateDialog) -> None:
    dialog.search.setText("MIN")
    assert texts(dialog) == ["This rule   written in the workbench", "mine   by person@cern.ch"]
    tick(dialog, 0, ticked=False)
    dialog.search.setText("gold")
    assert texts(dialog) == ["golden   shipped"]
    assert not dialog.go.isEnabled()


def test_that_progress_is_shown_and_cancel_keeps_nothing(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
    backend.gate = threading.Event()
    dialog.submit()
    qtbot.waitUntil(lambda: dialog.step.text() == "Reading 3 datasets")
    assert (dialog.progress.value(), dialog.progress.maximum()) == (1, 3)
    assert dialog.progress.isVisible()
    for part in (dialog.rules, dialog.tags, dialog.official, dialog.go):
        assert not part.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.step.text() == "Cancelling ..."
    backend.gate.set()
    qtbot.waitUntil(lambda: not dialog.is_running)
    assert dialog.refusal.text() == "Cancelled; nothing was kept."
    assert backend.acts == []
    assert dialog.isVisible()
    assert dialog.rules.isEnabled()
    assert dialog.go.isEnabled()


def test_that_the_end_of_the_program_stops_a_generation(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend, background: Background
) -> None:
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
    backend.error = Refused('No dataset name matches "%x%".')
    dialog.submit()
    qtbot.waitUntil(lambda: dialog.refusal.text() == 'No dataset name matches "%x%".')
    assert dialog.refusal.isVisible()


def test_that_a_rule_that_reads_what_nothing_has_is_generated_when_the_person_insists(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
    backend.error = UnknownVariables({"dataset.dt-dt": ("lumisection.rr.dt-dt",)}, "generate it")
    dialog.submit()
    qtbot.waitUntil(dialog.insist.isVisible)
    assert "lumisection.rr.dt-dt" in dialog.refusal.text()
    backend.error = None
    with qtbot.waitSignal(dialog.generated):
        qtbot.mouseClick(dialog.insist, Qt.MouseButton.LeftButton)
    ((_, request),) = backend.acts
    assert request.insist is True


def test_that_who_may_not_mark_as_official_is_told_beside_the_mark(
    qtbot: QtBot, dialog: GenerateDialog, backend: FakeBackend
) -> None:
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
    dialog.tags.setText("first")
    backend.error = unavailable()
    dialog.submit()
    qtbot.waitUntil(lambda: "try again" in dialog.refusal.text())
    assert dialog.tags.text() == "first"
    backend.error = None
    with qtbot.waitSignal(dialog.generated):
        dialog.submit()
