"""A filter as a tree of conditions, both ways."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from app.domain.filters import (
    NAME,
    OPERATORS,
    RUN,
    VERIFIED,
    Field,
    Node,
    Source,
    Value,
    format,  # noqa: A004
    parse,
)
from app.domain.filters.fields import is_storable
from app.domain.triplets import STATUSES
from app.views.looks.theme import Themes
from app.views.tables.filter_builder import FilterBuilder
from tests.filter_trees import comparison_of, trees
from tests.views.table_rows import VOCABULARY

Key, Modifier = Qt.Key, Qt.KeyboardModifier
VALUES: dict[Field, st.SearchStrategy[Value]] = {
    RUN: st.integers(1, 9),
    NAME: st.text(max_size=8).filter(is_storable),
    VERIFIED: st.sampled_from(["dt", "tracker", "a b", "null"]),
    Field(Source.COLUMN, "dt-dt"): st.sampled_from(STATUSES),
    Field(Source.COLUMN, "dt-dt", "BAD"): st.integers(0, 9),
    Field(Source.BIT, "dtp_ready"): st.booleans(),
    Field(Source.OMS, "hlt_key"): st.text(max_size=8).filter(is_storable),
}
TREES = trees(
    st.sampled_from(
        [(field, operator) for field in VALUES for operator in OPERATORS[field.kind]]
    ).flatmap(lambda pair: comparison_of(*pair, VALUES[pair[0]])),
    6,
)


@pytest.fixture
def builder(themes: Themes, owner: QWidget, qtbot: QtBot) -> Iterator[FilterBuilder]:
    builder = FilterBuilder("", None, themes, owner)
    builder.show()
    yield builder
    if isValid(builder):
        builder.reject()


def lines(builder: FilterBuilder) -> list[str]:
    found, waiting = [], [(0, builder.tree.topLevelItem(0))]
    while waiting:
        depth, item = waiting.pop(0)
        if item is not None:
            found.append("  " * depth + item.text(0))
            waiting[:0] = [(depth + 1, item.child(place)) for place in range(item.childCount())]
    return found


def take(builder: FilterBuilder, text: str) -> None:
    QTest.keyClicks(builder.edit, text)
    QTest.keyClick(builder.edit, Key.Key_Return)


def test_that_a_filter_is_built_by_keys(builder: FilterBuilder) -> None:
    assert "everything passes" in builder.says.text()
    QTest.keyClicks(builder.edit, "run >")
    assert "Expected a value" in builder.says.text()
    take(builder, " 1")
    assert builder.isVisible()
    QTest.keyClick(builder.tree, Key.Key_Insert)
    take(builder, "run = 5")
    QTest.keyClick(builder.tree, Key.Key_Insert, Modifier.ShiftModifier)
    take(builder, "run = ")
    assert "Expected a value" in builder.says.text()
    take(builder, "6")
    QTest.keyClick(builder.tree, Key.Key_Up)
    QTest.keyClick(builder.tree, Key.Key_Up)
    QTest.keyClicks(builder.tree, "!")
    assert lines(builder) == [
        *("all of", "  run > 1", "  not", "    any of", "      run = 5", "      run = 6"),
    ]
    assert builder.whole.text == "run > 1 and not (run = 5 or run = 6)"
    QTest.keyClick(builder.tree, Key.Key_Down)
    QTest.keyClicks(builder.tree, "g")
    assert lines(builder)[3] == "    all of"
    QTest.keyClick(builder.tree, Key.Key_Down)
    QTest.keyClick(builder.tree, Key.Key_Delete)
    assert builder.whole.text == "run > 1 and not run = 6"


def test_that_what_is_typed_as_a_whole_is_the_tree(builder: FilterBuilder) -> None:
    QTest.keyClicks(builder.whole.edit, "run = 5 or run = 6")
    QTest.keyClick(builder.whole.edit, Key.Key_Return)
    assert lines(builder) == ["any of", "  run = 5", "  run = 6"]
    QTest.keyClicks(builder.whole.edit, " or")
    QTest.keyClick(builder.whole.edit, Key.Key_Return, Modifier.ControlModifier)
    assert builder.isVisible()
    assert "Expected" in builder.whole.refusal.text()
    assert lines(builder) == ["any of", "  run = 5", "  run = 6"]


def test_that_the_filter_is_given_as_text(builder: FilterBuilder, qtbot: QtBot) -> None:
    take(builder, "run = 5")
    with qtbot.waitSignal(builder.chosen) as chosen:
        QTest.keyClick(builder.tree, Key.Key_Return, Modifier.ControlModifier)
    assert chosen.args == ["run = 5"]


def test_that_taking_everything_out_leaves_no_filter(builder: FilterBuilder) -> None:
    take(builder, "run = 5")
    builder.remove()
    assert (lines(builder), builder.whole.text) == ([], "")
    assert not builder.remove_button.isEnabled()


def test_that_enter_takes_what_is_offered_before_the_condition(builder: FilterBuilder) -> None:
    builder.edit.vocabulary = VOCABULARY
    builder.edit.setFocus()
    QTest.keyClicks(builder.edit, "class = Cos")
    popup = builder.edit._popup
    assert popup.isVisible()
    QTest.keyClick(popup, Key.Key_Down)
    QTest.keyClick(popup, Key.Key_Return)
    assert lines(builder) == ["class = Cosmics25"]
    assert builder.edit.text() == "class = Cosmics25"
    assert "Enter edits" in builder.says.text()
    QTest.keyClick(builder.tree, Key.Key_Insert)
    assert builder.edit.text() == ""


@given(root=TREES)
@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_that_any_filter_is_shown_and_comes_back(builder: FilterBuilder, root: Node) -> None:
    text = format(root)
    builder.whole.set_text(text)
    assert builder._root == parse(text)
    assert len(lines(builder)) >= 1
    builder._take(builder._root, ())
    assert builder.whole.text == text
