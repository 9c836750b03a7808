"""Workspaces with their columns, as the web service answers them."""

from app.domain.json_value import JsonObject
from app.models.lists import shared_rows
from app.services.acting import Acting
from app.services.web_service.shapes import row_as_object


def workspaces(acting: Acting, where: str) -> list[JsonObject]:
    """The workspaces for `online` or `offline` work; none for anything else."""
    with acting.db.read() as connection:
        found = [row_as_object(row) for row in shared_rows.workspaces(connection, where)]
        ids = [int(str(each["id"])) for each in found]
        columns = [row_as_object(row) for row in shared_rows.workspace_columns(connection, ids)]
    for each in found:
        own = [column for column in columns if column["id_workspace"] == each["id"]]
        each["columns"] = [column["name"] for column in own]
        each["columns_with_id"] = list(own)
    return found
