"""Histograms and numbers beside the flags: fetched in a thread of its own, and kept for a while."""

import logging

from app.bootstrap.asked_servers import AskedServers
from app.domain.errors import BadInput
from app.services.evidence import histograms
from app.services.evidence.kept import Kept
from app.services.evidence.sources import Evidence
from app.settings import Settings
from app.sync.evidence import EvidenceLoop

logger = logging.getLogger(__name__)


class FetchedEvidence:
    """The evidence of this program, and the thread that fetches it until `stop`."""

    def __init__(self, settings: Settings, servers: AskedServers) -> None:
        kept = Kept(
            settings.cache_folder / "evidence",
            most_bytes=settings.cache_mb << 20,
            most_days=settings.cache_days,
        )
        self._loop = EvidenceLoop(
            lambda: servers.gui,
            lambda: servers.oms,
            kept,
            on_bug=lambda error: logger.error("Evidence can't be fetched", exc_info=error),
        )
        faulty = ""
        try:
            layouts = histograms.known_layouts(settings.dqm_gui_layouts)
        except BadInput as error:
            faulty, layouts = str(error), histograms.known_layouts(None)
        self.evidence = Evidence(self._loop, layouts, settings.dqm_gui_url, faulty)

    def stop(self) -> None:
        """Nothing is fetched any more."""
        self._loop.stop()
