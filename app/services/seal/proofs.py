"""The root as it is, and the proof that a version is under it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.errors import NotFound, Refused
from app.domain.json_value import JsonObject
from app.domain.seal.leaves import VERSION
from app.domain.seal.notes import Checkpoint, parse_checkpoint, parse_note
from app.domain.seal.tree import is_consistent, root_from_inclusion
from app.models.seal import Connection, reading, trees, unsealed
from app.services.acting import Acting


@dataclass(frozen=True)
class Root:
    """The newest root: what it covers, and its note to be kept elsewhere."""

    checkpoint: Checkpoint
    note: str
    by: str

    @property
    def is_signed(self) -> bool:
        """Whether a key has signed it."""
        return bool(parse_note(self.note).signatures)


@dataclass(frozen=True)
class Inclusion:
    """The proof that a version, with all its rows as they are now, is under a root."""

    version: int
    position: int
    content: str
    leaf: bytes
    path: Sequence[bytes]
    root: Root
    holds: bool

    @property
    def document(self) -> JsonObject:
        """All that somebody needs who has neither the program nor the database."""
        return {
            "version": self.version,
            "content": self.content,
            "leaf_hash": self.leaf.hex(),
            "leaf_index": self.position,
            "tree_size": self.root.checkpoint.size,
            "path": [each.hex() for each in self.path],
            "checkpoint": self.root.note,
            "holds": self.holds,
        }

    @property
    def text(self) -> str:
        """The result in a sentence."""
        if self.holds:
            return (
                f"Version {self.version} is leaf {self.position} under the root of"
                f" {self.root.checkpoint.size} leaves, as it was sealed."
            )
        return (
            f"Version {self.version} is not what was sealed as leaf {self.position}."
            " Find what was altered with: seal verify"
        )


@dataclass(frozen=True)
class Consistency:
    """The proof that the tree of a kept root is the beginning of the one there is."""

    old_size: int
    old_root: bytes
    path: Sequence[bytes]
    root: Root
    holds: bool

    @property
    def document(self) -> JsonObject:
        """All that somebody needs who has neither the program nor the database."""
        return {
            "old_size": self.old_size,
            "old_root": self.old_root.hex(),
            "tree_size": self.root.checkpoint.size,
            "path": [each.hex() for each in self.path],
            "checkpoint": self.root.note,
            "holds": self.holds,
        }

    @property
    def text(self) -> str:
        """The result in a sentence."""
        if self.holds:
            return f"The first {self.old_size} leaves are the same as then."
        return (
            f"The first {self.old_size} leaves are not the same as then. See: seal verify --since"
        )


def prove_since(acting: Acting, old_size: int, old_root: bytes) -> Consistency:
    """The proof that a kept root still stands, from few hashes; rows are not compared."""
    with acting.db.read() as connection:
        root = _newest(connection)
        size = root.checkpoint.size
        if old_size > size:
            raise Refused(
                f"The kept root is over {old_size} leaves, and there are only {size}: the end of"
                " the seal was removed, or an old copy was restored."
            )
        path = trees.consistency(connection, old_size, size)
    holds = is_consistent(old_size, old_root, size, root.checkpoint.root, path)
    return Consistency(old_size, old_root, path, root, holds)


def newest_root(acting: Acting) -> Root:
    """The newest root. Raises Refused where nothing is sealed."""
    with acting.db.read() as connection:
        return _newest(connection)


def prove(acting: Acting, version: int) -> Inclusion:
    """The proof for a version. Raises NotFound when there is no such version, Refused when it
    isn't sealed yet."""
    with acting.db.read() as connection:
        root = _newest(connection)
        leaves = unsealed.version_leaves(connection, [version])
        position = trees.position_of(connection, VERSION, version)
        if position is None:
            if not leaves:
                raise NotFound(f"There is no version {version}.")
            raise Refused(f"Version {version} is not sealed. A puller seals within a minute.")
        size = root.checkpoint.size
        path = trees.inclusion(connection, position, size)
    if not leaves:
        raise NotFound(f"Version {version} was sealed as leaf {position}, and was removed since.")
    (leaf,) = leaves
    computed = root_from_inclusion(leaf.hash, position, size, path)
    return Inclusion(
        version,
        position,
        leaf.content.decode(),
        leaf.hash,
        path,
        root,
        computed == root.checkpoint.root,
    )


def _newest(connection: Connection) -> Root:
    if why := reading.why_not_readable(connection):
        raise Refused(f"No proof can be made: {why}")
    newest = trees.newest_checkpoint(connection)
    if newest is None:
        raise Refused("Nothing is sealed in this database yet: a puller seals within a minute.")
    return Root(parse_checkpoint(parse_note(newest.note).body), newest.note, newest.by)
