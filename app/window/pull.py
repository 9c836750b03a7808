"""The puller."""

from app.domain.errors import Refused
from app.domain.sources.pull import PullState, PullStatus
from app.services.pulling import runs as pull
from app.window.parts import FETCH_S, Parts


class PullBackend(Parts):
    """What the puller does, and asking it for more."""

    def pull_status(self) -> PullStatus:
        return PullStatus() if self._puller is None else self._puller.status

    def pull_now(self, run_number: int | None = None) -> str:
        if self._puller is None:
            raise Refused("Pulling is switched off in the settings.")
        if run_number is not None:
            answer = self._puller.fetch(run_number).result(FETCH_S)
            return pull.apply(self._acting, answer).text
        if self._puller.status.state is PullState.STANDBY:
            return f"{self._puller.status.puller or 'Another client'} pulls."
        self._puller.wake()
        return "Asking OMS."
