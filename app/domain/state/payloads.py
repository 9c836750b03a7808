"""The objects of many events, column by column: what each of them sets each key to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from app.domain.state.compact import Numbers
from app.domain.state.grid import MISSING, Codes, Value, ValueList

Indices = NDArray[np.intp]

IN_NUMBERS = -1
"""Code of a number that stands in the numbers alone: it is too seldom the same to be listed."""


@dataclass(frozen=True, eq=False)
class PayloadGroup(Generic[Value]):
    """So many objects that have `values` in common and differ in numbers, one per object."""

    values: Mapping[str, Value]
    size: int = 1
    numbers: Mapping[str, Numbers] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """What each of the objects sets."""
        return (*self.values, *self.numbers)


@dataclass(frozen=True, eq=False)
class KeyColumn:
    """What objects set one key to: a code of the value list each, and the number it is, NaN where
    it is none. The first element stands for no object at all: it is missing."""

    codes: Codes
    numbers: Numbers | None


class PayloadTable(Generic[Value]):
    """The objects of groups, one after the other; sorted by their shapes, which are their keys.

    `values` may grow.
    """

    def __init__(self, groups: Sequence[PayloadGroup[Value]]) -> None:
        self.values: ValueList[Value] = ValueList()
        self._members: dict[tuple[str, ...], list[PayloadGroup[Value]]] = {}
        shape_of_group, shape_numbers = [], dict[tuple[str, ...], int]()
        for group in groups:
            shape_of_group.append(shape_numbers.setdefault(group.keys, len(shape_numbers)))
            self._members.setdefault(group.keys, []).append(group)
        self.shapes = tuple(self._members)
        sizes = np.array([group.size for group in groups], np.intp)
        self.shape_of: Indices = np.repeat(np.array(shape_of_group, np.intp), sizes)
        self._sizes = np.bincount(self.shape_of, minlength=len(self.shapes))
        by_shape = np.argsort(self.shape_of, kind="stable")
        self._place: Indices = np.zeros(by_shape.size, np.intp)
        starts = np.cumsum(self._sizes) - self._sizes
        self._place[by_shape] = np.arange(by_shape.size) - np.repeat(starts, self._sizes)
        self._columns = {
            (shape, key): self._column(key, members)
            for shape, (keys, members) in enumerate(self._members.items())
            for key in keys
        }

    def _column(self, key: str, members: Sequence[PayloadGroup[Value]]) -> KeyColumn:
        if all(key in each.values for each in members):
            given = [each.values[key] for each in members]
            sizes = [each.size for each in members]
            codes = np.array(self.values.codes(given), np.int32)
            numbers = np.array([as_number(value) for value in given], np.float64)
            return KeyColumn(
                np.repeat(codes, sizes),
                None if np.isnan(numbers).all() else np.repeat(numbers, sizes),
            )
        columns = [
            KeyColumn(np.full(each.size, IN_NUMBERS, np.int32), each.numbers[key])
            if key in each.numbers
            else self._column(key, [each])
            for each in members
        ]
        return _joined(columns)

    def classes(self) -> Iterator[tuple[tuple[int, ...], tuple[str, ...]]]:
        """Keys that are set by just the same shapes, with those shapes."""
        setting: dict[str, list[int]] = {}
        for shape, keys in enumerate(self.shapes):
            for key in keys:
                setting.setdefault(key, []).append(shape)
        classes: dict[tuple[int, ...], list[str]] = {}
        for key, shapes in setting.items():
            classes.setdefault(tuple(shapes), []).append(key)
        for of_class, keys_of_class in classes.items():
            yield of_class, tuple(keys_of_class)

    def places(self, shapes: Sequence[int]) -> Indices:
        """Where each object stands in `column` of these shapes, 0 for objects of others."""
        offset = np.zeros(len(self.shapes), np.intp)
        sizes = self._sizes[list(shapes)]
        offset[list(shapes)] = 1 + np.cumsum(sizes) - sizes
        there = offset[self.shape_of]
        return np.where(there > 0, there + self._place, 0)

    def column(self, shapes: Sequence[int], key: str) -> KeyColumn:
        """What the objects of these shapes set a key to, all of which set it."""
        nothing = KeyColumn(np.array([MISSING], np.int32), None)
        return _joined([nothing, *(self._columns[shape, key] for shape in shapes)])


def _joined(columns: Sequence[KeyColumn]) -> KeyColumn:
    codes = np.concatenate([column.codes for column in columns])
    if all(column.numbers is None for column in columns):
        return KeyColumn(codes, None)
    return KeyColumn(
        codes,
        np.concatenate(
            [
                np.full(column.codes.size, np.nan) if column.numbers is None else column.numbers
                for column in columns
            ]
        ),
    )


def as_number(value: object) -> float:
    """The number that a value is, NaN when it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return np.nan
