"""The configuration: edited, compared, tried on runs, applied to them.

What comes back are the services' own frozen values: nothing in them depends on a database.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.configuration.in_force import Configuration, Kind
from app.domain.configuration.rights import RightLine
from app.domain.configuration.versions import ListHistory
from app.domain.json_value import JsonObject
from app.services.classifying.reclassify import Reclassified, RunPlan
from app.services.classifying.trials import Draft, Tried
from app.services.classifying.why import Why
from app.services.configuration.versions import InForce, Restoration

Tell = Callable[[float], None]
"""Takes the share done, 0 to 1."""
IsCancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class WhyAsked:
    """What is asked of a run: `subject` is CLASS, SIGNIFICANCE, or a column in a lumisection.

    With `draft`, as a change would have it that isn't saved.
    """

    run_number: int
    subject: str
    dataset: str = "online"
    lumisection: int = 0
    draft: Draft | None = None


CLASS = "class"
SIGNIFICANCE = "significant"


class ConfigurationParts(Protocol):
    """Everything about the versioned configuration.

    What takes `tell` and `is_cancelled` may call them from its own thread; it returns None when
    it was cancelled.
    """

    def configuration(self) -> Configuration:
        """The one in force, as rules."""
        ...

    def configuration_list(self, kind: Kind) -> ListHistory:
        """All versions of a list; the last one is in force."""
        ...

    def save_item(
        self, kind: Kind, item_id: int | None, values: JsonObject, *, insist: bool
    ) -> int:
        """Adds an item, or changes the one with the id; ItemChanged and UnknownVariables are
        refusals that say more than their text."""
        ...

    def delete_item(self, kind: Kind, item_id: int) -> None: ...

    def in_force_at(self, kind: Kind, version: int) -> InForce:
        """The version of a list in force when a version of events was written."""
        ...

    def preview_restoration(self, kind: Kind, settings_id: int) -> Restoration: ...

    def restore_list(
        self, kind: Kind, settings_id: int, *, seen: int, without_faulty: bool
    ) -> int: ...

    def try_draft(
        self,
        draft: Draft,
        run_numbers: Sequence[int] | None,
        last: int,
        tell: Tell,
        is_cancelled: IsCancelled,
    ) -> Tried | None: ...

    def why(self, asked: WhyAsked) -> Why: ...

    def open_runs(self) -> tuple[int, ...]:
        """Those of the newest runs that can be reclassified, the newest first."""
        ...

    def preview_reclassification(
        self, run_numbers: Sequence[int], tell: Tell, is_cancelled: IsCancelled
    ) -> tuple[RunPlan, ...] | None: ...

    def reclassify(
        self, run_numbers: Sequence[int], tell: Tell, is_cancelled: IsCancelled
    ) -> Reclassified | None:
        """What was done before it was cancelled stays."""
        ...

    def rights_with(self, item_id: int | None, values: JsonObject | None) -> tuple[RightLine, ...]:
        """Who could do what if a permission had these values, or were gone."""
        ...

    def add_workspace(self, name: str, *, online: bool) -> None: ...

    def add_column(self, column: str, *, online: bool) -> None: ...

    def retire_workspace(self, name: str, *, online: bool) -> None: ...

    def retire_column(self, column: str, *, online: bool) -> None: ...
