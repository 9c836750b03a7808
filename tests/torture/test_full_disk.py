"""The disk of the server is full: writing is refused in words, and nothing that was acknowledged
is lost when there is room again."""

import os
import pwd
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.domain.errors import Unavailable
from app.models.database import outcome
from app.models.database.engine import Database
from app.services import databases
from app.services.acting import Acting
from app.services.pulling import runs as pull
from tests.builders import a_run, configure
from tests.conftest import small_disk
from tests.free_ports import free_ports
from tests.models.events.test_event_log import check_folds
from tests.replicas import Node, folder_of_server, needs_postgresql

pytestmark = needs_postgresql
_SIZE = "150m"
_SECTOR = 1 << 20


@pytest.fixture
def disk() -> Iterator[Path]:
    """A file system with little room, the server's own."""
    with small_disk(_SIZE) as folder:
        who = pwd.getpwnam("postgres")
        os.chown(folder, who.pw_uid, who.pw_gid)
        yield folder


def fill(folder: Path) -> Path:
    """Takes all the room there is; the file that has it."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(_SECTOR))
    return ballast


def test_that_a_full_disk_is_told_and_costs_nothing_that_was_stored(disk: Path) -> None:
    (port,) = free_ports(1)
    node = Node(disk / "a", port)
    node.make()
    db = Database(node.dsn)
    try:
        databases.initialise(db, default_configuration=False)
        db.prepare()
        configure(db)
        pull.apply(Acting(db), a_run(390001, 20))
        ballast = fill(disk)
        stored = {390001}
        with pytest.raises(Unavailable) as told:  # noqa: PT012 - some fit into what was reserved
            for number in range(390002, 390502):
                pull.apply(Acting(db), a_run(number, 600))
                stored.add(number)
        assert any(
            word in str(told.value) for word in ("disk is full", "can't be reached", "can't do")
        )
        ballast.unlink()
        for number in range(391001, 391003):
            _until_stored(db, number)
            stored.add(number)
        with db.read() as connection:
            there = set(connection.execute(sa.text('SELECT run_number FROM "Run"')).scalars())
        assert stored <= there
        assert len(there - stored) <= 1
        check_folds(db)
    finally:
        db.close()
        node.stop()


def test_that_a_log_without_room_is_told_of_when_a_change_is_stored(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server gives up then, and every connection with it."""
    monkeypatch.setattr(outcome, "_WITHIN_S", 0.5)
    (port,) = free_ports(1)
    with folder_of_server() as folder:
        node = Node(folder / "a", port)
        node.make()
        node.stop()
        log = Path(shutil.move(node.folder / "pg_wal", disk / "pg_wal"))
        for each in (log, *log.rglob("*")):
            shutil.chown(each, "postgres", "postgres")
        (node.folder / "pg_wal").symlink_to(log)
        node.start()
        db = Database(node.dsn)
        try:
            databases.initialise(db, default_configuration=False)
            db.prepare()
            configure(db)
            ballast = fill(disk)
            with pytest.raises(Unavailable, match="disk is full"):
                _pull_many(db)
            ballast.unlink()
        finally:
            db.close()
            node.stop()


def _pull_many(db: Database) -> None:
    for number in range(390001, 390501):
        pull.apply(Acting(db), a_run(number, 200))


def _until_stored(db: Database, number: int) -> None:
    """As a puller does: again, until the server has recovered."""
    while True:
        try:
            pull.apply(Acting(db), a_run(number, 20))
        except Unavailable:
            time.sleep(0.1)
        else:
            return
