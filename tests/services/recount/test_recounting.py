"""Derived rows counted again: what is forged is found, named, put right; edits are never lost."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection

import psycopg
import pytest
from sqlalchemy import Connection, text

from app.domain.errors import BadInput, Refused
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled, Progress
from app.domain.recount.status import Finding, Recounted
from app.domain.triplets import Triplet
from app.models.database import locks
from app.models.database.engine import Database
from app.models.events import event_columns, rows, states
from app.models.events.action import begin
from app.models.lists.tables.stale import stale_summaries
from app.models.recount import compared, marks
from app.models.recount.compared import RowKey, Verdict
from app.models.schemas import desk, tables
from app.services.acting import Acting
from app.services.editing.lumisections import ColumnEdit, edit_columns
from app.services.recount import recounting
from tests.builders import EXPERT
from tests.plain_folds import WebService
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, SECOND
from tests.services.recount.forged import KEY, execute, forge_state

ONLINE = (FIRST, "online")


def count_all(acting: Acting) -> Recounted:
    """Steps until nothing is left."""
    done = Recounted()
    while True:
        step = recounting.recount_step(acting, 5, round_s=3600)
        done += step
        if not step.pending:
            return done


def wrong(db: Database) -> list[tuple[str, tuple[int, str]]]:
    """Rows that aren't what the events say."""
    with db.read() as connection:
        found = compared.compare(connection, compared.all_keys(connection, desk=True), desk=True)
    return [(each.table, each.key) for each in found.judged if each.verdict is not Verdict.RIGHT]


def set_dt(
    acting: Acting, status: str, *ranges: tuple[int, int], key: DatasetKey = (FIRST, PROMPT)
) -> None:
    lumis = tuple(LumiRange(*each) for each in ranges)
    edit_columns(acting, [ColumnEdit(*key, "dt-dt", lumis, Triplet(status, "hv trip"))])


FORGERIES = {
    "Run": (
        """UPDATE "Run" SET rr_attributes = rr_attributes || '{"class": "Cosmics25"}'""",
        'rr.class was "Cosmics25"; the events say "Collisions25"',
    ),
    "Dataset": (
        """UPDATE "Dataset" SET dataset_attributes = '{"dt_state": "COMPLETED"}'""",
        'attribute dt_state was "COMPLETED"; the events say "OPEN"',
    ),
    "DatasetTripletCache": (
        """UPDATE "DatasetTripletCache" SET triplet_summary = '{"dt-dt": {"GOOD": 900}}'""",
        'counts of columns: dt-dt was {"GOOD":900}',
    ),
    "desk.counts": (
        "UPDATE desk.counts SET columns = array_fill(900::smallint, '{1,8}')",
        'was {"GOOD":900,"BAD":900,"STANDBY":900,"EXCLUDED":900,"NOTSET":900,"EMPTY":900,',
    ),
}


def test_that_every_table_is_either_derived_or_known_to_be_something_else() -> None:
    events = {"Version", "Event", "RunEvent", "DatasetEvent", "JSONBDeduplication"}
    events |= {
        f"{side}LumisectionEvent{more}" for side in ("", "OMS") for more in ("", "Assignation")
    }
    said = {"Cycle", "CycleDataset", "GeneratedJson", "Settings", "Workspace", "WorkspaceColumn"}
    lists = {
        name
        for name in tables.metadata.tables
        if any(name.startswith(f"{item}") for item in ("ClassClassifier", "ComponentClassifier"))
        or name.startswith(("DatasetClassifier", "OfflineDatasetClassifier", "JsonClassifier"))
        or name.startswith(("DatasetsAccepted", "Permission"))
    }
    notes = {"draft", "presence", *desk.PULLERS_NOTES}
    derived = {name.removeprefix("desk.") for name in compared.DERIVED}
    assert {*tables.metadata.tables} - events - said - lists == derived - {
        "lumisection_state",
        "counts",
    }
    # How the rows of counts are made: places of their arrays, how far they go, what is left.
    counting = {"counted_key", "counting", "uncounted"}
    assert {*desk.OWN.privileges} - notes - counting == {"lumisection_state", "counts"}


def test_that_what_the_program_writes_is_right(acting: Acting) -> None:
    set_dt(acting, "BAD", (3, 4))
    done = count_all(acting)
    assert (done.renewed, done.findings, done.failed) == (0, (), ())
    assert wrong(acting.db) == []


@pytest.mark.parametrize("table", FORGERIES)
def test_that_a_forged_row_is_found_named_and_put_right(acting: Acting, table: str) -> None:
    statement, said = FORGERIES[table]
    where = f" WHERE run_number = {FIRST}" + (f" AND name = '{PROMPT}'" if table != "Run" else "")
    execute(acting.db, statement + where)
    count_all(acting)
    execute(acting.db, statement + where)
    done = recounting.recount_all(acting, repair=True, by="the night shift")
    assert {each.table for each in done.findings} == {table}
    first = next(each for each in done.findings if said in each.text)
    assert first.run_number == FIRST
    assert first.name == ("" if table == "Run" else PROMPT)
    assert "It is right again." in first.text
    assert wrong(acting.db) == []
    kept = recounting.standing(acting)
    assert kept.findings_number == 2 * len(done.findings)
    assert kept.findings[0].noticed_by == "the night shift"
    assert kept.findings[-1].noticed_by == EXPERT.email


COUNTS_OF_OTHERS = {
    "versions": "UPDATE desk.counts SET version = 99, summary_version = 99, deleted = true",
    "luminosity": "UPDATE desk.counts SET recorded = 17, delivered = 18",
    "bits": "UPDATE desk.counts SET bits = '{{1,2,3,4,10}}'",
    "none": "DELETE FROM desk.counts",
    "old": "UPDATE desk.counts SET summary_version = NULL",
}


@pytest.mark.parametrize("statement", COUNTS_OF_OTHERS.values(), ids=COUNTS_OF_OTHERS)
def test_that_counts_are_what_the_summaries_say_whatever_was_left_of_them(
    acting: Acting, statement: str
) -> None:
    execute(acting.db, statement)
    assert {table for table, _ in wrong(acting.db)} == {compared.COUNTS}
    done = recounting.recount_all(acting, repair=True)
    assert wrong(acting.db) == []
    assert {each.table for each in done.findings} <= {compared.COUNTS}
    # What isn't there isn't false.
    assert bool(done.findings) != bool(done.renewed)


def test_that_counts_of_a_dataset_that_is_not_there_go(acting: Acting) -> None:
    execute(
        acting.db,
        "INSERT INTO desk.counts (run_number, name, deleted, version) VALUES (1, 'x', false, 7)",
    )
    (told,) = recounting.recount_all(acting, repair=True).findings
    assert (told.table, told.run_number, told.name) == (compared.COUNTS, 1, "x")
    assert wrong(acting.db) == []


def test_that_what_was_counted_before_there_was_another_column_is_right(acting: Acting) -> None:
    set_dt(acting, "BAD", (3, 4))
    execute(
        acting.db,
        """UPDATE "DatasetTripletCache" SET triplet_summary = triplet_summary
            || '{"new-new": {"GOOD": 3}}' WHERE name = 'online'""",
    )
    assert {table for table, _ in wrong(acting.db)} == {compared.SUMMARY}


def test_that_a_summary_of_no_numbers_leaves_no_false_counts(acting: Acting) -> None:
    execute(
        acting.db,
        """UPDATE "DatasetTripletCache" SET dcs_summary = '{"a_bit": {"TRUE": "many"}}';
        UPDATE desk.counts SET columns = array_fill(900::smallint, '{1,8}')""",
    )
    recounting.recount_all(acting, repair=True)
    assert wrong(acting.db) == []


def test_that_what_is_not_counted_yet_is_not_told_of(acting: Acting) -> None:
    execute(acting.db, "DELETE FROM desk.counts; UPDATE desk.counting SET below_run = 2147483647")
    assert wrong(acting.db) == []
    execute(acting.db, "DELETE FROM desk.counting")
    assert wrong(acting.db) == []


@pytest.mark.parametrize("fitting", [True, False])
def test_that_a_forged_state_is_found_with_its_cells(acting: Acting, fitting: bool) -> None:
    set_dt(acting, "BAD", (3, 4))
    forge_state(acting.db, fitting=fitting)
    done = recounting.recount_all(acting, repair=True)
    bad = next(each for each in done.findings if each.expected == "BAD: hv trip")
    assert (bad.table, bad.run_number, bad.name) == ("desk.lumisection_state", *KEY)
    assert (bad.part, bad.lumisections, bad.found) == ("dt-dt", "3-4", "GOOD: forged")
    assert wrong(acting.db) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x05\x00\x00\x00abcde",
        b'\x0c\x00\x00\x00{"format":1}',
        b"\x02\x00\x00\x00[]",
        b"\xff" * 100,
    ],
)
def test_that_a_row_of_nonsense_is_found_and_put_right(acting: Acting, content: bytes) -> None:
    execute(
        acting.db,
        "UPDATE desk.lumisection_state SET state = :content, checksum = sha256(:content ||"
        " convert_to(concat_ws(' ', run_number, rr_events, oms_events, online_oms_events, name),"
        f" 'UTF8')) WHERE run_number = {FIRST} AND name = '{PROMPT}'",
        content=content,
    )
    (told,) = recounting.recount_all(acting, repair=True).findings
    assert told.found == "what can't be read as that"
    assert wrong(acting.db) == []


def test_that_the_state_of_another_dataset_is_found_and_put_right(acting: Acting) -> None:
    execute(
        acting.db,
        "UPDATE desk.lumisection_state SET (state, checksum) = (SELECT state, checksum FROM"
        f" desk.lumisection_state WHERE run_number = {SECOND} AND name = '{PROMPT}')"
        f" WHERE run_number = {FIRST} AND name = '{PROMPT}'",
    )
    (told,) = recounting.recount_all(acting, repair=True).findings
    assert (told.run_number, told.found) == (FIRST, "what can't be read as that")
    assert wrong(acting.db) == []


def test_that_looking_alone_changes_nothing(acting: Acting) -> None:
    forge_state(acting.db, fitting=True)
    found = recounting.recount_all(acting, repair=False)
    assert found.findings
    assert all("It isn't repaired." in each.text for each in found.findings)
    assert wrong(acting.db) == [("desk.lumisection_state", KEY)]
    assert recounting.standing(acting).findings_number == 0


def test_that_a_row_that_is_only_behind_is_renewed_and_no_finding(acting: Acting) -> None:
    execute(acting.db, """UPDATE "DatasetTripletCache" SET version = version - 1""")
    execute(acting.db, f"DELETE FROM desk.lumisection_state WHERE run_number = {FIRST}")
    before = recounting.standing(acting)
    assert before.stale == before.datasets == 6
    done = count_all(acting)
    assert (done.renewed, done.findings) == (9, ())
    after = recounting.standing(acting)
    assert (after.stale, after.counted_since, after.states) == (0, 6, 6)
    assert wrong(acting.db) == []


def test_that_events_of_others_are_taken_in_also_where_no_projection_tells(acting: Acting) -> None:
    count_all(acting)
    web = WebService(acting.db)
    with acting.db.transaction() as connection:
        web.store_event(connection, KEY, {"dt-dt": Triplet("BAD").as_json()}, 2, 3, by="a@b.ch")
        web.store_event(connection, ONLINE, {"bpix_ready": False}, 5, 5, by="a@b.ch", oms=True)
    step = recounting.recount_step(acting, 10)
    assert step.rows
    assert wrong(acting.db) == []
    assert recounting.recount_step(acting, 10).rows == 0


@pytest.mark.parametrize("kept", [True, False])
def test_that_what_is_old_is_next_with_counts_and_without(acting: Acting, kept: bool) -> None:
    count_all(acting)
    if not kept:
        execute(acting.db, "DELETE FROM desk.counts; DELETE FROM desk.counting")
    assert (recounting.due(acting, 9), recounting.standing(acting).stale) == ([], 0)
    execute(
        acting.db,
        f"""UPDATE "DatasetTripletCache" SET version = version - 1 WHERE run_number = {FIRST}
            AND name = '{PROMPT}';
        UPDATE desk.recount SET version = version + 1000 WHERE run_number = {SECOND}""",
    )
    standing = recounting.standing(acting)
    assert (standing.stale, standing.counted_once, standing.counted_since) == (1, 6, 3)
    *newer, last = recounting.due(acting, 9)
    assert set(newer) == {(SECOND, name) for name in ("", "online", EXPRESS, PROMPT)}
    assert last == KEY
    execute(acting.db, f"UPDATE desk.recount SET version = 0 WHERE run_number = {FIRST}")
    assert {run for run, _ in recounting.due(acting, 9)} == {SECOND}


def test_that_a_summary_of_no_numbers_is_not_counted_for_ever(acting: Acting) -> None:
    count_all(acting)
    execute(acting.db, "UPDATE desk.counts SET summary_version = NULL")
    assert recounting.standing(acting).stale == 6
    assert recounting.due(acting, 9) == []


def test_that_what_was_counted_longest_ago_comes_first(acting: Acting) -> None:
    count_all(acting)
    assert recounting.recount_step(acting, 3).rows == 0
    execute(
        acting.db,
        "UPDATE desk.recount SET recounted = now() - interval '1 day'"
        f" WHERE run_number = {SECOND} AND name = 'online'",
    )
    # The online dataset has a row in four tables.
    assert recounting.recount_step(acting, 1, round_s=7200).rows == 4
    assert recounting.recount_step(acting, 1, round_s=7200).rows == 0


def test_that_a_row_no_event_knows_is_told_once_and_left_alone(acting: Acting) -> None:
    execute(
        acting.db,
        "INSERT INTO \"Dataset\" SELECT run_number, '/Made/Up', dataset_attributes,"
        f' datasets_in_gui, deleted, version FROM "Dataset" WHERE run_number = {FIRST}'
        " AND name = 'online'",
    )
    for _ in range(2):
        count_all(acting)
        recounting.recount_all(acting, repair=True)
    (told,) = recounting.standing(acting).findings
    assert (told.table, told.name, told.repaired) == ("Dataset", "/Made/Up", False)


def test_that_a_dataset_that_cant_be_read_stops_no_other(acting: Acting) -> None:
    deep = f'{{"dt-dt": {"[" * 3000}{"]" * 3000}}}'
    with acting.db.transaction() as connection:
        version = WebService(acting.db).store_event(connection, KEY, {"x": 1}, 2, 3, by="a@b.ch")
        connection.execute(
            text(
                'UPDATE "JSONBDeduplication" SET "jsonb" = CAST(:deep AS jsonb) WHERE id ='
                ' (SELECT lumisection_metadata_id FROM "LumisectionEvent" WHERE version = :v)'
            ),
            {"deep": deep, "v": version},
        )
    execute(acting.db, FORGERIES["Run"][0] + f" WHERE run_number = {SECOND}")
    done = count_all(acting)
    (told,) = done.failed
    assert re.fullmatch(
        f"run {FIRST}, {KEY[1]}: what JSONBDeduplication has as [0-9]+ is no JSON object, or nested"
        " too deeply; only the rest is counted",
        told,
    )
    assert {each.run_number for each in done.findings} == {SECOND}
    assert recounting.recount_step(acting).rows == 0


@pytest.mark.parametrize(("table", "name"), [("RunEvent", ""), ("DatasetEvent", PROMPT)])
def test_that_an_event_that_says_no_object_is_told_of_and_the_rest_counts(
    acting: Acting, table: str, name: str
) -> None:
    column = "dataset_metadata" if name else "rr_metadata"
    of_dataset = f"AND name = '{name}'" if name else ""
    execute(
        acting.db,
        f"UPDATE \"{table}\" SET {column} = '5' WHERE version = (SELECT min(version)"
        f' FROM "{table}" WHERE run_number = {FIRST} {of_dataset})',
    )
    for repair in (True, False):
        done = recounting.recount_all(acting, repair=repair)
        (told,) = done.failed
        place = f"run {FIRST}{f', {name}' if name else ''}"
        assert told.startswith(f"{place}: an event in {table} has {column} that is no JSON object")
    assert not done.findings
    with acting.db.read() as connection:
        assert rows.get_run(connection, FIRST).state == "SIGNOFF"
        attributes = rows.datasets_of_run(connection, FIRST)[PROMPT].attributes
    assert attributes["global_state"] == "OPEN"


@pytest.mark.expected_log("can't be counted")
@pytest.mark.parametrize("error", [OverflowError, MemoryError, RecursionError, IndexError])
def test_that_whatever_comes_of_a_dataset_that_cant_be_read_stops_no_other(
    acting: Acting, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    fold = event_columns.fold

    def fold_others(connection: Connection, keys: Collection[RowKey], **more: int) -> object:
        if KEY in keys:
            raise error("of a record that nobody foresaw")
        return fold(connection, keys, **more)

    execute(acting.db, 'DELETE FROM "DatasetTripletCache"')
    monkeypatch.setattr(event_columns, "fold", fold_others)
    done = count_all(acting)
    (said,) = done.failed
    assert said == f"run {FIRST}: {error.__name__}: of a record that nobody foresaw"
    with acting.db.read() as connection:
        assert {run for run, _ in stale_summaries(connection)} == {FIRST}


def test_that_counting_all_can_be_stopped(acting: Acting) -> None:
    with pytest.raises(Cancelled):
        recounting.recount_all(acting, repair=True, progress=Progress(is_cancelled=lambda: True))


def test_that_without_a_desk_it_is_told_what_is_known(acting: Acting, season_dsn: str) -> None:
    other = Database(season_dsn)
    with pytest.raises(Refused, match="schema desk can't be used"):
        recounting.recount_step(Acting(other, EXPERT))
    execute(acting.db, FORGERIES["Run"][0])
    assert recounting.recount_all(Acting(other, EXPERT), repair=True).findings
    assert "Nobody counts them again here" in " ".join(
        recounting.standing(Acting(other, EXPERT)).lines
    )
    assert wrong(acting.db) == []
    other.close()


# Others at the same time


def test_that_an_edit_that_commits_while_its_dataset_is_counted_stays(
    acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge_state(acting.db, fitting=True)
    real = compared.compare
    times: list[int] = []

    def compare_then_edit(connection, keys, *, desk):
        found = real(connection, keys, desk=desk)
        if not times:
            times.append(1)
            # Between the look and the repair a person says something else, and commits.
            set_dt(acting, "STANDBY", (7, 9))
        return found

    monkeypatch.setattr(compared, "compare", compare_then_edit)
    recounting.recount(acting, [KEY])
    monkeypatch.undo()
    assert wrong(acting.db) == []
    with acting.db.read() as connection:
        state = states.load(connection, [KEY], desk=True)[KEY].state
    assert state.rr.value("dt-dt", 8) == Triplet("STANDBY", "hv trip")


def test_that_a_run_that_is_written_to_is_left_for_the_next_step(acting: Acting) -> None:
    count_all(acting)
    forge_state(acting.db, fitting=True)
    with begin(acting.db, [FIRST]):
        assert recounting.recount(acting, [KEY]).busy == (FIRST,)
    # The web service knows none of our locks, but holds the rows it refers to.
    with acting.db.transaction() as connection:
        WebService(acting.db).store_event(connection, KEY, {"dt-dt": {}}, 2, 3, by="a@b.ch")
        assert recounting.recount(acting, [KEY]).busy == (FIRST,)
    assert recounting.recount(acting, [KEY]).findings
    assert wrong(acting.db) == []


@pytest.mark.parametrize("patient", [True, False])
def test_that_a_run_that_is_written_to_holds_up_no_other(
    acting: Acting, season_dsn: str, patient: bool
) -> None:
    execute(acting.db, 'DELETE FROM "DatasetTripletCache"')
    keys = [KEY, (SECOND, PROMPT)]
    done: list[Recounted] = []
    counting = threading.Thread(
        target=lambda: done.append(recounting.recount(acting, keys, patient=patient))
    )
    with psycopg.connect(season_dsn) as writer:
        writer.execute("SELECT pg_advisory_xact_lock(%s, %s)", (locks._RUNS, FIRST))
        counting.start()
        began = time.monotonic()
        while (compared.SUMMARY, (SECOND, PROMPT)) in wrong(acting.db):
            assert time.monotonic() - began < 20
            time.sleep(0.02)
        if patient:
            # Who waits for one run holds no other.
            set_dt(acting, "BAD", (3, 4), key=(SECOND, PROMPT))
        else:
            counting.join()
    counting.join()
    assert done[0].busy == (() if patient else (FIRST,))
    assert ((compared.SUMMARY, KEY) in wrong(acting.db)) is not patient


def test_that_few_runs_are_counted_in_one_transaction(
    acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []
    real = compared.compare

    def compare_noting(connection, keys, *, desk):
        seen.append(sorted({run_number for run_number, _ in keys}))
        return real(connection, keys, desk=desk)

    monkeypatch.setattr(compared, "compare", compare_noting)
    # Long runs, each with nothing but what OMS says.
    recounting.recount(acting, [(number, "online") for number in range(1, 15)])
    assert seen == [[*range(9, 15)], [*range(3, 9)], [1, 2]]


def test_that_rows_of_which_one_cannot_be_read_are_counted_one_by_one(
    acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge_state(acting.db, KEY, fitting=True)
    real = compared.compare

    def compare_but_one(connection, keys, *, desk):
        if any(run_number == SECOND for run_number, _ in keys):
            raise BadInput("A JSON value is nested too deeply to be read.")
        return real(connection, keys, desk=desk)

    monkeypatch.setattr(compared, "compare", compare_but_one)
    done = recounting.recount(acting, [KEY, (SECOND, PROMPT)])
    monkeypatch.undo()
    assert {each.run_number for each in done.findings} == {FIRST}
    assert done.failed == (f"run {SECOND}: A JSON value is nested too deeply to be read.",)
    assert wrong(acting.db) == []


def test_that_two_who_count_at_once_repair_once(acting: Acting) -> None:
    for key in (KEY, (SECOND, PROMPT)):
        forge_state(acting.db, key, fitting=True)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            recounting.recount_all(acting, repair=True)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert wrong(acting.db) == []
    found = [(each.run_number, each.part, each.lumisections) for each in _findings(acting.db)]
    assert len(found) == len(set(found)) == 2


def _findings(db: Database) -> tuple[Finding, ...]:
    with db.read() as connection:
        return marks.findings(connection, 100)


_KILLED = """
import os, signal, sys
from app.models.database.engine import Database
from app.models.recount import marks
from app.services.acting import Acting
from app.services.recount import recounting
from tests.builders import EXPERT
db = Database(sys.argv[1])
db.prepare()
# All is written, nothing is committed.
marks.remember = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
recounting.recount_all(Acting(db, EXPERT), repair=True)
"""


@pytest.fixture
def killed(acting: Acting, season_dsn: str) -> Acting:
    set_dt(acting, "BAD", (3, 4))
    forge_state(acting.db, fitting=True)
    ended = subprocess.run([sys.executable, "-c", _KILLED, season_dsn], check=False, env=os.environ)
    assert ended.returncode == -signal.SIGKILL
    return acting


def test_that_a_repair_that_is_killed_leaves_nothing_and_is_done_by_the_next(
    killed: Acting,
) -> None:
    assert wrong(killed.db) == [("desk.lumisection_state", KEY)]
    assert recounting.standing(killed).findings_number == 0
    done = recounting.recount_all(killed, repair=True)
    assert done.findings
    assert wrong(killed.db) == []
