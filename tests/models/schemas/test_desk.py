"""Our own schema: made, upgraded, shared, done without, and never mixed up with a newer one."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa

from app.domain.errors import NotPermitted, Refused
from app.models.database.engine import Database
from app.models.schemas import desk, indexes, record, tables
from app.services import notes
from app.services.acting import Acting
from app.services.agents.agreement import agreement
from app.services.certification.cycles import all_cycles
from app.services.certification.todo import todo
from app.services.golden import generation as golden
from app.services.golden.official.making import make_official
from app.services.seal import proofs
from tests.builders import EXPERT
from tests.models.conftest import EVENTS, Login
from tests.services.offline_runs import FIRST, fill_opened


def _execute(database: Database, statements: str) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text(statements))


def test_that_the_tables_are_those_that_the_program_knows(database: Database) -> None:
    with database.read() as connection:
        for table in desk.metadata.tables.values():
            found = sa.inspect(connection).get_columns(table.name, schema=desk.SCHEMA)
            assert [(column["name"], column["nullable"]) for column in found] == [
                (column.name, column.nullable) for column in table.columns
            ]
        storage = connection.execute(
            sa.text(
                "SELECT attstorage::text FROM pg_attribute"
                " WHERE attrelid = 'desk.lumisection_state'::regclass AND attname = 'state'"
            )
        ).scalar_one()
    assert storage == "e"


def test_that_nothing_is_added_to_the_shared_tables_but_triggers_and_indexes(
    bare_database: Database,
) -> None:
    query = sa.text(
        "SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'"
        " UNION ALL SELECT tgname, tgrelid::regclass::text FROM pg_trigger"
        " JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace ORDER BY 1, 2"
    )
    with bare_database.read() as connection:
        before = set(connection.execute(query).all())
    assert bare_database.prepare()
    with bare_database.read() as connection:
        found = set(connection.execute(query).all()) - before
    assert {name for name, _ in found} == desk.TRIGGERS


def test_that_clients_that_start_at_once_make_one_desk(bare_database: Database) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda _: bare_database.prepare(), range(3))) == [True] * 3


def test_that_a_dropped_desk_is_made_again(database: Database) -> None:
    _execute(database, "DROP SCHEMA desk CASCADE")
    _execute(database, """INSERT INTO "Version" (by, "createdAt") VALUES ('a@b', now())""")
    assert database.prepare()


@pytest.mark.parametrize("table", [each.name for each in desk.COUNTS_WRITTEN])
def test_that_without_a_table_of_the_counts_nobody_is_hindered_in_writing(
    database: Database, table: str
) -> None:
    with pytest.raises(sa.exc.DBAPIError, match=r"trigger desk_count_dataset .* depends on"):
        _execute(database, f"DROP TABLE desk.{table}")
    _execute(database, f"DROP TABLE desk.{table} CASCADE")
    _execute(
        database,
        """INSERT INTO "Run" VALUES (1, '{}', '{}', 1, false);"""
        """INSERT INTO "Dataset" VALUES (1, 'online', '{}', '[]', false, 1);"""
        """INSERT INTO "DatasetTripletCache" (run_number, name, version, triplet_summary,"""
        """ dcs_summary, rr_ranges, dcs_ranges, brilcalc_recorded_luminosity,"""
        """ brilcalc_delivered_luminosity)"""
        """ VALUES (1, 'online', 1, '{"dt-dt": {"GOOD": 1}}', '{}', '{}', '{}', 0, 0);"""
        """UPDATE "DatasetTripletCache" SET triplet_summary = '{}';"""
        """UPDATE "Dataset" SET version = 2; DELETE FROM "DatasetTripletCache";"""
        """DELETE FROM "Dataset"; TRUNCATE "Dataset", "DatasetTripletCache" CASCADE""",
    )


def test_that_triggers_that_would_hinder_are_made_anew(database: Database) -> None:
    _execute(
        database,
        'DROP TRIGGER desk_count_dataset ON "Dataset";'
        ' CREATE TRIGGER desk_count_dataset AFTER INSERT ON "Dataset"'
        " FOR EACH ROW EXECUTE FUNCTION desk.count_dataset()",
    )
    assert database.prepare()
    with pytest.raises(sa.exc.DBAPIError, match=r"trigger desk_count_dataset .* depends on"):
        _execute(database, "DROP TABLE desk.uncounted")


def test_that_a_desk_of_a_newer_program_is_refused(database: Database) -> None:
    _execute(database, "UPDATE desk.alembic_version SET version_num = '9999'")
    with pytest.raises(Refused, match=r"newer version of this program.*9999.*Update the program"):
        database.prepare()


def test_that_without_the_privilege_the_program_goes_on_without_a_desk(
    bare_database: Database, login: Login
) -> None:
    database = login(EVENTS)
    assert not database.prepare()
    assert not database.desk
    with database.transaction() as connection:
        connection.execute(tables.json_classifier_list.insert().values(id=4711))


def test_that_no_trigger_calls_a_function_that_its_owner_could_change_behind_our_back(
    bare_database: Database, login: Login
) -> None:
    assert login(f"{EVENTS};CREATE ON DATABASE $db").prepare()
    assert bare_database.prepare()
    with bare_database.read() as connection:
        triggers = connection.execute(
            sa.text(
                "SELECT count(*) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
                " WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace"
            )
        )
        assert triggers.scalar_one() == 0


def test_that_whoever_may_append_events_may_use_the_desk(
    bare_database: Database, login: Login
) -> None:
    database = login(EVENTS)
    bare_database.prepare()
    assert database.prepare()
    _execute(database, "INSERT INTO desk.failed_pull VALUES (1, 'no answer', now(), now(), 1)")
    with pytest.raises(Refused, match="permission denied for table fill"):
        _execute(database, "DELETE FROM desk.fill")


def test_that_a_reader_does_without_the_desk(bare_database: Database, login: Login) -> None:
    database = login("SELECT ON ALL TABLES IN SCHEMA public")
    bare_database.prepare()
    assert not database.prepare()


def test_that_a_reader_reads_what_is_ours_where_it_may(
    bare_database: Database, login: Login
) -> None:
    bare_database.prepare()
    fill_opened(bare_database)
    expert = Acting(bare_database, EXPERT)
    notes.add(expert, FIRST, "", (), "Seen by everybody")
    _execute(bare_database, "DELETE FROM desk.lumisection_state")
    rights = [
        f"{right} SCHEMA {each}"
        for each in ("public", "desk", "record")
        for right in ("USAGE ON", "SELECT ON ALL TABLES IN")
    ]
    reader = login(";".join(rights))
    assert reader.prepare()
    reading = Acting(reader, EXPERT)
    assert notes.of_run(reading, FIRST) == notes.of_run(expert, FIRST) != ()
    assert todo(reading) == todo(expert)
    assert all_cycles(reading) == all_cycles(expert)
    # What a reader folds stays in its memory: nothing is tried that it may not.
    assert golden.preview(reading, "%", {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]})
    assert not reader.takes_notes
    assert not reader.writes_automatically
    with pytest.raises(Refused, match=r"table note\. .* may not change it: the"):
        notes.add(reading, FIRST, "", (), "Seen by nobody")
    made = golden.generate(expert, "%", {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]})
    with pytest.raises(NotPermitted, match="this login may only read"):
        make_official(reading, [made.id])


def test_that_who_may_not_look_into_the_record_is_told_so(
    bare_database: Database, login: Login
) -> None:
    bare_database.prepare()
    reader = login("SELECT ON ALL TABLES IN SCHEMA public")
    reader.prepare()
    said = "may not look into the schema record .*USAGE.*, or an administrator of the database"
    with pytest.raises(Refused, match=said):
        agreement(Acting(reader, EXPERT), "dt-ml", 1, 2)
    with pytest.raises(Refused, match="schema record isn't for this login: the owner of that sch"):
        _execute(reader, "SELECT FROM record.agent")
    with pytest.raises(Refused, match=f"Nothing can be noted here: this login {said}"):
        notes.add(Acting(reader, EXPERT), 1, "", (), "Seen by nobody")
    # A seal that is there isn't said to be none yet.
    with pytest.raises(Refused, match="may not look into the schema seal"):
        proofs.newest_root(Acting(reader, EXPERT))


def test_that_the_tables_that_a_login_may_not_read_are_named(
    bare_database: Database, login: Login
) -> None:
    bare_database.prepare()
    names = sorted(record.OWN.privileges)
    most = ", ".join(f"record.{each}" for each in names if each not in {"note", "agent"})
    reader = login(f"SELECT ON ALL TABLES IN SCHEMA public;USAGE ON SCHEMA record;SELECT ON {most}")
    reader.prepare()
    assert not reader.record
    with pytest.raises(
        Refused, match=r"may not read record.agent, record.alembic_version, record.note .it"
    ):
        notes.add(Acting(reader, EXPERT), 1, "", (), "Seen by nobody")


def test_that_a_schema_of_somebody_else_with_our_name_is_left_alone(
    bare_database: Database,
) -> None:
    _execute(bare_database, "CREATE SCHEMA desk CREATE TABLE drawers (id int)")
    assert not bare_database.prepare()


def test_that_an_empty_schema_made_by_the_administrator_is_used(
    bare_database: Database, login: Login
) -> None:
    _execute(bare_database, "CREATE SCHEMA desk")
    database = login(f"{EVENTS};CREATE, USAGE ON SCHEMA desk")
    assert database.prepare()


_TRIGGERS = "SELECT tgname FROM pg_trigger WHERE tgname = ANY(:names)"


def test_that_whoever_writes_waits_for_one_step_of_making_it_alone(
    bare_database: Database, empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def add(connection: sa.Connection, index: indexes.OptionalIndex) -> None:
        with psycopg.connect(empty_dsn) as other:
            other.execute(
                'LOCK TABLE "Version", "Dataset", "DatasetTripletCache"'
                " IN ROW EXCLUSIVE MODE NOWAIT"
            )
        made.append(index.name)
        add_one(connection, index)

    add_one = indexes.add_one
    monkeypatch.setattr(indexes, "add_one", add)
    assert bare_database.prepare()
    with bare_database.read() as connection:
        assert indexes.present(connection) == set(made) != set()


def test_that_it_is_made_beside_whoever_reads(bare_database: Database, empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn) as reader:
        reader.execute('SELECT FROM "Version", "Dataset", "DatasetTripletCache"')
        assert bare_database.prepare()
    with bare_database.read() as connection:
        found = connection.execute(sa.text(_TRIGGERS), {"names": [*desk.TRIGGERS]}).scalars()
        assert set(found) == desk.TRIGGERS


def test_that_whoever_writes_a_dataset_and_then_its_summary_waits_for_nobody(
    bare_database: Database, empty_dsn: str
) -> None:
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND database = ("
    waits += "SELECT oid FROM pg_database WHERE datname = current_database()))"
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(empty_dsn) as writer,
        psycopg.connect(empty_dsn, autocommit=True) as onlooker,
    ):
        writer.execute("SET lock_timeout = '100ms'")
        writer.execute('LOCK TABLE "Dataset" IN ROW EXCLUSIVE MODE')
        preparing = pool.submit(bare_database.prepare)
        while not onlooker.execute(waits).fetchone()[0] and not preparing.done():
            pass
        writer.execute('LOCK TABLE "DatasetTripletCache" IN ROW EXCLUSIVE MODE')
        writer.commit()
        assert preparing.result()
