"""Parts of the table of datasets, by what they wait for in the workspace that is shown."""

from enum import Enum

from app.domain.certification.datasets import EDITABLE_STATES, NOT_SIGNIFICANT, WAITING


class DatasetGroup(Enum):
    """Which datasets a table shows: title, states in the workspace, tool tip, words when empty."""

    ALL = ("All", (), "Every dataset that isn't hidden", "")
    WAITING = (
        "Waiting",
        (WAITING,),
        "Datasets that wait for the DQM GUI in this workspace",
        "No dataset waits for the DQM GUI in this workspace.",
    )
    EDITABLE = (
        "Editable",
        EDITABLE_STATES,
        "Datasets that are OPEN, SIGNOFF or COMPLETED in this workspace",
        "No dataset is OPEN, SIGNOFF or COMPLETED in this workspace.",
    )
    NOT_SIGNIFICANT = (
        "Not significant",
        (NOT_SIGNIFICANT,),
        "Datasets that don't matter to this workspace",
        "Every dataset matters to this workspace.",
    )
    HIDDEN = (
        "Hidden",
        (),
        "Datasets that were hidden; un-hide them from the Dataset menu",
        "No dataset is hidden.",
    )

    def __init__(self, title: str, states: tuple[str, ...], tip: str, empty: str) -> None:
        self.title = title
        self.states = states
        self.tip = tip
        self.empty = empty
