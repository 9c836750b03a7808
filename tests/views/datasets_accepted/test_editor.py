"""Accepted datasets are tried against what the DQM GUI has before they are saved."""

import pytest
from pytestqt.qtbot import QtBot

from app.domain.configuration.in_force import DatasetAccepted
from app.domain.errors import Refused
from app.domain.sources.dqm_gui import GuiListing
from app.views.datasets_accepted.editor import DatasetsAcceptedEditor
from app.views.frame.main_window import MainWindow
from app.window import ServiceBackend
from tests.views.fake_backend import FakeBackend
from tests.views.offline_window import settle

NAME = "/PromptReco/Collisions2025C/DQM"
LISTING = GuiListing(
    {
        396_226: ("/Muon0/Run2025C-PromptReco-v1/DQMIO", "/ZeroBias/Run2025C-Express/DQMIO"),
        396_230: ("/Muon0/Run2025C-PromptReco-v1/DQMIO",),
    }
)


@pytest.fixture
def editor(qtbot: QtBot, window: MainWindow, backend: FakeBackend) -> DatasetsAcceptedEditor:
    """The editor with one entry and a GUI with three datasets."""
    backend.gui_listing = LISTING
    backend.accepted = [
        DatasetAccepted(5, NAME, "/Muon.*PromptReco", "Collisions25", 396_000, 397_000, True)
    ]
    dialog = window.edit_datasets_accepted()
    editor = dialog.editor
    qtbot.waitUntil(lambda: editor.matches.rowCount() == 1)
    settle(qtbot, window)
    return editor


def test_that_each_expression_says_what_it_finds(
    qtbot: QtBot, editor: DatasetsAcceptedEditor
) -> None:
    assert editor.matches.lines[0].texts == (
        "/Muon.*PromptReco",
        "1",
        "2",
        "/Muon0/Run2025C-PromptReco-v1/DQMIO",
    )
    editor.run_to.setText("396228")
    editor.regexp.setPlainText("/Muon.*PromptReco\n/ZeroBias\n(\nnothing")
    qtbot.waitUntil(lambda: editor.matches.rowCount() == 4)
    lines = editor.matches.lines
    assert [line.texts[2] for line in lines] == ["1", "1", "", "0"]
    assert lines[2].texts[3].startswith("no regular expression")
    assert [line.token for line in lines] == ["", "", "danger", "warning"]
    assert editor.said.text() == "1 expression can't be read."


def test_that_an_edit_takes_the_place_of_the_entry_and_a_new_one_of_none(
    qtbot: QtBot, editor: DatasetsAcceptedEditor, backend: FakeBackend
) -> None:
    editor.enabled.setChecked(False)
    with qtbot.waitSignal(editor.changed):
        editor.save.click()
    kind, item_id, values = backend.acts[-1]
    assert (kind, item_id) == ("save accepted", 5)
    assert values == {
        "name": NAME,
        "regexp": "/Muon.*PromptReco",
        "class": "Collisions25",
        "run_from": 396_000,
        "run_to": 397_000,
        "enabled": False,
    }
    editor.copy.click()
    assert editor.save.text() == "Add"
    editor.name.setText("/Express/Collisions2025/DQM")
    with qtbot.waitSignal(editor.changed):
        editor.save.click()
    assert backend.acts[-1][1] is None


def test_that_a_run_that_is_no_number_is_said_and_nothing_is_written(
    editor: DatasetsAcceptedEditor, backend: FakeBackend
) -> None:
    editor.run_from.setText("soon")
    editor.save.click()
    assert editor.refusal.text() == '"soon" is no run number.'
    assert backend.acts == []


def test_that_the_services_save_and_delete_it(
    qtbot: QtBot, real_window: MainWindow, services: ServiceBackend
) -> None:
    known = {each.id for each in services.datasets_accepted()}
    editor = real_window.edit_datasets_accepted().editor
    settle(qtbot, real_window)
    assert editor.said.text() == "This client doesn't ask the DQM GUI."
    editor.new.click()
    editor.name.setText(NAME)
    editor.class_.setCurrentText("Collisions25")
    editor.regexp.setPlainText("(")
    editor.save.click()
    qtbot.waitUntil(editor.refusal.isVisible)
    editor.regexp.setPlainText("/Muon")
    with qtbot.waitSignal(editor.changed):
        editor.save.click()
    (added,) = [each for each in services.datasets_accepted() if each.id not in known]
    assert (added.name, added.regexp, added.run_from) == (NAME, "/Muon", None)
    qtbot.waitUntil(lambda: editor.entry is not None and editor.entry.id == added.id)
    with qtbot.waitSignal(editor.changed):
        editor._delete(added)
    assert {each.id for each in services.datasets_accepted()} == known


def test_that_a_client_without_an_answer_of_the_gui_is_told(services: ServiceBackend) -> None:
    with pytest.raises(Refused, match="doesn't ask the DQM GUI"):
        services.try_expressions("x", None, None)


def test_that_disabled_entries_come_last(services: ServiceBackend) -> None:
    enabled = [each.enabled for each in services.datasets_accepted()]
    assert enabled == sorted(enabled, reverse=True)
    assert not all(enabled)
