"""How complete the quick copy is, in the dock of the pullers."""

import pytest
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.taking_in import take_all_in
from app.views.background import Background
from app.views.sync_panel.read_model_panel import ReadModelPanel
from tests.builders import EXPERT, configure


def test_that_it_says_how_far_it_is_and_looks_again_while_it_is_seen(
    qtbot: QtBot, database: Database, background: Background
) -> None:
    configure(database)
    panel = ReadModelPanel(Acting(database, EXPERT), background)
    qtbot.addWidget(panel)
    assert panel.state.text() == "Reading ..."
    panel.show()
    qtbot.waitUntil(lambda: panel.state.text().startswith("Nothing that other programs wrote"))
    assert panel.dot.property("role") == "warning"
    take_all_in(database)
    qtbot.waitUntil(lambda: panel.dot.property("role") == "success", timeout=30_000)
    assert panel.state.text() == "All that other programs write is in the quick copy."
    panel.hide()
    assert not panel._clock.isActive()


def test_that_a_database_without_a_copy_is_told(
    qtbot: QtBot, database: Database, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "desk", False)
    panel = ReadModelPanel(Acting(database, EXPERT), background)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.state.text().startswith("This database has no quick copy"))
    assert panel.dot.property("role") == "muted"
