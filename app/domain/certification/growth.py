"""Lumisections that a run gained after its offline datasets were made, and what brings them in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.certification.datasets import COMPLETED, SIGNOFF, states_of
from app.domain.counting import counted
from app.domain.json_value import JsonObject
from app.domain.lumisections import LumiRange, Mask, count, format_ranges, ranges_of_mask
from app.domain.state.copies import ColumnEvents, OmsEvents
from app.domain.state.differences import changes
from app.domain.state.grid import DatasetState, Grid, padded
from app.domain.triplets import Triplet

_NAMED = 4


@dataclass(frozen=True)
class Gained:
    """Lumisections that were brought into an offline dataset; `certified`: its state in the
    workspaces that had signed it off or completed it before."""

    dataset: str
    ranges: tuple[LumiRange, ...]
    certified: Mapping[str, str]


def missing(online: DatasetState, dataset: DatasetState) -> Mask:
    """Lumisections that take part in `online` and not in a dataset of its run."""
    here = online.participating
    mask: Mask = here & ~padded(dataset.participating, here.size)
    return mask


def columns_to_add(dataset: DatasetState, classified: Grid[Triplet], where: Mask) -> ColumnEvents:
    """Classified columns in some lumisections; what stands there already is left alone."""
    return changes(Grid.empty(), classified.within(where).where_missing_in(dataset.rr))


def oms_to_add(dataset: DatasetState, online: DatasetState, where: Mask) -> OmsEvents:
    """The copy of `online` in some lumisections, except where the dataset has OMS events of its
    own: a person's bit there stands already, over what it sees of `online`."""
    own = padded(dataset.own_oms, where.size)
    return changes(Grid.empty(), online.oms.within(where & ~own))


def certified(attributes: JsonObject) -> dict[str, str]:
    """Workspaces that signed a dataset off or completed it, with the state."""
    return {
        workspace: state
        for workspace, state in states_of(attributes).items()
        if state in {SIGNOFF, COMPLETED}
    }


def gained_text(gained: Sequence[Gained]) -> str:
    """What was brought in and who certified those datasets before; nothing without any."""
    if not gained:
        return ""
    by_ranges: dict[tuple[LumiRange, ...], int] = {}
    for each in gained:
        by_ranges[each.ranges] = by_ranges.get(each.ranges, 0) + 1
    parts = [
        f"{count(ranges)} LS ({format_ranges(ranges)}) into {counted(number, 'dataset')}"
        for ranges, number in by_ranges.items()
    ]
    text = f"Brought {', '.join(parts)}."
    before = [each for each in gained if each.certified]
    if before:
        named = [f"{each.dataset} ({_where(each.certified)})" for each in before[:_NAMED]]
        more = len(before) - len(named)
        rest = f" and {more} more" if more else ""
        text += f" Certified before, look at the new LS there: {', '.join(named)}{rest}."
    return text


def _where(certified: Mapping[str, str]) -> str:
    """States with their workspaces, which are only counted when they are many."""
    by_state: dict[str, list[str]] = {}
    for workspace, state in certified.items():
        by_state.setdefault(state, []).append(workspace)
    return "; ".join(
        f"{state} in {', '.join(at) if len(at) <= _NAMED else f'{len(at)} workspaces'}"
        for state, at in by_state.items()
    )


def without_part(state: DatasetState) -> tuple[LumiRange, ...]:
    """Lumisections, up to the last one that any event covers, that take no part."""
    return ranges_of_mask(~state.participating)
