"""The place of agents: their columns, their open proposals, their agreement with people."""

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.configuration import permissions
from app.services.agents import proposals, registry
from app.services.agents.proposals import Waiting
from app.services.agents.registry import Registered
from app.views.actions import ActionRow
from app.views.agents.agent_list import AgentList
from app.views.agents.agreement_panel import AgreementPanel
from app.views.agents.dialogs import RegisterDialog
from app.views.agents.waiting_panel import WaitingPanel
from app.views.background import Work
from app.views.notices import ask
from app.views.places import PlaceContext, PlaceWidget
from app.views.widgets.late_page import LatePage
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.narrow import TurningSplitter
from app.views.widgets.still_tabs import StillTabs

_PARTS = [230, 1000]
_WAITING = "Waiting for people"


class AgentsPlace(PlaceWidget):
    """Agents at the left; their proposals and their agreement with people at the right."""

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._acting = context.acting
        self._background = context.background
        self._notices = context.notices
        self._chosen = ""
        self._reading = Work(context.background, self)
        self.bar = LoadingBar(context.themes)
        self.list = AgentList(context.themes, context.rights)
        if context.acting.db.no_record.hidden:
            why = context.acting.db.no_record.why
            self.list.empty.setText(f"Agents can't be read here: {why}")
        self.waiting = WaitingPanel(
            context.acting, context.background, context.themes, context.rights
        )
        self.tabs = StillTabs()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.waiting, _WAITING)
        self._agreement = LatePage(self.tabs, self._make_agreement, "Agreement with people")
        splitter = TurningSplitter()
        splitter.addWidget(self.list)
        splitter.addWidget(self.tabs)
        splitter.setSizes(_PARTS)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(splitter, 1)
        self._reading.running_changed.connect(self.bar.set_loading)
        self.list.agent_chosen.connect(self._choose)
        self.list.register_wanted.connect(self.register_agent)
        self.list.retire_wanted.connect(self._ask_to_retire)
        self.tabs.currentChanged.connect(self._tab_changed)
        self.waiting.opened.connect(self.run_wanted)
        self.waiting.acted.connect(self._done)

    @property
    def agreement(self) -> AgreementPanel:
        """The tab about how far the chosen agent agrees with people."""
        return self._agreement.page

    def _make_agreement(self) -> AgreementPanel:
        context = self._context
        panel = AgreementPanel(context.acting, context.background, context.themes)
        panel.opened.connect(self.run_wanted)
        panel.show_agent(self._chosen)
        return panel

    def shown(self) -> None:
        """Reads the present state."""
        self.refresh()
        self._tab_changed()

    def home(self) -> QWidget:
        """The agents."""
        return self.list.list

    def panes(self) -> Sequence[QWidget]:
        return (self.list, self.tabs)

    def why_no_search(self) -> str:
        return "There is no filter in Agents: choose an agent in the list."

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        """Reads agents and open proposals; a comparison stays as it is."""
        self._reading.renew(self._read)

    async def _read(self) -> None:
        acting = self._acting
        self._show(
            *await self._background.read(
                lambda: (registry.registered(acting), proposals.waiting(acting))
            )
        )

    def changed(self, run_numbers: frozenset[int], *, in_front: bool) -> None:
        """Counts new proposals for the navigation even when another place is in front."""
        if in_front or not run_numbers:
            self.refresh(run_numbers)

    def rows(self) -> Sequence[ActionRow]:
        """Registering is available everywhere."""
        return (
            ActionRow(
                "agents.register",
                "Register an agent...",
                self.register_agent,
                "",
                "machine",
                "Register an agent or a new version",
                right=lambda: (permissions.classifiers_path("component"),),
                commands=("agent register",),
                parameters=("agent", "--agent-version", "--writes", "--proposes", "--owner"),
            ),
        )

    def menus(self) -> Mapping[str, Sequence[str]]:
        """Registering is in the menu Tools."""
        return {"Tools": ("agents.register",)}

    def register_agent(self) -> None:
        """Opens the dialog for it, once the columns are read."""
        self._background.run(self._register(), self)

    async def _register(self) -> None:
        acting = self._acting
        # Once: a dialog that comes when the server is back would come out of the blue.
        columns = await self._background.act(lambda: registry.known_columns(acting))
        dialog = RegisterDialog(self._context, columns, self.window())
        dialog.acted.connect(self._done)
        dialog.open()

    def _show(self, agents: Sequence[Registered], waiting: Sequence[Waiting]) -> None:
        self.waiting.show_waiting(waiting)
        self.list.show_agents(agents)
        number = sum(dataset.proposals for dataset in waiting)
        self.count_changed.emit(number)
        self.tabs.setTabText(0, f"{_WAITING}  {number}" if number else _WAITING)

    def _choose(self, chosen: Registered | None) -> None:
        self.tabs.setVisible(chosen is not None)
        name = "" if chosen is None else chosen.agent.name
        self._chosen = name
        self.waiting.show_agent(name)
        if self._agreement.made is not None:
            self._agreement.made.show_agent(name)

    def _tab_changed(self) -> None:
        if self.tabs.currentIndex() == self._agreement.place:
            self.agreement.start_if_empty()

    def _ask_to_retire(self, name: str) -> None:
        ask(
            self.window(),
            "Retire an agent",
            f"Retire {name}? It can't propose or write anything until a new version of it is"
            " registered. Its past proposals are kept.",
            "Retire",
            lambda: self._retire(name),
        )

    def _retire(self, name: str) -> None:
        self._background.run(self._write_retirement(name), self)

    async def _write_retirement(self, name: str) -> None:
        acting = self._acting
        self._done((await self._background.act(lambda: registry.retire(acting, name))).text)

    def _done(self, text: str, version: int | None = None) -> None:
        self._notices.tell(text, version=version)
        self.refresh()
        self.acted.emit()
