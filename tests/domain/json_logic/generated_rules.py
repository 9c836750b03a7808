"""Random rules and data for comparison with json-logic-js, the same ones every time."""

import random
from collections.abc import Callable

from app.domain.json_value import JsonValue

TEXTS = [
    "", "0", "1", "-1", "2.5", " 7 ", "1e3", "0x1F", "0b101", "-0", "Infinity", "-Infinity", "abc",
    "abd", "GOOD", "BAD", "1,2", "null", "true", "false", "3px", ".5", "5.", "a.b", "length", "é",
    "\u00a012\ufeff", "😀", "\ufffd", "a😀b", "NaN", "1_0", "[object Object]", "undefined", "+5",
    "0x", "1e400", "12e", "\ud83d", "\ude00", "١", "000", "9007199254740993",
]  # fmt: skip
NUMBERS = [
    0, 1, -1, 2, 3, 10, 0.5, -2.5, 1.0, 3.7, -0.0, 1e21, 1e-7, 123456789012, 2**53, 2**53 + 1,
    1e308, 5e-324, -3, 0.1, 0.2, 1.5, 6800, 10**22, 10**400, 4294967295,
]  # fmt: skip
PATHS: list[JsonValue] = [
    "a", "b", "c", "a.b", "b.a", "list", "list.0", "list.1", "list.9", "list.length", "list.00",
    "text", "text.0", "text.length", "text.1", "none", "none.x", "nested.list.0.a", "nested.list",
    "nested.deep.er.value", "", None, 0, 1, 1.5, "0", "1", "current", "accumulator", "current.a",
    "current.0", "wide", "wide.length", "wide.1", "flag", "number", "number.x", "empty", "objects",
    "objects.0", "objects.1.a", ".", "a.", ".a", True, "list.-1", "list.1e0", "true", "1.5",
    "picked",
]  # fmt: skip


class Generator:
    """Rules and data out of one seeded source of chance."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._makers: list[Callable[[int], JsonValue]] = [
            self._call, self._call, self._typical_comparison, self._scoped, self._scoped,
        ]  # fmt: skip

    def pair(self) -> tuple[JsonValue, JsonValue]:
        """A rule and the data it is computed over."""
        return self.rule(self._random.choice((1, 2, 2, 3, 3, 4))), self.data()

    def data(self) -> JsonValue:
        """Mostly an object with the members that the paths name; sometimes anything."""
        if self._random.random() < 0.08:
            return self._value(2)
        data: dict[str, JsonValue] = {
            "list": [self._value(1) for _ in range(self._random.randrange(5))],
            "objects": [{"a": self._value(1), "b": self._scalar()} for _ in range(3)],
            "text": self._random.choice(TEXTS),
            "none": None,
            "wide": self._random.choice(["😀", "a😀b", "é", "\ud83d"]),
            "nested": {"list": [{"a": self._scalar()}], "deep": {"er": {"value": self._scalar()}}},
            "empty": self._random.choice(["", [], {}, None]),
            "flag": self._random.random() < 0.5,
            "number": self._random.choice(NUMBERS),
            "picked": [self._random.choice(PATHS) for _ in range(2)],
            "0": self._scalar(),
            "": self._scalar(),
        }
        for name in ("a", "b", "c", "1", "true", "current"):
            if self._random.random() < 0.6:
                data[name] = self._value(2)
        for name in self._random.sample(list(data), self._random.randrange(3)):
            del data[name]
        return data

    def rule(self, depth: int) -> JsonValue:
        if depth <= 0:
            return self._leaf()
        return self._random.choice(self._makers)(depth)

    def _scalar(self) -> JsonValue:
        kind = self._random.random()
        if kind < 0.35:
            return self._random.choice(TEXTS)
        if kind < 0.7:
            return self._random.choice(NUMBERS)
        return self._random.choice([None, True, False])

    def _value(self, depth: int) -> JsonValue:
        kind = self._random.random()
        if depth <= 0 or kind < 0.6:
            return self._scalar()
        if kind < 0.85:
            return [self._value(depth - 1) for _ in range(self._random.randrange(4))]
        names = ["a", "b", "length", "x", "list", "indexOf", "toString", "valueOf"]
        weights = [9, 9, 2, 9, 3, 0.4, 0.4, 1]
        chosen = self._random.choices(names, weights, k=self._random.choice((0, 2, 2, 3)))
        return {name: self._value(depth - 1) for name in chosen}

    def _leaf(self) -> JsonValue:
        kind = self._random.random()
        if kind < 0.5:
            return self._variable()
        return self._value(1) if kind < 0.65 else self._scalar()

    def _variable(self) -> JsonValue:
        path = self._random.choice(PATHS)
        kind = self._random.random()
        if kind < 0.75:
            return {"var": path}
        if kind < 0.95:
            return {"var": [path, self._scalar()]}
        return {"var": []}

    def _typical_comparison(self, depth: int) -> JsonValue:
        operator = self._random.choice(
            ["==", "===", "!=", "!==", "<", "<=", ">", ">=", "in", "==", "in"]
        )
        variable = self._variable() if self._random.random() < 0.7 else self.rule(depth - 1)
        constant = self._scalar()
        if operator == "in" and self._random.random() < 0.4:
            constant = [self._random.choice(TEXTS) for _ in range(self._random.randrange(4))]
        sides = [variable, constant]
        if self._random.random() < 0.35:
            sides.reverse()
        return {operator: sides}

    def _call(self, depth: int) -> JsonValue:
        operator, counts = self._random.choice(
            [
                ("==", (2,)), ("===", (2,)), ("!=", (2,)), ("!==", (2,)), ("<", (2, 3)),
                ("<=", (2, 3)), (">", (2,)), (">=", (2,)), ("!", (1,)), ("!!", (1,)),
                ("and", (1, 2, 3)), ("or", (1, 2, 3)), ("if", (0, 1, 2, 3, 4, 5)), ("?:", (3,)),
                ("+", (0, 1, 2, 3)), ("-", (1, 2)), ("*", (1, 2, 3)), ("/", (2,)), ("%", (2,)),
                ("min", (1, 2, 3)), ("max", (1, 2, 3)), ("cat", (0, 1, 2, 3)),
                ("substr", (1, 2, 3, 3)), ("in", (2,)), ("merge", (0, 1, 2, 3)), ("log", (1,)),
                ("var", (1, 2)), ("missing", (0, 1, 2, 3)), ("missing_some", (2,)),
                ("array", (0, 1, 2, 3)),
            ]
        )  # fmt: skip
        count = self._random.choice(counts)
        if self._random.random() < 0.06:
            count = self._random.randrange(5)
        arguments = [self.rule(depth - self._random.choice((1, 1, 2))) for _ in range(count)]
        if operator == "array":
            return arguments
        if operator == "missing" and self._random.random() < 0.6:
            return {"missing": [self._random.choice(PATHS) for _ in range(count)]}
        if operator == "missing_some" and count == 2 and self._random.random() < 0.7:
            keys = [self._random.choice(PATHS) for _ in range(self._random.randrange(4))]
            arguments = [self._random.choice([0, 1, 2, "1", None, 0.5]), keys]
        if operator == "substr" and count > 1 and self._random.random() < 0.7:
            numbers = [-3, -2, -1, 0, 1, 2, 1.5, -1.5, "1", "-1", None, True]
            arguments[1:] = [self._random.choice(numbers) for _ in arguments[1:]]
        if count == 1 and not isinstance(arguments[0], list) and self._random.random() < 0.5:
            return {operator: arguments[0]}
        return {operator: arguments}

    def _scoped(self, depth: int) -> JsonValue:
        operator = self._random.choice(["map", "filter", "reduce", "all", "none", "some"])
        kind = self._random.random()
        items: JsonValue
        if kind < 0.6:
            items = {
                "var": self._random.choice(
                    ["list", "objects", "nested.list", "picked", "a", "current"]
                )
            }
        elif kind < 0.8:
            items = [self._value(1) for _ in range(self._random.randrange(4))]
        else:
            items = self.rule(depth - 1)
        body = self.rule(depth - 1)
        if self._random.random() < 0.4:
            inner: list[JsonValue] = [
                {"var": self._random.choice(["", "a", "b", "current", "accumulator"])},
                {"var": self._random.choice(["", "current", "accumulator", "current.a"])},
            ]
            body = {
                self._random.choice(["+", "cat", "==", "<", "max", "merge", "===", "in"]): inner
            }
        arguments = [items, body]
        if operator == "reduce" and self._random.random() < 0.8:
            arguments.append(self.rule(depth - 2))
        if self._random.random() < 0.02:
            arguments.pop()
        return {operator: arguments}
