"""The text of a rule: read with the line of its fault, written so that it can be read."""

import json
import re
from dataclasses import dataclass
from typing import NoReturn

from app.domain.configuration import parse_condition
from app.domain.errors import BadInput
from app.domain.json_logic import Place, Rule, RuleError
from app.domain.json_value import JsonValue

_WIDTH = 88
_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+)')


class RuleTextError(BadInput):
    """A text is no rule; `line` (1-based) is where, None when no line is to blame."""

    def __init__(self, text: str, line: int | None) -> None:
        super().__init__(text)
        self.line = line


def read(text: str) -> Rule:
    """The rule that a text is; RuleTextError says where it isn't one."""
    if not text.strip():
        raise RuleTextError("Choose a rule, or write one.", None)
    try:
        source: JsonValue = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        problem = f"{error.msg[:1].lower()}{error.msg[1:]}".removesuffix(".")
        raise RuleTextError(
            f"The rule is no JSON: line {error.lineno}, column {error.colno}: {problem}.",
            error.lineno,
        ) from error
    except RecursionError as error:
        raise RuleTextError("The rule is nested too deep to be read.", None) from error
    except _NoJsonError as error:
        raise RuleTextError(f"The rule is no JSON: {error} is no JSON value.", None) from error
    try:
        return parse_condition(source)
    except RuleError as error:
        line = line_of(text, error.place)
        raise RuleTextError(f"Line {line}: {error}", line) from error


def pretty(value: JsonValue, width: int = _WIDTH) -> str:
    """A rule with a condition per line, broken further only where a line would be too long."""
    return _lines(value, 0, width)


def line_of(text: str, place: Place) -> int:
    """Line (1-based) in which the part at a place of a JSON text begins.

    The deepest part that is there, when the place leads further.
    """
    return text.count("\n", 0, _Locator(text).offset(place)) + 1


class _NoJsonError(ValueError):
    """NaN and Infinity, which Python's reader takes for JSON."""


def _refuse_constant(name: str) -> NoReturn:
    raise _NoJsonError(name)


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


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of JSON text and where it begins."""

    text: str
    at: int


class _Locator:
    """Walks through the tokens of a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._tokens = [_Token(found[1], found.start(1)) for found in _TOKEN.finditer(text)]

    def offset(self, place: Place) -> int:
        """Where the part at a place begins; a key's own place is its value's."""
        token = 0
        for step in place:
            inside = self._inside(token, step)
            if inside is None:
                break
            token = inside
        return self._tokens[token].at if self._tokens else 0

    def _inside(self, token: int, step: str | int) -> int | None:
        """Token with which the wanted part of the value at `token` begins."""
        opening = self._tokens[token].text
        token += 1
        count = 0
        while token < len(self._tokens) and self._tokens[token].text not in ("]", "}"):
            key: str | int = count
            if opening == "{":
                key = str(json.loads(self._tokens[token].text))
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
