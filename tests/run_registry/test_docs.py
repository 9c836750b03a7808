"""Every example of docs/python.md, one after the other, on thirty runs."""

import re
from pathlib import Path

import matplotlib
import pytest

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.services.acting import Acting
from app.services.editing import lumisections
from tests.builders import EXPERT
from tests.conftest import TestServer, prepared
from tests.services.offline_runs import PROMPT
from tests.views import many_runs

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


def test_that_the_examples_run(
    server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").touch()
    monkeypatch.setenv("RUN_REGISTRY_SETTINGS", str(tmp_path / "settings.toml"))
    examples = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(examples) == 6
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
        names: dict[str, object] = {}
        for number, example in enumerate(examples, 1):
            exec(compile(example, f"example {number}", "exec"), names)
        names["registry"].close()
    assert (tmp_path / "certified.png").stat().st_size > 5_000
    share = names["share"]
    assert share[many_runs.SIGNED_OFF[0]] == pytest.approx(0.7, abs=0.01)
    assert len(share) == len(many_runs.SIGNED_OFF)
