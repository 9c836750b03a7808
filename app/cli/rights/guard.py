"""`db guard` and `db upgrade`: what the administrator of a database does; `whoami`."""

from app.cli.arguments import add_command, add_group
from app.cli.output import DONE, REFUSED, Answer, Content, number_of, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.clock import ago, server_now
from app.services import guard


def add_to_db(group: Commands, common: Parser) -> None:
    """Adds `db upgrade` and `db guard` below `db`."""
    add_command(
        group,
        common,
        "upgrade",
        "bring desk, record and the guard up to date",
        _upgrade,
        writes=True,
    )
    below = add_group(group, common, "guard", "have the database judge every row by the login")
    parser = add_command(below, common, "install", "install the guard", _install, writes=True)
    parser.add_argument(
        "--web",
        action="append",
        default=[],
        metavar="LOGIN",
        help="a login of the web service, which goes on writing; may be repeated",
    )
    parser.add_argument(
        "--print", action="store_true", dest="dry_run", help="print the SQL and do nothing"
    )
    add_command(
        below, common, "check", "what the guard grants, what is missing", _check, writes=False
    )
    parser = add_command(below, common, "remove", "take the guard away", _remove, writes=True)
    parser.add_argument(
        "--forget-who-wrote",
        action="store_true",
        help="needed: the record of who really wrote each version goes with it",
    )


def add(commands: Commands, common: Parser) -> None:
    """Adds `whoami`."""
    add_command(
        commands,
        common,
        "whoami",
        HELP["whoami"],
        _whoami,
        writes=False,
    )


def _install(program: Program, arguments: Arguments) -> Answer:
    if arguments.dry_run:
        script = guard.script()
        return Answer({"sql": script}, Content(script))
    done = guard.install(program.any_database, arguments.web)
    return Answer({"version": done.version, "text": done.text}, done.text)


def _upgrade(program: Program, _arguments: Arguments) -> Answer:
    done = guard.upgrade(program.any_database)
    return Answer({"version": done.version, "text": done.text}, done.text)


def _check(program: Program, _arguments: Arguments) -> Answer:
    found = guard.check(program.any_database)
    lines = [f"granted        {line}" for line in found.granted]
    lines += [f"missing        {line}" for line in found.missing]
    lines += [f"too much       {line}" for line in found.extra]
    lines += [f"wrong          {line}" for line in found.problems]
    wrong = len(found.missing) + len(found.extra) + len(found.problems)
    lines.append(f"Guard version {found.version}: {number_of(wrong, 'problem')}.")
    return Answer(
        {
            "version": found.version,
            "whole": found.whole,
            "granted": list(found.granted),
            "missing": list(found.missing),
            "extra": list(found.extra),
            "problems": list(found.problems),
        },
        together(lines),
        DONE if found.whole else REFUSED,
    )


def _remove(program: Program, arguments: Arguments) -> Answer:
    if not arguments.forget_who_wrote:
        raise UsageError(
            "Without the guard nobody knows any more who really wrote what: say"
            " --forget-who-wrote if that is meant."
        )
    guard.remove(program.any_database)
    text = (
        "Took the guard away. Logins and roles are still there, and only who owns the tables may"
        " use them: give them back to the web service with REASSIGN OWNED, or grant it privileges."
    )
    return Answer({"text": text}, text)


def _whoami(program: Program, _arguments: Arguments) -> Answer:
    who = guard.who_acts(program.acting)
    lines = [f"person         {who.email or 'nobody'}"]
    if who.proved:
        lines.append(f"login          {who.login} ({who.kind})")
    lines.append(f"e-groups       {', '.join(who.egroups) or 'none'}")
    if who.synced is not None:
        age = ago(who.synced, server_now())
        lines.append(f"synced         {who.synced:%Y-%m-%d %H:%M} UTC, {age}")
    elif who.proved:
        lines.append("synced         never: nobody has brought e-groups up to date")
    lines.append(
        "rights         proved by the database"
        if who.proved
        else "rights         not proved there: this database has no guard"
    )
    lines.append(f"protection     {program.db.protection.text}")
    return Answer(
        {
            "login": who.login,
            "kind": who.kind,
            "email": who.email,
            "egroups": list(who.egroups),
            "synced": None if who.synced is None else who.synced.isoformat(),
            "proved": who.proved,
            "protection": program.db.protection.short,
        },
        together(lines),
    )
