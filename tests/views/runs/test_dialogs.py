"""Dialogs that act on a run: what they write, and how they refuse."""

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.services.acting import Acting
from app.services.certification import runs, tables
from app.services.certification.tables import RunDetails
from app.views.background import Background
from app.views.places import PlaceContext
from app.views.runs.dialogs import EditRunDialog, MoveDialog
from tests.conftest import TestServer
from tests.views.many_runs import NEWEST, NOT_SIGNIFICANT, locked


def details(acting: Acting) -> RunDetails:
    return tables.run_details(acting, NEWEST)


def versions(acting: Acting) -> int:
    return len(tables.run_history(acting, NEWEST))


def test_that_a_refused_move_stays_open_with_the_sentence_as_written(
    qtbot: QtBot, acting: Acting, context: PlaceContext, owner: QWidget
) -> None:
    run_number = NOT_SIGNIFICANT[0]
    dialog = MoveDialog(context, run_number, "OPEN", "SIGNOFF", owner)
    dialog.open()
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == (
        f"Run {run_number} has no RR lumisections, so there is nothing to sign off: mark it"
        " significant first."
    )
    assert dialog.isVisible()
    assert dialog.submit_button.isEnabled()
    assert tables.run_details(acting, run_number).state == "OPEN"


def test_that_a_move_names_the_state_the_person_saw(
    qtbot: QtBot, acting: Acting, context: PlaceContext, owner: QWidget
) -> None:
    dialog = MoveDialog(context, NEWEST, "OPEN", "COMPLETED", owner)
    dialog.open()
    runs.move(acting, NEWEST, "SIGNOFF")
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert "no longer OPEN" in dialog.refusal.text()
    assert details(acting).state == "SIGNOFF"


def test_that_a_move_is_told(
    qtbot: QtBot, acting: Acting, context: PlaceContext, owner: QWidget
) -> None:
    dialog = MoveDialog(context, NEWEST, "OPEN", "SIGNOFF", owner)
    dialog.open()
    with qtbot.waitSignal(dialog.acted) as acted:
        dialog.submit_button.click()
    assert acted.args is not None
    text, version = acted.args
    assert text == f"Signed off run {NEWEST}. 2 datasets now wait for the DQM GUI."
    assert isinstance(version, int)
    assert details(acting).state == "SIGNOFF"


def test_that_a_second_click_does_not_do_it_twice(
    qtbot: QtBot,
    acting: Acting,
    context: PlaceContext,
    background: Background,
    owner: QWidget,
    runs_dsn: str,
) -> None:
    before = versions(acting)
    dialog = MoveDialog(context, NEWEST, "OPEN", "SIGNOFF", owner)
    dialog.open()
    with qtbot.waitSignal(dialog.acted), locked(runs_dsn):
        dialog.submit()
        dialog.submit()
        assert not dialog.submit_button.isEnabled()
    qtbot.waitUntil(lambda: not background.busy)
    assert versions(acting) == before + 3  # the run, and a version for each dataset it makes


def test_that_a_lost_server_leaves_the_form_as_it_is(
    qtbot: QtBot,
    context: PlaceContext,
    background: Background,
    owner: QWidget,
    server: TestServer,
    runs_dsn: str,
) -> None:
    dialog = EditRunDialog(context, NEWEST, "Collisions25", "", owner)
    dialog.open()
    qtbot.waitUntil(lambda: not background.busy)
    dialog.stop_reason.setPlainText("typed with care")
    server.shut(runs_dsn)
    dialog.submit_button.click()
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert "Nothing was written" in dialog.refusal.text()
    assert dialog.stop_reason.toPlainText() == "typed with care"


def test_that_only_changed_attributes_are_written(
    qtbot: QtBot, acting: Acting, context: PlaceContext, owner: QWidget
) -> None:
    dialog = EditRunDialog(context, NEWEST, "Collisions25", "", owner)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.class_.count() == len(runs.classes(acting)))
    assert dialog.class_.currentText() == "Collisions25"
    dialog.submit_button.click()
    assert dialog.refusal.text() == "Nothing was changed."
    dialog.stop_reason.setPlainText("beam dump")
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    by_hand = {each.name: each.value for each in details(acting).rr if each.by_hand}
    assert by_hand == {"stop_reason": "beam dump"}
