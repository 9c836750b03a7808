"""What is installed, and what is newer."""

import pytest

from app.distribution import is_newer


@pytest.mark.parametrize(
    ("version", "than"),
    [
        ("1.10.0", "1.9.9"),
        ("2.0.0", "1.9.9"),
        ("1.2.0", "1.2.0.dev7+g12ab"),
        ("1.2.0.dev10", "1.2.0.dev9+g12ab.d20260101"),
        ("1.2.1.dev1", "1.2.0"),
    ],
)
def test_that_a_later_version_is_newer_and_not_the_other_way_round(version: str, than: str):
    assert is_newer(version, than)
    assert not is_newer(than, version)


@pytest.mark.parametrize("other", ["1.2.0", "1.2.0+local", "", "newest", "9", "9.9.9.9", "٩.٩.٩"])
def test_that_the_same_version_and_what_is_no_version_are_not_newer(other: str):
    assert not is_newer(other, "1.2.0")
    assert not is_newer("1.2.0", other)
