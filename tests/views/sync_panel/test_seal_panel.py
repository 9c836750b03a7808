"""The sealed history in the dock of the pullers."""

from datetime import timedelta

from PySide6.QtWidgets import QWidget

from app.domain.seal.status import Refusal, SealStatus
from app.domain.sources.pull import PullState
from app.views.sync_panel.seal_panel import SealPanel
from tests.views.pullers import NOW

LATER = NOW + timedelta(minutes=3)
REFUSAL = Refusal("person@cern.ch on p5 (7)", NOW, "The history is another one.")


def test_that_it_says_who_seals_and_how_far(owner: QWidget) -> None:
    panel = SealPanel(owner)
    panel.show_status(SealStatus(PullState.WAITING, "1,204 leaves sealed", NOW), LATER)
    assert panel.state.text() == "this client seals"
    assert panel.doing.text() == "1,204 leaves sealed; looked 3 min ago"


def test_that_a_refusal_of_another_client_is_shown_too(owner: QWidget) -> None:
    panel = SealPanel(owner)
    panel.show_status(SealStatus(PullState.STANDBY, "p5 pulls", refusals=(REFUSAL,)), LATER)
    assert panel.doing.text() == REFUSAL.text
    assert (panel.dot.property("role"), panel.doing.property("role")) == ("refusal", "refusal")
