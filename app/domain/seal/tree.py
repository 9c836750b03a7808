"""The Merkle tree of RFC 6962: hashes, roots, and proofs of inclusion and of consistency."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
STORED_STEP = 8
"""Of the inner nodes those of each eighth level are stored; the others are 255 hashes away."""


@dataclass(frozen=True, order=True)
class Node:
    """A complete subtree: number `index` of those over 2**`level` leaves each."""

    level: int
    index: int


Hashes = Callable[[Node], bytes]
"""Gives the hash of a node."""


def leaf_hash(content: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees beside each other."""
    return hashlib.sha256(b"\1" + left + right).digest()


class GrowingTree:
    """The right edge of a tree: enough to go on, and to say its root at each size."""

    def __init__(self, size: int = 0, edge: Iterable[bytes] = ()) -> None:
        self.size = size
        self._edge = list(edge)
        assert len(self._edge) == size.bit_count()

    def add(self, hash_: bytes, stored: list[tuple[Node, bytes]] | None = None) -> None:
        """Adds a leaf by its hash; the nodes to be stored that it completes go to `stored`."""
        sha256, edge = hashlib.sha256, self._edge
        index, level = self.size, 0
        self.size += 1
        while index & 1:
            hash_ = sha256(b"\1" + edge.pop() + hash_).digest()
            index >>= 1
            level += 1
            if stored is not None and level % STORED_STEP == 0:
                stored.append((Node(level, index), hash_))
        edge.append(hash_)

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _joined(self._edge)


def complete_nodes(begin: int, end: int) -> tuple[Node, ...]:
    """The complete subtrees that make up the subtree over leaves `begin` to `end`, without it."""
    found = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        found.append(Node(level, begin >> level))
        begin += 1 << level
    return tuple(found)


def stored_below(node: Node) -> tuple[int, range]:
    """Where a node is made from: a level that is stored, and the indices there."""
    height = node.level % STORED_STEP
    return node.level - height, range(node.index << height, (node.index + 1) << height)


def hash_from_stored(node: Node, hashes: Hashes) -> bytes:
    """The hash of a node from those of the stored nodes below it."""
    level, indices = stored_below(node)
    row = [hashes(Node(level, index)) for index in indices]
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def hash_of_range(begin: int, end: int, hashes: Hashes) -> bytes:
    """The hash of the subtree over leaves `begin` to `end`, without it."""
    return _joined([hashes(node) for node in complete_nodes(begin, end)])


def root(size: int, hashes: Hashes) -> bytes:
    """The root of the first `size` leaves."""
    return hash_of_range(0, size, hashes)


def inclusion_ranges(index: int, size: int) -> tuple[tuple[int, int], ...]:
    """The subtrees whose hashes prove that a leaf is in the tree, from the leaf upwards."""
    assert 0 <= index < size
    found = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    return tuple(reversed(found))


def consistency_ranges(old: int, new: int) -> tuple[tuple[int, int], ...]:
    """The subtrees whose hashes prove that the first `old` leaves are still the same."""
    assert 0 <= old <= new
    if old in {0, new}:
        return ()
    found = []
    begin, end = 0, new
    whole = True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
            whole = False
    if not whole:
        found.append((begin, end))
    return tuple(reversed(found))


def root_from_inclusion(
    hash_: bytes, index: int, size: int, proof: Sequence[bytes]
) -> bytes | None:
    """The root that a proof of inclusion leads to; None when it can't be one (RFC 9162, 2.1.3)."""
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, hash_
    for sibling in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def is_consistent(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether a proof shows that the new tree begins with the old one (RFC 9162, 2.1.4)."""
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    if not 0 < old_size < new_size:
        return False
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _split(size: int) -> int:
    """The greatest power of two below a size."""
    return 1 << ((size - 1).bit_length() - 1)


def _joined(edge: Sequence[bytes]) -> bytes:
    """The hash over complete subtrees beside each other, each smaller than the one before."""
    if not edge:
        return EMPTY_ROOT
    found = edge[-1]
    for left in reversed(edge[:-1]):
        found = node_hash(left, found)
    return found
