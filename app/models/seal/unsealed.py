"""What isn't sealed yet: versions in order of their numbers, rows without a version, late ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from app.domain.seal.leaves import VERSION, Leaf
from app.models.schemas import indexes
from app.models.seal import sources, streams
from app.models.seal.sources import Source
from app.models.statements import text

_LARGE_MB = 64
# A number that the sequence hasn't handed out yet, which anybody can write who may append, says
# nothing of those below it.
_GIVEN_OUT = """
    (SELECT CASE WHEN has_sequence_privilege(name, 'SELECT, USAGE')
         THEN pg_sequence_last_value(name::regclass) END
     FROM pg_get_serial_sequence('"Version"', 'atomic_version') AS name WHERE name IS NOT NULL)
"""
_GREATEST = f"""
    (SELECT coalesce(least(max(atomic_version), {_GIVEN_OUT}), 0) FROM "Version")
"""


@dataclass(frozen=True)
class Seen:
    """What a look at the versions saw: the greatest number that was handed out and used, and which
    transactions may still bring a smaller one: those before `next_transaction` that aren't over."""

    greatest: int
    next_transaction: int
    oldest_open: int
    numbers: tuple[int, ...] = ()


def look(connection: Connection, after: int, limit: int) -> Seen:
    """The versions beyond a number that aren't sealed, at one moment."""
    row = connection.execute(
        text(
            f"SELECT {_GREATEST} AS greatest,"
            " pg_snapshot_xmax(snapshot)::text::bigint AS next_transaction,"
            " pg_snapshot_xmin(snapshot)::text::bigint AS oldest_open,"
            ' ARRAY(SELECT atomic_version FROM "Version" WHERE atomic_version > :after'
            "  AND NOT EXISTS (SELECT FROM seal.leaf WHERE kind = :kind AND state = 0"
            "   AND leaf.number = atomic_version) ORDER BY atomic_version LIMIT :limit) AS numbers"
            " FROM pg_current_snapshot() AS snapshot"
        ),
        {"after": after, "kind": VERSION, "limit": limit},
    ).one()
    return Seen(row.greatest, row.next_transaction, row.oldest_open, tuple(row.numbers))


def old_versions(connection: Connection, after: int, last: int, limit: int) -> list[int]:
    """The next versions of the history before the seal began."""
    rows = connection.execute(
        text(
            'SELECT atomic_version FROM "Version" WHERE atomic_version > :after'
            " AND atomic_version <= :last AND NOT EXISTS (SELECT FROM seal.leaf"
            "  WHERE kind = :kind AND state = 0 AND leaf.number = atomic_version)"
            " ORDER BY atomic_version LIMIT :limit"
        ),
        {"after": after, "last": last, "kind": VERSION, "limit": limit},
    )
    return [*rows.scalars()]


def may_look_back(connection: Connection) -> bool:
    """Whether the events of old versions can be found without reading the whole table."""
    if indexes.EVENTS_OF_VERSION in indexes.present(connection):
        return True
    return bool(
        connection.execute(
            text("SELECT pg_relation_size(to_regclass('\"Event\"')) <= :most"),
            {"most": _LARGE_MB * 2**20},
        ).scalar()
    )


def version_leaves(connection: Connection, numbers: Collection[int]) -> list[Leaf]:
    """The leaves of these versions, in the order of their numbers."""
    if not numbers:
        return []
    query = sources.versions("{number} = ANY(%(numbers)s)")
    rows = streams.copied(connection, query, {"numbers": sorted(numbers)})
    return [
        Leaf(VERSION, int(number), streams.plain(content), streams.optional(author))
        for number, author, content in rows
    ]


def row_leaves(
    connection: Connection, known: Sequence[Source], limit: int, *, near_end: int | None
) -> list[Leaf]:
    """Rows without a version that aren't sealed; with `near_end` only among the newest so many
    numbers of each table that are sealed, and beyond."""
    parts = [_unsealed(source, near_end) for source in known]
    # A percent sign that is one has to be told from the place of a value.
    query = " UNION ALL ".join(parts).replace("%", "%%")
    rows = streams.copied(
        connection,
        f"SELECT * FROM ({query}) AS there ORDER BY kind, number LIMIT %(limit)s",
        {"limit": limit},
    )
    return [
        Leaf(
            kind.decode(),
            int(number),
            streams.plain(content),
            streams.optional(author),
            int(state),
        )
        for kind, number, state, author, content in rows
    ]


def _unsealed(source: Source, near_end: int | None) -> str:
    query = (
        f"{source.query} AND NOT EXISTS (SELECT FROM seal.leaf WHERE leaf.kind = '{source.kind}'"
        f" AND leaf.number = {source.number} AND leaf.state = {source.state})"
    )
    if near_end is None or source.kind in sources.CHANGING:
        return query
    return (
        f"{query} AND {source.number} > coalesce((SELECT max(leaf.number) FROM seal.leaf"
        f" WHERE leaf.kind = '{source.kind}'), 0) - {near_end}"
    )


def never_given_out(connection: Connection) -> list[int]:
    """The first versions with numbers that the sequence hasn't handed out."""
    rows = connection.execute(
        text(
            f'SELECT atomic_version FROM "Version" WHERE atomic_version > {_GIVEN_OUT}'
            " ORDER BY atomic_version LIMIT 10"
        )
    )
    return [*rows.scalars()]
