"""Agents: their registration, and the values that they write and propose."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.agents import proposals as rules
from app.domain.agents.agreement import Statuses, place_of
from app.domain.agents.proposals import Agent, AgentColumn, Mode, ProposalState
from app.domain.configuration import permissions
from app.domain.configuration.in_force import Configuration
from app.domain.counting import counted
from app.domain.editing import edits as edit_rules
from app.domain.editing.change_file import ChangeLine, parse_changes
from app.domain.editing.edits import ColumnEdit
from app.domain.errors import BadInput, NotFound, NotPermitted, Refused
from app.domain.identity import Actor, agent_author
from app.domain.keys import ONLINE, DatasetKey, where
from app.domain.lumisections import ranges_of_mask
from app.domain.progress import SILENT, Progress
from app.domain.state.compact import CompactState
from app.domain.state.grid import Codes
from app.domain.triplets import Triplet
from app.models import agents as model
from app.models.agents import NewProposal
from app.models.database.identity import AGENT
from app.models.events import rows
from app.models.events.action import Action, begin
from app.models.guard import logins
from app.services.acting import Acting
from app.services.configuration import in_force as configurations
from app.services.editing.plan import plan


@dataclass(frozen=True)
class Registered:
    """An agent with the numbers of its proposals by state."""

    agent: Agent
    counts: Mapping[ProposalState, int]


@dataclass(frozen=True)
class RecordedLine:
    """A line of an agent's file; `refused` is the reason when it was refused."""

    number: int
    edit: ColumnEdit | None
    refused: Refused | None


@dataclass(frozen=True)
class Recorded:
    """The outcome of an agent's file: cells written in its own columns as `version`, proposals
    that wait for people, and proposals that agree with the present values."""

    lines: tuple[RecordedLine, ...]
    version: int | None
    cells: int
    waiting: int
    agreed: int
    dry: bool

    @property
    def refused(self) -> tuple[RecordedLine, ...]:
        """Lines that were refused."""
        return tuple(line for line in self.lines if line.refused is not None)

    @property
    def text(self) -> str:
        """The outcome in a sentence."""
        would = "would be " if self.dry else ""
        parts = []
        if self.cells:
            parts.append(f"{counted(self.cells, 'cell')} {would}changed in its own columns")
        if self.waiting:
            parts.append(f"{counted(self.waiting, 'proposal')} {would}submitted to people")
        if self.agreed:
            parts.append(
                f"{counted(self.agreed, 'proposal')} already agreed with the present values"
            )
        if self.refused:
            parts.append(f"{counted(len(self.refused), 'line')} refused")
        written = "" if self.version is None else f" Version {self.version}."
        return f"{'; '.join(parts) or 'Nothing new was proposed'}.{written}"


@dataclass(frozen=True)
class AgentChanged:
    """An agent after an action, with a sentence for the person."""

    agent: Agent
    text: str


def register(
    acting: Acting,
    name: str,
    version: str,
    columns: Sequence[AgentColumn],
    *,
    owner: str = "",
    login: str = "",
) -> AgentChanged:
    """Registers an agent, or a new version that replaces the one before.

    The person needs the right to edit component classifiers, which are automatic authors too. On a
    guarded database who may make logins can give it one, with which it writes its columns.
    """
    check_record(acting)
    configuration = configurations.current(acting)
    configuration.permissions.check(acting.actor, permissions.classifiers_path("component"))
    if login and acting.db.guard is None:
        raise BadInput("A login is given to an agent on a guarded database only.")
    checked = rules.check_columns(columns, _columns_of(configuration))
    with acting.db.transaction() as connection:
        agent = model.register(
            connection,
            rules.check_name(name),
            rules.check_version(version),
            owner.strip() or acting.actor.email,
            checked,
        )
        if login:
            logins.add_service(connection, login, "agent", agent.name)
        model.announce(connection)
    return AgentChanged(agent, f"Registered {agent.title}, owner {agent.owner}.")


def known_columns(acting: Acting) -> tuple[str, ...]:
    """Columns of all workspaces, which agents may be registered for."""
    return tuple(sorted(_columns_of(configurations.current(acting))))


def _columns_of(configuration: Configuration) -> set[str]:
    return {*configuration.online_columns, *configuration.offline_columns}


def retire(acting: Acting, name: str) -> AgentChanged:
    """Retires an agent; its past proposals are kept. Its owner may do that, too."""
    agent = in_force(acting, name)
    _check_owner(acting, agent)
    with acting.db.transaction() as connection:
        model.retire(connection, agent.id, acting.actor.email)
        model.announce(connection)
    return AgentChanged(agent, f"Retired {agent.title}.")


def registered(acting: Acting) -> tuple[Registered, ...]:
    """All agents by name, the newest version of an agent first."""
    if not acting.db.record:
        return ()
    with acting.db.read() as connection:
        counts = model.count_by_state(connection)
        return tuple(
            Registered(agent, counts.get(agent.name, {})) for agent in model.agents(connection)
        )


def in_force(acting: Acting, name: str) -> Agent:
    """The version of an agent that is in force. Raises NotFound."""
    check_record(acting)
    with acting.db.read() as connection:
        return model.in_force(connection, name)


def propose(
    acting: Acting,
    name: str,
    content: str,
    *,
    dry_run: bool = False,
    leave_out_refused: bool = False,
    progress: Progress = SILENT,
) -> Recorded:
    """Records the values of an agent's file, which has the form of a file of changes.

    Values for columns that the agent writes become one version by `auto@auto - {name}`; values
    for other columns of its are proposals that wait for people. Raises the first refusal and
    writes nothing, unless refused lines are left out; with `dry_run` nothing is written, and
    refusals are in the answer.
    """
    agent = in_force(acting, name)
    _check_owner(acting, agent)
    lines = parse_changes(content)
    configuration = configurations.current(acting)
    progress.at(0.05)
    if dry_run:
        with acting.db.read() as connection:
            return _record(
                Action(connection, acting.db.desk, acting.db.record),
                configuration,
                acting.actor,
                agent,
                lines,
                progress,
                dry=True,
            )
    runs = {
        line.edit.run_number
        for line in lines
        if isinstance(line.edit, ColumnEdit) and _mode(agent, line.edit.column) is Mode.WRITES
    }

    def finishing(share: float) -> None:
        progress.at(0.6 + 0.4 * share)

    with begin(acting.db, runs, finishing) as action:
        recorded = _record(
            action,
            configuration,
            acting.actor,
            agent,
            lines,
            progress,
            dry=False,
            all_or_none=not leave_out_refused,
        )
        model.announce(action.connection)
    return recorded


def withdraw(acting: Acting, name: str, ids: Collection[int]) -> None:
    """Takes back proposals of an agent that wait; those that people have decided on meanwhile
    stay as they are."""
    agent = in_force(acting, name)
    _check_owner(acting, agent)
    with acting.db.transaction() as connection:
        model.withdraw(connection, agent.name, ids, acting.actor.email)
        model.announce(connection)


def _record(
    action: Action,
    configuration: Configuration,
    actor: Actor,
    agent: Agent,
    lines: Sequence[ChangeLine],
    progress: Progress,
    *,
    dry: bool,
    all_or_none: bool = False,
) -> Recorded:
    """Checks an agent's lines and, unless `dry`, writes those that aren't refused."""
    refusals = {line.number: _refusal_of_line(agent, line) for line in lines}
    edits = {
        line.number: line.edit
        for line in lines
        if refusals[line.number] is None and isinstance(line.edit, ColumnEdit)
    }
    own = {n: edit for n, edit in edits.items() if _mode(agent, edit.column) is Mode.WRITES}
    suggested = {n: edit for n, edit in edits.items() if n not in own}
    written = plan(action, configuration, actor, list(own.values()), of_agent=True)
    for number, planned in zip(own, written.lines, strict=True):
        refusals[number] = planned.refused
    progress.at(0.3)
    keys = {(edit.run_number, edit.dataset) for edit in edits.values()}
    known_runs = rows.run_states(action.connection, {run for run, _ in keys})
    known = rows.datasets_of_runs(action.connection, {run for run, _ in keys})
    states = action.compact_states(keys & known.keys())
    progress.at(0.5)
    for number, edit in suggested.items():
        refusals[number] = _refusal_of_proposal(edit, configuration, known_runs, known, states)
    if all_or_none:
        _raise_first(refusals)
    version = None
    cells = sum(line.cells for line in written.lines)
    appended = written.appended()
    if appended and not dry:
        comment = f"{agent.title}: {counted(len(appended), 'dataset')}, {counted(cells, 'cell')}"
        version = action.append(agent_author(agent.name), comment, appended)
    proposed = _new_proposals(
        [edit for n, edit in suggested.items() if refusals[n] is None], states, None
    )
    kept = _new_proposals([edit for n, edit in own.items() if refusals[n] is None], states, version)
    if not dry:
        model.add(action.connection, agent, [*proposed, *kept], actor.email)
    progress.at(0.6)
    return Recorded(
        tuple(_recorded_line(line, refusals[line.number]) for line in lines),
        version,
        cells,
        sum(proposal.state is ProposalState.OPEN for proposal in proposed),
        sum(proposal.state is ProposalState.AGREED for proposal in proposed),
        dry,
    )


def _recorded_line(line: ChangeLine, refusal: Refused | None) -> RecordedLine:
    edit = line.edit if isinstance(line.edit, ColumnEdit) else None
    return RecordedLine(line.number, edit, refusal)


def _raise_first(refusals: Mapping[int, Refused | None]) -> None:
    """Raises the first refusal, if there is any."""
    refused = {number: refusal for number, refusal in refusals.items() if refusal is not None}
    if refused:
        number, refusal = next(iter(refused.items()))
        more = len(refused) - 1
        rest = f" {more} more of {len(refusals)} lines are refused." if more else ""
        raise type(refusal)(f"Line {number}: {refusal}{rest}")


def _new_proposals(
    edits: Sequence[ColumnEdit], states: Mapping[DatasetKey, CompactState], version: int | None
) -> list[NewProposal]:
    """The values of an agent as proposals; later lines replace earlier ones.

    Without a version, cells that already agree are separate from those that wait for people.
    """
    cells: dict[tuple[DatasetKey, str], tuple[Codes, dict[Triplet, int]]] = {}
    for edit in edits:
        key = (edit.run_number, edit.dataset)
        if (key, edit.column) not in cells:
            cells[key, edit.column] = (np.zeros(states[key].length, np.int32), {})
        codes, values = cells[key, edit.column]
        code = values.setdefault(edit.triplet, len(values) + 1)
        for first, last in edit.ranges:
            codes[first - 1 : last] = code
    proposals: list[NewProposal] = []
    for (key, column), (codes, values) in cells.items():
        shown = statuses_of_column(states[key], column)
        for triplet, code in values.items():
            mask = codes == code
            same = mask & (shown == place_of(triplet.status))
            parts = (
                [(mask, ProposalState.WRITTEN)]
                if version is not None
                else [(mask & ~same, ProposalState.OPEN), (same, ProposalState.AGREED)]
            )
            proposals += [
                NewProposal(*key, column, ranges_of_mask(part), triplet, state, version)
                for part, state in parts
                if part.any()
            ]
    return proposals


def statuses_of_column(state: CompactState, column: str) -> Statuses:
    """The statuses of a column in each lumisection; 0 means no value."""
    if column not in state.columns:
        return np.zeros(state.length, np.int16)
    places = np.array(
        [0 if triplet is None else place_of(triplet.status) for triplet in state.triplets],
        np.int16,
    )
    return state.per_lumisection(places[state.rr_codes[state.columns.index(column)]])


def _refusal_of_line(agent: Agent, line: ChangeLine) -> Refused | None:
    if line.edit is None:
        return line.problem
    if not isinstance(line.edit, ColumnEdit):
        return BadInput("Agents can set columns only, not DCS bits.")
    if line.edit.column not in agent.by_column:
        return Refused(f"{agent.title} is not registered for {line.edit.column}.")
    return None


def _refusal_of_proposal(
    edit: ColumnEdit,
    configuration: Configuration,
    known_runs: Mapping[int, rows.RunRow],
    known: Mapping[DatasetKey, rows.DatasetRow],
    states: Mapping[DatasetKey, CompactState],
) -> Refused | None:
    """Why a value can't even be proposed. Whether the dataset is open is only checked when the
    proposal is accepted, so that agents can be tried on certified datasets."""
    key = (edit.run_number, edit.dataset)
    try:
        if key not in known or edit.run_number not in known_runs:
            raise NotFound(f"There is no dataset {edit.dataset} of run {edit.run_number}.")
        if known[key].deleted or known_runs[edit.run_number].deleted:
            raise Refused(f"{where(*key)} is hidden.")
        online = edit.dataset == ONLINE
        columns = configuration.online_columns if online else configuration.offline_columns
        edit_rules.check_column(edit.column, columns, "online" if online else "offline datasets")
        edit_rules.check_triplet(edit.triplet)
        edit_rules.check_ranges(edit.ranges, states[key].length, where(*key))
    except Refused as refused:
        return refused
    return None


def _mode(agent: Agent, column: str) -> Mode | None:
    known = agent.by_column.get(column)
    return None if known is None else known.mode


def _check_owner(acting: Acting, agent: Agent) -> None:
    guard = acting.db.guard
    if acting.actor.email == agent.owner or (guard is not None and guard.kind == AGENT):
        # Of which agent a login is, the database judges.
        return
    path = permissions.classifiers_path("component")
    if not configurations.current(acting).permissions.allows(acting.actor, path):
        raise NotPermitted(
            f"{acting.actor.email} may not act for the agent {agent.name}. Its owner {agent.owner}"
            " may, and people who may edit component classifiers."
        )


def check_record(acting: Acting) -> None:
    """Refused without what agents are kept in."""
    if not acting.db.record:
        raise Refused(f"Agents are kept in the schema record, and {acting.db.no_record.why}")
