"""States of offline datasets and the moves between them."""

import pytest

from app.domain.certification import datasets
from app.domain.certification.datasets import (
    COMPLETED,
    DATASET_STATES,
    NOT_SIGNIFICANT,
    OPEN,
    SIGNOFF,
    WAITING,
    move,
)
from app.domain.errors import BadInput, NotFound, Refused

DATASET = "/PromptReco/Collisions2025A/DQM of run 1"

ALLOWED = {
    (WAITING, OPEN),
    (NOT_SIGNIFICANT, OPEN),
    (OPEN, SIGNOFF),
    (OPEN, COMPLETED),
    (OPEN, NOT_SIGNIFICANT),
    (SIGNOFF, OPEN),
    (SIGNOFF, COMPLETED),
    (COMPLETED, OPEN),
    (COMPLETED, SIGNOFF),
}


@pytest.mark.parametrize("from_state", DATASET_STATES)
@pytest.mark.parametrize("to_state", DATASET_STATES)
def test_that_only_the_listed_moves_are_made(from_state, to_state):
    attributes = {"dt_state": from_state, "csc_state": WAITING}
    if from_state == to_state:
        assert move(attributes, "dt", to_state, DATASET) == {}
    elif (from_state, to_state) in ALLOWED:
        assert move(attributes, "dt", to_state, DATASET) == {"dt_state": to_state}
    else:
        with pytest.raises(Refused, match=f"is {from_state} in workspace dt"):
            move(attributes, "dt", to_state, DATASET)


def test_that_opening_in_global_opens_every_workspace_that_waits():
    attributes = {
        "global_state": WAITING,
        "csc_state": WAITING,
        "dt_state": SIGNOFF,
        "muon_state": NOT_SIGNIFICANT,
        "appeared_in": [],
    }
    opened = move(attributes, "global", OPEN, DATASET)
    assert opened == {"global_state": OPEN, "csc_state": OPEN}


def test_that_reopening_in_global_opens_nothing_else():
    attributes = {"global_state": COMPLETED, "csc_state": WAITING}
    assert move(attributes, "global", OPEN, DATASET) == {"global_state": OPEN}


def test_that_a_state_that_does_not_exist_is_no_target():
    with pytest.raises(BadInput, match="FOOBAR"):
        move({"dt_state": OPEN}, "dt", "FOOBAR", DATASET)


def test_that_a_dataset_in_a_state_that_does_not_exist_can_be_opened():
    assert move({"dt_state": "FOOBAR"}, "dt", OPEN, DATASET) == {"dt_state": OPEN}


def test_that_a_workspace_without_a_state_is_named():
    with pytest.raises(NotFound, match="no state in workspace csc"):
        move({"dt_state": OPEN}, "csc", SIGNOFF, DATASET)


def test_that_states_are_read_with_global_first():
    attributes = {"dt_state": OPEN, "csc_state": WAITING, "global_state": OPEN, "appeared_in": []}
    assert list(datasets.states_of(attributes)) == ["global", "csc", "dt"]
