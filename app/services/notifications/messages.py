"""Messages of a puller to teams: mail and posts that sum up what happened, each sent once."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.counting import counted
from app.domain.errors import Refused
from app.domain.links import GoldenLink, Link, RunLink, link_text
from app.domain.notification_choice import OF_TEAMS, Choice, NotificationKind
from app.domain.notifications import MOST_LINES, Notification, Summary, summaries, with_server
from app.domain.progress import Progress
from app.models import notifications as model
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.notifications.looking import Found, Told, begin, look

logger = logging.getLogger(__name__)

SOURCE = "messages"
_FIRST_WAIT_S = 60.0
_LONGEST_WAIT_S = 3600.0


class NotDelivered(Refused):
    """A message couldn't be delivered, for a reason in a sentence; it is tried again."""


@dataclass(frozen=True)
class Message:
    """What is sent at once; `id` is the same when it is sent again. `pages`: the address of the
    HTTP door, whose pages show what happened to whoever has no program. `intro` stands above."""

    id: str
    summaries: tuple[Summary, ...]
    pages: str = ""
    intro: str = ""

    @property
    def subject(self) -> str:
        """What it is about, in numbers only."""
        numbers = (
            f"{'at least ' if s.more else ''}{counted(len(s.notifications), s.kind.noun)}"
            for s in self.summaries
        )
        return f"Run Registry: {', '.join(numbers) or 'a trial'}"

    @property
    def text(self) -> str:
        """All of it as plain text."""
        parts = [f"{self.intro}\n\n"] if self.intro else []
        for summary in self.summaries:
            parts.append(f"{summary.title}\n")
            for each, line in self._lines(summary):
                parts.append(f"  {line}\n")
                if each is not None:
                    parts.append(f"    {self._address(each.link)}\n")
            parts.append("\n")
        return "".join(parts)

    @property
    def markdown(self) -> str:
        """All of it as Markdown. What others wrote stands as code: nothing in it is markup, and it
        calls nobody by an @."""
        parts = [f"{self.intro}\n\n"] if self.intro else []
        for summary in self.summaries:
            parts.append(f"**{summary.title}**\n")
            for each, line in self._lines(summary):
                code = f"`{line.replace('`', chr(39))}`"
                link = "" if each is None else f" [open]({self._address(each.link)})"
                parts.append(f"- {code}{link}\n")
            parts.append("\n")
        return "".join(parts).strip()

    def _lines(self, summary: Summary) -> Iterator[tuple[Notification | None, str]]:
        """The lines of a kind, each with what it is about; the last may count the rest."""
        shown = summary.notifications[:MOST_LINES]
        lines = summary.lines()
        yield from zip(shown, lines, strict=False)
        yield from ((None, line) for line in lines[len(shown) :])

    def _address(self, link: Link) -> str:
        match link:
            case RunLink() if self.pages:
                return f"{self.pages}/browse/runs/{link.run_number}"
            case GoldenLink() if self.pages:
                return f"{self.pages}/golden/{link.list_id}"
        return link_text(link)


class Recipient(Protocol):
    """Whom messages go to; `name` tells it from the others and holds no secret."""

    @property
    def name(self) -> str: ...

    @property
    def kinds(self) -> frozenset[NotificationKind]:
        """What it is told."""

    def deliver(self, message: Message) -> None:
        """Sends a message. Raises NotDelivered."""


class Messages:
    """Sends to each recipient what happened since the message before.

    How far each was told stands in the database, so that whichever puller is elected goes on. It is
    noted after the message is sent: one that the end of the program cut is sent again, with the
    same number. From one message to the next it is `rest_s` at least. Who can't be reached is tried
    again after growing waits, and keeps nobody waiting. `problem`: why nobody can be told at all.
    """

    def __init__(
        self,
        db: Database,
        recipients: Sequence[Recipient],
        choice: Choice,
        *,
        server: str = "",
        pages: str = "",
        rest_s: float = 0.0,
        problem: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._acting = Acting(db)
        self._recipients = recipients
        self._choice = choice
        self._server = server
        self._pages = pages
        self._rest_s = rest_s
        self._problem = problem
        self._clock = clock
        self._rests: dict[str, float] = {}
        self._waits: dict[str, tuple[float, float, str]] = {}

    def turn(self, progress: Progress) -> str:
        """Tells everybody what is new; says how many messages that took. Raises NotDelivered once
        it has tried all of them."""
        if self._problem:
            raise NotDelivered(self._problem)
        if not self._acting.db.desk:
            raise Refused("No messages are sent: there is no schema desk to note what was told.")
        sent, problems = 0, []
        for recipient in self._recipients:
            progress.checkpoint()
            _, until, why = self._waits.get(recipient.name, (0.0, 0.0, ""))
            if self._clock() < until:
                problems.append(why)
                continue
            if self._clock() < self._rests.get(recipient.name, float("-inf")):
                continue
            try:
                sent += self._tell(recipient)
            except NotDelivered as error:
                problems.append(f"{recipient.name}: {error}")
                self._wait_longer(recipient.name, problems[-1])
            else:
                self._waits.pop(recipient.name, None)
        if problems:
            raise NotDelivered("; ".join(problems))
        return f"{counted(sent, 'message')} sent" if sent else "nothing new to tell"

    def _tell(self, recipient: Recipient) -> bool:
        """Tells one of them; returns whether there was anything to tell."""
        with self._acting.db.read() as connection:
            stored = model.told(connection, recipient.name)
        before = None if stored is None else Told.parse(stored)
        if before is None:
            # What was there before anybody was told is no news.
            self._keep(recipient, begin(self._acting))
            return False
        kinds = recipient.kinds & OF_TEAMS
        choice = Choice(kinds, self._choice.workspaces, self._choice.days_before)
        found = look(self._acting, choice, before)
        if found.notifications:
            recipient.deliver(self._message(recipient.name, found))
            self._rests[recipient.name] = self._clock() + self._rest_s
        if found.told != before:
            self._keep(recipient, found.told)
        return bool(found.notifications)

    def _message(self, name: str, found: Found) -> Message:
        named = "\n".join((name, *sorted(each.key for each in found.notifications)))
        number = hashlib.sha256(named.encode()).hexdigest()[:32]
        told = (with_server(each, self._server) for each in found.notifications)
        return Message(number, summaries(told, found.more), self._pages)

    def _keep(self, recipient: Recipient, told: Told) -> None:
        with self._acting.db.transaction() as connection:
            model.keep_told(connection, recipient.name, told.text)

    def _wait_longer(self, name: str, why: str) -> None:
        before, _, _ = self._waits.get(name, (0.0, 0.0, ""))
        wait = min(max(2 * before, _FIRST_WAIT_S), _LONGEST_WAIT_S)
        self._waits[name] = (wait, self._clock() + wait, why)
