"""What events changed: folded in the order in which they hold, joined where they say the same."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.history.attributes import (
    MOST_VALUES,
    AttributeChange,
    AttributeEvent,
    LumisectionChange,
    LumisectionWrite,
    attribute_changes,
    lumisection_changes,
    origins,
)
from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange

EVENTS = (
    AttributeEvent(1, False, {"class": "Cosmics22", "state": "OPEN"}),
    AttributeEvent(2, True, {"class": "Collisions22"}),
    AttributeEvent(3, False, {"class": "Cosmics22", "state": "OPEN"}),
    AttributeEvent(4, True, {"class": "Collisions22", "state": "SIGNOFF"}),
)


def test_that_a_change_says_what_an_attribute_was_and_became() -> None:
    changes = attribute_changes(EVENTS, "rr", manual_first=True)
    assert changes[1][0] == AttributeChange("rr", "", "class", None, "Cosmics22", "Cosmics22")
    assert changes[2] == (
        AttributeChange("rr", "", "class", "Cosmics22", "Collisions22", "Collisions22"),
    )
    assert changes[4] == (AttributeChange("rr", "", "state", "OPEN", "SIGNOFF", "SIGNOFF"),)


def test_that_an_automatic_value_below_a_persons_word_is_shown_as_overruled() -> None:
    overruled = AttributeChange(
        "rr", "", "class", "Collisions22", "Collisions22", "Cosmics22", overruled=True
    )
    assert attribute_changes(EVENTS, "rr", manual_first=True)[3] == (overruled,)
    by_version = attribute_changes(EVENTS, "oms", manual_first=False)[3]
    assert by_version[0].after == "Cosmics22"


def test_that_true_and_one_are_different_values() -> None:
    events = [AttributeEvent(1, False, {"a": True}), AttributeEvent(2, False, {"a": 1})]
    assert attribute_changes(events, "rr", manual_first=True)[2][0].after == 1


def test_that_an_origin_names_the_event_that_holds_and_what_the_program_would_say() -> None:
    found = origins(EVENTS, manual_first=True)
    assert found["class"] == ("Collisions22", 4, True, "Cosmics22")
    assert origins(EVENTS[:3], manual_first=True)["class"].version == 2
    assert origins(EVENTS[:3], manual_first=False)["class"].version == 3
    assert origins(EVENTS[:1], manual_first=True)["state"] == ("OPEN", 1, False, "OPEN")


values: st.SearchStrategy[Any] = st.sampled_from([None, True, 1, "a", "b"])
events = st.lists(
    st.tuples(st.booleans(), st.dictionaries(st.sampled_from("xyz"), values)), max_size=8
)


@given(events, st.booleans())
def test_that_all_changes_together_lead_to_the_values_that_hold(
    given_events: list[tuple[bool, dict[str, Any]]], manual_first: bool
) -> None:
    events = [AttributeEvent(number, *each) for number, each in enumerate(given_events)]
    state: dict[str, Any] = {}
    for _, changes in sorted(attribute_changes(events, "rr", manual_first=manual_first).items()):
        for change in changes:
            assert repr(state.get(change.name)) == repr(change.before)
            state[change.name] = change.after
    ordered = sorted(events, key=lambda event: (event.manual and manual_first, event.version))
    folded = {name: value for event in ordered for name, value in event.values.items()}
    assert repr(sorted(state.items())) == repr(sorted(folded.items()))
    assert repr(folded) == repr(
        {
            name: origins(events, manual_first=manual_first)[name].value
            for event in ordered
            for name in event.values
        }
    )


def test_that_lumisections_with_equal_values_are_joined() -> None:
    bad: JsonValue = {"status": "BAD", "comment": "", "cause": ""}
    good: JsonValue = {"status": "GOOD", "comment": "", "cause": ""}
    writes = (
        LumisectionWrite(1, "online", False, {"dt-dt": bad, "csc-csc": good}, (LumiRange(1, 5),)),
        LumisectionWrite(2, "online", False, {"dt-dt": bad}, (LumiRange(6, 9), LumiRange(20, 20))),
        LumisectionWrite(3, "online", False, {"dt-dt": good}, (LumiRange(10, 12),)),
        LumisectionWrite(4, "online", True, {"hf_ready": None}, (LumiRange(1, 2),)),
    )
    assert lumisection_changes(writes) == (
        LumisectionChange("online", False, "csc-csc", good, (LumiRange(1, 5),)),
        LumisectionChange("online", False, "dt-dt", bad, (LumiRange(1, 9), LumiRange(20, 20))),
        LumisectionChange("online", False, "dt-dt", good, (LumiRange(10, 12),)),
        LumisectionChange("online", True, "hf_ready", None, (LumiRange(1, 2),)),
    )


def test_that_many_values_of_one_bit_are_counted_instead_of_listed() -> None:
    numbers = range(1, MOST_VALUES + 2)
    writes = [
        LumisectionWrite(n, "online", True, {"recorded": n / 7}, (LumiRange(n, n),))
        for n in numbers
    ]
    (change,) = lumisection_changes(writes)
    assert change == LumisectionChange(
        "online", True, "recorded", None, (LumiRange(1, numbers[-1]),), len(numbers)
    )
