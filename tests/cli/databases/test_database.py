import re
from urllib.parse import urlsplit

import psycopg
import pytest

from app.domain.json_value import text_hash
from app.models.database.engine import Database
from app.models.schemas import desk, indexes
from app.models.schemas import shared_schema as schema
from app.services.acting import Acting
from app.services.configuration import in_force as configuration

CATALOG = """
    SELECT 'column', table_schema || '.' || table_name, column_name, data_type
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'index', schemaname || '.' || tablename, indexname, indexdef
    FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    ORDER BY 1, 2, 3, 4
"""


@pytest.fixture
def bare_dsn(empty_dsn):
    """A database that holds the shared tables and nothing of ours."""
    database = Database(empty_dsn)
    with database.transaction() as connection:
        schema.create(connection)
    database.close()
    return empty_dsn


@pytest.fixture
def unprivileged_dsn(bare_dsn):
    """The same, configured, for a login that may write the shared tables and create nothing."""
    database = Database(bare_dsn)
    configuration.install_default(Acting(database))
    database.close()
    with psycopg.connect(bare_dsn, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'pass'")
        connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        connection.execute(f"GRANT CONNECT ON DATABASE {name} TO {name}")
        connection.execute(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + name
        )
        connection.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO " + name)
        host, port = connection.info.host, connection.info.port
        yield f"postgresql://{name}:pass@{host}:{port}/{name}?sslmode=disable&gssencmode=disable"
        connection.execute(f"DROP OWNED BY {name}")
        connection.execute(f"DROP ROLE {name}")


def _rows(dsn, query):
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()


def test_that_an_empty_database_is_refused_with_the_command_that_fills_it(run_registry, empty_dsn):
    refused = run_registry("runs", "list", "--dsn", empty_dsn)
    assert refused.code == 1
    name = urlsplit(empty_dsn).path
    assert re.search(rf"run-registry db init --dsn '?postgresql://\S*{name}\b", refused.err)
    assert str(urlsplit(empty_dsn).password) not in refused.err
    assert _rows(empty_dsn, CATALOG) == []
    checked = run_registry("db", "check", "--dsn", empty_dsn, "--json")
    assert (checked.code, checked.document["schema"]) == (1, "empty")


def test_that_db_init_makes_the_tables_once(run_registry, empty_dsn):
    made = run_registry("db", "init", "--dsn", empty_dsn, "--json")
    assert made.code == 0
    assert (made.document["created"], made.document["configured"]) == (True, False)
    assert len(_rows(empty_dsn, 'SELECT FROM "Settings"')) == 1
    before = _rows(empty_dsn, CATALOG)

    again = run_registry("db", "init", "--dsn", empty_dsn, "--default-configuration", "--json")
    assert (again.document["created"], again.document["configured"]) == (False, True)
    assert _rows(empty_dsn, CATALOG) == before


def test_that_a_database_of_others_is_refused_with_what_is_missing(run_registry, empty_dsn):
    _write(empty_dsn, 'CREATE TABLE "Run" (run_number integer)')
    for words in (("runs", "list"), ("db", "init")):
        refused = run_registry(*words, "--dsn", empty_dsn)
        assert refused.code == 1
        assert 'table "Dataset" is missing' in refused.err
    checked = run_registry("db", "check", "--dsn", empty_dsn)
    assert checked.code == 1
    assert "doesn't hold the tables" in checked.out


def test_that_only_optional_indexes_and_triggers_are_added_to_an_existing_database(
    run_registry, bare_dsn
):
    before = _rows(bare_dsn, CATALOG)

    assert run_registry("runs", "list", "--dsn", bare_dsn).code == 0
    checked = run_registry("db", "check", "--dsn", bare_dsn, "--json")

    assert (checked.code, checked.document["desk"]) == (0, True)
    # A trigger that waits for the end of the transaction is a constraint to the catalog.
    ours = {index.name for index in indexes.INDEXES} | desk.TRIGGERS
    assert [row for row in _rows(bare_dsn, CATALOG) if row[2] not in ours] == before


def test_that_a_login_that_may_create_nothing_works_too(run_registry, unprivileged_dsn, oms):
    def registry(*words):
        return run_registry("--dsn", unprivileged_dsn, *words)

    before = _rows(unprivileged_dsn, CATALOG)
    checked = registry("db", "check", "--json").document
    assert (checked["schema"], checked["desk"]) == ("run registry", False)
    assert not checked["record"]
    assert "may not create it" in checked["record_reason"]
    assert "may not create it" in checked["desk_reason"]
    assert "not used: the schema desk isn't there" in registry("db", "check").out
    assert registry("pull", "--oms", oms.url).code == 0
    moved = registry("runs", "move", "390001", "SIGNOFF")
    assert moved.code == 0, moved.err
    assert registry("pull", "--oms", oms.url).out == "OMS has nothing new.\n"
    assert registry("db", "check", "--json").document["stale_summaries"] == []
    assert _rows(unprivileged_dsn, CATALOG) == before


def test_that_faulty_rules_and_stale_summaries_are_reported(registry, registry_dsn):
    _write(
        registry_dsn,
        """UPDATE "ClassClassifier" SET classifier = '{"class": "x", "rule": {"nosuch": 1}}'"""
        ' WHERE id = (SELECT min(id) FROM "ClassClassifier")',
        'UPDATE "DatasetTripletCache" SET version = version - 1 WHERE run_number = 390001',
    )
    checked = registry("db", "check", "--json").document
    assert len(checked["problems"]) == 1
    assert "ClassClassifier" in checked["problems"][0]
    assert checked["stale_summaries"] == [[390001, "online"]]
    text = registry("db", "check").out
    assert "1 faulty rule" in text
    assert "1 dataset to be counted again" in text


def test_that_db_check_deep_names_the_objects_that_say_something_else(registry, registry_dsn):
    checked = registry("db", "check", "--deep", "--json")
    objects = checked.document["objects"]
    assert (checked.code, objects["false"], objects["not_checked"]) == (0, [], 0)
    assert (
        objects["looked_at"]
        == _rows(registry_dsn, 'SELECT count(*) FROM "JSONBDeduplication"')[0][0]
    )

    good = '{"dt-dt":{"status":"GOOD","comment":"","cause":"false"}}'
    _write(
        registry_dsn,
        f"""INSERT INTO "JSONBDeduplication" (id, "jsonb", unique_hash)
            VALUES (-7, '{good.replace("GOOD", "BAD")}', '{text_hash(good)}'),
                   (-8, '{{"a": 1.0}}', 'unknown'),
                   (-9, jsonb_build_object('a', repeat('x', 100000)), 'long')""",
    )
    checked = registry("db", "check", "--deep", "--json")
    objects = checked.document["objects"]
    assert (checked.code, objects["false"], objects["not_checked"]) == (1, [-7], 2)
    text = registry("db", "check", "--deep")
    assert text.code == 1
    assert "1 false; 2 not checked" in text.out
    assert "something other than their hash says: -7\n" in text.out
    assert registry("db", "check").code == 0
    assert "objects" not in registry("db", "check", "--json").document


def test_that_db_check_compares_what_is_derived_and_puts_it_right_when_asked(
    registry, registry_dsn
):
    forged = """UPDATE "Run" SET rr_attributes = rr_attributes || '{"class": "Forged"}'
        WHERE run_number = 390001"""
    checked = registry("db", "check", "--deep", "--json").document
    assert checked["counted_again"]["false_values"] == []
    assert checked["derived"]["datasets"] > 0
    assert checked["derived"]["newest_version"] > checked["derived"]["newest_version_counted"] == 0
    assert checked["derived"]["taken_in"]["event"] is None
    taken = registry("db", "take-in", "--json").document
    assert (taken["runs_left"], taken["event"]) == (0, taken["newest_event"])
    assert registry("db", "check", "--json").document["derived"]["taken_in"]["runs_left"] == 0
    _write(registry_dsn, forged)
    looked = registry("db", "check", "--deep")
    assert looked.code == 1
    assert 'Run, run 390001: rr.class was "Forged"; the events say' in looked.out
    assert "Put it right with: db check --repair." in looked.out
    repaired = registry("db", "check", "--repair", "--json")
    assert repaired.code == 0
    (told,) = repaired.document["counted_again"]["false_values"]
    assert (told["table"], told["part"], told["found"]) == ("Run", "rr.class", '"Forged"')
    after = registry("db", "check")
    assert "1 false value found so far:" in after.out
    assert "It is right again." in after.out
    standing = registry("db", "check", "--json").document["derived"]
    assert standing["counted_since_change"] == standing["datasets"]
    assert standing["newest_version_counted"] == standing["newest_version"]
    assert standing["false_values"][0]["noticed_by"]


def _write(dsn, *statements):
    with psycopg.connect(dsn) as connection:
        for statement in statements:
            connection.execute(statement)
