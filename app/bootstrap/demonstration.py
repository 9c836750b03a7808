"""The demonstration: a simulated OMS and DQM GUI with an invented season, and colleagues."""

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.identity import Actor
from app.models.database.engine import Database
from app.models.embedded import DEMONSTRATION_MARK
from app.services import databases

if TYPE_CHECKING:
    from app.demo.colleagues import Colleagues
    from app.demo.live_oms import LiveOms
    from app.demo.simulated_dqm_gui import SimulatedDqmGui
    from app.demo.simulated_oms import SimulatedOms

logger = logging.getLogger(__name__)

_SEASON_SEED = 2025
_STOP_S = 1.0


class Demonstration:
    """What stands for OMS, the DQM GUI and the colleagues of a demonstration, while it runs; a mark
    in the folder of the database says that the season is there."""

    def __init__(self, server_folder: Path) -> None:
        self._mark = server_folder / DEMONSTRATION_MARK
        self._oms: SimulatedOms | LiveOms | None = None
        self._gui: SimulatedDqmGui | None = None
        self._colleagues: Colleagues | None = None

    @property
    def is_marked(self) -> bool:
        """Whether the season is in the database."""
        # One that can't be looked into is told of by whoever opens it.
        with suppress(OSError):
            return self._mark.exists()
        return False

    @property
    def is_running(self) -> bool:
        """Whether the simulated servers answer."""
        return self._oms is not None

    @property
    def oms_url(self) -> str | None:
        """Where the simulated OMS answers; None while it doesn't."""
        return None if self._oms is None else self._oms.url

    @property
    def gui_url(self) -> str | None:
        """Where the simulated DQM GUI answers; None while it doesn't."""
        return None if self._gui is None else self._gui.url

    def start(self, db: Database, *, live: bool) -> str:
        """Starts the simulated servers with the season; returns the address of OMS.

        It goes on from the newest run that is known; the newest run of a live one grows.
        """
        # Not above: most starts are on a real database.
        from app.demo.live_oms import LiveOms
        from app.demo.season import DemoSeason
        from app.demo.simulated_dqm_gui import SimulatedDqmGui
        from app.demo.simulated_oms import SimulatedOms

        season = DemoSeason(_SEASON_SEED, time.monotonic(), continues=databases.newest_run(db))
        self._gui = SimulatedDqmGui(more=season.in_dqm_gui).start()
        self._mark.touch()
        if live:
            self._oms = LiveOms(season).start()
        else:
            oms = SimulatedOms()
            season.tell(oms)
            self._oms = oms.start()
        return self._oms.url

    def start_colleagues(self, db: Database, actor: Actor) -> "Colleagues":
        """Has colleagues sign off and certify the older part of an untouched season."""
        from app.demo.colleagues import Colleagues

        self._colleagues = Colleagues(db, actor)
        self._colleagues.start()
        return self._colleagues

    def stop_colleagues(self) -> None:
        """The colleagues end what they are at."""
        colleagues, self._colleagues = self._colleagues, None
        if colleagues is not None and not colleagues.stop(_STOP_S):
            logger.warning("The colleagues haven't stopped in %.0f s", _STOP_S)

    def close(self) -> None:
        """The simulated servers answer no longer."""
        oms, self._oms = self._oms, None
        if oms is not None:
            oms.close()
        gui, self._gui = self._gui, None
        if gui is not None:
            gui.close()
