"""Other moments of the dataset in front: shown in its grid, or compared in a tab of their own."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QTabWidget, QWidget

from app.domain.keys import DatasetKey
from app.services.history import moments
from app.services.history.moments import Moment
from app.views.background import Work
from app.views.focus import give_keys, holder
from app.views.lumisections.pane import LumisectionsPane
from app.views.places import PlaceContext
from app.views.widgets.late_page import LatePage

# Loaded when somebody looks at another moment.
if TYPE_CHECKING:
    from app.views.history.comparison_view import ComparisonView
    from app.views.history.moment_chooser import MomentChooser


class RunMoments(QObject):
    """Shows moments of the dataset that `dataset()` names; None while no run is loaded.

    `order()` is the order of the columns. Signals: `running_changed(bool)` while a moment is read.
    """

    running_changed = Signal(bool)

    def __init__(
        self,
        context: PlaceContext,
        tabs: QTabWidget,
        pane: LumisectionsPane,
        history: Callable[[], QWidget],
        dataset: Callable[[], DatasetKey | None],
        order: Callable[[], Sequence[str]],
    ) -> None:
        super().__init__(tabs)
        self._context = context
        self._tabs = tabs
        self._pane = pane
        self._history = history
        self._dataset = dataset
        self._order = order
        self._moment: Moment | None = None
        self._loading = Work(context.background, self)
        self._comparison = LatePage(tabs, self._make_comparison, "Comparison")
        self._set_comparison_visible(visible=False)
        line = pane.moment_line
        line.older_wanted.connect(lambda: self.step(older=True))
        line.newer_wanted.connect(lambda: self.step(older=False))
        line.comparison_wanted.connect(self._compare_with_now)
        self._loading.running_changed.connect(self.running_changed)

    @property
    def comparison(self) -> "ComparisonView":
        """The tab in which two moments are compared."""
        return self._comparison.page

    @property
    def is_reading(self) -> bool:
        """Whether a moment is on its way."""
        return self._loading.is_running

    @property
    def is_compared(self) -> bool:
        """Whether the comparison is in front."""
        return self._tabs.currentIndex() == self._comparison.place

    def refresh(self) -> None:
        """Compares anew what is compared."""
        if self._comparison.made is not None:
            self._comparison.made.refresh()

    def choose(self) -> "MomentChooser | None":
        """Opens the dialog that asks for a moment."""
        from app.views.history.moment_chooser import MomentChooser

        key, context = self._dataset(), self._context
        if key is None:
            return None
        chooser = MomentChooser(
            context.acting, context.background, context.themes, *key, self._tabs.window()
        )
        chooser.chosen.connect(self.show)
        chooser.open()
        return chooser

    def show(self, version: int) -> None:
        """Shows the grid as it was after a version, read-only."""
        key = self._dataset()
        if key is not None:
            self._loading.start(self._show(key, version))

    def drop(self) -> None:
        """Another dataset is in front: a moment that is on its way is of no use."""
        self._loading.drop()

    def step(self, *, older: bool) -> None:
        """Goes to the moment before or after the one that is shown."""
        moment = self._moment
        if moment is not None and self._pane.moment:
            beside = moment.older if older else moment.newer
            if beside is not None:
                self.show(beside)

    def compare(self, old: int, new: int | None) -> None:
        """Compares two moments of the dataset; None is now."""
        key = self._dataset()
        if key is not None:
            self._set_comparison_visible(visible=True)
            self._tabs.setCurrentWidget(self.comparison)
            self.comparison.compare(*key, old, new, self._order())

    def close_comparison(self) -> None:
        """Hides the comparison."""
        if self.is_compared:
            self._tabs.setCurrentWidget(self._history())
        self._set_comparison_visible(visible=False)

    def _make_comparison(self) -> "ComparisonView":
        from app.views.history.comparison_view import ComparisonView

        context = self._context
        view = ComparisonView(context.acting, context.background, context.themes)
        view.closed.connect(self.close_comparison)
        return view

    async def _show(self, key: DatasetKey, version: int) -> None:
        acting, pane = self._context.acting, self._pane
        before = holder(self._tabs)
        moment = await self._context.background.read(lambda: moments.moment(acting, *key, version))
        if key != self._dataset():
            return
        self._moment = moment
        pane.show_state(moment.look, moment.text)
        pane.moment_line.offer(older=moment.older is not None, newer=moment.newer is not None)
        is_awaited = holder(self._tabs) is before
        self._tabs.setCurrentWidget(pane)
        if is_awaited:
            give_keys(pane.grid)

    def _compare_with_now(self) -> None:
        if self._moment is not None and self._pane.moment:
            self.compare(self._moment.version, None)

    def _set_comparison_visible(self, *, visible: bool) -> None:
        self._tabs.setTabVisible(self._comparison.place, visible)
