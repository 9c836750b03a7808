"""Comparisons and sort keys of filters as SQL expressions; every value is a bound parameter."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.domain.filters import (
    BIT_COUNTS,
    NAME,
    RUN,
    And,
    Comparison,
    Field,
    FieldKind,
    Node,
    Not,
    Operator,
    Or,
    Value,
    in_utc,
    number_of,
    text_of,
)
from app.domain.json_value import JsonValue
from app.domain.triplets import BAD, GOOD, STATUSES

Json: TypeAlias = ColumnElement[Any]
Flag: TypeAlias = ColumnElement[bool]


class Counted(Struct, frozen=True):
    """A column or bit whose lumisections are counted in an array: at its place one number for each
    of the `names`, then their sum, which is negative where the summary doesn't have it. Where it
    isn't `current` nothing is known of the dataset."""

    array: ColumnElement[Any]
    place: int
    names: tuple[str, ...]
    current: Flag

    def of(self, name: str) -> ColumnElement[int]:
        """How many lumisections have that status."""
        return self._at(self.names.index(name))

    @property
    def total(self) -> ColumnElement[int]:
        """How many lumisections there are."""
        return self._at(len(self.names))

    @property
    def is_there(self) -> Flag:
        """True where the summary has it; false or null elsewhere."""
        return sa.and_(self.current, self.total >= 0)

    def shares(self, *names: str) -> Iterator[ColumnElement[float]]:
        """The share of the lumisections that each status has; null where there are none."""
        some = sa.and_(self.current, self.total > 0)
        number = sa.cast(self.total, sa.Double)
        for name in names:
            yield sa.case((some, _quotient(self.of(name), number)))

    def _at(self, index: int) -> ColumnElement[int]:
        # In the text of the statement, which is another one for each place anyhow.
        of_key: ColumnElement[Any] = self.array[sa.literal_column(str(self.place))]
        number: ColumnElement[int] = of_key[sa.literal_column(str(index + 1))]
        return number


class Part(Struct, frozen=True):
    """How many lumisections of a counted column or bit have one status."""

    counted: Counted
    name: str

    @property
    def number(self) -> ColumnElement[Any]:
        """That number; null where the summary doesn't have the column or bit."""
        return sa.case((self.counted.is_there, self.counted.of(self.name)))

    def at_least(self, least: int) -> Flag:
        """Whether there are so many, one or more: then the summary has it. Each number that isn't
        fetched for it spares a table a tenth of its time."""
        number = self.counted.of(self.name)
        return sa.and_(number >= sa.literal(least, sa.SmallInteger), self.counted.current)


Whole: TypeAlias = ColumnElement[Any] | Counted
"""The value of a field, of which a part may be asked."""


def entry(value: ColumnElement[Any], key: str) -> Json:
    return value.op("->", return_type=JSONB())(sa.literal(key, sa.Text))


def bound_json(value: JsonValue) -> Json:
    # A bound None would become SQL's null.
    return sa.literal_column("'null'::jsonb") if value is None else sa.literal(value, JSONB)


def _type_of(value: Json) -> ColumnElement[str]:
    return sa.func.jsonb_typeof(value)


def _as_text(value: Json) -> ColumnElement[str]:
    """A JSON text without its quotes, any other value as written; null stays null."""
    path = sa.cast(sa.literal("{}", sa.Text), ARRAY(sa.Text))
    return value.op("#>>", return_type=sa.Text())(path)


_ORDERINGS = {
    Operator.LESS: "<",
    Operator.LESS_OR_EQUAL: "<=",
    Operator.GREATER: ">",
    Operator.GREATER_OR_EQUAL: ">=",
}
_OPPOSITES = {
    Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.NOT_LIKE: Operator.LIKE,
    Operator.NOT_IN: Operator.IN,
    Operator.IS_NOT_NULL: Operator.IS_NULL,
}


def condition(node: Node, value: Callable[[Field], Whole | Part]) -> Flag:
    """A filter over the values of its fields; false or null where it lets nothing pass."""
    if isinstance(node, And):
        return sa.and_(*(condition(part, value) for part in node.parts))
    if isinstance(node, Or):
        return sa.or_(*(condition(part, value) for part in node.parts))
    if isinstance(node, Not):
        return condition(node.part, value).is_not(sa.true())
    return comparison(node, value(node.field))


def part_of(field: Field, whole: Whole) -> Whole | Part:
    """The count or the remarks that a field means, of its whole column or bit."""
    if not field.part:
        return whole
    if isinstance(whole, Counted):
        return Part(whole, field.part)
    if field.kind is FieldKind.LIST:
        return entry(whole, field.part)
    # A status that no lumisection has isn't in the summary; a column that isn't has no count.
    return sa.case((whole.is_not(None), sa.func.coalesce(entry(whole, field.part), bound_json(0))))


def comparison(node: Comparison, value: Whole | Part) -> Flag:
    """True where the comparison holds; false or null elsewhere."""
    opposite = _OPPOSITES.get(node.operator)
    if opposite is not None:
        positive = comparison(Comparison(node.field, opposite, node.value), value)
        # What can be missing differs from every value; a key is always there.
        return sa.not_(positive) if node.field in (RUN, NAME) else positive.is_not(sa.true())
    if node.operator is Operator.BETWEEN:
        ends = zip((Operator.GREATER_OR_EQUAL, Operator.LESS_OR_EQUAL), node.values, strict=True)
        return sa.and_(*(comparison(Comparison(node.field, *end), value) for end in ends))
    if isinstance(value, Counted):
        return _is_counted(node, value)
    if isinstance(value, Part):
        least = _least(node)
        return _number(node, value.number) if least is None else value.at_least(least)
    match node.field.kind:
        case FieldKind.NUMBER if isinstance(value.type, JSONB):
            return _count(node, value)
        case FieldKind.NUMBER:
            return _number(node, value)
        case FieldKind.TEXT:
            return _text(node, value)
        case FieldKind.STATUS | FieldKind.FLAG:
            return _has_lumisections(node, value)
        case FieldKind.LIST:
            return _list(node, value)
        case FieldKind.ATTRIBUTE:
            return _attribute(node, value)


def _number(node: Comparison, value: ColumnElement[Any]) -> Flag:
    if node.operator is Operator.IS_NULL:
        return value.is_(None)
    numbers = [_bound_number(each) for each in node.values]
    if node.operator is Operator.IN:
        whole = [each for each in node.values if isinstance(each, int) and abs(each) < 2**31]
        if len(whole) == len(numbers) and node.field == RUN:
            # One array, so that a list of any length is one parameter of one statement.
            return value == sa.any_(array(whole, sa.Integer))
        return sa.or_(*(value == number for number in numbers))
    operator = _ORDERINGS.get(node.operator, "=")
    return value.bool_op(operator)(numbers[0])


def _least(node: Comparison) -> int | None:
    """The count from which on a comparison holds, if it is one that can be stored."""
    if node.operator not in {Operator.GREATER, Operator.GREATER_OR_EQUAL}:
        return None
    number = node.values[0]
    if not isinstance(number, int):
        return None
    least = number + (node.operator is Operator.GREATER)
    return least if 0 < least < 2**15 else None


def _bound_number(value: Value) -> ColumnElement[Any]:
    assert isinstance(value, int | float)  # comparisons of numbers hold numbers
    return sa.literal(value, sa.BigInteger if isinstance(value, int) else sa.Double)


def _count(node: Comparison, value: Json) -> Flag:
    if node.operator is Operator.IS_NULL:
        return value.is_(None)
    if node.operator is Operator.IN:
        return sa.or_(*(value == bound_json(each) for each in node.values))
    return value.bool_op(_ORDERINGS.get(node.operator, "="))(bound_json(node.values[0]))


def _text(node: Comparison, value: ColumnElement[Any]) -> Flag:
    texts = [text_of(each) for each in node.values]
    match node.operator:
        case Operator.IS_NULL:
            return value.is_(None)
        case Operator.EQUAL | Operator.IN:
            return value.in_(texts)
        case Operator.LIKE:
            return _alike(value, _pattern(texts[0]))
        case Operator.CONTAINS:
            return _alike(value, f"%{_literally(texts[0])}%")
        case _:
            return value.bool_op(_ORDERINGS[node.operator])(sa.literal(texts[0], sa.Text))


def _has_lumisections(node: Comparison, value: Json) -> Flag:
    if node.operator is Operator.IS_NULL:
        return value.is_(None)
    keys = [each.upper() for each in map(text_of, node.values)]
    return sa.or_(*(entry(value, key).bool_op(">")(bound_json(0)) for key in keys))


def _is_counted(node: Comparison, value: Counted) -> Flag:
    if node.operator is Operator.IS_NULL:
        return value.is_there.is_not(sa.true())
    names = [each.upper() for each in map(text_of, node.values)]
    some = (value.of(name) > 0 for name in names if name in value.names)
    return sa.and_(value.current, sa.or_(sa.false(), *some))


def _list(node: Comparison, value: Json) -> Flag:
    match node.operator:
        case Operator.IS_NULL:
            return sa.or_(value.is_(None), value == bound_json([]), value == bound_json(None))
        case Operator.LIKE:
            return _any_element_like(value, _pattern(text_of(node.values[0])))
        case _:
            return sa.or_(*(_holds(value, text_of(each)) for each in node.values))


def _holds(value: Json, element: JsonValue) -> Flag:
    return value.bool_op("@>")(bound_json([element]))


def _any_element_like(value: Json, pattern: str) -> Flag:
    elements = sa.case((_type_of(value) == "array", value), else_=bound_json([]))
    element = sa.func.jsonb_array_elements_text(elements).table_valued(
        sa.column("value", sa.Text), name="element"
    )
    return sa.exists().select_from(element).where(_alike(element.c.value, pattern))


def _attribute(node: Comparison, value: Json) -> Flag:
    match node.operator:
        case Operator.IS_NULL:
            return sa.or_(value.is_(None), value == bound_json(None))
        case Operator.EQUAL | Operator.IN:
            meant = [each for given in node.values for each in _readings(given)]
            return sa.or_(*(_equals(value, each) for each in meant))
        case Operator.LIKE:
            return _alike(_as_text(value), _pattern(text_of(node.values[0])))
        case Operator.CONTAINS:
            wanted = text_of(node.values[0])
            part = _alike(_as_text(value), f"%{_literally(wanted)}%")
            elements = (_holds(value, each) for each in _readings(wanted))
            return sa.case((_type_of(value) == "array", sa.or_(*elements)), else_=part)
        case _:
            operator = _ORDERINGS[node.operator]
            return sa.or_(
                *(
                    sa.and_(
                        _type_of(value) == ("string" if isinstance(each, str) else "number"),
                        value.bool_op(operator)(bound_json(each)),
                    )
                    for each in _readings(node.values[0])
                    if not isinstance(each, bool)
                )
            )


def _equals(value: Json, wanted: bool | float | str) -> Flag:
    """Whether a value of JSON is that one. A text that nothing else is written like is compared as
    text, which the server does several times as fast."""
    if (
        isinstance(wanted, str)
        and wanted[:1].isalpha()
        and wanted not in ("true", "false")
        and isinstance(value, sa.BinaryExpression)
        and getattr(value.operator, "opstring", "") == "->"
    ):
        return value.left.op("->>", return_type=sa.Text())(value.right) == wanted
    return value == bound_json(wanted)


def _readings(value: Value) -> tuple[bool | int | float | str, ...]:
    """What a value can be in an attribute: OMS has numbers as texts, and a text can say true."""
    text = text_of(value)
    number = number_of(value)
    readings: list[bool | int | float | str] = [in_utc(text)]
    if number is not None:
        readings.append(number)
    if text in ("true", "false"):
        readings.append(text == "true")
    return tuple(readings)


def _alike(value: ColumnElement[Any], pattern: str) -> Flag:
    """Whether a text is like the pattern, whatever the case of its letters. A pattern of ASCII can
    be looked for byte by byte, which takes the server a third less."""
    if not pattern.isascii():
        return value.ilike(pattern)
    return sa.func.lower(value.collate("C")).like(pattern.lower())


def _literally(text: str) -> str:
    """`text` for LIKE, in which nothing stands for anything else."""
    return text.replace("\\", r"\\").replace("_", r"\_").replace("%", r"\%")


def _pattern(text: str) -> str:
    """`text` for LIKE, in which only `%` stands for any text."""
    return "%".join(map(_literally, text.split("%")))


def sort_keys(field: Field, value: Whole | Part) -> tuple[ColumnElement[Any], ...]:
    """What to order by: a status column sorts by its share of bad lumisections, then by the share
    of those that aren't good; a bit by its share of false.

    JSON has an order over all its types, in which numbers and texts are among themselves.
    """
    if isinstance(value, Counted):
        if field.kind is FieldKind.FLAG:
            return (*value.shares("FALSE"),)
        bad, good = value.shares(BAD, GOOD)
        return bad, 1 - good
    if isinstance(value, Part):
        return (value.number,)
    match field.kind:
        case FieldKind.STATUS:
            total = _total(value, STATUSES)
            return _share(value, BAD, total), 1 - _share(value, GOOD, total)
        case FieldKind.FLAG:
            return (_share(value, "FALSE", _total(value, BIT_COUNTS)),)
        case FieldKind.ATTRIBUTE | FieldKind.LIST:
            return (sa.func.nullif(value, bound_json(None)),)
        case _:
            return (value,)


def _share(value: Json, key: str, total: ColumnElement[float]) -> ColumnElement[float]:
    return _quotient(_number_in(value, key), total)


def _quotient(number: ColumnElement[int], total: ColumnElement[float]) -> ColumnElement[float]:
    # Not `/`, for which the server would turn every total into a number of any precision.
    return sa.cast(number, sa.Double).op("/", return_type=sa.Double())(total)


def _total(value: Json, states: Iterable[str]) -> ColumnElement[float]:
    first, *others = (_number_in(value, state) for state in states)
    return sa.cast(sa.func.nullif(sum(others, start=first), 0), sa.Double)


def _number_in(value: Json, key: str) -> ColumnElement[int]:
    # Whole numbers: a fraction is made of the text of a number, which takes several times as long.
    count = entry(value, key)
    number = sa.case((_type_of(count) == "number", sa.cast(count, sa.BigInteger)))
    return sa.func.coalesce(number, 0)


def array(values: Sequence[int] | Sequence[str], item: type[Any]) -> ColumnElement[Any]:
    return sa.cast(sa.bindparam(None, list(values), ARRAY(item), unique=True), ARRAY(item))
