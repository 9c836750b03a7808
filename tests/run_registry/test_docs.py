"""Every example of docs/python.md, one after the other, on thirty runs: over both sources."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import matplotlib
import pytest

import run_registry
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.services.acting import Acting
from app.services.editing import lumisections
from run_registry import compat
from tests.builders import EXPERT
from tests.conftest import TestServer, prepared
from tests.door.serving import serving
from tests.services.offline_runs import PROMPT
from tests.views import many_runs

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


@contextmanager
def at_a_door(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is connected to without an address is a door."""
    connect, use = run_registry.connect, compat.use
    with prepared(dsn) as database, serving(Acting(database)) as served:
        monkeypatch.setattr(run_registry, "connect", lambda: connect(served.url))
        monkeypatch.setattr(compat, "use", lambda: use(served.url))
        yield


def test_that_every_function_of_the_old_client_is_in_the_table() -> None:
    table = PAGE.read_text("utf-8").partition("| `runregistry` |")[2]
    named = set(
        re.findall(r"`(\w+)(?:\(.*?\))?`", "".join(re.findall(r"^\| (.*?) \|", table, re.M)))
    )
    assert named == {*compat.__all__} - {"close", "setup", "use"}


@pytest.mark.parametrize("source", ["database", "door"])
def test_that_the_examples_run(
    source: str, server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").touch()
    monkeypatch.setenv("RUN_REGISTRY_SETTINGS", str(tmp_path / "settings.toml"))
    examples = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(examples) == 7
    with server.copy(server.template(many_runs.TEMPLATE, many_runs.fill)) as dsn:
        with prepared(dsn) as database:
            many_runs.open_datasets(database)
            bad = lumisections.ColumnEdit(
                many_runs.SIGNED_OFF[0],
                PROMPT,
                "dt-dt",
                (LumiRange(2, 4),),
                Triplet("BAD", "hv trip"),
            )
            lumisections.edit_columns(Acting(database, EXPERT), [bad])
        monkeypatch.setenv("RUN_REGISTRY_DSN", dsn)
        names: dict[str, Any] = {}
        with at_a_door(dsn, monkeypatch) if source == "door" else nullcontext():
            try:
                for number, example in enumerate(examples, 1):
                    exec(compile(example, f"example {number}", "exec"), names)
            finally:
                names["registry"].close()
                compat.close()
    assert (tmp_path / "certified.png").stat().st_size > 5_000
    share = names["share"]
    assert share[many_runs.SIGNED_OFF[0]] == pytest.approx(0.7, abs=0.01)
    assert len(share) == len(many_runs.SIGNED_OFF)
