"""Reading the seal, and beside it what it stands for, from the beginning to the end."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.seal.leaves import KEY, NUMBERS, START, VERSION
from app.domain.seal.tree import Node
from app.models.schemas import record, seal
from app.models.seal import sources, streams
from app.models.seal.sources import Source
from app.models.statements import text

GREATEST = 2**31 - 1
_STATEMENTS = [START, NUMBERS, KEY]


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """What is kept of a leaf besides its hash."""

    position: int
    kind: str
    number: int
    author: str | None
    hash: bytes
    marks: bytes | None
    content: str | None


def readable(connection: Connection) -> bool:
    """Whether there is a seal that this login may read."""
    return seal.OWN.revision_of(connection) is not None


def why_not_readable(connection: Connection) -> str:
    """Why this login can't read the seal, and who can change that; nothing where it can, or where
    there is none."""
    there = connection.execute(text("SELECT to_regnamespace('seal') IS NOT NULL")).scalar_one()
    if not there or readable(connection):
        return ""
    return seal.OWN.unused(connection).why


def readable_sources(connection: Connection) -> tuple[Source, ...]:
    """What is sealed besides versions, as far as this login may read it."""
    return (
        *sources.SHARED,
        *(sources.OWN_RECORD if record.OWN.revision_of(connection) else ()),
        *sources.OWN_SEAL,
        *guard_sources(connection),
    )


def guard_sources(connection: Connection) -> tuple[Source, ...]:
    """What is sealed of the guard, where there is one and this login may read it."""
    readable_ = connection.execute(
        text(
            "SELECT relname::text FROM pg_class JOIN pg_namespace AS place"
            " ON place.oid = relnamespace AND nspname = 'guard'"
            " WHERE relkind = 'r' AND CASE WHEN has_schema_privilege(place.oid, 'USAGE')"
            "  THEN has_table_privilege(pg_class.oid, 'SELECT') END"
        )
    )
    there = {f"guard.{name}" for name in readable_.scalars()}
    return tuple(source for source in sources.GUARD if source.kind in there)


def exists(connection: Connection, kind: str) -> bool:
    """Whether there is a table of this kind of leaves."""
    schema, _, table = kind.rpartition(".")
    return bool(
        connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM pg_class WHERE relname = :table"
                " AND relnamespace = to_regnamespace(:schema))"
            ),
            {"table": table, "schema": schema or "public"},
        ).scalar()
    )


def hashes(connection: Connection) -> Iterator[tuple[int, bytes, int, bytes]]:
    """All leaves in their order: position, kind, number, hash."""
    query = "SELECT position, kind, number, hash FROM seal.leaf ORDER BY position"
    for position, kind, number, hash_ in streams.copied(connection, query, {}):
        yield int(position), kind, int(number), streams.binary(hash_)


def nodes(connection: Connection) -> dict[Node, bytes]:
    """All stored nodes."""
    query = "SELECT level, index, hash FROM seal.node"
    return {
        Node(int(level), int(index)): streams.binary(hash_)
        for level, index, hash_ in streams.copied(connection, query, {})
    }


def roots(connection: Connection) -> list[tuple[int, bytes]]:
    """Sizes and roots of all checkpoints, the smallest tree first."""
    query = "SELECT size, root FROM seal.checkpoint ORDER BY size"
    return [
        (int(size), streams.binary(root)) for size, root in streams.copied(connection, query, {})
    ]


def notes(connection: Connection, before: int, limit: int) -> list[tuple[int, str]]:
    """The signed notes of the greatest trees below a size, the greatest first."""
    rows = connection.execute(
        text(
            "SELECT size, note FROM seal.checkpoint WHERE size < :before"
            " ORDER BY size DESC LIMIT :limit"
        ),
        {"before": before, "limit": limit},
    )
    return [(size, note) for size, note in rows]


def statements(connection: Connection) -> Iterator[StoredLeaf]:
    """What the seal itself said, in order."""
    yield from _leaves(connection, "kind = ANY(%(kinds)s)", {"kinds": _STATEMENTS})


def stored(connection: Connection, kind: str, numbers: Collection[int]) -> list[StoredLeaf]:
    """What is kept of these leaves."""
    return [
        *_leaves(
            connection,
            "kind = %(kind)s AND number = ANY(%(numbers)s)",
            {"kind": kind, "numbers": sorted(numbers)},
        )
    ]


def _leaves(
    connection: Connection, condition: str, values: dict[str, object]
) -> Iterator[StoredLeaf]:
    query = (
        "SELECT position, kind, number, author, hash, marks, content FROM seal.leaf"
        f" WHERE {condition} ORDER BY position"
    )
    for position, kind, number, author, hash_, marks, content in streams.copied(
        connection, query, values
    ):
        yield StoredLeaf(
            int(position),
            kind.decode(),
            int(number),
            streams.optional(author),
            streams.binary(hash_),
            None if marks == rb"\N" else streams.binary(marks),
            streams.optional(content),
        )


def end_of_block(connection: Connection, after: int, count: int) -> int:
    """The number up to which there are so many versions; the greatest of all for the last ones."""
    end = connection.execute(
        text(
            'SELECT atomic_version FROM "Version" WHERE atomic_version > :after'
            " ORDER BY atomic_version OFFSET :count LIMIT 1"
        ),
        {"after": after, "count": count - 1},
    ).scalar()
    return GREATEST if end is None else int(end)


Compared = tuple[int, bytes | None, bytes | None]
"""Number, content now (None: it isn't there), hash that was sealed (None: it wasn't)."""


def versions_in(connection: Connection, after: int, last: int) -> Iterator[Compared]:
    """Versions with these numbers beside their leaves, in order."""
    yield from _versions(
        connection,
        "{number} > %(after)s AND {number} <= %(last)s",
        {"after": after, "last": last},
    )


def versions_of(connection: Connection, numbers: Sequence[int]) -> Iterator[Compared]:
    """These versions beside their leaves, in order."""
    yield from _versions(connection, "{number} = ANY(%(numbers)s)", {"numbers": list(numbers)})


def _versions(
    connection: Connection, condition: str, values: dict[str, object]
) -> Iterator[Compared]:
    query = (
        "SELECT coalesce(there.number, leaf.number), there.content, leaf.hash"
        f" FROM ({sources.versions(condition)}) AS there"
        " FULL JOIN (SELECT number, hash FROM seal.leaf"
        f"  WHERE kind = '{VERSION}' AND state = 0 AND {condition.format(number='number')}) AS leaf"
        " ON leaf.number = there.number ORDER BY 1"
    )
    for number, content, hash_ in streams.copied(connection, query, values):
        yield (
            int(number),
            None if content == rb"\N" else streams.plain(content),
            None if hash_ == rb"\N" else streams.binary(hash_),
        )


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A row without a version beside its leaf, as far as there is each."""

    number: int
    state: int
    content: bytes | None
    hash: bytes | None


def rows_of(connection: Connection, source: Source) -> Iterator[ComparedRow]:
    """All rows of a table that are sealed, or should be, beside their leaves."""
    query = (
        "SELECT coalesce(there.number, leaf.number), coalesce(there.state, leaf.state),"
        f" there.content, leaf.hash FROM ({source.query.replace('%', '%%')}) AS there"
        " FULL JOIN (SELECT number, state, hash FROM seal.leaf WHERE kind = %(kind)s) AS leaf"
        " ON leaf.number = there.number AND leaf.state = there.state ORDER BY 1, 2"
    )
    for number, state, content, hash_ in streams.copied(connection, query, {"kind": source.kind}):
        yield ComparedRow(
            int(number),
            int(state),
            None if content == rb"\N" else streams.plain(content),
            None if hash_ == rb"\N" else streams.binary(hash_),
        )


def orphans(connection: Connection) -> list[tuple[str, int]]:
    """Contents of events without an event: tables and numbers."""
    rows = connection.execute(text(f"{sources.ORPHANS} LIMIT 1000"))
    return [(table, number) for table, number in rows]


def made_at(connection: Connection, number: int) -> tuple[str, datetime] | None:
    """Author and time that a version names."""
    row = connection.execute(
        text('SELECT "by", "createdAt" FROM "Version" WHERE atomic_version = :number'),
        {"number": number},
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def versions_behind(
    connection: Connection, datasets: Collection[tuple[int, str]], last: int
) -> list[int]:
    """The versions up to `last` that wrote to these datasets, their `online` and their runs."""
    keys = sorted({*datasets, *((run, "online") for run, _ in datasets)})
    of_datasets = " UNION ".join(
        f'SELECT version FROM "{table}" JOIN wanted USING (run_number, name)'
        for table in ("DatasetEvent", "LumisectionEvent", "OMSLumisectionEvent")
    )
    rows = connection.execute(
        text(
            "WITH wanted AS (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[]))"
            "  AS given(run_number, name))"
            ' SELECT DISTINCT atomic_version FROM "Event"'
            f' JOIN ({of_datasets} UNION SELECT version FROM "RunEvent"'
            "  WHERE run_number = ANY(:runs)) AS of_list USING (version)"
            " WHERE atomic_version <= :last ORDER BY 1"
        ),
        {"runs": [run for run, _ in keys], "names": [name for _, name in keys], "last": last},
    )
    return [*rows.scalars()]
