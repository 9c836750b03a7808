"""On a guarded database pullers seal, everybody verifies, and nobody else adds a leaf."""

import psycopg
import pytest
from sqlalchemy import text

from app.domain.errors import Refused
from app.domain.identity import Actor
from app.domain.seal.findings import Fault
from app.models.database.engine import Database
from app.services import examining
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.seal import proofs, wanted
from app.services.seal.sealing import Sealer
from app.services.seal.verifying import verify
from tests.models.guard.guarded import LOGINS, SERVICES, address
from tests.sealing import seal
from tests.services.seal.conftest import ANY, RULE

MADE = (
    'INSERT INTO "GeneratedJson" SELECT (jsonb_populate_record(known,'
    ' \'{"created_by": "expert@cern.ch", "official": false}\')).*'
    ' FROM "GeneratedJson" AS known WHERE id = 9000 RETURNING id'
)


@pytest.fixture
def sealed(come_in):
    """The guarded database as a puller sees it, sealed."""
    puller = come_in("g_puller")
    seal(puller)
    return puller


def acting_as(db: Database) -> Acting:
    """Who the database says acts."""
    assert db.guard is not None
    return Acting(db, Actor(db.guard.email, db.guard.egroups))


def test_that_a_puller_seals_and_a_person_verifies(sealed, come_in):
    person = come_in(next(iter(LOGINS)))
    report = verify(Acting(person))
    assert (report.good, report.versions > 0, report.unsealed.old) == (True, True, 0)
    assert not person.seal
    with pytest.raises(Refused):
        Sealer(person, "person").seal_new()


def test_that_a_list_of_a_person_keeps_the_root_that_was_there(sealed, come_in):
    expert = acting_as(come_in("g_expert"))
    root = proofs.newest_root(expert).checkpoint
    made = golden.generate(expert, ANY, RULE, insist=True)
    kept = wanted.seal_of_list(expert, made.id)
    assert (kept["size"], kept["root"]) == (root.size, root.root.hex())
    assert wanted.seal_now(expert, made.id).same
    seal(sealed)
    assert verify(expert).good


def test_that_a_person_makes_lists_where_nothing_is_sealed_yet(come_in):
    expert = acting_as(come_in("g_expert"))
    made = golden.generate(expert, ANY, RULE, insist=True)
    assert wanted.seal_of_list(expert, made.id) is None


def test_that_the_server_says_which_root_a_list_keeps(sealed, guarded_dsn):
    newest = proofs.newest_root(Acting(sealed)).checkpoint
    with psycopg.connect(address(guarded_dsn, "g_expert")) as connection:
        (id_,) = connection.execute(MADE).fetchone()
        kept = connection.execute(
            "INSERT INTO seal.list_root VALUES (%s, 1, sha256('chosen'), '1999-01-01')"
            ' RETURNING size, root, "at" = transaction_timestamp()',
            [id_],
        ).fetchone()
    assert kept == (newest.size, newest.root, True)


def test_that_a_root_isn_t_kept_after_the_list_was_made(sealed, guarded_dsn):
    with psycopg.connect(address(guarded_dsn, "g_expert")) as connection:
        (id_,) = connection.execute(MADE).fetchone()
        connection.commit()
        with pytest.raises(psycopg.Error, match="is stored with it, by who made it"):
            connection.execute("INSERT INTO seal.list_root VALUES (%s, 1, sha256('chosen'))", [id_])


def test_that_a_person_reads_in_db_check_who_seals(sealed, come_in):
    found = examining.examine(come_in("g_expert"))
    assert (found.seal, found.keeps_roots) == (False, True)
    with sealed.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM seal.leaf")).scalar_one()


GUARDED = "FROM seal.leaf WHERE kind IN ('guard.person', 'guard.service')"


def guarded_leaves(db: Database) -> int:
    """How many states of logins are sealed."""
    with db.read() as connection:
        return connection.execute(text(f"SELECT count(*) {GUARDED}")).scalar_one()


def test_that_who_may_log_in_as_whom_is_sealed(sealed):
    assert guarded_leaves(sealed) == len(LOGINS) + len(SERVICES) + 1  # an agent
    report = verify(Acting(sealed))
    assert (report.good, report.notes, report.unsealed.rows) == (True, (), 0)


def test_that_a_person_doesn_t_read_from_the_seal_what_the_guard_keeps_secret(sealed, come_in):
    person = come_in("g_nobody")
    report = verify(Acting(person))
    assert (report.good, report.faults) == (True, 0)
    assert [note.split(" aren't")[0] for note in report.notes] == [
        "Rows of guard.person",
        "Rows of guard.service",
    ]
    with person.read() as connection:
        kept = f"SELECT count(*) {GUARDED} AND (content, marks, author) IS DISTINCT FROM"
        assert connection.execute(text(f"{kept} (NULL, NULL, NULL)")).scalar_one() == 0


def test_that_each_state_of_a_login_is_sealed(sealed, guarded_dsn):
    before = guarded_leaves(sealed)
    with psycopg.connect(guarded_dsn) as control:
        control.execute("UPDATE guard.person SET email = 'x@cern.ch' WHERE login = 'g_dt'")
    assert verify(Acting(sealed)).unsealed.rows == 1
    seal(sealed)
    assert guarded_leaves(sealed) == before + 1
    assert verify(Acting(sealed)).good


def test_that_a_login_that_was_removed_is_found(sealed, guarded_dsn):
    with psycopg.connect(guarded_dsn) as control:
        control.execute("DELETE FROM guard.person WHERE login = 'g_dt'")
    (finding,) = verify(Acting(sealed)).findings
    assert finding.fault is Fault.REMOVED
    assert finding.what.startswith("guard.person ")


def test_that_stepping_back_from_the_guard_is_no_fault(sealed, guarded_dsn):
    with psycopg.connect(guarded_dsn) as control:
        control.execute("DROP SCHEMA guard CASCADE")
    owner = Database(guarded_dsn)
    owner.prepare()
    report = verify(Acting(owner))
    owner.close()
    assert (report.good, len(report.notes)) == (True, 2)
    assert "the guard was taken away" in report.notes[0]
