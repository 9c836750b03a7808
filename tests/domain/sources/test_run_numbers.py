"""What OMS measures by lumisection."""

import json
from pathlib import Path

import pytest

from app.domain.errors import BadInput
from app.domain.sources.oms import validate_lumisections
from app.domain.sources.run_numbers import (
    beam_words,
    of_document,
    prescale_words,
    run_numbers,
    to_document,
)


def test_that_real_lumisections_have_luminosity_and_beams(shared_data: Path):
    document = json.loads((shared_data / "data/oms/lumisections_315265.json").read_text())
    real = validate_lumisections(315265, [each["attributes"] for each in document["data"]])
    numbers = run_numbers(315265, real, (), (), is_final=True)
    delivered, recorded, instantaneous = (
        [each for each in numbers.numbers[name] if each is not None]
        for name in ("delivered", "recorded", "instantaneous")
    )
    assert len(delivered) == len(recorded) == len(instantaneous) == 63
    assert all(0 <= each < 1 for each in delivered)
    # A lumisection takes 23.31 s, and 1 pb^-1 is 1000 nb^-1.
    beginning = [each * 23.31 / 1000 for each in instantaneous[:-1]]
    assert beginning == pytest.approx(delivered[:-1], rel=5e-3)
    assert all(0 <= less <= more for less, more in zip(recorded, delivered, strict=True))
    assert sum(recorded) > 0
    assert numbers.numbers["pileup"][0] == pytest.approx(53.05, abs=0.01)
    assert set(numbers.words["beam"]) <= {"stable", "not stable", "one beam", "no beam", ""}
    assert "l1" not in numbers.numbers  # nobody knows it
    assert "prescale" not in numbers.words


def test_that_rates_go_by_their_lumisection_and_what_is_no_number_is_unknown():
    lumisections = [{"lumisection_number": n, "prescale_index": 2} for n in (1, 2, 4)]
    rates = [
        {"last_lumisection_number": 2, "l1a_total": {"rate": 98_000.0}},
        {"last_lumisection_number": 4, "l1a_total": {"rate": "n/a"}},
        {"last_lumisection_number": 9, "l1a_total": {"rate": 1.0}},
        {"last_lumisection_number": None, "l1a_total": 3},
    ]
    dead = [{"first_lumisection_number": 1, "beamactive_total_deadtime": {"percent": 3.5}}]
    numbers = run_numbers(1, lumisections, rates, dead, is_final=False)
    assert numbers.numbers["l1"] == (None, 98.0, None, None)
    assert numbers.numbers["deadtime"] == (3.5, None, None, None)
    assert numbers.words["prescale"] == ("2", "2", "", "2")


def test_that_numbers_are_kept_and_read_again_as_they_were():
    numbers = run_numbers(7, [{"lumisection_number": 1, "pileup": 30.5}], (), (), is_final=True)
    assert of_document(json.loads(json.dumps(to_document(numbers)))) == numbers
    for damaged in (None, [], {"run_number": 7}, {**to_document(numbers), "numbers": {"l1": 3}}):
        with pytest.raises(BadInput):
            of_document(damaged)


def test_that_prescales_and_beams_are_told_in_words():
    assert prescale_words(2, "2.0e34") == "2 (2.0e34)"
    assert prescale_words(2.0, None) == "2"
    assert prescale_words(None, None) == ""
    both = {"beam1_present": True, "beam2_present": True}
    assert beam_words({**both, "beam1_stable": True, "beam2_stable": True}.get) == "stable"
    assert beam_words({**both, "beam1_stable": False, "beam2_stable": True}.get) == "not stable"
    assert beam_words(both.get) == ""
