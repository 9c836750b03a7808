"""`lumisections edit-many`: the same edit on every dataset that is selected."""

import pytest

from tests.cli.conftest import FIRST, RUN_LENGTH, SECOND

MANY = ("lumisections", "edit-many")


def statuses(registry, run_number, *words):
    shown = registry("lumisections", "show", run_number, "--json", *words).document
    return [(each["status"], each["ranges"]) for each in shown["columns"]["dt-dt"]]


def test_that_a_column_is_set_in_every_selected_run_as_one_version(registry):
    words = (*MANY, "--filter", "fill_number = 10500", "--online", "--columns", "dt-dt,csc-csc")
    done = registry(*words, "--status", "bad", "--comment", "beam test", "--ls", "3-4", "--json")

    assert (done.code, done.document["cells"], done.document["datasets"]) == (0, 8, 2)
    for run_number in (FIRST, SECOND):
        assert ("BAD", [[3, 4]]) in statuses(registry, run_number)
    log = registry("log", "--show", done.document["atomic_version"], "--json").document
    assert {each["run_number"] for each in log["changes"]} == {FIRST, SECOND}


def test_that_without_ranges_all_lumisections_change_and_a_dry_run_changes_none(registry):
    words = (*MANY, "--run", FIRST, "--online", "--columns", "dt-dt", "--status", "EXCLUDED")

    dry = registry(*words, "--dry-run")
    assert (dry.code, "writes to" in dry.err) == (0, False)
    assert f"{RUN_LENGTH} cells would change in 1 dataset" in dry.out
    assert statuses(registry, FIRST) == [("GOOD", [[1, RUN_LENGTH]])]
    assert registry(*words).out.startswith(
        f"dt-dt EXCLUDED in LS 1-{RUN_LENGTH} of run {FIRST}, online: {RUN_LENGTH} cells. Version "
    )
    assert statuses(registry, FIRST) == [("EXCLUDED", [[1, RUN_LENGTH]])]


def test_that_bits_are_set_with_a_comment(registry):
    words = (*MANY, "--run", FIRST, "--online", "--bits", "rpc_ready", "--value", "false")

    assert "comment" in registry(*words).err
    done = registry(*words, "--ls", "5-6", "--comment", "stuck")
    assert done.code == 0, done.err
    bits = registry("lumisections", "show", FIRST, "--json").document["bits"]
    assert {"value": False, "ranges": [[5, 6]]} in bits["rpc_ready"]


def test_that_what_may_not_be_edited_is_refused_or_left_out(registry):
    registry("runs", "move", SECOND, "SIGNOFF")
    words = (*MANY, "--filter", "run > 1", "--online", "--columns", "dt-dt", "--status", "STANDBY")

    assert registry(*words).code == 1
    assert statuses(registry, FIRST) == [("GOOD", [[1, RUN_LENGTH]])]
    assert "Left out: 1 line." in registry(*words, "--leave-out-refused").out
    assert statuses(registry, FIRST) == [("STANDBY", [[1, RUN_LENGTH]])]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("--columns", "dt-dt"), 2),
        (("--columns", "dt-dt", "--status", "GOOD", "--bits", "rpc_ready"), 2),
        (("--bits", "rpc_ready", "--value", "true", "--comment", "x", "--cause", "y"), 2),
        (("--columns", "dt-dt", "--status", "BAD"), 1),
        (("--columns", "no-such", "--status", "GOOD"), 1),
    ],
)
def test_that_half_an_edit_is_refused(registry, words, code):
    assert registry(*MANY, "--run", FIRST, "--online", *words).code == code
    assert registry(*MANY, "--columns", "dt-dt", "--status", "GOOD").code == 2
