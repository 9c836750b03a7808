"""The schema `desk` as older programs left it, when it kept more than what can be derived."""

from importlib import import_module
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from app.models.migrations.desk import versions

LAST = "0004"


def make(connection: Connection) -> None:
    """Makes it with the statements that made it then, with something in each table."""
    connection.exec_driver_sql("CREATE SCHEMA desk")
    connection.exec_driver_sql("CREATE TABLE desk.alembic_version (version_num varchar(32))")
    connection.execute(sa.text("INSERT INTO desk.alembic_version VALUES (:last)"), {"last": LAST})
    for path in sorted(Path(versions.__path__[0]).glob("0*.py")):
        if path.name[:4] <= LAST:
            for statement in import_module(f"{versions.__name__}.{path.stem}")._STATEMENTS:
                connection.exec_driver_sql(statement)
    for statement in _CONTENT:
        connection.exec_driver_sql(statement)


_CONTENT = (
    "INSERT INTO desk.agent (name, version, owner, columns, registered, retired) VALUES"
    " ('dt-ml', '1', 'a@cern.ch', '{}', '2025-01-01Z', '2025-02-01Z'),"
    " ('dt-ml', '2', 'a@cern.ch', '{}', '2025-02-01Z', NULL),"
    " ('csc-ml', '1', 'b@cern.ch', '{}', '2025-01-05Z', '2025-03-01Z')",
    'INSERT INTO desk.proposal (agent, run_number, name, "column", ranges, status, comment,'
    " cause, proposed, state, decided_by, decided, version, reason) VALUES"
    " (1, 390001, 'online', 'dt-dt', '[[1, 5]]', 'BAD', 'HV', '', '2025-01-02Z', 'open',"
    "  NULL, NULL, NULL, NULL),"
    " (2, 390001, 'online', 'dt-dt', '[[6, 7]]', 'BAD', 'HV', '', '2025-02-02Z', 'rejected',"
    "  'c@cern.ch', '2025-02-03Z', NULL, 'noise'),"
    " (3, 390001, 'online', 'csc-csc', '[[1, 2]]', 'GOOD', '', '', '2025-01-06Z', 'written',"
    "  NULL, NULL, 17, NULL)",
    'INSERT INTO desk.cycle_history (id_cycle, "at", "by", what, details)'
    " VALUES (4, '2025-04-01Z', 'a@cern.ch', 'created', '{\"datasets\": []}')",
    "INSERT INTO desk.generated_json_provenance VALUES (7, '0.1.0', 'abc', '[[1, 2]]')",
    "INSERT INTO desk.draft VALUES ('a@cern.ch', 390001, 'online', '{}', 3, '2025-04-01Z')",
)
