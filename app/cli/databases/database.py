"""Commands on the database itself: `db init`, `db check`, `db index`."""

from collections.abc import Sequence
from functools import partial

from app.cli.arguments import add_command, add_group
from app.cli.databases import derived, own_database
from app.cli.output import DONE, REFUSED, Answer, Lines, ProgressLine, number_of, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.rights import guard
from app.cli.words import HELP
from app.domain.json_value import JsonValue
from app.domain.seal.status import Refusal
from app.models.database.engine import Database
from app.models.schemas.shared_schema import SchemaKind
from app.services import databases, examining, taking_in
from app.services.acting import Acting
from app.services.examining import Examined, ExaminedObjects
from app.services.recount import recounting
from app.services.seal import refusals

_SHOWN = 20


def add(commands: Commands, common: Parser) -> None:
    """Adds `db` and its commands."""
    group = add_group(commands, common, "db", HELP["db"])
    parser = add_command(
        group,
        common,
        "init",
        "create the tables of Run Registry in an empty database",
        _init,
        writes=True,
    )
    parser.add_argument(
        "--default-configuration",
        action="store_true",
        help="also the shipped workspaces, classifiers and rules (the program's own database"
        " always gets them)",
    )
    parser = add_command(
        group,
        common,
        "check",
        "what the database holds and what is wrong with it",
        _check,
        writes="repair",
    )
    parser.add_argument(
        "--deep",
        action="store_true",
        help="look at every object that is found by its hash, and compare all that is derived with"
        " the events; minutes to an hour on a large database",
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="also put right what is derived and wrong, and keep what it was",
    )
    parser = add_command(
        group, common, "index", "indexes that make log and reports quick", _index, writes="create"
    )
    parser.add_argument(
        "--create",
        action="store_true",
        help="make those that are missing, beside those who work; minutes on a large database",
    )
    add_command(
        group,
        common,
        "take-in",
        "take what the web service wrote into the quick copy now, the newest first",
        _take_in,
        writes=True,
    )
    guard.add_to_db(group, common)
    own_database.add_to_db(group, common)


def _init(program: Program, arguments: Arguments) -> Answer:
    db = program.any_database
    made = databases.initialise(
        db, default_configuration=arguments.default_configuration or program.has_own_server
    )
    where = db.dsn_without_password
    what = "Created the tables of Run Registry" if made.created else "The tables were there already"
    lines = [f"{what}: {where}"]
    if made.configured:
        lines.append("Wrote the shipped configuration.")
    elif made.created:
        command = databases.command_line(db, "config import DIR")
        lines.append(f"Nothing is configured yet: {command}")
    if not made.desk:
        lines.append("This login can't have the schema desk: everything works, only slower.")
    if not made.record:
        lines.append(
            "This login can't have the schema record: there are no agents, and the past of cycles"
            " and the provenance of lists aren't kept."
        )
    document: JsonValue = {
        "database": where,
        "created": made.created,
        "configured": made.configured,
        "desk": made.desk,
        "record": made.record,
        "seal": made.seal,
    }
    return Answer(document, together(lines))


def _index(program: Program, arguments: Arguments) -> Answer:
    line = ProgressLine()
    try:
        if arguments.create:
            examining.add_indexes(program.db, told=lambda name: line.say(f"making {name}"))
        found = examining.indexes(program.db)
    finally:
        line.clear()
    rows = [(each.index.name, each.index.table, each.present, each.index.purpose) for each in found]
    lines: list[str] = [table(("index", "table", "there", "for"), rows)]
    if not all(each.present for each in found):
        lines.append("Without them some searches take longer. Make them with: db index --create")
    documents: list[JsonValue] = [
        {"name": name, "table": of, "there": there, "purpose": purpose}
        for name, of, there, purpose in rows
    ]
    return Answer({"indexes": documents}, together(lines))


def _take_in(program: Program, _arguments: Arguments) -> Answer:
    line = ProgressLine()
    try:
        found = taking_in.take_all_in(
            program.db,
            line.shares("taking in"),
            count=partial(recounting.recount, program.acting),
        )
    finally:
        line.clear()
    return Answer({**derived.intake_document(found), "text": found.text}, found.text)


def _check(program: Program, arguments: Arguments) -> Answer:
    db = program.any_database
    found = examining.examine(db)
    good = found.schema.kind is SchemaKind.RUN_REGISTRY
    refused = refusals.told(db) if good else ()
    document: dict[str, JsonValue] = {
        "database": found.database,
        "schema": found.schema.kind.value,
        "schema_problems": list(found.schema.problems),
        "server_problems": list(found.server),
        "desk": found.desk,
        "desk_reason": found.desk_reason,
        "record": found.record,
        "record_reason": found.record_reason,
        "guard": found.guard,
        "seal": found.seal,
        "seal_reason": found.seal_reason,
        "keeps_roots": found.keeps_roots,
        "seal_refusals": [
            {"puller": each.puller, "at": each.at.isoformat(), "why": each.why} for each in refused
        ],
        "settings_id": found.settings_id,
        "problems": list(found.problems),
        "stale_summaries": [[number, name] for number, name in found.stale_summaries],
    }
    text = _text(db, found, refused)
    if good:
        standing = recounting.standing(Acting(db))
        document["derived"] = derived.standing_document(standing)
        text = together((text, *derived.standing_lines(standing)))
    if (arguments.deep or arguments.repair) and good:
        by = program.actor.email if arguments.repair else ""
        counted = derived.count_all(Acting(db), repair=arguments.repair, by=by)
        objects = _objects(db)
        document["objects"] = {
            "looked_at": objects.looked_at,
            "false": list(objects.false),
            "false_number": objects.false_number,
            "not_checked": objects.undecided,
        }
        document["counted_again"] = derived.counted_document(counted)
        lines = derived.counted_lines(counted, repair=arguments.repair)
        text = together((text, _objects_text(objects), lines))
        good = objects.false_number == 0 and derived.is_right(counted)
    return Answer(document, text, DONE if good else REFUSED)


def _objects(db: Database) -> ExaminedObjects:
    line = ProgressLine()
    try:
        return examining.examine_objects(db, line.shares("looking at the objects"))
    finally:
        line.clear()


def _objects_text(found: ExaminedObjects) -> Lines:
    checked = found.looked_at - found.undecided
    said = f"{number_of(checked, 'object')} checked, {found.false_number} false"
    if found.undecided:
        said += (
            f"; {found.undecided} not checked: they have too many keys, or numbers in another"
            " spelling, to say in which text they were hashed"
        )
    lines = [f"objects        {said}"]
    if found.false:
        more = found.false_number > len(found.false)
        lines.append(
            "               These rows of JSONBDeduplication hold something other than their hash"
            f" says: {', '.join(map(str, found.false))}{' ...' if more else ''}"
        )
        lines.append(
            "               Whoever stores what such a hash stands for is refused. Find out who put"
            " the row there; events that name it say what it holds."
        )
    return together(lines)


def _seal(found: Examined) -> str:
    if found.seal:
        return "usable"
    if found.keeps_roots:
        return "a puller's login seals; lists made with this login keep the root, and it may verify"
    return f"not used: {found.seal_reason}"


def _text(db: Database, found: Examined, refused: Sequence[Refusal]) -> str:
    lines = [f"database       {found.database}", f"schema         {found.schema.explanation}"]
    if found.schema.kind is not SchemaKind.RUN_REGISTRY:
        if found.schema.kind is SchemaKind.EMPTY:
            command = databases.command_line(db, "db init")
            lines.append(f"               Create the tables with: {command}")
        return together(lines)
    settings = f"version {found.settings_id}" if found.settings_id else "none"
    stale = len(found.stale_summaries)
    at_least = "at least " if stale == examining.SHOWN_SUMMARIES else ""
    lines += [f"server         {problem}" for problem in found.server]
    lines += [
        f"schema desk    {'usable' if found.desk else f'not used: {found.desk_reason}'}",
        f"schema record  {'usable' if found.record else f'not used: {found.record_reason}'}",
        f"rights         {found.guard or 'not proved there: this database has no guard'}",
        f"schema seal    {_seal(found)}",
        *(f"               {each.text}" for each in refused),
        f"configuration  {settings}, {number_of(len(found.problems), 'faulty rule')}",
        *(f"               {problem}" for problem in found.problems[:_SHOWN]),
    ]
    if len(found.problems) > _SHOWN:
        lines.append(f"               and {len(found.problems) - _SHOWN} more (--json has all)")
    lines.append(
        f"summaries      {at_least}{number_of(stale, 'dataset')} to be counted again"
        if stale
        else "summaries      all up to date"
    )
    return together(lines)
