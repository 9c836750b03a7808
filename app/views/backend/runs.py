"""Runs and their datasets: reading and acting on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.json_value import JsonObject, JsonValue
from app.views.backend.history import History
from app.views.backend.lumisections import Lumisections


@dataclass(frozen=True, slots=True)
class RunDetails:
    """Everything recorded of a run; `datasets` are those that aren't hidden, `online` first."""

    run_number: int
    oms_attributes: JsonObject
    rr_attributes: JsonObject
    datasets: tuple[str, ...]
    dataset_attributes: Mapping[str, JsonObject]

    @property
    def state(self) -> str:
        return str(self.rr_attributes.get("state", ""))

    @property
    def significant(self) -> bool:
        return self.rr_attributes.get("significant") is True

    @property
    def needs_manual_update(self) -> bool:
        return self.rr_attributes.get("run_needs_to_be_updated_manually") is True


class Runs(Lumisections, History, Protocol):
    """Reading and acting on runs and datasets; actions answer with a sentence for the person."""

    def run_details(self, run_number: int) -> RunDetails: ...

    def classes(self) -> Sequence[str]:
        """Classes that the classifiers know."""
        ...

    def mark_significant(self, run_number: int) -> str: ...

    def edit_run(self, run_number: int, attribute: str, value: JsonValue) -> str: ...

    def settle_manual_update(self, run_number: int) -> str: ...

    def take_in(self, run_number: int) -> str:
        """Brings LS that a signed-off run gained into it and its offline datasets."""
        ...

    def refresh(self, run_number: int) -> str: ...

    def reset_and_refresh(self, run_number: int) -> str: ...

    def move_run(self, run_number: int, from_state: str, to_state: str) -> str: ...

    def move_datasets(
        self,
        keys: Sequence[tuple[int, str]],
        workspace: str,
        from_state: str | None,
        to_state: str,
    ) -> str:
        """Run numbers and names of offline datasets, all or none; `from_state` is the state that
        all those have that would move, None when they have several."""
        ...
