"""The text of a rule: read with the place of its fault, written so that it can be read."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, NoReturn

from app.domain.configuration.in_force import parse_condition
from app.domain.errors import BadInput
from app.domain.foreign_json import NotJson, check_text
from app.domain.json_logic import Place, Rule, RuleError
from app.domain.json_value import JsonObject, JsonValue, Unread
from app.domain.rules.vocabulary import RuleVocabulary

_WIDTH = 88
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"?|[\[\]{},:]|[^\s\[\]{},:"]+')
_SCOPED = frozenset({"map", "filter", "reduce", "all", "none", "some"})


class Token(NamedTuple):
    """A piece of JSON text; `end` is behind it."""

    text: str
    start: int
    end: int

    @property
    def is_string(self) -> bool:
        return self.text.startswith('"')

    @property
    def is_closed(self) -> bool:
        """Whether a string has both its quotes."""
        return len(self.text) > 1 and self.text.endswith('"')

    @property
    def string(self) -> str:
        """What a string says, as far as it is written."""
        try:
            return str(json.loads(self.text if self.is_closed else f'{self.text}"'))
        except ValueError:
            return self.text.strip('"')


class RuleTextError(BadInput):
    """A text is not a rule; `line` and `column` (from 1) are where, None when no place is to blame.

    `start` and `end` are the part of the text at fault.
    """

    def __init__(
        self, text: str, line: int | None, column: int | None = None, start: int = 0, end: int = 0
    ) -> None:
        super().__init__(text)
        self.line = line
        self.column = column
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A variable that nothing has, the part of the text that names it, and what is near."""

    name: str
    start: int
    end: int
    line: int
    column: int
    nearest: tuple[str, ...]

    def __str__(self) -> str:
        text = f'Line {self.line}, column {self.column}: nothing has "{self.name}"'
        return f"{text}; did you mean {' or '.join(self.nearest)}?" if self.nearest else f"{text}."


def tokens_of(text: str) -> list[Token]:
    """The pieces of any text, JSON or not yet."""
    return [Token(found[0], found.start(), found.end()) for found in _TOKEN.finditer(text)]


def read(text: str) -> Rule:
    """The rule that a text is; RuleTextError says where it isn't one."""
    if not text.strip():
        raise RuleTextError("Choose a rule, or write one.", None)
    try:
        check_text(text)
        source: JsonValue = json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=_once_each
        )
    except json.JSONDecodeError as error:
        problem = f"{error.msg[:1].lower()}{error.msg[1:]}".removesuffix(".")
        raise RuleTextError(
            f"The rule is not JSON: line {error.lineno}, column {error.colno}: {problem}.",
            error.lineno,
            error.colno,
            *_around(text, error.pos),
        ) from error
    except NotJson as error:
        raise RuleTextError(f"The rule {error}: it can't be read.", None) from error
    except _TwiceError as error:
        raise _twice(text, str(error)) from error
    except _NoJsonError as error:
        at = next((each for each in tokens_of(text) if each.text == str(error)), None)
        raise RuleTextError(
            f"The rule is not JSON: {error} is not a JSON value.",
            None if at is None else line_and_column(text, at.start)[0],
            None if at is None else line_and_column(text, at.start)[1],
            *((0, 0) if at is None else (at.start, at.end)),
        ) from error
    try:
        return parse_condition(source)
    except RuleError as error:
        start, end = span_of(text, error.place)
        line, column = line_and_column(text, start)
        raise RuleTextError(
            f"Line {line}, column {column}: {error}", line, column, start, end
        ) from error


def pretty(value: "JsonValue | Unread", width: int = _WIDTH) -> str:
    """A rule with a condition per line, broken further only where a line would be too long; one
    that is nested too deeply to be read as it is stored."""
    return value.text if isinstance(value, Unread) else _lines(value, 0, width)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def span_of(text: str, place: Place) -> tuple[int, int]:
    """The part at a place of a JSON text: an operator where the place ends with one.

    No more than the first line of what is long.
    """
    locator = _Locator(text)
    if place and isinstance(place[-1], str):
        found = locator.key_at(place)
        if found is not None:
            return found.start, found.end
    start, end = locator.value_at(place).start, locator.end_of(place)
    line_end = text.find("\n", start)
    return start, end if line_end < 0 else min(end, line_end)


def unknown_names(text: str, rule: Rule, vocabulary: RuleVocabulary) -> tuple[UnknownName, ...]:
    """The variables of a rule that aren't in the vocabulary, in the order of its text."""
    wanted = [
        (name, place) for name, place in _named(rule.source, ()) if not vocabulary.knows(name)
    ]
    if not wanted:
        return ()
    locator = _Locator(text)
    found = []
    for name, place in wanted:
        token = locator.value_at(place)
        line, column = line_and_column(text, token.start)
        found.append(
            UnknownName(name, token.start, token.end, line, column, vocabulary.nearest(name))
        )
    return tuple(sorted(found, key=lambda each: each.start))


class _NoJsonError(ValueError):
    """NaN and Infinity, which Python's reader takes for JSON."""


class _TwiceError(ValueError):
    """An object with the same key twice: a reader would silently drop the first."""


def _refuse_constant(name: str) -> NoReturn:
    raise _NoJsonError(name)


def _once_each(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    read_ = dict(pairs)
    if len(read_) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _TwiceError(key)
            seen.add(key)
    return read_


def _twice(text: str, key: str) -> RuleTextError:
    seen: list[set[str]] = []
    at = Token("", 0, 0)
    tokens = tokens_of(text)
    for token, following in pairwise(tokens):
        if token.text in ("{", "["):
            seen.append(set())
        elif token.text in ("}", "]"):
            seen.pop()
        elif following.text == ":":
            if token.string in seen[-1]:
                at = token
                break
            seen[-1].add(token.string)
    line, column = line_and_column(text, at.start)
    return RuleTextError(
        f'Line {line}, column {column}: "{key}" appears twice in one object; only one would count.',
        line,
        column,
        at.start,
        at.end,
    )


def _around(text: str, position: int) -> tuple[int, int]:
    """The piece of a text at a place, or the last one before it."""
    before = Token("", position, position)
    for token in tokens_of(text):
        if token.start > position:
            break
        before = token
        if token.end > position:
            return token.start, token.end
    return before.start, before.end


def _named(logic: JsonValue, place: Place) -> Iterator[tuple[str, Place]]:
    """Paths that `var` reads of the data, with their places; those of elements don't count."""
    if isinstance(logic, list):
        for index, item in enumerate(logic):
            yield from _named(item, (*place, index))
        return
    if not (isinstance(logic, dict) and len(logic) == 1):
        return
    ((operator, values),) = logic.items()
    at = (*place, operator)
    if operator == "var":
        path, where = (values, at)
        if isinstance(values, list):
            path, where = (values[0] if values else None), (*at, 0)
        if isinstance(path, str) and path:
            yield path, where
    elif operator in _SCOPED and isinstance(values, list):
        for index, item in enumerate(values):
            if index != 1:
                yield from _named(item, (*at, index))
    else:
        yield from _named(values, at)


def _lines(value: JsonValue, depth: int, width: int) -> str:
    line = json.dumps(value, ensure_ascii=False)
    indent = "  " * depth
    if len(indent) + len(line) <= width or not isinstance(value, dict | list) or not value:
        return line
    if isinstance(value, list):
        parts = [f"{indent}  {_lines(each, depth + 1, width)}" for each in value]
        return "[\n" + ",\n".join(parts) + f"\n{indent}]"
    if len(value) == 1:
        ((operator, arguments),) = value.items()
        return f"{{{json.dumps(operator)}: {_lines(arguments, depth, width)}}}"
    parts = [
        f"{indent}  {json.dumps(key, ensure_ascii=False)}: {_lines(each, depth + 1, width)}"
        for key, each in value.items()
    ]
    return "{\n" + ",\n".join(parts) + f"\n{indent}}}"


class _Locator:
    """Walks through the tokens of a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens_of(text)

    def value_at(self, place: Place) -> Token:
        """The token with which the part at a place begins; a key's own place is its value's."""
        return self._tokens[self._find(place)[0]]

    def key_at(self, place: Place) -> Token | None:
        """The key that a place ends with, None when the place leads further than the text."""
        token, whole = self._find(place)
        return self._tokens[token - 2] if whole else None

    def end_of(self, place: Place) -> int:
        """Where the part at a place ends."""
        return self._tokens[self._after(self._find(place)[0]) - 1].end

    def _find(self, place: Place) -> tuple[int, bool]:
        token = 0
        for step in place:
            inside = self._inside(token, step)
            if inside is None:
                return token, False
            token = inside
        return token, True

    def _inside(self, token: int, step: str | int) -> int | None:
        """Token with which the wanted part of the value at `token` begins."""
        opening = self._tokens[token].text
        token += 1
        count = 0
        while token < len(self._tokens) and self._tokens[token].text not in ("]", "}"):
            key: str | int = count
            if opening == "{":
                key = self._tokens[token].string
                token += 2  # the key and its colon
            elif opening != "[":
                return None
            if key == step:
                return token
            token = self._after(token)
            if token < len(self._tokens) and self._tokens[token].text == ",":
                token += 1
            count += 1
        return None

    def _after(self, token: int) -> int:
        """Token behind the value that begins at `token`."""
        depth = 0
        while token < len(self._tokens):
            text = self._tokens[token].text
            depth += (text in ("[", "{")) - (text in ("]", "}"))
            token += 1
            if depth == 0:
                break
        return token
