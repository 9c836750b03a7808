"""Dialogs that act: what they ask of the backend, and how they refuse."""

import threading

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.views.background import Background
from app.views.runs.dialogs import EditRunDialog, MoveDialog
from tests.views.fake_backend import FakeBackend, unavailable


def test_that_a_refused_move_stays_open_with_the_sentence_as_written(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    dialog = MoveDialog(backend, background, 396229, "OPEN", "SIGNOFF", owner)
    dialog.open()
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == "dt-dt is EMPTY in LS 12 of run 396229: set it, then sign off."
    assert dialog.isVisible()
    assert dialog.submit_button.isEnabled()


def test_that_a_move_names_the_state_the_person_saw(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    dialog = MoveDialog(backend, background, 396230, "OPEN", "SIGNOFF", owner)
    dialog.open()
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    assert backend.acts == [("move", 396230, "OPEN", "SIGNOFF")]


def test_that_a_second_click_does_not_do_it_twice(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    dialog = MoveDialog(backend, background, 396230, "OPEN", "SIGNOFF", owner)
    dialog.open()
    backend.gate = threading.Event()
    dialog.submit()
    dialog.submit()
    assert not dialog.submit_button.isEnabled()
    with qtbot.waitSignal(dialog.acted):
        backend.gate.set()
    assert len(backend.acts) == 1


def test_that_a_lost_server_leaves_the_form_as_it_is(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    dialog = EditRunDialog(backend, background, 396230, "Cosmics25", "", owner)
    dialog.open()
    qtbot.waitUntil(lambda: not background.busy)
    backend.error = unavailable()
    dialog.stop_reason.setPlainText("typed with care")
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert "Nothing was written" in dialog.refusal.text()
    assert dialog.stop_reason.toPlainText() == "typed with care"


def test_that_only_changed_attributes_are_written(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    dialog = EditRunDialog(backend, background, 396230, "Cosmics25", "", owner)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.class_.count() == 3)
    assert dialog.class_.currentText() == "Cosmics25"
    dialog.submit_button.click()
    assert dialog.refusal.text() == "Nothing was changed."
    dialog.stop_reason.setPlainText("beam dump")
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    assert backend.acts == [("edit", 396230, "stop_reason", "beam dump")]
