"""The library over a database and over a door, with two runs and their online datasets."""

import importlib.util
import json
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

import run_registry
from app.domain import triplets
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.history.writes import newest_version
from app.services.acting import Acting
from app.services.certification import cycles, second_eyes
from app.services.configuration import in_force as configuration
from app.services.editing import lumisections
from app.services.pulling import runs as pull
from run_registry import LumiList, NotConnected, RunRegistryError, UnknownVariableWarning
from run_registry.lumisections import STATUSES
from tests.builders import EXPERT, a_run
from tests.conftest import databases_filled_by, prepared
from tests.door.serving import serving
from tests.services.offline_runs import EXPRESS, FIRST, OPENED, PROMPT, fill_opened

GOOD_DT = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}


def flag(database, lumis, status="BAD"):
    edit = lumisections.ColumnEdit(396002, "online", "dt-dt", (lumis,), Triplet(status, "hv trip"))
    lumisections.edit_columns(Acting(database, EXPERT), [edit])


def fill_season(database):
    """Two runs; pixel off in LS 5-6 of the first, dt BAD in LS 10-12 of the second."""
    configuration.install_default(Acting(database))
    off = {5: {"bpix_ready": False}, 6: {"bpix_ready": None}}
    pull.apply(Acting(database), a_run(396001, 20, changed=off))
    pull.apply(Acting(database), a_run(396002, 15))
    flag(database, LumiRange(10, 12))


template = databases_filled_by(fill_season)


@pytest.fixture
def season(database):
    return database


@pytest.fixture(params=["database", "door", "door without pyarrow"])
def address(request, season, dsn, monkeypatch):
    """Where the season is read: its database, or a door in front of it."""
    if request.param == "database":
        yield dsn
        return
    if request.param == "door without pyarrow":
        found = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name == "pyarrow" else found(name)
        )
    with serving(Acting(season)) as served:
        yield served.url


@pytest.fixture
def registry(address):
    with run_registry.connect(address) as registry:
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


@pytest.mark.parametrize("over", ["database", "door"])
def test_that_datasets_say_what_is_verified_and_frozen(server, over):
    template = server.template(OPENED, fill_opened)
    with server.copy(template) as dsn, prepared(dsn) as database:
        expert = Acting(database, EXPERT)
        key = (FIRST, PROMPT)
        second_eyes.verify(expert.by(Actor("second@cern.ch", EXPERT.egroups)), [key], "dt")
        made = cycles.create(expert, "week 40", date(2026, 1, 1), ["dt"], [key])
        second_eyes.freeze(expert, made.id)
        door = nullcontext() if over == "database" else serving(expert)
        with door as served, run_registry.connect(served.url if served else dsn) as registry:
            found = {(each.run_number, each.name): each for each in registry.datasets()}
    assert (found[key].verified, found[key].frozen_in) == ({"dt": "second@cern.ch"}, "week 40")
    assert (found[FIRST, EXPRESS].verified, found[FIRST, EXPRESS].frozen_in) == ({}, None)


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


def test_that_everything_is_as_it_was_at_a_version(registry, season, address):
    with season.read() as connection:
        before = newest_version(connection)
    flag(season, LumiRange(1, 15), "GOOD")
    assert registry.golden(GOOD_DT, "online").ranges[396002] == [(1, 15)]
    with run_registry.connect(address, as_of=before) as past:
        assert past.golden(GOOD_DT, "online").ranges[396002] == [(1, 9), (13, 15)]
        assert past.lumisections(396002).ranges("dt-dt")[1].status == "BAD"
        assert len(past.season("online").to_pandas()) == 35
        assert [each.run_number for each in past.runs()] == [396002, 396001]
        assert past.runs()[0]["class"] == "Collisions25"
        assert len(past.datasets()) == 0
        assert [each.run_number for each in past.runs("run < 396002")] == [396001]
        assert [each.run_number for each in past.runs("dt-dt.BAD = 3")] == [396002]
        assert dict(past.runs()[0]) == dict(registry.runs()[0])
    assert [each.run_number for each in registry.runs("dt-dt.BAD = 3")] == []
    with run_registry.connect(address, as_of="2300-01-01") as future:
        assert [each.run_number for each in future.runs()] == [396002, 396001]
    moment = datetime.now(UTC)
    with run_registry.connect(address, as_of=moment) as past:
        assert past.golden(GOOD_DT, "online").ranges[396002] == [(1, 15)]
    for as_of, words in (
        (10**9, "no version"),
        ("1999-01-01", "no version before"),
        ("yesterday", '"yesterday" is no moment'),
        ("2025-02-30", "not a day"),
    ):
        with (
            run_registry.connect(address, as_of=as_of) as nowhere,
            pytest.raises(RunRegistryError, match=words),
        ):
            nowhere.season("online")
    with pytest.raises(RunRegistryError, match="no moment"):
        run_registry.connect(address, as_of=True)


def test_that_both_sources_say_the_same(season, dsn):
    with (
        serving(Acting(season)) as served,
        run_registry.connect(dsn) as near,
        run_registry.connect(served.url) as far,
    ):
        for run_number in (396001, 396002):
            one, other = near.lumisections(run_number), far.lumisections(run_number)
            assert_same(one, other)
        for one, other in zip(near.season("online"), far.season("online"), strict=True):
            assert_same(one, other)
        assert near.season("online").to_arrow().equals(far.season("online").to_arrow())
        for one, other in zip(near.runs(), far.runs(), strict=True):
            assert (dict(one), one.name) == (dict(other), other.name)
        assert near.golden(GOOD_DT, "online").luminosity == far.golden(GOOD_DT, "online").luminosity


def assert_same(one, other):
    assert (one.run_number, one.name, one.length) == (other.run_number, other.name, other.length)
    assert list(one.triplets) == list(other.triplets)
    assert one.columns == other.columns
    assert one.bits == other.bits
    for column in one.columns:
        np.testing.assert_array_equal(one.column_codes[column], other.column_codes[column])
    for bit in one.bits:
        np.testing.assert_array_equal(one.bit_codes[bit], other.bit_codes[bit])
    np.testing.assert_array_equal(one.participating, other.participating)
    np.testing.assert_array_equal(one.luminosity.recorded, other.luminosity.recorded)
    np.testing.assert_array_equal(one.luminosity.delivered, other.luminosity.delivered)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda it: it.runs("run >"), "Expected a value"),
        (lambda it: it.lumisections(1), "Run 1 is not in"),
        (lambda it: it.lumisections(396001, "offline"), "offline"),
        (
            lambda it: it.lumisections(396001).status("nonsense"),
            "^Run 396001, online has no column nonsense: there are .*dt-dt",
        ),
        (
            lambda it: it.lumisections(396001).ranges("dt-dtt"),
            r"no column dt-dtt\. Did you mean dt-dt\?",
        ),
        (
            lambda it: it.lumisections(396001).bit("nonsense"),
            "no DCS bit nonsense: there are .*bpix",
        ),
        (
            lambda it: it.lumisections(396001).status("dt-dt").are("BAD", "good"),
            r"no status 'good'\. Did you mean GOOD\?",
        ),
        (lambda it: it.lumisections("first"), "'first' is no run number"),
        (lambda it: it.runs({"class": "Collisions25"}), r"no filter: .*run_registry\.compat"),
        (lambda it: it.golden("{", "online"), "The rule is no JSON: "),
        (lambda it: it.golden([], "online"), "is no rule"),
        (lambda it: it.season("/Nowhere/%"), "No dataset name matches"),
        (lambda it: it.golden({"nonsense": []}, "online"), "nonsense"),
    ],
)
def test_that_what_is_asked_wrongly_is_refused_in_a_sentence(registry, ask, words):
    with pytest.raises(RunRegistryError, match=words):
        ask(registry)


def test_that_a_rule_that_reads_what_nothing_has_is_told(registry):
    mistyped = json.dumps({"!=": [{"var": "lumisection.rr.dt-dtt"}, "BAD"]})
    with pytest.warns(UnknownVariableWarning, match=r'rr\.dt-dtt"; did you mean .*dt-dt'):
        assert len(registry.golden(mistyped, "online")) == 35


def test_that_a_run_number_may_be_a_text_or_of_numpy(registry):
    for number in ("396001", np.int64(396001)):
        assert registry.lumisections(number).run_number == 396001


def test_that_every_status_there_is_may_be_asked_for(registry):
    assert triplets.STATUSES == STATUSES
    assert not registry.lumisections(396001).status("dt-dt").are("NOTSET", "EMPTY").any()


def test_that_a_table_says_what_to_install(registry, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    season = registry.season("online")
    for table in (
        registry.runs().to_pandas, season.to_pandas, season[0].to_pandas, season.to_arrow
    ):  # fmt: skip
        with pytest.raises(RunRegistryError, match=r"pip install 'run-registry-desktop\[tables\]'"):
            table()


def test_that_a_closed_registry_reads_nothing(address):
    registry = run_registry.connect(address)
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
