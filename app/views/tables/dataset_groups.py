"""Parts of the table of datasets, by what they wait for in the workspace that is shown."""

from enum import Enum

from app.domain.certification.datasets import EDITABLE_STATES, NOT_SIGNIFICANT, WAITING


class DatasetGroup(Enum):
    """Which datasets a table shows: title, states in the workspace, tool tip, words when empty."""

    ALL = ("All", (), "All datasets that aren't hidden", "")
    WAITING = (
        "Waiting",
        (WAITING,),
        "Datasets waiting for the DQM GUI in this workspace",
        "No dataset is waiting for the DQM GUI in this workspace.",
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
        "Datasets that are not significant for this workspace",
        "Every dataset is significant for this workspace.",
    )
    HIDDEN = (
        "Hidden",
        (),
        "Hidden datasets. The Dataset menu brings them back",
        "No dataset is hidden.",
    )

    def __init__(self, title: str, states: tuple[str, ...], tip: str, empty: str) -> None:
        self.title = title
        self.states = states
        self.tip = tip
        self.empty = empty
