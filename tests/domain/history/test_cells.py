"""Folds that remember whose word holds, and what each action changed, against the plain fold."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain.history.attributes import MOST_VALUES
from app.domain.history.cells import Action, Difference, Frame, Write, differences
from app.domain.lumisections import LumiRange
from app.domain.state.grid import grid_of_objects

LENGTH = 8
KEYS = ("a", "b", "c")


def a_write(event: int, version: int, *, manual: bool = False, key: str = "a", value: str = "x"):
    return Write(event, version, "online", manual, {key: value}, (LumiRange(2, 4),))


def some_writes(seed: int) -> list[Write[str]]:
    """Writes in no order; some of an older version were stored after those of a newer one."""
    chance = random.Random(seed)
    found = []
    for event in range(1, 25):
        first = chance.randint(1, LENGTH)
        values = {chance.choice(KEYS): chance.choice("xyz") for _ in range(chance.randint(1, 3))}
        ranges = (LumiRange(first, chance.randint(first, LENGTH)),)
        version = max(1, event // 2 + chance.choice([0, 0, 0, -1, 1]))
        found.append(Write(event, version, "online", chance.random() < 0.4, values, ranges))
    chance.shuffle(found)
    return found


def plain(writes: list[Write[str]], version: int) -> dict[tuple[str, int], Write[str]]:
    """The write behind every cell, one cell after the other."""
    cells: dict[tuple[str, int], Write[str]] = {}
    for write in sorted(writes, key=lambda write: (write.manual, write.event)):
        if write.version <= version:
            for first, last in write.ranges:
                for number in range(first, last + 1):
                    cells.update({(key, number): write for key in write.values})
    return cells


@pytest.mark.parametrize("seed", range(10))
def test_that_a_fold_at_any_version_knows_the_write_behind_every_cell(seed: int):
    writes = some_writes(seed)
    frame = Frame(writes)
    for version in (0, 3, 7, 99):
        expected = plain(writes, version)
        at = frame.at(version)
        for key in KEYS:
            for number in range(1, LENGTH + 1):
                assert at.writer(key, number) is expected.get((key, number))


@pytest.mark.parametrize("seed", range(10))
def test_that_what_each_action_changed_is_the_difference_of_the_folds_around_it(seed: int):
    writes = some_writes(seed)
    found = Frame(writes).changes(range(30))
    for version in {write.version for write in writes}:
        before, after = plain(writes, version - 1), plain(writes, version)
        told = {
            (change.key, number): (change.before, change.after)
            for change in found.get(version, ())
            for first, last in change.ranges
            for number in range(first, last + 1)
        }
        for key in KEYS:
            for number in range(1, LENGTH + 1):
                cell = (key, number)
                pair = tuple(
                    w.values[key] if (w := at.get(cell)) else None for at in (before, after)
                )
                assert told.get(cell, pair) == pair
                assert cell in told or pair[0] == pair[1]


def test_that_an_automatic_word_behind_a_persons_is_told_as_written_in_vain():
    writes = [a_write(1, 1, manual=True, value="x"), a_write(2, 2, value="y")]
    (change,) = Frame(writes).changes([2])[2]
    assert (change.before, change.after, change.written, change.overruled) == ("x", "x", "y", True)


def test_that_only_the_columns_and_lumisections_asked_for_are_told():
    writes = [a_write(1, 1), a_write(2, 2, key="b")]
    frame = Frame(writes, ["a"])
    assert frame.keys == ("a",)
    where = grid_of_objects({2: {}, 9: {}}).covered
    (change,) = frame.changes([1, 2], where)[1]
    assert change.ranges == (LumiRange(2, 2),)
    assert 2 not in frame.changes([1, 2], where)


def test_that_changes_come_in_the_same_order_whatever_was_read_of_what_is_elsewhere():
    elsewhere, *near = [
        Write(event, event, "online", False, {"a": value}, (LumiRange(first, last),))
        for event, (value, first, last) in enumerate(
            [("x", 9, 9), ("y", 1, 1), ("x", 2, 2), ("z", 1, 2)], start=1
        )
    ]
    (whole,) = Frame([elsewhere, *near]).changes({4}).values()
    assert [(each.before, each.ranges) for each in whole] == [
        ("y", (LumiRange(1, 1),)),
        ("x", (LumiRange(2, 2),)),
    ]
    assert Frame([replace(elsewhere, values={}), *near]).changes({4}) == {4: whole}


def test_that_states_differ_where_either_lacks_a_value():
    old = grid_of_objects({1: {"a": "x"}, 2: {"a": "x", "b": "y"}})
    new = grid_of_objects({1: {"a": "x"}, 2: {"a": "z"}, 3: {"a": "x"}})
    assert set(differences(old, new)) == {
        Difference("a", "x", "z", (LumiRange(2, 2),)),
        Difference("a", None, "x", (LumiRange(3, 3),)),
        Difference("b", "y", None, (LumiRange(2, 2),)),
    }
    assert differences(old, old) == ()


def test_that_nobody_wrote_a_cell_outside_of_the_writes():
    at = Frame([a_write(1, 1)]).at()
    assert at.writer("a", 4) is not None
    assert at.writer("a", 0) is None
    assert at.writer("a", 5) is None
    assert at.writer("b", 2) is None


def test_that_more_ways_to_change_than_can_be_listed_are_counted():
    writes = [
        Write(n, 7, "online", True, {"a": f"x{n}"}, (LumiRange(n, n),))
        for n in range(1, MOST_VALUES + 2)
    ]
    (change,) = Frame(writes).changes([7])[7]
    assert (change.kinds, change.written) == (MOST_VALUES + 1, None)
    assert change.ranges == (LumiRange(1, MOST_VALUES + 1),)
    (few, *others) = Frame(writes[:MOST_VALUES]).changes([7])[7]
    assert (few.written, few.kinds, len(others)) == ("x1", 1, MOST_VALUES - 1)


def test_that_only_the_wanted_columns_are_compared():
    old, new = grid_of_objects({1: {"a": 1, "b": 1}}), grid_of_objects({1: {"a": 2, "b": 2}})
    assert [each.key for each in differences(old, new, ["b", "c"])] == ["b"]


def test_that_a_person_and_the_program_are_told_apart():
    now = datetime(2025, 6, 15, tzinfo=UTC)
    assert Action(1, "expert@cern.ch", "", now).manual
    assert not Action(1, "auto@auto", "", now).manual
