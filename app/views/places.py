"""A place of the navigation: what every place shows the frame, and what the frame hands it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QWidget

from app.services.acting import Acting
from app.services.configuration.workspaces import WorkspaceColumns
from app.services.editing.presence import OpenDatasets
from app.views.background import Background
from app.views.drafts import DraftBook
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.rights import Rights
from app.views.selection import Selection
from app.views.session import Workplace

if TYPE_CHECKING:
    from app.services.evidence.sources import Evidence
    from app.services.notifications.book import NotificationBook
    from app.views.actions import ActionRow


@dataclass(frozen=True)
class PlaceContext:
    """What every place is made with."""

    workplace: Workplace
    background: Background
    notices: Notices
    themes: Themes
    remembered: QSettings

    @property
    def acting(self) -> Acting:
        """Who acts on what."""
        return self.workplace.acting

    @cached_property
    def drafts(self) -> DraftBook:
        """Edits that the person hasn't written yet, for all places."""
        return DraftBook(self.acting, self.background)

    @cached_property
    def rights(self) -> Rights:
        """What the person may do."""
        return Rights(self.acting, self.background)

    @cached_property
    def notifications(self) -> "NotificationBook":
        """What the person was told; it is kept where the program keeps things."""
        # Not above: that is looked at when the window is whole.
        from app.services.notifications.book import NotificationBook

        make = self.workplace.notifications
        return NotificationBook(self.acting, None) if make is None else make()

    @cached_property
    def evidence(self) -> "Evidence | None":
        """Histograms and numbers beside the flags; None where nobody is asked for them."""
        make = self.workplace.evidence
        return None if make is None else make()

    @cached_property
    def open_datasets(self) -> OpenDatasets:
        """The datasets that are open in any place."""
        return OpenDatasets(self.acting)


class PlaceWidget(QWidget):
    """A place of the navigation.

    Signals: `run_wanted(run_number, dataset)` to look at a run or one of its datasets;
    `count_changed(int)`: how much in this place waits for somebody, 0 for none;
    `acted()` when something was written here that other places show.
    """

    run_wanted = Signal(int, str)
    count_changed = Signal(int)
    acted = Signal()

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Shows the present state; none means that any run may have changed."""

    def shown(self) -> None:
        """The place came to the front."""

    def changed(self, run_numbers: frozenset[int], *, in_front: bool) -> None:
        """Something was written to the database; no run numbers mean that any may be concerned."""
        if in_front:
            self.refresh(run_numbers)

    def show_workspace(self, workspace: WorkspaceColumns) -> None:
        """Another workspace was chosen; only where places have one."""

    def selection(self) -> Selection | None:
        """The datasets that are chosen here, for the actions on datasets."""
        return None

    def home(self) -> QWidget | None:
        """Who gets the keyboard when the person comes here for the first time."""
        return None

    def panes(self) -> Sequence[QWidget]:
        """The parts of the place that F6 goes to, from left to right and from top to bottom."""
        home = self.home()
        return () if home is None else (home,)

    def focus_search(self) -> None:
        """Goes to where something is looked for."""

    def why_no_search(self) -> str:
        """Why nothing can be looked for here now; empty where `focus_search` goes somewhere."""
        return ""

    def rows(self) -> Sequence["ActionRow"]:
        """Actions of this place, for menus and palette."""
        return ()

    def menus(self) -> Mapping[str, Sequence[str]]:
        """Names of those actions by the title of the menu they belong into, such as `Tools`."""
        return {}
