"""How a connection is protected on its way: what is demanded, and what is in use."""

import ipaddress
from collections.abc import Iterable, Mapping

from msgspec import Struct

STRICT = "verify-full"


class Protection(Struct, frozen=True):
    """What protects a connection that is open. `tls`: the version of TLS, empty without;
    `sslmode`: how much was asked of it; `kerberos`: Kerberos encrypts."""

    tls: str = ""
    sslmode: str = ""
    kerberos: bool = False
    here: bool = False

    @property
    def is_weak(self) -> bool:
        """Whether somebody on the way could read along or pretend to be the server."""
        return not (self.here or self.kerberos or (self.tls and self.sslmode == STRICT))

    @property
    def short(self) -> str:
        """A word or two for a status bar."""
        if self.kerberos:
            return "Kerberos"
        if self.tls:
            return "TLS" if self.sslmode == STRICT else f"TLS {self.sslmode}"
        return "this machine" if self.here else "not encrypted"

    @property
    def text(self) -> str:
        """A sentence."""
        if self.kerberos:
            return "Encrypted by Kerberos, which also proves the server."
        if self.tls and self.sslmode == STRICT:
            return f"Encrypted by {self.tls}; the certificate proves the server (verify-full)."
        if self.tls and self.here:
            return f"Encrypted by {self.tls}; the server is on this machine."
        if self.tls:
            return (
                f"Encrypted by {self.tls}, but nothing proves that it is the right server"
                f" ({self.sslmode}). Set the TLS mode to verify-full."
            )
        if self.here:
            return "Not encrypted: the server is on this machine."
        return (
            "Not encrypted: whoever is on the way can read and change everything. Set the TLS mode"
            " to verify-full."
        )


ON_THIS_MACHINE = Protection(here=True)


def is_here(host: str) -> bool:
    """Whether a host is this machine: a socket, loopback, or nothing at all."""
    if not host or host.startswith(("/", "@")) or host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def demanded(hosts: Iterable[str], named: Mapping[str, str]) -> str | None:
    """The TLS mode to ask for where nobody has `named` one, None where what is named holds.

    Off this machine TLS has to prove the server, unless Kerberos encrypts or something else was
    chosen.
    """
    if named.get("sslmode") or named.get("gssencmode") == "require":
        return None
    return None if all(map(is_here, hosts)) else STRICT
