"""The versions of a list: who changed what, and what differs."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.configuration.in_force import Kind
from app.domain.configuration.versions import (
    Item,
    ListHistory,
    SettingsRow,
    changed_meanwhile,
    changes_of,
    field_changes,
    problem_of,
    rule_change,
    value_words,
    words_for,
)
from app.domain.errors import NotFound
from app.domain.json_value import JsonObject, JsonValue

START = datetime(2025, 1, 1, tzinfo=UTC)


def _values(class_: str = "C25", priority: int = 1, rule: JsonValue = True) -> JsonObject:
    return {
        "class": class_,
        "classifier": {"if": [rule, True, False]},
        "priority": priority,
        "enabled": True,
    }


def _item(id_: int, hours: int = 0, **values: object) -> Item:
    return Item(Kind.CLASS, id_, _values(**values), START + timedelta(hours=hours))  # type: ignore[arg-type]


def _history(
    lists: dict[int, list[int]], *items: Item, hours: list[int] | None = None
) -> ListHistory:
    """A history with a settings row for each list; `hours` are their times."""
    times = hours or list(range(len(lists)))
    settings = [
        SettingsRow(id_, f"person{id_}@example.org", START + timedelta(hours=times[at]), id_)
        for at, id_ in enumerate(lists)
    ]
    return ListHistory(Kind.CLASS, settings, lists, {item.id: item for item in items})


def test_that_a_version_says_what_came_what_went_and_what_was_edited() -> None:
    history = _history(
        {1: [1, 2], 2: [1, 2, 3], 3: [1, 4, 3], 4: [4, 3], 5: [4, 3]},
        *(_item(id_) for id_ in (1, 2, 3, 4)),
    )
    assert [
        (each.settings_id, each.added, each.removed, each.edited) for each in history.versions
    ] == [
        (1, (1, 2), (), ()),
        (2, (3,), (), ()),
        (3, (), (), ((2, 4),)),
        (4, (), (1,), ()),
    ]


def test_that_a_version_that_brings_an_old_one_back_names_it() -> None:
    history = _history({1: [1], 2: [1, 2], 3: [1]}, _item(1), _item(2))
    assert [each.same_as for each in history.versions] == [None, None, 1]


def test_that_an_item_edited_many_times_is_one_thing_in_a_difference() -> None:
    history = _history(
        {1: [1, 9], 2: [2, 9], 3: [3, 9], 4: [3]},
        _item(1, priority=1),
        _item(2, priority=2),
        _item(3, class_="Other", priority=3),
        _item(9, class_="Nine"),
    )
    found = history.difference(1, 4)
    (edited,) = found.edited
    assert (edited.before.id, edited.after.id) == (1, 3)
    assert [(each.name, each.before, each.after) for each in edited.fields] == [
        ("class", "C25", "Other"),
        ("priority", 1, 3),
    ]
    assert [each.id for each in found.removed] == [9]
    back = history.difference(4, 1)
    assert [each.id for each in back.added] == [9]
    assert [(each.before.id, each.after.id) for each in back.edited] == [(3, 1)]
    assert history.difference(2, 2).is_empty


def test_that_items_of_one_name_are_the_same_where_no_edit_tells() -> None:
    history = _history(
        {1: [1, 2], 2: [3, 4]},
        _item(1, class_="A"),
        _item(2, class_="B"),
        _item(3, class_="B", priority=7),
        _item(4, class_="C"),
    )
    found = history.difference(1, 2)
    assert [(each.before.id, each.after.id) for each in found.edited] == [(2, 3)]
    assert ([each.id for each in found.added], [each.id for each in found.removed]) == ([4], [1])


def test_that_an_edit_without_another_value_is_no_difference() -> None:
    history = _history({1: [1], 2: [2]}, _item(1), _item(2))
    assert history.versions[1].edited == ((1, 2),)
    assert history.difference(1, 2).is_empty


def test_that_where_every_version_has_one_time_that_of_the_items_counts() -> None:
    history = _history(
        {1: [1], 2: [1, 2], 3: [1], 4: [1, 3]},
        _item(1),
        _item(2, hours=5),
        _item(3, hours=9),
        hours=[0, 0, 0, 0],
    )
    assert [(each.at, each.exact) for each in history.versions] == [
        (START, True),
        (START + timedelta(hours=5), True),
        (START + timedelta(hours=5), False),
        (START + timedelta(hours=9), True),
    ]
    assert history.in_force_at(START + timedelta(hours=4)).settings_id == 1
    assert history.in_force_at(START + timedelta(hours=6)).settings_id == 3
    assert history.in_force_at(START - timedelta(hours=6)).settings_id == 1


def test_that_a_version_of_the_configuration_has_the_list_that_was_last_changed() -> None:
    history = _history({10: [1], 20: [1, 2]}, _item(1), _item(2))
    assert history.at(15).settings_id == 10
    assert history.at(99).settings_id == 20
    with pytest.raises(NotFound, match="no version 9 of the class list"):
        history.at(9)


def test_that_who_edits_what_is_gone_reads_what_the_other_did() -> None:
    items = (_item(1), _item(2, priority=5), _item(3, priority=6))
    history = _history({1: [1], 2: [2], 3: [3]}, *items)
    told = changed_meanwhile(history, 1, {"priority": 9})
    assert str(told).startswith(
        "C25 was changed meanwhile: person2@example.org changed it: priority 1 → 6."
    )
    assert (told.mine, told.theirs) == ({"priority": 9}, items[2])

    gone = _history({1: [1, 2], 2: [2]}, _item(1), _item(2, class_="Z"))
    told = changed_meanwhile(gone, 1, None)
    assert "removed it" in str(told)
    assert (told.mine, told.theirs) == (None, None)


def test_that_rules_are_compared_condition_by_condition() -> None:
    before: JsonValue = {"and": [{"==": [{"var": "a"}, 1]}, {"var": "b"}]}
    after: JsonValue = {"if": [{"and": [{"var": "b"}, {"==": [{"var": "a"}, 2]}]}, True, False]}
    (field,) = field_changes(Kind.CLASS, _values(rule=before), {**_values(), "classifier": after})
    change = rule_change(field.before, field.after)
    assert change.lost == ('{"==":[{"var":"a"},1]}',)
    assert change.gained == ('{"==":[{"var":"a"},2]}',)
    assert words_for([field]) == "the rule"


def test_that_a_rule_that_cannot_be_read_is_compared_as_a_whole() -> None:
    change = rule_change({"like": [1]}, {"var": "a"})
    assert (change.lost, change.gained) == (('{"like":[1]}',), ('{"var":"a"}',))


def test_that_a_version_that_never_was_is_named_with_the_newest() -> None:
    history = _history({10: [1], 20: [1, 2]}, _item(1), _item(2))
    history.check(20)
    with pytest.raises(NotFound, match=r"no version 15 of the configuration\. The newest is 20"):
        history.check(15)


def test_that_an_item_is_followed_through_all_its_forms() -> None:
    history = _history(
        {1: [1, 9], 2: [2, 9], 3: [2], 4: [3]},
        *(_item(id_) for id_ in (1, 2, 3)),
        _item(9, class_="Z"),
    )
    assert history.touching(1) == history.touching(2) == history.touching(3) == {1, 2, 4}
    assert history.touching(9) == {1, 3}
    with pytest.raises(NotFound, match="There is no class 5 in any version"):
        history.touching(5)


def test_that_an_item_in_force_or_unknown_has_no_follower() -> None:
    history = _history({1: [1]}, _item(1))
    assert history.followers(1) is None
    assert history.followers(8) is None
    with pytest.raises(NotFound, match="There is no class item 8 in any version"):
        changed_meanwhile(history, 8, None)


def test_that_values_are_words() -> None:
    assert [value_words(each) for each in (True, False, None, "a\nb", 3, ["x"])] == [
        "yes",
        "no",
        "none",
        "a | b",
        "3",
        '["x"]',
    ]


def test_that_the_changes_of_a_version_are_lines_and_those_too_many_a_number() -> None:
    history = _history(
        {1: [1], 2: [1, 2, 3], 3: [4, 2, 3], 4: [5, 2, 3], 5: [1]},
        _item(1, class_="One"),
        _item(2, class_="Two"),
        _item(3, class_="Three"),
        _item(4, class_="One", priority=7),
        _item(5, class_="One", priority=7),
    )
    first, second, third, fourth, fifth = history.versions
    title = history.items[1].title
    assert changes_of(history, first, 4) == [f"+ {title}"]
    assert changes_of(history, second, 1, added="added") == [
        f"added {history.items[2].title}",
        "and 1 more",
    ]
    assert changes_of(history, third, 4) == [f"{history.items[4].title}: priority 1 → 7"]
    assert changes_of(history, fourth, 4) == [f"{history.items[5].title}: saved again"]
    assert changes_of(history, fifth, 4, removed="removed") == [
        "as version 1",
        f"{title}: priority 7 → 1",
        f"removed {history.items[2].title}",
        f"removed {history.items[3].title}",
    ]


def test_that_a_rule_that_cannot_be_used_says_why() -> None:
    assert problem_of(_item(1)) == ""
    assert "no_such" in problem_of(_item(1, rule={"no_such": [1]}))
    workspace = Item(Kind.PERMISSION, 1, {"role": "x"}, START)
    assert problem_of(workspace) == ""
