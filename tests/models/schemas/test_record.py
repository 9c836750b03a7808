"""What only we keep: taken over from older programs, only added to, not lost with the desk."""

import pytest
import sqlalchemy as sa

from app.domain.agents.proposals import ProposalState
from app.domain.errors import Conflict, Refused
from app.models import agents
from app.models.database.engine import Database
from app.models.golden import provenance
from app.models.lists import cycles
from app.models.schemas import record
from app.models.schemas.own_schema import OwnSchema
from tests.models.conftest import EVENTS, Login
from tests.models.database import old_desk


def _execute(database: Database, statements: str) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text(statements))


@pytest.fixture
def old_database(bare_database: Database) -> Database:
    """A database with all that an older program kept in its schema `desk`."""
    with bare_database.transaction() as connection:
        old_desk.make(connection)
    return bare_database


def test_that_the_tables_are_those_that_the_program_knows(database: Database) -> None:
    with database.read() as connection:
        for table in record.metadata.tables.values():
            found = sa.inspect(connection).get_columns(table.name, schema=record.SCHEMA)
            assert [(column["name"], column["nullable"]) for column in found] == [
                (column.name, column.nullable) for column in table.columns
            ]


def test_that_all_that_an_older_program_kept_is_taken_over(old_database: Database) -> None:
    assert old_database.prepare()
    assert old_database.record
    with old_database.read() as connection:
        known = agents.agents(connection)
        assert [(each.id, each.title, each.retired and each.retired.month) for each in known] == [
            (3, "csc-ml 1", 3),
            (2, "dt-ml 2", None),
            (1, "dt-ml 1", 2),
        ]
        made = agents.proposals(connection)
        assert [(each.id, each.agent, each.agent_version) for each in made] == [
            (1, "dt-ml", "1"),
            (2, "dt-ml", "2"),
            (3, "csc-ml", "1"),
        ]
        assert [(each.state.value, each.decided_by, each.version) for each in made] == [
            ("open", "", None),
            ("rejected", "c@cern.ch", None),
            ("written", "", 17),
        ]
        assert (made[1].reason, made[1].decided and made[1].decided.day) == ("noise", 3)
        (entry,) = cycles.history(connection, 4)
        assert (entry.by, entry.what, entry.details) == ("a@cern.ch", "created", {"datasets": []})
        kept = connection.execute(sa.text("SELECT * FROM record.generated_json_provenance")).one()
        assert kept[:4] == (7, "0.1.0", "abc", [[1, 2]])
        drafts = connection.execute(sa.text("SELECT person FROM desk.draft")).scalars().all()
        assert drafts == ["a@cern.ch"]


def test_that_numbers_go_on_after_those_taken_over(old_database: Database) -> None:
    old_database.prepare()
    with old_database.transaction() as connection:
        assert agents.register(connection, "new", "1", "a@cern.ch", ()).id == 4
        cycles.note(connection, 4, "a@cern.ch", "edited", {})
        ids = connection.execute(sa.text("SELECT id FROM record.cycle_history")).scalars().all()
        assert ids == [1, 2]


def test_that_an_upgrade_that_fails_leaves_all_as_it_was(
    old_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the client died")

    monkeypatch.setattr(OwnSchema, "_share", fail)
    with pytest.raises(RuntimeError):
        old_database.prepare()
    monkeypatch.undo()
    with old_database.read() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM desk.proposal")).scalar_one()
        assert count == 3
    assert old_database.prepare()
    with old_database.read() as connection:
        assert len(agents.proposals(connection)) == 3


def test_that_a_dropped_desk_takes_nothing_of_the_record_with_it(old_database: Database) -> None:
    old_database.prepare()
    _execute(old_database, "DROP SCHEMA desk CASCADE")
    assert old_database.prepare()
    with old_database.read() as connection:
        assert len(agents.proposals(connection)) == 3


def test_that_what_an_older_program_began_anew_beside_the_record_is_added_to_it(
    old_database: Database,
) -> None:
    old_database.prepare()
    _execute(old_database, "DROP SCHEMA desk CASCADE")
    with old_database.transaction() as connection:
        old_desk.make(connection)
        connection.execute(sa.text("UPDATE desk.agent SET name = 'rpc-ml' WHERE name = 'csc-ml'"))
    assert old_database.prepare()
    with old_database.read() as connection:
        assert [each.title for each in agents.agents(connection)] == [
            "csc-ml 1",
            "dt-ml 2",
            "dt-ml 1",
            "rpc-ml 1",
        ]
        made = agents.proposals(connection)
        assert [(each.id, each.agent) for each in made[3:]] == [
            (4, "dt-ml"),
            (5, "dt-ml"),
            (6, "rpc-ml"),
        ]
        assert len(cycles.history(connection, 4)) == 2
        assert provenance.provenance_of(connection, 8) is None


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT p.id, a.name FROM desk.proposal p JOIN desk.agent a ON a.id = p.agent",
        "SELECT program_version FROM desk.generated_json_provenance WHERE generated_json_id = 1",
        "INSERT INTO desk.generated_json_provenance VALUES (8, '0.1.0', 'abc', '[]')",
        'INSERT INTO desk.cycle_history (id_cycle, "by", what, details)'
        " VALUES (1, 'a@cern.ch', 'created', '{}')",
        "UPDATE desk.agent SET retired = now() WHERE name = 'dt-ml' AND retired IS NULL",
    ],
)
def test_that_a_program_that_runs_since_before_is_told_to_be_updated(
    old_database: Database, login: Login, statement: str
) -> None:
    old = login(EVENTS)
    old_database.prepare()
    with pytest.raises(Refused, match="this program is too old for the database, close it"):
        _execute(old, statement)


def test_that_nothing_is_taken_from_a_desk_beside_which_no_record_may_be_made(
    old_database: Database, login: Login
) -> None:
    database = login(f"{EVENTS};USAGE, CREATE ON SCHEMA desk")
    with old_database.transaction() as connection:
        role = database._address.pooled["user"]
        for table in (
            *("alembic_version", "agent", "proposal", "cycle_history", "draft", "presence"),
            *("fill", "failed_pull", "puller", "lumisection_state", "generated_json_provenance"),
        ):
            connection.exec_driver_sql(f"ALTER TABLE desk.{table} OWNER TO {role}")
    assert not database.prepare()
    assert not database.record
    with old_database.read() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM desk.proposal")).scalar_one()
        assert count == 3


def test_that_a_desk_alone_is_used_where_only_that_may_be_made(
    bare_database: Database, login: Login
) -> None:
    _execute(bare_database, "CREATE SCHEMA desk")
    database = login(f"{EVENTS};CREATE, USAGE ON SCHEMA desk")
    assert database.prepare()
    assert not database.record


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record.proposal SET status = 'GOOD'",
        "DELETE FROM record.proposal_decision",
        "TRUNCATE record.cycle_history",
        "UPDATE record.agent SET owner = 'me@cern.ch'",
        "DELETE FROM record.agent_retirement",
        "UPDATE record.generated_json_provenance SET sha256 = 'x'",
    ],
)
def test_that_the_record_is_only_added_to_even_by_its_owner(
    old_database: Database, statement: str
) -> None:
    old_database.prepare()
    with pytest.raises(Refused, match="is never changed or deleted"):
        _execute(old_database, statement)


def test_that_a_record_of_a_newer_program_is_refused(database: Database) -> None:
    _execute(database, "UPDATE record.alembic_version SET version_num = '9999'")
    with pytest.raises(Refused, match=r"schema record.*newer version of this program.*9999"):
        database.prepare()


def test_that_the_second_of_two_decisions_on_a_proposal_is_a_conflict(
    old_database: Database,
) -> None:
    old_database.prepare()
    with old_database.transaction() as late:
        assert [each.id for each in agents.open_ones(late, [1])] == [1]
        with old_database.transaction() as early:
            agents.decide(early, [1], ProposalState.ACCEPTED, "quick@cern.ch", version=5)
        with pytest.raises(Conflict, match=r"already accepted by quick@cern\.ch"):
            agents.decide(late, [1], ProposalState.REJECTED, "late@cern.ch")
