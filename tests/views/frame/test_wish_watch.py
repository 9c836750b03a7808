"""What the window tells of what the person asked a puller for."""

from datetime import UTC, datetime

import pytest

from app.domain.certification.wishes import MadeWish, WishState
from app.services.wishes import lists
from app.views.frame.status_bar import StatusBar
from app.views.frame.watching.wish_watch import WishWatch
from app.views.notices import Level

AT = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def said(monkeypatch):
    """What the service says, look by look."""
    answers = []
    monkeypatch.setattr(lists, "news", lambda _acting, before: answers.pop(0)(before))
    return answers


def made(state, text=""):
    return MadeWish(5, "refresh run 7", "me@cern.ch", AT, state, text)


def test_that_a_wish_is_shown_on_its_way_and_told_once_it_is_done(
    qtbot, context, owner, said, notices, themes, workplace
):
    watch = WishWatch(context, owner)
    bar = StatusBar(workplace.session, notices, themes)
    qtbot.addWidget(bar)
    watch.said.connect(bar.show_wishes)
    said.append(lambda before: ("1 wish on the way", frozenset({5}), ()))
    with qtbot.waitSignal(watch.said):
        watch.hear(5)
    assert (bar.wishes.text(), bar.wishes.isHidden()) == ("1 wish on the way", False)
    done = made(WishState.DONE, "Refreshed run 7.")
    said.append(lambda before: ("", frozenset(), (done,) if 5 in before else ()))
    with qtbot.waitSignal(watch.said):
        watch.hear(5)
    assert (bar.wishes.isHidden(), notices.last.text) == (True, "Refreshed run 7.")
    watch.stop()


def test_that_a_refused_wish_is_told_with_the_reason_and_no_second_time(
    qtbot, context, owner, said, notices
):
    watch = WishWatch(context, owner)
    refused = made(WishState.REFUSED, "Run 7 is in state SIGNOFF.")
    shown = []
    notices.shown.connect(shown.append)
    for _ in range(2):
        said.append(lambda _before: ("", frozenset(), (refused,)))
        with qtbot.waitSignal(watch.said):
            watch.hear(5)
    assert [(each.level, each.text) for each in shown] == [
        (Level.REFUSED, "The puller could not refresh run 7. Run 7 is in state SIGNOFF.")
    ]
    watch.stop()
