"""The DQM GUI: its puller, and the datasets that are accepted from it."""

from collections.abc import Sequence
from typing import Protocol

from app.domain.configuration.in_force import DatasetAccepted
from app.domain.json_value import JsonObject
from app.domain.sources.dqm_gui import ExpressionMatches


class DqmGui(Protocol):
    """What is pulled from the DQM GUI, and what of it belongs to which dataset."""

    def try_expressions(
        self, regexp: str, run_from: int | None, run_to: int | None
    ) -> Sequence[ExpressionMatches]:
        """What each line finds in what the GUI had last; Refused while nothing is known of it."""
        ...

    def datasets_accepted(self) -> Sequence[DatasetAccepted]:
        """Those in force, enabled ones first, then by class and name."""
        ...

    def save_dataset_accepted(self, item_id: int | None, values: JsonObject) -> int:
        """Adds one, or puts it in the place of an item; returns its new id."""
        ...

    def delete_dataset_accepted(self, item_id: int) -> None: ...
