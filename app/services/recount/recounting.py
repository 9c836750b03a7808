"""Counting derived rows again from the events: a little at a time, or all of them.

What is right is only marked as counted. What is missing, old or false is written anew under the
locks that every writer takes, from what the events say then: an edit that comes between is in it.
Where a summary or a state is missing, that is the only comparison.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter

from app.domain.errors import UNREADABLE, BadInput, NotPermitted, Refused
from app.domain.keys import RowKey
from app.domain.progress import SILENT, Progress
from app.domain.recount.status import Finding, Recounted, Standing
from app.models.database import locks
from app.models.recount import compared, marks, repair
from app.models.recount.compared import WRONG, Compared, Judged, Mark, Verdict
from app.services.acting import Acting

logger = logging.getLogger(__name__)

SOURCE = "recount"

TABLES = compared.DERIVED
"""The tables that are derived from events, and from one another, as the database names them."""

ROUND_S = 3600.0
"""What was counted within this time isn't counted again unless it changed [s]."""

BLOCK = 20
"""Rows of one step."""

_TOGETHER = 32
"""Rows of several runs that one transaction counts: it is over in a fraction of a second."""

_RUNS_TOGETHER = 6
"""Runs of it at most: what OMS says of each in thousands of lumisections is most of the work, and
whoever edits one of them waits."""

_NAMED = 1000
"""So many false values are told of at most."""


def recount_step(
    acting: Acting, limit: int = BLOCK, *, by: str = "", round_s: float = ROUND_S
) -> Recounted:
    """Counts up to `limit` rows again and puts right what is wrong: what changed first, then what
    was counted longest ago.

    Each step goes on where the one before ended, whoever made it. Runs that somebody writes to are
    left for the next one. NotPermitted where this login may not write what is derived.
    """
    keys = due(acting, limit, round_s=round_s)
    return replace(recount(acting, keys, by=by), pending=len(keys) == limit)


def due(acting: Acting, limit: int, *, round_s: float = ROUND_S) -> list[RowKey]:
    """What is to be counted next, the most urgent first: a run has an empty name."""
    acting.check_automatic()
    if not acting.db.desk:
        raise Refused("What is derived isn't counted again: the schema desk can't be used.")
    with acting.db.read() as connection:
        keys = marks.changed(connection, limit)
        if len(keys) < limit:
            more = marks.oldest(connection, limit - len(keys), older_than_s=round_s)
            keys = list(dict.fromkeys([*keys, *more]))
    return keys


def recount_all(
    acting: Acting, *, repair: bool, by: str = "", progress: Progress = SILENT
) -> Recounted:
    """Compares every derived row with the events, and with `repair` puts right what is wrong.

    Raises Cancelled when `progress` says so: what was counted until then stays so.
    """
    if repair:
        check_may_repair(acting)
    with acting.db.read() as connection:
        keys = compared.all_keys(connection, desk=acting.db.desk)
    done, begin = Recounted(), 0
    for block in _together(keys):
        progress.at(begin / len(keys))
        begin += len(block)
        done += recount(acting, block, by=by, repair=repair, patient=True)
        done = replace(done, findings=done.findings[:_NAMED])
    progress.tell(1.0)
    return done


def check_may_repair(acting: Acting) -> None:
    """Refused where this login may not write what is derived."""
    if not acting.db.writes_automatically:
        raise NotPermitted(
            "On this database only the login of a puller puts right what is derived. Ask who runs"
            " the puller: it counts all of it again by itself, a little at a time."
        )


def standing(acting: Acting) -> Standing:
    """How complete and how fresh what is derived is, and what was found."""
    db = acting.db
    with db.read() as connection:
        return marks.standing(connection, desk=db.desk, guarded=db.guard is not None)


def recount(
    acting: Acting,
    keys: Collection[RowKey],
    *,
    by: str = "",
    repair: bool = True,
    patient: bool = False,
) -> Recounted:
    """Counts these rows again: a run has an empty name.

    `patient` waits for who writes to a run instead of leaving it out.
    """
    job = _Job(acting, by or acting.actor.email, repair, patient)
    for of_runs in _together(keys):
        job.count(of_runs)
    return job.done


def _by_run(keys: Iterable[RowKey]) -> dict[int, list[RowKey]]:
    runs: dict[int, list[RowKey]] = defaultdict(list)
    for key in keys:
        runs[key[0]].append(key)
    return runs


def _together(keys: Collection[RowKey]) -> Iterator[list[RowKey]]:
    """What is counted in one transaction: whole runs, the newest first."""
    block: list[RowKey] = []
    runs = 0
    for _, of_run in groupby(sorted(keys, reverse=True), key=itemgetter(0)):
        rows = sorted(of_run)
        if block and (len(block) + len(rows) > _TOGETHER or runs == _RUNS_TOGETHER):
            yield block
            block, runs = [], 0
        block += rows
        runs += 1
    if block:
        yield block


@dataclass
class _Job:
    """Rows of one run after the other, so that none that can't be read stops the others; as long as
    all is well, several runs together."""

    acting: Acting
    by: str
    repair: bool
    patient: bool
    done: Recounted = field(default_factory=Recounted)

    def count(self, keys: Sequence[RowKey]) -> None:
        runs, before = _by_run(keys), self.done
        try:
            self._count(keys)
        except UNREADABLE as error:
            if len(runs) == 1:
                self._failed(keys, error)
                return
            self.done = before
            for of_run in runs.values():
                self.count(of_run)

    def _failed(self, keys: Sequence[RowKey], error: Exception) -> None:
        run_number = keys[0][0]
        why = str(error)
        if not isinstance(error, BadInput):
            logger.error("Rows of run %d can't be counted", run_number, exc_info=error)
            why = f"{type(error).__name__}: {error}"
        self.done += Recounted(len(keys), failed=(f"run {run_number}: {why}",))
        if self.repair and self.acting.db.desk:
            with self.acting.db.transaction() as connection:
                marks.keep(connection, {key: Mark(0, 0, None) for key in keys})

    def _count(self, keys: Sequence[RowKey]) -> None:
        db = self.acting.db
        with db.read() as connection:
            # What can't be right isn't folded for that: it will be under the locks.
            wrong = compared.incomplete(connection, keys, desk=db.desk) if self.repair else set()
            found = compared.compare(
                connection, [key for key in keys if key[0] not in wrong], desk=db.desk
            )
            if db.guard is not None and self.repair:
                wrong |= {run_number for run_number, _ in marks.unconfirmed(connection, keys)}
        if not self.repair:
            self._tell(found, repaired=False)
            return
        wrong |= {each.key[0] for each in found.of(*WRONG)}
        right = found.without(wrong)
        if right.marks:
            with db.transaction() as connection:
                if db.desk:
                    marks.keep(connection, right.marks)
                    marks.remember(connection, self._findings(right.of(Verdict.UNFOUNDED)))
            self._tell(right, repaired=True)
        self._put_right([key for key in keys if key[0] in wrong])

    def _put_right(self, keys: Sequence[RowKey]) -> None:
        """Compares again under the locks of all writers, and writes what is wrong still."""
        if not keys:
            return
        db, runs = self.acting.db, _by_run(keys)
        with db.transaction() as connection:
            # Who holds several runs waits for none: others may wait for these.
            if self.patient and len(runs) == 1:
                locks.lock_runs(connection, runs)
            held = [run for run in sorted(runs) if locks.try_lock_run(connection, run)]
            found = compared.compare(
                connection, [key for key in keys if key[0] in held], desk=db.desk
            )
            known = repair.write(connection, found, desk=db.desk)
            if db.guard is not None:
                marks.confirm(connection, marks.unconfirmed(connection, [*found.marks]))
            if db.desk:
                marks.keep(connection, known)
                judged = found.of(Verdict.FALSE, Verdict.UNFOUNDED)
                marks.remember(connection, self._findings(judged))
                if found.of(Verdict.FALSE):
                    marks.announce(connection)
        self._tell(found, repaired=True)
        for run_number in sorted({*runs} - {*held}, reverse=True):
            if self.patient and len(runs) > 1:
                self.count(runs[run_number])
            else:
                self.done += Recounted(busy=(run_number,))

    def _tell(self, found: Compared, *, repaired: bool) -> None:
        wrong = self._findings(found.of(Verdict.FALSE, Verdict.UNFOUNDED), repaired=repaired)
        for each in wrong:
            logger.info("%s", each.text)
        if repaired and wrong:
            self.acting.db.forget_kept()
        odd = tuple(
            f"run {run_number}{f', {name}' if name else ''}: {what}"
            for (run_number, name), what in found.odd.items()
        )
        self.done += Recounted(len(found.judged), len(found.of(Verdict.OLD)), wrong, failed=odd)

    def _findings(self, rows: Iterable[Judged], *, repaired: bool = True) -> tuple[Finding, ...]:
        return tuple(
            Finding(
                row.table,
                *row.key,
                each.part,
                each.lumisections,
                each.expected,
                each.found,
                self.by,
                repaired=repaired and row.verdict is Verdict.FALSE,
            )
            for row in rows
            for each in row.discrepancies
        )
