"""Every dialog that writes, for somebody who may not."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QAbstractButton, QDialog, QWidget
from pytestqt.qtbot import QtBot

import app.views
from app.domain.agents.proposals import Proposal, ProposalState
from app.domain.certification.cycles import PENDING, Cycle, Progress
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.lists.tables.query import TableQuery
from app.services.acting import Acting, OfLogin
from app.services.certification.tables import Chosen
from app.services.configuration.workspaces import WorkspaceColumns
from app.services.golden.bench import EVERYTHING
from app.views.agents.dialogs import CorrectDialog, RegisterDialog, RejectDialog
from app.views.background import Background
from app.views.bulk.edit_dialog import BulkEditDialog
from app.views.bulk.file_dialog import ChangeFileDialog
from app.views.configuration.sections import SECTIONS
from app.views.configuration.trials.reclassify_dialog import ReclassifyDialog
from app.views.configuration.versions.restore_dialog import RestoreDialog
from app.views.cycles.dialogs import (
    AddToCycleDialog,
    EditCycleDialog,
    FreezeDialog,
    MoveCycleDialog,
    NewCycleDialog,
    RemoveFromCycleDialog,
)
from app.views.datasets.tool_dialogs import (
    ChangeStatesDialog,
    CopyColumnsDialog,
    DuplicateDialog,
    HideDialog,
    SetColumnsDialog,
    UnhideDialog,
)
from app.views.golden.generate_dialog import GenerateDialog
from app.views.golden.luminosity_dialog import LuminosityDialog
from app.views.history.undo_dialog import UndoDialog
from app.views.looks.theme import Themes
from app.views.notes.notes_dialog import NotesDialog
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.rights import READ_ONLY
from app.views.runs.dialogs import EditRunDialog, MoveDatasetsDialog, MoveDialog
from app.views.second_eyes.dialogs import TakeMarkBackDialog, VerifyDatasetsDialog
from app.views.selection import Selection
from app.views.widgets.dialogs.refusal_line import RefusalLine, RightLine
from tests.models.guard.conftest import Login, come_in, guarded_dsn, guarded_template
from tests.models.guard.guarded import FIRST, OPEN_RUN, PROMPT
from tests.views.golden.conftest import RULE
from tests.views.workplaces import a_context, a_workplace

__all__ = ["come_in", "guarded_dsn", "guarded_template"]

Opened = tuple[QDialog, QAbstractButton]

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CYCLE = Cycle(
    1,
    "Week 22",
    {"global": PENDING, "dt": PENDING},
    date(2030, 1, 1),
    NOW,
    1,
    {"global": Progress(1, 0, 0, 0, 0), "dt": Progress(1, 0, 0, 0, 0)},
)
PROPOSAL = Proposal(
    *(1, "dt-ml", "1.0", OPEN_RUN, "online", "dt-dt", (LumiRange(1, 2),)),
    *(Triplet("BAD", "hot"), NOW, ProposalState.OPEN),
)
CHOSEN = Chosen(TableQuery("datasets"), ((FIRST, PROMPT),))
SELECTION = Selection("dt", CHOSEN, 1, {(FIRST, PROMPT): "OPEN"}, columns=("dt-dt",))
WORKSPACES = [WorkspaceColumns("dt", ("dt-dt",))]


def move(context: PlaceContext, owner: QWidget) -> QDialog:
    return MoveDialog(context, OPEN_RUN, "OPEN", "SIGNOFF", owner)


def move_datasets(context: PlaceContext, owner: QWidget) -> QDialog:
    return MoveDatasetsDialog(context, {(FIRST, PROMPT): "OPEN"}, "dt", "SIGNOFF", owner)


def correct(context: PlaceContext, owner: QWidget) -> QDialog:
    return CorrectDialog(context.acting, context.background, context.rights, PROPOSAL, owner)


def reject(context: PlaceContext, owner: QWidget) -> QDialog:
    return RejectDialog(context.acting, context.background, context.rights, [PROPOSAL], owner)


def restore(context: PlaceContext, owner: QWidget) -> QDialog:
    section = next(each for each in SECTIONS if each.kind is not None)
    themes = context.themes
    return RestoreDialog(
        context.acting, context.background, themes, context.rights, section, 1, owner
    )


def undo(context: PlaceContext, owner: QWidget) -> QDialog:
    acting = context.acting
    with acting.db.read() as connection:
        newest = connection.exec_driver_sql(
            'SELECT max(atomic_version) FROM "RunEvent" JOIN "Event" USING (version)'
            " WHERE manual_change"
        ).scalar_one()
    return UndoDialog(acting, context.background, context.themes, int(newest), owner)


TAKE_A_RIGHT: dict[type[QDialog], Callable[[PlaceContext, QWidget], QDialog]] = {
    MoveDialog: move,
    MoveDatasetsDialog: move_datasets,
    EditRunDialog: lambda context, owner: EditRunDialog(context, OPEN_RUN, "Cosmics", "", owner),
    NewCycleDialog: lambda context, owner: NewCycleDialog(context, SELECTION, owner),
    AddToCycleDialog: lambda context, owner: AddToCycleDialog(context, SELECTION, owner),
    RemoveFromCycleDialog: lambda context, owner: RemoveFromCycleDialog(
        context, CYCLE, CHOSEN, 1, owner
    ),
    EditCycleDialog: lambda context, owner: EditCycleDialog(context, CYCLE, owner),
    MoveCycleDialog: lambda context, owner: MoveCycleDialog(context, CYCLE, "dt", owner),
    FreezeDialog: lambda context, owner: FreezeDialog(context, CYCLE, None, owner),
    VerifyDatasetsDialog: lambda context, owner: VerifyDatasetsDialog(context, SELECTION, owner),
    CorrectDialog: correct,
    RejectDialog: reject,
    RegisterDialog: lambda context, owner: RegisterDialog(context, ("dt-dt",), owner),
    **{
        kind: lambda context, owner, kind=kind: kind(context, SELECTION, owner)  # type: ignore[misc]
        for kind in (
            *(ChangeStatesDialog, CopyColumnsDialog, DuplicateDialog),
            *(SetColumnsDialog, HideDialog, UnhideDialog),
        )
    },
    GenerateDialog: lambda context, owner: GenerateDialog(context, PROMPT, EVERYTHING, RULE, owner),
    LuminosityDialog: LuminosityDialog,
    RestoreDialog: restore,
}
"""Those whose form takes a right, with what opens them."""
BY_PREVIEW: dict[type[QDialog], Callable[[PlaceContext, QWidget], QDialog]] = {
    BulkEditDialog: lambda context, owner: BulkEditDialog(
        context, SELECTION, False, WORKSPACES, owner
    ),
    ChangeFileDialog: ChangeFileDialog,
    ReclassifyDialog: ReclassifyDialog,
    UndoDialog: undo,
}
"""Those of which a preview says what the person may, line by line."""
ONLY_SHOW = frozenset(
    {
        *("SavedFiltersDialog", "ColumnChooser", "ReportDialog", "MomentChooser", "WhyDialog"),
        *("ExportDialog", "CommandPalette", "AboutDialog", "WhyClassDialog", "ConnectionsDialog"),
        *("ConnectionDialog", "CsvDialog", "VerifyDialog", "ScrolledText", "ReportsDialog"),
        # Asks why, of who was allowed the rest.
        "ReasonDialog",
        # Counts; only a login that may writes what is wrong anew.
        "StandingDialog",
        # Its buttons are those of its editor.
        "DatasetsAcceptedWindow",
        *("RangesDialog", "DocumentationWindow", "FilterBuilder", "PreferencesDialog"),
        *("HappenedDialog", "SaveDialog"),
    }
)
"""Names of those that show, choose, or write a file of the person's own."""
TRIED_ELSEWHERE = frozenset(
    {
        # Asks the database first what the lists would be: tests/views/golden/test_publishing.py.
        "PublishDialog",
    }
)
ANYBODY_MAY: dict[type[QDialog], Callable[[PlaceContext, QWidget], QDialog]] = {
    NotesDialog: lambda context, owner: NotesDialog(
        context.acting, context.background, context.rights, FIRST, PROMPT, (), owner
    ),
    TakeMarkBackDialog: lambda context, owner: TakeMarkBackDialog(context, SELECTION, owner),
}
"""Those that take no right, but a connection that may write."""
FRAMES = frozenset(
    {"ActionDialog", "BulkDialog", "FolderDialog", "ToolDialog", "_DatasetsDialog", "MarkDialog"}
)


def button_of(dialog: QDialog) -> QAbstractButton:
    """What the dialog writes with."""
    for name in ("submit_button", "write_button", "go", "write", "note"):
        if isinstance(found := getattr(dialog, name, None), QAbstractButton):
            return found
    raise AssertionError(f"{type(dialog).__name__} has no button that writes")


def test_that_every_dialog_is_known_here() -> None:
    for module in pkgutil.walk_packages(app.views.__path__, "app.views."):
        importlib.import_module(module.name)

    def kinds(kind: type) -> Iterator[type]:
        for below in kind.__subclasses__():
            if below.__module__.startswith("app.views"):
                yield below
                yield from kinds(below)

    known = {kind.__name__ for kind in (*TAKE_A_RIGHT, *BY_PREVIEW, *ANYBODY_MAY)}
    known |= ONLY_SHOW | TRIED_ELSEWHERE | FRAMES
    assert {kind.__name__ for kind in kinds(QDialog)} == known


@pytest.fixture
def at(
    background: Background, notices: Notices, themes: Themes, remembered: QSettings
) -> Callable[[Database], PlaceContext]:
    """What dialogs are made with, for whoever has logged in there."""

    def context_at(database: Database) -> PlaceContext:
        workplace = a_workplace(database)
        if database.dsn_without_password.count("g_"):
            workplace = replace(workplace, acting=Acting(database, OfLogin(database)))
        return a_context(workplace, background, notices, themes, remembered)

    return context_at


def shown(qtbot: QtBot, dialog: QDialog, background: Background) -> Opened:
    dialog.open()
    qtbot.waitUntil(lambda: not background.busy)
    return dialog, button_of(dialog)


def asked(qtbot: QtBot, context: PlaceContext) -> None:
    """Reads the permissions."""
    context.rights.load()
    qtbot.waitUntil(lambda: not context.background.busy)


def test_that_who_lacks_the_right_reads_who_could(
    qtbot: QtBot,
    come_in: Login,
    at: Callable[[Database], PlaceContext],
    owner: QWidget,
    background: Background,
) -> None:
    context = at(come_in("g_nobody"))
    asked(qtbot, context)
    for kind, make in TAKE_A_RIGHT.items():
        dialog, button = shown(qtbot, make(context, owner), background)
        lines = [line for line in dialog.findChildren(RightLine) if line.isVisible()]
        assert not button.isEnabled(), kind
        assert "may" in button.toolTip(), kind
        # The box for an official list has a line of its own.
        (line,) = [line for line in lines if line._button is button]
        assert "nobody@cern.ch may not" in line.text(), kind
        assert line.pages is not None, kind
        assert line.pages.isVisible(), kind
        assert not line.pages.hasFocus(), kind
        assert line.words.height() >= line.words.heightForWidth(line.words.width()), kind
        dialog.close()


def test_that_who_has_the_right_is_told_nothing(
    qtbot: QtBot,
    come_in: Login,
    at: Callable[[Database], PlaceContext],
    owner: QWidget,
    background: Background,
) -> None:
    context = at(come_in("g_expert"))
    asked(qtbot, context)
    for kind, make in TAKE_A_RIGHT.items():
        dialog, _ = shown(qtbot, make(context, owner), background)
        assert [each.text() for each in dialog.findChildren(RightLine) if each.isVisible()] == [], (
            kind
        )
        dialog.close()


def test_that_a_preview_names_who_could(
    qtbot: QtBot,
    come_in: Login,
    at: Callable[[Database], PlaceContext],
    owner: QWidget,
    background: Background,
) -> None:
    dialog, button = shown(qtbot, undo(at(come_in("g_nobody")), owner), background)
    assert not button.isEnabled()
    (line,) = [line for line in dialog.findChildren(RefusalLine) if line.isVisible()]
    assert "nobody@cern.ch may not" in line.text()
    assert line.pages is not None
    assert line.pages.isVisible()


def test_that_no_dialog_writes_over_a_read_only_connection(
    qtbot: QtBot,
    runs_dsn: str,
    at: Callable[[Database], PlaceContext],
    owner: QWidget,
    background: Background,
) -> None:
    joined = "&" if "?" in runs_dsn else "?"
    database = Database(f"{runs_dsn}{joined}options=-c%20default_transaction_read_only%3Don")
    database.prepare()
    try:
        context = at(database)
        asked(qtbot, context)
        for kind, make in (TAKE_A_RIGHT | BY_PREVIEW | ANYBODY_MAY).items():
            dialog, button = shown(qtbot, make(context, owner), background)
            assert not button.isEnabled(), kind
            assert READ_ONLY in " ".join(button.toolTip().split()), kind
            said = [line.text() for line in dialog.findChildren(RefusalLine) if line.isVisible()]
            assert READ_ONLY in said, kind
            dialog.close()
    finally:
        database.close()
