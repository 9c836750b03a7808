"""A rule as a tree that can be changed: groups, conditions, and what has another shape."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias

from app.domain.errors import Refused
from app.domain.foreign_json import NotJson, parse
from app.domain.json_logic import Place
from app.domain.json_value import JsonValue
from app.domain.rules.vocabulary import Variable, VariableKind

Joint: TypeAlias = Literal["and", "or"]
Path: TypeAlias = tuple[int, ...]
"""Indices of children that lead from the root to a node."""


class Comparison(Enum):
    """How a condition compares its variable; the value is what the window calls it."""

    EQUAL = "=="
    NOT_EQUAL = "!="
    SAME = "==="
    NOT_SAME = "!=="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    ONE_OF = "is one of"
    CONTAINS = "contains"
    NOT_CONTAINS = "does not contain"
    BETWEEN = "between"
    # The same as CONTAINS, as most saved rules write it.
    CONTAINS_TRUE = "contains (== true)"
    STRICTLY_BETWEEN = "strictly between"
    HOLDS = "counts as true"

    @property
    def takes_list(self) -> bool:
        """Whether the value is a list."""
        return self in (Comparison.ONE_OF, Comparison.BETWEEN, Comparison.STRICTLY_BETWEEN)


OFFERED = tuple(each for each in Comparison if each is not Comparison.CONTAINS_TRUE)
"""Comparisons for a new condition."""

_PLAIN = {
    each.value: each
    for each in Comparison
    if each.value in ("==", "!=", "===", "!==", "<", "<=", ">", ">=")
}
_OPPOSITES = {
    Comparison.EQUAL: Comparison.NOT_EQUAL,
    Comparison.NOT_EQUAL: Comparison.EQUAL,
    Comparison.SAME: Comparison.NOT_SAME,
    Comparison.NOT_SAME: Comparison.SAME,
    Comparison.CONTAINS: Comparison.NOT_CONTAINS,
    Comparison.CONTAINS_TRUE: Comparison.NOT_CONTAINS,
    Comparison.NOT_CONTAINS: Comparison.CONTAINS,
}


@dataclass(frozen=True)
class Condition:
    """A variable compared with a constant."""

    variable: str
    comparison: Comparison
    value: JsonValue = None


@dataclass(frozen=True)
class Group:
    """Nodes of which all (`and`) or at least one (`or`) has to hold."""

    joint: Joint
    children: "tuple[Node, ...]"


@dataclass(frozen=True)
class Opposite:
    """Holds where its child doesn't; `listed` when the rule writes the child in an array."""

    child: "Node"
    listed: bool = False


@dataclass(frozen=True)
class Decision:
    """True where its child holds, else false: how stored classifiers are written."""

    child: "Node"


@dataclass(frozen=True)
class Raw:
    """JSON logic of another shape, kept as it is."""

    source: JsonValue


Node: TypeAlias = Condition | Group | Opposite | Decision | Raw


class Edited(NamedTuple):
    """The changed tree, and where the node that was changed is now."""

    root: Node
    path: Path


def node_of(source: JsonValue) -> Node:
    """The tree of a rule; `source_of` gives exactly that rule back."""
    if isinstance(source, dict) and len(source) == 1:
        ((operator, values),) = source.items()
        if operator in ("and", "or") and isinstance(values, list) and values:
            joint: Joint = "and" if operator == "and" else "or"
            return Group(joint, tuple(map(node_of, values)))
        if operator == "!":
            if not isinstance(values, list):
                return Opposite(node_of(values))
            if len(values) == 1:
                return Opposite(node_of(values[0]), listed=True)
        if operator == "if" and isinstance(values, list) and _decides(values):
            return Decision(node_of(values[0]))
        condition = _condition(operator, values)
        if condition is not None:
            return condition
    return Raw(source)


def source_of(node: Node) -> JsonValue:
    """The rule that a tree stands for."""
    match node:
        case Group(joint, children):
            return {joint: [source_of(each) for each in children]}
        case Opposite(child, listed):
            return {"!": [source_of(child)] if listed else source_of(child)}
        case Decision(child):
            return {"if": [source_of(child), True, False]}
        case Raw(source):
            return source
        case Condition():
            return _source(node)


def children_of(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Group(_, children):
            return children
        case Opposite(child, _) | Decision(child):
            return (child,)
        case _:
            return ()


def at(root: Node, path: Path) -> Node:
    """The node that a path leads to."""
    for index in path:
        root = children_of(root)[index]
    return root


def place_of(root: Node, path: Path) -> Place:
    """Keys and indices that lead to a node in the rule that the tree stands for."""
    place: list[str | int] = []
    for index in path:
        match root:
            case Group(joint, _):
                place += [joint, index]
            case Opposite(_, listed):
                place += ["!", 0] if listed else ["!"]
            case Decision():
                place += ["if", 0]
        root = children_of(root)[index]
    return tuple(place)


def condition_about(variable: Variable) -> Condition:
    """A condition to begin with."""
    if variable.kind is VariableKind.NUMBER:
        return Condition(variable.name, Comparison.AT_LEAST, variable.suggested)
    if variable.kind is VariableKind.LIST:
        return Condition(variable.name, Comparison.CONTAINS, variable.suggested)
    return Condition(variable.name, Comparison.EQUAL, variable.suggested)


def compared(condition: Condition, comparison: Comparison) -> Condition:
    """The condition with another comparison; its value becomes a list, or one value, as needed."""
    value = condition.value
    if comparison is Comparison.HOLDS:
        value = None
    elif comparison.takes_list and not isinstance(value, list):
        single = comparison is Comparison.ONE_OF
        value = [value] if single else [value, value]
    elif comparison in (Comparison.BETWEEN, Comparison.STRICTLY_BETWEEN):
        assert isinstance(value, list)
        value = [*value, *value[-1:], None, None][:2]
    elif not comparison.takes_list and isinstance(value, list):
        value = value[0] if value else ""
    elif condition.comparison is Comparison.HOLDS:
        value = True
    return replace(condition, comparison=comparison, value=value)


# Changes. Each gives a new tree; Refused where it can't be done.


def put(root: Node, path: Path, node: Node) -> Edited:
    """Another node in a place."""
    return Edited(_put(root, path, node), path)


def remove(root: Node, path: Path) -> Edited:
    """Takes a node out, and a group that would be empty with it."""
    while path:
        parent = at(root, path[:-1])
        if isinstance(parent, Group) and len(parent.children) > 1:
            index = path[-1]
            kept = (*parent.children[:index], *parent.children[index + 1 :])
            near = min(index, len(kept) - 1)
            return Edited(
                _put(root, path[:-1], replace(parent, children=kept)),
                (*path[:-1], near),
            )
        path = path[:-1]
    raise Refused("A rule needs at least one condition.")


def add(root: Node, path: Path, node: Node) -> Edited:
    """Adds a node: into a group, as its last, or behind any other node."""
    here = at(root, path)
    if isinstance(here, Decision):
        return add(root, (*path, 0), node)
    if isinstance(here, Group):
        grown = replace(here, children=(*here.children, node))
        return Edited(_put(root, path, grown), (*path, len(here.children)))
    return _insert_behind(root, path, node)


def negate(root: Node, path: Path) -> Edited:
    """The opposite of a node, written as shortly as it can be."""
    here = at(root, path)
    if isinstance(here, Opposite):
        return put(root, path, here.child)
    if path and isinstance(at(root, path[:-1]), Opposite):
        return put(root, path[:-1], here)
    if isinstance(here, Decision):
        return negate(root, (*path, 0))
    if isinstance(here, Condition) and here.comparison in _OPPOSITES:
        return put(root, path, replace(here, comparison=_OPPOSITES[here.comparison]))
    return put(root, path, Opposite(here))


def wrap(root: Node, path: Path, joint: Joint) -> Edited:
    """Puts a node into a group of its own."""
    here = at(root, path)
    if isinstance(here, Decision):
        return wrap(root, (*path, 0), joint)
    return put(root, path, Group(joint, (here,)))


def dissolve(root: Node, path: Path) -> Edited:
    """Puts what is in a group in its place."""
    here = at(root, path)
    if not isinstance(here, Group):
        raise Refused("Only a group can be dissolved.")
    if len(here.children) == 1:
        return put(root, path, here.children[0])
    parent = at(root, path[:-1]) if path else None
    if not isinstance(parent, Group):
        raise Refused("Several conditions need a group here.")
    index = path[-1]
    spliced = (*parent.children[:index], *here.children, *parent.children[index + 1 :])
    return Edited(_put(root, path[:-1], replace(parent, children=spliced)), path)


def move(root: Node, path: Path, step: Literal[-1, 1]) -> Edited:
    """Moves a node up or down in its group, and out of it at its end."""
    parent = at(root, path[:-1]) if path else None
    if isinstance(parent, Group):
        index, other = path[-1], path[-1] + step
        if 0 <= other < len(parent.children):
            moved = list(parent.children)
            moved[index], moved[other] = moved[other], moved[index]
            return Edited(
                _put(root, path[:-1], replace(parent, children=tuple(moved))),
                (*path[:-1], other),
            )
    return move_out(root, path, behind=step > 0)


def move_out(root: Node, path: Path, *, behind: bool = True) -> Edited:
    """Moves a node out of its group, behind or before it."""
    outer = path[:-2]
    if (
        len(path) < 2
        or not isinstance(at(root, path[:-1]), Group)
        or not isinstance(at(root, outer), Group)
    ):
        raise Refused("There is no group around this one.")
    here = at(root, path)
    place = path[-2]
    emptied = len(children_of(at(root, path[:-1]))) == 1
    root = _put(root, path[:-1], _without(at(root, path[:-1]), path[-1]))
    if emptied:
        return Edited(_put(root, outer, _with(at(root, outer), place, here, 1)), path[:-1])
    place += behind
    return Edited(_put(root, outer, _with(at(root, outer), place, here, 0)), (*outer, place))


def move_in(root: Node, path: Path) -> Edited:
    """Moves a node into the group before it, else into the one behind it."""
    parent = at(root, path[:-1]) if path else None
    if isinstance(parent, Group):
        index, here = path[-1], at(root, path)
        for neighbour in (index - 1, index + 1):
            if not 0 <= neighbour < len(parent.children):
                continue
            group = parent.children[neighbour]
            if isinstance(group, Group):
                first = neighbour > index
                children = (here, *group.children) if first else (*group.children, here)
                changed = list(parent.children)
                changed[neighbour] = replace(group, children=children)
                del changed[index]
                now = neighbour - (neighbour > index)
                inside = 0 if first else len(children) - 1
                grown = replace(parent, children=tuple(changed))
                return Edited(_put(root, path[:-1], grown), (*path[:-1], now, inside))
    raise Refused("There is no group beside this one.")


def _put(root: Node, path: Path, node: Node) -> Node:
    if not path:
        return node
    first, rest = path[0], path[1:]
    match root:
        case Group(_, children):
            inside = _put(children[first], rest, node)
            return replace(root, children=(*children[:first], inside, *children[first + 1 :]))
        case Opposite(child, _) | Decision(child):
            return replace(root, child=_put(child, rest, node))
    raise IndexError(path)


def _decides(values: list[JsonValue]) -> bool:
    return len(values) == 3 and values[1] is True and values[2] is False


def _without(group: Node, index: int) -> Node:
    assert isinstance(group, Group)
    return replace(group, children=(*group.children[:index], *group.children[index + 1 :]))


def _with(group: Node, index: int, node: Node, instead_of: int) -> Node:
    assert isinstance(group, Group)
    children = group.children
    return replace(group, children=(*children[:index], node, *children[index + instead_of :]))


def _insert_behind(root: Node, path: Path, node: Node) -> Edited:
    parent = at(root, path[:-1]) if path else None
    if isinstance(parent, Group):
        place = path[-1] + 1
        return Edited(_put(root, path[:-1], _with(parent, place, node, 0)), (*path[:-1], place))
    if isinstance(parent, Opposite):
        return _insert_behind(root, path[:-1], node)
    both = Group("and", (at(root, path), node))
    return Edited(_put(root, path, both), (*path, 1))


# Conditions and their JSON logic


def _condition(operator: str, values: JsonValue) -> Condition | None:
    if operator == "var" and isinstance(values, str):
        return Condition(values, Comparison.HOLDS) if values else None
    if not isinstance(values, list):
        return None
    match operator, values:
        case _, [{"var": str(name), **others}, value] if operator in _PLAIN and not others:
            if name and _is_scalar(value):
                return Condition(name, _PLAIN[operator], value)
        case "==", [{"in": [part, {"var": str(name), **more}], **others}, bool(holds)]:
            if name and not others and not more and _is_scalar(part):
                comparison = Comparison.CONTAINS_TRUE if holds else Comparison.NOT_CONTAINS
                return Condition(name, comparison, part)
        case "in", [{"var": str(name), **others}, [*parts]] if not others:
            if name and all(map(_is_scalar, parts)):
                return Condition(name, Comparison.ONE_OF, list(parts))
        case "in", [part, {"var": str(name), **others}] if not others:
            if name and _is_scalar(part):
                return Condition(name, Comparison.CONTAINS, part)
        case (("<" | "<="), [low, {"var": str(name), **others}, high]) if not others:
            if name and _is_scalar(low) and _is_scalar(high):
                both = operator == "<="
                return Condition(
                    name,
                    Comparison.BETWEEN if both else Comparison.STRICTLY_BETWEEN,
                    [low, high],
                )
    return None


def _is_scalar(value: JsonValue) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _source(condition: Condition) -> JsonValue:
    read: JsonValue = {"var": condition.variable}
    value = condition.value
    bounds = value if isinstance(value, list) else [value]
    match condition.comparison:
        case Comparison.HOLDS:
            return read
        case Comparison.ONE_OF:
            return {"in": [read, [*bounds]]}
        case Comparison.CONTAINS:
            return {"in": [value, read]}
        case Comparison.CONTAINS_TRUE:
            return {"==": [{"in": [value, read]}, True]}
        case Comparison.NOT_CONTAINS:
            return {"==": [{"in": [value, read]}, False]}
        case Comparison.BETWEEN:
            return {"<=": [bounds[0], read, bounds[-1]]}
        case Comparison.STRICTLY_BETWEEN:
            return {"<": [bounds[0], read, bounds[-1]]}
        case plain:
            return {plain.value: [read, value]}


# Values as they are shown and typed


def value_text(value: JsonValue) -> str:
    """A value as a person reads it: text without quotes where that is no other value."""
    if isinstance(value, str):
        return value if read_value(value) == value and value.strip() == value else _json(value)
    if isinstance(value, list):
        texts = [value_text(each) for each in value]
        plain = all(text and "," not in text and text[0] not in '"[{' for text in texts)
        return ", ".join(texts) if plain and texts else _json(value)
    return _json(value)


def read_value(text: str) -> JsonValue:
    """The value that a text stands for: JSON where it is some, else the text itself."""
    try:
        return parse(text)
    except NotJson:
        return text.strip()


def read_values(text: str) -> list[JsonValue]:
    """The values that a text lists: a JSON array, or values with commas between them."""
    whole = read_value(text)
    if isinstance(whole, list):
        return whole
    return [read_value(each.strip()) for each in text.split(",") if each.strip()]


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)


_WORDS: Mapping[type, str] = {Opposite: "not", Decision: "if ... then true, else false"}


def text_of(node: Node) -> str:
    """A node in a line."""
    match node:
        case Condition(variable, comparison, value):
            if comparison is Comparison.HOLDS:
                return f"{variable} {comparison.value}"
            return f"{variable} {comparison.value} {value_text(value)}"
        case Group("and", children):
            return f"all of {len(children)}"
        case Group(_, children):
            return f"any of {len(children)}"
        case Raw(source):
            return _json(source)
        case _:
            return _WORDS[type(node)]
