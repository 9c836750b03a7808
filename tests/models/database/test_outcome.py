"""The answer to a COMMIT is lost: what became of the change is found out by the mark it left."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from app.domain.agents.proposals import ProposalState
from app.domain.certification.notes import NoteKind
from app.domain.certification.wishes import OfficialWish
from app.domain.errors import Unavailable, Unsure
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models import agents
from app.models.agents import NewProposal
from app.models.configuration import editing
from app.models.database import outcome, patience
from app.models.database.engine import Database
from app.models.events import event_log, second_eyes
from app.models.golden import checks, generated_json, publications
from app.models.golden.publications import Publication
from app.models.history import notes
from app.models.lists import cycles
from app.models.pulling import wishes
from tests.models.database.test_patience import in_thread
from tests.silence import Tunnel

_HELD = 20_26
"""An advisory lock: a commit goes on when it is free."""


@pytest.fixture
def tunnel(database: Database, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tunnel]:
    """The way to a database whose commits wait as long as a lock is held; silence is soon seen."""
    monkeypatch.setattr(patience, "_SILENT_S", 0.3)
    monkeypatch.setattr(patience, "_SILENT_AGAIN_S", 0.2)
    monkeypatch.setattr(outcome, "_EVERY_S", 0.02)
    with database.transaction() as connection:
        connection.execute(
            sa.text(
                "CREATE FUNCTION wait_for_lock() RETURNS trigger LANGUAGE plpgsql AS"
                f" 'BEGIN PERFORM pg_advisory_xact_lock_shared({_HELD}); RETURN NULL; END';"
                ' CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON "Version"'
                " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_for_lock()"
            )
        )
    with Tunnel(dsn) as tunnel:
        yield tunnel


@pytest.fixture
def db(tunnel: Tunnel) -> Iterator[Database]:
    """The database as somebody has it who is behind the tunnel."""
    db = Database(make_conninfo(tunnel.dsn, connect_timeout=2))
    yield db
    db.close()


def append(db: Database, before_commit: Callable[[], object] = lambda: None) -> None:
    with db.transaction() as connection:
        event_log.append(connection, "a@cern.ch", "an edit", ())
        before_commit()


def comments(database: Database) -> list[str]:
    with database.read() as connection:
        return [*connection.execute(sa.text('SELECT comment FROM "Version"')).scalars()]


@pytest.mark.expected_log("It is there")
def test_that_what_was_stored_while_nobody_heard_counts_as_stored(
    db: Database, tunnel: Tunnel, database: Database, dsn: str
) -> None:
    with psycopg.connect(dsn) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [_HELD])
        writing, caught = in_thread(lambda: append(db))
        while not other.execute("SELECT FROM pg_locks WHERE NOT granted").rowcount:
            pass
        tunnel.fall_silent(old_only=True)
    writing.join()
    assert caught == []
    assert comments(database) == ["an edit"]


@pytest.mark.expected_log("It is there")
def test_that_a_commit_that_is_still_under_way_is_waited_for(
    db: Database, database: Database, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    with psycopg.connect(dsn) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [_HELD])
        monkeypatch.setattr(patience.PatientConnection, "_ask", _gives_up)
        monkeypatch.setattr(outcome.time, "sleep", lambda _: looked.append(other.rollback()))
        append(db)
    assert looked
    assert comments(database) == ["an edit"]


def test_that_nobody_knows_when_the_program_ends_while_it_looks(
    db: Database, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(dsn) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [_HELD])
        monkeypatch.setattr(patience.PatientConnection, "_ask", _gives_up)
        monkeypatch.setattr(outcome.time, "sleep", lambda _: db.give_up())
        with pytest.raises(Unsure, match="Look whether it is there"):
            append(db)


@pytest.mark.expected_log("Look whether it is there before you try again")
def test_that_ctrl_c_ends_the_search_and_says_that_nobody_knows(
    db: Database, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with psycopg.connect(dsn) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [_HELD])
        monkeypatch.setattr(patience.PatientConnection, "_ask", _gives_up)
        monkeypatch.setattr(outcome.time, "sleep", interrupt)
        with pytest.raises(KeyboardInterrupt):
            append(db)


def _gives_up(connection: patience.PatientConnection, _heard: float, _lost: int) -> int:
    connection._give_up("it is tried")
    return 0


def test_that_what_was_not_stored_can_be_tried_again(
    db: Database, database: Database, dsn: str
) -> None:
    def end_session() -> None:
        with psycopg.connect(dsn) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE state = 'idle in transaction' AND datname = current_database()"
            )

    with pytest.raises(Unavailable, match="lost before the change was stored") as caught:
        append(db, end_session)
    assert "Nothing was written" in caught.value.advised
    assert comments(database) == []


def test_that_another_row_of_the_same_number_is_no_proof(db: Database, database: Database) -> None:
    append(db)
    with database.read() as connection:
        number = connection.execute(sa.text('SELECT atomic_version FROM "Version"')).scalar_one()
        for values, there in (({"by": "a@cern.ch"}, True), ({"by": "b@cern.ch"}, False)):
            mark = outcome.Mark('"Version"', {"atomic_version": number, **values})
            assert mark.is_there(connection) is there


def test_that_what_has_no_version_leaves_a_mark_too(database: Database) -> None:
    me = "a@cern.ch"
    bad = NewProposal(1, "online", "dt-dt", (LumiRange(1, 2),), Triplet("BAD"), ProposalState.OPEN)
    published = Publication(1, "a", "b", "golden", 1, None, "c", me, datetime.now(UTC))
    with database.transaction() as connection:
        notes.add(connection, NoteKind.NOTE, (1, "", ()), "seen", me)
        wishes.add(connection, OfficialWish(1), me)
        cycles.note(connection, 1, me, "created", {})
        second_eyes.mark(connection, [(1, "online")], "dt", me, "fine")
        second_eyes.freeze(connection, 1, me, "shown", frozen=True)
        editing.note(connection, me, "a comment")
        agent = agents.register(connection, "pixel", "1", me, ())
        agents.add(connection, agent, [bad], me)
        agents.decide(connection, [1], ProposalState.REJECTED, me)
        publications.add(connection, published)
        agents.add(connection, agent, [bad], me)
        agents.withdraw(connection, agent.name, [2], me)
        agents.retire(connection, agent.id, me)
        list_ = generated_json.insert(connection, defaultdict(int, official=False))
        checks.make_official(connection, list_)
        marks = connection.get_execution_options()[outcome.MARKS]
    assert [mark.table for mark in marks] == [
        "record.note",
        "record.wish",
        "record.cycle_history",
        "record.verification",
        "record.cycle_freeze",
        '"Settings"',
        "record.agent",
        "record.proposal",
        "record.proposal_decision",
        "record.publication",
        "record.proposal",
        "record.proposal_decision",
        "record.agent_retirement",
        '"GeneratedJson"',
        '"GeneratedJson"',
    ]
    with database.transaction() as connection:
        assert [mark for mark in marks if not mark.is_there(connection)] == []
        generated_json.delete(connection, list_)
        (gone,) = connection.get_execution_options()[outcome.MARKS]
    with database.read() as connection:
        assert gone.is_there(connection)
        # Another change of the same row is no proof.
        assert not marks[-1].is_there(connection)
