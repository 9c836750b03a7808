"""Cycles: what may be in them, when a workspace is done, what is kept of what was done."""

from datetime import date

import pytest
from sqlalchemy import text

from app.domain.certification.cycles import MOST_DATASETS, Progress
from app.domain.certification.dataset_tools import Hide
from app.domain.certification.datasets import COMPLETED, NOT_SIGNIFICANT, OPEN, SIGNOFF, WAITING
from app.domain.configuration.in_force import Kind
from app.domain.errors import BadInput, Conflict, NotFound, NotPermitted, Refused
from app.domain.identity import Actor
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import cycles, datasets
from app.services.configuration import edits as configuration_edits
from app.services.editing import dataset_tools
from tests.builders import EXPERT, NOBODY
from tests.conftest import filled_once
from tests.services.offline_runs import (
    EXPRESS,
    FIRST,
    PROMPT,
    SECOND,
    newest_version,
    open_all,
    sign_off_runs,
    states,
)

DEADLINE = date(2025, 9, 1)
BOTH = [(FIRST, PROMPT), (SECOND, PROMPT)]


@filled_once
def opened(database: Database) -> None:
    """Two signed-off runs with two open datasets each."""
    sign_off_runs(database, FIRST, SECOND)
    open_all(database, FIRST, SECOND)


@pytest.fixture
def cycle(opened: Database) -> int:
    """A cycle with one dataset of each run, in dt and csc."""
    return cycles.create(Acting(opened, EXPERT), "First", DEADLINE, ["dt", "csc"], BOTH).id


def complete_all(db: Database, id_cycle: int, *workspaces: str) -> None:
    for workspace in workspaces:
        cycles.move_all(Acting(db, EXPERT), id_cycle, workspace)
        cycles.complete(Acting(db, EXPERT), id_cycle, workspace)


def test_that_a_new_cycle_is_pending_everywhere(opened: Database, cycle: int):
    made = cycles.cycle(Acting(opened), cycle)
    assert made.name == "First"
    assert made.deadline == DEADLINE
    assert made.states == {"global": "pending", "csc": "pending", "dt": "pending"}
    assert made.datasets == 2
    assert made.progress["dt"] == Progress(open=2)
    assert cycles.datasets(Acting(opened), cycle) == tuple(BOTH)


def test_that_a_deadline_lasts_until_the_end_of_its_day(opened: Database, cycle: int):
    made = cycles.cycle(Acting(opened), cycle)
    assert not made.overdue(DEADLINE)
    assert made.overdue(date(2025, 9, 2))
    complete_all(opened, cycle, "dt", "csc", "global")
    assert not cycles.cycle(Acting(opened), cycle).overdue(date(2025, 9, 2))


def test_that_progress_counts_by_workspace_and_leaves_out_what_does_not_matter(
    opened: Database, cycle: int
):
    datasets.move(Acting(opened, EXPERT), [BOTH[0]], "dt", COMPLETED)
    datasets.move(Acting(opened, EXPERT), [BOTH[1]], "dt", NOT_SIGNIFICANT)
    datasets.move(Acting(opened, EXPERT), [BOTH[1]], "csc", SIGNOFF)
    progress = cycles.cycle(Acting(opened), cycle).progress
    assert progress["dt"] == Progress(completed=1, not_significant=1)
    assert progress["dt"].share == 1.0
    assert progress["csc"] == Progress(signed_off=1, open=1)
    assert progress["csc"].share == 0.0


@pytest.mark.parametrize(
    ("name", "workspaces", "keys", "error", "words"),
    [
        (" ", ["dt"], BOTH, BadInput, "needs a name"),
        ("First", ["dt"], BOTH, Conflict, "already"),
        ("New", [], BOTH, BadInput, "at least one workspace"),
        ("New", ["global"], BOTH, BadInput, "at least one workspace"),
        ("New", ["nope"], BOTH, NotFound, "no offline workspace"),
        ("New", ["dt"], [], BadInput, "select at least one"),
        ("New", ["dt"], [(FIRST, "online")], Refused, "can't be in a cycle"),
        ("New", ["dt"], [(FIRST, "/No/Such/DQM")], NotFound, "has no dataset"),
    ],
)
def test_that_a_faulty_cycle_is_refused(
    opened: Database, cycle: int, name, workspaces, keys, error, words
):
    with pytest.raises(error, match=words):
        cycles.create(Acting(opened, EXPERT), name, DEADLINE, workspaces, keys)
    assert len(cycles.all_cycles(Acting(opened))) == 1


def test_that_a_cycle_holds_no_more_than_its_limit(opened: Database, cycle: int):
    with opened.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO \"Dataset\" SELECT :run, '/many/' || n, '{}', '[]', false, 1"
                " FROM generate_series(1, :number) n"
            ),
            {"run": FIRST, "number": MOST_DATASETS + 1},
        )
    many = [(FIRST, f"/many/{n}") for n in range(1, MOST_DATASETS + 2)]
    with pytest.raises(Refused, match="at most 1000 datasets; these would be 1001"):
        cycles.create(Acting(opened, EXPERT), "Large", DEADLINE, ["dt"], many)
    with pytest.raises(Refused, match="these would be 1001"):
        cycles.add(Acting(opened, EXPERT), cycle, many[:999])
    assert len(cycles.add(Acting(opened, EXPERT), cycle, many[:998]).keys) == 998


def test_that_hidden_datasets_are_no_part_of_a_cycle(opened: Database, cycle: int):
    dataset_tools.apply(Acting(opened, EXPERT), Hide((BOTH[0],)), reason="bad")
    assert cycles.datasets(Acting(opened), cycle) == (BOTH[1],)
    assert cycles.cycle(Acting(opened), cycle).progress["dt"] == Progress(open=1)
    with pytest.raises(Refused, match="hidden"):
        cycles.create(Acting(opened, EXPERT), "New", DEADLINE, ["dt"], BOTH)


def test_that_adding_passes_over_what_is_there(opened: Database, cycle: int):
    assert cycles.add(Acting(opened, EXPERT), cycle, [*BOTH, (FIRST, EXPRESS)]).keys == (
        (FIRST, EXPRESS),
    )
    assert cycles.cycle(Acting(opened), cycle).datasets == 3


def test_that_only_what_is_in_a_cycle_is_taken_out(opened: Database, cycle: int):
    with pytest.raises(Refused, match=f"Not in cycle First: {EXPRESS} of run {FIRST}"):
        cycles.remove(Acting(opened, EXPERT), cycle, [BOTH[0], (FIRST, EXPRESS)])
    assert cycles.cycle(Acting(opened), cycle).datasets == 2
    cycles.remove(Acting(opened, EXPERT), cycle, [BOTH[0]])
    assert cycles.datasets(Acting(opened), cycle) == (BOTH[1],)


def test_that_a_workspace_is_completed_when_its_datasets_are(opened: Database, cycle: int):
    datasets.move(Acting(opened, EXPERT), [BOTH[0]], "dt", COMPLETED)
    with pytest.raises(
        Refused, match=rf"1 dataset of Cycle First isn't COMPLETED in dt: {PROMPT} of run"
    ):
        cycles.complete(Acting(opened, EXPERT), cycle, "dt")
    datasets.move(Acting(opened, EXPERT), [BOTH[1]], "dt", COMPLETED)
    done = cycles.complete(Acting(opened, EXPERT), cycle, "dt").cycle
    assert done.states == {"global": "pending", "csc": "pending", "dt": "completed"}
    with pytest.raises(Refused, match="completed in dt already"):
        cycles.complete(Acting(opened, EXPERT), cycle, "dt")


def test_that_what_does_not_matter_does_not_hold_up_a_workspace_but_what_waits_does(
    database: Database,
):
    sign_off_runs(database, FIRST, SECOND)
    open_all(database, FIRST)
    id_cycle = cycles.create(Acting(database, EXPERT), "First", DEADLINE, ["dt"], BOTH).id
    datasets.move(Acting(database, EXPERT), [BOTH[0]], "dt", NOT_SIGNIFICANT)
    with pytest.raises(Refused, match=WAITING):
        cycles.complete(Acting(database, EXPERT), id_cycle, "dt")
    cycles.remove(Acting(database, EXPERT), id_cycle, [BOTH[1]])
    cycles.complete(Acting(database, EXPERT), id_cycle, "dt")


def test_that_global_is_completed_last_and_reopened_first(opened: Database, cycle: int):
    cycles.move_all(Acting(opened, EXPERT), cycle, "global")
    with pytest.raises(Refused, match="still pending in csc, dt"):
        cycles.complete(Acting(opened, EXPERT), cycle, "global")
    complete_all(opened, cycle, "dt", "csc")
    cycles.complete(Acting(opened, EXPERT), cycle, "global")
    with pytest.raises(Refused, match="completed in global"):
        cycles.reopen(Acting(opened, EXPERT), cycle, "dt")
    with pytest.raises(Refused, match="completed: move it back to pending before you add"):
        cycles.add(Acting(opened, EXPERT), cycle, [(FIRST, EXPRESS)])
    cycles.reopen(Acting(opened, EXPERT), cycle, "global")
    cycles.reopen(Acting(opened, EXPERT), cycle, "dt")
    assert cycles.cycle(Acting(opened), cycle).states == {
        "global": "pending",
        "csc": "completed",
        "dt": "pending",
    }
    with pytest.raises(Refused, match="pending in dt already"):
        cycles.reopen(Acting(opened, EXPERT), cycle, "dt")
    with pytest.raises(Refused, match="has no workspace lumi"):
        cycles.complete(Acting(opened, EXPERT), cycle, "lumi")


def test_that_move_all_is_one_version_and_leaves_what_waits(database: Database):
    sign_off_runs(database, FIRST, SECOND)
    open_all(database, FIRST)
    id_cycle = cycles.create(Acting(database, EXPERT), "First", DEADLINE, ["dt"], BOTH).id
    before, *_ = newest_version(database)
    moved = cycles.move_all(Acting(database, EXPERT), id_cycle, "dt")
    assert moved.datasets == (BOTH[0],)
    assert newest_version(database)[0] == before + 1
    assert states(database, SECOND)["dt_state"] == WAITING
    with pytest.raises(Refused, match="No dataset of cycle First is left"):
        cycles.move_all(Acting(database, EXPERT), id_cycle, "dt")
    cycles.move_all(Acting(database, EXPERT), id_cycle, "dt", also=[WAITING])
    assert states(database, SECOND)["dt_state"] == COMPLETED
    cycles.complete(Acting(database, EXPERT), id_cycle, "dt")
    with pytest.raises(Refused, match="completed in dt already"):
        cycles.move_all(Acting(database, EXPERT), id_cycle, "dt", OPEN)


def test_that_editing_keeps_completed_workspaces_and_new_ones_are_pending(
    opened: Database, cycle: int
):
    complete_all(opened, cycle, "dt")
    changed = cycles.edit(
        Acting(opened, EXPERT),
        cycle,
        name=" Second ",
        deadline=date(2025, 10, 1),
        workspaces=["jetmet"],
    )
    assert changed.name == "Second"
    assert changed.deadline == date(2025, 10, 1)
    assert changed.states == {"global": "pending", "dt": "completed", "jetmet": "pending"}
    complete_all(opened, cycle, "jetmet", "global")
    with pytest.raises(Refused, match="before you add a workspace"):
        cycles.edit(Acting(opened, EXPERT), cycle, workspaces=["csc", "jetmet"])


def test_that_a_deleted_cycle_is_gone_and_its_name_is_explained(opened: Database, cycle: int):
    cycles.delete(Acting(opened, EXPERT), cycle)
    assert cycles.all_cycles(Acting(opened)) == ()
    with pytest.raises(NotFound, match=f"no cycle {cycle}"):
        cycles.complete(Acting(opened, EXPERT), cycle, "dt")
    with pytest.raises(Conflict, match="a deleted one"):
        cycles.create(Acting(opened, EXPERT), "First", DEADLINE, ["dt"], BOTH)


def test_that_pending_cycles_come_first_then_by_deadline(opened: Database, cycle: int):
    late = cycles.create(Acting(opened, EXPERT), "Late", date(2026, 1, 1), ["dt"], BOTH).id
    early = cycles.create(Acting(opened, EXPERT), "Early", date(2025, 1, 1), ["csc"], BOTH).id
    assert [each.id for each in cycles.all_cycles(Acting(opened))] == [early, cycle, late]
    assert [each.id for each in cycles.all_cycles(Acting(opened), "dt")] == [cycle, late]
    complete_all(opened, cycle, "dt")
    assert [each.id for each in cycles.all_cycles(Acting(opened), "dt")] == [late, cycle]


def test_that_every_action_takes_its_own_right(opened: Database, cycle: int):
    actions = [
        lambda who: cycles.create(Acting(opened, who), "New", DEADLINE, ["dt"], BOTH),
        lambda who: cycles.edit(Acting(opened, who), cycle, name="New"),
        lambda who: cycles.delete(Acting(opened, who), cycle),
        lambda who: cycles.add(Acting(opened, who), cycle, BOTH),
        lambda who: cycles.remove(Acting(opened, who), cycle, BOTH),
        lambda who: cycles.move_all(Acting(opened, who), cycle, "dt"),
        lambda who: cycles.complete(Acting(opened, who), cycle, "dt"),
        lambda who: cycles.reopen(Acting(opened, who), cycle, "dt"),
    ]
    for action in actions:
        with pytest.raises(NotPermitted):
            action(NOBODY)
    values = {"egroup": "dt-certifiers", "routes": ["/cycles/mark_cycle_complete/dt"]}
    configuration_edits.add_item(Acting(opened, EXPERT), Kind.PERMISSION, values)
    cycles.move_all(Acting(opened, EXPERT), cycle, "dt")
    certifier = Actor("dt@cern.ch", frozenset({"dt-certifiers"}))
    cycles.complete(Acting(opened, certifier), cycle, "dt")
    with pytest.raises(NotPermitted):
        cycles.reopen(Acting(opened, certifier), cycle, "dt")


def test_that_who_did_what_to_a_cycle_is_kept(opened: Database, cycle: int):
    cycles.add(Acting(opened, EXPERT), cycle, [(FIRST, EXPRESS)])
    cycles.remove(Acting(opened, EXPERT), cycle, [(FIRST, EXPRESS)])
    cycles.edit(Acting(opened, EXPERT), cycle, name="Second")
    complete_all(opened, cycle, "dt")
    cycles.reopen(Acting(opened, EXPERT), cycle, "dt")
    cycles.delete(Acting(opened, EXPERT), cycle)
    entries = cycles.history(Acting(opened), cycle)
    assert [entry.what for entry in reversed(entries)] == [
        "created",
        "datasets added",
        "datasets taken out",
        "edited",
        "datasets moved",
        "completed",
        "moved back to pending",
        "deleted",
    ]
    assert {entry.by for entry in entries} == {EXPERT.email}
    assert entries[4].details == {"name": ["First", "Second"]}
    assert entries[3].details["version"] == newest_version(opened)[0]
    assert entries[6].details == {"datasets": [[FIRST, EXPRESS]]}


def test_that_what_a_refused_action_did_is_not_kept(opened: Database, cycle: int):
    with pytest.raises(Refused):
        cycles.complete(Acting(opened, EXPERT), cycle, "dt")
    assert [entry.what for entry in cycles.history(Acting(opened), cycle)] == ["created"]
