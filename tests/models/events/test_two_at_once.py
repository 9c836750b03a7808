"""Two writers at once, on the same cells, runs and stored objects."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from app.domain.errors import Refused
from app.domain.json_value import text_hash
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import event_log, rows
from app.models.events.action import begin
from app.services.acting import Acting
from app.services.editing import lumisections
from app.services.editing.lumisections import BitEdit, ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run
from tests.models.events.shifts import check_folds, contents, until_somebody_waits
from tests.plain_folds import (
    plain_datasets,
)

# --- two at once ----------------------------------------------------------------------------------


def at_once(*actions: Callable[[], object]) -> list[object]:
    """Results of actions that start together, each in its own thread."""
    barrier = threading.Barrier(len(actions))
    results: list[object] = [None] * len(actions)

    def run(position: int, action: Callable[[], object]) -> None:
        barrier.wait()
        results[position] = action()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_that_two_writers_at_once_end_with_both_words(configured: Database, deskless: Database):
    pull.apply(Acting(configured), a_run(390001, 10))

    def edits(db: Database, column: str, statuses: list[str]) -> Callable[[], object]:
        def edit() -> object:
            for status in statuses:
                wanted = ColumnEdit(
                    390001, "online", column, (LumiRange(2, 9),), Triplet(status, "abc")
                )
                lumisections.edit_columns(Acting(db, EXPERT), [wanted])
            return True

        return edit

    statuses = ["GOOD", "BAD", "STANDBY", "NOTSET", "EXCLUDED"]
    bits = [True, False, True, False]

    def flips() -> object:
        for value in bits:
            edit = BitEdit(390001, "online", "bpix_ready", (LumiRange(1, 4),), value)
            lumisections.edit_bits(Acting(configured, EXPERT), [edit], comment="abc")
        return True

    def pulls() -> object:
        for length in range(11, 15):
            pull.apply(Acting(deskless), a_run(390001, length))
        return True

    assert (
        at_once(
            edits(configured, "dt-dt", statuses), edits(deskless, "csc-csc", statuses), flips, pulls
        )
        == [True] * 4
    )
    check_folds(configured)
    with configured.read() as connection:
        online = plain_datasets(connection)[390001, "online"]
    assert {
        (each["dt-dt"]["status"], each["csc-csc"]["status"])
        for each in (online.rr[n] for n in range(2, 10))
    } == {("EXCLUDED", "EXCLUDED")}
    assert len(online.oms) == 14


def test_that_the_same_run_created_by_two_at_once_is_created_once(
    configured: Database, deskless: Database
):
    outcomes = at_once(
        lambda: pull.apply(Acting(configured), a_run(390001, 10)).kind.value,
        lambda: pull.apply(Acting(deskless), a_run(390001, 10)).kind.value,
    )
    assert sorted(map(str, outcomes)) == ["created", "unchanged"]
    check_folds(configured)


def test_that_one_object_inserted_by_two_at_once_is_one_row(database: Database):
    objects = [{"a": number, "b": "ü"} for number in range(50)]
    found: list[list[int]] = []

    def insert(wanted: list) -> Callable[[], object]:
        def insert_them() -> object:
            with database.transaction() as connection:
                found.append(event_log.deduplicated(connection, event_log.texts_of(wanted)))
            return True

        return insert_them

    assert at_once(*(insert(objects) for _ in range(3)), insert(objects[::-1])) == [True] * 4
    with database.read() as connection:
        rows = connection.execute(
            text('SELECT count(*), count(DISTINCT unique_hash) FROM "JSONBDeduplication"')
        ).one()
    assert tuple(rows) == (50, 50)
    assert {tuple(sorted(each)) for each in found} == {tuple(sorted(found[0]))}


def test_that_a_second_writer_of_an_object_waits_for_the_first_and_uses_its_row(
    database: Database,
):
    started = threading.Event()
    ids: list[int] = []

    def second() -> None:
        started.set()
        with database.transaction() as connection:
            ids.extend(event_log.deduplicated(connection, ['{"a":1}']))

    with database.transaction() as connection:
        first = event_log.deduplicated(connection, ['{"a":1}'])
        thread = threading.Thread(target=second)
        thread.start()
        started.wait()
        until_somebody_waits(connection)
    thread.join()
    assert ids == first


def test_that_rows_that_come_with_their_locks_are_as_the_writer_before_left_them(
    configured: Database,
):
    pull.apply(Acting(configured), a_run(390001, 3))
    read = []

    def second() -> None:
        with begin(configured, [390001], reads=True) as action:
            read.append((action.runs([390001]), action.datasets([390001])))

    with configured.transaction() as connection:
        # As the web service writes, which knows none of the other locks.
        for table, attributes in (("Dataset", "dataset_attributes"), ("Run", "rr_attributes")):
            connection.execute(
                text(f"""UPDATE "{table}" SET {attributes} = {attributes} || '{{"x": 1}}'""")
            )
        thread = threading.Thread(target=second)
        thread.start()
        until_somebody_waits(connection)
    thread.join()
    with configured.read() as connection:
        now = (
            rows.run_states(connection, [390001]),
            rows.datasets_of_runs(connection, [390001]),
        )
    assert read == [now]
    assert now[0][390001].rr_attributes["x"] == 1
    assert now[1][390001, "online"].attributes["x"] == 1


def test_that_a_dataset_that_came_while_a_lock_was_waited_for_is_among_the_rows(
    configured: Database,
):
    pull.apply(Acting(configured), a_run(390001, 3))
    read = []

    def second() -> None:
        with begin(configured, [390001], reads=True) as action:
            read.append(action.datasets([390001]))

    with configured.transaction() as connection:
        # As the web service makes a dataset: its row refers to that of the run.
        connection.execute(
            text(
                'INSERT INTO "Dataset" (run_number, name, dataset_attributes, datasets_in_gui,'
                " deleted, version) SELECT run_number, '/Express/Made/DQM', dataset_attributes,"
                " datasets_in_gui, deleted, version FROM \"Dataset\" WHERE name = 'online'"
            )
        )
        thread = threading.Thread(target=second)
        thread.start()
        until_somebody_waits(connection)
    thread.join()
    with configured.read() as connection:
        assert read == [rows.datasets_of_runs(connection, [390001])]
    assert (390001, "/Express/Made/DQM") in read[0]


GOOD_DT = '{"dt-dt":{"status":"GOOD","comment":"","cause":""}}'

BAD_DT = '{"dt-dt":{"status":"BAD","comment":"false","cause":""}}'


def _put(connection: Connection, content: str, hash_of: str) -> int:
    """A row that has the hash of `hash_of`, as anybody may insert it who may insert at all."""
    return connection.execute(
        text(
            'INSERT INTO "JSONBDeduplication" ("jsonb", unique_hash)'
            " VALUES (CAST(:content AS jsonb), :hash) RETURNING id"
        ),
        {"content": content, "hash": text_hash(hash_of)},
    ).scalar_one()


def test_that_a_row_with_the_hash_of_something_else_is_refused_by_its_id(database: Database):
    with database.transaction() as connection:
        false = _put(connection, BAD_DT, GOOD_DT)
    with (
        pytest.raises(Refused, match=rf"The row {false} of JSONBDeduplication has the hash"),
        database.transaction() as connection,
    ):
        event_log.deduplicated(connection, ['{"a":1}', GOOD_DT])
    with database.transaction() as connection:
        assert connection.execute(text('SELECT id FROM "JSONBDeduplication"')).all() == [(false,)]
        (other,) = event_log.deduplicated(connection, [BAD_DT])
    assert other != false


def test_that_an_edit_never_says_what_somebody_else_put_behind_its_hash(configured: Database):
    pull.apply(Acting(configured), a_run(390001, 10))
    with configured.transaction() as connection:
        _put(connection, BAD_DT, '{"dt-dt":{"status":"STANDBY","comment":"","cause":""}}')
    before = contents(configured)
    with pytest.raises(Refused, match="db check --deep"):
        lumisections.edit_columns(
            Acting(configured, EXPERT),
            [ColumnEdit(390001, "online", "dt-dt", (LumiRange(2, 4),), Triplet("STANDBY"))],
        )
    assert contents(configured) == before


def test_that_a_row_of_others_with_the_same_content_is_used(database: Database):
    texts = ['{"a":1e+21,"b":0.5}', '{"dt-dt":{"status":"GOOD","comment":"ü","cause":""}}']
    with database.transaction() as connection:
        theirs = [
            _put(connection, f'{{"b": 5e-1, "a": 1{"0" * 21}.0}}', texts[0]),
            _put(
                connection, '{"dt-dt": {"cause": "", "comment": "ü", "status": "GOOD"}}', texts[1]
            ),
        ]
    with database.transaction() as connection:
        assert event_log.deduplicated(connection, texts) == theirs


def test_that_a_false_row_stored_at_the_same_moment_is_refused_too(database: Database):
    started = threading.Event()
    refused: list[Refused] = []

    def second() -> None:
        started.set()
        with pytest.raises(Refused) as said, database.transaction() as connection:
            event_log.deduplicated(connection, [GOOD_DT])
        refused.append(said.value)

    with database.transaction() as connection:
        false = _put(connection, BAD_DT, GOOD_DT)
        thread = threading.Thread(target=second)
        thread.start()
        started.wait()
        until_somebody_waits(connection)
    thread.join()
    assert f"The row {false} of" in str(refused[0])
