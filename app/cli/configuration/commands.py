"""`config`: import and export of the configuration, and commands on its lists."""

from collections.abc import Mapping
from pathlib import Path

from app.cli.arguments import add_command, add_group
from app.cli.configuration import items as configuration_items
from app.cli.configuration import trials as configuration_trials
from app.cli.configuration import versions as configuration_versions
from app.cli.configuration import workspaces as configuration_workspaces
from app.cli.output import Answer, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.counting import counted
from app.domain.json_value import JsonObject, JsonValue
from app.services.configuration import in_force as configuration

_SHOWN = 20


def add(commands: Commands, common: Parser) -> None:
    """Adds `config` and its commands."""
    group = add_group(commands, common, "config", HELP["config"])
    parser = add_command(
        group,
        common,
        "import",
        "import a folder with one JSON list per table",
        _import,
        writes=True,
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser = add_command(
        group,
        common,
        "export",
        "write one JSON list per table into a folder",
        _export,
        writes=False,
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    for commands_of in (
        configuration_items,
        configuration_versions,
        configuration_trials,
        configuration_workspaces,
    ):
        commands_of.add(group, common)


def _import(program: Program, arguments: Arguments) -> Answer:
    folder: Path = arguments.folder
    done = configuration.import_folder(program.acting, folder)
    report = done.report
    written: JsonObject = dict(report.written)
    made: JsonObject = {name: list(ids) for name, ids in report.made_lists.items()}
    document: JsonValue = {
        "settings_id": report.settings_id,
        "written": written,
        "made_lists": made,
        "ignored": list(report.ignored),
        "replaced_default": done.replaced_default,
        "went_back_to": report.went_back_to,
        "problems": list(done.problems),
    }
    lines = [f"Imported {folder}: configuration {report.settings_id} is in force."]
    if done.replaced_default:
        lines.append("It replaced the shipped configuration, which nobody had changed.")
    if report.went_back_to is not None:
        lines.append(f"It is the same as version {report.went_back_to}; later versions are kept.")
    elif report.written:
        lines.append(_rows(report.written))
    else:
        lines.append("Every row was already there.")
    lines += [
        f"Created {name} {', '.join(map(str, ids))} without rows: the settings refer to it."
        for name, ids in report.made_lists.items()
    ]
    if report.ignored:
        lines.append(f"Ignored, because it is not configuration: {', '.join(report.ignored)}.")
    if done.problems:
        lines.append(f"{counted(len(done.problems), 'rule')} can't be used:")
        lines += [f"  {problem}" for problem in done.problems[:_SHOWN]]
    return Answer(document, together(lines))


def _export(program: Program, arguments: Arguments) -> Answer:
    folder: Path = arguments.folder
    rows = configuration.export_folder(program.acting, folder)
    document: JsonValue = {"folder": str(folder), "written": dict(rows)}
    return Answer(document, together((f"Exported the configuration to {folder}.", _rows(rows))))


def _rows(rows: Mapping[str, int]) -> str:
    return table(("table", "rows"), list(rows.items()), right=("rows",))
