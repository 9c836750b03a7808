"""People log in by a password over TLS that proves the server."""

import io
import sys
from pathlib import Path

import keyring
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.cli.databases.test_connections import ForgettingKeyring
from tests.logins.server import LoginServer


@pytest.fixture
def pgpass(tmp_path: Path) -> Path:
    """~/.pgpass with the right password."""
    file = tmp_path / "pgpass"
    file.write_text("localhost:*:*:g_shifter:p\n")
    file.chmod(0o600)
    return file


def test_that_a_password_of_pgpass_says_who_acts(
    run_registry, login_to: LoginServer, pgpass: Path
) -> None:
    who = run_registry("--dsn", login_to.over_tls("g_shifter"), "whoami", "--json").document
    assert (who["email"], who["egroups"]) == ("shifter@cern.ch", ["shifters"])
    assert who["proved"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "~/.pgpass"),
        ("localhost:*:*:g_shifter:wrong\n", "password"),
        ("localhost:*:*:g_expert:p\n", "~/.pgpass"),
    ],
)
def test_that_a_wrong_and_a_missing_password_are_told(
    run_registry, login_to: LoginServer, pgpass: Path, line: str, told: str
) -> None:
    pgpass.write_text(line)
    refused = run_registry("--dsn", login_to.over_tls("g_shifter"), "whoami")
    assert refused.code == 1
    assert told in refused.err


@pytest.mark.usefixtures("pgpass")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"sslrootcert": "foreign"}, "CA"),
        ({"sslrootcert": "nowhere"}, "CA"),
        ({"sslrootcert": "server_key"}, "CA"),
        ({"host": "dbserver"}, "host"),
        ({"sslmode": "disable"}, "pg_hba.conf"),
    ],
)
def test_that_a_server_that_proves_nothing_is_not_believed(
    run_registry, login_to: LoginServer, options: dict[str, str], told: str
) -> None:
    given = {
        name: str(getattr(login_to.certificates, value)) if name == "sslrootcert" else value
        for name, value in options.items()
    }
    refused = run_registry("--dsn", login_to.over_tls("g_shifter", **given), "whoami")
    assert refused.code != 0
    assert told in refused.err


def test_that_a_login_that_the_guard_does_not_know_is_told(
    run_registry, login_to: LoginServer, pgpass: Path
) -> None:
    with psycopg.connect(login_to.dsn) as control:
        control.execute("GRANT by_password TO g_stranger")
    pgpass.write_text("*:*:*:g_stranger:p\n")
    refused = run_registry("--dsn", login_to.over_tls("g_stranger"), "whoami")
    assert "stands for no person and no service" in refused.err


def test_that_a_password_of_the_keyring_says_who_acts(
    run_registry, login_to: LoginServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(ForgettingKeyring())
    monkeypatch.setattr(sys, "stdin", io.StringIO("p\n"))
    parts = conninfo_to_dict(login_to.dsn)
    try:
        added = run_registry(
            *("connections", "add", "here", "--kind", "test", "--host", "localhost"),
            *("--port", parts["port"], "--database", parts["dbname"], "--login", "g_shifter"),
            *("--proof", "password", "--ask-password", "--gssencmode", "disable"),
            *("--ca-file", login_to.certificates.authority),
        )
        assert added.code == 0, added.err
        who = run_registry("--connection", "here", "whoami", "--json").document
    finally:
        keyring.set_keyring(before)
    assert (who["email"], who["proved"], who["protection"]) == ("shifter@cern.ch", True, "TLS")
