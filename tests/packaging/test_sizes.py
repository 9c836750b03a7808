"""Functions and classes that can be read at once: no function over 60 lines, no class over 400."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("app", "packaging", "benchmarks")
MOST_OF_A_FUNCTION, MOST_OF_A_CLASS = 60, 400

# What may be longer, and why. One that is short enough again has to leave the list.
_COMMANDS = "a table: one command after the other, with its arguments"
_ACTIONS = "a table: one action after the other"
LONGER = {
    "app/cli/agents/commands.py: add": _COMMANDS,
    "app/cli/certification/cycles.py: add": _COMMANDS,
    "app/cli/certification/dataset_tools.py: add": _COMMANDS,
    "app/cli/certification/lumisections.py: add": _COMMANDS,
    "app/cli/certification/runs.py: add": _COMMANDS,
    "app/cli/golden/workbench.py: add": _COMMANDS,
    "app/cli/reports.py: add": _COMMANDS,
    "app/views/cycles/cycle_actions.py: rows": _ACTIONS,
    "app/views/datasets/tool_actions.py: rows": _ACTIONS,
    "app/views/frame/actions/window_actions.py: rows": _ACTIONS,
    "app/views/runs/run_actions.py: rows": _ACTIONS,
}


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def too_long(name: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if lines(node) > MOST_OF_A_FUNCTION:
                yield f"{name}: {node.name}"
        elif isinstance(node, ast.ClassDef) and lines(node) > MOST_OF_A_CLASS:
            yield f"{name}: {node.name}"


def test_that_no_function_and_no_class_is_longer_than_can_be_read_at_once():
    found = {
        each
        for part in PARTS
        for file in sorted((ROOT / part).rglob("*.py"))
        for each in too_long(file.relative_to(ROOT).as_posix(), file.read_text("utf-8"))
    }
    assert found == LONGER.keys()


@pytest.mark.parametrize(("body", "expected"), [(59, []), (60, ["a.py: long"])])
def test_that_one_line_too_many_is_found(body: int, expected: list[str]):
    for head in ("def long():\n", "async def long():\n"):
        assert [*too_long("a.py", head + "    pass\n" * body)] == expected


@pytest.mark.parametrize(("body", "expected"), [(399, []), (400, ["a.py: Long"])])
def test_that_a_class_with_one_line_too_many_is_found(body: int, expected: list[str]):
    assert [*too_long("a.py", "class Long:\n" + "    x = 1\n" * body)] == expected
