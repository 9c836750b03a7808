"""The place of the golden JSONs: the lists at the left; the workbench and tabs about the chosen
list at the right."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.configuration.permissions import EXPERTS
from app.domain.counting import counted
from app.domain.errors import BadInput
from app.domain.recipes import GoldenAsked, RuleAsked
from app.services.golden import generation as golden
from app.services.golden.files import Form
from app.views.actions import ActionRow
from app.views.focus import give_keys, has_keys
from app.views.golden import export_actions, official_action, publish_action
from app.views.golden.comparing.combine_panel import CombinePanel
from app.views.golden.comparing.compare_panel import ComparePanel
from app.views.golden.comparing.reproduce_panel import ReproducePanel
from app.views.golden.explaining.losses_panel import LossesPanel
from app.views.golden.explaining.why_panel import WhyPanel
from app.views.golden.export_actions import GoldenExports
from app.views.golden.generate_dialog import GenerateDialog
from app.views.golden.lists.list_pane import GoldenListPane
from app.views.golden.lists.result_view import GoldenResultView
from app.views.golden.official_action import MakingOfficial
from app.views.golden.panel import GoldenPanel
from app.views.golden.publish_action import Publishing
from app.views.golden.workbench.bench import RuleBench
from app.views.notices import ask
from app.views.places import PlaceContext, PlaceWidget
from app.views.widgets.late_page import LatePage
from app.views.widgets.narrow import TurningSplitter
from app.views.widgets.still_tabs import StillTabs

MENU = (
    *("golden.take", "", *export_actions.MENU, ""),
    *(official_action.NAME, publish_action.NAME, "golden.delete"),
)
"""What can be done with the selected lists."""

TABS_MENU = tuple(
    f"golden.tab.{tab}" for tab in ("workbench", "losses", "why", "compare", "reproduce", "combine")
)
"""The tabs that are gone to by their names."""

_PARTS = [300, 880]


class _Panels(Protocol):
    """A class of tabs."""

    tab: str
    tab_tip: str

    def __call__(self, context: PlaceContext, /) -> GoldenPanel: ...


PANELS: tuple[_Panels, ...] = (
    GoldenResultView,
    LossesPanel,
    WhyPanel,
    ComparePanel,
    ReproducePanel,
    CombinePanel,
)
"""Tabs about the chosen golden JSON, in their order."""


class GoldenPlace(PlaceWidget):
    """Lists at the left, tabs at the right; only the tab in front follows the chosen list.

    Signals: `rows_menu_wanted(QPoint)` for what can be done with the selected lists; `wanted()`
    when the place is to come to the front with one of its tabs.
    """

    rows_menu_wanted = Signal(QPoint)
    wanted = Signal()

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.entries = GoldenListPane(context)
        self.bench = RuleBench(context)
        self.exports = GoldenExports(context, self, self.entries.selected)
        self.official = MakingOfficial(context, self, self.entries.selected)
        self.publishing = Publishing(context, self, self.entries.selected)
        self.tabs = StillTabs()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.bench, "Workbench")
        self.tabs.setTabToolTip(0, "Write a rule and see at once what it selects")
        self._pages = [
            LatePage(self.tabs, partial(self._panel, kind), kind.tab, kind.tab_tip)
            for kind in PANELS
        ]
        self._last_tab = self._pages[0].place
        self._shown_in: dict[GoldenPanel, int | None] = {}
        splitter = TurningSplitter()
        splitter.addWidget(self.entries)
        splitter.addWidget(self.tabs)
        splitter.setSizes(_PARTS)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        self.entries.chosen.connect(self._follow)
        self.entries.opened.connect(self.open_chosen)
        self.entries.generate_wanted.connect(self.generate)
        self.bench.generate_wanted.connect(self.generate)
        self.entries.menu_wanted.connect(self.rows_menu_wanted)
        self.official.done.connect(self.refresh)
        self.publishing.done.connect(self.refresh)
        self.tabs.currentChanged.connect(self._follow)

    def _panel(self, kind: _Panels) -> GoldenPanel:
        panel = kind(self._context)
        panel.run_wanted.connect(self.run_wanted)
        panel.golden_wanted.connect(self.show_row)
        if isinstance(panel, GoldenResultView):
            panel.export_wanted.connect(self.exports.export)
            self.entries.times_renewed.connect(panel.set_now)
        return panel

    @property
    def panels(self) -> list[GoldenPanel]:
        """The tabs about the chosen list."""
        return [each.page for each in self._pages]

    @property
    def result(self) -> GoldenResultView:
        """The tab with the list itself."""
        return next(panel for panel in self.panels if isinstance(panel, GoldenResultView))

    def rows(self) -> Sequence[ActionRow]:
        return (
            *self.exports.rows(),
            *self._tab_rows(),
            ActionRow(
                "golden.take",
                "Edit in the workbench",
                self.take_chosen,
                "",
                "edit",
                "Open the rule and the datasets of the chosen list in the workbench",
                self.exports.why_not,
                no_command="Only opens the rule; golden show prints it.",
            ),
            self.official.row(),
            self.publishing.row(),
            ActionRow(
                "golden.delete",
                "Delete...",
                self.delete,
                tip="Delete the selected golden JSONs",
                why_not=self.exports.why_not,
                who=f"its author, or a member of {EXPERTS}",
                commands=("golden delete",),
                parameters=("id",),
            ),
        )

    def menus(self) -> Mapping[str, Sequence[str]]:
        return {"Golden JSON": ("", *TABS_MENU, "", *MENU)}

    def _tab_rows(self) -> list[ActionRow]:
        rows = []
        for number in range(self.tabs.count()):
            text = self.tabs.tabText(number)
            id_ = f"golden.tab.{text.lower()}"
            if id_ in TABS_MENU:
                turn = partial(self.turn_to, number)
                tip = self.tabs.tabToolTip(number)
                reason = "Only changes what the window shows."
                rows.append(ActionRow(id_, text, turn, tip=tip, no_command=reason))
        return rows

    def focus_search(self) -> None:
        """Goes to the line that searches the lists."""
        self.entries.focus_search()

    def turn_to(self, number: int) -> None:
        """Brings a tab to the front; the keyboard is on its name."""
        self.wanted.emit()
        self.tabs.setCurrentIndex(number)
        give_keys(self.tabs.tabBar())

    def take_chosen(self) -> None:
        """Opens rule and datasets of the chosen list in the workbench."""
        ids = self.entries.selected()
        if ids:
            self._context.background.run(self._take(ids[0]), self)

    async def _take(self, id_: int) -> None:
        acting = self._context.acting
        stored = await self._context.background.read(lambda: golden.row(acting, id_))
        self.tabs.setCurrentWidget(self.bench)
        self.bench.show_list(stored.entry.dataset_name_filter, stored.json_logic)

    def delete(self) -> None:
        """Deletes the selected lists, after a question."""
        ids = self.entries.selected()
        if not ids:
            return
        which = f"golden JSON {ids[0]}" if len(ids) == 1 else counted(len(ids), "golden JSON")
        what = "It" if len(ids) == 1 else "They"
        ask(
            self,
            "Delete",
            f"Delete {which}? {what} will disappear from all lists. This can't be undone.",
            "Delete",
            lambda: self._delete(ids),
        )

    def home(self) -> QWidget:
        """The lists."""
        return self.entries.list

    def panes(self) -> Sequence[QWidget]:
        return (self.entries, self.tabs.currentWidget())

    def _delete(self, ids: Sequence[int]) -> None:
        self._context.background.run(self._do_delete(ids), self)

    async def _do_delete(self, ids: Sequence[int]) -> None:
        acting = self._context.acting
        deleted = await self._context.background.act(lambda: golden.delete(acting, ids))
        self.entries.forget(deleted.ids)
        self._context.notices.tell(deleted.text)

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
        """Shows a golden JSON, also one that isn't in the list yet."""
        self.entries.show_row(id_)
        self.open_chosen()

    def show_form(self, form: Form) -> None:
        """Shows a form of the list that is chosen."""
        self.tabs.setCurrentWidget(self.result)
        self.result.show_form(form)

    def asked(self) -> RuleAsked | GoldenAsked | None:
        """What is in front, for scripts: what the rule of the workbench selects, unless the
        keyboard is in the lists, else the chosen list in the form that is shown."""
        is_bench = self.tabs.currentWidget() is self.bench
        rule = self._rule_asked() if is_bench and not has_keys(self.entries.list) else None
        if rule is not None:
            return rule
        ids = self.entries.selected()
        return GoldenAsked(ids[0], self.form_in_front() or Form.GOLDEN) if ids else None

    def form_in_front(self) -> Form | None:
        """The form of the chosen list that is shown, if one is."""
        return self.result.form() if self.tabs.currentWidget() is self.result else None

    def _rule_asked(self) -> RuleAsked | None:
        if self.bench.source is None:
            return None
        try:
            pattern, narrowing = self.bench.chosen_datasets()
        except BadInput:
            return None
        return RuleAsked(narrowing.rule(self.bench.source), pattern)

    def open_chosen(self) -> None:
        """Brings a tab about the chosen list to the front."""
        if self.tabs.currentWidget() is self.bench:
            self.tabs.setCurrentIndex(self._last_tab)

    def generate(self) -> GenerateDialog | None:
        """Opens the dialog that generates lists from the datasets of the workbench."""
        context, bench = self._context, self.bench
        bench.begin()
        try:
            pattern, narrowing = bench.chosen_datasets()
        except BadInput as error:
            self.tabs.setCurrentWidget(bench)
            bench.datasets.refuse(str(error))
            give_keys(bench.datasets.pattern)
            return None
        bench.remember()
        dialog = GenerateDialog(context, pattern, narrowing, bench.source, self)
        dialog.generated.connect(lambda ids: self._show_generated(ids, dialog.remark))
        dialog.open()
        return dialog

    def _show_generated(self, ids: tuple[int, ...], remark: str) -> None:
        self.show_row(ids[0])
        numbers = ", ".join(map(str, ids))
        said = f"Generated golden JSON{'s' if len(ids) > 1 else ''} {numbers}."
        self._context.notices.tell(f"{said} {remark}".rstrip())

    def _follow(self) -> None:
        """Shows the chosen list in the tab in front; the other tabs follow when they come there."""
        panel, id_ = self.tabs.currentWidget(), self.entries.shown
        if isinstance(panel, GoldenPanel):
            self._last_tab = self.tabs.currentIndex()
            if self._shown_in.get(panel) != id_:
                self._shown_in[panel] = id_
                panel.show_golden(id_)
