"""The history of cells, a dataset or a run, and a dataset as a person looks at it."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from app.domain.errors import BadInput, NotFound
from app.domain.history.attributes import AttributeChange, attribute_changes
from app.domain.history.cells import Action as VersionInfo
from app.domain.history.cells import CellChange, Frame, Write, last_covered
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE
from app.domain.keys import where as name_of
from app.domain.lumisections import LumiRange, Mask, mask_of_ranges
from app.domain.state.grid import MISSING, DatasetState, Value
from app.domain.text.names import no_version
from app.domain.triplets import Triplet
from app.models.events import rows, states
from app.models.history import cell_writes, run_history
from app.models.history import writes as history
from app.services.acting import Acting

MOST_VERSIONS = 200

CellValue: TypeAlias = "Triplet | JsonValue"


class DatasetChanges(Struct, frozen=True):
    """What one version wrote in one dataset: RR columns and OMS attributes.

    OMS changes of an offline dataset include those that came through `online`.
    """

    dataset: str
    columns: tuple[CellChange[Triplet], ...]
    bits: tuple[CellChange[JsonValue], ...]

    @property
    def cells(self) -> list[CellChange[Triplet] | CellChange[JsonValue]]:
        """Columns, then OMS attributes."""
        return [*self.columns, *self.bits]


class HistorySubject(Struct, frozen=True):
    """What a history is of: a run; with `dataset` one of its datasets; with `keys` only those
    columns and bits, in those lumisections (all without `ranges`)."""

    run_number: int
    dataset: str | None = None
    keys: tuple[str, ...] = ()
    ranges: tuple[LumiRange, ...] = ()


class Entry(Struct, frozen=True):
    """One version as far as it touched the subject of the history."""

    action: VersionInfo
    attributes: tuple[AttributeChange, ...]
    datasets: tuple[DatasetChanges, ...]


class Page(Struct, frozen=True):
    """Entries, the newest first; `before` asks for the next page, None when there is none."""

    entries: tuple[Entry, ...]
    before: int | None


class Origin(Struct, frozen=True):
    """The value in force in a cell, and who set it; `automatic` is what it would be without
    manual values (for OMS the same value)."""

    value: CellValue
    action: VersionInfo
    by_hand: bool
    automatic: CellValue


class Look(Struct, frozen=True):
    """A dataset as a person looks at it.

    `by_hand[column]` is true where a manual value is in force, index 0 is LS 1. Services that
    write take `seen` to notice changes made since.
    """

    state: DatasetState
    by_hand: Mapping[str, Mask]
    attributes: JsonObject
    run_attributes: JsonObject
    deleted: bool
    seen: int


def history_of(
    acting: Acting, subject: HistorySubject, *, limit: int = 50, before: int | None = None
) -> Page:
    """Versions that touched the subject, the newest first."""
    run_number, dataset = subject.run_number, subject.dataset
    if dataset is None:
        return run_history_of(acting, run_number, limit=limit, before=before)
    if subject.keys:
        return selection_history(
            acting, run_number, dataset, subject.keys, subject.ranges, limit=limit, before=before
        )
    return dataset_history(acting, run_number, dataset, limit=limit, before=before)


def selection_history(
    acting: Acting,
    run_number: int,
    dataset: str,
    keys: Collection[str],
    ranges: Sequence[LumiRange] = (),
    *,
    limit: int = 50,
    before: int | None = None,
) -> Page:
    """Versions that wrote any of these columns or bits in these lumisections (all without)."""
    check_limit(limit)
    key = (run_number, dataset)
    with acting.db.read() as connection:
        rows.check_dataset(connection, key)
        within = ranges or None
        rr = cell_writes.rr_writes(connection, [key], setting=keys, within=within)[key]
        oms = cell_writes.oms_writes(connection, [key], setting=keys, within=within)[key]
        length = max(last_covered(rr), last_covered(oms))
        where = mask_of_ranges(ranges, length) if ranges else None
        touching = _touching(rr, keys, where) | _touching(oms, keys, where)
        shown = _page(touching, limit, before)
        actions = history.actions(connection, shown)
    columns = Frame(rr, keys).changes(shown, where)
    bits = Frame(oms, keys).changes(shown, where)
    entries = tuple(
        Entry(
            actions[version],
            (),
            (DatasetChanges(dataset, columns.get(version, ()), bits.get(version, ())),),
        )
        for version in shown
    )
    return Page(entries, _next(touching, shown))


def dataset_history(
    acting: Acting, run_number: int, dataset: str, *, limit: int = 50, before: int | None = None
) -> Page:
    """Versions that touched one dataset; for `online` also those that touched the run itself."""
    return _history(acting, run_number, dataset, limit, before)


def run_history_of(
    acting: Acting, run_number: int, *, limit: int = 50, before: int | None = None
) -> Page:
    """Versions that touched a run or any of its datasets."""
    return _history(acting, run_number, None, limit, before)


def version_of(acting: Acting, version: int) -> VersionInfo:
    """Who made a version, when and why."""
    with acting.db.read() as connection:
        action = history.action(connection, version)
        if action is None:
            raise no_version(version, history.newest_version(connection))
    return action


def origin(
    acting: Acting, run_number: int, dataset: str, key: str, lumisection: int
) -> Origin | None:
    """Who set the value in force in a cell of a column or OMS attribute; None when nobody did."""
    dataset_key = (run_number, dataset)
    with acting.db.read() as connection:
        rows.check_dataset(connection, dataset_key)
        here = [LumiRange(lumisection, lumisection)]
        rr = cell_writes.rr_writes(connection, [dataset_key], setting=[key], within=here)
        columns = Frame(rr[dataset_key], [key])
        now = columns.at()
        writer = now.writer(key, lumisection)
        if writer is not None:
            automatic = columns.at(without_manual=True).writer(key, lumisection)
            action = history.actions(connection, [writer.version])[writer.version]
            return Origin(
                writer.values[key],
                action,
                writer.manual,
                None if automatic is None else automatic.values[key],
            )
        oms = cell_writes.oms_writes(connection, [dataset_key], setting=[key], within=here)
        bit = Frame(oms[dataset_key], [key]).at().writer(key, lumisection)
        if bit is None:
            return None
        action = history.actions(connection, [bit.version])[bit.version]
        return Origin(bit.values[key], action, action.manual, bit.values[key])


def look(acting: Acting, run_number: int, dataset: str, *, as_of: int | None = None) -> Look:
    """A dataset now or at a version, all of one moment."""
    key = (run_number, dataset)
    with acting.db.read() as connection:
        rows.check_dataset(connection, key)
        state = states.load(connection, [key], desk=acting.db.desk, as_of=as_of)[key].state
        manual = states.fold_rr(states.rr_events(connection, [key], as_of=as_of, only_manual=True))
        by_hand = {column: manual.codes[row] != MISSING for column, row in manual.row_of.items()}
        seen = history.newest_events(connection, [key])[key]
        if as_of is None:
            run = rows.get_run(connection, run_number)
            row = rows.datasets_of_run(connection, run_number)[dataset]
            return Look(state, by_hand, row.attributes, run.rr_attributes, row.deleted, seen)
        run_writes = history.run_writes(connection, [run_number]).get(run_number, [])
        writes = history.dataset_writes(connection, [key]).get(key, [])
    attributes, deleted = _fold(name_of(*key), writes, as_of, manual_first=False)
    run_attributes, _ = _fold(name_of(run_number, ONLINE), run_writes, as_of, manual_first=True)
    return Look(state, by_hand, attributes, run_attributes, deleted, seen)


def _history(
    acting: Acting, run_number: int, name: str | None, limit: int, before: int | None
) -> Page:
    check_limit(limit)
    with acting.db.read() as connection:
        if name is None:
            rows.get_run(connection, run_number)
        else:
            rows.check_dataset(connection, (run_number, name))
        versions = history.versions_of_run(connection, run_number, name, limit + 1, before)
        page = versions[:limit]
        shown = {action.version for action, _ in page}
        written = run_history.datasets_of(connection, {event for _, each in page for event in each})
        rr = cell_writes.rr_around(connection, [(run_number, each) for each in written.rr], shown)
        oms = cell_writes.oms_around(
            connection, [(run_number, each) for each in written.oms], shown
        )
        attributes: dict[int, list[AttributeChange]] = {}
        if name in {None, ONLINE}:
            run = run_history.run_events(connection, run_number)
            _collect(attributes, attribute_changes(run.oms, "oms", manual_first=False))
            _collect(attributes, attribute_changes(run.rr, "rr", manual_first=True))
        for dataset, own in run_history.dataset_events(connection, run_number, name).items():
            _collect(attributes, attribute_changes(own, "dataset", dataset, manual_first=False))
    columns = {
        key[1]: Frame(each, _set_by(each, key[1], shown)).changes(shown)
        for key, each in rr.writes.items()
    }
    # Changes that came through `online` are listed there.
    bits = {
        key[1]: Frame(each, _set_by(each, key[1], shown)).changes(
            shown & {write.version for write in each if write.dataset == key[1]}
        )
        for key, each in oms.writes.items()
    }
    entries = tuple(
        Entry(
            action,
            tuple(change for event in sorted(own) for change in attributes.get(event, ())),
            tuple(
                DatasetChanges(
                    dataset,
                    columns.get(dataset, {}).get(action.version, ()),
                    bits.get(dataset, {}).get(action.version, ()),
                )
                for dataset in sorted(columns.keys() | bits.keys())
                if action.version in columns.get(dataset, {})
                or action.version in bits.get(dataset, {})
            ),
        )
        for action, own in page
    )
    return Page(entries, page[-1][0].version if len(versions) > limit else None)


def _set_by(writes: Sequence[Write[Value]], dataset: str, shown: Collection[int]) -> set[str]:
    """Columns, or bits, that some versions set of a dataset itself."""
    return {
        key
        for write in writes
        if write.dataset == dataset and write.version in shown
        for key in write.values
    }


def _touching(
    writes: Sequence[Write[Triplet]] | Sequence[Write[JsonValue]],
    keys: Collection[str],
    where: Mask | None,
) -> set[int]:
    known = set(keys)
    return {
        write.version
        for write in writes
        if not known.isdisjoint(write.values)
        and (where is None or any(where[first - 1 : last].any() for first, last in write.ranges))
    }


def _page(versions: Collection[int], limit: int, before: int | None) -> list[int]:
    older = [version for version in versions if before is None or version < before]
    return sorted(older, reverse=True)[:limit]


def _next(versions: Collection[int], shown: Sequence[int]) -> int | None:
    if not shown or min(versions) >= shown[-1]:
        return None
    return shown[-1]


def _collect(
    changes: dict[int, list[AttributeChange]], more: Mapping[int, tuple[AttributeChange, ...]]
) -> None:
    for event, changed in more.items():
        changes.setdefault(event, []).extend(changed)


def _fold(
    owner: str, writes: Sequence[history.AttributeWrite], as_of: int, *, manual_first: bool
) -> tuple[JsonObject, bool]:
    known = [write for write in writes if write.version <= as_of]
    if not known:
        raise NotFound(f"At version {as_of}, {owner} didn't exist yet.")
    attributes: JsonObject = {}
    for write in sorted(known, key=lambda write: (manual_first and write.manual, write.event)):
        attributes.update(write.values)
    return attributes, known[-1].deleted


def check_limit(limit: int) -> None:
    """Refuses a page of a history that is empty or too long."""
    if not 0 < limit <= MOST_VERSIONS:
        raise BadInput(f"A page of a history has 1 to {MOST_VERSIONS} versions.")
