"""What is sealed, as the server tells it: every row a JSON array that begins with its table.

The text of a `jsonb` is the same on every version of PostgreSQL; times are in UTC, as every
transaction of ours says.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA

from app.domain.seal.leaves import VERSION
from app.models.schemas import record, seal, tables


@dataclass(frozen=True)
class Source:
    """A table whose rows are leaves; `query` gives kind, number, state, author and content, and
    ends with its conditions on `row_`."""

    kind: str
    number: str
    state: str
    query: str


def _column(column: sa.Column[object]) -> str:
    name = f'row_."{column.name}"'
    return f"encode({name}, 'hex')" if isinstance(column.type, BYTEA) else name


def _line(name: str, key: str, columns: Iterable[sa.Column[object]]) -> str:
    rest = [_column(column) for column in columns if column.name != key]
    arguments = ", ".join([f"'{name}'", f'row_."{key}"', *rest])
    return f"jsonb_build_array({arguments})::text"


def _source(
    table: sa.Table,
    *,
    author: str = "NULL",
    where: str = "true",
    state: str = "0",
    without: Iterable[str] = (),
    more: str = "",
) -> Source:
    (key,) = (column.name for column in table.primary_key.columns)
    schema = f"{table.schema}." if table.schema else ""
    name = f"{schema}{table.name}"
    columns = [column for column in table.columns if column.name not in set(without)]
    relation = f'{schema}"{table.name}"'
    number = f'row_."{key}"'
    return Source(
        name,
        number,
        f"{state}::bigint",
        f"SELECT '{name}' AS kind, {number}::bigint AS number, {state}::bigint AS state,"
        f" {author}::text AS author, {_line(name, key, columns)}{more} AS content"
        f" FROM {relation} AS row_ WHERE {where}",
    )


def _list(list_id: str, table: sa.Table) -> Source:
    """A list with its entries: complete as soon as settings name it."""
    entries = table.name.replace("List", "Entries")
    return _source(
        table,
        where=f'{_CONFIGURED} AND EXISTS (SELECT FROM "Settings" WHERE "{list_id}" = row_.id)',
        more=f" || E'\\n' || jsonb_build_array('{entries}', row_.id, ARRAY(SELECT id"
        f' FROM "{entries}" WHERE "{list_id}" = row_.id ORDER BY id))::text',
    )


# The shipped configuration may be replaced as long as nobody has changed it.
_CONFIGURED = (
    "(SELECT coalesce(count(*) > 1 OR bool_or(metadata ->> 'by' NOT LIKE 'auto@auto%'), false)"
    ' FROM "Settings")'
)
_ITEMS = (
    tables.class_classifier,
    tables.component_classifier,
    tables.dataset_classifier,
    tables.offline_dataset_classifier,
    tables.json_classifier,
    tables.datasets_accepted,
    tables.permission,
)
_AUTHORS = {
    "agent": "row_.owner",
    "agent_retirement": 'row_."by"',
    "proposal_decision": 'row_."by"',
    "cycle_history": 'row_."by"',
    "generated_json_provenance": 'row_."by"',
    "golden_json_check": 'row_."by"',
    "publication": 'row_."by"',
    "note": 'row_."by"',
    "verification": 'row_."by"',
    "cycle_freeze": 'row_."by"',
    "wish": 'row_."by"',
    "wish_outcome": 'row_."by"',
}

SHARED = (
    *(
        _source(
            table,
            author="row_.created_by" if "created_by" in table.columns else "NULL",
            where=_CONFIGURED,
        )
        for table in _ITEMS
    ),
    *(_list(list_id, table) for list_id, table in tables.SETTINGS_LISTS.items()),
    _source(
        tables.settings,
        author="row_.metadata ->> 'by'",
        where=_CONFIGURED,
    ),
    # Its creator may delete a list, which doesn't make its content another.
    _source(
        tables.generated_json,
        author="row_.created_by",
        where="row_.official",
        without=("deleted", "updatedAt"),
    ),
    # A cycle changes with each of its moves; each state that is seen is sealed.
    _source(tables.cycle, state='(extract(epoch FROM row_."updatedAt") * 1000000)'),
)


def _of_guard(table: str, *columns: str) -> Source:
    """A table of the guard, whose key is a login; each state of a row that is seen is sealed."""
    name = f"guard.{table}"
    said = ", ".join(f"row_.{column}" for column in columns)
    number = _hashed("row_.login")
    state = _hashed(f"jsonb_build_array({said})")
    content = f"jsonb_build_array('{name}', {number}, {said})::text"
    return Source(
        name,
        number,
        state,
        f"SELECT '{name}' AS kind, {number} AS number, {state} AS state, NULL::text AS author,"
        f" {content} AS content FROM {name} AS row_ WHERE true",
    )


def _hashed(value: str) -> str:
    """A text as a number: leaves have numbers for keys."""
    return f"('x' || left(md5({value}::text), 16))::bit(64)::bigint"


GUARD = (
    _of_guard("person", "login", "email", "name", "active"),
    _of_guard("service", "login", "kind", "agent", "active"),
)
"""Who may log in as whom, where the guard is there."""
CHANGING = frozenset({tables.cycle.name, *(source.kind for source in GUARD)})
"""Tables whose rows may change: a state that isn't sealed yet is no fault."""
ENDING = frozenset({tables.generated_json.name})
"""Tables of which only some rows are sealed, so that one can go by losing what made it so."""

OWN_RECORD = tuple(
    _source(table, author=_AUTHORS.get(table.name, "NULL"))
    for table in record.metadata.sorted_tables
)
OWN_SEAL = (_source(seal.list_root),)


_EVENT_TABLES = (
    ("run_", tables.run_event, None, None),
    ("dataset_", tables.dataset_event, None, None),
    ("rr_", tables.lumisection_event, tables.lumisection_event_assignation, "rr_content"),
    ("oms_", tables.oms_lumisection_event, tables.oms_lumisection_event_assignation, "oms_content"),
)


def _event_lines() -> tuple[str, str]:
    """The lines of an event and what they are read from."""
    lines = ["jsonb_build_array('Event', event.version, event.atomic_version)::text"]
    joins = ['"Event" AS event']
    for alias, table, covered, content in _EVENT_TABLES:
        columns = ", ".join(f'{alias}."{column.name}"' for column in table.columns)
        joins.append(f'LEFT JOIN "{table.name}" AS {alias} ON {alias}.version = event.version')
        lines.append(
            f"CASE WHEN {alias}.version IS NOT NULL"
            f" THEN jsonb_build_array('{table.name}', {columns})::text END"
        )
        if covered is None:
            continue
        # Looked up one by one: the server takes the newest, of which its statistics know nothing,
        # for few and far, and would walk through all objects up to them.
        joins.append(
            'LEFT JOIN LATERAL (SELECT * FROM "JSONBDeduplication"'
            f" WHERE id = {alias}.lumisection_metadata_id OFFSET 0) AS {content} ON true"
        )
        lines.append(
            f"CASE WHEN {alias}.version IS NOT NULL THEN"
            f" jsonb_build_array('{covered.name}', {alias}.version, ARRAY(SELECT"
            f' lumisection_number FROM "{covered.name}" AS covered'
            f" WHERE covered.version = {alias}.version ORDER BY 1))::text END"
        )
        lines.append(
            f"CASE WHEN {content}.id IS NOT NULL THEN jsonb_build_array('JSONBDeduplication',"
            f" {content}.id, {content}.unique_hash, {content}.jsonb)::text END"
        )
    return f"concat_ws(E'\\n', {', '.join(lines)})", " ".join(joins)


_LINES, _JOINED = _event_lines()


def versions(condition: str) -> str:
    """Numbers, authors and contents of versions, in order; `condition` is on {number}."""
    return (
        "SELECT coalesce(made.atomic_version, events.number)::bigint AS number, made.by AS author,"
        " concat_ws(E'\\n', CASE WHEN made.atomic_version IS NOT NULL THEN"
        f" jsonb_build_array('{VERSION}', made.atomic_version, made.by, made.comment,"
        ' made."createdAt")::text END, events.lines) AS content'
        ' FROM (SELECT atomic_version, "by", comment, "createdAt" FROM "Version"'
        f" WHERE {condition.format(number='atomic_version')}) AS made"
        " FULL JOIN (SELECT event.atomic_version AS number,"
        f" string_agg({_LINES}, E'\\n' ORDER BY event.version) AS lines FROM {_JOINED}"
        f" WHERE {condition.format(number='event.atomic_version')} GROUP BY event.atomic_version)"
        " AS events ON events.number = made.atomic_version ORDER BY 1"
    )


ORPHANS = " UNION ALL ".join(
    f'SELECT \'{table.name}\' AS "table", version FROM "{table.name}" AS content'
    ' WHERE NOT EXISTS (SELECT FROM "Event" AS event WHERE event.version = content.version)'
    for _, table, _, _ in _EVENT_TABLES
)
"""Contents of events that belong to no event, which only a database without its keys can hold."""
