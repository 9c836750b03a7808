"""The log: pages, opened entries, export."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path

from app.domain.configuration.items import RULE
from app.domain.configuration.versions import (
    Difference,
    FieldChange,
    Item,
    rule_change,
    value_words,
)
from app.domain.history.attributes import AttributeChange
from app.domain.history.log import LogPage, LogQuery, Position
from app.domain.json_logic import condition_words
from app.domain.keys import ONLINE, DatasetKey
from app.domain.progress import Cancelled
from app.services.editing.plan import where
from app.services.history import log, log_details, log_export
from app.services.history.log_details import RunChanges
from app.views.backend.history import ChangeLine, Piece
from app.views.backend.log import OpenedEntry, OpenedOther
from app.window.parts import Parts

_ADDED, _REMOVED, _EDITED = "Added", "Taken out", "Edited"
_OVERRULED = "a person's word goes on to hold"


class LogBackend(Parts):
    """Reading the log."""

    def log_page(self, query: LogQuery, position: Position | None, limit: int) -> LogPage:
        return log.page(self._acting, query, position, limit=limit)

    def log_authors(self) -> Sequence[str]:
        return log.known_authors(self._acting)

    def log_version(self, version: int, keys: Sequence[DatasetKey] | None) -> OpenedEntry:
        found = log_details.open_version(self._acting, version, keys)
        lines = [line for part in found.parts for line in _lines(part)]
        return OpenedEntry(version, found.subjects, found.shown, tuple(lines))

    def log_settings(self, settings_id: int) -> OpenedOther:
        lines = [
            line
            for each in log_details.open_settings(self._acting, settings_id)
            for line in _configuration_lines(each)
        ]
        return OpenedOther(
            tuple(lines), "" if lines else "It is the first one, or changed nothing."
        )

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
            written = log_export.export(self._acting, query, file, told=tell)
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


def _configuration_lines(found: Difference) -> Iterator[ChangeLine]:
    for item in found.added:
        yield _item(item, "", "added", _ADDED)
    for item in found.removed:
        yield _item(item, "in force", "taken out", _REMOVED)
    for edited in found.edited:
        for field in edited.fields:
            for before, after in _field_values(field):
                # The title belongs to what is told, also where it is the only one.
                key = f"{edited.after.title}: {'rule' if field.name == RULE else field.name}"
                yield ChangeLine("", Piece(key, (), before, after, oms=True), group=_EDITED)


def _item(item: Item, before: str, after: str, group: str) -> ChangeLine:
    return ChangeLine("", Piece(item.title, (), before, after, oms=True), group=group)


def _field_values(field: FieldChange) -> Iterator[tuple[str, str]]:
    """A value from what to what; of a rule the conditions that went and came."""
    if field.name != RULE:
        yield value_words(field.before), value_words(field.after)
        return
    change = rule_change(field.before, field.after)
    if not (change.lost or change.gained):
        yield "the same conditions", "joined otherwise"
    lost, gained = (map(_condition, each) for each in (change.lost, change.gained))
    yield from zip_longest(lost, gained, fillvalue="")


def _condition(source: str) -> str:
    return condition_words(json.loads(source))


def _attribute(run_number: int, change: AttributeChange) -> ChangeLine:
    return ChangeLine(
        where(run_number, change.dataset or ONLINE),
        Piece(change.name, (), change.before, change.written, oms=True, overruled=change.overruled),
        note=_OVERRULED if change.overruled else "",
    )
