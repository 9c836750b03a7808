"""Who is in an e-group, as a directory says it: groups whose members are persons or groups.

CERN's directory holds groups such as `CN=cms-dt,OU=e-groups,OU=Workgroups,DC=cern,DC=ch`, whose
attribute `member` names persons (`CN=jdoe,OU=Users,OU=Organic Units,DC=cern,DC=ch`) and groups.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.domain.errors import BadInput

_PART = re.compile(r"((?:[^\\,]|\\.)*)(?:,|$)", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
_RANGE = re.compile(r"member;range=([0-9]{1,9})-([0-9]{1,9}|\*)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the directory: its distinguished name, its common name, and the distinguished
    names of its members."""

    dn: str
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Branches:
    """Below which distinguished names groups and persons are; others are nobody's login."""

    groups: str
    people: str

    def __post_init__(self) -> None:
        key_of(self.groups)
        key_of(self.people)


@dataclass(frozen=True)
class Members:
    """Logins by e-group, and the e-groups whose members aren't known, each with the reason."""

    known: Mapping[str, frozenset[str]]
    unknown: Mapping[str, str]


def key_of(dn: str) -> str:
    """The same text for all ways to write a distinguished name: capitals, blanks, escapes.

    Raises BadInput when it is none.
    """
    return ",".join(_parts(dn))


def lookup(dn: str) -> tuple[str, str]:
    """The attribute and the value that name an entry among those beside it."""
    attribute, value = _pairs(dn)[0]
    return attribute, _unescaped(value)


def is_below(dn: str, branch: str) -> bool:
    """Whether an entry is below another one."""
    parts, above = _parts(dn), _parts(branch)
    return len(parts) > len(above) and parts[-len(above) :] == above


def ranged(attribute: str) -> tuple[int, int | None] | None:
    """First and last number of a part of the members, last None where it ends them; None for
    another attribute. Large groups are told in parts (`member;range=0-1499`)."""
    found = _RANGE.fullmatch(attribute)
    if found is None:
        return None
    return int(found[1]), None if found[2] == "*" else int(found[2])


def nested(groups: Collection[Group], branches: Branches) -> dict[str, str]:
    """The groups that these have as members, by key, each as it is written."""
    return {
        key_of(member): member
        for group in groups
        for member in group.members
        if is_below(member, branches.groups)
    }


def resolve(wanted: Collection[str], groups: Collection[Group], branches: Branches) -> Members:
    """All logins of these e-groups, through groups in groups. A group is looked at once, so that a
    circle ends. Members that are neither persons nor groups have no login."""
    by_key = {key_of(group.dn): group for group in groups}
    known: dict[str, frozenset[str]] = {}
    unknown: dict[str, str] = {}
    for name in sorted(wanted):
        found = [group for group in groups if group.name.casefold() == name.casefold()]
        if len(found) != 1:
            unknown[name] = "is not in LDAP" if not found else "is in LDAP more than once"
            continue
        reached, hidden = _reached(found[0], by_key, branches)
        logins = frozenset(
            login_of(member)
            for group in reached
            for member in group.members
            if is_below(member, branches.people)
        )
        if hidden:
            unknown[name] = f"has the member {min(hidden)}, which LDAP doesn't show"
        elif not logins:
            unknown[name] = "has no members in LDAP"
        else:
            known[name] = logins
    return Members(known, unknown)


def login_of(dn: str) -> str:
    """The login of a person: the name of the entry, in small letters."""
    return lookup(dn)[1].lower()


def _reached(
    start: Group, by_key: Mapping[str, Group], branches: Branches
) -> tuple[list[Group], set[str]]:
    """A group with all groups in it, and those in it that aren't shown."""
    reached = {key_of(start.dn): start}
    hidden: set[str] = set()
    left = [start]
    while left:
        for key, dn in nested([left.pop()], branches).items():
            if key not in by_key:
                hidden.add(dn)
            elif key not in reached:
                reached[key] = by_key[key]
                left.append(by_key[key])
    return list(reached.values()), hidden


def _parts(dn: str) -> list[str]:
    return [f"{attribute}={_plain(value)}".casefold() for attribute, value in _pairs(dn)]


def _plain(value: str) -> str:
    """A value with the escapes alone that are needed to tell its commas apart."""
    return _unescaped(value).strip().replace("\\", "\\\\").replace(",", "\\,")


def _pairs(dn: str) -> list[tuple[str, str]]:
    """A distinguished name taken apart at its commas, but for those that are escaped."""
    found = [part for part in _PART.finditer(dn) if part[0]]
    pairs = [
        (name.strip(), value.strip()) for name, _, value in (p[1].partition("=") for p in found)
    ]
    named = all(_ATTRIBUTE.fullmatch(name) and value for name, value in pairs)
    if not pairs or not named or "".join(part[0] for part in found) != dn:
        raise BadInput(f"{dn!r} is not a distinguished name, such as OU=Users,DC=cern,DC=ch.")
    return pairs


def _unescaped(value: str) -> str:
    def plain(found: re.Match[bytes]) -> bytes:
        said = found[1]
        return bytes.fromhex(said.decode()) if len(said) == 2 else said

    return _ESCAPED.sub(plain, value.encode()).decode("utf-8", "replace")
