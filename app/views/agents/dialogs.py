"""Dialogs on proposals and agents: correct one, reject with a reason, register an agent."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QPlainTextEdit, QWidget

from app.domain.agents.proposals import Mode, Proposal, Speaks, parse_speaks
from app.domain.certification.datasets import where
from app.domain.editing.edits import ColumnEdit
from app.domain.lumisections import format_ranges, parse_ranges
from app.domain.triplets import SETTABLE_STATUSES, Triplet
from app.views import words
from app.views.backend.agents import Agents
from app.views.background import Background
from app.views.widgets.action_dialog import ActionDialog
from app.views.widgets.plain import Label

_LINES_HEIGHT = 72


class CorrectDialog(ActionDialog):
    """Accepts a proposal with another status, comment, cause or other lumisections."""

    def __init__(
        self,
        agents: Agents,
        background: Background,
        proposal: Proposal,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(background, f"Correct proposal {proposal.id}", "Accept", parent)
        self._agents = agents
        self._proposal = proposal
        about = Label(
            f"{proposal.agent} {proposal.agent_version} on {proposal.column} of"
            f" {where(*proposal.key)}",
            wordWrap=True,
        )
        self.ranges = QLineEdit(format_ranges(proposal.ranges))
        self.status = QComboBox()
        self.status.addItems(SETTABLE_STATUSES)
        self.status.setCurrentText(proposal.triplet.status)
        self.comment = QLineEdit(proposal.triplet.comment)
        self.cause = QLineEdit(proposal.triplet.cause)
        self.why = QLineEdit()
        self.why.setPlaceholderText("Comment of the version")
        self.form.addRow(about)
        for name, widget in (
            ("LS", self.ranges),
            ("Status", self.status),
            ("Comment", self.comment),
            ("Cause", self.cause),
            ("Why", self.why),
        ):
            widget.setAccessibleName(name)
            self.form.addRow(name, widget)

    def work(self) -> Callable[[], str]:
        agents, proposal, why = self._agents, self._proposal, self.why.text().strip()
        edit = ColumnEdit(
            *proposal.key,
            proposal.column,
            parse_ranges(self.ranges.text()),
            Triplet(
                self.status.currentText(), self.comment.text().strip(), self.cause.text().strip()
            ),
        )
        return lambda: agents.accept_proposals(
            [proposal.id], comment=why, instead={proposal.id: edit}
        )


class RejectDialog(ActionDialog):
    """Says no to proposals, and why."""

    def __init__(
        self,
        agents: Agents,
        background: Background,
        proposals: Sequence[Proposal],
        parent: QWidget | None = None,
    ) -> None:
        many = words.counted(len(proposals), "proposal")
        super().__init__(background, f"Reject {many}", "Reject", parent)
        self._agents = agents
        self._ids = [each.id for each in proposals]
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("Such as: known noise")
        self.reason.setAccessibleName("Reason")
        self.form.addRow(Label(f"Reject {many}. Nothing else changes.", wordWrap=True))
        self.form.addRow("Reason", self.reason)

    def work(self) -> Callable[[], str]:
        agents, ids, reason = self._agents, self._ids, self.reason.text().strip()
        return lambda: agents.reject_proposals(ids, reason=reason)


class RegisterDialog(ActionDialog):
    """Makes an agent, or a new version of one, known."""

    def __init__(
        self,
        agents: Agents,
        background: Background,
        person: str,
        columns: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(background, "Register an agent", "Register", parent)
        self._agents = agents
        self.name = QLineEdit()
        self.version = QLineEdit()
        self.owner = QLineEdit(person)
        self.proposes = _columns_edit("One column in a line, such as tracker-pixel")
        self.writes = _columns_edit(
            "One column in a line, such as ml-pixel, or ml-pixel=tracker-pixel with the column"
            " it is judged by"
        )
        self.add = QComboBox()
        self.add.setEditable(True)
        self.add.addItems(list(columns))
        self.add.setCurrentText("")
        completer = QCompleter(QStringListModel(list(columns), self), self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.add.setCompleter(completer)
        self.add.activated.connect(self._add_column)
        self.form.addRow(
            Label(
                "Another version takes the place of the one in force. What an agent proposes waits"
                " for people; what it writes goes into columns of its own, beneath people's words.",
                wordWrap=True,
            )
        )
        for text, widget in (
            ("Name", self.name),
            ("Version", self.version),
            ("Owner", self.owner),
            ("Proposes for", self.proposes),
            ("Writes", self.writes),
            ("Add a column", self.add),
        ):
            widget.setAccessibleName(text)
            self.form.addRow(text, widget)

    def work(self) -> Callable[[], str]:
        agents = self._agents
        name, version, owner = self.name.text(), self.version.text(), self.owner.text()
        columns: list[Speaks] = [
            *_speaks(self.proposes, Mode.PROPOSES),
            *_speaks(self.writes, Mode.WRITES),
        ]
        return lambda: agents.register_agent(name, version, owner, columns)

    def _add_column(self) -> None:
        self.proposes.appendPlainText(self.add.currentText())
        self.add.setCurrentText("")


def _columns_edit(placeholder: str) -> QPlainTextEdit:
    edit = QPlainTextEdit()
    edit.setPlaceholderText(placeholder)
    edit.setFixedHeight(_LINES_HEIGHT)
    edit.setTabChangesFocus(True)
    return edit


def _speaks(edit: QPlainTextEdit, mode: Mode) -> list[Speaks]:
    lines = edit.toPlainText().replace(",", "\n").splitlines()
    return [parse_speaks(line, mode) for line in lines if line.strip()]
