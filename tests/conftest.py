"""Fixtures that every test may use."""

import gc
import logging
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from pytestqt.wait_signal import SignalBlocker

from app import garbage
from app.domain import masking
from app.models.database.engine import Database
from app.models.embedded import EmbeddedServer
from app.models.embedded.cluster import OUR_CONFIGURATION
from app.models.embedded.file_lock import FileLock
from app.models.embedded.programs import BINARIES_VARIABLE
from app.models.schemas import shared_schema as schema
from tests.left_overs import LeftOvers, LoggedWarnings, Timers

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# How long an example takes says something about the machine, not about a rule being kept.
for _profile, _examples in (("tests", 30), ("at-length", 300)):
    settings.register_profile(
        _profile,
        max_examples=_examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
settings.load_profile("tests")  # `./run test --long core` asks for the other one

TEMPLATE = "run_registry_template"

_SERVER_FOLDER = "RUN_REGISTRY_TEST_SERVER_FOLDER"
_SERVER_OWNER = "RUN_REGISTRY_TEST_SERVER_OWNER"
_EGROUPS = 2014
"""An advisory lock: its holder alone changes who is in e-groups."""
_MAKING = 1
"""Another: its holder alone makes what all processes of the tests share."""


_timers = Timers()

_COLLECTING_S = 600.0
_PATIENCE_MS = 60_000
"""How long a window is waited for: a machine with other work takes long, a failure is rare."""


class PatientQtBot(QtBot):
    """Waits for facts as long as a loaded machine needs."""

    def waitUntil(
        self, callback: Callable[[], bool | None], *, timeout: int = _PATIENCE_MS
    ) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(
        self, signal: Any, *, timeout: int = _PATIENCE_MS, **options: Any
    ) -> SignalBlocker:
        return super().waitSignal(signal, timeout=timeout, **options)


@pytest.fixture
def at_length(request: pytest.FixtureRequest) -> None:
    """For a test that takes long and has a shorter twin."""
    if not request.config.getoption("--at-length"):
        pytest.skip("takes long: ./run test --long torture")


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """pytest-qt's, with more patience."""
    return PatientQtBot(request)


@pytest.fixture(autouse=True)
def nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that leaves something running or open, or logs a warning it doesn't expect.

    Its own fixtures are gone when this looks; `expected_log` names what is to be logged.
    """
    before = LeftOvers(_timers)
    logged = LoggedWarnings()
    logging.getLogger("app").addHandler(logged)
    yield
    logging.getLogger("app").removeHandler(logged)
    marks = list(request.node.iter_markers("expected_log"))
    wrong = logged.compared(
        [each for mark in marks if mark.kwargs.get("always", True) for each in mark.args],
        [each for mark in marks if not mark.kwargs.get("always", True) for each in mark.args],
    )
    wrong += before.found()
    garbage.collect_due()
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the real public data and the recorded behaviour of the web service."""
    named = os.environ.get("RUN_REGISTRY_TEST_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"the real public data isn't here ({folder}); set RUN_REGISTRY_TEST_DATA")
    return folder


@contextmanager
def prepared(dsn: str) -> Iterator[Database]:
    """The database at an address, with our desk, as the program opens it."""
    database = Database(dsn)
    database.prepare()
    yield database
    database.close()


class TestServer:
    """One PostgreSQL for the whole test session; hands out databases and drops them."""

    __test__ = False

    def __init__(self, folder: Path, **settings: str | int) -> None:
        # Nothing here has to survive a power cut.
        careless: dict[str, str | int] = {
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "max_wal_size": "256MB",
            "max_connections": 200,
            # A database that is made or dropped has all of it looked through.
            "shared_buffers": "64MB",
            **settings,
        }
        self._server = EmbeddedServer.open(folder, settings=careless)
        self._control = psycopg.connect(self._server.dsn, autocommit=True)
        self._templates: set[str] = set()
        if self._server.major >= 16:
            self._ask_little_of_logins()

    def _ask_little_of_logins(self) -> None:
        """Has a client hash its password once where it does it 4,096 times by itself: that is three
        quarters of what a connection costs it."""
        with self.alone_making():
            [iterations] = self._control.execute("SHOW scram_iterations").fetchone() or [""]
            if iterations != "1":
                self._control.execute("ALTER SYSTEM SET scram_iterations = 1")
                self._control.execute("SELECT pg_reload_conf()")
                self._control.execute("SET scram_iterations = 1")
                owner = conninfo_to_dict(self._server.dsn)
                self._control.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                        sql.Identifier(str(owner["user"])), sql.Literal(owner["password"])
                    )
                )

    def dsn(self, name: str) -> str:
        """Address of a database of this server."""
        return self._server.dsn.replace("/run_registry?", f"/{name}?")

    def create(self, template: str = "template0") -> str:
        """Name of a new database, a copy of `template`."""
        name = f"test_{secrets.token_hex(6)}"
        # Copying the files is three times as fast as writing each block to the log.
        copying = "STRATEGY file_copy" if self._control.info.server_version >= 150000 else ""
        self._control.execute(f"CREATE DATABASE {name} TEMPLATE {template} {copying}")
        return name

    def drop(self, name: str) -> None:
        """Forgets a database, whoever is still connected."""
        self._control.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextmanager
    def copy(self, template: str = "template0") -> Iterator[str]:
        """Address of a new database, a copy of `template`, for a while."""
        name = self.create(template)
        yield self.dsn(name)
        self.drop(name)

    @contextmanager
    def opened(self, template: str) -> Iterator[Database]:
        """The same, opened."""
        with self.copy(template) as dsn, prepared(dsn) as database:
            yield database

    def alone_with_egroups(self) -> AbstractContextManager[None]:
        """No other process changes who is in them: roles belong to the whole server."""
        return self._alone(_EGROUPS)

    def alone_making(self) -> AbstractContextManager[None]:
        """No other process makes what all share."""
        return self._alone(_MAKING)

    @contextmanager
    def _alone(self, lock: int) -> Iterator[None]:
        self._control.execute("SELECT pg_advisory_lock(%s)", [lock])
        try:
            yield
        finally:
            self._control.execute("SELECT pg_advisory_unlock(%s)", [lock])

    @contextmanager
    def closed(self, db: Database) -> Iterator[None]:
        """A database that nobody can reach for a while, as when its server is down."""
        dsn = self.dsn(db.dsn_without_password.rsplit("/", 1)[1])
        self.shut(dsn)
        yield
        self.reopen(dsn)

    def shut(self, dsn: str) -> None:
        """Ends every connection to a database and lets nobody in until `reopen`."""
        name = conninfo_to_dict(dsn)["dbname"]
        self._control.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self._control.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )

    def reopen(self, dsn: str) -> None:
        """Lets everybody in again."""
        name = conninfo_to_dict(dsn)["dbname"]
        self._control.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    @contextmanager
    def without_rights(self, dsn: str) -> Iterator[None]:
        """Lets who connects meanwhile read nothing."""
        name = conninfo_to_dict(dsn)["dbname"]
        self._control.execute(f"CREATE ROLE {name}")
        self._control.execute(f"ALTER DATABASE {name} SET role = {name}")
        self._control.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        yield
        self._control.execute(f"ALTER DATABASE {name} RESET role")
        self._control.execute(f"DROP ROLE {name}")

    def template(
        self, name: str, fill: Callable[[Database], None] | None = None, base: str = ""
    ) -> str:
        """Name of a database that is made once: with the shared schema, the first settings, our
        desk, or as another template is, and with what `fill` puts into it."""
        if name in self._templates:
            return name
        base = base or ("template0" if fill is None else self.template(TEMPLATE))
        with self.alone_making():
            known = self._control.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            if known.rowcount == 0:
                made = self.create(base)
                database = Database(self.dsn(made))
                if fill is None:
                    with database.transaction() as connection:
                        schema.create(connection)
                database.prepare()
                if fill is not None:
                    fill(database)
                database.close()
                self._control.execute(f"ALTER DATABASE {made} RENAME TO {name}")
        self._templates.add(name)
        return name

    def close(self) -> None:
        """Leaves the server."""
        self._control.close()
        self._server.close()


def filled_once(fill: Callable[[Database], None]) -> Any:
    """A fixture: a fresh copy of a database that this has filled, once for all tests.

    It isn't the one of `database` and `dsn`.
    """

    def copied(server: TestServer) -> Iterator[Database]:
        with server.opened(server.template(_template_of(fill), fill)) as database:
            yield database

    copied.__doc__ = fill.__doc__
    return pytest.fixture(name=fill.__name__)(copied)


def databases_filled_by(fill: Callable[[Database], None]) -> Any:
    """A fixture, named `template`: all `database` and `dsn` of a module are fresh copies of one
    that this has filled, once for all tests."""

    def named(server: TestServer) -> str:
        return server.template(_template_of(fill), fill)

    named.__doc__ = fill.__doc__
    return pytest.fixture(name="template", scope="session")(named)


def _template_of(fill: Callable[[Database], None]) -> str:
    return f"{fill.__name__}_{zlib.crc32(fill.__module__.encode()):08x}"


def fast_disk() -> str | None:
    """Memory where there is plenty: a database is a thousand small files."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 1024**3
    return str(memory) if roomy and os.access(memory, os.W_OK) else None


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A folder on a disk of that size, such as `64m`."""
    with tempfile.TemporaryDirectory(prefix="run-registry-disk-") as name:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", name],
            capture_output=True,
            check=False,
        )
        if mounted.returncode != 0:
            pytest.skip("needs the right to mount a small file system")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


@contextmanager
def another_server(programs: Path | None = None, **settings: str | int) -> Iterator[TestServer]:
    """A server of some tests alone, with the programs in that folder if one is named."""
    with (
        tempfile.TemporaryDirectory(prefix="run-registry-tests-", dir=fast_disk()) as name,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        Path(name).chmod(0o711)
        if programs is not None:
            monkeypatch.setenv(BINARIES_VARIABLE, str(programs))
        server = TestServer(Path(name), **settings)
        monkeypatch.undo()
        yield server
        server.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--json-logic-pairs",
        type=int,
        default=5_000,
        help="how many generated rules are compared with json-logic-js",
    )
    parser.addoption(
        "--frozen-program",
        action="store_true",
        help="run the whole program against a server that is frozen",
    )
    parser.addoption(
        "--ten-years",
        action="store_true",
        help="make a tenth of ten years and look at the plan of every statement",
    )
    parser.addoption(
        "--failovers", type=int, default=2, help="how often the primary dies in the middle of edits"
    )
    parser.addoption(
        "--racing-edits", type=int, default=6, help="edits of each of eight writers of one dataset"
    )
    parser.addoption(
        "--kills",
        type=int,
        default=2,
        help="how often a program is killed in the middle of writing",
    )
    parser.addoption(
        "--malformed-answers", type=int, default=90, help="how many records of OMS are damaged"
    )
    parser.addoption(
        "--at-length",
        action="store_true",
        help="also freeze servers, and have clocks jump",
    )
    parser.addoption(
        "--renew-pictures",
        action="store_true",
        help="store what the places look like now as what is right",
    )


def pytest_configure() -> None:
    # Where a shell begins the run in the background, all that tests start would ignore Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Windows of earlier tests are garbage, which no thread of a pool may collect.
    gc.disable()
    # Not below pytest's own folders: where tests run as root, the server's user can't enter them.
    # The variable hands the folder on to the processes of pytest-xdist.
    if _SERVER_FOLDER not in os.environ:
        folder = tempfile.mkdtemp(prefix="run-registry-tests-", dir=fast_disk())
        os.environ[_SERVER_FOLDER] = folder
        os.environ[_SERVER_OWNER] = str(os.getpid())
        # What a test leaves in a home (a key for the seal, a log) is of no use to a person.
        for kind in ("DATA", "CONFIG", "STATE", "CACHE"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(folder) / "home" / kind.lower())


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    if session.config.getoption("numprocesses", None):
        return (yield)  # others collect
    # The first process compiles the tests and all that they import. Others beside it would each do
    # the same once more: in a new checkout that is three fifths of what collecting costs.
    folder = Path(os.environ[_SERVER_FOLDER])
    compiled = folder / "compiled"
    with ExitStack() as alone:
        alone.enter_context(FileLock(folder / "collecting").held(_COLLECTING_S))
        if compiled.exists():
            alone.close()
        try:
            return (yield)
        finally:
            compiled.touch()


def pytest_collection_finish() -> None:
    # The tests and the modules they test stay until the end: nobody looks through them for garbage.
    _keep()


def pytest_sessionfinish() -> None:
    # pytest looks five times more, and Python once, for what has just been found.
    _keep()


def _keep() -> None:
    """Collects what is garbage, and has what isn't never be looked through again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    if os.environ.get(_SERVER_OWNER) != str(os.getpid()):
        return
    folder = Path(os.environ[_SERVER_FOLDER])
    if (folder / "cluster" / "postmaster.pid").exists():
        # A killed process has left it running.
        EmbeddedServer.open(folder).close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """A data folder for a server of the test's own, which the test has to stop."""
    # Not one of pytest's: where tests run as root, the server's user can't enter them.
    folder = Path(tempfile.mkdtemp(prefix="run-registry-data-", dir=fast_disk()))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server() -> Iterator[TestServer]:
    """The real PostgreSQL of this test session, shared by its processes."""
    server = TestServer(Path(os.environ[_SERVER_FOLDER]))
    yield server
    server.close()


@pytest.fixture(scope="session")
def made_once(server: TestServer) -> Path:
    """A data folder with the files of a server that doesn't run, to copy: making them takes ten
    times as long."""
    folder = Path(os.environ[_SERVER_FOLDER]) / "made"
    with server.alone_making():
        if not folder.exists():
            EmbeddedServer.open(folder).close()
            # Copies would all go for the port that is in it.
            (folder / "cluster" / OUR_CONFIGURATION).unlink()
    return folder


@pytest.fixture(scope="session")
def template(server: TestServer) -> str:
    """Name of the database that `database` copies."""
    return server.template(TEMPLATE)


@pytest.fixture(autouse=True)
def no_secrets_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that is secret in one test may stand in the texts of the next."""
    monkeypatch.setattr(masking, "_kept", {})


@pytest.fixture
def dsn(server: TestServer, template: str) -> Iterator[str]:
    """Address of a fresh database with the shared schema, the first settings and our desk."""
    with server.copy(template) as address:
        yield address


@pytest.fixture
def empty_dsn(server: TestServer) -> Iterator[str]:
    """Address of a fresh database with nothing in it."""
    with server.copy() as address:
        yield address


@pytest.fixture
def database(dsn: str) -> Iterator[Database]:
    """A fresh database with the shared schema, the first settings and our desk, prepared."""
    with prepared(dsn) as database:
        yield database


@pytest.fixture
def empty_database(empty_dsn: str) -> Iterator[Database]:
    """A fresh database with nothing in it."""
    database = Database(empty_dsn)
    yield database
    database.close()


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder for a server of its own: not below pytest's, which root's server can't enter."""
    with tempfile.TemporaryDirectory(prefix="run-registry-tests-", dir=fast_disk()) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder
