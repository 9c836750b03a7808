"""What the log tells beside versions: configuration, golden JSONs, cycles."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from app.domain.log import Kind, LogEntry, LogQuery, Source, Subject, who_is
from app.models.statements import text

_LISTS = {
    "CCL_id": "class classifiers",
    "CPCL_id": "component classifiers",
    "DCL_id": "dataset classifiers",
    "ODCL_id": "offline dataset classifiers",
    "JCL_id": "golden JSON rules",
    "DAL_id": "datasets accepted",
    "PL_id": "permissions",
}
_BLOCK = 200


def read(
    connection: Connection, source: Source, query: LogQuery, before: int | None, limit: int
) -> tuple[tuple[LogEntry, ...], bool]:
    """Entries of one source below a number, the newest first, and whether that is all of them."""
    found: list[LogEntry] = []
    while True:
        rows = _READERS[source](connection, query, before, _BLOCK)
        found += [entry for entry in rows if _matches(entry, query)]
        if len(found) >= limit or len(rows) < _BLOCK:
            break
        before = rows[-1].number
    return tuple(found[:limit]), len(rows) < _BLOCK and len(found) <= limit


def before_time(connection: Connection, source: Source, at: datetime) -> int:
    """A number above those that a source gave until a time."""
    table, number, when = {
        Source.SETTINGS: ('"Settings"', "id", '"createdAt"'),
        Source.GOLDEN: ('"GeneratedJson"', "id", '"createdAt"'),
        Source.CYCLE: ("desk.cycle_history", "id", "at"),
    }[source]
    found = connection.execute(
        text(f"SELECT coalesce(max({number}), 0) + 1 FROM {table} WHERE {when} <= :at"),
        {"at": at},
    ).scalar_one()
    return int(found)


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


def _settings(
    connection: Connection, query: LogQuery, before: int | None, limit: int
) -> list[LogEntry]:
    del query  # a configuration belongs to no run
    columns = ", ".join(f'"{name}"' for name in _LISTS)
    older = ", ".join(f'lead("{name}") OVER (ORDER BY id DESC)' for name in _LISTS)
    rows = connection.execute(
        text(
            f"SELECT id, coalesce(metadata ->> 'by', ''), \"createdAt\", ARRAY[{columns}],"
            f' ARRAY[{older}] FROM (SELECT * FROM "Settings"'
            "  WHERE CAST(:before AS int) IS NULL OR id < :before ORDER BY id DESC LIMIT :limit"
            " ) AS recent ORDER BY id DESC"
        ),
        {"before": before, "limit": limit + 1},
    ).all()
    found = []
    for id_, by, at, now, then in rows[:limit]:
        changed = [
            words
            for words, new, old in zip(_LISTS.values(), now, then, strict=True)
            if old is not None and new != old
        ]
        what = ", ".join(changed) if changed else "nothing changed"
        if id_ == rows[-1][0]:
            what = "the first one"
        entry = LogEntry(
            Source.SETTINGS, id_, by, at, f"configuration: {what}", frozenset({Kind.CONFIGURATION})
        )
        found.append(entry)
    return found


def _golden(
    connection: Connection, query: LogQuery, before: int | None, limit: int
) -> list[LogEntry]:
    of_run = ""
    if query.run is not None:
        of_run = " AND :run BETWEEN min_run_number AND max_run_number"
        # The whole list is looked into only where the run can be in it.
        of_run += (
            " AND generated_json_with_dataset_names ? (CAST(:run AS text) || '-' || :dataset)"
            if query.dataset
            else " AND generated_json ? CAST(:run AS text)"
        )
    rows = connection.execute(
        text(
            'SELECT id, created_by, "createdAt", dataset_name_filter, tags, official'
            ' FROM "GeneratedJson" WHERE NOT deleted'
            f" AND (CAST(:before AS int) IS NULL OR id < :before){of_run}"
            " ORDER BY id DESC LIMIT :limit"
        ),
        {"before": before, "limit": limit, "run": query.run, "dataset": query.dataset},
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
            ' FROM desk.cycle_history AS history LEFT JOIN "Cycle" USING (id_cycle)'
            f" WHERE (CAST(:before AS int) IS NULL OR id < :before) AND {conditions}"
            " ORDER BY id DESC LIMIT :limit"
        ),
        {"before": before, "limit": limit, "run": query.run, "dataset": query.dataset},
    )
    return [
        LogEntry(Source.CYCLE, id_, by, at, f"cycle {name}: {what}", frozenset({Kind.CYCLE}))
        for id_, by, at, name, what in rows
    ]


_Reader = Callable[[Connection, LogQuery, int | None, int], list[LogEntry]]
_READERS: Mapping[Source, _Reader] = {
    Source.SETTINGS: _settings,
    Source.GOLDEN: _golden,
    Source.CYCLE: _cycles,
}
