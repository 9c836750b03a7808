"""Evidence beside the grid: histograms of the DQM GUI that follow run, dataset and column."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from app.demo.simulated_dqm_gui import SimulatedDqmGui
from app.demo.simulated_oms import SimulatedOms
from app.domain.lumisections import LumiRange
from app.domain.sources.histograms import ONLINE_IN_GUI
from app.domain.sources.run_numbers import RunNumbers
from app.models.database.engine import Database
from app.services.evidence import histograms
from app.services.evidence.kept import Kept
from app.services.evidence.sources import Evidence
from app.sync.dqm_gui import DqmGuiSettings
from app.sync.evidence import EvidenceLoop
from app.sync.oms_requests import OmsSettings
from app.views.background import Background
from app.views.evidence.evidence_pane import NO_DQM_GUI
from app.views.evidence.histogram_list import HistogramList
from app.views.focus import KeysKeeper, give_keys, has_keys
from app.views.grid.pinned_rows import PinnedRow
from app.views.looks.theme import Themes
from app.views.lumisections.pane import LumisectionsPane
from app.views.notices import Notices
from tests.builders import a_run
from tests.views.lumisections.conftest import LENGTH, RUN
from tests.views.workplaces import a_context, a_workplace

CERN = "https://cmsweb.cern.ch/dqm/offline"
OpenStory = Callable[[Evidence | None], "Story"]


@dataclass
class Servers:
    """A DQM GUI and an OMS, and what asks them; a test may close them."""

    gui: SimulatedDqmGui
    oms: SimulatedOms
    loop: EvidenceLoop
    bugs: list[Exception] = field(default_factory=list)

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.loop, histograms.known_layouts(None), CERN)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    run = a_run(RUN, LENGTH)
    attributes = {**run.attributes, "l1_rate": 95_000.0}
    bugs: list[Exception] = []
    with SimulatedDqmGui() as gui, SimulatedOms([attributes], {RUN: run.lumisections}) as oms:
        gui_url, oms_url = gui.url, oms.url
        loop = EvidenceLoop(
            lambda: DqmGuiSettings(url=gui_url, first_wait_s=0.01, longest_wait_s=0.01),
            lambda: OmsSettings(url=oms_url, pause_s=0.0, first_wait_s=0.01, longest_wait_s=0.01),
            Kept(tmp_path / "kept", most_bytes=1 << 24, most_days=1),
            bugs.append,
        )
        yield Servers(gui, oms, loop, bugs)
        loop.stop()
    assert not bugs


class Story:
    """The lumisections of a run in a window of their own."""

    def __init__(self, pane: LumisectionsPane, evidence: Evidence | None, qtbot: QtBot) -> None:
        self.pane = pane
        self.evidence = evidence
        self.qtbot = qtbot

    def press(self, key: Qt.Key, widget: QWidget | None = None) -> None:
        if widget is None:
            give_keys(self.pane.grid)
        self.qtbot.keyClick(widget or self.pane.grid, key)

    def focus_on(self, column: str) -> None:
        self.pane.go_to([column], [LumiRange(3, 9)])


@pytest.fixture
def open_story(
    qtbot: QtBot,
    database: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> Iterator[OpenStory]:
    """Opens the run, with or without servers to ask."""

    def open_(evidence: Evidence | None) -> Story:
        workplace = a_workplace(database, evidence=evidence)
        pane = LumisectionsPane(a_context(workplace, background, notices, themes, remembered))
        qtbot.addWidget(pane)
        KeysKeeper(pane)
        pane.resize(1100, 600)
        pane.show()
        pane.show_run(RUN, ["online"], "online", ("dt-dt", "csc-csc"))
        qtbot.waitUntil(lambda: pane.grid.snapshot is not None)
        return Story(pane, evidence, qtbot)

    yield open_
    qtbot.waitUntil(lambda: not background.busy)


@pytest.fixture
def story(open_story: OpenStory, servers: Servers) -> Story:
    return open_story(servers.evidence)


def pictures(story: Story) -> HistogramList:
    """The list, once each histogram has its picture."""
    found = story.pane.grid_part.evidence.list
    story.qtbot.waitUntil(lambda: 0 < found.histograms.rowCount() == found.histograms.shown)
    return found


def test_that_a_key_shows_histograms_of_the_column_and_a_key_goes_back(story: Story):
    story.focus_on("dt-dt")
    story.press(Qt.Key.Key_E)
    found = pictures(story)
    assert has_keys(found)
    chosen = found.chosen
    assert chosen is not None
    assert (chosen.run_number, chosen.dataset) == (RUN, ONLINE_IN_GUI)
    assert chosen.path.startswith("DT/02-Segments/")
    assert story.pane.grid_part.evidence.layouts.currentText() == "dt: Segments"
    story.press(Qt.Key.Key_Down, found)
    assert found.currentIndex().row() == 1
    story.press(Qt.Key.Key_E, found)
    assert has_keys(story.pane.grid)
    assert found.isVisible()


def test_that_the_layout_follows_the_column_and_the_choice_is_kept(story: Story):
    story.focus_on("dt-dt")
    story.press(Qt.Key.Key_E)
    pictures(story)
    layouts = story.pane.grid_part.evidence.layouts
    layouts.setCurrentIndex(1)
    story.focus_on("csc-csc")
    story.qtbot.waitUntil(lambda: layouts.currentText() == "csc: Chambers")
    pictures(story)
    story.focus_on("dt-dt")
    story.qtbot.waitUntil(lambda: layouts.currentText() == "dt: Trigger")
    assert pictures(story).histograms.rowCount() == 2


def test_that_a_histogram_is_attached_to_the_comment_of_the_edit(story: Story):
    story.focus_on("dt-dt")
    story.press(Qt.Key.Key_B)
    story.pane.strip.comment.add("wheel 2")
    story.press(Qt.Key.Key_E)
    found = pictures(story)
    story.press(Qt.Key.Key_A, found)
    (drafted,) = story.pane.editor.shown(story.pane.chosen())
    assert story.evidence is not None
    assert found.chosen is not None
    address = story.evidence.page(found.chosen)
    assert drafted.comment == f"wheel 2 {address}"
    assert address.startswith(f"{CERN.removesuffix('/offline')}/online/start?runnr={RUN};")
    assert "Attached to the comment" in story.pane.strip.message.text()
    story.press(Qt.Key.Key_A, found)
    assert "in the comment already" in story.pane.strip.message.text()
    assert has_keys(found)


@pytest.mark.expected_log("no connection to")
def test_that_a_dqm_gui_that_is_away_is_told_and_asked_again(story: Story, servers: Servers):
    port = servers.gui.port
    servers.gui.close()
    story.press(Qt.Key.Key_E)
    pane = story.pane.grid_part.evidence
    story.qtbot.waitUntil(lambda: len(pane.list.histograms.failures) > 0 and not pane.bar.loading)
    assert "No picture came. R asks for all of them again." in pane.message.text() or (
        "pictures missing" in pane.message.text()
    )
    assert all("no connection to" in each for each in pane.list.histograms.failures)
    servers.gui = SimulatedDqmGui(port=port)
    with servers.gui:
        story.press(Qt.Key.Key_R, pane.list)
        pictures(story)
    assert not pane.message.isVisible()


def test_that_the_pane_is_remembered_until_it_is_hidden(
    open_story: OpenStory, servers: Servers, remembered: QSettings
):
    story = open_story(servers.evidence)
    story.pane.grid_part.show_evidence(shown=True)
    pictures(story)
    other = open_story(servers.evidence)
    pictures(other)
    other.pane.grid_part.evidence.close_button.click()
    assert not other.pane.grid_part.evidence.isVisible()
    assert remembered.value("evidence/shown") == "false"


def test_that_tab_comes_to_histograms_after_the_preview_though_they_are_made_later(story: Story):
    pane = story.pane
    evidence = pane.grid_part.evidence
    at: QWidget = pane
    passed: list[QWidget] = []
    while (at := at.nextInFocusChain()) is not pane:
        if at.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus:
            passed.append(at)
    own = [number for number, each in enumerate(passed) if evidence.isAncestorOf(each)]
    assert own == list(range(own[0], own[-1] + 1))
    assert pane.preview.isAncestorOf(passed[own[0] - 1])


def test_that_without_a_dqm_gui_the_pane_says_so(open_story: OpenStory):
    story = open_story(None)
    story.press(Qt.Key.Key_E)
    story.qtbot.waitUntil(lambda: story.pane.grid_part.evidence.empty.text() == NO_DQM_GUI)


def pin(story: Story, *words: str) -> None:
    """Chooses rows in the menu by their keys."""
    story.press(Qt.Key.Key_P)
    for number, word in enumerate(words):
        if number:
            story.press(Qt.Key.Key_P)
        (menu,) = [each for each in story.pane.grid.findChildren(QMenu) if each.isVisible()]
        story.qtbot.keyClick(menu, word)


def pinned(story: Story) -> dict[str, PinnedRow]:
    return {row.label: row for row in story.pane.grid.pinned}


def test_that_rows_of_oms_are_pinned_by_a_key_and_remembered(story: Story, remembered: QSettings):
    pin(story, "1", "9")
    story.qtbot.waitUntil(lambda: pinned(story)["L1 rate"].numbers is not None)
    rows = pinned(story)
    assert list(rows) == ["L1 rate", "beams"]
    assert rows["L1 rate"].text_at(5).endswith(" kHz")
    assert rows["beams"].text_at(5) == "stable"
    assert remembered.value("evidence/pinned") == "l1 beam"
    pin(story, "N")
    story.qtbot.waitUntil(lambda: not story.pane.grid.pinned)


def test_that_a_run_that_grows_faster_than_oms_answers_gets_its_numbers(
    story: Story, servers: Servers, monkeypatch: pytest.MonkeyPatch
):
    asked: list[Future[RunNumbers]] = []

    def numbers(_run: int, *, anew: bool = False) -> Future[RunNumbers]:
        asked.append(Future())
        return asked[-1]

    monkeypatch.setattr(servers.loop, "numbers", numbers)
    pin(story, "1")
    story.qtbot.waitUntil(lambda: bool(asked))
    for _ in range(20):
        story.pane.grid_part.pinning.follow()
        story.qtbot.wait(1)
    (first,) = asked
    assert not first.cancelled()
    first.set_result(RunNumbers(RUN, {"l1": (95.0,)}))
    story.qtbot.waitUntil(lambda: pinned(story)["L1 rate"].numbers is not None)
    # It is shorter than the run: what comes later is asked for without being told.
    story.qtbot.waitUntil(lambda: len(asked) > 1)
    asked[-1].set_result(RunNumbers(RUN, {"l1": (95.0,)}))
    story.qtbot.waitUntil(story.pane.grid_part.pinning._later.isActive)


@pytest.mark.expected_log("no connection to", "no connection to")
def test_that_an_oms_that_is_away_is_told_where_the_numbers_would_be(
    story: Story, servers: Servers
):
    port = servers.oms.port
    servers.oms.close()
    pin(story, "1", "9")
    story.qtbot.waitUntil(lambda: "OMS failed 2 times" in pinned(story)["L1 rate"].note)
    assert pinned(story)["beams"].text_at(5) == "stable"  # stored here
    run = a_run(RUN, LENGTH)
    with SimulatedOms([run.attributes], {RUN: run.lumisections}, port=port):
        pin(story, "G")
        story.qtbot.waitUntil(lambda: not pinned(story)["L1 rate"].note)


def test_that_histograms_come_in_the_width_that_they_had(
    qtbot: QtBot, open_story: OpenStory, servers: Servers, remembered: QSettings
) -> None:
    part = open_story(servers.evidence).pane.grid_part
    part.show_evidence(shown=True)
    qtbot.waitUntil(part.evidence.list.isVisible)
    assert part.evidence.width() == part.evidence.wanted_width == 340
    part.show_evidence(shown=False)
    remembered.setValue("evidence/width", "260")
    part.show_evidence(shown=True)
    assert part.evidence.width() == 260
    assert part.sizes()[0] > 800
