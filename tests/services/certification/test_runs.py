"""Actions on runs: what must be true before, who may, and what is made of them."""

import pytest
from sqlalchemy import text

from app.domain.configuration.in_force import Kind
from app.domain.errors import BadInput, Conflict, NotFound, NotPermitted, Refused
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.sources.oms import oms_run
from app.domain.sources.pull import OutcomeKind
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import rows
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.services.acting import Acting
from app.services.certification import runs
from app.services.configuration import edits as configuration_edits
from app.services.editing import lumisections
from app.services.editing.lumisections import BitEdit, ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run, configure
from tests.conftest import filled_once
from tests.plain_folds import plain_datasets, plain_runs

RUN = 390001
ONLINE = (RUN, "online")
PROMPT = "/PromptReco/Collisions2025A/DQM"
EXPRESS = "/Express/Collisions2025/DQM"
SHIFTER = Actor("shifter@cern.ch", frozenset({"shifters"}))
GOOD = Triplet("GOOD")
BAD = Triplet("BAD", "HV trip", "hv")
COSMICS = {"hlt_key": "/cdaq/cosmics/x"}


@filled_once
def pulled(database: Database) -> None:
    """One run of 10 LS on the small configuration; in LS 4 no rule of csc-csc holds."""
    configure(database)
    pull.apply(Acting(database), a_run(RUN, 10, changed={4: {"cscm_ready": False}}))


@pytest.fixture
def mended(pulled: Database) -> Database:
    """The run with nothing that forbids its sign-off."""
    edit(pulled, "csc-csc", 4, 4)
    return pulled


@pytest.fixture
def signed_off(mended: Database) -> Database:
    runs.move(Acting(mended, EXPERT), RUN, "SIGNOFF")
    return mended


def edit(db: Database, column: str, first: int, last: int, triplet: Triplet = GOOD, **others):
    dataset = others.get("dataset", "online")
    wanted = ColumnEdit(RUN, dataset, column, (LumiRange(first, last),), triplet)
    lumisections.edit_columns(Acting(db, EXPERT), [wanted])


def rr(db: Database, run_number: int = RUN) -> dict:
    with db.read() as connection:
        return plain_runs(connection)[run_number].rr


def datasets(db: Database) -> dict:
    with db.read() as connection:
        return plain_datasets(connection)


def versions(db: Database) -> list[tuple[str, str]]:
    with db.read() as connection:
        found = connection.execute(
            text('SELECT "by", comment FROM "Version" ORDER BY atomic_version')
        )
        return [tuple(row) for row in found]


def refusal(kind: type[Refused], db: Database, action, actor: Actor, *arguments, **named) -> str:
    before = versions(db)
    with pytest.raises(kind) as refused:
        action(Acting(db, actor), *arguments, **named)
    assert versions(db) == before
    return str(refused.value)


# --- moving ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["SIGNOFF", "COMPLETED"])
@pytest.mark.parametrize("second", ["OPEN", "SIGNOFF", "COMPLETED"])
def test_that_a_run_is_moved_between_any_two_states_but_not_to_its_own(
    mended: Database, first: str, second: str
):
    moved = runs.move(Acting(mended, EXPERT), RUN, first)
    assert (moved.run_number, moved.state, set(moved.datasets)) == (RUN, first, {PROMPT, EXPRESS})
    assert rr(mended)["state"] == first
    if first == second:
        words = refusal(Refused, mended, runs.move, EXPERT, RUN, second)
        assert words == f"Run {RUN} is in state {second} already."
        return
    assert runs.move(Acting(mended, EXPERT), RUN, second).datasets == ()
    assert rr(mended)["state"] == second


def test_that_the_move_is_a_version_by_the_person_and_the_datasets_are_automatic(
    mended: Database,
):
    before = len(versions(mended))
    moved = runs.move(Acting(mended, EXPERT), RUN, "SIGNOFF")
    assert versions(mended)[before:] == [
        (EXPERT.email, f"move state run {RUN} to state SIGNOFF"),
        *(
            ("auto@auto", f"dataset {name} creation after a run {RUN} is signed off")
            for name in moved.datasets
        ),
    ]
    assert moved.text == f"Signed off run {RUN}. 2 datasets now wait for the DQM GUI."
    assert runs.move(Acting(mended, EXPERT), RUN, "OPEN").text == f"Reopened run {RUN}."
    assert runs.move(Acting(mended, EXPERT), RUN, "COMPLETED").text == f"Completed run {RUN}."


def test_that_reopening_has_no_precondition(signed_off: Database):
    # What a person declared good is taken away by an automatic value of the web service only.
    with begin(signed_off, [RUN]) as action:
        empty = {"dt-dt": Triplet("NO VALUE FOUND")}
        change = LumisectionChange(*ONLINE, [(empty, (LumiRange(1, 3),))])
        action.append("x@cern.ch", "by the web service", [change])
        action.append("x@cern.ch", "by the web service", [RunChange(RUN, rr={"class": ""})])
    assert runs.move(Acting(signed_off, EXPERT), RUN, "OPEN").state == "OPEN"
    refusal(Refused, signed_off, runs.move, EXPERT, RUN, "SIGNOFF")


@pytest.mark.parametrize("state", ["FOO", "", "open", "waiting dqm gui"])
def test_that_a_state_nobody_knows_is_refused(mended: Database, state: str):
    words = refusal(BadInput, mended, runs.move, EXPERT, RUN, state)
    assert words == f'"{state}" is not a state of a run: choose OPEN, SIGNOFF or COMPLETED.'


def test_that_a_run_nobody_knows_or_that_is_hidden_is_refused(mended: Database):
    words = refusal(NotFound, mended, runs.move, EXPERT, 7, "SIGNOFF")
    assert words == "Run 7 is not in the Run Registry."
    with begin(mended, [RUN]) as action:
        action.append(EXPERT.email, "hidden", [RunChange(RUN, deleted=True)])
    refusal(NotFound, mended, runs.move, EXPERT, RUN, "SIGNOFF")


def test_that_a_run_moved_by_somebody_else_meanwhile_is_a_conflict(signed_off: Database):
    words = refusal(Conflict, signed_off, runs.move, EXPERT, RUN, "COMPLETED", from_state="OPEN")
    assert "is in state SIGNOFF, no longer OPEN" in words
    runs.move(Acting(signed_off, EXPERT), RUN, "COMPLETED", from_state="SIGNOFF")


@pytest.mark.parametrize("to_state", ["SIGNOFF", "COMPLETED"])
def test_that_a_column_without_a_status_forbids_the_sign_off_and_is_named(
    pulled: Database, to_state: str
):
    words = refusal(Refused, pulled, runs.move, EXPERT, RUN, to_state)
    assert words.startswith("csc-csc is NO VALUE FOUND in LS 4")
    assert "CSC" in words
    edit(pulled, "csc-csc", 4, 4)
    runs.move(Acting(pulled, EXPERT), RUN, to_state)


@pytest.mark.parametrize("status", ["", "EMPTY", "NO VALUE FOUND"])
def test_that_the_first_lumisection_and_its_column_are_named(mended: Database, status: str):
    with begin(mended, [RUN]) as action:
        for column, first in (("dt-dt", 7), ("tracker-pixel", 3), ("csc-csc", 9)):
            change = LumisectionChange(
                *ONLINE, [({column: Triplet(status)}, (LumiRange(first, 10),))]
            )
            action.append("x@cern.ch", "by the web service", [change])
    words = refusal(Refused, mended, runs.move, EXPERT, RUN, "SIGNOFF")
    shown = status or "without a status"
    assert words.startswith(f"tracker-pixel is {shown} in LS 3-10; dt-dt is {shown} in LS 7-10;")


def test_that_a_hole_forbids_the_sign_off_until_somebody_fills_it(mended: Database):
    answer = a_run(390002, 8)
    present = [each for each in answer.lumisections if each["lumisection_number"] != 5]
    pull.apply(Acting(mended), oms_run(answer.attributes, present))
    words = refusal(Refused, mended, runs.move, EXPERT, 390002, "SIGNOFF")
    assert words.startswith("csc-csc is EMPTY in LS 5; dt-dt is EMPTY in LS 5; ")
    assert words.endswith("ask the CSC, DT and TRACKER experts, then sign off.")
    wanted = [
        ColumnEdit(390002, "online", column, (LumiRange(5, 5),), Triplet("NOTSET"))
        for column in ("csc-csc", "dt-dt", "tracker-pixel", "tracker-strip")
    ]
    lumisections.edit_columns(Acting(mended, EXPERT), wanted)
    assert runs.move(Acting(mended, EXPERT), 390002, "SIGNOFF").state == "SIGNOFF"


def test_that_a_column_the_run_has_not_does_not_count(mended: Database):
    # hcal-hcal is certifiable and has a workspace, but no classifier.
    assert "hcal-hcal" not in datasets(mended)[ONLINE].rr[1]
    runs.move(Acting(mended, EXPERT), RUN, "SIGNOFF")


def test_that_a_column_that_is_not_certifiable_does_not_count(mended: Database):
    with begin(mended, [RUN]) as action:
        change = LumisectionChange(
            *ONLINE, [({"trg-foo": Triplet("NO VALUE FOUND")}, (LumiRange(1, 10),))]
        )
        action.append("x@cern.ch", "by the web service", [change])
    runs.move(Acting(mended, EXPERT), RUN, "SIGNOFF")


def test_that_a_run_without_rr_lumisections_is_not_signed_off(pulled: Database):
    pull.apply(Acting(pulled), a_run(390002, 3))
    words = refusal(Refused, pulled, runs.move, EXPERT, 390002, "SIGNOFF")
    assert words.startswith("Run 390002 has no RR lumisections")


def test_that_a_run_without_a_class_is_not_signed_off(mended: Database):
    runs.edit_attribute(Acting(mended, EXPERT), RUN, "class", "")
    words = refusal(Refused, mended, runs.move, EXPERT, RUN, "SIGNOFF")
    assert words == f"Run {RUN} has no class: set one before signing it off."


def test_that_moving_takes_the_right_to_that_very_move(mended: Database):
    words = refusal(NotPermitted, mended, runs.move, NOBODY, RUN, "SIGNOFF")
    assert "shifters" in words
    assert "cms-dqm-runregistry-experts" in words
    refusal(NotPermitted, mended, runs.move, SHIFTER, RUN, "COMPLETED")
    runs.move(Acting(mended, SHIFTER), RUN, "SIGNOFF")
    words = refusal(NotPermitted, mended, runs.move, SHIFTER, RUN, "OPEN")
    assert "/runs/move_run/SIGNOFF/OPEN" in words


# --- the waiting datasets -------------------------------------------------------------------------


def test_that_the_accepted_datasets_wait_in_every_workspace(signed_off: Database):
    found = datasets(signed_off)
    assert found.keys() == {ONLINE, (RUN, PROMPT), (RUN, EXPRESS)}
    assert found[RUN, PROMPT].attributes == {
        "appeared_in": [],
        **{
            f"{workspace}_state": "waiting dqm gui"
            for workspace in ("global", "csc", "dt", "jetmet", "lumi")
        },
    }
    assert found[RUN, PROMPT].in_gui == set()


def test_that_the_waiting_datasets_are_classified_by_the_offline_classifiers(pulled: Database):
    edit(pulled, "dt-dt", 2, 3, BAD)
    edit(pulled, "csc-csc", 4, 4)
    runs.move(Acting(pulled, EXPERT), RUN, "SIGNOFF")
    prompt = datasets(pulled)[RUN, PROMPT]
    assert prompt.rr.keys() == prompt.own_oms == set(range(1, 11))
    assert {column: cell["status"] for column, cell in prompt.rr[1].items()} == {
        "csc-csc": "GOOD",
        "dt-dt": "GOOD",
        "jetmet-jetmet": "NO VALUE FOUND",
        "lumi-lumi": "NO VALUE FOUND",
    }
    assert [prompt.rr[n]["dt-dt"]["status"] for n in (1, 2, 3, 4)] == ["GOOD", "BAD", "BAD", "GOOD"]
    assert prompt.rr[4]["csc-csc"]["status"] == "NO VALUE FOUND"
    assert {cell["comment"] for each in prompt.rr.values() for cell in each.values()} == {""}


def test_that_the_oms_side_is_copied_as_people_left_it(mended: Database):
    bit = BitEdit(RUN, "online", "bpix_ready", (LumiRange(2, 3),), value=False)
    lumisections.edit_bits(Acting(mended, EXPERT), [bit], comment="seen on the monitor")
    runs.move(Acting(mended, EXPERT), RUN, "SIGNOFF")
    found = datasets(mended)
    assert found[RUN, PROMPT].oms == found[ONLINE].oms
    assert found[RUN, PROMPT].oms[2]["bpix_ready"] is False


def test_that_a_second_sign_off_leaves_the_datasets_that_exist_alone(signed_off: Database):
    with begin(signed_off, [RUN]) as action:
        opened = DatasetChange(RUN, PROMPT, attributes={"dt_state": "OPEN"})
        hidden = DatasetChange(RUN, EXPRESS, deleted=True)
        action.append(EXPERT.email, "by hand", [opened, hidden])
    edit(signed_off, "dt-dt", 1, 2, BAD, dataset=PROMPT)
    before = datasets(signed_off)
    runs.move(Acting(signed_off, EXPERT), RUN, "OPEN")
    edit(signed_off, "dt-dt", 5, 6, BAD)
    assert runs.move(Acting(signed_off, EXPERT), RUN, "SIGNOFF").datasets == ()
    assert runs.move(Acting(signed_off, EXPERT), RUN, "COMPLETED").datasets == ()
    after = datasets(signed_off)
    for name in (PROMPT, EXPRESS):
        assert after[RUN, name] == before[RUN, name]


def test_that_a_dataset_accepted_since_the_first_sign_off_is_made_at_the_second(
    signed_off: Database,
):
    values = {
        "name": "/ReReco/Collisions2025A/DQM",
        "regexp": ".*",
        "enabled": True,
        "class": "Collisions25",
        "run_from": RUN,
        "run_to": RUN,
    }
    configuration_edits.add_item(Acting(signed_off, EXPERT), Kind.DATASETS_ACCEPTED, values)
    moved = runs.move(Acting(signed_off, EXPERT), RUN, "COMPLETED")
    assert moved.datasets == ("/ReReco/Collisions2025A/DQM",)


def test_that_the_class_a_person_gave_decides_what_is_accepted(mended: Database):
    runs.edit_attribute(Acting(mended, EXPERT), RUN, "class", "Cosmics25")
    assert runs.move(Acting(mended, EXPERT), RUN, "SIGNOFF").datasets == ("/Other/Class/DQM",)


# --- attributes -----------------------------------------------------------------------------------


def test_that_an_attribute_set_by_hand_stays(mended: Database):
    assert runs.edit_attribute(Acting(mended, EXPERT), RUN, "class", "Special25").changed
    assert versions(mended)[-1] == (
        EXPERT.email,
        f'run {RUN} manual edit of attribute class from "Collisions25" to "Special25"',
    )
    pull.apply(Acting(mended), a_run(RUN, 11))
    assert rr(mended)["class"] == "Special25"
    assert runs.edit_attribute(Acting(mended, EXPERT), RUN, "short_run", value=True).changed
    assert rr(mended)["short_run"] is True


def test_that_setting_the_value_that_is_already_set_writes_nothing(mended: Database):
    runs.edit_attribute(Acting(mended, EXPERT), RUN, "stop_reason", "magnet")
    before = versions(mended)
    again = runs.edit_attribute(Acting(mended, EXPERT), RUN, "stop_reason", "magnet")
    assert not again.changed
    assert again.text == (
        f"Nothing to change: stop_reason of run {RUN} is already set to magnet by hand."
    )
    assert versions(mended) == before


def test_that_confirming_an_automatic_attribute_by_hand_is_recorded(mended: Database):
    assert runs.edit_attribute(Acting(mended, EXPERT), RUN, "class", "Collisions25").changed
    pull.apply(Acting(mended), a_run(RUN, 10, **COSMICS))
    assert rr(mended)["class"] == "Collisions25"


@pytest.mark.parametrize(
    ("attribute", "value", "named"),
    [
        ("state", "SIGNOFF", "Move the run to change its state"),
        ("foo", "x", '"foo" can\'t be set by hand'),
        ("class", 3, "class must be a text"),
        ("class", None, "class must be a text"),
        ("significant", "true", "significant must be true or false"),
        ("significant", 1, "significant must be true or false"),
        ("short_run", None, "short_run must be true or false"),
    ],
)
def test_that_only_known_attributes_of_their_types_are_set(
    mended: Database, attribute: str, value, named: str
):
    assert named in refusal(BadInput, mended, runs.edit_attribute, EXPERT, RUN, attribute, value)


def test_that_attributes_of_an_open_run_only_are_set(signed_off: Database):
    words = refusal(Refused, signed_off, runs.edit_attribute, EXPERT, RUN, "stop_reason", "magnet")
    assert words == f"Run {RUN} is in state SIGNOFF: it must be OPEN to be edited."
    refusal(NotFound, signed_off, runs.edit_attribute, EXPERT, 7, "stop_reason", "magnet")


def test_that_setting_an_attribute_takes_the_right(mended: Database):
    words = refusal(
        NotPermitted, mended, runs.edit_attribute, SHIFTER, RUN, "stop_reason", "magnet"
    )
    assert f"/manual_run_edit/{RUN}/stop_reason" in words


# --- significance ---------------------------------------------------------------------------------


def test_that_marking_significant_classifies_the_lumisections(pulled: Database):
    pull.apply(Acting(pulled), a_run(390002, 4))
    assert datasets(pulled)[390002, "online"].rr == {}
    outcome = runs.mark_significant(Acting(pulled, EXPERT), 390002)
    assert outcome.kind is OutcomeKind.UPDATED
    assert rr(pulled, 390002)["significant"] is True
    assert {
        cell["status"]
        for each in datasets(pulled)[390002, "online"].rr.values()
        for cell in each.values()
    } == {"GOOD"}
    assert [by for by, _ in versions(pulled)[-2:]] == [EXPERT.email, f"auto@auto - {EXPERT.email}"]


def test_that_a_run_is_marked_once_while_open_and_by_who_may(mended: Database):
    words = refusal(Refused, mended, runs.mark_significant, EXPERT, RUN)
    assert words == f"Run {RUN} is already significant."
    words = refusal(NotPermitted, mended, runs.mark_significant, SHIFTER, RUN)
    assert "cms-dqm-runregistry-experts" in words
    runs.move(Acting(mended, EXPERT), RUN, "SIGNOFF")
    words = refusal(Refused, mended, runs.mark_significant, EXPERT, RUN)
    assert words == f"Run {RUN} is in state SIGNOFF: it must be OPEN to be marked significant."
    refusal(NotFound, mended, runs.mark_significant, EXPERT, 7)


# --- refresh --------------------------------------------------------------------------------------


def test_that_refreshing_is_everybodys_and_signed_by_who_asked(pulled: Database):
    outcome = runs.refresh(Acting(pulled, NOBODY), RUN, a_run(RUN, 10))
    assert outcome.kind is OutcomeKind.UPDATED
    assert versions(pulled)[-1][0] == f"auto@auto - {NOBODY.email}"
    assert datasets(pulled)[ONLINE].rr[4]["csc-csc"]["status"] == "GOOD"


def test_that_a_refresh_that_finds_nothing_new_writes_nothing(pulled: Database):
    before = versions(pulled)
    for _ in range(2):
        assert runs.refresh(Acting(pulled, NOBODY), RUN).kind is OutcomeKind.UNCHANGED
    assert versions(pulled) == before


def test_that_a_refresh_applies_the_classifiers_of_now_to_what_is_recorded(pulled: Database):
    values = {
        "column": "hcal-hcal",
        "online": True,
        "status": "STANDBY",
        "priority": 1,
        "enabled": True,
        "classifier": {"==": [{"var": "prescale_index"}, 2]},
    }
    configuration_edits.add_item(Acting(pulled, EXPERT), Kind.COMPONENT, values)
    assert runs.refresh(Acting(pulled, NOBODY), RUN).kind is OutcomeKind.UPDATED
    assert {each["hcal-hcal"]["status"] for each in datasets(pulled)[ONLINE].rr.values()} == {
        "STANDBY"
    }


def test_that_a_refresh_keeps_peoples_words(mended: Database):
    edit(mended, "dt-dt", 1, 10, BAD)
    runs.edit_attribute(Acting(mended, EXPERT), RUN, "class", "Special25")
    for reset in (False, True):
        runs.refresh(Acting(mended, NOBODY), RUN, a_run(RUN, 10), reset=reset)
        assert rr(mended)["class"] == "Special25"
        assert {each["dt-dt"]["status"] for each in datasets(mended)[ONLINE].rr.values()} == {"BAD"}


def test_that_only_an_open_run_is_refreshed(signed_off: Database):
    words = refusal(Refused, signed_off, runs.refresh, EXPERT, RUN)
    assert words == f"Run {RUN} is in state SIGNOFF: it must be OPEN to be refreshed."
    refusal(NotFound, signed_off, runs.refresh, EXPERT, 7)


def test_that_a_refresh_without_oms_takes_no_edited_hole_for_a_lumisection(pulled: Database):
    answer = a_run(390002, 8)
    present = [each for each in answer.lumisections if each["lumisection_number"] != 5]
    gappy = oms_run(answer.attributes, present)
    pull.apply(Acting(pulled), gappy)
    bit = BitEdit(390002, "online", "dt0_ready", (LumiRange(4, 6),), value=False)
    lumisections.edit_bits(Acting(pulled, EXPERT), [bit], comment="seen on the monitor")
    runs.refresh(Acting(pulled, EXPERT), 390002)
    online = datasets(pulled)[390002, "online"]
    assert 5 not in online.rr
    assert [online.rr[n]["dt-dt"]["status"] for n in (4, 6)] == ["BAD", "BAD"]
    with pulled.read() as connection:
        assert rows.get_run(connection, 390002).oms_attributes["ls_duration"] == 7
    pull.apply(Acting(pulled), gappy)
