"""Lumisections that a run gained after its sign-off: how they come into its offline datasets."""

import threading

import pytest

from app.domain.certification.dataset_tools import Duplicate, Hide
from app.domain.certification.todo import TaskKind
from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.errors import NotPermitted, Refused
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.sources.oms import oms_run
from app.domain.sources.pull import OutcomeKind
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.services.acting import Acting
from app.services.certification import datasets, growth, runs
from app.services.certification.todo import todo
from app.services.editing import bulk as bulk_edit
from app.services.editing import dataset_tools
from app.services.editing import lumisections as edits
from app.services.golden import generation as golden
from app.services.history import undo
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run, configure
from tests.conftest import TestServer, filled_once
from tests.plain_folds import plain_datasets, plain_runs, plain_summary

RUN = 390001
PROMPT = "/PromptReco/Collisions2025A/DQM"
EXPRESS = "/Express/Collisions2025/DQM"
FLAG = "run_needs_to_be_updated_manually"
SHIFTER = Actor("shifter@cern.ch", frozenset({"shifters"}))
GOOD_DT = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
NEW = (LumiRange(51, 60),)


@filled_once
def registry(database: Database) -> None:
    """A run of 50 LS, signed off: two datasets wait."""
    configure(database)
    pull.apply(Acting(database), a_run(RUN, 50))
    runs.move(Acting(database, EXPERT), RUN, "SIGNOFF")


def plain(db: Database, name: str = PROMPT):
    """The dataset folded the plain way; its summary is what the cache says."""
    with db.read() as connection:
        dataset = plain_datasets(connection)[RUN, name]
        cached = connection.exec_driver_sql(
            'SELECT triplet_summary, dcs_summary, version FROM "DatasetTripletCache"'
            " WHERE run_number = %s AND name = %s",
            (RUN, name),
        ).one()
    expected = plain_summary(dataset)
    assert cached.triplet_summary == expected["triplet_summary"]
    assert cached.dcs_summary == expected["dcs_summary"]
    assert cached.version == dataset.version
    return dataset


def plain_rr_attributes(db: Database) -> dict:
    with db.read() as connection:
        return plain_runs(connection)[RUN].rr


def versions(db: Database) -> list[tuple[str, str]]:
    with db.read() as connection:
        found = connection.exec_driver_sql(
            'SELECT "by", comment FROM "Version" ORDER BY atomic_version'
        )
        return [tuple(row) for row in found]


def grow(db: Database, answer=None) -> None:
    """Reopens the run and pulls it with 60 LS."""
    runs.move(Acting(db, EXPERT), RUN, "OPEN")
    pull.apply(Acting(db), answer or a_run(RUN, 60))


def without(answer, *numbers: int):
    kept = [each for each in answer.lumisections if each["lumisection_number"] not in numbers]
    return oms_run(answer.attributes, kept)


def set_states(db: Database, name: str, **states: str) -> None:
    with begin(db, [RUN]) as action:
        action.append(EXPERT.email, "by hand", [DatasetChange(RUN, name, attributes=dict(states))])


def missing(db: Database) -> dict[str, str]:
    return {
        task.dataset: task.text.rpartition("; ")[2]
        for task in todo(Acting(db)).of_kind(TaskKind.LUMISECTIONS)
    }


# --- the second sign-off --------------------------------------------------------------------------


def test_that_a_second_sign_off_brings_what_the_run_gained_into_its_datasets(registry: Database):
    grow(registry)
    before = len(versions(registry))
    moved = runs.move(Acting(registry, EXPERT), RUN, "SIGNOFF")
    assert moved.text == f"Signed off run {RUN}. Brought 10 LS (51-60) into 2 datasets."
    assert versions(registry)[before + 1 :] == [
        ("auto@auto", f"dataset {name} gained lumisections 51-60 of run {RUN}")
        for name in (EXPRESS, PROMPT)
    ]
    for name in (PROMPT, EXPRESS):
        dataset = plain(registry, name)
        assert dataset.taking_part == list(range(1, 61))
        assert dataset.rr[55] == dataset.rr[5]
        assert dataset.oms == plain(registry, "online").oms
    document = golden.generate(Acting(registry, EXPERT), PROMPT, GOOD_DT).selection.as_row()
    assert document["generated_json"] == {str(RUN): [[1, 60]]}


def test_that_what_stands_in_a_dataset_stays(registry: Database):
    datasets.move(Acting(registry, EXPERT), [(RUN, PROMPT)], "global", "OPEN")
    bad = ColumnEdit(RUN, PROMPT, "dt-dt", (LumiRange(49, 50),), Triplet("BAD", "HV trip"))
    edits.edit_columns(Acting(registry, EXPERT), [bad])
    set_states(registry, PROMPT, dt_state="COMPLETED", csc_state="SIGNOFF")
    grow(registry)
    # Beyond its own end, before the sign-off: a word that the copy must not hide.
    by_hand = ColumnEdit(RUN, PROMPT, "jetmet-jetmet", (LumiRange(55, 55),), Triplet("STANDBY"))
    edits.edit_columns(Acting(registry, EXPERT), [by_hand])
    before = plain(registry)
    moved = runs.move(Acting(registry, EXPERT), RUN, "COMPLETED")
    after = plain(registry)
    assert after.attributes == before.attributes
    assert {n: after.rr[n] for n in range(1, 51)} == {n: before.rr[n] for n in range(1, 51)}
    assert {n: after.oms[n] for n in range(1, 51)} == {n: before.oms[n] for n in range(1, 51)}
    assert after.rr[55]["jetmet-jetmet"]["status"] == "STANDBY"
    assert after.rr[55]["dt-dt"]["status"] == "GOOD"
    assert after.rr[56]["jetmet-jetmet"]["status"] == "NO VALUE FOUND"
    assert moved.text == (
        f"Completed run {RUN}. Brought 10 LS (51-60) into 2 datasets. Certified before, look at the"
        f" new LS there: {PROMPT} (SIGNOFF in csc; COMPLETED in dt)."
    )


def test_that_an_automatic_word_of_an_agent_in_a_new_lumisection_stays(registry: Database):
    grow(registry)
    with begin(registry, [RUN]) as action:
        word = ({"dt-dt": Triplet("BAD", "seen")}, NEW)
        action.append("auto@auto - agent", "by an agent", [LumisectionChange(RUN, PROMPT, [word])])
    runs.move(Acting(registry, EXPERT), RUN, "SIGNOFF")
    dataset = plain(registry)
    assert dataset.rr[60]["dt-dt"]["status"] == "BAD"
    assert dataset.rr[60]["csc-csc"]["status"] == "GOOD"


def test_that_a_bit_set_by_hand_in_a_new_lumisection_stays(registry: Database):
    datasets.move(Acting(registry, EXPERT), [(RUN, PROMPT)], "global", "OPEN")
    grow(registry)
    bit = BitEdit(RUN, PROMPT, "bpix_ready", (LumiRange(52, 53),), value=False)
    edits.edit_bits(Acting(registry, EXPERT), [bit], comment="seen there")
    runs.move(Acting(registry, EXPERT), RUN, "SIGNOFF")
    dataset = plain(registry)
    assert dataset.taking_part == list(range(1, 61))
    assert [dataset.oms[n]["bpix_ready"] for n in (51, 52, 53, 54)] == [True, False, False, True]
    assert dataset.oms[52]["recorded"] == dataset.oms[2]["recorded"] + 0.005


def test_that_further_sign_offs_bring_in_nothing_more(registry: Database):
    grow(registry)
    runs.move(Acting(registry, EXPERT), RUN, "SIGNOFF")
    before = [plain(registry, name).version for name in (PROMPT, EXPRESS)]
    assert runs.move(Acting(registry, EXPERT), RUN, "COMPLETED").gained == ()
    runs.move(Acting(registry, EXPERT), RUN, "OPEN")
    assert runs.move(Acting(registry, EXPERT), RUN, "SIGNOFF").text == f"Signed off run {RUN}."
    assert [plain(registry, name).version for name in (PROMPT, EXPRESS)] == before


def test_that_a_hole_that_oms_filled_later_is_brought_in(database: Database):
    configure(database)
    pull.apply(Acting(database), without(a_run(RUN, 50), 11, 12))
    wanted = [
        ColumnEdit(RUN, "online", column, (LumiRange(11, 12),), Triplet("NOTSET"))
        for column in ("csc-csc", "dt-dt", "tracker-pixel", "tracker-strip")
    ]
    edits.edit_columns(Acting(database, EXPERT), wanted)
    runs.move(Acting(database, EXPERT), RUN, "SIGNOFF")
    assert 11 not in plain(database).taking_part
    grow(database, without(a_run(RUN, 60), 55))
    edits.edit_columns(
        Acting(database, EXPERT), [ColumnEdit(*each) for each in _at(wanted, (LumiRange(55, 55),))]
    )
    moved = runs.move(Acting(database, EXPERT), RUN, "SIGNOFF")
    assert moved.gained[0].ranges == ((11, 12), (51, 54), (56, 60))
    assert "LS 55 take no part" in moved.text
    assert plain(database).taking_part == [n for n in range(1, 61) if n != 55]


def _at(wanted: list[ColumnEdit], ranges):
    return [(each.run_number, each.dataset, each.column, ranges, each.triplet) for each in wanted]


def test_that_hidden_datasets_are_left_alone_until_they_are_shown_again(registry: Database):
    dataset_tools.apply(Acting(registry, EXPERT), Hide(((RUN, EXPRESS),)), reason="bad")
    grow(registry)
    assert [
        each.dataset for each in runs.move(Acting(registry, EXPERT), RUN, "SIGNOFF").gained
    ] == [PROMPT]
    assert plain(registry, EXPRESS).taking_part == list(range(1, 51))
    with begin(registry, [RUN]) as action:
        action.append(EXPERT.email, "shown again", [DatasetChange(RUN, EXPRESS, deleted=False)])
    assert missing(registry) == {EXPRESS: "LS 51-60 take no part"}
    taken = growth.take_in(Acting(registry, EXPERT), RUN)
    assert [(each.dataset, each.ranges) for each in taken.gained] == [(EXPRESS, NEW)]
    assert missing(registry) == {}


def test_that_duplicates_and_datasets_of_other_lengths_get_just_what_they_lack(
    registry: Database,
):
    copy = Duplicate(((RUN, PROMPT),), "/Copy/Collisions2025/DQM", ("dt",))
    dataset_tools.apply(Acting(registry, EXPERT), copy, reason="for a study")
    with begin(registry, [RUN]) as action:
        longer = LumisectionChange(
            RUN, EXPRESS, [({"dt-dt": Triplet("GOOD")}, (LumiRange(58, 70),))]
        )
        bits = LumisectionChange(
            RUN, EXPRESS, [({"dt0_ready": True}, (LumiRange(58, 70),))], oms=True
        )
        action.append("x@cern.ch", "by the web service", [longer, bits])
    grow(registry)
    moved = runs.move(Acting(registry, EXPERT), RUN, "SIGNOFF")
    gained = {each.dataset: each.ranges for each in moved.gained}
    assert gained == {
        "/Copy/Collisions2025/DQM": NEW,
        PROMPT: NEW,
        EXPRESS: ((51, 57),),
    }
    assert "10 LS (51-60) into 2 datasets" in moved.text
    assert "7 LS (51-57) into 1 dataset" in moved.text
    assert plain(registry, "/Copy/Collisions2025/DQM").taking_part == list(range(1, 61))
    assert plain(registry, EXPRESS).taking_part == list(range(1, 71))


def test_that_signing_off_again_by_undo_brings_in_and_says_so(registry: Database):
    runs.move(Acting(registry, EXPERT), RUN, "OPEN")
    reopened = undo.newest_to_undo(Acting(registry, EXPERT)).version
    pull.apply(Acting(registry), a_run(RUN, 60))
    undone = undo.undo(Acting(registry, EXPERT), reopened)
    assert "Brought 10 LS (51-60) into 2 datasets." in undone.text
    assert plain(registry).taking_part == list(range(1, 61))


def test_that_undoing_the_version_takes_no_lumisection_away(registry: Database):
    grow(registry)
    runs.move(Acting(registry, EXPERT), RUN, "SIGNOFF")
    datasets.move(Acting(registry, EXPERT), [(RUN, PROMPT)], "global", "OPEN")
    with registry.read() as connection:
        number = connection.exec_driver_sql(
            'SELECT atomic_version FROM "Version" WHERE comment LIKE %s',
            (f"dataset {PROMPT} gained %",),
        ).scalar_one()
    before = plain(registry)
    with pytest.raises(Refused, match="came with this version"):
        undo.undo(Acting(registry, EXPERT), number)
    assert plain(registry).rr == before.rr


# --- taking in ------------------------------------------------------------------------------------


def test_that_what_a_signed_off_run_gained_is_flagged_and_taken_in_without_reopening(
    registry: Database,
):
    set_states(registry, PROMPT, dt_state="COMPLETED")
    assert pull.apply(Acting(registry), a_run(RUN, 60)).kind is OutcomeKind.FLAGGED
    assert plain_rr_attributes(registry)[FLAG] is True
    before = len(versions(registry))
    taken = growth.take_in(Acting(registry, EXPERT), RUN, a_run(RUN, 60))
    assert taken.text == (
        f"Took 10 LS (51-60) into run {RUN}. Brought 10 LS (51-60) into 2 datasets. Certified"
        f" before, look at the new LS there: {PROMPT} (COMPLETED in dt). The run needs no manual"
        " update any more."
    )
    author = f"auto@auto - {EXPERT.email}"
    assert versions(registry)[before:] == [
        (author, f"run {RUN} gained lumisections 51-60"),
        (author, f"dataset {EXPRESS} gained lumisections 51-60 of run {RUN}"),
        (author, f"dataset {PROMPT} gained lumisections 51-60 of run {RUN}"),
    ]
    attributes = plain_rr_attributes(registry)
    assert (attributes["state"], attributes[FLAG]) == ("SIGNOFF", False)
    for name in ("online", PROMPT, EXPRESS):
        assert plain(registry, name).taking_part == list(range(1, 61))
    assert plain(registry).attributes["dt_state"] == "COMPLETED"
    written = versions(registry)
    assert pull.apply(Acting(registry), a_run(RUN, 60)).kind is OutcomeKind.UNCHANGED
    again = growth.take_in(Acting(registry, EXPERT), RUN, a_run(RUN, 60))
    assert again.text.startswith("Nothing to take in")
    assert versions(registry) == written


def test_that_other_changes_of_oms_stay_flagged_and_are_told(registry: Database):
    answer = a_run(RUN, 60, changed={3: {"dt0_ready": False}}, energy=450)
    pull.apply(Acting(registry), answer)
    taken = growth.take_in(Acting(registry, EXPERT), RUN, answer)
    assert "OMS also changed its lumisections: reopen and refresh the run" in taken.text
    assert plain_rr_attributes(registry)[FLAG] is True
    with registry.read() as connection:
        attributes = plain_runs(connection)[RUN].oms
    # Else the puller would take the run for known as it is, and not look at the rest again.
    assert (attributes["ls_duration"], attributes["energy"]) == (60, 6800)
    online = plain(registry, "online")
    assert online.rr[3]["dt-dt"]["status"] == "GOOD"
    assert online.oms[3]["dt0_ready"] is True
    assert online.taking_part == list(range(1, 61))
    assert pull.apply(Acting(registry), answer).kind is OutcomeKind.FLAGGED
    runs.move(Acting(registry, EXPERT), RUN, "OPEN")
    runs.refresh(Acting(registry, EXPERT), RUN, answer)
    assert plain(registry, "online").rr[3]["dt-dt"]["status"] == "BAD"
    assert plain_rr_attributes(registry)[FLAG] is False


def test_that_what_only_oms_changed_comes_with_it(registry: Database):
    answer = a_run(RUN, 60, changed={3: {"recorded": 0.9}}, energy=450)
    growth.take_in(Acting(registry, EXPERT), RUN, answer)
    assert plain(registry, "online").oms[3]["recorded"] == 0.9
    assert pull.apply(Acting(registry), answer).kind is OutcomeKind.UNCHANGED


def test_that_a_new_lumisection_without_a_status_is_told(registry: Database):
    answer = without(a_run(RUN, 60, changed={57: {"cscm_ready": False}}), 52)
    taken = growth.take_in(Acting(registry, EXPERT), RUN, answer)
    assert taken.ranges == ((51, 51), (53, 60))
    assert "csc-csc is EMPTY in LS 52: reopen the run to set it." in taken.text
    assert plain(registry).taking_part == [*range(1, 52), *range(53, 61)]


def test_that_an_open_run_is_refreshed_instead(registry: Database):
    runs.move(Acting(registry, EXPERT), RUN, "OPEN")
    with pytest.raises(Refused, match=f"Run {RUN} is OPEN: refresh it"):
        growth.take_in(Acting(registry, EXPERT), RUN, a_run(RUN, 60))


def test_that_whoever_may_sign_the_run_off_to_its_state_may_take_in(registry: Database):
    with pytest.raises(NotPermitted, match="/runs/move_run/OPEN/SIGNOFF"):
        growth.take_in(Acting(registry, NOBODY), RUN, a_run(RUN, 60))
    growth.take_in(Acting(registry, SHIFTER), RUN, a_run(RUN, 60))
    runs.move(Acting(registry, EXPERT), RUN, "COMPLETED")
    with pytest.raises(NotPermitted, match="/runs/move_run/OPEN/COMPLETED"):
        growth.take_in(Acting(registry, SHIFTER), RUN, a_run(RUN, 61))


def test_that_a_run_that_oms_shortened_is_refused_and_nothing_is_written(registry: Database):
    written = versions(registry)
    with pytest.raises(Refused, match="Lumisections are never removed"):
        growth.take_in(Acting(registry, EXPERT), RUN, a_run(RUN, 40))
    assert versions(registry) == written


def test_that_without_oms_the_datasets_get_what_is_recorded(registry: Database):
    grow(registry)
    with begin(registry, [RUN]) as action:
        # As an older program signed off: the datasets were left as they were.
        action.append(EXPERT.email, "move", [RunChange(RUN, rr={"state": "SIGNOFF"})])
    assert missing(registry) == dict.fromkeys((PROMPT, EXPRESS), "LS 51-60 take no part")
    taken = growth.take_in(Acting(registry, EXPERT), RUN)
    assert taken.ranges == ()
    assert taken.text == (
        "Brought 10 LS (51-60) into 2 datasets. OMS can't be asked now: only what is recorded was"
        " looked at."
    )
    assert missing(registry) == {}


def test_that_two_who_take_in_at_once_write_it_once(registry: Database):
    taken = []

    def work() -> None:
        taken.append(growth.take_in(Acting(registry, EXPERT), RUN, a_run(RUN, 60)))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sorted(len(each.gained) for each in taken) == [0, 2]
    comments = [comment for _, comment in versions(registry) if "gained lumisections" in comment]
    assert len(comments) == 3


def test_that_a_run_that_goes_on_growing_is_taken_in_again(registry: Database):
    growth.take_in(Acting(registry, EXPERT), RUN, a_run(RUN, 60))
    assert pull.apply(Acting(registry), a_run(RUN, 63)).kind is OutcomeKind.FLAGGED
    assert growth.take_in(Acting(registry, EXPERT), RUN, a_run(RUN, 63)).ranges == ((61, 63),)
    assert plain(registry).taking_part == list(range(1, 64))


# --- by hand --------------------------------------------------------------------------------------


def test_that_a_person_makes_a_lumisection_take_part_by_hand(registry: Database):
    datasets.move(Acting(registry, EXPERT), [(RUN, PROMPT)], "global", "OPEN")
    grow(registry)
    assert missing(registry) == dict.fromkeys((PROMPT, EXPRESS), "LS 51-60 take no part")
    column = ColumnEdit(RUN, PROMPT, "dt-dt", NEW, Triplet("GOOD"))
    assert edits.edit_columns(Acting(registry, EXPERT), [column]).atomic_version is not None
    assert plain(registry).taking_part == list(range(1, 51))
    # As many lumisections with flags as `online` has, and they take no part yet.
    assert missing(registry)[PROMPT] == "LS 51-60 take no part"
    # What the dataset sees of `online` says so already.
    bit = BitEdit(RUN, PROMPT, "dt0_ready", (LumiRange(60, 60),), value=True)
    shown = bulk_edit.preview(Acting(registry, EXPERT), [bit], comment="as online", rule=GOOD_DT)
    assert shown.lines[0].cells == 1
    assert shown.golden.entering == {RUN: ((60, 60),)}
    assert (
        edits.edit_bits(Acting(registry, EXPERT), [bit], comment="as online").atomic_version
        is not None
    )
    dataset = plain(registry)
    assert dataset.taking_part == [*range(1, 51), 60]
    assert missing(registry)[PROMPT] == "LS 51-59 take no part"
    again = edits.edit_bits(Acting(registry, EXPERT), [bit], comment="as online")
    assert again.text == "Nothing to change: every cell has that value already."
    # The rest comes at the sign-off, the word by hand stays.
    moved = runs.move(Acting(registry, EXPERT), RUN, "SIGNOFF")
    assert {each.dataset: each.ranges for each in moved.gained}[PROMPT] == ((51, 59),)


def test_that_a_bit_that_a_lumisection_of_the_dataset_has_already_is_no_change(
    registry: Database,
):
    datasets.move(Acting(registry, EXPERT), [(RUN, PROMPT)], "global", "OPEN")
    bit = BitEdit(RUN, PROMPT, "dt0_ready", (LumiRange(50, 50),), value=True)
    assert (
        edits.edit_bits(Acting(registry, EXPERT), [bit], comment="as online").atomic_version is None
    )


def test_that_taking_in_needs_no_desk(registry: Database, server: TestServer):
    bare = Database(server.dsn(registry.dsn_without_password.rsplit("/", 1)[1]))
    assert not bare.desk
    growth.take_in(Acting(bare, EXPERT), RUN, a_run(RUN, 60))
    for name in ("online", PROMPT, EXPRESS):
        assert plain(registry, name).taking_part == list(range(1, 61))
    assert edits.dataset_state(Acting(registry), RUN, PROMPT).participating.all()
    bare.close()
