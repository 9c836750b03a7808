"""Moving offline datasets: rules, rights, cycles, one version for all."""

import pytest
from sqlalchemy import text

from app.domain.certification.datasets import COMPLETED, NOT_SIGNIFICANT, OPEN, SIGNOFF, WAITING
from app.domain.configuration.in_force import Kind
from app.domain.errors import BadInput, Conflict, NotFound, NotPermitted, Refused
from app.domain.identity import Actor
from app.models.database.engine import Database
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange
from app.services.acting import Acting
from app.services.certification import datasets, tables
from app.services.configuration import edits as configuration_edits
from tests.builders import EXPERT, NOBODY
from tests.conftest import filled_once
from tests.plain_folds import plain_datasets, plain_summary
from tests.services.offline_runs import (
    EXPRESS,
    FIRST,
    PROMPT,
    SECOND,
    fill_opened,
    newest_version,
    sign_off_runs,
    states,
)

DT_EXPERT = Actor("dt@cern.ch", frozenset({"dt-certifiers"}))


@filled_once
def waiting(database: Database) -> None:
    """Two signed-off runs with two waiting datasets each."""
    sign_off_runs(database, FIRST, SECOND)


@filled_once
def opened(database: Database) -> None:
    """The same, open everywhere."""
    fill_opened(database)


def in_cycle(db: Database, *keys, **states: str) -> None:
    with db.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "Cycle" (cycle_name, cycle_attributes, deadline, deleted,'
                ' "createdAt", "updatedAt")'
                " SELECT gen_random_uuid()::text, jsonb_object_agg(k, v), now(), false,"
                " now(), now() FROM unnest(CAST(:k AS text[]), CAST(:v AS text[])) AS s(k, v)"
            ),
            {"k": list(states), "v": list(states.values())},
        )
        for run_number, name in keys:
            connection.execute(
                text(
                    'INSERT INTO "CycleDataset" (id_cycle, run_number, name, "createdAt",'
                    ' "updatedAt") SELECT max(id_cycle), :run, :name, now(), now() FROM "Cycle"'
                ),
                {"run": run_number, "name": name},
            )


def test_that_opening_in_global_opens_every_waiting_workspace(waiting: Database):
    moved = datasets.move(Acting(waiting, EXPERT), [(FIRST, PROMPT)], "global", OPEN)
    assert set(states(waiting, FIRST).values()) == {OPEN}
    assert set(states(waiting, SECOND).values()) == {WAITING}
    assert moved.text == f"Moved {PROMPT} of run {FIRST} to OPEN in workspace global."


def test_that_many_datasets_move_as_one_version_with_its_comment(opened: Database):
    before, *_ = newest_version(opened)
    keys = [(FIRST, PROMPT), (SECOND, PROMPT), (SECOND, EXPRESS)]
    moved = datasets.move(
        Acting(opened, EXPERT), keys, "dt", SIGNOFF, comment="looked at all of them"
    )
    assert newest_version(opened) == (before + 1, EXPERT.email, "looked at all of them")
    assert moved.atomic_version == before + 1
    assert set(moved.datasets) == set(keys)
    assert states(opened, SECOND, EXPRESS)["dt_state"] == SIGNOFF
    assert states(opened, SECOND, EXPRESS)["csc_state"] == OPEN
    assert states(opened, FIRST, EXPRESS)["dt_state"] == OPEN


def test_that_all_move_or_none(opened: Database):
    datasets.move(Acting(opened, EXPERT), [(SECOND, PROMPT)], "dt", NOT_SIGNIFICANT)
    before = newest_version(opened)
    with pytest.raises(Refused, match="can be moved to OPEN, not to SIGNOFF"):
        datasets.move(Acting(opened, EXPERT), [(FIRST, PROMPT), (SECOND, PROMPT)], "dt", SIGNOFF)
    assert newest_version(opened) == before
    assert states(opened, FIRST)["dt_state"] == OPEN


def test_that_datasets_there_already_are_left_alone(opened: Database):
    datasets.move(Acting(opened, EXPERT), [(FIRST, PROMPT)], "dt", SIGNOFF)
    both = [(FIRST, PROMPT), (SECOND, PROMPT)]
    moved = datasets.move(Acting(opened, EXPERT), both, "dt", SIGNOFF)
    assert moved.datasets == ((SECOND, PROMPT),)
    assert moved.unchanged == ((FIRST, PROMPT),)
    assert moved.text.endswith("1 dataset was already in SIGNOFF.")
    before = newest_version(opened)
    with pytest.raises(Refused, match="All of them are already SIGNOFF in workspace dt"):
        datasets.move(Acting(opened, EXPERT), both, "dt", SIGNOFF)
    assert newest_version(opened) == before


def test_that_who_saw_another_state_is_told(opened: Database):
    datasets.move(Acting(opened, EXPERT), [(FIRST, PROMPT)], "dt", COMPLETED)
    with pytest.raises(Conflict, match="no longer OPEN"):
        datasets.move(Acting(opened, EXPERT), [(FIRST, PROMPT)], "dt", SIGNOFF, from_state=OPEN)


def test_that_the_path_of_the_move_decides_who_may(opened: Database):
    routes = ["/datasets/dt/move_dataset/OPEN/SIGNOFF"]
    values = {"egroup": "dt-certifiers", "routes": routes}
    configuration_edits.add_item(Acting(opened, EXPERT), Kind.PERMISSION, values)
    datasets.move(Acting(opened, DT_EXPERT), [(FIRST, PROMPT)], "dt", SIGNOFF)
    with pytest.raises(NotPermitted):
        datasets.move(Acting(opened, DT_EXPERT), [(FIRST, PROMPT)], "dt", OPEN)
    with pytest.raises(NotPermitted):
        datasets.move(Acting(opened, DT_EXPERT), [(FIRST, PROMPT)], "csc", SIGNOFF)
    with pytest.raises(NotPermitted, match="cms-dqm-runregistry-experts"):
        datasets.move(Acting(opened, NOBODY), [(FIRST, PROMPT)], "dt", OPEN)


def test_that_a_cycle_pending_in_the_workspace_opens_a_second_way(opened: Database):
    values = {"egroup": "dt-certifiers", "routes": ["/cycles/move_dataset/dt/.*"]}
    configuration_edits.add_item(Acting(opened, EXPERT), Kind.PERMISSION, values)
    in_cycle(opened, (FIRST, PROMPT), global_state="pending", dt_state="pending")
    in_cycle(opened, (SECOND, PROMPT), global_state="pending", dt_state="completed")
    datasets.move(Acting(opened, DT_EXPERT), [(FIRST, PROMPT)], "dt", SIGNOFF)
    datasets.move(Acting(opened, DT_EXPERT), [(FIRST, PROMPT)], "dt", OPEN)
    with pytest.raises(NotPermitted):
        datasets.move(Acting(opened, DT_EXPERT), [(FIRST, PROMPT)], "csc", SIGNOFF)
    with pytest.raises(NotPermitted):
        datasets.move(Acting(opened, DT_EXPERT), [(SECOND, PROMPT)], "dt", SIGNOFF)


@pytest.mark.parametrize(
    ("key", "workspace", "state", "error", "words"),
    [
        ((FIRST, "online"), "dt", OPEN, Refused, "move the run instead"),
        ((FIRST, "/No/Such/DQM"), "dt", OPEN, NotFound, "has no dataset"),
        ((1, PROMPT), "dt", OPEN, NotFound, "not in the Run Registry"),
        ((FIRST, PROMPT), "nope", OPEN, NotFound, "no offline workspace"),
        ((FIRST, PROMPT), "dt", "FOOBAR", BadInput, "not a state of a dataset"),
        ((FIRST, PROMPT), "dt", COMPLETED, Refused, "can be moved to OPEN"),
    ],
)
def test_that_what_cannot_be_moved_is_refused(
    waiting: Database, key, workspace, state, error, words
):
    with pytest.raises(error, match=words):
        datasets.move(Acting(waiting, EXPERT), [key], workspace, state)


def test_that_nothing_to_move_is_said(waiting: Database):
    with pytest.raises(BadInput, match="select at least one"):
        datasets.move(Acting(waiting, EXPERT), [], "dt", OPEN)


def test_that_a_hidden_dataset_does_not_move(waiting: Database):
    with begin(waiting, [FIRST]) as action:
        action.append(EXPERT.email, "hide", [DatasetChange(FIRST, PROMPT, deleted=True)])
    with pytest.raises(Refused, match="hidden"):
        datasets.move(Acting(waiting, EXPERT), [(FIRST, PROMPT)], "dt", OPEN)


def test_that_summaries_stay_current_without_being_computed(waiting: Database):
    datasets.move(Acting(waiting, EXPERT), [(FIRST, PROMPT)], "global", OPEN)
    (row,) = tables.rows(Acting(waiting), "datasets", [(FIRST, PROMPT)])
    assert row.summary_is_current
    assert row.triplet_summary["dt-dt"]["GOOD"] == 10
    with waiting.read() as connection:
        plain = plain_summary(plain_datasets(connection)[FIRST, PROMPT])
    assert row.triplet_summary == plain["triplet_summary"]


def test_that_a_summary_that_is_out_of_date_is_computed_not_carried_on(waiting: Database):
    with waiting.transaction() as connection:
        connection.execute(
            text(
                "UPDATE \"DatasetTripletCache\" SET version = 1, triplet_summary = '{}'"
                " WHERE name = :name"
            ),
            {"name": PROMPT},
        )
        connection.execute(
            text('DELETE FROM "DatasetTripletCache" WHERE name = :name'), {"name": EXPRESS}
        )
    datasets.move(Acting(waiting, EXPERT), [(FIRST, PROMPT), (FIRST, EXPRESS)], "global", OPEN)
    for row in tables.rows(Acting(waiting), "datasets", [(FIRST, PROMPT), (FIRST, EXPRESS)]):
        assert row.summary_is_current
        assert row.triplet_summary["dt-dt"]["GOOD"] == 10
