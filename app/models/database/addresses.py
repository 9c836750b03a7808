"""Where a database is, and with what a client connects: decided here for all its connections."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Self

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from app.domain.connections.named import is_port
from app.domain.connections.protection import demanded
from app.domain.errors import BadInput
from app.domain.masking import check_database_address, keep_secret

Parameters = dict[str, str | int]

_DEFAULTS: Mapping[str, str | int] = {
    "application_name": "run-registry-desktop",
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    # Unacknowledged data for this long [ms] means that the other side is gone (Linux only).
    "tcp_user_timeout": 20_000,
    "client_encoding": "utf8",
}
_NOTICES_SOON: Mapping[str, str | int] = {
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 4,
    "tcp_user_timeout": 7_000,
}
"""A server that is gone without a word is noticed within 8 s."""
_ONE_OF_MANY_S = 3
"""How long one of several servers is waited for, before the next is tried."""

_PORT = "5432"
_READ_ONLY = re.compile(
    r"(-c\s*|--)default[_-]transaction[_-]read[_-]only\s*=\s*(on|true|yes|1)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Address:
    """What every connection of a client is made with; `instance` is in the name of each."""

    pooled: Parameters
    """For transactions."""

    direct: Parameters
    """For the session that goes on between them; at the server itself."""

    read_only: bool
    """Whether nothing may be changed over it."""

    has_direct: bool
    """Whether the server itself was named beside a pooler."""

    @classmethod
    def of(
        cls, dsn: str, instance: str, password: str | None = None, direct_dsn: str | None = None
    ) -> Self:
        """The address as it was given, with what goes without saying; `direct_dsn` is that of the
        server itself where `dsn` is a pooler's. BadInput when one can't be read."""
        given = [_parse(each) for each in (dsn, direct_dsn or dsn)]
        keep_secret(password)
        for each in given:
            if password is not None:
                each.setdefault("password", password)
            each["application_name"] = f"{each['application_name']} {instance}"
            if is_several(each):
                # Writing, news and elections belong to the primary: a lock of a standby is another.
                each |= {"target_session_attrs": "primary", "connect_timeout": _ONE_OF_MANY_S}
        read_only = any(_READ_ONLY.search(str(each.get("options", ""))) for each in given)
        pooled, direct = (_without_read_only(each) for each in given)
        return cls(pooled, _for_news(direct), read_only, direct_dsn is not None)

    @property
    def standby(self) -> Parameters | None:
        """For reading on a standby; None where only one server is named."""
        if not is_several(self.pooled):
            return None
        return {**self.pooled, "target_session_attrs": "standby"}

    @property
    def of_server(self) -> Self:
        """The address of the server itself alone, for telling what is wrong there."""
        return replace(self, pooled=self.direct)

    @property
    def without_password(self) -> str:
        """For people: `postgresql://user@host:port/database`."""
        given = {name: str(value) for name, value in self.pooled.items()}
        user = f"{given['user']}@" if "user" in given else ""
        hosts = (given.get("host") or given.get("hostaddr") or "localhost").split(",")
        ports = given.get("port", "").split(",")
        at = ",".join(
            f"{host}:{port}" if port else host
            for host, port in zip(hosts, cycle(ports), strict=False)
        )
        return f"postgresql://{user}{at}/{given.get('dbname', '')}"


def is_several(parameters: Mapping[str, str | int]) -> bool:
    """Whether the address names several servers, of which one is the primary."""
    return any("," in str(parameters.get(name, "")) for name in ("host", "hostaddr"))


def beginning_at(parameters: Mapping[str, str | int], host: str, port: int) -> Parameters:
    """The address of several servers with the one that was the primary last in front: a dead one
    before it isn't waited for again and again."""
    lists = {
        name: str(parameters[name]).split(",")
        for name in ("host", "hostaddr", "port")
        if name in parameters
    }
    count = max((len(each) for each in lists.values()), default=1)
    lists = {name: each * count if len(each) == 1 else each for name, each in lists.items()}
    hosts = lists.get("host") or lists.get("hostaddr") or [""]
    ports = lists.get("port") or [_PORT] * len(hosts)
    last = next(
        (i for i, at in enumerate(zip(hosts, ports, strict=True)) if at == (host, str(port))), 0
    )
    order = [last, *(i for i in range(len(hosts)) if i != last)]
    return {**parameters, **{n: ",".join(each[i] for i in order) for n, each in lists.items()}}


def _without_read_only(given: Parameters) -> Parameters:
    """The address without an option that a pooler refuses, and that every transaction says."""
    left = _READ_ONLY.sub("", str(given.get("options", ""))).strip()
    rest = {name: value for name, value in given.items() if name != "options"}
    return {**rest, "options": left} if left else rest


def _for_news(pooled: Parameters) -> Parameters:
    name = f"{pooled['application_name']} news"
    return {**pooled, **_NOTICES_SOON, "application_name": name}


def _parse(dsn: str) -> Parameters:
    """Connection parameters of a `postgresql://` address or a `key=value` text, ours below."""
    plain = re.sub(r"^postgres(ql)?\+\w+://", "postgresql://", dsn.strip())
    try:
        check_database_address(plain)
    except ValueError as error:
        raise BadInput(f"The database address {error}.") from error
    try:
        given = conninfo_to_dict(plain)
        int(given.get("connect_timeout") or 0)
    except (psycopg.ProgrammingError, ValueError):
        # What it says may hold a part of the password.
        raise BadInput(
            "The database address can't be read; it looks like"
            " postgresql://user:password@host:5432/database. In user or password % is written %25;"
            " behind ? stand options of libpq, with connect_timeout in whole seconds."
        ) from None
    if not all(map(_is_port, str(given.get("port") or "").split(","))):
        # What stands there may be a part of the password.
        raise BadInput(
            f"The port in the database address is a number from 1 to 65535; {_PORT} is usual."
        )
    for name in ("password", "sslpassword"):
        keep_secret(str(given.get(name) or ""))
    parameters = dict(_DEFAULTS)
    parameters.update({name: value for name, value in given.items() if value is not None})
    return parameters | _protected(parameters)


def _is_port(text: str) -> bool:
    """Whether this is a port, or none, which is the usual one."""
    return not text or (re.fullmatch(r"[0-9]{1,5}", text) is not None and is_port(int(text)))


def _protected(given: Mapping[str, str | int]) -> Parameters:
    """What is demanded besides what is given, in the address, libpq's environment or a service."""
    named: dict[str, str] = {}
    for each in pq.Conninfo.get_defaults():
        if each.val is not None and each.val != each.compiled:
            named[each.keyword.decode()] = each.val.decode()
    named |= {name: str(value) for name, value in given.items()}
    if "service" in named:
        return {}
    hosts = named.get("hostaddr") or named.get("host") or ""
    mode = demanded(hosts.split(","), named)
    return {} if mode is None else {"sslmode": mode}
