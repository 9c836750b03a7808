"""The tree of a rule: what holds, what decides, whose word it is."""

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.domain.history.cells import Action, Word
from app.domain.json_logic import explain, parse
from app.views.looks.theme import Themes
from app.views.rules.verdict_tree import ANSWER, RULE, SET_BY, VALUE, WHEN, VerdictTree
from app.views.widgets.tables.copying import copy_selected

DT, BPIX = "lumisection.rr.dt-dt", "lumisection.oms.bpix_ready"
TREE = parse(
    {
        "and": [
            {"==": [{"var": DT}, "GOOD"]},
            {"or": [{"==": [{"var": BPIX}, True]}, {">=": [{"var": "run.oms.energy"}, 6000]}]},
            {"!": [{"in": ["WMass", {"var": "run.oms.hlt_key"}]}]},
        ]
    }
)
DATA = {
    "lumisection": {"rr": {"dt-dt": "BAD"}, "oms": {"bpix_ready": True}},
    "run": {"oms": {"energy": 450}},
}
WORD = Word(7, Action(41, "dt@cern.ch", "HV trip", datetime(2025, 8, 18, 6, 12, tzinfo=UTC)), True)


@pytest.fixture
def tree(qtbot: QtBot, themes: Themes) -> VerdictTree:
    tree = VerdictTree(themes)
    qtbot.addWidget(tree)
    tree.resize(1100, 300)
    tree.show()
    return tree


def row(tree: VerdictTree, *path: int) -> list[str]:
    item = tree.topLevelItem(0)
    for step in path:
        item = item.child(step)
    return [item.text(column) for column in range(tree.columnCount())]


def test_that_it_says_what_holds_and_what_decides(tree: VerdictTree) -> None:
    tree.show_tree(explain(TREE, DATA))
    assert row(tree)[:3] == ["all of", "false", "2 of 3 true"]
    assert row(tree, 0)[:3] == ['dt-dt = "GOOD"', "false, decides", "BAD"]
    assert row(tree, 1)[:3] == ["any of", "true", "1 of 2 true"]
    assert row(tree, 1, 0)[:3] == ["bpix_ready = true", "true", "true"]
    assert row(tree, 1, 1)[:3] == ["energy ≥ 6000", "false", "450"]
    assert row(tree, 2)[:3] == ['"WMass" not in hlt_key', "true", "missing"]
    assert tree.currentItem().text(RULE) == 'dt-dt = "GOOD"'
    said = tree.currentItem().data(RULE, Qt.ItemDataRole.AccessibleTextRole)
    assert said == 'dt-dt = "GOOD": false, decides, BAD'
    assert tree.isColumnHidden(SET_BY)


def test_that_it_says_whose_word_a_value_is(tree: VerdictTree) -> None:
    tree.show_tree(explain(TREE, DATA), {DT: WORD, BPIX: None})
    assert not tree.isColumnHidden(SET_BY)
    assert row(tree, 0)[SET_BY] == "dt@cern.ch: HV trip"
    assert row(tree, 0)[WHEN].endswith(" ago, 2025-08-18 06:12 UTC")
    assert "by hand, version 41" in tree.currentItem().toolTip(SET_BY)
    assert row(tree, 1, 0)[SET_BY:] == ["nobody", ""]


def test_that_what_does_not_decide_can_be_left_out(tree: VerdictTree) -> None:
    tree.show_only_deciding(True)
    tree.show_tree(explain(TREE, DATA))
    root = tree.topLevelItem(0)
    assert [root.child(number).isHidden() for number in range(3)] == [False, True, True]
    tree.show_only_deciding(False)
    assert not any(root.child(number).isHidden() for number in range(3))


def test_that_it_is_copied_as_text(qtbot: QtBot, tree: VerdictTree) -> None:
    tree.show_tree(explain(TREE, DATA))
    tree.selectAll()
    copy_selected(tree)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert lines[1] == '"  dt-dt = ""GOOD"""\tfalse, decides\tBAD'


def test_that_decisions_are_seen_in_both_looks(tree: VerdictTree, themes: Themes) -> None:
    tree.show_tree(explain(TREE, DATA))
    deciding = tree.topLevelItem(0).child(0)
    light = deciding.background(RULE).color().name()
    themes.choose(mode="dark")
    assert deciding.background(RULE).color().name() != light
    themes.choose(mode="light")
    assert deciding.background(RULE).color().name() == light
    assert not deciding.icon(RULE).isNull()
    assert deciding.foreground(ANSWER).color() == themes.theme.colour("danger")


def test_that_nothing_is_shown_of_nothing(tree: VerdictTree) -> None:
    tree.show_tree(explain(TREE, DATA))
    tree.show_tree(None)
    assert (tree.topLevelItemCount(), tree.node) == (0, None)
    tree.show_tree(explain(parse({"==": [{"var": "a"}, {"var": "b"}]}), {"a": 1, "b": 2}))
    assert row(tree)[VALUE] == "a: 1, b: 2"
