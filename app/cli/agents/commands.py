"""`agent`: agents, their proposals and their agreement with people."""

from pathlib import Path

from app.cli.agents import runs as agent_runs
from app.cli.arguments import add_command, add_group, positive
from app.cli.arguments import run_number as a_run
from app.cli.certification.bulk import read_file
from app.cli.output import DONE, REFUSED, Answer, ProgressLine, table, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.agents.agreement import Confusion
from app.domain.agents.proposals import (
    Agent,
    AgentColumn,
    Mode,
    Proposal,
    ProposalState,
    parse_agent_column,
)
from app.domain.counting import counted
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import format_ranges
from app.services import names
from app.services.agents import agreement as agent_agreement
from app.services.agents import proposals as agent_proposals
from app.services.agents import registry as agents
from app.services.agents.agreement import Against, Agreement
from app.services.agents.registry import Recorded, Registered

_SHOWN = 40


def add(commands: Commands, common: Parser) -> None:
    """Adds `agent` and its commands."""
    group = add_group(commands, common, "agent", HELP["agent"])
    parser = add_command(
        group,
        common,
        "register",
        "register an agent or a new version",
        _register,
        writes=True,
        example="dt-network --agent-version 1 --proposes dt-dt",
    )
    parser.add_argument("name", metavar="AGENT")
    parser.add_argument("--agent-version", required=True, metavar="V", dest="agent_version")
    parser.add_argument(
        "--writes",
        action="append",
        default=[],
        metavar="C[=PEOPLE]",
        help="column of its own that it writes, and the column of people that it is compared with;"
        " may be repeated",
    )
    parser.add_argument(
        "--proposes",
        action="append",
        default=[],
        metavar="C",
        help="column of people that it proposes values for; may be repeated",
    )
    parser.add_argument(
        "--owner", default="", metavar="EMAIL", help="person responsible for it (you)"
    )
    parser.add_argument(
        "--login", default="", metavar="LOGIN", help="on a guarded database: what it comes in as"
    )
    add_command(
        group, common, "list", "agents and the numbers of their proposals", _list, writes=False
    )
    parser = add_command(
        group,
        common,
        "retire",
        "retire an agent; its past proposals are kept",
        _retire,
        writes=True,
    )
    parser.add_argument("name", metavar="AGENT")
    parser = add_command(
        group, common, "propose", "submit the values of an agent from a file", _propose, writes=True
    )
    parser.add_argument("--agent", required=True, metavar="AGENT", dest="name")
    parser.add_argument(
        "--file",
        required=True,
        type=Path,
        metavar="CSV",
        help="a file of changes; - reads standard input",
    )
    parser.add_argument("--dry-run", action="store_true", help="check every line and write nothing")
    parser.add_argument(
        "--leave-out-refused", action="store_true", help="write the lines that aren't refused"
    )
    agent_runs.add(group, common)
    parser = add_command(
        group, common, "proposals", "proposals of agents", _proposals, writes=False
    )
    parser.add_argument("--run", type=a_run, metavar="N", dest="run")
    parser.add_argument("--dataset", metavar="NAME", default="online")
    parser.add_argument("--agent", metavar="AGENT", dest="name")
    parser.add_argument(
        "--state",
        action="append",
        default=[],
        choices=[state.value for state in ProposalState],
        dest="states",
        help="state of the proposals (open); may be repeated",
    )
    parser.add_argument("--limit", type=positive, default=200, metavar="N", help="at most (200)")
    for verb, help_, command in (
        ("accept", "accept proposals as your own edits, in one version", _accept),
        ("reject", "reject proposals", _reject),
    ):
        parser = add_command(group, common, verb, help_, command, writes=True)
        parser.add_argument("ids", nargs="*", type=positive, metavar="ID")
        parser.add_argument(
            "--run",
            type=a_run,
            metavar="N",
            dest="run",
            help="all open proposals on the dataset of this run instead",
        )
        parser.add_argument("--dataset", metavar="NAME", default="online")
        parser.add_argument(
            "--agent", metavar="AGENT", dest="name", help="only proposals of this agent"
        )
        parser.add_argument("--comment", "--reason", metavar="TEXT", default="")
    parser = add_command(
        group, common, "agreement", "agreement of an agent with people", _agreement, writes=False
    )
    parser.add_argument("name", metavar="AGENT")
    parser.add_argument("--first-run", type=a_run, default=1, metavar="N")
    parser.add_argument("--last-run", type=a_run, default=2**31 - 1, metavar="N")
    parser.add_argument(
        "--against",
        choices=[against.value for against in Against],
        default=Against.PEOPLE.value,
        help="values set by hand, or all present values (people)",
    )


def _register(program: Program, arguments: Arguments) -> Answer:
    columns: list[AgentColumn] = [
        *(parse_agent_column(text, Mode.WRITES) for text in arguments.writes),
        *(parse_agent_column(text, Mode.PROPOSES) for text in arguments.proposes),
    ]
    registered = agents.register(
        program.acting,
        arguments.name,
        arguments.agent_version,
        columns,
        owner=arguments.owner,
        login=arguments.login,
    )
    return Answer(_agent_document(registered.agent), registered.text)


def _list(program: Program, arguments: Arguments) -> Answer:
    program.acting.check_reads_record("Agents")
    agents_ = agents.registered(program.acting)
    rows = [
        (
            registered.agent.name,
            registered.agent.version,
            registered.agent.owner,
            _columns(registered.agent),
            "retired" if registered.agent.retired else "",
            *(
                registered.counts.get(state, "") if registered.agent.retired is None else ""
                for state in (
                    ProposalState.OPEN,
                    ProposalState.ACCEPTED,
                    ProposalState.EDITED,
                    ProposalState.REJECTED,
                )
            ),
        )
        for registered in agents_
    ]
    heads = (
        "agent",
        "version",
        "owner",
        "columns",
        "",
        "open",
        "accepted",
        "edited",
        "rejected",
    )
    text = table(heads, rows, right=heads[5:]) if rows else "No agent is registered."
    return Answer({"agents": [_registered_document(registered) for registered in agents_]}, text)


def _retire(program: Program, arguments: Arguments) -> Answer:
    retired = agents.retire(program.acting, arguments.name)
    agent = retired.agent
    return Answer({"agent": agent.name, "version": agent.version}, retired.text)


def _propose(program: Program, arguments: Arguments) -> Answer:
    content = read_file(arguments.file)
    line = ProgressLine()
    try:
        recorded = agents.propose(
            program.acting,
            arguments.name,
            content,
            dry_run=arguments.dry_run,
            leave_out_refused=arguments.leave_out_refused,
            progress=line.shares("checking"),
        )
    finally:
        line.clear()
    refused = bool(recorded.refused) and arguments.dry_run and not arguments.leave_out_refused
    return Answer(
        _recorded_document(recorded), _recorded_text(recorded), REFUSED if refused else DONE
    )


def _recorded_text(recorded: Recorded) -> str:
    rows = [(line.number, line.refused) for line in recorded.refused[:_SHOWN]]
    lines: list[str] = [table(("line", "why it is refused"), rows, right=("line",))] if rows else []
    if len(recorded.refused) > _SHOWN:
        lines.append(f"and {len(recorded.refused) - _SHOWN} more")
    lines.append(recorded.text)
    if recorded.dry:
        lines[-1] += " Nothing was written."
    return together(lines)


def _recorded_document(recorded: Recorded) -> JsonValue:
    return {
        "atomic_version": recorded.version,
        "cells": recorded.cells,
        "waiting": recorded.waiting,
        "agreed": recorded.agreed,
        "lines": len(recorded.lines),
        "refused": [
            {"line": line.number, "refused": str(line.refused)} for line in recorded.refused
        ],
        "text": recorded.text,
    }


def _proposals(program: Program, arguments: Arguments) -> Answer:
    program.acting.check_reads_record("Proposals")
    _check_names(program, arguments)
    states = [ProposalState(state) for state in arguments.states] or [ProposalState.OPEN]
    proposals = agent_proposals.proposals(
        program.acting,
        run_number=arguments.run,
        dataset=arguments.dataset,
        agent=arguments.name,
        states=states,
        limit=arguments.limit,
    )
    rows = [
        (
            proposal.id,
            f"{proposal.agent} {proposal.agent_version}",
            proposal.run_number,
            proposal.dataset,
            proposal.column,
            format_ranges(proposal.ranges),
            " ".join(filter(None, proposal.triplet)),
            proposal.state.value,
            proposal.decided_by,
        )
        for proposal in proposals
    ]
    heads = ("id", "agent", "run", "dataset", "column", "LS", "value", "", "by")
    shown = ", ".join(state.value for state in states)
    if rows:
        line = f"{counted(len(rows), 'proposal')}, {shown}."
    else:
        line = f"No {f'{shown} ' if len(states) == 1 else ''}proposal matches."
    if not arguments.states:
        line += " --state shows others."
    text = together((table(heads, rows, right=("id",)), line)) if rows else line
    document: JsonObject = {"proposals": [_proposal_document(proposal) for proposal in proposals]}
    return Answer(document, text)


def _accept(program: Program, arguments: Arguments) -> Answer:
    decided = agent_proposals.accept(
        program.acting, _chosen(program, arguments), comment=arguments.comment
    )
    document: JsonObject = {
        "atomic_version": decided.version,
        "proposals": decided.proposals,
        "text": decided.text,
    }
    return Answer(document, decided.text)


def _reject(program: Program, arguments: Arguments) -> Answer:
    decided = agent_proposals.reject(
        program.acting, _chosen(program, arguments), reason=arguments.comment
    )
    return Answer({"proposals": decided.proposals, "text": decided.text}, decided.text)


def _chosen(program: Program, arguments: Arguments) -> list[int]:
    if arguments.ids:
        return list(arguments.ids)
    if arguments.run is None:
        raise UsageError("Give the numbers of the proposals, or --run (with --dataset, --agent).")
    _check_names(program, arguments)
    return [
        proposal.id
        for proposal in agent_proposals.proposals(
            program.acting,
            run_number=arguments.run,
            dataset=arguments.dataset,
            agent=arguments.name,
        )
    ]


def _check_names(program: Program, arguments: Arguments) -> None:
    names.check_agent(program.acting, arguments.name)
    if arguments.run is not None:
        names.check_dataset(program.acting, arguments.run, arguments.dataset)


def _agreement(program: Program, arguments: Arguments) -> Answer:
    names.check_agent(program.acting, arguments.name)
    line = ProgressLine()
    try:
        agreement = agent_agreement.agreement(
            program.acting,
            arguments.name,
            arguments.first_run,
            arguments.last_run,
            against=Against(arguments.against),
            progress=line.shares("comparing"),
        )
    finally:
        line.clear()
    return Answer(_agreement_document(agreement), _agreement_text(agreement))


def _agreement_text(agreement: Agreement) -> str:
    if not agreement.columns:
        return f"{agreement.agent} has no values for these runs."
    lines: list[str] = []
    for column, confusion in agreement.columns.items():
        statuses = confusion.statuses
        lines.append(
            f"{column}: {_percent(confusion.share)} of {counted(confusion.compared, 'LS', 'LS')}"
            f" agree, kappa {_figure(confusion.kappa)};"
            f" set by the agent only: {confusion.only_agent}, by people only:"
            f" {confusion.only_people}"
        )
        rows = [
            (
                agent,
                *(confusion.counts.get((agent, people), "") for people in statuses),
                _percent(confusion.precision(agent)),
                _percent(confusion.recall(agent)),
            )
            for agent in statuses
        ]
        heads = ("agent \\ people", *statuses, "precision", "recall")
        if rows:
            lines.append(table(heads, rows, right=heads[1:]))
    worst = [dataset for dataset in agreement.datasets if dataset.differing][:10]
    if worst:
        rows = [
            (dataset.run_number, dataset.dataset, dataset.column, format_ranges(dataset.differing))
            for dataset in worst
        ]
        lines.append(table(("run", "dataset", "column", "differ in LS"), rows))
    return together(lines)


def _agreement_document(agreement: Agreement) -> JsonValue:
    return {
        "agent": agreement.agent,
        "against": agreement.against.value,
        "columns": {column: _confusion(dataset) for column, dataset in agreement.columns.items()},
        "datasets": [
            {
                "run_number": dataset.run_number,
                "dataset": dataset.dataset,
                "column": dataset.column,
                "judged_by": dataset.judged_by,
                "agent": {**dataset.agent},
                "people": {**dataset.people},
                "differing": [[*range_] for range_ in dataset.differing],
            }
            for dataset in agreement.datasets
        ],
    }


def _confusion(confusion: Confusion) -> JsonObject:
    return {
        "compared": confusion.compared,
        "agreeing": confusion.agreeing,
        "kappa": confusion.kappa,
        "only_agent": confusion.only_agent,
        "only_people": confusion.only_people,
        "counts": [
            {"agent": agent, "people": people, "lumisections": number}
            for (agent, people), number in sorted(confusion.counts.items())
        ],
        "precision": {status: confusion.precision(status) for status in confusion.statuses},
        "recall": {status: confusion.recall(status) for status in confusion.statuses},
    }


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _figure(number: float | None) -> str:
    return "-" if number is None else f"{number:.2f}"


def _columns(agent: Agent) -> str:
    return ", ".join(
        f"{column.column} ({column.mode.value}"
        f"{f', compared with {column.judged_by}' if column.judged_by != column.column else ''})"
        for column in agent.columns
    )


def _agent_document(agent: Agent) -> JsonObject:
    return {
        "name": agent.name,
        "version": agent.version,
        "owner": agent.owner,
        "columns": [
            {"column": column.column, "mode": column.mode.value, "judged_by": column.judged_by}
            for column in agent.columns
        ],
        "registered": agent.registered.isoformat(),
        "retired": None if agent.retired is None else agent.retired.isoformat(),
    }


def _registered_document(registered: Registered) -> JsonObject:
    return {
        **_agent_document(registered.agent),
        "proposals": {state.value: number for state, number in registered.counts.items()},
    }


def _proposal_document(proposal: Proposal) -> JsonObject:
    return {
        "id": proposal.id,
        "agent": proposal.agent,
        "agent_version": proposal.agent_version,
        "run_number": proposal.run_number,
        "dataset": proposal.dataset,
        "column": proposal.column,
        "ranges": [[*range_] for range_ in proposal.ranges],
        "status": proposal.triplet.status,
        "comment": proposal.triplet.comment,
        "cause": proposal.triplet.cause,
        "proposed": proposal.proposed.isoformat(),
        "state": proposal.state.value,
        "decided_by": proposal.decided_by or None,
        "decided": None if proposal.decided is None else proposal.decided.isoformat(),
        "atomic_version": proposal.version,
        "reason": proposal.reason,
    }
