"""The place of the golden JSONs: list, search, result, saving."""

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app import files
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.golden.files import Form
from app.services.golden.generation import JsonEntry
from app.services.golden.official.making import Proof, Standing
from app.views.background import Background
from app.views.golden.lists.list_model import FoundGolden, GoldenModel
from app.views.golden.lists.list_pane import Kind
from app.views.golden.lists.result_view import Result, result_of
from app.views.golden.place import GoldenPlace
from app.views.notices import Notices
from app.views.places import PlaceContext
from tests.builders import EXPERT
from tests.conftest import TestServer
from tests.services.offline_runs import FIRST, PROMPT, SECOND
from tests.views.golden.conftest import (
    RULE,
    change_lists,
    copy_list,
    fill_season,
    locked,
    unreachable,
)

MADE = datetime(2025, 8, 12, 12, 0, tzinfo=UTC)
NOW = datetime(2025, 8, 20, 12, 0, tzinfo=UTC)
OTHER = "shifter@cern.ch"


def an_entry(id_: int, **changes: object) -> JsonEntry:
    """A list as it is listed."""
    entry = JsonEntry(
        id_, "%/PromptReco/Collisions2025C/DQM", "week 33", EXPERT.email, False, 812,
        MADE, 396201, 396241, 41, 12_345, 11.86, 15.0,
    )  # fmt: skip
    return replace(entry, **changes)


def _fill(db: Database) -> None:
    """The season with three lists: the second is official, the third is somebody else's."""
    fill_season(db)
    ids = [golden.generate(Acting(db, EXPERT), PROMPT, RULE).id for _ in range(3)]
    change_lists(db, 'UPDATE "GeneratedJson" SET official = true WHERE id = :id', id=ids[1])
    change_lists(
        db, 'UPDATE "GeneratedJson" SET created_by = :who WHERE id = :id', who=OTHER, id=ids[2]
    )


@pytest.fixture(scope="session")
def template(server: TestServer) -> str:
    """The season with its lists."""
    return server.template("golden_lists", _fill)


@pytest.fixture
def lists(acting: Acting) -> list[int]:
    """The three lists, the oldest first."""
    return sorted(entry.id for entry in golden.entries(acting))


@pytest.fixture
def place(qtbot: QtBot, context: PlaceContext, lists: list[int]) -> GoldenPlace:
    place = GoldenPlace(context)
    qtbot.addWidget(place)
    place.resize(1200, 600)
    place.tabs.setCurrentWidget(place.result)
    place.show()
    place.refresh()
    qtbot.waitUntil(lambda: ids(place) == lists[::-1])
    qtbot.waitUntil(lambda: place.result.result is not None)
    return place


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
    three, two, one = an_entry(3), an_entry(2), an_entry(1)
    for entries in ([two], [three, two, one], [three, one], [replace(three, tags="x"), one], []):
        model.show_entries(entries)
        assert list(model.entries) == entries
        qtmodeltester.check(model)
        qtmodeltester.check(found)


def test_that_an_item_says_who_made_what_and_when() -> None:
    model = GoldenModel()
    model.show_entries([an_entry(2, official=True)])
    model.set_now(NOW)
    tip = model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert tip.startswith("Golden JSON 2, official\n%/PromptReco/Collisions2025C/DQM\n")
    assert "11.86 pb⁻¹ recorded" in tip
    item = model.index(0).data(Qt.ItemDataRole.UserRole + 1)
    assert (item.id, item.by) == ("2", EXPERT.email)
    assert item.made == "8 d ago, 2025-08-12 12:00 UTC"
    assert item.figures == "41 runs   12\u202f345 LS   11.9 pb⁻¹"
    model.set_now(NOW + timedelta(days=1))
    assert "9 d ago" in model.index(0).data(Qt.ItemDataRole.UserRole + 1).made


def test_that_an_unknown_luminosity_is_not_written_as_a_number() -> None:
    model = GoldenModel()
    model.show_entries([an_entry(1, recorded_in_json=-1.0)])
    assert "pb" not in model.index(0).data(Qt.ItemDataRole.UserRole + 1).figures
    assert "luminosity unknown" in model.index(0).data(Qt.ItemDataRole.ToolTipRole)


def test_that_the_newest_is_shown_at_first(place: GoldenPlace, lists: list[int]) -> None:
    assert place.result.title.text() == f"Golden JSON {lists[2]}"
    assert chosen(place) == f"Golden JSON {lists[2]}"


def test_that_a_new_entry_keeps_the_chosen_one(
    qtbot: QtBot, place: GoldenPlace, lists: list[int], generate: Callable[[], int]
) -> None:
    choose(place, 1)
    official = f"Golden JSON {lists[1]}, official"
    qtbot.waitUntil(lambda: place.result.title.text() == official)
    new = generate()
    place.refresh()
    qtbot.waitUntil(lambda: ids(place) == [new, *lists[::-1]])
    assert chosen(place) == official
    assert place.result.title.text() == official


def test_that_an_entry_that_goes_makes_no_other_one_the_chosen(
    qtbot: QtBot,
    place: GoldenPlace,
    acting: Acting,
    lists: list[int],
    background: Background,
) -> None:
    golden.delete(acting, [lists[2]])
    place.refresh()
    qtbot.waitUntil(lambda: ids(place) == [lists[1], lists[0]])
    assert not place.entries.list.selectionModel().hasSelection()
    qtbot.waitUntil(lambda: not background.busy)
    assert place.result.title.text() == f"Golden JSON {lists[2]}"


def test_that_lists_can_be_chosen(qtbot: QtBot, place: GoldenPlace, lists: list[int]) -> None:
    for kind, expected in ((Kind.OFFICIAL, [lists[1]]), (Kind.MINE, [lists[1], lists[0]])):
        button = place.entries.lists.button(list(Kind).index(kind))
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda expected=expected: ids(place) == expected)
    assert place.result.title.text() == f"Golden JSON {lists[2]}"


def test_that_an_empty_list_says_how_to_fill_it(
    qtbot: QtBot, place: GoldenPlace, acting: Acting, lists: list[int]
) -> None:
    golden.delete(acting, lists)
    place.entries.show_list(Kind.MINE)
    assert place.entries.words.text() == "Reading the list ..."
    qtbot.waitUntil(lambda: "Generate" in place.entries.words.text())
    assert place.entries.words.isVisible()
    assert not place.entries.list.isVisible()


def test_that_older_ones_come_at_the_end(
    qtbot: QtBot, place: GoldenPlace, season: Database
) -> None:
    copy_list(season, 1001, 1117)  # 120 in all
    place.refresh()
    qtbot.waitUntil(lambda: len(ids(place)) == 50)
    assert place.entries.older.isVisible()
    bar = place.entries.list.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    qtbot.waitUntil(lambda: not place.entries.bar.loading)
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: len(ids(place)) == 100)
    qtbot.waitUntil(lambda: not place.entries.bar.loading)
    qtbot.mouseClick(place.entries.older, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(ids(place)) == 120)
    assert ids(place)[:117] == list(range(1117, 1000, -1))
    assert not place.entries.older.isVisible()


def test_that_what_was_read_stays_when_new_ones_come(
    qtbot: QtBot, place: GoldenPlace, season: Database
) -> None:
    copy_list(season, 1001, 1120)
    place.refresh()
    qtbot.waitUntil(lambda: len(ids(place)) == 50)
    qtbot.waitUntil(lambda: not place.entries.bar.loading)
    place.entries.load_older()
    qtbot.waitUntil(lambda: len(ids(place)) == 100)
    copy_list(season, 1121, 1121)
    place.refresh()
    qtbot.waitUntil(lambda: ids(place) == list(range(1121, 1020, -1)))


def test_that_nothing_is_left_out_when_many_came_at_once(
    qtbot: QtBot, place: GoldenPlace, season: Database
) -> None:
    copy_list(season, 1001, 1120)
    place.refresh()
    qtbot.waitUntil(lambda: ids(place) == list(range(1120, 1070, -1)))
    qtbot.waitUntil(lambda: not place.entries.bar.loading)
    place.entries.load_older()
    qtbot.waitUntil(lambda: ids(place) == list(range(1120, 1020, -1)))


def test_that_the_list_can_be_searched(qtbot: QtBot, place: GoldenPlace, lists: list[int]) -> None:
    place.entries.search.setText("expert OFFICIAL")
    assert place.entries.found.rowCount() == 1  # at once, among those that were read
    assert place.entries.listed.text() == "1"
    place.entries.search.setText("nobody")
    assert place.entries.words.text() == "Searching ..."
    qtbot.waitUntil(lambda: "No list has" in place.entries.words.text())
    place.entries.search.clear()
    qtbot.waitUntil(lambda: place.entries.found.rowCount() == 3)
    assert chosen(place) == f"Golden JSON {lists[2]}"


def test_that_a_search_finds_what_was_not_read_yet(
    qtbot: QtBot, place: GoldenPlace, season: Database
) -> None:
    copy_list(season, 1001, 1160)
    place.refresh()
    qtbot.waitUntil(lambda: len(ids(place)) == 50)
    place.entries.search.setText("tag107")
    qtbot.waitUntil(lambda: ids(place) == [*range(1079, 1069, -1)])
    assert not place.entries.older.isVisible()
    place.entries.search.clear()
    qtbot.waitUntil(lambda: ids(place) == list(range(1160, 1110, -1)))


def test_that_slash_goes_to_the_search(qtbot: QtBot, place: GoldenPlace) -> None:
    place.activateWindow()
    place.entries.list.setFocus()
    qtbot.waitUntil(place.entries.list.hasFocus)
    qtbot.keyClick(place.entries.list, Qt.Key.Key_Slash)
    assert place.entries.search.hasFocus()
    qtbot.keyClicks(place.entries.search, "a/b")
    assert place.entries.search.text() == "a/b"


def test_that_an_outage_leaves_the_list_and_heals(
    qtbot: QtBot,
    place: GoldenPlace,
    lists: list[int],
    background: Background,
    server: TestServer,
    dsn: str,
) -> None:
    with unreachable(server, dsn):
        with qtbot.waitSignal(background.outage, timeout=20_000):
            place.refresh()
        assert ids(place) == lists[::-1]
        assert place.entries.bar.loading
    background.retry_now()
    qtbot.waitUntil(lambda: not place.entries.bar.loading)
    assert ids(place) == lists[::-1]


def test_that_one_that_was_just_made_is_shown_and_chosen(
    qtbot: QtBot, place: GoldenPlace, generate: Callable[[], int]
) -> None:
    place.entries.search.setText("nobody")
    new = generate()
    place.show_row(new)
    qtbot.waitUntil(lambda: place.result.title.text() == f"Golden JSON {new}")
    qtbot.waitUntil(lambda: chosen(place) == f"Golden JSON {new}")


# The result


def test_that_a_result_shows_its_figures(place: GoldenPlace) -> None:
    facts = {name: label.text() for name, label in place.result.facts.items()}
    assert facts["Datasets"] == PROMPT
    assert facts["In it"] == f"2 runs, {FIRST} to {SECOND}; 17 LS"
    assert facts["Recorded"] == "5.11 of 6.01 pb⁻¹, 85.0 %"
    assert facts["Delivered"].endswith(" pb⁻¹, 85.0 %")
    assert facts["By"].startswith(f"{OTHER}, at version ")
    assert facts["Tags"] == "none"
    assert place.result.facts["Recorded"].toolTip().startswith("5.1")


def test_that_the_text_has_a_run_per_line(place: GoldenPlace) -> None:
    text = place.result.editors[0].toPlainText()
    assert text == f'{{\n  "{FIRST}": [[1, 2], [6, 10]],\n  "{SECOND}": [[1, 10]]\n}}'
    assert json.loads(text) == {str(FIRST): [[1, 2], [6, 10]], str(SECOND): [[1, 10]]}


def test_that_a_result_that_is_gone_is_said_where_it_would_be(
    qtbot: QtBot, place: GoldenPlace, acting: Acting, lists: list[int]
) -> None:
    golden.delete(acting, [lists[1]])
    choose(place, 1)
    qtbot.waitUntil(lambda: str(lists[1]) in place.result.empty.text())
    assert not place.result.texts.isVisible()
    choose(place, 2)
    qtbot.waitUntil(lambda: place.result.title.text() == f"Golden JSON {lists[0]}")
    assert place.result.texts.isVisible()


def test_that_the_old_result_stays_dimmed_until_the_new_one_is_there(
    qtbot: QtBot, place: GoldenPlace, season: Database, lists: list[int]
) -> None:
    qtbot.waitUntil(lambda: not place.result.bar.loading)
    with locked(season, "GeneratedJson"):
        choose(place, 2)
        assert place.result.bar.loading
        qtbot.waitUntil(lambda: not place.result.texts.isEnabled())
        assert place.result.title.text() == f"Golden JSON {lists[2]}"
    qtbot.waitUntil(lambda: place.result.title.text() == f"Golden JSON {lists[0]}")
    qtbot.waitUntil(lambda: not place.result.bar.loading)
    assert place.result.texts.isEnabled()


@pytest.fixture
def a_result(acting: Acting, lists: list[int]) -> Result:
    """A list with two runs, one of them in two datasets, and a third run that isn't good."""
    stored = golden.row(acting, lists[0])
    return result_of(
        replace(
            stored,
            generated_json={"390001": [[1, 9]], "390120": [[3, 4], [6, 8]]},
            generated_json_with_dataset_names={
                "390001-/A/B/DQM": [[1, 9]],
                "390120-/A/B/DQM": [[3, 4]],
                "390120-/A/C/DQM": [[6, 8]],
            },
            generated_anti_json={"390002": [[1, 50]]},
            generated_anti_json_with_dataset_names={"390002-/A/B/DQM": [[1, 50]]},
        )
    )


def test_that_a_run_is_found_in_the_text(
    qtbot: QtBot, place: GoldenPlace, a_result: Result
) -> None:
    result = place.result
    result.show_result(a_result)
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
    place: GoldenPlace, a_result: Result
) -> None:
    result = place.result
    result.show_result(a_result)
    result.find_run.setText("390002")
    assert result.found.text() == "only in Anti-JSON"
    assert result.find_run.property("wrong") is True
    result.find_run.setText("5")
    assert result.found.text() == "not in it"
    result.find_run.clear()
    assert result.found.text() == ""
    assert result.find_run.property("wrong") is False


# Confirmed by a puller


def test_that_it_says_what_a_puller_found_only_where_pullers_check(
    place: GoldenPlace, a_result: Result
) -> None:
    result = place.result
    checked = result.facts["Checked"]
    result.show_result(a_result)
    assert not checked.isVisibleTo(result)
    differs = Standing(Proof.DIFFERS, MADE, "the list")
    result.show_result(replace(a_result, standing=differs))
    assert checked.isVisibleTo(result)
    assert checked.text().startswith("Differs from the events: the list.")
    assert checked.property("role") == "refusal"
    result.show_result(replace(a_result, standing=Standing(Proof.WAITING, pullers=False)))
    assert checked.text() == "Unconfirmed. No puller is running: it is done as soon as one is."
    assert checked.property("role") == ""


def test_that_a_list_is_made_official_after_a_question(
    qtbot: QtBot, place: GoldenPlace, lists: list[int], notices: Notices
) -> None:
    place.show_row(lists[2])
    qtbot.waitUntil(lambda: place.result.title.text() == f"Golden JSON {lists[2]}")
    place.official.make_official()
    qtbot.waitUntil(lambda: place.findChild(QMessageBox) is not None)
    box = place.findChild(QMessageBox)
    assert box is not None
    assert box.text().startswith(f"Make golden JSON {lists[2]} official? First it is made again")
    with qtbot.waitSignals([notices.shown, place.official.done]):
        box.buttons()[0].click()
    qtbot.waitUntil(lambda: place.result.title.text() == f"Golden JSON {lists[2]}, official")


# Saving


def saved(place: GoldenPlace, form: Form, file: Path) -> None:
    """Chooses a file for a form."""
    dialog = place.result.ask_where(form)
    assert isinstance(dialog, QFileDialog)
    dialog.fileSelected.emit(str(file))
    dialog.close()


@pytest.mark.parametrize("form", Form)
def test_that_every_form_is_saved_byte_for_byte(
    qtbot: QtBot,
    place: GoldenPlace,
    a_result: Result,
    notices: Notices,
    tmp_path: Path,
    form: Form,
) -> None:
    place.result.show_result(a_result)
    file = tmp_path / f"{form}.json"
    with qtbot.waitSignal(notices.shown) as shown:
        saved(place, form, file)
    assert file.read_bytes() == a_result.text_of(form).encode()
    assert shown.args is not None
    assert shown.args[0].text == f"Saved {file}."


def test_that_the_dialog_offers_the_usual_name_and_saves_where_the_person_says(
    qtbot: QtBot, place: GoldenPlace, a_result: Result, notices: Notices, tmp_path: Path
) -> None:
    place.result.show_result(a_result)
    dialog = place.result.ask_where(Form.ANTI)
    assert isinstance(dialog, QFileDialog)
    (offered,) = dialog.selectedFiles()
    assert Path(offered).name == f"{a_result.stem}_anti.json"
    assert a_result.stem.startswith("Cert_Collisions2025_")
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
    saved(place, Form.GOLDEN, file)
    qtbot.waitUntil(lambda: place.findChild(QMessageBox) is not None)
    box = place.findChild(QMessageBox)
    assert box is not None
    assert box.text() == "golden.json exists already."
    assert file.read_text() == "old"
    with qtbot.waitSignal(notices.shown):
        box.buttons()[0].click()
    assert file.read_text().startswith(f'{{"{FIRST}"')


def test_that_a_file_that_cannot_be_written_is_refused_inside(
    qtbot: QtBot, place: GoldenPlace, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    saved(place, Form.GOLDEN, tmp_path / "file" / "golden.json")
    qtbot.waitUntil(lambda: "can't be written" in place.result.refusal.text())
    assert place.result.refusal.isVisible()


def test_that_a_full_disk_leaves_the_old_file_and_says_so(
    qtbot: QtBot, place: GoldenPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "golden.json"

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    saved(place, Form.GOLDEN, file)
    qtbot.waitUntil(lambda: "the disk is full" in place.result.refusal.text())
    assert not file.exists()
    assert not [each for each in tmp_path.iterdir() if each.name != "window.ini"]


def test_that_what_is_shown_can_be_copied(
    qtbot: QtBot, place: GoldenPlace, a_result: Result
) -> None:
    place.result.show_result(a_result)
    qtbot.mouseClick(place.result.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == a_result.texts.golden
    place.result.texts.setCurrentIndex(3)
    place.result.copy_text()
    assert QGuiApplication.clipboard().text() == a_result.texts.anti_with_dataset_names
    place.result.texts.setCurrentIndex(4)
    place.result.copy_text()
    assert json.loads(QGuiApplication.clipboard().text()) == RULE
