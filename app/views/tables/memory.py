"""What a table remembers from one start to the next: per workspace, and its filters."""

import json
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSettings


class TableMemory:
    """Columns, widths, order and switches of one table; those of each workspace apart."""

    def __init__(self, remembered: QSettings, table: str) -> None:
        self._remembered = remembered
        self._table = table
        self.workspace = "global"

    def ids(self) -> list[str]:
        """Ids of the columns in their order; none for the defaults."""
        return _texts(self._json(self._key("columns")))

    def keep_ids(self, ids: Sequence[str]) -> None:
        self._keep(self._key("columns"), list(ids))

    def widths(self) -> dict[str, int]:
        """Widths by the id of the column."""
        widths = self._json(self._key("widths"))
        if not isinstance(widths, dict):
            return {}
        return {str(id_): width for id_, width in widths.items() if isinstance(width, int)}

    def keep_widths(self, widths: Mapping[str, int]) -> None:
        self._keep(self._key("widths"), dict(widths))

    def sort(self) -> tuple[str, bool] | None:
        """Id of the column that the rows are sorted by, and whether the greatest come first."""
        sort = self._json(self._key("sort"))
        if not isinstance(sort, list) or len(sort) != 2:
            return None
        return str(sort[0]), sort[1] is True

    def keep_sort(self, id_: str, *, descending: bool) -> None:
        self._keep(self._key("sort"), [id_, descending])

    def switched(self, name: str) -> bool:
        """Whether a switch of the table is on."""
        return bool(self._remembered.value(self._key(name), False, type=bool))

    def keep_switched(self, name: str, *, on: bool) -> None:
        self._remembered.setValue(self._key(name), on)

    def choice(self, name: str) -> str:
        """The remembered choice of a few."""
        return str(self._remembered.value(self._key(name), ""))

    def keep_choice(self, name: str, choice: str) -> None:
        self._remembered.setValue(self._key(name), choice)

    # Filters are the table's, whatever workspace is shown.

    def filter(self) -> str:
        """The filter that was applied last."""
        return str(self._remembered.value(f"{self._table}/filter", ""))

    def keep_filter(self, text: str) -> None:
        self._remembered.setValue(f"{self._table}/filter", text)

    def saved_filters(self) -> dict[str, str]:
        """Filters by name."""
        saved = self._json(f"{self._table}/filters")
        if not isinstance(saved, dict):
            return {}
        return {str(name): str(text) for name, text in saved.items()}

    def keep_filters(self, saved: Mapping[str, str]) -> None:
        self._keep(f"{self._table}/filters", dict(saved))

    def _key(self, name: str) -> str:
        return f"{self._table}/{self.workspace}/{name}"

    def _keep(self, key: str, value: object) -> None:
        self._remembered.setValue(key, json.dumps(value))

    def _json(self, key: str) -> object:
        try:
            return json.loads(str(self._remembered.value(key, "null")))
        except ValueError:  # a file that somebody edited
            return None


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
