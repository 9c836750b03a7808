"""Looks for what happened since it was looked last, for one person or for a team."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from app.domain import notifications as rules
from app.domain.clock import server_now
from app.domain.configuration.in_force import GLOBAL
from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import LumiRange, join
from app.domain.notification_choice import Choice, NotificationKind
from app.domain.notifications import Notification, OfficialList, OwnCells
from app.models import notifications as model
from app.models.drafts.drafts import DraftRow
from app.models.events import event_positions, second_eyes
from app.models.history import notes
from app.models.lists import cycles
from app.models.notifications import Connection
from app.services.acting import Acting
from app.services.configuration.in_force import current
from app.services.editing import drafts

_LATE = 500
_LATEST = timedelta(minutes=15)
"""Numbers are given before they are committed: a slow writer's appear among older ones, for so long
at most."""

_MOST_KEYS = 20_000
_PASSED_DAYS = 2
_FORMAT = 1


@dataclass(frozen=True)
class Told:
    """How far it was looked: what has greater numbers, and isn't older than `since`, is new but
    for what is among the `keys`, of the newest of what was told."""

    since: datetime
    version: int
    note: int
    proposal: int
    official: frozenset[int]
    keys: tuple[str, ...] = ()
    mark: int = 0
    freeze: int = 0

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What `text` once returned; None for anything else: then it begins anew."""
        try:
            stored = json.loads(text)
            if stored["format"] != _FORMAT:
                return None
            return cls(
                datetime.fromisoformat(stored["since"]),
                int(stored["version"]),
                int(stored["note"]),
                int(stored["proposal"]),
                frozenset(map(int, stored["official"])),
                tuple(map(str, stored["keys"])),
                # Kept by a version that told nothing of second eyes.
                int(stored.get("mark", 0)),
                int(stored.get("freeze", 0)),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def knowing(self, keys: Iterable[str]) -> Self:
        """The same, with what isn't told any more."""
        return replace(self, keys=(*self.keys, *keys)[-_MOST_KEYS:])

    @property
    def text(self) -> str:
        """As it is kept."""
        stored: JsonObject = {
            "format": _FORMAT,
            "since": self.since.isoformat(),
            "version": self.version,
            "note": self.note,
            "proposal": self.proposal,
            "official": [*sorted(self.official)],
            "keys": list(self.keys),
            "mark": self.mark,
            "freeze": self.freeze,
        }
        return json.dumps(stored)


@dataclass(frozen=True)
class Found:
    """What is to be told, and how far it was looked; `more`: kinds of which there was more than is
    looked at."""

    notifications: tuple[Notification, ...]
    told: Told
    more: frozenset[NotificationKind] = frozenset()


def begin(acting: Acting) -> Told:
    """Begins now: what was there before is no news."""
    with acting.db.primary.read() as connection:
        there = model.newest(connection, record=acting.db.record)
    return Told(
        server_now(),
        there.version,
        there.note,
        there.proposal,
        there.official,
        mark=there.mark,
        freeze=there.freeze,
    )


def begin_at(acting: Acting, since: datetime) -> Told:
    """Begins at a time that has passed. Lists count from when they were made."""
    with acting.db.primary.read() as connection:
        version = event_positions.version_at(connection, since, end=False)
        known = frozenset(each.id for each in model.official_lists(connection) if each.at < since)
    return Told(since, version, 0, 0, known)


def look(acting: Acting, choice: Choice, told: Told) -> Found:
    """What others did since, of the kinds that are wanted; nobody's own acts."""
    columns = columns_of(acting, choice.workspaces)
    more: set[NotificationKind] = set()
    with acting.db.primary.read() as connection:
        there = model.newest(connection, record=acting.db.record)
        found = [
            *_of_cells(acting, connection, choice, told, columns, more),
            *_of_record(acting, connection, choice, told, columns, more),
            *_of_second_eyes(acting, connection, choice, told, more),
            *_of_lists(acting, connection, choice, told, there.lists, more),
            *_of_cycles(connection, choice),
        ]
    known = set(told.keys)
    fresh = tuple(each for each in found if each.key not in known)
    now = replace(
        told.knowing(each.key for each in fresh),
        since=max(told.since, server_now() - _LATEST),
        version=max(told.version, there.version),
        note=max(told.note, there.note),
        proposal=max(told.proposal, there.proposal),
        official=there.official,
        mark=max(told.mark, there.mark),
        freeze=max(told.freeze, there.freeze),
    )
    return Found(fresh, now, frozenset(more & {each.kind for each in fresh}))


def _of_cells(
    acting: Acting,
    connection: Connection,
    choice: Choice,
    told: Told,
    columns: frozenset[str],
    more: set[NotificationKind],
) -> list[Notification]:
    """What was flagged and what meets one's own edits."""
    person = acting.actor.email
    of_cells = {NotificationKind.FLAGS, NotificationKind.CONFLICTS}
    if not choice.kinds & of_cells:
        return []
    cells, is_all = model.cells_set(connection, told.version - _LATE, told.since, but=person)
    more |= set() if is_all else of_cells
    found = rules.flags(cells, columns) if NotificationKind.FLAGS in choice.kinds else []
    if NotificationKind.CONFLICTS in choice.kinds and person and cells:
        own = model.own_cells(connection, {each.key for each in cells}, person)
        stored = model.drafts(connection, person) if acting.db.desk else []
        for row in drafts.kept(acting, stored).values():
            own += _drafted(row)
        found += rules.conflicts(cells, own)
    return found


def _of_record(
    acting: Acting,
    connection: Connection,
    choice: Choice,
    told: Told,
    columns: frozenset[str],
    more: set[NotificationKind],
) -> Iterator[Notification]:
    """What was noted and proposed."""
    if not acting.db.record:
        return
    if NotificationKind.MENTIONS in choice.kinds:
        noted = notes.after(connection, max(told.note - _LATE, 0))
        if len(noted) >= notes.MOST_AFTER:
            more.add(NotificationKind.MENTIONS)
        entries = [each for each in noted if each.at >= told.since]
        about = notes.authors(connection, {e.about for e in entries if e.about is not None})
        yield from rules.mentions(entries, about, acting.actor.email, columns)
    if NotificationKind.PROPOSALS in choice.kinds:
        made = model.made_proposals(connection, told.proposal)
        if len(made) >= model.MOST_PROPOSALS:
            more.add(NotificationKind.PROPOSALS)
        yield from rules.proposals([each for each in made if each.at >= told.since], columns)


def _of_second_eyes(
    acting: Acting,
    connection: Connection,
    choice: Choice,
    told: Told,
    more: set[NotificationKind],
) -> Iterator[Notification]:
    """Marks that were taken away, and cycles that were frozen or thawed."""
    if not acting.db.record:
        return
    person = acting.actor.email
    if NotificationKind.MARKS in choice.kinds:
        lost = second_eyes.lost_after(connection, max(told.mark - _LATE, 0), told.since, but=person)
        # Nobody says that a mark falls where the web service makes it void without a guard.
        after = max(told.version - _LATE, 0)
        lost += second_eyes.voided_after(connection, after, told.since, but=person)
        if len(lost) >= second_eyes.MOST_TOLD:
            more.add(NotificationKind.MARKS)
        yield from rules.marks(lost, person, choice.workspaces)
    if NotificationKind.FREEZES in choice.kinds:
        made = second_eyes.freezes_after(
            connection, max(told.freeze - _LATE, 0), told.since, but=person
        )
        if len(made) >= second_eyes.MOST_TOLD:
            more.add(NotificationKind.FREEZES)
        of = cycles.cycles(connection, {each.id_cycle for each in made}) if made else ()
        yield from rules.freezes(made, {each.id: each for each in of}, choice.workspaces)


def _of_lists(
    acting: Acting,
    connection: Connection,
    choice: Choice,
    told: Told,
    lists: Sequence[OfficialList],
    more: set[NotificationKind],
) -> Iterator[Notification]:
    """Golden JSONs that became official, those that were made before, too. Whoever asked a puller
    for it is told what became of the wish."""
    if NotificationKind.OFFICIAL in choice.kinds:
        oldest = min(told.official, default=0)
        new = [each for each in lists if each.id not in told.official and each.id >= oldest]
        if len(new) >= model.MOST_LISTS:
            more.add(NotificationKind.OFFICIAL)
        person, asked = acting.actor.email, frozenset[int]()
        if new and person and acting.db.record:
            asked = model.asked_official(connection, person)
        yield from rules.official([each for each in new if each.id not in asked], person)


def _of_cycles(connection: Connection, choice: Choice) -> Iterator[Notification]:
    if NotificationKind.DEADLINES in choice.kinds:
        now = server_now()
        today = now.astimezone(UTC).date()
        last = today + timedelta(days=choice.days_before)
        due = model.cycles_due(connection, today - timedelta(days=_PASSED_DAYS), last)
        yield from rules.deadlines(due, choice, today, now)


def check_workspaces(acting: Acting, names: Collection[str]) -> None:
    """BadInput where one of them is no workspace."""
    known = {each.name for each in current(acting).workspaces} - {GLOBAL}
    if odd := sorted(set(names) - known):
        raise BadInput(f'There is no workspace "{odd[0]}". There are {", ".join(sorted(known))}.')


def columns_of(acting: Acting, workspaces: Collection[str]) -> frozenset[str]:
    """The columns of some workspaces, of all if none is named."""
    return frozenset(
        column
        for each in current(acting).workspaces
        if not workspaces or each.name in workspaces
        for column in each.columns
    )


def _drafted(row: DraftRow) -> Iterator[OwnCells]:
    """What a draft wants to set; of one that can't be read, nothing: whoever opens it is told."""
    edits = row.content.get("edits")
    for edit in edits if isinstance(edits, list) else ():
        column = edit.get("column") if isinstance(edit, dict) else None
        ranges = edit.get("ranges") if isinstance(edit, dict) else None
        if isinstance(column, str) and isinstance(ranges, list):
            found = join(pair for pair in map(_pair, ranges) if pair is not None)
            if found:
                yield OwnCells(*row.key, column, found)


def _pair(stored: JsonValue) -> LumiRange | None:
    match stored:
        case [int(first), int(last)] if 0 < first <= last:
            return LumiRange(first, last)
    return None
