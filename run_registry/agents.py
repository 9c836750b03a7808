"""Programs that propose: what they say, what they said before, and what people made of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from run_registry.errors import no_such

if TYPE_CHECKING:
    from run_registry.source import Source

OPEN, AGREED, WRITTEN = "open", "agreed", "written"
ACCEPTED, EDITED, REJECTED = "accepted", "edited", "rejected"
DECIDED = (ACCEPTED, EDITED, REJECTED)
"""States that people gave."""


class Value(NamedTuple):
    """A status that an agent gives to the lumisections `first` to `last` of a column; people read
    the comment."""

    run_number: int
    dataset: str
    column: str
    first: int
    last: int
    status: str
    comment: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Proposal:
    """What an agent said, and what became of it: `state` is open, accepted, edited, rejected,
    agreed (the cells had that status), superseded (it said something newer) or written."""

    number: int
    agent: str
    agent_version: str
    run_number: int
    dataset: str
    column: str
    ranges: tuple[tuple[int, int], ...]
    status: str
    comment: str
    cause: str
    state: str
    decided_by: str

    def lumisections(self) -> Iterator[int]:
        """Their numbers."""
        return (number for first, last in self.ranges for number in range(first, last + 1))


@dataclass(frozen=True)
class Submitted:
    """What became of values: cells written in the agent's own columns, proposals that wait for
    people, and those that agree with what is there.

    `decided` and `unchanged` count lumisections that were left out, because people have decided on
    them or because the agent has said so before; `withdrawn` counts proposals.
    """

    text: str
    cells: int = 0
    waiting: int = 0
    agreed: int = 0
    decided: int = 0
    unchanged: int = 0
    withdrawn: int = 0


@dataclass(frozen=True)
class Agent:
    """A registered agent; `columns` says of each whether it `writes` it or `proposes` for it."""

    name: str
    version: str
    columns: Mapping[str, str]
    _source: "Source" = field(repr=False, compare=False)

    def proposals(self, *states: str) -> tuple[Proposal, ...]:
        """What it said: with these states, or everything."""
        return tuple(self._source.proposals(self.name, states))

    def check_columns(self, columns: Iterable[str]) -> None:
        """Refuses columns that it is not registered for."""
        for column in columns:
            if column not in self.columns:
                sentence = f"{self.name} {self.version} is not registered for {column}"
                raise no_such(sentence, column, self.columns)

    def propose(
        self,
        values: Iterable[Value],
        *,
        judged: Collection[tuple[int, str, str]] = (),
        dry_run: bool = False,
    ) -> Submitted:
        """Submits what is new of these values, whole or not at all; later ones beat earlier ones.

        People aren't asked again about what they decided on, nor about what waits for them
        already. `judged`: columns of datasets (run, name, column) of which these are all values;
        what waits in another one of them is withdrawn.
        """
        given = [Value(*each) for each in values]
        self.check_columns([each.column for each in given])
        said = _Said(self.proposals())
        new, decided, unchanged = said.what_is_new(given)
        stale = said.stale(given, judged)
        text, cells, waiting, agreed = "", 0, 0, 0
        if new:
            text, cells, waiting, agreed = self._source.propose(self.name, new, dry_run)
        if stale and not dry_run:
            self._source.withdraw(self.name, stale)
        sentences = [text or "Nothing new was proposed."]
        if decided:
            sentences.append(f"{decided} LS were left out: people have decided on them.")
        if stale:
            sentences.append(
                f"{len(stale)} that waited {'would be' if dry_run else 'were'} withdrawn."
            )
        return Submitted(
            " ".join(sentences), cells, waiting, agreed, decided, unchanged, len(stale)
        )


_Where = tuple[int, str, str]
_Cells = dict[int, Value]


class _Said:
    """What an agent said, by dataset and column."""

    def __init__(self, proposals: Iterable[Proposal]) -> None:
        self._decided: dict[_Where, set[int]] = {}
        self._kept: dict[_Where, dict[int, str]] = {}
        self._open: dict[_Where, dict[int, str]] = {}
        self._numbers: dict[_Where, list[int]] = {}
        for each in proposals:
            where = (each.run_number, each.dataset, each.column)
            if each.state in DECIDED:
                self._decided.setdefault(where, set()).update(each.lumisections())
            elif each.state in (AGREED, WRITTEN):
                statuses = dict.fromkeys(each.lumisections(), each.status)
                self._kept.setdefault(where, {}).update(statuses)
            elif each.state == OPEN:
                statuses = dict.fromkeys(each.lumisections(), each.status)
                self._open.setdefault(where, {}).update(statuses)
                self._numbers.setdefault(where, []).append(each.number)

    def what_is_new(self, values: Iterable[Value]) -> tuple[list[Value], int, int]:
        """Values to submit, and the numbers of lumisections decided on and said before.

        What is submitted takes the place of what waits in its column, so it is all of that.
        """
        new: list[Value] = []
        decided = unchanged = 0
        for where, cells in _by_place(values).items():
            of_people = self._decided.get(where, set())
            before = self._kept.get(where, {})
            waiting = self._open.get(where, {})
            rest = {at: value for at, value in cells.items() if at not in of_people}
            decided += len(cells) - len(rest)
            fresh = {at: value for at, value in rest.items() if before.get(at) != value.status}
            unchanged += len(rest) - len(fresh)
            if {at: value.status for at, value in fresh.items()} == waiting:
                unchanged += len(fresh)
            else:
                new += _as_ranges(fresh)
        return new, decided, unchanged

    def stale(self, values: Iterable[Value], judged: Collection[_Where]) -> list[int]:
        """Proposals that wait in these columns, of which nothing is said any more."""
        of_people, asked = self._decided, set(judged)
        spoken = {
            where
            for where, cells in _by_place(values).items()
            if cells.keys() - of_people.get(where, set())
        }
        return [
            number
            for where, numbers in self._numbers.items()
            if where in asked and where not in spoken
            for number in numbers
        ]


def _by_place(values: Iterable[Value]) -> dict[_Where, _Cells]:
    found: dict[_Where, _Cells] = {}
    for each in values:
        cells = found.setdefault((each.run_number, each.dataset, each.column), {})
        cells.update(dict.fromkeys(range(each.first, each.last + 1), each))
    return found


def _as_ranges(cells: _Cells) -> Iterator[Value]:
    """Neighbouring lumisections of one value as one."""
    begun: Value | None = None
    for at in sorted(cells):
        value = cells[at]
        if begun is not None and at == begun.last + 1 and value[5:] == begun[5:]:
            begun = begun._replace(last=at)
            continue
        if begun is not None:
            yield begun
        begun = value._replace(first=at, last=at)
    if begun is not None:
        yield begun
