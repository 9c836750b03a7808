"""Every version of a list of the configuration, read at once."""

from datetime import UTC, datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy import Connection, text

from app.domain.configuration.in_force import Kind
from app.domain.configuration.versions import Item, ListHistory, SettingsRow
from app.domain.json_value import JsonObject
from app.models.configuration.lists import VERSIONED
from app.models.configuration.workspaces import columns_by_id

_AUTHORS = ("created_by", "updated_by")


def history(connection: Connection, kind: Kind) -> ListHistory:
    """All versions of a list."""
    names = VERSIONED[kind]
    settings = [
        SettingsRow(id_, _author(metadata), created_at, list_id)
        for id_, metadata, created_at, list_id in connection.execute(
            text(f'SELECT id, metadata, "createdAt", "{names.list_id}" FROM "Settings" ORDER BY id')
        )
    ]
    entries = connection.execute(
        text(
            f'SELECT "{names.list_id}", array_agg(id) FROM "{names.entries.name}"'
            f' GROUP BY "{names.list_id}"'
        )
    )
    lists: dict[int, list[int]] = {row[0]: row[1] for row in entries}
    return ListHistory(kind, settings, lists, items(connection, kind))


def items(connection: Connection, kind: Kind) -> dict[int, Item]:
    """Every item of a kind that there ever was, by id."""
    table = VERSIONED[kind].items
    columns = columns_by_id(connection) if kind is Kind.COMPONENT else {}
    found = {}
    for row in connection.execute(sa.select(table).order_by(table.c.id)).mappings():
        values = cast(
            "JsonObject",
            {name: row[name] for name in row if name not in ("id", "createdAt", *_AUTHORS)},
        )
        if kind is Kind.COMPONENT:
            column = columns[cast("int", values.pop("component"))]
            values = {"column": column.name, "online": column.online, **values}
        created, updated = (row.get(name) for name in _AUTHORS)
        at = cast("datetime", row["createdAt"]).astimezone(UTC)
        found[row["id"]] = Item(kind, row["id"], values, at, created, updated)
    return found


def _author(metadata: object) -> str:
    by = metadata.get("by") if isinstance(metadata, dict) else None
    return by if isinstance(by, str) else ""
