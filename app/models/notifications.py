"""What was written since somebody looked last, as far as people want to be told of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from app.domain.certification.cycles import PENDING, Cycle
from app.domain.certification.datasets import state_key
from app.domain.certification.wishes import WishKind
from app.domain.configuration.in_force import GLOBAL
from app.domain.keys import DatasetKey
from app.domain.lumisections import LAST_LUMISECTION, ranges_of_numbers
from app.domain.notifications import CellsSet, MadeProposals, OfficialList, OwnCells
from app.models.drafts import drafts as kept_drafts
from app.models.drafts.drafts import DraftRow
from app.models.events import event_positions, second_eyes
from app.models.lists import cycles
from app.models.schemas import desk, indexes
from app.models.statements import text

__all__ = [
    "MOST_LISTS",
    "MOST_PROPOSALS",
    "Connection",
    "Newest",
    "asked_official",
    "cells_set",
    "cycles_due",
    "drafts",
    "keep_told",
    "made_proposals",
    "newest",
    "official_lists",
    "own_cells",
    "told",
]

_MOST_VERSIONS = 6_000
_MOST_CELLS = 20_000
MOST_PROPOSALS = 20_000
MOST_LISTS = 200
_MOST_DATASETS = 200


@dataclass(frozen=True, slots=True)
class Newest:
    """The greatest numbers of what can be told."""

    version: int
    note: int
    proposal: int
    lists: tuple[OfficialList, ...]
    mark: int = 0
    freeze: int = 0

    @property
    def official(self) -> frozenset[int]:
        """Numbers of the official lists."""
        return frozenset(each.id for each in self.lists)


def newest(connection: Connection, *, record: bool) -> Newest:
    """What is there now."""
    version = connection.execute(text('SELECT max(atomic_version) FROM "Version"')).scalar()
    note = proposal = mark = freeze = 0
    if record:
        mark, freeze = second_eyes.newest_numbers(connection)
        note, proposal = connection.execute(
            text(
                "SELECT coalesce((SELECT max(id) FROM record.note), 0),"
                " coalesce((SELECT max(id) FROM record.proposal), 0)"
            )
        ).one()
    lists = tuple(official_lists(connection))
    return Newest(int(version or 0), int(note), int(proposal), lists, mark, freeze)


def cells_set(
    connection: Connection, after: int, since: datetime, but: str
) -> tuple[list[CellsSet], bool]:
    """What people and agents other than `but` have set in versions greater than `after`, the
    newest first, and whether that is all of it."""
    versions = connection.execute(
        text(
            'SELECT atomic_version, "by", "createdAt" FROM ('
            '(SELECT atomic_version, "by", "createdAt" FROM "Version"'
            " WHERE \"by\" NOT LIKE 'auto@auto%' AND atomic_version > :after"
            "  ORDER BY atomic_version DESC LIMIT :most)"
            ' UNION ALL (SELECT atomic_version, "by", "createdAt" FROM "Version"'
            " WHERE \"by\" LIKE 'auto@auto - %' AND \"by\" NOT LIKE '%@%@%'"
            "  AND atomic_version > :after ORDER BY atomic_version DESC LIMIT :most)"
            ') AS found WHERE "by" <> :but AND "createdAt" >= :since'
            " ORDER BY atomic_version DESC LIMIT :most"
        ),
        {"after": after, "but": but, "since": since, "most": _MOST_VERSIONS},
    ).all()
    made = {version: (by, at) for version, by, at in versions}
    spans = event_positions.spans(connection, list(made), indexes.present(connection))
    if not spans:
        return [], len(versions) < _MOST_VERSIONS
    rows = connection.execute(
        text(
            "SELECT span.number, event.run_number, event.name, cell.key,"
            " coalesce(cell.value ->> 'status', ''), coalesce(cell.value ->> 'comment', ''),"
            " part.numbers"
            " FROM unnest(CAST(:versions AS int[]), CAST(:firsts AS int[]), CAST(:lasts AS int[]))"
            "  AS span(number, first, last)"
            ' JOIN "LumisectionEvent" AS event ON event.version BETWEEN span.first AND span.last'
            ' JOIN "Event" AS action ON action.version = event.version'
            "  AND action.atomic_version = span.number"
            f" {_CELLS} ORDER BY 1 DESC, 2 DESC, 3, 4 LIMIT :most"
        ),
        {
            "versions": list(spans),
            "firsts": [first for first, _ in spans.values()],
            "lasts": [last for _, last in spans.values()],
            "most": _MOST_CELLS,
        },
    ).all()
    numbers: dict[tuple[int, int, str, str, str, str], list[int]] = {}
    for *what, some in rows:
        numbers.setdefault((what[0], what[1], what[2], what[3], what[4], what[5]), []).extend(some)
    found = [
        CellsSet(version, *made[version], run, name, column, status, said, ranges_of_numbers(some))
        for (version, run, name, column, status, said), some in numbers.items()
    ]
    return found, len(versions) < _MOST_VERSIONS and len(rows) < _MOST_CELLS


def own_cells(connection: Connection, keys: Collection[DatasetKey], person: str) -> list[OwnCells]:
    """What a person has set in some datasets."""
    some = sorted(keys)[-_MOST_DATASETS:]
    rows = connection.execute(
        text(
            "SELECT event.run_number, event.name, cell.key, action.atomic_version,"
            " part.numbers"
            " FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])) AS asked(run, name)"
            ' JOIN "LumisectionEvent" AS event'
            "  ON event.run_number = asked.run AND event.name = asked.name"
            ' JOIN "Event" AS action ON action.version = event.version'
            ' JOIN "Version" AS made ON made.atomic_version = action.atomic_version'
            f' {_CELLS} WHERE made."by" = :person LIMIT :most'
        ),
        {
            "runs": [run for run, _ in some],
            "names": [name for _, name in some],
            "person": person,
            "most": _MOST_CELLS,
        },
    )
    return [
        OwnCells(run, name, column, ranges_of_numbers(numbers), version)
        for run, name, column, version, numbers in rows
    ]


_CELLS = (
    # The server knows nothing of how many cells a payload has; OFFSET keeps it from guessing.
    ' CROSS JOIN LATERAL (SELECT "jsonb" FROM "JSONBDeduplication"'
    "  WHERE id = event.lumisection_metadata_id OFFSET 0) AS written"
    " CROSS JOIN LATERAL (SELECT array_agg(lumisection_number) AS numbers"
    '  FROM "LumisectionEventAssignation" WHERE version = event.version'
    f"   AND lumisection_number BETWEEN 1 AND {LAST_LUMISECTION}) AS part"
    " CROSS JOIN LATERAL jsonb_each(CASE WHEN part.numbers IS NULL THEN '{}'"
    "  ELSE CASE jsonb_typeof(written.jsonb) WHEN 'object' THEN written.jsonb ELSE '{}' END"
    "  END) AS cell"
)


def drafts(connection: Connection, person: str) -> list[DraftRow]:
    """The drafts of a person that the database keeps."""
    return kept_drafts.of_person(connection, person)


def made_proposals(connection: Connection, after: int) -> list[MadeProposals]:
    """What agents have proposed since a number, and nobody has decided on, by dataset."""
    rows = connection.execute(
        text(
            'SELECT made.run_number, made.name, agent.name, array_agg(DISTINCT made."column"),'
            " count(*), max(made.id), max(made.proposed)"
            " FROM record.proposal AS made JOIN record.agent AS agent ON agent.id = made.agent"
            " WHERE made.id > :after AND NOT EXISTS"
            "  (SELECT FROM record.proposal_decision AS d WHERE d.proposal = made.id)"
            " GROUP BY 1, 2, 3 ORDER BY 6 DESC LIMIT :most"
        ),
        {"after": after, "most": MOST_PROPOSALS},
    )
    return [
        MadeProposals(run, name, agent, tuple(columns), number, newest, at)
        for run, name, agent, columns, number, newest, at in rows
    ]


def official_lists(connection: Connection) -> list[OfficialList]:
    """The newest official golden JSONs."""
    rows = connection.execute(
        text(
            "SELECT id, coalesce(created_by, ''), \"createdAt\", coalesce(dataset_name_filter, ''),"
            " coalesce(tags, '') FROM \"GeneratedJson\" WHERE official AND NOT deleted"
            " ORDER BY id DESC LIMIT :most"
        ),
        {"most": MOST_LISTS},
    )
    return [OfficialList(*row) for row in rows]


def asked_official(connection: Connection, person: str) -> frozenset[int]:
    """The golden JSONs that somebody asked a puller to make official."""
    rows = connection.execute(
        text(
            "SELECT arguments ->> 'list' FROM record.wish"
            ' WHERE kind = :kind AND "by" = :person ORDER BY id DESC LIMIT :most'
        ),
        {"kind": WishKind.MAKE_OFFICIAL.value, "person": person, "most": MOST_LISTS},
    ).scalars()
    return frozenset(int(each) for each in rows)


def cycles_due(connection: Connection, first: date, last: date) -> tuple[Cycle, ...]:
    """Cycles in which something is left to do and whose deadline is one of these days."""
    ids = connection.execute(
        text(
            'SELECT id_cycle FROM "Cycle" WHERE NOT deleted'
            " AND cycle_attributes ->> :state = :pending"
            " AND deadline >= CAST(:first AS date)"
            " AND deadline < CAST(:last AS date) + 2"
        ),
        {"first": first, "last": last, "state": state_key(GLOBAL), "pending": PENDING},
    ).scalars()
    found = tuple(ids)
    return cycles.cycles(connection, found) if found else ()


def told(connection: Connection, recipient: str) -> str | None:
    """How far somebody was told by messages, as it was kept."""
    return connection.execute(
        sa.select(desk.told.c.position).where(desk.told.c.recipient == recipient)
    ).scalar_one_or_none()


def keep_told(connection: Connection, recipient: str, position: str) -> None:
    """Notes how far somebody was told."""
    new = insert(desk.told).values(recipient=recipient, position=position)
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[desk.told.c.recipient],
            set_={"position": new.excluded.position, "at": sa.func.now()},
        )
    )
