"""The shared schema of a database: recognised when it is there, created when nothing is."""

from collections.abc import Iterable
from enum import Enum

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from app.domain.errors import Refused
from app.models.schemas.tables import SETTINGS_LISTS, metadata, settings

CREATION_LOCK = 0x52524453
"""Key of the advisory lock that lets one client at a time create or upgrade schemas."""

_VIEWS = {
    "RunView": ("run_number", "oms_attributes", "rr_attributes"),
    "AggregatedLumisection": (
        "run_number",
        "name",
        "lumisection_number",
        "oms_lumisection",
        "rr_lumisection",
        "run_rr_attributes",
        "run_oms_attributes",
        "dataset_attributes",
    ),
}
_ROUTINES = (
    ("mergejsonb", "jsonb, jsonb"),
    ("mergejsonbarray", "jsonb, jsonb"),
    ("mergejsonb", "jsonb"),
    ("mergejsonbarray", "jsonb"),
    ("oms_attributes", "jsonb"),
    ("rr_attributes", "jsonb"),
)
# The aggregates fold with the server's own concatenation: the same answer, without a call of an
# SQL function for each event.
_CREATE_ROUTINES = """
CREATE FUNCTION mergejsonb(jsonb, jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $1 || $2';
CREATE FUNCTION mergejsonbarray(jsonb, jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT coalesce(jsonb_agg(DISTINCT item), '[]')
        FROM jsonb_array_elements($1 || $2) AS item
    $$;
CREATE AGGREGATE mergejsonb(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}');
CREATE AGGREGATE oms_attributes(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}');
CREATE AGGREGATE rr_attributes(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}');
CREATE AGGREGATE mergejsonbarray(jsonb)
    (SFUNC = mergejsonbarray, STYPE = jsonb, INITCOND = '[]');
"""
_CREATE_VIEWS = """
CREATE VIEW "RunView" AS
SELECT run_number,
       oms_attributes(oms_metadata ORDER BY version) AS oms_attributes,
       rr_attributes(rr_metadata ORDER BY manual_change, version) AS rr_attributes
FROM "RunEvent"
GROUP BY run_number;

CREATE VIEW "AggregatedLumisection" AS
SELECT run_number,
       name,
       lumisection_number,
       oms.oms_lumisection,
       rr.rr_lumisection,
       "Run".rr_attributes AS run_rr_attributes,
       "Run".oms_attributes AS run_oms_attributes,
       "Dataset".dataset_attributes
FROM (
    SELECT change.run_number, change.name, covered.lumisection_number,
           mergejsonb(content.jsonb ORDER BY change.manual_change, change.version)
               AS rr_lumisection
    FROM "LumisectionEvent" AS change
    JOIN "LumisectionEventAssignation" AS covered ON covered.version = change.version
    JOIN "JSONBDeduplication" AS content ON content.id = change.lumisection_metadata_id
    GROUP BY change.run_number, change.name, covered.lumisection_number
) AS rr
JOIN (
    SELECT owner.run_number, owner.name, covered.lumisection_number,
           mergejsonb(content.jsonb ORDER BY change.version) AS oms_lumisection
    FROM "Dataset" AS owner
    JOIN "OMSLumisectionEvent" AS change
        ON change.run_number = owner.run_number AND change.name IN ('online', owner.name)
    JOIN "OMSLumisectionEventAssignation" AS covered ON covered.version = change.version
    JOIN "JSONBDeduplication" AS content ON content.id = change.lumisection_metadata_id
    GROUP BY owner.run_number, owner.name, covered.lumisection_number
    HAVING bool_or(change.name = owner.name)
) AS oms USING (run_number, name, lumisection_number)
JOIN "Dataset" USING (run_number, name)
JOIN "Run" USING (run_number);
"""
_VISIBLE_COLUMNS = sa.text(
    """
    SELECT kind.relname, kind.relkind::text, field.attname,
           format_type(field.atttypid, NULL), field.attnotnull,
           field.atthasdef OR field.attidentity <> ''
    FROM pg_class AS kind
    JOIN pg_attribute AS field ON field.attrelid = kind.oid
    WHERE pg_table_is_visible(kind.oid) AND kind.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND kind.relnamespace <> 'pg_catalog'::regnamespace
      AND field.attnum > 0 AND NOT field.attisdropped
      AND NOT EXISTS (
          SELECT FROM pg_depend
          WHERE classid = 'pg_class'::regclass AND objid = kind.oid AND deptype = 'e'
      )
    """
)
_VISIBLE_ROUTINES = sa.text(
    """
    SELECT proname, oidvectortypes(proargtypes) FROM pg_proc
    WHERE pg_function_is_visible(oid) AND proname = ANY(:names)
    """
)
# A dump may have one for the other; what we write and read fits either.
_SAME_TYPE = {"character varying": "text", "varchar": "text", "bigint": "integer"}


class SchemaKind(Enum):
    """What a database holds."""

    EMPTY = "empty"
    RUN_REGISTRY = "run registry"
    FOREIGN = "foreign"


class SchemaState(Struct, frozen=True):
    """What a database holds, and what is missing or different where it isn't the shared schema."""

    kind: SchemaKind
    problems: tuple[str, ...] = ()

    @property
    def explanation(self) -> str:
        """One sentence for the person who chose the database."""
        if self.kind is SchemaKind.EMPTY:
            return "The database is empty."
        if self.kind is SchemaKind.RUN_REGISTRY:
            return "The database holds the tables of Run Registry."
        shown = "; ".join(self.problems[:12])
        more = len(self.problems) - 12
        rest = f"; and {more} more" if more > 0 else ""
        return f"The database doesn't hold the tables of Run Registry: {shown}{rest}."


class _Field(Struct, frozen=True):
    type: str
    required: bool


def recognise(connection: Connection) -> SchemaState:
    """Compares what the login sees, by its search path, with the shared schema."""
    relations: dict[str, dict[str, _Field]] = {}
    for name, _, field, type_, not_null, has_default in connection.execute(_VISIBLE_COLUMNS):
        relations.setdefault(name, {})[field] = _Field(
            _SAME_TYPE.get(type_, type_), not_null and not has_default
        )
    if not relations:
        return SchemaState(SchemaKind.EMPTY)
    if not relations.keys() & metadata.tables.keys():
        others = ", ".join(sorted(relations)[:5])
        return SchemaState(SchemaKind.FOREIGN, (f"it holds other tables ({others})",))
    routines = {
        (name, arguments)
        for name, arguments in connection.execute(
            _VISIBLE_ROUTINES, {"names": [name for name, _ in _ROUTINES]}
        )
    }
    problems = [
        *_table_problems(relations, connection),
        *(
            problem
            for view, columns in _VIEWS.items()
            for problem in _missing("view", view, columns, relations.get(view))
        ),
        *(
            f"function or aggregate {name}({arguments}) is missing"
            for name, arguments in _ROUTINES
            if (name, arguments) not in routines
        ),
    ]
    kind = SchemaKind.FOREIGN if problems else SchemaKind.RUN_REGISTRY
    return SchemaState(kind, tuple(problems))


def create(connection: Connection) -> None:
    """Creates the shared schema with the first configuration in an empty database.

    Nothing happens when it is there already, e.g. made by another client at the same moment.
    Raises Refused when the database holds something else.
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CREATION_LOCK)))
    state = recognise(connection)
    if state.kind is SchemaKind.RUN_REGISTRY:
        return
    if state.kind is SchemaKind.FOREIGN:
        raise Refused(f"{state.explanation} Choose an empty database, or one of Run Registry.")
    metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql(_CREATE_ROUTINES)
    connection.exec_driver_sql(_CREATE_VIEWS)
    connection.execute(
        settings.insert().values(
            metadata={"by": "auto@auto"}, createdAt=sa.func.now(), **_empty_lists(connection)
        )
    )


def _empty_lists(connection: Connection) -> dict[str, int]:
    return {
        column: connection.execute(lists.insert().returning(lists.c.id)).scalar_one()
        for column, lists in SETTINGS_LISTS.items()
    }


def _table_problems(
    relations: dict[str, dict[str, _Field]], connection: Connection
) -> Iterable[str]:
    for name, table in metadata.tables.items():
        found = relations.get(name)
        yield from _missing("table", name, table.columns.keys(), found)
        for field, is_ in (found or {}).items():
            if field not in table.columns:
                if is_.required:
                    yield f'column "{name}".{field} is unknown to this program and must be given'
                continue
            declared = table.columns[field].type.compile(connection.dialect).lower()
            expected = _SAME_TYPE.get(declared.split("(")[0], declared)
            if expected != is_.type:
                yield f'column "{name}".{field} is {is_.type} instead of {expected}'


def _missing(
    kind: str, name: str, columns: Iterable[str], found: dict[str, _Field] | None
) -> Iterable[str]:
    if found is None:
        yield f'{kind} "{name}" is missing'
        return
    absent = [column for column in columns if column not in found]
    if absent:
        yield f'{kind} "{name}" lacks {", ".join(absent)}'
