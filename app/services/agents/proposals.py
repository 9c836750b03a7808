"""Proposals of agents, and the decisions of people: accepted, edited, rejected."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from msgspec import Struct

from app.domain.agents import proposals as rules
from app.domain.agents.proposals import Proposal, ProposalState
from app.domain.counting import counted
from app.domain.editing.edit_words import edited_text
from app.domain.editing.edits import ColumnEdit
from app.domain.errors import BadInput
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange, mask_of_ranges, ranges_of_mask
from app.domain.progress import SILENT, Progress
from app.domain.state.grid import DatasetState
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.models import agents as model
from app.models.agents import Waiting
from app.models.events.action import begin
from app.models.events.states import load
from app.services.acting import Acting
from app.services.configuration import in_force as configurations
from app.services.editing import bulk
from app.services.editing.plan import Checks, plan

__all__ = [
    "Decided",
    "Standing",
    "Waiting",
    "accept",
    "effect",
    "proposals",
    "reject",
    "standing",
    "waiting",
]


class Decided(Struct, frozen=True):
    """The outcome of a decision, with a sentence for the person.

    `version` is None when nothing had to be written.
    """

    version: int | None
    proposals: int
    text: str


def proposals(
    acting: Acting,
    *,
    run_number: int | None = None,
    dataset: str = ONLINE,
    agent: str | None = None,
    states: Collection[ProposalState] | None = (ProposalState.OPEN,),
    limit: int | None = 10_000,
) -> tuple[Proposal, ...]:
    """Proposals, the newest first: of one dataset or all, of one agent or all. Without a limit
    they come in the order in which they were made."""
    if not acting.db.record:
        return ()
    key = None if run_number is None else (run_number, dataset)
    with acting.db.read() as connection:
        return tuple(model.proposals(connection, key=key, agent=agent, states=states, limit=limit))


def waiting(acting: Acting, *, agent: str | None = None) -> tuple[Waiting, ...]:
    """Open proposals by dataset and agent, the newest runs first."""
    if not acting.db.record:
        return ()
    with acting.db.read() as connection:
        return tuple(model.waiting(connection, agent=agent))


class Standing(Struct, frozen=True):
    """What stands in the lumisections of proposals on one dataset of `length` lumisections.

    `values`: by id of the proposal the present values of its column, with their ranges.
    """

    length: int
    values: Mapping[int, tuple[tuple[tuple[LumiRange, ...], Triplet], ...]]


def standing(acting: Acting, proposals: Sequence[Proposal]) -> Standing:
    """The values beside which proposals on one dataset are judged."""
    if not proposals:
        return Standing(1, {})
    key = proposals[0].key
    with acting.db.read() as connection:
        state = load(connection, [key], desk=acting.db.desk)[key].state
    return Standing(state.length, {each.id: _values(state, each) for each in proposals})


def _values(
    state: DatasetState, proposal: Proposal
) -> tuple[tuple[tuple[LumiRange, ...], Triplet], ...]:
    row = state.rr.row_of.get(proposal.column)
    inside = mask_of_ranges(proposal.ranges, state.length)
    codes = np.zeros(state.length, np.int64)
    if row is not None:
        stored = state.rr.codes[row][: state.length]
        codes[: stored.size] = stored
    return tuple(
        (
            ranges_of_mask(inside & (codes == code)),
            (state.rr.values[code] if row is not None else None) or EMPTY_TRIPLET,
        )
        for code in np.unique(codes[inside]).tolist()
    )


def effect(
    acting: Acting, proposals: Sequence[Proposal], progress: Progress = SILENT
) -> bulk.Preview:
    """What accepting proposals as they are would change, and what that does to the golden list."""
    edits = [_edit(each) for each in proposals]
    return bulk.preview(acting, edits, rule=bulk.golden_rule(acting), progress=progress)


def accept(
    acting: Acting,
    ids: Collection[int],
    *,
    comment: str = "",
    instead: Mapping[int, ColumnEdit] | None = None,
) -> Decided:
    """Writes proposals as edits of the person, as one version that names person and agents.

    `instead` holds edits that replace single proposals which were wrong in part. The person needs
    the rights for the edits. Raises Conflict when somebody has decided on one meanwhile.
    """
    _check_ids(ids)
    changed = instead or {}
    configuration = configurations.current(acting)
    with acting.db.read() as connection:
        runs = {proposal.run_number for proposal in model.proposals(connection, ids=ids)}
    with begin(acting.db, runs, reason=comment or acting.reason) as action:
        chosen = model.open_ones(action.connection, ids)
        edits = [changed.get(proposal.id) or _edit(proposal) for proposal in chosen]
        for proposal, edit in zip(chosen, edits, strict=True):
            if (edit.run_number, edit.dataset, edit.column) != (*proposal.key, proposal.column):
                raise BadInput("A correction of a proposal must be in its own column and dataset.")
        made = plan(action, configuration, acting.actor, edits)
        if made.refused:
            first = made.refused[0].refused
            assert first is not None
            raise first
        appended = made.appended()
        version = None
        if appended:
            by = {f"{proposal.agent} {proposal.agent_version}" for proposal in chosen}
            version = action.append(
                acting.actor.email, rules.accepted_comment(by, comment), appended
            )
        for state, of in (
            (ProposalState.EDITED, [proposal.id for proposal in chosen if proposal.id in changed]),
            (
                ProposalState.ACCEPTED,
                [proposal.id for proposal in chosen if proposal.id not in changed],
            ),
        ):
            if of:
                model.decide(
                    action.connection,
                    of,
                    state,
                    acting.actor.email,
                    version=version,
                    reason=comment,
                )
        model.announce(action.connection)
    cells = sum(line.cells for line in made.lines)
    what = edited_text(edits, cells) if version is not None else "every cell had that value."
    return Decided(version, len(chosen), f"Accepted {counted(len(chosen), 'proposal')}: {what}")


def reject(acting: Acting, ids: Collection[int], *, reason: str = "") -> Decided:
    """Rejects proposals. The person needs the right to edit their columns."""
    _check_ids(ids)
    configuration = configurations.current(acting)
    with acting.db.transaction() as connection:
        chosen = model.open_ones(connection, ids)
        checks = Checks(configuration, acting.actor, {}, {})
        for proposal in chosen:
            checks.allowed(_edit(proposal))
        model.decide(connection, ids, ProposalState.REJECTED, acting.actor.email, reason=reason)
        model.announce(connection)
    return Decided(None, len(chosen), f"Rejected {counted(len(chosen), 'proposal')}.")


def _edit(proposal: Proposal) -> ColumnEdit:
    return ColumnEdit(*proposal.key, proposal.column, proposal.ranges, proposal.triplet)


def _check_ids(ids: Collection[int]) -> None:
    if not ids:
        raise BadInput("Select at least one proposal.")
