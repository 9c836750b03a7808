"""Proposals above the lumisections: shown, accepted, corrected, rejected by hand."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.agents.proposals import ProposalState
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.agents import proposals as agent_proposals
from app.services.history import look as history
from app.views.agents.dialogs import CorrectDialog, RejectDialog
from app.views.agents.proposal_model import RANGES, SINCE, VALUE
from app.views.agents.proposal_strip import ProposalStrip
from app.views.background import Background
from app.views.looks import words
from app.views.places import PlaceContext
from app.views.widgets.tables.copying import COPY_ROLE
from tests.builders import EXPERT, NOBODY
from tests.views.agents.conftest import line, say
from tests.views.log.conftest import OTHER, RUN


@pytest.fixture
def strip(qtbot: QtBot, real: PlaceContext, spoken: Database) -> ProposalStrip:
    """The strip on the first run."""
    strip = ProposalStrip(real.acting, real.background, real.themes, real.rights)
    qtbot.addWidget(strip)
    strip.resize(1000, 300)
    strip.show_dataset(RUN, "online", 10)
    qtbot.waitUntil(lambda: not real.background.busy)
    return strip


def settle(qtbot: QtBot, background: Background) -> None:
    qtbot.waitUntil(lambda: not background.busy)


def dialog_of(kind: type) -> object:
    return next(
        each
        for each in QApplication.topLevelWidgets()
        if isinstance(each, kind)
        if each.isVisible()
    )


def status(db: Database, column: str, lumisection: int) -> str:
    found = history.origin(Acting(db), RUN, "online", column, lumisection)
    assert found is not None
    return found.value[0]  # type: ignore[index]


def test_that_who_may_not_edit_the_column_cannot_decide_either(
    qtbot: QtBot, real: PlaceContext, spoken: Database
) -> None:
    object.__setattr__(real.workplace, "acting", Acting(spoken, NOBODY))
    strip = ProposalStrip(real.acting, real.background, real.themes, real.rights)
    qtbot.addWidget(strip)
    real.rights.load()
    strip.show_dataset(RUN, "online", 10)
    settle(qtbot, real.background)
    listed = strip.list
    assert listed.model.proposals
    for button in (
        *(listed.accept, listed.correct, listed.reject, listed.accept_all, listed.reject_all),
    ):
        assert not button.isEnabled()
        assert "It takes a member of" in " ".join(button.toolTip().split())


def test_that_the_strip_says_who_proposes_what(
    qtbot: QtBot, strip: ProposalStrip, background: Background
):
    assert strip.text.text() == "2 proposals by pixel-ae 1.0 on dt-dt, tracker-pixel"
    assert not strip.isHidden()
    assert strip.list.isHidden()
    with qtbot.waitSignal(strip.cells_wanted):
        strip.toggle.click()
    model = strip.list.model
    said = {
        (str(model.index(n, RANGES).data()), str(model.index(n, VALUE).data())) for n in range(2)
    }
    assert said == {("2-4", "BAD hot module"), ("6-7", "STANDBY")}
    # An age holds only for now.
    assert str(model.index(0, SINCE).data()).endswith(" ago")
    assert model.index(0, SINCE).data(COPY_ROLE) == words.time(model.proposals[0].proposed)
    strip.show_dataset(OTHER, "online", 10)
    assert strip.isHidden()
    settle(qtbot, background)
    assert strip.isHidden()


def test_that_a_proposal_is_accepted_by_a_key_and_becomes_the_person_s_word(
    qtbot: QtBot, strip: ProposalStrip, background: Background, spoken: Database
):
    strip.show()
    strip.toggle.click()
    model = strip.list.model
    row = next(n for n, each in enumerate(model.proposals) if each.column == "tracker-pixel")
    strip.list.table.selectRow(row)
    qtbot.keyClick(strip.list.table, Qt.Key.Key_A)
    settle(qtbot, background)
    found = history.origin(Acting(spoken), RUN, "online", "tracker-pixel", 3)
    assert found is not None
    assert (found.action.author, found.by_hand) == (EXPERT.email, True)
    assert strip.list.outcome.text() == (
        "Accepted 1 proposal: tracker-pixel BAD in LS 2-4 of run 390001, online: 3 cells."
    )
    assert [each.column for each in model.proposals] == ["dt-dt"]


def test_that_all_are_accepted_at_once_and_the_strip_tells_it(
    qtbot: QtBot, strip: ProposalStrip, background: Background, spoken: Database
):
    strip.toggle.click()
    strip.list.accept_all.click()
    settle(qtbot, background)
    assert status(spoken, "tracker-pixel", 3) == "BAD"
    assert status(spoken, "dt-dt", 6) == "STANDBY"
    assert strip.text.text().startswith("Accepted 2 proposals")
    assert strip.list.isHidden()


def test_that_a_proposal_is_corrected_before_it_is_accepted(
    qtbot: QtBot, strip: ProposalStrip, background: Background, spoken: Database
):
    strip.toggle.click()
    model = strip.list.model
    row = next(n for n, each in enumerate(model.proposals) if each.column == "tracker-pixel")
    strip.list.table.selectRow(row)
    strip.list.correct.click()
    dialog = dialog_of(CorrectDialog)
    assert isinstance(dialog, CorrectDialog)
    dialog.ranges.setText("2-99")
    dialog.submit()
    settle(qtbot, background)
    assert "is outside run" in dialog.refusal.text()
    dialog.ranges.setText("3")
    dialog.status.setCurrentText("STANDBY")
    with qtbot.waitSignal(dialog.acted):
        dialog.submit()
    settle(qtbot, background)
    assert status(spoken, "tracker-pixel", 3) == "STANDBY"
    assert status(spoken, "tracker-pixel", 2) == "GOOD"
    (decided,) = agent_proposals.proposals(Acting(spoken), states=[ProposalState.EDITED])
    assert decided.column == "tracker-pixel"


def test_that_proposals_are_rejected_with_a_reason(
    qtbot: QtBot, strip: ProposalStrip, background: Background, spoken: Database
):
    strip.toggle.click()
    strip.list.reject_all.click()
    dialog = dialog_of(RejectDialog)
    assert isinstance(dialog, RejectDialog)
    dialog.reason.setText("known noise")
    with qtbot.waitSignal(dialog.acted):
        dialog.submit()
    settle(qtbot, background)
    assert status(spoken, "tracker-pixel", 3) == "GOOD"
    decided = agent_proposals.proposals(Acting(spoken), states=[ProposalState.REJECTED])
    assert [each.reason for each in decided] == ["known noise"] * 2


def test_that_what_somebody_else_decided_is_told(
    qtbot: QtBot, strip: ProposalStrip, background: Background, spoken: Database
):
    strip.toggle.click()
    ids = [each.id for each in strip.list.model.proposals]
    agent_proposals.reject(Acting(spoken, EXPERT), ids)
    strip.list.accept_all.click()
    settle(qtbot, background)
    assert "is already rejected by" in strip.list.outcome.text()
    assert status(spoken, "tracker-pixel", 3) == "GOOD"


def test_that_the_reason_of_the_chosen_proposal_is_told_whole(
    qtbot: QtBot, real: PlaceContext, spoken: Database, strip: ProposalStrip
):
    low = strip.list.height()
    reason = "recorded/delivered is 0.41 where the last 20 runs had 0.97 +- 0.01; " * 4
    say(spoken, line("dt-dt", 6, 7, "BAD", reason))
    strip.refresh()
    settle(qtbot, real.background)
    strip.toggle.click()
    rows = {each.column: row for row, each in enumerate(strip.list.model.proposals)}
    strip.list.table.selectRow(rows["dt-dt"])
    assert strip.list.reason.toPlainText() == reason.strip()
    # What its lines have no room for is scrolled, without a mouse.
    assert strip.list.reason.verticalScrollBar().maximum() > 0
    assert strip.list.reason.focusPolicy() & Qt.FocusPolicy.TabFocus
    strip.list.table.selectRow(rows["tracker-pixel"])
    assert strip.list.reason.toPlainText() == "hot module"
    say(spoken, line("dt-dt", 6, 7, "STANDBY"))
    agent_proposals.reject(Acting(spoken, EXPERT), [strip.list.chosen[0].id])
    strip.refresh()
    settle(qtbot, real.background)
    assert strip.list.reason.isHidden()
    assert strip.list.height() < low
