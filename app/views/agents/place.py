"""The place of machines: who they are, what waits for people, how far each agrees with them."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from app.models.agents import Waiting
from app.services.agents.registry import Registered
from app.views.actions import ActionRow
from app.views.agents.agent_list import AgentList
from app.views.agents.agreement_panel import AgreementPanel
from app.views.agents.dialogs import RegisterDialog
from app.views.agents.waiting_panel import WaitingPanel
from app.views.background import Job
from app.views.notices import ask
from app.views.places import PlaceContext, PlaceWidget
from app.views.widgets.loading_bar import LoadingBar

_PARTS = [230, 1000]

_Read = tuple[Sequence[Registered], Sequence[Waiting]]


class MachinesPlace(PlaceWidget):
    """Agents at the left; their proposals and their agreement with people at the right."""

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._agents = context.backend
        self._background = context.background
        self._notices = context.notices
        self._person = context.workplace.session.person
        self._job: Job[_Read] | None = None
        self.bar = LoadingBar(context.themes)
        self.list = AgentList(context.themes)
        self.waiting = WaitingPanel(context.backend, context.background, context.themes)
        self.agreement = AgreementPanel(context.backend, context.background, context.themes)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.waiting, "Waiting for people")
        self.tabs.addTab(self.agreement, "Agreement with people")
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.list)
        splitter.addWidget(self.tabs)
        splitter.setSizes(_PARTS)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(splitter, 1)
        self.list.agent_chosen.connect(self._choose)
        self.list.register_wanted.connect(self.register_agent)
        self.list.retire_wanted.connect(self._ask_to_retire)
        self.tabs.currentChanged.connect(self._tab_changed)
        for panel in (self.waiting, self.agreement):
            panel.opened.connect(self.run_wanted)
        self.waiting.acted.connect(self._acted)

    def shown(self) -> None:
        """Reads what is there now."""
        self.refresh()
        self._tab_changed()

    def home(self) -> QWidget:
        """The agents."""
        return self.list.list

    def panes(self) -> Sequence[QWidget]:
        return (self.list, self.tabs)

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Reads agents and what waits; what was compared stays."""
        if self._job is not None:
            self._job.cancel()
        agents = self._agents
        self.bar.set_loading(True)
        self._job = self._background.read_then(
            lambda: (agents.agents(), agents.waiting_proposals()),
            self._show,
            owner=self,
            finished=self._finish,
        )

    def changed(self, run_numbers: frozenset[int], *, in_front: bool) -> None:
        """New proposals are counted in the navigation, in front or not."""
        if in_front or not run_numbers:
            self.refresh(run_numbers)

    def rows(self) -> Sequence[ActionRow]:
        """Registering is everywhere by name."""
        return (
            ActionRow(
                "machines.register",
                "Register an agent...",
                self.register_agent,
                "",
                "machine",
                "Make an agent, or a new version of one, known",
            ),
        )

    def menus(self) -> Mapping[str, Sequence[str]]:
        """Among the tools."""
        return {"Tools": ("machines.register",)}

    def register_agent(self) -> None:
        """Opens the dialog for it, once the columns are known."""
        agents, person = self._agents, self._person

        def open_dialog(columns: Sequence[str]) -> None:
            dialog = RegisterDialog(agents, self._background, person, columns, self.window())
            dialog.acted.connect(self._acted)
            dialog.open()

        # Not read again and again while the server is away: the dialog would come out of the blue.
        self._background.act_then(agents.columns_to_speak_for, open_dialog, owner=self)

    def _show(self, read: _Read) -> None:
        agents, waiting = read
        self.waiting.show_waiting(waiting)
        self.list.show_agents(agents)
        number = sum(each.proposals for each in waiting)
        self.count_changed.emit(number)
        self.tabs.setTabText(0, f"Waiting for people  {number}" if number else "Waiting for people")

    def _finish(self) -> None:
        self._job = None
        self.bar.set_loading(False)

    def _choose(self, chosen: Registered | None) -> None:
        self.tabs.setVisible(chosen is not None)
        name = "" if chosen is None else chosen.agent.name
        self.waiting.show_agent(name)
        self.agreement.show_agent(name)

    def _tab_changed(self) -> None:
        if self.tabs.currentWidget() is self.agreement:
            self.agreement.start_if_empty()

    def _ask_to_retire(self, name: str) -> None:
        agents = self._agents

        def retire() -> None:
            self._background.act_then(lambda: agents.retire_agent(name), self._acted, owner=self)

        ask(
            self.window(),
            "Retire an agent",
            f"{name} will speak no longer, until another version of it is registered."
            " What it said stays.",
            "Retire",
            retire,
        )

    def _acted(self, text: str) -> None:
        self._notices.tell(text)
        self.refresh()
        self.acted.emit()
