"""The shared schema: created exactly, recognised, and refused when it is something else."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.domain.errors import Refused
from app.domain.json_value import JsonObject
from app.models.database.engine import Database
from app.models.schemas import shared_schema as schema
from app.models.schemas import tables
from app.models.schemas.shared_schema import SchemaKind, SchemaState

_COLUMNS = """
    SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull,
           pg_get_expr(adbin, adrelid)
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    LEFT JOIN pg_attrdef ON adrelid = pg_class.oid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0
"""
_KEYS = """
    SELECT conrelid::regclass::text, contype::text,
           ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS key(number, place)
                 JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place),
           confrelid::regclass::text,
           ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS key(number, place)
                 JOIN pg_attribute ON attrelid = confrelid AND attnum = number ORDER BY place),
           confupdtype::text, confdeltype::text
    FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f')
"""
_INDEXES = r"""
    SELECT indrelid::regclass::text, indexrelid::regclass::text,
           ARRAY(SELECT pg_get_indexdef(indexrelid, place, false)
                 FROM generate_series(1, indnatts) AS place)
    FROM pg_index JOIN pg_class ON oid = indrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT indisunique
      AND indexrelid::regclass::text NOT LIKE 'desk\_%'
"""
_ROUTINES = """
    SELECT proname, oidvectortypes(proargtypes),
           CASE prokind WHEN 'a' THEN 'aggregate' ELSE 'function' END
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
_ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}


def _described(database: Database) -> dict[str, object]:
    """The database's shared schema, item by item, in the form of the specification."""
    found: dict[str, dict[str, object]] = {}
    with database.read() as connection:

        def rows(statement: str) -> list[list[object]]:
            return [list(row) for row in connection.execute(sa.text(statement))]

        for table, column, type_, not_null, default in rows(_COLUMNS):
            described = found.setdefault(
                str(table),
                {"columns": {}, "primary_key": [], "unique": [], "foreign_keys": [], "indexes": []},
            )
            described["columns"][column] = {  # type: ignore[index]
                "type": type_,
                "not_null": not_null,
                "default": default,
            }
        for table, kind, columns, target, target_columns, updated, deleted in rows(_KEYS):
            described = found[str(table).strip('"')]
            if kind == "p":
                described["primary_key"] = columns
            elif kind == "u":
                described["unique"].append(columns)  # type: ignore[attr-defined]
            else:
                described["foreign_keys"].append(  # type: ignore[attr-defined]
                    {
                        "columns": columns,
                        "references": str(target).strip('"'),
                        "ref_columns": target_columns,
                        "on_update": _ACTIONS[str(updated)],
                        "on_delete": _ACTIONS[str(deleted)],
                    }
                )
        for table, name, columns in rows(_INDEXES):
            found[str(table).strip('"')]["indexes"].append(  # type: ignore[attr-defined]
                {"name": str(name).strip('"'), "columns": columns}
            )
        views = rows("SELECT viewname FROM pg_views WHERE schemaname = 'public'")
        routines = [
            dict(zip(("name", "arguments", "kind"), row, strict=True)) for row in rows(_ROUTINES)
        ]
    return {"tables": found, "views": [name for (name,) in views], "routines": routines}


def _in_order(described: dict[str, object]) -> JsonObject:
    """The same with every list whose order means nothing sorted."""

    def sort(value: object, *, meaning: bool = False) -> object:
        if isinstance(value, dict):
            return {
                key: sort(item, meaning=key in {"primary_key", "columns", "ref_columns"})
                for key, item in sorted(value.items())
            }
        if isinstance(value, list) and not meaning:
            return sorted((sort(item, meaning=True) for item in value), key=json.dumps)
        return value

    return sort(described)  # type: ignore[return-value]


def _problems(database: Database, damage: str) -> str:
    with database.transaction() as connection:
        connection.execute(sa.text(damage))
        state = schema.recognise(connection)
    assert state.kind is SchemaKind.FOREIGN
    return state.explanation


def test_that_what_we_create_is_the_shared_schema_item_by_item(
    database: Database, shared_data: Path
) -> None:
    expected = json.loads((shared_data / "spec" / "schema.json").read_text(encoding="utf-8"))
    assert _in_order(_described(database)) == _in_order(expected)


def test_that_an_empty_database_is_recognised_and_filled(empty_database: Database) -> None:
    with empty_database.transaction() as connection:
        assert schema.recognise(connection).kind is SchemaKind.EMPTY
        schema.create(connection)
        state = schema.recognise(connection)
        assert (state.kind, state.problems) == (SchemaKind.RUN_REGISTRY, ())
        first = connection.execute(sa.select(tables.settings)).one()
        assert first.metadata == {"by": "auto@auto"}
        for column, lists in tables.SETTINGS_LISTS.items():
            assert connection.execute(sa.select(lists.c.id)).scalar_one() == first._mapping[column]


def test_that_clients_that_create_at_once_make_one_schema(empty_database: Database) -> None:
    def create(_: int) -> None:
        with empty_database.transaction() as connection:
            schema.create(connection)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(create, range(3)))
    with empty_database.read() as connection:
        assert connection.execute(sa.select(sa.func.count(tables.settings.c.id))).scalar_one() == 1


def test_that_other_peoples_tables_are_refused_and_left_alone(empty_database: Database) -> None:
    def create() -> None:
        with empty_database.transaction() as connection:
            connection.execute(sa.text("CREATE TABLE recipes (id int)"))
            schema.create(connection)

    with pytest.raises(Refused, match=re.escape("it holds other tables (recipes)")):
        create()


@pytest.mark.parametrize(
    ("problems", "said"),
    [(1, "problem 1."), (12, "; problem 12."), (13, "; problem 12; and 1 more.")],
)
def test_that_twelve_problems_are_named_and_the_others_counted(problems: int, said: str) -> None:
    state = SchemaState(
        SchemaKind.FOREIGN, tuple(f"problem {number}" for number in range(1, problems + 1))
    )
    assert state.explanation.startswith("The database doesn't hold the tables of Run Registry: pro")
    assert state.explanation.endswith(said)
    assert "problem 13" not in state.explanation


def test_that_a_missing_table_and_column_are_named(database: Database) -> None:
    told = _problems(
        database, 'DROP TABLE "CycleDataset"; ALTER TABLE "GeneratedJson" DROP COLUMN tags'
    )
    assert 'table "CycleDataset" is missing; table "GeneratedJson" lacks tags' in told


def test_that_a_different_type_is_named(database: Database) -> None:
    told = _problems(database, 'ALTER TABLE "Cycle" ALTER deadline TYPE text')
    assert 'column "Cycle".deadline is text instead of timestamp with time zone' in told


def test_that_a_column_that_we_would_have_to_fill_is_named(database: Database) -> None:
    told = _problems(database, 'ALTER TABLE "RunEvent" ADD shift text NOT NULL')
    assert 'column "RunEvent".shift is unknown to this program and must be given' in told


def test_that_missing_views_and_aggregates_are_named(database: Database) -> None:
    told = _problems(database, 'DROP VIEW "RunView"; DROP AGGREGATE rr_attributes(jsonb)')
    assert 'view "RunView" is missing' in told
    assert "function or aggregate rr_attributes(jsonb) is missing" in told


def test_that_additions_of_others_do_not_matter(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(
            sa.text(
                'CREATE TABLE "SequelizeMeta" (name text);'
                " ALTER TABLE \"Event\" ADD by text, ADD note text NOT NULL DEFAULT '';"
                ' ALTER TABLE "GeneratedJson" ALTER tags TYPE varchar(255)'
            )
        )
        assert schema.recognise(connection).kind is SchemaKind.RUN_REGISTRY


def _fill(connection: sa.Connection) -> None:
    """One run with events whose folds differ by every rule there is."""
    connection.execute(
        sa.text(
            """
            INSERT INTO "Version" (atomic_version, by, "createdAt") VALUES (1, 'a@b', now());
            INSERT INTO "Event" (version, atomic_version)
                SELECT number, 1 FROM generate_series(1, 20) AS number;
            INSERT INTO "RunEvent" VALUES
                (1, 7, '{"energy": 1, "b": 1}', '{"class": "by hand"}', false, true),
                (2, 7, '{"energy": 2}', '{"class": "automatic", "state": "OPEN"}', false, false);
            INSERT INTO "Run" VALUES (7, '{"o": 1}', '{"r": 1}', 2, false);
            INSERT INTO "Dataset" VALUES
                (7, 'online', '{"d": 0}', '[]', false, 3), (7, '/P', '{"d": 1}', '[]', false, 4);
            INSERT INTO "JSONBDeduplication" (id, jsonb, unique_hash)
                SELECT number, jsonb_build_object('n', number, 'k' || number, number), number
                FROM generate_series(1, 9) AS number;
            INSERT INTO "LumisectionEvent" VALUES
                (5, 7, 'online', 1, true), (6, 7, 'online', 2, false), (7, 7, '/P', 3, false);
            INSERT INTO "LumisectionEventAssignation"
                VALUES (5, 1), (6, 1), (6, 2), (7, 1), (7, 2), (7, 3);
            INSERT INTO "OMSLumisectionEvent" VALUES
                (8, 7, '/P', 4), (9, 7, 'online', 5), (10, 7, 'online', 6);
            INSERT INTO "OMSLumisectionEventAssignation"
                VALUES (8, 1), (8, 9), (9, 1), (9, 2), (9, 3), (10, 1);
            """
        )
    )


def test_that_the_view_of_runs_lets_a_persons_word_win(database: Database) -> None:
    with database.transaction() as connection:
        _fill(connection)
        row = connection.execute(sa.text('SELECT * FROM "RunView"')).one()
    assert row._asdict() == {
        "run_number": 7,
        "oms_attributes": {"energy": 2, "b": 1},
        "rr_attributes": {"class": "by hand", "state": "OPEN"},
    }


def test_that_the_view_of_lumisections_has_those_with_both_sides_of_their_own(
    database: Database,
) -> None:
    with database.transaction() as connection:
        _fill(connection)
        rows = connection.execute(
            sa.text(
                'SELECT * FROM "AggregatedLumisection" WHERE run_number = 7'
                " ORDER BY name, lumisection_number"
            )
        ).all()
    assert {
        (row.name, row.lumisection_number): (row.rr_lumisection, row.oms_lumisection)
        for row in rows
    } == {
        # Later wins, and what was set by hand wins over what came later automatically; the
        # dataset's own OMS event is older here than the ones of `online`.
        ("online", 1): ({"n": 1, "k1": 1, "k2": 2}, {"n": 6, "k5": 5, "k6": 6}),
        ("online", 2): ({"n": 2, "k2": 2}, {"n": 5, "k5": 5}),
        ("/P", 1): ({"n": 3, "k3": 3}, {"n": 6, "k4": 4, "k5": 5, "k6": 6}),
    }
    assert rows[0].run_rr_attributes == {"r": 1}
    assert rows[0].run_oms_attributes == {"o": 1}
    assert {row.name: row.dataset_attributes for row in rows} == {
        "online": {"d": 0},
        "/P": {"d": 1},
    }


def test_that_arrays_are_merged_as_sets(database: Database) -> None:
    with database.read() as connection:
        merged = connection.execute(
            sa.text(
                'SELECT mergejsonbarray(list) FROM (VALUES (\'["b", "a"]\'::jsonb),'
                " ('[]'), ('[\"a\", \"c\"]')) AS lists(list)"
            )
        ).scalar_one()
    assert merged == ["a", "b", "c"]
