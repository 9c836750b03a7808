"""How far an agent agrees with people over a range of runs, by column and by dataset."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

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
from app.domain.agents.proposals import Proposal
from app.domain.errors import BadInput
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange, ranges_of_mask
from app.domain.progress import SILENT, Progress
from app.domain.state.grid import Grid
from app.domain.triplets import Triplet
from app.models import agents as model
from app.models.events import states
from app.services.acting import Acting
from app.services.agents.registry import statuses_of_column

_BLOCK = 100


class Against(Enum):
    """What an agent is compared with: what people set by hand, or all that holds now."""

    PEOPLE = "people"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Lumisections in which the agent said one thing and people another or the same; "" is no
    word."""

    agent: str
    people: str
    ranges: tuple[LumiRange, ...]


@dataclass(frozen=True)
class OnDataset:
    """One column of one dataset: what the agent and what people said, and where they differ.

    `agent` and `people` are numbers of lumisections by status; `verdicts` cover every lumisection
    on which either spoke.
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
    """Over a range of runs: by column, and dataset by dataset with the most differing first."""

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
    """Compares what an agent said last with what people said, lumisection by lumisection.

    Words of the agent that people accepted are people's words, too.
    """
    if first_run > last_run:
        raise BadInput(f"The first run {first_run} is greater than the last run {last_run}.")
    with acting.db.read() as connection:
        known = model.agents(connection, agent)
        judged = {
            speaks.column: speaks.judged_by for each in reversed(known) for speaks in each.columns
        }
        said = model.proposals(connection, agent=agent, runs=(first_run, last_run))
        by_key: dict[DatasetKey, list[Proposal]] = {}
        for each in said:
            by_key.setdefault(each.key, []).append(each)
        keys = sorted(by_key, reverse=True)
        found: list[OnDataset] = []
        for start in range(0, len(keys), _BLOCK):
            progress.at(start / len(keys))
            here = keys[start : start + _BLOCK]
            compacts, _ = states.load_compact(connection, here, desk=acting.db.desk)
            by_hand = (
                states.grouped(states.rr_events(connection, here, only_manual=True))
                if against is Against.PEOPLE
                else {}
            )
            for key in here:
                state = compacts[key][0]
                hand = states.fold_rr(by_hand.get(key, ()))
                for column, word in words_on(by_key[key], state.length).items():
                    judged_by = judged.get(column, column)
                    people = (
                        _statuses(hand, judged_by, state.length)
                        if against is Against.PEOPLE
                        else statuses_of_column(state, judged_by)
                    )
                    found.append(_on_dataset(key, column, judged_by, word, people))
        progress.at(1.0)
    columns = {
        column: together(each.confusion for each in found if each.column == column)
        for column in sorted({each.column for each in found})
    }
    found.sort(key=lambda each: each.confusion.agreeing - each.confusion.compared)
    return Agreement(agent, against, first_run, last_run, columns, tuple(found))


def words_on(said: Sequence[Proposal], length: int) -> dict[str, Statuses]:
    """What an agent says last about a dataset, by column; what it was progress to be wrong about,
    too."""
    found: dict[str, Statuses] = {}
    for each in sorted(said, key=lambda each: each.id):
        word = found.setdefault(each.column, np.zeros(length, np.int16))
        for first, last in each.ranges:
            word[first - 1 : last] = place_of(each.triplet.status)
    return found


def _on_dataset(
    key: DatasetKey, column: str, judged_by: str, word: Statuses, people: Statuses
) -> OnDataset:
    return OnDataset(
        *key,
        column,
        judged_by,
        confusion(word, people),
        _counts(word),
        _counts(people),
        ranges_of_mask(disagreeing(word, people)),
        tuple(_verdicts(word, people)),
    )


def _verdicts(word: Statuses, people: Statuses) -> Iterator[Verdicts]:
    joint = word.astype(np.int64) * len(KNOWN) + people
    for kind in np.unique(joint[joint > 0]).tolist():
        said, meant = divmod(kind, len(KNOWN))
        yield Verdicts(KNOWN[said] or "", KNOWN[meant] or "", ranges_of_mask(joint == kind))


def _counts(places: Statuses) -> dict[str, int]:
    numbers = np.bincount(places, minlength=len(KNOWN))
    return {
        status: int(number)
        for status, number in zip(KNOWN, numbers.tolist(), strict=True)
        if status is not None and number
    }


def _statuses(grid: Grid[Triplet], column: str, length: int) -> Statuses:
    found = np.zeros(length, np.int16)
    row = grid.row_of.get(column)
    if row is not None:
        places = np.array(
            [0 if value is None else place_of(value.status) for value in grid.values], np.int16
        )
        codes = grid.codes[row, :length]
        found[: codes.size] = places[codes]
    return found
