"""What the program relies on in a session of the server, said by every transaction itself.

Roles and databases can be given other defaults (`ALTER ROLE ... SET`). A pooler such as pgbouncer
refuses options at connecting, and hands each transaction to another session: so what was said when
the connection was made may not hold. Said with BEGIN it costs no further round trip.
"""

from collections.abc import Mapping
from functools import lru_cache

import psycopg
from sqlalchemy import Connection

from app.models.statements import text

_ALWAYS: Mapping[str, str] = {
    # How values are written and read: the driver and our statements know only these.
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "array_nulls": "on",
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    # Which tables and functions are meant; nobody's temporary ones before them.
    "search_path": "public, pg_temp",
    # What is hidden row by row stays hidden instead of being an error.
    "row_security": "on",
    # An error inside a savepoint ends the savepoint, not the session.
    "exit_on_error": "off",
    # Where a time is to be short, the action says so itself.
    "statement_timeout": "0",
    "lock_timeout": "0",
}
_WHILE_IN_TRANSACTION: Mapping[str, str] = {
    **_ALWAYS,
    # A client that fell asleep in the middle lets the others go on.
    "idle_in_transaction_session_timeout": "10min",
}
_WHOLE_SESSION: Mapping[str, str] = {
    **_ALWAYS,
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "idle_in_transaction_session_timeout": "0",
}
_SINCE: Mapping[str, tuple[int, str]] = {
    "idle_session_timeout": (14, "0"),
    "transaction_timeout": (17, "0"),
}

_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_ON_STANDBY = "BEGIN ISOLATION LEVEL READ COMMITTED"
_NEVER_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"

DriverConnection = psycopg.Connection[tuple[object, ...]]


def driver_of(connection: Connection) -> DriverConnection:
    """The driver's connection below one of the pool."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def server_version(connection: Connection) -> str:
    """The version that the server tells."""
    return str(connection.execute(text("SHOW server_version")).scalar_one())


def login(connection: Connection) -> str:
    """The role that this session came in as."""
    return str(connection.execute(text("SELECT session_user")).scalar_one())


def begin_reading(connection: DriverConnection) -> None:
    """Begins a transaction that sees one moment and can't write."""
    _say(connection, f"{_READING}; {_settings(_major(connection), whole=False)}")


def begin_writing(connection: DriverConnection) -> None:
    """Begins a transaction that can write; on a standby one that is refused when it tries to."""
    settings = _settings(_major(connection), whole=False)
    try:
        _say(connection, f"{_WRITING}; {settings}")
    except psycopg.errors.FeatureNotSupported:
        connection.execute("ROLLBACK")
        _say(connection, f"{_ON_STANDBY}; {settings}")


def begin_never_writing(connection: DriverConnection) -> None:
    """Begins a transaction where one that writes is meant, and nothing may be written."""
    _say(connection, f"{_NEVER_WRITING}; {_settings(_major(connection), whole=False)}")


def limit_statements(connection: Connection, milliseconds: int) -> None:
    """Has the server stop each statement of this transaction after so long."""
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds:d}")


def prepare_whole(connection: DriverConnection, *, read_only: bool = False) -> None:
    """The same for a session that goes on without transactions: that waits, or holds a lock."""
    _say(connection, _settings(_major(connection), whole=True))
    if read_only:
        _say(connection, "SET default_transaction_read_only = on")


def encryption(connection: DriverConnection) -> tuple[str, bool]:
    """The version of TLS that this session is encrypted by, empty without, and whether Kerberos
    encrypts it. What a pooler has behind it says nothing of the way to the pooler."""
    if connection.pgconn.ssl_in_use:
        row = connection.execute(
            "SELECT version FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()",
            prepare=False,
        ).fetchone()
        return str(row[0]) if row is not None and row[0] else "TLS", False
    row = connection.execute(
        "SELECT encrypted FROM pg_catalog.pg_stat_gssapi WHERE pid = pg_catalog.pg_backend_pid()",
        prepare=False,
    ).fetchone()
    return "", row is not None and bool(row[0]) and not is_pooled(connection)


def problems(connection: Connection, *, has_direct: bool = False) -> tuple[str, ...]:
    """What is unlike what the program relies on, and can't be set by it. `has_direct`: the server
    itself was named beside a pooler."""
    encoding, standby, replaying, hiding = connection.execute(
        text(
            "SELECT current_setting('server_encoding'), pg_is_in_recovery(),"
            " current_setting('session_replication_role') <> 'origin',"
            " ARRAY(SELECT relname::text FROM pg_class"
            "  WHERE relnamespace = to_regnamespace('public') AND relkind = 'r'"
            "   AND row_security_active(oid) ORDER BY relname)"
        )
    ).one()
    found = []
    if is_pooled(driver_of(connection)) and not has_direct:
        found.append(
            "The address is that of a pooler: news are looked for every two seconds instead of"
            " announced, and this client can't be elected to pull where no guard is. Give the"
            " address of the server itself, too: direct_dsn, or the direct address of the"
            " connection."
        )
    if encoding != "UTF8":
        found.append(
            f"The database keeps text as {encoding}: what has other characters can't be stored."
            " It takes a database with the encoding UTF8."
        )
    if standby:
        found.append("The server is a standby: nothing can be changed here.")
    if replaying:
        found.append(
            "The setting session_replication_role of this login keeps triggers and foreign keys"
            " from working. Reset it: ALTER ROLE ... RESET session_replication_role"
        )
    if hiding:
        found.append(
            f"Row-level security hides rows of {', '.join(hiding)} from this login: what is"
            " computed from them isn't what others see."
        )
    return tuple(found)


def is_pooled(connection: DriverConnection) -> bool:
    """Whether something stands between us and the server that shares its sessions out."""
    (answer,) = connection.execute("SELECT pg_catalog.pg_backend_pid()", prepare=False)
    return answer[0] != connection.info.backend_pid


def _major(connection: DriverConnection) -> int:
    return connection.info.server_version // 10_000


@lru_cache
def _settings(version: int, *, whole: bool) -> str:
    """One statement that sets all, for the session or for the transaction."""
    settings = dict(_WHOLE_SESSION if whole else _WHILE_IN_TRANSACTION)
    settings |= {name: value for name, (since, value) in _SINCE.items() if version >= since}
    # Qualified: who knows what the search path is by now.
    calls = [
        f"pg_catalog.set_config('{name}', '{value}', {str(not whole).lower()})"
        for name, value in settings.items()
    ]
    return f"SELECT {', '.join(calls)}"


def _say(connection: DriverConnection, statements: str) -> None:
    # Several statements at once can't be prepared.
    connection.execute(statements, prepare=False)
