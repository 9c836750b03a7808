"""The pullers of this client: what they do, and requests to pull at once."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from app.domain.errors import Refused, Unavailable
from app.domain.keys import RunNumber
from app.domain.seal.status import SealStatus
from app.domain.sources.dqm_gui import GuiListing, GuiStatus
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import PullState, PullStatus

# A window has pullers long before they pull.
if TYPE_CHECKING:
    from app.services.pulling.dqm_gui import GuiStore

FETCH_S = 120.0
"""How long a person waits for the answer of OMS about one run."""


class OmsPuller(Protocol):
    """The loop that pulls from OMS."""

    @property
    def status(self) -> PullStatus:
        """What it does now, without waiting."""

    def wake(self) -> None:
        """Makes it pull at once."""

    def fetch(self, run_number: RunNumber) -> Future[OmsRun]:
        """What OMS says of one run."""


class GuiPuller(Protocol):
    """The loop that looks at the DQM GUI."""

    @property
    def status(self) -> GuiStatus:
        """What it does now, without waiting."""

    def wake(self) -> None:
        """Makes it look at once."""


class SealingLoop(Protocol):
    """The loop that seals the history."""

    @property
    def status(self) -> SealStatus:
        """What it does now, without waiting."""


class Pullers(Struct, frozen=True):
    """Both pullers, and what seals; None is switched off. `gui_store` keeps the latest listing of
    the DQM GUI, and `read_gui` reads one where another client pulls."""

    oms: OmsPuller | None = None
    gui: GuiPuller | None = None
    gui_store: "GuiStore | None" = None
    read_gui: Callable[[], GuiListing] | None = None
    seal: SealingLoop | None = None

    @property
    def oms_status(self) -> PullStatus:
        """What the puller of OMS does now."""
        return PullStatus() if self.oms is None else self.oms.status

    @property
    def gui_status(self) -> GuiStatus:
        """What the puller of the DQM GUI does now."""
        return GuiStatus() if self.gui is None else self.gui.status

    @property
    def seal_status(self) -> SealStatus:
        """What the loop that seals does now."""
        return SealStatus() if self.seal is None else self.seal.status

    def ask_oms(self, run_number: RunNumber) -> OmsRun | None:
        """What OMS says of a run now; None when it can't be asked."""
        if self.oms is None:
            return None
        try:
            return answer(self.oms, run_number)
        except Unavailable:
            return None


def pull_now(pullers: Pullers) -> str:
    """Requests a pull of everything new; says who does it."""
    if pullers.oms is None:
        raise Refused("Pulling is switched off in the settings.")
    status = pullers.oms.status
    if status.state is PullState.STANDBY:
        if not status.puller and status.trouble:
            raise Refused(status.trouble)
        return f"{status.puller or 'Another client'} pulls from OMS."
    pullers.oms.wake()
    return "Pulling from OMS."


def answer(oms: OmsPuller, run_number: RunNumber) -> OmsRun:
    """What OMS says of a run; Unavailable when it doesn't within `FETCH_S`."""
    try:
        return oms.fetch(run_number).result(FETCH_S)
    except TimeoutError as error:
        raise Unavailable(
            f"OMS did not answer for run {run_number} within {FETCH_S:.0f} s. Try again later."
        ) from error


def ask_gui_now(pullers: Pullers) -> str:
    """Requests a look at the DQM GUI; says who does it."""
    if pullers.gui is None or pullers.gui.status.state is PullState.OFF:
        raise Refused("Pulling the DQM GUI is switched off in the settings.")
    status = pullers.gui.status
    if status.state is PullState.STANDBY:
        return f"{status.puller or 'Another client'} pulls the DQM GUI."
    pullers.gui.wake()
    return "Reading the DQM GUI."


def latest_listing(pullers: Pullers) -> GuiListing:
    """The latest listing of the DQM GUI, read from it if this client has none yet."""
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
        # Not an outage of the database: the window must not wait for one to end.
        raise Refused(str(error)) from error
    return store.latest
