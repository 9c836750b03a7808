"""Variables of many datasets as arrays of codes into one list of values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.json_value import JsonValue
from app.domain.state.compact import CompactState, Numbers, SegmentCodes
from app.domain.state.grid import ValueList
from app.domain.triplets import EMPTY

Indices = NDArray[np.intp]
Codes = NDArray[np.integer]

ABSENT = 0
"""Code of a variable that doesn't exist, which is not the same as null."""


@dataclass(frozen=True, eq=False)
class Column:
    """A variable: `values[code]`, code 0 is absent."""

    codes: Codes
    values: Sequence[JsonValue]

    def present(self) -> list[int]:
        """The codes that occur, ascending."""
        return np.flatnonzero(np.bincount(self.codes, minlength=len(self.values))).tolist()

    def spread(self, rows: Indices) -> "Column":
        """The column with the codes of these rows."""
        return Column(self.codes[rows], self.values)


@dataclass(frozen=True, eq=False)
class DenseColumn:
    """A variable with many different numbers.

    Where a number is NaN the variable is absent, or `odd_codes`, at the same place as in
    `odd_positions`, index `values`.
    """

    numbers: Numbers
    odd_positions: Indices
    odd_codes: Codes
    values: Sequence[JsonValue]

    def as_column(self) -> Column:
        """The same with a code for each distinct number."""
        is_number = ~np.isnan(self.numbers)
        distinct, inverse = np.unique(self.numbers[is_number], return_inverse=True)
        codes = np.zeros(self.numbers.size, np.int64)
        codes[is_number] = inverse + 1
        codes[self.odd_positions] = distinct.size + self.odd_codes
        return Column(codes, [None, *distinct.tolist(), *self.values[1:]])


def column_of(values: Iterable[tuple[bool, JsonValue]]) -> Column:
    """Column of values, each with whether it is there at all."""
    known: ValueList[JsonValue] = ValueList()
    codes = [known.code(value) if there else ABSENT for there, value in values]
    return Column(np.array(codes, np.int64), known.values)


@dataclass(frozen=True, eq=False)
class _Block:
    """Codes of the states that have the same keys; `segments` are those of all states."""

    row_of: Mapping[str, int]
    codes: SegmentCodes
    segments: Indices | slice


class Table:
    """Codes of many states, each with a value list of its own, as codes of one value list.

    Kept as the states have them, and translated key by key on demand: a rule names few keys.
    """

    def __init__(
        self,
        keys: Sequence[tuple[str, ...]],
        codes: Sequence[SegmentCodes],
        translations: Sequence[Sequence[int]],
        values: Sequence[JsonValue],
    ) -> None:
        self.values = values
        self.keys = frozenset(key for shape in set(keys) for key in shape)
        sizes = np.array([each.shape[1] for each in codes], np.intp)
        self._size = int(sizes.sum())
        self._translation = np.array(
            [code for translation in translations for code in translation],
            np.min_scalar_type(len(values)),
        )
        offsets = np.cumsum([0, *map(len, translations)])[:-1]
        self._offset = np.repeat(offsets, sizes)
        members: dict[tuple[str, ...], list[int]] = {}
        for number, shape in enumerate(keys):
            members.setdefault(shape, []).append(number)
        block_of = np.zeros(len(keys), np.intp)
        for block, numbers in enumerate(members.values()):
            block_of[numbers] = block
        block_of_segment = np.repeat(block_of, sizes)
        self._blocks = [
            _Block(
                {key: row for row, key in enumerate(shape)},
                np.concatenate([codes[number] for number in numbers], axis=1),
                slice(None) if len(members) == 1 else np.flatnonzero(block_of_segment == block),
            )
            for block, (shape, numbers) in enumerate(members.items())
        ]

    def column(self, key: str) -> Column:
        """One key in every segment of every state, ABSENT where a state doesn't know it."""
        codes = np.zeros(self._size, self._translation.dtype)
        for block in self._blocks:
            row = block.row_of.get(key)
            if row is not None:
                local = self._offset[block.segments] + block.codes[row]
                codes[block.segments] = self._translation[local]
        return Column(codes, self.values)


def status_table(states: Sequence[CompactState]) -> Table:
    """Status of each column; EMPTY in segments without one, ABSENT where the dataset has none."""
    code_of = {EMPTY: 1}
    values: list[JsonValue] = [None, EMPTY]
    translations: list[list[int]] = []
    for state in states:
        translation = [1]
        for triplet in state.triplets[1:]:
            status = EMPTY if triplet is None else triplet.status
            code = code_of.get(status)
            if code is None:
                code = code_of[status] = len(values)
                values.append(status)
            translation.append(code)
        translations.append(translation)
    return Table(
        [state.columns for state in states],
        [state.rr_codes for state in states],
        translations,
        values,
    )


def attribute_table(states: Sequence[CompactState]) -> Table:
    """OMS attributes of lumisections, those left out that are kept as numbers."""
    known: ValueList[JsonValue] = ValueList()
    translations = [
        [ABSENT, *(known.code(value) for value in state.oms_values[1:])] for state in states
    ]
    return Table(
        [state.bits for state in states],
        [state.oms_codes for state in states],
        translations,
        known.values,
    )
