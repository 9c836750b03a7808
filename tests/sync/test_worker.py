"""One pull: what OMS has changed is brought in, whatever single runs do."""

import pytest

from app.demo.simulated_oms import SimulatedOms
from app.domain.errors import BadInput, Refused, Unavailable
from app.domain.sources.pull import OutcomeKind
from app.sync.oms_requests import OmsUnavailable
from app.sync.worker import (
    PullProgress,
    fetch_now,
    pull_now,
)
from tests.sync.memory_store import MemoryStore, at, pull, settings_of
from tests.sync.misbehaving_oms import (
    Answer,
    MisbehavingOms,
    Request,
    a_run,
    document,
    some_lumisections,
)

# One pull


def test_that_new_runs_are_brought_in_oldest_change_first(simulated: SimulatedOms) -> None:
    store = MemoryStore()
    report = pull(simulated.url, store)
    assert store.numbers() == list(range(355100, 355107))
    assert report.runs(OutcomeKind.CREATED) == tuple(range(355100, 355107))
    assert report.failed == ()


def test_that_nothing_changed_means_nothing_is_read_but_one_page(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore()
    pull(simulated.url, store)
    store.applied.clear()
    report = pull(simulated.url, store)
    assert store.applied == []
    assert report.pages == 1


def test_that_pages_are_read_until_one_holds_only_known_runs(simulated: SimulatedOms) -> None:
    store = MemoryStore()
    pull(simulated.url, store)
    store.applied.clear()
    # Page 1: 106 105 104, page 2: 103 102 101, page 3: 100.
    simulated.set_run(a_run(355103, last_update=at(3), end_time=at(59)))
    report = pull(simulated.url, store)
    assert store.applied == []
    assert report.pages == 1
    simulated.set_run(a_run(355105, last_update=at(5), end_time=at(59)))
    report = pull(simulated.url, store)
    assert store.numbers() == [355103, 355105]
    assert report.pages == 3


def test_that_a_changed_last_update_brings_the_run_in_again(simulated: SimulatedOms) -> None:
    store = MemoryStore()
    simulated.set_run(a_run(355106, last_update=at(6), end_time=None))
    pull(simulated.url, store)
    store.applied.clear()
    simulated.set_run(a_run(355106, last_update=at(9), end_time=None))
    simulated.add_lumisections(355106, [{"lumisection_number": 3}])
    report = pull(simulated.url, store)
    assert report.runs(OutcomeKind.UPDATED) == (355106,)
    assert len(store.applied[0].lumisections) == 3


def test_that_runs_below_100000_are_ignored_and_do_not_end_the_list(
    simulated: SimulatedOms,
) -> None:
    for number in (7, 8, 99_999):
        simulated.set_run(a_run(number, last_update=at(50)))
    store = MemoryStore()
    pull(simulated.url, store)
    assert store.numbers() == list(range(355100, 355107))


@pytest.mark.expected_log("could not be pulled")
def test_that_a_run_that_is_refused_does_not_stop_the_others_and_is_tried_again(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore(errors={355102: Refused("This run makes no sense.")})
    report = pull(simulated.url, store)
    assert store.numbers() == [355100, 355101, 355103, 355104, 355105, 355106]
    assert [(failed.run_number, failed.reason) for failed in report.failed] == [
        (355102, "This run makes no sense.")
    ]
    assert store.failures == {355102: "This run makes no sense."}
    store.errors.clear()
    store.applied.clear()
    report = pull(simulated.url, store)
    assert store.numbers() == [355102]
    assert store.failures == {}


def test_that_a_failed_run_is_tried_again_although_its_page_is_not_reached(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore()
    pull(simulated.url, store)
    store.applied.clear()
    store.remember_failure(355100, "500 from OMS")
    report = pull(simulated.url, store)
    assert report.pages == 1
    assert store.numbers() == [355100]
    assert store.failures == {}


@pytest.mark.expected_log("could not be pulled")
def test_that_a_bug_in_one_run_is_reported_and_does_not_stop_the_others(
    simulated: SimulatedOms,
) -> None:
    bugs: list[Exception] = []
    store = MemoryStore(errors={355102: KeyError("hlt_key")})
    report = pull(simulated.url, store, on_bug=bugs.append)
    assert len(store.applied) == 6
    assert "an error in the program, KeyError" in report.failed[0].reason
    assert [type(bug) for bug in bugs] == [KeyError]


def test_that_a_lost_database_ends_the_pull_and_blames_no_run(simulated: SimulatedOms) -> None:
    store = MemoryStore(errors={355102: Unavailable("The database is gone.")})
    with pytest.raises(Unavailable, match="database is gone"):
        pull(simulated.url, store)
    assert store.numbers() == [355100, 355101]
    assert store.failures == {}


def test_that_a_pull_that_broke_off_misses_nothing_the_next_time(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore(errors={355104: Unavailable("The database is gone.")})
    with pytest.raises(Unavailable):
        pull(simulated.url, store)
    store.errors.clear()
    pull(simulated.url, store)
    assert sorted(store.numbers()) == list(range(355100, 355107))


@pytest.mark.expected_log("could not be pulled")
def test_that_fewer_lumisections_than_before_are_left_to_the_store_to_refuse(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore()
    pull(simulated.url, store)
    simulated.set_run(a_run(355106, last_update=at(30)))
    simulated.set_lumisections(355106, [{"lumisection_number": 1}])
    report = pull(simulated.url, store)
    assert report.failed[0].run_number == 355106
    assert "can't be deleted" in report.failed[0].reason


def test_that_only_the_named_runs_are_pulled_changed_or_not(simulated: SimulatedOms) -> None:
    store = MemoryStore()
    pull(simulated.url, store)
    store.applied.clear()
    report = pull(simulated.url, store, only=[355103, 355101, 355103])
    assert store.numbers() == [355103, 355101]
    assert report.pages == 0


@pytest.mark.expected_log("could not be pulled")
def test_that_a_named_run_oms_does_not_have_fails_with_its_number(
    simulated: SimulatedOms,
) -> None:
    report = pull(simulated.url, MemoryStore(), only=[399999])
    assert report.failed[0].reason == "OMS doesn't know run 399999."


def test_that_a_named_run_below_100000_is_refused(simulated: SimulatedOms) -> None:
    with pytest.raises(BadInput, match="begin at 100000"):
        pull(simulated.url, MemoryStore(), only=[7])


def test_that_a_pull_without_a_list_of_runs_fails_as_a_whole(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(b"<html>"))
    with pytest.raises(BadInput, match="HTML"):
        pull(oms.url, MemoryStore())


@pytest.mark.expected_log("could not be pulled")
def test_that_runs_whose_lumisections_are_malformed_fail_alone(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([a_run(355100 + position) for position in range(5)], total=5))
    answers = {
        "355101": Answer(b"<html>"),
        "355102": Answer(b'{"data": [{"attri'),
        "355103": document(some_lumisections(1, cms_active="no")),
    }

    def lumisections(request: Request) -> Answer:
        run_number = request.query["filter[run_number]"]
        return answers.get(run_number, document(some_lumisections(1)))

    oms.on("/lumisections", lumisections)
    store = MemoryStore()
    report = pull(oms.url, store)
    assert sorted(store.numbers()) == [355100, 355104]
    assert sorted(failed.run_number for failed in report.failed) == [355101, 355102, 355103]


@pytest.mark.expected_log("could not be pulled", "A run record of OMS can't be read")
def test_that_a_bad_record_in_the_list_fails_alone(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([a_run(355101, end_time=7), a_run(355100), None], total=3))
    oms.on("/lumisections", document(some_lumisections(1)))
    store = MemoryStore()
    report = pull(oms.url, store)
    assert store.numbers() == [355100]
    assert list(store.failures) == [355101]
    assert "without attributes" in report.problems[0]


@pytest.mark.expected_log("asked again in", "could not be pulled")
def test_that_one_run_oms_is_out_of_order_for_fails_alone(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([a_run(355100 + position) for position in range(4)], total=4))
    oms.on(
        "/lumisections",
        lambda request: (
            Answer(b"", 500)
            if request.query["filter[run_number]"] in {"355101", "355102"}
            else document(some_lumisections(1))
        ),
    )
    store = MemoryStore()
    pull(oms.url, store)
    assert sorted(store.numbers()) == [355100, 355103]
    assert sorted(store.failures) == [355101, 355102]


@pytest.mark.expected_log("asked again in", "could not be pulled")
def test_that_oms_out_of_order_for_several_runs_in_a_row_ends_the_pull(
    oms: MisbehavingOms,
) -> None:
    oms.on("/runs", document([a_run(355100 + position) for position in range(9)], total=9))
    oms.on("/lumisections", Answer(b"", 500))
    store = MemoryStore()
    with pytest.raises(OmsUnavailable):
        pull(oms.url, store)
    assert len(store.failures) == 3


def test_that_a_fill_is_asked_for_once_and_kept(oms: MisbehavingOms) -> None:
    runs = [a_run(355100 + position, fill_number=7963) for position in range(3)]
    oms.on("/runs", document(runs, total=3))
    oms.on("/lumisections", document(some_lumisections(1)))
    oms.on("/fills", document([{"fill_number": 7963, "injection_scheme": "25ns_2413b"}]))
    store = MemoryStore()
    pull(oms.url, store)
    assert oms.paths().count("/fills") == 1
    assert [run.fill and run.fill["injection_scheme"] for run in store.applied] == [
        "25ns_2413b"
    ] * 3


def test_that_a_fill_whose_scheme_is_not_known_yet_is_asked_for_again(
    oms: MisbehavingOms,
) -> None:
    oms.on("/runs", document([a_run(355100, fill_number=7963)], total=1))
    oms.on("/lumisections", document(some_lumisections(1)))
    oms.on("/fills", document([{"fill_number": 7963, "injection_scheme": None}]))
    store = MemoryStore()
    pull(oms.url, store)
    pull(oms.url, store, only=[355100])
    assert oms.paths().count("/fills") == 2


def test_that_a_pull_says_how_far_it_is(simulated: SimulatedOms) -> None:
    said: list[PullProgress] = []
    pull(simulated.url, MemoryStore(), report=said.append)
    assert said[0] == PullProgress("reading the list of runs")
    assert said[-1] == PullProgress("run 355106", 6, 7)


def test_that_a_pull_ends_when_the_lock_is_lost(simulated: SimulatedOms) -> None:
    answers = iter([True, True, False])
    store = MemoryStore()
    with pytest.raises(Unavailable, match="lock of the puller is lost"):
        pull(simulated.url, store, still_elected=lambda: next(answers))
    assert len(store.applied) == 2


def test_that_the_command_line_pulls_and_fetches_without_a_loop(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore()
    report = pull_now(settings_of(simulated.url), store, only=[355103])
    assert report.runs(OutcomeKind.CREATED) == (355103,)
    assert fetch_now(settings_of(simulated.url), store, 355104).run_number == 355104
