"""A golden rule over a season: good lumisections, what was lost, and by which conditions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from typing import TypeAlias, TypeVar, cast

import numpy as np

from app.domain.json_logic import Rule, Skeleton
from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.lumisections import LumiRange, Mask
from app.domain.progress import SILENT, Progress
from app.golden.answers import Answer, Level
from app.golden.columns import Codes, Indices
from app.golden.document import Document, NamedDocument
from app.golden.leaves import answer_of, combinations
from app.golden.luminosity import Luminosity, sums_by_group, total
from app.golden.season import Season, Segments
from app.golden.variables import UnknownVariable, unknown_variables

Pairs: TypeAlias = list[list[int]]
"""First and last lumisection of each range."""
Key = TypeVar("Key", int, str)

_WORD = 64
_NOT_LOST = -1


@dataclass(frozen=True)
class Loss:
    """What was lost where exactly these conditions failed.

    `leaves` are indices into `Selection.leaves`. Lumisections and luminosity [pb^-1] of a run
    that another dataset has too count once, and not at all where they are good there.
    """

    leaves: tuple[int, ...]
    lumisections: int
    luminosity: Luminosity


@dataclass(frozen=True, eq=False)
class Selection:
    """The answer of one rule over one season.

    `good` and `loss` are per segment: whether the rule holds, and the index into `losses` where
    it doesn't (-1 where it does). `golden` also holds where another dataset of the run is good.
    `leaves` are the distinct conditions of the rule as JSON text, in its order.
    """

    season: Season
    segments: Segments
    leaves: tuple[str, ...]
    good: Mask
    golden: Mask
    loss: Codes
    losses: tuple[Loss, ...]
    warnings: tuple[UnknownVariable, ...]

    @property
    def total(self) -> Luminosity:
        """Luminosity of all lumisections that take part."""
        return self.season.total

    @cached_property
    def in_json(self) -> Luminosity:
        """Luminosity of the good lumisections."""
        return self._luminosity(self.golden)

    @cached_property
    def lost(self) -> Luminosity:
        """Luminosity of the lumisections that take part and aren't good."""
        return self._luminosity(~self.golden)

    def _luminosity(self, where: Mask) -> Luminosity:
        segments = self.segments
        return Luminosity(total(segments.recorded[where]), total(segments.delivered[where]))

    @cached_property
    def lumisections(self) -> int:
        """Good lumisections; one that several datasets of a run have counts once."""
        return self._count(self.golden)

    @cached_property
    def lumisections_lost(self) -> int:
        """Lumisections that take part and aren't good."""
        return self._count(~self.golden)

    def _count(self, where: Mask) -> int:
        segments = self.segments
        return int((segments.last - segments.first + 1)[where & segments.primary].sum())

    @cached_property
    def document(self) -> Document:
        """The golden JSON; the good lumisections of several datasets of a run are joined."""
        return _document(self._of_runs(good=True))

    @cached_property
    def document_with_names(self) -> NamedDocument:
        """Good lumisections of each dataset, by `{run}-{name}`."""
        return _document(self._named(self._good_by_number))

    @cached_property
    def anti_document(self) -> Document:
        """Lumisections of each run that take part and aren't in the golden JSON."""
        return _document(self._of_runs(good=False))

    @cached_property
    def anti_document_with_names(self) -> NamedDocument:
        """Lumisections of each dataset that take part and aren't good, by `{run}-{name}`."""
        return _document(self._named(self._bad_by_number))

    @property
    def min_run_number(self) -> int | None:
        """First run of the datasets, whether or not it has a good lumisection."""
        return self.season.datasets[0].run_number if self.season.datasets else None

    @property
    def max_run_number(self) -> int | None:
        """Last run of the datasets, whether or not it has a good lumisection."""
        return self.season.datasets[-1].run_number if self.season.datasets else None

    @cached_property
    def luminosity_by_leaf(self) -> dict[str, float]:
        """Recorded luminosity where each condition failed, also where others failed [pb^-1]."""
        parts: dict[int, list[float]] = {}
        for loss in self.losses:
            for leaf in loss.leaves:
                parts.setdefault(leaf, []).append(loss.luminosity.recorded)
        return {self.leaves[leaf]: total(np.array(parts[leaf])) for leaf in sorted(parts)}

    @cached_property
    def luminosity_by_combination(self) -> dict[str, float]:
        """Recorded luminosity by the list of all failed conditions, as JSON text [pb^-1]."""
        return {self.text_of(loss): loss.luminosity.recorded for loss in self.losses}

    @cached_property
    def lumisections_by_combination(self) -> dict[str, NamedDocument]:
        """Lumisections of each dataset by the list of all failed conditions, as JSON text."""
        return {text: _document(each.items()) for text, each in self._by_combination().items()}

    def text_of(self, loss: Loss) -> str:
        """The failed conditions as the JSON text of a list, which is how they are stored."""
        return f"[{','.join(self.leaves[leaf] for leaf in loss.leaves)}]"

    def as_row(self) -> JsonObject:
        """The columns of a stored golden JSON that follow from the selection; to be read only."""
        return {
            "generated_json": _json(self._of_runs(good=True)),
            "generated_json_with_dataset_names": _json(self._named(self._good_by_number)),
            "generated_anti_json": _json(self._of_runs(good=False)),
            "generated_anti_json_with_dataset_names": _json(self._named(self._bad_by_number)),
            "min_run_number": self.min_run_number,
            "max_run_number": self.max_run_number,
            "total_delivered_luminosity": self.total.delivered,
            "total_recorded_luminosity": self.total.recorded,
            "recorded_luminosity_in_json": self.in_json.recorded,
            "delivered_luminosity_in_json": self.in_json.delivered,
            "total_recorded_luminosity_lost": self.lost.recorded,
            "total_delivered_luminosity_lost": self.lost.delivered,
            "rules_flagged_false_quantity_luminosity": {**self.luminosity_by_leaf},
            "rules_flagged_false_combination_luminosity": {**self.luminosity_by_combination},
            "runs_lumisections_responsible_for_rule": {
                text: _json(each.items()) for text, each in self._by_combination().items()
            },
        }

    @cached_property
    def _names(self) -> list[str]:
        return [f"{dataset.run_number}-{dataset.name}" for dataset in self.season.datasets]

    @cached_property
    def _good_by_number(self) -> list[tuple[int, Pairs]]:
        return self._by_number(self.good)

    @cached_property
    def _bad_by_number(self) -> list[tuple[int, Pairs]]:
        return self._by_number(~self.good)

    def _by_number(self, where: Mask) -> list[tuple[int, Pairs]]:
        """Ranges by the index of the dataset."""
        segments = self.segments
        chosen = np.flatnonzero(where)
        dataset = segments.dataset[chosen]
        at, first, last = _joined(dataset, segments.first[chosen], segments.last[chosen])
        return list(_grouped(dataset[at], first, last))

    def _named(self, ranges: list[tuple[int, Pairs]]) -> Iterator[tuple[str, Pairs]]:
        return ((self._names[number], pairs) for number, pairs in ranges)

    def _of_runs(self, *, good: bool) -> Iterator[tuple[int, Pairs]]:
        """Ranges by run, each lumisection once, good where it is in any dataset."""
        if not self.season.has_shared_runs:
            ranges = self._good_by_number if good else self._bad_by_number
            runs = self.season.run_numbers.tolist()
            return ((runs[number], pairs) for number, pairs in ranges)
        segments = self.segments
        chosen = np.flatnonzero((self.golden == good) & segments.primary)
        run = self.season.run_numbers[segments.dataset[chosen]]
        # Lumisections that only a later dataset of a run has stand behind those of the first.
        order = np.lexsort((segments.first[chosen], run))
        chosen, run = chosen[order], run[order]
        at, first, last = _joined(run, segments.first[chosen], segments.last[chosen])
        return _grouped(run[at], first, last)

    def _by_combination(self) -> dict[str, dict[str, Pairs]]:
        segments, names = self.segments, self._names
        lost = np.flatnonzero(self.loss != _NOT_LOST)
        key = self.loss[lost].astype(np.int64) * len(names) + segments.dataset[lost]
        at, first, last = _joined(key, segments.first[lost], segments.last[lost])
        key = key[at]
        order = np.argsort(key, kind="stable")
        lists_by_loss: list[dict[str, Pairs]] = [{} for _ in self.losses]
        for each, pairs in _grouped(key[order], first[order], last[order]):
            loss, dataset = divmod(each, len(names))
            lists_by_loss[loss][names[dataset]] = pairs
        return {
            self.text_of(loss): each for loss, each in zip(self.losses, lists_by_loss, strict=True)
        }


def select(season: Season, rule: Rule, progress: Progress = SILENT) -> Selection:
    """Computes the rule over the season; Cancelled when `progress` says so.

    Other rules over the same season are quicker for what they have in common. Every leaf is
    computed, also one that `and` or `or` would have left out: EvaluationError where it can't be.
    """
    leaves, texts = _distinct_leaves(rule)
    answers: list[Answer] = []
    for number, leaf in enumerate(leaves.values()):
        progress.at(0.8 * number / len(leaves))
        answers.append(answer_of(season, leaf, progress))
    progress.at(0.8)
    segments = season.refined([each.holds for each in answers if each.level == Level.LUMISECTION])
    index = {text: number for number, text in enumerate(leaves)}
    judged, row_of = _judged(season, segments, rule, [index[text] for text in texts], answers)
    good = judged.holds[row_of]
    progress.at(0.85)
    golden = season.in_any_dataset(segments, good)
    progress.at(0.9)
    loss, losses = _losses(segments, good, golden, judged.failed[row_of], judged.sets)
    warnings = unknown_variables(season, rule)
    progress.at(1.0)
    return Selection(season, segments, tuple(leaves), good, golden, loss, losses, warnings)


@dataclass(frozen=True, eq=False)
class _Judged:
    """Where a rule holds, row by row, and where it doesn't: which of the sets of leaves failed."""

    holds: Mask
    failed: Indices
    sets: tuple[tuple[int, ...], ...]


def _judged(
    season: Season,
    segments: Segments,
    rule: Rule,
    leaf_of: Sequence[int],
    answers: Sequence[Answer],
) -> tuple[_Judged, Indices | slice]:
    """What the rule says, and the row of each segment: those of the coarsest cut are fewer, where
    nothing differs within them."""
    if any(answer.level == Level.LUMISECTION for answer in answers):
        rows = {
            Level.DATASET: segments.dataset,
            Level.SEGMENT: segments.origin,
            Level.LUMISECTION: segments.starts,
        }
        row_of: Indices | slice = slice(None)
        holds = [answer.holds[rows[answer.level]] for answer in answers]
    else:
        holds = [
            answer.holds[season.coarse_dataset] if answer.level == Level.DATASET else answer.holds
            for answer in answers
        ]
        row_of = segments.origin
    tree = _tree(rule.skeleton, leaf_of, holds)
    failed: dict[int, Mask] = {}
    tree.fail(~tree.holds, failed)
    return _Judged(tree.holds, *_sets(np.flatnonzero(~tree.holds), failed, tree.holds.size)), row_of


def _sets(
    lost: Indices, failed: Mapping[int, Mask], size: int
) -> tuple[Indices, tuple[tuple[int, ...], ...]]:
    """The number of the set of leaves that failed in each of `size` rows, of those that are lost,
    and these sets."""
    numbers: Indices = np.zeros(size, np.intp)
    if not lost.size:
        return numbers, ()
    leaves = sorted(failed)
    numbers[lost], examples = _distinct_sets([failed[leaf][lost] for leaf in leaves])
    names = np.array(leaves, np.intp)
    table = np.stack([failed[leaf][lost[examples]] for leaf in leaves], axis=1)
    return numbers, tuple(tuple(names[row].tolist()) for row in table)


@dataclass(frozen=True, eq=False)
class _Node:
    """A part of the rule with where it holds: a leaf, or what `and` or `or` joins."""

    holds: Mask
    leaf: int | None
    children: tuple["_Node", ...] = ()

    def fail(self, reached: Mask, failed: dict[int, Mask]) -> None:
        """Adds where leaves fail, walking down what is false where `reached` is true."""
        here = reached & ~self.holds
        if not here.any():
            return
        if self.leaf is not None:
            known = failed.get(self.leaf)
            failed[self.leaf] = here if known is None else known | here
        else:
            for child in self.children:
                child.fail(here, failed)


def _distinct_leaves(rule: Rule) -> tuple[dict[str, Rule], list[str]]:
    """Leaves by JSON text, each once, and the text of every leaf of the rule."""
    texts = [js_stringify(leaf.source) for leaf in rule.leaves]
    return dict(zip(texts, rule.leaves, strict=True)), texts


def _tree(skeleton: Skeleton, leaf_of: Sequence[int], holds: Sequence[Mask]) -> _Node:
    if isinstance(skeleton, int):
        leaf = leaf_of[skeleton]
        return _Node(holds[leaf], leaf)
    joint, parts = skeleton
    children = tuple(_tree(part, leaf_of, holds) for part in parts)
    join = np.logical_and if joint == "and" else np.logical_or
    holds_here = children[0].holds.copy()
    for child in children[1:]:
        join(holds_here, child.holds, out=holds_here)
    return _Node(holds_here, None, children)


def _losses(
    segments: Segments,
    good: Mask,
    golden: Mask,
    failed: Indices,
    sets: Sequence[tuple[int, ...]],
) -> tuple[Codes, tuple[Loss, ...]]:
    """Segments that aren't good by the set of leaves that failed, given the number of each; the
    greatest loss first."""
    loss = np.full(segments.size, _NOT_LOST, np.int32)
    lost = np.flatnonzero(~good)
    if not lost.size:
        return loss, ()
    number = failed[lost]
    values = np.zeros((3, lost.size))
    values[0] = segments.recorded[lost]
    values[1] = segments.delivered[lost]
    values[2] = segments.last[lost] - segments.first[lost] + 1.0
    values[:, golden[lost] | ~segments.primary[lost]] = 0.0
    recorded, delivered, lengths = sums_by_group(values, number, len(sets)).tolist()
    losses = [
        Loss(leaves, int(length), Luminosity(*sums))
        for leaves, length, *sums in zip(sets, lengths, recorded, delivered, strict=True)
    ]
    order = sorted(
        range(len(losses)), key=lambda at: (-losses[at].luminosity.recorded, losses[at].leaves)
    )
    rank = np.empty(len(losses), np.int32)
    rank[order] = np.arange(len(losses))
    loss[lost] = rank[number]
    return loss, tuple(losses[at] for at in order)


def _distinct_sets(masks: Sequence[Mask]) -> tuple[Indices, Indices]:
    """The masks seen as one set per place: the set's number at each place, and a place of each."""
    coded: list[tuple[Indices, int]] = []
    for begin in range(0, len(masks), _WORD):
        word = np.zeros(masks[0].size, np.uint64)
        for bit, mask in enumerate(masks[begin : begin + _WORD]):
            word |= mask * np.uint64(1 << bit)
        distinct, numbers = np.unique(word, return_inverse=True)
        coded.append((numbers, distinct.size))
    return combinations(coded)


def _joined(key: Codes, first: Codes, last: Codes) -> tuple[Indices, Codes, Codes]:
    """Ranges in order, those of one key joined where they touch: index of the first part,
    first and last lumisection of each."""
    new = np.ones(first.size, np.bool_)
    new[1:] = (first[1:] != last[:-1] + 1) | (key[1:] != key[:-1])
    at = np.flatnonzero(new)
    return at, first[at], last[np.append(at[1:], first.size)[: at.size] - 1]


def _grouped(key: Codes, first: Codes, last: Codes) -> Iterator[tuple[int, Pairs]]:
    """The ranges of each key; equal keys stand together."""
    begins = np.flatnonzero(np.diff(key, prepend=key[:1] - 1))
    ends = np.append(begins[1:], key.size)[: begins.size]
    pairs: Pairs = np.stack([first, last], axis=1).tolist()
    for each, begin, end in zip(key[begins].tolist(), begins.tolist(), ends.tolist(), strict=True):
        yield each, pairs[begin:end]


def _document(items: Iterable[tuple[Key, Pairs]]) -> dict[Key, tuple[LumiRange, ...]]:
    return {key: tuple(starmap(LumiRange, pairs)) for key, pairs in items}


def _json(items: Iterable[tuple[Key, Pairs]]) -> JsonObject:
    return {str(key): cast("JsonValue", pairs) for key, pairs in items}
