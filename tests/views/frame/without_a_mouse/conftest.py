"""Somebody with a keyboard in front of a small season."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app.domain.agents.proposals import AgentColumn, Mode
from app.models.database.engine import Database
from app.models.database.listen import ChangeListener
from app.services.acting import Acting
from app.services.agents import registry as agents
from app.services.certification import cycles
from app.services.pulling import runs as pull
from app.services.pulling.pullers import Pullers
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.session import Openings
from tests.builders import EXPERT, a_run
from tests.conftest import TestServer
from tests.services.offline_runs import FIRST, PROMPT, open_all, sign_off_runs
from tests.views.frame.without_a_mouse.steps import AGENT, LENGTH, RUN
from tests.views.hand import Hand
from tests.views.workplaces import a_context, a_window, a_workplace


def season(db: Database) -> None:
    """An open run with an agent's proposal, and a signed-off one with two open datasets."""
    sign_off_runs(db, FIRST)
    open_all(db, FIRST)
    pull.apply(Acting(db), a_run(RUN, LENGTH))
    cycles.create(Acting(db, EXPERT), "Week 20", date(2030, 1, 1), ["dt"], [(FIRST, PROMPT)])
    agents.register(
        Acting(db, EXPERT), AGENT, "1.0", [AgentColumn("dt-dt", Mode.PROPOSES, "dt-dt")]
    )
    agents.propose(Acting(db, EXPERT), AGENT, f"{RUN},online,dt-dt,2,4,BAD,hot module,")


@pytest.fixture(scope="session")
def template(server: TestServer) -> str:
    return server.template("without_a_mouse", season)


@pytest.fixture
def pullers() -> Pullers:
    """Nobody pulls here."""
    return Pullers()


@pytest.fixture
def openings() -> Openings | None:
    """No other server can be opened here."""
    return None


@pytest.fixture
def hand(
    qtbot: QtBot,
    database: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
    tmp_path: Path,
    pullers: Pullers,
    openings: Openings | None,
) -> Iterator[Hand]:
    """Somebody who has just started the program."""
    workplace = a_workplace(
        database, pullers=pullers, draft_folder=tmp_path / "drafts", openings=openings
    )
    listener = ChangeListener(database, workplace.news.changed, workplace.news.connected)
    listener.start()
    window = a_window(a_context(workplace, background, notices, themes, remembered))
    window.resize(1400, 900)
    window.stop_wanted.connect(window.stopped)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    hand = Hand(window, qtbot)
    hand.until(lambda: window.online.details.lumisections.grid.snapshot is not None)
    hand.settle()
    yield hand
    sys.stdout.write(hand.story())
    window.close()
    listener.stop()
    qtbot.waitUntil(lambda: not background.busy, timeout=30_000)
    window.deleteLater()
