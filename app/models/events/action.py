"""One action of a person or the puller: locks, reads, appends, and brings every fold up to date."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
from sqlalchemy import Connection

from app.domain.certification.second_eyes import (
    LONGEST_REASON,
    NeedsReason,
    Protected,
    Touch,
    check_reason,
)
from app.domain.identity import is_manual
from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import mask_of_ranges
from app.domain.sources.oms import LUMINOSITY
from app.domain.state.compact import CompactState
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.domain.triplets import Triplet
from app.models.database import locks
from app.models.database.engine import Database
from app.models.events import event_log, projections, rows, second_eyes, states
from app.models.events.event_log import Change, DatasetChange, LumisectionChange, RunChange
from app.models.events.rows import DatasetRow, RunRow
from app.models.events.states import EventCounts, Loaded

_BLOCK = 100
"""Datasets whose summaries are made in one go."""


# The same of all new datasets of a run, so that it shows that they are alike.
_NO_COLUMNS: Grid[Triplet] = Grid.empty()
_NO_LUMISECTIONS = np.zeros(0, np.bool_)


def _nothing(key: DatasetKey, online: Loaded | None) -> Loaded:
    """A dataset without events of its own; an offline one sees the OMS side of `online`."""
    if online is None:
        state = DatasetState(*key, _NO_COLUMNS, Grid.empty(), _NO_LUMISECTIONS)
        return Loaded(state, EventCounts(0, 0, 0))
    state = DatasetState(*key, _NO_COLUMNS, online.state.oms, _NO_LUMISECTIONS)
    return Loaded(state, EventCounts(0, 0, online.counts.oms))


@dataclass
class Action:
    """The open transaction of one action.

    What is read through it is what the action decides on; what is appended through it lands as a
    whole, folds and summaries included, or not at all. `reason`: why the person changes something
    that is verified.
    """

    connection: Connection
    desk: bool
    record: bool = False
    reason: str = ""
    versions: list[int] = field(default_factory=list)
    _loaded: dict[DatasetKey, Loaded] = field(default_factory=dict)
    _appended: dict[DatasetKey, list[tuple[LumisectionChange, bool]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _stored: event_log.StoredObjects = field(default_factory=dict)
    _touched: set[DatasetKey] = field(default_factory=set)
    _relabelled: set[DatasetKey] = field(default_factory=set)
    _compact: dict[DatasetKey, tuple[CompactState, EventCounts]] = field(default_factory=dict)
    _copies: dict[DatasetKey, DatasetKey] = field(default_factory=dict)
    _online_after: dict[DatasetKey, Loaded] = field(default_factory=dict)
    _folded: dict[Hashable, Loaded] = field(default_factory=dict)
    _protected: tuple[frozenset[int], Protected] = (frozenset(), Protected())
    _held: rows.Held | None = None

    def runs(self, run_numbers: Collection[int]) -> Mapping[int, RunRow]:
        """The rows of runs: those that were read with the locks, before this action appended
        anything, or as they are now."""
        if self._held is not None and self._held.runs is not None:
            return self._held.runs
        return rows.run_states(self.connection, run_numbers)

    def datasets(self, run_numbers: Collection[int]) -> Mapping[DatasetKey, DatasetRow]:
        """The rows of all datasets of runs, likewise."""
        if self._held is not None and self._held.datasets is not None:
            return self._held.datasets
        return rows.datasets_of_runs(self.connection, run_numbers)

    def states(self, keys: Collection[DatasetKey]) -> dict[DatasetKey, DatasetState]:
        """Folded states of datasets as they were before this action appended anything."""
        unknown = [key for key in keys if key not in self._loaded]
        if unknown:
            self._loaded.update(states.load(self.connection, unknown, desk=self.desk))
        return {key: self._loaded[key].state for key in keys}

    def state(self, run_number: int, name: str) -> DatasetState:
        """Folded state of one dataset before this action."""
        return self.states([(run_number, name)])[run_number, name]

    def state_now(self, run_number: int, name: str) -> DatasetState:
        """Folded state of a dataset with what this action appended to it; not what an offline
        one sees of `online` since."""
        key = (run_number, name)
        self.states([key])
        return self._after(key).state

    def compact_states(self, keys: Collection[DatasetKey]) -> dict[DatasetKey, CompactState]:
        """Like `states`, in segments, which is all that looking at whole datasets takes."""
        unknown = [key for key in keys if key not in self._compact]
        self._compact.update(states.load_compact(self.connection, unknown, desk=self.desk)[0])
        return {key: self._compact[key][0] for key in keys}

    def is_copy(self, key: DatasetKey, source: DatasetKey) -> None:
        """Says that a new dataset of the same run will hold what `source` does, so that nothing
        is folded. The source was read by `compact_states`, and isn't changed in this action."""
        self._copies[key] = source

    def is_new(self, key: DatasetKey) -> None:
        """Says that the dataset has no lumisection events yet, so that none are looked for."""
        online = (key[0], ONLINE)
        if key != online:
            self.states([online])
        self._loaded[key] = _nothing(key, self._loaded[online] if key != online else None)

    def protected(self, run_numbers: Collection[int]) -> Protected:
        """What is verified or frozen of the datasets of runs."""
        runs, known = self._protected
        if self.record and not runs.issuperset(run_numbers):
            runs = runs.union(run_numbers)
            known = second_eyes.protected(self.connection, runs)
            self._protected = runs, known
        return known

    def append(self, by: str, comment: str, changes: Sequence[Change]) -> int:
        """Writes one version; returns its `atomic_version`.

        CycleFrozen when something of it is in a frozen cycle, NeedsReason when a person changes
        what is verified and says no reason; an automatic change says its comment.
        """
        comment = self._respected(by, comment, changes)
        self._read_followers(changes)
        for change in changes:
            if isinstance(change, LumisectionChange) and change.events:
                key = (change.run_number, change.name)
                if key not in self._copies:
                    self.states([key])
                self._appended[key].append((change, is_manual(by)))
                self._touched.add(key)
            elif isinstance(change, DatasetChange):
                self._relabelled.add((change.run_number, change.name))
        version = event_log.append(self.connection, by, comment, changes, self._stored)
        self.versions.append(version)
        return version

    def _respected(self, by: str, comment: str, changes: Sequence[Change]) -> str:
        """Refuses what is frozen, and takes away the marks of what is verified; returns the
        comment, with the reason for that."""
        if not self.record:
            return comment
        known = self.protected({change.run_number for change in changes})
        if not known.frozen and not known.marks:
            return comment
        touched = _touched(changes, {*known.frozen, *known.marks})
        known.check_thawed(touched)
        fallen = known.fallen(touched)
        if not fallen:
            return comment
        reason = check_reason(self.reason, needed=False)
        if is_manual(by) and not reason:
            raise NeedsReason(fallen)
        why = reason or comment[:LONGEST_REASON]
        second_eyes.take_away(self.connection, fallen, by, why)
        gone = set(fallen)
        left = {
            key: tuple(mark for mark in marks if mark not in gone)
            for key, marks in known.marks.items()
        }
        self._protected = self._protected[0], Protected(known.frozen, left)
        return comment if reason in comment else f"{comment} ({reason})"

    def finish(self, told: Callable[[float], None] | None = None) -> None:
        """Rewrites the summaries of the datasets touched.

        Attributes alone change no summary: one that is current stays, under the new version.
        `told` takes the share done and may raise.
        """
        if only_attributes := self._relabelled - self._touched:
            kept = projections.carry_over(self.connection, only_attributes, self.versions)
            self._touched |= only_attributes - kept
        if copied := self._touched & self._copies.keys():
            left = copied - self._store_copies(copied)
            projections.store(self.connection, states.fold(self.connection, left), desk=self.desk)
            self._touched -= copied
        if self._touched:
            self.states(self._touched)
            following = self._following_online()
            touched = sorted(self._touched - following.keys())
            for start in range(0, len(touched), _BLOCK):
                if told is not None:
                    told(start / len(touched))
                now = {
                    key: self._online_after.get(key) or self._after(key)
                    for key in touched[start : start + _BLOCK]
                }
                projections.store(self.connection, now, desk=self.desk, own=self.versions)
            projections.store(self.connection, following, desk=self.desk)
        if told is not None:
            told(1.0)

    def _store_copies(self, keys: Collection[DatasetKey]) -> set[DatasetKey]:
        """Summaries and states of copies, taken over from their sources; returns for which
        datasets that could be done."""
        pairs = {key: self._copies[key] for key in keys}
        done = projections.copy_summaries(self.connection, pairs)
        if self.desk:
            projections.remember_compact(
                self.connection, {key: self._copied_state(key) for key in done}
            )
        return done

    def _copied_state(self, key: DatasetKey) -> tuple[CompactState, EventCounts]:
        state, counts = self._compact[self._copies[key]]
        rr, oms = (
            sum(len(change.events) for change, _ in self._appended[key] if change.oms is side)
            for side in (False, True)
        )
        online = counts.oms if state.name == ONLINE else counts.online_oms
        return replace(state, name=key[1]), EventCounts(rr, oms, online)

    def _after(self, key: DatasetKey) -> Loaded:
        """State with what was appended, without reading the events again where that is sure.

        Datasets that were alike before and got the same events are folded once, such as those that
        a sign-off makes.
        """
        before = self._loaded[key]
        alike = _what_it_is_made_of(before, self._appended.get(key, ()))
        known = None if alike is None else self._folded.get(alike)
        if known is not None:
            rr, oms, own = known.state.rr, known.state.oms, known.state.own_oms
            return Loaded(DatasetState(*key, rr, oms, own), known.counts)
        after = self._folded_after(key, before)
        if alike is not None:
            self._folded[alike] = after
        return after

    def _folded_after(self, key: DatasetKey, before: Loaded) -> Loaded:
        rr, own, counts = before.state.rr, before.state.own_oms, before.counts
        # Taken out of its segments only where it changes.
        oms: Grid[JsonValue] | None = None
        rr_added = oms_added = 0
        refold = False
        somebodys_word = counts.rr > 0
        for change, manual in self._appended.get(key, ()):
            if change.oms:
                oms = with_changes(before.state.oms if oms is None else oms, change.events)  # type: ignore[arg-type]
                last = max(r.last for _, ranges in change.events for r in ranges)
                length = max(own.size, last)
                mask = np.zeros(length, np.bool_)
                mask[: own.size] = own
                covered = chain.from_iterable(ranges for _, ranges in change.events)
                own = mask | mask_of_ranges(covered, length)
                oms_added += len(change.events)
            else:
                # A person's word wins over all there is, and so does the first event; a later
                # automatic value may hide behind a person's.
                refold = refold or (somebodys_word and not manual)
                somebodys_word = somebodys_word or manual
                rr = with_changes(rr, change.events)  # type: ignore[arg-type]
                rr_added += len(change.events)
        if refold:
            rr = states.fold_rr(states.rr_events(self.connection, [key]))
        online_added = oms_added if key[1] == ONLINE else 0
        return Loaded(
            before.state.with_columns(rr) if oms is None else DatasetState(*key, rr, oms, own),
            EventCounts(
                counts.rr + rr_added, counts.oms + oms_added, counts.online_oms + online_added
            ),
        )

    def _read_followers(self, changes: Sequence[Change]) -> None:
        """Reads the offline datasets that see the OMS side of what changes, while what our read
        model holds of them is still fresh."""
        runs = {
            change.run_number
            for change in changes
            if isinstance(change, LumisectionChange)
            and change.oms
            and change.events
            and change.name == ONLINE
        }
        if runs:
            known = rows.datasets_of_runs(self.connection, runs)
            self.states([key for key in known if key[1] != ONLINE])

    def _following_online(self) -> dict[DatasetKey, Loaded]:
        """Offline datasets whose OMS side changes because that of `online` did."""
        runs = {
            change.run_number
            for key, appended in self._appended.items()
            for change, _ in appended
            if change.oms and key[1] == ONLINE
        }
        if not runs:
            return {}
        known = rows.datasets_of_runs(self.connection, runs)
        followers = [key for key in known if key[1] != ONLINE]
        found: dict[DatasetKey, Loaded] = {}
        for key in followers:
            before = self._loaded.get(key)
            if before is None or key in self._appended:
                continue
            online_key = (key[0], ONLINE)
            online = self._online_after.get(online_key)
            if online is None:
                online = self._online_after[online_key] = self._after(online_key)
            # What is newest wins over events of its own too.
            oms = online.state.oms
            if not before.state.oms.is_copy_of(self._loaded[online_key].state.oms):
                oms = before.state.oms
                for change, _ in self._appended[online_key]:
                    if change.oms:
                        oms = with_changes(oms, change.events)  # type: ignore[arg-type]
            found[key] = Loaded(
                before.state.with_oms(oms),
                replace(before.counts, online_oms=online.counts.online_oms),
            )
        return found | states.fold(self.connection, [key for key in followers if key not in found])


def _what_it_is_made_of(
    before: Loaded, appended: Sequence[tuple[LumisectionChange, bool]]
) -> Hashable | None:
    """What is the same for datasets whose state comes out the same; None where they have a state
    of their own, of which nobody else has the parts."""
    state = before.state
    if state.rr is not _NO_COLUMNS or state.name == ONLINE:
        return None
    # Nobody's word stands before these: nothing is read again, whoever's they are.
    events = [(id(change.events), change.oms, manual) for change, manual in appended]
    return (id(state.oms), id(state.own_oms), before.counts, *events)


def _touched(
    changes: Sequence[Change], protected: Collection[DatasetKey]
) -> dict[DatasetKey, Touch]:
    """What changes touch of the datasets that are protected. What OMS says of `online`, and whether
    a run is hidden, concerns all datasets of the run."""
    touched: dict[DatasetKey, Touch] = {}
    for change in changes:
        if isinstance(change, RunChange):
            if change.deleted is None:
                continue
            name, touch = ONLINE, Touch(visibility=True)
        elif isinstance(change, DatasetChange):
            name = change.name
            touch = Touch(
                attributes=frozenset(change.attributes), visibility=change.deleted is not None
            )
        elif not change.events:
            continue
        else:
            name = change.name
            keys = frozenset(key for values, _ in change.events for key in values)
            # Measured luminosity is nobody's judgement.
            touch = Touch(bits=keys - LUMINOSITY) if change.oms else Touch(columns=keys)
        of_all = name == ONLINE and (
            touch.visibility or (isinstance(change, LumisectionChange) and change.oms)
        )
        for key in protected:
            if key[0] == change.run_number and (of_all or key[1] == name):
                touched[key] = touched.get(key, Touch()) | touch
    return touched


@contextmanager
def begin(
    db: Database,
    run_numbers: Collection[int],
    told: Callable[[float], None] | None = None,
    *,
    reason: str = "",
    reads: bool = False,
) -> Iterator[Action]:
    """A transaction in which nobody else of ours writes to these runs.

    `told` takes the share done of what follows the appending; when it raises, nothing is left.
    `reason`: why the person changes something that is verified. `reads`: the rows of all these
    runs and their datasets are asked for, so they come with their locks.
    """
    with db.transaction() as connection:
        locks.lock_runs(connection, run_numbers)
        held = rows.lock(connection, run_numbers, record=db.record, reads=reads)
        known = (frozenset(run_numbers), held.protected)
        action = Action(connection, db.desk, db.record, reason, _protected=known, _held=held)
        yield action
        action.finish(told)
