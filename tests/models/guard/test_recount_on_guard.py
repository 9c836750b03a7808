"""Counting again on a guarded database: pullers confirm what people's clients computed."""

import psycopg
import pytest
from sqlalchemy import text

from app.domain.errors import NotPermitted, Refused
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.recount import marks
from app.services.acting import Acting
from app.services.certification import runs
from app.services.editing.lumisections import ColumnEdit, edit_columns
from app.services.golden import generation as golden
from app.services.recount import recounting
from tests.builders import EXPERT
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import FIRST, OPEN_RUN, PROMPT
from tests.services.recount.forged import forge_state

KEY = (FIRST, PROMPT)
RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}


def edit(db: Database, first: int) -> None:
    cell = ColumnEdit(*KEY, "dt-dt", (LumiRange(first, first),), Triplet("BAD", "HV trip"))
    edit_columns(Acting(db, EXPERT), [cell])


def unconfirmed(db: Database) -> set[str]:
    with db.read() as connection:
        return set(connection.execute(text("SELECT what FROM guard.unconfirmed")).scalars())


def count_all(acting: Acting) -> None:
    while recounting.recount_step(acting).pending:
        pass


def confirmed(db: Database) -> set[tuple[int, str]]:
    with db.read() as connection:
        return marks.confirmed(connection, [KEY])


def test_that_a_puller_confirms_what_a_person_computed(come_in: Login) -> None:
    person, puller = come_in("g_expert"), Acting(come_in("g_puller"), EXPERT)
    count_all(puller)
    assert confirmed(person) == {KEY}
    edit(person, 5)
    assert unconfirmed(person) == {"DatasetTripletCache", "lumisection_state"}
    assert confirmed(person) == set()
    assert recounting.standing(Acting(person)).unconfirmed == 2
    step = recounting.recount_step(puller)
    assert (step.renewed, step.findings) == (0, ())
    assert unconfirmed(person) == set()
    assert confirmed(person) == {KEY}
    assert recounting.standing(Acting(person)).unconfirmed == 0


def test_that_what_a_person_forged_with_an_edit_is_found_and_is_in_no_official_list(
    come_in: Login,
) -> None:
    person, puller = come_in("g_expert"), Acting(come_in("g_puller"), EXPERT)
    count_all(puller)
    edit(person, 5)
    # Whoever really changed the dataset in a transaction may write its row there, as they like.
    with person.transaction() as connection:
        connection.execute(
            text("SELECT 1 FROM desk.lumisection_state WHERE run_number = :run"), {"run": FIRST}
        )
    with pytest.raises(Refused, match="was not changed here"):
        forge_state(person, KEY, fitting=True)
    # So the row is forged as its owner could, by whom nobody is kept.
    forge_state(puller.db, KEY, fitting=True)
    person_acting = Acting(person, EXPERT)
    golden.forget_seasons(person_acting)
    made = golden.generate(puller, PROMPT, RULE, official=True)
    good = golden.row(puller, made.id).generated_json[str(FIRST)]
    assert good == [[1, 1], [4, 4], [6, 10]]
    done = recounting.recount_all(puller, repair=True)
    assert {each.table for each in done.findings} == {"desk.lumisection_state"}
    assert confirmed(person) == {KEY}


def test_that_a_person_counts_and_repairs_nothing(come_in: Login) -> None:
    person = Acting(come_in("g_expert"), EXPERT)
    with pytest.raises(NotPermitted, match="only the login of a"):
        recounting.recount_step(person)
    with pytest.raises(NotPermitted, match="puts right what is derived"):
        recounting.recount_all(person, repair=True)
    assert recounting.recount_all(person, repair=False).findings == ()
    for statement in (
        "INSERT INTO desk.recount SELECT 1, 'x', 1, 1, NULL, now()",
        "UPDATE desk.recount SET checksum = NULL",
    ):
        with pytest.raises(Refused, match="permission denied"), person.db.transaction() as c:
            c.execute(text(statement))


def test_that_a_puller_puts_rows_of_runs_and_datasets_right(
    come_in: Login, guarded_dsn: str
) -> None:
    puller, web = Acting(come_in("g_puller"), EXPERT), come_in("g_web")
    # Nobody but the owner writes counts; a puller asks the server to make them.
    with psycopg.connect(guarded_dsn) as owner:
        owner.execute("UPDATE desk.counts SET columns = '{{9,0,0,0,0,0,0,9}}'")
    with web.transaction() as connection:
        connection.execute(text("""UPDATE "Run" SET rr_attributes = '{"class": "Forged"}'"""))
        connection.execute(text("""UPDATE "Dataset" SET dataset_attributes = '{"a": 1}'"""))
        connection.execute(text('UPDATE "DatasetTripletCache" SET version = 0'))
    done = recounting.recount_all(puller, repair=True)
    assert {each.table for each in done.findings} == {"Run", "Dataset", "desk.counts"}
    again = recounting.recount_all(puller, repair=False)
    assert (again.renewed, again.findings) == (0, ())
    runs.move(Acting(come_in("g_expert"), EXPERT), OPEN_RUN, "SIGNOFF")
