"""Keys that nobody expects, as the web service or a script may have stored them."""

import json

from sqlalchemy import Connection, text

from app.domain.json_value import JsonValue
from app.domain.lumisections import GREATEST_NUMBER
from app.models.database.engine import Database
from tests.services.offline_runs import FIRST, PROMPT

RUNS = (0, -1, 1, GREATEST_NUMBER, -(2**31))
NAMES = (
    *(
        "",
        " ",
        "online ",
        " online",
        "Online",
        "null",
        "0",
        "{}",
        "..",
        "/",
        "%",
        "_",
        "\\",
        "'",
        '"',
    ),
    *(
        PROMPT.lower(),
        PROMPT.upper(),
        f" {PROMPT}",
        f"{PROMPT} ",
        f"{PROMPT}\u00a0",
        f"\ufeff{PROMPT}",
    ),
    *("/Prompt\u00e9/A/DQM", "/Prompte\u0301/A/DQM", "\u202e/Prompt/A/DQM", "\U0001f600" * 50),
    *("/x\ny\tz\x1b[31m\x07", "/a/b?c=d&e#f%20g", "<b>x</b>", "a,b", "--x", "a" * 100_000),
)
"""Names of datasets of the first run."""
AUTHORS = (
    "",
    " ",
    "\x01\x1b[2J",
    "\n",
    "auto@auto",
    "auto@auto - ",
    "\u202ex",
    "<b>b</b>",
    "%",
    "a" * 100_000,
)
LUMISECTIONS: tuple[tuple[int, ...], ...] = (
    *((0,), (0, 1), (-3, GREATEST_NUMBER), (GREATEST_NUMBER,), (-(2**31),)),
    *((20_000,), (20_001,), (), (0, 30_000)),
)
RANGES: tuple[JsonValue, ...] = (
    *([[0, 3]], [[-5, -1]], [[7, 2]], [[1, GREATEST_NUMBER]], [[-(10**30), 10**30]]),
    *([[1]], [["1", "2"]], [[1.5, 2.5]], [[None, None]], [1, 2], [[1, 5], [2, 3], [1, 1]]),
)


def store(database: Database) -> None:
    """Stores all of them beside what there is."""
    with database.transaction() as connection:
        shapes = _of_first(connection)
        for run_number in RUNS:
            _run(connection, run_number, *shapes["run"])
        for run_number, name in (
            *((FIRST, name) for name in NAMES),
            *((run_number, name) for run_number in RUNS for name in ("online", PROMPT, "")),
        ):
            _dataset(connection, run_number, name, shapes)
        for number, covered in enumerate(LUMISECTIONS * 4):
            name = "online" if number // len(LUMISECTIONS) % 2 else PROMPT
            oms = number >= len(LUMISECTIONS) * 2
            _lumisections(connection, FIRST, name, shapes, covered, oms=oms)
        for author in AUTHORS:
            # A version without events, and one with.
            _version(connection, author)
            _run_event(connection, FIRST, "{}", '{"class": "Odd"}', author)
        connection.execute(
            text(
                'INSERT INTO "Version" ("by", comment, "createdAt") VALUES (\'x@y\', NULL, now());'
                'INSERT INTO "Event" (atomic_version) SELECT max(atomic_version) FROM "Version"'
            )
        )


def _of_first(connection: Connection) -> dict[str, tuple[object, ...]]:
    """What the first run has, to be said of others."""
    asked = {
        "run": 'SELECT oms_attributes::text, rr_attributes::text FROM "Run"'
        " WHERE run_number = :run",
        "dataset": 'SELECT dataset_attributes::text FROM "Dataset" WHERE run_number = :run'
        " AND name = :name",
        "rr": 'SELECT lumisection_metadata_id FROM "LumisectionEvent" WHERE run_number = :run',
        "oms": 'SELECT lumisection_metadata_id FROM "OMSLumisectionEvent" WHERE run_number = :run',
        "summary": "SELECT triplet_summary::text, dcs_summary::text FROM"
        ' "DatasetTripletCache" WHERE run_number = :run AND name = :name',
    }
    given = {"run": FIRST, "name": PROMPT}
    return {
        what: tuple(connection.execute(text(f"{question} LIMIT 1"), given).one())
        for what, question in asked.items()
    }


def _version(connection: Connection, author: str) -> int:
    return connection.execute(
        text(
            'INSERT INTO "Version" ("by", comment, "createdAt") VALUES (:by, :by, now())'
            " RETURNING atomic_version"
        ),
        {"by": author},
    ).scalar_one()


def _event(connection: Connection, author: str = "web@cern.ch") -> int:
    return connection.execute(
        text('INSERT INTO "Event" (atomic_version) VALUES (:version) RETURNING version'),
        {"version": _version(connection, author)},
    ).scalar_one()


def _run_event(
    connection: Connection, run_number: int, oms: object, rr: object, author: str
) -> int:
    event = _event(connection, author)
    connection.execute(
        text(
            'INSERT INTO "RunEvent" VALUES (:event, :run, CAST(:oms AS jsonb), CAST(:rr AS jsonb),'
            " false, true)"
        ),
        {"event": event, "run": run_number, "oms": oms, "rr": rr},
    )
    return event


def _run(connection: Connection, run_number: int, oms: object, rr: object) -> None:
    event = _run_event(connection, run_number, oms, rr, "auto@auto")
    connection.execute(
        text(
            'INSERT INTO "Run" VALUES (:run, CAST(:oms AS jsonb), CAST(:rr AS jsonb), :event,'
            " false)"
        ),
        {"event": event, "run": run_number, "oms": oms, "rr": rr},
    )


def _dataset(
    connection: Connection, run_number: int, name: str, shapes: dict[str, tuple[object, ...]]
) -> None:
    given = {
        "event": _event(connection),
        "run": run_number,
        "name": name,
        "attributes": shapes["dataset"][0],
    }
    for table, last in (("DatasetEvent", "false"), ("Dataset", "false, :event")):
        first = ":event, " if table == "DatasetEvent" else ""
        statement = (
            f'INSERT INTO "{table}" VALUES ({first}:run, :name, CAST(:attributes AS jsonb),'
            f" '[]', {last})"
        )
        connection.execute(text(statement), given)
    for oms in (False, True):
        _lumisections(connection, run_number, name, shapes, (1, 2, 3), oms=oms)
    odd = json.dumps(RANGES[len(name) % len(RANGES)])
    connection.execute(
        text(
            'INSERT INTO "DatasetTripletCache" VALUES (:run, :name, CAST(:columns AS jsonb),'
            " CAST(:bits AS jsonb), CAST(:ranges AS jsonb), CAST(:ranges AS jsonb), 1, 1, :event)"
        ),
        {
            **given,
            "columns": shapes["summary"][0],
            "bits": shapes["summary"][1],
            "ranges": f'{{"dt-dt": {{"GOOD": {odd}}}, "dt0_ready": {odd}}}',
        },
    )


def _lumisections(
    connection: Connection,
    run_number: int,
    name: str,
    shapes: dict[str, tuple[object, ...]],
    covered: tuple[int, ...],
    *,
    oms: bool,
) -> None:
    table = "OMSLumisectionEvent" if oms else "LumisectionEvent"
    event = _event(connection)
    connection.execute(
        text(
            f'INSERT INTO "{table}" VALUES (:event, :run, :name, :payload{"" if oms else ", true"})'
        ),
        {
            "event": event,
            "run": run_number,
            "name": name,
            "payload": shapes["oms" if oms else "rr"][0],
        },
    )
    connection.execute(
        text(f'INSERT INTO "{table}Assignation" SELECT :event, unnest(CAST(:numbers AS int[]))'),
        {"event": event, "numbers": list(covered)},
    )
