"""A backend in memory: what the window asks for, without a database."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.domain.certification.cycles import Cycle, CycleEntry
from app.domain.certification.cycles import Progress as CycleProgress
from app.domain.certification.dataset_tools import Applied, Effect, Preview, Tool
from app.domain.certification.todo import Todo
from app.domain.configuration.in_force import DatasetAccepted
from app.domain.errors import NotFound, Refused, Unavailable
from app.domain.filters import (
    And,
    Comparison,
    Field,
    KnownField,
    Node,
    Operator,
    Source,
    Vocabulary,
)
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import LumiRange, mask_of_ranges
from app.domain.sources.dqm_gui import ExpressionMatches, GuiListing, GuiStatus, expression_matches
from app.domain.sources.pull import FailedRun, PullState, PullStatus
from app.domain.state.grid import DatasetState
from app.domain.state.summaries import summarise
from app.domain.triplets import Triplet
from app.services.certification.tables import Chosen, Row, TableKind, TableQuery
from app.services.certification.todo import TodoScope
from app.services.configuration.workspaces import WorkspaceColumns
from app.services.news import Change
from app.views.backend.done import Done
from app.views.backend.history import (
    CHANGED_SINCE,
    COMES_BACK,
    REFUSED,
    STAYS,
    ChangeLine,
    HistoryPage,
    HistorySubject,
    Moment,
    MomentsCompared,
    Piece,
    UndoPreview,
    Version,
    VersionEntry,
)
from app.views.backend.lumisections import DatasetLumisections, Origin
from app.views.session import DatabaseKind, Session, WebAddresses
from app.views.tables.columns import field_value
from tests.views.builders import BITS, COLUMNS, a_state
from tests.views.fake_agents import FakeAgents
from tests.views.fake_editing import FakeEditing

NOW = datetime(2025, 8, 20, 12, 0, tzinfo=UTC)
FIRST_RUN = 396_200
OFFLINE = "/PromptReco/Collisions2025C/DQM"
MINE, CREATED = 812, 700
VERSIONS = (
    Version(MINE, NOW, "person@cern.ch", "Edit dt-dt of 1 dataset", True),
    Version(CREATED, NOW - timedelta(hours=3), "auto@auto", "run creation", False),
)
EDITED = Piece("dt-dt", (LumiRange(12, 40),), Triplet("GOOD"), Triplet("BAD", "HV trip"))


@dataclass(frozen=True, slots=True)
class RunDetails:
    run_number: int
    oms_attributes: JsonObject
    rr_attributes: JsonObject
    datasets: tuple[str, ...]
    dataset_attributes: Mapping[str, JsonObject]


@dataclass(frozen=True, slots=True)
class FakeRow:
    """A row of a table."""

    run_number: int
    name: str
    oms_attributes: JsonObject
    rr_attributes: JsonObject
    dataset_attributes: JsonObject = field(default_factory=dict)
    datasets_in_gui: tuple[str, ...] = ()
    triplet_summary: JsonObject | None = None
    dcs_summary: JsonObject | None = None
    recorded_luminosity: float | None = None
    delivered_luminosity: float | None = None
    needs_manual_update: bool = False


@dataclass(frozen=True, slots=True)
class FakePage:
    """A page of rows."""

    rows: Sequence[Row]
    count: int
    exact: bool = True


def a_row(number: int, name: str = "online", *, place: int = 0, **changes: object) -> FakeRow:
    """A run or dataset; every seventh isn't significant, every fifth is signed off."""
    significant = place % 7 != 6
    summary = _SUMMARIES[place % len(_SUMMARIES)]
    rr: JsonObject = {
        "class": "Collisions25" if place % 4 else "Cosmics25",
        "state": "SIGNOFF" if place % 5 == 4 else "OPEN",
        "significant": significant,
        "stop_reason": "",
    }
    started = NOW - timedelta(hours=place)
    oms: JsonObject = {
        "start_time": f"{started:%Y-%m-%dT%H:%M:%SZ}",
        "end_time": None if place == 0 else f"{started + timedelta(minutes=50):%Y-%m-%dT%H:%M:%SZ}",
        "ls_duration": 100 + place % 700,
        "hlt_key": f"/cdaq/physics/Run2025/2e34/v1.{place % 9}.0/HLT/V{place % 3}",
        "hlt_physics_counter": 1_234_567 + place * 1000,
        "b_field": 3.8,
        "clock_type": "LHC",
        "fill_number": 10_960 + place // 4,
        "energy": 6800.0,
        "components": ["DT", "CSC", "TRACKER"],
    }
    row = FakeRow(
        number,
        name,
        oms,
        rr,
        {"global_state": "OPEN", "tracker_state": "OPEN"} if name != "online" else {},
        (name,) if name != "online" else (),
        summary.triplet_summary if significant else None,
        summary.dcs_summary,
        summary.recorded,
        summary.delivered,
        needs_manual_update=place % 5 == 4 and place % 2 == 0,
    )
    return replace(row, **changes)


_SUMMARIES = [summarise(a_state(length=length)) for length in (40, 100, 333)]


class FakeBackend(FakeEditing, FakeAgents):
    """Answers at once; `error` makes everything fail, `gate` makes everything wait."""

    acting: Any = None

    def __init__(self, runs: int = 30) -> None:
        super().__init__()
        self.rows = [a_row(FIRST_RUN + runs - n, place=n) for n in range(runs)]
        self.datasets = [
            a_row(row.run_number, OFFLINE, place=place)
            for place, row in enumerate(self.rows)
            if row.rr_attributes["state"] == "SIGNOFF"
        ]
        self.states: dict[tuple[int, str], DatasetState] = {}
        self.error: Exception | None = None
        self.gate: threading.Event | None = None
        self.undo_refused: tuple[str, ...] = ()
        self.requests: list[TableQuery] = []
        self.acts: list[tuple[object, ...]] = []
        self.threads: set[int] = set()
        self.in_gui: tuple[str, ...] = ()
        self.problem = ""
        self.never_ends = False
        self.all_cycles: list[Cycle] = []
        self.left = Todo(0, ())
        self.scopes: list[TodoScope] = []
        self.gui = GuiStatus()
        self.gui_listing = GuiListing({})
        self.accepted: list[DatasetAccepted] = []
        self.status = PullStatus(
            PullState.WAITING,
            "waiting",
            NOW,
            NOW + timedelta(seconds=48),
            "person@cern.ch on cmsdc01",
            12,
            3,
            5,
            300,
            1,
            (FailedRun(396_177, "OMS answered 500 for its lumisections", NOW),),
        )
        self._on_change: list[Callable[[Change], None]] = []
        self._on_connection: list[Callable[[bool, str], None]] = []

    # Who

    def session(self) -> Session:
        return Session("demo season", DatabaseKind.DEMONSTRATION, "person@cern.ch", "expert")

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_connection: Callable[[bool, str], None],
    ) -> Callable[[], None]:
        self._on_change.append(on_change)
        self._on_connection.append(on_connection)

        def end() -> None:
            self._on_change.remove(on_change)
            self._on_connection.remove(on_connection)

        return end

    def announce(self, *run_numbers: int) -> None:
        """What a LISTEN connection would tell."""
        for each in self._on_change:
            each(Change(frozenset(run_numbers)))

    def announce_connection(self, connected: bool, reason: str = "") -> None:
        """What a LISTEN connection would tell of itself."""
        for each in self._on_connection:
            each(connected, reason)

    # Tables

    def workspaces(self, kind: TableKind) -> Sequence[WorkspaceColumns]:
        self._enter()
        tracker = tuple(column for column in COLUMNS if column.startswith("tracker"))
        return (WorkspaceColumns("global", COLUMNS), WorkspaceColumns("tracker", tracker))

    def vocabulary(self, kind: TableKind) -> Vocabulary:
        self._enter()
        return Vocabulary(
            (
                KnownField(Field(Source.RUN), "number", ()),
                KnownField(Field(Source.RR, "class"), "", ("Collisions25", "Cosmics25")),
                KnownField(Field(Source.RR, "state"), "", ("OPEN", "SIGNOFF", "COMPLETED")),
                KnownField(Field(Source.OMS, "fill_number"), "", ()),
                KnownField(Field(Source.OMS, "energy"), "", ()),
                *(KnownField(Field(Source.COLUMN, column), "status", ()) for column in COLUMNS),
                *(KnownField(Field(Source.BIT, bit), "DCS bit", ()) for bit in BITS),
                *(
                    KnownField(Field(Source.DATASET, f"{name}_state"), "", ())
                    for name in ("global", "tracker", "dt")
                ),
            )
        )

    def page(self, request: TableQuery) -> FakePage:
        self._enter()
        self.requests.append(request)
        rows = self._matching(request)
        return FakePage(rows[request.offset : request.offset + request.limit], len(rows))

    def _matching(self, request: TableQuery) -> list[FakeRow]:
        rows = self.rows if request.kind == "runs" else self.datasets
        if request.states:
            key = f"{request.workspace}_state"
            rows = [row for row in rows if row.dataset_attributes.get(key) in request.states]
        if request.only_hidden:
            rows = []
        if request.significant_only:
            rows = [row for row in rows if row.rr_attributes["significant"] is True]
        rows = [row for row in rows if _holds(row, request.filter)]
        for sort in reversed(request.sort):
            rows = sorted(
                rows,
                key=lambda row, sort=sort: str(field_value(row, sort.field)),
                reverse=sort.descending,
            )
        return list(rows)

    # Runs

    def run_details(self, run_number: int) -> RunDetails:
        self._enter()
        row = self._row(run_number)
        offline = [each for each in self.datasets if each.run_number == run_number]
        return RunDetails(
            run_number,
            row.oms_attributes,
            {**row.rr_attributes, "run_needs_to_be_updated_manually": row.needs_manual_update},
            ("online", *(each.name for each in offline)),
            {each.name: each.dataset_attributes for each in offline},
        )

    def history(
        self, subject: HistorySubject, *, limit: int = 50, before: int | None = None
    ) -> HistoryPage:
        self._enter()
        if before is not None:
            return HistoryPage((), None)
        where = str(subject.run_number)
        entries = (
            VersionEntry(VERSIONS[0], (ChangeLine(where, EDITED),)),
            VersionEntry(VERSIONS[1], (ChangeLine(where, Piece("class", (), None, "Cosmics25")),)),
        )
        return HistoryPage(entries[: 1 if subject.keys else 2], None)

    def moments(
        self, run_number: int, dataset: str, *, limit: int = 200, before: int | None = None
    ) -> tuple[Version, ...]:
        self._enter()
        return VERSIONS

    def moment(self, run_number: int, dataset: str, atomic_version: int) -> Moment:
        found = self.lumisections(run_number, dataset)
        made = {each.atomic_version: each for each in VERSIONS}.get(atomic_version)
        return Moment(found, atomic_version, made)

    def compare(self, run_number: int, dataset: str, old: int, new: int | None) -> MomentsCompared:
        found = self.lumisections(run_number, dataset)
        return MomentsCompared(old, new, found, (ChangeLine(str(run_number), EDITED),))

    def last_to_undo(self) -> int:
        self._enter()
        return MINE

    def last_to_redo(self) -> int:
        self._enter()
        raise Refused("There is nothing to redo: none of your last versions can be.")

    def lumisections(self, run_number: int, dataset: str) -> DatasetLumisections:
        self._enter()
        key = (run_number, dataset)
        if key not in self.states:
            length = int(str(self._row(run_number).oms_attributes["ls_duration"]))
            self.states[key] = a_state(run_number, dataset, length=length)
        state = self.states[key]
        return DatasetLumisections(state, {"dt-dt": mask_of_ranges([(10, 20)], state.length)})

    def origin(self, run_number: int, dataset: str, key: str, lumisection: int) -> Origin | None:
        self._enter()
        return Origin("person@cern.ch", NOW - timedelta(days=1), "shift")

    def classes(self) -> Sequence[str]:
        self._enter()
        return ("Collisions25", "Cosmics25", "Commissioning25")

    def mark_significant(self, run_number: int) -> str:
        return self._act("significant", run_number)

    def edit_run(self, run_number: int, attribute: str, value: JsonValue) -> str:
        return self._act("edit", run_number, attribute, value)

    def settle_manual_update(self, run_number: int) -> str:
        return self._act("settle", run_number)

    def take_in(self, run_number: int) -> str:
        return self._act("take in", run_number)

    def refresh(self, run_number: int) -> str:
        return self._act("refresh", run_number)

    def reset_and_refresh(self, run_number: int) -> str:
        return self._act("reset", run_number)

    def move_run(self, run_number: int, from_state: str, to_state: str) -> str:
        if run_number % 2:
            raise Refused(f"dt-dt is EMPTY in LS 12 of run {run_number}: set it, then sign off.")
        return self._act("move", run_number, from_state, to_state)

    def move_datasets(
        self,
        keys: Sequence[tuple[int, str]],
        workspace: str,
        from_state: str | None,
        to_state: str,
    ) -> str:
        if to_state == "COMPLETED":
            raise Refused(f"{keys[0][1]} of run {keys[0][0]} is in no cycle.")
        answer = self._act("move datasets", tuple(keys), workspace, from_state, to_state)
        self.datasets = [
            replace(
                row, dataset_attributes={**row.dataset_attributes, f"{workspace}_state": to_state}
            )
            if (row.run_number, row.name) in keys
            else row
            for row in self.datasets
        ]
        return answer

    def preview_undo(self, atomic_version: int) -> UndoPreview:
        self._enter()
        if atomic_version == CREATED:
            raise Refused("Version 700 made run 396230: that can't be undone.")
        back = Piece("dt-dt", (LumiRange(12, 40),), EDITED.after, EDITED.before)
        since = Piece("dt-dt", (LumiRange(41, 42),), EDITED.after, Triplet("STANDBY"))
        stays = Piece("gem-gem", (LumiRange(43, 45),), None, None, kinds=0)
        refused = Piece("class", (), None, None, kinds=0)
        lines = [
            ChangeLine("396230", back, COMES_BACK, "an automatic value, comes back as your word"),
            ChangeLine("396230", since, CHANGED_SINCE, "version 820 by other@cern.ch"),
            ChangeLine("396230", stays, STAYS, "these came with this version", valued=False),
            *(
                ChangeLine("396230", refused, REFUSED, reason, valued=False)
                for reason in self.undo_refused
            ),
        ]
        return UndoPreview(
            replace(VERSIONS[0], atomic_version=atomic_version),
            f"Undo version {atomic_version}: 29 cells; 2 changed since, left alone.",
            tuple(lines),
            True,
            1,
            len(self.undo_refused),
        )

    def undo(
        self,
        atomic_version: int,
        *,
        leave_out_refused: bool = False,
        comment: str = "",
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Done | None:
        if self.undo_refused and not leave_out_refused:
            raise Refused(self.undo_refused[0])
        return Done(self._act("undo", atomic_version, leave_out_refused, comment), 900)

    # Pull

    def chosen_keys(self, chosen: Chosen) -> tuple[tuple[int, str], ...]:
        self._enter()
        shown = [(row.run_number, row.name) for row in self._matching(chosen.request)]
        if chosen.everything:
            return tuple(shown)
        return (*chosen.keys, *(shown[place] for place in chosen.places))

    def dataset_states(
        self, keys: Sequence[tuple[int, str]], workspace: str
    ) -> dict[tuple[int, str], str]:
        self._enter()
        return {
            (row.run_number, row.name): str(row.dataset_attributes.get(f"{workspace}_state", ""))
            for row in self.datasets
            if (row.run_number, row.name) in keys
        }

    def names_in_gui(self, run_number: int, name: str) -> Sequence[str]:
        self._enter()
        return self.in_gui

    def preview_tool(
        self, tool: Tool, share: Callable[[float], None], is_cancelled: Callable[[], bool]
    ) -> Preview | None:
        self._enter()
        share(0.5)
        if is_cancelled():
            return None
        return Preview(
            "Do it", tuple(Effect(*key, "changes", problem=self.problem) for key in tool.keys)
        )

    def apply_tool(
        self,
        tool: Tool,
        reason: str,
        share: Callable[[float], None],
        is_cancelled: Callable[[], bool],
    ) -> Applied | None:
        share(0.5)
        while self.never_ends and not is_cancelled():
            time.sleep(0.001)
        if is_cancelled():
            return None
        return Applied(77, self._act("tool", tool, reason), ())

    def datasets_csv(
        self,
        keys: Sequence[tuple[int, str]],
        columns: Sequence[str],
        share: Callable[[float], None],
        is_cancelled: Callable[[], bool],
    ) -> str | None:
        self._enter()
        return "\n".join([",".join(columns), *(str(run) for run, _ in keys)])

    def web_addresses(self) -> WebAddresses:
        return WebAddresses("https://oms/report", "https://gui/dqm/offline", "https://elog/{run}")

    def cycles(self, workspace: str) -> Sequence[Cycle]:
        self._enter()
        return [each for each in self.all_cycles if workspace in each.states]

    def cycle_history(self, id_cycle: int) -> Sequence[CycleEntry]:
        self._enter()
        return []

    def create_cycle(
        self,
        name: str,
        deadline: date,
        workspaces: Collection[str],
        keys: Sequence[tuple[int, str]],
    ) -> Cycle:
        self._act("create cycle", name, deadline, tuple(workspaces), tuple(keys))
        states = dict.fromkeys(("global", *workspaces), "pending")
        progress = {each: CycleProgress(open=len(keys)) for each in states}
        made = Cycle(len(self.all_cycles) + 1, name, states, deadline, NOW, len(keys), progress)
        self.all_cycles.append(made)
        return made

    def edit_cycle(
        self, id_cycle: int, name: str, deadline: date, workspaces: Collection[str]
    ) -> Cycle:
        self._act("edit cycle", id_cycle, name, deadline, tuple(workspaces))
        return self.all_cycles[id_cycle - 1]

    def delete_cycle(self, id_cycle: int) -> str:
        return self._act("delete cycle", id_cycle)

    def add_to_cycle(self, id_cycle: int, keys: Sequence[tuple[int, str]]) -> str:
        return self._act("add to cycle", id_cycle, tuple(keys))

    def remove_from_cycle(self, id_cycle: int, keys: Sequence[tuple[int, str]]) -> str:
        return self._act("remove from cycle", id_cycle, tuple(keys))

    def complete_cycle(self, id_cycle: int, workspace: str) -> str:
        return self._act("complete cycle", id_cycle, workspace)

    def reopen_cycle(self, id_cycle: int, workspace: str) -> str:
        return self._act("reopen cycle", id_cycle, workspace)

    def move_cycle_datasets(
        self, id_cycle: int, workspace: str, to_state: str, also: Collection[str]
    ) -> str:
        return self._act("move cycle", id_cycle, workspace, to_state, tuple(also))

    def todo(
        self,
        scope: TodoScope,
        share: Callable[[float], None],
        is_cancelled: Callable[[], bool],
    ) -> Todo | None:
        self._enter()
        self.scopes.append(scope)
        share(0.5)
        return None if is_cancelled() else self.left

    def gui_status(self) -> GuiStatus:
        return self.gui

    def gui_pull_now(self) -> str:
        return self._act("ask the gui")

    def try_expressions(
        self, regexp: str, run_from: int | None, run_to: int | None
    ) -> Sequence[ExpressionMatches]:
        self._enter()
        return expression_matches(regexp, self.gui_listing, run_from, run_to)

    def datasets_accepted(self) -> Sequence[DatasetAccepted]:
        self._enter()
        return tuple(self.accepted)

    def save_dataset_accepted(self, item_id: int | None, values: JsonObject) -> int:
        self._act("save accepted", item_id, values)
        return 1

    def delete_dataset_accepted(self, item_id: int) -> None:
        self._act("delete accepted", item_id)

    def pull_status(self) -> PullStatus:
        return self.status

    def pull_now(self, run_number: int | None = None) -> str:
        return self._act("pull", run_number)

    def _enter(self) -> None:
        self.threads.add(threading.get_ident())
        if self.gate is not None:
            self.gate.wait(20)
        if self.error is not None:
            raise self.error

    def _act(self, *what: object) -> str:
        self._enter()
        self.acts.append(what)
        return f"Done: {what[0]}."

    def _row(self, run_number: int) -> FakeRow:
        for row in self.rows:
            if row.run_number == run_number:
                return row
        raise NotFound(f"There is no run {run_number}.")


def unavailable() -> Unavailable:
    """What a lost connection looks like."""
    return Unavailable("The database at localhost can't be reached.")


def _holds(row: FakeRow, node: Node | None) -> bool:
    if isinstance(node, And):
        return all(_holds(row, part) for part in node.parts)
    if isinstance(node, Comparison) and node.operator is Operator.EQUAL:
        return str(field_value(row, node.field)) == str(node.value)
    return True
