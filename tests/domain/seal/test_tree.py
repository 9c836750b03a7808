"""The tree of RFC 6962: its published examples, and every proof of every small tree."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.domain.seal import tree
from app.domain.seal.tree import GrowingTree, Node

# The leaves and roots of the reference implementation of Certificate Transparency.
LEAVES = [
    b"",
    b"\x00",
    b"\x10",
    bytes.fromhex("2021"),
    bytes.fromhex("3031"),
    bytes.fromhex("40414243"),
    bytes.fromhex("5051525354555657"),
    bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
CONSISTENCY = {
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


class Whole:
    """A tree of which every node can be had, computed as the RFC defines it."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = [tree.leaf_hash(leaf) for leaf in leaves]

    def __call__(self, node: Node) -> bytes:
        if node.level == 0:
            return self.leaves[node.index]
        left = Node(node.level - 1, 2 * node.index)
        return tree.node_hash(self(left), self(Node(left.level, left.index + 1)))

    def hashes(self, ranges: tuple[tuple[int, int], ...]) -> list[bytes]:
        return [tree.hash_of_range(begin, end, self) for begin, end in ranges]


def test_that_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert GrowingTree().root() == hashlib.sha256(b"").digest()


def test_that_roots_are_those_that_are_published() -> None:
    growing = GrowingTree()
    found = []
    for leaf in LEAVES:
        growing.add(tree.leaf_hash(leaf))
        found.append(growing.root().hex())
    assert found == ROOTS


def test_that_proofs_are_those_that_are_published() -> None:
    whole = Whole(LEAVES)
    for (index, size), path in INCLUSION.items():
        found = whole.hashes(tree.inclusion_ranges(index, size))
        assert [each.hex() for each in found] == path
    for (old, new), path in CONSISTENCY.items():
        found = whole.hashes(tree.consistency_ranges(old, new))
        assert [each.hex() for each in found] == path


def test_that_every_proof_of_every_small_tree_holds_and_no_other_does() -> None:
    for size in range(1, 40):
        whole = Whole([bytes([leaf]) for leaf in range(size)])
        root = tree.root(size, whole)
        for index in range(size):
            path = whole.hashes(tree.inclusion_ranges(index, size))
            leaf = whole.leaves[index]
            assert tree.root_from_inclusion(leaf, index, size, path) == root
            assert tree.root_from_inclusion(leaf[::-1], index, size, path) != root
            assert tree.root_from_inclusion(leaf, index, size, [*path, leaf]) != root
            old = tree.root(index, whole)
            path = whole.hashes(tree.consistency_ranges(index, size))
            assert tree.is_consistent(index, old, size, root, path)
            if index:
                assert not tree.is_consistent(index, old[::-1], size, root, path)
                assert not tree.is_consistent(index, old, size, root[::-1], path)
                assert not tree.is_consistent(index, old, size, root, path[:-1])


def test_that_a_tree_is_consistent_with_itself_alone() -> None:
    root = bytes.fromhex(ROOTS[3])
    assert tree.is_consistent(4, root, 4, root, [])
    assert not tree.is_consistent(4, root, 4, root, [root])
    assert not tree.is_consistent(5, root, 4, root, [root])


@given(some.integers(1, 3000), some.data())
def test_that_a_tree_goes_on_from_the_nodes_that_are_stored(
    size: int, data: some.DataObject
) -> None:
    part = data.draw(some.integers(0, size))
    leaves = [tree.leaf_hash(number.to_bytes(2, "big")) for number in range(size)]
    stored: list[tuple[Node, bytes]] = []
    growing = GrowingTree()
    for leaf in leaves[:part]:
        growing.add(leaf, stored)
    known = dict(stored)

    def kept(node: Node) -> bytes:
        return leaves[node.index] if node.level == 0 else known[node]

    edge = [tree.hash_from_stored(node, kept) for node in tree.complete_nodes(0, part)]
    again = GrowingTree(part, edge)
    assert again.root() == growing.root()
    for leaf in leaves[part:]:
        growing.add(leaf)
        again.add(leaf)
    assert again.root() == growing.root()
    assert {node.level for node in known} <= {8}


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_536, 1_000_000, 17_900_000])
def test_that_a_root_takes_few_stored_rows_whatever_the_size(size: int) -> None:
    rows = sum(len(tree.stored_below(node)[1]) for node in tree.complete_nodes(0, size))
    assert rows <= 255 * 4
