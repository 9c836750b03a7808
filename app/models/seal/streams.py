"""Answers of any length, read a row at a time while the server goes on."""

from collections.abc import Iterator, Mapping

import psycopg
from sqlalchemy import Connection

_ESCAPES = {
    b"\\n": b"\n",
    b"\\t": b"\t",
    b"\\r": b"\r",
    b"\\b": b"\b",
    b"\\f": b"\f",
    b"\\v": b"\v",
}


def copied(
    connection: Connection, query: str, values: Mapping[str, object]
) -> Iterator[list[bytes]]:
    """The rows of a query as the server writes them; `plain` gives the text of a field.

    Values stand as %(name)s in the query, a percent sign as %%.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT".encode(), values) as copy,
    ):
        for row in copy:
            yield bytes(row)[:-1].split(b"\t")


def plain(field: bytes) -> bytes:
    """The bytes of a field that is there."""
    if b"\\" not in field:
        return field
    parts = field.split(b"\\\\")
    for escape, meant in _ESCAPES.items():
        parts = [part.replace(escape, meant) for part in parts]
    return b"\\".join(parts)


def optional(field: bytes) -> str | None:
    """The text of a field that may be missing."""
    return None if field == rb"\N" else plain(field).decode()


def binary(field: bytes) -> bytes:
    """What a field of bytes holds: a backslash, an x, and hex digits."""
    return bytes.fromhex(field[3:].decode())
