"""What verifying found, in words."""

from app.domain.seal.findings import Fault, Finding, Report, Signed, Unsealed
from app.domain.seal.leaves import RowChange

NONE_WAIT = Unsealed()
OBJECT = RowChange("JSONBDeduplication 22", "altered", None, "[]")


def report(*findings: Finding, unsealed: Unsealed = NONE_WAIT) -> Report:
    return Report("here", 9, b"", 5, 2, 0, unsealed, Signed(), findings, len(findings))


def test_that_a_row_that_two_versions_share_is_shown_once() -> None:
    first, second = (Finding(Fault.ALTERED, f"version {n}", rows=(OBJECT,)) for n in (2, 6))
    one, other = report(first, second).texts
    assert one == first.text
    assert other == "version 6 was altered\n  JSONBDeduplication 22 altered, as above"


def test_that_only_what_waits_is_named() -> None:
    waits = report(unsealed=Unsealed(rows=2)).lines[-1]
    assert waits.startswith("Not sealed yet: 2 other rows. If")
    waits = report(unsealed=Unsealed(new=1, rows=2)).lines[-1]
    assert waits.startswith("Not sealed yet: 1 version and 2 other rows. If")
