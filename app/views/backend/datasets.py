"""Offline datasets: what is chosen of a table, tools over many of them, where else they are."""

from collections.abc import Callable, Sequence
from typing import Protocol

from app.domain.certification.dataset_tools import Applied, Preview, Tool
from app.domain.keys import DatasetKey
from app.services.acting import Acting

Share = Callable[[float], None]
"""Told how much of a long action is done, 0 to 1, from the thread that does it."""

Asked = Callable[[], bool]
"""Whether the person has had enough."""


class Datasets(Protocol):
    """Offline datasets."""

    acting: Acting

    def preview_tool(self, tool: Tool, share: Share, is_cancelled: Asked) -> Preview | None:
        """What the tool would do to each dataset; None when cancelled."""
        ...

    def apply_tool(
        self, tool: Tool, reason: str, share: Share, is_cancelled: Asked
    ) -> Applied | None:
        """Does it, as one version; None when cancelled, and then nothing is changed."""
        ...

    def datasets_csv(
        self, keys: Sequence[DatasetKey], columns: Sequence[str], share: Share, is_cancelled: Asked
    ) -> str | None:
        """The datasets as CSV; None when cancelled."""
        ...

    def names_in_gui(self, run_number: int, name: str) -> Sequence[str]:
        """How the DQM GUI calls a dataset; nothing while it isn't there."""
        ...
