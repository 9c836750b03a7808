"""The library over a database, with two runs and their online datasets."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import run_registry
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.history.writes import newest_version
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.editing import lumisections
from app.services.pulling import runs as pull
from run_registry import LumiList, NotConnected, RunRegistryError
from tests.builders import EXPERT, a_run

GOOD_DT = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}


def flag(database, lumis, status="BAD"):
    edit = lumisections.ColumnEdit(396002, "online", "dt-dt", (lumis,), Triplet(status, "hv trip"))
    lumisections.edit_columns(Acting(database, EXPERT), [edit])


@pytest.fixture
def season(database):
    """Two runs; pixel off in LS 5-6 of the first, dt BAD in LS 10-12 of the second."""
    configuration.install_default(Acting(database))
    off = {5: {"bpix_ready": False}, 6: {"bpix_ready": None}}
    pull.apply(Acting(database), a_run(396001, 20, changed=off))
    pull.apply(Acting(database), a_run(396002, 15))
    flag(database, LumiRange(10, 12))
    return database


@pytest.fixture
def registry(season, dsn):
    with run_registry.connect(dsn) as registry:
        yield registry


def test_that_runs_are_records_with_their_attributes(registry):
    runs = registry.runs()
    assert [each.run_number for each in runs] == [396002, 396001]
    assert runs[0]["class"] == "Collisions25"
    assert runs[0].name == "online"
    assert [each.run_number for each in registry.runs("run < 396002")] == [396001]
    assert [each.run_number for each in registry.runs("dt-dt.BAD > 0")] == [396002]
    assert len(registry.datasets()) == 0
    table = runs.to_pandas()
    assert list(table["run_number"]) == [396002, 396001]
    assert table["class"].iloc[0] == "Collisions25"


def test_that_lumisections_are_arrays(registry):
    first = registry.lumisections(396001)
    assert (len(first), first.luminosity.recorded.shape) == (20, (20,))
    assert np.flatnonzero(~first.bit("bpix_ready")).tolist() == [4, 5]
    second = registry.lumisections(396002, "online")
    codes, categories = second.status("dt-dt")
    assert [categories[code] for code in codes[8:13]] == ["GOOD", "BAD", "BAD", "BAD", "GOOD"]
    assert np.flatnonzero(second.status("dt-dt").are("BAD")).tolist() == [9, 10, 11]
    assert [tuple(each)[:3] for each in second.ranges("dt-dt")] == [
        (1, 9, "GOOD"), (10, 12, "BAD"), (13, 15, "GOOD"),
    ]  # fmt: skip
    assert second.ranges("dt-dt")[1].comment == "hv trip"


def test_that_lumisections_are_a_table(registry):
    table = registry.lumisections(396001).to_pandas()
    assert (table.index.name, list(table.index[:2]), len(table)) == ("lumisection", [1, 2], 20)
    assert table["bpix_ready"].isna().tolist() == [number == 6 for number in range(1, 21)]
    assert table.loc[5, "bpix_ready"] == np.False_
    assert set(registry.lumisections(396002).to_pandas()["dt-dt"]) == {"GOOD", "BAD"}


def test_that_a_season_is_one_table(registry):
    season = registry.season("online")
    assert [each.run_number for each in season] == [396001, 396002]
    table = season.to_pandas()
    assert len(table) == 35
    bad = table[table["dt-dt"] == "BAD"]
    assert list(zip(bad["run_number"], bad["lumisection"], strict=True)) == [
        (396002, number) for number in (10, 11, 12)
    ]
    arrow = season.to_arrow()
    assert arrow.column_names == list(table.columns)
    assert arrow.to_pandas()["dt-dt"].astype(str).tolist() == table["dt-dt"].astype(str).tolist()
    assert arrow["bpix_ready"].null_count == table["bpix_ready"].isna().sum() == 1


def test_that_a_golden_list_masks_and_knows_its_luminosity(registry):
    golden = registry.golden(GOOD_DT, "online")
    assert golden.ranges == {396001: [(1, 20)], 396002: [(1, 9), (13, 15)]}
    assert golden.mask([396002, 396002], [9, 10]).tolist() == [True, False]
    all_ = registry.luminosity(LumiList({396001: [(1, 20)], 396002: [(1, 15)]}))
    lost = registry.luminosity(LumiList({396002: [(10, 12)]}))
    assert golden.luminosity.recorded == pytest.approx(all_.recorded - lost.recorded)
    assert registry.luminosity(LumiList({1: [(1, 3)]})).missing == 3


def test_that_everything_is_as_it_was_at_a_version(registry, season, dsn):
    with season.read() as connection:
        before = newest_version(connection)
    flag(season, LumiRange(1, 15), "GOOD")
    assert registry.golden(GOOD_DT, "online").ranges[396002] == [(1, 15)]
    with run_registry.connect(dsn, as_of=before) as past:
        assert past.golden(GOOD_DT, "online").ranges[396002] == [(1, 9), (13, 15)]
        assert past.lumisections(396002).ranges("dt-dt")[1].status == "BAD"
        assert len(past.season("online").to_pandas()) == 35
        assert [each.run_number for each in past.runs()] == [396002, 396001]
        assert past.runs()[0]["class"] == "Collisions25"
        assert len(past.datasets()) == 0
        with pytest.raises(RunRegistryError, match="Filters ask for what is now"):
            past.runs("run > 1")
    with (
        run_registry.connect(dsn, as_of=10**9) as future,
        pytest.raises(RunRegistryError, match="no version"),
    ):
        future.season("online")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda it: it.runs("run >"), "Expected a value"),
        (lambda it: it.lumisections(1), "Run 1 is not in"),
        (lambda it: it.lumisections(396001, "offline"), "offline"),
        (
            lambda it: it.lumisections(396001).status("nonsense"),
            "no column nonsense: it has .*dt-dt",
        ),
        (lambda it: it.lumisections(396001).bit("nonsense"), "no DCS bit nonsense: it has .*bpix"),
        (lambda it: it.season("/Nowhere/%"), "No dataset name matches"),
        (lambda it: it.golden({"nonsense": []}, "online"), "nonsense"),
    ],
)
def test_that_what_is_asked_wrongly_is_refused_in_a_sentence(registry, ask, words):
    with pytest.raises(RunRegistryError, match=words):
        ask(registry)


def test_that_a_closed_registry_reads_nothing(season, dsn):
    registry = run_registry.connect(dsn)
    registry.close()
    registry.close()
    with pytest.raises(NotConnected):
        registry.runs()


def test_that_a_server_that_is_not_there_is_told():
    with pytest.raises(RunRegistryError, match=r"127\.0\.0\.1"):
        run_registry.connect("postgresql://nobody@127.0.0.1:1/nothing")


def python(*words, cwd):
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, env={"PYTHONPATH": f"{cwd}:{root}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_that_importing_loads_neither_the_program_nor_qt(tmp_path):
    script = (
        "import sys, run_registry\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'app', 'PySide6', 'sqlalchemy', 'psycopg', 'pandas', 'httpx'}))"
    )
    assert python("-c", script, cwd=tmp_path).stdout == "[]\n"


def test_that_another_package_called_app_is_named(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").touch()
    script = "import run_registry\nrun_registry.connect('postgresql://a@127.0.0.1:1/b')"
    ran = python("-c", script, cwd=tmp_path)
    assert f"{tmp_path / 'app' / '__init__.py'} is found first" in ran.stderr
