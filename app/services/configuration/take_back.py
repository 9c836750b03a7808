"""Taking back what was done last to one item of the configuration, whatever happened to others."""

from app.domain.configuration.in_force import Kind
from app.domain.configuration.items import fields_of
from app.domain.configuration.versions import Item
from app.domain.errors import NotFound
from app.domain.json_value import JsonObject
from app.services.acting import Acting
from app.services.configuration import edits, versions


def take_back(acting: Acting, kind: Kind, item_id: int) -> str:
    """Writes an item as it was before the change that brought or removed it; says what that did.

    An item that was added is removed, one that was removed is added again. It takes the rights of
    doing so by hand. Raises ItemChanged when somebody has changed the item since.
    """
    history = versions.versions(acting, kind)
    for version in reversed(history.versions):
        for before, after in version.edited:
            if after == item_id:
                old = history.items[before]
                edits.edit_item(acting, kind, item_id, _values(old), insist=True)
                return f"{old.title} is as it was before."
        if item_id in version.added:
            edits.delete_item(acting, kind, item_id)
            return f"Removed {history.items[item_id].title} again."
        if item_id in version.removed:
            gone = history.items[item_id]
            edits.add_item(acting, kind, _values(gone), insist=True)
            return f"{gone.title} is back."
    raise NotFound(f"There is no {item_id} in the versions of the {kind.word} list.")


def _values(item: Item) -> JsonObject:
    return {name: item.values[name] for name in fields_of(item.kind)}
