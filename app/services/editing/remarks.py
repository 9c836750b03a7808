"""What the editor of one dataset needs before an edit: what may be edited, and recent remarks."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from app.domain.editing.edits import BitEdit, ColumnEdit, Edit
from app.domain.sources.oms import DCS_BITS, KEPT_LUMISECTION_ATTRIBUTES
from app.domain.triplets import GOOD, Triplet, triplet_from_json
from app.models.events import rows
from app.models.events.action import Action
from app.models.history import writes as history
from app.services.acting import Acting
from app.services.configuration import in_force as configurations
from app.services.editing.plan import Checks

MOST_REMARKS = 50


class Remarks(Struct, frozen=True):
    """Comments and causes that a person wrote recently, the newest first."""

    comments: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()


def refusals(
    acting: Acting, run_number: int, dataset: str, keys: Collection[str]
) -> Mapping[str, str]:
    """Which of these columns and OMS attributes the person can't edit there now, and why."""
    configuration = configurations.columns_and_rights(acting)
    with acting.db.read() as connection:
        checks = Checks(
            configuration,
            acting.actor,
            rows.run_states(connection, {run_number}),
            rows.datasets_of_runs(connection, {run_number}),
            protected=Action(connection, acting.db.desk, acting.db.record).protected({run_number}),
        )
    reasons: dict[str, str] = {}
    for key in keys:
        edit: Edit
        if key in DCS_BITS:
            edit = BitEdit(run_number, dataset, key, (), value=True)
        elif key in KEPT_LUMISECTION_ATTRIBUTES:
            reasons[key] = f"{key} comes from OMS: it is not a DCS bit that can be set."
            continue
        else:
            edit = ColumnEdit(run_number, dataset, key, (), Triplet(GOOD))
        refused = checks.refusal(edit)
        if refused is not None:
            reasons[key] = str(refused)
    return reasons


def remarks(acting: Acting) -> Remarks:
    """What the person wrote recently, in any dataset."""
    comments: dict[str, None] = {}
    causes: dict[str, None] = {}
    with acting.db.read() as connection:
        recent = history.recent_triplets(connection, acting.actor.email, 4 * MOST_REMARKS)
    for payload in recent:
        for value in payload.values():
            triplet = triplet_from_json(value)
            if triplet.comment:
                comments[triplet.comment] = None
            if triplet.cause:
                causes[triplet.cause] = None
    return Remarks(tuple(comments)[:MOST_REMARKS], tuple(causes)[:MOST_REMARKS])
