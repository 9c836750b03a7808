"""The recorded story of offline certification: moves, tools and cycles, against our services."""

import json
import lzma
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import text

from app.domain.errors import BadInput
from app.domain.identity import Actor
from app.models import configuration as configuration_rows
from app.models.database.engine import Database
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange
from app.services.acting import Acting
from app.services.certification import cycles, datasets
from app.services.editing import dataset_tools
from app.services.editing.dataset_tools import (
    ChangeStates,
    CopyColumns,
    Duplicate,
    Hide,
    SetColumns,
)
from tests.conformance.recording import (
    Step,
    appended_since,
    differences,
    events_of,
    steps,
    tables_initial,
)
from tests.conformance.test_replay import Story, newest_version
from tests.plain_folds import plain_datasets

PROMPT = "/PromptReco/Collisions2022C/DQM"
RERECO = "/ReReco/Run2022C__v1/DQM"
RUN_WITH_A_HOLE = 355104
"""Not signed off by us before its hole is dealt with, and so without offline datasets."""
ALL_STATES = ("OPEN", "SIGNOFF", "COMPLETED", "waiting dqm gui", "not significant for workspace")

NO_OTHER_WORKSPACE = "a workspace that isn't there can't be copied into"
ONLY_CHANGES = "cells that hold the value already are no event"
EXISTING = "a target that exists is refused, nothing is written over it"

DELIBERATE = {
    "move_dataset_any_state": "a state that doesn't exist is refused",
    "duplicate": f"luminosity stays with online, so that bits are few ranges; {NO_OTHER_WORKSPACE}",
    "duplicate_existing": EXISTING,
    "batch_update": ONLY_CHANGES,
    "batch_update_unknown": "a column that no workspace has is refused, not passed over",
    "copy_column": ONLY_CHANGES,
    "change_states": "a dataset that doesn't change gets no event",
    "change_states_all": "only states that change are written",
    "cycle_move_all": "a run with a hole that isn't dealt with has no offline datasets",
    "hide_again": "a dataset that is hidden already is no event",
}
"""Steps in which we differ on purpose, and why."""


class OfflineStory(Story):
    """Plays the offline steps too."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self._to_wait_again: list[DatasetChange] = []

    def prepare(self, step: Step) -> None:
        """Opens what the step edits while it waits; `restore` has it wait again after."""
        before = self._attributes()
        super().prepare(step)
        for key, attributes in self._attributes().items():
            changed = {
                name: before[key][name]
                for name in attributes
                if attributes[name] != before[key][name]
            }
            if changed:
                self._to_wait_again.append(DatasetChange(*key, attributes=changed))

    def restore(self) -> None:
        """Has the datasets wait again that were opened for an edit."""
        changes, self._to_wait_again = self._to_wait_again, []
        if changes:
            with begin(self.db, {each.run_number for each in changes}) as action:
                action.append("expert@cern.ch", "as it was", changes)

    def _attributes(self) -> dict:
        with self.db.read() as connection:
            found = connection.execute(
                text('SELECT run_number, name, dataset_attributes FROM "Dataset"')
            )
            return {(run, name): attributes for run, name, attributes in found}

    def plays(self, step: Step) -> bool:
        """Whether it is one of offline certification."""
        return self._offline(step) is not None

    def _action(self, step: Step) -> Callable[[], object] | None:
        return self._offline(step) or super()._action(step)

    def _offline(self, step: Step) -> Callable[[], object] | None:
        request = step.request
        if "cron_driver" in request:
            return None
        path, body = unquote(request.get("path") or ""), request.get("body") or {}
        headers = request.get("headers") or {}
        groups = frozenset((headers.get("egroups") or "").split(","))
        actor = Actor(headers.get("email") or "", groups)
        parts = path.strip("/").split("/")
        if len(parts) == 5 and parts[0] == "datasets" and parts[2] == "move_dataset":
            # The workspace of the body is the one the web service writes to.
            key = (body["run_number"], body["dataset_name"])
            return lambda: datasets.move(Acting(self.db, actor), [key], body["workspace"], parts[4])
        if parts[0] == "dc_tools" and parts[1] != "unique_dataset_names":
            return lambda: self._tool(actor, parts, body)
        if parts[0] == "cycles" and request["method"] != "GET":
            return lambda: self._cycle(actor, parts, body)
        return None

    def keys(self, wanted: dict) -> tuple:
        """Datasets that a recorded filter names, hidden ones too."""
        conditions = wanted.get("and") or wanted.get("or") or []
        names = [each["name"]["="] for each in conditions if "name" in each]
        runs = [each["run_number"]["="] for each in conditions if "run_number" in each]
        with self.db.read() as connection:
            found = connection.execute(
                text(
                    'SELECT run_number, name FROM "Dataset" WHERE name = ANY(:names)'
                    " AND (:every_run OR run_number = ANY(:runs)) ORDER BY 1, 2"
                ),
                {"names": names, "runs": runs, "every_run": not runs},
            )
            return tuple((run, name) for run, name in found)

    def _tool(self, actor: Actor, parts: list[str], body: dict) -> object:
        keys = self.keys(body["filter"])
        reason = body.get("reason_for_hiding", "")
        name, arguments = parts[1], parts[2:]
        if name == "duplicate_datasets":
            # One recorded workspace exists nowhere.
            workspaces = tuple(w for w in body["workspaces_to_duplicate_into"] if w != "newws")
            tool = Duplicate(keys, body["target_dataset_name"], workspaces)
        elif name == "copy_column_from_datasets":
            source, target = body["source_dataset_name"], body["target_dataset_name"]
            tool = CopyColumns(keys, source, target, tuple(body["columns_to_copy"]))
        elif name == "dataset_column_batch_update":
            tool = SetColumns(keys, tuple(body["columns_to_update"]), body["new_status"])
        elif name == "change_multiple_dataset_states":
            workspace, from_state, to_state = arguments
            tool = ChangeStates(keys, to_state, workspace, (from_state,))
        elif name == "change_multiple_dataset_states_in_all_workspaces":
            tool = ChangeStates(keys, arguments[0], None, ALL_STATES)
        elif name == "hide_datasets":
            tool = Hide(keys)
        else:
            raise BadInput(f"There is no tool {name}.")
        return dataset_tools.apply(Acting(self.db, actor), tool, reason=reason)

    def _cycle(self, actor: Actor, parts: list[str], body: dict) -> object:
        id_cycle = body.get("id_cycle", 0)
        action = parts[1] if len(parts) > 1 else ""
        if action == "move_all_datasets_to":
            # The web service moves what waits too.
            return cycles.move_all(
                Acting(self.db, actor), id_cycle, parts[2], body["to_state"], also=ALL_STATES
            )
        if action == "mark_cycle_complete":
            return cycles.complete(Acting(self.db, actor), id_cycle, parts[2])
        if action == "mark_cycle_pending":
            return cycles.reopen(Acting(self.db, actor), id_cycle, parts[2])
        if action == "add_datasets_to_cycle":
            return cycles.add(Acting(self.db, actor), id_cycle, self.keys(body["filter"]))
        if action == "delete_datasets_from_cycle":
            return cycles.remove(Acting(self.db, actor), id_cycle, self.keys(body["filter"]))
        workspaces = [key.removesuffix("_state") for key in body["cycle_attributes"]]
        return cycles.create(
            Acting(self.db, actor),
            body["cycle_name"],
            date.fromisoformat(body["deadline"]),
            workspaces,
            self.keys(body["filter"]),
        )


def datasets_at_the_end(shared_data: Path) -> set:
    """What is left in the cycle; the answers of the web service show what was before."""
    with lzma.open(shared_data / "conformance/tables_final/CycleDataset.json.xz", "rt") as file:
        held = {(each["run_number"], each["name"]) for each in json.load(file)}
    return {key for key in held if key[0] != RUN_WITH_A_HOLE}


def test_that_every_recorded_offline_step_gives_the_same_events_save_by_intention(
    database: Database, shared_data
):
    with database.transaction() as connection:
        configuration_rows.import_tables(connection, tables_initial(shared_data))
    story = OfflineStory(database)
    found: dict[str, str] = {}
    seen = 0
    for step in steps(shared_data):
        if not story.belongs(step):
            continue
        story.prepare(step)
        before = newest_version(database)
        refused, words = story.play(step)
        story.restore()
        if not story.plays(step):
            continue
        seen += 1
        lines = list(differences(appended_since(database, before), events_of(step)))
        if lines or refused != step.refused:
            found[step.name] = "\n".join([f"{refused=} {step.refused=} {words}", *lines[:6]])
        if step.name == "duplicate":
            assert_copies_read_as_their_sources(database)
        if step.name.startswith("cycle_") and not step.refused and not refused:
            (cycle,) = cycles.all_cycles(Acting(database))
            ours = {f"{name}_state": state for name, state in cycle.states.items()}
            assert (step.name, ours) == (step.name, step.response["body"]["cycle_attributes"])
    assert set(cycles.datasets(Acting(database), cycle.id)) == datasets_at_the_end(shared_data)
    unexpected = {name: found[name] for name in found if name not in DELIBERATE}
    assert not unexpected, "\n".join(f"== {name}\n{lines}" for name, lines in unexpected.items())
    assert found.keys() == DELIBERATE.keys()
    assert seen >= 23


def assert_copies_read_as_their_sources(database: Database) -> None:
    with database.read() as connection:
        plain = plain_datasets(connection)
    for run in (355100, 355102):
        source, copy = plain[run, PROMPT], plain[run, RERECO]
        assert (copy.rr, copy.oms) == (source.rr, source.oms)
        assert copy.taking_part == source.taking_part
