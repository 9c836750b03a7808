"""The datasets that actions apply to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.keys import DatasetKey
from app.services.certification.tables import Chosen


@dataclass(frozen=True, slots=True)
class Selection:
    """Datasets that are chosen, and how many; `states` in the workspace as far as they are known.

    `everything` are all that the table shows, with their number, where there is a table.
    `columns` are those of the workspace; `hidden` where the chosen ones are.
    """

    workspace: str
    chosen: Chosen
    count: int
    states: Mapping[DatasetKey, str] = field(default_factory=dict)
    everything: Chosen | None = None
    everything_count: int = 0
    columns: tuple[str, ...] = ()
    hidden: bool = False
