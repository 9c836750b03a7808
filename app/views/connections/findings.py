"""What a trial of a connection found, line by line, with what to do."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from app.domain.errors import Refused, Unavailable
from app.services.connections.trial import Finding, Level, Trial
from app.views.looks.theme import STEP, Themes
from app.views.widgets.plain import Label

_ICONS = {
    Level.GOOD: ("done", "success"),
    Level.WARNING: ("warning", "warning"),
    Level.BAD: ("cross", "danger"),
}
_SIGN = 16
_ROLES = {Level.GOOD: "", Level.WARNING: "warning", Level.BAD: "refusal"}


class Findings(QScrollArea):
    """The outcome of a trial in a sentence, and below it each finding with its remedy."""

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._trial: Trial | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("What the test found")
        self.outcome = Label(wordWrap=True)
        self.outcome.setProperty("role", "title")
        self._lines = QGridLayout()
        self._lines.setColumnStretch(1, 1)
        self._lines.setHorizontalSpacing(2 * STEP)
        self._lines.setVerticalSpacing(STEP)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.outcome)
        layout.addLayout(self._lines)
        layout.addStretch(1)
        self.setWidget(inside)
        themes.changed.connect(self._renew)

    def say(self, text: str) -> None:
        """A sentence and no finding."""
        self._trial = None
        self._clear()
        self.outcome.setText(text)

    def show_trial(self, trial: Trial) -> None:
        """What was found."""
        self._trial = trial
        self._renew()

    def show_error(self, error: Refused | Unavailable) -> None:
        """Why nothing could be tried."""
        self.show_trial(Trial((Finding("not tried", Level.BAD, str(error)),)))

    def _renew(self) -> None:
        if self._trial is None:
            return
        self._clear()
        self.outcome.setText(self._trial.text)
        for row, finding in enumerate(self._trial.findings):
            self._add(2 * row, finding)

    def _add(self, row: int, finding: Finding) -> None:
        sign = Label()
        icon, token = _ICONS[finding.level]
        sign.setPixmap(self._themes.theme.icon(icon, token).pixmap(_SIGN, _SIGN))
        about = finding.about[0].upper() + finding.about[1:]
        text = Label(f"{about}: {finding.text}", wordWrap=True)
        text.setProperty("role", _ROLES[finding.level])
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lines.addWidget(sign, row, 0, Qt.AlignmentFlag.AlignTop)
        self._lines.addWidget(text, row, 1)
        if finding.remedy:
            remedy = Label(finding.remedy, wordWrap=True)
            remedy.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._lines.addWidget(remedy, row + 1, 1)

    def _clear(self) -> None:
        while (item := self._lines.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
