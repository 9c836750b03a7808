"""New versions of the configuration: items added, put in the place of others, taken out.

Items are never changed: an edit is a new item, a new list with the entries as they now are, and a
new settings row that names it. The greatest settings id is in force.
"""

from collections.abc import Collection, Mapping
from typing import cast

import sqlalchemy as sa
from sqlalchemy import Connection, text

from app.domain.configuration.in_force import Kind
from app.domain.errors import NotFound
from app.domain.json_value import JsonObject
from app.models.configuration.lists import VERSIONED, as_json, lists_of, lock
from app.models.configuration.workspaces import columns_by_id, ids_in_use
from app.models.database import outcome
from app.models.schemas import tables


def add_item(connection: Connection, kind: Kind, values: JsonObject, by: str) -> int:
    """Adds an item in a new version; returns its id.

    `values` are columns of its table; a component classifier names `column` and `online`.
    """
    settings = _lock_settings(connection)
    item = _insert_item(connection, kind, {**values, **_authors(kind, created_by=by)})
    _new_version(connection, kind, settings, by, added=item)
    return item


def edit_item(
    connection: Connection, kind: Kind, item_id: int, changes: JsonObject, by: str
) -> int:
    """Puts a changed copy in the place of an item, in a new version. Returns the copy's id.

    Raises ItemChanged when the item isn't in force any more.
    """
    settings = _lock_settings(connection)
    old = _item_in_force(connection, kind, item_id, settings, changes)
    # Who made it stays: a JSON configuration belongs to them.
    changed = {**old, **changes, **_authors(kind, updated_by=by)}
    item = _insert_item(connection, kind, changed)
    _new_version(connection, kind, settings, by, added=item, removed=item_id)
    return item


def delete_item(connection: Connection, kind: Kind, item_id: int, by: str) -> None:
    """Takes an item out, in a new version. Raises ItemChanged when it isn't in force."""
    settings = _lock_settings(connection)
    _item_in_force(connection, kind, item_id, settings, None)
    _new_version(connection, kind, settings, by, removed=item_id)


def replace_list(connection: Connection, kind: Kind, items: Collection[int], by: str) -> int:
    """Brings just these items into force, in a new version; returns its settings id."""
    return _new_list(connection, kind, _lock_settings(connection), by, items)


def note(connection: Connection, by: str, what: str) -> int:
    """A version in which every list stays as it is, for a change of what has no versions."""
    return _new_settings(connection, _lock_settings(connection), {"by": by, "comment": what})


def item_in_force(
    connection: Connection, kind: Kind, item_id: int, wanted: JsonObject | None = None
) -> JsonObject:
    """Values of an item as `add_item` takes them, and its authors.

    Raises ItemChanged, with what the person wanted, when it isn't in force any more.
    """
    return _item_in_force(connection, kind, item_id, lists_of(connection, None), wanted)


def items_in_force(connection: Connection, kind: Kind) -> list[JsonObject]:
    """The items in force by id: values as `add_item` takes them, id, creation time, authors."""
    names = VERSIONED[kind]
    item, entry = names.items, names.entries
    rows = connection.execute(
        sa.select(item)
        .join(entry, entry.c.id == item.c.id)
        .where(entry.c[names.list_id] == lists_of(connection, None).get(names.list_id))
        .order_by(item.c.id)
    ).mappings()
    items = [as_json(dict(row)) for row in rows]
    if kind is Kind.COMPONENT:
        columns = columns_by_id(connection)
        for each in items:
            column = columns[cast("int", each.pop("component"))]
            each["column"], each["online"] = column.name, column.online
    return items


def _lock_settings(connection: Connection) -> dict[str, int]:
    lock(connection)
    settings = lists_of(connection, None)
    if not settings:
        raise NotFound("The database has no settings yet. Import a configuration first.")
    return settings


def _item_in_force(
    connection: Connection,
    kind: Kind,
    item_id: int,
    settings: Mapping[str, int],
    wanted: JsonObject | None,
) -> JsonObject:
    names = VERSIONED[kind]
    item, entry = names.items, names.entries
    row = (
        connection.execute(
            sa.select(item, entry.c[names.list_id].label("in_force"))
            .outerjoin(
                entry,
                sa.and_(
                    entry.c.id == item.c.id,
                    entry.c[names.list_id] == settings.get(names.list_id),
                ),
            )
            .where(item.c.id == item_id)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound(f"There is no {kind.word} {item_id} in any version.")
    if row["in_force"] is None:
        # Not above: every version is read only to say what happened.
        from app.domain.configuration.versions import changed_meanwhile
        from app.models.configuration.history import history

        raise changed_meanwhile(history(connection, kind), item_id, wanted)
    values = {
        name: value for name, value in row.items() if name not in {"id", "createdAt", "in_force"}
    }
    if kind is Kind.COMPONENT:
        column = columns_by_id(connection)[values.pop("component")]
        values["column"], values["online"] = column.name, column.online
    return values


def _authors(
    kind: Kind, *, created_by: str | None = None, updated_by: str | None = None
) -> JsonObject:
    if "created_by" not in VERSIONED[kind].items.c:
        return {}
    if created_by is not None:
        return {"created_by": created_by, "updated_by": None}
    return {"updated_by": updated_by}


def _insert_item(connection: Connection, kind: Kind, values: JsonObject) -> int:
    items = VERSIONED[kind].items
    row = dict(values)
    if kind is Kind.COMPONENT:
        online = row.pop("online") is True
        row["component"] = _column_id(connection, str(row.pop("column")), online=online)
    return int(
        connection.execute(
            items.insert().values(**row, createdAt=sa.func.now()).returning(items.c.id)
        ).scalar_one()
    )


def _column_id(connection: Connection, column: str, *, online: bool) -> int:
    """Id of a column `{workspace}-{column}`, which component classifiers refer to."""
    id_ = ids_in_use(columns_by_id(connection)).get((column, online))
    if id_ is None:
        where = "online" if online else "offline"
        raise NotFound(f'No {where} workspace has a column "{column}".')
    return id_


def _new_version(
    connection: Connection,
    kind: Kind,
    settings: Mapping[str, int],
    by: str,
    *,
    added: int | None = None,
    removed: int | None = None,
) -> int:
    """A list as the one in force with one item more or less, and the settings that name it."""
    names = VERSIONED[kind]
    kept = connection.execute(
        sa.select(names.entries.c.id).where(
            names.entries.c[names.list_id] == settings[names.list_id]
        )
    ).scalars()
    entries = {*kept, added} - {removed, None}
    return _new_list(connection, kind, settings, by, cast("set[int]", entries))


def _new_list(
    connection: Connection,
    kind: Kind,
    settings: Mapping[str, int],
    by: str,
    items: Collection[int],
) -> int:
    """A new list of these items, and the settings that name it; returns their id.

    Never a list that is there: the web service goes on from the one with the greatest id.
    """
    names = VERSIONED[kind]
    new_list = connection.execute(names.lists.insert().returning(names.lists.c.id)).scalar_one()
    connection.execute(
        text(
            f'INSERT INTO "{names.entries.name}" (id, "{names.list_id}")'
            " SELECT id, :new FROM unnest(CAST(:items AS integer[])) AS id"
        ),
        {"new": new_list, "items": sorted(items)},
    )
    return _new_settings(connection, {**settings, names.list_id: new_list}, {"by": by})


def _new_settings(
    connection: Connection, lists: Mapping[str, int], metadata: Mapping[str, str]
) -> int:
    named = {name: lists[name] for name in tables.SETTINGS_LISTS}
    added = connection.execute(
        tables.settings.insert()
        .values(metadata=metadata, createdAt=sa.func.now(), **named)
        .returning(tables.settings.c.id, tables.settings.c.createdAt)
    ).one()
    outcome.leave_row(connection, '"Settings"', added)
    return int(added.id)
