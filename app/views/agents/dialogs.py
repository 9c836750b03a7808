"""Dialogs on proposals and agents: correct one, reject with a reason, register an agent."""

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QStringListModel
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from app.domain.agents.proposals import AgentColumn, Mode, Proposal, parse_agent_column
from app.domain.certification.datasets import where
from app.domain.configuration import permissions
from app.domain.counting import counted
from app.domain.editing.edits import ColumnEdit
from app.domain.lumisections import format_ranges, parse_ranges
from app.domain.triplets import SETTABLE_STATUSES, Triplet
from app.services.acting import Acting
from app.services.agents import proposals as decisions
from app.services.agents import registry
from app.views.background import Background
from app.views.places import PlaceContext
from app.views.rights import Rights
from app.views.widgets.completions import Completions
from app.views.widgets.dialogs.action_dialog import ActionDialog, Done
from app.views.widgets.plain import ChoiceBox, Label

_LINES_HEIGHT = 72


def deciding_paths(proposals: Iterable[Proposal]) -> Iterable[Sequence[str]]:
    """What deciding takes: all columns of these proposals may be edited."""
    paths = [
        path
        for proposal in proposals
        for path in permissions.edit_lumisections_paths(proposal.dataset, (proposal.column,))
    ]
    return [(path,) for path in dict.fromkeys(paths)]


class CorrectDialog(ActionDialog):
    """Accepts a proposal with another status, comment, cause or other lumisections."""

    def __init__(
        self,
        acting: Acting,
        background: Background,
        rights: Rights,
        proposal: Proposal,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            background, f"Correct proposal {proposal.id}", "Accept", parent, rights=rights
        )
        self._acting = acting
        self._proposal = proposal
        about = Label(
            f"{proposal.agent} {proposal.agent_version} on {proposal.column} of"
            f" {where(*proposal.key)}",
            wordWrap=True,
        )
        self.ranges = QLineEdit(format_ranges(proposal.ranges))
        self.status = ChoiceBox()
        self.status.addItems(SETTABLE_STATUSES)
        self.status.setCurrentText(proposal.triplet.status)
        self.comment = QLineEdit(proposal.triplet.comment)
        self.cause = QLineEdit(proposal.triplet.cause)
        self.why = QLineEdit()
        self.why.setPlaceholderText("Comment of the new version")
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

    def wanted(self) -> Iterable[Sequence[str]]:
        return deciding_paths((self._proposal,))

    def work(self) -> Callable[[], Done]:
        acting, proposal, why = self._acting, self._proposal, self.why.text().strip()
        edit = ColumnEdit(
            *proposal.key,
            proposal.column,
            parse_ranges(self.ranges.text()),
            Triplet(
                self.status.currentText(), self.comment.text().strip(), self.cause.text().strip()
            ),
        )

        def work() -> Done:
            decided = decisions.accept(
                acting, [proposal.id], comment=why, instead={proposal.id: edit}
            )
            return Done(decided.text, decided.version)

        return work


class RejectDialog(ActionDialog):
    """Rejects proposals, with a reason."""

    def __init__(
        self,
        acting: Acting,
        background: Background,
        rights: Rights,
        proposals: Sequence[Proposal],
        parent: QWidget | None = None,
    ) -> None:
        many = counted(len(proposals), "proposal")
        super().__init__(background, f"Reject {many}", "Reject", parent, rights=rights)
        self._acting = acting
        self._proposals = tuple(proposals)
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("For example: known noise")
        self.reason.setAccessibleName("Reason")
        self.form.addRow(Label(f"Reject {many}. Nothing else changes.", wordWrap=True))
        self.form.addRow("Reason", self.reason)

    def wanted(self) -> Iterable[Sequence[str]]:
        return deciding_paths(self._proposals)

    def work(self) -> Callable[[], str]:
        acting, reason = self._acting, self.reason.text().strip()
        ids = [proposal.id for proposal in self._proposals]
        return lambda: decisions.reject(acting, ids, reason=reason).text


class RegisterDialog(ActionDialog):
    """Registers an agent or a new version."""

    def __init__(
        self,
        context: PlaceContext,
        columns: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            context.background, "Register an agent", "Register", parent, rights=context.rights
        )
        self._acting = context.acting
        self.name = QLineEdit()
        self.version = QLineEdit()
        self.owner = QLineEdit(context.workplace.session.person)
        self.proposes = _columns_edit("One column per line, such as tracker-pixel")
        self.writes = _columns_edit(
            "One column per line, such as ml-pixel, or ml-pixel=tracker-pixel with the column"
            " that it is compared with"
        )
        self.add = ChoiceBox()
        self.add.setEditable(True)
        self.add.addItems(list(columns))
        self.add.setCurrentText("")
        self.add.setCompleter(Completions(QStringListModel(list(columns), self), self))
        self.add.activated.connect(self._add_column)
        self.form.addRow(
            Label(
                "A new version replaces the one in force. Values that an agent proposes wait for"
                " people. Values that it writes go into columns of its own; people can overrule"
                " them.",
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

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.classifiers_path("component"),)]

    def work(self) -> Callable[[], str]:
        acting = self._acting
        name, version, owner = self.name.text(), self.version.text(), self.owner.text()
        columns: list[AgentColumn] = [
            *_columns(self.proposes, Mode.PROPOSES),
            *_columns(self.writes, Mode.WRITES),
        ]
        return lambda: registry.register(acting, name, version, columns, owner=owner).text

    def _add_column(self) -> None:
        self.proposes.appendPlainText(self.add.currentText())
        self.add.setCurrentText("")


def _columns_edit(placeholder: str) -> QPlainTextEdit:
    edit = QPlainTextEdit()
    edit.setPlaceholderText(placeholder)
    edit.setFixedHeight(_LINES_HEIGHT)
    edit.setTabChangesFocus(True)
    return edit


def _columns(edit: QPlainTextEdit, mode: Mode) -> list[AgentColumn]:
    lines = edit.toPlainText().replace(",", "\n").splitlines()
    return [parse_agent_column(line, mode) for line in lines if line.strip()]
