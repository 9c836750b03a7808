"""Versions looked for from the newest on, a block at a time, so that no look ever takes long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.history.cells import Action
from app.domain.history.log import Kind, LogEntry, LogQuery, Source, Who
from app.domain.identity import agent_author
from app.models.events import event_positions
from app.models.history import run_history
from app.models.history.touched import (
    CHANGES,
    NOTHING,
    TABLE_OF,
    of_spans,
    touched_by,
    with_event,
)
from app.models.history.writers import action_columns
from app.models.schemas import indexes
from app.models.statements import text

_GREATEST = 2**31 - 1
_MOST_AUTHORS = 200

_WHO = {
    Who.PEOPLE: "\"by\" NOT LIKE 'auto@auto%'",
    Who.AUTOMATIC: "\"by\" LIKE 'auto@auto%' AND (\"by\" NOT LIKE 'auto@auto - %'"
    " OR \"by\" LIKE '%@%@%')",
    Who.AGENTS: "\"by\" LIKE 'auto@auto - %' AND \"by\" NOT LIKE '%@%@%'",
}
_OF_WHO = {Who.PEOPLE: indexes.BY_PEOPLE, Who.AGENTS: indexes.BY_AGENTS}


@dataclass(frozen=True)
class Search:
    """What a query comes to in this database: its authors by name, its times as versions.

    `authors` None is everybody; an `author` is a part of a name where authors aren't known.
    """

    query: LogQuery
    known: frozenset[str]
    authors: tuple[str, ...] | None
    author: str
    lowest: int
    highest: int


@dataclass(frozen=True)
class Block:
    """Versions that were found, the newest first, and how far that was: down to and with
    `lowest` nothing was passed over. `ended` says that there are no more."""

    found: tuple[Action, ...]
    lowest: int
    examined: int
    ended: bool


def prepare(connection: Connection, query: LogQuery) -> Search:
    """Looks up what the search needs to know before it begins."""
    known = indexes.present(connection)
    named = _authors(connection, query.author, known) if query.author else None
    lowest, highest = 0, _GREATEST
    if query.run is None:
        if query.since is not None:
            lowest = event_positions.version_at(connection, query.since, end=False)
        if query.until is not None:
            highest = event_positions.version_at(connection, query.until, end=True)
    return Search(query, known, named, query.author, lowest, highest)


def block(
    connection: Connection, search: Search, before: int | None, *, size: int, limit: int
) -> Block:
    """The next versions older than `before`, among the next `size` that an index leads to: at
    most `limit` where all of them are looked for, else `entries` sorts them out."""
    query, kinds = search.query, search.query.version_kinds
    by_events = _event_table(search)
    # Of the versions that events lead to all are wanted, unless two things are looked for.
    sorted_out = not tells_all(search) and not (by_events and not (query.dataset and kinds))
    limit = size if sorted_out else limit
    below = min(_GREATEST if before is None else before, search.highest)
    if query.run is not None:
        return _of_run(connection, search, below, limit)
    if search.authors == ():
        return Block((), 0, 0, ended=True)
    if by_events:
        return _by_events(connection, search, below, size, limit, *by_events)
    if _leads_to_all(search):
        size = min(size, limit)
    return _by_versions(connection, search, below, size, limit)


def _leads_to_all(search: Search) -> bool:
    """Whether every version that an index leads to is one that is looked for."""
    query = search.query
    people = query.who is Who.PEOPLE and indexes.BY_PEOPLE in search.known
    who = query.who is None or (people and search.authors is None)
    unlimited = query.since is None and query.until is None and not query.each_word
    return who and unlimited and (search.authors is not None or not search.author)


def tells_all(search: Search) -> bool:
    """Whether a block brings nothing but what is looked for, without a look at the events."""
    query = search.query
    return not query.version_kinds and (not query.dataset or query.run is not None)


def entries(
    connection: Connection, search: Search, actions: Sequence[Action], wanted: int
) -> tuple[list[LogEntry], bool]:
    """At most `wanted` of the versions as entries, those of another kind or dataset left out; and
    whether all of them were looked at."""
    query, kept = search.query, list[LogEntry]()
    kinds = query.version_kinds
    # Along the events nearly all are of the kind or dataset that is looked for.
    step = wanted if _event_table(search) else 2 * wanted
    if tells_all(search):
        step = len(actions)
    start, step = 0, max(step, 1)
    while start < len(actions):
        here = actions[start : start + step]
        spans = event_positions.spans(connection, [action.version for action in here], search.known)
        if query.dataset and query.run is None:
            asked = with_event("DatasetEvent", "event.name = :name")
            of_it = of_spans(connection, spans, asked, {"name": query.dataset})
            here = [action for action in here if action.version in of_it]
        if kinds:
            # What all of them are about would take five times as long to tell.
            of_kinds = " UNION ALL ".join(with_event(TABLE_OF[kind]) for kind in kinds)
            wanted_ones = of_spans(connection, spans, of_kinds, {})
            spans = {number: spans[number] for number in wanted_ones}
        about = touched_by(connection, spans)
        for place, action in enumerate(here, start=1):
            of = about.get(action.version, NOTHING)
            if kinds and not of.kinds & kinds:
                continue
            kept.append(
                LogEntry(
                    Source.VERSION,
                    action.version,
                    action.author,
                    action.at,
                    action.comment,
                    of.kinds,
                    of.subjects,
                    of.more,
                    action.writer,
                )
            )
            if len(kept) == wanted:
                return kept, start + step >= len(actions) and place == len(here)
        start, step = start + step, 4 * step
    return kept, True


def authors(connection: Connection, known: frozenset[str]) -> tuple[str, ...] | None:
    """Everybody who made a version; None where that can't be told without reading them all."""
    if indexes.BY_AUTHOR not in known:
        return None
    rows = connection.execute(
        text(
            "WITH RECURSIVE author AS ("
            ' (SELECT "by" FROM "Version" ORDER BY "by" LIMIT 1)'
            ' UNION ALL SELECT (SELECT version."by" FROM "Version" AS version'
            '  WHERE version."by" > author."by" ORDER BY version."by" LIMIT 1)'
            '  FROM author WHERE author."by" IS NOT NULL'
            ') SELECT "by" FROM author WHERE "by" IS NOT NULL'
        )
    )
    return tuple(rows.scalars())


def everybody(connection: Connection) -> tuple[str, ...]:
    """Everybody who made a version, a version of the configuration, a list or a change of a cycle;
    reads all versions where no index tells it."""
    known = indexes.present(connection)
    of_versions = authors(connection, known)
    if of_versions is None:
        of_versions = tuple(
            connection.execute(text('SELECT DISTINCT "by" FROM "Version"')).scalars()
        )
    others = connection.execute(
        text(
            "SELECT metadata ->> 'by' FROM \"Settings\" WHERE metadata ->> 'by' <> ''"
            ' UNION SELECT created_by FROM "GeneratedJson" WHERE created_by IS NOT NULL'
        )
    ).scalars()
    return tuple(sorted({*of_versions, *others}))


def _authors(connection: Connection, author: str, known: frozenset[str]) -> tuple[str, ...] | None:
    if indexes.BY_AUTHOR not in known:
        return None
    exact = connection.execute(
        text(
            "SELECT name FROM unnest(CAST(:names AS text[])) AS author(name)"
            ' WHERE EXISTS (SELECT FROM "Version" WHERE "by" = name)'
        ),
        {"names": [author, agent_author(author)]},
    )
    if found := tuple(exact.scalars()):
        return found
    wanted = author.lower()
    everybody = authors(connection, known) or ()
    same = tuple(each for each in everybody if wanted in {each.lower(), _asked_by(each).lower()})
    return same or tuple(each for each in everybody if wanted in each.lower())[:_MOST_AUTHORS]


def _asked_by(author: str) -> str:
    """The person or agent behind an automatic author."""
    return author.partition(" - ")[2]


def _event_table(search: Search) -> tuple[str, str, str] | None:
    """The table whose events lead to the versions, with a condition that its index serves, and
    one that says which of the events count."""
    query = search.query
    if query.dataset and indexes.EVENTS_OF_NAME in search.known:
        return "DatasetEvent", "event.name = :dataset", "true"
    if query.dataset or query.author or query.who in _OF_WHO or len(query.version_kinds) != 1:
        return None
    (kind,) = query.version_kinds
    return TABLE_OF[kind], "true", CHANGES if kind is Kind.DATASET else "true"


def _conditions(
    search: Search, spoken: Sequence[Sequence[int]] = ()
) -> tuple[str, dict[str, object]]:
    """What a version itself has to fulfil, as SQL with its parameters. `spoken` are, for each
    word, the versions whose cells have it in a comment."""
    query = search.query
    parts: list[str] = []
    given: dict[str, object] = {}
    if search.authors is not None:
        parts.append('"by" = ANY(:authors)')
        given["authors"] = list(search.authors)
    elif search.author:
        parts.append('"by" ILIKE :author')
        given["author"] = _containing(search.author)
    if query.who is not None:
        parts.append(_WHO[query.who])
    for place, word in enumerate(query.each_word):
        # The same as ILIKE, which makes the word small for each comment anew.
        said = f"strpos(lower(comment), (SELECT lower(:word_{place}))) > 0"
        parts.append(f"({said} OR atomic_version = ANY(:cells_{place}))")
        given[f"word_{place}"] = word
        given[f"cells_{place}"] = list(spoken[place])
    if query.since is not None:
        parts.append('"createdAt" >= :since')
        given["since"] = query.since
    if query.until is not None:
        parts.append('"createdAt" <= :until')
        given["until"] = query.until
    return " AND ".join(["true", *parts]), given


def _spoken(
    connection: Connection, search: Search, lowest: int, below: int
) -> tuple[tuple[int, ...], ...]:
    """For each word that is looked for, the versions in a range, or of the run, that gave cells a
    comment with it."""
    query = search.query
    if not query.each_word:
        return ()
    if query.run is not None:
        where, given = "event.run_number = :run", {"run": query.run}
    else:
        where = "event.version BETWEEN :first AND :last"
        first, last = event_positions.before_each(connection, [lowest, below], search.known)
        given = {"first": first - 2 * event_positions.SLACK, "last": last}
    rows = connection.execute(
        text(
            # Few payloads are behind many events, so each is read once. OFFSET keeps the server
            # from going through a whole table instead, as it would for ranges it can't judge.
            "WITH given AS MATERIALIZED ("
            " SELECT version, lumisection_metadata_id AS payload"
            f'  FROM "LumisectionEvent" AS event WHERE {where}),'
            " said AS MATERIALIZED (SELECT DISTINCT payload, word.place"
            "  FROM (SELECT DISTINCT payload FROM given) AS each"
            '  CROSS JOIN LATERAL (SELECT "jsonb" FROM "JSONBDeduplication" WHERE id = payload'
            "   OFFSET 0) AS written"
            "  CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(written.jsonb)"
            "   WHEN 'object' THEN written.jsonb ELSE '{}' END) AS cell"
            "  JOIN unnest(CAST(:words AS text[])) WITH ORDINALITY AS word(pattern, place)"
            "   ON cell.value ->> 'comment' ILIKE word.pattern)"
            " SELECT said.place, array_agg(DISTINCT action.atomic_version)"
            " FROM given JOIN said USING (payload) CROSS JOIN LATERAL ("
            '  SELECT atomic_version FROM "Event" WHERE version = given.version OFFSET 0) AS action'
            " GROUP BY said.place"
        ),
        {**given, "words": [_containing(word) for word in query.each_word]},
    )
    found = {int(place): tuple(versions) for place, versions in rows}
    return tuple(found.get(place, ()) for place, _ in enumerate(query.each_word, start=1))


def _by_versions(
    connection: Connection, search: Search, below: int, size: int, limit: int
) -> Block:
    """Along the versions themselves, those of the authors alone where an index has them."""
    columns = action_columns(connection)
    range_ = "atomic_version < :below AND atomic_version >= :lowest"
    newest = "ORDER BY atomic_version DESC LIMIT :size"
    who_index = _OF_WHO.get(search.query.who) if search.query.who is not None else None
    if search.authors is not None:
        source = (
            f"SELECT version.* FROM unnest(CAST(:authors AS text[])) AS author(name)"
            f' CROSS JOIN LATERAL (SELECT {columns} FROM "Version"'
            f'  WHERE "by" = author.name AND {range_} ORDER BY atomic_version DESC'
            f"  LIMIT :size) AS version {newest}"
        )
    elif who_index in search.known and search.query.who is not None:
        # Word for word what the index is made for; whether it's an agent is looked at later.
        partial = (
            _WHO[Who.PEOPLE] if search.query.who is Who.PEOPLE else "\"by\" LIKE 'auto@auto - %'"
        )
        source = f'SELECT {columns} FROM "Version" WHERE {partial} AND {range_} {newest}'
    else:
        source = f'SELECT {columns} FROM "Version" WHERE {range_} {newest}'
    given: dict[str, object] = {"below": below, "lowest": search.lowest, "size": size}
    edge = f"SELECT min(atomic_version) AS lowest, count(*) AS number FROM ({source}) AS block"
    spoken: Sequence[Sequence[int]] = ()
    if search.query.each_word:
        authors = {"authors": list(search.authors or ())}
        lowest, number = connection.execute(text(edge), {**given, **authors}).one()
        spoken = _spoken(connection, search, int(lowest or 0), below)
        edge = "SELECT CAST(:edge AS int) AS lowest, CAST(:number AS int) AS number"
        given |= {"edge": lowest, "number": number}
    conditions, more = _conditions(search, spoken)
    rows = connection.execute(
        text(
            # The block is gone through twice: keeping it would cost more, and of the second time
            # only the beginning is wanted where all is.
            f"SELECT edge.lowest, edge.number, found.* FROM ({edge}) AS edge LEFT JOIN ("
            f" SELECT * FROM ({source}) AS block WHERE {conditions}"
            "  ORDER BY atomic_version DESC LIMIT :limit"
            ") AS found ON true ORDER BY found.atomic_version DESC"
        ),
        {**given, **more, "limit": limit},
    ).all()
    lowest, number = rows[0][0], int(rows[0][1])
    found = tuple(Action(*row[2:]) for row in rows if row[2] is not None)
    ended = number < size and len(found) < limit
    if len(found) == limit:
        lowest = found[-1].version
    return Block(found, 0 if lowest is None else int(lowest), number, ended)


def _by_events(
    connection: Connection,
    search: Search,
    below: int,
    size: int,
    limit: int,
    table: str,
    indexed: str,
    counts: str,
) -> Block:
    """Along the events of one table, where there are few versions among many."""
    position = _GREATEST if below == _GREATEST else None
    if position is None:
        position = event_positions.before(connection, below, search.known)
    rows = connection.execute(
        text(
            "SELECT version, action.atomic_version, counts FROM ("
            f' SELECT version, {counts} AS counts FROM "{table}" AS event'
            f"  WHERE {indexed} AND version < :position ORDER BY version DESC LIMIT :size"
            ') AS event JOIN "Event" AS action USING (version) ORDER BY version DESC'
        ),
        {"position": position, "size": size, "dataset": search.query.dataset},
    ).all()
    ended = len(rows) < size
    # What stands below may belong to versions that are about as old as the last ones here.
    edge = 0 if ended else max(row[1] for row in rows[-event_positions.SLACK :])
    if edge + 1 >= below and not ended:
        larger = min(4 * size, _GREATEST)
        return _by_events(connection, search, below, larger, limit, table, indexed, counts)
    numbers = sorted(
        {number for _, number, wanted in rows if wanted and edge < number < below}, reverse=True
    )
    spoken = _spoken(connection, search, min(numbers, default=below), below)
    conditions, given = _conditions(search, spoken)
    found = connection.execute(
        text(
            f'SELECT {action_columns(connection)} FROM "Version"'
            f" WHERE atomic_version = ANY(:numbers) AND {conditions}"
            " ORDER BY atomic_version DESC LIMIT :limit"
        ),
        {**given, "numbers": numbers, "limit": limit},
    )
    actions = tuple(Action(*row) for row in found)
    lowest = edge + 1
    if len(actions) == limit:
        lowest, ended = actions[-1].version, False
    return Block(actions, lowest, len(rows), ended or lowest <= search.lowest)


def _of_run(connection: Connection, search: Search, below: int, limit: int) -> Block:
    """All versions of a run or one of its datasets: few enough to be gone through at once."""
    query = search.query
    conditions, given = _conditions(search, _spoken(connection, search, 0, below))
    tables = [
        (kind, table)
        for kind, table in TABLE_OF.items()
        if not query.version_kinds or kind in query.version_kinds
    ]
    touching = []
    for kind, table in tables:
        # The run itself belongs to its dataset online.
        if kind is Kind.RUN:
            if query.dataset in {"", "online"}:
                touching.append(f'SELECT version FROM "{table}" WHERE run_number = :run')
            continue
        of_dataset = " AND name = :dataset" if query.dataset else ""
        touching.append(f'SELECT version FROM "{table}" WHERE run_number = :run{of_dataset}')
    if not touching:
        return Block((), 0, 0, ended=True)
    given |= {"run": query.run, "dataset": query.dataset, "below": below, "limit": limit}
    # The newest events lead to the newest versions, unless most of these are left out.
    some = conditions == "true" and below == _GREATEST
    for every in (False, True) if some else (True,):
        rows = connection.execute(
            text(
                # One step after the other: else the server goes through all versions from the
                # newest on, until enough of them were found among those of the run.
                f"WITH {run_history.newest_of(touching, every=every)},"
                " acting AS MATERIALIZED (SELECT DISTINCT atomic_version FROM newest, edge"
                "  WHERE atomic_version < :below"
                "   AND atomic_version > edge.version)"
                f" SELECT {action_columns(connection)} FROM (SELECT atomic_version FROM acting"
                '  ORDER BY atomic_version DESC OFFSET 0) AS acting JOIN "Version"'
                f"  USING (atomic_version) WHERE {conditions}"
                " ORDER BY atomic_version DESC LIMIT :limit"
            ),
            {**given, **run_history.newest_given(None)},
        ).all()
        if len(rows) == limit:
            break
    found = tuple(Action(*row) for row in rows)
    ended = len(found) < limit
    return Block(found, 0 if ended else found[-1].version, len(found), ended)


def time_of(connection: Connection, version: int) -> datetime | None:
    """When a version, or the next older one that is there, was made."""
    return connection.execute(
        text(
            'SELECT "createdAt" FROM "Version" WHERE atomic_version <= :version'
            " ORDER BY atomic_version DESC LIMIT 1"
        ),
        {"version": version},
    ).scalar()


def _containing(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
