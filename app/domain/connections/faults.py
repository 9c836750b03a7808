"""Why a connection wasn't made: the text of libpq and of the server, as cause and remedy."""

import re
from enum import StrEnum

from msgspec import Struct

from app.domain.errors import Refused, Unavailable


class Cause(StrEnum):
    """What stands in the way."""

    HOST_UNKNOWN = "host unknown"
    NO_PRIMARY = "no primary"
    PORT_CLOSED = "port closed"
    SILENT = "no answer"
    NO_POSTGRES = "no PostgreSQL server"
    NO_SERVER_HERE = "no server on this machine"
    TLS_REFUSED = "TLS refused"
    NO_CA = "CA file missing"
    CA_UNREADABLE = "CA file unreadable"
    OTHER_CA = "certificate of another CA"
    OTHER_HOST = "certificate of another host"
    NO_TICKET = "no Kerberos ticket"
    TICKET_EXPIRED = "Kerberos ticket expired"
    NO_PRINCIPAL = "server unknown to Kerberos"
    NO_GSS = "Kerberos encryption refused"
    KERBEROS = "Kerberos refused"
    CERTIFICATE_WANTED = "client certificate wanted"
    KEY_OPEN = "key file open to others"
    KEY_MISSING = "key file missing"
    KEY_UNFIT = "key doesn't fit"
    CERTIFICATE_UNREADABLE = "client certificate unreadable"
    CERTIFICATE_REFUSED = "certificate refused"
    PASSWORD_WRONG = "password wrong"
    PASSWORD_WANTED = "password wanted"
    LOGIN_UNKNOWN = "login unknown"
    LOGIN_CLOSED = "login closed"
    NOT_ADMITTED = "not admitted"
    NO_DATABASE = "database missing"
    NO_RIGHT = "no right to connect"
    FULL = "server full"
    STARTING = "server starts or stops"
    OPTIONS = "options refused"
    OTHER = "not connected"


class Fault(Struct, frozen=True):
    """Why a connection wasn't made, what to do, and what was said; all for the person.

    `passes`: waiting may help, and it can be tried again by itself.
    """

    cause: Cause
    text: str
    remedy: str
    said: str
    passes: bool = False

    def error(self) -> Refused | Unavailable:
        """The fault as the error that it is."""
        kind = Unavailable if self.passes else Refused
        return kind(f"{self.text} {self.remedy}".strip())


class _Known(Struct, frozen=True):
    cause: Cause
    pattern: str
    text: str
    remedy: str
    passes: bool = False


_ASK = "Ask the administrator of the database."
# The first that is found counts. A login without TLS that libpq tries after one with TLS is told
# last and says less: so what is about TLS, keys and tickets stands before what is about logins.
_KNOWN = (
    _Known(
        Cause.NO_PRIMARY,
        r"server is in hot standby mode|session is read-only",
        "None of the servers of this address takes changes now: there are standbys alone.",
        "One of them may be about to become the primary: try again in a while.",
        passes=True,
    ),
    _Known(
        Cause.HOST_UNKNOWN,
        r"failed to resolve host|could not translate host name|Name or service not known"
        r"|Temporary failure in name resolution|nodename nor servname",
        "Nobody knows the host.",
        "Check the name of the host, and whether this machine is on the network (or the VPN).",
        passes=True,
    ),
    _Known(
        Cause.NO_SERVER_HERE,
        r"on socket .* failed: (No such file|Connection refused)",
        "No server listens on this socket.",
        "Start the server, or check the folder of the socket and the port.",
        passes=True,
    ),
    _Known(
        Cause.PORT_CLOSED,
        r"Connection refused",
        "The host is there, but nothing listens on this port.",
        "Check the port (5432 is usual); if it is right, the server is down or a firewall refuses.",
        passes=True,
    ),
    _Known(
        Cause.SILENT,
        r"timeout expired|timed out|No route to host|Network is unreachable"
        r"|answered nothing|doesn't answer",
        "Nobody answers at this address.",
        "Check host and port, and whether a firewall is between; from outside it may need the VPN.",
        passes=True,
    ),
    _Known(
        Cause.NO_POSTGRES,
        r"received invalid response to (SSL|GSSAPI) negotiation|invalid response to SSL"
        r"|expected authentication request from server",
        "Something answers on this port, but it is not PostgreSQL.",
        "Check the port; 5432 is usual.",
    ),
    _Known(
        Cause.TLS_REFUSED,
        r"server does not support SSL|SSL was required"
        r"|tlsv1 alert protocol version|unsupported protocol",
        "The server refuses TLS, which this connection demands.",
        f"{_ASK} Only on a network you trust: set the TLS mode to prefer.",
    ),
    _Known(
        Cause.NO_CA,
        r"root certificate file .* does not exist",
        "There is no CA file, so nothing can prove the server.",
        "Name the file with the certificate of the CA that signed the server's (at CERN, the CERN"
        " CA).",
    ),
    _Known(
        Cause.CA_UNREADABLE,
        r"could not read root certificate file|could not load root",
        "The CA file holds no certificate.",
        "Name a PEM file: a text that begins with -----BEGIN CERTIFICATE-----.",
    ),
    _Known(
        Cause.OTHER_CA,
        r"certificate verify failed|self.signed certificate|unable to get local issuer",
        "The server's certificate is of another CA than the one in the CA file, or has expired.",
        "Check the CA file. If it is right, this may not be the server you mean: ask before you"
        " lower the TLS mode.",
    ),
    _Known(
        Cause.OTHER_HOST,
        r"server certificate for .* does not match host name",
        "The server's certificate is of another host.",
        "Give the host by the name in its certificate, not by its number or an alias.",
    ),
    _Known(
        Cause.TICKET_EXPIRED,
        r"[Tt]icket expired|credentials? (have |has )?expired",
        "The Kerberos ticket has expired.",
        "Type kinit in a terminal, then try again.",
        passes=True,
    ),
    _Known(
        Cause.NO_TICKET,
        r"no credential cache|No Kerberos credentials available|No credentials were supplied"
        r"|Credentials? cache .*not found",
        "There is no Kerberos ticket.",
        "Type kinit in a terminal (kinit NAME@CERN.CH), then try again.",
        passes=True,
    ),
    _Known(
        Cause.NO_PRINCIPAL,
        r"Server not found in Kerberos database|Server .* not found in Kerberos",
        "Kerberos doesn't know the server by this name.",
        "Give the full name of the host, such as dbserver.cern.ch.",
    ),
    _Known(
        Cause.NO_GSS,
        r"server doesn't support GSSAPI encryption|GSSAPI encryption required but",
        "The server refuses encryption by Kerberos, which this connection demands.",
        "Set the GSS encryption to prefer; TLS protects the connection then.",
    ),
    _Known(
        Cause.KEY_OPEN,
        r"private key file .* has group or world access",
        "Others can read the key file, so it isn't used.",
        "Type chmod 600 and the name of the key file in a terminal.",
    ),
    _Known(
        Cause.KEY_MISSING,
        r"certificate present, but not private key|private key file .* does not exist",
        "The key file of the client certificate isn't there.",
        "Name the file with the key.",
    ),
    _Known(
        Cause.KEY_UNFIT,
        r"could not load private key file|key values mismatch",
        "The key file doesn't fit the client certificate.",
        "Name the key that was made together with the certificate, in PEM form.",
    ),
    _Known(
        Cause.CERTIFICATE_UNREADABLE,
        r"could not read certificate file",
        "The client certificate can't be read.",
        "Name a PEM file that holds your certificate.",
    ),
    _Known(
        Cause.CERTIFICATE_REFUSED,
        r"certificate authentication failed|alert (unknown ca|bad certificate|certificate"
        r"|access denied)|tlsv\w+ alert",
        "The server refuses the client certificate.",
        "It must be valid, of a CA that the server trusts, and in the name of the login.",
    ),
    _Known(
        Cause.CERTIFICATE_WANTED,
        r"connection requires a valid client certificate",
        "The server wants a client certificate for this login.",
        "Choose the client certificate as proof, and check that its file is there.",
    ),
    _Known(
        Cause.KERBEROS,
        r"GSSAPI|GSS authentication failed|gss_accept|SSPI",
        "Kerberos didn't let you in.",
        "Look at your ticket with klist. It must be in the name of the login; else kinit again.",
    ),
    _Known(
        Cause.PASSWORD_WRONG,
        r"password authentication failed",
        "The password is wrong or has expired, or the login has none.",
        f"Give the password of this login again. If it has expired: {_ASK[0].lower()}{_ASK[1:]}",
    ),
    _Known(
        Cause.PASSWORD_WANTED,
        r"no password supplied",
        "The server wants a password for this login.",
        "Choose the password as proof and give it, or put it into ~/.pgpass.",
    ),
    _Known(
        Cause.NO_DATABASE,
        r"database \"[^\"]*\" does not exist",
        "The server is right, but it doesn't have this database.",
        "Check the name of the database; capitals count.",
    ),
    _Known(
        Cause.LOGIN_UNKNOWN,
        r"role \"[^\"]*\" does not exist|(Ident|Peer|PAM|LDAP|RADIUS) authentication failed",
        "The server doesn't know this login.",
        f"Check the login. {_ASK}",
    ),
    _Known(
        Cause.LOGIN_CLOSED,
        r"is not permitted to log in",
        "This login is closed.",
        _ASK,
    ),
    _Known(
        Cause.NO_RIGHT,
        r"permission denied for database",
        "This login may not use the database.",
        f"{_ASK} The right is CONNECT.",
    ),
    _Known(
        Cause.NOT_ADMITTED,
        r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        "The server lets nobody in with this login, from here, in this way.",
        f"Check the login, the proof and the TLS mode. {_ASK} The line is missing in pg_hba.conf.",
    ),
    _Known(
        Cause.FULL,
        r"too many (clients|connections)|remaining connection slots",
        "The server has no connection left.",
        "Try again in a while.",
        passes=True,
    ),
    _Known(
        Cause.STARTING,
        r"the database system is|server closed the connection unexpectedly|Connection reset"
        r"|terminating connection|shutting down",
        "The server closes the connection: it starts or stops, or something between does.",
        "Try again in a while.",
        passes=True,
    ),
    _Known(
        Cause.OPTIONS,
        r"invalid \w+ value: ",
        "An option of the address has a value that there isn't.",
        "Check what stands behind ? in the address.",
    ),
    _Known(
        Cause.OPTIONS,
        r"unsupported startup parameter",
        "A pooler such as pgbouncer is at this address and refuses options of the address.",
        "Take them out of the address, or give that of the server itself.",
    ),
)
_PREFIX = re.compile(
    r"^(connection (failed|is bad): )?(connection to server (at|on socket) .*? failed: )?"
    r"(FATAL|ERROR):\s+|^(connection (failed|is bad): )?(connection to server .*? failed: )?"
)


def fault_of(said: str) -> Fault:
    """What a failed connection means. `said` is the whole text of the driver's error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    shown = _PREFIX.sub("", lines[0]) if lines else ""
    for known in _KNOWN:
        if re.search(known.pattern, said):
            return Fault(known.cause, known.text, known.remedy, shown, known.passes)
    text = f"The server said: {shown}." if shown else "The connection wasn't made."
    return Fault(Cause.OTHER, text, "Check the address, the login and the proof.", shown)
