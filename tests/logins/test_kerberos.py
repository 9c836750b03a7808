"""People log in by Kerberos, with a ticket and without."""

from contextlib import closing

import pytest

from app.domain.errors import RegistryError
from app.models.database.engine import Database
from tests.logins.conftest import PASSWORD
from tests.logins.kdc import REALM, Kdc
from tests.logins.server import LoginServer


def tls(login_to: LoginServer) -> dict[str, str]:
    return {"sslmode": "verify-full", "sslrootcert": str(login_to.certificates.authority)}


@pytest.mark.parametrize("gssencmode", ["disable", "prefer", "require"])
def test_that_a_ticket_says_who_acts_without_a_question(
    run_registry, login_to: LoginServer, kerberos: Kdc, gssencmode: str
) -> None:
    kerberos.ticket("g_dt", PASSWORD)
    there = login_to.at("g_dt", gssencmode=gssencmode, **tls(login_to))
    who = run_registry("--dsn", there, "whoami", "--json").document
    assert (who["email"], who["egroups"]) == ("dt@cern.ch", ["dt-experts"])
    assert (who["login"], who["kind"], who["proved"]) == ("g_dt", "person", True)


@pytest.mark.parametrize(("gssencmode", "encrypted"), [("disable", False), ("prefer", True)])
def test_that_the_server_names_the_principal(
    login_to: LoginServer, kerberos: Kdc, gssencmode: str, encrypted: bool
) -> None:
    kerberos.ticket("g_dt", PASSWORD)
    with (
        closing(Database(login_to.at("g_dt", gssencmode=gssencmode, **tls(login_to)))) as database,
        database.read(),
    ):
        shown = login_to.asked(
            "SELECT principal, encrypted FROM pg_stat_gssapi WHERE gss_authenticated"
        )
    assert shown == [(f"g_dt@{REALM}", encrypted)]


@pytest.mark.parametrize("gssencmode", ["disable", "prefer", "require"])
def test_that_who_has_no_ticket_is_told_to_take_one(
    run_registry, login_to: LoginServer, kerberos: Kdc, gssencmode: str
) -> None:
    there = login_to.at("g_dt", gssencmode=gssencmode, **tls(login_to))
    refused = run_registry("--dsn", there, "whoami")
    assert refused.code != 0
    assert "Type kinit in a terminal" in refused.err


def test_that_an_expired_ticket_is_told(run_registry, login_to: LoginServer, kerberos: Kdc) -> None:
    kerberos.expired_ticket("g_dt", PASSWORD)
    for gssencmode in ("disable", "prefer", "require"):
        there = login_to.at("g_dt", gssencmode=gssencmode, **tls(login_to))
        refused = run_registry("--dsn", there, "whoami")
        assert (gssencmode, refused.code) == (gssencmode, 1)
        assert "Type kinit in a terminal" in refused.err


@pytest.mark.parametrize("gssencmode", ["disable", "require"])
def test_that_a_ticket_of_somebody_else_lets_nobody_in(
    login_to: LoginServer, kerberos: Kdc, gssencmode: str
) -> None:
    kerberos.ticket("g_expert", PASSWORD)
    there = login_to.at("g_dt", gssencmode=gssencmode, **tls(login_to))
    with (
        closing(Database(there)) as database,
        pytest.raises(RegistryError, match=r"GSSAPI.*Look at your ticket with klist"),
    ):
        database.prepare()


def test_that_a_server_unknown_to_kerberos_is_told(login_to: LoginServer, kerberos: Kdc) -> None:
    kerberos.ticket("g_dt", PASSWORD)
    there = login_to.at("g_dt", "dbserver", gssencmode="require")
    with (
        closing(Database(there)) as database,
        pytest.raises(RegistryError, match=r"Kerberos doesn't know the server by this name"),
    ):
        database.prepare()


def test_that_who_has_a_password_gets_in_beside_a_ticket_of_another_login(
    run_registry, login_to: LoginServer, kerberos: Kdc, tmp_path
) -> None:
    kerberos.ticket("g_dt", PASSWORD)
    password = tmp_path / "pgpass"
    password.write_text("*:*:*:g_shifter:p\n")
    password.chmod(0o600)
    there = login_to.at("g_shifter", gssencmode="prefer", **tls(login_to))
    who = run_registry("--dsn", there, "whoami", "--json").document
    assert who["email"] == "shifter@cern.ch"
