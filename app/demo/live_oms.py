"""The season served over HTTP on loopback."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from app.demo.season import DemoSeason
from app.demo.simulated_oms import SimulatedOms


class LiveOms:
    """The season served over HTTP on loopback, its live run growing in a thread."""

    def __init__(
        self,
        season: DemoSeason,
        *,
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
        tick_s: float = 0.25,
    ) -> None:
        self._season = season
        self._oms = SimulatedOms(port=port)
        self._clock = clock
        self._tick_s = tick_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-season", daemon=True)

    def start(self) -> Self:
        """Raises `Unavailable` when the port is taken."""
        self._season.tell(self._oms)
        self._oms.start()
        self._thread.start()
        return self

    def close(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._oms.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The address up to and with `/agg/api/v1`."""
        return self._oms.url

    def _run(self) -> None:
        while not self._stopping.wait(self._tick_s):
            if self._season.advance(self._clock()):
                self._season.tell_news(self._oms)
