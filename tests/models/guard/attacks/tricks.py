"""Attacks by what a login may make of its own: triggers, functions, rules, views, numbers."""

from collections.abc import Iterator

from app.models.schemas import record
from tests.models.guard.attacks.said import (
    CSC,
    DENIED,
    DT,
    NOTHING,
    Attack,
    cells,
    covers,
    dataset_event,
    event,
    said,
    version,
)
from tests.models.guard.attacks.wishes import of
from tests.models.guard.guarded import FIRST, OPEN_RUN, PROMPT, SECOND

_OPENED = (
    'UPDATE public."Dataset" SET'
    ' dataset_attributes = dataset_attributes || \'{"dt_state": "OPEN"}\''
    f" WHERE run_number = {SECOND} AND name = '{PROMPT}'"
)
_REOPENED = (
    'UPDATE public."Run" SET rr_attributes = rr_attributes || \'{"state": "OPEN"}\''
    f" WHERE run_number = {FIRST}"
)
_MADE = (
    f'INSERT INTO public."Dataset" VALUES ({FIRST}, \'{PROMPT}\', \'{{"global_state": "OPEN"}}\','
    " '[]', true, 1) ON CONFLICT (run_number, name) DO UPDATE SET deleted = true,"
    " dataset_attributes = EXCLUDED.dataset_attributes"
)
_MERGED = (
    'MERGE INTO public."Dataset" AS known USING (SELECT 1) AS one ON known.run_number ='
    f" {FIRST} WHEN MATCHED THEN UPDATE SET deleted = true"
)
_FROM = (
    'UPDATE public."Run" AS run SET deleted = true FROM public."Dataset" AS known'
    " WHERE known.run_number = run.run_number"
)
_WRITES = (_OPENED, _REOPENED, _MADE, _MERGED, _FROM)


def by_own_trigger(statement: str, when: str = "AFTER INSERT", times: int = 1) -> str:
    """A statement said by a trigger of one's own, called by another one, `times` deep."""
    made = "".join(
        f"CREATE TEMP TABLE mine{each} (id int);"
        f"CREATE FUNCTION pg_temp.mine{each}() RETURNS trigger LANGUAGE plpgsql AS $mine$"
        f" BEGIN {statement if each == 1 else f'INSERT INTO mine{each - 1} VALUES (1)'};"
        " RETURN NULL; END $mine$;"
        f"CREATE TRIGGER mine {when} ON mine{each} EXECUTE FUNCTION pg_temp.mine{each}();"
        for each in range(1, times + 1)
    )
    return f"{made} INSERT INTO mine{times} VALUES (1);"


def own_triggers() -> Iterator[Attack]:
    for statement in _WRITES:
        for login in ("g_dt", "g_expert", "g_puller", "g_agent"):
            yield Attack(login, by_own_trigger(statement), NOTHING)
        yield Attack("g_dt", by_own_trigger(statement, "BEFORE INSERT", 3), NOTHING)
        # At the end of the transaction, after what the guard looks at there.
        yield Attack(
            "g_dt",
            "CREATE TEMP TABLE late (id int); CREATE FUNCTION pg_temp.late() RETURNS trigger"
            f" LANGUAGE plpgsql AS $mine$ BEGIN {statement}; RETURN NULL; END $mine$;"
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION pg_temp.late(); INSERT INTO late VALUES (1)",
            NOTHING,
        )
        yield Attack(
            "g_dt",
            "CREATE TEMP VIEW seen AS SELECT 1 AS one; CREATE FUNCTION pg_temp.seen() RETURNS"
            f" trigger LANGUAGE plpgsql AS $mine$ BEGIN {statement}; RETURN NEW; END $mine$;"
            "CREATE TRIGGER seen INSTEAD OF INSERT ON seen FOR EACH ROW EXECUTE FUNCTION"
            " pg_temp.seen(); INSERT INTO seen VALUES (1)",
            NOTHING,
        )
        yield Attack("g_dt", f"PREPARE mine AS {statement}; EXECUTE mine", NOTHING)
        yield Attack("g_dt", f"DO $mine$ BEGIN {statement}; END $mine$", NOTHING)
        if statement != _MERGED:  # No rule can say that.
            yield Attack(
                "g_dt",
                "CREATE TEMP TABLE ruled (id int); CREATE RULE mine AS ON INSERT TO ruled"
                f" DO ALSO {statement}; INSERT INTO ruled VALUES (1)",
                NOTHING,
            )
    # What a row was made to say so is believed by nobody afterwards.
    for login, author, falsely, content in (
        ("g_dt", "dt@cern.ch", _OPENED, cells(DT, PROMPT, SECOND) + covers(1)),
        ("g_shifter", "shifter@cern.ch", _REOPENED, cells(DT, "online", FIRST) + covers(1)),
        (
            "g_cycler",
            "cycler@cern.ch",
            _OPENED,
            dataset_event('{"dt_state": "SIGNOFF"}', run=SECOND),
        ),
    ):
        yield Attack(
            login,
            by_own_trigger(falsely) + version(author) + event() + content,
            "must be OPEN|waiting dqm gui/SIGNOFF",
        )
        yield Attack(
            login,
            version(author) + event() + by_own_trigger(f"{falsely}; {content.rstrip(';')}"),
            "must be OPEN|waiting dqm gui/SIGNOFF",
        )
    yield Attack(
        "g_dt",
        by_own_trigger(said(cells(CSC)).rstrip(";")),
        "may not do this",
    )
    yield Attack(
        "g_dt",
        f'DECLARE mine CURSOR FOR SELECT * FROM "Dataset" WHERE run_number = {FIRST} FOR UPDATE;'
        'MOVE mine; UPDATE "Dataset" SET deleted = true WHERE CURRENT OF mine',
        NOTHING,
    )
    for replaced in ('"Dataset"', '"Version"', "guard.person", "record.wish"):
        yield Attack("g_dt", f"CREATE TEMP TABLE child () INHERITS ({replaced})", "must be owner")
        yield Attack(
            "g_dt",
            f"CREATE TEMP TABLE whole (LIKE {replaced}) PARTITION BY LIST (ctid)",
            "system column|permission denied",
        )
    yield Attack("g_dt", 'ALTER TABLE "Dataset" ATTACH PARTITION x DEFAULT', "")


def own_numbers() -> Iterator[Attack]:
    """A number that somebody chose stands before, or in the way of, those of others."""
    for name, table in record.metadata.tables.items():
        if "id" not in table.columns:
            continue
        for login in ("g_expert", "g_puller", "g_dt"):
            yield Attack(
                login, f"INSERT INTO {name} (id) OVERRIDING SYSTEM VALUE VALUES (100000)", DENIED
            )
            yield Attack(login, f"COPY {name} (id) FROM STDIN", DENIED)
    yield Attack(
        "g_expert",
        'INSERT INTO record.wish (id, kind, arguments, "by") OVERRIDING SYSTEM VALUE VALUES'
        f" (100000, 'refresh', '{of(OPEN_RUN)}', 'x')",
        DENIED,
    )
    yield Attack(
        "g_expert",
        "MERGE INTO record.wish USING (SELECT 1) AS one ON false WHEN NOT MATCHED THEN INSERT"
        f" (id, kind, arguments, \"by\") OVERRIDING SYSTEM VALUE VALUES (100000, 'refresh',"
        f" '{of(OPEN_RUN)}', 'x')",
        DENIED,
    )


def tricks() -> Iterator[Attack]:
    yield from own_triggers()
    yield from own_numbers()
