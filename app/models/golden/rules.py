"""The rules that stored lists were made with."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from app.domain.json_value import JsonValue


def rules_of(connection: Connection, ids: Sequence[int]) -> dict[int, JsonValue]:
    """The rule of each of these lists."""
    found = connection.execute(
        text('SELECT id, json_logic FROM "GeneratedJson" WHERE id = ANY(:ids)'), {"ids": list(ids)}
    )
    return {row.id: row.json_logic for row in found}
