"""Undo and redo of every kind of change, by the dialog on the real services."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.certification.datasets import OPEN, SIGNOFF
from app.domain.errors import Refused
from app.domain.json_value import JsonObject
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled, Progress
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets, runs, tables
from app.services.editing import dataset_tools, lumisections
from app.services.history import look as services_history
from app.services.history import undo
from app.services.history.undo import Undone
from app.views.background import Background
from app.views.history.undo_dialog import UndoDialog
from app.views.looks.theme import Themes
from tests.builders import EXPERT, NOBODY
from tests.services.offline_runs import FIRST, PROMPT, sign_off_runs
from tests.views.history.conftest import BAD, GOOD, RUN, STANDBY, Set

Open = Callable[..., UndoDialog]


@pytest.fixture
def undo_of(qtbot: QtBot, background: Background, themes: Themes, owner: QWidget) -> Open:
    """Opens the dialog for a version, loaded."""

    def opened(acting: Acting, version: int) -> UndoDialog:
        dialog = UndoDialog(acting, background, themes, version, owner)
        dialog.open()
        qtbot.waitUntil(lambda: dialog.preview is not None or dialog.refusal.isVisible())
        return dialog

    return opened


def pressed(qtbot: QtBot, dialog: UndoDialog) -> int:
    with qtbot.waitSignal(dialog.undone) as undone:
        dialog.submit_button.click()
    (done,) = undone.args
    assert isinstance(done, Undone)
    return done.version


def dt(acting: Acting, first: int, last: int) -> list[str]:
    rr = lumisections.dataset_state(acting, RUN, "online").rr
    return [
        value.status if (value := rr.value("dt-dt", number)) else ""
        for number in range(first, last + 1)
    ]


def newest(db: Database, run_number: int = RUN) -> int:
    return (
        services_history.run_history_of(Acting(db), run_number, limit=1).entries[0].action.version
    )


def dataset_attributes(acting: Acting) -> dict[str, JsonObject]:
    return {
        row.name: row.dataset_attributes
        for row in tables.run_details(acting, FIRST).visible_datasets
    }


def test_that_an_edit_is_undone_and_redone(
    qtbot: QtBot, acting: Acting, undo_of: Open, set_dt: Set
) -> None:
    edited = set_dt(2, 6)
    dialog = undo_of(acting, edited)
    (line,) = dialog.changes.model.lines
    assert line.group == "Comes back"
    assert line.piece.ranges == (LumiRange(2, 6),)
    assert line.piece.before == BAD
    assert line.note == "an automatic value, comes back as set by hand"
    assert dialog.by_hand.isVisible()
    undone = pressed(qtbot, dialog)
    assert dt(acting, 1, 7) == ["GOOD"] * 7
    again = undo_of(acting, undone)
    assert again.windowTitle() == f"Redo version {edited}"
    assert again.submit_button.text() == "Redo"
    assert not again.by_hand.isVisible()
    redone = pressed(qtbot, again)
    assert dt(acting, 1, 7) == ["GOOD", *["BAD"] * 5, "GOOD"]
    assert undo_of(acting, redone).windowTitle() == f"Undo version {redone}"


def test_that_what_was_changed_since_is_named_with_its_version_and_left_alone(
    qtbot: QtBot, acting: Acting, undo_of: Open, set_dt: Set
) -> None:
    edited = set_dt(2, 6)
    since = set_dt(5, 8, STANDBY)
    dialog = undo_of(acting, edited)
    lines = {line.group: line for line in dialog.changes.model.lines}
    left = lines["Changed since, left alone"]
    assert left.piece.ranges == (LumiRange(5, 6),)
    assert left.note == f"version {since} by {EXPERT.email}"
    pressed(qtbot, dialog)
    assert dt(acting, 2, 8) == ["GOOD"] * 3 + ["STANDBY"] * 4


def test_that_a_bit_is_undone(qtbot: QtBot, acting: Acting, undo_of: Open, set_bit: Set) -> None:
    dialog = undo_of(acting, set_bit("bpix_ready", 5, 9, value=False))
    (line,) = dialog.changes.model.lines
    assert (line.piece.before, line.piece.after, line.piece.oms) == (False, True, True)
    pressed(qtbot, dialog)
    assert lumisections.dataset_state(acting, RUN, "online").oms.value("bpix_ready", 7) is True


def test_that_run_attributes_and_states_are_undone(
    qtbot: QtBot, acting: Acting, undo_of: Open, set_dt: Set
) -> None:
    runs.edit_attribute(acting, RUN, "stop_reason", "beam dump")
    dialog = undo_of(acting, newest(acting.db))
    (line,) = [each for each in dialog.changes.model.lines if each.group == "Comes back"]
    assert (line.piece.key, line.piece.before) == ("stop_reason", "beam dump")
    pressed(qtbot, dialog)
    assert tables.run_details(acting, RUN).row.rr_attributes["stop_reason"] == ""
    for column in ("csc-csc", "tracker-pixel", "tracker-strip"):
        lumisections.edit_columns(
            acting,
            [lumisections.ColumnEdit(RUN, "online", column, (LumiRange(1, 40),), GOOD)],
        )
    set_dt(1, 40, GOOD)
    runs.move(acting, RUN, "SIGNOFF")
    (moved,) = (
        entry.action.version
        for entry in services_history.run_history_of(acting, RUN).entries
        if any(each.after == "SIGNOFF" for each in entry.attributes)
    )
    pressed(qtbot, undo_of(acting, moved))
    assert tables.run_details(acting, RUN).state == "OPEN"


def test_that_dataset_states_and_hidden_datasets_are_undone(
    qtbot: QtBot, database: Database, undo_of: Open
) -> None:
    acting = Acting(database, EXPERT)
    sign_off_runs(database, FIRST)
    key = (FIRST, PROMPT)
    datasets.move(acting, [key], "global", OPEN)
    datasets.move(acting, [key], "dt", SIGNOFF)
    pressed(qtbot, undo_of(acting, newest(database, FIRST)))
    assert dataset_attributes(acting)[PROMPT]["dt_state"] == OPEN
    dataset_tools.apply(acting, dataset_tools.Hide((key,)), reason="a test run")
    assert PROMPT not in dataset_attributes(acting)
    dialog = undo_of(acting, newest(database, FIRST))
    (line,) = dialog.changes.model.lines
    assert (line.piece.key, line.piece.before, line.piece.after) == (
        "visibility",
        "hidden",
        "shown",
    )
    pressed(qtbot, dialog)
    assert PROMPT in dataset_attributes(acting)


def test_that_who_may_not_edit_is_told_which_part_is_refused(
    run: Database, undo_of: Open, set_dt: Set
) -> None:
    dialog = undo_of(Acting(run, NOBODY), set_dt(2, 6))
    (line,) = dialog.changes.model.lines
    assert line.group == "Refused"
    assert line.piece.ranges == (LumiRange(2, 6),)
    assert not dialog.submit_button.isEnabled()
    assert dialog.refusal.isVisible()


def test_that_the_creation_of_a_run_cannot_be_undone(acting: Acting, undo_of: Open) -> None:
    created = services_history.run_history_of(acting, RUN).entries[-1].action.version
    dialog = undo_of(acting, created)
    assert "that can't be undone" in dialog.refusal.text()


def test_that_pressing_undo_again_goes_further_back_and_redo_comes_back(
    acting: Acting, set_dt: Set
) -> None:
    first, second = set_dt(2, 6), set_dt(10, 12)
    assert undo.newest_to_undo(acting).version == second
    undone = undo.undo(acting, second)
    assert undo.newest_to_undo(acting).version == first
    assert undo.newest_to_redo(acting).version == undone.version
    redone = undo.undo(acting, undone.version)
    assert dt(acting, 10, 12) == ["BAD"] * 3
    assert undo.newest_to_undo(acting).version == redone.version
    third = set_dt(20, 21)
    with pytest.raises(Refused, match="nothing to redo"):
        undo.newest_to_redo(acting)
    assert undo.newest_to_undo(acting).version == third


def test_that_a_cancelled_undo_leaves_nothing_behind(acting: Acting, set_dt: Set) -> None:
    edited = set_dt(2, 6)
    with pytest.raises(Cancelled):
        undo.undo(acting, edited, progress=Progress(is_cancelled=lambda: True))
    assert newest(acting.db) == edited
