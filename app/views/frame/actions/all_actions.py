"""Everything that can be done in the window: its actions, and the menus that offer them."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.domain.certification.datasets import EDITABLE_STATES
from app.views.bulk.actions import BulkActions
from app.views.configuration.trials.why_actions import WhyActions
from app.views.datasets.links import LinkActions
from app.views.evidence.evidence_actions import EvidenceActions
from app.views.frame.actions.connections import ConnectionActions
from app.views.frame.actions.happened import Happenings
from app.views.frame.actions.help import HelpActions
from app.views.frame.actions.look import LookActions
from app.views.frame.actions.menus import Menus
from app.views.frame.actions.preferences import PreferencesActions
from app.views.frame.actions.share import SharedLinks
from app.views.golden.workbench_actions import WorkbenchActions
from app.views.history.actions import HistoryActions
from app.views.notes.note_actions import NoteActions
from app.views.places import PlaceContext
from app.views.reports.report_actions import ReportActions
from app.views.runs import dataset_actions
from app.views.runs.dataset_actions import DatasetActions
from app.views.runs.run_actions import RunActions

if TYPE_CHECKING:
    from app.views.actions import Actions
    from app.views.frame.main_window import MainWindow


class AllActions(QObject):
    """Made after the window, which is seen without: half of what the program has to load is only
    needed for what somebody does. `first` has the actions of the window itself; the others are
    added to it."""

    def __init__(self, context: PlaceContext, window: "MainWindow", first: "Actions") -> None:
        super().__init__(window)
        table, subject = window.table, window.subject
        self._context = context
        self.runs = RunActions(context, window, subject)
        self.history = HistoryActions(context, window, table.details)
        self.notes = NoteActions(context, window, table.details)
        self.evidence = EvidenceActions(table.details)
        self.reports = ReportActions(context, window)
        self.bulk = BulkActions(context, window, table.table)
        self.workbench = WorkbenchActions(context, window, subject)
        self.why = WhyActions(context, window, subject, table.details)
        self.datasets = DatasetActions(context, window, table.selection)
        self.links = LinkActions(context, window, table.linked, ranges=table.selected_ranges)
        self.shared = SharedLinks(context, window, window)
        self.connections = ConnectionActions(context, window)
        self.preferences = PreferencesActions(context, window)
        self.happenings = Happenings(context, window, window)
        self.by_id = first
        self._add_rows(window)
        self.menus = Menus(window.menus, self.by_id, window.views.values(), window)
        self._connect(window)

    def name_moves(self, workspace: str) -> None:
        """Says in which workspace datasets are moved."""
        for state in EDITABLE_STATES:
            self.by_id[f"dataset.move.{state}"].setText(dataset_actions.move_text(state, workspace))

    def stop(self) -> None:
        """The window ends."""
        self.connections.end()
        self.happenings.stop()

    def _add_rows(self, window: "MainWindow") -> None:
        self.by_id.add(
            [
                *LookActions(self._context).rows(),
                *self.runs.rows(),
                *self.workbench.rows(),
                *self.why.rows(),
                *self.history.rows(),
                *self.notes.rows(),
                *self.evidence.rows(),
                *self.reports.rows(),
                *self.bulk.rows(),
                *self.datasets.rows(),
                *self.links.rows(),
                *self.shared.rows(),
                *self.happenings.rows(),
                *(row for view in window.views.values() for row in view.rows()),
                *self.connections.rows(),
                *self.preferences.rows(),
                *HelpActions(self._context, window, lambda: window.place).rows(),
            ]
        )

    def _connect(self, window: "MainWindow") -> None:
        for actions in (self.runs, self.workbench, self.history, self.bulk, self.datasets):
            actions.acted.connect(window.refresh)
        self.runs.cells_wanted.connect(window.show_unset)
        self.workbench.run_wanted.connect(window.show_run)
        self.connections.switch_wanted.connect(window.close)
