"""The history of what a person looks at: versions drawn, paged, and led on from."""

import pytest
from PySide6.QtCore import QModelIndex
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import runs
from app.views.backend.history import ChangeLine, HistorySubject, Piece, VersionEntry
from app.views.background import Background
from app.views.grid.history_axis import LANE_ROLE
from app.views.history.history_panel import HistoryPanel, Looked, Scope
from app.views.history.versions_model import LANE, WHAT, VersionsModel, prepare_entry
from app.views.theme import Themes
from app.window import ServiceBackend
from tests.builders import EXPERT
from tests.views.fake_backend import VERSIONS, FakeBackend
from tests.views.history.conftest import BAD, LENGTH, RUN, Set

WHOLE = Looked(RUN, "online", LENGTH, ("dt-dt",), (LumiRange(3, 3),))


@pytest.fixture
def panel(
    qtbot: QtBot, services: ServiceBackend, background: Background, themes: Themes
) -> HistoryPanel:
    panel = HistoryPanel(services, background, themes)
    qtbot.addWidget(panel)
    panel.resize(1200, 600)
    panel.show()
    return panel


def shown(panel: HistoryPanel) -> list[int]:
    return [each.version for each in panel.model.entries]


def test_that_the_selection_s_history_says_who_set_it_and_draws_from_what_to_what(
    qtbot: QtBot, panel: HistoryPanel, set_dt: Set
) -> None:
    first, _elsewhere, second = set_dt(2, 6), set_dt(20, 22), set_dt(3, 4, Triplet("STANDBY"))
    panel.look_at(WHOLE)
    panel.set_scope(Scope.SELECTION)
    qtbot.waitUntil(lambda: panel.model.rowCount() == 3)
    assert shown(panel)[:2] == [second, first]
    newest, edited, automatic = panel.model.entries
    assert newest.entry.version.by == EXPERT.email
    assert newest.entry.version.by_hand
    assert not automatic.entry.version.by_hand
    (piece,) = newest.lane
    assert (piece.before, piece.after) == (BAD, Triplet("STANDBY"))
    assert piece.ranges == (LumiRange(3, 3),)
    assert panel.model.index(1, LANE).data(LANE_ROLE) == edited.lane
    assert "dt-dt: GOOD -> BAD HV trip" in panel.model.index(1, WHAT).data()
    (line,) = panel.changes.model.lines
    assert line.piece == piece


def test_that_dataset_and_run_show_attributes_and_bits_too(
    qtbot: QtBot, run: Database, panel: HistoryPanel, set_bit: Set
) -> None:
    bit = set_bit("bpix_ready", 5, 9, value=False)
    runs.edit_attribute(Acting(run, EXPERT), RUN, "stop_reason", "beam dump")
    panel.look_at(WHOLE)
    panel.set_scope(Scope.DATASET)
    qtbot.waitUntil(lambda: panel.model.rowCount() >= 3)
    assert "stop_reason" in panel.model.index(0, WHAT).data()
    assert shown(panel)[1] == bit
    panel.set_scope(Scope.RUN)
    qtbot.waitUntil(lambda: panel.of.text() == "the run and all its datasets")
    qtbot.waitUntil(lambda: shown(panel)[1:2] == [bit])


def test_that_older_versions_come_as_the_person_scrolls(
    qtbot: QtBot, panel: HistoryPanel, set_dt: Set
) -> None:
    versions = [set_dt(1 + n % 30, 2 + n % 30, Triplet("BAD", f"number {n}")) for n in range(60)]
    panel.look_at(WHOLE)
    panel.set_scope(Scope.DATASET)
    qtbot.waitUntil(lambda: panel.model.rowCount() >= 50)
    panel.table.scrollToBottom()
    qtbot.waitUntil(lambda: panel.model.rowCount() >= 61)
    assert shown(panel)[:60] == versions[::-1]
    assert not panel.model.canFetchMore(QModelIndex())


def test_that_what_others_do_meanwhile_comes_on_top_and_the_chosen_version_stays(
    qtbot: QtBot, panel: HistoryPanel, set_dt: Set
) -> None:
    first = set_dt(2, 6)
    panel.look_at(WHOLE)
    panel.set_scope(Scope.DATASET)
    qtbot.waitUntil(lambda: first in shown(panel))
    panel.table.selectRow(0)
    second = set_dt(30, 31)
    panel.refresh()
    qtbot.waitUntil(lambda: shown(panel)[:1] == [second])
    assert [each.version for each in panel.chosen] == [first]


def test_that_one_or_two_chosen_versions_lead_to_moments_and_comparisons(
    qtbot: QtBot, panel: HistoryPanel, set_dt: Set
) -> None:
    first, second = set_dt(2, 6), set_dt(3, 4, Triplet("STANDBY"))
    panel.look_at(WHOLE)
    panel.set_scope(Scope.DATASET)
    qtbot.waitUntil(lambda: second in shown(panel))
    panel.table.selectRow(1)
    with qtbot.waitSignal(panel.moment_wanted) as moment:
        panel.moment_button.click()
    assert moment.args == [first]
    with qtbot.waitSignal(panel.comparison_wanted) as compared:
        panel.compare_button.click()
    assert compared.args == [first, None]
    panel.table.selectAll()
    assert not panel.compare_button.isEnabled()
    panel.table.clearSelection()
    selection = panel.table.selectionModel()
    flags = selection.SelectionFlag.Select | selection.SelectionFlag.Rows
    for row in (0, 1):
        selection.select(panel.model.index(row, 0), flags)
    assert panel.compare_button.text() == "Compare the two"
    assert not panel.undo_button.isEnabled()
    with qtbot.waitSignal(panel.comparison_wanted) as compared:
        panel.compare_button.click()
    assert compared.args == [first, second]


def test_that_columns_that_change_alike_are_told_as_one() -> None:
    pieces = [
        Piece(f"c{n}-c{n}", (LumiRange(1, 9),), Triplet("GOOD"), Triplet("BAD", "trip"))
        for n in range(5)
    ]
    entry = VersionEntry(VERSIONS[0], tuple(ChangeLine("1", piece) for piece in pieces))
    assert prepare_entry(entry).what == "c0-c0 and 4 others: GOOD -> BAD trip"


def test_that_the_model_keeps_the_rules_of_qt(qtmodeltester: ModelTester) -> None:
    model = VersionsModel()
    qtmodeltester.check(model)
    page = FakeBackend(1).history(HistorySubject(1))
    model.start([prepare_entry(each) for each in page.entries[1:]], 700)
    qtmodeltester.check(model)
    model.renew([prepare_entry(each) for each in page.entries], None)
    assert [each.version for each in model.entries] == [812, 700]
    qtmodeltester.check(model)
