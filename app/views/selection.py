"""The datasets that actions apply to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.keys import DatasetKey
from app.services.certification.tables import Chosen

NO_TABLE = "Go to a table of runs or datasets first: Online or Offline."
NO_DATASETS = "Select datasets first, in Offline or Cycles."


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


def why_not_on(selection: Selection | None, *, hidden: bool | None) -> str:
    """Why an action on the selected datasets is impossible: there are none, or they aren't
    `hidden`, or are, as they have to be; None when that doesn't matter."""
    if selection is None:
        return NO_DATASETS
    if hidden is None or hidden == selection.hidden:
        return ""
    return (
        "The datasets are hidden: un-hide them first."
        if selection.hidden
        else ("The datasets aren't hidden. Hidden ones are in the table under Hidden.")
    )
