"""A certified season on the bundled PostgreSQL and on Debian's, sealed with a key and a clock."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from app.domain.seal.findings import Report
from app.domain.seal.notes import PrivateKey, PublicKey
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.seal import keys, verifying
from app.services.seal.keys import Signer
from app.services.seal.sealing import Sealer
from app.services.seal.verifying import EVERYTHING, Wanted
from tests.builders import EXPERT
from tests.conftest import TEMPLATE, TestServer, another_server, prepared
from tests.sealing import seal_with
from tests.services.offline_runs import FIRST, open_all, sign_off_runs

DEBIANS = Path("/usr/lib/postgresql/15/bin")
RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
ANY = "/%/DQM"
SEED = b"the seed of a key for tests only"
PUBLIC = bytes.fromhex("7d6454cf7666b168a2df0642f5717280d6636c80478a9b7c430f9a088f4b96a4")


@pytest.fixture(scope="session")
def server() -> Iterator[TestServer]:
    """A server of these tests alone: transactions of others on it hold the seal back."""
    with another_server() as server:
        yield server


@pytest.fixture(scope="session")
def template(server: TestServer) -> str:
    """Name of the database that `database` copies, on that server."""
    return server.template(TEMPLATE)


@pytest.fixture(scope="session")
def debians_server() -> Iterator[TestServer]:
    """A server of Debian's PostgreSQL 15."""
    if not (DEBIANS / "postgres").exists():
        pytest.skip("PostgreSQL 15 isn't here: apt install postgresql-15")
    with another_server(DEBIANS) as server:
        yield server


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Sealed:
    """A sealed database: who seals it, with which key, and a superuser who alters it."""

    db: Database
    dsn: str
    sealer: Sealer
    clock: Clock
    signer: Signer | None

    def seal(self) -> None:
        """Seals everything, and closes the numbers so far."""
        seal_with(self.db, self.sealer, self.later)

    def seal_beside_others(self) -> None:
        """Seals what is there, while somebody's transaction keeps the numbers open."""
        for _ in range(3):
            self.sealer.seal_new()
            self.later()

    def later(self) -> None:
        """Whatever was under way a while ago has had its time."""
        self.clock.now += 60

    def verify(self, wanted: Wanted = EVERYTHING) -> Report:
        return verifying.verify(Acting(self.db), wanted)

    def alter(self, *statements: str) -> None:
        """What the database's own administrator can do: past triggers and foreign keys."""
        with psycopg.connect(self.dsn) as control:
            control.execute("SET session_replication_role = replica")
            for statement in statements:
                assert control.execute(statement).rowcount > 0, statement

    def ask(self, query: str) -> int:
        with psycopg.connect(self.dsn) as control:
            (answer,) = control.execute(query).fetchone()
        return answer


@pytest.fixture
def key(tmp_path: Path) -> Signer:
    """The key of a puller, the same in every test."""
    return _key_in(tmp_path)


def _key_in(folder: Path) -> Signer:
    public = PublicKey("puller", PUBLIC)
    file = folder / "seal.key"
    file.write_text(PrivateKey("puller", SEED, public.id).text + "\n")
    file.chmod(0o600)
    return keys.load(file)


def sealed_of(db: Database, dsn: str, signer: Signer | None) -> Sealed:
    """A database that nothing was sealed in by this sealer yet."""
    clock = Clock()
    return Sealed(db, dsn, Sealer(db, "puller@p5", signer, clock=clock), clock, signer)


def _fill(db: Database) -> None:
    """A run that was signed off with two lists, the first official, sealed while it was made."""
    with tempfile.TemporaryDirectory() as folder:
        made = sealed_of(db, "", _key_in(Path(folder)))
        made.sealer.seal_new()
        sign_off_runs(db, FIRST)
        open_all(db, FIRST)
        golden.generate(Acting(db, EXPERT), ANY, RULE, official=True, insist=True)
        made.seal()
        golden.generate(Acting(db, EXPERT), ANY, RULE, insist=True)
        made.seal()


@pytest.fixture(params=["bundled", "Debian's 15"])
def season(request: pytest.FixtureRequest, key: Signer) -> Iterator[Sealed]:
    """A sealed season of its own, on the one server and on the other."""
    name = "server" if request.param == "bundled" else "debians_server"
    server: TestServer = request.getfixturevalue(name)
    template = server.template("run_registry_sealed", _fill)
    with server.copy(template) as dsn, prepared(dsn) as database:
        yield sealed_of(database, dsn, key)


@pytest.fixture
def here(database: Database, dsn: str, key: Signer) -> Sealed:
    """A database of the bundled server in which nothing is sealed."""
    return sealed_of(database, dsn, key)
