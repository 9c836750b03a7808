"""What keeps the guard cheap on a large database; how long it takes is told by benchmarks."""

import psycopg

from app.models.guard.declared import TRIGGERS
from tests.models.guard.conftest import Login
from tests.models.guard.test_program_on_guard import ACTIONS, acting_as

MANY = 30_000
_LARGE = ("Version", "Event", "DatasetEvent", "LumisectionEvent", "LumisectionEventAssignation")


def _grow(control: psycopg.Connection[tuple[object, ...]]) -> None:
    """Adds events of a run that nobody looks at."""
    control.execute("SET session_replication_role = replica")
    control.execute(
        'INSERT INTO "Version" (atomic_version, "by", comment, "createdAt") SELECT'
        " 1000000 + n, 'auto@auto', 'pulled', now() FROM generate_series(1, %s) AS n",
        (MANY,),
    )
    control.execute(
        'INSERT INTO "Event" (version, atomic_version) SELECT 1000000 + n, 1000000 + n'
        " FROM generate_series(1, %s) AS n",
        (MANY,),
    )
    for table in ("DatasetEvent", "LumisectionEvent"):
        control.execute(
            f'INSERT INTO "{table}" SELECT (jsonb_populate_record(NULL::"{table}", to_jsonb(one) ||'
            " jsonb_build_object('version', 1000000 + n, 'run_number', 100000 + n))).*"
            f' FROM generate_series(1, %s) AS n, (SELECT * FROM "{table}" LIMIT 1) AS one'.encode(),
            (MANY,),
        )
    control.execute(
        'INSERT INTO "LumisectionEventAssignation" (version, lumisection_number)'
        " SELECT 1000000 + n, 1 FROM generate_series(1, %s) AS n",
        (MANY,),
    )
    for table in _LARGE:
        control.execute(f'ANALYZE "{table}"'.encode())
    control.execute("RESET session_replication_role")


def _read(control: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    """Rows of large tables that were read, one after another or by an index, by all sessions so
    far."""
    found = control.execute(
        "SELECT relname::text, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables"
        " WHERE schemaname = 'public' AND relname = ANY(%s)",
        (list(_LARGE),),
    )
    return {str(name): int(str(rows)) for name, rows in found}


def test_that_no_large_table_is_read_whole_for_one_change(come_in: Login, guarded_dsn: str) -> None:
    with psycopg.connect(guarded_dsn, autocommit=True) as control:
        _grow(control)
        control.execute("SELECT pg_stat_force_next_flush()")
        before = _read(control)
        for login, act in (
            ("g_dt", "edit dt"),
            ("g_cycler", "move dt"),
            ("g_expert", "reopen a run"),
            ("g_expert", "duplicate"),
            ("g_expert", "hide"),
        ):
            database = come_in(login)
            ACTIONS[act](acting_as(database))
            # A session hands in what it counted when it ends.
            database.close()
        _wait_until_ended(control)
        read = _read(control)
    whole = {name: read[name] - before[name] for name in read}
    # Five changes read some hundred rows by their keys; an index read to its end is whole, too.
    assert {name: rows for name, rows in whole.items() if rows > MANY // 10} == {}


def _wait_until_ended(control: psycopg.Connection[tuple[object, ...]]) -> None:
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    while control.execute(others).fetchone() != (0,):
        control.execute("SELECT pg_sleep(0.02)")


def _is_called(
    control: psycopg.Connection[tuple[object, ...]], name: str, types: list[str]
) -> bool:
    """Whether the server calls a function where a query asks it."""
    given = ", ".join(f"NULL::{each} AS a{place}" for place, each in enumerate(types))
    asked = ", ".join(f"given.a{place}" for place in range(len(types)))
    plan = control.execute(
        f"EXPLAIN (VERBOSE) SELECT * FROM (SELECT {given} OFFSET 0) AS given"
        f" CROSS JOIN LATERAL guard.{name}({asked})".encode()
    ).fetchall()
    return any(f"{name}(" in str(line) for (line,) in plan)


def test_that_the_guard_makes_its_plans_once_and_compiles_none(guarded_dsn: str) -> None:
    with psycopg.connect(guarded_dsn) as control:
        # The server plans what a function in SQL asks anew at each call, before version 18, unless
        # it can write it into the query that asks.
        planned = control.execute(
            "SELECT proname::text, proargtypes::regtype[]::text[] FROM pg_proc"
            " JOIN pg_language ON pg_language.oid = prolang"
            " WHERE pronamespace = 'guard'::regnamespace AND lanname = 'sql'"
        ).fetchall()
        called_anew = {name for name, types in planned if _is_called(control, name, types)}
        settings = dict(
            control.execute(
                "SELECT proname::text, proconfig FROM pg_proc"
                " WHERE pronamespace = 'guard'::regnamespace AND prorettype = 'trigger'::regtype"
            ).fetchall()
        )
    assert planned
    assert called_anew == set()
    called = {trigger.call.partition("(")[0] for trigger in TRIGGERS}
    lacking = {
        name
        for name in called
        if not {"jit=off", "plan_cache_mode=force_generic_plan"} <= set(settings[name])
    }
    assert lacking == set()
