"""The lumisections of a dataset: statuses of its columns, DCS bits, luminosity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from run_registry.errors import no_such, table_package

if TYPE_CHECKING:
    import pandas

EMPTY = "EMPTY"
STATUSES = ("GOOD", "BAD", "STANDBY", "EXCLUDED", "NOTSET", EMPTY, "NO VALUE FOUND")
"""What a column may be."""


class Statuses(NamedTuple):
    """Statuses of a column: `codes` (one per lumisection, index 0 is LS 1) index `categories`."""

    codes: NDArray[np.int16]
    categories: tuple[str, ...]

    def are(self, *names: str) -> NDArray[np.bool_]:
        """Per lumisection, whether the status is one of these. RunRegistryError for a status
        that there isn't."""
        for name in names:
            if name not in STATUSES and name not in self.categories:
                raise no_such(f"There is no status {name!r}", str(name), STATUSES)
        wanted = [at for at, name in enumerate(self.categories) if name in names]
        return np.isin(self.codes, wanted)


class LumisectionRange(NamedTuple):
    """Neighbouring lumisections that say the same; both ends are included."""

    first: int
    last: int
    status: str
    cause: str
    comment: str


@dataclass(frozen=True, eq=False)
class LumisectionLuminosity:
    """Luminosity per lumisection [pb^-1]; index 0 is LS 1, NaN where OMS has none."""

    recorded: NDArray[np.float64]
    delivered: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lumisections:
    """The lumisections 1 to `length` of a dataset.

    `triplets`: status, cause and comment; `column_codes[column]`, one per lumisection, index
    them. `bit_codes[bit]`: 1, 0, or -1 where OMS says nothing. `participating`: lumisections
    that count for golden JSON, which have flags and OMS of their own.
    """

    run_number: int
    name: str
    length: int
    triplets: Sequence[tuple[str, str, str]]
    column_codes: Mapping[str, NDArray[np.int32]]
    bit_codes: Mapping[str, NDArray[np.int8]]
    luminosity: LumisectionLuminosity
    participating: NDArray[np.bool_]

    def __repr__(self) -> str:
        return f"<{self.length} Lumisections of run {self.run_number}, {self.name}>"

    def __len__(self) -> int:
        return self.length

    @property
    def _where(self) -> str:
        return f"Run {self.run_number}, {self.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that have a status anywhere."""
        return tuple(self.column_codes)

    @property
    def bits(self) -> tuple[str, ...]:
        """DCS bits that OMS tells of."""
        return tuple(self.bit_codes)

    def status(self, column: str) -> Statuses:
        """Statuses of a column; where nobody set one it is EMPTY."""
        categories, code_of = self._categories
        return Statuses(code_of[self._codes(column)], categories)

    def bit(self, name: str) -> NDArray[np.bool_]:
        """Per lumisection, whether a DCS bit is on; where OMS says nothing it is not."""
        if name not in self.bit_codes:
            raise no_such(f"{self._where} has no DCS bit {name}", str(name), self.bits)
        on: NDArray[np.bool_] = self.bit_codes[name] == 1
        return on

    def ranges(self, column: str) -> list[LumisectionRange]:
        """Neighbouring lumisections with one status, cause and comment."""
        codes = self._codes(column)
        starts = np.flatnonzero(np.diff(codes, prepend=np.int32(-2)))
        ends = np.append(starts[1:], self.length)
        return [
            LumisectionRange(first + 1, last, *self.triplets[codes[first]])
            for first, last in zip(starts.tolist(), ends.tolist(), strict=True)
        ]

    def to_pandas(self) -> "pandas.DataFrame":
        """A row per lumisection, `lumisection` as index: statuses as categories, DCS bits as
        booleans that may be missing, `recorded` and `delivered` [pb^-1]."""
        pandas = table_package("pandas")
        found: dict[str, object] = {}
        for column in self.columns:
            codes, categories = self.status(column)
            found[column] = pandas.Categorical.from_codes(codes, list(categories))
        for bit, on in self.bit_codes.items():
            found[bit] = pandas.arrays.BooleanArray(on == 1, on < 0)
        found["recorded"] = self.luminosity.recorded
        found["delivered"] = self.luminosity.delivered
        index = pandas.RangeIndex(1, self.length + 1, name="lumisection")
        return pandas.DataFrame(found, index=index)

    @cached_property
    def _categories(self) -> tuple[tuple[str, ...], NDArray[np.int16]]:
        """The statuses, and which of them each triplet has."""
        categories = tuple(dict.fromkeys([EMPTY, *(status for status, _, _ in self.triplets)]))
        code_of = {name: at for at, name in enumerate(categories)}
        return categories, np.array([code_of[each[0]] for each in self.triplets], np.int16)

    def _codes(self, column: str) -> NDArray[np.int32]:
        if column not in self.column_codes:
            raise no_such(f"{self._where} has no column {column}", str(column), self.columns)
        return self.column_codes[column]
