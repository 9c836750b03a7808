"""What must be true of an edit of lumisections before it is written."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.domain.errors import BadInput, Refused
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.text.names import not_found
from app.domain.triplets import BAD, SETTABLE_STATUSES, Triplet

SHORTEST_COMMENT = 3

OPEN = "OPEN"
STATE_SUFFIX = "_state"


@dataclass(frozen=True, slots=True)
class ColumnEdit:
    """One column of one dataset gets a triplet in some lumisections."""

    run_number: int
    dataset: str
    column: str
    ranges: tuple[LumiRange, ...]
    triplet: Triplet


@dataclass(frozen=True, slots=True)
class BitEdit:
    """One DCS bit of one dataset becomes true or false in some lumisections."""

    run_number: int
    dataset: str
    bit: str
    ranges: tuple[LumiRange, ...]
    value: bool


Edit = ColumnEdit | BitEdit


def check_triplet(triplet: Triplet) -> None:
    """A status that may be set; BAD only with a comment."""
    if triplet.status not in SETTABLE_STATUSES:
        raise BadInput(
            f'"{triplet.status}" can\'t be set: choose one of {", ".join(SETTABLE_STATUSES)}.'
        )
    if triplet.status == BAD and len(triplet.comment.strip()) < SHORTEST_COMMENT:
        raise Refused(f"BAD needs a comment of at least {SHORTEST_COMMENT} characters.")


def check_bit_comment(comment: str) -> None:
    """A DCS bit is only changed with a comment."""
    if len(comment.strip()) < SHORTEST_COMMENT:
        raise Refused(f"A DCS bit needs a comment of at least {SHORTEST_COMMENT} characters.")


def check_ranges(ranges: Sequence[LumiRange], last: int, where: str) -> None:
    """Ranges inside 1 to the last lumisection of the dataset."""
    if not ranges:
        raise BadInput("No lumisections were given.")
    for each in ranges:
        if each.first > each.last:
            raise BadInput(f"LS {each.first} to {each.last}: the first is greater than the last.")
        if each.first < 1 or each.last > last:
            there = f"it has LS 1 to {last}" if last else "it has no lumisections"
            raise Refused(f"LS {format_ranges([each])} is outside {where}: {there}.")


def check_column(column: str, columns: Collection[str], where: str) -> None:
    """A column that a workspace has."""
    if column not in columns:
        raise not_found(
            f"No workspace has a column {column} in {where}",
            column,
            columns,
            BadInput,
            listed=False,
        )


def check_dataset_open(
    attributes: dict[str, object], workspace: str, where: str, *, global_expert: bool
) -> None:
    """An offline dataset that is OPEN in the workspace, or in `global` for a global expert."""
    state = attributes.get(f"{workspace}{STATE_SUFFIX}")
    if state == OPEN:
        return
    overall = attributes.get(f"global{STATE_SUFFIX}")
    if global_expert and overall == OPEN:
        return
    shown = state if state else "without a state"
    raise Refused(f"{where} is {shown} in workspace {workspace}: it must be OPEN to be edited.")
