"""OMS answers: what is checked, and what is computed from them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue
from app.domain.sources.oms import (
    KEPT_LUMISECTION_ATTRIBUTES,
    OmsRun,
    beams_present_and_stable,
    kept,
    oms_run,
    reduced_lumisection_attributes,
    run_oms_attributes,
    validate_lumisections,
    validate_run,
    with_luminosity_per_lumisection,
)

BEAMS: JsonObject = {
    "beam1_present": True,
    "beam1_stable": True,
    "beam2_present": True,
    "beam2_stable": True,
}


def a_lumisection(number: int, **attributes: JsonValue) -> JsonObject:
    return {"lumisection_number": number, **attributes}


def cumulative(*values: JsonValue, numbers: list[int] | None = None) -> list[JsonObject]:
    """Lumisections whose delivered luminosity is twice the recorded one."""
    return [
        a_lumisection(
            number,
            recorded_lumi=value,
            delivered_lumi=value if value is None or isinstance(value, str) else 2 * value,  # type: ignore[operator]
        )
        for number, value in zip(numbers or range(1, len(values) + 1), values, strict=True)
    ]


def test_that_components_become_included_attributes_in_lower_case() -> None:
    run = OmsRun({"run_number": 355100, "components": ["CSC", "CTPPS_TOT"]}, ())
    attributes = run_oms_attributes(run)
    assert attributes["csc_included"] is True
    assert attributes["ctpps_tot_included"] is True
    assert attributes["components"] == ["CSC", "CTPPS_TOT"]


def test_that_a_run_whose_components_are_null_has_no_included_attribute() -> None:
    attributes = run_oms_attributes(OmsRun({"run_number": 355100, "components": None}, ()))
    assert not [name for name in attributes if name.endswith("_included")]
    assert attributes["components"] is None


def test_that_ls_duration_counts_the_lumisections_oms_has_and_not_the_last_number() -> None:
    run = OmsRun({"run_number": 355100}, (a_lumisection(1), a_lumisection(5)))
    assert run_oms_attributes(run)["ls_duration"] == 2


def test_that_the_fill_gives_scheme_and_era_when_it_knows_them() -> None:
    fill: JsonObject = {"injection_scheme": "25ns_2460b", "era": "2025C", "energy": 6800}
    attributes = run_oms_attributes(OmsRun({"run_number": 355100, "energy": 6799}, (), fill))
    assert attributes["injection_scheme"] == "25ns_2460b"
    assert attributes["era"] == "2025C"
    assert attributes["energy"] == 6799


@pytest.mark.parametrize("fill", [None, {}, {"injection_scheme": None, "era": None}])
def test_that_a_run_without_a_known_fill_has_neither_scheme_nor_era(
    fill: JsonObject | None,
) -> None:
    attributes = run_oms_attributes(OmsRun({"run_number": 355100}, (), fill))
    assert "injection_scheme" not in attributes
    assert "era" not in attributes


@pytest.mark.parametrize(
    ("lumisections", "expected"),
    [
        ([], False),
        ([BEAMS], True),
        ([{**BEAMS, "beam2_stable": False}], False),
        ([{**BEAMS, "beam2_stable": None}], None),
        ([{**BEAMS, "beam2_stable": None}, {**BEAMS, "beam2_stable": False}], None),
        ([{**BEAMS, "beam2_stable": None}, BEAMS], True),
        ([{"beam1_present": True}], False),
    ],
)
def test_that_stable_beams_in_one_lumisection_are_enough_and_beat_an_unknown_one(
    lumisections: list[JsonObject], expected: bool | None
) -> None:
    assert beams_present_and_stable(lumisections) is expected


def test_that_an_attribute_true_in_one_lumisection_is_true_for_the_run() -> None:
    lumisections: list[JsonObject] = [
        {"dt0_ready": False, "rpc_ready": None, "zdc_ready": None, "pileup": 42.5},
        {"dt0_ready": True, "rpc_ready": False, "prescale_name": None},
        {"dt0_ready": None},
    ]
    assert reduced_lumisection_attributes(lumisections) == {
        "dt0_ready": True,
        "rpc_ready": False,
        "zdc_ready": False,
        "prescale_name": False,
    }


def test_that_only_the_listed_attributes_are_kept() -> None:
    lumisection = a_lumisection(7, hf_ready=True, recorded=0.2, delivered=None, pileup=50.1)
    assert kept(lumisection) == {"hf_ready": True, "recorded": 0.2, "delivered": None}
    assert len(KEPT_LUMISECTION_ATTRIBUTES) == 40


def test_that_what_oms_does_not_know_yet_is_let_through() -> None:
    unknown = {"prescale_index": None, "prescale_name": None, "recorded": None, "delivered": "n/a"}
    (lumisection,) = oms_run(
        {"run_number": 390001}, [a_lumisection(1, hf_ready=None, **unknown)]
    ).lumisections
    assert {name: lumisection[name] for name in unknown} == unknown


def test_that_the_luminosity_of_a_lumisection_is_the_growth_up_to_the_next() -> None:
    answer = with_luminosity_per_lumisection(cumulative(0, 1, 3))
    assert [ls["recorded_lumi_per_lumi"] for ls in answer] == [1, 2, 0]
    assert [ls["delivered_lumi_per_lumi"] for ls in answer] == [2, 4, 0]
    assert [ls["live_lumi_per_lumi"] for ls in answer] == [0.5, 0.5, None]


def test_that_luminosities_written_as_text_are_numbers() -> None:
    answer = with_luminosity_per_lumisection(cumulative("0.25", "1", "n/a"))
    assert [ls["recorded_lumi_per_lumi"] for ls in answer] == [0.75, None, None]


def test_that_a_null_here_or_in_the_next_lumisection_makes_all_three_null() -> None:
    answer = with_luminosity_per_lumisection(cumulative(0, None, 3, 4))
    assert [ls["recorded_lumi_per_lumi"] for ls in answer] == [None, None, 1, 0]
    one_null = cumulative(0, 1)
    one_null[0]["delivered_lumi"] = None
    assert with_luminosity_per_lumisection(one_null)[0]["recorded_lumi_per_lumi"] is None


def test_that_the_growth_over_a_hole_is_nobodys_luminosity() -> None:
    answer = with_luminosity_per_lumisection(cumulative(0, 1, 5, 6, numbers=[1, 2, 5, 6]))
    assert [ls["recorded_lumi_per_lumi"] for ls in answer] == [1, None, 1, 0]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40))
def test_that_luminosities_of_all_lumisections_add_up_to_the_last_cumulative_value(
    growth: list[int],
) -> None:
    totals = [sum(growth[:end]) for end in range(len(growth) + 1)]
    answer = with_luminosity_per_lumisection(cumulative(*totals))
    assert sum(ls["recorded_lumi_per_lumi"] for ls in answer) == totals[-1]  # type: ignore[misc]


def test_that_lumisections_are_ordered_by_number_and_gaps_stay() -> None:
    answer = validate_lumisections(355104, [a_lumisection(13), a_lumisection(2), a_lumisection(1)])
    assert [ls["lumisection_number"] for ls in answer] == [1, 2, 13]


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        (None, "without attributes: null"),
        ({}, "run_number is null"),
        ({"run_number": "355100"}, 'run_number is "355100"'),
        ({"run_number": True}, "run_number is true"),
        ({"run_number": 355100.5}, "run_number is 355100.5"),
        ({"run_number": 2**31}, "run_number is 2147483648, not a number up to 2147483647"),
        ({"run_number": -1}, "run_number is -1"),
        ({"run_number": 355100, "fill_number": 2**31}, "OMS gives fill_number = 2147483648"),
        ({"run_number": 355100, "fill_number": 1e30}, "OMS gives fill_number = 1e+30"),
        ({"run_number": 355100, "last_update": 7}, "Run 355100: OMS gives last_update = 7"),
        ({"run_number": 355100, "end_time": False}, "Run 355100: OMS gives end_time = false"),
        ({"run_number": 355100, "hlt_key": []}, "Run 355100: OMS gives hlt_key = []"),
        ({"run_number": 355100, "components": "DT"}, 'Run 355100: OMS gives components = "DT"'),
        ({"run_number": 355100, "components": [1]}, "Run 355100: OMS gives components = [1]"),
    ],
)
def test_that_a_run_record_of_wrong_types_is_refused_by_run_attribute_and_value(
    attributes: JsonValue, said: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        validate_run(attributes)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("lumisection", "said"),
    [
        ("LS", 'without attributes: "LS"'),
        ({}, "lumisection_number is null"),
        (a_lumisection(0), "lumisection_number is 0"),
        ({"lumisection_number": 2.5}, "lumisection_number is 2.5"),
        (a_lumisection(20_001), "lumisection_number is 20001, not a number from 1 to 20000"),
        (a_lumisection(10**30), "lumisection_number is 1e+30"),
        (a_lumisection(2, prescale_index=2.5), "OMS gives prescale_index = 2.5"),
        (a_lumisection(1), "lumisection 1 twice"),
        (a_lumisection(2, run_number=355101), "lumisection 2 of run 355101"),
        (a_lumisection(2, hf_ready="true"), 'lumisection 2: OMS gives hf_ready = "true"'),
        (a_lumisection(2, hf_ready=1), "lumisection 2: OMS gives hf_ready = 1"),
        (a_lumisection(2, prescale_index="2"), 'OMS gives prescale_index = "2"'),
        (a_lumisection(2, prescale_name=2), "OMS gives prescale_name = 2"),
        (a_lumisection(2, recorded=[0.1]), "OMS gives recorded = [0.1]"),
        (a_lumisection(2, delivered_lumi=True), "OMS gives delivered_lumi = true"),
    ],
)
def test_that_a_lumisection_of_wrong_types_is_refused_by_run_number_attribute_and_value(
    lumisection: JsonValue, said: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        validate_lumisections(355100, [a_lumisection(1), lumisection])
    assert said in str(refusal.value)
    assert "355100" in str(refusal.value)


def test_that_a_whole_number_is_one_however_it_is_written() -> None:
    """JSON has one kind of number: 2.0 is 2."""
    record: JsonObject = {
        "run_number": 355100.0,
        "fill_number": 8000.0,
        "last_lumisection_number": 2.0,
        "b_field": 3.0,
    }
    run = oms_run(record, [{"lumisection_number": 1.0, "prescale_index": 2.0, "recorded": 3.0}])
    numbers = [run.attributes[name] for name in record] + [*run.lumisections[0].values()]
    assert numbers == [355100, 8000, 2, 3, 1, 2, 3]
    assert [type(number) for number in numbers] == [int, int, int, float, int, int, float]


def test_that_lumisections_far_beyond_the_last_that_oms_names_are_refused() -> None:
    def run_with(last: JsonValue, *numbers: int) -> OmsRun:
        record: JsonObject = {"run_number": 355100, "last_lumisection_number": last}
        return oms_run(record, [a_lumisection(number) for number in numbers])

    assert len(run_with(58, 1, 63).lumisections) == 2
    assert len(run_with(None, 1, 5000).lumisections) == 2
    assert len(run_with(58).lumisections) == 0
    with pytest.raises(BadInput, match=r"Run 355100: OMS gives lumisection 2000, far beyond .* 58"):
        run_with(58, 1, 2000)
    with pytest.raises(BadInput, match="lumisection 101, far beyond"):
        run_with(0, 101)


def test_that_luminosity_too_great_for_a_number_is_none() -> None:
    huge = with_luminosity_per_lumisection(cumulative(-(10**308), 10**308, 1))
    assert [ls["delivered_lumi_per_lumi"] for ls in huge] == [None, None, 0]
    tiny = [
        a_lumisection(1, recorded_lumi=0, delivered_lumi=0),
        a_lumisection(2, recorded_lumi=1e308, delivered_lumi=1e-10),
    ]
    assert with_luminosity_per_lumisection(tiny)[0]["live_lumi_per_lumi"] is None


def test_that_a_long_value_is_shortened_in_the_refusal() -> None:
    with pytest.raises(BadInput) as refusal:
        validate_run({"run_number": 355100, "hlt_key": ["x" * 5000]})
    assert len(str(refusal.value)) < 200


def test_that_the_real_records_pass_unchanged(shared_data: Path) -> None:
    folder = shared_data / "data" / "oms"
    runs = {
        record["attributes"]["run_number"]: record["attributes"]
        for record in json.loads((folder / "runs.json").read_text())["data"]
    }
    for number in (315265, 319579):
        document = json.loads((folder / f"lumisections_{number}.json").read_text())
        lumisections = [record["attributes"] for record in document["data"]]
        run = oms_run(runs[number], lumisections)
        assert list(run.lumisections) == lumisections
        assert run.run_number == number
        assert run_oms_attributes(run)["beams_present_and_stable"] is True
