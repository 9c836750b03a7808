"""The place of the golden JSONs: the list at the left; the workbench and tabs about the chosen
list at the right."""

import json
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QSplitter, QTabWidget, QVBoxLayout, QWidget

from app.domain.errors import BadInput
from app.views.actions import ActionRow
from app.views.backend.golden import GoldenResult
from app.views.focus import give_keys
from app.views.golden import export_actions
from app.views.golden.bench import RuleBench
from app.views.golden.combine_panel import CombinePanel
from app.views.golden.compare_panel import ComparePanel
from app.views.golden.export_actions import GoldenExports
from app.views.golden.generate_dialog import GenerateDialog
from app.views.golden.list_pane import GoldenListPane
from app.views.golden.losses_panel import LossesPanel
from app.views.golden.panel import GoldenPanel
from app.views.golden.reproduce_panel import ReproducePanel
from app.views.golden.result_view import GoldenResultView
from app.views.golden.why_panel import WhyPanel
from app.views.notices import ask
from app.views.places import PlaceContext, PlaceWidget

_PARTS = [300, 880]

PANELS: tuple[Callable[[PlaceContext], GoldenPanel], ...] = (
    GoldenResultView,
    LossesPanel,
    WhyPanel,
    ComparePanel,
    ReproducePanel,
    CombinePanel,
)
"""Tabs about the chosen golden JSON, in the order they are shown."""


class GoldenPlace(PlaceWidget):
    """List at the left, tabs at the right; only the tab in front follows the list."""

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.entries = GoldenListPane(context)
        self.bench = RuleBench(context)
        self.exports = GoldenExports(context, self, self.entries.selected)
        self.panels = [make(context) for make in PANELS]
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.bench, "Workbench")
        self.tabs.setTabToolTip(0, "Write a rule and see at once what it selects")
        self._last_panel: QWidget = self.panels[0]
        self._shown_in: dict[GoldenPanel, int | None] = {}
        for panel in self.panels:
            self.tabs.addTab(panel, panel.tab)
            self.tabs.setTabToolTip(self.tabs.count() - 1, panel.tab_tip)
            panel.run_wanted.connect(self.run_wanted)
            panel.golden_wanted.connect(self.show_row)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.entries)
        splitter.addWidget(self.tabs)
        splitter.setSizes(_PARTS)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        self.entries.chosen.connect(self._follow)
        self.entries.opened.connect(self.open_chosen)
        self.entries.generate_wanted.connect(self.generate)
        self.bench.generate_wanted.connect(self.generate)
        self.entries.menu_wanted.connect(self._open_menu)
        self.result.export_wanted.connect(self.exports.export)
        self.entries.times_renewed.connect(self.result.set_now)
        self.tabs.currentChanged.connect(self._follow)

    @property
    def result(self) -> GoldenResultView:
        """The tab with the list itself."""
        return next(each for each in self.panels if isinstance(each, GoldenResultView))

    def rows(self) -> Sequence[ActionRow]:
        return (
            *self.exports.rows(),
            ActionRow(
                "golden.take",
                "Take into the workbench",
                self.take_chosen,
                "",
                "edit",
                "Write the rule and the datasets of the chosen list into the workbench",
                lambda: bool(self.entries.selected()),
            ),
            ActionRow(
                "golden.delete",
                "Delete...",
                self.delete,
                tip="Take the selected golden JSONs out of all lists",
                enabled=lambda: bool(self.entries.selected()),
            ),
        )

    def menus(self) -> Mapping[str, Sequence[str]]:
        return {"Golden JSON": ("", "golden.take", "", *export_actions.MENU, "", "golden.delete")}

    def take_chosen(self) -> None:
        """Writes rule and datasets of the chosen list into the workbench."""
        ids, backend = self.entries.selected(), self._context.backend
        if not ids:
            return

        def take(result: GoldenResult) -> None:
            self.tabs.setCurrentWidget(self.bench)
            self.bench.take(result.entry.pattern, json.loads(result.rule))

        self._context.background.read_then(lambda: backend.golden_row(ids[0]), take, owner=self)

    def delete(self) -> None:
        """Asks, then takes the selected lists out of all lists."""
        ids, context = self.entries.selected(), self._context
        if not ids:
            return

        def delete() -> None:
            context.background.act_then(
                lambda: context.backend.delete_golden(ids), deleted, owner=self
            )

        def deleted(text: str) -> None:
            self.entries.forget(ids)
            context.notices.tell(text)

        which = f"golden JSON {ids[0]}" if len(ids) == 1 else f"{len(ids)} golden JSONs"
        ask(
            self,
            "Delete",
            f"Delete {which}? Nobody finds it in a list any more; there is no undo.",
            "Delete",
            delete,
        )

    def home(self) -> QWidget:
        """The lists."""
        return self.entries.list

    def panes(self) -> Sequence[QWidget]:
        return (self.entries, self.tabs.currentWidget())

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Shows the present state of the newest part of the list."""
        self.entries.refresh()
        panel = self.tabs.currentWidget()
        if isinstance(panel, GoldenPanel):
            panel.renew()

    def changed(self, run_numbers: frozenset[int], *, in_front: bool) -> None:
        self.bench.changed_elsewhere()
        super().changed(run_numbers, in_front=in_front)

    def shown(self) -> None:
        """Reads the list again."""
        self.refresh()

    def show_row(self, id_: int) -> None:
        """Shows a golden JSON, also when the list doesn't hold it yet."""
        self.entries.show_row(id_)
        self.open_chosen()

    def open_chosen(self) -> None:
        """Brings what is chosen in the list to the front."""
        if self.tabs.currentWidget() is self.bench:
            self.tabs.setCurrentWidget(self._last_panel)

    def generate(self) -> GenerateDialog | None:
        """Opens the dialog that generates lists of the workbench's datasets."""
        context, bench = self._context, self.bench
        bench.begin()
        try:
            pattern, narrowing = bench.asked()
        except BadInput as error:
            self.tabs.setCurrentWidget(bench)
            bench.datasets.refuse(str(error))
            give_keys(bench.datasets.pattern)
            return None
        bench.remember()
        dialog = GenerateDialog(
            context.backend, context.background, pattern, narrowing, bench.source, self
        )
        dialog.generated.connect(self._show_generated)
        dialog.open()
        return dialog

    def _open_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for row in self.rows():
            if row.id in ("golden.take", "golden.export.golden", "golden.delete"):
                menu.addSeparator()
            action = menu.addAction(row.text)
            action.setToolTip(row.tip)
            action.triggered.connect(lambda _checked=False, row=row: row.handler())
        menu.popup(place)

    def _show_generated(self, ids: tuple[int, ...]) -> None:
        self.show_row(ids[0])
        numbers = ", ".join(map(str, ids))
        self._context.notices.tell(f"Generated golden JSON{'s' if len(ids) > 1 else ''} {numbers}.")

    def _follow(self) -> None:
        """Tells the tab in front what is chosen; the others are told once they come to it."""
        panel, id_ = self.tabs.currentWidget(), self.entries.shown
        if isinstance(panel, GoldenPanel):
            self._last_panel = panel
            if self._shown_in.get(panel) != id_:
                self._shown_in[panel] = id_
                panel.show_golden(id_)
