"""The demonstration's season: the same every time, believable, and alive."""

import asyncio
import itertools
import json
import re
from collections.abc import Iterator

import pytest

from app import assets
from app.demo.live_oms import LiveOms
from app.demo.season import DemoSeason
from app.demo.simulated_oms import SimulatedOms
from app.domain.json_value import JsonObject, JsonValue
from app.domain.sources.oms import (
    KEPT_LUMISECTION_ATTRIBUTES,
    OmsRun,
    beams_present_and_stable,
    kept,
    oms_run,
    reduced_lumisection_attributes,
    with_luminosity_per_lumisection,
)
from app.sync.oms import OmsClient
from app.sync.oms_requests import OmsSettings


class Heard:
    """What OMS was told of a season."""

    def __init__(self, season: DemoSeason) -> None:
        self._season = season
        self._oms = SimulatedOms(port=0)
        self._oms.start()
        season.tell(self._oms)

    def advance(self, now: float) -> bool:
        changed = self._season.advance(now)
        if changed:
            self._season.tell_news(self._oms)
        return changed

    def close(self) -> None:
        self._oms.close()

    def document(self, resource: str, **query: str) -> list[JsonObject]:
        asked = {f"filter[{name}]": value for name, value in query.items()}
        document = self._oms.document(resource, {**asked, "page[limit]": "5000"})
        assert document is not None
        data = document["data"]
        assert isinstance(data, list)
        return [entry["attributes"] for entry in data]  # type: ignore[call-overload,index,misc]

    def runs(self) -> list[OmsRun]:
        return [self.run(number) for number in self._season.run_numbers]

    def run(self, number: int) -> OmsRun:
        attributes = self.document("runs", run_number=str(number))[0]
        fills = self.document("fills", fill_number=str(attributes["fill_number"]))
        lumisections: list[JsonValue] = [*self.document("lumisections", run_number=str(number))]
        return oms_run(attributes, lumisections, fills[0] if fills else None)


@pytest.fixture(scope="module")
def runs() -> list[OmsRun]:
    """What OMS says of the runs of a season."""
    heard = Heard(DemoSeason(2025, 0.0))
    said = heard.runs()
    heard.close()
    return said


@pytest.fixture
def small() -> Iterator[tuple[DemoSeason, Heard]]:
    season = DemoSeason(7, 0.0, history=3, lumisection_s=1.0)
    heard = Heard(season)
    yield season, heard
    heard.close()


def number(value: JsonValue) -> float:
    assert isinstance(value, int | float)
    return value


def test_that_the_same_seed_gives_the_same_season_and_another_one_another() -> None:
    heard = [Heard(DemoSeason(seed, 0.0, history=4)) for seed in (1, 1, 2)]
    said = [each.runs() for each in heard]
    for each in heard:
        each.close()
    assert said[0] == said[1]
    assert said[0] != said[2]


def test_that_there_are_some_forty_runs_of_all_kinds(runs: list[OmsRun]) -> None:
    keys = [str(run.attributes["hlt_key"]) for run in runs]
    assert 41 <= len(runs) <= 48
    assert sum(key.startswith("/cdaq/physics/Run2025/") for key in keys) >= 15
    assert sum(key.startswith("/cdaq/cosmic/commissioning2025/") for key in keys) >= 6
    assert sum("physics" not in key and "cosmic" not in key for key in keys) >= 2
    assert all(4 <= len(run.lumisections) <= 900 for run in runs)
    assert {run.fill["era"] for run in runs if run.fill} == {"2025C", "2025D"}


def test_that_only_the_last_run_is_being_taken(runs: list[OmsRun]) -> None:
    assert [run.attributes["end_time"] for run in runs].count(None) == 1
    assert runs[-1].attributes["end_time"] is None
    updates = [str(run.attributes["last_update"]) for run in runs]
    assert updates == sorted(updates)


def test_that_collisions_have_stable_beams_and_everything_else_has_none(runs: list[OmsRun]) -> None:
    for run in runs[:-1]:
        physics = "/physics/" in str(run.attributes["hlt_key"])
        assert beams_present_and_stable(run.lumisections) is physics
        assert run.attributes["stable_beam"] is physics
        if physics:
            assert run.fill is not None
            assert run.fill["injection_scheme"]


def test_that_the_tracker_was_ready_in_every_run_that_counts(runs: list[OmsRun]) -> None:
    for run in runs[:-1]:
        if run.attributes["tier0_transfer"]:
            reduced = reduced_lumisection_attributes(run.lumisections)
            assert reduced["tob_ready"]
            assert reduced["bpix_ready"]


def test_that_every_kept_attribute_is_there_in_every_lumisection(runs: list[OmsRun]) -> None:
    for run in runs:
        assert all(
            kept(lumisection).keys() == KEPT_LUMISECTION_ATTRIBUTES
            for lumisection in run.lumisections
        )


def test_that_the_luminosity_of_each_lumisection_is_the_growth_of_the_total(
    runs: list[OmsRun],
) -> None:
    for run in runs[:6]:
        lumisections = with_luminosity_per_lumisection(run.lumisections)
        for lumisection in lumisections[:-1]:
            for name in ("recorded", "delivered"):
                growth = number(lumisection[f"{name}_lumi_per_lumi"])
                assert growth == pytest.approx(number(lumisection[name]), abs=2e-6)
        total = sum(number(lumisection["delivered"]) for lumisection in lumisections)
        assert number(run.attributes["delivered_lumi"]) == pytest.approx(total, abs=1e-5)


def test_that_luminosity_decays_in_a_long_fill_and_less_is_recorded_than_delivered(
    runs: list[OmsRun],
) -> None:
    by_fill: dict[JsonValue, list[JsonObject]] = {}
    for run in runs[:-1]:
        if run.fill is not None:
            by_fill.setdefault(run.attributes["fill_number"], []).extend(run.lumisections)
    longest = max(by_fill.values(), key=len)
    delivered = [number(ls["delivered"]) for ls in longest if ls["beam1_stable"]]
    assert sum(delivered[-50:]) < 0.8 * sum(delivered[:50])
    for lumisection in itertools.chain.from_iterable(by_fill.values()):
        assert 0 <= number(lumisection["recorded"]) <= number(lumisection["delivered"])


def test_that_detectors_trip_now_and_then(runs: list[OmsRun]) -> None:
    trips = 0
    bits = [
        *("bpix_ready", "fpix_ready", "tecm_ready", "tob_ready", "hf_ready", "ho_ready"),
        *("esp_ready", "eem_ready", "dtp_ready", "cscm_ready", "rpc_ready", "gemp_ready"),
    ]
    for run in runs:
        stable = [ls for ls in run.lumisections if ls["beam1_stable"]][25:-15]
        trips += any(ls[bit] is False for ls in stable for bit in bits)
    assert 4 <= trips <= 25


def test_that_the_live_run_gains_a_lumisection_at_every_beat(
    small: tuple[DemoSeason, Heard],
) -> None:
    season, heard = small
    before = heard.run(season.live_run)
    assert not heard.advance(0.5)
    assert heard.advance(1.0)
    assert heard.advance(3.0)
    after = heard.run(season.live_run)
    assert len(after.lumisections) == len(before.lumisections) + 3
    assert after.lumisections[: len(before.lumisections)] == before.lumisections
    assert str(after.attributes["last_update"]) > str(before.attributes["last_update"])
    assert number(after.attributes["duration"] or 0) == 0


def test_that_the_live_run_ends_and_the_next_begins(small: tuple[DemoSeason, Heard]) -> None:
    season, heard = small
    first = season.live_run
    now = 0.0
    while heard.run(first).attributes["end_time"] is None:
        now += 1.0
        heard.advance(now)
    assert season.live_run == first
    whole = heard.run(first)
    while season.live_run == first:
        now += 1.0
        heard.advance(now)
    assert heard.run(first) == whole
    assert season.live_run > first
    assert len(heard.run(season.live_run).lumisections) == 1
    assert heard.run(season.live_run).attributes["end_time"] is None


def test_that_a_machine_that_slept_does_not_wake_to_a_season_of_new_runs(
    small: tuple[DemoSeason, Heard],
) -> None:
    season, heard = small
    before = len(heard.run(season.live_run).lumisections)
    heard.advance(86_400.0)
    assert len(heard.run(season.live_run).lumisections) == before + 60


def test_that_a_season_that_continues_never_makes_a_run_shorter() -> None:
    season = DemoSeason(7, 0.0, history=3, lumisection_s=1.0)
    heard = Heard(season)
    for now in range(1, 500):
        heard.advance(float(now))
        live = heard.run(season.live_run)
        if now % 61 == 0:
            point = (season.live_run, len(live.lumisections))
            again = DemoSeason(7, 0.0, history=3, continues=point)
            told = Heard(again)
            assert again.run_numbers == season.run_numbers
            assert told.runs() == heard.runs()
            told.close()
    heard.close()


def test_that_a_season_known_in_part_begins_as_a_new_one() -> None:
    new = DemoSeason(7, 0.0, history=10)
    in_part = DemoSeason(7, 0.0, history=10, continues=(new.run_numbers[4], 12))
    assert in_part.run_numbers == new.run_numbers


def test_that_the_live_season_is_served_and_grows_while_it_is_watched() -> None:
    beats = itertools.count()
    season = DemoSeason(7, 0.0, history=3, lumisection_s=1.0)

    async def watch(url: str) -> None:
        async with OmsClient(OmsSettings(url=url, pause_s=0.0)) as client:
            first = await client.run(season.live_run)
            while len(await client.lumisections(first.run_number)) < len(first.lumisections) + 5:
                pass

    with LiveOms(season, clock=lambda: float(next(beats)), tick_s=0.001) as oms:
        asyncio.run(asyncio.wait_for(watch(oms.url), 20))


def test_that_the_dqm_gui_has_what_the_shipped_configuration_accepts():
    season = DemoSeason(7, 0.0)
    with assets.path("configuration").joinpath("DatasetsAccepted.json").open() as file:
        expressions = [
            (row["run_from"], row["run_to"], re.compile(line))
            for row in json.load(file)
            for line in row["regexp"].splitlines()
        ]
    items = season.in_dqm_gui()
    assert items == season.in_dqm_gui()
    assert season.live_run not in {run for run, _ in items}
    for run, name in items:
        assert any(
            first <= run <= last and expression.search(name)
            for first, last, expression in expressions
        ), (run, name)
    newest = max(run for run, _ in items)
    assert all("Express" in name for run, name in items if run == newest)
    assert any("ZeroBias" in name for _, name in items)
