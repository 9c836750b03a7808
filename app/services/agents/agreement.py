"""How far an agent agrees with people over a range of runs, by column and by dataset."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import numpy as np

from app.domain.agents.agreement import (
    KNOWN,
    Confusion,
    Statuses,
    confusion,
    disagreeing,
    place_of,
    together,
)
from app.domain.agents.proposals import Proposal, ProposalState
from app.domain.errors import BadInput
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange, mask_of_ranges, ranges_of_mask
from app.domain.progress import SILENT, Progress
from app.domain.state.compact import CompactState
from app.domain.triplets import triplet_from_json
from app.models import agents as model
from app.models.events import states
from app.models.events.states import StoredEvent
from app.models.history import writes as history
from app.services.acting import Acting
from app.services.agents.registry import check_record, statuses_of_column

_BLOCK = 100

_Accepted: TypeAlias = dict[tuple[int, DatasetKey, str], list[LumiRange]]
"""Lumisections of a column that a version set by accepting proposals as they were."""


class Against(Enum):
    """What an agent is compared with: values set by hand, or all present values."""

    PEOPLE = "people"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Lumisections with one pair of statuses of the agent and of people; "" means no value."""

    agent: str
    people: str
    ranges: tuple[LumiRange, ...]


@dataclass(frozen=True)
class OnDataset:
    """One column of one dataset: the statuses of the agent and of people, and where they differ.

    `agent` and `people` are numbers of lumisections by status; `verdicts` cover every lumisection
    that either of them set.
    """

    run_number: int
    dataset: str
    column: str
    judged_by: str
    confusion: Confusion
    agent: Mapping[str, int]
    people: Mapping[str, int]
    differing: tuple[LumiRange, ...]
    verdicts: tuple[Verdicts, ...]


@dataclass(frozen=True)
class Agreement:
    """The comparison over a range of runs: by column, and by dataset with the worst first."""

    agent: str
    against: Against
    first_run: int
    last_run: int
    columns: Mapping[str, Confusion]
    datasets: tuple[OnDataset, ...]


def agreement(
    acting: Acting,
    agent: str,
    first_run: int,
    last_run: int,
    *,
    against: Against = Against.PEOPLE,
    progress: Progress = SILENT,
) -> Agreement:
    """Compares the latest values of an agent with those of people, lumisection by lumisection.

    What a person accepted as it was proposed is not that person's own value: by accepting, an
    agent would come to agree with itself. A correction is.
    """
    if first_run > last_run:
        raise BadInput(f"The first run {first_run} is greater than the last run {last_run}.")
    check_record(acting)
    with acting.db.read() as connection:
        known = model.agents(connection, agent)
        judged = {
            column.column: column.judged_by
            for version in reversed(known)
            for column in version.columns
        }
        proposals = [
            each
            for each in model.proposals(connection, agent=agent, runs=(first_run, last_run))
            if each.state is not ProposalState.SUPERSEDED
        ]
        accepted = _accepted_ranges(
            model.proposals(
                connection, runs=(first_run, last_run), states=(ProposalState.ACCEPTED,)
            )
        )
        by_key: dict[DatasetKey, list[Proposal]] = {}
        for proposal in proposals:
            by_key.setdefault(proposal.key, []).append(proposal)
        keys = sorted(by_key, reverse=True)
        compared: list[OnDataset] = []
        for start in range(0, len(keys), _BLOCK):
            progress.at(start / len(keys))
            here = keys[start : start + _BLOCK]
            compacts, _ = states.load_compact(connection, here, desk=acting.db.desk)
            own = None
            if against is Against.PEOPLE:
                events = states.grouped(states.rr_events(connection, here, only_manual=True))
                numbers = [each.version for written in events.values() for each in written]
                own = _OwnValues(events, history.versions_of_events(connection, numbers), accepted)
            for key in here:
                compared += _compared(key, by_key[key], compacts[key][0], judged, own)
        progress.at(1.0)
    columns = {
        column: together(dataset.confusion for dataset in compared if dataset.column == column)
        for column in sorted({dataset.column for dataset in compared})
    }
    compared.sort(key=lambda dataset: dataset.confusion.agreeing - dataset.confusion.compared)
    return Agreement(agent, against, first_run, last_run, columns, tuple(compared))


@dataclass(frozen=True)
class _OwnValues:
    """What people set of their own accord: `versions` by event, and what was accepted."""

    events: Mapping[DatasetKey, Sequence[StoredEvent]]
    versions: Mapping[int, int]
    accepted: _Accepted

    def statuses(self, dataset: DatasetKey, column: str, length: int) -> Statuses:
        """The newest value of a column in each lumisection; 0 where nobody set one."""
        statuses = np.zeros(length, np.int16)
        for event in sorted(self.events.get(dataset, ()), key=lambda event: event.version):
            if column in event.values:
                key = (self.versions[event.version], dataset, column)
                own = mask_of_ranges(event.ranges, length)
                own &= ~mask_of_ranges(self.accepted.get(key, ()), length)
                statuses[own] = place_of(triplet_from_json(event.values[column]).status)
        return statuses


def _compared(
    key: DatasetKey,
    proposals: Sequence[Proposal],
    state: CompactState,
    judged: Mapping[str, str],
    own: _OwnValues | None,
) -> Iterator[OnDataset]:
    """The proposals on a dataset, each column compared with the one that judges it: with what
    people set of their own accord, or with what is there now."""
    for column, statuses in latest_statuses(proposals, state.length).items():
        judged_by = judged.get(column, column)
        people = (
            statuses_of_column(state, judged_by)
            if own is None
            else own.statuses(key, judged_by, state.length)
        )
        yield _on_dataset(key, column, judged_by, statuses, people)


def latest_statuses(proposals: Sequence[Proposal], length: int) -> dict[str, Statuses]:
    """The latest statuses of an agent for a dataset, by column; rejected proposals count too."""
    by_column: dict[str, Statuses] = {}
    for proposal in sorted(proposals, key=lambda proposal: proposal.id):
        statuses = by_column.setdefault(proposal.column, np.zeros(length, np.int16))
        for first, last in proposal.ranges:
            statuses[first - 1 : last] = place_of(proposal.triplet.status)
    return by_column


def _on_dataset(
    key: DatasetKey, column: str, judged_by: str, agent: Statuses, people: Statuses
) -> OnDataset:
    return OnDataset(
        *key,
        column,
        judged_by,
        confusion(agent, people),
        _counts(agent),
        _counts(people),
        ranges_of_mask(disagreeing(agent, people)),
        tuple(_verdicts(agent, people)),
    )


def _verdicts(agent: Statuses, people: Statuses) -> Iterator[Verdicts]:
    pairs = agent.astype(np.int64) * len(KNOWN) + people
    for pair in np.unique(pairs[pairs > 0]).tolist():
        by_agent, by_people = divmod(pair, len(KNOWN))
        yield Verdicts(KNOWN[by_agent] or "", KNOWN[by_people] or "", ranges_of_mask(pairs == pair))


def _counts(places: Statuses) -> dict[str, int]:
    numbers = np.bincount(places, minlength=len(KNOWN))
    return {
        status: int(number)
        for status, number in zip(KNOWN, numbers.tolist(), strict=True)
        if status is not None and number
    }


def _accepted_ranges(proposals: Sequence[Proposal]) -> _Accepted:
    accepted: _Accepted = {}
    for each in proposals:
        if each.version is not None:
            accepted.setdefault((each.version, each.key, each.column), []).extend(each.ranges)
    return accepted
