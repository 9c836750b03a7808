"""The place of the golden JSONs: list, search, result, saving."""

import errno
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app import files
from app.domain.errors import NotFound
from app.views.backend.golden import GoldenEntry, GoldenList, GoldenResult
from app.views.background import Background
from app.views.golden.forms import FORMS, Form
from app.views.golden.list_model import FoundGolden, GoldenModel
from app.views.golden.place import GoldenPlace
from app.views.golden.result_view import readable
from app.views.notices import Notices
from app.views.places import Surroundings
from tests.views.fake_backend import NOW, FakeBackend, unavailable

GOLDEN, NAMED, ANTI, ANTI_NAMED = FORMS


@pytest.fixture
def place(qtbot: QtBot, backend: FakeBackend, around: Surroundings) -> GoldenPlace:
    place = GoldenPlace(around)
    qtbot.addWidget(place)
    place.resize(1200, 600)
    place.tabs.setCurrentWidget(place.result)
    place.show()
    place.refresh()
    qtbot.waitUntil(lambda: place.entries.model.rowCount() == len(backend.golden_entries[:50]))
    qtbot.waitUntil(lambda: place.result.result is not None)
    return place


def many(entry: GoldenEntry, count: int) -> list[GoldenEntry]:
    """Entries `count` to 1, each with a tag of its own."""
    return [replace(entry, id=n, tags=f"tag{n}") for n in range(count, 0, -1)]


def ids(place: GoldenPlace) -> list[int]:
    return [each.id for each in place.entries.model.entries]


def choose(place: GoldenPlace, row: int) -> None:
    place.entries.list.setCurrentIndex(place.entries.found.index(row, 0))


def chosen(place: GoldenPlace) -> str:
    return str(place.entries.list.currentIndex().data(Qt.ItemDataRole.ToolTipRole)).split("\n")[0]


# The list


def test_that_the_list_keeps_the_rules_of_qt(qtmodeltester: ModelTester) -> None:
    model = GoldenModel()
    found = FoundGolden(model)
    qtmodeltester.check(model)
    one, two, three = FakeBackend(1).golden_entries
    for entries in ([two], [one, two, three], [one, three], [replace(one, tags="x"), three], []):
        model.show_entries(entries)
        assert list(model.entries) == entries
        qtmodeltester.check(model)
        qtmodeltester.check(found)


def test_that_an_item_says_who_made_what_and_when() -> None:
    model = GoldenModel()
    model.show_entries([FakeBackend(1).golden_entries[1]])
    model.set_now(NOW)
    tip = model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert tip.startswith("Golden JSON 2, official\n%/PromptReco/Collisions2025C/DQM\n")
    assert "11.86 pb⁻¹ recorded" in tip
    item = model.index(0).data(Qt.ItemDataRole.UserRole + 1)
    assert (item.id, item.by) == ("2", "person@cern.ch")
    assert item.made == "8 d ago, 2025-08-12 12:00 UTC"
    assert item.figures == "41 runs   12\u202f345 LS   11.9 pb⁻¹"
    model.set_now(NOW + timedelta(days=1))
    assert "9 d ago" in model.index(0).data(Qt.ItemDataRole.UserRole + 1).made


def test_that_an_unknown_luminosity_is_not_written_as_a_number() -> None:
    model = GoldenModel()
    model.show_entries([replace(FakeBackend(1).golden_entries[0], recorded_luminosity=-1.0)])
    assert "pb" not in model.index(0).data(Qt.ItemDataRole.UserRole + 1).figures
    assert "luminosity unknown" in model.index(0).data(Qt.ItemDataRole.ToolTipRole)


def test_that_the_newest_is_shown_at_first(place: GoldenPlace) -> None:
    assert place.result.title.text() == "Golden JSON 3"
    assert chosen(place) == "Golden JSON 3"


def test_that_a_new_entry_keeps_the_chosen_one(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    choose(place, 1)
    qtbot.waitUntil(lambda: place.result.title.text() == "Golden JSON 2, official")
    backend.golden_entries.insert(0, replace(backend.golden_entries[0], id=4))
    place.refresh()
    qtbot.waitUntil(lambda: ids(place) == [4, 3, 2, 1])
    assert chosen(place) == "Golden JSON 2, official"
    assert place.result.title.text() == "Golden JSON 2, official"


def test_that_an_entry_that_goes_makes_no_other_one_the_chosen(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend, background: Background
) -> None:
    del backend.golden_entries[0]
    place.refresh()
    qtbot.waitUntil(lambda: ids(place) == [2, 1])
    assert not place.entries.list.selectionModel().hasSelection()
    qtbot.waitUntil(lambda: not background.busy)
    assert place.result.title.text() == "Golden JSON 3"


def test_that_lists_can_be_chosen(qtbot: QtBot, place: GoldenPlace) -> None:
    official = place.entries.lists.button(list(GoldenList).index(GoldenList.OFFICIAL))
    qtbot.mouseClick(official, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ids(place) == [2])
    assert place.result.title.text() == "Golden JSON 3"


def test_that_an_empty_list_says_how_to_fill_it(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    backend.golden_entries.clear()
    place.entries.show_list(GoldenList.MINE)
    assert place.entries.words.text() == "Reading the list ..."
    qtbot.waitUntil(lambda: "Generate" in place.entries.words.text())
    assert place.entries.words.isVisible()
    assert not place.entries.list.isVisible()


def test_that_older_ones_come_at_the_end(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    backend.golden_entries = many(backend.golden_entries[0], 120)
    place.refresh()
    qtbot.waitUntil(lambda: len(ids(place)) == 50)
    assert place.entries.older.isVisible()
    bar = place.entries.list.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: len(ids(place)) == 100)
    qtbot.mouseClick(place.entries.older, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ids(place) == list(range(120, 0, -1)))
    assert not place.entries.older.isVisible()


def test_that_what_was_read_stays_when_new_ones_come(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    entry = backend.golden_entries[0]
    backend.golden_entries = many(entry, 120)
    place.refresh()
    qtbot.waitUntil(lambda: len(ids(place)) == 50)
    place.entries.load_older()
    qtbot.waitUntil(lambda: len(ids(place)) == 100)
    backend.golden_entries = many(entry, 121)
    place.refresh()
    qtbot.waitUntil(lambda: ids(place) == list(range(121, 20, -1)))


def test_that_nothing_is_left_out_when_many_came_at_once(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    backend.golden_entries = many(backend.golden_entries[0], 120)
    place.refresh()
    qtbot.waitUntil(lambda: ids(place) == list(range(120, 70, -1)))
    place.entries.load_older()
    qtbot.waitUntil(lambda: ids(place) == list(range(120, 20, -1)))


def test_that_the_list_can_be_searched(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    place.entries.search.setText("person OFFICIAL")
    assert place.entries.found.rowCount() == 1  # at once, of what is there
    assert place.entries.listed.text() == "1"
    place.entries.search.setText("nobody")
    assert place.entries.words.text() == "Searching ..."
    qtbot.waitUntil(lambda: "No list has" in place.entries.words.text())
    place.entries.search.clear()
    qtbot.waitUntil(lambda: place.entries.found.rowCount() == 3)
    assert chosen(place) == "Golden JSON 3"


def test_that_a_search_finds_what_was_not_read_yet(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    backend.golden_entries = many(backend.golden_entries[0], 160)
    place.refresh()
    qtbot.waitUntil(lambda: len(ids(place)) == 50)
    place.entries.search.setText("tag7")
    qtbot.waitUntil(lambda: ids(place) == [*range(79, 69, -1), 7])
    assert not place.entries.older.isVisible()
    place.entries.search.clear()
    qtbot.waitUntil(lambda: ids(place) == list(range(160, 110, -1)))


def test_that_slash_goes_to_the_search(qtbot: QtBot, place: GoldenPlace) -> None:
    place.activateWindow()
    place.entries.list.setFocus()
    qtbot.waitUntil(place.entries.list.hasFocus)
    qtbot.keyClick(place.entries.list, Qt.Key.Key_Slash)
    assert place.entries.search.hasFocus()
    qtbot.keyClicks(place.entries.search, "a/b")
    assert place.entries.search.text() == "a/b"


def test_that_an_outage_leaves_the_list_and_heals(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend, background: Background
) -> None:
    backend.error = unavailable()
    with qtbot.waitSignal(background.outage):
        place.refresh()
    assert ids(place) == [3, 2, 1]
    assert place.entries.bar.loading
    backend.error = None
    backend.golden_entries.pop()
    background.retry_now()
    qtbot.waitUntil(lambda: ids(place) == [3, 2])
    assert not place.entries.bar.loading


def test_that_one_that_was_just_made_is_shown_and_chosen(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    place.entries.search.setText("nobody")
    backend.golden_entries.insert(0, replace(backend.golden_entries[0], id=4))
    place.show_row(4)
    qtbot.waitUntil(lambda: place.result.title.text() == "Golden JSON 4")
    qtbot.waitUntil(lambda: chosen(place) == "Golden JSON 4")


# The result


def test_that_a_result_shows_its_figures(place: GoldenPlace) -> None:
    facts = {name: label.text() for name, label in place.result.facts.items()}
    assert facts["In it"] == "41 runs, 396201 to 396201; 12\u202f345 LS"
    assert facts["Recorded"] == "11.9 of 15 pb⁻¹, 79.1 %"
    assert facts["Delivered"] == "12.7 of 15.9 pb⁻¹, 79.9 %"
    assert facts["Made"].startswith("2025-08-13 12:00 UTC, ")
    assert facts["By"] == "person@cern.ch, at version 812"
    assert place.result.facts["Recorded"].toolTip().startswith("11.86 of 15.0 pb⁻¹")


def test_that_the_text_has_a_run_per_line(place: GoldenPlace) -> None:
    text = place.result.editors[0].toPlainText()
    assert text == '{\n  "396201": [[1, 99], [101, 240]]\n}'
    assert json.loads(text) == {"396201": [[1, 99], [101, 240]]}


def test_that_a_result_that_is_gone_is_said_where_it_would_be(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    backend.error = NotFound("There is no golden JSON 2.")
    choose(place, 1)
    qtbot.waitUntil(lambda: place.result.empty.text() == "There is no golden JSON 2.")
    assert not place.result.texts.isVisible()
    backend.error = None
    choose(place, 2)
    qtbot.waitUntil(lambda: place.result.title.text() == "Golden JSON 1")
    assert place.result.texts.isVisible()


def test_that_the_old_result_stays_dimmed_until_the_new_one_is_there(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    backend.gate = Event()
    choose(place, 2)
    assert place.result.bar.loading
    qtbot.waitUntil(lambda: not place.result.texts.isEnabled())
    assert place.result.title.text() == "Golden JSON 3"
    backend.gate.set()
    qtbot.waitUntil(lambda: place.result.title.text() == "Golden JSON 1")
    assert place.result.texts.isEnabled()
    assert not place.result.bar.loading


def a_result(backend: FakeBackend) -> GoldenResult:
    """One with two runs, one of them in two datasets, and a third one that isn't good."""
    return replace(
        backend.golden_row(3),
        generated='{"390001": [[1, 9]], "390120": [[3, 4], [6, 8]]}',
        with_dataset_names='{"390001-/A/B/DQM": [[1, 9]], "390120-/A/B/DQM": [[3, 4]],'
        ' "390120-/A/C/DQM": [[6, 8]]}',
        anti='{"390002": [[1, 50]]}',
        anti_with_dataset_names='{"390002-/A/B/DQM": [[1, 50]]}',
    )


def test_that_a_run_is_found_in_the_text(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    result = place.result
    result.show_result(readable(a_result(backend)))
    qtbot.keyClicks(result.find_run, "390120")
    assert result.found.text() == "1 of 1"
    assert result.editors[0].textCursor().block().text() == '  "390120": [[3, 4], [6, 8]]'
    result.texts.setCurrentIndex(1)
    assert result.found.text() == "1 of 2"
    qtbot.keyClick(result.find_run, Qt.Key.Key_Return)
    assert result.editors[1].textCursor().block().text() == '  "390120-/A/C/DQM": [[6, 8]]'
    qtbot.keyClick(result.find_run, Qt.Key.Key_Return)
    assert result.found.text() == "1 of 2"
    qtbot.keyClick(result.find_run, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert result.found.text() == "2 of 2"
    qtbot.keyClick(result.find_run, Qt.Key.Key_Escape)
    assert result.find_run.text() == ""
    assert result.editors[1].extraSelections() == []


def test_that_a_run_that_is_not_good_is_said_to_be_in_the_anti_json(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    result = place.result
    result.show_result(readable(a_result(backend)))
    result.find_run.setText("390002")
    assert result.found.text() == "only in Anti-JSON"
    assert result.find_run.property("wrong") is True
    result.find_run.setText("5")
    assert result.found.text() == "not in it"
    result.find_run.clear()
    assert result.found.text() == ""
    assert result.find_run.property("wrong") is False


# Saving


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.part)
def test_that_every_form_is_saved_byte_for_byte(
    qtbot: QtBot,
    place: GoldenPlace,
    backend: FakeBackend,
    notices: Notices,
    tmp_path: Path,
    form: Form,
) -> None:
    result = a_result(backend)
    file = tmp_path / f"{form.part}.json"
    with qtbot.waitSignal(notices.shown) as shown:
        place.result.save_text(form.text_of(result), file)
    assert file.read_bytes() == getattr(result, form.part).encode()
    assert shown.args is not None
    assert shown.args[0].text == f"Saved {file}."


def test_that_the_dialog_offers_a_telling_name_and_saves_where_it_is_told(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend, notices: Notices, tmp_path: Path
) -> None:
    place.result.show_result(readable(a_result(backend)))
    dialog = place.result.ask_where(ANTI)
    assert isinstance(dialog, QFileDialog)
    (offered,) = dialog.selectedFiles()
    assert Path(offered).name == "Cert_x_anti.json"
    file = tmp_path / "mine.json"
    with qtbot.waitSignal(notices.shown):
        dialog.fileSelected.emit(str(file))
    assert file.read_text() == '{"390002": [[1, 50]]}'
    dialog.close()


def test_that_a_file_is_replaced_only_when_the_person_says_so(
    qtbot: QtBot, place: GoldenPlace, notices: Notices, tmp_path: Path
) -> None:
    file = tmp_path / "golden.json"
    file.write_text("old")
    place.result.save_text("new", file)
    qtbot.waitUntil(lambda: place.findChild(QMessageBox) is not None)
    box = place.findChild(QMessageBox)
    assert box is not None
    assert box.text() == "golden.json is there already."
    assert file.read_text() == "old"
    with qtbot.waitSignal(notices.shown):
        box.buttons()[0].click()
    assert file.read_text() == "new"


def test_that_a_file_that_cannot_be_written_is_refused_inside(
    qtbot: QtBot, place: GoldenPlace, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    place.result.save_text("{}", tmp_path / "file" / "golden.json")
    qtbot.waitUntil(lambda: "can't be written" in place.result.refusal.text())
    assert place.result.refusal.isVisible()


def test_that_a_full_disk_leaves_the_old_file_and_says_so(
    qtbot: QtBot, place: GoldenPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "golden.json"

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    place.result.save_text("{}", file)
    qtbot.waitUntil(lambda: "the disk is full" in place.result.refusal.text())
    assert not file.exists()
    assert [each.name for each in tmp_path.iterdir()] == ["window.ini"]


def test_that_what_is_shown_can_be_copied(
    qtbot: QtBot, place: GoldenPlace, backend: FakeBackend
) -> None:
    result = a_result(backend)
    place.result.show_result(readable(result))
    qtbot.mouseClick(place.result.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == result.generated
    place.result.texts.setCurrentIndex(3)
    place.result.copy_text()
    assert QGuiApplication.clipboard().text() == result.anti_with_dataset_names
