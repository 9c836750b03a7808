"""Commands on workspaces, columns and rights: `config workspaces`, `config rights` and others."""

from typing import Protocol

from app.cli.arguments import Command, add_command
from app.cli.output import Answer, table, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.domain.configuration.in_force import Workspace
from app.domain.configuration.rights import matrix
from app.domain.counting import counted
from app.domain.json_value import JsonObject, JsonValue
from app.domain.text.names import not_found
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.configuration import workspaces


class _Act(Protocol):
    def __call__(self, acting: Acting, name: str, /, *, online: bool) -> None: ...


def add(group: Commands, common: Parser) -> None:
    """Adds the commands to `config`."""
    add_command(
        group, common, "workspaces", "workspaces and columns, retired ones too", _list, writes=False
    )
    for verb, help_, thing, act in (
        (
            "add-workspace",
            "add or restore a workspace",
            "NAME",
            workspaces.add_workspace,
        ),
        (
            "add-column",
            "add or restore a column",
            "WORKSPACE-NAME",
            workspaces.add_column,
        ),
        (
            "retire-workspace",
            "retire a workspace",
            "NAME",
            workspaces.retire_workspace,
        ),
        (
            "retire-column",
            "retire a column",
            "WORKSPACE-NAME",
            workspaces.retire_column,
        ),
    ):
        parser = add_command(
            group, common, verb, help_, _acting(act, verb.replace("-", " ")), writes=True
        )
        parser.add_argument("name", metavar=thing)
        place = parser.add_mutually_exclusive_group(required=True)
        place.add_argument("--online", action="store_true", help="of online runs")
        place.add_argument("--offline", action="store_true", help="of offline datasets")
    parser = add_command(group, common, "rights", "who may do what", _rights, writes=False)
    parser.add_argument("--egroup", metavar="NAME", help="only rights of this e-group")
    parser.add_argument(
        "--routes",
        action="append",
        metavar="REGEXP",
        help="the rights it would have with these routes; may be repeated",
    )


def _list(program: Program, arguments: Arguments) -> Answer:
    current = configuration.current(program.acting)
    known = [(workspace, False) for workspace in current.workspaces]
    known += [(workspace, True) for workspace in current.retired]
    rows = [
        (
            workspace.name,
            _where(workspace),
            "retired" if retired else "",
            ", ".join(workspace.columns),
        )
        for workspace, retired in known
    ]
    document: JsonValue = {
        "workspaces": [
            {
                "name": workspace.name,
                "online": workspace.online,
                "retired": retired,
                "columns": [*workspace.columns],
            }
            for workspace, retired in known
        ]
    }
    return Answer(document, table(("workspace", "of", "", "columns"), rows))


def _acting(act: _Act, words: str) -> Command:
    done = {"add": "Added", "retire": "Retired"}[words.split(maxsplit=1)[0]]

    def command(program: Program, arguments: Arguments) -> Answer:
        act(program.acting, arguments.name, online=arguments.online)
        where = "online" if arguments.online else "offline"
        document: JsonObject = {"name": arguments.name, "online": arguments.online}
        return Answer(document, f"{done} {words.split()[1]} {arguments.name} ({where}).")

    return command


def _rights(program: Program, arguments: Arguments) -> Answer:
    current = configuration.current(program.acting)
    rows = current.permissions.rows
    known = {egroup for egroup, _ in rows}
    if arguments.egroup is not None and arguments.egroup not in known and not arguments.routes:
        name = arguments.egroup
        raise not_found(f"The permissions have no e-group {name}", name, known)
    if arguments.routes:
        if arguments.egroup is None:
            raise UsageError("--routes requires --egroup.")
        kept = [(egroup, routes) for egroup, routes in rows if egroup != arguments.egroup]
        rows = (*kept, (arguments.egroup, tuple(arguments.routes)))
    lines = [
        line
        for line in matrix(current, rows)
        if arguments.egroup is None or arguments.egroup in line.egroups | line.before
    ]
    document: JsonValue = {
        "rights": [
            {
                "group": line.right.group,
                "action": line.right.action,
                "paths": [*line.right.paths],
                "egroups": [*sorted(line.egroups)],
                "gained": [*sorted(line.gained)],
                "lost": [*sorted(line.lost)],
            }
            for line in lines
        ]
    }
    shown = [
        (
            line.right.group,
            line.right.action,
            ", ".join(
                (
                    *(f"+{name}" for name in sorted(line.gained)),
                    *(f"-{name}" for name in sorted(line.lost)),
                    *sorted(line.egroups - line.gained),
                )
            )
            or "nobody",
        )
        for line in lines
    ]
    text = table(("of", "action", "e-groups"), shown)
    return Answer(document, together((text, f"{counted(len(shown), 'right')}.")))


def _where(workspace: Workspace) -> str:
    return "online" if workspace.online else "offline"
