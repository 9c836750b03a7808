"""Versions and comparisons as lines of changes."""

from app.services.history.look import Entry
from app.services.history.moments import Compared
from app.views.changes.lines import (
    ChangeLine,
    Piece,
    attribute_lines,
    dataset_lines,
    difference_line,
    place,
)


def entry_lines(run_number: int, entry: Entry) -> tuple[ChangeLine, ...]:
    """What a version changed in a run and its datasets."""
    return (
        *attribute_lines(run_number, entry.attributes),
        *(line for dataset in entry.datasets for line in dataset_lines(run_number, dataset)),
    )


def comparison_lines(run_number: int, dataset: str, compared: Compared) -> tuple[ChangeLine, ...]:
    """What differs between two moments of a dataset."""
    where = place(run_number, dataset)
    return (
        *(difference_line(where, each, oms=False) for each in compared.columns),
        *(difference_line(where, each, oms=True) for each in compared.bits),
        *(
            ChangeLine(owner, Piece(name, (), before, after, oms=True))
            for owner, attributes in (
                (where, compared.attributes),
                (place(run_number), compared.run_attributes),
            )
            for name, (before, after) in attributes.items()
        ),
    )
