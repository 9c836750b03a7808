"""One server that all ways of logging in are tried on."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.models.embedded.programs import BINARIES_VARIABLE
from tests.cli import conftest as cli
from tests.logins.kdc import Kdc, kdc, needs_kerberos
from tests.logins.server import LoginServer, login_server

_BINARIES = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "of-the-person"

run_registry = cli.run_registry


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skipif(
        not (_BINARIES / "postgres").exists(),
        reason="needs Debian's postgresql-15 (apt-get install)",
    )
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(missing)
            item.add_marker(needs_kerberos)
            item.add_marker(pytest.mark.xdist_group("logins"))


@pytest.fixture(scope="session")
def realm() -> Iterator[Kdc]:
    """Kerberos with two people in it."""
    with tempfile.TemporaryDirectory(prefix="run-registry-kdc-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with kdc(folder) as made:
            for login in ("g_dt", "g_expert"):
                made.add(login, PASSWORD)
            yield made


@pytest.fixture(scope="session")
def login_to(realm: Kdc) -> Iterator[LoginServer]:
    """A guarded database on the server of Debian."""
    keytab = realm.keytab("postgres/localhost")
    with tempfile.TemporaryDirectory(prefix="run-registry-15-", dir="/dev/shm") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv(BINARIES_VARIABLE, str(_BINARIES))
            patched.setenv("KRB5_CONFIG", realm.environment["KRB5_CONFIG"])
            (realm.folder / "krb5.conf").chmod(0o644)
            server_keytab = folder / "keytab"
            server_keytab.write_bytes(keytab.read_bytes())
            with login_server(folder, {"krb_server_keyfile": str(server_keytab)}) as server:
                owner = (folder / "cluster").resolve().stat()
                server_keytab.chmod(0o600)
                os.chown(server_keytab, owner.st_uid, owner.st_gid)
                # The tests after these take the server that the program takes by itself.
                patched.undo()
                yield server


@pytest.fixture
def kerberos(realm: Kdc, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kdc]:
    """The realm as a person finds it who has no ticket yet."""
    for name, value in realm.environment.items():
        monkeypatch.setenv(name, value)
    realm.forget_tickets()
    yield realm
    realm.forget_tickets()


@pytest.fixture(autouse=True)
def nothing_of_this_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No password, certificate or ticket of whoever runs the tests."""
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path / 'tickets'}")
