"""Golden lists without a mouse: compared, made again, exported."""

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing.lumisections import ColumnEdit, edit_columns
from app.services.golden import generation
from app.services.golden.official import making as making_official
from app.services.golden.official import publishing
from app.views.golden.comparing.compare_panel import ComparePanel
from app.views.golden.comparing.reproduce_panel import ReproducePanel
from app.views.golden.export_dialog import ExportDialog
from app.views.golden.panel import GoldenPanel
from app.views.golden.place import PANELS
from app.views.golden.publish_dialog import PublishDialog
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT
from tests.views.hand import Hand, name_of

RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}


@pytest.fixture
def lists(hand: Hand, database: Database) -> Hand:
    """Two lists, between which dt became BAD in two LS; the keyboard is in the newer."""
    generation.generate(Acting(database, EXPERT), PROMPT, RULE)
    bad = ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(3, 4),), Triplet("BAD", "seen"))
    edit_columns(Acting(database, EXPERT), [bad])
    generation.generate(Acting(database, EXPERT), PROMPT, RULE)
    hand.press("Ctrl+5")
    hand.settle()
    hand.until(lambda: name_of(hand.at) == "Golden JSONs")
    hand.press("Home")
    hand.settle()
    return hand


def turn_to(hand: Hand, kind: type[GoldenPanel]) -> GoldenPanel:
    """The tab of this kind, by Ctrl+Tab."""
    tabs = hand.window.golden.tabs
    hand.press("F6")
    for _ in range(tabs.count()):
        panel = tabs.currentWidget()
        if isinstance(panel, kind):
            return panel
        hand.press("Ctrl+Tab")
        hand.settle()
    raise AssertionError(hand.story())


def test_that_two_lists_are_compared(lists: Hand) -> None:
    panel = turn_to(lists, ComparePanel)
    assert isinstance(panel, ComparePanel)
    lists.tab_to("Old list")
    lists.press("Ctrl+A")
    lists.write("1")
    lists.press("Return")
    lists.until(lambda: "lost 2 LS in 1 run" in panel.summary.text())
    lists.settle()
    lists.tab_to("Runs that differ")
    lists.press("Home", "Ctrl+C")
    assert str(FIRST) in QGuiApplication.clipboard().text()


def test_that_a_list_is_made_again(lists: Hand) -> None:
    lists.press("End")
    lists.settle()
    panel = turn_to(lists, ReproducePanel)
    assert isinstance(panel, ReproducePanel)
    lists.tab_to("Make it again")
    lists.press("Space")
    lists.until(panel.verdict.isVisible)
    assert "same" in panel.verdict.text()
    lists.settle()
    lists.tab_to("What changed since?")
    lists.press("Space")
    lists.until(panel.now.isVisible)
    lists.settle()
    lists.tab_to("Events since")
    lists.press("Home", "Ctrl+C")
    assert "dt-dt" in QGuiApplication.clipboard().text()


def test_that_a_list_is_exported(lists: Hand, tmp_path: Path) -> None:
    lists.press("Ctrl+Shift+X")
    dialog = lists.dialog(ExportDialog)
    lists.tab_to("Folder")
    lists.press("Ctrl+A")
    lists.write(str(tmp_path))
    lists.press("Return")
    lists.until(lambda: list(tmp_path.glob("*.json")) or dialog.refusal.text())
    lists.settle()
    assert list(tmp_path.glob("*.json")), dialog.refusal.text()


def test_that_an_official_list_is_published_with_a_reason(
    lists: Hand, database: Database, tmp_path: Path
) -> None:
    making_official.make_official(Acting(database, EXPERT), [1, 2])
    publishing.publish(Acting(database, EXPERT), [1], tmp_path)
    lists.do("Publish")
    dialog = lists.dialog(PublishDialog)
    lists.until(lambda: name_of(lists.at) == "Why")
    lists.write("dt was off")
    lists.tab_to("Folder")
    lists.write(str(tmp_path))
    lists.press("Return")
    lists.until(lambda: list(tmp_path.glob("*/*_v2.json")) or dialog.refusal.text())
    lists.settle()
    assert list(tmp_path.glob("*/*_v2.json")), dialog.refusal.text()


@pytest.mark.parametrize("kind", PANELS[1:], ids=lambda kind: kind.tab)
def test_that_a_tab_is_gone_to_by_its_name(lists: Hand, kind: type[GoldenPanel]) -> None:
    lists.press("Ctrl+1")
    lists.settle()
    lists.do(f"Golden JSON: {kind.tab}")
    lists.settle()
    tabs = lists.window.golden.tabs
    assert tabs.isVisible()
    assert isinstance(tabs.currentWidget(), kind)
    assert lists.at is tabs.tabBar()
