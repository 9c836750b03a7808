"""`agent`: machines as authors; what they propose, what people make of it, how far they agree."""

from pathlib import Path

from app.cli.arguments import Arguments, Commands, Parser, add_command, add_group, positive
from app.cli.arguments import run_number as a_run
from app.cli.bulk import read_file
from app.cli.output import DONE, REFUSED, Answer, Progress, UsageError, number_of, table, together
from app.cli.program import Program
from app.domain.agents import Agent, Mode, Proposal, ProposalState, Speaks, parse_speaks
from app.domain.agreement import Confusion
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import format_ranges
from app.services import agent_agreement, agent_proposals, agents, names
from app.services.agent_agreement import Against, Agreement
from app.services.agents import Registered, Spoken

_SHOWN = 40


def add(commands: Commands, common: Parser) -> None:
    """Adds `agent` and its commands."""
    group = add_group(commands, common, "agent", "machines as authors: what they say and propose")
    parser = add_command(
        group, common, "register", "make an agent, or its new version, known", _register
    )
    parser.add_argument("name", metavar="AGENT")
    parser.add_argument("--agent-version", required=True, metavar="V", dest="agent_version")
    parser.add_argument(
        "--writes",
        action="append",
        default=[],
        metavar="C[=JUDGED]",
        help="column of its own that it writes, and the one of people that it is judged by;"
        " may be given again",
    )
    parser.add_argument(
        "--proposes",
        action="append",
        default=[],
        metavar="C",
        help="column of people that it makes proposals for; may be given again",
    )
    parser.add_argument("--owner", default="", metavar="EMAIL", help="who answers for it (you)")
    add_command(group, common, "list", "agents and what became of what they said", _list)
    parser = add_command(group, common, "retire", "an agent speaks no longer", _retire)
    parser.add_argument("name", metavar="AGENT")
    parser = add_command(group, common, "propose", "what an agent says, from a file", _propose)
    parser.add_argument("--agent", required=True, metavar="AGENT", dest="name")
    parser.add_argument(
        "--file",
        required=True,
        type=Path,
        metavar="CSV",
        help="as a file of changes; - is the input",
    )
    parser.add_argument("--dry-run", action="store_true", help="report each line and keep nothing")
    parser.add_argument(
        "--leave-out-refused", action="store_true", help="keep the lines that aren't refused"
    )
    parser = add_command(group, common, "proposals", "what agents propose", _proposals)
    parser.add_argument("--run", type=a_run, metavar="N", dest="run")
    parser.add_argument("--dataset", metavar="NAME", default="online")
    parser.add_argument("--agent", metavar="AGENT", dest="name")
    parser.add_argument(
        "--state",
        action="append",
        default=[],
        choices=[state.value for state in ProposalState],
        dest="states",
        help="open ones unless given; may be given again",
    )
    parser.add_argument("--limit", type=positive, default=200, metavar="N", help="at most (200)")
    for word, help_, command in (
        ("accept", "make proposals your own word, as one version", _accept),
        ("reject", "say no to proposals", _reject),
    ):
        parser = add_command(group, common, word, help_, command)
        parser.add_argument("ids", nargs="*", type=positive, metavar="ID")
        parser.add_argument(
            "--run",
            type=a_run,
            metavar="N",
            dest="run",
            help="all that are open on this run's dataset instead",
        )
        parser.add_argument("--dataset", metavar="NAME", default="online")
        parser.add_argument("--agent", metavar="AGENT", dest="name", help="only of this agent")
        parser.add_argument("--comment", metavar="TEXT", default="")
    parser = add_command(
        group, common, "agreement", "how far an agent agrees with people", _agreement
    )
    parser.add_argument("name", metavar="AGENT")
    parser.add_argument("--first-run", type=a_run, default=1, metavar="N")
    parser.add_argument("--last-run", type=a_run, default=2**31 - 1, metavar="N")
    parser.add_argument(
        "--against",
        choices=[each.value for each in Against],
        default=Against.PEOPLE.value,
        help="what people set by hand, or all that holds now (people)",
    )


def _register(program: Program, arguments: Arguments) -> Answer:
    columns: list[Speaks] = [
        *(parse_speaks(each, Mode.WRITES) for each in arguments.writes),
        *(parse_speaks(each, Mode.PROPOSES) for each in arguments.proposes),
    ]
    made = agents.register(
        program.db,
        program.actor,
        arguments.name,
        arguments.agent_version,
        columns,
        owner=arguments.owner,
    )
    return Answer(_agent_document(made), f"Registered {made.title}, owner {made.owner}.")


def _list(program: Program, arguments: Arguments) -> Answer:
    found = agents.registered(program.db)
    rows = [
        (
            each.agent.name,
            each.agent.version,
            each.agent.owner,
            _speaks(each.agent),
            "retired" if each.agent.retired else "",
            *(
                each.counts.get(state, "") if each.agent.retired is None else ""
                for state in (
                    ProposalState.OPEN,
                    ProposalState.ACCEPTED,
                    ProposalState.EDITED,
                    ProposalState.REJECTED,
                )
            ),
        )
        for each in found
    ]
    heads = (
        "agent",
        "version",
        "owner",
        "speaks for",
        "",
        "open",
        "accepted",
        "edited",
        "rejected",
    )
    text = table(heads, rows, right=heads[5:]) if rows else "No agent is registered."
    return Answer({"agents": [_registered_document(each) for each in found]}, text)


def _retire(program: Program, arguments: Arguments) -> Answer:
    retired = agents.retire(program.db, program.actor, arguments.name)
    return Answer({"agent": retired.name, "version": retired.version}, f"Retired {retired.title}.")


def _propose(program: Program, arguments: Arguments) -> Answer:
    content = read_file(arguments.file)
    progress = Progress()
    try:
        spoken = agents.propose(
            program.db,
            program.actor,
            arguments.name,
            content,
            dry_run=arguments.dry_run,
            leave_out_refused=arguments.leave_out_refused,
            progress=lambda share: progress.say(f"hearing {share:.0%}"),
        )
    finally:
        progress.clear()
    refused = bool(spoken.refused) and arguments.dry_run and not arguments.leave_out_refused
    return Answer(_spoken_document(spoken), _spoken_text(spoken), REFUSED if refused else DONE)


def _spoken_text(spoken: Spoken) -> str:
    rows = [(line.number, line.refused) for line in spoken.refused[:_SHOWN]]
    lines: list[str] = [table(("line", "why it is refused"), rows, right=("line",))] if rows else []
    if len(spoken.refused) > _SHOWN:
        lines.append(f"and {len(spoken.refused) - _SHOWN} more")
    lines.append(spoken.text)
    if spoken.version is not None:
        lines[-1] += f" Version {spoken.version}."
    if spoken.dry:
        lines[-1] += " Nothing was kept."
    return together(lines)


def _spoken_document(spoken: Spoken) -> JsonValue:
    return {
        "atomic_version": spoken.version,
        "cells": spoken.cells,
        "waiting": spoken.waiting,
        "agreed": spoken.agreed,
        "lines": len(spoken.lines),
        "refused": [{"line": line.number, "refused": str(line.refused)} for line in spoken.refused],
        "text": spoken.text,
    }


def _proposals(program: Program, arguments: Arguments) -> Answer:
    _check_names(program, arguments)
    states = [ProposalState(each) for each in arguments.states] or [ProposalState.OPEN]
    found = agent_proposals.proposals(
        program.db,
        run_number=arguments.run,
        dataset=arguments.dataset,
        agent=arguments.name,
        states=states,
        limit=arguments.limit,
    )
    rows = [
        (
            each.id,
            f"{each.agent} {each.agent_version}",
            each.run_number,
            each.dataset,
            each.column,
            format_ranges(each.ranges),
            " ".join(filter(None, each.triplet)),
            each.state.value,
            each.decided_by,
        )
        for each in found
    ]
    heads = ("id", "agent", "run", "dataset", "column", "LS", "says", "", "by")
    shown = ", ".join(each.value for each in states)
    if rows:
        line = f"{number_of(len(rows), 'proposal')}, {shown}."
    else:
        line = f"No {f'{shown} ' if len(states) == 1 else ''}proposal is like that."
    if not arguments.states:
        line += " --state shows others."
    text = together((table(heads, rows, right=("id",)), line)) if rows else line
    return Answer({"proposals": [_proposal_document(each) for each in found]}, text)


def _accept(program: Program, arguments: Arguments) -> Answer:
    done = agent_proposals.accept(
        program.db, program.actor, _chosen(program, arguments), comment=arguments.comment
    )
    text = done.text if done.version is None else f"{done.text} Version {done.version}."
    return Answer(
        {"atomic_version": done.version, "proposals": done.proposals, "text": done.text}, text
    )


def _reject(program: Program, arguments: Arguments) -> Answer:
    done = agent_proposals.reject(
        program.db, program.actor, _chosen(program, arguments), reason=arguments.comment
    )
    return Answer({"proposals": done.proposals, "text": done.text}, done.text)


def _chosen(program: Program, arguments: Arguments) -> list[int]:
    if arguments.ids:
        return list(arguments.ids)
    if arguments.run is None:
        raise UsageError("Which proposals? Name their numbers, or --run (and --dataset, --agent).")
    _check_names(program, arguments)
    return [
        each.id
        for each in agent_proposals.proposals(
            program.db,
            run_number=arguments.run,
            dataset=arguments.dataset,
            agent=arguments.name,
        )
    ]


def _check_names(program: Program, arguments: Arguments) -> None:
    names.check_agent(program.db, arguments.name)
    if arguments.run is not None:
        names.check_dataset(program.db, arguments.run, arguments.dataset)


def _agreement(program: Program, arguments: Arguments) -> Answer:
    names.check_agent(program.db, arguments.name)
    progress = Progress()
    try:
        found = agent_agreement.agreement(
            program.db,
            arguments.name,
            arguments.first_run,
            arguments.last_run,
            against=Against(arguments.against),
            progress=lambda share: progress.say(f"comparing {share:.0%}"),
        )
    finally:
        progress.clear()
    return Answer(_agreement_document(found), _agreement_text(found))


def _agreement_text(found: Agreement) -> str:
    if not found.columns:
        return f"{found.agent} said nothing about these runs."
    lines: list[str] = []
    for column, confusion in found.columns.items():
        statuses = confusion.statuses
        lines.append(
            f"{column}: {_percent(confusion.share)} of {number_of(confusion.compared, 'LS', 'LS')}"
            f" agree, kappa {_figure(confusion.kappa)};"
            f" only the agent spoke in {confusion.only_agent}, only people in"
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
    worst = [each for each in found.datasets if each.differing][:10]
    if worst:
        rows = [
            (each.run_number, each.dataset, each.column, format_ranges(each.differing))
            for each in worst
        ]
        lines.append(table(("run", "dataset", "column", "differ in LS"), rows))
    return together(lines)


def _agreement_document(found: Agreement) -> JsonValue:
    return {
        "agent": found.agent,
        "against": found.against.value,
        "columns": {column: _confusion(each) for column, each in found.columns.items()},
        "datasets": [
            {
                "run_number": each.run_number,
                "dataset": each.dataset,
                "column": each.column,
                "judged_by": each.judged_by,
                "agent": {**each.agent},
                "people": {**each.people},
                "differing": [[*range_] for range_ in each.differing],
            }
            for each in found.datasets
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


def _speaks(agent: Agent) -> str:
    return ", ".join(
        f"{each.column} ({each.mode.value}"
        f"{f', judged by {each.judged_by}' if each.judged_by != each.column else ''})"
        for each in agent.columns
    )


def _agent_document(agent: Agent) -> JsonObject:
    return {
        "name": agent.name,
        "version": agent.version,
        "owner": agent.owner,
        "columns": [
            {"column": each.column, "mode": each.mode.value, "judged_by": each.judged_by}
            for each in agent.columns
        ],
        "registered": agent.registered.isoformat(),
        "retired": None if agent.retired is None else agent.retired.isoformat(),
    }


def _registered_document(each: Registered) -> JsonObject:
    return {
        **_agent_document(each.agent),
        "proposals": {state.value: number for state, number in each.counts.items()},
    }


def _proposal_document(each: Proposal) -> JsonObject:
    return {
        "id": each.id,
        "agent": each.agent,
        "agent_version": each.agent_version,
        "run_number": each.run_number,
        "dataset": each.dataset,
        "column": each.column,
        "ranges": [[*range_] for range_ in each.ranges],
        "status": each.triplet.status,
        "comment": each.triplet.comment,
        "cause": each.triplet.cause,
        "proposed": each.proposed.isoformat(),
        "state": each.state.value,
        "decided_by": each.decided_by or None,
        "decided": None if each.decided is None else each.decided.isoformat(),
        "atomic_version": each.version,
        "reason": each.reason,
    }
