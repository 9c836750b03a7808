"""Accepted datasets are tried against the datasets of the DQM GUI before they are saved."""

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.domain.configuration.in_force import DatasetAccepted, Kind
from app.domain.errors import Refused
from app.domain.sources.dqm_gui import GuiListing
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration.edits import add_item
from app.services.configuration.in_force import accepted_datasets
from app.services.pulling.dqm_gui import GuiStore
from app.services.pulling.pullers import Pullers, latest_listing
from app.views.background import Background
from app.views.datasets_accepted.editor import DatasetsAcceptedEditor
from app.views.looks.theme import Themes
from app.views.notices import Notices
from tests.builders import EXPERT, configure
from tests.conftest import filled_once
from tests.views.workplaces import a_context, a_workplace

NAME = "/PromptReco/Collisions2025C/DQM"
LISTING = GuiListing(
    {
        396_226: ("/Muon0/Run2025C-PromptReco-v1/DQMIO", "/ZeroBias/Run2025C-Express/DQMIO"),
        396_230: ("/Muon0/Run2025C-PromptReco-v1/DQMIO",),
    }
)
VALUES = {
    "name": NAME,
    "regexp": "/Muon.*PromptReco",
    "class": "Collisions25",
    "run_from": 396_000,
    "run_to": 397_000,
    "enabled": True,
}


@filled_once
def registry(database: Database) -> None:
    """The small configuration with one more accepted dataset."""
    configure(database)
    add_item(Acting(database, EXPERT), Kind.DATASETS_ACCEPTED, VALUES)


@pytest.fixture
def pullers(registry: Database) -> Pullers:
    """A client that has read the DQM GUI."""
    store = GuiStore(registry)
    store.keep(LISTING)
    return Pullers(gui_store=store)


@pytest.fixture
def editor(
    qtbot: QtBot,
    registry: Database,
    pullers: Pullers,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> DatasetsAcceptedEditor:
    """The editor with the added entry selected."""
    workplace = a_workplace(registry, pullers=pullers)
    editor = DatasetsAcceptedEditor(a_context(workplace, background, notices, themes, remembered))
    qtbot.addWidget(editor)
    editor.show()
    qtbot.waitUntil(lambda: editor.entries.rowCount() > 0)
    row = editor.entries.row_of(entry(registry).id)
    assert row is not None
    editor.table.selectRow(row)
    qtbot.waitUntil(lambda: editor.matches.model.rowCount() == 1 and not background.busy)
    return editor


def entry(db: Database, name: str = NAME) -> DatasetAccepted:
    (found,) = (known for known in accepted_datasets(Acting(db)) if known.name == name)
    return found


def test_that_each_expression_says_what_it_finds(
    qtbot: QtBot, editor: DatasetsAcceptedEditor
) -> None:
    assert editor.matches.model.lines[0].texts == (
        "/Muon.*PromptReco",
        "1",
        "2",
        "/Muon0/Run2025C-PromptReco-v1/DQMIO",
    )
    editor.run_to.setText("396228")
    editor.regexp.setPlainText("/Muon.*PromptReco\n/ZeroBias\n(\nnothing")
    qtbot.waitUntil(lambda: editor.matches.model.rowCount() == 4)
    lines = editor.matches.model.lines
    assert [line.texts[2] for line in lines] == ["1", "1", "", "0"]
    assert "regular expression" in lines[2].texts[3]
    assert [line.token for line in lines] == ["", "", "danger", "warning"]
    assert editor.matches.summary.text() == "1 expression can't be read."


def test_that_an_edit_replaces_the_entry_and_a_copy_is_a_new_one(
    qtbot: QtBot, editor: DatasetsAcceptedEditor, registry: Database
) -> None:
    old = entry(registry).id
    editor.enabled.setChecked(False)
    with qtbot.waitSignal(editor.changed):
        editor.save.click()
    saved = entry(registry)
    assert saved.id != old
    assert (saved.regexp, saved.class_) == ("/Muon.*PromptReco", "Collisions25")
    assert (saved.run_from, saved.run_to, saved.enabled) == (396_000, 397_000, False)
    qtbot.waitUntil(lambda: editor.entry is not None and editor.entry.id == saved.id)
    editor.copy.click()
    assert editor.save.text() == "Add"
    editor.name.setText("/Express/Collisions2025C/DQM")
    qtbot.waitUntil(editor.save.isEnabled)
    with qtbot.waitSignal(editor.changed):
        editor.save.click()
    assert entry(registry, "/Express/Collisions2025C/DQM").run_from == 396_000
    assert entry(registry).id == saved.id


def test_that_a_saved_entry_is_as_before_after_undo_from_the_notice(
    qtbot: QtBot, editor: DatasetsAcceptedEditor, registry: Database, notices: Notices
) -> None:
    editor.enabled.setChecked(False)
    with qtbot.waitSignal(editor.changed):
        editor.save.click()
    assert not entry(registry).enabled
    assert notices.last is not None
    notices.undo(notices.last)
    (box,) = editor.findChildren(QMessageBox)
    yes = next(
        each for each in box.buttons() if box.buttonRole(each) == QMessageBox.ButtonRole.AcceptRole
    )
    with qtbot.waitSignal(notices.shown):
        yes.click()
    assert entry(registry).enabled


def test_that_a_run_that_is_no_number_is_said_and_nothing_is_written(
    editor: DatasetsAcceptedEditor, registry: Database
) -> None:
    before = accepted_datasets(Acting(registry))
    editor.run_from.setText("soon")
    editor.save.click()
    assert editor.refusal.text() == '"soon" is not a run number.'
    assert accepted_datasets(Acting(registry)) == before


def test_that_a_faulty_expression_is_refused_and_an_entry_is_added_and_deleted(
    qtbot: QtBot, editor: DatasetsAcceptedEditor, registry: Database
) -> None:
    known = {accepted.id for accepted in accepted_datasets(Acting(registry))}
    editor.new.click()
    editor.name.setText("/Another/Collisions2025C/DQM")
    editor.class_.setCurrentText("Collisions25")
    editor.regexp.setPlainText("(")
    editor.save.click()
    qtbot.waitUntil(editor.refusal.isVisible)
    qtbot.waitUntil(editor.save.isEnabled)
    editor.regexp.setPlainText("/Muon")
    with qtbot.waitSignal(editor.changed):
        editor.save.click()
    added = entry(registry, "/Another/Collisions2025C/DQM")
    assert (added.regexp, added.run_from) == ("/Muon", None)
    qtbot.waitUntil(lambda: editor.entry is not None and editor.entry.id == added.id)
    qtbot.waitUntil(editor.save.isEnabled)
    editor.delete.click()
    box = editor.findChild(QMessageBox)
    with qtbot.waitSignal(editor.changed):
        box.buttons()[0].click()
    assert {accepted.id for accepted in accepted_datasets(Acting(registry))} == known


class TestWithoutTheGui:
    """A client that doesn't read the DQM GUI says so."""

    @pytest.fixture
    def pullers(self) -> Pullers:
        return Pullers()

    def test_that_it_is_said_where_matches_would_be(
        self,
        qtbot: QtBot,
        registry: Database,
        pullers: Pullers,
        background: Background,
        notices: Notices,
        themes: Themes,
        remembered: QSettings,
    ) -> None:
        workplace = a_workplace(registry, pullers=pullers)
        context = a_context(workplace, background, notices, themes, remembered)
        editor = DatasetsAcceptedEditor(context)
        qtbot.addWidget(editor)
        qtbot.waitUntil(lambda: "doesn't ask the DQM GUI" in editor.matches.summary.text())
        with pytest.raises(Refused, match="doesn't ask the DQM GUI"):
            latest_listing(pullers)


def test_that_disabled_entries_come_last(registry: Database) -> None:
    enabled = [accepted.enabled for accepted in accepted_datasets(Acting(registry))]
    assert enabled == sorted(enabled, reverse=True)
    assert not all(enabled)
