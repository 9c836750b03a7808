"""Where the window gets evidence from, without waiting for it."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from app.domain.keys import RunNumber
from app.domain.sources.histograms import Histogram, PictureSize, page_address
from app.domain.sources.layouts import Layout
from app.domain.sources.run_numbers import RunNumbers


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a histogram as PNG, and when it was fetched [s since 1970]."""

    content: bytes
    fetched_at: float


class EvidenceSource(Protocol):
    """Asks the DQM GUI and OMS. Futures fail with Refused or Unavailable; cancelling one ends its
    request. With `anew` what is kept on disk doesn't count."""

    def picture(
        self, histogram: Histogram, size: PictureSize, *, anew: bool = False
    ) -> Future[Picture]:
        """A histogram as the DQM GUI draws it."""

    def numbers(self, run_number: RunNumber, *, anew: bool = False) -> Future[RunNumbers]:
        """What OMS measured in each lumisection of a run."""


@dataclass(frozen=True)
class Evidence:
    """Evidence beside the flags: where it is from, which histograms, and where their pages are.

    `faulty`: why the person's own layouts can't be used.
    """

    source: EvidenceSource
    layouts: tuple[Layout, ...]
    dqm_gui: str
    faulty: str = ""

    def page(self, histogram: Histogram) -> str:
        """The permanent address of a histogram."""
        return page_address(self.dqm_gui, histogram)
