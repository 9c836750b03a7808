"""Exporting lists from the window: every form, byte by byte what the service writes."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden import exports as golden_exports
from app.services.golden import lists as golden_lists
from app.services.golden.exports import Export
from app.views.golden.export_dialog import ExportDialog
from app.views.golden.place import GoldenPlace
from app.views.places import PlaceContext

STEM = "Cert_Collisions2025_390001_390002_JSON"


@pytest.fixture
def ids(generate: Callable[[], int]) -> list[int]:
    """Two lists of the same rule."""
    return [generate(), generate()]


@pytest.fixture
def place(qtbot: QtBot, context: PlaceContext, ids: list[int]) -> GoldenPlace:
    place = GoldenPlace(context)
    qtbot.addWidget(place)
    place.resize(1400, 800)
    place.show()
    place.shown()
    qtbot.waitUntil(lambda: place.entries.shown == ids[1])
    return place


def ticked(dialog: ExportDialog, *exports: Export) -> None:
    for row, export in enumerate(golden_exports.Export):
        del export
        item = dialog.forms.item(row)
        chosen = Export(item.data(Qt.ItemDataRole.UserRole)) in exports
        item.setCheckState(Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked)


def opened(place: GoldenPlace, folder: Path, *exports: Export) -> ExportDialog:
    dialog = place.exports.export()
    assert dialog is not None
    dialog.folder.setText(str(folder))
    ticked(dialog, *exports)
    return dialog


def test_that_every_form_is_exported_at_once_byte_by_byte(
    qtbot: QtBot, place: GoldenPlace, season: Database, ids: list[int], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    dialog = opened(place, folder, *Export)
    dialog.provenance.setChecked(True)
    with qtbot.waitSignal(dialog.exported) as exported:
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    list_ = golden_lists.of_database(Acting(season), ids[1])
    stem = golden_exports.stem_of(list_)
    assert stem == f"{STEM}{ids[1]}"
    for export in Export:
        file = folder / f"{stem}{export.ending}"
        text = golden_exports.text_of(Acting(season), export, list_)
        assert file.read_bytes() == text.encode()
        beside = json.loads(golden_exports.beside_of(file).read_text("utf-8"))
        assert beside["file_sha256"] == hashlib.sha256(text.encode()).hexdigest()
        assert beside["golden_json"] == ids[1]
    assert set(exported.args[0]) == set(folder.iterdir())


def test_that_files_that_are_there_are_replaced_only_after_a_question(
    qtbot: QtBot, place: GoldenPlace, ids: list[int], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    file = folder / f"{STEM}{ids[1]}.json"
    file.write_text("mine")
    dialog = opened(place, folder, Export.GOLDEN)
    dialog.submit()
    qtbot.waitUntil(lambda: dialog.findChild(QMessageBox) is not None)
    question = dialog.findChild(QMessageBox)
    assert question is not None
    assert question.text() == f"{file.name} exists already."
    assert file.read_text() == "mine"
    with qtbot.waitSignal(dialog.exported):
        question.accepted.emit()
    assert file.read_text() != "mine"


def test_that_several_lists_are_exported_together(
    qtbot: QtBot, place: GoldenPlace, ids: list[int], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    place.entries.list.selectAll()
    assert set(place.entries.selected()) == set(ids)
    dialog = opened(place, folder, Export.GOLDEN, Export.RUNS)
    with qtbot.waitSignal(dialog.exported):
        dialog.submit()
    assert len(list(folder.iterdir())) == 4


def test_that_a_folder_that_is_not_there_is_refused_inside(
    qtbot: QtBot, place: GoldenPlace, tmp_path: Path
) -> None:
    dialog = opened(place, tmp_path / "nowhere", Export.GOLDEN)
    dialog.submit()
    qtbot.waitUntil(lambda: "There is no folder" in dialog.refusal.text())
    ticked(dialog)
    assert not dialog.go.isEnabled()


@pytest.mark.parametrize("export", [Export.GOLDEN, Export.BRILCALC, Export.CSV])
def test_that_one_form_is_saved_where_the_person_says(
    qtbot: QtBot,
    place: GoldenPlace,
    season: Database,
    ids: list[int],
    tmp_path: Path,
    export: Export,
) -> None:
    place.exports.export_as(export)
    qtbot.waitUntil(lambda: place.findChild(QFileDialog) is not None)
    dialog = place.findChild(QFileDialog)
    assert dialog is not None
    assert Path(dialog.selectedFiles()[0]).name == f"{STEM}{ids[1]}{export.ending}"
    file = tmp_path / f"mine{export.ending}"
    dialog.fileSelected.emit(str(file))
    qtbot.waitUntil(file.exists)
    list_ = golden_lists.of_database(Acting(season), ids[1])
    assert file.read_text("utf-8") == golden_exports.text_of(Acting(season), export, list_)
    dialog.reject()


def test_that_a_list_is_taken_into_the_workbench(qtbot: QtBot, place: GoldenPlace) -> None:
    place.tabs.setCurrentWidget(place.result)
    place.take_chosen()
    qtbot.waitUntil(lambda: place.tabs.currentWidget() is place.bench)
    qtbot.waitUntil(lambda: place.bench.bench is not None and place.bench.is_settled)
    assert place.bench.result.preview is not None
    assert place.bench.result.preview.inside.lumisections == 17


def test_that_every_form_is_in_the_menu(place: GoldenPlace) -> None:
    rows = {row.id for row in place.rows()}
    listed = set(place.menus()["Golden JSON"]) - {""}
    assert listed == rows
    assert {f"golden.export.{export}" for export in Export} <= rows
