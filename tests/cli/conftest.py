"""The command line run in this process: words in, exit code and output out."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from app import logs
from app.__main__ import main
from app.demo.simulated_oms import SimulatedOms
from app.domain.json_value import JsonObject
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import in_force as configurations
from tests.builders import a_run
from tests.conftest import TestServer
from tests.models.guard.guarded import DBA, address, fill, hand_over

EXPERTS = "cms-dqm-runregistry-experts"
PERSON = "shifter@cern.ch"


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on standard output."""
        return json.loads(self.out)


RunRegistry = Callable[..., Ran]


@pytest.fixture
def run_registry(monkeypatch, capsys, tmp_path) -> RunRegistry:
    """Runs `run-registry` with these words, as an expert with no settings of this machine."""
    for name in os.environ:
        if name.startswith("RUN_REGISTRY_") and not name.startswith("RUN_REGISTRY_TEST_"):
            monkeypatch.delenv(name)
    settings = tmp_path / "settings.toml"
    settings.touch()
    monkeypatch.setenv("RUN_REGISTRY_SETTINGS", str(settings))
    monkeypatch.setenv("RUN_REGISTRY_CONNECTIONS_FILE", str(tmp_path / "connections.json"))
    monkeypatch.setenv("RUN_REGISTRY_USER", PERSON)
    monkeypatch.setenv("RUN_REGISTRY_EGROUPS", EXPERTS)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    # The handlers of the log belong to a process; each command here would add its own.
    monkeypatch.setattr(logs, "start", lambda **_: tmp_path / "run-registry.log")

    def run(*words: object) -> Ran:
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


FIRST, SECOND = 390001, 390002
RUN_LENGTH = 20


@pytest.fixture
def oms() -> Iterator[SimulatedOms]:
    """A simulated OMS with two collision runs; in the second the DTs were off for a while."""
    off: dict[int, JsonObject] = {
        number: {"dt0_ready": False, "dtm_ready": False, "dtp_ready": False}
        for number in range(8, 12)
    }
    runs = [a_run(FIRST, RUN_LENGTH), a_run(SECOND, RUN_LENGTH, changed=off)]
    with SimulatedOms(
        [run.attributes for run in runs],
        {run.run_number: run.lumisections for run in runs},
    ) as oms:
        yield oms


@pytest.fixture
def registry_template(run_registry, server: TestServer, oms) -> str:
    """Name of a database with the shipped configuration, into which OMS was pulled."""

    def fill(db: Database) -> None:
        dsn = server.dsn(db.dsn_without_password.rsplit("/", 1)[1])
        assert configurations.install_default(Acting(db))
        assert run_registry("--dsn", dsn, "pull", "--oms", oms.url).code == 0

    return server.template("pulled_from_oms", fill)


@pytest.fixture
def registry_dsn(server: TestServer, registry_template: str) -> Iterator[str]:
    """Address of a fresh copy of that database."""
    with server.copy(registry_template) as dsn:
        yield dsn


@pytest.fixture
def registry(run_registry, registry_dsn: str) -> RunRegistry:
    """`run_registry` on that database."""
    return lambda *words: run_registry("--dsn", registry_dsn, *words)


@pytest.fixture
def unguarded(server) -> Iterator[str]:
    """A database with runs whose tables belong to an administrator; nobody guards it yet."""

    def handed_over(database: Database) -> None:
        fill(database)
        hand_over(server.dsn(database.dsn_without_password.rsplit("/", 1)[1]))

    name = server.create(server.template("unguarded", handed_over))
    dsn = server.dsn(name)
    with psycopg.connect(dsn, autocommit=True) as control:
        # A copy belongs to whoever made it.
        control.execute(f"ALTER DATABASE {name} OWNER TO g_owner")
        # E-groups are of the whole server: this one is of this test alone.
        control.execute(f"UPDATE \"Permission\" SET egroup = 'c_{name}' WHERE egroup = 'shifters'")
    yield dsn
    server.drop(name)


@pytest.fixture
def administer(run_registry, unguarded):
    """`run-registry` as the administrator."""
    return lambda *words: run_registry("--dsn", address(unguarded, DBA), *words)
