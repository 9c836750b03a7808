"""What is done now and then without a mouse: the log read and exported, an agent retired, a run
refreshed, a silent server waited for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from app.models.database import patience
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.agents import registry
from app.services.certification import tables
from app.services.pulling import runs as pull
from app.services.pulling.pullers import Pullers
from app.views.log.log_model import WHAT
from app.views.notices import OutageBanner
from tests.builders import a_run
from tests.silence import Tunnel
from tests.views.frame.without_a_mouse.steps import AGENT, LENGTH, RUN, pane_of
from tests.views.hand import Hand
from tests.views.pullers import Oms


class TestLog:
    def test_that_automatic_versions_of_a_run_are_opened_and_closed(
        self, hand: Hand, database: Database
    ) -> None:
        for length in (LENGTH + 1, LENGTH + 2, LENGTH + 3):
            pull.apply(Acting(database), a_run(RUN, length))
        model = hand.window.log.model
        hand.press("Ctrl+6")
        hand.settle()
        hand.tab_to("Log")
        hand.press("Home")
        hand.until(lambda: "3 automatic versions" in model.index(0, WHAT).data())
        folded = model.rowCount()
        for opens, closes in (("Right", "Left"), ("Return", "Return")):
            hand.press("Home", opens)
            assert model.rowCount() == folded + 3, opens
            hand.press("Home", closes)
            assert model.rowCount() == folded, closes

    def test_that_what_is_found_is_exported(self, hand: Hand, tmp_path: Path) -> None:
        file = tmp_path / "log.csv"
        hand.press("Ctrl+6")
        hand.settle()
        hand.tab_to("Export the entries")
        hand.press("Space")
        hand.dialog(QFileDialog)
        hand.press("Ctrl+A")
        hand.write(str(file))
        hand.press("Return")
        hand.until(file.exists)
        hand.settle()
        assert "move state" in file.read_text() or "SIGNOFF" in file.read_text()


def test_that_an_agent_is_retired(hand: Hand, database: Database) -> None:
    def is_retired() -> bool:
        (agent,) = [
            each.agent for each in registry.registered(Acting(database)) if each.agent.name == AGENT
        ]
        return agent.retired is not None

    hand.press("Ctrl+7")
    hand.settle()
    assert not is_retired()
    hand.tab_to("Retire...")
    hand.press("Space")
    hand.answer()
    hand.until(is_retired)
    hand.settle()


class TestRefresh:
    @pytest.fixture
    def oms(self) -> Oms:
        return Oms()

    @pytest.fixture
    def pullers(self, oms: Oms) -> Pullers:
        return Pullers(oms)

    def test_that_a_run_is_fetched_from_oms(self, hand: Hand, oms: Oms, database: Database) -> None:
        before = len(tables.run_history(Acting(database), RUN))
        hand.press("Ctrl+R")
        hand.until(lambda: oms.fetched == [RUN])
        oms.answer(RUN, LENGTH + 5)
        hand.until(lambda: len(tables.run_history(Acting(database), RUN)) > before)
        hand.settle()


def draft_in_silence(hand: Hand) -> None:
    """In the grid below the list, which is read already; a tab of its own would have to be."""
    hand.press("Ctrl+L")
    hand.until(lambda: hand.at is pane_of(hand).grid)
    hand.press("Home", "S")
    assert pane_of(hand).editor.cells.cells == 1
    assert hand.at is pane_of(hand).grid


@pytest.mark.expected_log("No news from the database", always=False)
class TestSilence:
    @pytest.fixture
    def tunnel(self, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tunnel]:
        monkeypatch.setattr(patience, "_SILENT_S", 0.5)
        monkeypatch.setattr(patience, "_SILENT_AGAIN_S", 0.3)
        monkeypatch.setattr(patience, "_ANSWER_S", 2)
        with Tunnel(dsn) as tunnel:
            yield tunnel

    @pytest.fixture
    def database(self, tunnel: Tunnel) -> Iterator[Database]:
        database = Database(tunnel.dsn)
        database.prepare()
        yield database
        database.give_up()
        database.close()

    def test_that_drafting_goes_on_and_is_written_once_the_server_answers(
        self, hand: Hand, tunnel: Tunnel
    ) -> None:
        (banner,) = hand.window.findChildren(OutageBanner)
        tunnel.fall_silent()
        hand.until(banner.isVisible)
        draft_in_silence(hand)
        tunnel.speak()
        hand.until(lambda: not banner.isVisible())
        hand.settle()
        hand.press("Return")
        preview = pane_of(hand).preview
        hand.until(lambda: preview.isVisible() and not preview.bar.loading)
        hand.press("Return")
        hand.until(lambda: not pane_of(hand).editor.cells)
        hand.settle()
