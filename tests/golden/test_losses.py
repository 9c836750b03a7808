import random

import pytest

from app.domain.json_logic import parse
from app.domain.json_value import js_stringify
from app.golden.document import lumisections
from app.golden.losses import (
    Cause,
    Combination,
    Kind,
    causes_of,
    combinations_of,
    losses_of,
    stored_combination,
    way_into_the_list,
)
from app.golden.season import Season
from app.golden.selection import select
from tests.golden.seasons import rule_source, season_datasets


def flag(column):
    return js_stringify({"==": [{"var": f"lumisection.rr.{column}"}, "GOOD"]})


def bit(name):
    return js_stringify({"==": [{"var": f"lumisection.oms.{name}"}, True]})


ENERGY = js_stringify({">=": [{"var": "run.oms.energy"}, 6000]})
RECORDED = js_stringify({"<": [0.08, {"var": "run.oms.recorded_lumi"}]})


def lost(recorded, *conditions):
    return Combination(conditions, recorded, 1, {f"1-{'+'.join(conditions)}": ()})


def bars(combinations, key):
    return {bar.name: bar.recorded for bar in losses_of(combinations).chart(key).bars}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (flag("tracker-track"), Cause(Kind.QUALITY, "tracker-track", "track")),
        (flag("ecal-es"), Cause(Kind.QUALITY, "ecal-es", "es")),
        (flag("gem-gem"), Cause(Kind.QUALITY, "gem-gem", "gem")),
        (bit("gemm_ready"), Cause(Kind.DCS, "gemm_ready", "gem")),
        (bit("rp_time_ready"), Cause(Kind.DCS, "rp_time_ready", "ctpps")),
        (bit("new_ready"), Cause(Kind.DCS, "new_ready", "new_ready")),
        (bit("beam1_stable"), Cause(Kind.SHORT_RUN, "beams", "beams")),
        (ENERGY, Cause(Kind.SHORT_RUN, "energy", "energy")),
        (RECORDED, Cause(Kind.SHORT_RUN, "recorded_lumi", "recorded_lumi")),
        ('{"in":["25ns",{"var":"run.oms.injection_scheme"}]}',
         Cause(Kind.SHORT_RUN, "injection_scheme", "injection_scheme")),
        ('{"==":[{"in":["WMass",{"var":"run.oms.hlt_key"}]},false]}',
         Cause(Kind.SHORT_RUN, "hlt_key", "hlt_key")),
        ('{"==":[{"var":"dataset.global_state"},"OPEN"]}',
         Cause(Kind.OTHER, "global_state", "global_state")),
        ("false", Cause(Kind.OTHER, "rule", "rule")),
    ],
)  # fmt: skip
def test_that_every_condition_has_a_named_cause(condition, expected):
    assert causes_of(condition) == {expected}


def test_that_a_lumisection_of_two_short_run_attributes_is_counted_once_in_the_total():
    chart = losses_of([lost(2.0, ENERGY, RECORDED), lost(1.0, ENERGY)]).chart("short-runs")
    assert {bar.name: bar.recorded for bar in chart.bars} == {"energy": 3.0, "recorded_lumi": 2.0}
    assert (chart.total.recorded, chart.total.lumisections) == (3.0, 2)


def test_that_exclusive_losses_go_to_one_name():
    combinations = [
        lost(1.0, flag("tracker-track")),
        lost(2.0, flag("gem-gem"), bit("gemm_ready")),
        lost(4.0, flag("dt-dt"), flag("csc-csc")),
        lost(8.0, bit("bpix_ready"), bit("tob_ready"), flag("jetmet-jetmet")),
        lost(16.0, ENERGY, flag("dt-dt")),
        lost(32.0, bit("dtm_ready")),
        lost(64.0, bit("dtm_ready"), bit("dtp_ready"), flag("csc-csc")),
    ]
    assert bars(combinations, "exclusive") == {
        "track": 1.0,
        "gem": 2.0,
        "mixed": 68.0,
        "tracker_hv": 8.0,
        "dt": 32.0,
    }
    assert bars(combinations, "dcs-subsystems-exclusive") == {
        "gem": 2.0,
        "tracker_hv": 8.0,
        "dt": 96.0,
    }
    assert bars(combinations, "dcs-bits-exclusive") == {"dtm_ready": 32.0}
    assert bars(combinations, "quality-subsystems-exclusive") == {"track": 1.0, "mixed": 4.0}
    assert bars(combinations, "short-runs-exclusive") == {"energy": 16.0}
    assert bars(combinations, "dcs-bits")["dtm_ready"] == 96.0
    assert bars(combinations, "dcs-subsystems")["dt"] == 96.0
    assert bars(combinations, "quality-subsystems") == {"track": 1.0, "dt": 4.0, "csc": 4.0}
    assert bars(combinations, "subsystems")["csc"] == 68.0


def test_that_sub_system_charts_are_in_order_and_leave_short_runs_out():
    losses = losses_of([lost(1.0, bit("rpc_ready")), lost(5.0, ENERGY, bit("rpc_ready"))])
    for key in ("dcs-bits", "dcs-subsystems", "subsystems", "exclusive"):
        assert losses.chart(key).total.recorded == 1.0
    assert losses.total.recorded == 6.0
    assert [bar.recorded for bar in losses.chart("conditions").bars] == [6.0, 5.0]


@pytest.mark.parametrize("seed", range(60))
def test_that_the_charts_of_any_season_add_up_to_what_was_lost(seed):
    chance = random.Random(seed)
    selection = select(Season(season_datasets(chance)), parse(rule_source(chance)))
    losses = losses_of(combinations_of(selection))

    assert losses.total.recorded == pytest.approx(selection.lost.recorded, abs=1e-12)
    assert losses.total.lumisections == selection.lumisections_lost
    for chart in losses.charts:
        if not chart.inclusive:
            assert sum(bar.recorded for bar in chart.bars) == pytest.approx(chart.total.recorded)
            assert sum(bar.lumisections for bar in chart.bars) == chart.total.lumisections
        assert chart.total.recorded <= losses.total.recorded * (1 + 1e-12)
        assert all(bar.recorded <= chart.total.recorded * (1 + 1e-12) for bar in chart.bars)
    conditions = losses.chart("conditions")
    for name, recorded in selection.luminosity_by_leaf.items():
        (bar,) = [bar for bar in conditions.bars if bar.name == name]
        assert bar.recorded == pytest.approx(recorded)
    assert dict(losses.where(losses.total)) == dict(selection.anti_document_with_names)


def test_that_a_stored_combination_counts_shared_lumisections_once():
    found = stored_combination(
        f"[{ENERGY}]", 2.5, {"7-/B-side/DQM": [[1, 3]], "7-/A/DQM": [[2, 5]], "6-x": [[1, 1]]}
    )
    assert found.conditions == (ENERGY,)
    assert found.lumisections == 6
    assert list(found.where) == ["6-x", "7-/A/DQM", "7-/B-side/DQM"]
    losses = losses_of([found])
    assert lumisections(losses.runs(losses.total)) == 6


def test_that_the_steps_into_a_list_lose_what_they_say():
    losses = losses_of([lost(3.0, ENERGY), lost(2.0, bit("rpc_ready"))])
    steps = way_into_the_list(
        losses,
        {
            "total_delivered_luminosity_from_run_range": 30.0,
            "total_recorded_luminosity_from_run_range": 25.0,
            "total_recorded_luminosity": 20.0,
            "total_recorded_luminosity_lost": 5.0,
        },
    )
    assert [step.luminosity for step in steps] == [30.0, 25.0, 20.0, 17.0, 15.0]
    assert [step.lost for step in steps] == [5.0, 5.0, 3.0, 2.0, 0.0]
