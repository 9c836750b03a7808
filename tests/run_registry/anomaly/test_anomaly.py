"""What the agent sees, what it makes of that, and what it says."""

import sys
from importlib import import_module

import numpy as np
import pytest

from run_registry.anomaly import evidence, model
from run_registry.anomaly.evidence import Usual, live_share, median_share, seen, usual
from run_registry.anomaly.model import History, TooLittle, learn, same_signs
from run_registry.anomaly.turn import judge
from run_registry.errors import RunRegistryError
from tests.run_registry.anomaly.sky import BAD, EMPTY, EXCLUDED, GOOD, a_dataset, a_season

USUAL = Usual(0.945, 0.005, 20)


def sight_of(dataset, before=USUAL, column="dt-dt", **options):
    return seen(dataset, column, before, **{"ended_bad": False, "unsaid": {}, **options})


def history_of(datasets, column="dt-dt"):
    history = History(column)
    for dataset in datasets:
        history.add(sight_of(dataset))
    return history


@pytest.fixture(scope="module")
def learned():
    return learn(history_of(a_season()))


def ranges(found):
    return [(each.value.first, each.value.last) for each in found]


def test_that_it_learns_that_people_mind_what_lasts_and_not_what_passes(learned):
    assert learned.precision == 1
    assert learned.recall == 1
    assert learned.runs == 15
    (found,) = judge(sight_of(a_dataset(2000, low=[*range(40, 47), 70])), learned, USUAL)
    assert found.value[:6] == (2000, "online", "dt-dt", 40, 46, "BAD")
    assert found.value.cause == "deadtime"
    assert found.value.comment == (
        "recorded/delivered is 0.47, where the last 20 runs had 0.94 +- 0.01 (+8.0)."
        f" P(BAD) {found.p:.2f}, without any sign 0.005."
        " In 15 earlier runs 48 of 48 LS that it would have proposed were BAD."
    )
    (line,) = found.explained
    assert line.startswith(f"LS 40-46: P(BAD) {found.p:.2f}, recorded/delivered is 0.47, where")
    assert "low for 3 LS or more +" in line
    assert ranges(judge(sight_of(a_dataset(2001)), learned, USUAL)) == []


def test_that_the_same_runs_teach_the_same_and_others_never_before_seen_mean_nothing(learned):
    again = learn(history_of(a_season()))
    assert (again.weights, again.threshold) == (learned.weights, learned.threshold)
    columns = {"new-new": np.full(100, BAD, np.int32)}
    sight = sight_of(a_dataset(2000, low=range(40, 47), columns=columns))
    assert "bad:new-new" in sight.signs
    assert ranges(judge(sight, learned, USUAL)) == [(40, 46)]


def test_that_learning_keeps_to_one_thread(monkeypatch):
    # Imported here: each process that collects tests would load it.
    regression = import_module("sklearn.linear_model").LogisticRegression
    pools = import_module("threadpoolctl").threadpool_info
    fit, threads = regression.fit, []

    def watched(*given):
        threads.extend(pool["num_threads"] for pool in pools())
        return fit(*given)

    monkeypatch.setattr(regression, "fit", watched)
    learn(history_of(a_season()))
    assert set(threads) == {1}


def test_that_a_bit_that_comes_with_bad_is_named_where_it_is_off():
    season = [a_dataset(n, bad=range(n, n + 9), off=range(n, n + 8)) for n in range(20, 40)]
    of_bits = learn(history_of(season))
    sight = sight_of(a_dataset(50, off=range(31, 36)))
    (found,) = judge(sight, of_bits, USUAL)
    assert (found.value.first, found.value.last, found.value.cause) == (31, 35, "dcs")
    assert found.value.comment.startswith("dt0_ready is off (+6.0). P(BAD) 0.96, without")
    assert of_bits.recall == pytest.approx(8 / 9)


def test_that_too_little_history_is_refused_with_what_is_there_and_what_it_takes():
    few = history_of(a_season(runs=8))
    with pytest.raises(
        TooLittle, match=r"8 signed-off runs with 24 BAD .* in 4 of them\. .*10 runs"
    ):
        learn(few)
    with pytest.raises(TooLittle, match=r"too little history of dt-dt: 0 signed-off runs"):
        learn(History("dt-dt"))
    nobody_minds = history_of(a_dataset(n, low=range(30, 40)) for n in range(12))
    with pytest.raises(TooLittle, match="with 0 BAD"):
        learn(nobody_minds)


def test_that_where_no_sign_tells_bad_from_good_it_says_so_and_nothing_else():
    unseen = history_of(a_dataset(n, bad=range(30 + n, 40 + n)) for n in range(15))
    with pytest.raises(TooLittle, match="Nothing that it sees tells which lumisections of dt-dt"):
        learn(unseen)


def test_that_a_missing_package_is_told_with_how_it_is_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(
        RunRegistryError,
        match=r"takes scikit-learn, which isn't installed: .*'run-registry-desktop\[agent\]'",
    ):
        learn(history_of(a_season()))


def test_that_no_luminosity_says_nothing_of_the_share():
    dataset = a_dataset(1, low=range(30, 40))
    dataset.luminosity.delivered[34:] = np.nan
    dataset.luminosity.recorded[20] = np.nan
    dataset.luminosity.delivered[32] = 0.0
    share = live_share(dataset)
    assert np.isnan(share[[20, 32, 40]]).all()
    low = evidence.ranges_of(sight_of(dataset).signs["low:0.7"])
    assert low == [(30, 32), (34, 34)]
    dataset.luminosity.delivered[:] = np.nan
    assert np.isnan(median_share(live_share(dataset)))
    assert not any(name.startswith("low") for name in sight_of(dataset).signs)
    assert usual([float("nan")], float("nan")) is None
    assert usual([], 0.9) == Usual(0.9, 0.005, 0)
    assert not any(name.startswith("low") for name in sight_of(a_dataset(1, low=[5]), None).signs)


def test_that_without_stable_beams_the_share_is_not_looked_at():
    dataset = a_dataset(1, low=range(1, 100))
    dataset.bit_codes["beam1_stable"][:] = 0
    sight = sight_of(dataset)
    assert [*sight.signs] == ["begins", "no stable beams", "off:beam1_stable"]


def test_that_a_bit_of_which_oms_says_nothing_is_not_off():
    dataset = a_dataset(1)
    dataset.bit_codes["dt0_ready"][:50] = -1
    assert "off:dt0_ready" not in sight_of(dataset).signs


def test_that_what_is_excluded_or_empty_teaches_nothing_and_excluded_is_left_alone(learned):
    codes = np.full(100, GOOD, np.int32)
    codes[:43], codes[60:] = EXCLUDED, EMPTY
    dataset = a_dataset(2000, low=[*range(40, 50), *range(70, 75)], columns={"dt-dt": codes})
    sight = sight_of(dataset)
    assert evidence.ranges_of(sight.known) == [(44, 60)]
    assert ranges(judge(sight, learned, USUAL)) == [(44, 49), (70, 74)]
    codes[:] = EXCLUDED
    assert sight_of(a_dataset(1, columns={"dt-dt": codes})) is None
    assert sight_of(a_dataset(1), column="rpc-rpc") is None


def test_that_what_was_accepted_from_an_agent_teaches_nothing():
    dataset = a_dataset(1, bad=range(30, 40), columns={"csc-csc": np.full(100, BAD, np.int32)})
    sight = sight_of(dataset, unsaid={"dt-dt": [(30, 34)], "csc-csc": [(1, 90)]})
    assert evidence.ranges_of(sight.bad) == [(35, 39)]
    assert evidence.ranges_of(sight.signs["bad:csc-csc"]) == [(91, 100)]
    assert not sight.known[29:34].any()
    # A run may have become shorter since.
    assert sight_of(dataset, unsaid={"dt-dt": [(95, 400)]}).known.sum() == 94


def test_that_history_and_drops_of_the_beam_are_signs():
    dataset = a_dataset(1, bad=range(85, 101))
    dataset.luminosity.delivered[49] *= 0.2
    sight = sight_of(dataset, ended_bad=True)
    assert evidence.ranges_of(sight.signs["delivered drops"]) == [(50, 50)]
    assert sight.signs["ended BAD before"].all()
    assert evidence.ends_bad(sight)
    assert not evidence.ends_bad(sight_of(a_dataset(1)))
    assert "delivered drops" not in sight_of(a_dataset(1, 15)).signs


def test_that_lumisections_are_put_together_by_their_signs_and_each_once():
    sight = sight_of(a_dataset(1, low=[5, 50, 51, 52], off=[51]))
    parts = {signs: [*at] for signs, at in same_signs(sight)}
    assert sorted(at for each in parts.values() for at in each) == [*range(100)]
    for signs, at in parts.items():
        for name, flags in sight.signs.items():
            assert (flags[at] == (name in signs)).all()


def test_that_one_long_trip_weighs_no_more_than_twenty_lumisections():
    assert model._MOST_OF_A_ROW == 20
    short = history_of(a_dataset(n, 400, bad=range(9, 29), off=range(9, 29)) for n in range(12))
    long = history_of(a_dataset(n, 400, bad=range(9, 300), off=range(9, 300)) for n in range(12))
    # The first ten lumisections are told apart from the rest.
    assert learn(short).weights["off:dt0_ready"] == pytest.approx(
        learn(long).weights["off:dt0_ready"], abs=0.1
    )
