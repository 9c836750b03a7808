"""Luminosity over time, and the efficiency of sub-systems."""

import pytest

from app.domain.lumisections import LUMISECTION_S, LumiRange, mask_of_ranges
from app.domain.state.compact import compact
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.domain.triplets import Triplet
from app.golden.accumulated import (
    Sums,
    TimedRun,
    accumulated,
    efficiencies,
    recorded_for_physics,
)
from app.golden.losses import losses_of, stored_combination
from app.golden.luminosity import Luminosity

DAY = 86_400.0
FLAG = '[{"==":[{"var":"lumisection.rr.dt-dt"},"GOOD"]}]'
BIT = '[{"==":[{"var":"lumisection.oms.bpix_ready"},true]}]'
ENERGY = '[{">=":[{"var":"run.oms.energy"},6000]}]'


def state_of(run_number, length, covered=None):
    """Every lumisection has 1 /pb delivered and 0.5 recorded; flags only up to `covered`."""
    whole = [LumiRange(1, length)]
    flags = [({"dt-dt": Triplet("GOOD")}, [LumiRange(1, covered or length)])]
    oms = with_changes(Grid.empty(), [({"delivered": 1.0, "recorded": 0.5}, whole)])
    rr = with_changes(Grid.empty(), flags)
    own = mask_of_ranges(whole, length)
    return compact(DatasetState(run_number, "online", rr, oms, own))


def test_that_luminosity_is_summed_run_by_run_in_the_order_of_time():
    later = TimedRun(1, 1000.0, state_of(1, 10))
    earlier = TimedRun(2, 100.0, state_of(2, 4))
    found = accumulated([later, earlier], {1: [LumiRange(1, 6)], 2: [LumiRange(2, 2)]})
    assert [time for time, _ in found.points] == pytest.approx(
        [100.0, 100.0 + 4 * LUMISECTION_S, 1000.0, 1000.0 + 10 * LUMISECTION_S]
    )
    assert [sums.certified for _, sums in found.points] == pytest.approx([0, 0.5, 0.5, 3.5])
    assert found.points[-1][1] == found.total == Sums(14.0, 7.0, 3.5)


def test_that_a_run_over_midnight_counts_in_both_days():
    begin = 5 * DAY - 2.5 * LUMISECTION_S
    found = accumulated([TimedRun(1, begin, state_of(1, 10))], {})
    assert found.days == ((4 * DAY, Sums(3.0, 1.5, 0.0)), (5 * DAY, Sums(7.0, 3.5, 0.0)))


def test_that_only_lumisections_that_take_part_count():
    found = accumulated([TimedRun(1, 0.0, state_of(1, 10, covered=6))], {1: [LumiRange(1, 10)]})
    assert found.total == Sums(6.0, 3.0, 3.0)


def test_that_a_run_without_a_start_is_in_the_total_alone():
    found = accumulated([TimedRun(7, None, state_of(7, 2))], {})
    assert found.untimed == (7,)
    assert found.points == found.days == ()
    assert found.total == Sums(2.0, 1.0, 0.0)
    assert accumulated([], {}).total == Sums()


def test_that_the_efficiency_of_a_sub_system_is_what_it_left_of_the_luminosity_for_physics():
    losses = losses_of(
        [
            stored_combination(ENERGY, 20.0, {"1-online": [[1, 2]]}),
            stored_combination(FLAG, 8.0, {"2-online": [[1, 2]]}),
            stored_combination(f"{FLAG[:-1]},{BIT[1:]}", 4.0, {"2-online": [[3, 3]]}),
        ]
    )
    whole = Luminosity(100.0, 110.0)
    assert recorded_for_physics(losses, whole) == 80.0
    found = {each.subsystem: each for each in efficiencies(losses, whole)}
    assert found["dt"].efficiency == pytest.approx(1 - 12 / 80)
    assert (found["dt"].lost, found["dt"].dcs) == (12.0, 0.0)
    assert found["pixel"].efficiency == pytest.approx(1 - 4 / 80)
    assert found["pixel"].dcs == 4.0


def test_that_nothing_recorded_has_no_efficiency():
    losses = losses_of([stored_combination(FLAG, 0.0, {"2-online": [[1, 2]]})])
    assert efficiencies(losses, Luminosity())[0].efficiency == 0.0
