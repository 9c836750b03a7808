"""Commands on the settings: `settings list`, `get`, `set`, `unset`."""

import getpass
import sys

from app.cli.arguments import add_command, add_group
from app.cli.output import Answer, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.errors import BadInput, Refused
from app.domain.preferences import Origin, Preference


def add(commands: Commands, common: Parser) -> None:
    """Adds `settings` and its commands."""
    group = add_group(commands, common, "settings", HELP["settings"])
    parser = add_command(
        group, common, "list", "all settings with where each comes from", _list, writes=False
    )
    parser.add_argument(
        "words", nargs="*", default=[], metavar="WORD", help="only those with these words"
    )
    parser.add_argument("--set", action="store_true", dest="only_set", help="only what is set")
    parser = add_command(group, common, "get", "one setting", _get, writes=False)
    _add_name(parser)
    parser = add_command(
        group,
        common,
        "set",
        "write a setting to the settings file, a secret to the system keyring",
        _set,
        writes=False,
        example="theme dark",
    )
    _add_name(parser)
    parser.add_argument(
        "value",
        nargs="?",
        metavar="VALUE",
        help="its value; a secret is asked for, or read from a pipe",
    )
    parser = add_command(
        group, common, "unset", "take a setting back to its default", _unset, writes=False
    )
    _add_name(parser)


def _add_name(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="name of the setting, such as theme")


def _list(program: Program, arguments: Arguments) -> Answer:
    found = [
        each
        for each in program.preferences.read()
        if each.matches(" ".join(arguments.words))
        and not (arguments.only_set and each.origin is Origin.DEFAULT)
    ]
    rows = [
        (each.subject, each.name, each.shown or "-", each.origin.value, each.about)
        for each in found
    ]
    text = table(("about", "setting", "value", "from", "meaning"), rows)
    return Answer(
        {
            "file": str(program.preferences.file),
            "settings": [each.as_json() for each in found],
        },
        text if found else "No setting has these words.",
    )


def _get(program: Program, arguments: Arguments) -> Answer:
    one = program.preferences.one(arguments.name)
    lines = [
        f"{one.name}: {one.shown or 'none'}",
        one.about,
        f"From: {one.origin.value} ({one.where}).",
        f"Default: {one.default or 'none'}.",
    ]
    if one.choices:
        lines.append(f"Choices: {', '.join(one.choices)}.")
    if one.fixed:
        lines.append(one.fixed)
    return Answer(one.as_json(), together(lines))


def _set(program: Program, arguments: Arguments) -> Answer:
    one = program.preferences.one(arguments.name)
    if one.is_secret and arguments.value is not None:
        raise BadInput(
            f"Others can read what stands on a command line. Leave the value of {one.name} out;"
            " it is asked for, or read from a pipe."
        )
    if not one.is_secret and arguments.value is None:
        raise BadInput(f"Give a value for {one.name}, or settings unset {one.name}.")
    if one.fixed:
        raise Refused(one.fixed)
    value = _asked(one) if one.is_secret else arguments.value
    return _told(program, program.preferences.set(one.name, value))


def _unset(program: Program, arguments: Arguments) -> Answer:
    return _told(program, program.preferences.unset(arguments.name))


def _told(program: Program, one: Preference) -> Answer:
    if one.is_secret:
        kept = "is in the system keyring" if one.is_given else "isn't kept any more"
        text = f"{one.name} {kept}."
    else:
        text = f"{one.name} is {one.value or 'not set'} in {program.preferences.file}."
        if one.origin is Origin.DEFAULT:
            text = f"{one.name} has its default again: {one.value or 'none'}."
    return Answer({"setting": one.as_json(), "text": text}, text)


def _asked(one: Preference) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"{one.name}: ")
    return sys.stdin.readline().rstrip("\r\n")
