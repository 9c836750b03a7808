"""Editing lumisections: RR columns and DCS bits, one cell or thousands, all or nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from app.domain import edits, permissions
from app.domain.configuration import Configuration
from app.domain.errors import BadInput, Conflict, NotFound, Refused
from app.domain.grid import MISSING, DatasetState, Grid, Value
from app.domain.identity import Actor
from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange, Mask, format_ranges, join, mask_of_ranges
from app.domain.oms import DCS_BITS
from app.domain.triplets import Triplet
from app.models import rows, states
from app.models.action import Action, begin
from app.models.engine import Database
from app.models.event_log import LumisectionChange
from app.models.states import StoredEvent
from app.services import configuration as configurations

ONLINE = "online"

Key = tuple[int, str]


@dataclass(frozen=True)
class ColumnEdit:
    """One column of one dataset gets a triplet in some lumisections."""

    run_number: int
    dataset: str
    column: str
    ranges: tuple[LumiRange, ...]
    triplet: Triplet


@dataclass(frozen=True)
class BitEdit:
    """One DCS bit of one dataset becomes true or false in some lumisections."""

    run_number: int
    dataset: str
    bit: str
    ranges: tuple[LumiRange, ...]
    value: bool


@dataclass(frozen=True)
class Edited:
    """What was written; `atomic_version` is None when every cell held that word already."""

    atomic_version: int | None
    text: str


def edit_columns(
    db: Database,
    actor: Actor,
    wanted: Sequence[ColumnEdit],
    *,
    comment: str = "",
    seen: Mapping[Key, int] | None = None,
) -> Edited:
    """Writes edits of RR columns as one version, all or none.

    `seen`: version of each dataset that the person looked at; when somebody else has changed one
    of the same cells since, Conflict says who may have been overwritten. A cell that holds the
    triplet by hand already is no change; an automatic one is, because a person's word lasts.
    """
    if not wanted:
        raise BadInput("Nothing to edit was given.")
    configuration = configurations.current(db)
    for edit in wanted:
        edits.check_triplet(edit.triplet)
        paths = permissions.edit_lumisections_paths(edit.dataset, [edit.column])
        configuration.permissions.check_all(actor, paths)
    with begin(db, {edit.run_number for edit in wanted}) as action:
        _check_datasets(action, configuration, actor, wanted)
        keys = {(edit.run_number, edit.dataset) for edit in wanted}
        loaded = action.states(keys)
        recorded: dict[Key, list[StoredEvent]] = defaultdict(list)
        for event in states.rr_events(action.connection, keys):
            recorded[event.run_number, event.name].append(event)
        by_hand = {
            key: states.fold_rr(event for event in recorded[key] if event.manual) for key in keys
        }
        changed: dict[Key, list[tuple[dict[str, Triplet], tuple[LumiRange, ...]]]] = {}
        for edit in wanted:
            key = (edit.run_number, edit.dataset)
            edits.check_ranges(edit.ranges, loaded[key].length, _where(*key))
            ranges = join(edit.ranges)
            if seen is not None and key in seen:
                _check_unchanged_since(seen[key], edit.column, ranges, recorded[key], key)
            if not _holds(by_hand[key], edit.column, ranges, edit.triplet):
                payload = {edit.column: edit.triplet}
                changed.setdefault(key, []).append((payload, ranges))
                by_hand[key] = by_hand[key].with_change(payload, ranges)
        if not changed:
            return Edited(None, "Nothing to change: every cell holds that by hand already.")
        version = action.append(
            actor.email,
            comment or _comment(wanted),
            [LumisectionChange(*key, events) for key, events in sorted(changed.items())],
        )
        return Edited(version, _summary(wanted))


def edit_bits(db: Database, actor: Actor, wanted: Sequence[BitEdit], *, comment: str) -> Edited:
    """Writes edits of DCS bits as one version, all or none; the comment is required."""
    if not wanted:
        raise BadInput("Nothing to edit was given.")
    edits.check_bit_comment(comment)
    configuration = configurations.current(db)
    configuration.permissions.check(actor, permissions.edit_dcs_bits_path())
    for edit in wanted:
        if edit.bit not in DCS_BITS:
            raise BadInput(f"{edit.bit} is no DCS bit.")
    with begin(db, {edit.run_number for edit in wanted}) as action:
        for key in sorted({(edit.run_number, edit.dataset) for edit in wanted}):
            _visible_dataset(action, key)
        loaded = action.states({(edit.run_number, edit.dataset) for edit in wanted})
        bits = {key: state.oms for key, state in loaded.items()}
        changed: dict[Key, list[tuple[dict[str, JsonValue], tuple[LumiRange, ...]]]] = {}
        for edit in wanted:
            key = (edit.run_number, edit.dataset)
            edits.check_ranges(edit.ranges, loaded[key].length, _where(*key))
            ranges = join(edit.ranges)
            if not _holds(bits[key], edit.bit, ranges, edit.value):
                payload: dict[str, JsonValue] = {edit.bit: edit.value}
                changed.setdefault(key, []).append((payload, ranges))
                bits[key] = bits[key].with_change(payload, ranges)
        if not changed:
            return Edited(None, "Nothing to change: the bits have that value already.")
        first = wanted[0]
        what = (
            f"Edit run {first.run_number} dataset {first.dataset} component {first.bit} OMS"
            f" lumisection ranges, user comment: '{comment.strip()}', range"
            f" [{format_ranges(first.ranges)}]"
            if len(wanted) == 1
            else f"Edit {len(wanted)} DCS bits, user comment: '{comment.strip()}'"
        )
        version = action.append(
            actor.email,
            what,
            [LumisectionChange(*key, events, oms=True) for key, events in sorted(changed.items())],
        )
        return Edited(
            version,
            f"Set {first.bit} to {str(first.value).lower()} in LS {format_ranges(first.ranges)}"
            f" of {_where(first.run_number, first.dataset)}."
            if len(wanted) == 1
            else f"Changed {len(wanted)} DCS bits.",
        )


def dataset_state(
    db: Database, run_number: int, name: str, *, as_of: int | None = None
) -> DatasetState:
    """Folded lumisections of a dataset, now or at a version."""
    with db.read() as connection:
        run = rows.get_run(connection, run_number)
        if name not in rows.datasets_of_run(connection, run.run_number):
            raise NotFound(f"Run {run_number} has no dataset {name}.")
        key = (run_number, name)
        return states.load(connection, [key], desk=db.desk, as_of=as_of)[key].state


@dataclass(frozen=True)
class Origin:
    """Who gave a cell the value that holds, when, and with what comment."""

    atomic_version: int
    by: str
    at: datetime
    comment: str


def by_hand(db: Database, run_number: int, name: str) -> dict[str, Mask]:
    """Per RR column where a person's word holds; index 0 is lumisection 1."""
    with db.read() as connection:
        recorded = states.rr_events(connection, [(run_number, name)])
    words = states.fold_rr(event for event in recorded if event.manual)
    return {column: words.codes[row] != MISSING for column, row in words.row_of.items()}


def origin(db: Database, run_number: int, name: str, key: str, lumisection: int) -> Origin | None:
    """Who set a column or OMS attribute in a lumisection; None when no event did."""
    keys = {(run_number, name), (run_number, ONLINE)}
    with db.read() as connection:
        recorded = (
            states.rr_events(connection, [(run_number, name)])
            if "-" in key
            else states.oms_events(connection, keys)
        )
        setting = [
            event
            for event in recorded
            if key in event.values
            and any(first <= lumisection <= last for first, last in event.ranges)
        ]
        if not setting:
            return None
        winner = max(setting, key=lambda event: (event.manual, event.version))
        return Origin(*states.author(connection, winner.version))


def _check_datasets(
    action: Action, configuration: Configuration, actor: Actor, wanted: Sequence[ColumnEdit]
) -> None:
    """Every dataset is there, visible and open for the columns that are edited."""
    columns: dict[Key, set[str]] = defaultdict(set)
    for edit in wanted:
        columns[edit.run_number, edit.dataset].add(edit.column)
    expert_path = permissions.move_dataset_paths("global", edits.OPEN, "SIGNOFF")[0]
    global_expert = configuration.permissions.allows(actor, expert_path)
    for key, of_dataset in sorted(columns.items()):
        online = key[1] == ONLINE
        known = configuration.online_columns if online else configuration.offline_columns
        attributes = _visible_dataset(action, key)
        for column in sorted(of_dataset):
            edits.check_column(column, known, "online" if online else "offline datasets")
            if not online:
                workspace = configuration.workspace_of(column, online=False)
                edits.check_dataset_open(
                    attributes, workspace, _where(*key), global_expert=global_expert
                )


def _visible_dataset(action: Action, key: Key) -> dict[str, object]:
    """Attributes of a dataset that isn't hidden; `online` only while its run is OPEN."""
    run_number, name = key
    run = rows.get_run(action.connection, run_number, lock=True)
    dataset = rows.datasets_of_run(action.connection, run_number, lock=True).get(name)
    if dataset is None:
        raise NotFound(f"Run {run_number} has no dataset {name}.")
    if dataset.deleted:
        raise Refused(f"{_where(*key)} is hidden: un-hide it before editing it.")
    if name == ONLINE and run.state != edits.OPEN:
        raise Refused(f"Run {run_number} is in state {run.state}: it must be OPEN to be edited.")
    return dict(dataset.attributes)


def _check_unchanged_since(
    version: int,
    column: str,
    ranges: Sequence[LumiRange],
    recorded: Iterable[StoredEvent],
    key: Key,
) -> None:
    last = max(each.last for each in ranges)
    wanted = mask_of_ranges(ranges, last)
    touched: Mask = np.zeros(last, np.bool_)
    for event in recorded:
        if event.version > version and column in event.values:
            touched |= mask_of_ranges(event.ranges, last)
    if (touched & wanted).any():
        raise Conflict(
            f"{column} of {_where(*key)} was changed by somebody else while you looked at it:"
            " look at the new values, then decide."
        )


def _holds(grid: Grid[Value], key: str, ranges: Sequence[LumiRange], value: Value) -> bool:
    """Whether every cell has that value."""
    row = grid.row_of.get(key)
    if row is None or max(each.last for each in ranges) > grid.length:
        return False
    same = np.array(
        [
            code > 0 and type(each) is type(value) and each == value
            for code, each in enumerate(grid.values)
        ]
    )
    return all(bool(same[grid.codes[row, each.first - 1 : each.last]].all()) for each in ranges)


def _where(run_number: int, name: str) -> str:
    return f"run {run_number}" if name == ONLINE else f"{name} of run {run_number}"


def _comment(wanted: Sequence[ColumnEdit]) -> str:
    first = wanted[0]
    if len(wanted) == 1:
        return (
            f"Edit run {first.run_number} lumisections of a dataset {first.dataset}"
            f" for component {first.column}"
        )
    datasets = len({(edit.run_number, edit.dataset) for edit in wanted})
    return f"Edit {len({edit.column for edit in wanted})} components of {datasets} datasets"


def _summary(wanted: Sequence[ColumnEdit]) -> str:
    first = wanted[0]
    if len(wanted) == 1:
        return (
            f"Set {first.column} to {first.triplet.status} in LS {format_ranges(first.ranges)}"
            f" of {_where(first.run_number, first.dataset)}."
        )
    datasets = len({(edit.run_number, edit.dataset) for edit in wanted})
    return f"Changed {len(wanted)} ranges in {datasets} datasets."
