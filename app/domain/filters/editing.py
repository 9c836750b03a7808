"""Steps on the tree of a filter: each gives another tree. A path is the place of a part in its
group, from the root on; the empty path is the root."""

from typing import TypeAlias

from app.domain.filters.nodes import And, Comparison, Node, Not, Or

Path: TypeAlias = tuple[int, ...]


def parts_of(node: Node) -> tuple[Node, ...]:
    """What a node is made of; nothing of a comparison."""
    if isinstance(node, Comparison):
        return ()
    return (node.part,) if isinstance(node, Not) else node.parts


def node_at(root: Node, path: Path) -> Node:
    """The node at a path."""
    for place in path:
        root = parts_of(root)[place]
    return root


def replaced(root: Node, path: Path, new: Node | None) -> Node | None:
    """The tree with another node at a path; None takes it out, and a group of one with it."""
    if not path:
        return new
    place, rest = path[0], path[1:]
    if isinstance(root, Not):
        part = replaced(root.part, rest, new)
        return None if part is None else Not(part)
    assert isinstance(root, And | Or)
    parts = [
        replaced(part, rest, new) if number == place else part
        for number, part in enumerate(root.parts)
    ]
    present = tuple(part for part in parts if part is not None)
    return type(root)(present) if len(present) > 1 else present[0]


def joined(root: Node, path: Path, new: Node, kind: type[And | Or]) -> tuple[Node, Path]:
    """The tree with a new node behind the one at a path, in a group of a kind; and its path."""
    here = node_at(root, path)
    parent = node_at(root, path[:-1]) if path else None
    if type(here) is kind:
        group, target, own = kind((*parts_of(here), new)), path, len(parts_of(here))
    elif parent is not None and type(parent) is kind:
        own, target, parts = path[-1] + 1, path[:-1], parts_of(parent)
        group = kind((*parts[:own], new, *parts[own:]))
    else:
        group, target, own = kind((here, new)), path, 1
    whole = replaced(root, target, group)
    assert whole is not None
    return whole, (*target, own)


def negated(root: Node, path: Path) -> Node:
    """The tree with the node at a path turned round; what is negated already isn't any more."""
    here = node_at(root, path)
    whole = replaced(root, path, here.part if isinstance(here, Not) else Not(here))
    assert whole is not None
    return whole


def switched(root: Node, path: Path) -> Node:
    """The tree with *all of* instead of *any of* at a path, and the other way round."""
    here = node_at(root, path)
    if not isinstance(here, And | Or):
        return root
    other = Or(here.parts) if isinstance(here, And) else And(here.parts)
    whole = replaced(root, path, other)
    assert whole is not None
    return whole
