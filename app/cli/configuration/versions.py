"""Commands on versions of the configuration: `config history`, `diff`, `restore`, `at`."""

from collections.abc import Iterator

from app.cli.arguments import add_command, positive
from app.cli.configuration.items import KINDS, item_document, kind
from app.cli.output import Answer, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.domain.configuration.in_force import Kind
from app.domain.configuration.items import RULE
from app.domain.configuration.versions import (
    Difference,
    FieldChange,
    changes_of,
    rule_change,
    value_words,
)
from app.domain.counting import counted
from app.domain.json_value import JsonObject, JsonValue
from app.services.configuration import versions as configuration_versions

_MOST_CHANGES = 4


def add(group: Commands, common: Parser) -> None:
    """Adds the commands to `config`."""
    parser = add_command(
        group, common, "history", "the versions of a list, the newest first", _history, writes=False
    )
    parser.add_argument("kind", type=kind, metavar="KIND", help=KINDS)
    parser.add_argument("--limit", type=positive, default=50, metavar="N", help="at most (50)")
    parser.add_argument("--before", type=positive, metavar="VERSION", help="only older ones")
    parser.add_argument("--item", type=positive, metavar="ID", help="only changes of an item")

    parser = add_command(
        group, common, "diff", "the difference between two versions", _diff, writes=False
    )
    parser.add_argument("kind", type=kind, metavar="KIND", help=KINDS)
    parser.add_argument("before", type=positive, metavar="VERSION")
    parser.add_argument(
        "after", type=positive, nargs="?", metavar="VERSION", help="the one in force by default"
    )

    parser = add_command(
        group, common, "restore", "restore a version of a list, as a new one", _restore, writes=True
    )
    parser.add_argument("kind", type=kind, metavar="KIND", help=KINDS)
    parser.add_argument("version", type=positive, metavar="VERSION")
    parser.add_argument("--dry-run", action="store_true", help="only list what would change")
    parser.add_argument(
        "--leave-out-faulty", action="store_true", help="without rules that can't be read"
    )

    parser = add_command(
        group,
        common,
        "at",
        "the versions that were in force when an event was written",
        _at,
        writes=False,
    )
    parser.add_argument("version", type=positive, metavar="EVENT_VERSION")


def difference_document(difference: Difference) -> JsonObject:
    """A difference as a document."""
    return {
        "kind": difference.kind.word,
        "before": difference.before,
        "after": difference.after,
        "added": [item_document(item) for item in difference.added],
        "removed": [item_document(item) for item in difference.removed],
        "edited": [
            {
                "before": edited.before.id,
                "after": edited.after.id,
                "title": edited.after.title,
                "fields": [_field_document(field) for field in edited.fields],
            }
            for edited in difference.edited
        ],
    }


def difference_lines(difference: Difference) -> Iterator[str]:
    """A difference as lines: added, removed and changed items."""
    for item in difference.added:
        yield f"+ {item.title} ({item.id})"
    for item in difference.removed:
        yield f"- {item.title} ({item.id})"
    for edited in difference.edited:
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
        yield "    rule: the same conditions, combined differently"
    yield from (f"    rule - {condition}" for condition in change.lost)
    yield from (f"    rule + {condition}" for condition in change.gained)


def _history(program: Program, arguments: Arguments) -> Answer:
    history = configuration_versions.versions(program.acting, arguments.kind)
    touching = None if arguments.item is None else history.touching(arguments.item)
    versions = [
        version
        for version in reversed(history.versions)
        if (arguments.before is None or version.settings_id < arguments.before)
        and (touching is None or version.settings_id in touching)
    ]
    shown = versions[: arguments.limit]
    rows = [
        (
            version.settings_id,
            f"{'' if version.exact else 'from '}{version.at:%Y-%m-%d %H:%M}",
            version.by,
            len(version.items),
            "; ".join(
                changes_of(history, version, _MOST_CHANGES, added="added", removed="removed")
            ),
        )
        for version in shown
    ]
    document: JsonValue = {
        "kind": history.kind.word,
        "versions": [
            {
                "settings_id": version.settings_id,
                "by": version.by,
                "at": version.at.isoformat(),
                "exact": version.exact,
                "items": len(version.items),
                "added": [*version.added],
                "removed": [*version.removed],
                "edited": [[old, new] for old, new in version.edited],
                "same_as": version.same_as,
            }
            for version in shown
        ],
    }
    if not rows:
        return Answer(document, "No version matches.")
    text = table(("version", "at (UTC)", "by", "items", "what"), rows, right=("version", "items"))
    more: list[str] = []
    if len(versions) > len(shown):
        more.append(f"--before {shown[-1].settings_id} shows the next.")
    return Answer(document, together((text, *more)))


def _diff(program: Program, arguments: Arguments) -> Answer:
    difference = configuration_versions.difference(
        program.acting, arguments.kind, arguments.before, arguments.after
    )
    lines = [*difference_lines(difference)] or ["Both versions are identical."]
    title = f"{difference.kind.word}: version {difference.before} to {difference.after}"
    return Answer(difference_document(difference), together((title, *lines)))


def _restore(program: Program, arguments: Arguments) -> Answer:
    chosen: Kind = arguments.kind
    restoration = configuration_versions.preview_restoration(
        program.acting, chosen, arguments.version
    )
    faulty: list[JsonValue] = [{"id": item.id, "reason": text} for item, text in restoration.faulty]
    document: JsonObject = {**difference_document(restoration.difference), "faulty": faulty}
    lines = [
        *difference_lines(restoration.difference),
        *(
            f"! {item.title} ({item.id}) can't be read: {reason}"
            for item, reason in restoration.faulty
        ),
    ]
    if arguments.dry_run:
        return Answer(
            {**document, "settings_id": None},
            together(lines or ["This version is already in force."]),
        )
    made = configuration_versions.restore(
        program.acting,
        chosen,
        arguments.version,
        seen=restoration.difference.before,
        without_faulty=arguments.leave_out_faulty,
    )
    text = f"Version {arguments.version} of {chosen.word} is in force again, as version {made}."
    return Answer({**document, "settings_id": made}, together((*lines, text)))


def _at(program: Program, arguments: Arguments) -> Answer:
    at_event = configuration_versions.in_force_at_event(program.acting, arguments.version)
    document: JsonValue = {
        "version": at_event.version,
        "by": at_event.by,
        "at": at_event.at.isoformat(),
        "lists": [
            {
                "kind": in_force.kind.word,
                "settings_id": in_force.version.settings_id,
                "by": in_force.version.by,
                "since": in_force.version.at.isoformat(),
                "sure": in_force.sure,
            }
            for in_force in at_event.lists
        ],
    }
    rows = [
        (
            in_force.kind.word,
            in_force.version.settings_id,
            f"{in_force.version.at:%Y-%m-%d %H:%M}",
            in_force.version.by,
            "" if in_force.sure else "probably: the web service records no times",
        )
        for in_force in at_event.lists
    ]
    title = f"Version {at_event.version} by {at_event.by} at {at_event.at:%Y-%m-%d %H:%M} UTC"
    text = table(("kind", "version", "since (UTC)", "by", ""), rows, right=("version",))
    return Answer(document, together((title, text, f"{counted(len(rows), 'list')}.")))
