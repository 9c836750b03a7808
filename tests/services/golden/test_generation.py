"""Generating golden JSON: what is selected, stored, kept in memory, reported."""

import json
import weakref

import pytest

from app.domain.errors import BadInput, NotFound, NotPermitted, Refused
from app.domain.identity import Actor
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled, Progress
from app.domain.triplets import Triplet
from app.models.golden import generated_json
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.editing import lumisections
from app.services.golden import generation as golden
from app.services.pulling import runs as pull
from app.services.recount import recounting
from tests.builders import EXPERT, NOBODY, a_run
from tests.conftest import databases_filled_by
from tests.services.offline_runs import store_and_fold_later, store_run_event

GOOD_DT = {
    "and": [
        {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]},
        {"==": [{"var": "lumisection.oms.bpix_ready"}, True]},
    ]
}
STABLE = {"==": [{"var": "lumisection.oms.beam1_stable"}, True]}


def fill_season(database):
    """Two runs; LS 5-6 of the first without pixel, dt BAD in LS 10-12 of the second."""
    configuration.install_default(Acting(database))
    pull.apply(
        Acting(database),
        a_run(396001, 20, changed={5: {"bpix_ready": False}, 6: {"bpix_ready": False}}),
    )
    pull.apply(Acting(database), a_run(396002, 15))
    bad_dt(database, LumiRange(10, 12))


template = databases_filled_by(fill_season)


@pytest.fixture
def season(database):
    return database


def bad_dt(database, lumis, status="BAD"):
    edit = lumisections.ColumnEdit(396002, "online", "dt-dt", (lumis,), Triplet(status, "hv trip"))
    lumisections.edit_columns(Acting(database, EXPERT), [edit])


def test_that_the_list_has_the_lumisections_for_which_the_rule_holds(season):
    made = golden.generate(Acting(season, EXPERT), "online", GOOD_DT, tags="test")
    stored = golden.row(Acting(season), made.id)
    assert stored.generated_json == {"396001": [[1, 4], [7, 20]], "396002": [[1, 9], [13, 15]]}
    assert stored.generated_anti_json == {"396001": [[5, 6]], "396002": [[10, 12]]}
    assert stored.generated_json_with_dataset_names["396002-online"] == [[1, 9], [13, 15]]
    entry = stored.entry
    assert (entry.runs, entry.lumisections, entry.tags, entry.created_by) == (
        2,
        30,
        "test",
        EXPERT.email,
    )
    assert (entry.min_run_number, entry.max_run_number) == (396001, 396002)
    assert stored.luminosity["total_recorded_luminosity_from_run_range"] == pytest.approx(
        stored.luminosity["total_recorded_luminosity"], rel=1e-12
    )


def test_that_every_form_has_the_same_bytes_from_memory_and_from_the_database(season):
    made = golden.generate(Acting(season, EXPERT), "online", GOOD_DT)
    assert golden.texts(golden.row(Acting(season), made.id)) == golden.texts_of(made.selection)
    assert golden.texts_of(made.selection).golden == (
        '{"396001": [[1, 4], [7, 20]], "396002": [[1, 9], [13, 15]]}'
    )


def test_that_what_was_edited_since_the_last_list_is_in_the_next(season):
    golden.generate(Acting(season, EXPERT), "online", GOOD_DT)
    bad_dt(season, LumiRange(1, 2))
    made = golden.generate(Acting(season, EXPERT), "online", GOOD_DT)
    assert golden.row(Acting(season), made.id).generated_json["396002"] == [[3, 9], [13, 15]]


@pytest.mark.parametrize("of", ["a dataset", "a run", "a new dataset"])
def test_that_a_season_in_memory_gets_what_is_folded_after_its_event_was_there(season, of):
    acting, key = Acting(season, EXPERT), (396002, ONLINE)
    if of == "a run":
        store_run_event(season, 396002, {"class": "Cosmics25"})
    else:
        key = (396002, "/New/Cosmics/DQM") if of == "a new dataset" else key
        store_and_fold_later(season, key, {"certified": "late"})
    before = golden.season_of(acting, "%")[0]
    assert recounting.recount(acting, [key, (396002, "")]).findings == ()
    now = golden.season_of(acting, "%")[0]
    with season.read() as connection:
        assert now.datasets == generated_json.matching_datasets(connection, "%")
    assert now.datasets != before.datasets
    assert now.reusable


def test_that_a_list_as_of_a_version_is_the_list_made_then(season):
    first = golden.generate(Acting(season, EXPERT), "online", GOOD_DT)
    bad_dt(season, LumiRange(1, 15), "STANDBY")
    again = golden.generate(Acting(season, EXPERT), "online", GOOD_DT, as_of=first.version)
    assert golden.texts_of(again.selection) == golden.texts_of(first.selection)
    assert again.version == first.version


def test_that_the_state_is_the_same_without_the_desk(season, dsn):
    with_desk = golden.preview(Acting(season), "online", GOOD_DT)
    other = type(season)(dsn)
    try:
        assert not other.desk
        assert golden.texts_of(golden.preview(Acting(other), "online", GOOD_DT)) == golden.texts_of(
            with_desk
        )
    finally:
        other.close()


def test_that_a_cancelled_list_leaves_nothing_behind(season):
    with pytest.raises(Cancelled):
        golden.generate(
            Acting(season, EXPERT), "online", GOOD_DT, progress=Progress(is_cancelled=lambda: True)
        )
    assert golden.entries(Acting(season)) == []


def test_that_progress_goes_from_nothing_to_all(season):
    shares = []
    golden.generate(Acting(season, EXPERT), "online", GOOD_DT, progress=Progress(shares.append))
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] == 1


def test_that_generating_needs_the_right_to(season):
    with pytest.raises(NotPermitted, match="cms-dqm-runregistry"):
        golden.generate(Acting(season, NOBODY), "online", GOOD_DT)


def test_that_only_experts_mark_a_list_as_official(season):
    allowed = Actor("c@cern.ch", frozenset({"cms-dqm-runregistry-offline-dt-certifiers"}))
    with pytest.raises(NotPermitted, match="official"):
        golden.generate(Acting(season, allowed), "online", STABLE, official=True)


@pytest.mark.parametrize(
    ("pattern", "rule", "error", "words"),
    [
        ("/No/Such/DQM", STABLE, Refused, "No dataset name matches"),
        ("/PromptReco/*", STABLE, Refused, r'matches "/PromptReco/\*"\. Any text is written %'),
        ("/Prompt(Reco", STABLE, BadInput, "not a pattern"),
        ("online", {"foo": [1]}, Refused, "foo"),
        ("online", {}, Refused, "rule"),
    ],
)
def test_that_bad_input_is_refused_before_anything_is_stored(season, pattern, rule, error, words):
    with pytest.raises(error, match=words):
        golden.generate(Acting(season, EXPERT), pattern, rule)
    assert golden.entries(Acting(season)) == []


def test_that_lists_are_found_by_author_mark_and_words(season):
    golden.generate(Acting(season, EXPERT), "online", STABLE, tags="for the talk", official=True)
    other = Actor("other@cern.ch", EXPERT.egroups)
    golden.generate(Acting(season, other), "online", STABLE)
    assert [each.created_by for each in golden.entries(Acting(season))] == [
        "other@cern.ch",
        EXPERT.email,
    ]
    assert [each.tags for each in golden.entries(Acting(season), official=True)] == ["for the talk"]
    assert len(golden.entries(Acting(season), created_by="other@cern.ch")) == 1
    assert len(golden.entries(Acting(season), words="TALK")) == 1
    newest = golden.entries(Acting(season), limit=1)[0]
    assert [each.id < newest.id for each in golden.entries(Acting(season), before=newest.id)] == [
        True
    ]
    with pytest.raises(NotFound):
        golden.row(Acting(season), newest.id + 1)


def test_that_a_rule_is_found_by_its_saved_or_shipped_name(season):
    for name in ("golden", "muon", "dcs-only"):
        assert json.dumps(golden.rule_named(Acting(season), name))
    with pytest.raises(NotFound, match="golden"):
        golden.rule_named(Acting(season), "silver")


def test_that_who_made_a_list_deletes_it_and_others_may_not(season):
    one, other = (golden.generate(Acting(season, EXPERT), "online", GOOD_DT).id for _ in range(2))
    with pytest.raises(NotPermitted, match="who made it"):
        golden.delete(Acting(season, NOBODY), [one])
    golden.delete(Acting(season, EXPERT), [one])
    assert [each.id for each in golden.entries(Acting(season))] == [other]
    with pytest.raises(NotFound):
        golden.row(Acting(season), one)


def test_that_lists_are_deleted_together_or_not_at_all(season):
    made = golden.generate(Acting(season, EXPERT), "online", GOOD_DT).id
    with pytest.raises(NotFound, match="999"):
        golden.delete(Acting(season, EXPERT), [made, 999])
    assert [each.id for each in golden.entries(Acting(season))] == [made]


def test_that_matching_datasets_are_counted_by_name(season):
    matching = golden.datasets_matching(Acting(season), "online")
    assert matching.runs_of == {"online": 2}
    assert matching.datasets == 2
    assert golden.datasets_matching(Acting(season), "/No/Such/%").datasets == 0
    # While a pattern is typed it may be none yet.
    assert golden.datasets_matching(Acting(season), "on(line%").datasets == 0


def test_that_there_are_never_two_seasons_in_memory(season, monkeypatch):
    acting = Acting(season)
    before = weakref.ref(golden.season_of(acting, "online")[1])
    make, gone = golden.season_from, []

    def made(read):
        gone.append(before() is None)
        return make(read)

    monkeypatch.setattr(golden, "season_from", made)
    bad_dt(season, LumiRange(3, 4))
    _, now = golden.season_of(acting, "online")
    assert gone == [True]
    assert golden.season_of(acting, "online")[1] is now
