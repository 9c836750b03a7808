"""The configuration and its answers within the whole window."""

import pytest
from pytestqt.qtbot import QtBot

from app.views.configuration.place import ConfigurationPlace
from app.views.configuration.trials.why_dialog import WhyClassDialog
from tests.views.configuration.conftest import SECOND
from tests.views.workplaces import a_window


@pytest.fixture
def whole(qtbot: QtBot, context, settled):
    window = a_window(context)
    qtbot.addWidget(window)
    window.stop_wanted.connect(window.stopped)
    window.show()
    settled()
    yield window
    window.close()


def test_that_the_place_is_reached_and_reads_its_list(whole, settled) -> None:
    whole.go_to("configuration")
    settled()
    place = whole.views["configuration"]
    assert isinstance(place, ConfigurationPlace)
    assert place.pane.items.topLevelItemCount() == 3
    assert whole.actions_["configuration.reclassify"].isEnabled()


def test_that_a_run_and_a_cell_are_asked_why(whole, settled, qtbot: QtBot) -> None:
    whole.show_run(SECOND)
    details = whole.online.shown_details
    qtbot.waitUntil(lambda: details.lumisections.grid.snapshot is not None)
    settled()
    dialog = whole.all_actions.why.why_class()
    assert isinstance(dialog, WhyClassDialog)
    settled()
    assert dialog.view.summary.text().startswith("Class: Collisions25")
    dialog.close()

    details.lumisections.ranges.select_ranges("5")
    details.lumisections.grid.setFocus()
    settled()
    keys = details.lumisections.selection()[0]
    asked = whole.all_actions.why.why_status()
    settled()
    assert asked.subject.currentData() == next(key for key in keys if "-" in key)
    assert asked.lumisection.value() == 5
    assert "in LS 5" in asked.view.summary.text()
    asked.close()
