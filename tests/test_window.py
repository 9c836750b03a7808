"""The window's backend on the real services: what it answers is what the services did."""

import pytest

from app.domain.datasets import COMPLETED, OPEN, SIGNOFF, WAITING
from app.domain.errors import Conflict, NotPermitted
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.engine import Database
from app.services import lumisections, pull
from app.services.lumisections import ColumnEdit
from app.views.backend.session import PlaceKind, Session
from app.window import ServiceBackend
from tests.builders import EXPERT, NOBODY, a_run, configure
from tests.services.offline_runs import FIRST, PROMPT, SECOND, sign_off_runs, states

RUN = 390001
BAD = Triplet("BAD", "HV trip", "hv")


def backend_of(db: Database, actor: Actor = EXPERT) -> ServiceBackend:
    return ServiceBackend(db, actor, Session("test", PlaceKind.TEST, actor.email))


def set_dt(db: Database, first: int, last: int, triplet: Triplet = BAD) -> None:
    edit = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(first, last),), triplet)
    lumisections.edit_columns(db, EXPERT, [edit])


@pytest.fixture
def run(database: Database) -> Database:
    """One open run of 10 LS."""
    configure(database)
    pull.apply(database, a_run(RUN, 10))
    return database


def test_that_the_preview_names_what_comes_back_and_what_was_changed_since(run: Database) -> None:
    backend = backend_of(run)
    before = backend.lumisections(RUN, "online").state.rr.value("dt-dt", 3)
    set_dt(run, 2, 6)
    version = backend.run_history(RUN)[0].atomic_version
    set_dt(run, 5, 6, Triplet("STANDBY"))
    newest = backend.run_history(RUN)[0].atomic_version
    preview = backend.preview_undo(version)
    assert preview.atomic_version == version
    assert preview.summary.startswith(f"Undo version {version}: 3 cells; 2 changed since")
    (restored,) = preview.restored
    assert restored.startswith(f"dt-dt of run {RUN}, LS 2-4: BAD HV trip hv -> ")
    assert preview.changed_since == (
        f"dt-dt of run {RUN}, LS 5-6: STANDBY, version {newest} by {EXPERT.email}",
    )
    assert backend.run_history(RUN)[0].atomic_version == newest
    assert backend.undo(version).startswith(f"Undid version {version}: 3 cells")
    rr = backend.lumisections(RUN, "online").state.rr
    shown = [value.status if (value := rr.value("dt-dt", n)) else None for n in range(2, 7)]
    assert before is not None
    assert shown == [before.status] * 3 + ["STANDBY"] * 2


def test_that_a_part_that_is_not_permitted_is_listed_and_refused(run: Database) -> None:
    set_dt(run, 2, 6)
    backend = backend_of(run, NOBODY)
    version = backend.run_history(RUN)[0].atomic_version
    preview = backend.preview_undo(version)
    assert preview.restored == ()
    (refused,) = preview.refused
    assert refused.startswith(f"dt-dt of run {RUN}: ")
    with pytest.raises(NotPermitted):
        backend.undo(version)


def test_that_datasets_move_together_or_not_at_all(database: Database) -> None:
    sign_off_runs(database, FIRST, SECOND)
    backend = backend_of(database)
    keys = [(FIRST, PROMPT), (SECOND, PROMPT)]
    text = backend.move_datasets(keys, "global", WAITING, OPEN)
    assert text == "Moved 2 datasets to OPEN in workspace global."
    assert set(states(database, SECOND).values()) == {OPEN}
    backend.move_datasets(keys[:1], "dt", OPEN, SIGNOFF)
    with pytest.raises(Conflict, match="somebody moved it meanwhile"):
        backend.move_datasets(keys, "dt", OPEN, COMPLETED)
    assert states(database, SECOND)["dt_state"] == OPEN
    assert backend.run_details(FIRST).dataset_attributes[PROMPT]["dt_state"] == SIGNOFF
