"""Reading data by dotted path, as JavaScript's member access finds things."""

import re
from collections.abc import Callable
from typing import TypeAlias

from app.domain.json_logic.coercion import UNDEFINED, to_text, units

Evaluator: TypeAlias = Callable[[object], object]
"""Computes something over the data of the scope it stands in."""

_INDEX = re.compile(r"0|[1-9][0-9]*", re.ASCII)


def member(value: object, name: str) -> object:
    """`value[name]`: keys of objects, indices and `length` of arrays and texts, else undefined."""
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if isinstance(value, str):
        value = units(value)
    elif not isinstance(value, list):
        return UNDEFINED
    if name == "length":
        return len(value)
    # The longest array or text has fewer than ten thousand million items.
    if len(name) <= 10 and _INDEX.fullmatch(name) and int(name) < len(value):
        return value[int(name)]
    return UNDEFINED


def read(data: object, steps: list[str], default: object) -> object:
    """What the steps lead to; `default` where something on the way isn't there."""
    for step in steps:
        if data is None or data is UNDEFINED:
            return default
        data = member(data, step)
        if data is UNDEFINED:
            return default
    return data


def is_whole(path: object) -> bool:
    """Whether a `var` of this path means the whole data."""
    return path is None or path is UNDEFINED or path == ""


def steps_of(path: object) -> list[str]:
    """Members that a path names one after the other; a number is a path, too."""
    return to_text(path).split(".")


def reader(path: object) -> Evaluator:
    """Reads a path known beforehand, null where nothing is there.

    Objects are the usual case, and only they take a text as key, so that the direct way either
    finds what JavaScript finds or fails.
    """
    if is_whole(path):
        return lambda data: data
    steps = steps_of(path)
    absent = (KeyError, TypeError)
    if len(steps) == 1:
        (only,) = steps

        def read_one(data: object) -> object:
            try:
                return data[only]  # type: ignore[index]
            except absent:
                return read(data, steps, None)

        return read_one
    if len(steps) == 2:
        outer, inner = steps

        def read_two(data: object) -> object:
            try:
                return data[outer][inner]  # type: ignore[index]
            except absent:
                return read(data, steps, None)

        return read_two
    if len(steps) == 3:
        outer, middle, inner = steps

        def read_three(data: object) -> object:
            try:
                return data[outer][middle][inner]  # type: ignore[index]
            except absent:
                return read(data, steps, None)

        return read_three
    return lambda data: read(data, steps, None)
