"""The registered agents: name, version, owner, columns and the numbers of their proposals."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.agents.proposals import Agent, Mode, ProposalState
from app.domain.configuration.permissions import classifiers_path
from app.services.agents.registry import Registered
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes
from app.views.rights import Rights, offer
from app.views.widgets.plain import Label, ListItem

_AGENT_ROLE = Qt.ItemDataRole.UserRole
_NONE = (
    "No agent is registered yet. Register one, then submit its values with:\n\n"
    "run-registry agent propose --agent NAME --file predictions.csv"
)


class AgentList(QWidget):
    """One line for registered agent in force, and for those whose last version is retired.

    Signals: `agent_chosen(Registered | None)`; `register_wanted()`; `retire_wanted(str)`.
    """

    agent_chosen = Signal(object)
    register_wanted = Signal()
    retire_wanted = Signal(str)

    def __init__(self, themes: Themes, rights: Rights, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._theme = themes.theme
        self._rights = rights
        self._agents: tuple[Registered, ...] = ()
        self.list = QListWidget()
        self.list.setAccessibleName("Agents")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.empty = Label(_NONE, wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.about = Label(wordWrap=True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.about.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        self.register_ = QPushButton("Register...")
        self.register_.setToolTip("Register an agent or a new version")
        self.retire = QPushButton("Retire...")
        self.retire.setToolTip("Retire this agent. Its past proposals are kept.")
        buttons = QHBoxLayout()
        buttons.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        buttons.addWidget(self.register_)
        buttons.addWidget(self.retire)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.empty, 1)
        layout.addWidget(self.about)
        layout.addLayout(buttons)
        self.list.currentItemChanged.connect(self._choose)
        self.register_.clicked.connect(self.register_wanted)
        self.retire.clicked.connect(self._retire)
        themes.changed.connect(self._apply_theme)
        rights.changed.connect(self._offer)
        self.show_agents(())
        # There may be some: nobody has read yet.
        self.empty.hide()

    @property
    def chosen(self) -> Registered | None:
        """The selected agent."""
        item = self.list.currentItem()
        agent = None if item is None else item.data(_AGENT_ROLE)
        assert agent is None or isinstance(agent, Registered)
        return agent

    def show_agents(self, agents: Sequence[Registered]) -> None:
        """Shows other agents; the selection is kept."""
        if tuple(agents) == self._agents and self.list.count():
            return
        before = self.chosen
        newest: dict[str, Registered] = {}
        for registered in agents:
            newest.setdefault(registered.agent.name, registered)
        self._agents = tuple(agents)
        self.list.blockSignals(True)  # one signal, below
        self.list.clear()
        for registered in newest.values():
            item = ListItem(_line(registered))
            item.setData(_AGENT_ROLE, registered)
            if registered.agent.retired is not None:
                item.setForeground(self._theme.colour("muted"))
            self.list.addItem(item)
        names = list(newest)
        name = before.agent.name if before is not None else ""
        self.list.setCurrentRow(names.index(name) if name in names else 0 if names else -1)
        self.list.blockSignals(False)
        self.list.setVisible(bool(names))
        self.empty.setVisible(not names)
        self._choose()

    def _choose(self) -> None:
        chosen = self.chosen
        self.about.setText("" if chosen is None else _about(chosen))
        self.about.setVisible(chosen is not None)
        self._offer()
        self.agent_chosen.emit(chosen)

    def _offer(self) -> None:
        chosen, why_not = self.chosen, self._rights.why_not((classifiers_path("component"),))
        offer(self.register_, why_not)
        offer(self.retire, why_not, possible=chosen is not None and chosen.agent.retired is None)

    def _retire(self) -> None:
        chosen = self.chosen
        if chosen is not None:
            self.retire_wanted.emit(chosen.agent.name)

    def _apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        agents, self._agents = self._agents, ()
        self.show_agents(agents)


def _line(registered: Registered) -> str:
    waiting = registered.counts.get(ProposalState.OPEN, 0)
    text = registered.agent.title
    if registered.agent.retired is not None:
        return f"{text}, retired"
    return f"{text}   {words.number(waiting)} waiting" if waiting else text


def _about(registered: Registered) -> str:
    agent, counts = registered.agent, registered.counts
    lines = [
        agent.title,
        f"owner {agent.owner}",
        f"registered {words.time(agent.registered)}",
    ]
    for mode, text in ((Mode.PROPOSES, "proposes values for"), (Mode.WRITES, "writes")):
        columns = _columns(agent, mode)
        if columns:
            lines.append(f"{text} {columns}")
    decided = [
        f"{words.number(counts[state])} {state.value}"
        for state in (
            ProposalState.OPEN,
            ProposalState.ACCEPTED,
            ProposalState.EDITED,
            ProposalState.REJECTED,
            ProposalState.AGREED,
        )
        if counts.get(state)
    ]
    if decided:
        lines.append(f"proposals: {', '.join(decided)}")
    return "\n".join(lines)


def _columns(agent: Agent, mode: Mode) -> str:
    return ", ".join(
        column.column
        if column.column == column.judged_by
        else f"{column.column} (compared with {column.judged_by})"
        for column in agent.columns
        if column.mode is mode
    )
