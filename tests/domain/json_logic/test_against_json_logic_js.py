"""json-logic-js itself, under node, gives the same answers."""

import json
import math
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from app.domain.json_logic import EvaluationError, RuleError, parse
from app.domain.json_logic.coercion import UNDEFINED
from app.domain.json_logic.compiler import compile_logic
from app.domain.json_logic.operators import OPERATORS
from app.domain.json_value import JsonValue, js_number
from tests.domain.json_logic.generated_rules import Generator

Pair: TypeAlias = tuple[JsonValue, JsonValue]
Answers: TypeAlias = Callable[[list[Pair]], list[object]]

PACKAGE = "json-logic-js@2"
PAIRS = 20_000  # at a time


@pytest.fixture(scope="session")
def reference(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Answers of json-logic-js to (rule, data) pairs, all in one node process."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("json-logic-js runs under node, and node or npm isn't installed")
    package = _fetched(npm, pytestconfig, tmp_path_factory)
    driver = Path(__file__).with_name("reference.js")

    def answers(pairs: list[Pair]) -> list[object]:
        questions = "\n".join(json.dumps({"rule": rule, "data": data}) for rule, data in pairs)
        finished = subprocess.run(
            [node, str(driver), str(package)],
            input=questions,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=True,
        )
        return [json.loads(line) for line in finished.stdout.split("\n")]

    return answers


def _fetched(
    npm: str, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The package, from pytest's cache or else by npm."""
    cache: pytest.Cache | None = getattr(pytestconfig, "cache", None)
    kept = cache.mkdir("json-logic-js") if cache else tmp_path_factory.mktemp("json-logic-js")
    if (kept / "package" / "logic.js").is_file():
        return kept / "package"
    folder = tmp_path_factory.mktemp("npm")
    options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--fetch-retries=0"]
    command = [npm, "install", *options, "--prefix", str(folder), PACKAGE]
    try:
        subprocess.run(command, capture_output=True, timeout=120, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"npm could not fetch {PACKAGE}: {error}")
    package = folder / "node_modules" / "json-logic-js"
    try:
        return Path(shutil.move(package, kept / "package"))
    except OSError:  # another test process was first
        return package


def encoded(value: object) -> object:
    """The value as reference.js writes it, everything that JavaScript tells apart distinct."""
    if value is UNDEFINED:
        return ["undefined"]
    if value is None:
        return ["null"]
    if isinstance(value, bool):
        return ["boolean", value]
    if isinstance(value, int | float):
        negative_zero = value == 0 and math.copysign(1, value) < 0
        return ["number", "-0" if negative_zero else js_number(_as_double(value))]
    if isinstance(value, str):
        return ["string", value]
    if isinstance(value, list):
        return ["array", [encoded(item) for item in value]]
    assert isinstance(value, dict)
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return ["object", [[name, encoded(value[name])] for name in names]]


def _as_double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def computed(rule: JsonValue, data: JsonValue) -> object:
    """Our answer in the reference's form, whatever `parse` would say of the rule."""
    try:
        return encoded(compile_logic(rule, ())(data))
    except EvaluationError:
        return "throws"


def differences(pairs: list[Pair], reference: Answers) -> list[str]:
    """Pairs that are answered differently; the wording of what is thrown doesn't count."""
    found = []
    for pair, theirs in zip(pairs, reference(pairs), strict=True):
        # As separate values, like the reference has them: whether two are the same one is seen.
        rule, data = json.loads(json.dumps(pair))
        expected = "throws" if theirs[0] == "throws" else theirs  # type: ignore[index]
        ours = computed(rule, data)
        if ours != expected:
            found.append(f"{json.dumps(rule)} over {json.dumps(data)}: {theirs} there, {ours} here")
    return found


def test_that_generated_rules_give_the_same_answers(
    reference: Answers, pytestconfig: pytest.Config
) -> None:
    generator = Generator(seed=20221123)
    left = int(pytestconfig.getoption("json_logic_pairs"))
    while left > 0:
        some = min(left, PAIRS)
        left -= some
        assert differences([generator.pair() for _ in range(some)], reference) == []


def test_that_every_operator_is_generated_and_mostly_accepted() -> None:
    generator = Generator(seed=20221123)
    accepted = 0
    used: set[str] = set()
    for _ in range(3000):
        rule, _data = generator.pair()
        used |= operators_in(rule)
        try:
            parse(rule)
            accepted += 1
        except RuleError:
            pass

    assert used >= set(OPERATORS)
    assert accepted > 2000


def operators_in(logic: JsonValue) -> set[str]:
    if isinstance(logic, list):
        return set().union(*map(operators_in, logic))
    if isinstance(logic, dict) and len(logic) == 1:
        ((operator, values),) = logic.items()
        return {operator} | operators_in(values)
    return set()


def test_that_every_two_values_compare_and_compute_alike(reference: Answers) -> None:
    values: list[JsonValue] = [
        None, True, False, 0, 1, -1, 2.5, -0.0, "", "0", "1", "true", "null", "a", "b", " 1 ",
        "0x10", "Infinity", [], [0], [1], [None], [[]], ["a"], [1, 2], ["1,2"], "1,2", {},
        {"a": 1, "b": 2}, "[object Object]", "😀", "\uffff", {"toString": 1, "b": 2}, 1e21,
    ]  # fmt: skip
    operators = ["==", "===", "!=", "!==", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "min",
                 "max", "cat", "in", "merge", "and", "or", "substr", "missing_some"]  # fmt: skip
    pairs: list[Pair] = []
    for one in values:
        for other in values:
            data: JsonValue = {"one": one, "other": other}
            sides: list[JsonValue] = [
                [{"var": "one"}, {"var": "other"}], [{"var": "one"}, other], [one, {"var": "other"}]
            ]  # fmt: skip
            pairs += [({operator: side}, data) for operator in operators for side in sides]

    assert differences(pairs, reference) == []


def test_that_what_parse_refuses_is_what_the_reference_throws_at_or_has_no_sense_in(
    reference: Answers,
) -> None:
    throwing: list[JsonValue] = [
        {"like": [1, 2]},
        {"and": [True, {"vra": "a"}]},
        {"*": []},
        {"missing_some": [1]},
        {"missing_some": [1, None]},
        {"var.name": 1},
    ]
    senseless: list[tuple[JsonValue, object]] = [
        ({"and": []}, ["undefined"]),
        ({"or": []}, ["undefined"]),
        ({"==": []}, ["boolean", True]),
        ({">": [1]}, ["boolean", False]),
        ({"in": ["a"]}, ["boolean", False]),
        ({"-": []}, ["number", "NaN"]),
        ({"max": []}, ["number", "-Infinity"]),
        ({"filter": [[1]]}, ["array", []]),
        ({"map": [[1]]}, ["array", [["undefined"]]]),
        ({">": [3, 2, {"==": [1, 2]}]}, ["boolean", True]),
    ]
    answers = reference([(rule, {}) for rule in throwing] + [(rule, {}) for rule, _ in senseless])

    assert [answer[0] for answer in answers[: len(throwing)]] == ["throws"] * len(throwing)  # type: ignore[index]
    assert answers[len(throwing) :] == [answer for _, answer in senseless]
    for rule in throwing + [rule for rule, _ in senseless]:
        with pytest.raises(RuleError):
            parse(rule)
