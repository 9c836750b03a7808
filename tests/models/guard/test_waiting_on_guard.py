"""Who writes to the same rows at once waits for the others: nobody waits in a circle."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from tests.models.guard.attacks.said import (
    DT,
    E,
    cells,
    covers,
    dataset_event,
    event,
    run_event,
    version,
)
from tests.models.guard.attacks.second_eyes import freeze, mark
from tests.models.guard.guarded import EXPRESS, FIRST, PROMPT, SECOND, address

Connection = psycopg.Connection[tuple[object, ...]]
Writer = tuple[str, Sequence[str]]
"""A login, and the statements of its transaction."""

WEB = "web@cern.ch"
OF_FIRST = f"run_number = {FIRST}"
OF_PROMPT = f"{OF_FIRST} AND name = '{PROMPT}'"


def _web_version() -> str:
    numbers = ("Version_atomic_version_seq", "Event_version_seq")
    made, told = (f"nextval('\"{number}\"')" for number in numbers)
    return (
        'INSERT INTO "Version" (atomic_version, "by", comment, "createdAt")'
        f" VALUES ({made}, '{WEB}', 'x', now());"
        'INSERT INTO "Event" (version, atomic_version)'
        f" VALUES ({told}, currval('\"Version_atomic_version_seq\"'));"
    )


def _web_cells(name: str = PROMPT) -> str:
    return (
        'INSERT INTO "LumisectionEvent" (version, run_number, name, lumisection_metadata_id,'
        f" manual_change) SELECT {E}, {FIRST}, '{name}', min(id), true FROM"
        " \"JSONBDeduplication\" WHERE jsonb ? 'dt-dt'"
    )


def _web_row(name: str = PROMPT) -> str:
    return f"UPDATE \"Dataset\" SET version = {E} WHERE {OF_FIRST} AND name = '{name}'"


def _own(by: str, *contents: str) -> tuple[str, ...]:
    """A version of a person, with an event for each of the contents."""
    return (version(by), *(event() + content for content in contents))


_STATE = '{"csc_state": "SIGNOFF"}'
_NOTHING = dataset_event("{}")
_EXPERT = "expert@cern.ch"

WRITERS: Mapping[str, Writer] = {
    "edit": ("g_dt", _own("dt@cern.ch", cells(DT) + covers(1))),
    "row, then edit": ("g_expert", _own(_EXPERT, _NOTHING, cells(DT) + covers(2))),
    "edit, then row": ("g_expert", _own(_EXPERT, cells(DT) + covers(2), _NOTHING)),
    "state": ("g_expert", _own(_EXPERT, dataset_event(_STATE))),
    "edit of another": ("g_expert", _own(_EXPERT, cells(DT, EXPRESS) + covers(2))),
    "both": ("g_expert", _own(_EXPERT, cells(DT) + covers(2), cells(DT, EXPRESS) + covers(2))),
    "both, other way": (
        "g_dt",
        _own("dt@cern.ch", cells(DT, EXPRESS) + covers(2), cells(DT) + covers(2)),
    ),
    "run": ("g_expert", _own(_EXPERT, run_event('{"state": "OPEN"}', FIRST))),
    "run, then edit": (
        "g_expert",
        _own(_EXPERT, run_event('{"state": "OPEN"}', FIRST), cells(DT) + covers(2)),
    ),
    "edit, then run": (
        "g_expert",
        _own(_EXPERT, cells(DT) + covers(2), run_event('{"state": "OPEN"}', FIRST)),
    ),
    "web": ("g_web", (_web_version(), _web_cells())),
    "web with row": ("g_web", (_web_version(), _web_cells(), _web_row())),
    "web state": ("g_web", (_web_version(), dataset_event(_STATE), _web_row())),
    "web, several": (
        "g_web",
        (_web_version(), _web_cells(PROMPT), _web_version(), _web_cells(EXPRESS)),
    ),
    "web hides run": (
        "g_web",
        (_web_version(), run_event("{}", FIRST, deleted="true")),
    ),
    "web covers": (
        "g_web",
        (
            'INSERT INTO "LumisectionEventAssignation" (version, lumisection_number)'
            f' SELECT max(version), 9 FROM "LumisectionEvent" WHERE {OF_PROMPT}',
        ),
    ),
    "cycle": (
        "g_web",
        (
            'INSERT INTO "CycleDataset" (id_cycle, run_number, name, "createdAt", "updatedAt")'
            f" VALUES (1, {SECOND}, '{EXPRESS}', now(), now())",
        ),
    ),
    "web bit": (
        "g_web",
        (
            _web_version(),
            'INSERT INTO "OMSLumisectionEvent" (version, run_number, name,'
            f" lumisection_metadata_id) SELECT {E}, {FIRST}, 'online', min(id)"
            " FROM \"JSONBDeduplication\" WHERE jsonb ? 'dt0_ready'",
        ),
    ),
    "verify": ("g_cycler", (mark(),)),
    "freeze": ("g_expert", (freeze(1),)),
    "take away": ("g_cycler", (mark(workspace="csc", verified=False, why="x"),)),
    "change and take away": (
        "g_expert",
        (
            *_own(_EXPERT, dataset_event(_STATE)),
            mark(workspace="csc", verified=False, why="x"),
        ),
    ),
}


@pytest.fixture
def control(guarded_dsn: str) -> Iterator[Connection]:
    """Somebody who sees all. A mark is on a dataset, a cycle has two, and who waits in a circle
    isn't left there for long, though longer than any of them tries."""
    with psycopg.connect(guarded_dsn, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '200ms'".encode())
        with psycopg.connect(address(guarded_dsn, "g_dt")) as dt:
            # Who stores the same object first would be waited for, too.
            dt.execute("SELECT guard.json_id(%s)", [DT])
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO record.verification (run_number, name, workspace, verified, why, by)"
            " VALUES (%s, %s, 'csc', true, '', 'cycler@cern.ch')",
            (FIRST, PROMPT),
        )
        connection.execute(
            'INSERT INTO "CycleDataset" (id_cycle, run_number, name, "createdAt", "updatedAt")'
            " VALUES (1, %s, %s, now(), now())",
            (FIRST, EXPRESS),
        )
        yield connection


def _said(connection: Connection, statements: Sequence[str], *, commit: bool = False) -> str:
    """What statements of one transaction are refused with, empty when they aren't."""
    try:
        for statement in statements:
            connection.execute(statement.encode())
        if commit:
            connection.commit()
    except psycopg.Error as error:
        return str(error)
    finally:
        connection.rollback()
    return ""


def _waits(control: Connection, client: Connection) -> bool:
    found = control.execute(
        "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", [client.info.backend_pid]
    ).fetchone()
    return found == ("Lock",)


@pytest.mark.parametrize(
    "held",
    [f'"Dataset" WHERE {OF_PROMPT}', f'"Run" WHERE {OF_FIRST}', f'"Dataset" WHERE {OF_FIRST}'],
)
def test_that_nobody_in_a_crowd_waits_in_a_circle(
    guarded_dsn: str, control: Connection, held: str
) -> None:
    order = list(WRITERS)
    random.Random(held).shuffle(order)
    with ExitStack() as open_, ThreadPoolExecutor(len(order)) as pool:
        holder = open_.enter_context(psycopg.connect(guarded_dsn))
        clients = {
            writer: open_.enter_context(psycopg.connect(address(guarded_dsn, WRITERS[writer][0])))
            for writer in order
        }
        holder.execute(f"SELECT FROM {held} FOR NO KEY UPDATE".encode())
        writing = {}
        for writer, client in clients.items():
            writing[writer] = pool.submit(_said, client, WRITERS[writer][1])
            while not (writing[writer].done() or _waits(control, client)):
                time.sleep(0.002)
        holder.rollback()
        said = {writer: told.result(timeout=30) for writer, told in writing.items()}
    circles = {writer: told for writer, told in said.items() if "deadlock" in told}
    assert circles == {}
    assert len([writer for writer, told in said.items() if not told]) >= len(order) - 4


_AWAY = "SELECT \"by\", why FROM record.verification WHERE workspace = 'dt' AND NOT verified"
_EDIT, _WEB_EDIT = WRITERS["edit"], WRITERS["web with row"]
_MARK, _FREEZE = WRITERS["verify"], WRITERS["freeze"]


@pytest.mark.parametrize(
    ("first", "then", "refused"),
    [
        (_EDIT, _FREEZE, ""),
        (_WEB_EDIT, _FREEZE, ""),
        (_FREEZE, _EDIT, "which is frozen"),
        (_FREEZE, _WEB_EDIT, "which is frozen"),
        (_FREEZE, WRITERS["web state"], "which is frozen"),
        (_FREEZE, WRITERS["cycle"], "is frozen"),
        (WRITERS["cycle"], _FREEZE, ""),
        (WRITERS["web hides run"], _FREEZE, ""),
        (_FREEZE, WRITERS["web hides run"], "which is frozen"),
        (WRITERS["web covers"], _FREEZE, ""),
        (_EDIT, _MARK, ""),
        (_WEB_EDIT, _MARK, ""),
        (_MARK, _EDIT, "is verified in dt by cycler@cern.ch"),
        (_MARK, _WEB_EDIT, ""),
    ],
)
def test_that_nothing_lands_under_a_mark_or_a_freeze_that_is_made_meanwhile(
    guarded_dsn: str,
    control: Connection,
    first: Writer,
    then: Writer,
    refused: str,
) -> None:
    with (
        psycopg.connect(address(guarded_dsn, first[0])) as one,
        psycopg.connect(address(guarded_dsn, then[0])) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        for statement in first[1]:
            one.execute(statement.encode())
        second = pool.submit(_said, other, then[1], commit=True)
        while not _waits(control, other):
            assert not second.done(), "it didn't wait"
            time.sleep(0.002)
        one.commit()
        told = second.result(timeout=20)
    assert refused in told
    assert bool(refused) == bool(told)
    if then is _WEB_EDIT and first is _MARK:
        assert control.execute(_AWAY).fetchall() == [(WEB, "changed through the web service")]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("writer", ["web", "web state"])
def test_that_the_web_service_writes_nothing_by_what_was_there_before_a_freeze(
    guarded_dsn: str, level: str, writer: str
) -> None:
    login, statements = WRITERS[writer]
    with (
        psycopg.connect(address(guarded_dsn, login)) as web,
        psycopg.connect(address(guarded_dsn, _FREEZE[0])) as expert,
    ):
        web.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        web.execute('SELECT count(*) FROM "Version"')
        assert _said(expert, _FREEZE[1], commit=True) == ""
        assert "could not serialize" in _said(web, statements, commit=True)
