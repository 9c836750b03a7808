"""`people`, `logins` and `egroups`: who may log in as whom on a guarded database."""

from pathlib import Path

from app.cli.arguments import add_command, add_group
from app.cli.certification.bulk import read_file
from app.cli.output import Answer, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.json_value import JsonObject, JsonValue
from app.domain.rights.egroups import Branches
from app.models.guard.logins import Login, Membership
from app.services import directory, egroups, guard
from app.services.directory import Directory

_PERSON = "person"
_MOST_UNKNOWN = 20
"""How many logins that stand for nobody are listed: an e-group may have thousands."""


def add(commands: Commands, common: Parser) -> None:
    """Adds `people`, `logins` and `egroups`."""
    people = add_group(commands, common, "people", HELP["people"])
    parser = add_command(people, common, "add", "make a login a person's", _add_person, writes=True)
    parser.add_argument("login", metavar="LOGIN")
    parser.add_argument("--email", required=True, metavar="EMAIL")
    parser.add_argument("--name", default="", metavar="NAME", help="first and last name")
    add_command(people, common, "list", "all of them", _people, writes=False)
    parser = add_command(
        people, common, "disable", "accept nothing from a login", _disable, writes=True
    )
    parser.add_argument("login", metavar="LOGIN")
    logins = add_group(commands, common, "logins", HELP["logins"])
    parser = add_command(logins, common, "add", "make a login a service's", _add_login, writes=True)
    parser.add_argument("login", metavar="LOGIN")
    parser.add_argument("--kind", required=True, choices=guard.KINDS)
    parser.add_argument("--agent", default="", metavar="AGENT", help="whose, with --kind agent")
    add_command(logins, common, "list", "all of them", _logins, writes=False)
    _add_sync(add_group(commands, common, "egroups", HELP["egroups"]), common)


def _add_sync(egroups: Commands, common: Parser) -> None:
    parser = add_command(egroups, common, "sync", "give e-groups their members", _sync, writes=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--file", type=Path, metavar="CSV", help="lines of egroup,login; - reads standard input"
    )
    source.add_argument(
        "--ldap", metavar="URL", help="read those that permissions name, such as from ldaps://HOST"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
    ldap = parser.add_argument_group("with --ldap")
    ldap.add_argument(
        "--base", default=directory.GROUPS, metavar="DN", help="where e-groups are (%(default)s)"
    )
    ldap.add_argument(
        "--people", default=directory.PEOPLE, metavar="DN", help="where people are (%(default)s)"
    )
    ldap.add_argument("--bind-dn", default="", metavar="DN", help="who asks; nobody without it")
    ldap.add_argument("--password-file", type=Path, metavar="FILE", help="with the password of it")
    ldap.add_argument("--ca", type=Path, metavar="FILE", help="PEM file of certificates to trust")
    ldap.add_argument("--start-tls", action="store_true", help="encrypt an ldap:// address")
    ldap.add_argument("--no-tls", action="store_true", help="don't: only on a network you trust")
    ldap.add_argument(
        "--empty-missing",
        action="store_true",
        help="remove everybody from e-groups that LDAP doesn't have or show",
    )


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
    dry_run: bool = arguments.dry_run
    left_alone: tuple[tuple[str, str], ...] = ()
    if arguments.ldap is None:
        wanted = guard.members_of(read_file(arguments.file))
        source = f"file {arguments.file}"
        changes = guard.sync_egroups(program.any_database, wanted, source, dry_run=dry_run)
    else:
        synced = egroups.sync(
            program.any_database,
            _directory(arguments),
            dry_run=dry_run,
            empty_missing=arguments.empty_missing,
        )
        changes, left_alone = synced.changes, synced.left_alone
    text = guard.text_of(changes, dry_run=dry_run)
    unknown = changes.unknown[:_MOST_UNKNOWN]
    lines = [
        *(f"makes          {egroup}" for egroup in changes.made),
        *(f"joins          {each.egroup}: {each.login}" for each in changes.joins),
        *(f"leaves         {each.egroup}: {each.login}" for each in changes.leaves),
        *(f"unknown        {login}" for login in unknown),
        *(
            [f"unknown        and {more} more"]
            if (more := len(changes.unknown) - len(unknown))
            else []
        ),
        *(f"left alone     {egroup}: it {reason}" for egroup, reason in left_alone),
        *(
            f"left alone     {egroup}"
            for egroup in changes.others
            if egroup not in dict(left_alone)
        ),
        text,
    ]
    document: JsonObject = {
        "made": list(changes.made),
        "joins": _pairs(changes.joins),
        "leaves": _pairs(changes.leaves),
        "unknown": list(changes.unknown),
        "left_alone": list(changes.others),
        "missing": [{"egroup": egroup, "reason": reason} for egroup, reason in left_alone],
        "dry": dry_run,
        "text": text,
    }
    return Answer(document, together(lines))


def _directory(arguments: Arguments) -> Directory:
    file = arguments.password_file
    return Directory(
        arguments.ldap,
        Branches(arguments.base, arguments.people),
        arguments.bind_dn,
        "" if file is None else read_file(file).removesuffix("\n"),
        arguments.ca,
        start_tls=arguments.start_tls,
        plain=arguments.no_tls,
    )


def _pairs(memberships: tuple[Membership, ...]) -> list[JsonValue]:
    return [[each.egroup, each.login] for each in memberships]
