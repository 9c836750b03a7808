import hashlib
import json

import pytest

from tests.cli.conftest import FIRST, SECOND
from tests.cli.test_golden import NAME, PATTERN, rule, signed_off

__all__ = ["rule", "signed_off"]


@pytest.fixture
def lists(tmp_path):
    """Files `a.json` and `b.json`."""
    for name, content in (
        ("a", {"355100": [[1, 10]], "355101": [[1, 5]]}),
        ("b", {"355100": [[5, 12]], "355102": [[1, 2]]}),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("and", "b"), {"355100": [[5, 10]]}),
        (("or", "b"), {"355100": [[1, 12]], "355101": [[1, 5]], "355102": [[1, 2]]}),
        (("minus", "b"), {"355100": [[1, 4]], "355101": [[1, 5]]}),
        (("minus", "b", "or", "b", "--runs", "355101-"), {"355101": [[1, 5]], "355102": [[1, 2]]}),
        (("--runs", "-355100"), {"355100": [[1, 10]]}),
    ],
)
def test_that_lists_of_files_are_combined_without_a_database(run_registry, lists, words, expected):
    given = [lists / f"{word}.json" if word == "b" else word for word in words]
    combined = run_registry("golden", "combine", lists / "a.json", *given)
    assert combined.code == 0, combined.err
    assert json.loads(combined.out) == expected
    out = lists / "out.json"
    written = run_registry("golden", "combine", lists / "a.json", *given, "--out", out, "--json")
    assert written.document["list"] == expected
    assert json.loads(out.read_text(encoding="utf-8")) == expected


def test_that_what_is_repaired_in_a_list_is_told_on_standard_error(
    run_registry, lists, shared_data
):
    twice, overlapping = lists / "twice.json", lists / "overlapping.json"
    for file, case in ((twice, "m17_dup_run.json"), (overlapping, "m19_adjacent_overlap.json")):
        file.write_text((shared_data / "cases" / "masks" / case).read_text(encoding="utf-8"))
    for words, named in (
        (("combine", twice), [twice]),
        (("combine", lists / "a.json", "and", overlapping), [overlapping]),
        (("combine", twice, "or", overlapping, "--out", lists / "out.json"), [twice, overlapping]),
        (("compare", twice, overlapping), [twice, overlapping]),
        (("export", overlapping), [overlapping]),
        (("export", overlapping, "--out", lists / "again.json"), [overlapping]),
        (("compare", lists / "a.json", lists / "b.json"), []),
    ):
        said = run_registry("golden", *words)
        assert said.code == 0, said.err
        remarks = run_registry("golden", *words, "--json").document.get("remarks", [])
        assert said.err.splitlines() == [f"run-registry: {remark}" for remark in remarks]
        assert {file for file in (twice, overlapping) if str(file) in said.err} == set(named)
        assert str(twice) not in said.out or words[0] == "compare"
    once = run_registry("golden", "combine", twice)
    assert json.loads(once.out) == {"355100": [[1, 10], [20, 30]]}


@pytest.mark.parametrize(
    "words", [("b",), ("xor", "b"), ("and", "b", "or"), ("--runs", "7"), ("--runs", "a-b")]
)
def test_that_a_combination_that_says_nothing_is_wrong_usage(run_registry, lists, words):
    assert run_registry("golden", "combine", lists / "a.json", *words).code == 2


def test_that_files_are_compared_without_a_database(run_registry, lists):
    compared = run_registry("golden", "compare", lists / "a.json", lists / "b.json", "--json")
    assert compared.code == 0, compared.err
    document = compared.document
    assert (document["gained"], document["lost"]) == (
        {"355100": [[11, 12]], "355102": [[1, 2]]},
        {"355100": [[1, 4]], "355101": [[1, 5]]},
    )
    assert (document["runs_gained"], document["runs_lost"]) == ([355102], [355101])
    assert (document["lumisections_gained"], document["luminosity_gained"]) == (4, None)
    text = run_registry("golden", "compare", lists / "a.json", lists / "b.json").out
    assert "gained  4 LS in 2 runs, 1 run as a whole" in text
    assert "lost    9 LS in 2 runs, 1 run as a whole" in text


def test_that_a_stored_list_is_compared_with_luminosity(signed_off, rule, tmp_path):
    out = tmp_path / "golden.json"
    signed_off("golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", out)
    everything = tmp_path / "all.json"
    everything.write_text(json.dumps({str(FIRST): [[1, 20]], str(SECOND): [[1, 20]]}))

    compared = signed_off("golden", "compare", everything, "1", "--json").document

    assert compared["lost"] == {str(SECOND): [[8, 11]]}
    assert compared["luminosity_lost"]["recorded"] == pytest.approx(4 * 0.3 + 38e-4)
    assert compared["luminosity_lost"]["lumisections_without_luminosity"] == 0
    assert signed_off("golden", "compare", out, "#1", "--json").document["equal"] is True


def test_that_a_lumisection_is_explained_with_the_word_that_decided(signed_off, rule):
    words = ("golden", "explain", SECOND, 9, "--rule", rule, "--datasets", PATTERN)
    explained = signed_off(*words, "--json").document["datasets"][0]
    assert (explained["good"], explained["takes_part"]) == (False, True)
    (value,) = explained["tree"]["values"]
    assert (value["name"], value["value"]) == ("lumisection.oms.dt0_ready", False)
    assert value["set_by"]["author"] == "auto@auto"
    text = signed_off(*words).out
    assert f"LS 9 of run {SECOND}" in text
    assert "lumisection.oms.dt0_ready = false, auto@auto, 20" in text


def test_that_a_run_is_explained_by_cause(signed_off, rule, tmp_path):
    out = tmp_path / "golden.json"
    signed_off("golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", out)
    explained = signed_off("golden", "explain", SECOND, "--id", 1, "--json").document["datasets"]
    causes = {each["condition"] is None: each["ranges"] for each in explained[0]["causes"]}
    assert causes == {True: [[1, 7], [12, 20]], False: [[8, 11]]}
    assert "1-7, 12-20" in signed_off("golden", "explain", SECOND, "--id", 1).out
    assert signed_off("golden", "explain", SECOND, "--id", 1, "--rule", rule).code == 2
    assert signed_off("golden", "explain", SECOND, "--id", 1, "--datasets", "%").code == 2
    assert signed_off("golden", "explain", 5, "--id", 1).code == 1


def test_that_losses_are_told_of_a_stored_list_and_of_a_rule(signed_off, rule, tmp_path):
    out = tmp_path / "golden.json"
    signed_off("golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", out)
    file = tmp_path / "losses.csv"

    stored = signed_off("golden", "losses", 1, "--csv", file, "--json").document
    now = signed_off("golden", "losses", "--rule", rule, "--datasets", PATTERN, "--json").document

    assert stored["lost"]["lumisections"] == 4
    assert stored["charts"] == now["charts"]
    (bits,) = [chart for chart in stored["charts"] if chart["key"] == "dcs-bits"]
    assert [(bar["name"], bar["runs"]) for bar in bits["bars"]] == [
        ("dt0_ready", {str(SECOND): [[8, 11]]})
    ]
    assert [step["name"] for step in stored["steps"]][-1] == "in the list"
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "chart,inclusive,name,recorded_pb,lumisections"
    assert any(line.startswith("dcs-subsystems-exclusive,false,dt,1.2") for line in lines)
    text = signed_off("golden", "losses", 1, "--chart", "exclusive").out
    assert "Sub-system, DCS and quality, alone (exclusive)" in text
    assert "dcs-bits" not in text


@pytest.mark.parametrize(
    "words", [(), ("1", "--datasets", "%"), ("1", "--rule", "golden"), ("1", "--chart", "pie")]
)
def test_that_losses_of_nothing_in_particular_are_wrong_usage(run_registry, dsn, words):
    assert run_registry("--dsn", dsn, "golden", "losses", *words).code == 2


def test_that_a_list_is_reproduced_and_what_changed_since_is_told(signed_off, rule, tmp_path):
    def generate():
        out = tmp_path / "golden.json"
        signed_off("golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", out)

    generate()
    signed_off(
        "lumisections", "edit-oms", FIRST, "--dataset", NAME, "--bit", "dt0_ready",
        "--ls", "2-3", "--value", "false", "--comment", "looked at the plots",
    )  # fmt: skip
    generate()

    again = signed_off("golden", "reproduce", 1, "--since", "--json")
    assert again.code == 0, again.err
    assert (again.document["equal"], again.document["exact"]) == (True, True)
    assert again.document["since"]["lost"] == {str(FIRST): [[2, 3]]}
    (event,) = again.document["since"]["events"]
    assert (event["name"], event["before"], event["after"]) == (
        "lumisection.oms.dt0_ready",
        True,
        False,
    )
    assert "looked at the plots" in event["comment"]
    assert signed_off("golden", "compare", 1, 2, "--json").document["events"] == [event]
    assert "lumisection.oms.dt0_ready: true to false" in signed_off("golden", "compare", 1, 2).out
    assert signed_off("golden", "reproduce", 3).code == 1


def test_that_a_list_is_exported_in_every_form(signed_off, rule, tmp_path):
    out = tmp_path / "golden.json"
    signed_off("golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", out)

    def printed(form):
        exported = signed_off("golden", "export", 1, "--form", form)
        assert exported.code == 0, exported.err
        return exported.out

    expected = json.loads(out.read_text(encoding="utf-8"))
    assert json.loads(printed("golden")) == json.loads(printed("brilcalc")) == expected
    assert printed("runs") == f"{FIRST}\n{SECOND}\n"
    assert list(json.loads(printed("anti-with-dataset-names"))) == [f"{SECOND}-{NAME}"]
    head, first, second = printed("csv").splitlines()
    assert head.startswith("run_number,lumisections,ranges,recorded_pb")
    assert first.startswith(f"{FIRST},20,1-20,6.02")
    assert second.startswith(f'{SECOND},16,"1-7, 12-20",')
    assert signed_off("golden", "export", out, "--form", "anti").code == 1
    assert signed_off("golden", "export", out, "--form", "runs").out == printed("runs")


def test_that_an_export_into_a_folder_has_the_name_of_the_field_and_says_where_it_is_from(
    signed_off, tmp_path
):
    words = ("--datasets", PATTERN, "--rule", "golden", "--out", tmp_path / "golden.json")
    signed_off("golden", "generate", *words)
    exported = signed_off("golden", "export", 1, "--out", tmp_path, "--provenance", "--json")

    name = f"Cert_Collisions2025_{FIRST}_{SECOND}_Golden"
    assert exported.document["files"] == [
        str(tmp_path / f"{name}.json"),
        str(tmp_path / f"{name}.provenance.json"),
    ]
    content = (tmp_path / f"{name}.json").read_bytes()
    assert content == (tmp_path / "golden.json").read_bytes()
    provenance = json.loads((tmp_path / f"{name}.provenance.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256(content).hexdigest()
    assert provenance["file_sha256"] == provenance["sha256"]["golden"] == digest
    assert provenance["sha256_when_made"] == digest
    assert provenance["dataset_name_filter"] == PATTERN
    assert provenance["program_version"]
    assert [each["name"] for each in provenance["datasets"]] == [NAME, NAME]
    assert signed_off("golden", "export", 1, "--provenance").code == 2
