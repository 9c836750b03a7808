"""The connection that everything is read through."""

from types import TracebackType
from typing import Self

from run_registry.errors import NotConnected
from run_registry.lumi_list import LumiList, Luminosity
from run_registry.lumisections import Lumisections
from run_registry.records import Records
from run_registry.season import Season
from run_registry.source import Rule, Source


def connect(dsn: str | None = None, *, as_of: int | None = None) -> "Registry":
    """A registry to read from: a context manager.

    `dsn` is the address of a database (`postgresql://...`); without one it is the database that
    the program's settings name, else its own. With `as_of` everything is as it was at that
    `atomic_version`. Raises RunRegistryError.
    """
    from run_registry.database import DatabaseSource

    return Registry(DatabaseSource(dsn), as_of)


class Registry:
    """Reads runs, datasets, lumisections and golden lists; writes nothing.

    Filters are those of the window: `run > 380000 and oms.energy >= 6000 and dt-dt.BAD > 0`.
    `datasets` is a pattern of names as golden JSONs take it (SQL `SIMILAR TO`).
    """

    def __init__(self, source: Source, as_of: int | None = None) -> None:
        self._source: Source | None = source
        self._as_of = as_of

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the connection up; nothing can be read any more."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def runs(self, filter: str = "") -> Records:  # noqa: A002
        """Runs, the newest first."""
        return Records(list(self._open.runs(filter, self._as_of)))

    def datasets(self, filter: str = "") -> Records:  # noqa: A002
        """Datasets with the attributes of their run, the newest first."""
        return Records(list(self._open.datasets(filter, self._as_of)))

    def lumisections(self, run_number: int, name: str = "online") -> Lumisections:
        """The lumisections of a dataset."""
        return self._open.lumisections(run_number, name, self._as_of)

    def season(self, datasets: str) -> Season:
        """The lumisections of all datasets whose names match, of one moment."""
        return Season(self._open.season(datasets, self._as_of))

    def golden(self, rule: Rule, datasets: str) -> LumiList:
        """The lumisections that a rule (JSON logic) selects; nothing is stored."""
        return LumiList(self._open.golden(rule, datasets, self._as_of), self.luminosity)

    def luminosity(self, lumi_list: LumiList) -> Luminosity:
        """Luminosity of any list [pb^-1], from what OMS said of its runs."""
        return self._open.luminosity(lumi_list.ranges)

    @property
    def _open(self) -> Source:
        if self._source is None:
            raise NotConnected("This registry is closed.")
        return self._source
