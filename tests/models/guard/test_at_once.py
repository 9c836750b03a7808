"""Two transactions at once don't leave a row that says less than its events."""

from concurrent.futures import ThreadPoolExecutor

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
    said,
    version,
)
from tests.models.guard.guarded import FIRST, PROMPT, address

NAME = "/Made/Twice/DQM"
NEW_RUN = 390100
_COPY = (
    'INSERT INTO "DatasetEvent" (version, run_number, name, dataset_metadata, datasets_in_gui,'
    f" deleted) SELECT {E}, run_number, '{NAME}', dataset_attributes - '{{left}}', '[]', false"
    f" FROM \"Dataset\" WHERE run_number = {FIRST} AND name = '{PROMPT}'"
)
_WAITS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock'"
)

_OF_DT = "SELECT count(*) FROM \"Version\" WHERE \"by\" = 'dt@cern.ch' AND comment = 'an attack'"


def _at_once(dsn: str, login: str, said_first: str, said_second: str) -> None:
    """The second of two clients says its part while the transaction of the first goes on."""
    with (
        psycopg.connect(address(dsn, login)) as first,
        psycopg.connect(address(dsn, login)) as second,
        psycopg.connect(dsn, autocommit=True) as control,
        ThreadPoolExecutor(1) as other,
    ):
        first.execute(said_first.encode())
        waiting = other.submit(second.execute, said_second.encode())
        while control.execute(_WAITS).fetchone() == (0,) and not waiting.done():
            control.execute("SELECT pg_sleep(0.02)")
        first.commit()
        waiting.result(timeout=20)


@pytest.mark.parametrize(
    ("login", "by", "left"),
    [("g_puller", "auto@auto", "dt_state"), ("g_expert", "expert@cern.ch", "")],
)
def test_that_a_dataset_made_twice_at_once_is_what_both_say(
    guarded_dsn: str, login: str, by: str, left: str
) -> None:
    made = version(by) + event() + _COPY
    first, second = made.replace("{left}", left), made.replace("{left}", "csc_state")
    if login == "g_puller":
        _at_once(guarded_dsn, login, first, second)
    else:
        # To a person's the dataset was there before: it is judged as a change.
        with pytest.raises(psycopg.Error, match=r"can't be set to .* by hand"):
            _at_once(guarded_dsn, login, first, second)
    with psycopg.connect(guarded_dsn) as control:
        stored = control.execute(
            'SELECT dataset_attributes, version FROM "Dataset" WHERE name = %s', [NAME]
        ).fetchone()
        told = control.execute(
            "SELECT guard.fold(dataset_metadata ORDER BY version), max(version)"
            ' FROM "DatasetEvent" WHERE name = %s',
            [NAME],
        ).fetchone()
    assert told is not None
    assert {"dt_state", "csc_state"} <= told[0].keys()
    assert stored == told


def test_that_a_run_made_twice_at_once_is_what_both_say_also_after_an_edit(
    guarded_dsn: str,
) -> None:
    def pulled(attributes: str) -> str:
        return said(run_event(attributes, NEW_RUN, manual="false"), "auto@auto")

    _at_once(
        guarded_dsn,
        "g_puller",
        pulled('{"class": "Collisions25"}'),
        pulled('{"state": "OPEN", "stop_reason": ""}'),
    )
    # An edit goes on from the row, where that is known to be what the events say.
    with psycopg.connect(address(guarded_dsn, "g_expert")) as expert:
        expert.execute(said(run_event('{"stop_reason": "dump"}', NEW_RUN), "expert@cern.ch"))
    with psycopg.connect(guarded_dsn) as control:
        stored = control.execute(
            'SELECT rr_attributes FROM "Run" WHERE run_number = %s', [NEW_RUN]
        ).fetchone()
    assert stored == ({"class": "Collisions25", "state": "OPEN", "stop_reason": "dump"},)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_that_nobody_goes_by_rights_that_were_taken_away_since(
    guarded_dsn: str, level: str
) -> None:
    with (
        psycopg.connect(address(guarded_dsn, "g_dt")) as gone,
        psycopg.connect(guarded_dsn, autocommit=True) as control,
    ):
        gone.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        gone.execute('SELECT count(*) FROM "Version"')
        control.execute("UPDATE guard.person SET active = false WHERE login = 'g_dt'")
        with pytest.raises(psycopg.Error, match=f"A transaction that is {level} can't write here"):
            gone.execute(said(cells(DT)) + covers(1))
        gone.rollback()
        assert control.execute(_OF_DT).fetchone() == (0,)


def test_that_a_row_that_was_closed_meanwhile_is_waited_for_and_judged(guarded_dsn: str) -> None:
    with (
        psycopg.connect(address(guarded_dsn, "g_expert")) as mover,
        psycopg.connect(address(guarded_dsn, "g_dt")) as editor,
        psycopg.connect(guarded_dsn, autocommit=True) as control,
        ThreadPoolExecutor(1) as other,
    ):
        mover.execute(
            said(
                dataset_event('{"dt_state": "SIGNOFF", "global_state": "SIGNOFF"}'),
                "expert@cern.ch",
            )
        )
        edit = other.submit(editor.execute, said(cells(DT)) + covers(1))
        while control.execute(_WAITS).fetchone() == (0,) and not edit.done():
            control.execute("SELECT pg_sleep(0.02)")
        mover.commit()
        with pytest.raises(psycopg.Error, match="must be OPEN"):
            edit.result(timeout=20)


def test_that_a_copy_is_judged_like_any_other_row(guarded_dsn: str) -> None:
    with (
        psycopg.connect(address(guarded_dsn, "g_dt")) as connection,
        pytest.raises(psycopg.Error, match=r"in the name of expert@cern\.ch"),
        connection.cursor() as cursor,
        cursor.copy('COPY "Version" ("by", comment) FROM STDIN') as rows,
    ):
        rows.write_row(("expert@cern.ch", "copied"))
