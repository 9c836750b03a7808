"""A moment of the past is restored from a copy of the server and its archived log, as the
administrator's page says."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from app.domain.errors import Unavailable
from app.models.database.engine import Database
from app.services import databases, examining
from app.services.acting import Acting
from app.services.pulling import runs as pull
from tests.builders import a_run, configure
from tests.free_ports import free_ports
from tests.models.events.test_event_log import check_folds
from tests.replicas import LOGIN, Node, as_server, folder_of_server, needs_postgresql

pytestmark = needs_postgresql

_PAGE = Path(__file__).parents[2] / "docs" / "administration.md"


def said(first: str, folder: Path) -> str:
    """The block of the page that begins with a line, for a backup in that folder."""
    page = _PAGE.read_text("utf-8")
    block = re.search(rf"^(    {re.escape(first)}.*\n(?:    .*\n)*)", page, re.MULTILINE)
    assert block is not None, first
    return re.sub(r"^    ", "", block[1], flags=re.MULTILINE).replace("/backup", str(folder))


@pytest.fixture
def backup() -> Iterator[Path]:
    """Where copies and archived log go."""
    with folder_of_server() as folder:
        (folder / "wal").mkdir()
        shutil.chown(folder / "wal", folder.owner(), folder.group())
        yield folder


def runs_of(db: Database) -> list[int]:
    """The runs that there are."""
    with db.read() as connection:
        return sorted(connection.execute(sa.text('SELECT run_number FROM "Run"')).scalars())


def test_that_a_moment_of_the_past_comes_back_from_copy_and_log(backup: Path) -> None:
    lost, restored = (
        Node(backup / name, port) for name, port in zip("ab", free_ports(2), strict=True)
    )
    lost.make(more=said("wal_level = replica", backup))
    db = Database(lost.dsn)
    databases.initialise(db, default_configuration=False)
    db.prepare()
    configure(db)
    pull.apply(Acting(db), a_run(390001, 20))
    program, *options = said("pg_basebackup", backup).split()
    copied = as_server(program, *options, "-h", lost.host, "-p", str(lost.port), "-U", LOGIN)
    assert copied.returncode == 0, copied.stderr
    pull.apply(Acting(db), a_run(390002, 20))
    with psycopg.connect(lost.dsn, autocommit=True) as control:
        moment = control.execute("SELECT clock_timestamp()::text, pg_sleep(0.05)").fetchone()[0]
        pull.apply(Acting(db), a_run(390003, 20))
        control.execute("SELECT pg_switch_wal()")
        while not control.execute(
            "SELECT FROM pg_stat_archiver WHERE last_archived_wal >= pg_walfile_name(%s::pg_lsn)",
            control.execute("SELECT pg_current_wal_lsn() - 1").fetchone(),
        ).rowcount:
            pass
    assert runs_of(db) == [390001, 390002, 390003]
    db.close()
    lost.kill()

    (backup / "base").rename(restored.folder)
    lines = said("restore_command", backup)
    lines = re.sub(r"(?<=recovery_target_time = ')[^']*", moment, lines)
    with (restored.folder / "postgresql.conf").open("a") as settings:
        settings.write(lines)
    signal = restored.folder / "recovery.signal"
    signal.touch()
    shutil.chown(signal, backup.owner(), backup.group())
    restored.start()
    db = Database(restored.dsn)
    try:
        _until_it_takes_changes(db)
        assert runs_of(db) == [390001, 390002]
        db.prepare()
        assert db.desk
        assert examining.examine(db).problems == ()
        check_folds(db)
        pull.apply(Acting(db), a_run(390003, 20))
        assert runs_of(db) == [390001, 390002, 390003]
    finally:
        db.close()
        restored.stop()


def test_that_desk_is_made_again_where_it_was_left_out(database: Database) -> None:
    configure(database)
    pull.apply(Acting(database), a_run(390001, 20))
    with database.transaction() as connection:
        connection.execute(sa.text("DROP SCHEMA desk CASCADE"))
    assert database.prepare()
    check_folds(database)


def _until_it_takes_changes(db: Database) -> None:
    while True:
        try:
            with db.read() as connection:
                if not connection.execute(sa.text("SELECT pg_is_in_recovery()")).scalar_one():
                    return
        except Unavailable:
            continue
