from tests.cli.conftest import FIRST, PERSON, RUN_LENGTH, SECOND


def _column(registry, run_number, column, *words):
    shown = registry("lumisections", "show", run_number, "--json", *words).document
    return [(each["status"], each["ranges"]) for each in shown["columns"][column]]


def test_that_lumisections_are_shown_as_ranges_per_column_and_bit(registry):
    shown = registry("lumisections", "show", SECOND, "--json").document

    assert (shown["lumisections"], shown["taking_part"]) == (RUN_LENGTH, [[1, RUN_LENGTH]])
    assert {"value": False, "ranges": [[8, 11]]} in shown["bits"]["dt0_ready"]
    assert ("STANDBY", [[8, 11]]) in _column(registry, SECOND, "dt-dt")
    text = registry("lumisections", "show", SECOND).out
    assert text.startswith(f"Run {SECOND}, online: {RUN_LENGTH} lumisections")
    assert any(line.split()[-2:] == ["STANDBY", "8-11"] for line in text.splitlines())


def test_that_ranges_in_which_all_is_equal_are_listed(registry):
    of_columns = registry("lumisections", "ranges", SECOND, "--json").document["ranges"]
    assert [(each["first"], each["last"]) for each in of_columns] == [
        *((1, 7), (8, 11), (12, RUN_LENGTH)),
    ]
    assert of_columns[1]["columns"]["dt-dt"]["status"] == "STANDBY"
    both = registry("lumisections", "ranges", SECOND, "--of", "both", "--json").document["ranges"]
    assert both[1]["bits"]["dt0_ready"] is False
    text = registry("lumisections", "ranges", SECOND, "--of", "oms").out
    assert text.splitlines()[0].split()[:2] == ["from", "to"]
    assert "false" in text.splitlines()[2]


def test_that_ranges_of_a_column_are_set_by_hand(registry):
    edited = registry(
        "lumisections", "edit", FIRST, "--column", "tracker-pixel", "--ls", "12-15,18",
        "--status", "bad", "--comment", "high voltage trip", "--cause", "HV",
    )  # fmt: skip

    assert edited.code == 0, edited.err
    assert edited.out == f"Set tracker-pixel to BAD in LS 12-15, 18 of run {FIRST}.\n"
    assert ("BAD", [[12, 15], [18, 18]]) in _column(registry, FIRST, "tracker-pixel")
    entry = registry("runs", "show", FIRST, "--json").document["history"][0]
    assert (entry["author"], entry["manual"]) == (PERSON, True)
    assert entry["lumisections"][0]["value"] == {
        "status": "BAD",
        "comment": "high voltage trip",
        "cause": "HV",
    }


def test_that_the_state_of_an_earlier_version_can_be_shown(registry):
    before = registry("runs", "show", FIRST, "--json").document["history"][0]["version"]
    registry(
        "lumisections", "edit", FIRST, "--column", "dt-dt", "--ls", "1-20",
        "--status", "EXCLUDED",
    )  # fmt: skip

    assert _column(registry, FIRST, "dt-dt") == [("EXCLUDED", [[1, 20]])]
    assert _column(registry, FIRST, "dt-dt", "--as-of", before) == [("GOOD", [[1, 20]])]


def test_that_a_bit_is_set_with_a_comment(registry):
    edited = registry(
        "lumisections", "edit-oms", FIRST, "--bit", "rpc_ready", "--ls", "5-6",
        "--value", "false", "--comment", "the bit was stuck", "--json",
    )  # fmt: skip

    assert edited.code == 0
    assert edited.document["atomic_version"] > 0
    bits = registry("lumisections", "show", FIRST, "--json").document["bits"]
    assert {"value": False, "ranges": [[5, 6]]} in bits["rpc_ready"]


def test_that_an_edit_against_the_rules_is_refused(registry):
    for words, reason in (
        (("--ls", "19-21", "--status", "GOOD"), "LS 19-21 is outside"),
        (("--ls", "1", "--status", "BAD", "--comment", "no"), "BAD needs a comment"),
        (("--ls", "1", "--status", "GOOD", "--dataset", "/None/DQM"), "no dataset /None/DQM"),
    ):
        refused = registry("lumisections", "edit", FIRST, "--column", "dt-dt", *words)
        assert (refused.code, reason in refused.err) == (1, True), refused.err
    unknown = registry(
        "lumisections", "edit", FIRST, "--column", "dt-st", "--ls", "1", "--status", "GOOD"
    )
    assert (unknown.code, "dt-st" in unknown.err) == (1, True)


def test_that_ranges_that_can_t_be_read_are_wrong_usage(registry):
    refused = registry(
        "lumisections", "edit", FIRST, "--column", "dt-dt", "--ls", "9-5", "--status", "GOOD"
    )
    assert refused.code == 2
    assert "greater than the last" in refused.err
