"""What can be typed next in the text of a rule."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from app.domain.json_logic.operators import OPERATORS
from app.domain.rules.text import Token, tokens_of
from app.domain.rules.vocabulary import RuleVocabulary, Scalar, Variable, VariableKind

MOST = 80

_COMPARISONS = ("==", "!=", "===", "!==", "<", "<=", ">", ">=", "in")
_JOINTS = ("and", "or", "!", "!!", "if")
_WORDS_FOR_OPERATORS = {
    "var": "value of a variable",
    "and": "all hold",
    "or": "at least one holds",
    "!": "the opposite",
    "==": "equals",
    "!=": "is another",
    "===": "equals, of the same kind",
    "!==": "is another, or of another kind",
    "<": "less; with three values: between",
    "<=": "at most; with three values: between, both included",
    ">": "greater",
    ">=": "at least",
    "in": "a text holds a part, a list holds a value",
    "if": "if, then, else",
    "missing": "names that have no value",
    "some": "any element of a list",
    "all": "every element of a list",
    "none": "no element of a list",
}
_TEMPLATES = {
    "var": '"var": "|"',
    "and": '"and": [|]',
    "or": '"or": [|]',
    "!": '"!": {|}',
    "if": '"if": [|, true, false]',
    "in": '"in": ["|", {"var": ""}]',
    **{name: f'"{name}": [{{"var": "|"}}, ]' for name in _COMPARISONS[:-1]},
}


class Completion(NamedTuple):
    """A text that can stand at `start` to `end`; the cursor goes `caret` into it.

    `label` is what the list shows, `matched` what typed letters are looked for in.
    """

    text: str
    start: int
    end: int
    label: str
    detail: str = ""
    caret: int = 0


class Place(Enum):
    """What can stand at a place of the text."""

    OPERATOR = "operator"
    VARIABLE = "variable"
    VALUE = "value"
    OPERAND = "operand"
    CONDITION = "condition"
    NOTHING = "nothing"


@dataclass(slots=True)
class _Frame:
    """An object or array that is open at the cursor."""

    opening: str
    start: int
    key: str = ""
    wants_key: bool = False
    index: int = 0


@dataclass(frozen=True, slots=True)
class _Context:
    place: Place
    variable: str = ""


def complete(text: str, cursor: int, vocabulary: RuleVocabulary) -> list[Completion]:
    """What can stand at the cursor, the likeliest first; replaces the piece the cursor is in."""
    cursor = max(0, min(cursor, len(text)))
    tokens = tokens_of(text)
    here = _here(tokens, cursor)
    before = [each for each in tokens if each.start < (here.start if here else cursor)]
    frames = _frames(before)
    context = _context(tokens, frames, before)
    if context.place is Place.NOTHING:
        return []
    start, end = (here.start, here.end) if here else (cursor, cursor)
    typed = text[start:cursor].lstrip('"') if here else ""
    in_string = here is not None and here.is_string
    followed_by_colon = any(
        each.text == ":" for each in [each for each in tokens if each.start >= end][:1]
    )
    found = (
        (label, detail, template)
        for label, detail, template in _candidates(context, vocabulary, followed_by_colon)
        if not in_string or template.startswith('"')
    )
    return [
        Completion(
            template.replace("|", "", 1) if "|" in template else template,
            start,
            end,
            label,
            detail,
            template.index("|") if "|" in template else len(template),
        )
        for label, detail, template in _best(found, typed)
    ]


def _here(tokens: Sequence[Token], cursor: int) -> Token | None:
    """The string or word that the cursor is in."""
    for token in tokens:
        if token.text in ("{", "}", "[", "]", ",", ":"):
            continue
        inside = token.end - 1 if token.is_string and token.is_closed else token.end
        if token.start < cursor <= inside:
            return token
    return None


def _frames(before: Iterable[Token]) -> list[_Frame]:
    """The objects and arrays that are open after these tokens, the outermost first."""
    frames: list[_Frame] = []
    for token in before:
        top = frames[-1] if frames else None
        match token.text:
            case "{":
                frames.append(_Frame("{", token.start, wants_key=True))
            case "[":
                frames.append(_Frame("[", token.start))
            case "}" | "]":
                if frames:
                    frames.pop()
            case ",":
                if top is not None:
                    top.index += 1
                    top.wants_key = top.opening == "{"
            case ":":
                if top is not None:
                    top.wants_key = False
            case _:
                if top is not None and top.wants_key and token.is_string:
                    top.key = token.string
    return frames


def _context(tokens: Sequence[Token], frames: list[_Frame], before: Sequence[Token]) -> _Context:
    last = before[-1].text if before else ""
    if last and last not in ("{", "[", ",", ":"):
        return _Context(Place.NOTHING)  # a comma or a bracket has to come first
    if not frames:
        return _Context(Place.CONDITION if not before else Place.NOTHING)
    top = frames[-1]
    if top.opening == "{":
        if top.wants_key:
            return _Context(Place.OPERATOR)
        operator, index = top.key, 0
        comparison = None
    else:
        outer = frames[-2] if len(frames) > 1 else None
        if outer is None or outer.opening == "[":
            # A list of values: `in` compares each with the variable beside the list.
            around = frames[-3] if len(frames) > 2 else None
            if around is None or around.opening != "{" or around.key not in _COMPARISONS:
                return _Context(Place.NOTHING)
            variable = _variable_in(tokens, frames[-2])
            return _Context(Place.VALUE, variable) if variable else _Context(Place.NOTHING)
        operator, index, comparison = outer.key, top.index, top
    if operator == "var":
        return _Context(Place.VARIABLE) if index == 0 else _Context(Place.NOTHING)
    if operator in ("missing", "missing_some"):
        return _Context(Place.VARIABLE)
    if operator in _JOINTS:
        return _Context(Place.CONDITION)
    if operator in _COMPARISONS and comparison is not None:
        variable = _variable_in(tokens, comparison)
        return _Context(Place.VALUE, variable) if variable else _Context(Place.OPERAND)
    return _Context(Place.OPERAND)


def _variable_in(tokens: Sequence[Token], frame: _Frame) -> str:
    """The first variable that is read directly in an array, before or after the cursor."""
    depth = 0
    inside = [each for each in tokens if each.start >= frame.start]
    for position, token in enumerate(inside):
        depth += (token.text in ("{", "[")) - (token.text in ("}", "]"))
        if depth == 0:
            break
        if depth == 2 and token.text == '"var"':
            following = inside[position + 1 : position + 3]
            if len(following) == 2 and following[0].text == ":" and following[1].is_string:
                return following[1].string
    return ""


def _candidates(
    context: _Context, vocabulary: RuleVocabulary, followed_by_colon: bool
) -> Iterator[tuple[str, str, str]]:
    """Label, detail, and the text with `|` where the cursor goes."""
    match context.place:
        case Place.OPERATOR:
            for name in sorted(OPERATORS, key=_rank):
                template = f'"{name}"' if followed_by_colon else _TEMPLATES.get(name, "")
                yield name, _WORDS_FOR_OPERATORS.get(name, ""), template or f'"{name}": [|]'
        case Place.VARIABLE:
            for variable in vocabulary.variables:
                yield variable.name, detail_of(variable), _quoted(variable.name)
        case Place.VALUE:
            known = vocabulary.by_name.get(context.variable)
            for value in known.values if known else ():
                yield _label(value), "", _quoted(value)
        case Place.OPERAND:
            for variable in vocabulary.variables:
                read = json.dumps({"var": variable.name}, ensure_ascii=False)
                yield variable.name, detail_of(variable), read
        case Place.CONDITION:
            for variable in vocabulary.variables:
                yield variable.name, detail_of(variable), condition_text(variable)
            yield "and", _WORDS_FOR_OPERATORS["and"], '{"and": [|]}'
            yield "or", _WORDS_FOR_OPERATORS["or"], '{"or": [|]}'
            yield "!", _WORDS_FOR_OPERATORS["!"], '{"!": |}'


def detail_of(variable: Variable) -> str:
    """What stands beside a variable in a list."""
    return variable.detail or variable.kind.value


def condition_text(variable: Variable) -> str:
    """A whole condition about a variable, which its values make likely."""
    value = variable.suggested
    read = {"var": variable.name}
    if variable.kind is VariableKind.NUMBER and isinstance(value, int | float):
        return json.dumps({">=": [read, value]}, ensure_ascii=False)
    if variable.kind is VariableKind.LIST:
        return json.dumps({"in": [value, read]}, ensure_ascii=False)
    return json.dumps({"==": [read, value]}, ensure_ascii=False)


def _rank(operator: str) -> int:
    likely = [*_TEMPLATES]
    return likely.index(operator) if operator in likely else len(likely)


def _quoted(value: Scalar) -> str:
    return json.dumps(value, ensure_ascii=False)


def _label(value: Scalar) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)


def _best(found: Iterable[tuple[str, str, str]], typed: str) -> list[tuple[str, str, str]]:
    """Those whose label holds what was typed: at its beginning, behind a dot, anywhere."""
    wanted = typed.casefold()
    ranked: list[tuple[int, int, tuple[str, str, str]]] = []
    for position, each in enumerate(found):
        label = each[0].casefold()
        if wanted in label:
            begins = label.startswith(wanted)
            behind = f".{wanted}" in label
            ranked.append((0 if begins else 1 if behind else 2, position, each))
    ranked.sort(key=lambda entry: entry[:2])
    return [each for _, _, each in ranked[:MOST]]
