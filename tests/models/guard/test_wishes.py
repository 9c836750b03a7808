"""What people ask pullers for on a guarded database: judged, done once, never lost."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from app.domain.certification.wishes import NOBODY, OF_RUNS, Asked, WishKind, WishState
from app.domain.errors import NotPermitted, Refused, Unavailable
from app.domain.progress import SILENT
from app.models.database.engine import Database
from app.models.events import rows
from app.models.guard.leases import Leases
from app.models.pulling import wishes
from app.services.acting import Acting
from app.services.certification import asking, growth, runs
from app.services.classifying import reclassify
from app.services.pulling import runs as pull
from app.services.pulling.pullers import Pullers
from app.services.wishes import carrying_out, lists
from app.services.wishes.carrying_out import CarryingOut
from app.services.wishes.pulling import ask_for_runs, pull_run
from tests.builders import a_run
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import FIRST, OPEN_RUN, address
from tests.models.guard.test_program_on_guard import acting_as
from tests.services.offline_runs import newest_version

Carrier = Callable[..., CarryingOut]


def carrier(puller: Database, ask_oms=lambda _run: None) -> CarryingOut:
    def bug(error: Exception) -> None:
        raise error

    return CarryingOut(puller, ask_oms, bug)


def the_only(acting: Acting, asked: object):
    assert isinstance(asked, Asked)
    (made,) = lists.found(acting, asked.wishes)
    return made


def test_that_a_wish_is_on_its_way_and_then_done_as_the_puller_for_the_person(
    come_in: Login,
) -> None:
    acting = acting_as(come_in("g_shifter"))
    asked = runs.refresh(acting, OPEN_RUN, reset=True)
    assert asked.text == (
        f"Asked the puller to refresh run {OPEN_RUN} from scratch. No puller is running: it is"
        " done as soon as one is."
    )
    assert the_only(acting, asked).state is WishState.WAITING
    assert lists.news(acting, frozenset())[0] == "1 wish waiting: no puller is running"
    puller = come_in("g_puller")
    answer = a_run(OPEN_RUN, 14, last_update="2025-05-02T00:00:00Z")
    assert carrier(puller, lambda _run: answer).turn(SILENT) == "did 1 wish"
    made = the_only(acting, asked)
    assert (made.state, made.by) == (WishState.DONE, "shifter@cern.ch")
    assert "Refreshed" in made.text or "changed" in made.text
    assert newest_version(puller)[1] == "auto@auto - shifter@cern.ch"
    assert lists.news(acting, frozenset())[0] == ""
    assert carrier(puller).turn(SILENT) == "nobody waits"


def test_that_a_sign_off_lands_at_once_and_the_puller_makes_the_datasets(come_in: Login) -> None:
    acting, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    pull.apply(Acting(puller), a_run(390005, 10))
    moved = runs.move(acting, 390005, "SIGNOFF")
    assert newest_version(puller)[1] == "expert@cern.ch"
    assert moved.asked is not None
    assert "Asked the puller to make the datasets" in moved.text
    with puller.read() as connection:
        assert rows.get_run(connection, 390005).state == "SIGNOFF"
        assert [*rows.datasets_of_run(connection, 390005)] == ["online"]
    carrier(puller).turn(SILENT)
    with puller.read() as connection:
        assert len(rows.datasets_of_run(connection, 390005)) > 1
    assert newest_version(puller)[1] == "auto@auto - expert@cern.ch"
    assert the_only(acting, moved.asked).state is WishState.DONE


def test_that_marking_significant_taking_in_and_settling_go_the_same_way(come_in: Login) -> None:
    acting, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    marked = runs.mark_significant(acting, _insignificant(puller))
    taken = growth.take_in(acting, FIRST, recorded=True)
    settled = runs.settle_manual_update(acting, FIRST)
    again = reclassify.apply(acting, [OPEN_RUN])
    assert carrier(puller).turn(SILENT) == "did 4 wishes"
    for asked in (marked, taken, settled, again):
        made = the_only(acting, asked)
        assert (made.state, bool(made.text)) == (WishState.DONE, True), made


def _insignificant(puller: Database) -> int:
    pull.apply(Acting(puller), a_run(390006, 3))
    with puller.read() as connection:
        assert rows.get_run(connection, 390006).rr_attributes["significant"] is not True
    return 390006


def test_that_a_run_is_pulled_for_whoever_asks(come_in: Login) -> None:
    acting, puller = acting_as(come_in("g_nobody")), come_in("g_puller")
    said = pull_run(acting, Pullers(), 390008)
    assert said == "Asked the puller to pull run 390008 from OMS." + f" {NOBODY}"
    with pytest.raises(Unavailable, match="OMS can't be asked about run 390008"):
        carrier(puller).turn(SILENT)
    assert carrier(puller, lambda _run: a_run(390008, 10)).turn(SILENT) == "did 1 wish"
    assert newest_version(puller)[1] == "auto@auto - nobody@cern.ch"
    (made,) = lists.listed(acting)
    assert (made.state, made.text) == (
        WishState.DONE,
        "Made run 390008: Collisions25, 10 lumisections.",
    )


def test_that_who_may_not_do_it_may_not_wish_for_it(come_in: Login) -> None:
    acting = acting_as(come_in("g_nobody"), claimed=frozenset({"cms-dqm-runregistry-experts"}))
    for wish in (
        lambda: runs.settle_manual_update(acting, FIRST),
        lambda: growth.take_in(acting, FIRST),
        lambda: runs.move(acting, OPEN_RUN, "SIGNOFF"),
    ):
        with pytest.raises(Refused, match="may not do this"):
            wish()
    assert lists.listed(acting, everybodys=True) == ()
    assert isinstance(runs.refresh(acting, OPEN_RUN), Asked)


def test_that_what_can_t_be_done_any_more_is_refused_with_the_reason(come_in: Login) -> None:
    acting, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    asked = runs.refresh(acting, OPEN_RUN)
    runs.move(acting, OPEN_RUN, "SIGNOFF")
    carrier(puller).turn(SILENT)
    made = the_only(acting, asked)
    assert made.state is WishState.REFUSED
    assert made.told.startswith(f"The puller could not refresh run {OPEN_RUN}. Run {OPEN_RUN} is")


def test_that_two_pullers_at_once_do_each_wish_once(come_in: Login) -> None:
    acting, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    pull.apply(Acting(puller), a_run(390007, 10))
    for _ in range(3):
        runs.move(acting, 390007, "SIGNOFF")
        runs.move(acting, 390007, "OPEN")
    runs.move(acting, 390007, "SIGNOFF")
    with ThreadPoolExecutor(3) as pool:
        turns = [pool.submit(carrier(come_in("g_puller")).turn, SILENT) for _ in range(3)]
        said = [each.result() for each in turns]
    assert all(text.startswith(("did", "nobody")) for text in said)
    states = [each.state for each in lists.listed(acting)]
    assert states == [WishState.DONE] * 4
    with puller.read() as connection:
        made = connection.exec_driver_sql(
            'SELECT count(*) FROM "Version" WHERE comment LIKE \'dataset %% creation after a run'
            " 390007 %%'"
        ).scalar_one()
        assert made == len(rows.datasets_of_run(connection, 390007)) - 1


def test_that_a_wish_whose_puller_dies_in_the_middle_is_done_again(
    come_in: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    asked = runs.refresh(acting, OPEN_RUN, reset=True)
    before = newest_version(puller)
    answer = a_run(OPEN_RUN, 14, last_update="2025-05-02T00:00:00Z")
    whole = carrying_out._DEEDS[WishKind.REFRESH]

    def cut_off(action, *given):
        whole(action, *given)
        action.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        return "never"

    with monkeypatch.context() as patched:
        patched.setitem(carrying_out._DEEDS, WishKind.REFRESH, cut_off)
        with pytest.raises(Unavailable):
            carrier(puller, lambda _run: answer).turn(SILENT)
    assert the_only(acting, asked).state is WishState.WAITING
    assert newest_version(puller) == before
    assert carrier(puller, lambda _run: answer).turn(SILENT) == "did 1 wish"
    assert newest_version(puller)[0] > before[0]


def test_that_an_error_in_the_program_is_told_and_not_tried_for_ever(
    come_in: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    asked = runs.refresh(acting, OPEN_RUN)

    def broken(*_: object) -> str:
        raise KeyError("x")

    monkeypatch.setitem(carrying_out._DEEDS, WishKind.REFRESH, broken)
    bugs: list[Exception] = []
    assert CarryingOut(puller, lambda _run: None, bugs.append).turn(SILENT) == "did 1 wish"
    made = the_only(acting, asked)
    assert (made.state, len(bugs)) == (WishState.FAILED, 1)
    assert "an error in the program, KeyError" in made.told


def test_that_whoever_waits_hears_that_no_puller_is_running(come_in: Login) -> None:
    acting, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    asked = runs.refresh(acting, OPEN_RUN)
    (left,) = lists.wait(acting, asked.wishes)
    assert left.state is WishState.WAITING
    leases = Leases(puller, "the puller")
    try:
        assert leases.of(asking.JOB).try_acquire()
        assert runs.refresh(acting, OPEN_RUN).text == f"Asked the puller to refresh run {OPEN_RUN}."
        with ThreadPoolExecutor(1) as pool:
            waits = pool.submit(lists.wait, acting, asked.wishes)
            carrier(puller).turn(SILENT)
            (done,) = waits.result(30)
        assert done.state is WishState.DONE
    finally:
        leases.close()


def test_that_nobody_waits_for_all_that_another_has_asked_for(
    come_in: Login, guarded_dsn: str
) -> None:
    with psycopg.connect(address(guarded_dsn, "g_expert")) as connection:
        connection.execute(
            "INSERT INTO record.wish (kind, arguments, \"by\") SELECT 'refresh',"
            f" jsonb_build_object('run', {OPEN_RUN}), 'x' FROM generate_series(1, 999)"
        )
    asked = runs.refresh(acting_as(come_in("g_shifter")), OPEN_RUN)
    assert isinstance(asked, Asked)
    with come_in("g_puller").read() as connection:
        waits = wishes.Looks(OF_RUNS).waiting(connection, 3)
    assert [by for _, by, _ in waits] == ["expert@cern.ch", "shifter@cern.ch", "expert@cern.ch"]
    assert waits[1][0] == asked.wishes[0]


def test_that_a_frozen_oms_holds_up_only_what_asks_it(come_in: Login) -> None:
    acting, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    thawed = threading.Event()

    def ask(_run: int) -> None:
        thawed.wait(60)

    ask_for_runs(acting, range(390020, 390026))
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(CarryingOut(puller, ask, pytest.fail).turn, SILENT)
        try:
            for asked in (
                runs.settle_manual_update(acting, FIRST),
                runs.refresh(acting, OPEN_RUN, recorded=True),
            ):
                ends = time.monotonic() + 20
                while the_only(acting, asked).state is WishState.WAITING:
                    assert time.monotonic() < ends
                    time.sleep(0.05)
                assert the_only(acting, asked).state is WishState.DONE
        finally:
            thawed.set()
        with pytest.raises(Unavailable):
            turn.result(60)


def test_that_an_oms_that_fails_is_left_alone_for_a_while(come_in: Login) -> None:
    acting, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    asked_for: list[int] = []
    numbers = [*range(390100, 390400)]
    asked = ask_for_runs(acting, numbers)
    settled = runs.settle_manual_update(acting, FIRST)
    carries = carrier(puller, asked_for.append)
    with pytest.raises(Unavailable, match="OMS can't be asked about run"):
        carries.turn(SILENT)
    # A few may be under way at once.
    assert 3 <= len(asked_for) <= 6
    # What waits behind more wishes than one look finds is done all the same.
    assert the_only(acting, settled).state is WishState.DONE
    assert {each.state for each in lists.found(acting, asked.wishes)} == {WishState.WAITING}


def test_that_many_settled_wishes_cost_nothing_and_a_late_one_is_found(
    come_in: Login, guarded_dsn: str
) -> None:
    acting, puller = acting_as(come_in("g_shifter")), come_in("g_puller")
    now = [0.0]
    looks = wishes.Looks(OF_RUNS, clock=lambda: now[0])
    with psycopg.connect(address(guarded_dsn, "g_expert")) as slow:
        slow.execute(
            'INSERT INTO record.wish (kind, arguments, "by")'
            f" VALUES ('refresh', jsonb_build_object('run', {OPEN_RUN}), 'x')"
        )
        settled = runs.refresh(acting, OPEN_RUN, recorded=True)
        carrier(puller).turn(SILENT)
        _settle_many(guarded_dsn, 20_000)
        assert _looked(puller, looks) == []
        newer = runs.refresh(acting, OPEN_RUN, recorded=True)
        assert isinstance(settled, Asked)
        assert isinstance(newer, Asked)
        assert _looked(puller, looks) == [*newer.wishes]
        before = _rows_read(guarded_dsn)
        assert _looked(puller, looks) == [*newer.wishes]
        assert _rows_read(guarded_dsn) - before < 100
        slow.commit()
    assert _looked(puller, looks) == [*newer.wishes]
    now[0] = 61.0
    late, _ = sorted(_looked(puller, looks))
    assert late < settled.wishes[0]


def _looked(puller: Database, looks: wishes.Looks) -> list[int]:
    with puller.read() as connection:
        found = [id_ for id_, _, _ in looks.waiting(connection, 200)]
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        return found


def _settle_many(dsn: str, number: int) -> None:
    """Wishes of long ago; the owner of the table writes what the guard doesn't judge."""
    with psycopg.connect(dsn) as control:
        control.execute("SET session_replication_role = replica")
        control.execute(
            "WITH made AS (INSERT INTO record.wish (kind, arguments, \"by\") SELECT 'refresh',"
            " jsonb_build_object('run', %s::int), 'x' FROM generate_series(1, %s) RETURNING id)"
            " INSERT INTO record.wish_outcome (wish, state, text) SELECT id, 'done', 'x' FROM made",
            [OPEN_RUN, number],
        )
    with psycopg.connect(dsn, autocommit=True) as control:
        control.execute("ANALYZE record.wish, record.wish_outcome")


def _rows_read(dsn: str) -> int:
    """How many rows of wishes the server has read so far, for all."""
    with psycopg.connect(dsn, autocommit=True) as control:
        (found,) = control.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_all_tables"
            " WHERE schemaname = 'record' AND relname = 'wish'"
        ).fetchone()
    return int(found)


def test_that_who_comes_last_waits_for_one_wish_of_each_other_at_most(
    come_in: Login, guarded_dsn: str
) -> None:
    with psycopg.connect(guarded_dsn) as control:
        control.execute("SET session_replication_role = replica")
        control.execute(
            "INSERT INTO record.wish (kind, arguments, \"by\") SELECT 'refresh',"
            " jsonb_build_object('run', %s::int, 'recorded', true), format('a%%s@cern.ch', n %% 5)"
            " FROM generate_series(1, 40) AS n",
            [OPEN_RUN],
        )
    asked = runs.refresh(acting_as(come_in("g_shifter")), OPEN_RUN, recorded=True)
    carrier(come_in("g_puller")).turn(SILENT)
    with psycopg.connect(guarded_dsn) as control:
        ended = control.execute('SELECT wish FROM record.wish_outcome ORDER BY "at"').fetchall()
    assert isinstance(asked, Asked)
    assert [wish for (wish,) in ended].index(asked.wishes[0]) <= 5


def test_that_the_author_and_the_time_are_the_servers(come_in: Login, guarded_dsn: str) -> None:
    with psycopg.connect(address(guarded_dsn, "g_shifter")) as connection:
        connection.execute(
            'INSERT INTO record.wish (kind, arguments, "by", "at") VALUES (\'refresh\','
            f" '{{\"run\": {OPEN_RUN}}}', 'expert@cern.ch', '1999-01-01')"
        )
    (made,) = lists.listed(acting_as(come_in("g_shifter")))
    assert (made.by, made.at.year > 2000) == ("shifter@cern.ch", True)


def test_that_a_database_without_a_guard_does_all_at_once(database: Database) -> None:
    assert not asking.must_ask(Acting(database))


def test_that_a_login_without_the_record_is_told(come_in: Login) -> None:
    person = come_in("g_expert")
    person._record = False
    with pytest.raises(NotPermitted, match="only the login of a puller"):
        runs.refresh(acting_as(person), OPEN_RUN)
