"""Two transactions at once don't leave a row that says less than its events."""

from concurrent.futures import ThreadPoolExecutor

import psycopg

from tests.models.guard.attacks.said import E, event, version
from tests.models.guard.guarded import FIRST, PROMPT, address

NAME = "/Made/Twice/DQM"
_COPY = (
    'INSERT INTO "DatasetEvent" (version, run_number, name, dataset_metadata, datasets_in_gui,'
    f" deleted) SELECT {E}, run_number, '{NAME}', dataset_attributes - '{{left}}', '[]', false"
    f" FROM \"Dataset\" WHERE run_number = {FIRST} AND name = '{PROMPT}'"
)
_WAITS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock'"
)


def test_that_a_dataset_made_twice_at_once_is_what_both_say(guarded_dsn: str) -> None:
    def make(connection: psycopg.Connection, left: str) -> None:
        connection.execute(version("expert@cern.ch") + event() + _COPY.replace("{left}", left))

    expert = address(guarded_dsn, "g_expert")
    with (
        psycopg.connect(expert) as first,
        psycopg.connect(expert) as second,
        psycopg.connect(guarded_dsn, autocommit=True) as control,
        ThreadPoolExecutor(1) as other,
    ):
        make(first, "dt_state")
        made = other.submit(make, second, "csc_state")
        while control.execute(_WAITS).fetchone() == (0,) and not made.done():
            control.execute("SELECT pg_sleep(0.02)")
        first.commit()
        made.result(timeout=20)
        second.commit()
        stored = control.execute(
            'SELECT dataset_attributes, version FROM "Dataset" WHERE name = %s', [NAME]
        ).fetchone()
        said = control.execute(
            "SELECT guard.fold(dataset_metadata ORDER BY version), max(version)"
            ' FROM "DatasetEvent" WHERE name = %s',
            [NAME],
        ).fetchone()
    assert said is not None
    assert {"dt_state", "csc_state"} <= said[0].keys()
    assert stored == said
