"""What a run gained: which lumisections, what brings them in, and the words for it."""

from app.domain.certification import growth
from app.domain.certification.growth import Gained, gained_text
from app.domain.lumisections import LumiRange, mask_of_ranges, ranges_of_mask
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.domain.triplets import Triplet

NEW = (LumiRange(51, 60),)


def test_that_many_workspaces_and_datasets_are_counted_not_listed():
    states = {f"w{number}": "COMPLETED" for number in range(14)}
    gained = [Gained(f"/D{number}/R/DQM", NEW, {**states, "dt": "SIGNOFF"}) for number in range(6)]
    assert gained_text(gained) == (
        "Brought 10 LS (51-60) into 6 datasets. Certified before, look at the new LS there:"
        " /D0/R/DQM (COMPLETED in 14 workspaces; SIGNOFF in dt),"
        " /D1/R/DQM (COMPLETED in 14 workspaces; SIGNOFF in dt),"
        " /D2/R/DQM (COMPLETED in 14 workspaces; SIGNOFF in dt),"
        " /D3/R/DQM (COMPLETED in 14 workspaces; SIGNOFF in dt) and 2 more."
    )
    assert gained_text([]) == ""


def test_that_datasets_that_lacked_different_lumisections_are_told_apart():
    gained = [
        Gained("/A/B/DQM", NEW, {}),
        Gained("/C/D/DQM", (LumiRange(41, 60),), {}),
        Gained("/E/F/DQM", NEW, {}),
    ]
    assert gained_text(gained) == (
        "Brought 10 LS (51-60) into 2 datasets, 20 LS (41-60) into 1 dataset."
    )


def a_state(rr: int, oms: int, own: int, **bits: bool) -> DatasetState:
    """dt-dt GOOD and bits up to some lumisections, of which the first `own` are its own."""
    columns: Grid[Triplet] = with_changes(
        Grid.empty(), [({"dt-dt": Triplet("GOOD")}, (LumiRange(1, rr),))]
    )
    values = with_changes(Grid.empty(), [({"dt_ready": True, **bits}, (LumiRange(1, oms),))])
    return DatasetState(1, "online", columns, values, mask_of_ranges([LumiRange(1, own)], oms))


def test_that_what_is_missing_takes_part_in_online_and_not_in_the_dataset():
    online, dataset = a_state(60, 58, 58), a_state(50, 60, 50)
    assert ranges_of_mask(growth.missing(online, dataset)) == (LumiRange(51, 58),)
    assert not growth.missing(dataset, online).any()


def test_that_columns_that_stand_already_are_left_alone():
    dataset = a_state(52, 60, 50)
    classified = with_changes(
        Grid.empty(),
        [({"dt-dt": Triplet("BAD"), "csc-csc": Triplet("BAD")}, (LumiRange(1, 60),))],
    )
    where = mask_of_ranges([LumiRange(51, 60)], 60)
    assert growth.columns_to_add(dataset, classified, where) == [
        ({"csc-csc": Triplet("BAD")}, LumiRange(51, 52)),
        ({"csc-csc": Triplet("BAD"), "dt-dt": Triplet("BAD")}, LumiRange(53, 60)),
    ]


def test_that_online_is_copied_except_where_the_dataset_has_bits_of_its_own():
    dataset, online = a_state(50, 60, 55), a_state(60, 60, 60)
    where = mask_of_ranges([LumiRange(51, 60)], 60)
    assert growth.oms_to_add(dataset, online, where) == [({"dt_ready": True}, LumiRange(56, 60))]


def test_that_only_who_signed_off_or_completed_has_certified_a_dataset():
    states = {"dt_state": "OPEN", "tracker_state": "SIGNOFF", "global_state": "COMPLETED"}
    assert growth.certified(states) == {"global": "COMPLETED", "tracker": "SIGNOFF"}


def test_that_holes_before_the_last_lumisection_take_no_part():
    assert growth.without_part(a_state(10, 14, 8)) == (LumiRange(9, 14),)
