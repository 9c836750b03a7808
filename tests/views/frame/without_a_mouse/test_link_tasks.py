"""Links copied and followed without a mouse."""

from dataclasses import replace

from PySide6.QtWidgets import QApplication, QInputDialog

from app.domain.clock import server_now
from app.domain.links import CycleLink, GoldenLink, ListLink, RunLink, link_text, parse_link
from app.services.certification import cycles
from app.services.golden import generation
from app.views.focus import give_keys
from app.views.grid.grid_view import GridView
from tests.services.offline_runs import FIRST, PROMPT
from tests.views.frame.without_a_mouse.steps import RUN, go_to_cell, pane_of
from tests.views.hand import Hand

RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}


def clipboard() -> str:
    return QApplication.clipboard().text()


def open_link(hand: Hand, text: str) -> None:
    """Opens a link from the clipboard, as somebody does who got it by mail."""
    QApplication.clipboard().setText(text)
    hand.press("Ctrl+Alt+O")
    hand.dialog(QInputDialog)
    hand.press("Return")
    hand.until(lambda: QApplication.activeModalWidget() is None)
    hand.settle()


def notice(hand: Hand) -> str:
    last = hand.window.shared._context.notices.last
    return "" if last is None else last.text


def test_that_cells_and_lists_are_shown_to_a_colleague(hand: Hand) -> None:
    hand.press("Return")
    hand.until(lambda: isinstance(hand.at, GridView) and pane_of(hand).grid.snapshot is not None)
    hand.settle()
    go_to_cell(hand, "dt-dt", 3)
    hand.press("Shift+Right", "Shift+Right", "Ctrl+Alt+C")
    cells = RunLink(RUN, "online", ("dt-dt",), ((3, 5),))  # type: ignore[arg-type]
    assert clipboard() == link_text(cells) == f"run-registry://run/{RUN}?column=dt-dt&ls=3-5"
    assert notice(hand) == f"Copied: {clipboard()}"

    hand.press("Ctrl+W", "Ctrl+F")
    hand.write("run > 1")
    hand.press("Return")
    hand.settle()
    hand.press("Ctrl+Alt+L")
    seen = parse_link(clipboard())
    assert isinstance(seen, ListLink)
    assert (seen.place, seen.filter_text, seen.workspace) == ("online", "run > 1", "global")
    assert seen.columns

    hand.do("Copy the list as command")
    assert clipboard() == "run-registry runs list --filter 'run > 1'"
    hand.do("Copy as Python")
    assert clipboard().startswith("import run_registry\n")

    # The list is still that of the filter before, and no script can ask for this one.
    hand.press("Ctrl+F")
    hand.write("nothing.BAD > 0")
    hand.do("Copy the list as command")
    assert clipboard().startswith("import run_registry\n")
    assert '"nothing"' in notice(hand)

    hand.press("Ctrl+2")
    hand.settle()
    fewer = replace(seen, sort="-run", columns=seen.columns[:3], filter_text=f"run = {RUN}")
    open_link(hand, link_text(fewer))
    assert hand.window.place == "online"
    table = hand.window.online.table
    assert (table.filter.text, table.view) == (f"run = {RUN}", fewer)
    assert table.model.rowCount() == 1

    open_link(hand, link_text(replace(cells, dataset=PROMPT, run_number=FIRST)))
    assert hand.window.place == "offline"
    grid = hand.window.offline.shown_details.lumisections.grid
    hand.until(lambda: grid.selection() == (("dt-dt",), ((3, 5),)))


def test_that_a_link_that_leads_nowhere_is_told(hand: Hand) -> None:
    hand.window.shared.follow_text("run-registry://run/5?status=BAD")
    assert '"status" means nothing' in notice(hand)
    hand.window.shared.follow(RunLink(RUN, server="db.cern.ch:5432/cms"))
    assert "leads to db.cern.ch:5432/cms" in notice(hand)
    hand.window.shared.follow(ListLink("online", workspace="nowhere"))
    assert "no workspace with this name: nowhere" in notice(hand)
    hand.window.shared.follow(ListLink("offline", group="Lost"))
    assert "no group of datasets with this name: Lost" in notice(hand)
    hand.window.shared.follow(RunLink(99))
    hand.settle()
    assert "99" in hand.window.online.shown_details.line.title.text()
    hand.window.shared.follow(GoldenLink(77))
    hand.settle()
    assert hand.window.place == "golden"
    hand.until(lambda: "77" in hand.window.golden.panels[0].empty.text())
    hand.window.shared.follow(CycleLink(99))
    hand.until(lambda: "There is no cycle 99" in notice(hand))
    assert hand.window.place == "cycles"


def test_that_a_form_of_a_golden_json_and_the_rule_of_the_workbench_are_copied(hand: Hand) -> None:
    made = generation.generate(hand.window._context.acting, "/PromptReco/%", RULE).id
    open_link(hand, f"run-registry://golden/{made}?form=anti")
    golden = hand.window.golden
    hand.until(lambda: golden.result.result is not None and golden.entries.selected() == (made,))
    hand.press("Ctrl+Alt+C")
    assert clipboard() == f"run-registry://golden/{made}?form=anti"
    hand.window.actions_["share.command"].trigger()
    assert clipboard().endswith(f"golden show {made} --form anti")

    golden.take_chosen()
    hand.until(lambda: golden.bench.isVisible() and golden.bench.source == RULE)
    give_keys(golden.bench.rule)
    hand.settle()
    hand.window.actions_["share.python"].trigger()
    assert 'registry.golden(\'{"==":' in clipboard()
    give_keys(golden.entries.list)
    hand.window.actions_["share.python"].trigger()
    assert f"registry.stored_golden({made})" in clipboard()


def test_that_a_cycle_is_shown_to_a_colleague(hand: Hand) -> None:
    acting = hand.window._context.acting
    today = server_now().date()
    shown, other = (
        cycles.create(acting, name, today, ("dt",), [(FIRST, PROMPT)]) for name in ("a", "b")
    )
    hand.press("Ctrl+3")
    hand.settle()
    hand.until(lambda: hand.window.cycles.cycle is not None)
    hand.press("Ctrl+Alt+C")
    assert clipboard() == link_text(CycleLink(hand.window.cycles.cycle.id))
    for cycle in (other, shown):
        open_link(hand, link_text(CycleLink(cycle.id)))
        hand.until(lambda cycle=cycle: hand.window.cycles.cycle == cycle)
