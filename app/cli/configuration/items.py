"""Commands on items of the configuration: `config list`, `show`, `add`, `edit`, `delete`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from app.cli.arguments import add_command, positive
from app.cli.output import Answer, Lines, table, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.domain.configuration.in_force import Kind
from app.domain.configuration.items import (
    RULE,
    WITH_RULE,
    condition_of,
    fields_of,
)
from app.domain.configuration.versions import Item, ListHistory, problem_of, value_words
from app.domain.counting import counted
from app.domain.errors import BadInput, NotFound
from app.domain.foreign_json import NotJson, parse, read_text
from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.rules.text import pretty, read
from app.domain.text.names import not_found
from app.services.configuration import edits as configuration_edits
from app.services.configuration import versions as configuration_versions

_RULE_SHOWN = 60


def add(group: Commands, common: Parser) -> None:
    """Adds the commands to `config`."""
    parser = add_command(
        group, common, "list", "the items in force, or all lists", _list, writes=False
    )
    parser.add_argument("kind", nargs="?", type=kind, metavar="KIND", help=KINDS)
    parser.add_argument("--words", default="", metavar="TEXT", help="only items with this text")
    parser.add_argument(
        "--at", type=positive, metavar="VERSION", help="as of a version of the configuration"
    )

    parser = add_command(group, common, "show", "an item with its rule", _show, writes=False)
    add_item(parser)

    parser = add_command(
        group,
        common,
        "add",
        "add an item, as a new version",
        _add,
        writes=True,
        example="accepted --set class=Collisions25 --set name=/Express/Collisions2025/DQM"
        " --set 'regexp=/Express/.*'",
    )
    parser.add_argument("kind", type=kind, metavar="KIND", help=KINDS)
    add_values(parser)
    _add_insist(parser)

    parser = add_command(
        group,
        common,
        "edit",
        "change values of an item",
        _edit,
        writes=True,
        example="accepted 1 --set enabled=false",
    )
    add_item(parser)
    add_values(parser)
    _add_insist(parser)

    parser = add_command(
        group,
        common,
        "delete",
        "remove an item from the list",
        _delete,
        writes=True,
        example="accepted 1",
    )
    add_item(parser)


KINDS = ", ".join(kind.word for kind in Kind)

_BY_WORD = {kind.word: kind for kind in Kind}


def kind(text: str) -> Kind:
    """A kind of items by its name."""
    if text not in _BY_WORD:
        raise UsageError(str(not_found(f'"{text}" is not a kind of item', text, _BY_WORD)))
    return _BY_WORD[text]


def add_item(parser: Parser) -> None:
    """Arguments that name an item."""
    parser.add_argument("kind", type=kind, metavar="KIND", help=KINDS)
    parser.add_argument("id", type=positive, metavar="ID")


def add_values(parser: Parser) -> None:
    """Options that give values of an item."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="values",
        help="a value, as JSON or text; may be repeated",
    )
    parser.add_argument(
        "--rule",
        metavar="FILE",
        help="file with the rule as JSON logic, or - for standard input",
    )


def values_given(arguments: Arguments) -> JsonObject:
    """The values that the options give. BadInput when a rule can't be read."""
    values: JsonObject = {}
    for setting in arguments.values:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f'--set requires NAME=VALUE, not "{setting}".')
        values[name.strip()] = _value(name.strip(), text)
    if arguments.rule is not None:
        values[RULE] = read(_text_of(arguments.rule)).source
    return values


def item_document(item: Item) -> JsonObject:
    """An item as a document; its rule is the bare condition."""
    values = dict(item.values)
    document: JsonObject = {"id": item.id, **values}
    if item.kind in WITH_RULE:
        document[RULE] = condition_of(values[RULE])
        document["problem"] = problem_of(item)
    return {
        **document,
        "created_at": item.created_at.isoformat(),
        "created_by": item.created_by,
        "updated_by": item.updated_by,
    }


def _list(program: Program, arguments: Arguments) -> Answer:
    if arguments.kind is None:
        return _overview(program)
    chosen: Kind = arguments.kind
    history = configuration_versions.versions(program.acting, chosen)
    if arguments.at is not None:
        history.check(arguments.at)
    version = history.versions[-1] if arguments.at is None else history.at(arguments.at)
    words = str(arguments.words).casefold()
    items = [
        item
        for item_id in sorted(version.items)
        if words in js_stringify((item := history.items[item_id]).values).casefold()
    ]
    items.sort(key=_order)
    names = fields_of(chosen)
    rows = [(item.id, *(_shown(name, item.values.get(name)) for name in names)) for item in items]
    document: JsonValue = {
        "kind": chosen.word,
        "settings_id": version.settings_id,
        "items": [item_document(item) for item in items],
    }
    text = table(("id", *names), rows, right=("id", "priority"))
    problems = [f"{item.id}: {problem}" for item in items if (problem := problem_of(item))]
    count = f"{counted(len(items), 'item')} of version {version.settings_id}."
    return Answer(document, together((text, count, *problems)) if items else count)


_OVERVIEW = ("kind", "items", "faulty", "versions", "settings_id", "at", "by")


def _overview(program: Program) -> Answer:
    rows = []
    for listed in Kind:
        history = configuration_versions.versions(program.acting, listed)
        newest = history.versions[-1]
        faulty = sum(bool(problem_of(history.items[item])) for item in newest.items)
        rows.append(
            (
                listed.word,
                len(newest.items),
                faulty,
                len(history.versions),
                newest.settings_id,
                f"{newest.at:%Y-%m-%d %H:%M}",
                newest.by,
            )
        )
    heads = ("kind", "items", "faulty", "versions", "last", "changed (UTC)", "by")
    document: JsonValue = {"lists": [dict(zip(_OVERVIEW, row, strict=True)) for row in rows]}
    return Answer(document, table(heads, rows, right=("items", "faulty", "versions", "last")))


def _show(program: Program, arguments: Arguments) -> Answer:
    item, history = _item(program, arguments)
    in_force = item.id in history.versions[-1].items
    past = [
        version
        for version in history.versions
        if item.id in version.added
        or item.id in version.removed
        or any(item.id in pair for pair in version.edited)
    ]
    document: JsonValue = {
        **item_document(item),
        "in_force": in_force,
        "versions": [version.settings_id for version in past],
    }
    names = [name for name in fields_of(item.kind) if name != RULE]
    width = max(map(len, names))
    lines = [
        f"{item.kind.word} {item.id}{'' if in_force else ', no longer in force'}",
        *(f"{name:{width}}  {value_words(item.values[name])}" for name in names),
        f"saved {item.created_at:%Y-%m-%d %H:%M} UTC by"
        f" {item.updated_by or item.created_by or 'an unknown person'}",
    ]
    if item.kind in WITH_RULE:
        lines += ["", Lines(pretty(condition_of(item.values[RULE])))]
        if problem := problem_of(item):
            lines.append(f"This rule can't be used: {problem}")
    return Answer(document, together(lines))


def _add(program: Program, arguments: Arguments) -> Answer:
    chosen: Kind = arguments.kind
    made = configuration_edits.add_item(
        program.acting, chosen, values_given(arguments), insist=arguments.insist
    )
    return Answer({"kind": chosen.word, "id": made}, f"Added {chosen.word} {made}.")


def _edit(program: Program, arguments: Arguments) -> Answer:
    chosen: Kind = arguments.kind
    values = values_given(arguments)
    if not values:
        raise UsageError("Nothing to change: give --set or --rule.")
    made = configuration_edits.edit_item(
        program.acting, chosen, arguments.id, values, insist=arguments.insist
    )
    return Answer(
        {"kind": chosen.word, "id": made, "before": arguments.id},
        f"{chosen.word} {arguments.id} is now {made}.",
    )


def _delete(program: Program, arguments: Arguments) -> Answer:
    chosen: Kind = arguments.kind
    configuration_edits.delete_item(program.acting, chosen, arguments.id)
    return Answer(
        {"kind": chosen.word, "id": arguments.id},
        f"{chosen.word} {arguments.id} was removed; earlier versions keep it.",
    )


def _add_insist(parser: Parser) -> None:
    parser.add_argument(
        "--insist", action="store_true", help="save although the rule reads unknown variables"
    )


def _item(program: Program, arguments: Arguments) -> tuple[Item, ListHistory]:
    history = configuration_versions.versions(program.acting, arguments.kind)
    item = history.items.get(arguments.id)
    if item is None:
        raise NotFound(f"There is no {arguments.kind.word} {arguments.id} in any version.")
    return item, history


def _order(item: Item) -> tuple[object, ...]:
    values = item.values
    priority = values.get("priority")
    owner = values.get("column", values.get("workspace", values.get("class", "")))
    return (str(owner), priority if isinstance(priority, int) else 0, item.id)


def _shown(name: str, value: JsonValue) -> str:
    if name != RULE:
        return value_words(value)
    text = js_stringify(condition_of(value))
    return text if len(text) <= _RULE_SHOWN else f"{text[: _RULE_SHOWN - 1]}…"


def _value(name: str, text: str) -> JsonValue:
    if name in _TEXTS:
        return text.replace("\\n", "\n")
    try:
        return parse(text)
    except NotJson:
        words: dict[str, JsonValue] = {"yes": True, "no": False, "none": None}
        return words.get(text, text)


_TEXTS = frozenset({"class", "column", "workspace", "name", "regexp", "egroup", "status"})


def _text_of(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return read_text(Path(file)).decode("utf-8-sig")
    except (OSError, ValueError, NotJson) as error:
        raise BadInput(f"{file} can't be read: {error}.") from error


def lines_of(texts: Sequence[str], most: int) -> list[str]:
    """The first of many lines, and how many more there are."""
    if len(texts) <= most:
        return [*texts]
    return [*texts[:most], f"and {len(texts) - most} more"]
