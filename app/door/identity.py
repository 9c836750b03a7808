"""Who makes a request: by a token, by a proxy that proves itself, or whoever runs the door."""

import hmac
import ipaddress
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Address
from starlette.requests import Request

from app.domain.identity import AUTO, NOBODY, Actor
from app.door.errors import NotBelieved
from app.door.tokens import Tokens

SECRET_HEADER = "X-Run-Registry-Proxy"
"""Header by which a proxy proves itself."""

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "via")
_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")
_LONGEST = 254
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_SOCKETS = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOOKS = 3
"""The kernel may skip a line of its table while others come and go."""
_NAMING = (SECRET_HEADER, "authorization", "email", "egroups", "host", "origin", "sec-fetch-site")
"""Headers that say who asks."""


@dataclass(frozen=True)
class Proxy:
    """A proxy in front of the door that logs people in: where it comes from, what it knows."""

    addresses: Sequence[str]
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Caller:
    """Who makes a request; without an e-mail it is nobody, who only reads.

    `proves` is asked before anything is done in their name.
    """

    actor: Actor = NOBODY
    client_id: str = ""
    proves: Callable[[], bool] = lambda: True

    @property
    def name(self) -> str:
        """What the log says of them."""
        return self.actor.email or self.client_id or "-"


class Identification:
    """Says who makes a request.

    `runs_it` is the person who runs the door: who comes from this machine, as the same user of it
    and from no page of another site, is that person. Nobody is where it is None. `applications`
    are the persons whom tokens without an e-mail stand for, by client id.
    """

    def __init__(
        self,
        *,
        tokens: Tokens | None = None,
        proxy: Proxy | None = None,
        runs_it: Actor | None = None,
        applications: Mapping[str, Actor] | None = None,
    ) -> None:
        self._tokens = tokens
        self._proxy = proxy
        self._runs_it = runs_it
        self._applications = applications or {}

    def caller(self, request: Request) -> Caller:
        """Who makes the request. Raises NotBelieved for a token or a name that can't be right.

        Keys may have to be fetched for it, so it is called in a thread.
        """
        for name in _NAMING:
            # A proxy that adds its own behind that of a stranger would have them be anybody.
            if len(request.headers.getlist(name)) > 1:
                raise NotBelieved(f"The header {name} comes more than once.")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return _checked(self._by_token(token.strip()))
        if self._is_proxy(request):
            if _is_from_another_site(request):
                return Caller()
            return _checked(_by_proxy(request))
        if self._runs_it is not None and self._proxy is None and is_at_home(request):
            return _checked(Caller(self._runs_it, proves=partial(_is_by_same_user, request)))
        return Caller()

    def _by_token(self, token: str) -> Caller:
        if self._tokens is None:
            raise NotBelieved("This door accepts no tokens: its settings name no issuer.")
        bearer = self._tokens.bearer(token)
        if bearer.email:
            return Caller(Actor(bearer.email, bearer.egroups), bearer.client_id)
        return Caller(self._applications.get(bearer.client_id, NOBODY), bearer.client_id)

    def _is_proxy(self, request: Request) -> bool:
        proxy = self._proxy
        if proxy is None or request.client is None or request.client.host not in proxy.addresses:
            return False
        given = request.headers.get(SECRET_HEADER, "").encode()
        return hmac.compare_digest(given, proxy.secret.encode())


class OnlyOne(Identification):
    """Whoever asks is this person: for a door that listens nowhere."""

    def __init__(self, person: Actor) -> None:
        super().__init__()
        self._person = person

    def caller(self, _request: Request) -> Caller:
        return Caller(self._person)


def _by_proxy(request: Request) -> Caller:
    egroups = re.split(r"[,;]", request.headers.get("egroups", ""))
    return Caller(
        Actor(
            request.headers.get("email", "").strip(),
            frozenset(filter(None, (each.strip() for each in egroups))),
        )
    )


def _checked(caller: Caller) -> Caller:
    email = caller.actor.email
    if email.lower().startswith(AUTO):
        raise NotBelieved(f"{AUTO} stands for automatic changes: nobody acts in that name.")
    if email and (len(email) > _LONGEST or not _EMAIL.fullmatch(email)):
        raise NotBelieved("The e-mail address is not one.")
    return caller


def is_at_home(request: Request) -> bool:
    """Whether a request was made on this machine, and not by somebody's page.

    Pages of other sites can make a browser ask, and a proxy may hand on what strangers ask.
    """
    if request.client is None or not _is_loopback(request.client.host):
        return False
    if any(name in request.headers for name in _FORWARDED):
        return False
    if (_host(f"//{request.headers.get('host', '')}") or "") not in _THIS_MACHINE:
        return False
    return not _is_from_another_site(request)


def _is_by_same_user(request: Request) -> bool:
    """Whether a request of this machine is its own user's: other people may be logged in here."""
    server = request.scope.get("server")
    if server is None or request.client is None:
        return False
    if not knows_users():
        return True
    return user_of(request.client, int(server[1])) in {os.getuid(), 0}


def knows_users() -> bool:
    """Whether this machine tells whose a connection is: Linux does."""
    return any(path.exists() for path in _SOCKETS)


def user_of(client: Address, server_port: int) -> int | None:
    """Which user of this machine has the connection that comes from there; None where nobody has
    it any more.

    Of a connection that its program has closed the kernel says neither: it forgets the line, or
    keeps it for a while without an inode and, whoever had it, with user 0.
    """
    here = f"{_as_the_kernel_writes(client.host)}:{client.port:04X}"
    for _ in range(_LOOKS):
        for path in _SOCKETS:
            for line in _lines(path):
                words = line.split()
                if len(words) > 9 and words[1] == here and words[2].endswith(f":{server_port:04X}"):
                    return int(words[7]) if words[9] != "0" else None
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").splitlines()
    except OSError:
        return []


def _as_the_kernel_writes(host: str) -> str:
    """An address in /proc/net: its words of four bytes, each from its last byte on."""
    packed = ipaddress.ip_address(host).packed
    return "".join(packed[at : at + 4][::-1].hex() for at in range(0, len(packed), 4)).upper()


def _is_from_another_site(request: Request) -> bool:
    if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc != request.headers.get("host")
    except ValueError:
        return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
