"""`people`, `logins` and `egroups`: who may log in as whom on a guarded database."""

from pathlib import Path

from app.cli.arguments import Arguments, Commands, Parser, add_command, add_group
from app.cli.certification.bulk import read_file
from app.cli.output import Answer, table, together
from app.cli.program import Program
from app.domain.json_value import JsonObject, JsonValue
from app.models.guard.logins import Login, Membership
from app.services import guard

_PERSON = "person"


def add(commands: Commands, common: Parser) -> None:
    """Adds `people`, `logins` and `egroups`."""
    people = add_group(commands, common, "people", "logins that stand for persons")
    parser = add_command(people, common, "add", "make a login a person's", _add_person, writes=True)
    parser.add_argument("login", metavar="LOGIN")
    parser.add_argument("--email", required=True, metavar="EMAIL")
    parser.add_argument("--name", default="", metavar="NAME", help="first and last name")
    add_command(people, common, "list", "all of them", _people, writes=False)
    parser = add_command(
        people, common, "disable", "accept nothing from a login", _disable, writes=True
    )
    parser.add_argument("login", metavar="LOGIN")
    logins = add_group(commands, common, "logins", "logins that stand for no person")
    parser = add_command(logins, common, "add", "make a login a service's", _add_login, writes=True)
    parser.add_argument("login", metavar="LOGIN")
    parser.add_argument("--kind", required=True, choices=guard.KINDS)
    parser.add_argument("--agent", default="", metavar="AGENT", help="whose, with --kind agent")
    add_command(logins, common, "list", "all of them", _logins, writes=False)
    egroups = add_group(commands, common, "egroups", "e-groups as roles of the server")
    parser = add_command(egroups, common, "sync", "give e-groups their members", _sync, writes=True)
    parser.add_argument(
        "--file",
        type=Path,
        required=True,
        metavar="CSV",
        help="lines of egroup,login; - reads standard input",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")


def _add_person(program: Program, arguments: Arguments) -> Answer:
    text = guard.add_person(program.any_database, arguments.login, arguments.email, arguments.name)
    return Answer({"text": text}, text)


def _add_login(program: Program, arguments: Arguments) -> Answer:
    text = guard.add_login(program.any_database, arguments.login, arguments.kind, arguments.agent)
    return Answer({"text": text}, text)


def _disable(program: Program, arguments: Arguments) -> Answer:
    text = guard.disable(program.any_database, arguments.login)
    return Answer({"text": text}, text)


def _people(program: Program, _arguments: Arguments) -> Answer:
    found = [each for each in guard.known_logins(program.any_database) if each.kind == _PERSON]
    rows = [(each.login, each.email, each.name, _state(each)) for each in found]
    text = together([table(("login", "e-mail", "name", ""), rows)]) if rows else "Nobody."
    documents: list[JsonValue] = [
        {"login": each.login, "email": each.email, "name": each.name, "active": each.active}
        for each in found
    ]
    return Answer({"people": documents}, text)


def _logins(program: Program, _arguments: Arguments) -> Answer:
    found = [each for each in guard.known_logins(program.any_database) if each.kind != _PERSON]
    rows = [(each.login, each.kind, each.agent, _state(each)) for each in found]
    text = together([table(("login", "kind", "agent", ""), rows)]) if rows else "None."
    documents: list[JsonValue] = [
        {"login": each.login, "kind": each.kind, "agent": each.agent, "active": each.active}
        for each in found
    ]
    return Answer({"logins": documents}, text)


def _state(login: Login) -> str:
    return "" if login.active else "disabled"


def _sync(program: Program, arguments: Arguments) -> Answer:
    wanted = guard.members_of(read_file(arguments.file))
    changes = guard.sync_egroups(
        program.any_database, wanted, f"file {arguments.file}", dry_run=arguments.dry_run
    )
    text = guard.text_of(changes, dry_run=arguments.dry_run)
    lines = [
        *(f"makes          {egroup}" for egroup in changes.made),
        *(f"joins          {each.egroup}: {each.login}" for each in changes.joins),
        *(f"leaves         {each.egroup}: {each.login}" for each in changes.leaves),
        *(f"unknown        {login}" for login in changes.unknown),
        *(f"left alone     {egroup}" for egroup in changes.others),
        text,
    ]
    document: JsonObject = {
        "made": list(changes.made),
        "joins": _pairs(changes.joins),
        "leaves": _pairs(changes.leaves),
        "unknown": list(changes.unknown),
        "left_alone": list(changes.others),
        "dry": arguments.dry_run,
        "text": text,
    }
    return Answer(document, together(lines))


def _pairs(memberships: tuple[Membership, ...]) -> list[JsonValue]:
    return [[each.egroup, each.login] for each in memberships]
