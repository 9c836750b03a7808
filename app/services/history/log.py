"""The log: searched from the newest entry on, a page at a time; a page never takes long."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

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
from app.models.database import indexes
from app.models.history import log, log_sources
from app.services.acting import Acting

_BLOCK = 2_000
_LARGEST_BLOCK = 32_000
_EXAMINED = 30_000
_EXAMINED_CLOSELY = 6_000
"""Versions that one page looks through at most; fewer where their events have to be looked at."""
_STATEMENT_MS = 4_000
Told = Callable[[int, datetime | None], None]

_OTHERS = (Source.SETTINGS, Source.GOLDEN, Source.CYCLE)


def page(
    acting: Acting,
    query: LogQuery,
    position: Position | None = None,
    *,
    limit: int = 50,
    examine: int | None = None,
) -> LogPage:
    """Entries that fulfil the query, from a position on.

    When so many versions were looked through without filling the page, it says how far back that
    was, and `after` goes on from there; likewise when the server takes too long.
    """
    if not 0 < limit <= MOST_ON_A_PAGE:
        raise BadInput(f"A page of the log has 1 to {MOST_ON_A_PAGE} entries.")
    check_times(query)
    begun = position or Position()
    found: dict[Source, list[LogEntry]] = {}
    low, floor, ended = begun.version, None, True
    if query.wants(Source.VERSION):
        found[Source.VERSION], low, floor, ended = _versions(acting, query, begun, limit, examine)
    complete = ended
    with acting.db.read() as connection:
        for source in _OTHERS:
            if not query.wants(source) or (source is Source.CYCLE and not acting.db.desk):
                continue
            before, wanted = begun.of(source), query
            if before is None and begun.version is not None:
                # Nothing of it was told yet: it begins where the versions stand.
                wanted = _not_newer(query, log.time_of(connection, begun.version))
            rows, all_of_them = log_sources.read(connection, source, wanted, before, limit)
            found[source] = list(rows)
            complete = complete and all_of_them
    entries: list[LogEntry] = []
    after = begun
    versions_left = len(found.get(Source.VERSION, ()))
    others_left = sum(len(found.get(source, ())) for source in _OTHERS)
    for entry in merged(found, floor=floor):
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
        raise BadInput("The log is asked for a time that ends before it begins.")


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
    told: Told | None = None,
) -> Iterator[LogEntry]:
    """Entries from a position on, as many as wanted or all of them, however long that takes.

    `told` takes the number found so far and how far back was looked; it may raise.
    """
    number = 0
    while True:
        most = MOST_ON_A_PAGE if limit is None else min(MOST_ON_A_PAGE, limit - number)
        if most <= 0:
            return
        found = page(acting, query, position, limit=most)
        yield from found.entries
        number += len(found.entries)
        if told is not None:
            at = found.back_to or (found.entries[-1].at if found.entries else None)
            told(number, at)
        if found.after is None:
            return
        position = found.after


def known_authors(acting: Acting) -> tuple[str, ...]:
    """Everybody who made a version, for completion; empty where that would take long to tell."""
    with acting.db.read() as connection:
        log.limit_time(connection, _STATEMENT_MS)
        return log.authors(connection, indexes.present(connection)) or ()


def _versions(
    acting: Acting, query: LogQuery, begun: Position, limit: int, examine: int | None
) -> tuple[list[LogEntry], int | None, datetime | None, bool]:
    """Versions from a position on: entries, the number below which the search goes on, the time
    down to which everything is told if it stopped early, and whether there are no more."""
    found: list[LogEntry] = []
    low, size, examined = begun.version, _BLOCK, 0
    floor: datetime | None = None
    with acting.db.read() as connection:
        search = log.prepare(connection, query)
    if examine is None:
        examine = _EXAMINED if log.tells_all(search) else _EXAMINED_CLOSELY
    while True:
        try:
            with acting.db.read() as connection:
                log.limit_time(connection, _STATEMENT_MS)
                wanted = limit - len(found)
                block = log.block(connection, search, low, size=size, limit=wanted)
                kept, all_kept = log.entries(connection, search, block.found, wanted)
                low = block.lowest if all_kept else kept[-1].number
                ended = block.ended and all_kept
                if not ended:
                    floor = log.time_of(connection, low)
        except TookTooLong:
            if size > _BLOCK // 8:
                size //= 4
                continue
            if not found:
                raise
            return found, low, found[-1].at, False
        found += kept
        examined += block.examined
        if ended:
            return found, low, None, True
        if len(found) >= limit or examined >= examine:
            return found, low, floor, False
        size = min(2 * size, _LARGEST_BLOCK)
