"""What the web service writes is taken into the read model, soon and whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import text

from app.domain.counting import number
from app.domain.errors import Refused
from app.domain.keys import ONLINE
from app.domain.progress import Cancelled, Progress
from app.models.database.engine import Database
from app.models.events import event_columns, pending, states, taking_in
from app.models.events.action import begin
from app.models.events.taking_in import Place
from app.services import taking_in as service
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.pulling import runs as pull
from app.services.recount import recounting
from app.services.taking_in import Intake
from tests.builders import EXPERT, a_run, configure
from tests.plain_folds import WebService

FIRST, SECOND = (390001, ONLINE), (390002, ONLINE)
RULE = {"==": [{"var": "lumisection.oms.dt0_ready"}, True]}


@pytest.fixture
def web(database: Database) -> WebService:
    """The web service beside us; two runs of 10 LS of which our read model knows nothing."""
    configure(database)
    for run_number in (390001, 390002):
        pull.apply(Acting(database), a_run(run_number, 10))
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM desk.lumisection_state"))
    return WebService(database)


def complete(intake: Intake) -> None:
    while intake.take_in().more:
        pass


def fresh(db: Database) -> set:
    with db.read() as connection:
        return set(states.fresh_compact(connection, [FIRST, SECOND]))


@contextmanager
def unfinished_edit(web: WebService) -> Iterator[None]:
    """A transaction of the web service that has numbered its event and commits at the end."""
    with web.db.transaction() as connection:
        web.store_event(connection, FIRST, {"dt0_ready": False}, 4, 4, by="auto@auto", oms=True)
        yield


def test_that_a_season_that_others_wrote_is_taken_in_newest_first(web, monkeypatch):
    monkeypatch.setattr("app.services.taking_in._RUNS", 1)
    intake = Intake(web.db)
    assert intake.take_in().more
    step = intake.take_in()
    assert (step.older, step.runs_left, step.more) == (1, 1, True)
    assert fresh(web.db) == {SECOND}
    complete(intake)
    assert fresh(web.db) == {FIRST, SECOND}
    assert intake.take_in().text == "all that others wrote is taken in"


def test_that_how_far_it_is_is_told_and_a_command_goes_on_to_the_end(web, monkeypatch):
    monkeypatch.setattr("app.services.taking_in._RUNS", 1)
    found = service.state(web.db)
    assert (found.event, found.runs_left, found.is_complete) == (None, 2, False)
    assert found.text.startswith("Nothing that other programs wrote was taken into the quick copy")
    intake = Intake(web.db)
    intake.take_in()
    intake.take_in()
    found = service.state(web.db)
    assert (found.runs, found.runs_left) == (2, 1)
    assert found.text == (
        "1 of 2 runs were looked at, the newest first, for what other programs wrote before; since"
        " then all that other programs write is in the quick copy."
    )
    assert fresh(web.db) == {SECOND}
    shares = []
    done = service.take_all_in(web.db, Progress(shares.append))
    assert done.is_complete
    assert shares
    assert fresh(web.db) == {FIRST, SECOND}
    web.edits_bit(FIRST, "dt0_ready", value=False, first=2, last=3)
    found = service.state(web.db)
    assert found.event is not None
    assert found.newest is not None
    assert found.event < found.newest
    assert found.text.startswith(f"Up to event {number(found.event)} of {number(found.newest)} all")
    standing = recounting.standing(Acting(web.db))
    assert standing.lines[0] == found.text


def test_that_a_command_that_is_cancelled_keeps_what_it_took_in(web, monkeypatch):
    monkeypatch.setattr("app.services.taking_in._RUNS", 1)
    stop = iter([False, True])
    with pytest.raises(Cancelled):
        service.take_all_in(web.db, Progress(is_cancelled=lambda: next(stop)))
    assert fresh(web.db) == {SECOND}
    assert service.state(web.db).runs_left == 1


def test_that_what_is_taken_in_is_counted_when_it_is_folded(web, monkeypatch):
    acting = Acting(web.db)
    with web.db.transaction() as connection:
        connection.execute(
            text(
                'DELETE FROM "DatasetTripletCache"; DELETE FROM desk.recount; UPDATE "Run"'
                ' SET rr_attributes = rr_attributes || \'{"class": "forged"}\''
                f" WHERE run_number = {FIRST[0]}"
            )
        )
    found = []

    def count(keys):
        found.append(recounting.recount(acting, keys, by="the night shift"))
        return found[-1]

    folded = []
    fold = event_columns.fold

    def fold_noting(connection, keys, **more):
        folded.extend(keys)
        return fold(connection, keys, **more)

    monkeypatch.setattr(event_columns, "fold", fold_noting)
    complete(Intake(web.db, count))
    assert fresh(web.db) == {FIRST, SECOND}
    assert recounting.due(acting, 9) == []
    ((told,),) = (each.findings for each in found)
    assert (told.run_number, told.part) == (FIRST[0], "rr.class")
    assert told.noticed_by == "the night shift"
    assert sorted(folded) == [FIRST, SECOND]


def test_that_what_cannot_be_counted_now_is_taken_in_all_the_same(web):
    acting = Acting(web.db)
    with begin(web.db, [FIRST[0]]):
        complete(Intake(web.db, partial(recounting.recount, acting)))
    assert fresh(web.db) == {FIRST, SECOND}
    with web.db.read() as connection:
        rows = connection.execute(text("SELECT DISTINCT run_number FROM desk.recount"))
        assert set(rows.scalars()) == {SECOND[0]}


def test_that_another_client_goes_on_where_one_stopped(web, monkeypatch):
    monkeypatch.setattr("app.services.taking_in._RUNS", 1)
    first = Intake(web.db)
    first.take_in()
    first.take_in()
    step = Intake(web.db).take_in()
    assert (step.older, step.runs_left) == (1, 0)
    assert fresh(web.db) == {FIRST, SECOND}


def test_that_a_later_edit_of_the_web_service_is_taken_in_at_the_next_step(web):
    intake = Intake(web.db)
    complete(intake)
    web.edits_bit(FIRST, "dt0_ready", value=False, first=2, last=3)
    assert fresh(web.db) == {SECOND}
    assert intake.take_in().changed == 1
    assert fresh(web.db) == {FIRST, SECOND}
    assert intake.take_in().changed == 0


def test_that_a_slow_transaction_with_a_smaller_number_is_not_missed(web):
    intake = Intake(web.db)
    complete(intake)
    for other in (intake, Intake(web.db)):
        with unfinished_edit(web):
            web.edits_bit(SECOND, "dt0_ready", value=False, first=2, last=3)
            assert other.take_in().changed == 1
            for _ in range(3):
                other.take_in()
            assert fresh(web.db) == {FIRST, SECOND}
        assert fresh(web.db) == {SECOND}
        assert other.take_in().changed == 1
        assert fresh(web.db) == {FIRST, SECOND}


def test_that_a_client_that_comes_later_still_finds_the_slow_transaction(web):
    complete(Intake(web.db))
    with unfinished_edit(web):
        web.edits_bit(SECOND, "dt0_ready", value=False, first=2, last=3)
        before = Intake(web.db)
        for _ in range(3):
            before.take_in()
    assert Intake(web.db).take_in().changed == 1
    assert fresh(web.db) == {FIRST, SECOND}


def test_that_the_first_contact_waits_for_who_is_writing(web):
    with unfinished_edit(web):
        assert not Intake(web.db).take_in().more
        with web.db.read() as connection:
            assert taking_in.place(connection) is None
    complete(Intake(web.db))
    assert fresh(web.db) == {FIRST, SECOND}


@pytest.mark.expected_log("isn't taken in: of a record that nobody foresaw")
def test_that_a_run_that_can_t_be_folded_stops_no_other(web, monkeypatch):
    intake = Intake(web.db)
    complete(intake)
    fold = states.fold_compact

    def fold_others(connection, keys):
        if SECOND in keys:
            raise IndexError("of a record that nobody foresaw")
        return fold(connection, keys)

    monkeypatch.setattr(states, "fold_compact", fold_others)
    for key in (FIRST, SECOND):
        web.edits_bit(key, "dt0_ready", value=False, first=2, last=3)
    complete(intake)
    assert fresh(web.db) == {FIRST}


def test_that_what_can_t_be_read_of_a_run_stops_no_other(web):
    intake = Intake(web.db)
    complete(intake)
    web.edits_bit(FIRST, "dt0_ready", value=False, first=2, last=3)
    with web.db.transaction() as connection:
        event = web.store_event(connection, SECOND, {"x": 1}, 4, 4, by="auto@auto", oms=True)
        connection.execute(
            text(
                'UPDATE "JSONBDeduplication" SET "jsonb" = CAST(:deep AS jsonb) WHERE id ='
                ' (SELECT lumisection_metadata_id FROM "OMSLumisectionEvent" WHERE version = :v)'
            ),
            {"deep": f'{{"x": {"[" * 3000}{"]" * 3000}}}', "v": event},
        )
    complete(intake)
    assert fresh(web.db) == {FIRST, SECOND}
    assert service.state(web.db).event == event


def test_that_what_is_known_of_events_is_forgotten_when_a_backup_takes_their_place(web):
    intake = Intake(web.db)
    complete(intake)
    with web.db.read() as connection:
        before = taking_in.place(connection)
        last = connection.execute(text('SELECT max(version) FROM "Event"')).scalar_one()
    for at in (2, 3):
        web.edits_bit(SECOND, "dtm_ready", value=False, first=at, last=at)
    complete(intake)
    with web.db.transaction() as connection:
        for table in ("OMSLumisectionEventAssignation", "OMSLumisectionEvent", "Event"):
            connection.execute(text(f'DELETE FROM "{table}" WHERE version > :last'), {"last": last})
        taking_in.keep_place(connection, before)
        connection.execute(text("""SELECT setval('"Event_version_seq"', :last)"""), {"last": last})
        # In files of their own, as those of a backup are.
        connection.execute(text('CLUSTER "Event" USING "Event_pkey"'))
    with unfinished_edit(web):
        intake.take_in()
        web.edits_bit(SECOND, "dt0_ready", value=True, first=5, last=5)
    complete(intake)
    assert fresh(web.db) == {FIRST, SECOND}


def test_that_it_begins_again_where_events_are_gone_that_were_taken_in(web):
    with web.db.transaction() as connection:
        taking_in.keep_place(connection, Place(10**6, None))
    complete(Intake(web.db))
    assert fresh(web.db) == {FIRST, SECOND}
    assert service.state(web.db).is_complete


def test_that_more_than_one_step_takes_in_what_is_too_much_for_one(web, monkeypatch):
    intake = Intake(web.db)
    complete(intake)
    monkeypatch.setattr("app.services.taking_in._MOST_DATASETS", 1)
    monkeypatch.setattr("app.services.taking_in._MOST_EVENTS", 2)
    for key in (FIRST, SECOND):
        for at in (2, 4, 6):
            web.edits_bit(key, "dt0_ready", value=False, first=at, last=at)
    assert intake.take_in().more
    complete(intake)
    assert fresh(web.db) == {FIRST, SECOND}


def test_that_a_client_without_the_desk_is_refused(web, dsn):
    other = Database(dsn)
    try:
        with pytest.raises(Refused, match="needs the schema desk"):
            Intake(other).take_in()
    finally:
        other.close()


def test_that_writers_of_this_database_are_known_and_others_don_t_matter(web, server):
    name = server.create()
    elsewhere = Database(server.dsn(name))
    try:
        with elsewhere.transaction() as there:
            there.execute(text("CREATE TABLE t ()"))
            assert pending.newest_settled(web.db) is not None
            with unfinished_edit(web):
                assert pending.newest_settled(web.db) is None
    finally:
        elsewhere.close()


def test_that_a_season_in_memory_stays_while_others_write_elsewhere(web):
    acting = Acting(web.db, EXPERT)
    configure_again = golden.season_of(acting, ONLINE)[1]
    with unfinished_edit(web):
        read, season = golden.season_of(acting, ONLINE)
        assert season is configure_again
        runs_elsewhere = a_run(390003, 5)
        pull.apply(Acting(web.db), runs_elsewhere)
        read, season = golden.season_of(acting, ONLINE)
        assert not read.reusable
        assert len(season.datasets) == 3
        assert golden.season_of(acting, ONLINE)[1] is season
    before = golden.preview(acting, ONLINE, RULE).lumisections
    assert golden.season_of(acting, ONLINE)[1] is not season
    assert before == 24
