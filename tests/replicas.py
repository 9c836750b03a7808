"""Debian's PostgreSQL twice: a primary, and a hot standby that it waits for when it commits."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = '16MB'
max_connections = 60
wal_level = replica
hot_standby = on
wal_keep_size = '64MB'
max_wal_size = '128MB'
wal_retrieve_retry_interval = '200ms'
synchronous_commit = {commit}
log_destination = stderr
"""


def as_server(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs one of the server's programs, which root may not, as somebody who may."""
    command = [str(BINARIES / program), *arguments]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


class Node:
    """One of the servers."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    @property
    def dsn(self) -> str:
        """The address of this one alone."""
        return f"postgresql://{LOGIN}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        log = str(self.folder / "log")
        done = as_server(
            "pg_ctl", "-D", str(self.folder), "-l", log, "-w", "-o", f"-p {self.port}", "start"
        )
        assert done.returncode == 0, Path(log).read_text()

    def kill(self) -> None:
        """All of its processes at once, as when the machine loses its power."""
        postmaster = int((self.folder / "postmaster.pid").read_text().split()[0])
        # Nobody else must have time to say goodbye.
        os.kill(postmaster, signal.SIGSTOP)
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for process in (postmaster, *map(int, children)):
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
        primary = self.primary
        made = as_server(
            "initdb", "-D", str(primary.folder), "-U", LOGIN, "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        with (primary.folder / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS.format(commit=commit))
        primary.start()
        self._copy()
        with psycopg.connect(primary.dsn.removesuffix(DATABASE) + "postgres", autocommit=True) as c:
            c.execute(f"CREATE DATABASE {DATABASE}")
            c.execute("ALTER SYSTEM SET synchronous_standby_names = 'b'")
            c.execute("SELECT pg_reload_conf()")
        return self

    def swap(self) -> None:
        """After a promotion: the server that died comes back as the standby of the other."""
        self.primary, self.standby = self.standby, self.primary
        shutil.rmtree(self.standby.folder)
        self._copy()
        with psycopg.connect(self.primary.dsn, autocommit=True) as control:
            control.execute("ALTER SYSTEM SET synchronous_standby_names = 'b'")
            control.execute("SELECT pg_reload_conf()")

    def stop(self) -> None:
        """Ends both."""
        for each in (self.standby, self.primary):
            each.stop()

    def _copy(self) -> None:
        at = f"host=127.0.0.1 port={self.primary.port} user={LOGIN} application_name=b"
        copied = as_server(
            "pg_basebackup", "-D", str(self.standby.folder), "-R", "-X", "stream", "-c", "fast",
            "--no-sync", "-d", at,
        )  # fmt: skip
        assert copied.returncode == 0, copied.stderr
        self.standby.start()


@contextmanager
def pair(commit: str = "remote_apply") -> Iterator[Pair]:
    """Both, running, and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="run-registry-pair-", dir="/dev/shm") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            who = pwd.getpwnam("postgres")
            os.chown(folder, who.pw_uid, who.pw_gid)
        both = Pair(folder)
        try:
            yield both.start(commit)
        finally:
            both.stop()
