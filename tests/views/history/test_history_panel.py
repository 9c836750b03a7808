"""The history of what a person looks at: versions drawn, paged, and led on from."""

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QModelIndex
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot
from sqlalchemy import text

from app.domain.history.cells import Action, CellChange
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import runs
from app.services.history.look import DatasetChanges, Entry
from app.views.background import Background
from app.views.changes.history_axis import LANE_ROLE
from app.views.history.history_panel import DatasetInFront, HistoryPanel, Scope
from app.views.history.versions_model import LANE, WHAT, VersionsModel, prepare_entry
from app.views.looks.theme import Themes
from tests.builders import EXPERT
from tests.views.history.conftest import BAD, GOOD, LENGTH, RUN, STANDBY, Set

WHOLE = DatasetInFront(RUN, "online", LENGTH, ("dt-dt",), (LumiRange(3, 3),))


@pytest.fixture
def panel(qtbot: QtBot, acting: Acting, background: Background, themes: Themes) -> HistoryPanel:
    panel = HistoryPanel(acting, background, themes)
    qtbot.addWidget(panel)
    panel.resize(1200, 600)
    panel.show()
    return panel


def shown(panel: HistoryPanel) -> list[int]:
    return [each.version for each in panel.model.entries]


def test_that_the_selection_s_history_says_who_set_it_and_draws_from_what_to_what(
    qtbot: QtBot, panel: HistoryPanel, set_dt: Set
) -> None:
    first, _elsewhere, second = set_dt(2, 6), set_dt(20, 22), set_dt(3, 4, STANDBY)
    panel.show_dataset(WHOLE)
    panel.set_scope(Scope.SELECTION)
    qtbot.waitUntil(lambda: panel.model.rowCount() == 3)
    assert shown(panel)[:2] == [second, first]
    newest, edited, automatic = panel.model.entries
    assert newest.action.author == EXPERT.email
    assert newest.action.manual
    assert not automatic.action.manual
    (piece,) = newest.lane
    assert (piece.before, piece.after) == (BAD, STANDBY)
    assert piece.ranges == (LumiRange(3, 3),)
    assert panel.model.index(1, LANE).data(LANE_ROLE) == edited.lane
    assert "dt-dt: GOOD -> BAD HV trip" in panel.model.index(1, WHAT).data()
    (line,) = panel.changes.model.lines
    assert line.piece == piece


def test_that_dataset_and_run_show_attributes_and_bits_too(
    qtbot: QtBot, acting: Acting, panel: HistoryPanel, set_bit: Set
) -> None:
    bit = set_bit("bpix_ready", 5, 9, value=False)
    runs.edit_attribute(acting, RUN, "stop_reason", "beam dump")
    panel.show_dataset(WHOLE)
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
    panel.show_dataset(WHOLE)
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
    panel.show_dataset(WHOLE)
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
    first, second = set_dt(2, 6), set_dt(3, 4, STANDBY)
    panel.show_dataset(WHOLE)
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


def test_that_a_dataset_that_is_not_there_is_refused_in_the_panel(
    qtbot: QtBot, panel: HistoryPanel, set_dt: Set
) -> None:
    set_dt(2, 6)
    panel.show_dataset(WHOLE)
    panel.set_scope(Scope.DATASET)
    qtbot.waitUntil(lambda: panel.model.rowCount() == 2)
    panel.show_dataset(DatasetInFront(RUN, "/No/Such/DQM", LENGTH))
    qtbot.waitUntil(lambda: panel.model.rowCount() == 0)
    assert panel.table.words.text() == f"Run {RUN} has no dataset /No/Such/DQM."
    assert not panel.bar.loading


def an_entry(version: int, *columns: str) -> Entry:
    action = Action(version, "person@cern.ch", "HV trip", datetime(2025, 8, 20, tzinfo=UTC))
    changes = tuple(CellChange(column, GOOD, BAD, BAD, (LumiRange(1, 9),)) for column in columns)
    return Entry(action, (), (DatasetChanges("online", changes, ()),))


def test_that_columns_that_change_alike_are_listed_as_one() -> None:
    entry = an_entry(812, *(f"c{n}-c{n}" for n in range(5)))
    what = prepare_entry(RUN, entry).what
    assert what == "c0-c0 and 4 others: GOOD -> BAD HV trip (cause: hv)"


def test_that_the_model_keeps_the_rules_of_qt(qtmodeltester: ModelTester) -> None:
    model = VersionsModel()
    qtmodeltester.check(model)
    newer, older = (prepare_entry(RUN, an_entry(version, "dt-dt")) for version in (812, 700))
    model.start([older], 700)
    qtmodeltester.check(model)
    model.renew([newer, older], None)
    assert [each.version for each in model.entries] == [812, 700]
    qtmodeltester.check(model)


def test_that_an_answer_is_pale_and_keeps_its_title_until_the_new_one_is_there(
    qtbot: QtBot, panel: HistoryPanel, set_dt: Set, run: Database
) -> None:
    set_dt(2, 6)
    panel.show_dataset(WHOLE)
    panel.set_scope(Scope.DATASET)
    qtbot.waitUntil(lambda: panel.model.rowCount() > 0)
    assert panel.of.text() == "run and online"
    assert not panel.dimmer.is_dimming
    with run.transaction() as connection:
        connection.execute(text('LOCK TABLE "Version" IN ACCESS EXCLUSIVE MODE'))
        panel.set_scope(Scope.RUN)
        qtbot.waitUntil(panel.dimmer.isVisible)
        assert panel.of.text() == "run and online"
        panel.show_dataset(DatasetInFront(RUN + 1, "online", LENGTH))
        assert panel.dimmer.is_dimming
        panel.show_dataset(WHOLE)
    qtbot.waitUntil(lambda: not panel.dimmer.is_dimming)
    assert panel.of.text() == "the run and all its datasets"
