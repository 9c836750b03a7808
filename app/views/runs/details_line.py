"""The line above the details: which run and dataset it is, in which state, and what needs care."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from app.domain.certification.runs import OPEN
from app.domain.configuration.permissions import move_run_path
from app.services.certification.tables import Row, RunDetails
from app.views.looks import words
from app.views.looks.theme import STEP, Theme
from app.views.places import PlaceContext
from app.views.rights import offer
from app.views.widgets.line_label import CutLabel
from app.views.widgets.plain import Label, cell, tip

_ON_ITS_WAY = "Loading"
_NOTHING = "No run is selected"
_THIN = 1
_LEAST_TEXT = 160


class DetailsLine(QWidget):
    """Title, state and warning of a run, and the buttons of what can be done with it.

    Signals: `actions_wanted(QPoint)` for the menu of what can be done; `take_in_wanted()` by the
    button beside the warning.
    """

    actions_wanted = Signal(object)
    take_in_wanted = Signal()

    def __init__(self, context: PlaceContext, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._context = context
        self._signed_off = ""
        self._make_words()
        self.take_in_button = QPushButton("Take them in")
        # A click leaves the keys where they are.
        self.take_in_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.take_in_button.setToolTip(
            "Bring LS that the run gained since its sign-off into it and its datasets, without"
            " reopening it"
        )
        self.take_in_button.hide()
        self.actions_button = QToolButton()
        self.actions_button.setText("Run")
        self._lay_out()
        button = self.actions_button
        button.clicked.connect(
            lambda: self.actions_wanted.emit(button.mapToGlobal(button.rect().bottomLeft()))
        )
        self.take_in_button.clicked.connect(self.take_in_wanted)
        context.rights.changed.connect(self._offer)
        context.themes.changed.connect(self._apply_theme)
        self._apply_theme(context.themes.theme)

    def show_coming(self, run_number: int, dataset: str) -> None:
        """A dataset was asked for and isn't there yet."""
        self.title.setText(f"{run_number}  {dataset}")
        self.state.setText(_ON_ITS_WAY)
        self.warning.clear()
        self.take_in_button.hide()

    def show_nothing(self) -> None:
        """No run is chosen."""
        self.title.setText(_NOTHING)
        for label in (self.state, self.warning, self.not_listed):
            label.clear()
        self.take_in_button.hide()

    def show_refusal(self, text: str) -> None:
        """Says why there is nothing to show."""
        self.title.setText(text)
        self.state.clear()

    def show_listed(self, *, listed: bool) -> None:
        """Says that the list above doesn't have the run any more."""
        is_told = not listed and self.title.text() != _NOTHING
        self.not_listed.setText("not in this list" if is_told else "")

    def show_details(
        self, details: RunDetails, dataset: str, row: Row | None, overall: str
    ) -> None:
        """Shows a dataset of a run; `row` is what is known of it, `overall` its state in global."""
        rr = details.row.rr_attributes
        self.title.setText(f"{details.run_number}  {dataset}")
        parts = [cell(str(rr.get("class") or "no class")), details.state]
        if not details.significant:
            parts.append("not significant")
        if overall:
            parts.append(f"dataset {overall} in global")
        reason = rr.get("stop_reason")
        if reason:
            parts.append(f"stopped: {cell(words.value(reason))}")
        if row is not None:
            parts += [mark.words for mark in row.marks]
            if row.frozen_in:
                parts.append(f"in cycle {row.frozen_in}, which is frozen")
        self.state.setText("   ".join(parts))
        self.state.setToolTip(tip(self.state.text()))
        self.warning.setText(
            "OMS changed this run after its sign-off: it needs a manual update"
            if details.needs_manual_update
            else ""
        )
        self.warning.setToolTip(self.warning.text())
        self.take_in_button.setVisible(details.needs_manual_update and details.state != OPEN)
        self._signed_off = details.state
        self._offer()

    def _make_words(self) -> None:
        self.title = CutLabel(_NOTHING)
        self.title.setProperty("role", "title")
        self.title.setMinimumWidth(_LEAST_TEXT)
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.state = CutLabel()
        self.state.setProperty("role", "muted")
        self.state.setMinimumWidth(1)
        self.not_listed = Label()
        self.not_listed.setProperty("role", "warning")
        self.not_listed.setToolTip(
            "The run doesn't match the filter of the list, or no longer does"
        )
        self.warning = CutLabel()
        self.warning.setProperty("role", "warning")
        self.warning.setMinimumWidth(1)

    def _lay_out(self) -> None:
        line = QHBoxLayout(self)
        line.setContentsMargins(2 * STEP, _THIN, STEP, _THIN)
        line.setSpacing(3 * STEP)
        for each in (self.title, self.state, self.not_listed, self.warning, self.take_in_button):
            line.addWidget(each)
        line.addStretch(1)
        line.addWidget(self.actions_button)

    def _offer(self) -> None:
        """Taking lumisections in is a move of the run by its right."""
        path = move_run_path(OPEN, self._signed_off)
        offer(self.take_in_button, self._context.rights.why_not((path,)))

    def _apply_theme(self, theme: Theme) -> None:
        self.actions_button.setIcon(theme.icon("arrow"))
        self.actions_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.actions_button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
