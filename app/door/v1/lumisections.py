"""Lumisections of a dataset or of a season: as stretches, and as a table of one row each."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import BadInput
from app.domain.state.compact import CompactState, compact
from app.domain.text.names import not_found
from app.domain.triplets import EMPTY
from app.door.asking import Asked
from app.door.v1.answered import DatasetLumisections, LuminosityArrays, LumisectionsAnswer
from app.door.v1.answering import Answered, adapter
from app.door.v1.asked import OfDataset, OfSeason, version_of
from app.door.v1.problems import BadParameter
from app.door.v1.tables import Categories, Column, Flags, Table
from app.golden.list_luminosity import numbers_of
from app.golden.luminosity import DELIVERED, RECORDED
from app.services.editing.lumisections import dataset_state
from app.services.golden import generation

_KEYS = ("run_number", "name", "lumisection")
_LUMINOSITIES = (RECORDED, DELIVERED)
_UNKNOWN = -1


def of_dataset(asked: Asked, taken: OfDataset) -> Answered:
    """The lumisections of one dataset."""
    at = version_of(asked.reading, taken.as_of)
    state = compact(dataset_state(asked.reading, taken.run_number, taken.name, as_of=at))
    return _answered([state], taken.columns, at)


def of_season(asked: Asked, taken: OfSeason) -> Answered:
    """The lumisections of all datasets whose names match, of one moment."""
    at = version_of(asked.reading, taken.as_of)
    try:
        read, _ = generation.season_of(asked.reading, taken.datasets, as_of=at)
    except BadInput as error:
        raise BadParameter("datasets", str(error)) from error
    states = sorted(read.states.values(), key=lambda each: (each.run_number, each.name))
    return _answered(states, taken.columns, at)


def _answered(states: Sequence[CompactState], columns: str, at: int | None) -> Answered:
    wanted = [each.strip() for each in columns.split(",") if each.strip()]
    answer = LumisectionsAnswer([_stretches(state) for state in states], at)
    return Answered(answer, lambda: _table(states, wanted, answer))


def _stretches(state: CompactState) -> DatasetLumisections:
    triplets = [("EMPTY", "", "")] + [
        (each.status, each.cause, each.comment) for each in state.triplets if each is not None
    ]
    firsts = (state.starts + 1).tolist()
    lasts = (state.starts + state.lengths).tolist()

    def stretches(codes: Sequence[Any], nothing: object) -> list[tuple[int, int, Any]]:
        """Neighbouring segments of one value as one stretch; those of `nothing` are left out."""
        found: list[tuple[int, int, Any]] = []
        for code, places in groupby(range(len(codes)), codes.__getitem__):
            if code is not nothing and code != nothing:
                taken = [*places]
                found.append((firsts[taken[0]], lasts[taken[-1]], code))
        return found

    bits = {
        bit: [(first, last, code == 1) for first, last, code in stretches(codes, _UNKNOWN)]
        for bit, codes in _bits(state)
    }
    return DatasetLumisections(
        state.run_number,
        state.name,
        state.length,
        triplets,
        {
            column: stretches(codes.tolist(), 0)
            for column, codes in zip(state.columns, state.rr_codes, strict=True)
        },
        {bit: found for bit, found in bits.items() if found},
        [(first, last) for first, last, _ in stretches(state.participating.tolist(), False)],
        LuminosityArrays(*(_or_none(numbers_of(state, each)) for each in _LUMINOSITIES)),
    )


def _bits(state: CompactState) -> Iterable[tuple[str, list[int]]]:
    """The attributes of OMS that are on, off or unknown, a code for each segment."""
    meaning = np.array(
        [1 if each is True else 0 if each is False else _UNKNOWN for each in state.oms_values]
        or [_UNKNOWN],
        np.int8,
    )
    for bit, codes in zip(state.bits, state.oms_codes, strict=True):
        spoken = meaning[codes]
        if (spoken != _UNKNOWN).any():
            yield bit, spoken.tolist()


def _or_none(numbers: NDArray[np.float64]) -> list[float | None]:
    return [each if each == each else None for each in numbers.tolist()]  # noqa: PLR0124


def _table(
    states: Sequence[CompactState], wanted: Sequence[str], answer: LumisectionsAnswer
) -> Table:
    """A row per lumisection; a column's status is EMPTY where nobody set one."""
    lengths = [state.length for state in states]
    names = sorted({state.name for state in states})
    numbers = [names.index(state.name) for state in states]
    columns: dict[str, Column] = {
        "run_number": np.repeat(np.array([each.run_number for each in states], np.int64), lengths),
        "name": Categories(np.repeat(np.array(numbers, np.int32), lengths), names),
        "lumisection": _together([np.arange(1, each + 1, dtype=np.int64) for each in lengths]),
    }
    bits = [dict(_bits(state)) for state in states]
    of_columns = list(dict.fromkeys(each for state in states for each in state.columns))
    of_bits = list(dict.fromkeys(bit for each in bits for bit in each))
    known = [*of_columns, *of_bits, *_LUMINOSITIES]
    for each in wanted:
        if each not in known:
            sentence = f"There is no column or DCS bit {each[:80]} in these lumisections"
            raise BadParameter("columns", str(not_found(sentence, each, known)))
    for column in wanted or known:
        if column in of_columns:
            columns[column] = _statuses(states, column)
        elif column in of_bits:
            columns[column] = Flags(
                _together(
                    [
                        state.per_lumisection(
                            np.array(own.get(column, [_UNKNOWN] * state.starts.size), np.int8)
                        )
                        for state, own in zip(states, bits, strict=True)
                    ]
                )
            )
        else:
            columns[column] = _together([numbers_of(state, column) for state in states])
    whole = adapter(LumisectionsAnswer)
    # All that a table doesn't say (causes, comments, datasets without lumisections).
    described = whole.dump_json(answer, exclude={"datasets": {"__all__": {"luminosity"}}})
    return Table(sum(lengths), columns, described)


def _statuses(states: Sequence[CompactState], column: str) -> Categories:
    known = {EMPTY: 0}
    parts = []
    for state in states:
        if column not in state.columns:
            parts.append(np.zeros(state.length, np.int32))
            continue
        named = ["EMPTY" if each is None else each.status for each in state.triplets]
        codes = np.array([known.setdefault(each, len(known)) for each in named], np.int32)
        row = state.rr_codes[state.columns.index(column)]
        parts.append(state.per_lumisection(codes[row]))
    return Categories(_together(parts), list(known))


def _together(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
