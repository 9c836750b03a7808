"""What is sealed when: new, late, old; by several at once; and never over another history."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from app.domain.configuration.in_force import Kind
from app.domain.errors import Refused, RegistryError
from app.domain.seal.findings import Fault
from app.models.database.engine import Database
from app.models.seal import trees
from app.services.acting import Acting
from app.services.configuration import edits, in_force
from app.services.seal import keys, proofs, refusals
from app.services.seal.sealing import Sealer
from app.services.seal.verifying import EVERYTHING
from tests.builders import EXPERT
from tests.services.seal.conftest import sealed_of

INSERT = 'INSERT INTO "Version" ("by", comment, "createdAt") VALUES (\'a@cern.ch\', %s, now())'


def append(dsn, count=1):
    """Versions without events, one transaction each."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for number in range(count):
            connection.execute(INSERT, [f"comment {number}"])


def statements(sealed):
    """How many statements a turn of sealing sends."""
    sent = []
    with sealed.db._engine.connect() as connection:
        engine = connection.engine
    from sqlalchemy import event

    def note(*_):
        sent.append(True)

    event.listen(engine, "before_cursor_execute", note)
    sealed.sealer.seal_new()
    event.remove(engine, "before_cursor_execute", note)
    return len(sent)


def test_that_a_turn_takes_as_many_statements_whatever_there_is_to_seal(here):
    here.sealer.seal_new()
    append(here.dsn, 3)
    few = statements(here)
    append(here.dsn, 300)
    assert statements(here) <= few + 1  # that of the nodes that are complete now


def test_that_nothing_is_added_where_nothing_is_new(here):
    append(here.dsn)
    here.seal()
    size = here.verify().size
    here.seal()
    assert here.verify().size == size


def test_that_old_history_is_sealed_in_batches_and_goes_on_where_it_stopped(here):
    append(here.dsn, 25)
    here.sealer = Sealer(here.db, "first", here.signer, clock=here.clock, batch=10)
    sealed = here.sealer.seal_new()
    assert (sealed.old_done, sealed.old_last, sealed.old_left) == (0, 25, 25)
    assert here.sealer.seal_old().leaves == 0  # somebody may still commit an old number
    here.clock.now += 60
    here.sealer.seal_new()
    assert here.sealer.seal_old().old_done == 10
    again = sealed_of(here.db, here.dsn, here.signer)
    again.sealer = Sealer(here.db, "second", here.signer, clock=again.clock, batch=10)
    again.seal()
    report = again.verify()
    assert (report.good, report.versions, report.old_done) == (True, 25, 25)
    assert report.unsealed.old == 0


def test_that_history_that_isn_t_sealed_yet_is_no_fault(here):
    append(here.dsn, 5)
    here.sealer.seal_new()
    report = here.verify()
    assert (report.good, report.unsealed.old, report.versions) == (True, 5, 0)
    assert "those up to 0 are sealed" in " ".join(report.lines)


def test_that_a_late_commit_is_sealed_when_it_comes_and_told_apart(here):
    here.sealer.seal_new()
    with psycopg.connect(here.dsn) as slow:
        slow.execute(INSERT, ["slow"])
        append(here.dsn, 2)
        here.seal_beside_others()
        assert here.verify().versions == 2
        slow.commit()
    here.seal()
    report = here.verify()
    assert (report.good, report.versions, report.late) == (True, 3, 1)
    with psycopg.connect(here.dsn) as another:
        another.execute(INSERT, ["given up"])
        another.rollback()
    append(here.dsn)
    here.seal()
    here.alter(
        'INSERT INTO "Version" (atomic_version, "by", "createdAt") VALUES (4, \'a@cern.ch\', now())'
    )
    here.seal()
    (finding,) = here.verify().findings
    assert (finding.fault, finding.what) == (Fault.SLIPPED_IN, "version 4")


def test_that_a_late_commit_of_old_history_is_no_fault(here):
    with psycopg.connect(here.dsn) as slow:
        slow.execute(INSERT, ["slow"])
        append(here.dsn, 2)
        here.seal_beside_others()
        slow.commit()
    here.seal()
    report = here.verify()
    assert (report.good, report.versions, report.unsealed.old) == (True, 3, 0)


def test_that_two_who_seal_at_once_make_one_tree(here):
    append(here.dsn, 200)
    wrong = []

    def work(name):
        db = Database(here.dsn)
        db.prepare()
        sealer = Sealer(db, name, here.signer, batch=7, settled_s=0.0)
        try:
            for _ in range(30):
                sealer.seal_new()
                sealer.seal_old()
        except RegistryError as error:
            wrong.append(error)
        finally:
            db.close()

    threads = [threading.Thread(target=work, args=[name]) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    append(here.dsn, 100)
    for thread in threads:
        thread.join()
    here.seal()
    report = here.verify(replace(EVERYTHING, key=here.signer.public))
    assert (wrong, report.good, report.versions) == ([], True, 300)


_SEALS_FOR_EVER = """
import sys
from pathlib import Path
from app.models.database.engine import Database
from app.services.seal import keys
from app.services.seal.sealing import Sealer

db = Database(sys.argv[1])
db.prepare()
sealer = Sealer(db, "killed", keys.load(Path(sys.argv[2])), batch=50, settled_s=0.0)
while True:
    print(sealer.seal_new().leaves + sealer.seal_old().leaves, flush=True)
"""


def test_that_a_puller_that_is_killed_leaves_a_whole_tree(here):
    append(here.dsn, 2000)
    for _ in range(3):
        killed = subprocess.Popen(
            [sys.executable, "-c", _SEALS_FOR_EVER, here.dsn, str(here.signer.file)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        assert killed.stdout is not None
        while int(killed.stdout.readline()) < 20:
            pass
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        killed.stdout.close()
        assert here.verify().good
    here.seal()
    report = here.verify(replace(EVERYTHING, key=here.signer.public))
    assert (report.good, report.versions) == (True, 2000)


def test_that_nothing_is_signed_over_a_history_that_was_put_back(here):
    append(here.dsn, 3)
    here.seal()
    before = here.ask("SELECT max(size) FROM seal.checkpoint")
    append(here.dsn, 3)
    here.seal()
    assert here.signer.last_signed().size > before
    here.alter(
        f"DELETE FROM seal.leaf WHERE position >= {before}",
        f"DELETE FROM seal.checkpoint WHERE size > {before}",
    )
    append(here.dsn)
    with pytest.raises(Refused, match="isn't the one that this key has signed"):
        here.sealer.seal_new()
    assert here.ask("SELECT max(size) FROM seal.checkpoint") == before
    (told,) = refusals.told(here.db)
    assert (told.puller, "isn't the one that this key has signed" in told.why) == (
        "puller@p5",
        True,
    )
    assert told.text in here.verify().lines
    # A client with another key says nothing of it.
    sealed_of(here.db, here.dsn, None).sealer.seal_new()
    assert refusals.told(here.db) == (told,)
    # The administrator who has restored a copy says so by putting the file aside.
    here.signer.file.with_name("seal.key.last").rename(here.signer.file.with_name("evidence"))
    here.seal()
    assert here.verify().good
    assert refusals.told(here.db) == ()


def test_that_a_damaged_tree_is_not_signed_either(here):
    append(here.dsn, 3)
    here.seal()
    here.alter("DELETE FROM seal.leaf WHERE position = 0")
    with pytest.raises(RegistryError):
        here.sealer.seal_new()
    assert refusals.told(here.db)


def test_that_a_puller_without_a_key_seals_and_verifying_says_so(here):
    append(here.dsn, 3)
    here.sealer = Sealer(here.db, "nobody", clock=here.clock)
    here.seal()
    report = here.verify()
    assert (report.good, report.versions, report.signed.key) == (True, 3, "")
    assert "No root is signed" in " ".join(report.lines)
    here.sealer = Sealer(here.db, "puller", here.signer, clock=here.clock)
    here.seal()
    signed = here.verify(replace(EVERYTHING, key=here.signer.public))
    assert (signed.good, signed.signed.size) == (True, signed.size)


def test_that_a_new_key_is_a_leaf_and_endorsed_by_the_old_one(here):
    append(here.dsn)
    here.seal()
    old = here.signer.public
    made = keys.make(here.signer.file, name="puller")
    assert made.endorsed_by == old.id
    here.sealer = Sealer(here.db, "puller", keys.load(made.file), clock=here.clock)
    append(here.dsn)
    here.seal()
    report = here.verify(replace(EVERYTHING, key=old))
    assert (report.good, report.signed.key) == (True, f"puller+{made.public.id}")
    with here.db.read() as connection:
        assert len(trees.keys(connection)) == 2


def test_that_a_key_that_nobody_endorsed_isn_t_trusted(here):
    append(here.dsn)
    here.seal()
    other = keys.load(keys.make(here.signer.file.with_name("other.key"), name="puller").file)
    here.alter("DELETE FROM seal.checkpoint WHERE size = (SELECT max(size) FROM seal.checkpoint)")
    here.signer.file.with_name("seal.key.last").unlink()
    here.sealer = Sealer(here.db, "forger", other, clock=here.clock)
    append(here.dsn)
    here.seal()
    trusted = here.verify(replace(EVERYTHING, key=here.signer.public)).signed
    assert (trusted.key, trusted.size < here.verify().size) == (
        f"puller+{here.signer.public.id}",
        True,
    )
    assert here.verify(replace(EVERYTHING, key=other.public)).signed.size == here.verify().size


def test_that_several_pullers_sign_in_turn_with_keys_of_their_own(here):
    file = here.signer.file.with_name("second.key")
    second = keys.load(keys.make(file, name="offline", endorsed_by=here.signer.file).file)
    sealers = [Sealer(here.db, who.public.name, who) for who in (here.signer, second)]
    for turn in range(6):
        append(here.dsn)
        sealers[turn % 2].seal_new()
    report = here.verify(replace(EVERYTHING, key=here.signer.public))
    assert (report.good, report.signed.key) == (True, f"offline+{second.public.id}")
    assert report.signed.size == report.size


def test_that_a_key_that_endorses_itself_isn_t_trusted(here):
    append(here.dsn)
    here.seal()
    folder = here.signer.file.parent
    accomplice = keys.make(folder / "accomplice.key", name="puller").file
    forged = keys.make(folder / "forged.key", name="puller", endorsed_by=accomplice)
    here.signer.file.with_name("seal.key.last").unlink()
    here.sealer = Sealer(here.db, "forger", keys.load(forged.file), clock=here.clock)
    append(here.dsn)
    here.seal()
    signed = here.verify(replace(EVERYTHING, key=here.signer.public)).signed
    assert signed.key == f"puller+{here.signer.public.id}"


def test_that_an_altered_node_is_told_and_nothing_is_signed_over_it(here):
    append(here.dsn, 300)
    here.seal()
    here.alter("UPDATE seal.node SET hash = sha256('x')")
    texts = [each.text for each in here.verify().findings]
    assert texts == ["The node 0 of level 8 of the seal is missing or was altered"]
    append(here.dsn)
    with pytest.raises(Refused):
        here.sealer.seal_new()


def test_that_the_loss_of_the_key_leaves_what_it_signed(here):
    append(here.dsn)
    here.seal()
    lost = here.signer.public
    signed = here.verify().size
    for file in here.signer.file.parent.glob("seal.key*"):
        file.unlink()
    made = keys.make(here.signer.file, name="puller")
    assert made.endorsed_by == ""
    here.sealer = Sealer(here.db, "puller", keys.load(made.file), clock=here.clock)
    append(here.dsn)
    here.seal()
    report = here.verify(replace(EVERYTHING, key=lost))
    assert (report.good, report.signed.size) == (True, signed)
    assert report.size > signed
    assert here.verify(replace(EVERYTHING, key=made.public)).signed.size == report.size


def test_that_the_time_of_a_row_doesn_t_depend_on_the_session(here):
    append(here.dsn)
    here.seal()
    with psycopg.connect(here.dsn, autocommit=True) as control:
        (name,) = control.execute("SELECT current_database()").fetchone()
        control.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'")
        control.execute(f"ALTER DATABASE {name} SET datestyle = 'German'")
    other = Database(here.dsn)
    other.prepare()
    assert sealed_of(other, here.dsn, None).verify().good
    other.close()


def test_that_any_text_can_be_sealed(here):
    odd = 'tab\t newline\n backslash\\ \\n quote" \\N \x7f \N{SNOWMAN} \N{GRINNING FACE}'
    with psycopg.connect(here.dsn) as connection:
        connection.execute(INSERT, [odd])
        connection.execute(INSERT, ["\\"])
        connection.execute(INSERT, [""])
    here.seal()
    assert (here.verify().good, here.verify().versions) == (True, 3)
    here.alter("UPDATE \"Version\" SET comment = NULL WHERE comment = ''")
    assert here.verify().faults == 1


def test_that_without_the_schema_sealing_is_refused(here):
    with here.db.transaction() as connection:
        connection.exec_driver_sql("DROP SCHEMA seal CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA seal")
        connection.exec_driver_sql("CREATE TABLE seal.other ()")
    here.db.prepare()
    assert not here.db.seal
    with pytest.raises(Refused, match="schema seal"):
        here.sealer.seal_new()


def test_that_what_is_sealed_can_t_be_changed_by_its_owner(here):
    here.seal()
    for statement in (
        "UPDATE seal.leaf SET author = 'x'",
        "DELETE FROM seal.checkpoint",
        "TRUNCATE seal.node",
    ):
        with (
            psycopg.connect(here.dsn) as control,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            control.execute(statement)


def test_that_the_shipped_configuration_may_be_replaced_until_somebody_changes_it(here, tmp_path):
    expert = Acting(here.db, EXPERT)
    assert in_force.install_default(expert)
    here.seal()
    assert here.verify().rows == 0
    in_force.export_folder(expert, tmp_path)
    file = tmp_path / "Settings.json"
    file.write_text(file.read_text().replace('"comment"', '"remark"'))
    assert in_force.import_folder(expert, tmp_path).replaced_default
    here.seal()
    assert here.verify().good
    values = {"class": "New", "classifier": {"var": "beam1_stable"}, "priority": 5, "enabled": True}
    edits.add_item(expert, Kind.CLASS, values, insist=True)
    here.seal()
    report = here.verify()
    assert (report.good, report.rows > 100, report.unsealed.rows) == (True, True, 0)


def test_that_a_clock_that_is_wrong_by_an_hour_hides_nothing(here, monkeypatch):
    append(here.dsn, 2)
    here.seal()
    right = keys.now()
    for hours in (-1, 1):
        monkeypatch.setattr(keys, "now", lambda off=hours: right + timedelta(hours=off))
        append(here.dsn, 2)
        here.seal()
    monkeypatch.undo()
    append(here.dsn, 2)
    here.seal()
    report = here.verify(replace(EVERYTHING, key=here.signer.public))
    assert (report.good, report.versions, report.signed.size) == (True, 8, report.size)


def test_that_a_seal_that_was_dropped_and_made_anew_isn_t_signed(here):
    append(here.dsn, 3)
    here.seal()
    kept = proofs.newest_root(Acting(here.db))
    with here.db.transaction() as connection:
        connection.exec_driver_sql("DROP SCHEMA seal CASCADE")
    with pytest.raises(Refused, match="were dropped since this program was started"):
        here.sealer.seal_new()
    here.db.prepare()
    with pytest.raises(Refused, match="isn't the one that this key has signed"):
        here.sealer.seal_new()
    assert refusals.told(here.db)
    # Whoever has no key begins a new seal, which has another name.
    unsigned = sealed_of(here.db, here.dsn, None)
    unsigned.seal()
    report = unsigned.verify(replace(EVERYTHING, key=here.signer.public))
    assert (report.good, report.origin != kept.checkpoint.origin) == (False, True)


def test_that_the_last_root_of_a_key_never_goes_back(here):
    append(here.dsn)
    here.seal()
    older = proofs.newest_root(Acting(here.db)).note
    append(here.dsn)
    here.seal()
    newest = here.signer.last_signed()
    here.signer.remember(older)
    assert here.signer.last_signed() == newest
