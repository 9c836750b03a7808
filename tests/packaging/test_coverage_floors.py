"""The floors of coverage: a package below its own fails, one that reaches it doesn't."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

import coverage_floors  # noqa: E402 - the launcher's folder isn't a package

FILES = {"app/domain/a.py": (90, 100), "app/domain/b/c.py": (10, 10), "app/views/d.py": (0, 50)}


def test_that_a_package_is_the_sum_of_its_files():
    assert coverage_floors.below({"app.domain": 90}, FILES) == []
    assert coverage_floors.below({"app.domain": 95}, FILES) == [
        "app.domain is covered to 90.9 %, its floor is 95 %."
    ]


def test_that_a_package_of_which_nothing_was_measured_is_below_its_floor():
    assert coverage_floors.below({"app.golden": 1}, FILES) == [
        "app.golden is covered to 0.0 %, its floor is 1 %."
    ]
