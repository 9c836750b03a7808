"""Messages of a puller: once across pullers, in a digest, tried again, harmless."""

from dataclasses import dataclass, field

import pytest

from app.domain.lumisections import LumiRange
from app.domain.notification_choice import OF_PEOPLE, Choice, NotificationKind
from app.domain.progress import SILENT
from app.models.database.engine import Database
from app.services import notes
from app.services.acting import Acting
from app.services.notifications.messages import Message, Messages, NotDelivered
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once

RUN = 390001


@dataclass
class Box:
    """Keeps what it gets; while it is `closed` nothing reaches it."""

    name: str = "a box"
    kinds: frozenset[NotificationKind] = OF_PEOPLE
    got: list[Message] = field(default_factory=list)
    closed: bool = False
    asked: int = 0

    def deliver(self, message: Message) -> None:
        self.asked += 1
        if self.closed:
            raise NotDelivered("It is closed.")
        self.got.append(message)


@filled_once
def one_run(database: Database) -> None:
    configure(database)
    pull.apply(Acting(database), a_run(RUN, 10))


@pytest.fixture
def writer(one_run: Database) -> Acting:
    return Acting(one_run, EXPERT)


def test_that_two_pullers_send_what_happened_once_and_nothing_of_before(writer: Acting) -> None:
    box = Box()
    notes.add(writer, RUN, "", (), "dt-dt before anybody was told")
    one, other = (Messages(writer.db, [box], Choice()) for _ in range(2))
    assert one.turn(SILENT) == "nothing new to tell"
    notes.add(writer, RUN, "", (), "dt-dt tripped")
    notes.add(writer, RUN, "", [LumiRange(3, 4)][:0], "dt-dt is back")

    assert one.turn(SILENT) == "1 message sent"
    assert other.turn(SILENT) == "nothing new to tell"

    assert [each.subject for each in box.got] == ["Run Registry: 2 mentions"]
    assert "dt-dt is back" in box.got[0].text
    assert "before" not in box.got[0].text


def test_that_who_cannot_be_reached_waits_longer_each_time_and_keeps_nobody_waiting(
    writer: Acting,
) -> None:
    closed, other, now = Box("closed"), Box("open"), [0.0]
    messages = Messages(writer.db, [closed, other], Choice(), rest_s=300.0, clock=lambda: now[0])
    messages.turn(SILENT)
    closed.closed = True
    notes.add(writer, RUN, "", (), "dt-dt tripped")
    for seconds, tries in ((0.0, 1), (59.0, 1), (61.0, 2), (170.0, 2), (182.0, 3)):
        now[0] = seconds
        with pytest.raises(NotDelivered, match=r"closed: It is closed\."):
            messages.turn(SILENT)
        assert closed.asked == tries
    assert len(other.got) == 1
    closed.closed, now[0] = False, 10_000.0
    assert messages.turn(SILENT) == "1 message sent"
    notes.add(writer, RUN, "", (), "dt-dt is back")
    now[0] = 10_299.0
    assert messages.turn(SILENT) == "1 message sent"
    now[0] = 10_301.0
    assert messages.turn(SILENT) == "1 message sent"
    assert closed.got[0].id != other.got[0].id


def test_that_words_of_others_are_no_markup_and_call_nobody(writer: Acting) -> None:
    box = Box()
    messages = Messages(
        writer.db, [box], Choice(), server="db:5432/rr", pages="https://rr.example.ch"
    )
    messages.turn(SILENT)
    notes.add(writer, RUN, "", (), "dt-dt `@channel` **x** [y](http://evil)\n# z <b>")
    messages.turn(SILENT)

    words = box.got[0].markdown
    code = words.split("`")[1]
    assert words.count("`") == 2
    assert "'@channel' **x** [y](http://evil) # z <b>" in code
    assert f"[open](https://rr.example.ch/browse/runs/{RUN})" in words
