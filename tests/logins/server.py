"""Debian's PostgreSQL with the guard, set up as the administrator's page says: TLS, pg_hba."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import trustme

from app.models.database.engine import Database
from tests.conftest import TestServer
from tests.models.guard.guarded import build

_PAGE = Path(__file__).parents[2] / "docs" / "administration.md"
BY_PASSWORD, BY_CERTIFICATE = "g_shifter", "g_puller"


@dataclass(frozen=True)
class Certificates:
    """Files of an authority and of what it signed, and of another authority and what that did."""

    folder: Path

    def __getattr__(self, name: str) -> Path:
        """A file of the folder by its name without the ending."""
        return self.folder / f"{name}.pem"


@dataclass(frozen=True)
class LoginServer:
    """A guarded database that people log in to in all ways."""

    dsn: str
    certificates: Certificates

    def at(self, login: str, host: str = "localhost", **options: str) -> str:
        """The address that a person gives, without a password."""
        port, database = re.search(r":(\d+)/(\w+)", self.dsn).groups()
        options = {"hostaddr": "127.0.0.1", **options}
        return f"postgresql://{quote(login)}@{host}:{port}/{database}?{urlencode(options)}"

    def over_tls(self, login: str, **options: str) -> str:
        """The same over TLS that proves the server, without encryption by Kerberos."""
        proof = {"sslmode": "verify-full", "sslrootcert": str(self.certificates.authority)}
        return self.at(login, **({"gssencmode": "disable", **proof} | options))

    def asked(self, query: str) -> list[tuple[object, ...]]:
        """What somebody who sees all is answered."""
        with psycopg.connect(self.dsn) as control:
            return control.execute(query).fetchall()


def make_certificates(folder: Path) -> Certificates:
    """An authority with a server's and two clients' certificates, and a foreign authority."""
    made = Certificates(folder)
    for authority, names in (
        ("authority", ("server", "puller", "expert")),
        ("foreign", ("other",)),
    ):
        ca = trustme.CA()
        ca.cert_pem.write_to_path(getattr(made, authority))
        for name in names:
            wanted = {"server": ("localhost",)}.get(name, ())
            common = {"puller": "g_puller", "other": "g_puller", "expert": "g_expert"}.get(name)
            issued = ca.issue_cert(*(wanted or (f"{name}@cern.ch",)), common_name=common)
            issued.cert_chain_pems[0].write_to_path(getattr(made, name))
            issued.private_key_pem.write_to_path(getattr(made, f"{name}_key"))
            getattr(made, f"{name}_key").chmod(0o600)
    return made


def lines_of_the_page(database: str) -> list[str]:
    """The lines of pg_hba.conf that the administrator's page recommends, for another database."""
    found = re.findall(r"^    (host(?:ssl|gssenc) .*)$", _PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(found) == 4
    return [re.sub(r"\brun_registry\b", database, line) for line in found]


@contextmanager
def login_server(folder: Path, settings: Mapping[str, str]) -> Iterator[LoginServer]:
    """Runs while people log in; `settings` are of the server."""
    server = TestServer(folder)
    name = server.create(server.template("base"))
    dsn = server.dsn(name)
    database = Database(dsn)
    database.prepare()
    build(database, dsn)
    database.close()
    made = make_certificates(folder)
    cluster = (folder / "cluster").resolve()
    owner = cluster.stat()
    for file in ("server", "server_key", "authority"):
        copy = cluster / f"{file}.pem"
        shutil.copy(getattr(made, file), copy)
        copy.chmod(0o600)
        shutil.chown(copy, owner.st_uid, owner.st_gid)
    with psycopg.connect(dsn, autocommit=True) as control:
        for role, member in (("by_password", BY_PASSWORD), ("by_certificate", BY_CERTIFICATE)):
            control.execute(f"CREATE ROLE {role} NOLOGIN")
            control.execute(f"GRANT {role} TO {member}")
        for setting, value in {
            "ssl": "on",
            "ssl_cert_file": "server.pem",
            "ssl_key_file": "server_key.pem",
            "ssl_ca_file": "authority.pem",
            **settings,
        }.items():
            control.execute(f"ALTER SYSTEM SET {setting} = '{value}'")
        own = "host all run_registry,g_dba 127.0.0.1/32 scram-sha-256"
        (cluster / "pg_hba.conf").write_text("\n".join((own, *lines_of_the_page(name), "")))
        control.execute("SELECT pg_reload_conf()")
    try:
        yield LoginServer(dsn, made)
    finally:
        server.drop(name)
        server.close()
