"""The menus of the window: which actions they show, in which order."""

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtWidgets import QMenu, QWidget

from app.views.actions import Actions
from app.views.bulk import actions as bulk_actions
from app.views.configuration.trials import why_actions
from app.views.datasets import links
from app.views.evidence import evidence_actions
from app.views.frame.actions import connections, happened, look, preferences, share
from app.views.frame.actions import help as help_actions
from app.views.frame.navigation import PLACES
from app.views.golden import place as golden_place
from app.views.golden import workbench_actions
from app.views.history import actions as history_actions
from app.views.notes import note_actions
from app.views.places import PlaceWidget
from app.views.reports import report_actions
from app.views.runs import dataset_actions, run_actions

_RUN = (
    *run_actions.MENU,
    "",
    *workbench_actions.RUN_MENU,
    *why_actions.RUN_MENU,
    "",
    *links.MENU,
    "",
    *bulk_actions.MENU,
)
_DATASET = (*dataset_actions.MENU, "", *bulk_actions.MENU)
_MENUS: dict[str, Sequence[str]] = {
    "File": ("file.run", "", *connections.MENU, *preferences.MENU, "", "file.quit"),
    "Edit": (
        *history_actions.MENU,
        *note_actions.MENU,
        "",
        *bulk_actions.TOOLS,
        "",
        *share.MENU,
    ),
    "View": (
        *(f"place.{place.name}" for place in PLACES),
        "",
        "view.filter",
        "view.filter.build",
        "view.columns",
        "view.ranges",
        *evidence_actions.MENU,
        "view.pane",
        "view.pane.back",
        "view.tab.close",
        "view.refresh",
        "",
        *happened.MENU,
        "view.sync",
        "view.palette",
        "",
    ),
    "Run": _RUN,
    "Dataset": _DATASET,
    "Golden JSON": (
        "golden.generate",
        *workbench_actions.GOLDEN_MENU,
        "",
        "place.golden",
    ),
    "Tools": (*report_actions.MENU, "", "tools.accepted", ""),
    "Help": help_actions.MENU,
}


class Menus:
    """The menu bar, and the context menus of runs, offline datasets and golden JSONs."""

    def __init__(
        self,
        menus: Mapping[str, QMenu],
        actions: Actions,
        views: Iterable[PlaceWidget],
        window: QWidget,
    ) -> None:
        """`menus`: those of the menu bar by their titles, empty so far."""
        for title, ids in _MENUS.items():
            actions.fill(menus[title], ids)
        actions.fill(menus["View"].addMenu("Look"), look.MENU)
        actions.fill(menus["Edit"].addMenu("For scripts"), share.COPY_AS_MENU)
        self.run = menus["Run"]
        self.offline = QMenu(window)
        actions.fill(self.offline, (*_DATASET, ""))
        self.offline.addMenu(self.run)
        actions.fill(self.offline, ["log.dataset"])
        self.golden = QMenu(window)
        actions.fill(self.golden, golden_place.MENU)
        for view in views:
            for title, names in view.menus().items():
                actions.fill(menus[title], names)
        for menu in menus.values():
            menu.menuAction().setVisible(not menu.isEmpty())
