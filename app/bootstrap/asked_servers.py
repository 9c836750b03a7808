"""How OMS and the DQM GUI are asked: as the settings say, or those of a demonstration."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.bootstrap.demonstration import Demonstration
from app.settings import Settings

# Nobody is asked before the first table of a window is there.
if TYPE_CHECKING:
    from app.jobs import Asked
    from app.sync.dqm_gui import DqmGuiSettings
    from app.sync.oms_requests import OmsSettings

_DEMONSTRATION_PULL_S = 2.0
_DEMONSTRATION_GUI_S = 10.0
_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


class AskedServers:
    """The servers of the settings; those of the demonstration instead, while they answer."""

    def __init__(self, settings: Settings, demonstration: Demonstration) -> None:
        self._settings = settings
        self._demonstration = demonstration

    @property
    def named(self) -> tuple[str, ...]:
        """Settings that name an OMS which isn't simulated by the program."""
        settings = self._settings
        return tuple(
            name
            for name in ("oms_url", "oms_client_id")
            if name in settings.named and getattr(settings, name) is not None
        )

    @property
    def oms(self) -> "OmsSettings":
        """How OMS is asked; one on this machine needs no pause unless the settings name one."""
        from app.sync.oms_requests import OmsSettings

        if (url := self._demonstration.oms_url) is not None:
            return OmsSettings(url=url, pause_s=0.0)
        settings = self._settings
        patient = not _is_near(settings.oms_url) or "request_pause_s" in settings.named
        return OmsSettings(
            url=settings.oms_url,
            token_url=settings.oms_token_url,
            client_id=settings.oms_client_id,
            client_secret=settings.secret("oms_client_secret"),
            audience=settings.oms_audience,
            ca_bundle=settings.ca_bundle,
            pause_s=settings.request_pause_s if patient else 0.0,
        )

    @property
    def gui(self) -> "DqmGuiSettings":
        """How the DQM GUI is asked."""
        from app.sync.dqm_gui import DqmGuiSettings

        if (url := self._demonstration.gui_url) is not None:
            return DqmGuiSettings(url=url)
        settings = self._settings
        return DqmGuiSettings(
            url=settings.dqm_gui_url,
            certificate=settings.dqm_gui_certificate,
            key=settings.dqm_gui_key,
            ca_bundle=settings.ca_bundle,
        )

    def by_jobs(self, *, writes: bool) -> "Asked":
        """What the jobs of this client ask, and how often; `writes` where they may write what they
        are told."""
        from app.jobs import Asked

        is_demonstration, settings, gui = self._demonstration.is_running, self._settings, self.gui
        # Without a certificate the real one answers nobody.
        answers = is_demonstration or gui.certificate is not None or _is_near(gui.url)
        return Asked(
            self.oms,
            gui,
            asks_oms=settings.pull,
            asks_gui=settings.dqm_gui_pull and (answers or not writes),
            oms_interval_s=_DEMONSTRATION_PULL_S if is_demonstration else settings.pull_interval_s,
            gui_interval_s=_DEMONSTRATION_GUI_S
            if is_demonstration
            else settings.dqm_gui_interval_s,
        )


def _is_near(url: str) -> bool:
    """Whether a server is on this machine, and so a simulated one."""
    return urlsplit(url).hostname in _THIS_MACHINE
