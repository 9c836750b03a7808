"""Attacks on versions, their events, and what is history."""

from collections.abc import Iterator

from tests.models.guard.attacks.said import (
    CSC,
    DENIED,
    DT,
    NEVER,
    NOT_OF_NOW,
    Attack,
    cells,
    covers,
    dataset_event,
    event,
    run_event,
    said,
    version,
)
from tests.models.guard.guarded import EXPRESS, FIRST, OPEN_RUN, PROMPT


def versions() -> Iterator[Attack]:
    for author in ("auto@auto", "auto@auto - dt@cern.ch", "auto@auto - dt-ml"):
        yield Attack("g_dt", version(author), "automatic versions are written by the puller alone")
    for author in ("expert@cern.ch", "", "DT@CERN.CH", "dt@cern.ch "):
        yield Attack("g_dt", version(author), "may not write a version in the name of")
    yield Attack("g_nobody", version("dt@cern.ch"), "may not write a version in the name of")
    yield Attack("g_puller", version("dt@cern.ch"), "may not write a version in the name of")
    yield Attack("g_puller", version("auto@autobahn.de"), "in the name of")
    yield Attack("g_agent", version("auto@auto"), "in the name of auto@auto")
    yield Attack("g_agent", version("auto@auto - other"), "in the name of auto@auto - other")
    yield Attack("g_agent", version("a@cern.ch"), "in the name of a@cern.ch")
    yield Attack("g_gone", version("gone@cern.ch"), "stands for no person")
    yield Attack("g_stranger", version("stranger@cern.ch"), DENIED)
    yield Attack("g_door", version("expert@cern.ch"), "names no person")
    yield Attack(
        "g_door",
        "SELECT set_config('guard.person', 'gone@cern.ch', true);" + version("gone@cern.ch"),
        "names no person",
    )
    yield Attack(
        "g_door",
        "SELECT set_config('guard.person', 'dt@cern.ch', true);" + version("expert@cern.ch"),
        "in the name of expert@cern.ch",
    )
    yield Attack(
        "g_door",
        "SELECT set_config('guard.person', 'dt@cern.ch', true);" + version("auto@auto"),
        "automatic versions are written by the puller alone",
    )
    yield Attack(
        "g_door",
        "SELECT set_config('guard.person', 'dt@cern.ch', true);"
        + version("dt@cern.ch")
        + "SELECT set_config('guard.person', 'expert@cern.ch', true);"
        + event(),
        NOT_OF_NOW,
    )
    # A person who names another one is who the login says.
    yield Attack(
        "g_dt",
        "SELECT set_config('guard.person', 'expert@cern.ch', true);" + version("expert@cern.ch"),
        "in the name of expert@cern.ch",
    )
    yield Attack(
        "g_dt",
        'COPY "Version" ("by", "createdAt") FROM PROGRAM \'echo x\'',
        DENIED,
    )
    yield Attack("g_dt", "SELECT setval('\"Version_atomic_version_seq\"', 1)", DENIED)
    yield Attack("g_dt", "SELECT setval('\"Event_version_seq\"', 2000000000)", DENIED)
    yield Attack("g_dt", 'ALTER SEQUENCE "Event_version_seq" RESTART WITH 1', "must be owner")


def events() -> Iterator[Attack]:
    yield Attack("g_dt", event("1"), NOT_OF_NOW)
    yield Attack("g_dt", event('(SELECT max(atomic_version) FROM "Version")'), NOT_OF_NOW)
    yield Attack("g_puller", event("1"), NOT_OF_NOW)
    yield Attack("g_agent", event("1"), NOT_OF_NOW)
    for table, columns, values in (
        (
            "RunEvent",
            "version, run_number, oms_metadata, rr_metadata, deleted, manual_change",
            f"{OPEN_RUN}, '{{}}', '{{\"class\": \"Cosmics\"}}', false, true",
        ),
        (
            "DatasetEvent",
            "version, run_number, name, dataset_metadata, datasets_in_gui, deleted",
            f"{FIRST}, '{PROMPT}', '{{}}', '[]', false",
        ),
        (
            "LumisectionEvent",
            "version, run_number, name, lumisection_metadata_id, manual_change",
            f"{FIRST}, '{PROMPT}', 1, true",
        ),
        (
            "OMSLumisectionEvent",
            "version, run_number, name, lumisection_metadata_id",
            f"{FIRST}, '{PROMPT}', 1",
        ),
    ):
        old = (
            f'SELECT min(version) FROM "Event" WHERE version NOT IN (SELECT version FROM "{table}")'
        )
        yield Attack(
            "g_expert",
            f'INSERT INTO "{table}" ({columns}) SELECT ({old}), {values}',
            NOT_OF_NOW,
        )
    for kind in ("", "OMS"):
        yield Attack(
            "g_expert",
            f'INSERT INTO "{kind}LumisectionEventAssignation" SELECT min(version), 900'
            f' FROM "{kind}LumisectionEvent"',
            NOT_OF_NOW,
        )
    yield Attack("g_dt", version() + event() + "SET CONSTRAINTS ALL IMMEDIATE;", "says nothing")
    yield Attack("g_dt", version() + event(), "says nothing")
    yield Attack("g_dt", version() + "SET CONSTRAINTS ALL IMMEDIATE;" + event(), NOT_OF_NOW)
    yield Attack(
        "g_dt",
        version() + "SET CONSTRAINTS ALL IMMEDIATE;" + event() + cells(DT) + covers(1),
        NOT_OF_NOW,
    )
    # Asked for before there is a version, it would never be closed.
    at_once = "SET CONSTRAINTS ALL IMMEDIATE;" + version()
    for said_then in (
        "",
        event(),
        event() + cells(DT) + covers(1) + dataset_event("{}"),
        event() + dataset_event("{}"),
        "SET CONSTRAINTS ALL DEFERRED;" + event() + dataset_event("{}"),
    ):
        yield Attack("g_dt", at_once + said_then, "after SET CONSTRAINTS")
    yield Attack(
        "g_dt",
        "SET CONSTRAINTS ALL IMMEDIATE; WITH made AS (" + version().strip(";") + " RETURNING"
        ' atomic_version) INSERT INTO "Event" (atomic_version) SELECT atomic_version FROM made',
        "after SET CONSTRAINTS",
    )
    yield Attack(
        "g_dt",
        said(cells(DT)) + dataset_event("{}"),
        "says something already",
    )
    yield Attack(
        "g_expert",
        said(run_event('{"class": "X"}'), "expert@cern.ch") + cells(DT, "online", OPEN_RUN),
        "says something already",
    )
    yield Attack("g_dt", said(dataset_event("{}")), "changes nothing of its dataset")
    yield Attack(
        "g_dt",
        said(dataset_event("{}")) + event() + cells(DT, EXPRESS),
        "changes nothing of its dataset",
    )
    yield Attack("g_dt", said(cells("{}")), "says nothing")
    # Two transactions: what the first one made is past for the second.
    yield Attack(
        "g_dt",
        said(cells(DT)) + covers(1) + "COMMIT; BEGIN;" + covers(2),
        NOT_OF_NOW,
    )
    yield Attack(
        "g_dt",
        said(cells(DT)) + covers(1) + "COMMIT; BEGIN;" + event(),
        NOT_OF_NOW,
    )
    yield Attack(
        "g_dt",
        "SAVEPOINT one;"
        + version()
        + "RELEASE one; SAVEPOINT two;"
        + event()
        + cells(CSC)
        + covers(1),
        "may not do this",
    )


def history() -> Iterator[Attack]:
    columns = {
        "Version": "\"by\" = 'dt@cern.ch'",
        "Event": "atomic_version = 1",
        "RunEvent": "rr_metadata = '{}'",
        "DatasetEvent": "dataset_metadata = '{}'",
        "LumisectionEvent": "manual_change = true",
        "OMSLumisectionEvent": "name = 'online'",
        "LumisectionEventAssignation": "lumisection_number = 1",
        "OMSLumisectionEventAssignation": "lumisection_number = 1",
        "JSONBDeduplication": "unique_hash = 'x'",
    }
    for table, change in columns.items():
        yield Attack("g_expert", f'UPDATE "{table}" SET {change}', DENIED)
        yield Attack("g_expert", f'DELETE FROM "{table}"', DENIED)
        yield Attack("g_puller", f'DELETE FROM "{table}"', DENIED)
        yield Attack("g_web", f'DELETE FROM "{table}"', NEVER)
        yield Attack("g_web", f'UPDATE "{table}" SET {change}', NEVER)
