"""The versioned configuration: read as rules, changed by new versions, imported and exported."""

from app.models.configuration.editing import (
    add_item,
    delete_item,
    edit_item,
    item_in_force,
    items_in_force,
    note,
    replace_list,
)
from app.models.configuration.going_back import earlier_version, go_back
from app.models.configuration.lists import CONFIGURATION_TABLES, lock
from app.models.configuration.reading import (
    columns_and_rights,
    in_force,
    load,
    settings_in_force,
)
from app.models.configuration.whole_tables import (
    ImportReport,
    clear,
    export_tables,
    holds_only,
    import_tables,
    is_untouched,
)
from app.models.configuration.workspaces import (
    put_column,
    put_workspace,
    read_workspaces,
    retire_column,
    retire_workspace,
)

__all__ = [
    "CONFIGURATION_TABLES",
    "ImportReport",
    "add_item",
    "clear",
    "columns_and_rights",
    "delete_item",
    "earlier_version",
    "edit_item",
    "export_tables",
    "go_back",
    "holds_only",
    "import_tables",
    "in_force",
    "is_untouched",
    "item_in_force",
    "items_in_force",
    "load",
    "lock",
    "note",
    "put_column",
    "put_workspace",
    "read_workspaces",
    "replace_list",
    "retire_column",
    "retire_workspace",
    "settings_in_force",
]
