"""What an answer of the DQM GUI does to datasets that wait for it."""

from datetime import date

import pytest
from sqlalchemy import text

from app.domain.certification.dataset_tools import Hide
from app.domain.certification.datasets import COMPLETED, NOT_SIGNIFICANT, OPEN, WAITING
from app.domain.certification.todo import TaskKind
from app.domain.configuration.in_force import Kind
from app.domain.errors import Unavailable
from app.domain.sources.dqm_gui import GuiListing, GuiStatus
from app.domain.sources.pull import PullState
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import cycles, datasets, second_eyes, tables
from app.services.certification.todo import todo
from app.services.configuration import edits as configuration_edits
from app.services.editing import dataset_tools
from app.services.pulling import dqm_gui
from app.services.pulling.dqm_gui import GuiStore
from tests.builders import EXPERT
from tests.conftest import filled_once
from tests.services.offline_runs import (
    EXPRESS,
    FIRST,
    PROMPT,
    SECOND,
    newest_version,
    sign_off_runs,
    states,
)

ZERO_BIAS = "/ZeroBias/Run2025A-PromptReco-v1/DQMIO"
STREAM = "/StreamExpress/Run2025A-Express-v1/DQMIO"


@filled_once
def waiting(database: Database) -> None:
    """Two runs with waiting datasets; dt takes everything, csc prompt only, lumi nobody knows."""
    sign_off_runs(database, FIRST, SECOND)
    for name, regexp in ((PROMPT, "PromptReco"), (EXPRESS, "(bad\nStreamExpress")):
        # As somebody else may store it: this program refuses a bad expression.
        with database.transaction() as connection:
            connection.execute(
                text('UPDATE "DatasetsAccepted" SET regexp = :regexp WHERE name = :name'),
                {"name": name, "regexp": regexp},
            )
    for workspace, rule in (
        ("dt", True),
        ("csc", {"in": ["Prompt", {"var": "name"}]}),
        ("global", {"==": [{"var": "run.class"}, "Collisions25"]}),
        ("jetmet", {"<": [{"var": "run.oms.ls_duration"}, 5]}),
    ):
        values = {"workspace": workspace, "classifier": rule, "enabled": True}
        configuration_edits.add_item(Acting(database, EXPERT), Kind.OFFLINE_DATASET, values)


def test_that_what_appears_is_linked_and_decided_for_each_workspace(waiting: Database):
    before, *_ = newest_version(waiting)
    outcome = dqm_gui.apply(Acting(waiting), GuiListing({FIRST: (ZERO_BIAS, STREAM)}))
    assert newest_version(waiting) == (before + 1, "auto@auto", "new dataset appeared pinging gui")
    assert outcome.atomic_version == before + 1
    assert [each.key for each in outcome.appeared] == [(FIRST, EXPRESS), (FIRST, PROMPT)]
    assert states(waiting, FIRST, PROMPT) == {
        "global_state": OPEN,
        "csc_state": OPEN,
        "dt_state": OPEN,
        "jetmet_state": NOT_SIGNIFICANT,
        "lumi_state": WAITING,
    }
    assert states(waiting, FIRST, EXPRESS)["csc_state"] == NOT_SIGNIFICANT
    assert set(states(waiting, SECOND).values()) == {WAITING}
    (row,) = tables.rows(Acting(waiting), "datasets", [(FIRST, PROMPT)])
    assert row.datasets_in_gui == (ZERO_BIAS,)
    assert row.summary_is_current


def test_that_bad_expressions_and_undecided_workspaces_are_reported(waiting: Database):
    outcome = dqm_gui.apply(Acting(waiting), GuiListing({FIRST: (STREAM,)}, ("a faulty item",)))
    faulty, expression, workspace = outcome.problems
    assert faulty == "a faulty item"
    assert EXPRESS in expression
    assert "(bad can't be read as a regular expression" in expression
    assert workspace.startswith("Workspace lumi has no offline dataset classifier")
    assert outcome.text == "1 dataset appeared in the DQM GUI, 1 of them opened somewhere."


def test_that_the_same_answer_again_changes_nothing(waiting: Database):
    listing = GuiListing({FIRST: (ZERO_BIAS,), 1: (ZERO_BIAS,), 399999: (ZERO_BIAS,)})
    dqm_gui.apply(Acting(waiting), listing)
    before = newest_version(waiting)
    outcome = dqm_gui.apply(Acting(waiting), listing)
    assert outcome.atomic_version is None
    assert outcome.text == "Nothing new in the DQM GUI."
    assert newest_version(waiting) == before


def test_that_a_later_dataset_is_added_and_touches_no_decision(waiting: Database):
    dqm_gui.apply(Acting(waiting), GuiListing({FIRST: (ZERO_BIAS,)}))
    datasets.move(Acting(waiting, EXPERT), [(FIRST, PROMPT)], "dt", COMPLETED)
    second = ZERO_BIAS.replace("v1", "v2")
    dqm_gui.apply(Acting(waiting), GuiListing({FIRST: (second,)}))
    (row,) = tables.rows(Acting(waiting), "datasets", [(FIRST, PROMPT)])
    assert sorted(row.datasets_in_gui) == [ZERO_BIAS, second]
    assert states(waiting, FIRST)["dt_state"] == COMPLETED
    assert states(waiting, FIRST)["lumi_state"] == WAITING


def test_that_a_hidden_dataset_is_passed_over(waiting: Database):
    dataset_tools.apply(Acting(waiting, EXPERT), Hide(((FIRST, PROMPT),)), reason="bad")
    assert dqm_gui.apply(Acting(waiting), GuiListing({FIRST: (ZERO_BIAS,)})).atomic_version is None


def test_that_what_appears_in_a_frozen_cycle_waits_and_everybody_reads_why(waiting: Database):
    expert = Acting(waiting, EXPERT)
    made = cycles.create(expert, "week 40", date(2026, 1, 1), ["dt"], [(FIRST, PROMPT)])
    second_eyes.freeze(expert, made.id, "for Moriond")
    before = states(waiting, FIRST)
    listed = GuiListing({FIRST: (ZERO_BIAS,)})
    outcome = dqm_gui.apply(Acting(waiting), listed)
    assert outcome.atomic_version is None
    assert [each for each in outcome.problems if "is in cycle week 40, which is frozen" in each]
    assert states(waiting, FIRST) == before
    (task,) = (
        each
        for each in todo(expert).of_kind(TaskKind.NOT_IN_GUI)
        if (each.run_number, each.dataset) == (FIRST, PROMPT)
    )
    assert "cycle week 40 is frozen" in task.text
    second_eyes.thaw(expert, made.id, "late data")
    dqm_gui.apply(Acting(waiting), listed)
    assert states(waiting, FIRST) != before


def test_that_expressions_are_tried_on_the_last_answer(waiting: Database):
    store = GuiStore(waiting)
    with pytest.raises(Unavailable, match="has not read the DQM GUI yet"):
        store.preview("PromptReco")
    store.apply(GuiListing({FIRST: (ZERO_BIAS, STREAM), SECOND: (STREAM,)}))
    prompt, express = store.preview("PromptReco\nStreamExpress", run_from=SECOND)
    assert (prompt.datasets, prompt.runs) == (0, ())
    assert (express.datasets, express.runs) == (1, (SECOND,))


def test_that_each_source_has_its_own_note_of_who_pulls(waiting: Database):
    store = GuiStore(waiting)
    assert store.reported() is None
    store.report(GuiStatus(PullState.PULLING, "reading", puller="me"))
    store.report(GuiStatus(PullState.WAITING, "nothing new", puller="me"))
    said = store.reported()
    assert said is not None
    assert (said.client, said.activity) == ("me", "nothing new")
    with waiting.read() as connection:
        found = connection.execute(text("SELECT source FROM desk.puller")).scalars().all()
    assert found == ["dqm gui"]
