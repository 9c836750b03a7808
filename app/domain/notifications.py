"""Notifications: what others did that a person wants to hear of, told once and summed up."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar

from app.domain.certification import notes
from app.domain.certification.cycles import Cycle
from app.domain.certification.notes import NoteEntry, NoteKind
from app.domain.certification.second_eyes import WHOLE, FreezeEntry, LostMark
from app.domain.configuration.in_force import GLOBAL
from app.domain.counting import counted, number
from app.domain.identity import AUTO
from app.domain.keys import ONLINE, DatasetKey
from app.domain.links import CycleLink, GoldenLink, Link, RunLink
from app.domain.lumisections import LumiRange, format_ranges, join
from app.domain.notification_choice import Choice, NotificationKind
from app.domain.text.plain_text import one_line

Key = TypeVar("Key")
Value = TypeVar("Value")

BAD = "BAD"
MOST_LINES = 10
"""Lines of a kind in a summary; the rest is counted."""

_APART = 3
_LONGEST = 200
_LONGEST_WORDS = 80


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that happened: `key` tells it from all others, `link` leads there."""

    kind: NotificationKind
    key: str
    at: datetime
    text: str
    link: Link


@dataclass(frozen=True, slots=True)
class Summary:
    """All of one kind that are told at once; `more`: there may be others, which were too many to
    look at."""

    kind: NotificationKind
    notifications: tuple[Notification, ...]
    more: bool = False

    @property
    def title(self) -> str:
        """`Mention`, `3 mentions`, or `At least 3 mentions`."""
        noun, number = self.kind.noun, len(self.notifications)
        if self.more:
            return f"At least {counted(number, noun)}"
        return f"{noun[0].upper()}{noun[1:]}" if number == 1 else counted(number, noun)

    def lines(self, most: int = MOST_LINES) -> tuple[str, ...]:
        """What happened, the newest first; the rest is counted."""
        shown = [each.text for each in self.notifications[:most]]
        left = len(self.notifications) - len(shown)
        least = "at least " if self.more else ""
        return (*shown, f"and {least}{number(left)} more") if left else tuple(shown)


def summaries(
    notifications: Iterable[Notification], more: Collection[NotificationKind] = ()
) -> tuple[Summary, ...]:
    """The notifications by kind, in the order of the kinds, each with the newest first; `more`:
    kinds of which not all was looked at."""
    ordered = sorted(notifications, key=lambda each: each.at, reverse=True)
    grouped = {kind: tuple(n for n in ordered if n.kind is kind) for kind in NotificationKind}
    return tuple(Summary(kind, found, kind in more) for kind, found in grouped.items() if found)


@dataclass(frozen=True, slots=True)
class CellsSet:
    """Cells of a column that a version gave a status."""

    version: int
    author: str
    at: datetime
    run_number: int
    dataset: str
    column: str
    status: str
    comment: str
    ranges: tuple[LumiRange, ...]

    @property
    def key(self) -> DatasetKey:
        """Run number and dataset."""
        return self.run_number, self.dataset


@dataclass(frozen=True, slots=True)
class OwnCells:
    """Cells that a person has set in a version, or wants to set: then `version` is None."""

    run_number: int
    dataset: str
    column: str
    ranges: tuple[LumiRange, ...]
    version: int | None = None


@dataclass(frozen=True, slots=True)
class MadeProposals:
    """Proposals of an agent on a dataset that wait; `newest` is the greatest of their numbers."""

    run_number: int
    dataset: str
    agent: str
    columns: tuple[str, ...]
    number: int
    newest: int
    at: datetime


@dataclass(frozen=True, slots=True)
class OfficialList:
    """An official golden JSON, and who made it."""

    id: int
    author: str
    at: datetime
    pattern: str
    tags: str


def flags(found: Sequence[CellsSet], columns: Collection[str]) -> list[Notification]:
    """What was set BAD in some columns: by version and dataset, or by version alone where it is
    many datasets."""
    wanted = [each for each in found if each.status == BAD and each.column in columns]
    told: list[Notification] = []
    for version, cells in _grouped(wanted, lambda each: each.version).items():
        by_dataset = _grouped(cells, lambda each: each.key)
        first = cells[0]
        by = f"by {author_words(first.author)}{_said(first.comment)}"
        if len(by_dataset) > _APART:
            runs = sorted({each.run_number for each in cells})
            where = f"run {runs[0]}" if len(runs) == 1 else f"runs {runs[0]} to {runs[-1]}"
            text = (
                f"{_columns(cells)} {BAD} in {counted(len(by_dataset), 'dataset')} of {where}, {by}"
            )
            told.append(_flag(f"flag {version}", first, text, cells))
            continue
        for key, of_one in by_dataset.items():
            ranges = join(each for cell in of_one for each in cell.ranges)
            text = f"{_columns(of_one)} {BAD} in {where_words(*key, ranges)}, {by}"
            told.append(_flag(f"flag {version} {key[0]} {key[1]}", of_one[0], text, of_one))
    return told


def _flag(key: str, first: CellsSet, text: str, cells: Sequence[CellsSet]) -> Notification:
    of_one = [each for each in cells if each.key == first.key]
    link = RunLink(
        first.run_number,
        first.dataset,
        tuple(dict.fromkeys(each.column for each in of_one)),
        join(each for cell in of_one for each in cell.ranges),
    )
    return Notification(NotificationKind.FLAGS, key, first.at, _cut(text), link)


def conflicts(found: Sequence[CellsSet], own: Sequence[OwnCells]) -> list[Notification]:
    """Where others set cells that a person has set before, or is about to set."""
    mine = _grouped(own, lambda each: (each.run_number, each.dataset, each.column))
    told: dict[str, Notification] = {}
    for cells in found:
        for own_cells in mine.get((*cells.key, cells.column), ()):
            both = _overlap(cells.ranges, own_cells.ranges)
            is_later = own_cells.version is None or own_cells.version < cells.version
            if not both or not is_later:
                continue
            key = f"conflict {cells.version} {cells.run_number} {cells.dataset} {cells.column}"
            is_draft = own_cells.version is None
            text = (
                f"{author_words(cells.author)} set {one_line(cells.column)} {cells.status} in"
                f" {where_words(*cells.key, both)},"
                f" {'which your draft sets, too' if is_draft else 'which you had set'}"
            )
            link = RunLink(cells.run_number, cells.dataset, (cells.column,), both)
            told[key] = Notification(NotificationKind.CONFLICTS, key, cells.at, _cut(text), link)
    return list(told.values())


def mentions(
    entries: Sequence[NoteEntry],
    answered: Mapping[int, str],
    person: str,
    columns: Collection[str],
) -> list[Notification]:
    """Notes of others that name a person or one of the columns, or answer a note of the person;
    `answered` are the authors of the notes that entries are about."""
    told: dict[str, Notification] = {}
    for entry in entries:
        if entry.kind is NoteKind.TAKEN_BACK or (person and entry.by == person):
            continue
        named = notes.mentions_of(entry.text, columns)
        if person and _names(entry.text, person):
            why = "mentions you"
        elif person and entry.kind is NoteKind.REPLY and answered.get(entry.about or 0) == person:
            why = "answers you"
        elif named:
            why = f"mentions {', '.join(named)}"
        else:
            continue
        about = entry.about if entry.kind is NoteKind.CORRECTION else entry.number
        key = f"mention {about}"
        where = where_words(entry.run_number, entry.dataset, entry.ranges)
        text = f"{author_words(entry.by)} {why} on {where}{_said(entry.text)}"
        link = RunLink(entry.run_number, entry.dataset or ONLINE, (), entry.ranges)
        told[key] = Notification(NotificationKind.MENTIONS, key, entry.at, _cut(text), link)
    return list(told.values())


def _names(text: str, person: str) -> bool:
    """Whether a text names somebody: the e-mail, or what stands before its @ with one in front."""
    words = {word.strip(".,;:!?()[]<>\"'").lower() for word in text.split()}
    email = person.lower()
    return email in words or f"@{email}" in words or f"@{email.partition('@')[0]}" in words


def deadlines(
    cycles: Sequence[Cycle], choice: Choice, today: date, now: datetime
) -> list[Notification]:
    """Cycles in which something is left to do and whose deadline is near, is today, or passed."""
    told: list[Notification] = []
    for cycle in cycles:
        left_days = (cycle.deadline - today).days
        if left_days > choice.days_before or not cycle.pending_in(GLOBAL):
            continue
        pending = [
            name
            for name in cycle.workspaces
            if name != GLOBAL
            and cycle.pending_in(name)
            and (not choice.workspaces or name in choice.workspaces)
        ]
        if not pending:
            continue
        stage, when = _stage(left_days)
        numbers = {name: cycle.progress[name] for name in pending}
        behind = [name for name, each in numbers.items() if each.completed < each.total]
        left = sum(each.total - each.completed for each in numbers.values())
        text = (
            f'Cycle "{one_line(cycle.name)}" {when} ({cycle.deadline:%Y-%m-%d}); '
            f"{counted(left, 'dataset')} left"
        )
        if behind:
            text += f" in {_some(behind)}"
        key = f"deadline {cycle.id} {cycle.deadline} {stage}"
        told.append(
            Notification(NotificationKind.DEADLINES, key, now, _cut(text), CycleLink(cycle.id))
        )
    return told


def _stage(left_days: int) -> tuple[str, str]:
    if left_days < 0:
        return "passed", f"was due {counted(-left_days, 'day')} ago"
    if left_days == 0:
        return "today", "is due today"
    return "near", f"is due in {counted(left_days, 'day')}"


def proposals(found: Sequence[MadeProposals], columns: Collection[str]) -> list[Notification]:
    """Proposals of agents that wait in some columns."""
    told: list[Notification] = []
    for each in found:
        concerned = [name for name in each.columns if name in columns]
        if not concerned:
            continue
        text = (
            f"{one_line(each.agent)} made {counted(each.number, 'proposal')} for"
            f" {_some(concerned)} in"
            f" {where_words(each.run_number, each.dataset)}"
        )
        key = f"proposal {each.newest}"
        link = RunLink(each.run_number, each.dataset)
        told.append(Notification(NotificationKind.PROPOSALS, key, each.at, _cut(text), link))
    return told


def official_key(id_: int) -> str:
    """The key of what is told when a golden JSON becomes official."""
    return f"official {id_}"


def official(found: Sequence[OfficialList], person: str) -> list[Notification]:
    """Lists that became official; those of the person are no news."""
    return [
        Notification(
            NotificationKind.OFFICIAL,
            official_key(each.id),
            each.at,
            _cut(
                f"Golden JSON {each.id} of {one_line(each.pattern)}"
                f"{f', {one_line(each.tags)},' if each.tags else ''} is official,"
                f" made by {author_words(each.author)}"
            ),
            GoldenLink(each.id),
        )
        for each in found
        if not person or each.author != person
    ]


def marks(
    found: Sequence[LostMark], person: str, workspaces: Collection[str]
) -> list[Notification]:
    """Marks that others took away: those that a person had set, or for a team those of its
    workspaces. By dataset and reason, or by reason alone where it is many datasets."""
    wanted = [
        each
        for each in found
        if (
            each.mark.by.lower() == person.lower()
            if person
            else not workspaces or each.mark.workspace in {*workspaces, WHOLE}
        )
    ]
    told: list[Notification] = []
    # Those of one action have one time, which is that of its transaction.
    for (by, at, why), of_one in _grouped(wanted, lambda m: (m.by, m.at, m.why)).items():
        by_dataset = _grouped(of_one, lambda each: (each.mark.run_number, each.mark.name))
        whose = "your mark" if person else "the mark"
        said = f"{author_words(by)} took {whose}"
        if len(by_dataset) > _APART:
            text = f"{said}s away from {counted(len(by_dataset), 'dataset')}{_said(why)}"
            told.append(_mark(f"mark {of_one[0].number}", of_one[0], at, text))
            continue
        for key, lost in by_dataset.items():
            ordered = sorted(lost, key=lambda each: each.mark.workspace != WHOLE)
            what = list(dict.fromkeys(each.mark.what for each in ordered))
            named = " and ".join(what) if len(what) <= _APART else counted(len(what), "mark")
            text = (
                f"{said}{'s' if len(what) > 1 else ''} away from {where_words(*key)}"
                f" ({one_line(named)}){_said(why)}"
            )
            told.append(_mark(f"mark {lost[0].number}", lost[0], at, text))
    return told


def _mark(key: str, lost: LostMark, at: datetime, text: str) -> Notification:
    link = RunLink(lost.mark.run_number, lost.mark.name)
    return Notification(NotificationKind.MARKS, key, at, _cut(text), link)


def freezes(
    found: Sequence[FreezeEntry], cycles: Mapping[int, Cycle], workspaces: Collection[str]
) -> list[Notification]:
    """Cycles of some workspaces that others froze or thawed."""
    told: list[Notification] = []
    for each in found:
        cycle = cycles.get(each.id_cycle)
        if cycle is None or (workspaces and not set(workspaces) & set(cycle.workspaces)):
            continue
        done = "froze" if each.frozen else "thawed"
        text = f'{author_words(each.by)} {done} cycle "{one_line(cycle.name)}"{_said(each.why)}'
        link = CycleLink(cycle.id)
        key = f"freeze {each.number}"
        told.append(Notification(NotificationKind.FREEZES, key, each.at, _cut(text), link))
    return told


def with_server(notification: Notification, server: str) -> Notification:
    """The same with a link that names the database."""
    return replace(notification, link=replace(notification.link, server=server))


def where_words(run_number: int, dataset: str, ranges: Sequence[LumiRange] = ()) -> str:
    """`run 396281, LS 3-7`; the dataset `online` needs no word."""
    name = "" if dataset in ("", ONLINE) else one_line(dataset)
    lumisections = f"LS {format_ranges(ranges)}" if ranges else ""
    return ", ".join(filter(None, (f"run {run_number}", name, lumisections)))


def author_words(author: str) -> str:
    """Who it was: of an agent its name."""
    return one_line(author.removeprefix(AUTO).removeprefix(" - ") or "an automatic change")


def _columns(cells: Sequence[CellsSet]) -> str:
    names = list(dict.fromkeys(each.column for each in cells))
    if len(names) > _APART:
        return counted(len(names), "column")
    return one_line(", ".join(names))


def _some(names: Sequence[str]) -> str:
    """The first names, and how many there are besides."""
    shown = one_line(", ".join(names[:_APART]))
    left = len(names) - _APART
    return f"{shown} and {counted(left, 'other')}" if left > 0 else shown


def _said(words: str) -> str:
    words = one_line(" ".join(words.split()))
    if len(words) > _LONGEST_WORDS:
        words = f"{words[: _LONGEST_WORDS - 3]}..."
    return f': "{words}"' if words else ""


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _overlap(some: Sequence[LumiRange], others: Sequence[LumiRange]) -> tuple[LumiRange, ...]:
    return join(
        (max(a.first, b.first), min(a.last, b.last))
        for a in some
        for b in others
        if a.first <= b.last and b.first <= a.last
    )


def _grouped(values: Iterable[Value], key: Callable[[Value], Key]) -> dict[Key, list[Value]]:
    groups: dict[Key, list[Value]] = {}
    for each in values:
        groups.setdefault(key(each), []).append(each)
    return groups
