"""Times of the database that no calendar here has: `infinity`, before Christ, after the year 9999.

Others store them, too, and one of them would end every list it is in. They are read as the last
or the first days there are, with room for every time zone.
"""

from datetime import UTC, datetime
from typing import ClassVar, cast

import psycopg
from psycopg.abc import AdaptContext, Buffer, Loader
from psycopg.pq import Format

LAST = datetime(9999, 12, 30, tzinfo=UTC)
FIRST = datetime(1, 1, 2, tzinfo=UTC)


def read_all_times() -> None:
    """Has all connections of this process read every time."""
    oid = psycopg.adapters.types["timestamptz"].oid
    for form in Format.TEXT, Format.BINARY:
        loader = psycopg.adapters.get_loader(oid, form)
        assert loader is not None
        if not issubclass(loader, _AnyTime):
            psycopg.adapters.register_loader(oid, _reading_all(loader, form))


class _AnyTime(psycopg.adapt.Loader):
    """Asks the driver's own loader."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._load = self.own(oid, context).load

    own: ClassVar[type[Loader]]

    def load(self, data: Buffer) -> datetime:
        try:
            return cast("datetime", self._load(data))
        except psycopg.DataError as error:
            return FIRST if "too small" in str(error) else LAST


def _reading_all(loader: type[Loader], form: Format) -> type[_AnyTime]:
    return type(f"Any{loader.__name__}", (_AnyTime,), {"own": loader, "format": form})
