"""A real LDAP server (OpenLDAP's slapd) on loopback, with people and e-groups as CERN has them."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.free_ports import free_ports, wait_for_port

GROUPS = "OU=e-groups,OU=Workgroups,DC=cern,DC=ch"
PEOPLE = "OU=Users,OU=Organic Units,DC=cern,DC=ch"
READER, PASSWORD = "CN=reader,DC=cern,DC=ch", "wörd with blanks"

_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
database mdb
suffix "DC=cern,DC=ch"
rootdn "{READER}"
rootpw "{PASSWORD}"
directory {folder}/data
{more}
"""

needs_slapd = pytest.mark.skipif(
    shutil.which("slapd", path="/usr/sbin:/usr/bin") is None or shutil.which("ldapsearch") is None,
    reason="needs Debian's slapd and ldap-utils (apt-get install)",
)


def person(login: str) -> str:
    """The distinguished name of a person."""
    return f"CN={login},{PEOPLE}"


def group(name: str) -> str:
    """The distinguished name of an e-group."""
    return f"CN={name},{GROUPS}"


@dataclass(frozen=True)
class LdapServer:
    """Where it listens, and the file of the authority that signed its certificate."""

    port: int
    tls_port: int
    authority: Path

    @property
    def plain(self) -> str:
        """The address without TLS."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls(self) -> str:
        """The address with TLS."""
        return f"ldaps://127.0.0.1:{self.tls_port}"


@contextmanager
def ldap_server(
    folder: Path, logins: Sequence[str], groups: Mapping[str, Sequence[str]], more: str = ""
) -> Iterator[LdapServer]:
    """A server with these people, and these groups with the distinguished names of members.

    `more` are lines of slapd.conf for the database.
    """
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "server.key")
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(folder / "server.pem", append=number > 0)
    (folder / "data").mkdir()
    configuration = folder / "slapd.conf"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, READER=READER, PASSWORD=PASSWORD, more=more)
    )
    content = folder / "content.ldif"
    content.write_text("\n".join(_entries(logins, groups)))
    subprocess.run(
        ["/usr/sbin/slapadd", "-q", "-f", str(configuration), "-l", str(content)],
        check=True,
        capture_output=True,
    )
    port, tls_port = free_ports(2)
    urls = f"ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/"
    with subprocess.Popen(
        ["/usr/sbin/slapd", "-d", "0", "-f", str(configuration), "-h", urls],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as slapd:
        try:
            wait_for_port(tls_port)
            yield LdapServer(port, tls_port, folder / "ca.pem")
        finally:
            slapd.terminate()


def _entries(logins: Sequence[str], groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield "dn: DC=cern,DC=ch\nobjectClass: domain\ndc: cern\n"
    for dn in ("OU=Workgroups,DC=cern,DC=ch", "OU=Organic Units,DC=cern,DC=ch", GROUPS, PEOPLE):
        yield f"dn: {dn}\nobjectClass: organizationalUnit\n"
    for login in logins:
        yield f"dn: {person(login)}\nobjectClass: inetOrgPerson\nsn: {login.title()}\n"
    for name, members in groups.items():
        lines = "\n".join(f"member: {member}" for member in members)
        yield f"dn: {group(name)}\nobjectClass: groupOfNames\n{lines}\n"
