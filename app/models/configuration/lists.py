"""The tables of the configuration, and which of them each kind of item is kept in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Table, text

from app.domain.configuration.in_force import Kind
from app.domain.errors import NotFound
from app.domain.json_value import JsonObject, JsonValue
from app.models.schemas import tables

CONFIGURATION_LOCK = 0x52524443
"""Key of the advisory lock that lets one client at a time change the configuration."""


class Versioned(Struct, frozen=True):
    """The three tables of one kind of item."""

    items: Table
    lists: Table
    entries: Table
    list_id: str


VERSIONED: Mapping[Kind, Versioned] = {
    Kind.CLASS: Versioned(
        tables.class_classifier,
        tables.class_classifier_list,
        tables.class_classifier_entries,
        "CCL_id",
    ),
    Kind.COMPONENT: Versioned(
        tables.component_classifier,
        tables.component_classifier_list,
        tables.component_classifier_entries,
        "CPCL_id",
    ),
    Kind.DATASET: Versioned(
        tables.dataset_classifier,
        tables.dataset_classifier_list,
        tables.dataset_classifier_entries,
        "DCL_id",
    ),
    Kind.OFFLINE_DATASET: Versioned(
        tables.offline_dataset_classifier,
        tables.offline_dataset_classifier_list,
        tables.offline_dataset_classifier_entries,
        "ODCL_id",
    ),
    Kind.JSON_RULE: Versioned(
        tables.json_classifier,
        tables.json_classifier_list,
        tables.json_classifier_entries,
        "JCL_id",
    ),
    Kind.DATASETS_ACCEPTED: Versioned(
        tables.datasets_accepted,
        tables.datasets_accepted_list,
        tables.datasets_accepted_entries,
        "DAL_id",
    ),
    Kind.PERMISSION: Versioned(
        tables.permission,
        tables.permission_list,
        tables.permission_entries,
        "PL_id",
    ),
}

CONFIGURATION_TABLES: tuple[Table, ...] = (
    tables.workspace,
    tables.workspace_column,
    *(table for kind in VERSIONED.values() for table in (kind.items, kind.lists, kind.entries)),
    tables.settings,
)
"""The tables of the configuration, each after those it refers to."""


def lock(connection: Connection) -> None:
    """Waits until no other client changes the configuration; held until the transaction ends."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CONFIGURATION_LOCK)))


def lists_of(connection: Connection, settings_id: int | None) -> dict[str, int]:
    """The settings row: its id and the id of each list; empty when there is no row at all."""
    chosen = "WHERE id = :id" if settings_id is not None else ""
    row = (
        connection.execute(
            text(
                'SELECT id, "CCL_id", "CPCL_id", "DCL_id", "DAL_id", "JCL_id", "ODCL_id", "PL_id"'
                f' FROM "Settings" {chosen} ORDER BY id DESC LIMIT 1'
            ),
            {} if settings_id is None else {"id": settings_id},
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        if settings_id is not None:
            raise NotFound(f"The configuration has no version {settings_id}.")
        return {}
    return dict(row)


def as_json(row: Mapping[str, object]) -> JsonObject:
    return {
        name: value.astimezone(UTC).isoformat()
        if isinstance(value, datetime)
        else cast("JsonValue", value)
        for name, value in row.items()
    }
