"""Editing many datasets in the window: selected rows, a filter, files; looked at, then written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.datasets import OPEN
from app.domain.filters import parse
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.engine import Database
from app.services import bulk_edit, datasets, history, lumisections
from app.views.backend.bulk import BulkReport, ReportLine
from app.views.backend.datasets import Chosen
from app.views.backend.done import Done
from app.views.backend.tables import PageRequest, WorkspaceColumns
from app.views.background import Background
from app.views.bulk.bulk_dialog import BulkDialog
from app.views.bulk.edit_dialog import BulkEditDialog
from app.views.bulk.file_dialog import ChangeFileDialog
from app.views.bulk.lines_model import text_of
from app.views.datasets.selection import Selection
from app.views.main_window import MainWindow
from app.views.notices import Notices
from app.views.theme import Themes
from app.window import ServiceBackend
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT, SECOND, sign_off_runs
from tests.views.history.conftest import backend_of

COLUMNS = ("csc-csc", "dt-dt", "jetmet-jetmet")
HEAD = "run,dataset,column,first LS,last LS,status,comment,cause\n"


def tick(dialog: BulkEditDialog, *names: str) -> None:
    """Ticks columns or bits."""
    for name in names:
        (item,) = dialog.names.findItems(name, Qt.MatchFlag.MatchExactly)
        item.setCheckState(Qt.CheckState.Checked)


@pytest.fixture
def two(database: Database) -> Database:
    """The offline datasets of two runs, open everywhere."""
    sign_off_runs(database, FIRST, SECOND)
    datasets.move(database, EXPERT, [(FIRST, PROMPT), (SECOND, PROMPT)], "global", OPEN)
    return database


@pytest.fixture
def services(two: Database) -> ServiceBackend:
    return backend_of(two)


Opened = Callable[..., BulkEditDialog]


@pytest.fixture
def opened(
    services: ServiceBackend, background: Background, themes: Themes, owner: QWidget
) -> Opened:
    """Opens the dialog on some datasets or on a filter."""

    def open_dialog(*keys: tuple[int, str], text: str = "") -> BulkEditDialog:
        request = PageRequest("datasets", filter=parse(text) if text else None)
        dialog = BulkEditDialog(
            services,
            background,
            themes,
            Selection(
                "global",
                Chosen(request, keys),
                len(keys),
                everything=Chosen(request, everything=True),
                everything_count=2,
            ),
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
def file_dialog(
    services: ServiceBackend, background: Background, themes: Themes, owner: QWidget
) -> ChangeFileDialog:
    dialog = ChangeFileDialog(services, background, themes, owner)
    dialog.open()
    return dialog


def looked(qtbot: QtBot, dialog: BulkDialog) -> BulkReport:
    dialog.look_button.click()
    qtbot.waitUntil(lambda: dialog.report is not None)
    qtbot.waitUntil(lambda: not dialog.work.is_running)
    assert dialog.report is not None
    return dialog.report


def written(qtbot: QtBot, dialog: BulkDialog) -> Done:
    with qtbot.waitSignal(dialog.written) as done:
        dialog.write_button.click()
    assert isinstance(done.args[0], Done)
    return done.args[0]


def statuses(db: Database, run_number: int, column: str, name: str = PROMPT) -> list[str]:
    rr = lumisections.dataset_state(db, run_number, name).rr
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
    qtbot: QtBot, two: Database, opened: Opened
) -> None:
    before = newest(two)
    dialog = opened((FIRST, PROMPT), (SECOND, PROMPT))
    assert dialog.of_selected.isChecked()
    assert not dialog.write_button.isEnabled()
    tick(dialog, "dt-dt", "csc-csc")
    dialog.value.setCurrentText("BAD")
    dialog.comment.setPlainText("HV trip")
    report = looked(qtbot, dialog)
    assert newest(two) == before
    assert [line.outcome for line in report.lines] == ["ok"] * 4
    assert report.datasets == 2
    assert report.recorded > 0
    assert report.golden is not None
    assert dialog.view.totals.text().startswith(f"{report.cells} cells in 2 datasets: ")
    assert "Golden rule" in dialog.view.golden.text()
    assert {line.piece.key for line in dialog.view.changes.model.lines} == {"csc-csc", "dt-dt"}
    done = written(qtbot, dialog)
    assert newest(two) == done.atomic_version == before + 1
    assert set(statuses(two, FIRST, "dt-dt")) == {"BAD"}
    assert set(statuses(two, SECOND, "csc-csc")) == {"BAD"}


def test_that_everything_a_filter_matches_is_edited_in_the_given_lumisections(
    qtbot: QtBot, two: Database, opened: Opened
) -> None:
    dialog = opened((FIRST, PROMPT), text=f"run = {SECOND}")
    dialog.of_matching.click()
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    qtbot.keyClicks(dialog.ranges, "2-3, 5")
    assert dialog.some.isChecked()
    report = looked(qtbot, dialog)
    keys = {(line.run_number, line.dataset) for line in report.lines}
    assert {run_number for run_number, _ in keys} == {SECOND}
    if report.refused:
        dialog.leave_out.setChecked(True)
    written(qtbot, dialog)
    assert statuses(two, SECOND, "dt-dt")[:6].count("STANDBY") == 3
    assert "STANDBY" not in statuses(two, FIRST, "dt-dt")


def test_that_bits_are_set_with_a_comment(qtbot: QtBot, two: Database, opened: Opened) -> None:
    dialog = opened((FIRST, PROMPT), (SECOND, PROMPT))
    dialog.group.setCurrentText("DCS bits")
    tick(dialog, "bpix_ready")
    dialog.value.setCurrentText("false")
    dialog.look_button.click()
    assert dialog.refusal.text() == "A DCS bit needs a comment of at least 3 characters."
    dialog.comment.setPlainText("seen on the monitor")
    looked(qtbot, dialog)
    done = written(qtbot, dialog)
    assert done.atomic_version is not None
    assert history.version_of(two, done.atomic_version).comment == "seen on the monitor"
    oms = lumisections.dataset_state(two, SECOND, PROMPT).oms
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
    qtbot: QtBot, two: Database, opened: Opened
) -> None:
    datasets.move(two, EXPERT, [(SECOND, PROMPT)], "dt", "SIGNOFF")
    datasets.move(two, EXPERT, [(SECOND, PROMPT)], "global", "SIGNOFF")
    dialog = opened((FIRST, PROMPT), (SECOND, PROMPT))
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    report = looked(qtbot, dialog)
    assert report.refused == 1
    assert not dialog.write_button.isEnabled()
    assert dialog.leave_out.isVisible()
    qtbot.mouseClick(dialog.view.chips.button("refused"), Qt.MouseButton.LeftButton)
    (line,) = dialog.view.lines.lines
    assert line.run_number == SECOND
    assert "it must be OPEN to be edited" in line.reason
    dialog.leave_out.setChecked(True)
    done = written(qtbot, dialog)
    assert "Left out: 1 line" in done.text
    assert set(statuses(two, FIRST, "dt-dt")) == {"STANDBY"}
    assert "STANDBY" not in statuses(two, SECOND, "dt-dt")


def test_that_the_enter_key_previews_first_and_writes_once_that_is_possible(
    qtbot: QtBot, two: Database, opened: Opened
) -> None:
    dialog = opened((FIRST, PROMPT))
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(dialog.write_button.isEnabled)
    assert dialog.write_button.isDefault()
    dialog.comment.setFocus()
    with qtbot.waitSignal(dialog.written):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert set(statuses(two, FIRST, "dt-dt")) == {"STANDBY"}


def test_that_what_somebody_changed_after_the_look_is_not_overwritten(
    qtbot: QtBot, two: Database, opened: Opened
) -> None:
    dialog = opened((FIRST, PROMPT))
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    looked(qtbot, dialog)
    theirs = lumisections.ColumnEdit(
        FIRST, PROMPT, "dt-dt", (LumiRange(2, 3),), Triplet("EXCLUDED")
    )
    bulk_edit.write(two, EXPERT, [theirs])
    dialog.write_button.click()
    qtbot.waitUntil(lambda: "somebody else" in dialog.refusal.text())
    assert statuses(two, FIRST, "dt-dt")[:3].count("EXCLUDED") == 2
    assert "STANDBY" not in statuses(two, FIRST, "dt-dt")


def test_that_a_cancelled_writing_leaves_nothing_behind(
    qtbot: QtBot,
    two: Database,
    services: ServiceBackend,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dialog = opened((FIRST, PROMPT), (SECOND, PROMPT))
    tick(dialog, "dt-dt")
    dialog.value.setCurrentText("STANDBY")
    looked(qtbot, dialog)
    before = newest(two)
    write = services.write_bulk

    def cancelled_on_the_way(keys, wish, seen, progress, asked, **rest):
        def told(share: float) -> None:
            progress(share)
            if share >= 0.3:
                dialog.work._attempt.cancel()

        return write(keys, wish, seen, told, asked, **rest)

    monkeypatch.setattr(services, "write_bulk", cancelled_on_the_way)
    dialog.write_button.click()
    qtbot.waitUntil(lambda: dialog.refusal.text() == "Cancelled: nothing was written.")
    assert newest(two) == before
    assert "STANDBY" not in statuses(two, FIRST, "dt-dt")
    assert dialog.isVisible()
    monkeypatch.undo()
    qtbot.waitUntil(dialog.write_button.isEnabled)
    written(qtbot, dialog)


def test_that_a_file_is_reported_line_by_line_before_it_is_written(
    qtbot: QtBot, two: Database, file: Path, file_dialog: ChangeFileDialog
) -> None:
    before = newest(two)
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
    assert "outside" in report.lines[3].reason
    assert report.lines[4].run_number is None
    assert [text_of(report.lines[4], column) for column in (2, 4, 5, 6)] == [
        str(FIRST),
        "dt-dt",
        "x-2",
        "GOOD",
    ]
    assert [
        file_dialog.view.chips.button(group).text() for group in ("ok", "no change", "refused")
    ] == ["ok  2", "no change  1", "refused  3"]
    assert newest(two) == before
    qtbot.waitUntil(lambda: not file_dialog.work.is_running)
    assert not file_dialog.write_button.isEnabled()
    file_dialog.leave_out.setChecked(True)
    file.write_text("changed meanwhile", encoding="utf-8")
    written(qtbot, file_dialog)
    assert newest(two) == before + 1
    assert statuses(two, FIRST, "dt-dt")[1:4] == ["BAD"] * 3
    assert statuses(two, SECOND, "dt-dt")[:2] == ["STANDBY"] * 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "no text in UTF-8"),
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
    qtbot: QtBot,
    two: Database,
    services: ServiceBackend,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> None:
    window = MainWindow(services, background, notices, themes, remembered)
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
    assert notices.last is not None
    assert notices.last.version == newest(two)
    assert "STANDBY" in statuses(two, FIRST, "dt-dt")
    window.close()


def test_that_lines_say_what_they_become() -> None:
    line = ReportLine(
        7, FIRST, PROMPT, "dt-dt", (LumiRange(2, 4),), Triplet("BAD", "trip"), "ok", 3
    )
    texts = [text_of(line, column) for column in range(9)]
    assert texts == [
        "7", "ok", str(FIRST), PROMPT, "dt-dt", "2-4", "BAD trip", "3", "",
    ]  # fmt: skip
