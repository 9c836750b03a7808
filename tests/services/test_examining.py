"""Looking over a database."""

import json
import lzma

import pytest
from sqlalchemy import text

from app.distribution import program_version
from app.domain.json_value import text_hash
from app.domain.progress import Cancelled, Progress
from app.models.database.engine import Database
from app.services import examining, programs


def test_that_no_object_the_web_service_stored_is_called_false(database: Database, shared_data):
    file = shared_data / "conformance" / "tables_final" / "JSONBDeduplication.json.xz"
    with lzma.open(file, "rt") as rows:
        stored = json.load(rows)
    with database.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "JSONBDeduplication" (id, "jsonb", unique_hash)'
                ' SELECT id, "jsonb", unique_hash FROM'
                ' jsonb_populate_recordset(NULL::"JSONBDeduplication", CAST(:rows AS jsonb))'
            ),
            {"rows": json.dumps(stored)},
        )
    told: list[float] = []
    found = examining.examine_objects(database, Progress(told.append))
    assert (found.looked_at, found.false_number, found.false) == (len(stored), 0, ())
    # One object of 25 columns was written in an order of its own.
    assert found.undecided <= 1
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_that_looking_at_the_objects_can_be_stopped(database: Database):
    with database.transaction() as connection:
        for number in range(3):
            connection.execute(
                text('INSERT INTO "JSONBDeduplication" ("jsonb", unique_hash) VALUES (:j, :h)'),
                {"j": json.dumps({"a": number}), "h": text_hash(f'{{"a":{number}}}')},
            )
    asked: list[bool] = []

    def enough() -> bool:
        asked.append(True)
        return len(asked) == 3

    with pytest.raises(Cancelled):
        examining.examine_objects(database, Progress(is_cancelled=enough))
    assert examining.examine_objects(database).looked_at == 3


def test_that_only_the_first_false_objects_are_named(database: Database):
    with database.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "JSONBDeduplication" (id, "jsonb", unique_hash)'
                " SELECT n, to_jsonb(n), 'x' || n FROM generate_series(1, 2500) AS n"
            )
        )
    found = examining.examine_objects(database)
    assert (found.looked_at, found.false_number) == (2500, 2500)
    assert found.false == tuple(range(1, examining.NAMED_OBJECTS + 1))


def test_that_a_newer_version_that_made_a_list_here_is_told_of(database: Database):
    own = program_version()
    # Another version could have written anything there.
    for version in ("0.0.1", own, "<b>99.0.0</b>", "98.0.0", "97.5.0"):
        with database.transaction() as connection:
            connection.execute(
                text(
                    "INSERT INTO record.golden_json_check"
                    " (generated_json_id, equal, differing, program_version)"
                    " VALUES (1, true, '', :version)"
                ),
                {"version": version},
            )
        told = programs.newer_program(database)
        assert told == ("98.0.0" if version in {"98.0.0", "97.5.0"} else "")
