"""Offline datasets: what is chosen of a table, tools over many of them, where else they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.certification.dataset_tools import Applied, Preview, Tool
from app.domain.keys import DatasetKey
from app.views.backend.tables import PageRequest

Share = Callable[[float], None]
"""Told how much of a long action is done, 0 to 1, from the thread that does it."""

Asked = Callable[[], bool]
"""Whether the person has had enough."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Datasets that somebody chose in a table: those of `keys`, those at `places` of what
    `request` asks for, or everything that it asks for."""

    request: PageRequest
    keys: tuple[DatasetKey, ...] = ()
    places: tuple[int, ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class WebAddresses:
    """Where the web pages of runs and datasets are; see `app.views.datasets.links`."""

    oms: str
    dqm_gui: str
    elog: str


class Datasets(Protocol):
    """Offline datasets."""

    def chosen_keys(self, chosen: Chosen) -> tuple[DatasetKey, ...]:
        """Run numbers and names, each once, as the table shows them now."""
        ...

    def dataset_states(
        self, keys: Sequence[DatasetKey], workspace: str
    ) -> Mapping[DatasetKey, str]:
        """State of each in a workspace; empty where it has none."""
        ...

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

    def web_addresses(self) -> WebAddresses:
        """Known from the start."""
        ...
