"""The window's backend on the real services: what it answers is what the services did."""

import pytest

from app.domain.certification.datasets import COMPLETED, OPEN, SIGNOFF, WAITING
from app.domain.errors import Conflict
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.pulling import runs as pull
from app.views.backend.session import PlaceKind, Session
from app.window import ServiceBackend
from tests.builders import EXPERT, a_run, configure
from tests.services.offline_runs import FIRST, PROMPT, SECOND, sign_off_runs, states

RUN = 390001
BAD = Triplet("BAD", "HV trip", "hv")


def backend_of(db: Database, actor: Actor = EXPERT) -> ServiceBackend:
    return ServiceBackend(db, actor, Session("test", PlaceKind.TEST, actor.email))


def set_dt(db: Database, first: int, last: int, triplet: Triplet = BAD) -> None:
    edit = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(first, last),), triplet)
    lumisections.edit_columns(Acting(db, EXPERT), [edit])


@pytest.fixture
def run(database: Database) -> Database:
    """One open run of 10 LS."""
    configure(database)
    pull.apply(Acting(database), a_run(RUN, 10))
    return database


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
