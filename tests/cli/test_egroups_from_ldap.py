"""`egroups sync --ldap`: the administrator gives e-groups the members that LDAP says they have."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from app.domain.configuration.permissions import EXPERTS
from app.models.database.engine import Database
from app.services import guard
from tests.cli.conftest import Ran
from tests.conftest import TestServer
from tests.ldap_server import LdapServer, group, ldap_server, needs_slapd, person
from tests.models.guard.guarded import DBA, LOGINS, address

pytestmark = needs_slapd

PEOPLE = [login for login, (_, groups) in LOGINS.items() if groups]


@pytest.fixture
def club(unguarded: str) -> str:
    """An e-group of this test alone: roles belong to the whole server."""
    return f"c_{unguarded.partition('?')[0].rpartition('/')[2]}"


@pytest.fixture
def guarded(
    administer: Callable[..., Ran], unguarded: str, club: str, server: TestServer
) -> Iterator[str]:
    """Guarded, with two people and a permission of an e-group that LDAP doesn't have; nobody else
    gives e-groups other members meanwhile."""
    with psycopg.connect(unguarded) as control:
        control.execute(
            'WITH item AS (INSERT INTO "Permission" (egroup, routes, "createdAt")'
            " VALUES (%s, '[\"/cycles\"]', now()) RETURNING id)"
            ' INSERT INTO "PermissionEntries" (id, "PL_id") SELECT id, 1 FROM item',
            [f"{club}_gone"],
        )
    assert administer("db", "guard", "install").code == 0
    for login in ("g_shifter", "g_dt"):
        assert administer("people", "add", login, "--email", f"{login}@cern.ch").code == 0
    with server.alone_with_egroups():
        yield unguarded


@pytest.fixture
def ldap(tmp_path: Path, club: str) -> Iterator[Callable[..., LdapServer]]:
    """Starts an LDAP server whose e-group of this test has these members; others stay as in the
    databases of other tests, whose roles are the same."""
    groups = {
        egroup: [person(login) for login, (_, all_) in LOGINS.items() if egroup in all_]
        for egroup in {each for _, all_ in LOGINS.values() for each in all_} | {EXPERTS}
        if egroup != "shifters"
    }
    groups["g_dt"] = [person("g_dt")]
    folder = tmp_path / "ldap"
    folder.mkdir()
    servers = []

    def start(*members: str, **inner: list[str]) -> LdapServer:
        here = folder / str(len(servers))
        here.mkdir()
        made = {name: dns for name, dns in (groups | {club: list(members)} | inner).items() if dns}
        server = ldap_server(here, [*PEOPLE, "jdoe"], made)
        servers.append(server)
        return server.__enter__()

    yield start
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def sync(administer: Callable[..., Ran]) -> Callable[..., Ran]:
    return lambda there, *words: administer(
        "egroups", "sync", "--ldap", there.tls, "--ca", there.authority, *words
    )


def of(egroup: str, pairs: list[list[str]]) -> list[str]:
    """The logins of one e-group."""
    return [login for each, login in pairs if each == egroup]


def test_that_members_of_ldap_are_members_here(
    run_registry, sync, ldap, guarded: str, club: str
) -> None:
    there = ldap(group("inner"), person("jdoe"), inner=[person("g_shifter"), group(club)])
    planned = sync(there, "--dry-run", "--json").document
    assert of(club, planned["joins"]) == ["g_shifter"]
    assert club in planned["made"]
    assert "jdoe" in planned["unknown"]
    missing = {each["egroup"]: each["reason"] for each in planned["missing"]}
    assert missing[f"{club}_gone"] == "is not in LDAP"
    # A login is no e-group, whatever a permission and LDAP say.
    assert "is a login of this server" in missing["g_dt"]

    done = sync(there)
    assert done.code == 0
    assert f"makes          {club}\n" in done.out
    assert f"joins          {club}: g_shifter\n" in done.out
    assert f"left alone     {club}_gone: it is not in LDAP\n" in done.out
    assert "added; 0 removed" in done.out
    who = run_registry("--dsn", address(guarded, "g_shifter"), "whoami")
    assert club in who.out
    assert re.search(r"synced .* UTC, \d+ (s|min) ago", who.out)
    again = sync(there, "--json").document
    assert (again["joins"], again["leaves"], again["made"]) == ([], [], [])


def test_that_who_left_leaves_and_who_is_only_hidden_stays(sync, ldap, guarded, club) -> None:
    assert sync(ldap(person("g_shifter"), person("g_dt"))).code == 0
    left = sync(ldap(person("g_dt")), "--json").document
    assert of(club, left["leaves"]) == ["g_shifter"]
    for vanished in (ldap(), ldap(group("nowhere"), person("jdoe"))):
        told = sync(vanished, "--json").document
        assert (told["leaves"], told["joins"]) == ([], [])
        assert club in [each["egroup"] for each in told["missing"]]
    emptied = sync(vanished, "--empty-missing", "--dry-run", "--json").document
    assert of(club, emptied["leaves"]) == ["g_dt"]


def test_that_a_sync_that_ldap_breaks_off_changes_nothing(
    administer, sync, ldap, guarded: str, club: str, tmp_path: Path
) -> None:
    there = ldap(person("g_shifter"))
    assert sync(there).code == 0
    stub = tmp_path / "ldapsearch"
    stub.write_text(
        f"#!/bin/sh\nprintf 'dn: {group(club)}\\nmember: {person('g_dt')}\\n'\nexit 4\n"
    )
    stub.chmod(0o755)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", str(tmp_path), prepend=":")
        refused = sync(there)
    assert refused.code != 0
    assert "fewer entries than there are (size limit)" in refused.err
    with psycopg.connect(guarded) as control:
        members = control.execute(
            "SELECT pg_has_role('g_shifter', %s, 'MEMBER'), pg_has_role('g_dt', %s, 'MEMBER')",
            [club, club],
        ).fetchone()
    assert members == (True, False)


def test_that_two_syncs_at_once_both_end_well(guarded: str, club: str) -> None:
    together = Barrier(4)

    def run(_: int) -> int:
        database = Database(address(guarded, DBA))
        try:
            with database.read():
                together.wait(30)
            wanted = {club: {"g_shifter", "g_dt"}}
            return len(guard.sync_egroups(database, wanted, "test", dry_run=False).joins)
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(run, range(4))) == [0, 0, 0, 2]


def test_that_a_password_is_read_from_its_file_and_never_shown(
    administer, ldap, guarded, tmp_path: Path
) -> None:
    there = ldap(person("g_dt"))
    password = tmp_path / "password"
    password.write_text("not the password\n")
    refused = administer(
        *("egroups", "sync", "--ldap", there.plain, "--no-tls", "--bind-dn", "CN=x,DC=cern,DC=ch"),
        *("--password-file", password),
    )
    assert "--password-file is wrong" in refused.err
    assert "not the password" not in refused.err


def test_that_an_unguarded_database_asks_no_ldap(run_registry, unguarded: str) -> None:
    refused = run_registry(
        "--dsn", unguarded, "egroups", "sync", "--ldap", "ldaps://nowhere.invalid"
    )
    assert "no guard on this database" in refused.err


def test_that_file_and_ldap_exclude_each_other(administer) -> None:
    assert administer("egroups", "sync").code == 2
    both = administer("egroups", "sync", "--file", "x", "--ldap", "ldaps://x")
    assert both.code == 2
