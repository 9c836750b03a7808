"""Changes of attributes and lumisections, each in a line."""

from app.domain.history.attributes import AttributeChange, LumisectionChange
from app.domain.history.change_words import attribute_line, lumisection_line, value_text
from app.domain.lumisections import LumiRange

WHERE = (LumiRange(12, 40), LumiRange(55, 55))


def test_that_an_attribute_is_told_with_what_it_was() -> None:
    change = AttributeChange("rr", "", "class", "Cosmics25", "Collisions25", "Collisions25")
    assert attribute_line(change) == "class: Cosmics25 -> Collisions25"
    change = AttributeChange("dataset", "/A/B/DQM", "appeared_in", None, ["DBS"], ["DBS"])
    assert attribute_line(change) == '/A/B/DQM appeared_in: null -> ["DBS"]'


def test_that_a_value_that_was_written_in_vain_says_so() -> None:
    change = AttributeChange("rr", "", "class", "A", "A", "B", overruled=True)
    assert attribute_line(change) == "class: A -> B (overruled by a manual value)"


def test_that_lumisections_are_told_with_what_is_set_of_a_triplet() -> None:
    triplet = {"status": "BAD", "comment": "high voltage", "cause": ""}
    change = LumisectionChange("online", False, "dt-dt", triplet, WHERE)
    assert lumisection_line(change) == "online dt-dt: BAD high voltage in LS 12-40, 55"
    change = LumisectionChange("online", True, "dt_ready", False, WHERE)
    assert lumisection_line(change) == "online dt_ready: false in LS 12-40, 55"


def test_that_many_values_are_only_counted() -> None:
    change = LumisectionChange("online", True, "recorded", None, WHERE, values=30)
    assert lumisection_line(change) == "online recorded: 30 values in LS 12-40, 55"


def test_that_a_text_is_shown_as_it_is() -> None:
    assert value_text("a text") == "a text"
    assert value_text({"a": 1}) == '{"a":1}'
