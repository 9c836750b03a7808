"""The sealed history, in schema `seal`: a tree over what must not change, only appended to.

It holds hashes and what helps to say which row was altered. Without the privilege to create it
the program works too, and nothing is sealed.
"""

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP

from app.models.schemas.own_schema import OwnSchema

SCHEMA = "seal"

metadata = sa.MetaData(schema=SCHEMA)

_time = TIMESTAMP(timezone=True)

leaf = sa.Table(
    "leaf",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("state", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("author", sa.Text),
    sa.Column("hash", BYTEA, nullable=False),
    sa.Column("marks", BYTEA),
    sa.Column("content", sa.Text),
)
node = sa.Table(
    "node",
    metadata,
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("index", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", BYTEA, nullable=False),
)
checkpoint = sa.Table(
    "checkpoint",
    metadata,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", BYTEA, nullable=False),
    sa.Column("at", _time, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)
list_root = sa.Table(
    "list_root",
    metadata,
    sa.Column("generated_json_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root", BYTEA, nullable=False),
    sa.Column("at", _time, nullable=False, server_default=sa.func.now()),
)

OWN = OwnSchema(
    SCHEMA, metadata, {table.name: "SELECT, INSERT" for table in metadata.sorted_tables}
)
_LISTS = OwnSchema(
    SCHEMA, metadata, {"list_root": "SELECT, INSERT", "leaf": "SELECT", "checkpoint": "SELECT"}
)


def keeps_roots(connection: Connection) -> bool:
    """Whether who makes a list may keep the root beside it: on a guarded database people may, who
    add no leaves."""
    return _LISTS.prepare(connection, upgrade=False)
