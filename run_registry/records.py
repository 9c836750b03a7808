"""Rows of runs and datasets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from run_registry.errors import table_package

if TYPE_CHECKING:
    import pandas


class Record(Mapping[str, Any]):
    """A run or a dataset: its attributes by name, `run_number` and `name` as attributes of Python.

    Attributes of OMS, of the registry and of the dataset stand side by side; where two of them
    have one name, the dataset's wins over the registry's and that over OMS.

    As it is now, a dataset says what a second person `verified`: by workspace who did, with
    `global` for all of it. `frozen_in` is the frozen cycle that holds it, None where none does.
    """

    __slots__ = ("_attributes", "frozen_in", "name", "run_number", "verified")

    def __init__(
        self,
        run_number: int,
        name: str,
        attributes: Mapping[str, Any],
        verified: Mapping[str, str] | None = None,
        frozen_in: str | None = None,
    ) -> None:
        self.run_number = run_number
        self.name = name
        self.verified = dict(verified or {})
        self.frozen_in = frozen_in
        self._attributes = dict(attributes)

    def __repr__(self) -> str:
        return f"<Record of run {self.run_number}, {self.name}>"

    def __getitem__(self, key: str) -> Any:
        return self._attributes[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)


class Records(Sequence[Record]):
    """Runs or datasets, in order."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = tuple(records)

    def __repr__(self) -> str:
        return f"<{len(self)} Records>"

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> "Records": ...
    def __getitem__(self, at: int | slice) -> "Record | Records":
        if isinstance(at, slice):
            return Records(self._records[at])
        return self._records[at]

    def to_pandas(self) -> "pandas.DataFrame":
        """A row for each record: `run_number`, `name`, then a column for each attribute."""
        return table_package("pandas").DataFrame(
            [{**each, "run_number": each.run_number, "name": each.name} for each in self._records],
            columns=list(
                dict.fromkeys(
                    ["run_number", "name", *(key for each in self._records for key in each)]
                )
            ),
        )
