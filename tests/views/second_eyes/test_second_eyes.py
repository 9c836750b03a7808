"""Second eyes in the window: verified by another person, changed with a reason, frozen, thawed."""

import dataclasses
from datetime import date

from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.domain.certification.second_eyes import WHOLE
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import cycles, datasets, second_eyes
from app.services.editing import bulk, lumisections
from app.services.editing.lumisections import ColumnEdit
from app.views.cycles.dialogs import FreezeDialog
from app.views.frame.main_window import MainWindow
from app.views.runs.dialogs import MoveDatasetsDialog
from app.views.second_eyes.dialogs import TakeMarkBackDialog, VerifyDatasetsDialog
from app.views.widgets.dialogs.reason import ReasonDialog, with_reason
from tests.builders import EXPERT
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT
from tests.views.offline_window import opened, select, settle

OTHER = Actor("second@cern.ch", EXPERT.egroups)
KEY = (FIRST, PROMPT)


def standing(db: Database) -> list[str]:
    return [each.workspace for each in second_eyes.marks(Acting(db), [KEY]).get(KEY, ())]


def test_that_a_mark_is_set_shown_and_taken_away_with_the_reason_that_is_asked_for(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    colleague = Acting(database, OTHER)
    for column in ("dt-dt", "csc-csc"):
        edit = ColumnEdit(*KEY, column, (LumiRange(1, 2),), Triplet("STANDBY"))
        lumisections.edit_columns(colleague, [edit])
    for state in ("SIGNOFF", "OPEN"):
        datasets.move(colleague, [KEY], "dt", state)
    real_window.workspace.setCurrentText("dt")
    settle(qtbot, real_window)
    table = real_window.offline.table
    row = table.model.place_of(KEY)
    assert row is not None
    select(table, row)
    dialog = opened(real_window, "dataset.verify", VerifyDatasetsDialog)
    assert dialog.workspace.currentText() == "dt"
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    assert standing(database) == ["dt"]
    settle(qtbot, real_window)

    def state_cell() -> object:
        prepared = table.model.prepared(table.model.place_of(KEY) or 0)
        assert prepared is not None
        return next(
            cell
            for cell, column in zip(prepared.cells, table.model.columns, strict=True)
            if column.id.endswith("dt_state")
        )

    qtbot.waitUntil(lambda: getattr(state_cell(), "verified", False))
    assert "verified in dt by" in getattr(state_cell(), "tip", "")
    # The mark falls with a move; the dialog asks for the reason in place.
    move = opened(real_window, "dataset.move.SIGNOFF", MoveDatasetsDialog)
    move.submit_button.click()
    qtbot.waitUntil(lambda: "give a reason" in move.refusal.text())
    field = QApplication.focusWidget()
    assert field is not None
    assert field.accessibleName() == "Reason"
    qtbot.keyClicks(field, "done")
    with qtbot.waitSignal(move.acted):
        move.submit_button.click()
    assert standing(database) == []
    assert second_eyes.history(Acting(database), KEY)[0].why == "done"


def test_that_what_asks_for_a_reason_goes_on_with_it_and_not_without(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    context = real_window._context
    acting = Acting(database, EXPERT)
    lumisections.edit_columns(
        acting, [ColumnEdit(*KEY, "dt-dt", (LumiRange(1, 2),), Triplet("STANDBY"))]
    )
    second_eyes.verify(Acting(database, OTHER), [KEY], WHOLE)
    done: list[object] = []

    async def steps() -> None:
        edit = ColumnEdit(*KEY, "dt-dt", (LumiRange(3, 3),), Triplet("EXCLUDED"))
        done.append(
            await with_reason(
                context.background, acting, real_window, lambda by: bulk.write(by, [edit])
            )
        )

    def asked() -> ReasonDialog:
        found = [each for each in real_window.findChildren(ReasonDialog) if each.isVisible()]
        assert len(found) == 1
        return found[0]

    context.background.run(steps(), real_window)
    qtbot.waitUntil(lambda: bool(real_window.findChildren(ReasonDialog)))
    dialog = asked()
    assert not dialog.change.isEnabled()
    dialog.reject()
    qtbot.waitUntil(lambda: real_window.notices.last is not None)
    assert standing(database) == [WHOLE]
    context.background.run(steps(), real_window)
    qtbot.waitUntil(
        lambda: any(each.isVisible() for each in real_window.findChildren(ReasonDialog))
    )
    dialog = asked()
    dialog.reason.setText("HV trip found")
    dialog.change.click()
    qtbot.waitUntil(lambda: bool(done))
    assert second_eyes.history(acting, KEY)[0].why == "HV trip found"


def test_that_a_cycle_is_frozen_and_thawed_in_its_place(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    made = cycles.create(
        Acting(database, EXPERT), "Call 1", date(2031, 1, 1), ["dt"], [KEY, (FIRST, EXPRESS)]
    )
    real_window.go_to("cycles")
    place = real_window.cycles
    qtbot.waitUntil(lambda: place.cycles.rowCount() == 1)
    settle(qtbot, real_window)
    dialog = opened(real_window, "cycle.freeze", FreezeDialog)
    dialog.why.setText("for Moriond")
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    qtbot.waitUntil(lambda: "frozen by" in place.words.text())
    assert place.cycles.lines[0].texts[1].endswith(", frozen")
    assert place.buttons["cycle.thaw"].isVisible()
    dialog = opened(real_window, "cycle.thaw", FreezeDialog)
    said = [each.text() for each in dialog.findChildren(QLabel)]
    assert any(each.endswith(": for Moriond") and " froze it, " in each for each in said)
    dialog.submit_button.click()
    qtbot.waitUntil(lambda: "Give a reason" in dialog.refusal.text())
    dialog.why.setText("HV trip found")
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    assert made.id not in second_eyes.freezes(Acting(database))


def test_that_a_mark_is_taken_back_by_who_set_it(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    person = real_window._context.acting
    second_eyes.verify(dataclasses.replace(person, actor=OTHER), [KEY], WHOLE)
    row = real_window.offline.table.model.place_of(KEY)
    assert row is not None
    select(real_window.offline.table, row)
    dialog = opened(real_window, "dataset.unverify", TakeMarkBackDialog)
    dialog.submit_button.click()
    qtbot.waitUntil(lambda: "Give a reason" in dialog.refusal.text())
    dialog.why.setText("wrong run")
    with qtbot.waitSignal(dialog.acted):
        dialog.submit_button.click()
    assert standing(database) == []
