"""Commands on versions of the configuration: `config history`, `diff`, `restore`, `at`."""

from collections.abc import Iterator

from app.cli.arguments import Arguments, Commands, Parser, add_command, positive
from app.cli.configuration_items import KINDS, item_document, kind
from app.cli.output import Answer, number_of, table, together
from app.cli.program import Program
from app.domain.configuration.in_force import Kind
from app.domain.configuration.items import RULE
from app.domain.configuration.versions import (
    Difference,
    FieldChange,
    ListHistory,
    Version,
    field_changes,
    rule_change,
    value_words,
    words_for,
)
from app.domain.json_value import JsonObject, JsonValue
from app.services.configuration import versions as configuration_versions


def add(group: Commands, common: Parser) -> None:
    """Adds the commands to `config`."""
    parser = add_command(
        group, common, "history", "the versions of a list, the newest first", _history
    )
    parser.add_argument("kind", type=kind, metavar="KIND", help=KINDS)
    parser.add_argument("--limit", type=positive, default=50, metavar="N", help="at most (50)")
    parser.add_argument("--before", type=positive, metavar="VERSION", help="only older ones")
    parser.add_argument("--item", type=positive, metavar="ID", help="only those of an item")

    parser = add_command(group, common, "diff", "what differs between two versions", _diff)
    parser.add_argument("kind", type=kind, metavar="KIND", help=KINDS)
    parser.add_argument("before", type=positive, metavar="VERSION")
    parser.add_argument(
        "after", type=positive, nargs="?", metavar="VERSION", help="without it the one in force"
    )

    parser = add_command(
        group, common, "restore", "bring a version of a list back, as a new one", _restore
    )
    parser.add_argument("kind", type=kind, metavar="KIND", help=KINDS)
    parser.add_argument("version", type=positive, metavar="VERSION")
    parser.add_argument("--dry-run", action="store_true", help="only list what would change")
    parser.add_argument(
        "--leave-out-faulty", action="store_true", help="without rules that can't be read"
    )

    parser = add_command(
        group, common, "at", "which versions were in force when an event was written", _at
    )
    parser.add_argument("version", type=positive, metavar="EVENT_VERSION")


def difference_document(found: Difference) -> JsonObject:
    """A difference as a document."""
    return {
        "kind": found.kind.word,
        "before": found.before,
        "after": found.after,
        "added": [item_document(each) for each in found.added],
        "removed": [item_document(each) for each in found.removed],
        "edited": [
            {
                "before": each.before.id,
                "after": each.after.id,
                "title": each.after.title,
                "fields": [_field_document(field) for field in each.fields],
            }
            for each in found.edited
        ],
    }


def difference_lines(found: Difference) -> Iterator[str]:
    """A difference as lines: what came, what went, what changed in what."""
    for item in found.added:
        yield f"+ {item.title} ({item.id})"
    for item in found.removed:
        yield f"- {item.title} ({item.id})"
    for edited in found.edited:
        yield f"~ {edited.after.title} ({edited.before.id} is now {edited.after.id})"
        for field in edited.fields:
            yield from _field_lines(field)


def _field_document(field: FieldChange) -> JsonObject:
    document: JsonObject = {"name": field.name, "before": field.before, "after": field.after}
    if field.name != RULE:
        return document
    change = rule_change(field.before, field.after)
    return {**document, "conditions_lost": [*change.lost], "conditions_gained": [*change.gained]}


def _field_lines(field: FieldChange) -> Iterator[str]:
    if field.name != RULE:
        yield f"    {field.name}: {value_words(field.before)} → {value_words(field.after)}"
        return
    change = rule_change(field.before, field.after)
    if not (change.lost or change.gained):
        yield "    rule: the same conditions, joined otherwise"
    yield from (f"    rule - {each}" for each in change.lost)
    yield from (f"    rule + {each}" for each in change.gained)


def _history(program: Program, arguments: Arguments) -> Answer:
    history = configuration_versions.versions(program.acting, arguments.kind)
    touching = None if arguments.item is None else history.touching(arguments.item)
    found = [
        each
        for each in reversed(history.versions)
        if (arguments.before is None or each.settings_id < arguments.before)
        and (touching is None or each.settings_id in touching)
    ]
    shown = found[: arguments.limit]
    rows = [
        (
            each.settings_id,
            f"{'' if each.exact else 'from '}{each.at:%Y-%m-%d %H:%M}",
            each.by,
            len(each.items),
            "; ".join(changes_of(history, each)),
        )
        for each in shown
    ]
    document: JsonValue = {
        "kind": history.kind.word,
        "versions": [
            {
                "settings_id": each.settings_id,
                "by": each.by,
                "at": each.at.isoformat(),
                "exact": each.exact,
                "items": len(each.items),
                "added": [*each.added],
                "removed": [*each.removed],
                "edited": [[old, new] for old, new in each.edited],
                "same_as": each.same_as,
            }
            for each in shown
        ],
    }
    if not rows:
        return Answer(document, "No version.")
    text = table(("version", "at (UTC)", "by", "items", "what"), rows, right=("version", "items"))
    more = [f"--before {shown[-1].settings_id} shows the next."] if len(found) > len(shown) else []
    return Answer(document, together((text, *more)))


def changes_of(history: ListHistory, version: Version, most: int = 4) -> list[str]:
    """What a version did, in words."""
    items = history.items
    said = [f"as version {version.same_as}"] if version.same_as is not None else []
    for old, new in version.edited:
        fields = field_changes(history.kind, items[old].values, items[new].values)
        said.append(f"{items[new].title}: {words_for(fields) or 'saved anew'}")
    said += [f"added {items[each].title}" for each in version.added]
    said += [f"took out {items[each].title}" for each in version.removed]
    if len(said) > most:
        return [*said[:most], f"and {len(said) - most} more"]
    return said


def _diff(program: Program, arguments: Arguments) -> Answer:
    found = configuration_versions.difference(
        program.acting, arguments.kind, arguments.before, arguments.after
    )
    lines = [*difference_lines(found)] or ["Both say the same."]
    title = f"{found.kind.word}: version {found.before} to {found.after}"
    return Answer(difference_document(found), together((title, *lines)))


def _restore(program: Program, arguments: Arguments) -> Answer:
    chosen: Kind = arguments.kind
    found = configuration_versions.preview_restoration(program.acting, chosen, arguments.version)
    faulty: list[JsonValue] = [{"id": item.id, "reason": text} for item, text in found.faulty]
    document: JsonObject = {**difference_document(found.difference), "faulty": faulty}
    lines = [
        *difference_lines(found.difference),
        *(f"! {item.title} ({item.id}) can't be read: {reason}" for item, reason in found.faulty),
    ]
    if arguments.dry_run:
        return Answer(
            {**document, "settings_id": None}, together(lines or ["That is what is in force."])
        )
    made = configuration_versions.restore(
        program.acting,
        chosen,
        arguments.version,
        seen=found.difference.before,
        without_faulty=arguments.leave_out_faulty,
    )
    text = f"Version {arguments.version} of {chosen.word} is in force again, as version {made}."
    return Answer({**document, "settings_id": made}, together((*lines, text)))


def _at(program: Program, arguments: Arguments) -> Answer:
    found = configuration_versions.in_force_at_event(program.acting, arguments.version)
    document: JsonValue = {
        "version": found.version,
        "by": found.by,
        "at": found.at.isoformat(),
        "lists": [
            {
                "kind": each.kind.word,
                "settings_id": each.version.settings_id,
                "by": each.version.by,
                "since": each.version.at.isoformat(),
                "sure": each.sure,
            }
            for each in found.lists
        ],
    }
    rows = [
        (
            each.kind.word,
            each.version.settings_id,
            f"{each.version.at:%Y-%m-%d %H:%M}",
            each.version.by,
            "" if each.sure else "perhaps: the web service records no times",
        )
        for each in found.lists
    ]
    title = f"Version {found.version} by {found.by} at {found.at:%Y-%m-%d %H:%M} UTC"
    text = table(("kind", "version", "since (UTC)", "by", ""), rows, right=("version",))
    return Answer(document, together((title, text, f"{number_of(len(rows), 'list')}.")))
