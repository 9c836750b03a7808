"""The official test list, and the rules that people wrote for CMS data certification."""

import json
from pathlib import Path

import pytest

from app.domain.json_logic import RuleError, parse
from app.domain.json_value import JsonObject, JsonValue, js_stringify

CLASSIFIERS = {
    "ClassClassifier": 56,
    "ComponentClassifier": 435,
    "DatasetClassifier": 36,
    "JsonClassifier": 348,
    "OfflineDatasetClassifier": 37,
}

FAULTY = {
    ("JsonClassifier", "hf"),
    ("JsonClassifier", "like"),
    ("JsonClassifier", "test"),
}
"""Tables and operators of the rules that json-logic-js can't compute either."""


def stored(shared_data: Path, table: str) -> list[JsonObject]:
    path = shared_data / "data" / "configuration" / f"{table}.json"
    rows: list[JsonObject] = json.loads(path.read_text(encoding="utf-8"))
    return rows


def test_that_the_official_tests_pass(shared_data: Path) -> None:
    path = shared_data / "data" / "json_logic" / "tests.json"
    cases = [
        case for case in json.loads(path.read_text(encoding="utf-8")) if isinstance(case, list)
    ]
    wrong = [
        (rule, data, expected, answer)
        for rule, data, expected in cases
        if js_stringify(answer := parse(rule).evaluate(data)) != js_stringify(expected)
    ]

    assert len(cases) > 250
    assert wrong == []


@pytest.mark.parametrize("table", CLASSIFIERS)
def test_that_stored_rules_parse_unless_they_are_faulty(shared_data: Path, table: str) -> None:
    rows = stored(shared_data, table)
    faults: dict[JsonValue, RuleError] = {}
    for row in rows:
        try:
            rule = parse(row["classifier"])
        except RuleError as error:
            faults[row["id"]] = error
        else:
            assert rule.source == row["classifier"]
            assert rule.variables is not None

    assert len(rows) == CLASSIFIERS[table]
    assert {(table, str(error.place[-1])) for error in faults.values()} == {
        fault for fault in FAULTY if fault[0] == table
    }, "\n".join(f"{table} {number}: {error}" for number, error in faults.items())


@pytest.mark.parametrize("name", ["golden_2018", "golden_2022", "muon_2022", "dcs_only"])
def test_that_golden_rules_are_a_conjunction_of_leaves(shared_data: Path, name: str) -> None:
    path = shared_data / "data" / "rules" / f"{name}.json"
    source: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    rule = parse(source)
    leaves = source["and"]

    assert isinstance(leaves, list)
    assert [leaf.source for leaf in rule.leaves] == leaves
    assert rule.skeleton == ("and", tuple(range(len(leaves))))


def test_that_the_bits_rule_takes_a_lumisection_only_when_all_bits_are_true(
    shared_data: Path,
) -> None:
    source = json.loads((shared_data / "data" / "rules" / "dcs_only.json").read_text("utf-8"))
    rule = parse(source)
    assert rule.variables is not None
    bits: dict[str, JsonValue] = {path.rpartition(".")[2]: True for path in rule.variables}

    assert rule.holds({"lumisection": {"oms": bits}})
    for bit in bits:
        for value in (False, None, 2, "yes"):
            assert not rule.holds({"lumisection": {"oms": {**bits, bit: value}}})
        # As in JavaScript, 1 and "1" equal true.
        assert rule.holds({"lumisection": {"oms": {**bits, bit: "1"}}})
