"""The recorded story, played against our services: the same events and state, save by intention."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text

from app.domain.errors import RegistryError
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.sources.oms import OmsRun, oms_run
from app.domain.sources.pull import OutcomeKind
from app.domain.state.grid import as_objects
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.models import configuration as configuration_rows
from app.models.database.engine import Database
from app.models.events import rows, states
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange
from app.services.acting import Acting
from app.services.certification import runs
from app.services.editing import lumisections
from app.services.pulling import runs as pull
from tests.conformance.recording import (
    Step,
    appended_since,
    datasets_recorded,
    differences,
    events_of,
    steps,
    tables_initial,
)

NOTHING_NEW = "an event without content is not written"
BUMPS = "a change of OMS lumisections bumps its dataset, so that no cache stays stale"
BEAMS = "beams_present_and_stable is true when one LS has all four beam bits"
NUMBERS = "lumisections go by their number: what OMS doesn't have is a hole, not a shift"
ENDED = "whether the run has ended is what OMS says now, not what was recorded"
CONVERGES = "an automatic value that a person's word covers is recorded once, not at each refresh"
OUTSIDE = "lumisections outside the dataset are refused"
BROKEN_BEFORE = "the run was broken by an edit that we refuse"
SAME = "a value that the cells hold already is no event"

DELIBERATE = {
    "create_run_A": BEAMS,
    "create_run_C": BEAMS,
    "create_run_D": f"{NUMBERS}; {BEAMS}",
    "create_run_E": BEAMS,
    "auto_update_A_end": f"{ENDED}; {BUMPS}",
    "auto_update_A_oms_attrs": f"{ENDED}: the change of OMS lumisections came with the step before",
    "auto_update_A_luminosity": f"{NOTHING_NEW}; {BUMPS}",
    "auto_update_A_after_edit": NOTHING_NEW,
    "refresh_run_A": CONVERGES,
    "refresh_run_A_again": CONVERGES,
    "manual_edit_A_smuggle": "only the attribute that was named is set",
    "auto_update_A_class_conflict_again": CONVERGES,
    "reset_refresh_A": CONVERGES,
    "edit_E_string_numbers": "lumisections are numbers: 9 to 10 is a range",
    "auto_update_E_0": f"{NOTHING_NEW}; the range of the step above is compared too",
    "edit_E_beyond_end": OUTSIDE,
    "auto_update_E_shorter": BROKEN_BEFORE,
    "edit_E_unknown_component": "a column that no workspace has is refused",
    "edit_E_zero": OUTSIDE,
    "auto_update_E_zero": BROKEN_BEFORE,
    "auto_update_E_zero_again": BROKEN_BEFORE,
    "auto_update_A_after_signoff_again": "a flagged run is not updated by the next pull",
    "auto_update_A_after_signoff_oms_only": "nothing was changed by the step before; " + BUMPS,
    "move_A_completed": "a second sign-off leaves the datasets that exist alone",
    "signoff_D": f"{NUMBERS}: the hole must be dealt with before the sign-off",
    "edit_C_PR_hole": OUTSIDE,
    "edit_oms_C_PR_false": "a DCS bit can be set to false",
    "edit_oms_C_PR_false_string": "a DCS bit can be set to false; " + SAME,
    "edit_oms_B_online": SAME,
}
"""Steps in which we differ on purpose, and why."""

OTHER_CAPABILITIES = {
    "edit_C_RE_after_batch": "the dataset comes from the duplication tool",
    "edit_hidden": "the dataset was hidden by the hiding tool",
}
"""Steps whose dataset was made or changed by a part of the program that isn't replayed here."""


class Story:
    """Plays recorded steps on one database, as the persons and the puller they name."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.last_answer: dict[int, OmsRun] = {}

    def play(self, step: Step) -> tuple[bool, str]:
        """Whether the step was refused, and with what words."""
        action = self._action(step)
        try:
            outcome = action()
        except RegistryError as error:
            return True, str(error)
        return False, str(outcome)

    def prepare(self, step: Step) -> None:
        """Opens an offline dataset that the step edits while it is waiting.

        The web service never looks at the state; we refuse, so that somebody opens it first.
        """
        body = step.request.get("body") or {}
        name = body.get("dataset_name")
        if "new_lumisection_range" not in body or name in {"online", None}:
            return
        key = (body["run_number"], name)
        with begin(self.db, [key[0]]) as action:
            known = rows.datasets_of_run(action.connection, key[0])
            waiting = known[name].attributes if name in known else {}
            opened = {
                state: "OPEN" for state, value in waiting.items() if value == "waiting dqm gui"
            }
            if opened:
                change = DatasetChange(*key, attributes=opened)
                action.append("expert@cern.ch", "opened by hand", [change])

    def belongs(self, step: Step) -> bool:
        return self._action(step) is not None

    def _action(self, step: Step) -> Callable[[], object] | None:
        request = step.request
        if "cron_driver" in request:
            return lambda: self._pull(step)
        method, path = request.get("method"), request.get("path", "")
        parts = path.strip("/").split("/")
        body = request.get("body") or {}
        headers = request.get("headers") or {}
        groups = frozenset((headers.get("egroups") or "").split(","))
        actor = Actor(headers.get("email") or "", groups)
        if path.startswith("/runs/refresh_run/"):
            number = int(parts[-1])
            return lambda: runs.refresh(Acting(self.db, actor), number, self.last_answer[number])
        if path.startswith("/runs/reset_and_refresh_run/"):
            number = int(parts[-1])
            return lambda: runs.refresh(
                Acting(self.db, actor), number, self.last_answer[number], reset=True
            )
        if path == "/runs/mark_significant":
            number = body["run_number"]
            return lambda: runs.mark_significant(
                Acting(self.db, actor), number, self.last_answer.get(number)
            )
        if path.startswith("/runs/move_run/"):
            return lambda: runs.move(
                Acting(self.db, actor), body["run_number"], parts[-1], from_state=parts[-2]
            )
        if path.startswith("/manual_run_edit/"):
            number, attribute = int(parts[1]), parts[2]
            return lambda: runs.edit_attribute(
                Acting(self.db, actor), number, attribute, body.get(attribute)
            )
        if (method, path) == ("PUT", "/lumisections/edit_rr_lumisections"):
            return lambda: self._edit_column(actor, body)
        if (method, path) == ("PUT", "/lumisections/edit_oms_lumisections"):
            return lambda: self._edit_bit(actor, body)
        return None

    def _pull(self, step: Step) -> object:
        written = step.request["calls"][-1]["request"]
        answer = oms_run(step.request["oms_state_of_run"], written["oms_lumisections"])
        self.last_answer[answer.run_number] = answer
        outcome = pull.apply(Acting(self.db), answer)
        if outcome.kind is OutcomeKind.FLAGGED:
            raise RegistryError(outcome.text)
        return outcome

    def _edit_column(self, actor: Actor, body: dict) -> object:
        wanted = body["new_lumisection_range"]
        edit = lumisections.ColumnEdit(
            body["run_number"],
            body["dataset_name"],
            body["component"],
            (LumiRange(int(wanted["start"]), int(wanted["end"])),),
            Triplet(wanted["status"], wanted.get("comment", ""), wanted.get("cause", "")),
        )
        return lumisections.edit_columns(Acting(self.db, actor), [edit])

    def _edit_bit(self, actor: Actor, body: dict) -> object:
        wanted = body["new_lumisection_range"]
        value = {"true": True, "false": False}.get(str(wanted["status"]).lower())
        if value is None:
            raise RegistryError(f"{wanted['status']} is neither true nor false")
        edit = lumisections.BitEdit(
            body["run_number"],
            body["dataset_name"],
            body["component"],
            (LumiRange(int(wanted["start"]), int(wanted["end"])),),
            value,
        )
        return lumisections.edit_bits(
            Acting(self.db, actor), [edit], comment=wanted.get("comment", "")
        )


FORGOTTEN = "the web service doesn't recompute the row after a change of OMS lumisections alone"
SMUGGLED = DELIBERATE["manual_edit_A_smuggle"]
UNTOUCHED = DELIBERATE["auto_update_A_after_signoff_again"]
BY_STRING = DELIBERATE["edit_E_string_numbers"]
UNKNOWN = DELIBERATE["edit_E_unknown_component"]
LEFT_ALONE = DELIBERATE["move_A_completed"]
FALSE_BITS = DELIBERATE["edit_oms_C_PR_false"]
EMPTIED = "an edit at LS 0 makes the web service show every lumisection as empty"

DELIBERATE_STATES: dict[str, dict[str, str]] = {
    "get_run_A": {"oms_attributes.beams_present_and_stable": BEAMS},
    "get_run_C": {"oms_attributes.beams_present_and_stable": BEAMS},
    "get_run_D": {"oms_attributes.beams_present_and_stable": BEAMS},
    "get_run_E": {"oms_attributes.beams_present_and_stable": BEAMS},
    "snapshot_D": {"rr.": NUMBERS, "oms": NUMBERS, "triplet_summary.": NUMBERS},
    "snapshot_A_after_luminosity": {"brilcalc_": FORGOTTEN},
    "get_run_A_after_class": {
        "oms_attributes.beams_present_and_stable": BEAMS,
        "rr_attributes.hlt_key_comment": SMUGGLED,
    },
    "get_run_A_after_reset": {
        "oms_attributes.beams_present_and_stable": BEAMS,
        "rr_attributes.hlt_key_comment": SMUGGLED,
    },
    "snapshot_E_beyond": {
        "rr.csc-csc": OUTSIDE,
        "rr.rpc-rpc": BY_STRING,
        "triplet_summary.rpc-rpc": BY_STRING,
    },
    "snapshot_E_unknown": {
        "rr.csc-csc": OUTSIDE,
        "rr.nosuch-column": UNKNOWN,
        "rr.rpc-rpc": BY_STRING,
        "triplet_summary.csc-csc": OUTSIDE,
        "triplet_summary.nosuch-column": UNKNOWN,
        "triplet_summary.rpc-rpc": BY_STRING,
    },
    "snapshot_E_zero": {
        "rr.": EMPTIED,
        "triplet_summary.csc-csc": OUTSIDE,
        "triplet_summary.nosuch-column": UNKNOWN,
        "triplet_summary.rpc-rpc": BY_STRING,
    },
    "get_run_A_flagged": {
        "oms_attributes.beams_present_and_stable": BEAMS,
        "oms_attributes.last_update": UNTOUCHED,
        "rr_attributes.hlt_key_comment": SMUGGLED,
    },
    "snapshot_A_PR_resignoff": {
        "rr.hcal-hcal": LEFT_ALONE,
        "triplet_summary.hcal-hcal": LEFT_ALONE,
    },
    "snapshot_C_PR": {"rr.btag-btag": OUTSIDE, "oms": f"{FALSE_BITS}; {OUTSIDE}"},
}
"""Recorded states, and the beginnings of the names of their parts, that differ on purpose."""

DELIBERATE_ENDS: dict[tuple[int, str], dict[str, str]] = {
    (355100, "online"): {},
    (355101, "online"): {},
    (355102, "online"): {},
    (355102, "/PromptReco/Collisions2022C/DQM"): {
        "rr.btag-btag": OUTSIDE,
        "oms.tob_ready": FALSE_BITS,
    },
}
"""Datasets whose lumisections are compared at the end of the story, and where they differ."""


def shown_state(db: Database, step: Step) -> dict[str, object] | None:
    """Our state in the form of a recorded snapshot or run; None when the dataset isn't there."""
    if step.request.get("method") == "GET":
        with db.read() as connection:
            run = rows.get_run(connection, int(step.request["path"].rsplit("/", 1)[1]))
        return {"oms_attributes": run.oms_attributes, "rr_attributes": run.rr_attributes}
    key = (step.request["run_number"], step.request["dataset_name"])
    with db.read() as connection:
        if key[1] not in rows.datasets_of_run(connection, key[0]):
            return None
        state = states.load(connection, [key], desk=db.desk)[key].state
        cache = connection.execute(
            text('SELECT * FROM "DatasetTripletCache" WHERE run_number = :run AND name = :name'),
            {"run": key[0], "name": key[1]},
        ).one()
    return {
        "rr": {
            column: [
                [*state.rr.values[code], each.first, each.last]
                for each, code in state.rr.runs(column)
                if code
            ]
            for column in state.rr.keys
        },
        "oms": bit_ranges(as_objects(state.oms)),
        **{name: getattr(cache, name) for name in CACHED},
    }


def recorded_state(step: Step) -> dict[str, object]:
    body = step.response["body"]
    if step.request.get("method") == "GET":
        return {name: body[name] for name in ("oms_attributes", "rr_attributes")}
    (cache,) = body["cache"]
    objects: list[dict | None] = []
    for each in body["oms"]:
        values = {name: each[name] for name in each if name not in {"start", "end"}}
        objects += [None if "err" in values else values] * (each["end"] - each["start"] + 1)
    return {
        "rr": {
            column: [
                [each["status"], each["comment"], each["cause"], each["start"], each["end"]]
                for each in ranges
                # A column that an LS doesn't have comes as a range without a status.
                if "status" in each
            ]
            for column, ranges in body["rr"].items()
        },
        "oms": bit_ranges(objects),
        **{name: cache[name] for name in CACHED},
    }


def end_differences(db: Database, shared_data, key: tuple[int, str]) -> list[str]:
    """Columns and bits of a dataset whose lumisections differ at the end of the story."""
    (recorded,) = (
        each for each in datasets_recorded(shared_data) if (each["run_number"], each["name"]) == key
    )
    with db.read() as connection:
        state = states.load(connection, [key], desk=db.desk)[key].state
    found = []
    for part, grid, name in (
        ("rr", state.rr, "rr_lumisections"),
        ("oms", state.oms, "oms_lumisections"),
    ):
        theirs = dict(enumerate(recorded[name], start=1))
        for each in sorted({*grid.keys, *(key for values in theirs.values() for key in values)}):
            mine = {
                number: _plain(grid.value(each, number))
                for number in range(1, grid.length + 1)
                if grid.has(each, number)
            }
            # What nobody gave a status is shown as EMPTY to the last LS, however far that is.
            shown = {
                number: values[each]
                for number, values in theirs.items()
                if each in values and values[each] != EMPTY_TRIPLET.as_json()
            }
            if each != "err" and mine != shown:
                found.append(f"{part}.{each}")
    return found


def _plain(value: object) -> object:
    return value.as_json() if isinstance(value, Triplet) else value


CACHED = (
    "triplet_summary",
    "brilcalc_recorded_luminosity",
    "brilcalc_delivered_luminosity",
)


def bit_ranges(objects: list[dict | None]) -> list[list[object]]:
    """Ranges of equal objects without the luminosity, which differs in every lumisection."""
    ranges: list[list[object]] = []
    for number, each in enumerate(objects, start=1):
        values = each and {
            name: value for name, value in each.items() if name not in {"recorded", "delivered"}
        }
        if ranges and ranges[-1][2] == values:
            ranges[-1][1] = number
        else:
            ranges.append([number, number, values])
    return ranges


def differing(ours: dict[str, object], theirs: dict[str, object]) -> list[str]:
    """Names of the parts that differ; single columns, bits and attributes by their names."""
    found = []
    for part, value in theirs.items():
        mine = ours[part]
        if isinstance(value, dict) and isinstance(mine, dict):
            names = value.keys() | mine.keys()
            found += [
                f"{part}.{name}" for name in sorted(names) if value.get(name) != mine.get(name)
            ]
        elif isinstance(value, float):
            if value != pytest.approx(mine, rel=1e-12):
                found.append(part)
        elif value != mine:
            found.append(part)
    return found


def is_state(step: Step) -> bool:
    path = step.request.get("path") or ""
    return step.request.get("method") == "SNAPSHOT" or (
        step.request.get("method") == "GET" and re.fullmatch(r"/runs/\d+", path) is not None
    )


def newest_version(db: Database) -> int:
    with db.read() as connection:
        return connection.execute(
            text('SELECT coalesce(max(atomic_version), 0) FROM "Version"')
        ).scalar_one()


def test_that_every_recorded_step_gives_the_same_events_and_states_save_by_intention(
    database: Database, shared_data
):
    with database.transaction() as connection:
        configuration_rows.import_tables(connection, tables_initial(shared_data))
    story = Story(database)
    found: dict[str, str] = {}
    states_found: dict[str, list[str]] = {}
    for step in steps(shared_data):
        if is_state(step) and (ours := shown_state(database, step)) is not None:
            states_found[step.name] = differing(ours, recorded_state(step))
        if not story.belongs(step) or step.name in OTHER_CAPABILITIES:
            continue
        story.prepare(step)
        before = newest_version(database)
        refused, words = story.play(step)
        ours = appended_since(database, before)
        theirs = events_of(step)
        lines = list(differences(ours, theirs))
        if lines or refused != step.refused:
            found[step.name] = "\n".join([f"{refused=} {step.refused=} {words}", *lines[:6]])
    unexpected = {name: found[name] for name in found if name not in DELIBERATE}
    assert not unexpected, "\n".join(f"== {name}\n{lines}" for name, lines in unexpected.items())
    assert found.keys() == DELIBERATE.keys()
    unexplained = {
        name: [
            line for line in lines if not line.startswith(tuple(DELIBERATE_STATES.get(name, ())))
        ]
        for name, lines in states_found.items()
    }
    assert not any(unexplained.values()), unexplained
    for name, parts in DELIBERATE_STATES.items():
        unneeded = [p for p in parts if not any(line.startswith(p) for line in states_found[name])]
        assert not unneeded, f"{name} doesn't differ in {unneeded} any more"
    for key, parts in DELIBERATE_ENDS.items():
        assert end_differences(database, shared_data, key) == list(parts), key
