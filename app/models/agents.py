"""Agents, their proposals and what became of them: rows of the schema `record`, only added."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy import exc as sa_exc

from app.domain.agents.proposals import Agent, AgentColumn, Mode, Proposal, ProposalState
from app.domain.errors import Conflict, NotFound, Refused
from app.domain.json_value import as_object
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange, ranges_in
from app.domain.text.names import not_found
from app.domain.triplets import Triplet
from app.models.database import outcome
from app.models.database.listen import CHANNEL
from app.models.statements import text

_STATES = frozenset(each.value for each in ProposalState)
_OF_PEOPLE = "('accepted', 'edited', 'rejected')"
_COLUMNS = (
    'p.id, a.name, a.version, p.run_number, p.name, p."column", p.ranges, p.status, p.comment,'
    " p.cause, p.proposed, coalesce(d.state, 'open'),"
    f" CASE WHEN d.state IN {_OF_PEOPLE} THEN coalesce(d.\"by\", '') ELSE '' END,"
    " d.\"at\", d.version, coalesce(d.reason, '')"
)
_PROPOSALS = (
    "record.proposal p JOIN record.agent a ON a.id = p.agent"
    " LEFT JOIN record.proposal_decision d ON d.proposal = p.id"
)
_SPEAKING = 0x52524454
"""First key of the locks of agents; the second is a hash of the name."""
_PATIENCE = "30s"
_UNDECIDED = "NOT EXISTS (SELECT FROM record.proposal_decision d WHERE d.proposal = p.id)"


class NewProposal(Struct, frozen=True):
    """A proposal to store; `version` is the one that wrote it, if it was written at once."""

    run_number: int
    dataset: str
    column: str
    ranges: tuple[LumiRange, ...]
    triplet: Triplet
    state: ProposalState
    version: int | None = None


class Waiting(Struct, frozen=True):
    """Proposals of one agent on one dataset that nobody has decided on."""

    run_number: int
    dataset: str
    agent: str
    columns: tuple[str, ...]
    proposals: int


def register(
    connection: Connection, name: str, version: str, owner: str, columns: Sequence[AgentColumn]
) -> Agent:
    """Registers a new version of an agent, which replaces the one in force."""
    try:
        added = connection.execute(
            text(
                "INSERT INTO record.agent (name, version, owner, columns)"
                " VALUES (:name, :version, :owner, CAST(:columns AS jsonb))"
                " RETURNING id, registered"
            ),
            {
                "name": name,
                "version": version,
                "owner": owner,
                "columns": json.dumps(
                    {each.column: [each.mode.value, each.judged_by] for each in columns}
                ),
            },
        ).one()
    except sa_exc.IntegrityError as error:
        raise Conflict(
            f"Version {version} of {name} is already registered and can't be changed. Register"
            " another version."
        ) from error
    outcome.leave_row(connection, "record.agent", added)
    return next(each for each in agents(connection) if each.id == added.id)


def retire(connection: Connection, id_: int, by: str) -> None:
    """Retires a version of an agent."""
    connection.execute(
        text(
            'INSERT INTO record.agent_retirement (agent, "by") VALUES (:id, :by)'
            " ON CONFLICT DO NOTHING"
        ),
        {"id": id_, "by": by},
    )
    # Whoever else retired it: that is what was wanted.
    outcome.leave(connection, "record.agent_retirement", {"agent": id_})


def agents(connection: Connection, name: str | None = None) -> list[Agent]:
    """Agents by name, the newest version of an agent first; only of one name if given.

    A version is retired by hand, or by the next one.
    """
    rows = connection.execute(
        text(
            "SELECT id, name, version, owner, columns, registered,"
            '  coalesce("at", lead(registered) OVER (PARTITION BY name ORDER BY id))'
            " FROM record.agent LEFT JOIN record.agent_retirement ON agent = id"
            " WHERE CAST(:name AS text) IS NULL OR name = :name"
            " ORDER BY lower(name), name, id DESC"
        ),
        {"name": name},
    )
    return [
        Agent(id_, name, version, owner, _speaks(columns), registered, retired)
        for id_, name, version, owner, columns, registered, retired in rows
    ]


def add(connection: Connection, agent: Agent, proposals: Sequence[NewProposal], by: str) -> None:
    """Stores proposals; open ones on the same columns of the same datasets are superseded.
    Waits while the agent speaks elsewhere, so that the second supersedes what the first says;
    Unavailable after 30 s."""
    if not proposals:
        return
    _speak_alone(connection, agent)
    connection.execute(
        text(
            'INSERT INTO record.proposal_decision (proposal, state, "by")'
            " SELECT p.id, 'superseded', :by FROM (SELECT DISTINCT * FROM unnest("
            "   CAST(:runs AS int[]), CAST(:names AS text[]), CAST(:columns AS text[])))"
            '   AS fresh(run_number, name, "column")'
            " JOIN record.proposal p ON p.run_number = fresh.run_number AND p.name = fresh.name"
            '  AND p."column" = fresh."column"'
            " JOIN record.agent a ON a.id = p.agent AND a.name = :agent"
            f" WHERE {_UNDECIDED} ORDER BY p.id ON CONFLICT DO NOTHING"
        ),
        {**_columns_of(proposals), "agent": agent.name, "by": by},
    )
    added = connection.execute(
        text(
            'INSERT INTO record.proposal (agent, run_number, name, "column", ranges, status,'
            "  comment, cause)"
            ' SELECT :agent, run_number, name, "column", ranges::jsonb, status, comment, cause'
            " FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[]), CAST(:columns AS text[]),"
            "  CAST(:ranges AS text[]), CAST(:statuses AS text[]), CAST(:comments AS text[]),"
            "  CAST(:causes AS text[])) WITH ORDINALITY"
            '  AS new(run_number, name, "column", ranges, status, comment, cause, place)'
            " ORDER BY place RETURNING id, proposed"
        ),
        {
            **_columns_of(proposals),
            "agent": agent.id,
            "ranges": [json.dumps([[*each] for each in new.ranges]) for new in proposals],
            "statuses": [new.triplet.status for new in proposals],
            "comments": [new.triplet.comment for new in proposals],
            "causes": [new.triplet.cause for new in proposals],
        },
    ).all()
    outcome.leave_row(connection, "record.proposal", added[0])
    decided = [
        (id_, new.state.value, new.version)
        for id_, new in zip(sorted(row.id for row in added), proposals, strict=True)
        if new.state is not ProposalState.OPEN
    ]
    connection.execute(
        text(
            'INSERT INTO record.proposal_decision (proposal, state, "by", version)'
            " SELECT id, state, :by, version FROM unnest(CAST(:ids AS bigint[]),"
            "  CAST(:states AS text[]), CAST(:versions AS int[])) AS decided(id, state, version)"
        ),
        {
            "by": by,
            "ids": [id_ for id_, _, _ in decided],
            "states": [state for _, state, _ in decided],
            "versions": [version for _, _, version in decided],
        },
    )


def _speak_alone(connection: Connection, agent: Agent) -> None:
    """Waits until the agent speaks nowhere else, for the rest of the transaction."""
    connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:family, hashtext(:agent))"),
        {"family": _SPEAKING, "agent": agent.name},
    )


def withdraw(connection: Connection, agent: str, ids: Collection[int], by: str) -> None:
    """Supersedes open proposals of an agent by nothing."""
    stored = connection.execute(
        text(
            'INSERT INTO record.proposal_decision (proposal, state, "by")'
            " SELECT p.id, 'superseded', :by"
            " FROM record.proposal p JOIN record.agent a ON a.id = p.agent"
            f" WHERE p.id = ANY(:ids) AND a.name = :agent AND {_UNDECIDED}"
            " ORDER BY p.id ON CONFLICT DO NOTHING RETURNING proposal, at"
        ),
        {"ids": sorted(ids), "agent": agent, "by": by},
    ).all()
    if stored:
        outcome.leave_row(connection, "record.proposal_decision", stored[0])


def proposals(
    connection: Connection,
    *,
    ids: Collection[int] | None = None,
    key: DatasetKey | None = None,
    agent: str | None = None,
    states: Collection[ProposalState] | None = None,
    runs: tuple[int, int] | None = None,
    limit: int | None = None,
) -> list[Proposal]:
    """Proposals in the order they were made; with `limit` the newest ones, the newest first."""
    conditions = {
        "p.id = ANY(:ids)": None if ids is None else ("ids", sorted(ids)),
        "p.run_number = :run": None if key is None else ("run", key[0]),
        "p.name = :name": None if key is None else ("name", key[1]),
        "a.name = :agent": None if agent is None else ("agent", agent),
        "coalesce(d.state, 'open') = ANY(:states)": None
        if states is None
        else ("states", [state.value for state in states]),
        "p.run_number >= :first": None if runs is None else ("first", runs[0]),
        "p.run_number <= :last": None if runs is None else ("last", runs[1]),
    }
    given = {condition: pair for condition, pair in conditions.items() if pair is not None}
    order = "p.id" if limit is None else "p.id DESC LIMIT :limit"
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM {_PROPOSALS}"
            f" WHERE {' AND '.join(['true', *given])} ORDER BY {order}"
        ),
        {**dict(given.values()), **({} if limit is None else {"limit": limit})},
    )
    # What somebody has made of one in another way is nothing that can be shown.
    return [_proposal(row) for row in rows if row[11] in _STATES]


def decide(
    connection: Connection,
    ids: Collection[int],
    state: ProposalState,
    by: str,
    *,
    version: int | None = None,
    reason: str = "",
) -> None:
    """Stores the decision of a person. Raises Conflict when somebody decided meanwhile."""
    stored = connection.execute(
        text(
            'INSERT INTO record.proposal_decision (proposal, state, "by", version, reason)'
            " SELECT id, :state, :by, :version, :reason"
            " FROM unnest(CAST(:ids AS bigint[])) AS id ORDER BY id"
            " ON CONFLICT DO NOTHING RETURNING proposal, at"
        ),
        {
            "state": state.value,
            "by": by,
            "version": version,
            "reason": reason,
            "ids": sorted(ids),
        },
    ).all()
    if {row.proposal for row in stored} != set(ids):
        open_ones(connection, ids)
    if stored:
        outcome.leave_row(connection, "record.proposal_decision", stored[0])


def waiting(
    connection: Connection, *, agent: str | None = None, limit: int = 1_000
) -> list[Waiting]:
    """Open proposals by dataset and agent, the newest runs first."""
    rows = connection.execute(
        text(
            'SELECT p.run_number, p.name, a.name, array_agg(DISTINCT p."column"), count(*)'
            " FROM record.proposal p JOIN record.agent a ON a.id = p.agent"
            f" WHERE {_UNDECIDED}"
            "  AND (CAST(:agent AS text) IS NULL OR a.name = :agent)"
            " GROUP BY p.run_number, p.name, a.name"
            " ORDER BY p.run_number DESC, p.name, a.name LIMIT :limit"
        ),
        {"agent": agent, "limit": limit},
    )
    return [
        Waiting(run, name, by, tuple(columns), number) for run, name, by, columns, number in rows
    ]


def count_by_state(connection: Connection) -> dict[str, dict[ProposalState, int]]:
    """Numbers of proposals by agent and state."""
    rows = connection.execute(
        text(f"SELECT a.name, coalesce(d.state, 'open'), count(*) FROM {_PROPOSALS} GROUP BY 1, 2")
    )
    found: dict[str, dict[ProposalState, int]] = {}
    for name, state, number in rows:
        if state not in _STATES:
            continue
        found.setdefault(name, {})[ProposalState(state)] = number
    return found


def in_force(connection: Connection, name: str) -> Agent:
    """The version of an agent that is in force. Raises NotFound."""
    known = agents(connection, name)
    found = next((agent for agent in known if agent.retired is None), None)
    if found is not None:
        return found
    if known:
        raise NotFound(f"The agent {name} is retired: register a new version of it first.")
    raise no_agent(connection, name)


def no_agent(connection: Connection, name: str) -> Refused:
    """There is no agent of that name, not even a retired one."""
    known = {agent.name for agent in agents(connection)}
    if known:
        return not_found(f"There is no agent {name}", name, known)
    return NotFound(f"There is no agent {name}. Register it with `agent register`.")


def open_ones(connection: Connection, ids: Collection[int]) -> list[Proposal]:
    """Open proposals; refused if any is decided."""
    found = proposals(connection, ids=ids)
    missing = set(ids) - {each.id for each in found}
    if missing:
        raise NotFound(f"There is no proposal {min(missing)}.")
    for each in found:
        if each.state is not ProposalState.OPEN:
            by = f" by {each.decided_by}" if each.decided_by else ""
            raise Conflict(
                f"Proposal {each.id} of {each.agent} on {each.column} of {each.dataset} of"
                f" run {each.run_number} is already {each.state.value}{by}."
                " Look at what is there now."
            )
    return found


def announce(connection: Connection) -> None:
    """Notifies every open window."""
    connection.execute(
        text("SELECT pg_notify(:channel, :what)"),
        {"channel": CHANNEL, "what": "proposals"},
    )


def _columns_of(proposals: Sequence[NewProposal]) -> dict[str, Sequence[object]]:
    return {
        "runs": [new.run_number for new in proposals],
        "names": [new.dataset for new in proposals],
        "columns": [new.column for new in proposals],
    }


def _speaks(columns: object) -> tuple[AgentColumn, ...]:
    return tuple(
        AgentColumn(column, Mode(mode), judged_by)
        for column, said in as_object(columns).items()
        for mode, judged_by in _how(said)
    )


def _how(said: object) -> tuple[tuple[str, str], ...]:
    """How an agent speaks for a column, and who judges it; nothing where that can't be read."""
    match said:
        case [str(mode), str(judged_by)] if mode in {each.value for each in Mode}:
            return ((mode, judged_by),)
    return ()


def _proposal(row: Any) -> Proposal:
    id_, agent, agent_version, run_number, dataset, column, ranges = row[:7]
    status, comment, cause, proposed, state, decided_by, decided, version, reason = row[7:]
    return Proposal(
        id_,
        agent,
        agent_version,
        run_number,
        dataset,
        column,
        ranges_in(ranges),
        Triplet(status, comment, cause),
        proposed,
        ProposalState(state),
        decided_by,
        decided,
        version,
        reason,
    )
