"""A connection that is tried, against the embedded server and Debian's with TLS."""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
import trustme
from psycopg.conninfo import conninfo_to_dict

from app.domain.connections.named import NamedConnection, Proof
from app.models.embedded import EmbeddedServer
from app.models.embedded.programs import BINARIES_VARIABLE
from app.services.connections import trial
from app.services.connections.trial import Level
from tests.pooler import needs_pgbouncer, pooler

DEBIANS = Path("/usr/lib/postgresql/15/bin")


def connection_to(dsn: str, **changes) -> tuple[NamedConnection, str]:
    """The connection to an address, and its password."""
    parts = conninfo_to_dict(dsn)
    made = NamedConnection(
        "here",
        host=str(parts["host"]),
        port=int(parts["port"]),
        database=str(parts["dbname"]),
        login=str(parts["user"]),
        proof=Proof.PASSWORD,
        sslmode="prefer",
    )
    return replace(made, **changes), str(parts["password"])


def cause(connection: NamedConnection, password: str = "") -> str:
    """What the trial found, which is one thing that is wrong."""
    tried = trial.try_address(connection.dsn(password))
    assert not tried.works
    (finding,) = tried.findings
    assert finding.level is Level.BAD
    assert finding.remedy
    return finding.about


def test_that_a_login_that_may_only_read_is_told_so(dsn):
    connection, password = connection_to(dsn)
    with psycopg.connect(dsn, autocommit=True) as control:
        login = f"{control.info.dbname}_reader"
        control.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'p'")
        control.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {login}")
        tried = trial.try_address(replace(connection, login=login).dsn("p"))
        control.execute(f"DROP OWNED BY {login}")
        control.execute(f"DROP ROLE {login}")
    (finding,) = (each for each in tried.findings if each.about == "writing")
    assert tried.works
    assert finding.level is Level.WARNING
    assert "This login may only read" in finding.text
    own = trial.try_address(connection.dsn(password))
    assert not [each for each in own.findings if each.about == "writing"]


def test_that_what_is_there_is_told(dsn):
    connection, password = connection_to(dsn, read_only=True)
    tried = trial.try_address(connection.dsn(password))
    levels = {each.about: each.level for each in tried.findings}
    assert tried.works
    assert "works" in tried.text
    assert levels == {
        "server": Level.GOOD,
        "protection": Level.GOOD,
        "tables": Level.GOOD,
        "person": Level.GOOD,
        "rights": Level.WARNING,
        "writing": Level.GOOD,
    }


def test_that_an_empty_and_a_foreign_database_are_told_apart(empty_dsn):
    connection, password = connection_to(empty_dsn)
    tried = trial.try_address(connection.dsn(password))
    assert not tried.works
    assert "db init" in next(each.remedy for each in tried.findings if each.about == "tables")
    assert trial.try_address(connection.dsn(password), own=True).works
    with psycopg.connect(empty_dsn, autocommit=True) as other:
        other.execute('CREATE TABLE "Run" (a int)')
    assert not trial.try_address(connection.dsn(password)).works


def test_that_each_fault_of_a_login_is_named(dsn):
    connection, password = connection_to(dsn)
    assert cause(connection, "wrong") == "password wrong"
    assert cause(connection) == "password wanted"
    assert cause(replace(connection, database="nosuch"), password) == "database missing"
    assert cause(replace(connection, login="nosuch"), password) == "password wrong"
    assert cause(replace(connection, sslmode="verify-full"), password) in {
        "TLS refused",
        "CA file missing",
    }
    assert cause(replace(connection, sslmode="require"), password) == "TLS refused"
    assert cause(replace(connection, port=1), password) == "port closed"
    assert cause(replace(connection, host="nosuch.invalid"), password) == "host unknown"
    assert cause(replace(connection, host="/nosuch"), password) == "no server on this machine"


def test_that_kerberos_without_a_ticket_says_kinit(dsn, monkeypatch, tmp_path):
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path / 'none'}")
    connection, _ = connection_to(dsn, proof=Proof.KERBEROS, gssencmode="require")
    tried = trial.try_address(connection.dsn())
    assert tried.findings[0].about == "no Kerberos ticket"
    assert "kinit" in tried.findings[0].remedy


def test_that_something_else_on_the_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for _ in range(2):
                with listening.accept()[0] as there:
                    there.recv(100)
                    there.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        web = NamedConnection("web", host="127.0.0.1", port=port, database="x", sslmode="require")
        assert cause(replace(web, gssencmode="disable")) == "no PostgreSQL server"
        socket.create_connection(("127.0.0.1", port)).close()
        thread.join(10)


def test_that_an_address_that_can_t_be_read_is_told():
    assert trial.try_address("host='x' nosuch='1'").findings[0].about == "address"


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("18.4 (Debian 18.4-1)", Level.GOOD),
        ("15.0", Level.GOOD),
        ("9.6.24", Level.WARNING),
        ("14beta1", Level.GOOD),
    ],
)
def test_that_an_old_server_is_told(version, level):
    assert trial.of_version(version).level is level


@dataclass(frozen=True)
class TlsServer:
    """Debian's PostgreSQL with TLS; files of its CA, of another one, of a client certificate."""

    connection: NamedConnection
    password: str
    folder: Path


@pytest.fixture(scope="module")
def tls(tmp_path_factory) -> Iterator[TlsServer]:
    if not DEBIANS.is_dir():
        pytest.skip(f"Debian's package postgresql-15 isn't here ({DEBIANS})")
    folder = tmp_path_factory.mktemp("tls")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(BINARIES_VARIABLE, str(DEBIANS))
        # Where tests run as root, the server's user can't enter pytest's folders.
        place = Path(os.path.realpath("/tmp")) / f"run-registry-tls-{os.getpid()}"
        server = EmbeddedServer.open(place, settings={"password_encryption": "scram-sha-256"})
        # Other servers that are started meanwhile are those that the program takes by itself.
        patch.undo()
        ca, other = trustme.CA(), trustme.CA()
        with psycopg.connect(server.dsn, autocommit=True) as control:
            (data,) = control.execute("SHOW data_directory").fetchone()
            issued = ca.issue_cert("localhost")
            owner = Path(data).stat()
            for name, content in (
                ("server.crt", issued.cert_chain_pems[0].bytes()),
                ("server.key", issued.private_key_pem.bytes()),
                ("ca.crt", ca.cert_pem.bytes()),
            ):
                file = Path(data) / name
                file.write_bytes(content)
                os.chown(file, owner.st_uid, owner.st_gid)
                file.chmod(0o600)
            control.execute("CREATE ROLE alice LOGIN")
            hba = Path(data) / "pg_hba.conf"
            hba.write_text(f"hostssl all alice all cert\n{hba.read_text()}")
            control.execute("ALTER SYSTEM SET ssl_ca_file = 'ca.crt'")
            control.execute("ALTER SYSTEM SET ssl = on")
            control.execute("SELECT pg_reload_conf()")
        client = ca.issue_cert("alice@cern.ch", common_name="alice")
        ca.cert_pem.write_to_path(folder / "ca.pem")
        other.cert_pem.write_to_path(folder / "other.pem")
        client.private_key_and_cert_chain_pem.write_to_path(folder / "alice.pem")
        (folder / "alice.pem").chmod(0o600)
        (folder / "garbage.pem").write_text("no certificate")
        (folder / "garbage.pem").chmod(0o600)
        connection, password = connection_to(server.dsn, host="localhost", sslmode="verify-full")
        yield TlsServer(replace(connection, ca_file=str(folder / "ca.pem")), password, folder)
        server.close()
        shutil.rmtree(place, ignore_errors=True)


def test_that_tls_that_proves_the_server_is_told(tls):
    tried = trial.try_address(tls.connection.dsn(tls.password), own=True)
    said = {each.about: each for each in tried.findings}
    assert tried.works, tried
    assert said["protection"].level is Level.GOOD
    assert "TLSv1.3" in said["protection"].text


def test_that_each_fault_of_tls_is_named(tls):
    good = tls.connection

    def of(**changes) -> str:
        return cause(replace(good, **changes), tls.password)

    assert of(ca_file=str(tls.folder / "other.pem")) == "certificate of another CA"
    assert of(ca_file=str(tls.folder / "nosuch.pem")) == "CA file missing"
    assert of(ca_file=str(tls.folder / "garbage.pem")) == "CA file unreadable"
    assert of(host="127.0.0.1") == "certificate of another host"


def test_that_each_fault_of_a_client_certificate_is_named(tls):
    mine = tls.folder / "alice.pem"
    good = replace(tls.connection, login="alice", proof=Proof.CERTIFICATE, certificate=str(mine))
    assert trial.try_address(good.dsn(), own=True).works
    assert cause(replace(good, proof=Proof.KERBEROS)) == "client certificate wanted"
    missing = replace(good, key=str(tls.folder / "nosuch"))
    assert cause(missing) == "key file missing"
    assert cause(replace(good, key=str(tls.folder / "garbage.pem"))) == "key doesn't fit"
    assert cause(replace(good, login="bob")) == "password wanted"
    mine.chmod(0o644)
    assert cause(good) == "key file open to others"
    mine.chmod(0o600)


@needs_pgbouncer
def test_that_the_server_itself_behind_a_pooler_is_tried_too(dsn):
    with pooler(dsn) as pooled:
        direct = conninfo_to_dict(dsn)
        connection, password = connection_to(pooled, direct=f"{direct['host']}:{direct['port']}")
        for each, level in (
            (connection, Level.GOOD),
            (replace(connection, direct="127.0.0.1:1"), Level.WARNING),
        ):
            tried = trial.try_address(each.dsn(password), direct_dsn=each.direct_dsn(password))
            (found,) = [one for one in tried.findings if one.about == "direct address"]
            assert tried.works
            assert found.level is level, found.text
