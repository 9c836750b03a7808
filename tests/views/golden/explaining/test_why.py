"""Why lumisections are in a list or out: run, causes, tree; from the list and from the grid."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from app.domain.lumisections import LumiRange
from app.models.database.engine import Database
from app.services.golden import explain as golden_explain
from app.views.golden.explaining.cause_axis import CauseAxis, strip_of
from app.views.golden.explaining.why_dialog import WhyDialog
from app.views.golden.explaining.why_panel import WhyPanel
from app.views.places import PlaceContext
from app.views.rules.verdict_tree import ANSWER, SET_BY
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, SECOND
from tests.views.golden.conftest import RULE, set_dt


@pytest.fixture
def panel(qtbot: QtBot, context: PlaceContext, generate: Callable[[], int]) -> WhyPanel:
    """The tab of a list, which shows its first lumisection."""
    panel = WhyPanel(context)
    qtbot.addWidget(panel)
    panel.resize(900, 600)
    panel.show()
    panel.show_golden(generate())
    qtbot.waitUntil(lambda: "LS 1 " in panel.pane.verdict.text())
    return panel


def press(qtbot: QtBot, axis: CauseAxis, key: Qt.Key, *, far: bool = False) -> None:
    modifier = Qt.KeyboardModifier.ControlModifier if far else Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(axis, key, modifier)


def causes(panel: WhyPanel) -> list[list[str]]:
    tree = panel.pane.causes
    rows = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    return [[row.text(0), row.text(1)] for row in rows]


def test_that_a_run_is_shown_by_what_fails_first(panel: WhyPanel) -> None:
    (strip,) = panel.pane.axis.strips
    assert strip.dataset == PROMPT
    assert [(tuple(each.ranges), each.number) for each in strip.segments] == [
        ((1, 2), 0),
        ((3, 4), 1),
        ((5, 5), 2),
        ((6, 10), 0),
    ]
    assert causes(panel) == [
        ['1  dt-dt = "GOOD"', "2"],
        ["2  bpix_ready = true", "1"],
        ["in", "7"],
    ]
    assert panel.pane.verdict.text() == f"LS 1 of {PROMPT} is in."
    assert [panel.pane.run.itemText(n) for n in range(panel.pane.run.count())] == [
        str(FIRST),
        str(SECOND),
    ]


def test_that_a_lumisection_is_explained_with_who_set_its_values(
    qtbot: QtBot, panel: WhyPanel
) -> None:
    pane = panel.pane
    area = pane.axis.area_of(0, LumiRange(4, 4)).center().toPoint()
    qtbot.mouseClick(pane.axis, Qt.MouseButton.LeftButton, pos=area)
    assert pane.lumisection.value() == 4
    qtbot.waitUntil(lambda: "LS 4" in pane.verdict.text())
    assert pane.verdict.text() == f"LS 4 of {PROMPT} is out: 2 conditions failed."
    root = pane.tree.topLevelItem(0)
    assert root.child(0).text(ANSWER) == "false, decides"
    assert root.child(0).text(SET_BY).endswith(": dt is BAD")
    assert "off in the logbook" in root.child(1).text(SET_BY)


def test_that_the_keyboard_goes_through_the_run(qtbot: QtBot, panel: WhyPanel) -> None:
    axis, pane = panel.pane.axis, panel.pane
    press(qtbot, axis, Qt.Key.Key_BracketRight)
    assert axis.lumisection == 3
    press(qtbot, axis, Qt.Key.Key_Right)
    assert axis.lumisection == 4
    press(qtbot, axis, Qt.Key.Key_End)
    assert axis.lumisection == 10
    press(qtbot, axis, Qt.Key.Key_BracketLeft)
    assert axis.lumisection == 6
    press(qtbot, axis, Qt.Key.Key_Left, far=True)
    assert axis.lumisection == 1
    press(qtbot, axis, Qt.Key.Key_BracketRight)
    press(qtbot, axis, Qt.Key.Key_Home)
    assert pane.lumisection.value() == 1
    qtbot.waitUntil(lambda: "LS 1 " in pane.verdict.text())


def test_that_the_number_and_the_list_of_causes_choose_too(qtbot: QtBot, panel: WhyPanel) -> None:
    pane = panel.pane
    pane.lumisection.setValue(5)
    qtbot.waitUntil(lambda: "LS 5" in pane.verdict.text())
    pane.causes.itemActivated.emit(pane.causes.topLevelItem(0), 0)
    qtbot.waitUntil(lambda: "LS 3" in pane.verdict.text())
    assert pane.axis.lumisection == 3


def test_that_another_run_is_typed(qtbot: QtBot, panel: WhyPanel) -> None:
    pane = panel.pane
    pane.run.setCurrentText(str(SECOND))
    qtbot.keyClick(pane.run, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: causes(panel) == [["in", "10"]])
    with qtbot.waitSignal(panel.run_wanted) as opened_run:
        qtbot.mouseClick(pane.look, Qt.MouseButton.LeftButton)
    assert opened_run.args == [SECOND, PROMPT]
    for text, shown in (("1", "Run 1 has no dataset"), ("now", '"now" is not a run number')):
        pane.run.setCurrentText(text)
        qtbot.keyClick(pane.run, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda shown=shown: shown in pane.empty.text())
    pane.run.setCurrentText(str(FIRST))
    qtbot.keyClick(pane.run, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(causes(panel)) == 3)
    assert not pane.empty.isVisible()


def test_that_a_list_is_explained_as_it_was_made(
    qtbot: QtBot, panel: WhyPanel, season: Database, generate: Callable[[], int]
) -> None:
    set_dt(season, 3, 4, "GOOD")
    panel.pane.show_lumisection(FIRST, 3)
    qtbot.waitUntil(lambda: "LS 3" in panel.pane.verdict.text())
    assert "is out: 1 condition failed" in panel.pane.verdict.text()
    panel.show_golden(generate())
    qtbot.waitUntil(lambda: "is in" in panel.pane.verdict.text())
    panel.show_golden(None)
    assert "Choose a list" in panel.pane.empty.text()


def test_that_hovering_says_what_a_colour_means(
    qtbot: QtBot, panel: WhyPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _at, text, _of: shown.append(text))
    axis = panel.pane.axis
    spot = axis.area_of(0, LumiRange(3, 4)).center().toPoint()
    axis.event(QHelpEvent(QEvent.Type.ToolTip, spot, axis.mapToGlobal(spot)))
    axis.event(QHelpEvent(QEvent.Type.ToolTip, QPoint(1, 1), QPoint(1, 1)))
    (text,) = shown
    assert text.endswith('LS 3-4: out, first failed: dt-dt = "GOOD"')


def test_that_a_single_lumisection_is_seen_in_a_long_run(
    qtbot: QtBot, panel: WhyPanel, context: PlaceContext
) -> None:
    axis = CauseAxis(context.themes)
    qtbot.addWidget(axis)
    axis.resize(300, 80)
    question = golden_explain.question_now(RULE, PROMPT)
    (explained,) = golden_explain.explain_run(context.acting, question, FIRST)
    long = strip_of(explained)
    axis.show_strips([type(long)(long.dataset, 5000, long.causes, long.segments)])
    assert axis.area_of(0, LumiRange(5, 5)).width() >= 2


def test_that_the_grid_asks_by_rule_or_list(
    qtbot: QtBot, context: PlaceContext, generate: Callable[[], int], season: Database
) -> None:
    made = generate()
    set_dt(season, 3, 4, "GOOD")
    dialog = WhyDialog(context.acting, context.background, context.themes, FIRST, EXPRESS, 4, None)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: "LS 4" in dialog.pane.verdict.text())
    assert dialog.choice.currentText() == "Rule golden, present state"
    assert dialog.pane.axis.dataset == EXPRESS
    assert {each.dataset for each in dialog.pane.axis.strips} == {"online", PROMPT, EXPRESS}
    place = next(
        n
        for n in range(dialog.choice.count())
        if dialog.choice.itemText(n).startswith(f"Golden JSON {made}")
    )
    dialog.choice.setCurrentIndex(place)
    qtbot.waitUntil(lambda: f"LS 4 of {PROMPT} is out" in dialog.pane.verdict.text())
    dialog.close()
