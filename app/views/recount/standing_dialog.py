"""The dialog on the state of the database: what is derived, how far it was counted again."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.progress import Cancelled, Progress
from app.domain.recount.status import Finding, Recounted, Standing
from app.domain.text.plain_text import harmless
from app.services.acting import Acting
from app.services.recount import recounting
from app.views.background import Background, Work
from app.views.focus import give_keys_once_shown
from app.views.looks.theme import STEP, set_property
from app.views.widgets.dialogs.long_work import LongWork
from app.views.widgets.plain import Label

_SIZE = (760, 420)
_ABOUT = (
    "Tables show summaries and quick copies that are derived from what people and pullers wrote."
    " They are counted again in the background, a little all the time. What is missing or old is"
    " brought up to date; what is false is put right, and listed here. Official golden JSONs don't"
    " rest on them."
)


class StandingDialog(QDialog):
    """Tells how complete and fresh everything is, and counts all of it when it is asked to."""

    def __init__(
        self, acting: Acting, background: Background, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("State of the database")
        self.resize(*_SIZE)
        self._acting = acting
        self._background = background
        about = Label(_ABOUT, wordWrap=True)
        about.setProperty("role", "muted")
        self.standing = Label("Reading ...", wordWrap=True)
        self.standing.setAccessibleName("State of what is derived")
        self.standing.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.outcome = Label(wordWrap=True)
        self.outcome.setAccessibleName("Result")
        self.outcome.hide()
        self.findings = QPlainTextEdit(readOnly=True)
        self.findings.setAccessibleName("What was false")
        self.findings.hide()
        self.work = LongWork(background)
        self._reading = Work(background, self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        self.count_button = QPushButton("Count all again")
        self.count_button.setAutoDefault(False)
        self.count_button.setToolTip(
            "Compare everything with the events now, and put right what is wrong"
            if acting.db.writes_automatically
            else "Compare everything with the events now; a puller puts right what is wrong"
        )
        buttons.addButton(self.count_button, QDialogButtonBox.ButtonRole.ActionRole)
        give_keys_once_shown(self.count_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.setSpacing(2 * STEP)
        for widget in (about, self.standing, self.outcome):
            layout.addWidget(widget)
        layout.addWidget(self.findings, 1)
        layout.addStretch(0)
        layout.addWidget(self.work)
        layout.addWidget(buttons)
        buttons.rejected.connect(self.reject)
        self.count_button.clicked.connect(self.count_all)
        self.work.running_changed.connect(lambda running: self.count_button.setEnabled(not running))
        self.work.failed.connect(lambda text: self._tell(text, "refusal"))
        self._reading.start(self._read())

    def count_all(self) -> None:
        """Compares every derived row with the events; puts it right where this login may."""
        acting = self._acting
        repair = acting.db.writes_automatically
        self._tell("", "")

        async def steps(progress: Progress) -> None:
            def count() -> Recounted:
                return recounting.recount_all(acting, repair=repair, progress=progress)

            try:
                done = await self._background.act(count)
            except Cancelled:
                self._tell("Cancelled before the end: what was counted until then stays so.", "")
            else:
                self._show_outcome(done, repaired=repair)
            await self._read(keep_findings=not repair)

        self.work.start("Counting again", steps)

    def reject(self) -> None:
        """Stops what is under way; else closes."""
        if self.work.is_running:
            self.work.cancel()
        else:
            super().reject()

    async def _read(self, *, keep_findings: bool = False) -> None:
        found = await self._background.read(lambda: recounting.standing(self._acting))
        self.show_standing(found, keep_findings=keep_findings)

    def show_standing(self, found: Standing, *, keep_findings: bool = False) -> None:
        """Shows how complete and fresh everything is."""
        self.standing.setText("\n".join(found.lines))
        if not keep_findings:
            self._list(found.findings)

    def _show_outcome(self, done: Recounted, *, repaired: bool) -> None:
        role = "refusal" if done.failed or (done.findings and not repaired) else "success"
        self._tell(done.text, role)
        if not repaired:
            self._list(done.findings)

    def _list(self, findings: Iterable[Finding]) -> None:
        said = [each.line for each in findings]
        self.findings.setPlainText("\n".join(harmless(each) for each in said))
        self.findings.setVisible(bool(said))

    def _tell(self, text: str, role: str) -> None:
        set_property(self.outcome, "role", role)
        self.outcome.setText(text)
        self.outcome.setVisible(bool(text))
