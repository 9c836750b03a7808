"""Machines as authors: registered, heard, and what they say accepted or rejected by people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.agents import proposals as rules
from app.domain.agents.agreement import Statuses, place_of
from app.domain.agents.proposals import Agent, Mode, ProposalState, Speaks
from app.domain.configuration import permissions
from app.domain.configuration.in_force import Configuration
from app.domain.editing import edits as edit_rules
from app.domain.editing.change_file import ChangeLine, parse_changes
from app.domain.editing.edits import ColumnEdit
from app.domain.errors import BadInput, NotFound, NotPermitted, Refused
from app.domain.identity import Actor, agent_author
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import ranges_of_mask
from app.domain.progress import SILENT, Progress
from app.domain.state.compact import CompactState
from app.domain.state.grid import Codes
from app.domain.triplets import Triplet
from app.models import agents as model
from app.models.agents import NewProposal
from app.models.events import rows
from app.models.events.action import Action, begin
from app.services.acting import Acting
from app.services.configuration import in_force as configurations
from app.services.editing.plan import plan, where


@dataclass(frozen=True)
class Registered:
    """An agent with what became of what it said."""

    agent: Agent
    counts: Mapping[ProposalState, int]


@dataclass(frozen=True)
class SpokenLine:
    """What became of a line of an agent's file: `ok`, or why it is refused."""

    number: int
    edit: ColumnEdit | None
    refused: Refused | None


@dataclass(frozen=True)
class Spoken:
    """What an agent said, line by line: cells written in its own columns under `version`, and
    proposals that wait for people or that agree with what holds already."""

    lines: tuple[SpokenLine, ...]
    version: int | None
    cells: int
    waiting: int
    agreed: int
    dry: bool

    @property
    def refused(self) -> tuple[SpokenLine, ...]:
        """Lines that were left out."""
        return tuple(line for line in self.lines if line.refused is not None)

    @property
    def text(self) -> str:
        """The outcome in a sentence."""
        would = "would " if self.dry else ""
        parts = []
        if self.cells:
            parts.append(f"{self.cells} cells {would}change in its own columns".replace("  ", " "))
        if self.waiting:
            parts.append(f"{number_of(self.waiting, 'proposal')} {would}wait for people")
        if self.agreed:
            parts.append(
                f"{number_of(self.agreed, 'proposal')} {would}agree with what holds already"
            )
        if self.refused:
            parts.append(f"{number_of(len(self.refused), 'line')} refused")
        return ("; ".join(parts) or "Nothing new was said") + "."


def register(
    acting: Acting,
    name: str,
    version: str,
    columns: Sequence[Speaks],
    *,
    owner: str = "",
) -> Agent:
    """Registers an agent, or a new version of one, which takes the place of the one before.

    It takes the right to edit component classifiers, the other automatic authors.
    """
    _check_desk(acting)
    configuration = configurations.current(acting)
    configuration.permissions.check(acting.actor, permissions.classifiers_path("component"))
    known = {*configuration.online_columns, *configuration.offline_columns}
    checked = rules.check_columns(columns, known)
    with acting.db.transaction() as connection:
        made = model.register(
            connection,
            rules.check_name(name),
            rules.check_version(version),
            owner.strip() or acting.actor.email,
            checked,
        )
        model.announce(connection)
    return made


def retire(acting: Acting, name: str) -> Agent:
    """The agent speaks no longer; what it said stays. Its owner may do that, too."""
    agent = in_force(acting, name)
    _check_owner(acting, agent)
    with acting.db.transaction() as connection:
        model.retire(connection, agent.id)
        model.announce(connection)
    return agent


def registered(acting: Acting) -> tuple[Registered, ...]:
    """All agents by name, of each the newest version first."""
    if not acting.db.desk:
        return ()
    with acting.db.read() as connection:
        counts = model.count_by_state(connection)
        return tuple(
            Registered(agent, counts.get(agent.name, {})) for agent in model.agents(connection)
        )


def in_force(acting: Acting, name: str) -> Agent:
    """The version of an agent that may speak. Raises NotFound."""
    _check_desk(acting)
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
) -> Spoken:
    """Hears a file of an agent, a file of changes in form, as one action or not at all.

    Words on columns that it writes become one version by `auto@auto - {name}`; words on columns
    that it proposes for wait for people. Raises the first refusal, unless refused lines are left
    out; with `dry_run` nothing is written, and refusals are in the answer.
    """
    agent = in_force(acting, name)
    _check_owner(acting, agent)
    lines = parse_changes(content)
    configuration = configurations.current(acting)
    progress.at(0.05)
    if dry_run:
        with acting.db.read() as connection:
            return _hear(
                Action(connection, acting.db.desk),
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
        spoken = _hear(
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
    return spoken


def _hear(
    action: Action,
    configuration: Configuration,
    actor: Actor,
    agent: Agent,
    lines: Sequence[ChangeLine],
    progress: Progress,
    *,
    dry: bool,
    all_or_none: bool = False,
) -> Spoken:
    """Sorts out an agent's lines and, unless `dry`, keeps and writes what isn't refused."""
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
    first = next((number for number, refusal in refusals.items() if refusal is not None), None)
    if first is not None and all_or_none:
        refusal = refusals[first]
        assert refusal is not None
        more = sum(each is not None for each in refusals.values()) - 1
        rest = f" {more} more of {len(lines)} lines are refused." if more else ""
        raise type(refusal)(f"Line {first}: {refusal}{rest}")
    version = None
    cells = sum(line.cells for line in written.lines)
    appended = written.appended()
    if appended and not dry:
        comment = f"{agent.title}: {number_of(len(appended), 'dataset')}, {cells} cells"
        version = action.append(agent_author(agent.name), comment, appended)
    heard = [n for n in suggested if refusals[n] is None]
    fresh = _new_proposals([suggested[n] for n in heard], states, None)
    kept = [n for n in own if refusals[n] is None]
    spoken = _new_proposals([own[n] for n in kept], states, version)
    if not dry:
        model.add(action.connection, agent, [*fresh, *spoken])
    progress.at(0.6)
    return Spoken(
        tuple(
            SpokenLine(
                line.number,
                line.edit if isinstance(line.edit, ColumnEdit) else None,
                refusals[line.number],
            )
            for line in lines
        ),
        version,
        cells,
        sum(each.state is ProposalState.OPEN for each in fresh),
        sum(each.state is ProposalState.AGREED for each in fresh),
        dry,
    )


def _new_proposals(
    edits: Sequence[ColumnEdit], states: Mapping[DatasetKey, CompactState], version: int | None
) -> list[NewProposal]:
    """An agent's words, later ones over earlier ones; written ones under a version, else those
    that wait apart from those with which the cells agree already."""
    cells: dict[tuple[DatasetKey, str], tuple[Codes, dict[Triplet, int]]] = {}
    for edit in edits:
        key = (edit.run_number, edit.dataset)
        if (key, edit.column) not in cells:
            cells[key, edit.column] = (np.zeros(states[key].length, np.int32), {})
        codes, values = cells[key, edit.column]
        code = values.setdefault(edit.triplet, len(values) + 1)
        for first, last in edit.ranges:
            codes[first - 1 : last] = code
    found: list[NewProposal] = []
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
            found += [
                NewProposal(*key, column, ranges_of_mask(part), triplet, state, version)
                for part, state in parts
                if part.any()
            ]
    return found


def statuses_of_column(state: CompactState, column: str) -> Statuses:
    """What a column shows in each lumisection, as places of statuses; 0 is no word."""
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
        return BadInput("An agent speaks for columns, not for DCS bits.")
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
    """Why a word can't even be proposed; whether the dataset is open is asked when it is accepted,
    so that agents may be tried on what is certified already."""
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
    speaks = agent.by_column.get(column)
    return None if speaks is None else speaks.mode


def _check_owner(acting: Acting, agent: Agent) -> None:
    if acting.actor.email == agent.owner:
        return
    path = permissions.classifiers_path("component")
    if not configurations.current(acting).permissions.allows(acting.actor, path):
        raise NotPermitted(
            f"{acting.actor.email} may not speak for {agent.name}: its owner {agent.owner} may, and"
            " whoever may edit component classifiers."
        )


def _check_desk(acting: Acting) -> None:
    if not acting.db.desk:
        raise Refused(
            "Agents are kept in the schema desk, which this database doesn't let this login have:"
            " ask its administrator for it."
        )


def number_of(number: int, thing: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
