"""What an answer of OMS does to a run, new or known, open or not."""

import pytest
from sqlalchemy import text

from app.domain.errors import Refused
from app.domain.json_value import JsonObject
from app.domain.lumisections import LumiRange
from app.domain.sources.oms import oms_run
from app.domain.sources.pull import OutcomeKind
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import runs
from app.services.editing import lumisections
from app.services.editing.lumisections import BitEdit, ColumnEdit
from app.services.pulling import runs as pull
from app.services.pulling.store import PullStore
from tests.builders import EXPERT, a_lumisection, a_run, configure
from tests.conftest import databases_filled_by
from tests.plain_folds import plain_datasets, plain_runs

RUN = 390001
KEY = (RUN, "online")
GOOD = Triplet("GOOD")
STILL_RUNNING = {"end_time": None}
FLAG = "run_needs_to_be_updated_manually"


template = databases_filled_by(configure)


@pytest.fixture
def db(database: Database) -> Database:
    return database


def counted(db: Database) -> dict[str, int]:
    """Rows of every event table."""
    tables = (
        "Version",
        "Event",
        "RunEvent",
        "DatasetEvent",
        "LumisectionEvent",
        "OMSLumisectionEvent",
        "JSONBDeduplication",
    )
    with db.read() as connection:
        return {
            table: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one()
            for table in tables
        }


class Written:
    """What has been added to the event tables since it was made."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.before = counted(db)

    def __getitem__(self, table: str) -> int:
        return counted(self.db)[table] - self.before[table]

    @property
    def nothing(self) -> bool:
        return counted(self.db) == self.before


def run_of(db: Database):
    with db.read() as connection:
        return plain_runs(connection)[RUN]


def online_of(db: Database):
    with db.read() as connection:
        return plain_datasets(connection)[KEY]


def authors(db: Database) -> list[tuple[str, str]]:
    with db.read() as connection:
        rows = connection.execute(
            text('SELECT "by", comment FROM "Version" ORDER BY atomic_version')
        )
        return [tuple(row) for row in rows]


def edit(db: Database, column: str, first: int, last: int, triplet: Triplet = GOOD) -> None:
    wanted = ColumnEdit(RUN, "online", column, (LumiRange(first, last),), triplet)
    lumisections.edit_columns(Acting(db, EXPERT), [wanted])


def sign_off(db: Database, last: int = 10) -> None:
    edit(db, "dt-dt", 1, last)
    runs.move(Acting(db, EXPERT), RUN, "SIGNOFF")


# --- a new run ------------------------------------------------------------------------------------


def test_that_a_new_run_is_one_version_with_all_that_is_known_of_it(db: Database):
    outcome = pull.apply(Acting(db), a_run(RUN, 10))
    assert outcome.kind is OutcomeKind.CREATED
    assert authors(db) == [("auto@auto", f"run {RUN} creation")]
    run, online = run_of(db), online_of(db)
    assert run.rr == {
        "class": "Collisions25",
        "significant": True,
        "stop_reason": "",
        "state": "OPEN",
    }
    assert run.oms["ls_duration"] == 10
    assert run.oms["dt_included"] is True
    assert run.oms["beams_present_and_stable"] is True
    assert sorted(online.rr) == sorted(online.own_oms) == list(range(1, 11))
    assert online.rr[1].keys() == {"csc-csc", "dt-dt", "tracker-pixel", "tracker-strip"}
    assert {cell["status"] for each in online.rr.values() for cell in each.values()} == {"GOOD"}
    assert "physics_flag" in online.oms[1]
    assert "lumisection_number" not in online.oms[1]


def test_that_a_run_nobody_needs_has_no_rr_lumisections(db: Database):
    pull.apply(Acting(db), a_run(RUN, 4))
    assert run_of(db).rr["significant"] is False
    assert online_of(db).rr == {}
    assert len(online_of(db).own_oms) == 4


def test_that_a_run_without_its_hlt_key_has_no_class_yet(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10, hlt_key=None))
    assert run_of(db).rr["class"] == ""
    assert run_of(db).rr["significant"] is False
    pull.apply(Acting(db), a_run(RUN, 10))
    assert run_of(db).rr["class"] == "Collisions25"
    assert len(online_of(db).rr) == 10


def test_that_a_run_without_lumisections_is_created(db: Database):
    assert pull.apply(Acting(db), a_run(RUN, 0)).kind is OutcomeKind.CREATED
    assert pull.apply(Acting(db), a_run(RUN, 0)).kind is OutcomeKind.UNCHANGED
    assert pull.apply(Acting(db), a_run(RUN, 7)).kind is OutcomeKind.UPDATED
    assert len(online_of(db).rr) == 7


def test_that_a_switched_off_classifier_is_ignored(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10, hlt_key="/cdaq/cosmics/x"))
    assert run_of(db).rr["class"] == "Cosmics25"
    assert run_of(db).rr["significant"] is False


def test_that_a_gap_in_the_numbers_is_a_hole(db: Database):
    answer = a_run(RUN, 20)
    holes = {11, 12, 17}
    present = [each for each in answer.lumisections if each["lumisection_number"] not in holes]
    gappy = oms_run(answer.attributes, present)
    pull.apply(Acting(db), gappy)
    online = online_of(db)
    assert sorted(online.rr) == sorted(online.oms) == sorted(set(range(1, 21)) - holes)
    assert online.oms[13]["recorded"] == a_lumisection(13)["recorded"]
    assert run_of(db).oms["ls_duration"] == 17
    assert pull.apply(Acting(db), gappy).kind is OutcomeKind.UNCHANGED
    assert pull.apply(Acting(db), answer).kind is OutcomeKind.UPDATED
    assert sorted(online_of(db).rr) == list(range(1, 21))


def test_that_equal_consecutive_lumisections_are_one_event(db: Database):
    quiet = {n: {"recorded": 0.0, "delivered": 0.0} for n in range(1, 31)}
    quiet[10]["dt0_ready"] = quiet[11]["dt0_ready"] = False
    written = Written(db)
    pull.apply(Acting(db), a_run(RUN, 30, changed=quiet))
    assert written["LumisectionEvent"] == written["OMSLumisectionEvent"] == 3


# --- a known run: nothing changed -----------------------------------------------------------------


def test_that_the_same_answer_writes_nothing(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10))
    written = Written(db)
    outcome = pull.apply(Acting(db), a_run(RUN, 10))
    assert (outcome.kind, outcome.text) == (OutcomeKind.UNCHANGED, f"Run {RUN}: nothing changed.")
    assert written.nothing


def test_that_numbers_beyond_a_double_are_no_news_at_the_next_pull(db: Database):
    large: JsonObject = {"l1_triggers_counter": 2**53 + 1, "energy": 10**308, "l1_rate": 10**400}
    changed: dict[int, JsonObject] = {2: {"prescale_index": 2**60 + 1, "recorded": 10**400}}
    pull.apply(Acting(db), a_run(RUN, 5, changed=changed, **large))
    written = Written(db)
    pull.apply(Acting(db), a_run(RUN, 5, changed=changed, **large))
    assert written.nothing
    assert run_of(db).oms["l1_triggers_counter"] == 2**53


def test_that_a_second_pull_finds_nothing_to_do_whatever_was_done_by_hand(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10))
    edit(db, "dt-dt", 2, 8, Triplet("BAD", "tripped"))
    edit(db, "csc-csc", 1, 10, Triplet("STANDBY"))
    bit = BitEdit(RUN, "online", "bpix_ready", (LumiRange(2, 3),), value=False)
    lumisections.edit_bits(Acting(db, EXPERT), [bit], comment="seen on the monitor")
    runs.edit_attribute(Acting(db, EXPERT), RUN, "class", "Cosmics25")
    runs.edit_attribute(Acting(db, EXPERT), RUN, "significant", value=False)
    runs.edit_attribute(Acting(db, EXPERT), RUN, "stop_reason", "magnet")
    answer = a_run(RUN, 12, changed={5: {"dt0_ready": False}})
    assert pull.apply(Acting(db), answer).kind is OutcomeKind.UPDATED
    assert online_of(db).rr[5]["dt-dt"] == Triplet("BAD", "tripped").as_json()
    for _ in range(3):
        written = Written(db)
        assert pull.apply(Acting(db), answer).kind is OutcomeKind.UNCHANGED
        assert written.nothing
    assert run_of(db).rr["class"] == "Cosmics25"
    assert run_of(db).rr["stop_reason"] == "magnet"


def test_that_an_automatic_value_behind_a_persons_word_is_recorded_once(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10))
    edit(db, "dt-dt", 1, 10, Triplet("BAD", "tripped"))
    changed = a_run(RUN, 10, changed={n: {"dt0_ready": False} for n in (4, 5)})
    written = Written(db)
    pull.apply(Acting(db), changed)
    # The automatic BAD of LS 4 and 5, and GOOD elsewhere where a person's word came last.
    assert written["LumisectionEvent"] == 3
    assert {each["dt-dt"]["comment"] for each in online_of(db).rr.values()} == {"tripped"}
    written = Written(db)
    pull.apply(Acting(db), changed)
    assert written.nothing


# --- a known run: every row of the table ----------------------------------------------------------


def test_that_changed_flags_of_an_open_run_are_appended_with_the_oms_side(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10, **STILL_RUNNING))
    bumped = online_of(db).version
    changed = {n: {"dt0_ready": False, "recorded": 0.7} for n in (3, 4)}
    written = Written(db)
    answer = a_run(RUN, 10, changed=changed, energy=450, **STILL_RUNNING)
    assert pull.apply(Acting(db), answer).kind is OutcomeKind.UPDATED
    assert (written["Version"], written["LumisectionEvent"], written["RunEvent"]) == (1, 1, 1)
    assert online_of(db).rr[3]["dt-dt"] == Triplet("BAD").as_json()
    assert online_of(db).oms[4]["recorded"] == 0.7
    assert run_of(db).oms["energy"] == 450
    assert online_of(db).version > bumped


def test_that_only_the_keys_that_differ_are_in_the_event(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10))
    pull.apply(Acting(db), a_run(RUN, 10, changed={3: {"dt0_ready": False}}))
    with db.read() as connection:
        payloads = connection.execute(
            text('SELECT "jsonb" FROM "JSONBDeduplication" ORDER BY id DESC LIMIT 2')
        ).scalars()
        assert {str(each) for each in payloads} == {
            str({"dt0_ready": False}),
            str({"dt-dt": {"cause": "", "status": "BAD", "comment": ""}}),
        }


def test_that_oms_alone_is_appended_when_the_run_has_ended(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10, **STILL_RUNNING))
    changed = {4: {"hf_ready": False}}
    written = Written(db)
    not_yet = pull.apply(Acting(db), a_run(RUN, 10, changed=changed, **STILL_RUNNING))
    assert not_yet.kind is OutcomeKind.UNCHANGED
    assert written.nothing
    bumped = online_of(db).version
    # What OMS says now counts: the answer that ends the run brings them in.
    assert pull.apply(Acting(db), a_run(RUN, 10, changed=changed)).kind is OutcomeKind.UPDATED
    assert written["OMSLumisectionEvent"] == 1
    assert written["LumisectionEvent"] == 0
    assert online_of(db).version > bumped
    assert run_of(db).oms["end_time"] is not None


def test_that_oms_attributes_are_appended_when_the_run_has_ended(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10, **STILL_RUNNING))
    written = Written(db)
    assert (
        pull.apply(Acting(db), a_run(RUN, 10, energy=1, **STILL_RUNNING)).kind
        is OutcomeKind.UNCHANGED
    )
    assert written.nothing
    assert pull.apply(Acting(db), a_run(RUN, 10, energy=1)).kind is OutcomeKind.UPDATED
    assert (written["RunEvent"], written["DatasetEvent"]) == (1, 0)
    with db.read() as connection:
        newest = connection.execute(
            text('SELECT oms_metadata, rr_metadata FROM "RunEvent" ORDER BY version DESC LIMIT 1')
        ).one()
    assert tuple(newest) == ({"energy": 1, "end_time": "2025-05-01T14:00:00Z"}, {})


def test_that_changed_rr_attributes_of_an_open_run_are_appended_ended_or_not(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10, **STILL_RUNNING))
    answer = a_run(RUN, 10, hlt_key="/cdaq/cosmics/x", **STILL_RUNNING)
    assert pull.apply(Acting(db), answer).kind is OutcomeKind.UPDATED
    assert run_of(db).rr["class"] == "Cosmics25"
    assert run_of(db).oms["hlt_key"] == "/cdaq/cosmics/x"


def test_that_a_growing_run_grows(db: Database):
    for length in (3, 5, 6, 20):
        pull.apply(Acting(db), a_run(RUN, length, **STILL_RUNNING))
    assert len(online_of(db).rr) == len(online_of(db).oms) == 20
    assert run_of(db).oms["ls_duration"] == 20


@pytest.mark.parametrize("change", ["flags", "attributes"])
def test_that_a_run_that_is_not_open_is_only_flagged_and_once(db: Database, change: str):
    pull.apply(Acting(db), a_run(RUN, 10))
    sign_off(db)
    answer = (
        a_run(RUN, 10, changed={4: {"dt0_ready": False}}, energy=450)
        if change == "flags"
        else a_run(RUN, 10, hlt_key="/cdaq/cosmics/x", energy=450)
    )
    written = Written(db)
    outcome = pull.apply(Acting(db), answer)
    assert outcome.kind is OutcomeKind.FLAGGED
    assert f"run {RUN} is in state SIGNOFF" in outcome.text
    assert ("lumisections" if change == "flags" else "class") in outcome.text
    assert run_of(db).rr[FLAG] is True
    assert run_of(db).oms["energy"] == 6800
    assert (written["Version"], written["Event"]) == (1, 1)
    written = Written(db)
    assert pull.apply(Acting(db), answer).kind is OutcomeKind.FLAGGED
    assert written.nothing


def test_that_oms_alone_is_appended_to_a_signed_off_run(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10))
    sign_off(db)
    answer = a_run(RUN, 10, changed={4: {"recorded": 0.9}}, energy=450)
    assert pull.apply(Acting(db), answer).kind is OutcomeKind.UPDATED
    assert run_of(db).rr.get(FLAG) is None
    assert run_of(db).oms["energy"] == 450
    assert online_of(db).oms[4]["recorded"] == 0.9


def test_that_a_run_mended_by_hand_before_its_sign_off_is_not_flagged(db: Database):
    answer = a_run(RUN, 10, changed={2: {"cscm_ready": False}, 3: {"dt0_ready": False}})
    pull.apply(Acting(db), answer)
    edit(db, "csc-csc", 1, 10)
    runs.edit_attribute(Acting(db, EXPERT), RUN, "class", "Cosmics25")
    sign_off(db)
    written = Written(db)
    assert pull.apply(Acting(db), answer).kind is OutcomeKind.UNCHANGED
    assert written.nothing


# --- the flag goes away ---------------------------------------------------------------------------


def test_that_a_refresh_of_the_reopened_run_clears_the_flag_and_later_changes_raise_it_again(
    db: Database,
):
    pull.apply(Acting(db), a_run(RUN, 10))
    sign_off(db)
    grown = a_run(RUN, 12)
    pull.apply(Acting(db), grown)
    assert run_of(db).rr[FLAG] is True
    with pytest.raises(Refused, match="SIGNOFF"):
        runs.refresh(Acting(db, EXPERT), RUN, grown)
    runs.move(Acting(db, EXPERT), RUN, "OPEN")
    runs.refresh(Acting(db, EXPERT), RUN, grown)
    assert run_of(db).rr[FLAG] is False
    assert len(online_of(db).rr) == 12
    assert authors(db)[-1][0] == f"auto@auto - {EXPERT.email}"
    runs.move(Acting(db, EXPERT), RUN, "SIGNOFF")
    assert pull.apply(Acting(db), grown).kind is OutcomeKind.UNCHANGED
    assert pull.apply(Acting(db), a_run(RUN, 13)).kind is OutcomeKind.FLAGGED
    assert run_of(db).rr[FLAG] is True


def test_that_a_refresh_with_nothing_else_to_do_clears_the_flag(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10))
    sign_off(db)
    pull.apply(Acting(db), a_run(RUN, 12))
    runs.move(Acting(db, EXPERT), RUN, "OPEN")
    pull.apply(Acting(db), a_run(RUN, 12))
    assert run_of(db).rr[FLAG] is True
    runs.refresh(Acting(db, EXPERT), RUN, a_run(RUN, 12))
    assert run_of(db).rr[FLAG] is False


def test_that_declaring_it_dealt_with_clears_the_flag_once(db: Database):
    nothing_to_settle = f"Run {RUN} needs no manual update."
    pull.apply(Acting(db), a_run(RUN, 10))
    assert runs.settle_manual_update(Acting(db, EXPERT), RUN).text == nothing_to_settle
    sign_off(db)
    answer = a_run(RUN, 10, changed={4: {"dt0_ready": False}})
    pull.apply(Acting(db), answer)
    settled = runs.settle_manual_update(Acting(db, EXPERT), RUN).text
    assert settled == f"Run {RUN}: the manual update is marked as done."
    assert run_of(db).rr[FLAG] is False
    assert authors(db)[-1][0] == f"auto@auto - {EXPERT.email}"
    written = Written(db)
    assert runs.settle_manual_update(Acting(db, EXPERT), RUN).text == nothing_to_settle
    assert written.nothing


# --- refused --------------------------------------------------------------------------------------


def test_that_fewer_lumisections_than_before_are_refused_and_nothing_is_written(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10))
    written = Written(db)
    with pytest.raises(Refused, match=r"9 lumisections .* 390001.* 10 are recorded"):
        pull.apply(Acting(db), a_run(RUN, 9, energy=450))
    assert written.nothing
    answer = a_run(RUN, 10)
    fewer = oms_run(answer.attributes, [*answer.lumisections[:4], *answer.lumisections[5:]])
    with pytest.raises(Refused, match="are recorded"):
        pull.apply(Acting(db), fewer)
    assert written.nothing
    assert pull.apply(Acting(db), a_run(RUN, 10)).kind is OutcomeKind.UNCHANGED


def test_that_a_hand_edit_over_a_hole_does_not_stop_later_pulls(db: Database):
    answer = a_run(RUN, 20)
    present = [each for each in answer.lumisections if each["lumisection_number"] not in {11, 12}]
    gappy = oms_run(answer.attributes, present)
    pull.apply(Acting(db), gappy)
    bit = BitEdit(RUN, "online", "bpix_ready", (LumiRange(9, 13),), value=False)
    lumisections.edit_bits(Acting(db, EXPERT), [bit], comment="seen on the monitor")
    edit(db, "dt-dt", 1, 20, Triplet("BAD", "tripped"))
    pull.apply(Acting(db), gappy)
    written = Written(db)
    assert pull.apply(Acting(db), gappy).kind is OutcomeKind.UNCHANGED
    assert written.nothing
    with pytest.raises(Refused, match="17 lumisections"):
        pull.apply(Acting(db), oms_run(answer.attributes, present[1:]))


# --- significant by hand --------------------------------------------------------------------------


def test_that_a_run_marked_significant_stays_classified_when_it_grows(db: Database):
    # Cosmics are no business of anybody here: the classifier is switched off.
    cosmics = {"hlt_key": "/cdaq/cosmics/x"}
    pull.apply(Acting(db), a_run(RUN, 10, **cosmics))
    runs.mark_significant(Acting(db, EXPERT), RUN, a_run(RUN, 10, **cosmics))
    assert run_of(db).rr["significant"] is True
    assert len(online_of(db).rr) == 10
    pull.apply(Acting(db), a_run(RUN, 15, **cosmics))
    assert len(online_of(db).rr) == 15
    assert run_of(db).rr["significant"] is True
    written = Written(db)
    assert pull.apply(Acting(db), a_run(RUN, 15, **cosmics)).kind is OutcomeKind.UNCHANGED
    assert written.nothing


def test_that_a_run_said_to_be_insignificant_by_hand_keeps_its_lumisections(db: Database):
    pull.apply(Acting(db), a_run(RUN, 10))
    runs.edit_attribute(Acting(db, EXPERT), RUN, "significant", value=False)
    pull.apply(Acting(db), a_run(RUN, 12))
    assert run_of(db).rr["significant"] is False
    assert len(online_of(db).oms) == 12


# --- size -----------------------------------------------------------------------------------------


def test_that_five_thousand_lumisections_are_brought_in(db: Database):
    pull.apply(Acting(db), a_run(RUN, 5000))
    assert len(online_of(db).rr) == len(online_of(db).own_oms) == 5000
    written = Written(db)
    assert pull.apply(Acting(db), a_run(RUN, 5000)).kind is OutcomeKind.UNCHANGED
    assert written.nothing
    pull.apply(
        Acting(db), a_run(RUN, 5003, changed={n: {"dt0_ready": None} for n in range(7, 5000, 2)})
    )
    online = online_of(db)
    assert [online.rr[n]["dt-dt"]["status"] for n in (7, 8, 5003)] == [
        "NO VALUE FOUND",
        "GOOD",
        "GOOD",
    ]


# --- what the loop writes to ----------------------------------------------------------------------


@pytest.mark.parametrize("desk", [True, False])
def test_that_failures_and_fills_are_remembered_with_and_without_a_desk(
    db: Database, dsn: str, *, desk: bool
):
    other = db if desk else Database(dsn)
    store = PullStore(other)
    store.remember_failure(RUN, "OMS answered with a page of HTML")
    store.remember_failure(RUN, "OMS did not answer")
    assert [(each.run_number, each.reason) for each in store.failed_runs()] == [
        (RUN, "OMS did not answer")
    ]
    store.forget_failure(RUN)
    assert store.failed_runs() == ()
    assert store.fill(6616) is None
    store.remember_fill(6616, {"era": "2018A"})
    assert store.fill(6616) == {"era": "2018A"}
    assert (PullStore(other).fill(6616) is not None) is desk
    assert store.known_runs([RUN]) == {}
    assert store.apply(a_run(RUN, 5)).kind is OutcomeKind.CREATED
    known = store.known_runs([RUN, 7])
    assert known.keys() == {RUN}
    assert known[RUN].last_update == "2025-05-01T14:05:00Z"
    if not desk:
        other.close()
