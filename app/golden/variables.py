"""Variables of a rule that no lumisection of a season has, and similar names that exist."""

from dataclasses import dataclass
from typing import cast

import numpy as np

from app.domain.json_logic import Rule
from app.domain.json_logic.access import read
from app.domain.json_logic.coercion import UNDEFINED
from app.domain.json_value import JsonValue
from app.domain.text.names import nearest_variables
from app.golden.answers import Level
from app.golden.columns import ABSENT
from app.golden.leaves import column_at, coordinate, is_compound
from app.golden.season import Season


@dataclass(frozen=True)
class UnknownVariable:
    """A variable that no lumisection of the selection has, with the nearest that some have."""

    name: str
    nearest: tuple[str, ...]

    def __str__(self) -> str:
        text = f'No lumisection of the selection has "{self.name}"'
        return f"{text}; did you mean {' or '.join(self.nearest)}?" if self.nearest else f"{text}."


def unknown_variables(season: Season, rule: Rule) -> tuple[UnknownVariable, ...]:
    """The rule's variables that no lumisection has, in alphabetical order.

    A leaf that computes its paths or reads the whole data says nothing of its variables.
    """
    if not season.size:
        return ()
    names = {name for leaf in rule.leaves for name in leaf.variables or ()}
    return tuple(
        UnknownVariable(name, nearest)
        for name in sorted(names)
        if (nearest := _nearest_instead(season, name)) is not None
    )


def values_of(season: Season, name: str) -> list[JsonValue]:
    """Distinct values that a variable has in the season; none for a whole object."""
    where = coordinate(name)
    if where is None or is_compound(where):
        return []
    level, column = column_at(season, where)
    if level == Level.DATASET:
        column = column.spread(season.coarse_dataset)
    steps = name.split(".")[len(where) :]
    all_values = (
        read(column.values[code], steps, UNDEFINED) for code in column.present() if code != ABSENT
    )
    return [cast("JsonValue", value) for value in all_values if value is not UNDEFINED]


def _nearest_instead(season: Season, name: str) -> tuple[str, ...] | None:
    """Existing names similar to one that doesn't exist; None when it exists."""
    if name not in season.instead_of:
        season.instead_of[name] = (
            None if _is_there(season, name) else nearest_variables(name, season.names)
        )
    return season.instead_of[name]


def _is_there(season: Season, name: str) -> bool:
    where = coordinate(name)
    if where is None:
        return False
    if is_compound(where) or where == ("lumisection", "lumisection_number") == tuple(
        name.split(".")
    ):
        return True
    if season.is_dense(where[-1]) and name == f"lumisection.oms.{where[-1]}":
        # Without sorting the numbers of all lumisections, as `values_of` does.
        column = season.dense_column(where[2])
        return bool(column.odd_positions.size or not np.isnan(column.numbers).all())
    return bool(values_of(season, name))
