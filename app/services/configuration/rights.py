"""Who could do what under permissions that aren't saved."""

from app.domain.configuration.in_force import Kind
from app.domain.configuration.items import routes_of
from app.domain.configuration.rights import RightLine, matrix
from app.domain.json_value import JsonObject
from app.services.acting import Acting
from app.services.configuration import in_force, versions


def rights_with(
    acting: Acting, item_id: int | None, values: JsonObject | None
) -> tuple[RightLine, ...]:
    """The rights if the permission `item_id` had these values, or were removed without values."""
    history = versions.versions(acting, Kind.PERMISSION)
    permissions = [
        history.items[permission].values
        for permission in history.versions[-1].items
        if permission != item_id
    ]
    if values is not None:
        permissions.append(values)
    rows = [(str(permission["egroup"]), routes_of(permission)) for permission in permissions]
    return matrix(in_force.current(acting), rows)
