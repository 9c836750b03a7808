"""A turn of the agent: read what is signed off, learn, judge what is open, propose."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from run_registry.agents import ACCEPTED, DECIDED, Agent, Value
from run_registry.anomaly import NAME, VERSION, reasons
from run_registry.anomaly.evidence import (
    Flags,
    Sight,
    Usual,
    ends_bad,
    live_share,
    mask_of,
    median_share,
    ranges_of,
    seen,
    usual,
)
from run_registry.anomaly.model import History, Model, TooLittle, learn, same_signs
from run_registry.errors import RunRegistryError
from run_registry.lumisections import Lumisections
from run_registry.records import Record
from run_registry.registry import Registry

if TYPE_CHECKING:
    from app.services.acting import Acting

ONLINE = "online"
MOST_RUNS = 200
"""Runs that it learns from unless others are named: the newest."""

_OPEN = "OPEN"
_LEARNED_FROM = ("SIGNOFF", "COMPLETED")

Key = tuple[int, str]
Ranges = Sequence[tuple[int, int]]


class Asked(Protocol):
    """What a turn is asked for; empty texts and no columns mean what is usual.

    `learn_from` and `judge`: filters of runs, or of datasets where `datasets` is a pattern of
    their names. `progress` hears the share that is done.
    """

    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def datasets(self) -> str: ...
    @property
    def learn_from(self) -> str: ...
    @property
    def judge(self) -> str: ...
    @property
    def dry_run(self) -> bool: ...
    @property
    def explain(self) -> bool: ...
    def progress(self, share: float) -> None: ...


@dataclass(frozen=True)
class Found:
    """Lumisections that look BAD, with what speaks for it in each part of them."""

    value: Value
    p: float
    explained: tuple[str, ...]


@dataclass(frozen=True)
class Turn:
    """What a turn came to: models by column, why others have none, and what looks BAD."""

    models: Mapping[str, Model]
    refused: Mapping[str, str]
    found: tuple[Found, ...]
    judged: int
    unsaid: int
    submitted: str = ""
    decided: Mapping[str, int] = field(default_factory=dict)
    explain: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """For machines."""
        return {
            "agent": NAME,
            "agent_version": VERSION,
            "columns": {
                column: {
                    "runs": model.runs,
                    "lumisections": model.lumisections,
                    "threshold": round(model.threshold, 6),
                    "precision": round(model.precision, 6),
                    "recall": round(model.recall, 6),
                    "false_per_1000": round(model.false_per_1000, 6),
                    "weights": {sign: round(weight, 6) for sign, weight in model.weights.items()},
                }
                for column, model in self.models.items()
            },
            "refused": dict(self.refused),
            "judged": self.judged,
            "left_out_of_learning": self.unsaid,
            "found": [
                {**each.value._asdict(), "p": round(each.p, 6), "explained": list(each.explained)}
                for each in self.found
            ],
            "decided": dict(self.decided),
            "text": self.submitted,
        }

    @property
    def text(self) -> str:
        """For people."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for column, model in self.models.items():
            yield (
                f"{column}: learned from {model.runs} runs, {model.lumisections:,} LS. On runs held"
                f" back {model.precision:.0%} of what it called BAD was BAD, it found"
                f" {model.recall:.0%} of BAD, and {model.false_per_1000:.1f} in 1000 LS were false."
            )
        yield from self.refused.values()
        if self.unsaid:
            yield f"It did not learn from {self.unsaid} LS that people accepted from agents."
        for each in self.found:
            run, dataset, column, first, last, _, comment, _ = each.value
            where = f"{run} {dataset} {column} LS {first}-{last}"
            yield f"  {where}, P(BAD) {each.p:.2f}: {comment}"
            if self.explain:
                yield from (f"      {line}" for line in each.explained)
        yield self.submitted
        if self.decided:
            told = ", ".join(f"{self.decided.get(each, 0)} {each}" for each in DECIDED)
            yield f"Its proposals so far: {told}."


def take(acting: "Acting", asked: Asked) -> Turn:
    """A turn on the database that a command has open."""
    from app.domain.errors import Refused, RegistryError
    from run_registry.database import DatabaseSource

    try:
        with Registry(DatabaseSource(None, acting)) as registry:
            return turn(registry, asked)
    except RunRegistryError as error:
        if isinstance(error.__cause__, RegistryError):
            raise error.__cause__ from None
        raise Refused(str(error)) from error


def turn(registry: Registry, asked: Asked) -> Turn:
    """One turn. Raises RunRegistryError when no column can be learned."""
    agent = _agent(registry, asked)
    if agent is not None and not asked.dry_run:
        agent.check_columns(asked.columns)
    columns = tuple(asked.columns) or tuple(agent.columns if agent is not None else ())
    plans = {column: _plan(registry, column, asked) for column in columns}
    trained: set[Key] = {key for learned, _ in plans.values() for key in learned}
    judged: set[Key] = {key for _, open_ in plans.values() for key in open_} - trained
    reading = _Reading(registry, columns, _accepted(registry))
    work = len(trained) + len(judged)
    histories = {column: History(column) for column in columns}
    for number, key in enumerate(sorted(trained)):
        asked.progress(number / work)
        for column, sight, _ in reading.sights(key):
            if key in plans[column][0]:
                histories[column].add(sight)
    models, refused = learned(histories.values())
    found: list[Found] = []
    looked_at: list[tuple[int, str, str]] = []
    for number, key in enumerate(sorted(judged)):
        asked.progress((len(trained) + number) / work)
        for column, sight, before in reading.sights(key):
            if column in models and key in plans[column][1]:
                looked_at.append((*key, column))
                found += judge(sight, models[column], before)
    sentence, decided = _submit(agent, found, looked_at, dry_run=asked.dry_run)
    return Turn(
        models,
        refused,
        tuple(found),
        len(judged),
        reading.unsaid,
        sentence,
        decided,
        asked.explain,
    )


def learned(histories: Collection[History]) -> tuple[dict[str, Model], dict[str, str]]:
    """Models by column, and why columns have none. Raises TooLittle when none has."""
    models: dict[str, Model] = {}
    refused: dict[str, str] = {}
    for history in histories:
        try:
            models[history.column] = learn(history)
        except TooLittle as error:
            refused[history.column] = str(error)
    if not models:
        raise TooLittle(" ".join(refused.values()))
    return models, refused


def judge(sight: Sight, model: Model, before: Usual | None) -> Iterator[Found]:
    """Lumisections of a dataset that look BAD, range by range."""
    likely = np.zeros(sight.known.size)
    parts: list[tuple[Flags, str]] = []
    for signs, at in same_signs(sight):
        judgement = model.judgement(signs)
        if judgement.p >= model.threshold:
            likely[at] = judgement.p
            here: Flags = np.zeros(likely.size, bool)
            here[at] = sight.open[at]
            share = reasons.share_text(sight, before, here)
            parts.append((here, reasons.cells(judgement, f", {share}" if share else "")))
    for first, last in ranges_of((likely > 0) & sight.open):
        p = float(likely[first - 1 : last].min())
        comment, cause = reasons.comment(sight, model, before, first, last, p)
        value = Value(
            sight.run_number, sight.dataset, model.column, first, last, "BAD", comment, cause
        )
        yield Found(value, p, tuple(_explained(parts, first, last)))


def _explained(parts: Sequence[tuple[Flags, str]], first: int, last: int) -> Iterator[str]:
    """A line for all lumisections of a range that have the same signs, in their order."""
    lines = []
    for flags, words in parts:
        inside = flags & mask_of([(first, last)], flags.size)
        if inside.any():
            lines.append((int(inside.argmax()), inside, words))
    for _, inside, words in sorted(lines, key=lambda line: line[0]):
        yield f"LS {', '.join(reasons.ranges_text(inside))}: {words}"


class _Reading:
    """Reads datasets in the order of their runs, and remembers what the next ones need."""

    def __init__(
        self, registry: Registry, columns: Sequence[str], accepted: Mapping[int, "_Accepted"]
    ) -> None:
        self._registry = registry
        self._columns = columns
        self._accepted = accepted
        self._medians: dict[int, float] = {}
        self._ended: dict[str, dict[int, bool]] = {column: {} for column in columns}
        self.unsaid = 0

    def sights(self, key: Key) -> Iterator[tuple[str, Sight, Usual | None]]:
        """Of each column that the dataset has, with what was usual before."""
        run_number, name = key
        lumisections = self._registry.lumisections(run_number, name)
        yield from self._seen(lumisections, self._accepted.get(run_number, {}))

    def _seen(
        self, lumisections: Lumisections, unsaid: "_Accepted"
    ) -> Iterator[tuple[str, Sight, Usual | None]]:
        run_number = lumisections.run_number
        median = median_share(live_share(lumisections))
        earlier = [each for run, each in sorted(self._medians.items()) if run < run_number]
        before = usual(earlier, median)
        self._medians[run_number] = median
        for column in self._columns:
            ended = self._ended[column]
            last = max((run for run in ended if run < run_number), default=None)
            sight = seen(
                lumisections,
                column,
                before,
                ended_bad=last is not None and ended[last],
                unsaid=unsaid,
            )
            if sight is not None:
                ended[run_number] = ends_bad(sight)
                self.unsaid += sum(
                    min(end, lumisections.length) - first + 1
                    for first, end in unsaid.get(column, ())
                )
                yield column, sight, before


_Accepted = Mapping[str, Ranges]


def _accepted(registry: Registry) -> dict[int, dict[str, list[tuple[int, int]]]]:
    """What people accepted from agents as it was, by run and column. Datasets of a run are made
    from its `online`, so that it counts in all of them."""
    found: dict[int, dict[str, list[tuple[int, int]]]] = {}
    for each in registry.proposals(ACCEPTED):
        found.setdefault(each.run_number, {}).setdefault(each.column, []).extend(each.ranges)
    return found


def _agent(registry: Registry, asked: Asked) -> Agent | None:
    """The registered agent; a dry run on named columns does without."""
    try:
        agent = registry.agent(NAME)
    except RunRegistryError:
        if asked.dry_run and asked.columns:
            return None
        raise
    if agent.version != VERSION:
        raise RunRegistryError(
            f"Version {agent.version} of {NAME} is registered, and this is version {VERSION}:"
            f" `agent register {NAME} --agent-version {VERSION} --proposes COLUMN`."
        )
    return agent


def _plan(registry: Registry, column: str, asked: Asked) -> tuple[set[Key], set[Key]]:
    """Datasets to learn a column from, and those to judge."""
    online = asked.datasets in ("", ONLINE)
    state = "state" if online else f"{column.partition('-')[0]}_state"

    def rows(given: str) -> Iterator[Record]:
        beams = "stable_beam = true"
        if online:
            yield from registry.runs(f"({given}) and {beams}" if given else beams)
            return
        named = f"name like '{asked.datasets}' and {beams}"
        yield from registry.datasets(f"({given}) and {named}" if given else named)

    signed_off = [row for row in rows(asked.learn_from) if row.get(state) in _LEARNED_FROM]
    if not asked.learn_from:
        signed_off = signed_off[:MOST_RUNS]
    open_ = [row for row in rows(asked.judge) if asked.judge or row.get(state) == _OPEN]
    return {_key(row, online) for row in signed_off}, {_key(row, online) for row in open_}


def _key(row: Record, online: bool) -> Key:
    return row.run_number, ONLINE if online else row.name


def _submit(
    agent: Agent | None,
    found: Sequence[Found],
    judged: Sequence[tuple[int, str, str]],
    *,
    dry_run: bool,
) -> tuple[str, dict[str, int]]:
    """What became of the proposals, and how people decided on those before."""
    datasets = len({each[:2] for each in judged})
    looked = f"{datasets} open dataset{'' if datasets == 1 else 's'} judged."
    if agent is None:
        return f"{looked} Nothing was written: the agent {NAME} isn't registered.", {}
    mine = [each.value for each in found if each.value.column in agent.columns]
    done = agent.propose(mine, judged=judged, dry_run=dry_run)
    decided = Counter(each.state for each in agent.proposals(*DECIDED))
    written = " Nothing was written." if dry_run else ""
    return f"{looked} {done.text}{written}", dict(decided)
