"""Web pages of runs and datasets, opened in the person's browser."""

from collections.abc import Callable, Sequence
from urllib.parse import quote

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QCursor, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from app.domain.errors import Refused
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import LumiRange, format_ranges
from app.services.certification import tables
from app.views.actions import ActionRow
from app.views.places import PlaceContext
from app.views.session import WebAddresses
from app.views.subject import NO_SUBJECT

MENU = ("open.gui", "open.oms", "open.oms.lumisections", "open.elog")

_MOST_OFFERED = 20
_IN_BROWSER = "Opens a web page in the browser."


def filled(
    template: str, run_number: int, dataset: str = ONLINE, ranges: Sequence[LumiRange] = ()
) -> str:
    """An address with run, dataset and lumisections in the place of their names in braces; those of
    lumisections stay empty where none are selected."""
    values = {
        "run": str(run_number),
        "dataset": quote(dataset, safe=""),
        "first": str(ranges[0].first) if ranges else "",
        "last": str(ranges[-1].last) if ranges else "",
    }
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def run_in_oms(addresses: WebAddresses, run_number: int) -> str:
    """The run in OMS."""
    if "{run}" in addresses.oms:
        return filled(addresses.oms, run_number)
    return f"{addresses.oms}?cms_run={run_number}"


def online_in_gui(addresses: WebAddresses, run_number: int) -> str:
    """The run in the online DQM GUI, whose address is next to that of the offline one."""
    base = addresses.dqm_gui.removesuffix("/offline")
    return f"{base}/online/start?runnr={run_number};sampletype=online_data;workspace=Summary"


def dataset_in_gui(addresses: WebAddresses, run_number: int, name: str) -> str:
    """A dataset in the DQM GUI under its name there."""
    return f"{addresses.dqm_gui}/start?runnr={run_number};dataset={quote(name)}"


class LinkActions(QObject):
    """Opens the pages of the dataset that `subject()` names when an action is triggered."""

    def __init__(
        self,
        context: PlaceContext,
        window: QWidget,
        subject: Callable[[], DatasetKey | None],
        open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl,
        *,
        ranges: Callable[[DatasetKey], Sequence[LumiRange]] = lambda _key: (),
    ) -> None:
        """`ranges(key)`: the lumisections that are selected in a dataset."""
        super().__init__(window)
        self._context = context
        self._window = window
        self._subject = subject
        self._open_url = open_url
        self._ranges = ranges

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
                self._why_not,
                no_command=_IN_BROWSER,
            ),
            ActionRow(
                "open.oms",
                "Open in OMS",
                self.open_oms,
                "Ctrl+Shift+M",
                "link",
                "Open the chosen run in OMS, in the browser",
                self._why_not,
                no_command=_IN_BROWSER,
            ),
            ActionRow(
                "open.oms.lumisections",
                "Open lumisections in OMS",
                self.open_lumisections,
                icon="link",
                tip="Open the rates of the chosen run by lumisection in OMS, in the browser",
                why_not=self._why_not,
                no_command=_IN_BROWSER,
            ),
            ActionRow(
                "open.elog",
                "Open the logbook",
                self.open_elog,
                "Ctrl+Shift+E",
                "link",
                "Open the logbook at the chosen run and lumisections, in the browser",
                self._why_not,
                no_command=_IN_BROWSER,
            ),
        ]

    def open_oms(self) -> None:
        """Opens the run in OMS."""
        subject = self._subject()
        if subject is not None:
            self._open(run_in_oms(self._addresses, subject[0]))

    def open_lumisections(self) -> None:
        """Opens the lumisections of the run in OMS."""
        self._open_filled(self._addresses.oms_lumisections)

    def open_elog(self) -> None:
        """Opens the logbook. Where its address has no place for the run, run and lumisections are
        copied for its search."""
        subject = self._subject()
        if subject is None:
            return
        template = self._addresses.elog
        if "{run}" not in template:
            number, ranges = str(subject[0]), self._ranges(subject)
            searched = f"{number} LS {format_ranges(ranges)}" if ranges else number
            QGuiApplication.clipboard().setText(searched)
            self._context.notices.tell(
                f'Copied "{searched}": paste it into the search of the logbook.'
            )
        self._open_filled(template)

    def open_gui(self) -> None:
        """Opens the dataset in the DQM GUI, with a choice where it has several names there."""
        subject = self._subject()
        if subject is None:
            return
        run_number, name = subject
        if name == ONLINE:
            self._open(online_in_gui(self._addresses, run_number))
            return
        self._context.background.run(self._find_in_gui(run_number, name), self)

    @property
    def _addresses(self) -> WebAddresses:
        return self._context.workplace.addresses

    def _why_not(self) -> str:
        return "" if self._subject() is not None else NO_SUBJECT

    def _open_filled(self, template: str) -> None:
        subject = self._subject()
        if subject is not None:
            self._open(filled(template, *subject, self._ranges(subject)))

    async def _find_in_gui(self, run_number: int, name: str) -> None:
        acting = self._context.acting
        # Once: a menu that comes when the server is back would come out of the blue.
        details = await self._context.background.act(
            lambda: tables.dataset_details(acting, run_number, name)
        )
        in_gui = details.row.datasets_in_gui
        if not in_gui:
            self._context.notices.refuse(
                Refused(f"{name} of run {run_number} is not in the DQM GUI yet.")
            )
        elif len(in_gui) == 1:
            self._open(dataset_in_gui(self._addresses, run_number, in_gui[0]))
        else:
            menu = QMenu(self._window)
            for name_in_gui in in_gui[:_MOST_OFFERED]:
                address = dataset_in_gui(self._addresses, run_number, name_in_gui)
                action = menu.addAction(name_in_gui)
                action.triggered.connect(
                    lambda _checked=False, address=address: self._open(address)
                )
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(QCursor.pos())

    def _open(self, address: str) -> None:
        if not self._open_url(QUrl(address)):
            self._context.notices.refuse(
                Refused(f"No browser could be opened. The address is {address}")
            )
