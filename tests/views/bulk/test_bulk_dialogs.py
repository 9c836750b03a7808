"""Editing many datasets in the window: selected rows, a filter, files; looked at, then written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.domain.editing.edits import ColumnEdit
from app.domain.filters import parse
from app.domain.lumisections import LumiRange
from app.domain.progress import Progress
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets
from app.services.certification.tables import Chosen, TableQuery
from app.services.configuration.workspaces import WorkspaceColumns
from app.services.editing import bulk as bulk_edit
from app.services.editing import lumisections
from app.services.editing.bulk import Written
from app.services.editing.report import Report, ReportLine
from app.services.history import look as history
from app.views.background import Background
from app.views.bulk.bulk_dialog import BulkDialog
from app.views.bulk.edit_dialog import BulkEditDialog
from app.views.bulk.file_dialog import ChangeFileDialog
from app.views.bulk.lines_model import text_of
from app.views.focus import give_keys, has_keys
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.selection import Selection
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT, SECOND
from tests.views.workplaces import a_context, a_window, a_workplace

COLUMNS = ("csc-csc", "dt-dt", "jetmet-jetmet")
HEAD = "run,dataset,column,first LS,last LS,status,comment,cause\n"


def tick(dialog: BulkEditDialog, *names: str) -> None:
    """Ticks columns or bits."""
    for name in names:
        (item,) = dialog.names.findItems(name, Qt.MatchFlag.MatchExactly)
        item.setCheckState(Qt.CheckState.Checked)


@pytest.fixture
def context(
    database: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> PlaceContext:
    """An expert at work on them."""
    return a_context(a_workplace(database), background, notices, themes, remembered)


Opened = Callable[..., BulkEditDialog]


@pytest.fixture
def opened(context: PlaceContext, owner: QWidget) -> Opened:
    """Opens the dialog on some datasets or on a filter."""

    def open_dialog(*keys: tuple[int, str], text: str = "") -> BulkEditDialog:
        request = TableQuery("datasets", filter=parse(text) if text else None)
        dialog = BulkEditDialog(
            context,
            Selection(
                "global",
                Chosen(request, keys),
                len(keys),
                everything=Chosen(request, everything=True),
                everything_count=2,
            ),
            False,
            [WorkspaceColumns("global", COLUMNS), WorkspaceColumns("dt", ("dt-dt",))],
            owner,
        )
        dialog.open()
        return dialog

    return open_dialog


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "changes.csv"


@pytest.fixture
def file_dialog(context: PlaceContext, owner: QWidget) -> ChangeFileDialog:
    dialog = ChangeFileDialog(context, owner)
    dialog.open()
    return dialog


def looked(qtbot: QtBot, dialog: BulkDialog) -> Report:
    dialog.look_button.click()
    qtbot.waitUntil(lambda: dialog.report is not None)
    qtbot.waitUntil(lambda: not dialog.work.is_running)
    assert dialog.report is not None
    return dialog.report


def written(qtbot: QtBot, dialog: BulkDialog) -> Written:
    with qtbot.waitSignal(dialog.written) as done:
        dialog.write_button.click()
    assert isinstance(done.args[0], Written)
    return done.args[0]


def statuses(db: Database, run_number: int, column: str, name: str = PROMPT) -> list[str]:
    rr = lumisections.dataset_state(Acting(db), run_number, name).rr
    return [
        value.status if (value := rr.value(column, number)) else ""
        for number in range(1, rr.length + 1)
    ]


def newest(db: Database) -> int:
    with db.read() as connection:
        return int(
            connection.exec_driver_sql('SELECT max(atomic_version) FROM "Version"').scalar_one()
        )


def test_that_selected_datasets_are_looked_at_then_edited_as_one_version(
    qtbot: QtBot, database: Database, opened: Opened
) -> None:
    before = newest(database)
    dialog = opened((FIRST, PROMPT), (SECOND, PROMPT))
    assert dialog.of_selected.isChecked()
    assert not dialog.write_button.isEnabled()
    tick(dialog, "dt-dt", "csc-csc")
    dialog.value.setCurrentText("BAD")
    dialog.comment.setPlainText("HV trip")
    report = looked(qtbot, dialog)
    assert newest(database) == before
    assert [line.outcome for line in report.lines] == ["ok"] * 4
    assert report.preview is not None
    assert len(report.preview.datasets) == 2
    assert report.preview.recorded > 0
    assert report.preview.golden is not None
    assert dialog.view.totals.text().startswith(f"{report.cells} cells in 2 datasets: ")
    assert dialog.view.golden.text().startswith("Golden rule on these datasets: ")
    assert {line.piece.key for line in dialog.view.changes.model.lines} == {"csc-csc", "dt-dt"}
    done = written(qtbot, dialog)
    assert newest(database) == done.version == before + 1
    assert set(statuses(database, FIRST, "dt-dt")) == {"BAD"}
    assert set(statuses(database, SECOND, "csc-csc")) == {"BAD"}


def test_that_everything_a_filter_matches_is_edited_in_the_given_lumisections(
    qtbot: QtBot, database: Database, opened: Opened
) -> None:
    dialog = opened((FIRST, PROMPT), text=f"run = {SECOND}")
    dialog.of_matching.click()
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    qtbot.keyClicks(dialog.ranges, "2-3, 5")
    assert dialog.some.isChecked()
    report = looked(qtbot, dialog)
    assert {line.edit.run_number for line in report.lines if line.edit} == {SECOND}
    if report.refused:
        dialog.leave_out.setChecked(True)
    written(qtbot, dialog)
    assert statuses(database, SECOND, "dt-dt")[:6].count("STANDBY") == 3
    assert "STANDBY" not in statuses(database, FIRST, "dt-dt")


def test_that_bits_are_set_with_a_comment(qtbot: QtBot, database: Database, opened: Opened) -> None:
    dialog = opened((FIRST, PROMPT), (SECOND, PROMPT))
    dialog.group.setCurrentText("DCS bits")
    tick(dialog, "bpix_ready")
    dialog.value.setCurrentText("false")
    dialog.look_button.click()
    assert dialog.refusal.text() == "A DCS bit needs a comment of at least 3 characters."
    dialog.comment.setPlainText("seen on the monitor")
    looked(qtbot, dialog)
    done = written(qtbot, dialog)
    assert done.version is not None
    assert history.version_of(Acting(database), done.version).comment == "seen on the monitor"
    oms = lumisections.dataset_state(Acting(database), SECOND, PROMPT).oms
    assert oms.value("bpix_ready", 2) is False


def test_that_what_the_form_lacks_is_said_before_anything_is_asked(
    qtbot: QtBot, opened: Opened
) -> None:
    dialog = opened((FIRST, PROMPT))
    dialog.look_button.click()
    assert dialog.refusal.text() == "Tick at least one column or bit."
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("BAD")
    dialog.look_button.click()
    assert dialog.refusal.text() == "BAD needs a comment of at least 3 characters."
    assert not dialog.work.is_running


def test_that_a_changed_form_has_to_be_looked_at_again(qtbot: QtBot, opened: Opened) -> None:
    dialog = opened((FIRST, PROMPT))
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    looked(qtbot, dialog)
    assert dialog.write_button.isEnabled()
    dialog.cause.setText("hv")
    assert not dialog.write_button.isEnabled()
    assert dialog.view.lines.rowCount() == 0


def test_that_refused_lines_stop_the_whole_or_are_left_out_when_ticked(
    qtbot: QtBot, database: Database, opened: Opened
) -> None:
    datasets.move(Acting(database, EXPERT), [(SECOND, PROMPT)], "dt", "SIGNOFF")
    datasets.move(Acting(database, EXPERT), [(SECOND, PROMPT)], "global", "SIGNOFF")
    dialog = opened((FIRST, PROMPT), (SECOND, PROMPT))
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    report = looked(qtbot, dialog)
    assert len(report.refused) == 1
    assert not dialog.write_button.isEnabled()
    assert dialog.leave_out.isVisible()
    qtbot.mouseClick(dialog.view.chips.button("refused"), Qt.MouseButton.LeftButton)
    (line,) = dialog.view.lines.lines
    assert line.edit is not None
    assert line.edit.run_number == SECOND
    assert "it must be OPEN to be edited" in str(line.refused)
    dialog.leave_out.setChecked(True)
    done = written(qtbot, dialog)
    assert "Left out: 1 line" in done.text
    assert set(statuses(database, FIRST, "dt-dt")) == {"STANDBY"}
    assert "STANDBY" not in statuses(database, SECOND, "dt-dt")


def test_that_the_enter_key_previews_first_and_writes_once_that_is_possible(
    qtbot: QtBot, database: Database, opened: Opened
) -> None:
    dialog = opened((FIRST, PROMPT))
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    qtbot.waitUntil(dialog.isActiveWindow)
    give_keys(dialog.comment)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(dialog.write_button.isEnabled)
    assert has_keys(dialog.comment)
    give_keys(dialog.look_button)
    qtbot.keyClick(dialog.look_button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: has_keys(dialog.write_button))
    assert dialog.write_button.isDefault()
    with qtbot.waitSignal(dialog.written):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert set(statuses(database, FIRST, "dt-dt")) == {"STANDBY"}


def test_that_what_somebody_changed_after_the_look_is_not_overwritten(
    qtbot: QtBot, database: Database, opened: Opened
) -> None:
    dialog = opened((FIRST, PROMPT))
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    looked(qtbot, dialog)
    theirs = ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(2, 3),), Triplet("EXCLUDED"))
    bulk_edit.write(Acting(database, EXPERT), [theirs])
    dialog.write_button.click()
    qtbot.waitUntil(lambda: "somebody else" in dialog.refusal.text())
    assert statuses(database, FIRST, "dt-dt")[:3].count("EXCLUDED") == 2
    assert "STANDBY" not in statuses(database, FIRST, "dt-dt")


def test_that_a_cancelled_writing_leaves_nothing_behind(
    qtbot: QtBot,
    database: Database,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dialog = opened((FIRST, PROMPT), (SECOND, PROMPT))
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    looked(qtbot, dialog)
    before = newest(database)
    write = bulk_edit.write

    def write_and_cancel(*given: object, progress: Progress, **rest: object) -> Written:
        def report(share: float) -> None:
            progress.tell(share)
            if share >= 0.3:
                dialog.work._work.stop()

        watched = Progress(report, progress.is_cancelled)
        return write(*given, progress=watched, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(bulk_edit, "write", write_and_cancel)
    dialog.write_button.click()
    qtbot.waitUntil(lambda: dialog.refusal.text() == "Cancelled: nothing was written.")
    assert newest(database) == before
    assert "STANDBY" not in statuses(database, FIRST, "dt-dt")
    assert dialog.isVisible()
    monkeypatch.undo()
    qtbot.waitUntil(dialog.write_button.isEnabled)
    written(qtbot, dialog)


def test_that_a_file_is_reported_line_by_line_before_it_is_written(
    qtbot: QtBot, database: Database, file: Path, file_dialog: ChangeFileDialog
) -> None:
    before = newest(database)
    file.write_text(
        HEAD
        + f"{FIRST},{PROMPT},dt-dt,2,4,BAD,HV trip,hv\n"
        + f"{SECOND},{PROMPT},dt-dt,1,2,STANDBY,,\n"
        + f"{FIRST},{PROMPT},dt-dt,2,4,BAD,HV trip,hv\n"
        + f"{FIRST},{PROMPT},dt-dt,4,9999,GOOD,,\n"
        + f"{FIRST},{PROMPT},dt-dt,x,2,GOOD,,\n"
        + f"{FIRST},{PROMPT},csc-csc,1,1,BAD,,\n",
        encoding="utf-8",
    )
    file_dialog.load(str(file))
    qtbot.waitUntil(lambda: file_dialog.report is not None)
    report = file_dialog.report
    assert report is not None
    outcomes = [line.outcome for line in report.lines]
    assert outcomes == ["ok", "ok", "no change", "refused", "refused", "refused"]
    assert [line.number for line in report.lines] == [2, 3, 4, 5, 6, 7]
    assert "outside" in str(report.lines[3].refused)
    assert report.lines[4].edit is None
    assert [text_of(report.lines[4], column) for column in (2, 4, 5, 6)] == [
        str(FIRST),
        "dt-dt",
        "x-2",
        "GOOD",
    ]
    assert [
        file_dialog.view.chips.button(group).text() for group in ("ok", "no change", "refused")
    ] == ["ok  2", "no change  1", "refused  3"]
    assert newest(database) == before
    qtbot.waitUntil(lambda: not file_dialog.work.is_running)
    assert not file_dialog.write_button.isEnabled()
    file_dialog.leave_out.setChecked(True)
    file.write_text("changed meanwhile", encoding="utf-8")
    written(qtbot, file_dialog)
    assert newest(database) == before + 1
    assert statuses(database, FIRST, "dt-dt")[1:4] == ["BAD"] * 3
    assert statuses(database, SECOND, "dt-dt")[:2] == ["STANDBY"] * 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b"", "is empty"),
        (b"run,what\n1,2\n", "is none of"),
    ],
)
def test_that_a_file_that_cannot_be_read_is_refused_as_a_whole(
    qtbot: QtBot, file: Path, file_dialog: ChangeFileDialog, content: bytes, said: str
) -> None:
    file.write_bytes(content)
    file_dialog.load(str(file))
    qtbot.waitUntil(lambda: said in file_dialog.refusal.text())
    assert not file_dialog.write_button.isEnabled()


def test_that_a_file_that_is_not_there_is_said_so(
    qtbot: QtBot, tmp_path: Path, file_dialog: ChangeFileDialog
) -> None:
    file_dialog.load(str(tmp_path / "nowhere.csv"))
    qtbot.waitUntil(lambda: "No such file" in file_dialog.refusal.text())


def test_that_the_window_edits_the_selected_rows_and_its_notice_takes_it_back(
    qtbot: QtBot, database: Database, context: PlaceContext, background: Background
) -> None:
    window = a_window(context)
    qtbot.addWidget(window)
    window.stop_wanted.connect(window.stopped)
    window.show()
    window.go_to("offline")
    table = window.offline.table
    qtbot.waitUntil(lambda: table.model.rowCount() > 0)
    qtbot.waitUntil(lambda: not background.busy)
    table.table.selectAll()
    window.actions_["bulk.edit"].trigger()
    qtbot.waitUntil(lambda: window.findChild(BulkEditDialog) is not None)
    dialog = window.findChild(BulkEditDialog)
    assert isinstance(dialog, BulkEditDialog)
    assert "selected dataset" in dialog.of_selected.text()
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    report = looked(qtbot, dialog)
    if report.refused:
        dialog.leave_out.setChecked(True)
    written(qtbot, dialog)
    assert context.notices.last is not None
    assert context.notices.last.version == newest(database)
    assert "STANDBY" in statuses(database, FIRST, "dt-dt")
    window.close()


def test_that_lines_say_what_they_become() -> None:
    edit = ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(2, 4),), Triplet("BAD", "trip"))
    line = ReportLine(7, edit, 3, None)
    texts = [text_of(line, column) for column in range(9)]
    assert texts == [
        "7", "ok", str(FIRST), PROMPT, "dt-dt", "2-4", "BAD trip", "3", "",
    ]  # fmt: skip


def test_that_a_comment_has_two_lines_in_a_low_window(qapp: QApplication, opened: Opened) -> None:
    dialog = opened((FIRST, PROMPT))
    dialog.resize(dialog.width(), dialog.minimumSizeHint().height())
    qapp.processEvents()
    comment = dialog.comment
    assert comment.viewport().height() >= 2 * comment.fontMetrics().lineSpacing()
