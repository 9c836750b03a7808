"""A door in front of thirty runs, with the datasets of six of them open."""

import pytest

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.services.acting import Acting
from app.services.editing import lumisections
from tests.builders import EXPERT
from tests.conftest import prepared
from tests.door.serving import serving
from tests.services.offline_runs import PROMPT
from tests.views import many_runs


@pytest.fixture(scope="module")
def registry(server):
    """The database; dt is BAD in LS 2-4 of the newest PromptReco dataset."""
    with (
        server.copy(server.template(many_runs.TEMPLATE, many_runs.fill)) as dsn,
        prepared(dsn) as database,
    ):
        many_runs.open_datasets(database)
        key = (many_runs.SIGNED_OFF[0], PROMPT)
        bad = lumisections.ColumnEdit(*key, "dt-dt", (LumiRange(2, 4),), Triplet("BAD", "hv trip"))
        lumisections.edit_columns(Acting(database, EXPERT), [bad])
        yield database


@pytest.fixture(scope="module")
def door(registry):
    with serving(Acting(registry)) as served:
        yield served
