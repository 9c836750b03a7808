"""Datasets held for one rule after the other, narrowed by run and era; several lists at once."""

import time

import pytest

from app.domain.errors import NotPermitted, Refused
from app.domain.json_logic import parse
from app.domain.json_value import JsonValue
from app.domain.progress import Cancelled, Progress
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.golden import bench as golden_bench
from app.services.golden import generation as golden
from app.services.golden.bench import EVERYTHING, Narrowing
from app.services.golden.generation import TaggedRule
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run
from tests.conftest import filled_once

DT: JsonValue = {"==": [{"var": "lumisection.oms.dtm_ready"}, True]}
PIXEL: JsonValue = {"==": [{"var": "lumisection.oms.bpix_ready"}, True]}


@filled_once
def season(database: Database) -> None:
    """Three runs of 20 LS; pixel off in LS 5 and 6 of the first, DT in LS 6 of the first."""
    configuration.install_default(Acting(database))
    off = {5: {"bpix_ready": False}, 6: {"bpix_ready": False, "dtm_ready": False}}
    pull.apply(Acting(database), a_run(396001, 20, changed=off))
    pull.apply(Acting(database), a_run(396002, 20))
    pull.apply(Acting(database), a_run(396003, 20))


def test_that_figures_are_those_of_the_list_that_is_made(season: Database) -> None:
    bench = golden_bench.bench(Acting(season), "online")
    rule: JsonValue = {"and": [DT, PIXEL]}
    shown = bench.preview(parse(rule))
    made = golden.generate(Acting(season, EXPERT), "online", rule)
    assert shown.inside.lumisections == made.selection.lumisections == 58
    assert shown.lost.lumisections == 2
    assert (shown.inside.runs, shown.lost.runs) == (3, 0)
    assert shown.inside.luminosity == made.selection.in_json
    first, second = shown.costs
    assert first.condition == '{"==":[{"var":"lumisection.oms.bpix_ready"},true]}'
    assert (first.failed.lumisections, first.alone.lumisections) == (2, 1)
    assert (second.failed.lumisections, second.alone.lumisections) == (1, 0)
    assert bench.names == {"online": 3}
    assert bench.runs == (396001, 396003)


@pytest.mark.parametrize(
    ("narrowing", "runs"),
    [
        (EVERYTHING, ["396001", "396002", "396003"]),
        (Narrowing(first_run=396002), ["396002", "396003"]),
        (Narrowing(396002, 396002), ["396002"]),
        (Narrowing(last_run=396001), ["396001"]),
    ],
)
def test_that_what_is_narrowed_is_what_the_stored_rule_says(
    season: Database, narrowing: Narrowing, runs: list[str]
) -> None:
    bench = golden_bench.bench(Acting(season), "online", narrowing)
    shown = bench.preview(parse(DT))
    rule = golden_bench.narrowed(DT, narrowing)
    made = golden.generate(Acting(season, EXPERT), "online", rule)
    assert list(golden.row(Acting(season), made.id).generated_json) == runs
    assert shown.inside.lumisections == made.selection.lumisections
    assert shown.total.runs == len(runs)


def test_that_an_era_narrows_as_well(season: Database) -> None:
    (era,) = golden_bench.bench(Acting(season), "online").eras
    if era:
        assert golden_bench.bench(Acting(season), "online", Narrowing(era=era)).datasets == 3
    with pytest.raises(Refused, match="396001 to 396003"):
        golden_bench.bench(Acting(season), "online", Narrowing(era="Run2099Z"))


def test_that_conditions_of_a_narrowed_rule_stand_first() -> None:
    narrowed = golden_bench.narrowed({"and": [DT]}, Narrowing(1, 2, "Run2025C"))
    run: JsonValue = {"var": "run.run_number"}
    assert narrowed == {
        "and": [
            {">=": [run, 1]},
            {"<=": [run, 2]},
            {"==": [{"var": "run.oms.era"}, "Run2025C"]},
            DT,
        ]
    }
    assert golden_bench.narrowed(DT, Narrowing(1)) == {"and": [{">=": [run, 1]}, DT]}


def test_that_a_season_in_memory_is_read_once_until_something_is_written(
    season: Database,
) -> None:
    one = golden_bench.bench(Acting(season), "online")
    # A season is kept only if nobody was writing, in whatever database of the server.
    until = time.monotonic() + 60
    while (again := golden_bench.bench(Acting(season), "online")).season is not one.season:
        assert time.monotonic() < until
        one = again
    pull.apply(Acting(season), a_run(396004, 3))
    assert golden_bench.bench(Acting(season), "online").datasets == 4


def test_that_several_lists_are_made_of_one_state_or_none(season: Database) -> None:
    shares: list[float] = []
    rules = [TaggedRule(DT, "dt"), TaggedRule(PIXEL, "pixel"), TaggedRule(True, "all")]
    made = golden.generate_several(
        Acting(season, EXPERT), "online", rules, progress=Progress(shares.append)
    )
    rows = [golden.row(Acting(season), each.id) for each in made]
    assert [each.entry.tags for each in rows] == ["dt", "pixel", "all"]
    assert [each.entry.lumisections for each in rows] == [59, 58, 60]
    assert len({each.entry.version for each in rows}) == 1
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    known = len(golden.entries(Acting(season)))
    with pytest.raises(Refused):
        golden.generate_several(
            Acting(season, EXPERT), "online", [TaggedRule(DT), TaggedRule({"=": [1, 1]})]
        )
    with pytest.raises(NotPermitted):
        golden.generate_several(Acting(season, NOBODY), "online", [TaggedRule(DT)], official=True)
    checks: list[int] = []

    def cancelled() -> bool:
        checks.append(1)
        return len(checks) > 8

    with pytest.raises(Cancelled):
        golden.generate_several(
            Acting(season, EXPERT), "online", rules, progress=Progress(is_cancelled=cancelled)
        )
    assert len(golden.entries(Acting(season))) == known


def test_that_lists_are_found_by_all_words(season: Database) -> None:
    golden.generate(Acting(season, EXPERT), "online", DT, tags="week 47 prompt")
    made = golden.generate(Acting(season, EXPERT), "online", PIXEL, tags="week 48", official=True)
    assert [each.tags for each in golden.entries(Acting(season), words="prompt WEEK")] == [
        "week 47 prompt"
    ]
    assert [each.id for each in golden.entries(Acting(season), words=f"#{made.id} official")] == [
        made.id
    ]
    assert golden.entries(Acting(season), words="week 49") == []
    assert len(golden.entries(Acting(season), words="  ")) == 2


def test_that_several_named_rules_are_narrowed_and_tagged_with_their_names(
    season: Database,
) -> None:
    acting = Acting(season, EXPERT)
    rules = [("dt", DT), ("week", PIXEL)]
    made = golden_bench.generate_named(acting, "online", rules, Narrowing(396002), tags="week 33")
    stored = [golden.row(acting, each.id) for each in made]
    assert [each.entry.tags for each in stored] == ["week 33 dt", "week 33"]
    assert [sorted(each.generated_json) for each in stored] == [["396002", "396003"]] * 2
    (alone,) = golden_bench.generate_named(acting, "online", rules[:1], tags="mine")
    assert golden.row(acting, alone.id).entry.tags == "mine"
    assert alone.text.startswith(f"Golden JSON {alone.id}: 3 runs, 59 LS, ")
