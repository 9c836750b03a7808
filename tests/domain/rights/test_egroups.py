"""Who is in an e-group, through groups in groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadInput
from app.domain.rights.egroups import (
    Branches,
    Group,
    is_below,
    key_of,
    lookup,
    nested,
    ranged,
    resolve,
)

GROUPS = "OU=e-groups,OU=Workgroups,DC=cern,DC=ch"
PEOPLE = "OU=Users,OU=Organic Units,DC=cern,DC=ch"
CERN = Branches(GROUPS, PEOPLE)


def a_group(name: str, *members: str) -> Group:
    return Group(f"CN={name},{GROUPS}", name, members)


def person(login: str) -> str:
    return f"CN={login},{PEOPLE}"


def inner(name: str) -> str:
    return f"cn={name}, ou=E-Groups,OU=Workgroups,dc=CERN,DC=ch"


def members(*groups: Group, of: str = "dt") -> frozenset[str] | str:
    """The logins of an e-group, or why they aren't known."""
    found = resolve([of], groups, CERN)
    return found.known[of] if of in found.known else found.unknown[of]


def test_that_people_of_groups_in_groups_are_members() -> None:
    outer = a_group("dt", inner("shift"), person("JDOE"))
    shift = a_group("shift", inner("night"), person("ann"))
    assert members(outer, shift, a_group("night", person("bob"))) == {"jdoe", "ann", "bob"}


def test_that_groups_in_a_circle_end() -> None:
    one, other = a_group("dt", inner("b"), person("ann")), a_group("b", inner("dt"), person("bob"))
    assert members(one, other) == {"ann", "bob"}


def test_that_a_group_that_is_not_shown_leaves_the_whole_unknown() -> None:
    assert members(a_group("dt", inner("b"), person("ann"))) == (
        f"has the member {inner('b')}, which LDAP doesn't show"
    )


def test_that_an_absent_an_empty_and_a_double_e_group_are_told_apart() -> None:
    assert members() == "is not in LDAP"
    assert members(a_group("dt")) == "has no members in LDAP"
    twice = Group(f"CN=DT,OU=old,{GROUPS}", "DT", (person("ann"),))
    assert members(a_group("dt", person("bob")), twice) == "is in LDAP more than once"


def test_that_only_what_is_below_the_branch_of_people_is_a_login() -> None:
    robots = "CN=expert,OU=Robots,DC=cern,DC=ch"
    unix = f"CN=zh,OU=unix,{PEOPLE.replace('Users', 'Groups')}"
    assert members(a_group("dt", robots, unix, person("ann"))) == {"ann"}


def test_that_an_e_group_is_found_whatever_its_capitals() -> None:
    assert members(a_group("CMS-DT", person("ann")), of="cms-dt") == {"ann"}


def test_that_escaped_commas_part_nothing() -> None:
    dn = rf"CN=a\,b\2cc,{GROUPS}"
    assert lookup(dn) == ("CN", "a,b,c")
    assert is_below(dn, GROUPS)
    assert not is_below(rf"CN=a\,{GROUPS}", GROUPS)
    assert not is_below(GROUPS, GROUPS)
    assert nested([a_group("x", dn)], CERN) == {key_of(dn): dn}


def test_that_a_name_in_utf_8_is_read() -> None:
    assert lookup(r"CN=Andr\C3\A9,DC=ch") == ("CN", "André")


@pytest.mark.parametrize("dn", ["", "x", "CN=", "CN=a,,DC=ch", "=a", "CN=a\\", "a b=c"])
def test_that_what_is_no_distinguished_name_is_refused(dn: str) -> None:
    with pytest.raises(BadInput, match="is not a distinguished name"):
        key_of(dn)
    with pytest.raises(BadInput, match="is not a distinguished name"):
        Branches(GROUPS, dn)


@given(st.text(alphabet="ac,=\\ C2é+"))
def test_that_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        key = key_of(text)
    except BadInput:
        return
    assert key_of(key) == key


def test_that_parts_of_large_groups_are_known_by_their_numbers() -> None:
    assert ranged("member;range=0-1499") == (0, 1499)
    assert ranged("member;Range=1500-*") == (1500, None)
    assert ranged("member") is None
    assert ranged("member;range=a-b") is None
