import pytest

from tests.builders import a_run
from tests.cli.conftest import FIRST, PERSON, RUN_LENGTH, SECOND

OFFLINE = ["/Express/Collisions2025/DQM", "/PromptReco/Collisions2025A/DQM"]


def test_that_a_list_of_runs_shows_the_newest_first(registry):
    listed = registry("runs", "list")

    lines = listed.out.splitlines()
    assert lines[0].split()[:4] == ["run", "class", "state", "significant"]
    assert [line.split()[:4] for line in lines[1:3]] == [
        [str(SECOND), "Collisions25", "OPEN", "yes"],
        [str(FIRST), "Collisions25", "OPEN", "yes"],
    ]
    assert lines[-1] == "2 runs."


def test_that_a_list_is_filtered_sorted_and_paged(registry):
    page = registry("runs", "list", "--sort", "run", "--limit", 1, "--json").document
    assert (page["count"], [each["run_number"] for each in page["runs"]]) == (2, [FIRST])
    assert page["runs"][0]["oms_attributes"]["ls_duration"] == RUN_LENGTH
    rest = registry("runs", "list", "--sort", "-run", "--offset", 1, "--json").document
    assert [each["run_number"] for each in rest["runs"]] == [FIRST]
    off = registry("runs", "list", "--filter", "dt-dt.STANDBY > 0", "--significant", "--json")
    assert [each["run_number"] for each in off.document["runs"]] == [SECOND]
    assert registry("runs", "list", "--limit", 1).out.endswith(
        "1-1 of 2 runs; --offset 1 shows the next.\n"
    )
    assert registry("runs", "list", "--filter", "run = 1").out == "No run.\n"


def test_that_a_misspelt_name_in_a_filter_is_refused_with_the_nearest(registry):
    refused = registry("runs", "list", "--filter", "clas = Collisions25")
    assert refused.code == 1
    assert "Did you mean class" in refused.err


def test_that_a_run_is_shown_with_attributes_datasets_and_history(registry):
    registry("runs", "class", FIRST, "Commissioning25")

    shown = registry("runs", "show", FIRST, "--json").document
    class_ = next(each for each in shown["rr_attributes"] if each["name"] == "class")
    assert (class_["value"], class_["by_hand"], class_["author"], class_["automatic"]) == (
        "Commissioning25",
        True,
        PERSON,
        "Collisions25",
    )
    assert [each["name"] for each in shown["datasets"]] == ["online"]
    assert [each["author"] for each in shown["history"]] == [PERSON, "auto@auto"]
    text = registry("runs", "show", FIRST).out
    assert text.startswith(f"Run {FIRST}: Commissioning25, OPEN\n")
    assert "class: Collisions25 -> Commissioning25" in text


def test_that_a_signed_off_run_gets_its_waiting_datasets(registry):
    moved = registry("runs", "move", FIRST, "SIGNOFF", "--json")

    assert moved.code == 0
    assert moved.document["datasets"] == OFFLINE
    datasets = registry("datasets", "list", "--sort", "name", "--json").document["datasets"]
    assert [(each["run_number"], each["name"]) for each in datasets] == [
        (FIRST, name) for name in OFFLINE
    ]
    text = registry("datasets", "list", "--state", "waiting dqm gui").out
    assert text.splitlines()[-1] == "2 datasets."
    assert registry("datasets", "list", "--state", "OPEN").out == "No dataset.\n"
    told = registry("datasets", "list", "--filter", "state = OPEN").out
    assert told.startswith("No dataset.\nstate is the state of the run; that of the dataset is")


def test_that_what_a_rule_refuses_is_said_in_one_line_with_exit_code_1(registry):
    registry("runs", "move", FIRST, "signoff")

    again = registry("runs", "move", FIRST, "SIGNOFF")
    assert (again.code, again.out) == (1, "")
    said = again.err.splitlines()
    assert said[0].startswith("run-registry: writes to postgresql://")
    assert said[1:] == [f"run-registry: Run {FIRST} is in state SIGNOFF already."]
    refused = registry("runs", "class", FIRST, "Cosmics25", "--json")
    assert refused.code == 1
    assert refused.document["kind"] == "refused"
    assert "must be OPEN" in refused.document["error"]


def test_that_a_right_that_is_missing_names_the_egroups_that_have_it(registry, monkeypatch):
    monkeypatch.setenv("RUN_REGISTRY_EGROUPS", "somebody-else")

    refused = registry("runs", "move", FIRST, "SIGNOFF")

    assert refused.code == 1
    assert "cms-dqm-runregistry" in refused.err


def test_that_the_actor_of_one_command_can_be_named(registry):
    registry("--as-user", "expert@cern.ch", "runs", "class", FIRST, "Special25")
    registry("runs", "class", SECOND, "Special25", "--as-user", "other@cern.ch")

    for number, author in ((FIRST, "expert@cern.ch"), (SECOND, "other@cern.ch")):
        assert registry("runs", "show", number, "--json").document["history"][0]["author"] == author


def test_that_setting_what_is_set_by_hand_already_changes_nothing(registry):
    assert registry("runs", "class", FIRST, "Special25", "--json").document["changed"] is True
    assert registry("runs", "class", FIRST, "Special25", "--json").document["changed"] is False


def test_that_a_run_is_marked_significant_and_classified(registry, oms):
    short = a_run(390003, 4, hlt_key="/cdaq/special/none", stable_beam=False)
    oms.set_run(short.attributes)
    oms.set_lumisections(390003, short.lumisections)
    registry("pull", "--oms", oms.url)
    assert not registry("lumisections", "show", 390003, "--json").document["columns"]

    marked = registry("runs", "significant", 390003)

    assert marked.code == 0, marked.err
    assert registry("lumisections", "show", 390003, "--json").document["columns"]
    again = registry("runs", "significant", 390003)
    assert (again.code, "already significant" in again.err) == (1, True)


@pytest.mark.parametrize("options", [[], ["--reset"]])
def test_that_a_refresh_brings_in_what_oms_says_now(registry, oms, options):
    changed = a_run(FIRST, RUN_LENGTH, changed={3: {"bpix_ready": False}})
    oms.set_lumisections(FIRST, changed.lumisections)

    refreshed = registry("runs", "refresh", FIRST, "--oms", oms.url, "--json", *options)

    assert (refreshed.code, refreshed.document["outcome"]) == (0, "updated")
    history = registry("runs", "show", FIRST, "--json").document["history"]
    assert history[0]["author"] == f"auto@auto - {PERSON}"


def test_that_a_refresh_from_what_is_recorded_asks_no_oms(registry, oms):
    oms.close()

    refreshed = registry(
        "runs", "refresh", FIRST, "--recorded", "--json", "--oms", "http://[::1]:9"
    )

    assert (refreshed.code, refreshed.document["outcome"]) == (0, "unchanged")


def test_that_a_run_that_isn_t_there_is_refused(registry):
    for words in (("runs", "show"), ("runs", "refresh", "--recorded"), ("lumisections", "show")):
        refused = registry(*words, 400000)
        assert (refused.code, "400000" in refused.err) == (1, True)


def test_that_what_a_signed_off_run_gained_is_taken_in(registry, oms):
    assert registry("runs", "move", FIRST, "SIGNOFF").code == 0
    longer = a_run(FIRST, RUN_LENGTH + 3)
    oms.set_run(longer.attributes)
    oms.set_lumisections(FIRST, longer.lumisections)
    name = registry("runs", "show", FIRST, "--json").document["datasets"][0]["name"]

    taken = registry("runs", "take-in", FIRST, "--oms", oms.url, "--json")

    assert taken.code == 0, taken.err
    new = [[RUN_LENGTH + 1, RUN_LENGTH + 3]]
    assert taken.document["ranges"] == new
    gained = {each["dataset"]: each for each in taken.document["gained"]}
    assert gained[name] == {"dataset": name, "ranges": new, "certified": {}}
    shown = registry("lumisections", "show", FIRST, "--dataset", name, "--json").document
    assert shown["taking_part"] == [[1, RUN_LENGTH + 3]]
    again = registry("runs", "take-in", FIRST, "--recorded", "--oms", "http://[::1]:9")
    assert again.out.startswith(f"Nothing to take in of what is recorded: every LS of run {FIRST}")


def test_that_an_open_run_is_not_taken_in(registry):
    refused = registry("runs", "take-in", FIRST, "--recorded")
    assert (refused.code, "is OPEN: refresh it" in refused.err) == (1, True)


def test_that_the_stop_reason_is_set_by_hand(registry):
    edited = registry("runs", "stop-reason", FIRST, "beam dump", "--json").document
    assert (edited["attribute"], edited["value"], edited["changed"]) == (
        "stop_reason",
        "beam dump",
        True,
    )
    shown = registry("runs", "show", FIRST, "--json").document["rr_attributes"]
    reason = next(each for each in shown if each["name"] == "stop_reason")
    assert (reason["value"], reason["by_hand"]) == ("beam dump", True)
    registry("runs", "move", FIRST, "SIGNOFF")
    assert registry("runs", "stop-reason", FIRST, "").code == 1


def test_that_a_manual_update_is_settled(registry, oms):
    def needed():
        return registry("runs", "show", FIRST, "--json").document["needs_manual_update"]

    assert registry("runs", "settle", FIRST).out == f"Run {FIRST} needs no manual update.\n"
    registry("runs", "move", FIRST, "SIGNOFF")
    oms.set_run(a_run(FIRST, RUN_LENGTH, hlt_key="/cdaq/other").attributes)
    assert registry("pull", "--run", FIRST, "--oms", oms.url).code == 0
    assert needed()
    settled = registry("runs", "settle", FIRST, "--json").document
    assert settled == {
        "run_number": FIRST,
        "outcome": "updated",
        "text": f"Run {FIRST}: the manual update is marked as done.",
    }
    assert not needed()
