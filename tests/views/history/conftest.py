"""The window's history on the real services and a real database."""

from collections.abc import Callable

import pytest

from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import bulk as bulk_edit
from app.services.pulling import runs as pull
from app.window import ServiceBackend
from tests.builders import EXPERT, a_run, configure
from tests.views.workplaces import a_workplace

RUN = 390001
LENGTH = 40
BAD = Triplet("BAD", "HV trip", "hv")
GOOD = Triplet("GOOD")

Set = Callable[..., int]


def backend_of(db: Database, actor: Actor = EXPERT) -> ServiceBackend:
    workplace = a_workplace(db, actor)
    return ServiceBackend(workplace.acting, workplace.news)


@pytest.fixture
def run(database: Database) -> Database:
    """One open run of 40 LS on the small configuration."""
    configure(database)
    pull.apply(Acting(database), a_run(RUN, LENGTH))
    return database


@pytest.fixture
def services(run: Database) -> ServiceBackend:
    """The real backend of an expert."""
    return backend_of(run)


@pytest.fixture
def set_dt(run: Database) -> Set:
    """Writes dt-dt of the run in a range; returns the version."""

    def write(first: int, last: int, to: Triplet = BAD, dataset: str = "online") -> int:
        edit = ColumnEdit(RUN, dataset, "dt-dt", (LumiRange(first, last),), to)
        version = bulk_edit.write(Acting(run, EXPERT), [edit]).version
        assert version is not None
        return version

    return write


@pytest.fixture
def set_bit(run: Database) -> Set:
    """Writes a DCS bit of the run in a range; returns the version."""

    def write(bit: str, first: int, last: int, *, value: bool) -> int:
        edit = BitEdit(RUN, "online", bit, (LumiRange(first, last),), value)
        version = bulk_edit.write(
            Acting(run, EXPERT), [edit], comment="seen on the monitor"
        ).version
        assert version is not None
        return version

    return write
