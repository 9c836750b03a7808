"""What becomes of the cells and attributes that a version wrote."""

from datetime import UTC, datetime

from app.domain.history.attributes import AttributeEvent
from app.domain.history.cells import Action, Frame, Write
from app.domain.history.undo import (
    Instead,
    follow_online,
    last_to_redo,
    last_to_undo,
    undo_attributes,
    undo_cells,
    undo_comment,
    undone_version,
)
from app.domain.lumisections import LumiRange


def a_write(event: int, value: object, first: int, last: int, *, manual=True, dataset="online"):
    return Write(event, event, dataset, manual, {"a": value}, (LumiRange(first, last),))


def test_that_cells_go_back_where_the_version_holds_and_are_named_where_it_does_not():
    frame = Frame(
        [a_write(1, "x", 1, 9, manual=False), a_write(2, "y", 2, 6), a_write(3, "z", 5, 5)]
    )
    undone = undo_cells(frame, 2, Instead(""), manual_first=True)
    assert undone.events == [({"a": "x"}, (LumiRange(2, 4), LumiRange(6, 6)))]
    assert [(each.by_hand, each.in_place) for each in undone.restored] == [(True, False)]
    (since,) = undone.changed_since
    assert (since.written, since.now, since.version, since.ranges) == (
        "y", "z", 3, (LumiRange(5, 5),),
    )  # fmt: skip


def test_that_a_version_written_in_vain_has_nothing_to_undo():
    frame = Frame([a_write(1, "x", 1, 9), a_write(2, "y", 2, 6, manual=False)])
    undone = undo_cells(frame, 2, Instead(""), manual_first=True)
    assert (undone.restored, undone.changed_since, undone.kept) == ([], [], [])


def test_that_what_nobody_may_set_and_new_lumisections_are_kept():
    frame = Frame([a_write(1, 1, 1, 5), a_write(2, 2, 4, 8)])
    came = (LumiRange(6, 8),)
    kept = undo_cells(frame, 2, Instead(None), came=came, restorable=(), manual_first=False).kept
    assert [(each.ranges, each.reason) for each in kept] == [
        ((LumiRange(4, 8),), "a can't be set by a person")
    ]
    undone = undo_cells(frame, 2, Instead(None), came=came, manual_first=False)
    assert [each.ranges for each in undone.restored] == [(LumiRange(4, 5),)]
    assert [each.ranges for each in undone.kept] == [(LumiRange(6, 8),)]


def test_that_an_offline_dataset_keeps_its_own_values_when_online_is_restored():
    online = [a_write(1, True, 1, 6, manual=False), a_write(3, False, 1, 4, manual=False)]
    own = [
        a_write(2, False, 3, 6, manual=False, dataset="offline"),
        a_write(4, None, 1, 1, manual=False, dataset="offline"),
    ]
    instead: Instead = Instead(None)
    of_online = undo_cells(Frame(online), 3, instead, manual_first=False)
    assert of_online.events == [({"a": True}, (LumiRange(1, 4),))]
    frame = Frame([*online, *own])
    of_own = undo_cells(frame, 3, instead, manual_first=False)
    events = follow_online(frame, of_own, of_online)
    assert {(str(values), ranges) for values, ranges in events} == {
        ("{'a': None}", (LumiRange(1, 1),)),
        ("{'a': False}", (LumiRange(3, 4),)),
    }


def test_that_an_attribute_goes_back_and_says_what_the_automatic_value_is():
    events = [
        (1, AttributeEvent(1, False, {"class": "Cosmics", "state": "OPEN"})),
        (2, AttributeEvent(2, True, {"class": "Collisions", "state": "SIGNOFF", "new": 1})),
        (3, AttributeEvent(3, False, {"class": "Commissioning"})),
        (4, AttributeEvent(4, True, {"state": "COMPLETED"})),
    ]
    undone = undo_attributes(events, 2, None, manual_first=True)
    (restored,) = undone.restored
    assert (restored.name, restored.now, restored.restored, restored.by_hand) == (
        "class", "Collisions", "Cosmics", True,
    )  # fmt: skip
    assert restored.automatic == "Commissioning"
    (since,) = undone.changed_since
    assert (since.name, since.now, since.version) == ("state", "COMPLETED", 4)
    assert [name for name, _ in undone.kept] == ["new"]
    assert undone.values == {"class": "Cosmics"}


def versions(*comments: str) -> list[Action]:
    """A person's versions, the newest first; the oldest is version 1."""
    at = datetime(2025, 8, 20, tzinfo=UTC)
    return [
        Action(len(comments) - place, "person@cern.ch", comment, at)
        for place, comment in enumerate(comments)
    ]


def test_that_undo_goes_back_over_what_is_undone_already() -> None:
    newest_first = versions("undo of version 2: Edit", "Edit", "Edit")
    found = last_to_undo(newest_first)
    assert found is not None
    assert found.version == 1
    redo = last_to_redo(newest_first)
    assert redo is not None
    assert redo.version == 3


def test_that_what_was_redone_can_be_undone_again() -> None:
    again = "undo of version 2: undo of version 1: Edit"
    redone = versions(again, "undo of version 1: Edit", "Edit")
    assert last_to_undo(redone) == redone[0]
    assert last_to_redo(redone) is None
    assert last_to_redo(redone[1:]) == redone[1]


def test_that_redo_brings_back_one_after_the_other() -> None:
    again = "undo of version 4: undo of version 1: Edit"
    newest_first = versions(
        again, "undo of version 1: Edit", "undo of version 2: Edit", "Edit", "Edit"
    )
    found = last_to_redo(newest_first)
    assert found is not None
    assert found.version == 3


def test_that_nothing_can_be_redone_after_something_else_was_done() -> None:
    assert last_to_redo(versions("Edit", "undo of version 1: Edit", "Edit")) is None
    assert last_to_undo([]) is None


def test_that_a_comment_of_somebody_that_looks_like_an_undo_names_no_version():
    assert undone_version("undo of version 12: a typo") == 12
    assert undone_version("undo of version " + "9" * 5_000) is None


def test_that_what_a_version_did_not_change_or_nobody_may_set_is_left():
    events = [
        (1, AttributeEvent(1, False, {"class": "Cosmics", "state": "OPEN"})),
        (2, AttributeEvent(2, True, {"class": "Cosmics", "state": "SIGNOFF"})),
    ]
    undone = undo_attributes(events, 2, ["class"], manual_first=True)
    assert undone.restored == []
    assert undone.kept == [("state", "it can't be set by a person")]
    assert undo_attributes(events, 2, None, manual_first=True).values == {"state": "OPEN"}


def test_that_an_undo_names_what_it_undoes_and_there_may_be_nothing_to_redo():
    now = datetime(2025, 6, 15, tzinfo=UTC)
    first = Action(12, "expert@cern.ch", "HV trip", now)
    comment = undo_comment(first)
    assert comment == "undo of version 12: HV trip"
    assert undone_version(comment) == 12
    undo = Action(13, "expert@cern.ch", comment, now)
    assert last_to_redo([undo, first]) == undo
    assert last_to_redo([]) is None
    redo = Action(14, "expert@cern.ch", undo_comment(undo), now)
    assert last_to_redo([redo, undo, first]) is None
