"""The members of e-groups, read from LDAP with OpenLDAP's own `ldapsearch`.

No client of LDAP comes as a package that installs without a compiler. `ldapsearch` is in Debian's
ldap-utils and in the openldap-clients of others; `ldif` reads what it prints.
"""

import io
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ldif import LDIFParser

from app.domain.errors import BadInput, Refused, Unavailable
from app.domain.masking import keep_secret
from app.domain.rights import egroups
from app.domain.rights.egroups import Branches, Group, Members

GROUPS = "OU=e-groups,OU=Workgroups,DC=cern,DC=ch"
PEOPLE = "OU=Users,OU=Organic Units,DC=cern,DC=ch"

_CONNECT_S = 10
_ALL_S = 600.0
_PAGE = 500
_NAMES_A_SEARCH = 50
_MOST_BYTES = 64 * 1024 * 1024
_MOST_GROUPS = 10_000

_MEANING = {
    3: "it stopped the search, which took too long",
    4: "it gives fewer entries than there are (size limit)",
    8: "it wants to know who asks: name who with --bind-dn",
    13: "it wants TLS: take ldaps:// or --start-tls",
    32: "it has no entry {base}: check --base",
    49: "it refuses {bind_dn}: --bind-dn or --password-file is wrong",
    48: "it wants to know who asks: name who with --bind-dn",
    50: "it doesn't let you read {base}: name who may with --bind-dn",
    53: "it doesn't serve everybody: name who asks with --bind-dn",
}
"""What the exit codes of ldapsearch, which are LDAP's result codes, mean and ask for."""


@dataclass(frozen=True)
class Directory:
    """Where LDAP is, whom to be there, whose certificate to trust, and where entries are.

    `authority` is a file of certificates instead of those of the system. An address without TLS is
    refused unless `plain`: whoever can change the answers on the way could give rights. One search
    may take `answer_s`.
    """

    url: str
    branches: Branches = field(default_factory=lambda: Branches(GROUPS, PEOPLE))
    bind_dn: str = ""
    password: str = field(default="", repr=False)
    authority: Path | None = None
    start_tls: bool = False
    plain: bool = False
    answer_s: float = 60.0

    def __post_init__(self) -> None:
        keep_secret(self.password)
        parts = urlsplit(self.url)
        if parts.scheme not in {"ldap", "ldaps"} or not parts.hostname or parts.path.strip("/"):
            raise BadInput(f"{self.url} is not an LDAP address, such as ldaps://xldap.cern.ch.")
        if parts.scheme == "ldap" and not (self.start_tls or self.plain):
            raise Refused(
                f"{self.url} isn't encrypted: others could change who is in an e-group on the way."
                " Take an ldaps:// address or --start-tls; --no-tls if that can't happen."
            )
        if self.bind_dn and not self.password:
            raise BadInput("--bind-dn needs --password-file with the password.")
        if self.authority is not None and not self.authority.is_file():
            raise BadInput(f"There is no file {self.authority} with certificates to trust.")


def read_members(directory: Directory, names: Collection[str]) -> Members:
    """The logins in these e-groups, through groups in groups.

    Raises Unavailable or Refused when LDAP doesn't answer all that is asked, so that nobody is
    taken for gone because an answer was cut off.
    """
    search = _Search(directory)
    found: dict[str, Group] = {}
    asked: set[tuple[str, str]] = set()
    wanted = {("cn", name) for name in names}
    while wanted:
        new = {egroups.key_of(group.dn): group for group in search.groups(wanted)}
        found |= new
        asked |= wanted
        if len(found) > _MOST_GROUPS:
            raise Refused(f"More than {_MOST_GROUPS} e-groups are in one another.")
        inner = egroups.nested(new.values(), directory.branches)
        wanted = {egroups.lookup(dn) for key, dn in inner.items() if key not in found} - asked
    return egroups.resolve(names, found.values(), directory.branches)


class _Search:
    """The searches of one sync, within one time."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._ends = time.monotonic() + _ALL_S
        program = shutil.which("ldapsearch")
        if program is None:
            raise Refused(
                "The program ldapsearch is missing. Type:  sudo apt-get install ldap-utils"
                "  (elsewhere openldap-clients), or give the members with --file."
            )
        self._program = program

    def groups(self, wanted: Collection[tuple[str, str]]) -> Iterator[Group]:
        """The groups that are named by these attributes and values."""
        ordered = sorted(wanted)
        for start in range(0, len(ordered), _NAMES_A_SEARCH):
            each = ordered[start : start + _NAMES_A_SEARCH]
            terms = "".join(f"({attribute}={_escaped(value)})" for attribute, value in each)
            branch = self._directory.branches.groups
            for dn, entry in self._entries(branch, "sub", f"(|{terms})", ["member"]):
                yield Group(dn, egroups.lookup(dn)[1], tuple(self._members(dn, entry)))

    def _members(self, dn: str, entry: Mapping[str, list[str]]) -> Iterator[str]:
        """All members of a group, also of one that LDAP tells in parts."""
        yield from entry.get("member", ())
        part, next_ = _part(entry), 0
        while part is not None:
            first, last, members = part
            if first != next_ or (last is not None and last < first):
                break
            yield from members
            if last is None:
                return
            next_ = last + 1
            wanted = [f"member;range={next_}-*"]
            entries = list(self._entries(dn, "base", "(objectClass=*)", wanted))
            part = _part(entries[0][1]) if entries else None
        if next_ or part is not None:
            raise Unavailable(
                f"The LDAP server {self._directory.url} doesn't tell all members of {dn}."
                " Nothing was changed."
            )

    def _entries(
        self, base: str, scope: str, filter_: str, attributes: Sequence[str]
    ) -> Iterator[tuple[str, Mapping[str, list[str]]]]:
        there = self._directory
        command = [self._program, "-LLL", "-H", there.url, "-x"]
        command += [
            "-o",
            f"nettimeout={_CONNECT_S}",
            "-o",
            "ldif-wrap=no",
            "-l",
            f"{there.answer_s:.0f}",
        ]
        command += ["-E", f"pr={_PAGE}/noprompt", "-b", base, "-s", scope]
        command += ["-ZZ"] if there.start_tls else []
        # The password comes through a pipe: arguments are seen by everybody on the machine.
        command += ["-D", there.bind_dn, "-y", "/dev/stdin"] if there.bind_dn else []
        printed = self._run([*command, filter_, *attributes], base)
        try:
            for dn, entry in LDIFParser(io.BytesIO(printed)).parse():
                if not dn or any(isinstance(v, bytes) for values in entry.values() for v in values):
                    raise ValueError("an entry without a name, or not in UTF-8")
                yield dn, entry
        except ValueError as error:
            raise Unavailable(
                f"The LDAP server {there.url} answers what can't be read: {error}."
                " Nothing was changed."
            ) from error

    def _run(self, command: Sequence[str], base: str) -> bytes:
        url = self._directory.url
        left_s = min(self._directory.answer_s, self._ends - time.monotonic())
        if left_s <= 0:
            raise Unavailable(f"The LDAP server {url} takes more than {_ALL_S:.0f} s in all.")
        # What a person set up for other servers has no say; a wrong certificate never passes.
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("LDAP")
        }
        environment |= {"LDAPTLS_REQCERT": "demand", "LC_ALL": "C"}
        if self._directory.authority is not None:
            environment["LDAPTLS_CACERT"] = str(self._directory.authority)
        try:
            done = subprocess.run(
                command,
                input=self._directory.password.encode(),
                capture_output=True,
                check=False,
                timeout=left_s,
                env=environment,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(
                f"The LDAP server {url} has not answered within {left_s:.0f} s."
            ) from error
        if done.returncode != 0:
            self._refuse(done.returncode, done.stderr, base)
        if len(done.stdout) > _MOST_BYTES:
            raise Refused(f"The LDAP server {url} answers more than {_MOST_BYTES // 2**20} MiB.")
        return done.stdout

    def _refuse(self, code: int, complaint: bytes, base: str) -> None:
        there = self._directory
        lines = [line.strip() for line in complaint.decode("utf-8", "replace").splitlines()]
        said = "; ".join(line for line in lines if line)[:300] or f"exit code {code}"
        meant = _MEANING.get(code)
        if meant is None:
            raise Unavailable(
                f"The LDAP server {there.url} can't be asked: {self._closed()} ({said})."
            )
        reason = meant.format(base=base, bind_dn=there.bind_dn or "you")
        raise Unavailable(f"The LDAP server {there.url} refused: {reason} ({said}).")

    def _closed(self) -> str:
        """Why no connection comes about: ldapsearch says the same of a closed port and a wrong
        certificate."""
        parts = urlsplit(self._directory.url)
        port = parts.port or (636 if parts.scheme == "ldaps" else 389)
        try:
            socket.create_connection((parts.hostname, port), _CONNECT_S).close()
        except OSError as error:
            return f"nobody answers there, {error.strerror or error}; check the address"
        if self._directory.plain:
            return "it breaks the connection off"
        return (
            "it doesn't prove who it is, or breaks the connection off; check that its certificate"
            " is in that name and of an authority that --ca names"
        )


def _part(entry: Mapping[str, list[str]]) -> tuple[int, int | None, list[str]] | None:
    """The part of the members that an entry has: its first and last number, and who they are."""
    for attribute, members in entry.items():
        numbers = egroups.ranged(attribute)
        if numbers is not None:
            return (*numbers, members)
    return None


def _escaped(value: str) -> str:
    """A value within a filter."""
    return "".join(f"\\{ord(each):02x}" if each in "*()\\\0" else each for each in value)
