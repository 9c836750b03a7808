"""Cycles: what they hold, and which changes of their workspaces are allowed."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from app.domain.certification import cycles
from app.domain.certification.cycles import CLOSED, PENDING, Cycle, Progress
from app.domain.certification.datasets import COMPLETED, NOT_SIGNIFICANT, OPEN, SIGNOFF, WAITING
from app.domain.errors import BadInput, Refused

DAY = date(2025, 6, 30)
PROMPT = "/PromptReco/Collisions2025A/DQM"


def a_cycle(**states: str) -> Cycle:
    """A cycle of two workspaces, pending unless said otherwise."""
    every = {"global": PENDING, "dt": PENDING, "tracker": PENDING, **states}
    return Cycle(3, "week 26", every, DAY, datetime(2025, 6, 1, tzinfo=UTC), 2, {})


def test_that_what_does_not_matter_to_a_workspace_is_no_part_of_its_progress():
    progress = Progress(completed=3, signed_off=1, open=1, waiting=1, not_significant=10)
    assert progress.total == 6
    assert progress.share == 0.5
    assert Progress(not_significant=4).share == 1.0


def test_that_a_cycle_is_overdue_from_the_day_after_its_deadline_until_it_is_completed():
    assert not a_cycle().overdue(DAY)
    assert a_cycle().overdue(DAY + timedelta(days=1))
    assert not a_cycle(**{"global": CLOSED}).overdue(DAY + timedelta(days=1))


def test_that_a_deadline_is_the_same_day_for_whoever_reads_it():
    moment = cycles.deadline_moment(DAY)
    assert cycles.deadline_day(moment) == DAY
    for hours in (-11, 11):
        there = moment.astimezone(timezone(timedelta(hours=hours)))
        assert there.date() == DAY
        assert cycles.deadline_day(there) == DAY


def test_that_a_name_has_no_blanks_around_it_and_is_not_empty():
    assert cycles.checked_name("  week 26 ") == "week 26"
    with pytest.raises(BadInput, match=r"A cycle needs a name\."):
        cycles.checked_name("  ")


def test_that_a_new_cycle_is_pending_in_global_and_in_each_workspace():
    assert cycles.new_states(["tracker", "dt", "global"]) == {
        "global_state": PENDING,
        "dt_state": PENDING,
        "tracker_state": PENDING,
    }
    with pytest.raises(BadInput, match="at least one workspace"):
        cycles.new_states(["global"])


def test_that_a_workspace_that_is_completed_stays_when_workspaces_change():
    changed = cycles.changed_states(a_cycle(dt=CLOSED), ["muon"])
    assert changed == {"global_state": PENDING, "muon_state": PENDING, "dt_state": CLOSED}
    closed = a_cycle(**{"global": CLOSED})
    assert cycles.changed_states(closed, ["dt"]) == {"global_state": CLOSED, "dt_state": PENDING}
    with pytest.raises(Refused, match="Cycle week 26 is completed in global: move it back"):
        cycles.changed_states(closed, ["dt", "muon"])


def test_that_a_cycle_has_datasets_and_not_too_many():
    cycles.check_size(1)
    cycles.check_size(cycles.MOST_DATASETS)
    with pytest.raises(BadInput, match="select at least one"):
        cycles.check_size(0)
    with pytest.raises(Refused, match="at most 1000 datasets; these would be 1001"):
        cycles.check_size(cycles.MOST_DATASETS + 1)


def test_that_online_is_certified_by_its_run_and_not_in_a_cycle():
    cycles.check_keys([(390001, PROMPT)])
    with pytest.raises(Refused, match="online of run 390002 can't be in a cycle"):
        cycles.check_keys([(390001, PROMPT), (390002, "online")])


def test_that_a_completed_cycle_is_changed_only_once_it_is_pending_again():
    cycles.check_open(a_cycle(dt=CLOSED), "add datasets")
    with pytest.raises(Refused, match="move it back to pending before you add datasets"):
        cycles.check_open(a_cycle(**{"global": CLOSED}), "add datasets")


def test_that_a_workspace_that_takes_no_part_is_named_with_those_that_do():
    with pytest.raises(Refused, match="has no workspace jetmet; it has global, dt, tracker"):
        cycles.check_workspace(a_cycle(), "jetmet")
    with pytest.raises(Refused, match="Did you mean tracker"):
        cycles.check_workspace(a_cycle(), "trakcer")


def test_that_a_workspace_is_completed_when_all_that_matters_there_is_completed():
    datasets = {
        (1, "/A"): {"dt": COMPLETED},
        (2, "/A"): {"dt": NOT_SIGNIFICANT},
        (3, "/A"): {"tracker": OPEN},
    }
    cycles.check_can_complete(a_cycle(), "dt", datasets)
    undone = {(number, "/A"): {"dt": SIGNOFF} for number in (9, 8, 7, 6, 5)}
    with pytest.raises(Refused) as refused:
        cycles.check_can_complete(a_cycle(), "dt", {**datasets, **undone})
    assert str(refused.value) == (
        "5 datasets of Cycle week 26 aren't COMPLETED in dt: /A of run 5 (SIGNOFF),"
        " /A of run 6 (SIGNOFF), /A of run 7 (SIGNOFF) and 2 more."
    )
    with pytest.raises(Refused, match="is completed in dt already"):
        cycles.check_can_complete(a_cycle(dt=CLOSED), "dt", {})


def test_that_global_is_completed_last():
    with pytest.raises(Refused, match="is still pending in tracker"):
        cycles.check_can_complete(a_cycle(dt=CLOSED), "global", {})
    cycles.check_can_complete(a_cycle(dt=CLOSED, tracker=CLOSED), "global", {})


def test_that_global_is_moved_back_first():
    cycles.check_can_reopen(a_cycle(dt=CLOSED), "dt")
    cycles.check_can_reopen(a_cycle(**{"global": CLOSED, "dt": CLOSED}), "global")
    with pytest.raises(Refused, match="must be moved back to pending there before"):
        cycles.check_can_reopen(a_cycle(**{"global": CLOSED, "dt": CLOSED}), "dt")
    with pytest.raises(Refused, match="is pending in dt already"):
        cycles.check_can_reopen(a_cycle(), "dt")


def test_that_moving_all_leaves_what_waits_or_does_not_matter_unless_it_is_named():
    datasets = {
        (1, "/A"): {"dt": OPEN},
        (2, "/A"): {"dt": COMPLETED},
        (3, "/A"): {"dt": WAITING},
        (4, "/A"): {"dt": NOT_SIGNIFICANT},
        (5, "/A"): {"tracker": OPEN},
        (6, "/A"): {"dt": SIGNOFF},
    }
    moved = cycles.to_move(datasets, "dt", COMPLETED)
    assert [number for number, _ in moved] == [1, 6]
    moved = cycles.to_move(datasets, "dt", COMPLETED, also=[WAITING])
    assert [number for number, _ in moved] == [1, 3, 6]


def test_that_the_states_of_a_cycle_come_with_global_first():
    stored = {"dt_state": PENDING, "global_state": CLOSED, "deadline": "x"}
    assert list(cycles.states_in_cycle(stored).items()) == [("global", CLOSED), ("dt", PENDING)]
    assert a_cycle().workspaces == ("global", "dt", "tracker")
