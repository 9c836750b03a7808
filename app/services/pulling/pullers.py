"""The pullers of this client, as a person asks them: what they do, and to look at once."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from app.domain.errors import Refused, Unavailable
from app.domain.keys import RunNumber
from app.domain.sources.dqm_gui import GuiListing, GuiStatus
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import PullState, PullStatus
from app.services.acting import Acting
from app.services.pulling import runs
from app.services.pulling.dqm_gui import GuiStore

FETCH_S = 120.0
"""How long a person waits for the answer of OMS about one run."""


class OmsPuller(Protocol):
    """The loop that pulls from OMS."""

    @property
    def status(self) -> PullStatus:
        """What it does now; quick."""

    def wake(self) -> None:
        """Has it pull at once."""

    def fetch(self, run_number: RunNumber) -> Future[OmsRun]:
        """What OMS says of one run."""


class GuiPuller(Protocol):
    """The loop that looks at the DQM GUI."""

    @property
    def status(self) -> GuiStatus:
        """What it does now; quick."""

    def wake(self) -> None:
        """Has it look at once."""


@dataclass(frozen=True)
class Pullers:
    """Both pullers; None is switched off. `gui_store` keeps what the DQM GUI had last, and
    `read_gui` reads it where another client pulls."""

    oms: OmsPuller | None = None
    gui: GuiPuller | None = None
    gui_store: GuiStore | None = None
    read_gui: Callable[[], GuiListing] | None = None

    @property
    def oms_status(self) -> PullStatus:
        """What the puller of OMS does now."""
        return PullStatus() if self.oms is None else self.oms.status

    @property
    def gui_status(self) -> GuiStatus:
        """What the puller of the DQM GUI does now."""
        return GuiStatus() if self.gui is None else self.gui.status

    def ask_oms(self, run_number: RunNumber) -> OmsRun | None:
        """What OMS says of a run now; None when it can't be asked."""
        if self.oms is None:
            return None
        try:
            return self.oms.fetch(run_number).result(FETCH_S)
        except (Unavailable, TimeoutError):
            return None


def pull_now(pullers: Pullers) -> str:
    """Asks for a pull of everything new; says who does it."""
    if pullers.oms is None:
        raise Refused("Pulling is switched off in the settings.")
    status = pullers.oms.status
    if status.state is PullState.STANDBY:
        return f"{status.puller or 'Another client'} pulls."
    pullers.oms.wake()
    return "Asking OMS."


def pull_run(acting: Acting, pullers: Pullers, run_number: RunNumber) -> str:
    """Fetches one run from OMS and brings it in; says what that did."""
    if pullers.oms is None:
        raise Refused("Pulling is switched off in the settings.")
    return runs.apply(acting, pullers.oms.fetch(run_number).result(FETCH_S)).text


def ask_gui_now(pullers: Pullers) -> str:
    """Asks for a look at the DQM GUI; says who does it."""
    if pullers.gui is None or pullers.gui.status.state is PullState.OFF:
        raise Refused("Pulling the DQM GUI is switched off in the settings.")
    status = pullers.gui.status
    if status.state is PullState.STANDBY:
        return f"{status.puller or 'Another client'} pulls the DQM GUI."
    pullers.gui.wake()
    return "Asking the DQM GUI."


def latest_listing(pullers: Pullers) -> GuiListing:
    """What the DQM GUI had last; read from it where this client has not looked yet."""
    store = pullers.gui_store
    if store is None:
        raise Refused("This client doesn't ask the DQM GUI.")
    try:
        return store.latest
    except Unavailable as error:
        if pullers.read_gui is None:
            raise Refused(str(error)) from error
    try:
        store.keep(pullers.read_gui())
    except Unavailable as error:
        # Nothing of the database is concerned, and nobody waits for it to come back.
        raise Refused(str(error)) from error
    return store.latest
