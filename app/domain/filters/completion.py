"""What can be typed next in a filter."""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from app.domain.errors import BadInput
from app.domain.filters.fields import (
    BIT_COUNTS,
    REMARKS,
    Field,
    FieldKind,
    KnownField,
    Source,
    Vocabulary,
    field_of,
)
from app.domain.filters.nodes import OPERATORS, Operator
from app.domain.filters.text import Token, format_value, tokens_of
from app.domain.triplets import STATUSES

MOST = 60


class Completion(NamedTuple):
    """A text that can stand at `start` to `end` of the filter, and what it is."""

    text: str
    start: int
    end: int
    kind: str
    detail: str = ""


class _Place(Enum):
    FIELD = "field"
    OPERATOR = "operator"
    VALUE = "value"
    VALUE_OF_LIST = "value of a list"
    FIRST_OF_BETWEEN = "first value of between"
    BETWEEN_AND = "and of between"
    AFTER_NOT = "operator after not"
    AFTER_IS = "after is"
    AFTER_IS_NOT = "after is not"
    JOIN = "and, or"
    LIST_JOIN = "comma, and, or"


_WORDS_FOR_OPERATORS = {
    "=": "is",
    "!=": "is not",
    "~": "like, % is any text",
    "!~": "not like",
    "in": "one of a list",
    "not in": "none of a list",
    "between": "both ends included",
    "contains": "holds the text or element",
}


def complete(text: str, cursor: int, vocabulary: Vocabulary) -> list[Completion]:
    """What can stand at the cursor, the best first; replaces the word that the cursor is in."""
    cursor = max(0, min(cursor, len(text)))
    tokens = tokens_of(text, lenient=True)[:-1]
    before = [token for token in tokens if token.end < cursor]
    here = next(
        (
            token
            for token in tokens
            if token.start < cursor <= token.end and token.kind in ("word", "string")
        ),
        None,
    )
    if here is None:
        before = [token for token in tokens if token.end <= cursor]
    typed = text[here.start : cursor] if here else ""
    start, end = (here.start, here.end) if here else (cursor, cursor)
    place, field = _place(before, vocabulary)
    found = (
        Completion(candidate, start, end, kind, detail)
        for candidate, kind, detail in _candidates(place, field, typed, vocabulary)
    )
    return _best(found, typed)


def _place(tokens: Iterable[Token], vocabulary: Vocabulary) -> tuple[_Place, Field | None]:
    """Where the text stands after these tokens, and the field being compared there."""
    place, field = _Place.FIELD, None
    for token in tokens:
        match place:
            case _Place.FIELD:
                if token.kind == "word" and not token.keyword:
                    field, place = _known_field(token.text, vocabulary), _Place.OPERATOR
            case _Place.OPERATOR | _Place.AFTER_NOT:
                place = _after_operator(token)
            case _Place.AFTER_IS:
                place = _Place.AFTER_IS_NOT if token.keyword == "not" else _Place.JOIN
            case _Place.AFTER_IS_NOT | _Place.VALUE:
                place = _Place.JOIN
            case _Place.VALUE_OF_LIST:
                place = _Place.VALUE_OF_LIST if token.kind in "(," else _Place.LIST_JOIN
            case _Place.FIRST_OF_BETWEEN:
                place = _Place.BETWEEN_AND
            case _Place.BETWEEN_AND:
                place = _Place.VALUE
            case _Place.JOIN | _Place.LIST_JOIN:
                if token.keyword in ("and", "or"):
                    place, field = _Place.FIELD, None
                elif token.kind == "," and place is _Place.LIST_JOIN:
                    place = _Place.VALUE_OF_LIST
                elif token.kind == ")":
                    place = _Place.JOIN
    return place, field


def _after_operator(token: Token) -> _Place:
    by_keyword = {
        "in": _Place.VALUE_OF_LIST,
        "between": _Place.FIRST_OF_BETWEEN,
        "is": _Place.AFTER_IS,
        "not": _Place.AFTER_NOT,
    }
    return by_keyword.get(token.keyword, _Place.VALUE)


def _known_field(text: str, vocabulary: Vocabulary) -> Field | None:
    try:
        return field_of(text, vocabulary)
    except BadInput:
        return None


def _candidates(
    place: _Place, field: Field | None, typed: str, vocabulary: Vocabulary
) -> Iterator[tuple[str, str, str]]:
    match place:
        case _Place.FIELD:
            for known in vocabulary.fields:
                yield from _field_texts(known, typed)
            yield "not", "word", "the opposite"
        case _Place.OPERATOR:
            for operator in OPERATORS[field.kind] if field else Operator:
                yield operator.value, "operator", _WORDS_FOR_OPERATORS.get(operator.value, "")
        case _Place.AFTER_NOT:
            for word in ("in", "between", "like", "contains"):
                yield word, "operator", f"not {word}"
        case _Place.AFTER_IS:
            for word in ("null", "not null", "true", "false"):
                yield word, "word", ""
        case _Place.AFTER_IS_NOT:
            yield "null", "word", ""
        case _Place.VALUE | _Place.VALUE_OF_LIST | _Place.FIRST_OF_BETWEEN:
            if field is not None:
                for value in _values(field, vocabulary):
                    yield value, "value", ""
        case _Place.BETWEEN_AND:
            yield "and", "word", "the second value"
        case _Place.JOIN | _Place.LIST_JOIN:
            yield "and", "word", "both hold"
            yield "or", "word", "at least one holds"


def _field_texts(known: KnownField, typed: str) -> Iterator[tuple[str, str, str]]:
    text = known.field.text
    yield text, "field", known.detail
    prefixed = f"{known.field.source.value}.{known.field.name}"
    if known.field.name and text != prefixed and "." in typed:
        yield prefixed, "field", known.detail
    if typed.startswith((f"{text}.", f"{prefixed}.")):
        whole = text if typed.startswith(f"{text}.") else prefixed
        for part in _parts(known.field):
            yield f"{whole}.{part.replace(' ', '_')}", "field", "number of lumisections"


def _parts(field: Field) -> tuple[str, ...]:
    if field.source is Source.COLUMN:
        return (*STATUSES, *REMARKS)
    return BIT_COUNTS if field.source is Source.BIT else ()


def _values(field: Field, vocabulary: Vocabulary) -> Iterator[str]:
    if field.kind is FieldKind.STATUS:
        yield from (each.replace(" ", "_") for each in STATUSES)
    elif field.kind is FieldKind.FLAG:
        yield from ("true", "false")
    else:
        known = vocabulary.by_field.get(field)
        for value in known.values if known else ():
            is_flag = value in ("true", "false")
            yield value if is_flag else format_value(field, value)


def _best(found: Iterable[Completion], typed: str) -> list[Completion]:
    """Those that hold what was typed: first those that begin with it, then as they came."""
    wanted = typed.casefold().strip("\"'")
    ranked: list[tuple[bool, int, Completion]] = []
    seen: set[str] = set()
    for position, each in enumerate(found):
        candidate = each.text.casefold().strip("\"'")
        if wanted in candidate and each.text not in seen:
            seen.add(each.text)
            ranked.append((not candidate.startswith(wanted), position, each))
    ranked.sort(key=lambda entry: entry[:2])
    return [each for _, _, each in ranked[:MOST]]
