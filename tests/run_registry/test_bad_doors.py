"""The library before servers that break off, lie, or are none; and beside other packages."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow
import pytest

import run_registry
from app.services.acting import Acting
from app.services.pulling import runs as pull
from run_registry import RunRegistryError, door
from tests.builders import a_run, configure
from tests.door.serving import serving
from tests.run_registry.scripted import ARROW, Scripted, answer, scripted


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(door, "_PAUSES_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr(door, "_LONGEST_PAUSE_S", 0.0)


PAGE = answer(json.dumps({"rows": [], "next": None}).encode())
BROKEN_OFF = answer(b'{"rows": [', length=500)
BUSY = answer(b"{}", status="503 Service Unavailable", more="Retry-After: 5\r\n")


@pytest.mark.parametrize("first", [[BROKEN_OFF], [b""], [BUSY], [BROKEN_OFF, BUSY, b"HTTP/1.1 "]])
def test_that_a_read_is_repeated_until_it_comes_whole(first):
    with scripted(*first, PAGE) as server, run_registry.connect(server.url) as registry:
        assert len(registry.runs()) == 0
        assert len(server.heads) == 2 + len(first)


def test_that_a_rule_that_selects_is_repeated_too():
    selected = answer(json.dumps({"ranges": {"1": [[1, 2]]}, "warnings": []}).encode())
    with (
        scripted(BROKEN_OFF, selected) as server,
        run_registry.connect(server.url) as registry,
    ):
        assert registry.golden({"==": [1, 1]}, "online").ranges == {1: [(1, 2)]}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (BROKEN_OFF, "breaks off"),
        (b"", "breaks off"),
        (b"nonsense\r\n\r\n", "breaks off"),
        (BUSY, "answers 503"),
        (answer(b'{"rows": [{"run_number"'), "isn't JSON"),
        (answer(b"[" * 200_000), "can't be read"),
        (answer(b"<html>log in</html>", "text/html"), "isn't JSON"),
        (answer(b"[1, 2]"), "isn't an object"),
        (answer(b'{"rows": 7}'), "can't be read"),
        (answer(b'{"rows": [{"run_number": "x", "name": ""}]}'), "can't be read"),
        (answer(b'{"next": null}'), "can't be read"),
        (answer(b'{"rows": [], "next": "same"}'), "don't go on"),
        (answer(b"", status="302 Found", more="Location: https://auth/login\r\n"), "log in"),
        (answer(b"<h1>no", "text/html", "404 Not Found"), "answers 404"),
        (
            answer(b'{"detail": "The cursor is damaged."}', "application/problem+json", "400 Bad"),
            "^The cursor is damaged.$",
        ),
        (answer(b'["detail"]', "application/problem+json", "400 Bad"), "answers 400"),
    ],
)
def test_that_what_can_t_be_read_is_told_in_a_sentence(bad, words):
    with (
        scripted(bad) as server,
        run_registry.connect(server.url) as registry,
        pytest.raises(RunRegistryError, match=words),
    ):
        registry.runs()


def arrow(rows=2, *, metadata=None, columns=("recorded", "delivered")):
    table = pyarrow.table({name: [1.0] * rows for name in columns})
    dataset = {
        "run_number": 1, "name": "online", "length": 2, "triplets": [["EMPTY", "", ""]],
        "columns": {}, "bits": {}, "participating": [[1, 2]],
    }  # fmt: skip
    given = json.dumps({"datasets": [dataset]}) if metadata is None else metadata
    table = table.replace_schema_metadata({"run_registry": given})
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


def test_that_a_whole_table_is_taken():
    with scripted(answer(arrow(), ARROW)) as server, run_registry.connect(server.url) as registry:
        assert [len(each) for each in registry.season("online")] == [2]


@pytest.mark.parametrize(
    "body",
    [
        arrow()[:40],
        arrow()[:200],
        arrow()[:-100],
        b"",
        b"ARROW1" * 20,
        arrow(1),
        arrow(3),
        arrow(columns=("recorded",)),
        arrow(metadata="{"),
        arrow(metadata="{}"),
        arrow(metadata='{"datasets": [{"length": 2}]}'),
        arrow(metadata='{"datasets": [{"length": -2}, {"length": 4}]}'),
    ],
)
def test_that_a_damaged_table_is_told(body):
    with (
        scripted(answer(body, ARROW)) as server,
        run_registry.connect(server.url) as registry,
        pytest.raises(RunRegistryError, match="can't be read"),
    ):
        registry.season("online")


@pytest.mark.parametrize(
    "change",
    [
        {"columns": {"dt-dt": [[1, 3, 0]]}},
        {"columns": {"dt-dt": [[0, 1, 0]]}},
        {"columns": {"dt-dt": [[1, 2, 9]]}},
        {"columns": {"dt-dt": [[1, 2, -1]]}},
        {"columns": [1]},
        {"bits": {"bpix": [[1, 2, 5]]}},
        {"length": 3},
        {"length": "two"},
        {"triplets": [["GOOD"]]},
        {"participating": [["a", 2]]},
        {"luminosity": {"recorded": [1.0]}},
    ],
)
def test_that_lumisections_that_contradict_themselves_are_told(change):
    sound = {
        "run_number": 1, "name": "online", "length": 2, "triplets": [["EMPTY", "", ""]],
        "columns": {}, "bits": {}, "participating": [[1, 2]],
        "luminosity": {"recorded": [1.0, None], "delivered": [1.0, 2.0]},
    }  # fmt: skip
    bad = answer(json.dumps({"datasets": [sound | change]}).encode())
    good = answer(json.dumps({"datasets": [sound]}).encode())
    with scripted(good, bad) as server, run_registry.connect(server.url) as registry:
        assert len(registry.lumisections(1)) == 2
        with pytest.raises(RunRegistryError, match="can't be read"):
            registry.lumisections(1)


def test_that_what_is_no_door_is_told_when_it_is_connected():
    for first in (answer(b"{}"), answer(b"<html>", "text/html"), b""):
        server = Scripted(first)
        try:
            with pytest.raises(RunRegistryError, match=r"127\.0\.0\.1"):
                run_registry.connect(server.url)
        finally:
            server.close()
    with pytest.raises(RunRegistryError, match="can't be reached"):
        run_registry.connect("http://127.0.0.1:1")
    for address in ("http://", "http://[", "http://a b"):
        with pytest.raises(RunRegistryError):
            run_registry.connect(address)


def test_that_a_token_goes_with_each_request_and_never_in_the_open(monkeypatch):
    tokens = iter(["first", "second"])
    with (
        scripted(PAGE) as server,
        run_registry.connect(server.url, token=lambda: next(tokens)) as registry,
    ):
        registry.runs()
        sent = [head.lower() for head in server.heads]
        assert "authorization: bearer first" in sent[0]
        assert "authorization: bearer second" in sent[1]
    monkeypatch.setenv(door.TOKEN, "of-the-environment")
    with scripted(PAGE) as server, run_registry.connect(server.url):
        assert "authorization: bearer of-the-environment" in server.heads[0].lower()
    with pytest.raises(RunRegistryError, match="use https"):
        run_registry.connect("http://registry.cern.ch", token="secret")
    with pytest.raises(RunRegistryError, match="not for a database"):
        run_registry.connect("postgresql://a@127.0.0.1:1/b", token="secret")


def test_that_a_season_comes_without_arrow_where_the_door_has_none(database, monkeypatch):
    configure(database)
    pull.apply(Acting(database), a_run(396001, 5))
    with serving(Acting(database)) as served, run_registry.connect(served.url) as registry:
        whole = registry.season("online").to_arrow()
        monkeypatch.setattr("app.door.v1.negotiation.Form.is_there", property(lambda form: (
            form.value in ("json", "csv")
        )))  # fmt: skip
        assert registry.season("online").to_arrow().equals(whole)


def python(script, cwd, *paths):
    return subprocess.run(
        [sys.executable, "-c", script], cwd=cwd, env={"PYTHONPATH": ":".join(map(str, paths))},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_that_a_project_with_its_own_app_reads_over_http(database, tmp_path):
    configure(database)
    pull.apply(Acting(database), a_run(396001, 5))
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("MINE = True")
    root = Path(__file__).parents[2]
    with serving(Acting(database)) as served:
        script = f"""
import sys, run_registry
with run_registry.connect({served.url!r}) as registry:
    assert registry.runs()[0].run_number == 396001
    assert len(registry.season("online").to_pandas()) == 5
    assert registry.lumisections(396001).length == 5
    golden = registry.golden({{"==": [1, 1]}}, "online")
    assert golden.luminosity.missing == 0, golden.luminosity
assert not {{"app", "sqlalchemy", "psycopg", "starlette"}} & set(sys.modules)
import app
assert app.MINE
"""
        ran = python(script, tmp_path, tmp_path, root)
    assert ran.returncode == 0, ran.stderr
