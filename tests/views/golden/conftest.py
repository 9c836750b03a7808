"""The workbench on a database: a real backend over a signed-off run with known faults."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QSettings

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing.lumisections import BitEdit, ColumnEdit, edit_bits, edit_columns
from app.services.golden import generation as golden
from app.views.background import Background
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.theme import Themes
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT, SECOND, open_all, sign_off_runs
from tests.views.workplaces import a_context, a_workplace

DT, BPIX = "lumisection.rr.dt-dt", "lumisection.oms.bpix_ready"
RULE = {"and": [{"==": [{"var": DT}, "GOOD"]}, {"==": [{"var": BPIX}, True]}]}


def set_dt(db: Database, first: int, last: int, status: str, run: int = FIRST) -> None:
    """Sets dt-dt of the prompt dataset by hand."""
    edit = ColumnEdit(run, PROMPT, "dt-dt", (LumiRange(first, last),), Triplet(status, "seen"))
    edit_columns(Acting(db, EXPERT), [edit], comment=f"dt is {status}")


@pytest.fixture
def season(database: Database) -> Database:
    """Two runs of 10 LS; dt is BAD in LS 3-4 of the first, a bit off in 4-5."""
    sign_off_runs(database, FIRST, SECOND)
    open_all(database, FIRST, SECOND)
    set_dt(database, 3, 4, "BAD")
    bit = BitEdit(FIRST, PROMPT, "bpix_ready", (LumiRange(4, 5),), False)
    edit_bits(Acting(database, EXPERT), [bit], comment="off in the logbook")
    return database


@pytest.fixture
def generate(season: Database) -> Callable[[], int]:
    """Makes and stores the list of the rule as things are now."""
    return lambda: golden.generate(Acting(season, EXPERT), PROMPT, RULE).id


@pytest.fixture
def context(
    season: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> PlaceContext:
    """What panels are made with, on the database."""
    return a_context(a_workplace(season), background, notices, themes, remembered)
