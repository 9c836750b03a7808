"""Debian's PostgreSQL twice: a primary, and a hot standby that it waits for when it commits."""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Self

import psycopg
import pytest

from tests.free_ports import free_ports

BINARIES = Path("/usr/lib/postgresql/15/bin")
needs_postgresql = pytest.mark.skipif(
    not BINARIES.is_dir(), reason="needs Debian's package postgresql-15"
)
LOGIN, DATABASE = "run_registry", "run_registry"

_SETTINGS = """
listen_addresses = '{host}'
unix_socket_directories = ''
shared_buffers = '16MB'
max_connections = 60
wal_level = replica
hot_standby = on
wal_keep_size = '64MB'
max_wal_size = '128MB'
wal_retrieve_retry_interval = '200ms'
wal_receiver_status_interval = '1s'
synchronous_commit = {commit}
log_destination = stderr
"""


def as_server(
    program: str, *arguments: str, within: Sequence[str] = ()
) -> "subprocess.CompletedProcess[str]":
    """Runs one of the server's programs, which root may not, as somebody who may; `within` is what
    has it run elsewhere."""
    command = [str(BINARIES / program), *arguments]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
    command = [*within, *command]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


@cache
def _fresh_files() -> Path:
    """The files of a server that holds nothing: to copy them takes a tenth of making them."""
    folder = tempfile.TemporaryDirectory(prefix="run-registry-fresh-", dir="/dev/shm")
    atexit.register(folder.cleanup)
    _belongs_to_server(Path(folder.name))
    files = Path(folder.name) / "files"
    made = as_server(
        "initdb", "-D", str(files), "-U", LOGIN, "-A", "trust", "-E", "UTF8",
        "--locale=C.UTF-8", "--no-sync",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return files


def _belongs_to_server(folder: Path) -> None:
    """The server's user can use it."""
    if os.geteuid() == 0:
        who = pwd.getpwnam("postgres")
        os.chown(folder, who.pw_uid, who.pw_gid)


class Node:
    """One of the servers."""

    def __init__(
        self, folder: Path, port: int, host: str = "127.0.0.1", within: Sequence[str] = ()
    ) -> None:
        self.folder, self.port, self.host = folder, port, host
        self._within = within

    @property
    def dsn(self) -> str:
        """The address of this one alone."""
        return f"postgresql://{LOGIN}@{self.host}:{self.port}/{DATABASE}"

    def make(self, commit: str = "on", more: str = "") -> None:
        """Makes its files, and starts it; `commit` is how long a commit waits for a standby, `more`
        are settings besides."""
        copied = as_server("/bin/cp", "-a", str(_fresh_files()), str(self.folder))
        assert copied.returncode == 0, copied.stderr
        with (self.folder / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS.format(commit=commit, host=self.host) + more)
        with (self.folder / "pg_hba.conf").open("a") as lines:
            lines.write(f"host all {LOGIN} samenet trust\n")
        self.start()
        with psycopg.connect(self.dsn.removesuffix(DATABASE) + "postgres", autocommit=True) as each:
            each.execute(f"CREATE DATABASE {DATABASE}")

    def start(self) -> None:
        """Starts it and waits until it answers."""
        log = str(self.folder / "log")
        done = as_server(
            "pg_ctl", "-D", str(self.folder), "-l", log, "-w", "-o", f"-p {self.port}", "start",
            within=self._within,
        )  # fmt: skip
        assert done.returncode == 0, Path(log).read_text()

    def processes(self) -> list[int]:
        """All of its processes; the first makes no more, as it is stopped."""
        postmaster = int((self.folder / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGSTOP)
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        return [postmaster, *map(int, children)]

    def kill(self) -> None:
        """All of its processes at once, as when the machine loses its power."""
        for process in self.processes():
            # Nobody else must have time to say goodbye.
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def promote(self) -> None:
        """Makes the standby the primary, as Patroni would; from then on it waits for nobody."""
        settings = self.folder / "postgresql.auto.conf"
        text = settings.read_text() + "synchronous_standby_names = ''\n"
        settings.write_text(text)
        done = as_server("pg_ctl", "-D", str(self.folder), "-w", "promote")
        assert done.returncode == 0, done.stdout + done.stderr
        as_server("pg_ctl", "-D", str(self.folder), "reload")

    def stop(self) -> None:
        """Ends it, if it still runs."""
        as_server("pg_ctl", "-D", str(self.folder), "-m", "immediate", "-w", "stop")


class Pair:
    """The primary and its standby."""

    def __init__(self, folder: Path) -> None:
        first, second = free_ports(2)
        self.primary = Node(folder / "a", first)
        self.standby = Node(folder / "b", second)

    @property
    def dsn(self) -> str:
        """The address of both, the standby first."""
        at = ",".join(f"127.0.0.1:{each.port}" for each in (self.standby, self.primary))
        return f"postgresql://{LOGIN}@{at}/{DATABASE}"

    def start(self, commit: str = "remote_apply") -> Self:
        """Makes both; `commit` is how long a commit waits for the standby."""
        self.primary.make(commit)
        self._copy()
        self._wait_for_standby()
        return self

    def swap(self) -> None:
        """After a promotion: the server that died comes back as the standby of the other."""
        self.primary, self.standby = self.standby, self.primary
        shutil.rmtree(self.standby.folder)
        self._copy()
        self._wait_for_standby()

    def stop(self) -> None:
        """Ends both."""
        for each in (self.standby, self.primary):
            each.stop()

    def _wait_for_standby(self) -> None:
        """From now on the primary waits for the standby when it commits, and what it committed
        without is there, too."""
        with psycopg.connect(self.primary.dsn, autocommit=True) as control:
            control.execute("ALTER SYSTEM SET synchronous_standby_names = 'b'")
            control.execute("SELECT pg_reload_conf()")
            control.execute("SET synchronous_commit = local")
            while not control.execute(
                "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'"
            ).rowcount:
                time.sleep(0.01)
            # A standby says at once how far it is when a commit waits for that, and else every
            # ten seconds.
            control.execute("SET synchronous_commit = remote_apply")
            control.execute("SELECT pg_logical_emit_message(true, 'standby', 'is there')")
            place = control.execute("SELECT pg_current_wal_flush_lsn()").fetchone()
            while not control.execute(
                "SELECT FROM pg_stat_replication WHERE replay_lsn >= %s", place
            ).rowcount:
                time.sleep(0.01)

    def _copy(self) -> None:
        at = f"host=127.0.0.1 port={self.primary.port} user={LOGIN} application_name=b"
        copied = as_server(
            "pg_basebackup", "-D", str(self.standby.folder), "-R", "-X", "stream", "-c", "fast",
            "--no-sync", "-d", at,
        )  # fmt: skip
        assert copied.returncode == 0, copied.stderr
        self.standby.start()


@contextmanager
def folder_of_server() -> Iterator[Path]:
    """A folder that the server's user can use."""
    with tempfile.TemporaryDirectory(prefix="run-registry-server-", dir="/dev/shm") as name:
        _belongs_to_server(Path(name))
        yield Path(name)


@contextmanager
def pair(commit: str = "remote_apply") -> Iterator[Pair]:
    """Both, running, and gone afterwards."""
    with folder_of_server() as folder:
        both = Pair(folder)
        try:
            yield both.start(commit)
        finally:
            both.stop()
