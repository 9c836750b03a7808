"""A server that a person has given a name: its address, its login, how it is told apart."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Self

from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue

LONGEST_NAME = 60
_LONGEST_TEXT = 1000
_GREATEST_PORT = 65535
USUAL_PORT = 5432
"""PostgreSQL's own."""
SSL_MODES = ("verify-full", "verify-ca", "require", "prefer", "allow", "disable")
"""How much is asked of TLS, the strictest first; libpq's words."""

GSS_MODES = ("prefer", "require", "disable")
"""Whether Kerberos encrypts the connection; libpq's words."""


class Kind(StrEnum):
    """What data is behind a server: what is done in production counts."""

    PRODUCTION = "production"
    TEST = "test"
    DEMONSTRATION = "demonstration"


class Proof(StrEnum):
    """How one proves who one is."""

    KERBEROS = "kerberos"
    PASSWORD = "password"
    CERTIFICATE = "certificate"


@dataclass(frozen=True)
class NamedConnection:
    """A named server, or several with the same data: then `host` names them, with commas between.

    An empty `host` means that the address isn't known yet; the demonstration needs none. `direct`
    is the server itself, `host` or `host:port`, where `host` is a pooler; `read_standby`: of
    several servers a standby may be read. An empty `colour` is that of the kind. No password is
    ever in it.
    """

    name: str
    kind: Kind = Kind.PRODUCTION
    host: str = ""
    port: int = USUAL_PORT
    database: str = ""
    login: str = ""
    proof: Proof = Proof.KERBEROS
    certificate: str = ""
    key: str = ""
    sslmode: str = SSL_MODES[0]
    ca_file: str = ""
    gssencmode: str = GSS_MODES[0]
    colour: str = ""
    read_only: bool = False
    direct: str = ""
    read_standby: bool = False

    @property
    def is_demonstration(self) -> bool:
        """Whether it is the program's own database."""
        return self.kind is Kind.DEMONSTRATION

    @property
    def has_address(self) -> bool:
        """Whether it can be opened."""
        return self.is_demonstration or bool(self.host and self.database)

    @property
    def address(self) -> str:
        """Where it is, for people: `host:port/database`; empty where there is none."""
        if self.is_demonstration or not self.has_address:
            return ""
        return f"{self.host}:{self.port}/{self.database}"

    @property
    def password_key(self) -> str:
        """Under which name the keyring has the password. It holds the address: whoever changes
        that in the file doesn't have the password sent elsewhere."""
        return f"postgresql://{self.login}@{self.address}"

    def dsn(self, password: str = "") -> str:
        """The connection as libpq reads it, `key='value' ...`."""
        return self._dsn(self.host, str(self.port), password)

    def direct_dsn(self, password: str = "") -> str | None:
        """The address of the server itself, as libpq reads it; None where `host` is that."""
        if not self.direct:
            return None
        servers = _direct(self.direct)
        hosts = ",".join(host for host, _ in servers)
        return self._dsn(hosts, ",".join(str(port) for _, port in servers), password)

    def _dsn(self, host: str, port: str, password: str) -> str:
        given = {
            "host": host,
            "port": port,
            "dbname": self.database,
            "user": self.login,
            "password": password if self.proof is Proof.PASSWORD else "",
            "sslmode": self.sslmode,
            "sslrootcert": self.ca_file,
            "gssencmode": self.gssencmode,
        }
        if self.proof is Proof.CERTIFICATE:
            given |= {"sslcert": self.certificate, "sslkey": self.key or self.certificate}
        if self.read_only:
            given["options"] = READ_ONLY_OPTION
        return " ".join(f"{name}={_quoted(value)}" for name, value in given.items() if value)

    def as_json(self) -> JsonObject:
        """All of it, as the file keeps it. What came later is there where it is used alone: a
        program that doesn't know it yet reads the other connections of the list."""
        later = {"direct": self.direct, "read_standby": self.read_standby}
        known = {name: value for name, value in asdict(self).items() if name not in later}
        used = {name: value for name, value in later.items() if value}
        return {**known, "kind": self.kind.value, "proof": self.proof.value, **used}

    @classmethod
    def from_json(cls, stored: JsonValue) -> Self:
        """One that was stored. Raises BadInput with what is wrong."""
        if not isinstance(stored, dict) or "name" not in stored:
            raise BadInput("A connection is an object with a name.")
        known = {field.name for field in fields(cls)}
        for name, value in stored.items():
            if name not in known:
                raise BadInput(f"A connection has no {name}.")
            wanted = {"port": int, "read_only": bool, "read_standby": bool}.get(name, str)
            if type(value) is not wanted:
                raise BadInput(f"{name} of a connection is of the wrong kind.")
        values: dict[str, object] = dict(stored)
        for name, choices in (("kind", Kind), ("proof", Proof)):
            if name in values:
                values[name] = _choice(name, str(values[name]), choices)
        connection = cls(**values)  # type: ignore[arg-type]
        check(connection)
        return connection


READ_ONLY_OPTION = "-c default_transaction_read_only=on"
"""What the server is told when nothing may be changed on a connection."""

DEMONSTRATION = NamedConnection("demonstration", Kind.DEMONSTRATION)
BUILT_IN = (
    NamedConnection("production", Kind.PRODUCTION),
    NamedConnection("test", Kind.TEST),
    DEMONSTRATION,
)
"""What every list begins with; production and test wait for their address."""


def check(connection: NamedConnection) -> None:
    """Raises BadInput when something of a connection can't be right."""
    _check_name(connection.name)
    for what, text in _texts(connection).items():
        if not text.isprintable() or len(text) > _LONGEST_TEXT:
            raise BadInput(f"The {what} holds a character that can't be seen, or is too long.")
    if connection.is_demonstration:
        if connection != DEMONSTRATION:
            raise BadInput("The demonstration is the program's own database and stays as it is.")
        return
    if connection.name == DEMONSTRATION.name:
        raise BadInput(f'"{DEMONSTRATION.name}" is the program\'s own database. Take another name.')
    if bool(connection.host) != bool(connection.database):
        raise BadInput("Give both the host and the database, or neither.")
    hosts = connection.host.split(",")
    if any(re.search(r"[\s@/?#]", each) for each in hosts if not each.startswith("/")):
        raise BadInput("The host is a name or number, such as dbserver.cern.ch.")
    if len(hosts) > 1 and not all(hosts):
        raise BadInput("Several hosts stand with one comma between them, and without blanks.")
    _check_port(connection.port)
    if connection.direct:
        for _, port in _direct(connection.direct):
            _check_port(port)
    if connection.read_standby and len(hosts) == 1:
        raise BadInput("To read on a standby, name several hosts, with commas between.")
    if connection.sslmode not in SSL_MODES:
        raise BadInput(f"The TLS mode is one of {', '.join(SSL_MODES)}.")
    if connection.gssencmode not in GSS_MODES:
        raise BadInput(f"The GSS encryption is one of {', '.join(GSS_MODES)}.")
    if connection.proof is Proof.CERTIFICATE and not connection.certificate:
        raise BadInput("A client certificate needs the file it is in.")
    if connection.colour and not re.fullmatch(r"#[0-9a-fA-F]{6}", connection.colour):
        raise BadInput("A colour looks like #aa0000.")


def changed(connection: NamedConnection, changes: Mapping[str, str]) -> NamedConnection:
    """A connection with some of it given as texts. Raises BadInput."""
    values: dict[str, JsonValue] = {**connection.as_json(), **changes}
    if "port" in changes:
        text = changes["port"]
        values["port"] = int(text) if re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) else 0
    for name in ("read_only", "read_standby"):
        if name in changes:
            values[name] = changes[name] == "yes"
    return NamedConnection.from_json(values)


def _direct(addresses: str) -> list[tuple[str, int]]:
    """Host and port of the server itself; of several that of each."""
    servers = []
    for address in addresses.split(","):
        found = re.fullmatch(r"(\[[^\s@/?#\[\]]+\]|[^\s@/?#:\[\]]+)(?::([0-9]{1,5}))?", address)
        if found is None:
            raise BadInput(
                "The direct address is a host, such as dbserver.cern.ch:5432. Several stand with"
                " one comma between them, and without blanks."
            )
        servers.append((found[1].strip("[]"), int(found[2] or USUAL_PORT)))
    return servers


def is_port(port: int) -> bool:
    """Whether a server can listen there."""
    return 1 <= port <= _GREATEST_PORT


def _check_port(port: int) -> None:
    if not is_port(port):
        raise BadInput(f"The port is a number from 1 to {_GREATEST_PORT}; {USUAL_PORT} is usual.")


def _check_name(name: str) -> None:
    if not name or name != name.strip():
        raise BadInput("A connection needs a name, without blanks around it.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(
            f"A name has at most {LONGEST_NAME} letters, digits and signs that can be seen."
        )


def _texts(connection: NamedConnection) -> dict[str, str]:
    return {
        "host": connection.host,
        "database": connection.database,
        "login": connection.login,
        "certificate": connection.certificate,
        "key": connection.key,
        "CA file": connection.ca_file,
        "direct address": connection.direct,
    }


def _choice(name: str, text: str, choices: type[StrEnum]) -> StrEnum:
    try:
        return choices(text)
    except ValueError:
        raise BadInput(f"The {name} is one of {', '.join(choices)}.") from None


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
