"""The log: searched from the newest entry on, a page at a time; a page never takes long."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.domain.counting import counted
from app.domain.errors import BadInput, TookTooLong
from app.domain.history.log import (
    MOST_ON_A_PAGE,
    LogEntry,
    LogPage,
    LogQuery,
    Position,
    Source,
    merged,
)
from app.domain.text.names import not_found
from app.models.database import session
from app.models.history import log, log_sources
from app.models.schemas import indexes
from app.services import names
from app.services.acting import Acting

_BLOCK = 2_000
_LARGEST_BLOCK = 32_000
_EXAMINED = 30_000
_EXAMINED_CLOSELY = 6_000
"""Versions that one page looks through at most; fewer where their events have to be looked at."""
_STATEMENT_MS = 4_000
_MINUTE = "%Y-%m-%d %H:%M"

_OTHERS = (Source.SETTINGS, Source.GOLDEN, Source.CYCLE, Source.NOTE, Source.VERIFIED)
_OF_RECORD = frozenset({Source.CYCLE, Source.NOTE, Source.VERIFIED})


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a search of the log is: its entries so far, and the time back to which it looked
    (None: unknown)."""

    entries: int
    back_to: datetime | None

    @property
    def text(self) -> str:
        """`1 200 entries, back to 2025-06-01 12:00`."""
        back = "" if self.back_to is None else f", back to {self.back_to.astimezone(UTC):{_MINUTE}}"
        return f"{counted(self.entries, 'entry', 'entries')}{back}"


OnPage = Callable[[Reached], None]


def page(
    acting: Acting,
    query: LogQuery,
    position: Position | None = None,
    *,
    limit: int = 50,
    examine: int | None = None,
) -> LogPage:
    """Entries that fulfil the query, from a position on.

    A page looks through a limited number of versions. Where that doesn't fill it, or the server
    takes too long, it says how far back it looked, and `after` goes on from there.
    """
    if not 0 < limit <= MOST_ON_A_PAGE:
        raise BadInput(f"A page of the log has 1 to {MOST_ON_A_PAGE} entries.")
    check_times(query)
    if not any(query.wants(each) for each in Source if each not in _OF_RECORD):
        acting.check_reads_record("These entries")
    start = position or Position()
    by_source: dict[Source, list[LogEntry]] = {}
    low, floor, ended = start.version, None, True
    if query.wants(Source.VERSION):
        by_source[Source.VERSION], low, floor, ended = _versions(
            acting, query, start, limit, examine
        )
    complete = ended
    with acting.db.read() as connection:
        for source in _OTHERS:
            if not query.wants(source) or (source in _OF_RECORD and not acting.db.record):
                continue
            before, narrowed = start.of(source), query
            if before is None and start.version is not None:
                # None of these entries was listed yet: they begin where the versions stand.
                narrowed = _not_newer(query, log.time_of(connection, start.version))
            rows, are_all = log_sources.read(connection, source, narrowed, before, limit, floor)
            by_source[source] = list(rows)
            complete = complete and are_all
    entries: list[LogEntry] = []
    after = start
    versions_left = len(by_source.get(Source.VERSION, ()))
    others_left = sum(len(by_source.get(source, ())) for source in _OTHERS)
    for entry in merged(by_source, floor=floor):
        if len(entries) == limit:
            break
        entries.append(entry)
        after = after.after(entry.source, entry.number)
        if entry.source is Source.VERSION:
            versions_left -= 1
        else:
            others_left -= 1
    if not versions_left and low is not None:
        after = after.after(Source.VERSION, low)
    if complete and not versions_left and not others_left:
        return LogPage(tuple(entries), None)
    return LogPage(tuple(entries), after, floor if len(entries) < limit else None)


def check_times(query: LogQuery) -> None:
    """BadInput for a time that ends before it begins."""
    if query.since is not None and query.until is not None and query.since > query.until:
        raise BadInput("The time of the search ends before it begins.")


def _not_newer(query: LogQuery, at: datetime | None) -> LogQuery:
    if at is None or (query.until is not None and query.until <= at):
        return query
    return replace(query, until=at)


def entries(
    acting: Acting,
    query: LogQuery,
    position: Position | None = None,
    *,
    limit: int | None = None,
    on_page: OnPage | None = None,
) -> Iterator[LogEntry]:
    """Entries from a position on, at most `limit` or all of them, however long that takes.

    `on_page` is called after every page; it may raise, such as Cancelled.
    """
    number = 0
    while True:
        most = MOST_ON_A_PAGE if limit is None else min(MOST_ON_A_PAGE, limit - number)
        if most <= 0:
            return
        part = page(acting, query, position, limit=most)
        yield from part.entries
        number += len(part.entries)
        if on_page is not None:
            oldest = part.entries[-1].at if part.entries else None
            on_page(Reached(number, part.back_to or oldest))
        if part.after is None:
            return
        position = part.after


def known_authors(acting: Acting) -> tuple[str, ...]:
    """All authors of versions, for completion; empty where listing them would take long."""
    with acting.db.read() as connection:
        session.limit_statements(connection, _STATEMENT_MS)
        return log.authors(connection, indexes.present(connection)) or ()


def _versions(
    acting: Acting, query: LogQuery, start: Position, limit: int, examine: int | None
) -> tuple[list[LogEntry], int | None, datetime | None, bool]:
    """Versions from a position on: entries, the number below which the search goes on, the time
    down to which everything was found if it stopped early, and whether there are no more."""
    versions: list[LogEntry] = []
    low, size, examined = start.version, _BLOCK, 0
    search: log.Search | None = None
    while True:
        try:
            with acting.db.read() as connection:
                search = search or log.prepare(connection, query)
                session.limit_statements(connection, _STATEMENT_MS)
                if examine is None:
                    examine = _EXAMINED if log.tells_all(search) else _EXAMINED_CLOSELY
                missing = limit - len(versions)
                block = log.block(connection, search, low, size=size, limit=missing)
                kept, all_kept = log.entries(connection, search, block.found, missing)
                low = block.lowest if all_kept else kept[-1].number
                if block.ended and all_kept:
                    return [*versions, *kept], low, None, True
                if len(kept) == missing or examined + block.examined >= examine:
                    return [*versions, *kept], low, log.time_of(connection, low), False
        except TookTooLong:
            if size > _BLOCK // 8:
                size //= 4
                continue
            if not versions:
                raise
            return versions, low, versions[-1].at, False
        versions += kept
        examined += block.examined
        size = min(4 * size, max(_BLOCK, examine - examined), _LARGEST_BLOCK)


def check_searched(acting: Acting, query: LogQuery) -> None:
    """NotFound when a search of the log that found nothing names a run, a dataset or an author
    that there isn't."""
    if query.run is not None:
        names.check_runs(acting, [query.run])
        if query.dataset:
            names.check_dataset(acting, query.run, query.dataset)
    elif query.dataset:
        names.check_dataset_names(acting, [query.dataset])
    if query.author:
        with acting.db.read() as connection:
            everybody = log.everybody(connection)
        _check_author(query.author, everybody)


def _check_author(author: str, everybody: Iterable[str]) -> None:
    everyone = [*everybody]
    if not any(author.casefold() in each.casefold() for each in everyone):
        people = {part for each in everyone for part in (each, each.partition("@")[0])}
        raise not_found(f'Nobody like "{author}" wrote anything', author, people)
