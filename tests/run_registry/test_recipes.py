"""What a window copies for scripts runs: as an API call, as Python, as a command."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from app import __main__ as entry
from app.domain import recipes
from app.domain.errors import Refused
from app.domain.lumisections import LumiRange
from app.domain.recipes import DatasetAsked, GoldenAsked, ListAsked, RuleAsked, Thing
from app.services.acting import Acting
from app.services.golden import generation
from tests.builders import EXPERT
from tests.conftest import TestServer, prepared
from tests.door.serving import Served, serving
from tests.services.offline_runs import PROMPT
from tests.views import many_runs

RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
RUN = many_runs.SIGNED_OFF[0]
SORTED = ListAsked("runs", "class ~ \"Coll%\" and run > 1 or hlt_key = 'a&b c'", sort="class,-run")


@pytest.fixture(scope="module")
def dsn(server: TestServer) -> Iterator[str]:
    with server.copy(server.template(many_runs.TEMPLATE, many_runs.fill)) as address:
        with prepared(address) as database:
            many_runs.open_datasets(database)
            generation.generate(Acting(database, EXPERT), "/PromptReco/%", RULE)
        yield address


@pytest.fixture(scope="module")
def served(dsn: str) -> Iterator[Served]:
    with prepared(dsn) as database, serving(Acting(database)) as served:
        yield served


def over_http(served: Served, thing: Thing) -> Any:
    curl, options, *more, address = shlex.split(recipes.api_call(thing, served.url))
    assert (curl, options) == ("curl", "-fsS")
    path = address.removeprefix(served.url)
    if more:
        assert more[:3] == ["-H", "Content-Type: application/json", "--data-binary"]
        answer = served.post(path, json.loads(more[3]))
    else:
        answer = served.get(path)
    assert answer.status == 200, answer.body
    return answer


def printed(text: str) -> str:
    out = StringIO()
    with redirect_stdout(out):
        exec(compile(text, "copied", "exec"), {})
    return out.getvalue()


@pytest.fixture
def as_command(dsn, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("app.logs.start", lambda **_: tmp_path / "log")

    def run(thing: Thing) -> str:
        program, *words = shlex.split(recipes.command(thing, ("--dsn", dsn)))
        assert program == "run-registry"
        capsys.readouterr()
        assert entry.main(words) == 0
        return str(capsys.readouterr().out)

    return run


def test_that_a_list_runs_everywhere_in_its_order(served, dsn, as_command):
    numbers = [str(row["run_number"]) for row in over_http(served, SORTED).json["rows"]]
    assert len(numbers) > 5
    for address in (dsn, served.url):
        text = recipes.python(SORTED, address).replace(
            "found.to_pandas()", "[r.run_number for r in found]"
        )
        assert [each.strip() for each in printed(text).strip("[]\n").split(",")] == numbers
    assert [
        line.split()[0] for line in as_command(SORTED).splitlines()[1 : len(numbers) + 1]
    ] == numbers


def test_that_datasets_of_a_state_are_the_same_everywhere(served, dsn, as_command):
    opened = ListAsked(
        "datasets", "run > 1", "-run", workspace="global", states=("OPEN", "SIGNOFF")
    )
    rows = over_http(served, opened).json["rows"]
    assert rows
    assert {row["dataset"]["global_state"] for row in rows} <= {"OPEN", "SIGNOFF"}
    text = recipes.python(opened, dsn).replace("found.to_pandas()", "len(found)")
    assert printed(text) == f"{len(rows)}\n"
    assert as_command(opened).count("/DQM") == len(rows)


def test_that_only_a_command_lists_what_is_hidden(as_command):
    hidden = ListAsked("datasets", hidden=True)
    for form in (recipes.api_call, recipes.python):
        with pytest.raises(Refused, match="copy this list as a command"):
            form(hidden, "")
    assert "No dataset" in as_command(hidden)


def test_that_a_run_a_dataset_and_cells_run_everywhere(served, dsn, as_command):
    run, dataset = DatasetAsked(RUN), DatasetAsked(RUN, PROMPT)
    cells = DatasetAsked(RUN, PROMPT, ("dt-dt",), (LumiRange(2, 4),))
    assert over_http(served, run).json["run"]["run_number"] == RUN
    assert over_http(served, dataset).json["datasets"][0]["name"] == PROMPT
    assert over_http(served, cells).body.splitlines()[0].endswith(b"dt-dt")
    for address in (dsn, served.url):
        assert str(RUN) in printed(recipes.python(run, address))
        assert "dt-dt" in printed(recipes.python(dataset, address))
        lines = printed(recipes.python(cells, address)).splitlines()
        assert [line.split()[0] for line in lines[-3:]] == ["2", "3", "4"]
    apart = DatasetAsked(RUN, PROMPT, ("dt-dt",), (LumiRange(1, 1), LumiRange(3, 3)))
    assert len(printed(recipes.python(apart, dsn)).splitlines()) == 4
    assert str(RUN) in as_command(run)
    assert "dt-dt" in as_command(dataset)


def test_that_a_golden_json_is_the_same_everywhere(served, dsn, as_command):
    golden = GoldenAsked(1)
    stored = over_http(served, golden).json
    assert stored
    for address in (dsn, served.url):
        assert set(eval(printed(recipes.python(golden, address)))) == set(stored)
    assert set(eval(as_command(golden))) == set(stored)


def test_that_a_form_of_a_golden_json_is_the_same_over_http_and_as_a_command(served, as_command):
    form = GoldenAsked(1, "with-dataset-names")
    stored = over_http(served, form).json
    assert all(key.endswith(PROMPT) for key in stored)
    assert json.loads(as_command(form)) == stored
    with pytest.raises(Refused, match="copy this form as an API call"):
        recipes.python(form, "")


def test_that_the_rule_of_a_workbench_selects_the_same_everywhere(served, dsn, tmp_path):
    asked = RuleAsked({"and": [RULE, {"!=": [{"var": "run.oms.hlt_key"}, "it's $HOME `x`"]}]}, "%")
    selected = over_http(served, asked).json["ranges"]
    assert selected
    for address in (dsn, served.url):
        assert json.loads(printed(recipes.python(asked, address))) == selected
    line = recipes.command(asked, ("--dsn", dsn)).replace(
        "run-registry", f"{sys.executable} -m app", 1
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(
        line, shell=True, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert " lost in " in done.stdout
