"""Commands on workspaces, columns and rights: `config workspaces`, `config rights` and others."""

from typing import Protocol

from app.cli.arguments import Arguments, Command, Commands, Parser, add_command
from app.cli.output import Answer, UsageError, number_of, table, together
from app.cli.program import Program
from app.domain.configuration.in_force import Workspace
from app.domain.configuration.rights import matrix
from app.domain.json_value import JsonObject, JsonValue
from app.domain.text.names import not_found
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.configuration import workspaces


class _Act(Protocol):
    def __call__(self, acting: Acting, name: str, /, *, online: bool) -> None: ...


def add(group: Commands, common: Parser) -> None:
    """Adds the commands to `config`."""
    add_command(group, common, "workspaces", "workspaces and columns, retired ones too", _list)
    for word, help_, thing, act in (
        ("add-workspace", "a workspace, or one that was retired", "NAME", workspaces.add_workspace),
        (
            "add-column",
            "a column, or one that was retired",
            "WORKSPACE-NAME",
            workspaces.add_column,
        ),
        ("retire-workspace", "take a workspace out of use", "NAME", workspaces.retire_workspace),
        ("retire-column", "take a column out of use", "WORKSPACE-NAME", workspaces.retire_column),
    ):
        parser = add_command(group, common, word, help_, _acting(act, word.replace("-", " ")))
        parser.add_argument("name", metavar=thing)
        place = parser.add_mutually_exclusive_group(required=True)
        place.add_argument("--online", action="store_true", help="of online runs")
        place.add_argument("--offline", action="store_true", help="of offline datasets")
    parser = add_command(group, common, "rights", "who may do what", _rights)
    parser.add_argument("--egroup", metavar="NAME", help="only what this e-group may")
    parser.add_argument(
        "--routes",
        action="append",
        metavar="REGEXP",
        help="what it could do with these routes instead; several times",
    )


def _list(program: Program, arguments: Arguments) -> Answer:
    current = configuration.current(program.acting)
    known = [(each, False) for each in current.workspaces]
    known += [(each, True) for each in current.retired]
    rows = [
        (each.name, _where(each), "retired" if retired else "", ", ".join(each.columns))
        for each, retired in known
    ]
    document: JsonValue = {
        "workspaces": [
            {
                "name": each.name,
                "online": each.online,
                "retired": retired,
                "columns": [*each.columns],
            }
            for each, retired in known
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
            raise UsageError("--routes stands beside --egroup.")
        kept = [(egroup, routes) for egroup, routes in rows if egroup != arguments.egroup]
        rows = (*kept, (arguments.egroup, tuple(arguments.routes)))
    lines = [
        each
        for each in matrix(current, rows)
        if arguments.egroup is None or arguments.egroup in each.egroups | each.before
    ]
    document: JsonValue = {
        "rights": [
            {
                "group": each.right.group,
                "action": each.right.action,
                "paths": [*each.right.paths],
                "egroups": [*sorted(each.egroups)],
                "gained": [*sorted(each.gained)],
                "lost": [*sorted(each.lost)],
            }
            for each in lines
        ]
    }
    shown = [
        (
            each.right.group,
            each.right.action,
            ", ".join(
                (
                    *(f"+{name}" for name in sorted(each.gained)),
                    *(f"-{name}" for name in sorted(each.lost)),
                    *sorted(each.egroups - each.gained),
                )
            )
            or "nobody",
        )
        for each in lines
    ]
    text = table(("of", "action", "e-groups"), shown)
    return Answer(document, together((text, f"{number_of(len(shown), 'right')}.")))


def _where(workspace: Workspace) -> str:
    return "online" if workspace.online else "offline"
