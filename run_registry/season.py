"""The lumisections of many datasets as one table."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from run_registry.errors import table_package
from run_registry.lumisections import EMPTY, Lumisections

if TYPE_CHECKING:
    import pandas
    import pyarrow


class Season(Sequence[Lumisections]):
    """Datasets in order of run and name."""

    def __init__(self, datasets: Iterable[Lumisections]) -> None:
        self._datasets = sorted(datasets, key=lambda each: (each.run_number, each.name))

    def __repr__(self) -> str:
        lumisections = sum(each.length for each in self._datasets)
        return f"<Season of {len(self)} datasets, {lumisections} lumisections>"

    def __len__(self) -> int:
        return len(self._datasets)

    def __getitem__(self, at: Any) -> Any:
        return self._datasets[at]

    def __iter__(self) -> Iterator[Lumisections]:
        return iter(self._datasets)

    def to_pandas(self) -> "pandas.DataFrame":
        """A row per lumisection: `run_number`, `name` and `lumisection`, a category per column
        (EMPTY where nobody set a status), a boolean per DCS bit that may be missing, `recorded`
        and `delivered` [pb^-1]."""
        pandas = table_package("pandas")

        def categories(codes: NDArray[Any], names: Sequence[str]) -> object:
            return pandas.Categorical.from_codes(codes, list(names))

        def booleans(codes: NDArray[np.int8]) -> object:
            return pandas.arrays.BooleanArray(codes == 1, codes < 0)

        return pandas.DataFrame(dict(self._columns(categories, booleans)))

    def to_arrow(self) -> "pyarrow.Table":
        """The same as an Arrow table; categories are dictionaries."""
        pyarrow = table_package("pyarrow")

        def categories(codes: NDArray[Any], names: Sequence[str]) -> object:
            return pyarrow.DictionaryArray.from_arrays(codes.astype(np.int32), list(names))

        def booleans(codes: NDArray[np.int8]) -> object:
            return pyarrow.array(codes == 1, mask=codes < 0)

        return pyarrow.table(dict(self._columns(categories, booleans)))

    def _columns(
        self,
        categories: Callable[[NDArray[Any], Sequence[str]], object],
        booleans: Callable[[NDArray[np.int8]], object],
    ) -> Iterator[tuple[str, object]]:
        lengths = [each.length for each in self]
        yield (
            "run_number",
            np.repeat(np.array([each.run_number for each in self], np.int64), lengths),
        )
        names = sorted({each.name for each in self})
        at = {name: number for number, name in enumerate(names)}
        numbers = np.array([at[each.name] for each in self], np.int32)
        yield "name", categories(np.repeat(numbers, lengths), names)
        yield "lumisection", _together(np.arange(1, length + 1) for length in lengths)
        for column in dict.fromkeys(column for each in self for column in each.columns):
            yield column, categories(*self._statuses(column))
        for bit in dict.fromkeys(bit for each in self for bit in each.bits):
            yield (
                bit,
                booleans(
                    _together(
                        each.bit_codes.get(bit, np.full(each.length, -1, np.int8)) for each in self
                    )
                ),
            )
        yield "recorded", _together(each.luminosity.recorded for each in self)
        yield "delivered", _together(each.luminosity.delivered for each in self)

    def _statuses(self, column: str) -> tuple[NDArray[np.int16], list[str]]:
        """Codes of a column over all datasets, and the statuses that they mean."""
        known = {EMPTY: 0}
        parts = []
        for each in self:
            if column not in each.column_codes:
                parts.append(np.zeros(each.length, np.int16))
                continue
            codes, names = each.status(column)
            shared = [known.setdefault(name, len(known)) for name in names]
            parts.append(np.array(shared, np.int16)[codes])
        return _together(parts), list(known)


def _together(parts: Iterable[NDArray[Any]]) -> NDArray[Any]:
    gathered = list(parts)
    return np.concatenate(gathered) if gathered else np.zeros(0)
