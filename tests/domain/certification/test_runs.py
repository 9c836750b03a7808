"""What must be true before a run moves on or is signed off."""

import numpy as np
import pytest

from app.domain.certification.runs import (
    OPEN,
    SIGNOFF,
    StatusMissing,
    Unset,
    check_can_be_signed_off,
    check_move,
)
from app.domain.errors import BadInput, Refused
from app.domain.lumisections import LumiRange
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.domain.triplets import Triplet

RUN = 390001
COLUMNS = ("csc-csc", "dt-dt", "rpc-rpc")


def online(**statuses: list[tuple[int, int, str]]) -> DatasetState:
    rr: Grid[Triplet] = with_changes(
        Grid.empty(),
        [
            ({column.replace("_", "-"): Triplet(status)}, [LumiRange(first, last)])
            for column, values in statuses.items()
            for first, last, status in values
        ],
    )
    return DatasetState(RUN, "online", rr, Grid.empty(), np.ones(rr.length, np.bool_))


def test_that_a_run_moves_to_another_state_that_exists() -> None:
    check_move(RUN, OPEN, SIGNOFF)
    with pytest.raises(BadInput, match='"CLOSED" is not a state of a run'):
        check_move(RUN, OPEN, "CLOSED")
    with pytest.raises(Refused, match="Run 390001 is in state OPEN already"):
        check_move(RUN, OPEN, OPEN)


def test_that_a_run_with_a_status_everywhere_is_signed_off_and_absent_columns_do_not_count() -> (
    None
):
    check_can_be_signed_off(RUN, "Collisions25", online(dt_dt=[(1, 9, "GOOD")]), COLUMNS)


def test_that_every_place_without_a_status_is_named_the_first_one_first() -> None:
    state = online(
        dt_dt=[(1, 9, "GOOD"), (7, 7, "EMPTY")], csc_csc=[(1, 9, "BAD"), (4, 5, "NO VALUE FOUND")]
    )
    with pytest.raises(StatusMissing) as refused:
        check_can_be_signed_off(RUN, "Collisions25", state, COLUMNS)
    assert str(refused.value) == (
        "csc-csc is NO VALUE FOUND in LS 4-5; dt-dt is EMPTY in LS 7 of run 390001: set them or ask"
        " the CSC and DT experts, then sign off."
    )
    assert refused.value.unset == (
        Unset("csc-csc", "NO VALUE FOUND", (LumiRange(4, 5),)),
        Unset("dt-dt", "EMPTY", (LumiRange(7, 7),)),
    )
    with pytest.raises(
        StatusMissing, match=r"dt-dt is EMPTY in LS 7 of .*: set it or .* DT expert,"
    ):
        check_can_be_signed_off(RUN, "Collisions25", state, ("dt-dt",))


def test_that_a_run_without_lumisections_or_class_is_not_signed_off() -> None:
    with pytest.raises(Refused, match="no RR lumisections"):
        check_can_be_signed_off(RUN, "Collisions25", online(), COLUMNS)
    with pytest.raises(Refused, match="Run 390001 has no class"):
        check_can_be_signed_off(RUN, "", online(dt_dt=[(1, 9, "GOOD")]), COLUMNS)
