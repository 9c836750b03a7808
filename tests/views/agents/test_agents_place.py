"""The place of agents: what waits for people, how far they agree with them."""

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import text

from app.domain.editing.edits import ColumnEdit
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.agents import registry as agents
from app.services.editing import bulk as bulk_edit
from app.views.agents.dialogs import RegisterDialog
from app.views.agents.place import AgentsPlace
from app.views.agents.verdicts_table import AGENT, DIFFER, PEOPLE, VerdictLanes
from app.views.background import Background
from app.views.places import PlaceContext
from tests.builders import EXPERT
from tests.views.agents.conftest import AGENT as NAME
from tests.views.log.conftest import RUN


@pytest.fixture
def place(qtbot: QtBot, real: PlaceContext) -> AgentsPlace:
    """The place, not yet looked at."""
    place = AgentsPlace(real)
    qtbot.addWidget(place)
    place.resize(1200, 700)
    place.show()
    return place


def settle(qtbot: QtBot, background: Background) -> None:
    qtbot.waitUntil(lambda: not background.busy)


def test_that_without_agents_it_says_how_one_begins(
    qtbot: QtBot, place: AgentsPlace, background: Background
):
    place.shown()
    settle(qtbot, background)
    assert "No agent is registered yet" in place.list.empty.text()
    assert not place.list.empty.isHidden()
    assert place.tabs.isHidden()


def test_that_what_waits_is_counted_listed_and_opened(
    qtbot: QtBot, place: AgentsPlace, background: Background, spoken: Database
):
    with qtbot.waitSignal(place.count_changed) as counted:
        place.shown()
    assert counted.args == [2]
    settle(qtbot, background)
    assert place.list.chosen is not None
    assert place.list.chosen.agent.title == f"{NAME} 1.0"
    assert place.tabs.tabText(0) == "Waiting for people  2"
    (waiting,) = place.waiting.model.waiting
    assert (waiting.run_number, waiting.proposals) == (RUN, 2)
    assert len(place.waiting.list.model.proposals) == 2
    with qtbot.waitSignal(place.run_wanted) as asked:
        place.waiting.table.entered.emit(0)
    assert asked.args == [RUN, "online"]
    place.waiting.list.accept_all.click()
    settle(qtbot, background)
    assert place.waiting.model.waiting == ()
    assert place.tabs.tabText(0) == "Waiting for people"


def test_that_agreement_is_shown_in_figures_and_side_by_side(
    qtbot: QtBot, place: AgentsPlace, background: Background, spoken: Database
):
    wanted = ColumnEdit(
        RUN, "online", "tracker-pixel", (LumiRange(2, 3),), Triplet("BAD", "seen by a shifter")
    )
    good = ColumnEdit(RUN, "online", "tracker-pixel", (LumiRange(4, 4),), Triplet("GOOD"))
    bulk_edit.write(Acting(spoken, EXPERT), [wanted, good])
    place.shown()
    settle(qtbot, background)
    place.tabs.setCurrentWidget(place.agreement)
    settle(qtbot, background)
    columns = place.agreement.columns
    assert [columns.item(n).text() for n in range(columns.count())] == [
        "dt-dt   –",
        "tracker-pixel   66.7 %",
    ]
    columns.setCurrentRow(1)
    model = place.agreement.confusion.model
    cells = [[model.index(r, c).data() for c in range(3)] for r in range(2)]
    assert cells == [["1", "2", "66.7 %"], ["0.0 %", "100.0 %", "66.7 %"]]
    assert "66.7 % of 3 LS agree" in place.agreement.confusion.summary.text()
    verdicts = place.agreement.verdicts.model
    assert [str(verdicts.index(0, c).data()) for c in (DIFFER, AGENT, PEOPLE)] == [
        "1",
        "BAD 3",
        "GOOD 1, BAD 2",
    ]
    lanes = place.agreement.verdicts.table.itemDelegateForColumn(3)
    assert isinstance(lanes, VerdictLanes)
    assert lanes.tip(verdicts.lanes[0], 4) == "LS 4: people GOOD, agent BAD"
    with qtbot.waitSignal(place.run_wanted):
        place.agreement.verdicts.table.entered.emit(0)
    place.agreement.first.setText("2")
    place.agreement.last.setText("1")
    place.agreement.start()
    settle(qtbot, background)
    assert "is greater than the last run" in place.agreement.refusal.text()


def test_that_only_differing_datasets_are_listed_on_demand(
    qtbot: QtBot, place: AgentsPlace, background: Background, spoken: Database
):
    place.shown()
    place.tabs.setCurrentWidget(place.agreement)
    settle(qtbot, background)
    place.agreement.start()
    settle(qtbot, background)
    assert len(place.agreement.verdicts.model.verdicts) == 1
    place.agreement.only_differing.setChecked(True)
    assert place.agreement.verdicts.model.verdicts == ()
    assert place.agreement.verdicts.table.words.text() == "There are no differences."


def test_that_a_comparison_is_stopped_and_nothing_is_shown(
    qtbot: QtBot, place: AgentsPlace, background: Background, spoken: Database
):
    place.shown()
    settle(qtbot, background)
    panel = place.agreement
    with spoken.transaction() as connection:
        connection.execute(text("LOCK TABLE record.proposal IN ACCESS EXCLUSIVE MODE"))
        panel.start()
        assert panel.compare.isHidden()
        panel.stop.click()
    settle(qtbot, background)
    assert not panel.compare.isHidden()
    assert panel.columns.count() == 0
    assert panel.empty.text().startswith("Compare the values of the agent")
    panel.start()
    settle(qtbot, background)
    assert panel.columns.count() == 2


def test_that_a_comparison_of_another_agent_is_never_shown(
    qtbot: QtBot, place: AgentsPlace, background: Background, spoken: Database
):
    place.shown()
    settle(qtbot, background)
    panel = place.agreement
    with spoken.transaction() as connection:
        connection.execute(text("LOCK TABLE record.proposal IN ACCESS EXCLUSIVE MODE"))
        panel.start()
        panel.show_agent("another")
    settle(qtbot, background)
    assert panel.columns.count() == 0


def test_that_an_agent_is_registered_by_a_dialog(
    qtbot: QtBot, place: AgentsPlace, background: Background, season: Database
):
    place.register_agent()
    settle(qtbot, background)
    dialog = next(
        each for each in QApplication.topLevelWidgets() if isinstance(each, RegisterDialog)
    )
    dialog.name.setText("dt-forest")
    dialog.version.setText("0.9")
    dialog.submit()
    settle(qtbot, background)
    assert "at least one column" in dialog.refusal.text()
    dialog.proposes.setPlainText("dt-dt")
    with qtbot.waitSignal(dialog.acted) as done:
        dialog.submit()
    assert done.args == [f"Registered dt-forest 0.9, owner {EXPERT.email}.", None]
    settle(qtbot, background)
    assert place.list.list.item(0).text() == "dt-forest 0.9"
    assert agents.in_force(Acting(season), "dt-forest").owner == EXPERT.email


def test_that_new_proposals_are_counted_while_another_place_is_in_front(
    qtbot: QtBot, place: AgentsPlace, background: Background, spoken: Database
):
    with qtbot.waitSignal(place.count_changed) as counted:
        place.changed(frozenset(), in_front=False)
    assert counted.args == [2]
