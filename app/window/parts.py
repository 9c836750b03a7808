"""What every subject of the backend works with."""

from app.domain.errors import Unavailable
from app.domain.identity import Actor
from app.domain.sources.oms import OmsRun
from app.models.database.engine import Database
from app.services.acting import Acting
from app.sync.worker import PullLoop
from app.views.backend.session import Session

FETCH_S = 120.0


class Parts:
    """Database, person and puller."""

    def __init__(self, db: Database, actor: Actor, session: Session) -> None:
        self._db = db
        self._actor = actor
        self._acting = self.acting = Acting(db, actor)
        self._session = session
        self._puller: PullLoop | None = None

    def use_puller(self, puller: PullLoop) -> None:
        """The puller that is asked for fresh answers and for what it does."""
        self._puller = puller

    def session(self) -> Session:
        return self._session

    def _answer_of_oms(self, run_number: int) -> OmsRun | None:
        """What OMS says now; None when it can't be asked, then what is recorded serves."""
        if self._puller is None:
            return None
        try:
            return self._puller.fetch(run_number).result(FETCH_S)
        except (Unavailable, TimeoutError):
            return None
