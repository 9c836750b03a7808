"""Whether a puller works, for whoever watches over it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.clock import server_now
from app.domain.counting import counted
from app.domain.json_value import JsonObject
from app.domain.sources.pull import PullerReport
from app.models.database.engine import Database
from app.models.database.locks import PullerLock
from app.models.guard import leases
from app.models.pulling import pull_records

_REFUSALS = "seal "
"""Notes of pullers that seal nothing begin so: they are no jobs."""


@dataclass(frozen=True)
class JobHealth:
    """A job: which client works at it and since when, and what that told last. `puller` is empty
    when none works; `problem` says what somebody should look at."""

    job: str
    puller: str
    since: datetime | None
    report: PullerReport | None
    problem: str

    @property
    def document(self) -> JsonObject:
        """The same for programs."""
        told = self.report
        return {
            "job": self.job,
            "puller": self.puller or None,
            "since": _iso(self.since),
            "last_turn": _iso(told.heartbeat) if told else None,
            "last_success": _iso(told.last_success) if told else None,
            "next_try": _iso(told.next_try) if told else None,
            "doing": told.activity if told else "",
            "last_error": told.trouble if told else "",
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Health:
    """All jobs, and what is wrong with them or with the whole."""

    jobs: tuple[JobHealth, ...]
    problems: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nobody need look."""
        return not self.problems

    @property
    def text(self) -> str:
        """The first line that a monitor shows."""
        if self.problems:
            return f"PULLER CRITICAL: {' '.join(self.problems)}"
        pullers = sorted({each.puller for each in self.jobs if each.puller})
        return f"PULLER OK: {counted(len(self.jobs), 'job')}, by {', '.join(pullers)}"

    @property
    def document(self) -> JsonObject:
        """The same for programs."""
        return {
            "good": self.good,
            "problems": list(self.problems),
            "jobs": [each.document for each in self.jobs],
        }


def health(db: Database, within: timedelta) -> Health:
    """Who works, and whether anything has worked `within` that time."""
    with db.primary.read() as connection:
        known = pull_records.all_reported(connection) if db.desk else {}
    reports = {job: told for job, told in known.items() if not job.startswith(_REFUSALS)}
    now = server_now()
    who: dict[str, tuple[str, datetime | None]]
    if db.guard is None:
        who = {job: (PullerLock(db, source=job).holder() or "", None) for job in reports}
    else:
        held = leases.holders(db)
        who = {each.job: (each.client if each.alive else "", each.since) for each in held}
    jobs = tuple(
        JobHealth(
            job,
            *who.get(job, ("", None)),
            reports.get(job),
            _problem(job, reports.get(job), now, within),
        )
        for job in sorted(reports.keys() | who.keys())
    )
    return Health(jobs, tuple(_problems(jobs, now, within)))


def _problems(jobs: tuple[JobHealth, ...], now: datetime, within: timedelta) -> Iterator[str]:
    turns = [each.report.heartbeat for each in jobs if each.report is not None]
    if not any(each.puller for each in jobs):
        last = f" The last turn of a job was {_ago(now - max(turns))} ago." if turns else ""
        yield leases.NOBODY + last
        return
    if turns and now - max(turns) > within:
        yield f"Nothing was done for {_ago(now - max(turns))}."
    for each in jobs:
        if each.puller and each.problem:
            yield each.problem


def _problem(job: str, told: PullerReport | None, now: datetime, within: timedelta) -> str:
    """What is wrong with a job that a client works at, for longer than `within`."""
    if told is None:
        return ""
    due = max(told.next_try or told.heartbeat, told.heartbeat)
    if now - due > within:
        return f"{job}: nothing was told for {_ago(now - told.heartbeat)}."
    good = told.last_success
    if told.trouble and (good is None or now - good > within):
        since = "never" if good is None else f"not for {_ago(now - good)}"
        return f"{job}: worked {since}: {told.trouble.rstrip('.')}."
    return ""


def _ago(age: timedelta) -> str:
    seconds = age.total_seconds()
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
