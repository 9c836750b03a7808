"""A small season that reports have something to say of."""

from datetime import date

from app.services.acting import Acting
from app.services.certification import cycles
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT, SECOND, open_all, sign_off_runs

TEMPLATE = "certified_in_may"


def fill(db):
    """Two signed-off runs with open offline datasets, in a cycle."""
    sign_off_runs(db, FIRST, SECOND)
    open_all(db, FIRST, SECOND)
    keys = [(FIRST, PROMPT), (SECOND, PROMPT)]
    cycles.create(Acting(db, EXPERT), "May", date(2025, 6, 1), ["dt", "csc"], keys)
