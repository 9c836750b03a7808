"""What a person was told on a database: kept on this machine, so that nothing is told twice."""

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from app import files
from app.domain import counting
from app.domain.clock import server_now
from app.domain.errors import BadInput, Refused, Unavailable
from app.domain.json_value import JsonObject, JsonValue
from app.domain.links import link_text, parse_link
from app.domain.notification_choice import Choice, NotificationKind
from app.domain.notifications import Notification, official_key
from app.models.embedded.file_lock import FileLock
from app.services.acting import Acting
from app.services.notifications.looking import Found, Told, begin, look

logger = logging.getLogger(__name__)

_LOCK_S = 5.0
_MOST = 200
"""Notifications that are kept to be looked at again."""


@dataclass(frozen=True)
class Happened:
    """The newest of what a person was told, the newest first; `read`: when they looked at it;
    `more`: what came since is more than is kept here, or was too much to look at."""

    notifications: tuple[Notification, ...] = ()
    read: datetime | None = None
    more: bool = False

    @property
    def unread(self) -> int:
        """How many came since the person looked."""
        read = self.read
        return sum(read is None or each.at > read for each in self.notifications)

    @property
    def number(self) -> str:
        """That number as it is read: `at least 200` where that is not all."""
        return f"{'at least ' if self.more else ''}{counting.number(self.unread)}"

    def with_fresh(self, found: Found) -> "Happened":
        """The same with what was found now."""
        ordered = sorted(
            (*found.notifications, *self.notifications), key=lambda each: each.at, reverse=True
        )
        kept, left = tuple(ordered[:_MOST]), ordered[_MOST:]
        lost = any(self.read is None or each.at > self.read for each in left)
        return replace(self, notifications=kept, more=self.more or lost or bool(found.more))


@dataclass(frozen=True)
class _Kept:
    told: Told | None = None
    happened: Happened = field(default_factory=Happened)


class NotificationBook:
    """Looks for what happened, for one person on one database. Without a folder it is forgotten at
    the end; what comes while nobody looks is found by the next look."""

    def __init__(
        self, acting: Acting, folder: Path | None, choice: Callable[[], Choice] = Choice
    ) -> None:
        self._acting = acting
        self._file = None if folder is None else folder / _name(acting)
        self._choice = choice
        self._kept = _Kept()
        self._guard = threading.Lock()
        self._looking = threading.Lock()

    @property
    def choice(self) -> Choice:
        """What the person wants to be told now."""
        return self._choice()

    def look(self) -> Found:
        """What is to be told now, each once. The very first look tells only of deadlines."""
        with self._looking_alone():
            before = self._kept_now().told or begin(self._acting)
            found = look(self._acting, self.choice, before)
            with self._guard:
                # Meanwhile the person may have read the list, or made a list official.
                kept = self._read()
                known = () if kept.told is None else kept.told.keys
                own = dict.fromkeys(key for key in known if key not in before.keys)
                fresh = tuple(each for each in found.notifications if each.key not in own)
                told = found.told.knowing(key for key in own if key not in found.told.keys)
                happened = kept.happened
                found = replace(found, notifications=fresh, told=told)
                if fresh:
                    happened = happened.with_fresh(found)
                if fresh or told != kept.told:
                    self._write(_Kept(told, happened))
        return found

    def happened(self) -> Happened:
        """What was told before, also when the program ran earlier."""
        return self._kept_now().happened

    def mark_read(self) -> Happened:
        """The person has looked at all of it."""
        with self._guard:
            kept = self._read()
            newest = max((each.at for each in kept.happened.notifications), default=server_now())
            happened = replace(kept.happened, read=max(newest, server_now()), more=False)
            self._write(replace(kept, happened=happened))
        return happened

    def made_official(self, ids: Collection[int]) -> None:
        """The person made these lists official here: that is no news to them. A list says only who
        made it."""
        with self._guard:
            kept = self._read()
            # Who has never looked begins with what is there then.
            if kept.told is not None and ids:
                self._write(replace(kept, told=kept.told.knowing(map(official_key, ids))))

    @contextmanager
    def _looking_alone(self) -> Iterator[None]:
        """What one window tells, the others of the same person must find noted. A window that hangs
        keeps the others waiting for a moment only: rather told twice than never."""
        with self._looking, ExitStack() as held:
            if self._file is not None:
                try:
                    files.make_folder(self._file.parent)
                    lock = FileLock(self._file.with_suffix(".lock"))
                    held.enter_context(lock.held(_LOCK_S, doing="looking what happened"))
                except (Refused, Unavailable, OSError) as error:
                    logger.warning("What was told isn't locked: %s", error)
            yield

    def _kept_now(self) -> _Kept:
        with self._guard:
            return self._read()

    def _read(self) -> _Kept:
        """What is kept; another window of the same person may have written it."""
        if self._file is None:
            return self._kept
        try:
            return _parsed(json.loads(self._file.read_text("utf-8")))
        except FileNotFoundError:
            return self._kept
        except (OSError, ValueError, KeyError, TypeError, RecursionError, BadInput) as error:
            logger.warning(
                "What was told, %s, can't be read and begins anew: %s", self._file, error
            )
            return self._kept

    def _write(self, kept: _Kept) -> None:
        self._kept = kept
        if self._file is None:
            return
        try:
            files.make_folder(self._file.parent)
            files.write(self._file, json.dumps(_document(kept)), mode=files.PRIVATE)
        except Refused as error:
            logger.warning("What was told can't be kept: %s", error)


def _name(acting: Acting) -> str:
    """The file of a person on a database: the program's own is not always on the same port."""
    database = "own database" if acting.db.is_own else acting.db.dsn_without_password
    named = json.dumps([database, acting.actor.email])
    return f"told-{hashlib.sha1(named.encode()).hexdigest()}.json"


def _document(kept: _Kept) -> JsonObject:
    happened = kept.happened
    return {
        "told": None if kept.told is None else kept.told.text,
        "read": None if happened.read is None else happened.read.isoformat(),
        "more": kept.happened.more,
        "happened": [
            {
                "kind": each.kind.value,
                "key": each.key,
                "at": each.at.isoformat(),
                "text": each.text,
                "link": link_text(each.link),
            }
            for each in happened.notifications
        ],
    }


def _parsed(document: dict[str, JsonValue]) -> _Kept:
    """What a file holds. Raises as those do that read what isn't as it was written."""
    told, read, listed = document["told"], document["read"], document["happened"]
    if not isinstance(listed, list):
        raise TypeError("the list is none")
    return _Kept(
        Told.parse(told) if isinstance(told, str) else None,
        Happened(
            tuple(map(_notification, listed)),
            datetime.fromisoformat(read) if isinstance(read, str) else None,
            # A version that didn't know it kept none.
            document.get("more") is True,
        ),
    )


def _notification(stored: JsonValue) -> Notification:
    if not isinstance(stored, dict):
        raise TypeError("a line is none")
    return Notification(
        NotificationKind(str(stored["kind"])),
        str(stored["key"]),
        datetime.fromisoformat(str(stored["at"])),
        str(stored["text"]),
        parse_link(str(stored["link"])),
    )
