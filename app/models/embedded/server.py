"""Our own PostgreSQL in a data folder, shared by all processes of the person who open it.

The first process starts the server, the last one stops it. Each process keeps a lock on a file of
its own in `clients/`: the system drops it when the process dies, so nobody waits for the dead.
As root, which PostgreSQL refuses, the server runs as another user of the system.
"""

import atexit
import logging
import os
import re
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import psycopg
from msgspec import Struct
from psycopg.errors import ConnectionTimeout

from app import files
from app.domain.errors import Refused, Unavailable
from app.domain.progress import SILENT, Progress
from app.models.embedded import upgrade
from app.models.embedded.cluster import (
    OUR_CONFIGURATION,
    OWNER,
    RESTORING,
    UNFINISHED,
    Place,
    cluster_path,
    disk_full,
    explained,
    fail,
    initialise,
    make_folder,
    read_password,
)
from app.models.embedded.file_lock import FileLock, register_client, somebody_is_here
from app.models.embedded.programs import account_for, choose_installation, within_reach
from app.models.embedded.upgrade import Upgraded

# Backups are loaded where one is wanted: a start does without.
if TYPE_CHECKING:
    from app.models.embedded.backup import BackupNote

logger = logging.getLogger(__name__)
_POLL_S = 0.005
_START_S = 60.0
_STOP_S = 20.0
_STOP_REFUSED_S = 3.0
_REVIVE_S = 2.0
_ANSWER_S = 4
"""How long a server that is ready may take to answer, each time that it is asked."""

_SILENCES = 2

_LOG_KEPT = 1_000_000
_NOTE_S = 2.0
"""How long an empty `postmaster.pid` may be one that the server is just writing."""

_NUMBER = re.compile(r"[0-9]{1,9}")


class _Postmaster(Struct, frozen=True):
    """What the server says of itself in `postmaster.pid`."""

    pid: int
    port: int
    ready: bool


class EmbeddedServer:
    """A running server with a database of ours; `close()` leaves, the last one stops it."""

    def __init__(
        self, place: Place, client: "FileLock", settings: Mapping[str, str | int], dsn: str
    ) -> None:
        self._place = place
        self._settings = settings
        self._client: FileLock | None = client
        self._pid = os.getpid()
        self.dsn = dsn
        atexit.register(self.close)

    @classmethod
    def open(
        cls, data_dir: Path, *, settings: Mapping[str, str | int] | None = None
    ) -> "EmbeddedServer":
        """Joins the server of `data_dir`, starting it, and making its files, when needed.

        `settings` are more lines of the server's configuration, used when it is started here.
        Raises Refused when the folder or the programs don't allow it, Unavailable when it doesn't
        start.
        """
        try:
            folder = data_dir.expanduser().absolute()
        except RuntimeError as error:
            raise Refused(f"The data folder {data_dir} begins with the home of nobody.") from error
        with explained(folder):
            make_folder(folder)
            with FileLock(folder / "lock").held():
                return cls._open_locked(folder, settings or {})

    @classmethod
    def _open_locked(cls, folder: Path, settings: Mapping[str, str | int]) -> "EmbeddedServer":
        account = account_for(folder / "cluster")
        cluster = cluster_path(folder, account)
        upgrade.finish(cluster)
        installation = choose_installation(cluster)
        if account is not None:
            installation = within_reach(installation, account)
        place = Place(folder, cluster, installation, account)
        _give_up_upgrade(upgrade.unfinished(place))
        if not (cluster / "PG_VERSION").exists():
            initialise(place)
        password = read_password(folder)
        client = register_client(folder)
        try:
            port = _running(cluster, password)
            if port is None:
                port = _start(place, settings)
            _make_database(folder, port, password)
            _end_restore(folder, _dsn(port, password, OWNER))
        except BaseException:
            client.release(remove=True)
            if not somebody_is_here(folder):
                _stop(place, _STOP_REFUSED_S)
            raise
        return cls(place, client, settings, _dsn(port, password, OWNER))

    @property
    def major(self) -> int:
        """The major version of the server."""
        return self._place.installation.major

    def back_up(self, file: Path, program: str, progress: Progress = SILENT) -> "BackupNote":
        """Writes the database into a file, as it is at one moment."""
        from app.models.embedded import backup

        return backup.write_backup(self._place, self.dsn, file, program, progress)

    def restore(self, file: Path, *, replace: bool, progress: Progress = SILENT) -> "BackupNote":
        """Has the database hold what a backup holds, at one moment or not at all."""
        from app.models.embedded import backup

        return backup.restore(self._place, self.dsn, file, replace=replace, progress=progress)

    @classmethod
    def upgrade(cls, data_dir: Path, program: str, progress: Progress = SILENT) -> "Upgraded":
        """Moves the database of a data folder to the newest server that is here.

        Until the last moment the folder is as it was; a backup stays beside it. Refused while
        anybody uses the database, and when no newer server is here.
        """
        folder = data_dir.expanduser().absolute()
        with explained(folder), FileLock(folder / "lock").held():
            if not (folder / "cluster").exists() or not (folder / "clients").is_dir():
                raise Refused(f"There is no database in {folder}.")
            if somebody_is_here(folder):
                raise Refused(
                    f"Another window or command uses the database in {folder}. Close it, and try"
                    " again. Nothing was changed."
                )
            account = account_for(folder / "cluster")
            cluster = cluster_path(folder, account)
            upgrade.finish(cluster)
            old = Place(folder, cluster, choose_installation(cluster), account)
            new = upgrade.newer_place(old)
            if account is not None:
                old = replace(old, installation=within_reach(old.installation, account))
                new = replace(new, installation=within_reach(new.installation, account))
            return _move(old, new, program, progress)

    def revive(self) -> None:
        """Starts the server again when it died; `dsn` changes only if its port is taken now.

        One that lives and doesn't answer is left alone. Unavailable when another program is at it.
        """
        place = self._place
        if _is_frozen(place):
            return
        with explained(place.folder), FileLock(place.folder / "lock").held(_REVIVE_S):
            password = read_password(place.folder)
            port = _running(place.cluster, password)
            if port is None:
                port = _start(place, self._settings)
            self.dsn = _dsn(port, password, OWNER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self, patience_s: float = _STOP_S) -> None:
        """Leaves the server; stops it when no living process uses it any more.

        One that doesn't stop within `patience_s` has been told to, and stops when it can.
        """
        client, self._client = self._client, None
        if client is None or os.getpid() != self._pid:
            return
        atexit.unregister(self.close)
        folder = self._place.folder
        try:
            with FileLock(folder / "lock").held(max(patience_s, _REVIVE_S)):
                client.release(remove=True)
                if not somebody_is_here(folder):
                    _stop(self._place, patience_s)
        except Unavailable as error:
            # Whoever holds the lock is the next to use the server, and stops it.
            client.release(remove=True)
            logger.warning("The database is left as it is: %s", error)


def _move(old: Place, new: Place, program: str, progress: Progress) -> Upgraded:
    """Backs up on the old server, restores on the new one, and has them change places."""
    from app.models.embedded import backup

    majors = (old.installation.major, new.installation.major)
    password = read_password(old.folder)
    file = old.folder / f"before-postgresql-{majors[1]}.backup"
    with _started(old, password) as dsn:
        note = backup.write_backup(old, dsn, file, program, progress)
    _give_up_upgrade(new)
    initialise(new, password)
    with _started(new, password) as dsn:
        backup.fill(new, dsn, file, note, progress)
    upgrade.swap(old.cluster, new.cluster)
    return Upgraded(*majors, file, note.number_of_rows)


def _end_restore(folder: Path, dsn: str) -> None:
    """Ends a restore that was cut, if one was."""
    if any((folder / name).exists() for name in (UNFINISHED, RESTORING)):
        from app.models.embedded import backup

        backup.finish_restore(folder, dsn)
        backup.take_away_unfinished(folder, dsn)


def _give_up_upgrade(new: Place) -> None:
    """Takes away what an upgrade that was killed has left, its server first."""
    if new.cluster.exists():
        _stop(new, _STOP_S)
        upgrade.clear(new)


@contextmanager
def _started(place: Place, password: str) -> Iterator[str]:
    """The address of the database on a server that nobody else joins, stopped afterwards."""
    port = _running(place.cluster, password) or _start(place, {})
    try:
        _make_database(place.folder, port, password)
        yield _dsn(port, password, OWNER)
    finally:
        _stop(place, _STOP_S)
    if (postmaster := _postmaster(place.cluster)) is not None and _lives(postmaster, place.cluster):
        raise Unavailable(
            f"The database in {place.cluster} doesn't stop. Nothing was changed; try again."
        )


def _dsn(port: int, password: str, database: str) -> str:
    # Neither TLS nor Kerberos is tried on loopback, whatever the person's environment says.
    return (
        f"postgresql://{OWNER}:{password}@127.0.0.1:{port}/{database}"
        "?sslmode=disable&gssencmode=disable"
    )


def _postmaster(cluster: Path) -> _Postmaster | None:
    """What `postmaster.pid` says, or None; the process may be dead."""
    try:
        lines = (cluster / "postmaster.pid").read_bytes().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return None
    # What is missing hasn't been written yet, or never will be: the disk was full.
    lines += [""] * (8 - len(lines))
    pid, port = (int(line) if _NUMBER.fullmatch(line) else 0 for line in (lines[0], lines[3]))
    return _Postmaster(pid, port, pid > 0 and port > 0 and lines[7].strip() == "ready")


def _lives(postmaster: _Postmaster, cluster: Path) -> bool:
    """False when the process has gone, or its number now belongs to somebody else."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(postmaster.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # not of our user, so not our server
    try:
        return Path(f"/proc/{postmaster.pid}/cwd").readlink() == cluster.resolve()
    except OSError:
        return not Path("/proc/self").exists()


def _is_left_over(cluster: Path) -> bool:
    """Whether a `postmaster.pid` without a number was left by a server that couldn't write it."""
    try:
        age_s = time.time() - (cluster / "postmaster.pid").stat().st_mtime
    except FileNotFoundError:
        return False
    # A note from the future is as good as an old one.
    if 0.0 <= age_s < _NOTE_S:
        return False
    return not any(_works_in(place, cluster) for place in Path("/proc").glob("[0-9]*/cwd"))


def _works_in(place: Path, cluster: Path) -> bool:
    try:
        return place.readlink() == cluster.resolve()
    except OSError:
        return False


def _running(cluster: Path, password: str) -> int | None:
    """Port of the server when it answers, waiting while it starts or stops; else None."""
    deadline = time.monotonic() + _START_S
    silent = 0
    while (postmaster := _postmaster(cluster)) is not None:
        if postmaster.pid > 0 and not _lives(postmaster, cluster):
            # Its number may belong to another process by now: the server would then refuse.
            (cluster / "postmaster.pid").unlink(missing_ok=True)
            return None
        if postmaster.pid == 0 and _is_left_over(cluster):
            (cluster / "postmaster.pid").unlink(missing_ok=True)
            return None
        if postmaster.ready:
            try:
                if _answers(postmaster.port, password):
                    return postmaster.port
            except ConnectionTimeout:
                silent += 1
        if silent == _SILENCES:
            raise Unavailable(
                f"The database in {cluster} runs (process {postmaster.pid}) but doesn't answer: it"
                " is frozen, or the machine is busy. Try again, or end that process."
            )
        if time.monotonic() > deadline:
            if sys.platform == "win32":
                return None
            raise Unavailable(
                f"The database in {cluster} has been starting or stopping for {_START_S:.0f} s."
                f" Look into {cluster / 'server.log'}."
            )
        time.sleep(_POLL_S)
    return None


def _is_frozen(place: Place) -> bool:
    """Whether the server takes a connection and doesn't answer."""
    postmaster = _postmaster(place.cluster)
    if postmaster is None or not postmaster.ready or not _lives(postmaster, place.cluster):
        return False
    try:
        _answers(postmaster.port, read_password(place.folder))
    except ConnectionTimeout:
        return True
    return False


def _answers(port: int, password: str) -> bool:
    try:
        with psycopg.connect(_dsn(port, password, "postgres"), connect_timeout=_ANSWER_S):
            return True
    except ConnectionTimeout:
        raise
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise Refused(
                "The database of the data folder runs with another password than the folder's file"
                " `password` has. Put that file back, or choose another data folder."
            ) from error
        return False


def _start(place: Place, settings: Mapping[str, str | int]) -> int:
    """Starts the server and returns its port when it is ready."""
    cluster = place.cluster
    log = cluster / "server.log"
    if log.exists() and log.stat().st_size > _LOG_KEPT:
        log.replace(cluster / "server.log.1")
    port = _free_port(_last_port(cluster))
    deadline = time.monotonic() + _START_S
    while True:
        before = log.stat().st_size if log.exists() else 0
        _configure(place, port, settings)
        place.run("pg_ctl", "start", "-W", "-D", str(cluster), "-l", str(log))
        said = _await_ready(cluster, log, before, deadline)
        if said is None:
            return port
        # Another program took the port, or processes of a killed server are still going.
        again = re.search(r"Address already in use|could not bind|pre-existing shared", said)
        if again is None or time.monotonic() > deadline:
            fail(place.folder, said)
        logger.info("The database starts once more: %s", again[0])
        time.sleep(_POLL_S * 10)
        port = _free_port(port)


def _await_ready(cluster: Path, log: Path, before: int, deadline: float) -> str | None:
    """None when the server is ready, else what it wrote before it gave up."""
    appeared = False
    patience = min(deadline, time.monotonic() + 10)
    while True:
        postmaster = _postmaster(cluster)
        if postmaster is not None and postmaster.ready:
            return None
        said = _tail(log, before)
        gone = postmaster is None or (postmaster.pid > 0 and not _lives(postmaster, cluster))
        if gone and (appeared or "FATAL" in said or "PANIC" in said):
            return said
        appeared = appeared or not gone
        if time.monotonic() > (deadline if appeared else patience):
            return said or "it takes too long"
        time.sleep(_POLL_S)


def _tail(log: Path, start: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(start)
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _configure(place: Place, port: int, settings: Mapping[str, str | int]) -> None:
    lines: dict[str, str | int] = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 60,
        "shared_buffers": f"{_kept_in_memory_mib(_memory_mib())}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "128MB",
        "effective_cache_size": "1GB",
        "random_page_cost": "1.1",
        "jit": "off",
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "password_encryption": "scram-sha-256",
    }
    if place.installation.major >= 18:
        # No extra processes for the reads of one person.
        lines["io_method"] = "sync"
    lines.update(settings)
    text = "".join(f"{name} = '{value}'\n" for name, value in lines.items())
    ours = place.cluster / OUR_CONFIGURATION
    # As root we write into a folder of another user: a link there leads nowhere.
    files.write(ours, text, mode=0o644, follow=False)


def _kept_in_memory_mib(memory_mib: int) -> int:
    """How much of the tables the server may keep. What is larger than a quarter of it is read anew
    from the files whenever somebody goes through all of it, and ten years of counts have 60 MiB."""
    return min(512, max(128, memory_mib // 16))


def _memory_mib() -> int:
    """The memory of this machine [MiB]; 0 where it doesn't tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    except (AttributeError, OSError, ValueError):
        return 0


def _last_port(cluster: Path) -> int:
    try:
        text = (cluster / OUR_CONFIGURATION).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return 0
    found = re.search(r"^port = '([0-9]{1,5})'", text, re.M)
    return int(found[1]) if found and int(found[1]) < 2**16 else 0


def _free_port(wanted: int) -> int:
    """The wanted port when nobody listens there, else one that the system has free."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Unavailable("The system has no free port on 127.0.0.1.")


def _make_database(folder: Path, port: int, password: str) -> None:
    try:
        with psycopg.connect(_dsn(port, password, "postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [OWNER])
            if known.rowcount == 0:
                connection.execute(f"CREATE DATABASE {OWNER}")
    except psycopg.Error as error:
        if (full := disk_full(folder, str(error))) is not None:
            raise full from error
        raise Unavailable(f"The database on port {port} doesn't answer: {error}") from error


def _stop(place: Place, patience_s: float) -> None:
    cluster = place.cluster
    postmaster = _postmaster(cluster)
    if postmaster is None or not _lives(postmaster, cluster):
        return
    place.run("pg_ctl", "stop", "-W", "-m", "fast", "-D", str(cluster))
    deadline = time.monotonic() + patience_s
    while _lives(postmaster, cluster) and (cluster / "postmaster.pid").exists():
        if time.monotonic() > deadline:
            logger.warning("The database in %s takes long to stop", cluster)
            return
        time.sleep(_POLL_S)
