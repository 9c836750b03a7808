"""`notifications`: what others did that concerns a person, and a trial of mail and webhook."""

import time
from datetime import timedelta

from app.cli.arguments import add_command, add_group
from app.cli.output import DONE, REFUSED, Answer, show, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.clock import server_now
from app.domain.errors import Refused
from app.domain.history.log import parse_time
from app.domain.json_value import JsonObject, JsonValue
from app.domain.links import link_text
from app.domain.notifications import Notification, summaries
from app.services.notifications.looking import begin, begin_at, check_workspaces, look
from app.services.notifications.messages import Message, NotDelivered

_DAY = timedelta(days=1)
_EVERY_S = 3.0
_TRIAL = "A trial by run-registry notifications test: messages of what happened come here."


def add(commands: Commands, common: Parser) -> None:
    """Adds `notifications` and its commands."""
    group = add_group(commands, common, "notifications", HELP["notifications"])
    parser = add_command(
        group,
        common,
        "list",
        "flags, deadlines, conflicts, mentions, proposals, official lists, lost marks and freezes"
        " since a time",
        _list,
        writes=False,
    )
    parser.add_argument(
        "--since", default="", metavar="TIME", help="2025-06-01, 6h or 3d (ago); a day otherwise"
    )
    parser.add_argument(
        "--follow", action="store_true", help="go on and print what happens, until Ctrl-C"
    )
    add_command(
        group,
        common,
        "test",
        "send a message to everybody whom a puller would tell, and say whether it arrived",
        _test,
        writes=False,
    )


def _list(program: Program, arguments: Arguments) -> Answer:
    acting, choice, now = program.acting, program.settings.choice, server_now()
    check_workspaces(acting, choice.workspaces)
    since = parse_time(arguments.since, now) if arguments.since else now - _DAY
    told = begin(acting) if arguments.follow and not arguments.since else begin_at(acting, since)
    found = look(acting, choice, told)
    if not arguments.follow:
        lines = [
            line
            for summary in summaries(found.notifications, found.more)
            for line in (f"{summary.title}:", *(f"  {text}" for text in summary.lines(50)))
        ]
        if found.more:
            lines.append("There is more than is shown here: run-registry log lists all of it.")
        return Answer(
            {"notifications": [_document(each) for each in found.notifications]},
            together(lines) if lines else "Nothing has happened.",
        )
    while True:
        for each in sorted(found.notifications, key=lambda one: one.at):
            line = f"{each.at:%Y-%m-%d %H:%M} {each.kind.noun}: {each.text}"
            show(Answer(_document(each), line), as_json=arguments.as_json)
        time.sleep(_EVERY_S)
        found = look(acting, choice, found.told)


def _test(program: Program, _arguments: Arguments) -> Answer:
    recipients = program.recipients()
    if not recipients:
        raise Refused("Nobody is told: neither mail_to nor webhook_kinds is set.")
    message = Message(f"trial-{server_now():%Y%m%d%H%M%S%f}", (), intro=_TRIAL)
    lines: list[str] = []
    documents: list[JsonValue] = []
    good = True
    for each in recipients:
        try:
            each.deliver(message)
            problem = ""
        except NotDelivered as error:
            problem, good = str(error), False
        kinds = ", ".join(sorted(each.kinds))
        lines.append(f"{each.name} ({kinds}): {problem or 'delivered'}")
        documents.append({"recipient": each.name, "kinds": kinds, "problem": problem})
    return Answer(
        {"good": good, "recipients": documents}, together(lines), DONE if good else REFUSED
    )


def _document(notification: Notification) -> JsonObject:
    return {
        "kind": notification.kind.value,
        "at": notification.at.isoformat(),
        "text": notification.text,
        "link": link_text(notification.link),
    }
