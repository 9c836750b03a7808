"""Debian's pgbouncer in transaction mode before a server of tests."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.free_ports import free_ports, wait_for_port

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="needs Debian's package pgbouncer")

# As docs/many-clients.md says, but for ports, places and the size of the pool.
_SETTINGS = """\
[databases]
* = host={host} port={port} auth_user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename = $1
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 500
logfile = {log}
ignore_startup_parameters =
"""


class Pooler:
    """A pooler that can die and come back at the same address."""

    def __init__(self, folder: Path, dsn: str, pool_size: int) -> None:
        given = conninfo_to_dict(dsn)
        (self._port,) = free_ports(1)
        parts = urlsplit(dsn)
        at = parts.netloc.rpartition("@")[0]
        self.dsn = urlunsplit(parts._replace(netloc=f"{at}@127.0.0.1:{self._port}"))
        users = folder / "users.txt"
        users.write_text(f'"{given["user"]}" "{given["password"]}"\n')
        self._settings = folder / "pgbouncer.ini"
        self._settings.write_text(
            _SETTINGS.format(
                host=given.get("host") or "127.0.0.1",
                port=given["port"],
                user=given["user"],
                listen=self._port,
                users=users,
                pool_size=pool_size,
                log=folder / "log",
            )
        )

    def start(self) -> None:
        """Starts it and waits until it listens."""
        assert PROGRAM is not None
        as_somebody = ["-u", "nobody"] if os.geteuid() == 0 else []
        self._running = subprocess.Popen(
            [PROGRAM, "-q", *as_somebody, str(self._settings)], stderr=subprocess.DEVNULL
        )
        wait_for_port(self._port)

    def kill(self) -> None:
        """Ends it at once."""
        self._running.send_signal(signal.SIGKILL)
        self._running.wait()


@contextmanager
def mortal_pooler(dsn: str, pool_size: int = 4) -> Iterator[Pooler]:
    """A pooler before a database, which has so many sessions of each login there."""
    with tempfile.TemporaryDirectory(prefix="run-registry-pooler-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        running = Pooler(folder, dsn, pool_size)
        running.start()
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def pooler(dsn: str, pool_size: int = 4) -> Iterator[str]:
    """The address of a database behind a pooler that has so many sessions of each login there."""
    with mortal_pooler(dsn, pool_size) as running:
        yield running.dsn
