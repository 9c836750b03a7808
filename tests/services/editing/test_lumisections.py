"""Editing lumisections: who may, what must be true before, and what is written."""

import pytest
from sqlalchemy import text

from app.domain.errors import BadInput, Conflict, NotFound, NotPermitted, Refused
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import rows, states
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange
from app.services.acting import Acting
from app.services.certification import runs
from app.services.editing import lumisections
from app.services.editing.lumisections import BitEdit, ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run, configure
from tests.conftest import filled_once
from tests.plain_folds import plain_datasets

RUN = 390001
PROMPT = "/PromptReco/Collisions2025A/DQM"
SHIFTER = Actor("shifter@cern.ch", frozenset({"shifters"}))
DT_EXPERT = Actor("dt@cern.ch", frozenset({"dt-experts"}))
GOOD = Triplet("GOOD")
BAD = Triplet("BAD", "HV trip", "hv")


@filled_once
def pulled(database: Database) -> None:
    """One run of 10 LS on the small configuration."""
    configure(database)
    pull.apply(Acting(database), a_run(RUN, 10))


@pytest.fixture
def signed_off(pulled: Database) -> Database:
    """The run signed off, with two datasets that wait for the DQM GUI."""
    edit(pulled, "dt-dt", LumiRange(1, 10))
    runs.move(Acting(pulled, EXPERT), RUN, "SIGNOFF")
    return pulled


def edit(
    db: Database,
    column: str,
    *ranges: LumiRange,
    triplet: Triplet = GOOD,
    dataset: str = "online",
    actor: Actor = EXPERT,
    run: int = RUN,
    **others,
):
    wanted = ColumnEdit(run, dataset, column, ranges, triplet)
    return lumisections.edit_columns(Acting(db, actor), [wanted], **others)


def edit_bit(
    db: Database,
    bit: str,
    *ranges: LumiRange,
    value: bool = False,
    dataset: str = "online",
    actor: Actor = EXPERT,
    comment: str = "seen on the monitor",
    run: int = RUN,
):
    wanted = BitEdit(run, dataset, bit, ranges, value)
    return lumisections.edit_bits(Acting(db, actor), [wanted], comment=comment)


def set_attributes(db: Database, name: str, *, deleted: bool | None = None, **states_: str):
    with begin(db, [RUN]) as action:
        change = DatasetChange(RUN, name, attributes=dict(states_), deleted=deleted)
        action.append(EXPERT.email, "by hand", [change])


def versions(db: Database) -> int:
    with db.read() as connection:
        return connection.execute(text('SELECT count(*) FROM "Version"')).scalar_one()


def dataset_version(db: Database, name: str = "online") -> int:
    with db.read() as connection:
        return rows.datasets_of_run(connection, RUN)[name].version


def online(db: Database):
    return lumisections.dataset_state(Acting(db), RUN, "online")


# --- what is written ------------------------------------------------------------------------------


def test_that_an_edit_is_one_version_by_the_person_with_one_event_and_a_bump(pulled: Database):
    before, bumped = versions(pulled), dataset_version(pulled)
    done = edit(pulled, "dt-dt", LumiRange(3, 5), triplet=BAD)
    assert versions(pulled) == before + 1
    assert dataset_version(pulled) > bumped
    assert done.text == "Set dt-dt to BAD in LS 3-5 of run 390001."
    with pulled.read() as connection:
        by, comment = connection.execute(
            text('SELECT "by", comment FROM "Version" WHERE atomic_version = :version'),
            {"version": done.atomic_version},
        ).one()
        events = connection.execute(
            text(
                'SELECT manual_change, "jsonb"::text FROM "LumisectionEvent"'
                ' JOIN "Event" USING (version)'
                ' JOIN "JSONBDeduplication" ON id = lumisection_metadata_id'
                " WHERE atomic_version = :version"
            ),
            {"version": done.atomic_version},
        ).all()
    assert by == EXPERT.email
    assert "online" in comment
    assert "dt-dt" in comment
    assert len(events) == 1
    assert events[0][0] is True
    assert online(pulled).rr.value("dt-dt", 4) == BAD
    assert online(pulled).rr.value("dt-dt", 6) == GOOD


def test_that_a_reason_becomes_the_comment_of_the_version(pulled: Database):
    done = edit(pulled, "dt-dt", LumiRange(3, 5), comment="asked by the run coordinator")
    with pulled.read() as connection:
        comment = connection.execute(
            text('SELECT comment FROM "Version" WHERE atomic_version = :version'),
            {"version": done.atomic_version},
        ).scalar_one()
    assert comment == "asked by the run coordinator"


def test_that_touching_and_overlapping_ranges_are_one(pulled: Database):
    edit(pulled, "dt-dt", LumiRange(4, 6), LumiRange(1, 2), LumiRange(3, 5), triplet=BAD)
    assert [online(pulled).rr.value("dt-dt", n) for n in (1, 6, 7)] == [BAD, BAD, GOOD]


def test_that_edits_of_several_columns_runs_and_datasets_are_one_version(signed_off: Database):
    pull.apply(Acting(signed_off), a_run(390002, 5))
    set_attributes(signed_off, PROMPT, dt_state="OPEN")
    before = versions(signed_off)
    lumisections.edit_columns(
        Acting(signed_off, EXPERT),
        [
            ColumnEdit(390002, "online", "csc-csc", (LumiRange(1, 2),), BAD),
            ColumnEdit(390002, "online", "dt-dt", (LumiRange(1, 2),), BAD),
            ColumnEdit(RUN, PROMPT, "dt-dt", (LumiRange(10, 10),), BAD),
        ],
    )
    assert versions(signed_off) == before + 1
    assert lumisections.dataset_state(Acting(signed_off), RUN, PROMPT).rr.value("dt-dt", 10) == BAD
    assert lumisections.dataset_state(Acting(signed_off), 390002, "online").rr.at(2)["dt-dt"] == BAD


def test_that_of_two_edits_of_one_cell_in_one_go_the_last_one_counts(pulled: Database):
    edit(pulled, "dt-dt", LumiRange(1, 5), triplet=BAD)
    for last, before in ((BAD, GOOD), (GOOD, BAD)):
        wanted = [
            ColumnEdit(RUN, "online", "dt-dt", (LumiRange(1, 5),), each) for each in (before, last)
        ]
        lumisections.edit_columns(Acting(pulled, EXPERT), wanted)
        assert online(pulled).rr.value("dt-dt", 3) == last


def test_that_of_two_edits_of_one_bit_in_one_go_the_last_one_counts(pulled: Database):
    wanted = [
        BitEdit(RUN, "online", "bpix_ready", (LumiRange(1, 5),), each) for each in (False, True)
    ]
    lumisections.edit_bits(Acting(pulled, EXPERT), wanted, comment="abc")
    assert online(pulled).oms.value("bpix_ready", 3) is True


def test_that_an_edit_that_changes_nothing_writes_nothing(pulled: Database):
    edit(pulled, "dt-dt", LumiRange(2, 6), triplet=BAD)
    before = versions(pulled)
    done = edit(pulled, "dt-dt", LumiRange(3, 4), triplet=BAD)
    assert done.atomic_version is None
    assert "Nothing to change" in done.text
    bit = edit_bit(pulled, "bpix_ready", LumiRange(1, 10), value=True)
    assert bit.atomic_version is None
    assert versions(pulled) == before


def test_that_another_value_is_written_without_reading_all_events_of_the_dataset(
    pulled: Database, monkeypatch: pytest.MonkeyPatch
):
    read = []
    monkeypatch.setattr(states, "rr_events", lambda _, keys, **__: read.extend(keys) or [])
    edit(pulled, "dt-dt", LumiRange(2, 3), triplet=BAD)
    assert [online(pulled).rr.value("dt-dt", n).status for n in (1, 2)] == ["GOOD", "BAD"]
    assert not read
    edit(pulled, "dt-dt", LumiRange(1, 3), triplet=BAD)
    assert read == [(RUN, "online")]


def test_that_confirming_an_automatic_value_by_hand_is_a_change_that_lasts(pulled: Database):
    assert online(pulled).rr.value("dt-dt", 1) == GOOD
    assert edit(pulled, "dt-dt", LumiRange(1, 2)).atomic_version is not None
    pull.apply(Acting(pulled), a_run(RUN, 10, changed={n: {"dt0_ready": False} for n in (1, 2, 3)}))
    assert [online(pulled).rr.value("dt-dt", n).status for n in (1, 2, 3)] == [
        "GOOD",
        "GOOD",
        "BAD",
    ]


def test_that_only_a_part_that_holds_the_value_already_does_not_hide_the_rest(pulled: Database):
    edit(pulled, "dt-dt", LumiRange(1, 3), triplet=BAD)
    assert edit(pulled, "dt-dt", LumiRange(1, 4), triplet=BAD).atomic_version is not None
    assert online(pulled).rr.value("dt-dt", 4) == BAD


def test_that_another_comment_or_cause_is_a_change(pulled: Database):
    edit(pulled, "dt-dt", LumiRange(1, 3), triplet=BAD)
    other = Triplet("BAD", BAD.comment, "gas")
    assert edit(pulled, "dt-dt", LumiRange(1, 3), triplet=other).atomic_version is not None
    assert online(pulled).rr.value("dt-dt", 2) == other


def test_that_a_column_without_any_value_can_be_given_one(pulled: Database):
    edit(pulled, "hcal-hcal", LumiRange(2, 3))
    assert online(pulled).rr.value("hcal-hcal", 2) == GOOD
    assert not online(pulled).rr.has("hcal-hcal", 1)


@pytest.mark.parametrize("value", [False, True])
def test_that_a_dcs_bit_can_be_set_to_both_values(pulled: Database, *, value: bool):
    pull.apply(Acting(pulled), a_run(RUN, 10, changed={4: {"bpix_ready": None}}))
    edit_bit(pulled, "bpix_ready", LumiRange(4, 5), value=value)
    assert [online(pulled).oms.value("bpix_ready", n) for n in (3, 4)] == [True, value]


def test_that_a_dcs_bit_of_one_dataset_is_changed_there_only(signed_off: Database):
    done = edit_bit(signed_off, "bpix_ready", LumiRange(4, 5), dataset=PROMPT)
    assert "bpix_ready to false in LS 4-5 of /PromptReco/Collisions2025A/DQM" in done.text
    prompt = lumisections.dataset_state(Acting(signed_off), RUN, PROMPT)
    assert prompt.oms.value("bpix_ready", 4) is False
    assert online(signed_off).oms.value("bpix_ready", 4) is True


# --- what is refused ------------------------------------------------------------------------------


def refusal(kind: type[Refused], db: Database, action, *arguments, **named) -> str:
    before = versions(db)
    with pytest.raises(kind) as refused:
        action(db, *arguments, **named)
    assert versions(db) == before
    return str(refused.value)


@pytest.mark.parametrize("action", [edit, edit_bit])
@pytest.mark.parametrize(
    ("ranges", "named"),
    [
        ([LumiRange(0, 3)], "LS 0-3 is outside run 390001: it has LS 1 to 10"),
        ([LumiRange(9, 11)], "LS 9-11 is outside run 390001: it has LS 1 to 10"),
        ([LumiRange(1, 2), LumiRange(11, 11)], "LS 11 is outside run 390001"),
        ([LumiRange(1, 1), LumiRange(5, 4)], "LS 5 to 4: the first is greater than the last"),
        ([LumiRange(4, 9), LumiRange(5, 4)], "LS 5 to 4: the first is greater than the last"),
        ([], "No lumisections were given"),
    ],
)
def test_that_a_range_outside_the_dataset_is_refused(pulled: Database, action, ranges, named: str):
    subject = "dt-dt" if action is edit else "bpix_ready"
    assert named in refusal(Refused, pulled, action, subject, *ranges)


@pytest.mark.parametrize("comment", ["", "ab", "  a  "])
def test_that_bad_needs_a_comment(pulled: Database, comment: str):
    words = refusal(
        Refused, pulled, edit, "dt-dt", LumiRange(1, 1), triplet=Triplet("BAD", comment)
    )
    assert words == "BAD needs a comment of at least 3 characters."
    for status in ("GOOD", "STANDBY", "EXCLUDED", "NOTSET"):
        edit(pulled, "dt-dt", LumiRange(1, 1), triplet=Triplet(status, comment))


def test_that_a_dcs_bit_needs_a_comment(pulled: Database):
    words = refusal(Refused, pulled, edit_bit, "bpix_ready", LumiRange(1, 1), comment=" a ")
    assert words == "A DCS bit needs a comment of at least 3 characters."


@pytest.mark.parametrize("status", ["", "EMPTY", "NO VALUE FOUND", "good", "FOO"])
def test_that_only_a_status_people_give_can_be_set(pulled: Database, status: str):
    words = refusal(
        BadInput, pulled, edit, "dt-dt", LumiRange(1, 1), triplet=Triplet(status, "abc")
    )
    assert f'"{status}" can\'t be set' in words
    assert "GOOD, BAD, STANDBY, EXCLUDED, NOTSET" in words


@pytest.mark.parametrize("column", ["dt-foo", "dt", "", "lumi-lumi", "prescale_index"])
def test_that_a_column_no_online_workspace_has_is_refused(pulled: Database, column: str):
    words = refusal(BadInput, pulled, edit, column, LumiRange(1, 1))
    assert words == f"No workspace has a column {column} in online."


def test_that_a_column_no_offline_workspace_has_is_refused(signed_off: Database):
    set_attributes(signed_off, PROMPT, tracker_state="OPEN", global_state="OPEN")
    words = refusal(BadInput, signed_off, edit, "tracker-pixel", LumiRange(1, 1), dataset=PROMPT)
    assert words == "No workspace has a column tracker-pixel in offline datasets."


@pytest.mark.parametrize("bit", ["physics_flag", "recorded", "prescale_index", "foo", ""])
def test_that_what_is_no_dcs_bit_is_refused(pulled: Database, bit: str):
    assert refusal(BadInput, pulled, edit_bit, bit, LumiRange(1, 1)) == f"{bit} is not a DCS bit."


def test_that_nothing_to_edit_is_refused(pulled: Database):
    with pytest.raises(BadInput, match="Nothing to edit"):
        lumisections.edit_columns(Acting(pulled, EXPERT), [])
    with pytest.raises(BadInput, match="Nothing to edit"):
        lumisections.edit_bits(Acting(pulled, EXPERT), [], comment="abc")


@pytest.mark.parametrize("action", [edit, edit_bit])
def test_that_what_does_not_exist_is_named(pulled: Database, action):
    subject = "dt-dt" if action is edit else "bpix_ready"
    words = refusal(NotFound, pulled, action, subject, LumiRange(1, 1), run=7)
    assert words == "Run 7 is not in the Run Registry."
    words = refusal(NotFound, pulled, action, subject, LumiRange(1, 1), dataset="/no/such/DQM")
    assert words == "Run 390001 has no dataset /no/such/DQM."


@pytest.mark.parametrize("action", [edit, edit_bit])
@pytest.mark.parametrize("state", ["SIGNOFF", "COMPLETED"])
def test_that_online_is_edited_in_an_open_run_only(signed_off: Database, action, state: str):
    if state == "COMPLETED":
        runs.move(Acting(signed_off, EXPERT), RUN, state)
    subject = "dt-dt" if action is edit else "bpix_ready"
    words = refusal(Refused, signed_off, action, subject, LumiRange(1, 1))
    assert words == f"Run 390001 is in state {state}: it must be OPEN to be edited."
    runs.move(Acting(signed_off, EXPERT), RUN, "OPEN")
    action(signed_off, subject, LumiRange(1, 1))


@pytest.mark.parametrize("action", [edit, edit_bit])
def test_that_a_hidden_dataset_is_not_edited(signed_off: Database, action):
    set_attributes(signed_off, PROMPT, deleted=True, dt_state="OPEN")
    subject = "dt-dt" if action is edit else "bpix_ready"
    words = refusal(Refused, signed_off, action, subject, LumiRange(1, 1), dataset=PROMPT)
    assert words.startswith(f"{PROMPT} of run 390001 is hidden")
    set_attributes(signed_off, PROMPT, deleted=False)
    action(signed_off, subject, LumiRange(1, 1), dataset=PROMPT)


@pytest.mark.parametrize(
    "state", ["waiting dqm gui", "SIGNOFF", "COMPLETED", "not significant for workspace", ""]
)
def test_that_an_offline_dataset_is_edited_where_it_is_open_only(signed_off: Database, state: str):
    set_attributes(signed_off, PROMPT, dt_state=state, csc_state="OPEN")
    words = refusal(Refused, signed_off, edit, "dt-dt", LumiRange(1, 1), dataset=PROMPT)
    assert f"{PROMPT} of run 390001 is {state or 'without a state'} in workspace dt" in words
    edit(signed_off, "csc-csc", LumiRange(1, 1), dataset=PROMPT)
    set_attributes(signed_off, PROMPT, dt_state="OPEN")
    edit(signed_off, "dt-dt", LumiRange(1, 1), dataset=PROMPT)


def test_that_a_dataset_open_in_global_is_edited_by_a_global_expert_only(signed_off: Database):
    set_attributes(signed_off, PROMPT, global_state="OPEN")
    edit(signed_off, "dt-dt", LumiRange(1, 1), dataset=PROMPT)
    words = refusal(
        Refused, signed_off, edit, "dt-dt", LumiRange(2, 2), dataset=PROMPT, actor=DT_EXPERT
    )
    assert "waiting dqm gui in workspace dt" in words


def test_that_a_dcs_bit_is_edited_whatever_the_states_of_an_offline_dataset(signed_off: Database):
    edit_bit(signed_off, "bpix_ready", LumiRange(1, 1), dataset=PROMPT)


# --- rights ---------------------------------------------------------------------------------------


def test_that_a_refused_right_names_the_e_groups_that_have_it(signed_off: Database):
    runs.move(Acting(signed_off, EXPERT), RUN, "OPEN")
    set_attributes(signed_off, PROMPT, dt_state="OPEN", csc_state="OPEN")
    words = refusal(NotPermitted, signed_off, edit, "dt-dt", LumiRange(1, 1), actor=NOBODY)
    assert "shifters" in words
    assert "cms-dqm-runregistry-experts" in words
    edit(signed_off, "dt-dt", LumiRange(1, 1), triplet=BAD, actor=SHIFTER)
    words = refusal(
        NotPermitted, signed_off, edit, "csc-csc", LumiRange(1, 1), dataset=PROMPT, actor=DT_EXPERT
    )
    assert "dt-experts" not in words
    edit(signed_off, "dt-dt", LumiRange(1, 1), triplet=BAD, dataset=PROMPT, actor=DT_EXPERT)
    words = refusal(
        NotPermitted, signed_off, edit_bit, "bpix_ready", LumiRange(1, 1), actor=SHIFTER
    )
    assert "/lumisections/edit_oms_lumisections" in words


def test_that_every_column_touched_must_be_allowed(signed_off: Database):
    set_attributes(signed_off, PROMPT, dt_state="OPEN", csc_state="OPEN")
    before = versions(signed_off)
    wanted = [
        ColumnEdit(RUN, PROMPT, column, (LumiRange(1, 1),), BAD) for column in ("dt-dt", "csc-csc")
    ]
    with pytest.raises(NotPermitted, match="/dataset_lumisections/csc-csc"):
        lumisections.edit_columns(Acting(signed_off, DT_EXPERT), wanted)
    assert versions(signed_off) == before


def test_that_nobody_passes_because_of_how_their_name_begins(pulled: Database):
    robot = Actor("auto@auto", frozenset())
    refusal(NotPermitted, pulled, edit, "dt-dt", LumiRange(1, 1), actor=robot)
    refusal(NotPermitted, pulled, edit_bit, "bpix_ready", LumiRange(1, 1), actor=robot)


# --- somebody else at the same time ---------------------------------------------------------------


def test_that_an_edit_of_cells_somebody_else_changed_since_is_a_conflict(pulled: Database):
    seen = {(RUN, "online"): dataset_version(pulled)}
    edit(pulled, "dt-dt", LumiRange(4, 6), triplet=BAD, actor=SHIFTER)
    words = refusal(Conflict, pulled, edit, "dt-dt", LumiRange(1, 4), seen=seen)
    assert "dt-dt of run 390001" in words
    edit(pulled, "dt-dt", LumiRange(1, 3), seen=seen)
    edit(pulled, "csc-csc", LumiRange(1, 10), triplet=BAD, seen=seen)


def test_that_a_person_who_has_seen_the_newest_version_may_change_its_cells(pulled: Database):
    edit(pulled, "dt-dt", LumiRange(4, 6), triplet=BAD)
    seen = {(RUN, "online"): dataset_version(pulled)}
    edit(pulled, "dt-dt", LumiRange(4, 6), seen=seen)
    assert online(pulled).rr.value("dt-dt", 5) == GOOD


def test_that_an_automatic_change_of_the_cells_is_a_conflict_too(pulled: Database):
    seen = {(RUN, "online"): dataset_version(pulled)}
    pull.apply(Acting(pulled), a_run(RUN, 10, changed={5: {"dt0_ready": False}}))
    refusal(Conflict, pulled, edit, "dt-dt", LumiRange(5, 5), triplet=BAD, seen=seen)
    edit(pulled, "dt-dt", LumiRange(6, 6), triplet=BAD, seen=seen)


# --- reading --------------------------------------------------------------------------------------


def test_that_a_state_is_read_as_of_a_version(pulled: Database):
    first = edit(pulled, "dt-dt", LumiRange(1, 2), triplet=BAD).atomic_version
    edit(pulled, "dt-dt", LumiRange(1, 2))
    assert online(pulled).rr.value("dt-dt", 1) == GOOD
    then = lumisections.dataset_state(Acting(pulled), RUN, "online", as_of=first)
    assert then.rr.value("dt-dt", 1) == BAD


def test_that_reading_what_does_not_exist_is_refused(pulled: Database):
    with pytest.raises(NotFound, match="Run 7 "):
        lumisections.dataset_state(Acting(pulled), 7, "online")
    with pytest.raises(NotFound, match="no dataset /x"):
        lumisections.dataset_state(Acting(pulled), RUN, "/x")


def test_that_five_thousand_lumisections_are_edited_with_a_handful_of_statements(
    database: Database,
):
    configure(database)
    pull.apply(Acting(database), a_run(RUN, 5000))
    ranges = tuple(LumiRange(n, n) for n in range(1, 5001, 2))
    edit(database, "dt-dt", *ranges, triplet=BAD)
    state = online(database)
    assert [state.rr.value("dt-dt", n).status for n in (1, 2, 4999, 5000)] == [
        "BAD",
        "GOOD",
        "BAD",
        "GOOD",
    ]
    with database.read() as connection:
        assert states.fresh_compact(connection, [(RUN, "online")])
        plain = plain_datasets(connection)[RUN, "online"]
    assert sum(each["dt-dt"]["status"] == "BAD" for each in plain.rr.values()) == 2500
