"""What the driver raises, in words and sorted by whose move it is."""

import re

import psycopg
from sqlalchemy import exc as sa_exc

from app.domain.connections.faults import Cause, fault_of
from app.domain.errors import (
    BadInput,
    LoginRefused,
    NotFound,
    NotPermitted,
    Refused,
    RegistryError,
    TookTooLong,
    Unavailable,
)
from app.models.database.addresses import Address

_LOST = {
    "57P01": "the server was shut down by its administrator",
    "57P02": "the server crashed and restarts",
    "57P03": "the server is starting up or shutting down",
    "57P05": "the server closed an idle connection",
    "25P03": "the server closed an idle transaction",
    "25P04": "the server closed a transaction that took too long",
    "53300": "the server has no connection left",
    "53100": "the server's disk is full",
    "53200": "the server is out of memory",
    "57014": "the server stopped the statement because it took too long",
    "55P03": "somebody else holds a lock on the same rows for too long",
    "40001": "somebody else changed the same rows at the same moment",
    "40P01": "somebody else changes the same rows in another order",
}
_SAID_BY_GUARD = "RRG01"
_TOOK_TOO_LONG = "57014"
_UNSTORABLE = {
    "22001": "a text is longer than its column takes",
    "22003": "a number is greater than its column takes",
    "22008": "a time is outside of what it knows",
    "22021": "a text holds a character that no text there can have",
    "22P05": "a text holds a character that no text there can have",
    "54000": "a text is too long for its index",
}
"""What was given is at fault, though nothing on the way here saw it."""
_LOGIN_REFUSED = re.compile(
    r"password authentication failed|no password supplied|no pg_hba\.conf entry"
    r"|role \"[^\"]*\" does not exist|authentication failed|permission denied for database"
    r"|is not permitted to log in",
)
_DENIED = re.compile(r"permission denied for (schema|table|view|sequence|function) (\S+)")
_HOLDS = re.compile(r"\bFOR (NO KEY )?(UPDATE|SHARE)\b|\b(INSERT INTO|DELETE FROM|UPDATE) ")
_PASSWORD = re.compile(r"password authentication failed|no password supplied")
_CONNECTING = re.compile(
    r"^.*connection to server (at|on socket) .*? failed: |^connection is bad: |^FATAL:\s+"
    r"|^consuming input failed: ",
)
_NO_DATABASE = re.compile(r"database \"[^\"]*\" does not exist")


def explain(
    error: BaseException, address: Address, *, was_in: bool = False
) -> RegistryError | None:
    """What a driver error means to the person, or None when it is a bug of ours. `was_in`: whether
    the server took the login before."""
    where = address.without_password
    if isinstance(error, sa_exc.TimeoutError):
        return Unavailable(f"All connections to {where} are busy. Try again in a moment.")
    lost = isinstance(error, sa_exc.DBAPIError) and error.connection_invalidated
    cause = error.orig if isinstance(error, sa_exc.StatementError) else error
    if isinstance(cause, UnicodeEncodeError):
        # Half a character: a name that isn't UTF-8 on the command line, or of bad JSON.
        return BadInput(f"The database {where} can't hold this: {_UNSTORABLE['22021']}.")
    if not isinstance(cause, psycopg.Error):
        return None
    said = _first_line(cause)
    state = cause.sqlstate
    if state in _UNSTORABLE:
        return BadInput(f"The database {where} can't hold this: {_UNSTORABLE[state]} ({said}).")
    if state is None and isinstance(cause, psycopg.DataError):
        return BadInput(f"The database {where} can't hold this: {said}.")
    if state == _TOOK_TOO_LONG:
        return TookTooLong(f"The database {where} can't do this now: {_LOST[state]}.")
    if state in _LOST:
        return Unavailable(f"The database {where} can't do this now: {_LOST[state]}.")
    if state == _SAID_BY_GUARD:
        refusal = cause.diag.message_primary or said
        # Beside a right that lacks it names the e-groups that have it.
        egroups = (cause.diag.message_detail or "").split(", ")
        return NotPermitted(refusal, tuple(egroups)) if any(egroups) else Refused(refusal)
    if state == "42501":
        return Refused(
            f"The database {where} doesn't let your login do this: {said}."
            f" {_lacking(said, getattr(error, 'statement', None) or '')}"
        )
    if state == "25006" and address.read_only:
        return Refused(
            f"The connection to {where} is read-only: nothing was changed. To write, take"
            " another connection, or edit this one."
        )
    if state == "25006":
        return Refused(f"The database {where} can only be read, nothing can be changed: {said}.")
    if state in {"28000", "28P01"} or (state is None and _LOGIN_REFUSED.search(str(cause))):
        told = f"The database {where} refuses the login: {said}. {_mend(str(cause), address)}"
        # What has expired meanwhile can be renewed, and then everything goes on.
        return LoginRefused(told) if was_in else Refused(told)
    if state == "3D000" or (state is None and _NO_DATABASE.search(str(cause))):
        return NotFound(f"The server doesn't have the database of {where}: {said}.")
    connectionless = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    if lost or (state or "").startswith("08") or (connectionless and state is None):
        fault = fault_of(str(cause))
        if fault.cause is Cause.OTHER:
            return Unavailable(f"The database {where} can't be reached: {said}.")
        if fault.cause is Cause.NO_PRIMARY:
            return Unavailable(f"The database {where}: {fault.text} {fault.remedy}")
        if fault.passes:
            return Unavailable(f"The database {where} can't be reached: {said}. {fault.remedy}")
        what = f" ({said})" if fault.cause is Cause.OPTIONS else ""
        return Refused(f"The database {where} can't be opened: {fault.text} {fault.remedy}{what}")
    return None


def why_lost(error: BaseException | None) -> str:
    """What the server said when it gave a connection up, empty where it said nothing."""
    cause = error.orig if isinstance(error, sa_exc.DBAPIError) else error
    return _LOST.get(getattr(cause, "sqlstate", None) or "", "")


def _lacking(said: str, statement: str) -> str:
    """Which right a login lacks by what the server said to a statement, and who can give it."""
    match = _DENIED.fullmatch(said)
    if match is None:
        return "Ask its administrator for the right."
    kind, name = match.groups()
    who = f"the owner of that {kind} or an administrator of the database"
    if kind == "schema":
        return (
            f"What is in the schema {name} isn't for this login: {who} can give it USAGE on the"
            " schema, and SELECT on its tables."
        )
    word = statement.lstrip("( \n").partition(" ")[0].upper()
    reads = word in {"SELECT", "WITH"} and not _HOLDS.search(statement)
    what = "use" if not word else "read" if reads else "change"
    return f"This login may not {what} it: {who} can give it that right."


def _mend(said: str, address: Address) -> str:
    """What to do about a login that was refused for what the server said."""
    if not _PASSWORD.search(said):
        return fault_of(said).remedy
    parts = (address.pooled.get(name) for name in ("host", "port", "dbname", "user"))
    line = f"{':'.join(str(part or '*') for part in parts)}:PASSWORD"
    if "password" in address.pooled:
        return (
            "Check the password, which may also have expired; it belongs into ~/.pgpass, as the"
            f" line {line}."
        )
    if "no password supplied" in said:
        return f"Put the line {line} into ~/.pgpass."
    return f"Check the line {line} of ~/.pgpass; the password may also have expired."


def _first_line(error: psycopg.Error) -> str:
    """What the server or the network said, without what we know already."""
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return "it doesn't answer"
    lines = [line.strip() for line in (error.diag.message_primary or str(error)).splitlines()]
    first = next(filter(None, lines), type(error).__name__)
    return _CONNECTING.sub("", _CONNECTING.sub("", first)).rstrip(".")
