"""What the log tells beside versions: configuration, golden JSONs, cycles, notes, marks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from app.domain.certification.notes import NoteKind
from app.domain.certification.second_eyes import Mark, MarkEntry
from app.domain.configuration.in_force import Kind as Configured
from app.domain.errors import NotFound
from app.domain.history.log import Kind, LogEntry, LogQuery, Source, Subject, who_is
from app.domain.lumisections import format_ranges, ranges_in
from app.models.configuration.lists import VERSIONED
from app.models.events import event_positions
from app.models.schemas import indexes
from app.models.statements import text

_NAMES = {
    Configured.CLASS: "class classifiers",
    Configured.COMPONENT: "component classifiers",
    Configured.DATASET: "dataset classifiers",
    Configured.OFFLINE_DATASET: "offline dataset classifiers",
    Configured.JSON_RULE: "golden JSON rules",
    Configured.DATASETS_ACCEPTED: "datasets accepted",
    Configured.PERMISSION: "permissions",
}
_BLOCK = 200
_LATE_LISTS = 500
"""Lists are numbered when they are stored, and carry the time their action began."""


def read(
    connection: Connection,
    source: Source,
    query: LogQuery,
    before: int | None,
    limit: int,
    floor: datetime | None = None,
) -> tuple[tuple[LogEntry, ...], bool]:
    """Entries of one source below a number, the newest first, and whether that is all of them. With
    a `floor` they may end with those that are older: nobody wants these yet."""
    found: list[LogEntry] = []
    reader = partial(_golden, floor=floor) if source is Source.GOLDEN else _READERS[source]
    while True:
        rows = reader(connection, query, before, _BLOCK)
        found += [entry for entry in rows if _matches(entry, query)]
        if len(found) >= limit or len(rows) < _BLOCK:
            break
        if floor is not None and rows[-1].at < floor:
            return tuple(found[:limit]), False
        before = rows[-1].number
    return tuple(found[:limit]), len(rows) < _BLOCK and len(found) <= limit


def _matches(entry: LogEntry, query: LogQuery) -> bool:
    author = query.author.lower()
    said = entry.text.lower()
    return (
        author in entry.author.lower()
        and (query.who is None or who_is(entry.author) is query.who)
        and (query.since is None or entry.at >= query.since)
        and (query.until is None or entry.at <= query.until)
        and all(word.lower() in said for word in query.each_word)
    )


def changed_lists(connection: Connection, settings_id: int) -> tuple[int, tuple[Configured, ...]]:
    """The version of the configuration before another one, and the lists that differ; 0 and all
    of them for the first. Raises NotFound."""
    rows = _settings_rows(connection, settings_id + 1, 1)
    if not rows or rows[0].id != settings_id:
        raise NotFound(f"There is no version {settings_id} of the configuration.")
    if len(rows) == 1:
        return 0, tuple(_NAMES)
    return rows[1].id, _changed(rows[0].lists, rows[1].lists)


class _SettingsRow(NamedTuple):
    id: int
    by: str
    at: datetime
    lists: tuple[int, ...]


def _settings_rows(connection: Connection, before: int | None, limit: int) -> list[_SettingsRow]:
    """Versions of the configuration below a number and the one after them, the newest first."""
    columns = ", ".join(f'"{VERSIONED[kind].list_id}"' for kind in _NAMES)
    rows = connection.execute(
        text(
            f"SELECT id, coalesce(metadata ->> 'by', ''), \"createdAt\", {columns}"
            ' FROM "Settings" WHERE CAST(:before AS int) IS NULL OR id < :before'
            " ORDER BY id DESC LIMIT :limit"
        ),
        {"before": before, "limit": limit + 1},
    )
    return [_SettingsRow(row[0], row[1], row[2], tuple(row[3:])) for row in rows]


def _changed(now: Sequence[int], before: Sequence[int]) -> tuple[Configured, ...]:
    return tuple(kind for kind, new, old in zip(_NAMES, now, before, strict=True) if new != old)


def _settings(
    connection: Connection, query: LogQuery, before: int | None, limit: int
) -> list[LogEntry]:
    del query  # a configuration belongs to no run
    rows = _settings_rows(connection, before, limit)
    times = _times(connection, rows)
    found = []
    for place, row in enumerate(rows[:limit]):
        if place + 1 == len(rows):
            what = "the first one"
        else:
            changed = _changed(row.lists, rows[place + 1].lists)
            what = ", ".join(_NAMES[kind] for kind in changed) or "nothing changed"
        found.append(
            LogEntry(
                Source.SETTINGS,
                row.id,
                row.by,
                times[place],
                f"configuration: {what}",
                frozenset({Kind.CONFIGURATION}),
            )
        )
    return found


def _times(connection: Connection, rows: Sequence[_SettingsRow]) -> list[datetime]:
    """When each version was made. The web service writes the time of the first one into all of
    them: then that of the newest item there was, which is never later."""
    if len({row.at for row in rows}) == len(rows):
        return [row.at for row in rows]
    newest = [row.at for row in rows]
    for place, kind in enumerate(_NAMES):
        names = VERSIONED[kind]
        found = connection.execute(
            text(
                f'SELECT "{names.list_id}", max("createdAt") FROM "{names.entries.name}"'
                f' JOIN "{names.items.name}" USING (id) WHERE "{names.list_id}" = ANY(:lists)'
                f' GROUP BY "{names.list_id}"'
            ),
            {"lists": sorted({row.lists[place] for row in rows})},
        )
        times: dict[int, datetime] = {row[0]: row[1] for row in found}
        newest = [
            max(at, times.get(row.lists[place], at)) for at, row in zip(newest, rows, strict=True)
        ]
    # Each is at least as new as those before it.
    return list(accumulate(reversed(newest), max))[::-1]


def _golden(
    connection: Connection,
    query: LogQuery,
    before: int | None,
    limit: int,
    floor: datetime | None = None,
) -> list[LogEntry]:
    which, given = _narrowed(query)
    top = "CAST(:before AS int)"
    if query.run is not None:
        which += " AND :run BETWEEN min_run_number AND max_run_number"
        # The whole list is looked into only where the run can be in it.
        which += (
            " AND generated_json_with_dataset_names ? (CAST(:run AS text) || '-' || :dataset)"
            if query.dataset
            else " AND generated_json ? CAST(:run AS text)"
        )
        if indexes.LISTS_OF_RUN in indexes.present(connection):
            which += f" AND {indexes.RUNS_OF_LIST} ? CAST(:run AS text)"
    else:
        # From where the time is on, and no further than is wanted: there are ten thousands.
        if query.until is not None and before is None:
            top = f":late + {event_positions.first_after('GeneratedJson', 'id')}"
            given |= {"at": query.until, "late": _LATE_LISTS}
        if floor is not None:
            which += (
                ' AND id > coalesce((SELECT id FROM "GeneratedJson" WHERE "createdAt" < :floor'
                " AND id < (SELECT id FROM top) ORDER BY id DESC LIMIT 1), 0)"
            )
            given["floor"] = floor
    rows = connection.execute(
        text(
            f"WITH top AS MATERIALIZED (SELECT coalesce({top}, {2**31 - 1}) AS id)"
            ' SELECT id, created_by, "createdAt", dataset_name_filter, tags, official'
            ' FROM "GeneratedJson" WHERE NOT deleted AND id < (SELECT id FROM top)'
            f"{which} ORDER BY id DESC LIMIT :limit"
        ),
        {"before": before, "limit": limit, "run": query.run, "dataset": query.dataset, **given},
    )
    subjects = () if query.run is None else (Subject(query.run, query.dataset),)
    return [
        LogEntry(
            Source.GOLDEN,
            id_,
            by,
            at,
            f"{'official ' if official else ''}golden JSON #{id_} of {pattern}"
            f"{f', {tags}' if tags else ''}",
            frozenset({Kind.GOLDEN}),
            subjects,
        )
        for id_, by, at, pattern, tags, official in rows
    ]


_GOLDEN_TEXT = (
    "(CASE WHEN official THEN 'official ' ELSE '' END || 'golden JSON #' || id || ' of '"
    " || dataset_name_filter || CASE WHEN tags <> '' THEN ', ' || tags ELSE '' END)"
)
"""What the entry of a list says, as it is made below."""


def _narrowed(query: LogQuery) -> tuple[str, dict[str, object]]:
    """Conditions that spare the reading of lists that `_matches` would leave out: there are ten
    thousands, of which a search may want none."""
    parts: list[str] = []
    given: dict[str, object] = {}
    if query.since is not None:
        parts.append('"createdAt" >= :since')
        given["since"] = query.since
    if query.until is not None:
        parts.append('"createdAt" <= :until')
        given["until"] = query.until
    # Of other letters the server may know no capitals.
    if query.author.isascii() and query.author:
        parts.append("strpos(lower(created_by), :author) > 0")
        given["author"] = query.author.lower()
    for place, word in enumerate(query.each_word):
        if word.isascii():
            parts.append(f"strpos(lower({_GOLDEN_TEXT}), :word_{place}) > 0")
            given[f"word_{place}"] = word.lower()
    return "".join(f" AND {part}" for part in parts), given


def _cycles(
    connection: Connection, query: LogQuery, before: int | None, limit: int
) -> list[LogEntry]:
    conditions = "true"
    if query.run is not None or query.dataset:
        conditions = (
            'id_cycle IN (SELECT id_cycle FROM "CycleDataset" WHERE'
            " (CAST(:run AS int) IS NULL OR run_number = :run)"
            " AND (:dataset = '' OR name = :dataset))"
        )
    rows = connection.execute(
        text(
            'SELECT id, history."by", at, coalesce(cycle_name, id_cycle::text), what'
            ' FROM record.cycle_history AS history LEFT JOIN "Cycle" USING (id_cycle)'
            f" WHERE (CAST(:before AS int) IS NULL OR id < :before) AND {conditions}"
            " ORDER BY id DESC LIMIT :limit"
        ),
        {"before": before, "limit": limit, "run": query.run, "dataset": query.dataset},
    )
    return [
        LogEntry(Source.CYCLE, id_, by, at, f"cycle {name}: {what}", frozenset({Kind.CYCLE}))
        for id_, by, at, name, what in rows
    ]


def _notes(
    connection: Connection, query: LogQuery, before: int | None, limit: int
) -> list[LogEntry]:
    columns = "kind, about, run_number, name, ranges, text"
    return [
        LogEntry(
            Source.NOTE,
            row.id,
            row.by,
            row.at,
            f"{_note_words(row.kind, row.about, row.ranges)}: {row.text}",
            frozenset({Kind.NOTE}),
            (Subject(row.run_number, row.name),),
        )
        for row in _on_datasets(connection, "note", columns, query, before, limit)
    ]


def _verified(
    connection: Connection, query: LogQuery, before: int | None, limit: int
) -> list[LogEntry]:
    columns = "run_number, name, workspace, verified, why"
    return [
        LogEntry(
            Source.VERIFIED,
            row.id,
            row.by,
            row.at,
            MarkEntry(
                Mark(row.run_number, row.name, row.workspace, row.by, row.at),
                row.verified,
                row.why,
            ).text,
            frozenset({Kind.VERIFIED}),
            (Subject(row.run_number, row.name),),
        )
        for row in _on_datasets(connection, "verification", columns, query, before, limit)
    ]


def _on_datasets(
    connection: Connection,
    table: str,
    columns: str,
    query: LogQuery,
    before: int | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """The newest rows on datasets of one of the append-only tables."""
    return connection.execute(
        text(
            f'SELECT id, "by", at, {columns} FROM record.{table}'
            " WHERE (CAST(:before AS bigint) IS NULL OR id < :before)"
            " AND (CAST(:run AS int) IS NULL OR run_number = :run)"
            " AND (:dataset = '' OR name = :dataset) ORDER BY id DESC LIMIT :limit"
        ),
        {"before": before, "limit": limit, "run": query.run, "dataset": query.dataset},
    ).all()


def _note_words(kind: str, about: int | None, ranges: object) -> str:
    where = format_ranges(ranges_in(ranges))
    on = f" on LS {where}" if where else ""
    match kind:
        case NoteKind.NOTE:
            return f"note{on}"
        case NoteKind.REPLY:
            return f"answer to note {about}{on}"
        case NoteKind.CORRECTION:
            return f"note {about}{on} corrected"
        case NoteKind.TAKEN_BACK:
            return f"note {about}{on} taken back"
        case _:
            return f"{kind}{on}"


_Reader = Callable[[Connection, LogQuery, int | None, int], list[LogEntry]]
_READERS: Mapping[Source, _Reader] = {
    Source.SETTINGS: _settings,
    Source.GOLDEN: _golden,
    Source.CYCLE: _cycles,
    Source.NOTE: _notes,
    Source.VERIFIED: _verified,
}
