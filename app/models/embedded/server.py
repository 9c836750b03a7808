"""Our own PostgreSQL in a data folder, shared by all processes of the person who open it.

The first process starts the server, the last one stops it. Each process keeps a lock on a file of
its own in `clients/`: the system drops it when the process dies, so nobody waits for the dead.
As root, which PostgreSQL refuses, the server runs as another user of the system.
"""

import atexit
import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import psycopg
from msgspec import Struct
from psycopg.errors import ConnectionTimeout

from app.domain.errors import Refused, Unavailable
from app.domain.progress import SILENT, Progress
from app.models.embedded import upgrade
from app.models.embedded.cluster import (
    OWNER,
    RESTORING,
    UNFINISHED,
    Place,
    cluster_path,
    disk_full,
    explained,
    initialise,
    make_folder,
    read_password,
)
from app.models.embedded.file_lock import FileLock, register_client, somebody_is_here
from app.models.embedded.postmaster import is_left_over, lives, read_note
from app.models.embedded.programs import account_for, choose_installation, within_reach
from app.models.embedded.starting import Launch, launch, start
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
        with explained(folder), ExitStack() as locked:
            make_folder(folder)
            begun = _begun.pop(folder, None)
            if begun is None:
                locked.enter_context(FileLock(folder / "lock").held())
            else:
                locked.callback(begun.lock.release)
            return cls._open_locked(folder, settings or {}, begun)

    @classmethod
    @contextmanager
    def begun(cls, data_dir: Path) -> Iterator[None]:
        """Has the server of a data folder start meanwhile, where there is one that doesn't run.

        `open` takes it up and waits for it; where nobody opens it, it is left again. Whatever is
        wrong is told by `open`.
        """
        begun = None
        with suppress(Refused, Unavailable, OSError, ValueError, RuntimeError):
            begun = _begin(data_dir.expanduser().absolute())
        if begun is not None:
            _begun[begun.place.folder] = begun
        try:
            yield
        finally:
            if begun is not None and _begun.pop(begun.place.folder, None) is begun:
                begun.leave()

    @classmethod
    def _open_locked(
        cls, folder: Path, settings: Mapping[str, str | int], begun: "_Begun | None"
    ) -> "EmbeddedServer":
        place = _place(folder) if begun is None else begun.place
        if begun is None:
            _give_up_upgrade(upgrade.unfinished(place))
            if not (place.cluster / "PG_VERSION").exists():
                initialise(place)
        password = read_password(folder) if begun is None else begun.password
        client = register_client(folder) if begun is None else begun.client
        try:
            port = None if begun is not None else _running(place.cluster, password)
            if port is None:
                port = start(place, settings, None if begun is None else begun.launch)
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
                port = start(place, self._settings)
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


class _Begun(Struct, frozen=True):
    """A server that was told to start, its folder's lock held until it is taken up or left."""

    place: Place
    password: str
    lock: FileLock
    client: FileLock
    launch: Launch

    def leave(self) -> None:
        """Stops the server again, unless others use it by now."""
        try:
            self.launch.fault(time.monotonic() + _STOP_REFUSED_S)
            self.client.release(remove=True)
            if not somebody_is_here(self.place.folder):
                _stop(self.place, _STOP_REFUSED_S)
        finally:
            self.lock.release()


_begun: dict[Path, _Begun] = {}
"""What this process has told to start and not taken up yet, by data folder."""


def _begin(folder: Path) -> _Begun | None:
    """Tells the server of a folder to start. None where it has no files yet or something else is to
    be done first, which `open` does."""
    lock = FileLock(folder / "lock")
    if not (folder / "cluster" / "PG_VERSION").exists() or not lock.try_acquire():
        return None
    with ExitStack() as undone:
        undone.callback(lock.release)
        if read_note(folder / "cluster") is not None:
            return None
        place, password = _place(folder), read_password(folder)
        if upgrade.unfinished(place).cluster.exists():
            return None
        client = register_client(folder)
        undone.callback(client.release, remove=True)
        begun = _Begun(place, password, lock, client, launch(place, {}))
        undone.pop_all()
        return begun


def _place(folder: Path) -> Place:
    """Where the server of a folder has its files, and who runs which programs on them."""
    account = account_for(folder / "cluster")
    cluster = cluster_path(folder, account)
    upgrade.finish(cluster)
    installation = choose_installation(cluster)
    if account is not None:
        installation = within_reach(installation, account)
    return Place(folder, cluster, installation, account)


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
    port = _running(place.cluster, password) or start(place, {})
    try:
        _make_database(place.folder, port, password)
        yield _dsn(port, password, OWNER)
    finally:
        _stop(place, _STOP_S)
    if (postmaster := read_note(place.cluster)) is not None and lives(postmaster, place.cluster):
        raise Unavailable(
            f"The database in {place.cluster} doesn't stop. Nothing was changed; try again."
        )


def _dsn(port: int, password: str, database: str) -> str:
    # Neither TLS nor Kerberos is tried on loopback, whatever the person's environment says.
    return (
        f"postgresql://{OWNER}:{password}@127.0.0.1:{port}/{database}"
        "?sslmode=disable&gssencmode=disable"
    )


def _running(cluster: Path, password: str) -> int | None:
    """Port of the server when it answers, waiting while it starts or stops; else None."""
    deadline = time.monotonic() + _START_S
    silent = 0
    while (postmaster := read_note(cluster)) is not None:
        if postmaster.pid > 0 and not lives(postmaster, cluster):
            # Its number may belong to another process by now: the server would then refuse.
            (cluster / "postmaster.pid").unlink(missing_ok=True)
            return None
        if postmaster.pid == 0 and is_left_over(cluster):
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
    postmaster = read_note(place.cluster)
    if postmaster is None or not postmaster.ready or not lives(postmaster, place.cluster):
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
    postmaster = read_note(cluster)
    if postmaster is None or not lives(postmaster, cluster):
        return
    place.run("pg_ctl", "stop", "-W", "-m", "fast", "-D", str(cluster))
    deadline = time.monotonic() + patience_s
    while lives(postmaster, cluster) and (cluster / "postmaster.pid").exists():
        if time.monotonic() > deadline:
            logger.warning("The database in %s takes long to stop", cluster)
            return
        time.sleep(_POLL_S)
