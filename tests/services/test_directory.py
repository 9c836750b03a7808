"""Members of e-groups from a real LDAP server, and from ones that answer badly."""

import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from app.domain.errors import BadInput, Refused, Unavailable
from app.domain.rights.egroups import Branches
from app.services import directory
from app.services.directory import Directory, read_members
from tests.free_ports import free_ports
from tests.ldap_server import (
    GROUPS,
    PASSWORD,
    PEOPLE,
    READER,
    LdapServer,
    group,
    ldap_server,
    needs_slapd,
    person,
)

pytestmark = needs_slapd

LOGINS = [f"p{number:03}" for number in range(200)]
E_GROUPS = {
    "dt": [group("dt-shift"), person("p003")],
    "dt-shift": [group("dt-night"), person("p004")],
    "dt-night": [group("dt"), person("P005")],
    "everybody": [person(login) for login in LOGINS],
    "hidden": [group("nowhere"), person("p001")],
    "odd": ["CN=p009,OU=Robots,DC=cern,DC=ch", group("*(x)"), group(r"Andr\C3\A9\2c b")],
    "*(x)": [person("p007")],
    r"Andr\C3\A9\2c b": [person("p008")],
    **{f"small-{number}": [person("p001")] for number in range(60)},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LdapServer]:
    """With 200 people, groups in groups, in a circle and in none."""
    with ldap_server(tmp_path_factory.mktemp("ldap"), LOGINS, E_GROUPS) as server:
        yield server


@contextmanager
def limited(folder: Path, more: str) -> Iterator[Directory]:
    """The same people on a server that gives less."""
    with ldap_server(folder, LOGINS, E_GROUPS, more) as server:
        yield Directory(server.plain, plain=True)


def test_that_people_come_through_groups_in_groups_and_a_circle_ends(server: LdapServer) -> None:
    found = read_members(Directory(server.tls, authority=server.authority), ["DT", "everybody"])
    assert found.known == {"DT": {"p003", "p004", "p005"}, "everybody": frozenset(LOGINS)}
    assert found.unknown == {}


def test_that_names_with_signs_of_filters_and_names_are_found(server: LdapServer) -> None:
    found = read_members(Directory(server.plain, plain=True), ["odd", "*", "*(x)"])
    assert found.known == {"odd": {"p007", "p008"}, "*(x)": {"p007"}}
    assert found.unknown == {"*": "is not in LDAP"}


def test_that_what_is_not_shown_in_full_is_not_known(server: LdapServer) -> None:
    found = read_members(Directory(server.plain, plain=True), ["hidden", "nobody", "dt"])
    assert found.unknown["nobody"] == "is not in LDAP"
    assert "which LDAP doesn't show" in found.unknown["hidden"]
    assert list(found.known) == ["dt"]


def test_that_more_groups_than_a_search_asks_for_are_found(server: LdapServer) -> None:
    found = read_members(Directory(server.plain, plain=True), E_GROUPS.keys() - {"hidden"})
    assert len(found.known) == len(E_GROUPS) - 2


def test_that_start_tls_and_a_login_work(server: LdapServer) -> None:
    for there in (
        Directory(server.plain, start_tls=True, authority=server.authority),
        Directory(server.tls, Branches(GROUPS, PEOPLE), READER, PASSWORD, server.authority),
    ):
        assert read_members(there, ["*(x)"]).known == {"*(x)": {"p007"}}


def test_that_a_wrong_password_is_told(server: LdapServer) -> None:
    wrong = Directory(server.plain, bind_dn=READER, password="wrong-password", plain=True)
    with pytest.raises(Unavailable, match="--password-file is wrong") as refused:
        read_members(wrong, ["dt"])
    assert "wrong-password" not in str(refused.value)


@pytest.mark.parametrize("start_tls", [False, True])
def test_that_a_server_of_another_authority_is_not_believed(
    server: LdapServer, tmp_path: Path, start_tls: bool
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    address = server.plain if start_tls else server.tls
    for authority in (other, None):
        with pytest.raises(Unavailable, match="certificate is in that name and of an authority"):
            read_members(Directory(address, authority=authority, start_tls=start_tls), ["dt"])


def test_that_a_server_of_another_name_is_not_believed(
    server: LdapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A person's own file may say that certificates don't count: it has no say here.
    monkeypatch.setenv("LDAPTLS_REQCERT", "never")
    there = Directory(server.tls.replace("127.0.0.1", "127.0.0.2"), authority=server.authority)
    with pytest.raises(Unavailable, match="can't be asked"):
        read_members(there, ["dt"])


def test_that_a_closed_port_and_a_wrong_branch_are_told(server: LdapServer) -> None:
    closed = Directory(f"ldaps://127.0.0.1:{free_ports(1)[0]}", authority=server.authority)
    with pytest.raises(Unavailable, match="nobody answers there, Connection refused"):
        read_members(closed, ["dt"])
    elsewhere = Directory(server.plain, Branches("OU=x,DC=cern,DC=ch", PEOPLE), plain=True)
    with pytest.raises(Unavailable, match="it has no entry OU=x,DC=cern,DC=ch: check --base"):
        read_members(elsewhere, ["dt"])


def test_that_a_size_limit_is_an_error_and_no_answer(tmp_path: Path) -> None:
    with (
        limited(tmp_path, "sizelimit size.soft=20 size.hard=20 size.prtotal=20") as there,
        pytest.raises(Unavailable, match="fewer entries than there are"),
    ):
        read_members(there, E_GROUPS)


def test_that_pages_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "_PAGE", 7)
    with limited(tmp_path, "sizelimit size.soft=20 size.hard=20 size.prtotal=unlimited") as there:
        assert len(read_members(there, E_GROUPS.keys()).known) == len(E_GROUPS) - 2


def test_that_members_that_are_hidden_are_not_taken_for_gone(tmp_path: Path) -> None:
    with limited(tmp_path, "access to attrs=member by * none\naccess to * by * read") as there:
        assert read_members(there, ["dt"]).unknown == {"dt": "has no members in LDAP"}


def test_that_who_has_to_say_who_it_is_is_told(tmp_path: Path) -> None:
    with (
        limited(tmp_path, "require authc") as there,
        pytest.raises(Unavailable, match="name who asks with --bind-dn"),
    ):
        read_members(there, ["dt"])


class _Relay(socketserver.BaseRequestHandler):
    """Passes on the first bytes that an LDAP server says, then does something worse."""

    def handle(self) -> None:
        left, here = self.server.passed_on, self.request
        with socket.create_connection(self.server.there) as there:
            while True:
                for ready in select.select([here, there], [], [])[0]:
                    said = ready.recv(4096)
                    if not said:
                        return
                    if ready is here:
                        there.sendall(said)
                        continue
                    here.sendall(said[:left])
                    left -= len(said)
                    if left <= 0 and self.server.then is None:
                        return
                    if left <= 0:
                        here.sendall(self.server.then)
                        left = 0


@contextmanager
def between(server: LdapServer, passed_on: int, then: bytes | None) -> Iterator[Directory]:
    """A way to the server that breaks: closed, silent (no bytes more) or full of nonsense."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Relay) as relay:
        relay.there, relay.passed_on, relay.then = ("127.0.0.1", server.port), passed_on, then
        thread = threading.Thread(target=relay.serve_forever)
        thread.start()
        try:
            yield Directory(f"ldap://127.0.0.1:{relay.server_address[1]}", plain=True, answer_s=2)
        finally:
            relay.shutdown()
            thread.join()


@pytest.mark.parametrize("passed_on", [0, 5, 14, 100, 1000, 9000])
@pytest.mark.parametrize("then", [None, b"", b"\x30\x84\xff" * 50], ids=["cut", "silent", "junk"])
def test_that_an_answer_that_breaks_off_is_none(
    server: LdapServer, passed_on: int, then: bytes | None
) -> None:
    with between(server, passed_on, then) as there, pytest.raises(Unavailable):
        read_members(there, ["dt", "everybody"])


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose files a program named `ldapsearch` prints by the last word it is given, as
    Active Directory tells large groups in parts, which OpenLDAP doesn't."""
    program = tmp_path / "ldapsearch"
    program.write_text('#!/bin/sh\nfor word; do :; done\ncat "$(dirname "$0")/$word"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


FIRST = (
    f"dn: {group('big')}\nmember;range=0-1: {person('ann')}\nmember;range=0-1: {person('bob')}\n"
)
ACTIVE_DIRECTORY = Directory("ldap://dc.example", plain=True)


def test_that_a_large_group_is_read_part_by_part(shown: Path) -> None:
    (shown / "member").write_text(FIRST)
    (shown / "member;range=2-*").write_text(
        f"dn: {group('big')}\nmember;range=2-3: {person('eve')}\nmember;range=2-3: {person('x')}\n"
    )
    (shown / "member;range=4-*").write_text(
        f"dn: {group('big')}\nmember;range=4-*: {person('last')}\n"
    )
    assert read_members(ACTIVE_DIRECTORY, ["big"]).known == {
        "big": {"ann", "bob", "eve", "x", "last"}
    }


@pytest.mark.parametrize(
    "second",
    [
        "",
        f"dn: {group('big')}\n",
        f"dn: {group('big')}\nmember;range=0-1: {person('ann')}\n",
        f"dn: {group('big')}\nmember;range=2-1: {person('ann')}\n",
        f"dn: {group('big')}\nmember;range=3-*: {person('ann')}\n",
    ],
)
def test_that_a_large_group_with_a_part_missing_is_an_error(shown: Path, second: str) -> None:
    (shown / "member").write_text(FIRST)
    (shown / "member;range=2-*").write_text(second)
    with pytest.raises(Unavailable, match="doesn't tell all members of"):
        read_members(ACTIVE_DIRECTORY, ["big"])


@pytest.mark.parametrize(
    "printed",
    [
        "nonsense\n",
        "member: x\n",
        "dn: nonsense\n",
        f"dn: {group('big')}\nmember:: /w==\n",
        f"dn: {group('big')}\nmember: nonsense\n",
    ],
)
def test_that_nonsense_is_an_error(shown: Path, printed: str) -> None:
    (shown / "member").write_text(printed)
    with pytest.raises((Unavailable, BadInput), match=r"can't be read|is not a distinguished name"):
        read_members(ACTIVE_DIRECTORY, ["big"])


def test_that_a_missing_ldapsearch_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Refused, match="sudo apt-get install ldap-utils"):
        read_members(ACTIVE_DIRECTORY, ["big"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://dc.example"},
        {"url": "ldaps://"},
        {"url": "ldaps://dc.example/DC=ch"},
        {"url": "ldaps://dc.example", "bind_dn": READER},
        {"url": "ldaps://dc.example", "authority": Path("/nowhere/ca.pem")},
        {"url": "ldap://dc.example", "plain": False},
    ],
    ids=str,
)
def test_that_what_makes_no_sense_or_no_safety_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Refused):
        replace(ACTIVE_DIRECTORY, **wrong)
