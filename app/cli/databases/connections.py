"""Commands on the list of connections: `connections list`, `add`, `edit`, `test`, `use`,
`remove`."""

import getpass
import sys

from app.cli.arguments import add_command, add_group
from app.cli.output import DONE, REFUSED, Answer, Lines, complain, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.connections.named import (
    GSS_MODES,
    SSL_MODES,
    Kind,
    NamedConnection,
    Proof,
    changed,
)
from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue
from app.services.connections.trial import Level, Trial

_MARKS = {Level.GOOD: "ok", Level.WARNING: "warning", Level.BAD: "wrong"}


def add(commands: Commands, common: Parser) -> None:
    """Adds `connections` and its commands."""
    group = add_group(commands, common, "connections", HELP["connections"])
    add_command(group, common, "list", "all connections", _list, writes=False)
    parser = add_command(
        group,
        common,
        "add",
        "keep a server under a name",
        _add,
        writes=False,
        example="integration --kind test --host dbserver.cern.ch --database rr --login me",
    )
    _add_name(parser)
    _add_what(parser)
    parser = add_command(
        group,
        common,
        "edit",
        "change what is kept",
        _edit,
        writes=False,
        example="production --host dbserver.cern.ch --database run_registry --login me",
    )
    _add_name(parser)
    parser.add_argument("--name", dest="new_name", metavar="NEW", help="another name for it")
    _add_what(parser)
    parser = add_command(
        group,
        common,
        "test",
        "what is wrong with a connection and what to do, or what is there",
        _test,
        writes=False,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="its name; else the one in use")
    parser = add_command(
        group,
        common,
        "use",
        "from now on the window and every command use this one",
        _use,
        writes=False,
    )
    _add_name(parser)
    parser = add_command(
        group, common, "remove", "take one off the list, with its password", _remove, writes=False
    )
    _add_name(parser)


def _add_name(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="name of the connection")


def _add_what(parser: Parser) -> None:
    for option, metavar, help_ in (
        ("--host", "HOST", "name of the server, or several with commas between"),
        ("--port", "PORT", "its port (5432)"),
        ("--direct", "HOST[:PORT]", "the server itself, where --host is a pooler"),
        ("--database", "NAME", "name of the database"),
        ("--login", "LOGIN", "login there; else the name of your account here"),
        ("--certificate", "FILE", "client certificate, PEM"),
        ("--key", "FILE", "its key, unless the file of the certificate has it"),
        ("--ca-file", "FILE", "certificates that may prove the server (the CERN CA)"),
        ("--colour", "#RRGGBB", "colour of the strip in the window"),
    ):
        parser.add_argument(option, metavar=metavar, help=help_)
    for option, choices, help_ in (
        ("--kind", (Kind.PRODUCTION.value, Kind.TEST.value), "what is behind it (production)"),
        ("--proof", tuple(each.value for each in Proof), "how you prove who you are (kerberos)"),
        ("--sslmode", SSL_MODES, "what is asked of TLS (verify-full)"),
        ("--gssencmode", GSS_MODES, "whether Kerberos encrypts (prefer)"),
        ("--read-only", ("yes", "no"), "whether nothing can be changed over it (no)"),
        ("--read-standby", ("yes", "no"), "of several hosts, whether a standby is read (no)"),
    ):
        parser.add_argument(option, choices=choices, help=help_)
    parser.add_argument(
        "--ask-password",
        action="store_true",
        help="ask for the password, or read it from a pipe, and keep it in the system keyring",
    )


_GIVEN = (
    *("host", "port", "database", "login", "certificate", "key", "ca_file", "colour"),
    *("kind", "proof", "sslmode", "gssencmode", "read_only", "direct", "read_standby"),
)


def _list(program: Program, _arguments: Arguments) -> Answer:
    listed = program.destination.connections.read()
    rows = [
        (
            "*" if each.name == listed.used else "",
            each.name,
            each.kind.value,
            _where(each),
            each.login,
            "" if each.is_demonstration else each.proof.value,
            "read-only" if each.read_only else "",
        )
        for each in listed.connections
    ]
    heads = ("used", "name", "kind", "address", "login", "proof", "writing")
    lines: list[str] = [table(heads, rows)]
    if listed.faulty:
        lines.append(listed.faulty)
    documents: list[JsonValue] = [
        {**each.as_json(), "used": each.name == listed.used} for each in listed.connections
    ]
    return Answer({"connections": documents, "faulty": listed.faulty}, together(lines))


def _where(connection: NamedConnection) -> str:
    if connection.is_demonstration:
        return "the program's own database"
    return connection.address or "no address yet"


def _add(program: Program, arguments: Arguments) -> Answer:
    new = changed(NamedConnection(arguments.name), _given(arguments))
    return _kept(program, arguments, new, None)


def _edit(program: Program, arguments: Arguments) -> Answer:
    before = program.destination.connections.read().named(arguments.name)
    changes = _given(arguments)
    if arguments.new_name is not None:
        changes["name"] = arguments.new_name
    return _kept(program, arguments, changed(before, changes), before)


def _given(arguments: Arguments) -> dict[str, str]:
    return {name: value for name in _GIVEN if (value := getattr(arguments, name)) is not None}


def _kept(
    program: Program, arguments: Arguments, new: NamedConnection, seen: NamedConnection | None
) -> Answer:
    if arguments.ask_password and new.proof is not Proof.PASSWORD:
        raise BadInput("A password is kept where it is the proof: say --proof password.")
    password = _asked(new) if arguments.ask_password else None
    book = program.destination.connections
    book.put(new, seen=seen)
    text = f'The connection "{new.name}" is kept.'
    if password is not None:
        book.keep_password(new, password)
        text += " Its password is in the system keyring."
    return Answer({"connection": new.as_json(), "text": text}, text)


def _asked(connection: NamedConnection) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"Password of {connection.login} at {connection.host}: ")
    return sys.stdin.readline().rstrip("\r\n")


def _test(program: Program, arguments: Arguments) -> Answer:
    if arguments.name is None:
        connection = program.destination.connection
        if connection is None:
            raise BadInput("dsn is set: db check looks at its database. Or name a connection.")
    else:
        connection = program.destination.connections.read().named(arguments.name)
    trial = program.destination.try_connection(connection)
    document: JsonObject = {
        "connection": connection.name,
        "works": trial.works,
        "text": trial.text,
        "findings": [each.as_json() for each in trial.findings],
    }
    return Answer(document, _told(connection, trial), DONE if trial.works else REFUSED)


def _told(connection: NamedConnection, trial: Trial) -> Lines:
    lines: list[str] = [f"{connection.name}: {trial.text}"]
    for each in trial.findings:
        lines.append(f"{_MARKS[each.level]:<8} {each.about}: {each.text}")
        if each.remedy:
            lines.append(f"         {each.remedy}")
    return together(lines)


def _use(program: Program, arguments: Arguments) -> Answer:
    used = program.destination.connections.use(arguments.name)
    text = f'From now on "{used.name}" is used by the window and by every command.'
    if program.destination.is_dsn_set:
        complain("dsn is set, and wins as long as it is.")
    document: JsonObject = {
        "connection": used.as_json(),
        "text": text,
        "dsn_wins": program.destination.is_dsn_set,
    }
    return Answer(document, text)


def _remove(program: Program, arguments: Arguments) -> Answer:
    removed = program.destination.connections.remove(arguments.name)
    text = f'The connection "{removed.name}" is off the list.'
    return Answer({"connection": removed.as_json(), "text": text}, text)
