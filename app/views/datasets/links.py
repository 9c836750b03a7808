"""Web pages of runs and datasets, opened in the person's browser."""

from collections.abc import Callable
from urllib.parse import quote

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QCursor, QDesktopServices
from PySide6.QtWidgets import QMenu, QWidget

from app.domain.errors import Refused
from app.domain.keys import ONLINE, DatasetKey
from app.services.certification import tables
from app.views.actions import ActionRow
from app.views.places import PlaceContext
from app.views.session import WebAddresses

MENU = ("open.gui", "open.oms", "open.elog")

_MOST_OFFERED = 20


def run_in_oms(addresses: WebAddresses, run_number: int) -> str:
    """The run in OMS."""
    return f"{addresses.oms}?cms_run={run_number}"


def run_in_elog(addresses: WebAddresses, run_number: int) -> str:
    """The logbook, at the run where its address has a place for the number."""
    return addresses.elog.replace("{run}", str(run_number))


def online_in_gui(addresses: WebAddresses, run_number: int) -> str:
    """What the DQM GUI shows of data taking; it stands beside the one of offline datasets."""
    base = addresses.dqm_gui.removesuffix("/offline")
    return f"{base}/online/start?runnr={run_number};sampletype=online_data;workspace=Summary"


def dataset_in_gui(addresses: WebAddresses, run_number: int, name: str) -> str:
    """A dataset in the DQM GUI, called as it is there."""
    return f"{addresses.dqm_gui}/start?runnr={run_number};dataset={quote(name)}"


class LinkActions(QObject):
    """Opens the pages of the dataset that `subject()` names when an action is asked for."""

    def __init__(
        self,
        context: PlaceContext,
        window: QWidget,
        subject: Callable[[], DatasetKey | None],
        open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl,
    ) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._subject = subject
        self._open_url = open_url

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "open.gui",
                "Open in DQM GUI",
                self.open_gui,
                "Ctrl+Shift+Q",
                "link",
                "Open the chosen run or dataset in the DQM GUI, in the browser",
                self._has_subject,
            ),
            ActionRow(
                "open.oms",
                "Open in OMS",
                self.open_oms,
                "Ctrl+Shift+M",
                "link",
                "Open the chosen run in OMS, in the browser",
                self._has_subject,
            ),
            ActionRow(
                "open.elog",
                "Open the logbook",
                self.open_elog,
                "Ctrl+Shift+E",
                "link",
                "Open the logbook of the chosen run, in the browser",
                self._has_subject,
            ),
        ]

    def open_oms(self) -> None:
        """Opens the run in OMS."""
        subject = self._subject()
        if subject is not None:
            self._open(run_in_oms(self._addresses, subject[0]))

    def open_elog(self) -> None:
        """Opens the logbook."""
        subject = self._subject()
        if subject is not None:
            self._open(run_in_elog(self._addresses, subject[0]))

    def open_gui(self) -> None:
        """Opens the dataset as the DQM GUI calls it; a choice is offered where it has several."""
        subject = self._subject()
        if subject is None:
            return
        run_number, name = subject
        if name == ONLINE:
            self._open(online_in_gui(self._addresses, run_number))
            return
        acting = self._context.acting
        # Once: a menu that comes when the server is back would come out of the blue.
        self._context.background.act_then(
            lambda: tables.dataset_details(acting, run_number, name).row.datasets_in_gui,
            lambda names: self._offer(run_number, name, names),
            owner=self,
        )

    @property
    def _addresses(self) -> WebAddresses:
        return self._context.workplace.addresses

    def _has_subject(self) -> bool:
        return self._subject() is not None

    def _offer(self, run_number: int, name: str, in_gui: tuple[str, ...]) -> None:
        if not in_gui:
            self._context.notices.refuse(
                Refused(f"{name} of run {run_number} is not in the DQM GUI yet.")
            )
        elif len(in_gui) == 1:
            self._open(dataset_in_gui(self._addresses, run_number, in_gui[0]))
        else:
            menu = QMenu(self._window)
            for each in in_gui[:_MOST_OFFERED]:
                action = menu.addAction(each)
                action.triggered.connect(
                    lambda _checked=False, each=each: self._open(
                        dataset_in_gui(self._addresses, run_number, each)
                    )
                )
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(QCursor.pos())

    def _open(self, address: str) -> None:
        if not self._open_url(QUrl(address)):
            self._context.notices.refuse(
                Refused(f"No browser could be opened; the address is {address}")
            )
