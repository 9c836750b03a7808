"""The log: pages, opened entries, export."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.domain.attribute_history import AttributeChange
from app.domain.log import LogPage, LogQuery, Position
from app.golden.progress import Cancelled
from app.services import log, log_details, log_export
from app.services.edit_plan import where
from app.services.log_details import RunChanges
from app.views.backend.history import ChangeLine, Piece
from app.views.backend.log import Key, OpenedEntry
from app.views.backend.tables import ONLINE
from app.window.parts import Parts

_OVERRULED = "a person's word goes on to hold"


class LogBackend(Parts):
    """Reading the log."""

    def log_page(self, query: LogQuery, position: Position | None, limit: int) -> LogPage:
        return log.page(self._db, query, position, limit=limit)

    def log_authors(self) -> Sequence[str]:
        return log.known_authors(self._db)

    def log_version(self, version: int, keys: Sequence[Key] | None) -> OpenedEntry:
        found = log_details.open_version(self._db, version, keys)
        lines = [line for part in found.parts for line in _lines(part)]
        return OpenedEntry(version, found.subjects, found.shown, tuple(lines))

    def export_log(
        self,
        query: LogQuery,
        file: Path,
        told: Callable[[str], None],
        is_cancelled: Callable[[], bool],
    ) -> str | None:
        def tell(number: int, at: datetime | None) -> None:
            if is_cancelled():
                raise Cancelled
            back = "" if at is None else f", back to {at.astimezone(UTC):%Y-%m-%d %H:%M}"
            told(f"{number} entries{back}")

        try:
            written = log_export.export(self._db, query, file, told=tell)
        except Cancelled:
            return None
        number = written.entries
        return f"Wrote {number} {'entry' if number == 1 else 'entries'} to {written.file}."


def _lines(part: RunChanges) -> Iterator[ChangeLine]:
    for change in part.attributes:
        yield _attribute(part.run_number, change)
    for dataset in part.datasets:
        place = where(part.run_number, dataset.dataset)
        for column in dataset.columns:
            yield ChangeLine(
                place,
                Piece(
                    column.key,
                    column.ranges,
                    column.before,
                    column.written,
                    kinds=column.kinds,
                    overruled=column.overruled,
                ),
                note=_OVERRULED if column.overruled else "",
            )
        for bit in dataset.bits:
            yield ChangeLine(
                place,
                Piece(bit.key, bit.ranges, bit.before, bit.written, oms=True, kinds=bit.kinds),
            )


def _attribute(run_number: int, change: AttributeChange) -> ChangeLine:
    return ChangeLine(
        where(run_number, change.dataset or ONLINE),
        Piece(change.name, (), change.before, change.written, oms=True, overruled=change.overruled),
        note=_OVERRULED if change.overruled else "",
    )
