"""Golden JSONs on a guarded database: a claim of a person until a puller has made them again."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from app.domain.certification.wishes import NOBODY, WishState
from app.domain.errors import NotPermitted, Refused, Unavailable
from app.domain.lumisections import LumiRange
from app.domain.progress import SILENT, Cancelled, Progress
from app.domain.sources.turns import Turned
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.guard.leases import Leases
from app.services.acting import Acting
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.golden import generation as golden
from app.services.golden.checks import checking
from app.services.golden.checks.checking import Checking
from app.services.golden.official import making as making_official
from app.services.golden.official.making import Proof
from app.services.recount import recounting
from app.services.web_service import golden_json
from app.services.wishes import lists
from tests.builders import EXPERT
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import FIRST, PROMPT, address
from tests.models.guard.test_program_on_guard import acting_as
from tests.services.offline_runs import sign_off_runs
from tests.services.recount.forged import forge_state

KEY = (FIRST, PROMPT)
RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
GOOD = [[1, 1], [4, 10]]


def checker(puller: Database) -> Checking:
    def bug(error: Exception) -> None:
        raise error

    return Checking(puller, bug)


def proof(acting: Acting, id_: int) -> Proof:
    return making_official.standings(acting, [id_])[id_].proof


def is_official(acting: Acting, id_: int) -> bool:
    return golden.row(acting, id_).entry.official


def outcome(acting: Acting, asked: object) -> tuple[WishState, str]:
    (made,) = lists.found(acting, asked.wishes)  # type: ignore[attr-defined]
    return made.state, made.told


def store(dsn: str, login: str, like: int, **columns: object) -> int:
    """A list as a person can store it without the program: like another, but for some columns."""
    with psycopg.connect(address(dsn, login)) as connection:
        row = connection.execute(
            'INSERT INTO "GeneratedJson" SELECT (jsonb_populate_record(known, %s)).*'
            ' FROM "GeneratedJson" AS known WHERE id = %s RETURNING id',
            [json.dumps({"official": False, **columns}), like],
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_that_a_list_of_a_person_is_unconfirmed_until_a_puller_has_made_it_again(
    come_in: Login,
) -> None:
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    made = golden.generate(person, PROMPT, RULE)
    standing = making_official.standings(person, [made.id])[made.id]
    assert standing.text == f"Unconfirmed. {NOBODY}"
    assert checker(puller).turn(SILENT) == "made 1 list again"
    standing = making_official.standings(person, [made.id])[made.id]
    assert standing.proof is Proof.CONFIRMED
    assert standing.at is not None
    assert datetime.now(UTC) - standing.at < timedelta(minutes=1)
    assert standing.text.startswith("Confirmed by the puller at ")
    assert not is_official(person, made.id)
    assert checker(puller).turn(SILENT) == "no list waits"
    # What the door says of it.
    answered = golden_json.stored(person, made.id)
    assert answered is not None
    assert answered["checked"] == "confirmed"
    known = {each["id"]: each["checked"] for each in golden_json.newest(person)}
    assert known == {made.id: "confirmed", 9000: "not checked"}
    # Another client of ours may stay away from the events for as long as it likes: they count.
    cell = ColumnEdit(*KEY, "dt-dt", (LumiRange(7, 7),), Triplet("BAD", "HV trip"))
    lumisections.edit_columns(person, [cell])
    at_once = making_official.make_official(person, [made.id])
    assert (at_once.ids, at_once.asked) == ((made.id,), None)
    assert is_official(person, made.id)


def test_that_who_wants_an_official_list_asks_for_it_and_gets_it_confirmed(come_in: Login) -> None:
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    made = golden.generate(person, PROMPT, RULE, official=True)
    assert made.asked is not None
    assert made.text.endswith(
        f"Asked the puller to make golden JSON {made.id} again and official. {NOBODY}"
    )
    assert not is_official(person, made.id)
    assert outcome(person, made.asked)[0] is WishState.WAITING
    leases = Leases(puller, "the puller")
    try:
        assert leases.of(golden.CHECKING).try_acquire()
        again = golden.generate(person, PROMPT, RULE, official=True)
        assert again.text.endswith(" again and official.")
    finally:
        leases.close()
    checker(puller).turn(SILENT)
    for each in (made, again):
        assert outcome(person, each.asked) == (
            WishState.DONE,
            f"Golden JSON {each.id} is confirmed and official.",
        )
        assert is_official(person, each.id)
        assert proof(person, each.id) is Proof.CONFIRMED


def test_that_only_experts_ask_for_it(come_in: Login) -> None:
    expert, dt = acting_as(come_in("g_expert")), acting_as(come_in("g_dt"))
    made = golden.generate(expert, PROMPT, RULE)
    with pytest.raises(NotPermitted, match="may mark a golden JSON as official"):
        making_official.make_official(dt, [made.id])
    forged = acting_as(dt.db, claimed=frozenset({"cms-dqm-runregistry-experts"}))
    with pytest.raises(Refused, match="Only an expert may"):
        making_official.make_official(forged, [made.id])
    assert lists.listed(expert, everybodys=True) == ()


@pytest.mark.parametrize(
    ("columns", "differs"),
    [
        ({"generated_json": {str(FIRST): [[1, 10]]}}, "the list"),
        ({"generated_anti_json": {}}, "the anti-JSON"),
        ({"recorded_luminosity_in_json": 99.0}, "recorded luminosity in json"),
        (
            {"total_recorded_luminosity_from_run_range": 99.0},
            "total recorded luminosity from run range",
        ),
        ({"rules_flagged_false_quantity_luminosity": {}}, "rules flagged false quantity"),
        ({"min_run_number": 1}, "min run number"),
        ({"json_logic": {"==": [{"var": "lumisection.rr.csc-csc"}, "GOOD"]}}, "the list"),
        ({"json_logic": {"no such": []}}, "it can't be made again"),
        ({"dataset_name_filter": "("}, "it can't be made again"),
        ({"dataset_name_filter": "/None/DQM"}, "no dataset matched"),
        ({"runregistry_version": 10**8}, "there was no version 100000000 yet"),
        ({"runregistry_version": -1}, "there was no version -1 yet"),
    ],
)
def test_that_a_forged_list_is_told_and_never_official(
    come_in: Login, guarded_dsn: str, columns: dict[str, object], differs: str
) -> None:
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    made = golden.generate(person, PROMPT, RULE)
    forged = store(guarded_dsn, "g_expert", made.id, **columns)
    asked = making_official.make_official(person, [forged]).asked
    checker(puller).turn(SILENT)
    state, told = outcome(person, asked)
    assert state is WishState.REFUSED
    assert differs in told
    standing = making_official.standings(person, [forged])[forged]
    assert standing.proof is Proof.DIFFERS
    assert standing.text.startswith(f"Differs from the events: {standing.differing}")
    assert not is_official(person, forged)
    with (
        pytest.raises(Refused, match="becomes official when a puller"),
        person.db.transaction() as c,
    ):
        c.execute(text('UPDATE "GeneratedJson" SET official = true WHERE id = :id'), {"id": forged})
    assert proof(person, made.id) is Proof.CONFIRMED


def test_that_a_list_that_leaves_events_out_with_a_provenance_to_match_is_found(
    come_in: Login, guarded_dsn: str
) -> None:
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    old = golden.generate(person, PROMPT, RULE)
    cell = ColumnEdit(*KEY, "dt-dt", (LumiRange(7, 7),), Triplet("BAD", "HV trip"))
    lumisections.edit_columns(person, [cell])
    new = golden.generate(person, PROMPT, RULE)
    with psycopg.connect(address(guarded_dsn, "g_expert")) as connection:
        row = connection.execute(
            'INSERT INTO "GeneratedJson" SELECT (jsonb_populate_record(known, %s)).*'
            ' FROM "GeneratedJson" AS known WHERE id = %s RETURNING id',
            [json.dumps({"runregistry_version": new.version}), old.id],
        ).fetchone()
        assert row is not None
        connection.execute(
            "INSERT INTO record.generated_json_provenance (generated_json_id, program_version,"
            " sha256, datasets) SELECT %s, program_version, sha256, datasets"
            " FROM record.generated_json_provenance WHERE generated_json_id = %s",
            [row[0], old.id],
        )
    checker(puller).turn(SILENT)
    assert proof(person, old.id) is Proof.CONFIRMED
    assert proof(person, new.id) is Proof.CONFIRMED
    assert proof(person, row[0]) is Proof.DIFFERS


def test_that_what_a_forged_copy_gives_a_person_is_found_out(come_in: Login) -> None:
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    forge_state(puller, KEY, fitting=True)
    golden.forget_seasons(person)
    made = golden.generate(person, PROMPT, RULE)
    assert golden.row(person, made.id).generated_json[str(FIRST)] == [[1, 10]]
    checker(puller).turn(SILENT)
    assert proof(person, made.id) is Proof.DIFFERS
    recounting.recount_all(Acting(puller), repair=True)
    right = golden.generate(acting_as(come_in("g_expert")), PROMPT, RULE)
    assert golden.row(person, right.id).generated_json[str(FIRST)] == GOOD
    checker(puller).turn(SILENT)
    assert proof(person, right.id) is Proof.CONFIRMED


def test_that_a_list_of_the_web_service_is_made_again_when_an_expert_asks(
    come_in: Login, guarded_dsn: str
) -> None:
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    made = golden.generate(person, PROMPT, RULE)
    of_web = store(
        guarded_dsn, "g_web", made.id, id=9500, rules_flagged_false_quantity_luminosity={}
    )
    assert proof(person, of_web) is Proof.NOT_ASKED
    checker(puller).turn(SILENT)
    assert proof(person, of_web) is Proof.NOT_ASKED
    making_official.make_official(person, [of_web])
    checker(puller).turn(SILENT)
    assert proof(person, of_web) is Proof.CONFIRMED
    assert is_official(person, of_web)


def test_that_a_deleted_list_isn_t_made_again(come_in: Login) -> None:
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    first, second = (golden.generate(person, PROMPT, RULE, official=each) for each in (False, True))
    golden.delete(person, [first.id, second.id])
    assert checker(puller).turn(SILENT) == "no list waits"
    assert outcome(person, second.asked)[0] is WishState.REFUSED
    with person.db.read() as connection:
        kept = text("SELECT count(*) FROM record.golden_json_check")
        assert connection.execute(kept).scalar_one() == 0


def test_that_two_pullers_at_once_settle_each_wish_once(come_in: Login) -> None:
    person = acting_as(come_in("g_expert"))
    made = [golden.generate(person, PROMPT, RULE, official=True) for _ in range(4)]
    with ThreadPoolExecutor(3) as pool:
        turns = [pool.submit(checker(come_in("g_puller")).turn, SILENT) for _ in range(3)]
        assert all("list" in str(each.result()) for each in turns)
    assert all(outcome(person, each.asked)[0] is WishState.DONE for each in made)
    assert all(is_official(person, each.id) for each in made)


def test_that_a_list_whose_puller_dies_in_the_middle_is_made_again(
    come_in: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    made = golden.generate(person, PROMPT, RULE, official=True)
    whole = checking.checks.make_official

    def cut_off(connection, id_):
        whole(connection, id_)
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patched:
        patched.setattr(checking.checks, "make_official", cut_off)
        with pytest.raises(Unavailable):
            checker(puller).turn(SILENT)
    assert proof(person, made.id) is Proof.WAITING
    assert not is_official(person, made.id)
    assert outcome(person, made.asked)[0] is WishState.WAITING
    checker(puller).turn(SILENT)
    assert outcome(person, made.asked)[0] is WishState.DONE
    with person.db.read() as connection:
        kept = text("SELECT count(*) FROM record.golden_json_check")
        assert connection.execute(kept).scalar_one() == 1


def test_that_a_puller_that_is_stopped_leaves_the_list_to_the_next(come_in: Login) -> None:
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    made = golden.generate(person, PROMPT, RULE)
    with pytest.raises(Cancelled):
        checker(puller).turn(Progress(is_cancelled=lambda: True))
    assert proof(person, made.id) is Proof.WAITING


def test_that_an_error_in_the_program_stops_no_other_list(
    come_in: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    first, second = (golden.generate(person, PROMPT, RULE, official=each) for each in (False, True))
    whole, bugs = checking.made_again, list[Exception]()

    def broken(acting, id_, progress):
        if id_ != first.id:
            raise KeyError("x")
        return whole(acting, id_, progress)

    monkeypatch.setattr(checking, "made_again", broken)
    assert Checking(puller, bugs.append).turn(SILENT) == "made 1 list again"
    # Once for the expert, and once as any list; then not any more.
    assert len(bugs) in {1, 2}
    assert outcome(person, second.asked)[0] is WishState.FAILED
    assert (proof(person, first.id), proof(person, second.id)) == (Proof.CONFIRMED, Proof.WAITING)


def test_that_a_list_waits_for_whoever_writes_since_before_it_was_made(
    come_in: Login, guarded_dsn: str
) -> None:
    """What is committed late has a smaller version: confirmed before, it would differ after."""
    person, puller = acting_as(come_in("g_expert")), come_in("g_puller")
    with psycopg.connect(address(guarded_dsn, "g_web")) as slow:
        number = _write_version(slow)
        cell = ColumnEdit(*KEY, "dt-dt", (LumiRange(9, 9),), Triplet("BAD", "HV trip"))
        lumisections.edit_columns(person, [cell])
        made = golden.generate(person, PROMPT, RULE, official=True)
        assert golden.row(person, made.id).entry.version > number
        checks = Checking(puller, pytest.fail, patience_s=1.0)
        turned = checks.turn(SILENT)
        assert isinstance(turned, Turned)
        assert turned.rest_s is not None
        assert turned.text == "1 list held up by transactions that began before"
        with psycopg.connect(address(guarded_dsn, "g_web")) as later:
            _write_version(later)
            time.sleep(1.1)
            with pytest.raises(Unavailable, match=f"session {slow.info.backend_pid} of g_web"):
                checks.turn(SILENT)
            assert proof(person, made.id) is Proof.WAITING
            assert outcome(person, made.asked)[0] is WishState.WAITING
            slow.rollback()
            # Who began to write after the list was made gets a greater version.
            assert checks.turn(SILENT) == "made 1 list again"
    assert outcome(person, made.asked)[0] is WishState.DONE
    assert is_official(person, made.id)


def _write_version(connection: psycopg.Connection) -> int:
    """The number of a version that isn't committed yet."""
    found = connection.execute(
        'INSERT INTO "Version" ("by", comment, "createdAt") VALUES (\'x@cern.ch\', \'x\', now())'
        " RETURNING atomic_version"
    ).fetchone()
    assert found is not None
    return int(found[0])


def test_that_a_database_without_a_guard_makes_it_official_at_once(database: Database) -> None:
    sign_off_runs(database, FIRST)
    acting = Acting(database, EXPERT)
    made = golden.generate(acting, PROMPT, RULE)
    assert making_official.standings(acting, [made.id]) == {}
    done = making_official.make_official(acting, [made.id])
    assert done.text == f"Official now: golden JSON {made.id}."
    assert is_official(acting, made.id)
    with pytest.raises(Refused, match="official already"):
        making_official.make_official(acting, [made.id])
    with database.transaction() as connection:
        connection.execute(
            text("UPDATE \"GeneratedJson\" SET official = false, generated_json = '{}'")
        )
    with pytest.raises(Refused, match="doesn't come out of the events up to its version: the list"):
        making_official.make_official(acting, [made.id])
    assert not is_official(acting, made.id)
