"""The examples of docs/agents.md and the commands of the first hour, on runs with dead time."""

import re
import shlex
from pathlib import Path

import run_registry as library
from app.__main__ import main
from tests.cli.agents.test_runs import OPEN, dsn
from tests.cli.conftest import RunRegistry, run_registry
from tests.features.test_documents import NOT_RUN

__all__ = ["dsn", "run_registry"]

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "agents.md"


def of_page(page: Path) -> list[str]:
    """Commands that the other test of examples passes over."""
    found, marked = [], False
    for line in page.read_text("utf-8").splitlines():
        if line.startswith("    ./run agent") and marked:
            found.append(line.strip().removeprefix("./run "))
        elif line.strip():
            marked = NOT_RUN.search(line) is not None
    return found


def test_that_the_agent_of_thirty_lines_runs_as_it_is_written(
    run_registry: RunRegistry, dsn: str, monkeypatch, capsys
):
    (example,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert len([line for line in example.splitlines() if line.strip()]) <= 30
    monkeypatch.setenv("RUN_REGISTRY_DSN", dsn)
    assert main(shlex.split("agent register dt-share --agent-version 1 --proposes dt-dt")) == 0
    capsys.readouterr()
    for said in ("2 proposals submitted to people.", "Nothing new was proposed."):
        exec(compile(example, "example", "exec"), {"__name__": "example"})
        assert capsys.readouterr().out.strip() == said
    with library.connect() as registry:
        found = {(each.run_number, each.ranges) for each in registry.proposals("open")}
    # The hiccup of one lumisection that people don't mind is there, too: it only divides.
    assert found == {(OPEN, ((9, 9), (24, 29))), (OPEN + 1, ((9, 9),))}


def test_that_the_commands_of_the_pages_run_as_they_are_written(
    run_registry: RunRegistry, dsn: str, monkeypatch
):
    commands = of_page(DOCS / "first-hour.md") + of_page(PAGE)
    assert len(commands) == 7
    monkeypatch.setenv("RUN_REGISTRY_DSN", dsn)
    for command in dict.fromkeys(commands):
        done = run_registry(*shlex.split(command.replace("396290", "390011")))
        assert done.code == 0, (command, done.err)
        assert done.out.strip()
