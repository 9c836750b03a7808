"""Who has a dataset open: seen by others at once, forgotten when a client says nothing."""

import queue

import pytest
from sqlalchemy import text

from app.domain.identity import Actor
from app.models.database.engine import Database
from app.models.database.listen import Change, ChangeListener
from app.services.acting import Acting
from app.services.editing import presence
from app.services.editing.presence import OpenDatasets

ANNA = Actor("anna@cern.ch")
BERT = Actor("bert@cern.ch")
KEY = (390001, "/PromptReco/Collisions2025A/DQM")


def people(db: Database, client: str) -> list[tuple[str, bool]]:
    return [(each.person, each.editing) for each in presence.others(Acting(db, client=client), KEY)]


def test_that_others_are_seen_with_what_they_do_until_they_leave(database: Database):
    assert presence.open_dataset(Acting(database, ANNA, client="a"), KEY) == ()
    (first,) = presence.open_dataset(Acting(database, BERT, client="b"), KEY, editing=True)
    assert (first.person, first.client) == (ANNA.email, "a")
    assert people(database, "a") == [(BERT.email, True)]
    presence.open_dataset(Acting(database, BERT, client="b"), KEY)
    assert people(database, "a") == [(BERT.email, False)]
    presence.open_dataset(Acting(database, BERT, client="b"), (390001, "online"))
    presence.close_dataset(Acting(database, client="b"), KEY)
    assert people(database, "a") == []
    presence.close_dataset(Acting(database, client="a"))
    assert people(database, "b") == []


def test_that_a_name_too_long_to_be_told_of_is_opened_all_the_same(database: Database):
    longest = (390001, "\u00e9" * 4_000)
    assert presence.open_dataset(Acting(database, ANNA, client="a"), longest) == ()
    (first,) = presence.open_dataset(Acting(database, BERT, client="b"), longest)
    assert first.person == ANNA.email
    presence.close_dataset(Acting(database, client="a"))
    assert presence.others(Acting(database, client="b"), longest) == ()


def test_that_a_client_that_says_nothing_is_gone_until_it_speaks_again(database: Database):
    presence.open_dataset(Acting(database, ANNA, client="a"), KEY)
    with database.transaction() as connection:
        connection.execute(text("UPDATE desk.presence SET heartbeat = now() - interval '1 minute'"))
    assert people(database, "b") == []
    presence.heartbeat(Acting(database, client="a"))
    assert people(database, "b") == [(ANNA.email, False)]


def test_that_without_the_desk_nobody_is_seen(dsn: str):
    db = Database(dsn)
    try:
        assert presence.open_dataset(Acting(db, ANNA, client="a"), KEY) == ()
        presence.heartbeat(Acting(db, client="a"))
        presence.close_dataset(Acting(db, client="a"))
        assert presence.others(Acting(db, client="b"), KEY) == ()
    finally:
        db.close()


def test_that_coming_and_going_is_announced_and_a_heartbeat_is_not(database: Database):
    heard: queue.Queue[Change] = queue.Queue()
    connected: queue.Queue[bool] = queue.Queue()
    listener = ChangeListener(database, heard.put, lambda is_up, _: connected.put(is_up))
    listener.start()
    try:
        assert connected.get(timeout=10)
        presence.open_dataset(Acting(database, ANNA, client="a"), KEY)
        assert heard.get(timeout=10) == Change(None, KEY)
        presence.open_dataset(Acting(database, ANNA, client="a"), KEY)
        presence.heartbeat(Acting(database, client="a"))
        presence.close_dataset(Acting(database, client="a"))
        assert heard.get(timeout=10) == Change(None, KEY)
        with pytest.raises(queue.Empty):
            heard.get_nowait()
    finally:
        listener.stop()


def test_that_a_dataset_is_closed_when_the_last_view_of_a_client_leaves_it(
    database: Database,
) -> None:
    opened = OpenDatasets(Acting(database, ANNA, client="a"))
    opened.open(KEY, 1, editing=False)
    opened.open(KEY, 2, editing=True)
    opened.close(KEY, 1)
    assert people(database, "b") == [(ANNA.email, True)]
    opened.close(KEY, 2)
    assert people(database, "b") == []
