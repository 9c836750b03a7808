"""What a client has in memory isn't believed when a backup took the place of its database, or when
something was put right: numbers of events and versions come again."""

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from app.domain.lumisections import LumiRange
from app.domain.recount.status import Finding
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.embedded.programs import installations
from app.models.events import states
from app.models.recount import marks
from app.services.acting import Acting
from app.services.editing.lumisections import ColumnEdit, edit_columns
from app.services.golden import generation as golden
from tests.conftest import prepared
from tests.services.offline_runs import FIRST, PROMPT
from tests.services.recount.forged import KEY

RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
FINDING = Finding("lumisection_state", *KEY, "dt-dt", "1", "GOOD", "BAD", "a test")


def make_bad(acting: Acting, first: int, last: int) -> None:
    word = Triplet("BAD", "hv trip")
    edit_columns(acting, [ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(first, last),), word)])


def bad(db: Database, *, desk: bool = True) -> list[int]:
    """The lumisections that are BAD in the dataset for a client."""
    with db.read() as connection:
        rr = states.load(connection, [KEY], desk=desk)[KEY].state.rr
    values = [rr.values[code] for code in rr.codes[rr.row_of["dt-dt"]]]
    return [number for number, value in enumerate(values, 1) if value == Triplet("BAD", "hv trip")]


def good(acting: Acting) -> object:
    """What a golden JSON has of the run for a client."""
    return golden.row(acting, golden.generate(acting, PROMPT, RULE).id).generated_json[str(FIRST)]


@pytest.fixture
def restore(season_dsn: str, tmp_path: Path) -> Callable[[], None]:
    """Puts the tables back to what they were, while whoever has the database open goes on."""
    programs, backup = next(iter(installations())), tmp_path / "backup"
    subprocess.run(
        [programs.program("pg_dump"), "--format=custom", f"--file={backup}", season_dsn], check=True
    )

    def put_back() -> None:
        subprocess.run(
            [
                programs.program("pg_restore"),
                "--clean",
                "--exit-on-error",
                "--single-transaction",
                f"--dbname={season_dsn}",
                str(backup),
            ],
            check=True,
        )

    return put_back


@pytest.mark.parametrize("desk", [True, False])
def test_that_a_client_knows_nothing_of_what_a_restored_backup_took_away(
    acting: Acting, season_dsn: str, restore: Callable[[], None], desk: bool
) -> None:
    make_bad(acting, 3, 4)
    assert bad(acting.db, desk=desk) == [3, 4]
    before = good(acting) if desk else None
    restore()
    with prepared(season_dsn) as other:
        # With the same numbers of events and of versions as before.
        make_bad(Acting(other, acting.actor), 7, 8)
        if desk:
            assert good(Acting(other, acting.actor)) == [[1, 6], [9, 10]]
    assert bad(acting.db, desk=desk) == [7, 8]
    if desk:
        assert before == [[1, 2], [5, 10]]
        assert good(acting) == [[1, 6], [9, 10]]


def test_that_nobody_who_puts_right_is_overtaken(acting: Acting, season_dsn: str) -> None:
    """Else a smaller number would be seen after a greater one, and whoever read between the two
    would go on believing what was false."""

    def put_right() -> None:
        with acting.db.transaction() as connection:
            marks.remember(connection, [FINDING])

    second = threading.Thread(target=put_right)
    with psycopg.connect(season_dsn, autocommit=True) as control:

        def seen() -> int:
            (number,) = control.execute("SELECT count(*) FROM desk.recount_finding").fetchone()
            return number

        def waits() -> bool:
            waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            return bool(control.execute(waiting).rowcount)

        with acting.db.transaction() as connection:
            marks.remember(connection, [FINDING])
            second.start()
            while second.is_alive() and not waits():
                pass
            assert seen() == 0
        second.join()
        assert seen() == 2
