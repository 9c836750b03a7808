"""Opened entries of the log as lines of changes."""

import json
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from app.domain.configuration.items import RULE
from app.domain.configuration.versions import (
    Difference,
    FieldChange,
    Item,
    rule_change,
    value_words,
)
from app.domain.json_logic import condition_words
from app.services.history.log_details import OpenedVersion
from app.views.changes.lines import ChangeLine, Piece, attribute_lines, dataset_lines

_ADDED, _REMOVED, _EDITED = "Added", "Removed", "Edited"


def version_lines(opened: OpenedVersion) -> tuple[ChangeLine, ...]:
    """What a version changed in the datasets that are shown of it."""
    return tuple(
        line
        for part in opened.parts
        for line in (
            *attribute_lines(part.run_number, part.attributes),
            *(each for of in part.datasets for each in dataset_lines(part.run_number, of)),
        )
    )


def configuration_lines(differences: Iterable[Difference]) -> tuple[ChangeLine, ...]:
    """What a version of the configuration changed, item by item."""
    return tuple(line for difference in differences for line in _difference_lines(difference))


def _difference_lines(difference: Difference) -> Iterator[ChangeLine]:
    for item in difference.added:
        yield _item(item, "", "added", _ADDED)
    for item in difference.removed:
        yield _item(item, "in force", "removed", _REMOVED)
    for edited in difference.edited:
        for field in edited.fields:
            name = "rule" if field.name == RULE else field.name
            for before, after in _field_values(field):
                piece = Piece(f"{edited.after.title}: {name}", (), before, after, oms=True)
                yield ChangeLine("", piece, group=_EDITED)


def _item(item: Item, before: str, after: str, group: str) -> ChangeLine:
    return ChangeLine("", Piece(item.title, (), before, after, oms=True), group=group)


def _field_values(field: FieldChange) -> Iterator[tuple[str, str]]:
    """A value before and after; for a rule the conditions that were lost and gained."""
    if field.name != RULE:
        yield value_words(field.before), value_words(field.after)
        return
    change = rule_change(field.before, field.after)
    if not (change.lost or change.gained):
        yield "the same conditions", "combined differently"
    lost, gained = (map(_condition, conditions) for conditions in (change.lost, change.gained))
    yield from zip_longest(lost, gained, fillvalue="")


def _condition(source: str) -> str:
    return condition_words(json.loads(source))
