"""Dialogs that act: what they ask of the backend, and how they refuse."""

import threading

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.edits import BitEdit, ColumnEdit
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.views.background import Background
from app.views.runs.dialogs import (
    EditBitDialog,
    EditLumisectionsDialog,
    EditRunDialog,
    MoveDialog,
)
from tests.views.fake_backend import FakeBackend, unavailable

RANGES = (LumiRange(12, 40),)


@pytest.fixture
def cells(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> EditLumisectionsDialog:
    dialog = EditLumisectionsDialog(
        backend, background, 396230, "online", ["csc-csc", "dt-dt"], "dt-dt", RANGES, owner
    )
    dialog.open()
    return dialog


def test_that_an_edit_asks_for_what_the_form_says(
    qtbot: QtBot, backend: FakeBackend, cells: EditLumisectionsDialog
) -> None:
    assert cells.ranges.text() == "12-40"
    cells.ranges.setText("12-40, 55")
    cells.status.setCurrentText("BAD")
    cells.comment.setPlainText("HV trip")
    cells.cause.setText("hardware")
    with qtbot.waitSignal(cells.acted) as acted:
        cells.submit_button.click()
    triplet = Triplet("BAD", "HV trip", "hardware")
    ranges = (LumiRange(12, 40), LumiRange(55, 55))
    edit = ColumnEdit(396230, "online", "dt-dt", ranges, triplet)
    assert backend.acts == [("lumisections", edit)]
    assert acted.args == ["Done: lumisections."]


@pytest.mark.parametrize(
    ("ranges", "status", "comment", "words"),
    [
        ("12-40", "BAD", "", "BAD needs a comment"),
        ("12-40", "BAD", "ok", "BAD needs a comment"),
        ("40-12", "GOOD", "", "greater than the last"),
        ("twelve", "GOOD", "", "is not a lumisection"),
        ("", "GOOD", "", "Say which lumisections"),
    ],
)
def test_that_what_cannot_be_read_is_refused_inside_the_dialog(
    cells: EditLumisectionsDialog,
    backend: FakeBackend,
    ranges: str,
    status: str,
    comment: str,
    words: str,
) -> None:
    cells.ranges.setText(ranges)
    cells.status.setCurrentText(status)
    cells.comment.setPlainText(comment)
    cells.submit_button.click()
    assert cells.refusal.isVisible()
    assert words in cells.refusal.text()
    assert cells.isVisible()
    assert backend.acts == []


def test_that_a_bit_needs_a_comment(
    qtbot: QtBot, backend: FakeBackend, background: Background, owner: QWidget
) -> None:
    dialog = EditBitDialog(
        backend, background, 396230, "online", ["bpix_ready"], "bpix_ready", RANGES, owner
    )
    dialog.open()
    dialog.submit_button.click()
    assert "comment" in dialog.refusal.text()
    dialog.comment.setPlainText("was on, seen by eye")
    dialog.value.setCurrentText("false")
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    edit = BitEdit(396230, "online", "bpix_ready", RANGES, False)
    assert backend.acts == [("bit", edit, "was on, seen by eye")]


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
    qtbot: QtBot, backend: FakeBackend, cells: EditLumisectionsDialog
) -> None:
    backend.error = unavailable()
    cells.comment.setPlainText("typed with care")
    cells.submit_button.click()
    qtbot.waitUntil(cells.refusal.isVisible)
    assert "Nothing was written" in cells.refusal.text()
    assert cells.comment.toPlainText() == "typed with care"


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
