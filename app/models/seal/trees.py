"""The stored tree: leaves and nodes added at its end, roots and proofs from a few rows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.errors import Conflict
from app.domain.seal import tree
from app.domain.seal.leaves import KEY, NUMBERS, START, VERSION, Leaf, values
from app.domain.seal.tree import GrowingTree, Node
from app.models.statements import text

_LOCK = 0x52525345
"""Key of the lock that lets one transaction at a time add to the tree."""


@dataclass(frozen=True)
class StoredCheckpoint:
    """A root that was kept, with its signed note if there was a key."""

    size: int
    root: bytes
    at: datetime
    by: str
    note: str


def lock(connection: Connection) -> None:
    """Holds the end of the tree for the rest of the transaction; Unavailable after 10 s."""
    connection.execute(text("SET LOCAL lock_timeout = '10s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def size(connection: Connection) -> int:
    """How many leaves the tree has."""
    return int(
        connection.execute(
            text("SELECT coalesce(max(position) + 1, 0) FROM seal.leaf")
        ).scalar_one()
    )


def root(connection: Connection, size: int) -> bytes:
    """The root of the first `size` leaves. Raises Conflict when some of them are missing."""
    return ranges(connection, [(0, size)])[0]


def inclusion(connection: Connection, index: int, size: int) -> list[bytes]:
    """What proves that a leaf is in the tree of that size."""
    return ranges(connection, tree.inclusion_ranges(index, size))


def consistency(connection: Connection, old: int, new: int) -> list[bytes]:
    """What proves that the tree of the old size is the beginning of the new one."""
    return ranges(connection, tree.consistency_ranges(old, new))


def ranges(connection: Connection, wanted: Sequence[tuple[int, int]]) -> list[bytes]:
    """The hashes of the subtrees over these leaves, from a few stored rows."""
    nodes = [node for begin, end in wanted for node in tree.complete_nodes(begin, end)]
    stored = _stored(connection, nodes)
    known = {node: tree.hash_from_stored(node, stored.__getitem__) for node in set(nodes)}
    return [tree.hash_of_range(begin, end, known.__getitem__) for begin, end in wanted]


def _stored(connection: Connection, nodes: Collection[Node]) -> dict[Node, bytes]:
    places = [tree.stored_below(node) for node in set(nodes)]
    rows = connection.execute(
        text(
            "SELECT wanted.level, node.index, node.hash FROM unnest(CAST(:levels AS int[]),"
            " CAST(:firsts AS bigint[]), CAST(:ends AS bigint[])) AS wanted(level, first, end_)"
            " JOIN LATERAL ("
            "  SELECT position AS index, hash FROM seal.leaf WHERE wanted.level = 0"
            "   AND position >= first AND position < end_"
            "  UNION ALL SELECT index, hash FROM seal.node WHERE node.level = wanted.level"
            "   AND wanted.level > 0 AND index >= first AND index < end_) AS node ON true"
        ),
        {
            "levels": [level for level, _ in places],
            "firsts": [indices.start for _, indices in places],
            "ends": [indices.stop for _, indices in places],
        },
    )
    found = {Node(level, index): bytes(hash_) for level, index, hash_ in rows}
    missing = sum(len(indices) for _, indices in places) - len(found)
    if missing:
        raise Conflict(f"The seal is damaged: {missing} of its rows are missing. See: seal verify")
    return found


def edge(connection: Connection) -> GrowingTree:
    """The tree as it is, to go on from."""
    size_ = size(connection)
    nodes = tree.complete_nodes(0, size_)
    stored = _stored(connection, nodes)
    return GrowingTree(size_, [tree.hash_from_stored(node, stored.__getitem__) for node in nodes])


def append(connection: Connection, growing: GrowingTree, leaves: Sequence[Leaf]) -> None:
    """Adds leaves at the end of the tree, and the nodes that they complete."""
    begin = growing.size
    completed: list[tuple[Node, bytes]] = []
    for leaf in leaves:
        growing.add(leaf.hash, completed)
    connection.execute(
        text(
            "INSERT INTO seal.leaf"
            " (position, number, state, kind, author, hash, marks, content)"
            " SELECT * FROM unnest(CAST(:positions AS bigint[]), CAST(:numbers AS bigint[]),"
            " CAST(:states AS bigint[]), CAST(:kinds AS text[]), CAST(:authors AS text[]),"
            " CAST(:hashes AS bytea[]), CAST(:marks AS bytea[]), CAST(:contents AS text[]))"
        ),
        {
            "positions": list(range(begin, growing.size)),
            "numbers": [leaf.number for leaf in leaves],
            "states": [leaf.state for leaf in leaves],
            "kinds": [leaf.kind for leaf in leaves],
            "authors": [leaf.author for leaf in leaves],
            "hashes": [leaf.hash for leaf in leaves],
            "marks": [leaf.marks for leaf in leaves],
            "contents": [leaf.kept_content for leaf in leaves],
        },
    )
    if completed:
        connection.execute(
            text(
                "INSERT INTO seal.node (level, index, hash) SELECT * FROM"
                " unnest(CAST(:levels AS int[]), CAST(:indices AS bigint[]),"
                " CAST(:hashes AS bytea[]))"
            ),
            {
                "levels": [node.level for node, _ in completed],
                "indices": [node.index for node, _ in completed],
                "hashes": [hash_ for _, hash_ in completed],
            },
        )


def keep_checkpoint(
    connection: Connection, size: int, root: bytes, at: datetime, by: str, note: str
) -> None:
    """Keeps the root of the tree as it is now."""
    connection.execute(
        text(
            'INSERT INTO seal.checkpoint (size, root, "at", "by", note)'
            " VALUES (:size, :root, :at, :by, :note)"
        ),
        {"size": size, "root": root, "at": at, "by": by, "note": note},
    )


def newest_checkpoint(connection: Connection) -> StoredCheckpoint | None:
    """The root that was kept last."""
    row = connection.execute(
        text('SELECT size, root, "at", "by", note FROM seal.checkpoint ORDER BY size DESC LIMIT 1')
    ).one_or_none()
    return None if row is None else _checkpoint(row)


def checkpoint_of(connection: Connection, size: int) -> StoredCheckpoint | None:
    """The root that was kept of the first `size` leaves."""
    row = connection.execute(
        text('SELECT size, root, "at", "by", note FROM seal.checkpoint WHERE size = :size'),
        {"size": size},
    ).one_or_none()
    return None if row is None else _checkpoint(row)


def checkpoint_over(connection: Connection, position: int) -> StoredCheckpoint | None:
    """The first root that was kept with a leaf under it: when it was sealed."""
    row = connection.execute(
        text(
            'SELECT size, root, "at", "by", note FROM seal.checkpoint WHERE size > :position'
            " ORDER BY size LIMIT 1"
        ),
        {"position": position},
    ).one_or_none()
    return None if row is None else _checkpoint(row)


def _checkpoint(row: Sequence[object]) -> StoredCheckpoint:
    size_, root_, at, by, note = row
    assert isinstance(size_, int)
    assert isinstance(root_, bytes | memoryview)
    assert isinstance(at, datetime)
    return StoredCheckpoint(size_, bytes(root_), at, str(by), str(note))


@dataclass(frozen=True)
class Beginning:
    """What the seal said when it began: the name of its tree, and the newest version then."""

    origin: str
    last_before: int


def beginning(connection: Connection) -> Beginning | None:
    """The first statement of the seal; None before it has begun."""
    content = connection.execute(
        text("SELECT content FROM seal.leaf WHERE kind = :kind AND number = 0"), {"kind": START}
    ).scalar()
    if content is None:
        return None
    origin, last = values(content)
    assert isinstance(last, int)
    return Beginning(str(origin), last)


def closed_up_to(connection: Connection, most: int | None = None) -> int:
    """The number up to which all are accounted for: of all, or of those up to `most`."""
    return int(
        connection.execute(
            text(
                "SELECT coalesce(max(number), 0) FROM seal.leaf WHERE kind = :kind"
                " AND (CAST(:most AS bigint) IS NULL OR number <= :most)"
            ),
            {"kind": NUMBERS, "most": most},
        ).scalar_one()
    )


def keys(connection: Connection) -> list[tuple[int, str]]:
    """The keys that the seal names, each with its position: their statements as JSON."""
    rows = connection.execute(
        text("SELECT position, content FROM seal.leaf WHERE kind = :kind ORDER BY position"),
        {"kind": KEY},
    )
    return [(position, content) for position, content in rows]


def position_of(connection: Connection, kind: str, number: int) -> int | None:
    """Where a row stands in the tree; of one with several states the newest."""
    found = connection.execute(
        text(
            "SELECT position FROM seal.leaf WHERE kind = :kind AND number = :number"
            " ORDER BY state DESC LIMIT 1"
        ),
        {"kind": kind, "number": number},
    ).scalar()
    return None if found is None else int(found)


def sealed_before(connection: Connection, size: int, versions: Collection[int]) -> int:
    """How many of these versions are among the first leaves."""
    return int(
        connection.execute(
            text(
                "SELECT count(*) FROM seal.leaf WHERE kind = :kind AND position < :size"
                " AND number = ANY(:numbers)"
            ),
            {"kind": VERSION, "size": size, "numbers": list(versions)},
        ).scalar_one()
    )
