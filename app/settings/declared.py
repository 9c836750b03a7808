"""How a setting is declared, with its type, default, limits and help; and what may be given."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

_HELP, _LIMITS = "help", "limits"
_SWITCHES = {"on": True, "yes": True, "off": False, "no": False}


class Hidden:
    """A text that nobody is shown."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return "Hidden()"


class Before(Struct, frozen=True):
    """What is done with a value before its type is looked at; it raises ValueError."""

    change: Callable[[object], object]


class After(Struct, frozen=True):
    """What is done with a value of the right type; it raises ValueError."""

    change: Callable[[Any], object]


class Wanted(Struct, frozen=True):
    """What a value has to be, in words."""

    words: str


class Faulty(ValueError):
    """A setting can't be right; the message says why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


def setting(
    description: str,
    default: object = None,
    *,
    made: Callable[[], object] | None = None,
    least: float = -math.inf,
    most: float = math.inf,
) -> Any:
    """A field of the settings, with one sentence of help; `made` makes its default."""
    said = {_HELP: description, _LIMITS: (least, most)}
    if made is not None:
        return dataclasses.field(default_factory=made, metadata=said)
    return dataclasses.field(default=default, metadata=said)


class Declared(Struct, frozen=True):
    """A setting as it is declared."""

    name: str
    kind: object
    description: str
    default: Callable[[], object]
    limits: tuple[float, float]

    @property
    def choices(self) -> tuple[str, ...]:
        """What may be given, where that can be told one by one."""
        if self.kind is bool:
            return ("on", "off")
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    def read(self, given: object) -> object:
        """What is given, as a value of the type. Raises Faulty."""
        kind, steps = _parts(self.kind)
        try:
            for step in steps:
                given = step.change(given) if isinstance(step, Before) else given
            value = msgspec.convert(_plain(kind, given), self.kind, strict=False, dec_hook=_other)
            if isinstance(value, int | float) and not self.limits[0] <= value <= self.limits[1]:
                raise Faulty(self.name, self._wanted)
            for step in steps if value is not None else ():
                value = step.change(value) if isinstance(step, After) else value
        except msgspec.ValidationError:
            raise Faulty(self.name, self._wanted) from None
        except Faulty:
            raise
        except ValueError as error:
            raise Faulty(self.name, str(error)) from None
        return value

    @property
    def _wanted(self) -> str:
        """What a value has to be."""
        kind, beside = _parts(self.kind)
        words = next((each.words for each in beside if isinstance(each, Wanted)), "")
        if not words:
            *others, last = map(str, get_args(kind) or [_WANTED[kind]])
            words = f"{', '.join(others)} or {last}" if others else last
        least, most = (f"{limit:.15g}" for limit in self.limits)
        return f"must be {words}" + ("" if least == "-inf" else f" from {least} to {most}")


def declared_in(settings: type) -> Mapping[str, Declared]:
    """All settings of a class by name."""
    kinds = get_type_hints(settings, include_extras=True)
    return {
        each.name: Declared(
            each.name,
            kinds[each.name],
            each.metadata[_HELP],
            _default(each),
            each.metadata[_LIMITS],
        )
        for each in dataclasses.fields(settings)
        if _HELP in each.metadata
    }


def _default(field: "dataclasses.Field[Any]") -> Callable[[], object]:
    made = field.default_factory
    return made if made is not dataclasses.MISSING else lambda: field.default


def _parts(kind: Any) -> tuple[Any, tuple[object, ...]]:
    """A type without None, and what stands beside it."""
    if get_origin(kind) in {Union, UnionType}:
        kind = get_args(kind)[0]
    if get_origin(kind) is Annotated:
        return get_args(kind)[0], kind.__metadata__
    return kind, ()


def _plain(kind: object, given: object) -> object:
    """What is given, in the words of the library."""
    if not isinstance(given, str) or kind not in {bool, int, float}:
        return given
    text = given.strip().lower()
    return _SWITCHES.get(text, text) if kind is bool else text


def _other(kind: type, given: object) -> object:
    """A value of a type that the library doesn't know. Raises ValueError."""
    if isinstance(given, kind):
        return given
    if not isinstance(given, str):
        raise TypeError(f"no {kind.__name__} is made of {type(given).__name__}")
    return kind(given)


_WANTED: Mapping[object, str] = {
    str: "a text",
    Hidden: "a text",
    Path: "a path",
    bool: "on or off",
    int: "a whole number",
    float: "a number",
}
