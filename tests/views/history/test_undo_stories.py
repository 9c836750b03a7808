"""Undo and redo of every kind of change, by the dialog on the real services."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.certification.datasets import OPEN, SIGNOFF
from app.domain.errors import Refused
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing import dataset_tools, lumisections
from app.services.history import look as services_history
from app.views.backend.done import Done
from app.views.background import Background
from app.views.history.undo_dialog import UndoDialog
from app.views.theme import Themes
from app.window import ServiceBackend
from tests.builders import EXPERT, NOBODY
from tests.services.offline_runs import FIRST, PROMPT, sign_off_runs
from tests.views.history.conftest import BAD, RUN, Set, backend_of

Open = Callable[..., UndoDialog]


@pytest.fixture
def undo_of(
    qtbot: QtBot, database: Database, background: Background, themes: Themes, owner: QWidget
) -> Open:
    """Opens the dialog for a version, loaded."""

    def opened(version: int, actor: object = EXPERT) -> UndoDialog:
        dialog = UndoDialog(backend_of(database, actor), background, themes, version, owner)
        dialog.open()
        qtbot.waitUntil(lambda: dialog.preview is not None or dialog.refusal.isVisible())
        return dialog

    return opened


def pressed(qtbot: QtBot, dialog: UndoDialog) -> int:
    with qtbot.waitSignal(dialog.undone) as undone:
        dialog.submit_button.click()
    done = undone.args[0]
    assert isinstance(done, Done)
    assert done.atomic_version is not None
    return done.atomic_version


def dt(db: Database, first: int, last: int) -> list[str]:
    rr = lumisections.dataset_state(Acting(db), RUN, "online").rr
    return [
        value.status if (value := rr.value("dt-dt", number)) else ""
        for number in range(first, last + 1)
    ]


def newest(db: Database, run_number: int = RUN) -> int:
    return (
        services_history.run_history_of(Acting(db), run_number, limit=1).entries[0].action.version
    )


def test_that_an_edit_is_undone_and_redone(
    qtbot: QtBot, run: Database, undo_of: Open, set_dt: Set
) -> None:
    edited = set_dt(2, 6)
    dialog = undo_of(edited)
    (line,) = dialog.changes.model.lines
    assert line.group == "Comes back"
    assert line.piece.ranges == (LumiRange(2, 6),)
    assert line.piece.before == BAD
    assert "comes back as your word" in line.note
    assert dialog.by_hand.isVisible()
    undone = pressed(qtbot, dialog)
    assert dt(run, 1, 7) == ["GOOD"] * 7
    again = undo_of(undone)
    assert again.windowTitle() == f"Redo version {edited}"
    assert again.submit_button.text() == "Redo"
    assert not again.by_hand.isVisible()
    pressed(qtbot, again)
    assert dt(run, 1, 7) == ["GOOD", *["BAD"] * 5, "GOOD"]


def test_that_what_was_changed_since_is_named_with_its_version_and_left_alone(
    qtbot: QtBot, run: Database, undo_of: Open, set_dt: Set
) -> None:
    edited = set_dt(2, 6)
    since = set_dt(5, 8, Triplet("STANDBY"))
    dialog = undo_of(edited)
    lines = {line.group: line for line in dialog.changes.model.lines}
    left = lines["Changed since, left alone"]
    assert left.piece.ranges == (LumiRange(5, 6),)
    assert left.note == f"version {since} by {EXPERT.email}"
    pressed(qtbot, dialog)
    assert dt(run, 2, 8) == ["GOOD"] * 3 + ["STANDBY"] * 4


def test_that_a_bit_is_undone(qtbot: QtBot, run: Database, undo_of: Open, set_bit: Set) -> None:
    dialog = undo_of(set_bit("bpix_ready", 5, 9, value=False))
    (line,) = dialog.changes.model.lines
    assert (line.piece.before, line.piece.after, line.piece.oms) == (False, True, True)
    pressed(qtbot, dialog)
    assert lumisections.dataset_state(Acting(run), RUN, "online").oms.value("bpix_ready", 7) is True


def test_that_run_attributes_and_states_are_undone(
    qtbot: QtBot, run: Database, undo_of: Open, set_dt: Set
) -> None:
    runs.edit_attribute(Acting(run, EXPERT), RUN, "stop_reason", "beam dump")
    dialog = undo_of(newest(run))
    (line,) = [each for each in dialog.changes.model.lines if each.group == "Comes back"]
    assert (line.piece.key, line.piece.before) == ("stop_reason", "beam dump")
    pressed(qtbot, dialog)
    backend = backend_of(run)
    assert backend.run_details(RUN).rr_attributes["stop_reason"] == ""
    for column in ("csc-csc", "tracker-pixel", "tracker-strip"):
        lumisections.edit_columns(
            Acting(run, EXPERT),
            [lumisections.ColumnEdit(RUN, "online", column, (LumiRange(1, 40),), Triplet("GOOD"))],
        )
    set_dt(1, 40, Triplet("GOOD"))
    runs.move(Acting(run, EXPERT), RUN, "SIGNOFF")
    (moved,) = (
        entry.action.version
        for entry in services_history.run_history_of(Acting(run), RUN).entries
        if any(each.after == "SIGNOFF" for each in entry.attributes)
    )
    pressed(qtbot, undo_of(moved))
    assert backend.run_details(RUN).state == "OPEN"


def test_that_dataset_states_and_hidden_datasets_are_undone(
    qtbot: QtBot, database: Database, undo_of: Open
) -> None:
    sign_off_runs(database, FIRST)
    key = (FIRST, PROMPT)
    datasets.move(Acting(database, EXPERT), [key], "global", OPEN)
    datasets.move(Acting(database, EXPERT), [key], "dt", SIGNOFF)
    backend = backend_of(database)
    pressed(qtbot, undo_of(newest(database, FIRST)))
    assert backend.run_details(FIRST).dataset_attributes[PROMPT]["dt_state"] == OPEN
    dataset_tools.apply(Acting(database, EXPERT), dataset_tools.Hide((key,)), reason="a test run")
    assert PROMPT not in backend.run_details(FIRST).datasets
    dialog = undo_of(newest(database, FIRST))
    (line,) = dialog.changes.model.lines
    assert (line.piece.key, line.piece.before, line.piece.after) == (
        "visibility",
        "hidden",
        "shown",
    )
    pressed(qtbot, dialog)
    assert PROMPT in backend.run_details(FIRST).datasets


def test_that_who_may_not_edit_is_told_which_part_is_refused(
    run: Database, undo_of: Open, set_dt: Set
) -> None:
    dialog = undo_of(set_dt(2, 6), NOBODY)
    (line,) = dialog.changes.model.lines
    assert line.group == "Refused"
    assert line.piece.ranges == (LumiRange(2, 6),)
    assert not dialog.submit_button.isEnabled()
    assert dialog.refusal.isVisible()


def test_that_the_creation_of_a_run_cannot_be_undone(run: Database, undo_of: Open) -> None:
    created = services_history.run_history_of(Acting(run), RUN).entries[-1].action.version
    dialog = undo_of(created)
    assert "that can't be undone" in dialog.refusal.text()


def test_that_pressing_undo_again_goes_further_back_and_redo_comes_back(
    run: Database, services: ServiceBackend, set_dt: Set
) -> None:
    first, second = set_dt(2, 6), set_dt(10, 12)
    assert services.last_to_undo() == second
    undone = services.undo(second)
    assert undone is not None
    assert services.last_to_undo() == first
    assert services.last_to_redo() == undone.atomic_version
    redone = services.undo(services.last_to_redo())
    assert redone is not None
    assert dt(run, 10, 12) == ["BAD"] * 3
    assert services.last_to_undo() == redone.atomic_version
    third = set_dt(20, 21)
    with pytest.raises(Refused, match="nothing to redo"):
        services.last_to_redo()
    assert services.last_to_undo() == third


def test_that_a_cancelled_undo_leaves_nothing_behind(
    run: Database, services: ServiceBackend, set_dt: Set
) -> None:
    edited = set_dt(2, 6)
    assert services.undo(edited, cancelled=lambda: True) is None
    assert newest(run) == edited
