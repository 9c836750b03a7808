"""The place of the log on a real database: searched, opened, followed, exported."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot
from sqlalchemy import text

from app.domain.configuration.in_force import Kind as Configured
from app.domain.editing.edits import ColumnEdit
from app.domain.history.log import Kind, LogQuery, Source, Who
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import event_log
from app.models.events.event_log import DatasetChange
from app.services.acting import Acting
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.services.editing import bulk as bulk_edit
from app.services.golden import generation as golden
from app.services.pulling import runs as pull
from app.views.background import Background
from app.views.changes.changes_table import KEY as COLUMN
from app.views.changes.changes_table import NOTE
from app.views.log.log_model import ABOUT, AUTHOR, KIND, WHAT
from app.views.log.place import LogPlace
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.subject import NO_SUBJECT, Subject
from tests.builders import EXPERT, a_run
from tests.views.log.conftest import OTHER, RUN


def edit(db: Database, comment: str, run: int = RUN) -> int:
    wanted = ColumnEdit(run, "online", "dt-dt", (LumiRange(2, 4),), Triplet("BAD", comment))
    version = bulk_edit.write(Acting(db, EXPERT), [wanted], comment=comment).version
    assert version is not None
    return version


@pytest.fixture
def place(qtbot: QtBot, real: PlaceContext) -> LogPlace:
    """The log, not yet looked at."""
    place = LogPlace(real)
    qtbot.addWidget(place)
    place.resize(1200, 700)
    place.show()
    return place


def settle(qtbot: QtBot, background: Background) -> None:
    qtbot.waitUntil(lambda: not background.busy)


def look(qtbot: QtBot, place: LogPlace, background: Background, query: LogQuery) -> None:
    place.shown()
    place.search.show_query(query)
    settle(qtbot, background)


def numbers(place: LogPlace) -> list[int]:
    return [each.number for each in place.model.entries if each.source is Source.VERSION]


def cell(place: LogPlace, row: int, column: int) -> str:
    return str(place.model.index(row, column).data())


def test_that_the_newest_entry_is_on_top_and_opened(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    version = edit(season, "HV trip")
    place.shown()
    settle(qtbot, background)
    assert numbers(place)[0] == version
    assert cell(place, 0, AUTHOR) == EXPERT.email
    assert cell(place, 0, KIND) == "columns"
    assert cell(place, 0, ABOUT) == f"{RUN} online"
    assert cell(place, 0, WHAT) == "HV trip"
    (line,) = place.entry.changes.model.lines
    assert (line.piece.key, line.piece.ranges) == ("dt-dt", (LumiRange(2, 4),))
    assert (line.piece.before, line.piece.after) == (
        Triplet("GOOD"),
        Triplet("BAD", "HV trip"),
    )
    assert place.status.text().endswith("all there are")


def test_that_fields_narrow_what_is_listed(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    first = edit(season, "HV trip")
    other = edit(season, "cooling", OTHER)
    place.shown()
    settle(qtbot, background)
    place.search.words.setFocus()
    qtbot.keyClicks(place.search.words, "trip")
    qtbot.keyClick(place.search.words, Qt.Key.Key_Return)
    settle(qtbot, background)
    assert numbers(place) == [first]
    look(qtbot, place, background, LogQuery(run=OTHER, kinds=frozenset({Kind.LUMISECTIONS})))
    assert numbers(place)[0] == other
    assert place.search.kinds.text() == "columns"
    look(qtbot, place, background, LogQuery(who=Who.AGENTS))
    assert numbers(place) == []
    assert place.table.words.text() == "No log entry matches."
    assert place.entry.entry is None


def test_that_an_invalid_time_is_refused_below_the_fields(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    place.shown()
    settle(qtbot, background)
    before = numbers(place)
    place.search.since.setText("yesterday")
    place.search.apply()
    assert "is not a time" in place.search.refusal.text()
    assert not place.search.refusal.isHidden()
    assert numbers(place) == before
    place.search.since.setText("3d")
    place.search.apply()
    settle(qtbot, background)
    assert place.search.refusal.isHidden()
    assert numbers(place) == before


def test_that_what_is_written_comes_on_top_without_moving_what_is_read(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    for number in range(40):
        edit(season, f"trip {number}")
    place.shown()
    settle(qtbot, background)
    place.table.selectRow(30)
    place.table.verticalScrollBar().setValue(20 * place.table.rowHeight(0))
    read = place.model.entry(30)
    seen = place.table.rowAt(0)
    shown = place.model.entry(seen)
    fresh = edit(season, "just now")
    place.changed(frozenset({RUN}), in_front=True)
    settle(qtbot, background)
    assert numbers(place)[0] == fresh
    assert place.model.entry(place.table.rowAt(0)) == shown
    assert place.model.entry(place.table.currentIndex().row()) == read
    assert place.entry.entry == read
    assert place.news.text() == "1 new entry above"
    place.news.click()
    assert place.table.rowAt(0) == 0
    assert place.news.isHidden()


def test_that_a_place_that_wasn_t_looked_at_catches_up(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    place.shown()
    settle(qtbot, background)
    place.changed(frozenset(), in_front=False)
    version = edit(season, "meanwhile")
    settle(qtbot, background)
    assert version not in numbers(place)
    place.shown()
    settle(qtbot, background)
    assert numbers(place)[0] == version


def test_that_a_log_that_fell_far_behind_begins_again_with_the_newest(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    edit(season, "HV trip")
    place.shown()
    settle(qtbot, background)
    with season.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "Version" ("by", comment, "createdAt")'
                " SELECT 'auto@auto', 'hay', now() FROM generate_series(1, 450)"
            )
        )
    newest = edit(season, "needle")
    place.changed(frozenset(), in_front=True)
    settle(qtbot, background)
    assert numbers(place) == list(range(newest, newest - 100, -1))
    assert place.entry.entry == place.model.entry(0)


def test_that_more_is_read_when_the_end_is_reached(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    for number in range(120):
        edit(season, f"trip {number}")
    place.shown()
    settle(qtbot, background)
    assert place.model.rowCount() == 100
    bar = place.table.verticalScrollBar()
    bar.setValue(bar.maximum())
    settle(qtbot, background)
    assert place.model.rowCount() > 120
    assert len(set(numbers(place))) == len(numbers(place))


def test_that_a_long_search_goes_on_until_it_is_stopped_or_done(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    needle = edit(season, "needle")
    with season.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "Version" ("by", comment, "createdAt")'
                " SELECT 'auto@auto', 'hay', now() FROM generate_series(1, 130000)"
            )
        )
    place.shown()
    settle(qtbot, background)
    place.search.show_query(LogQuery(words="needle"))
    qtbot.waitUntil(lambda: not place.stop.isHidden())
    assert "searched back to" in place.status.text()
    qtbot.keyClick(place, Qt.Key.Key_Escape)
    settle(qtbot, background)
    assert not place.go_on.isHidden()
    place.go_on.click()
    settle(qtbot, background)
    assert numbers(place) == [needle]
    assert place.status.text() == "1 entry, all there are"


def test_that_the_whole_history_of_a_run_is_one_timeline(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    version = edit(season, "HV trip")
    golden.generate(Acting(season, EXPERT), "online", {"==": [1, 1]})
    with qtbot.waitSignal(place.front_wanted):
        place.show_timeline(RUN)
    settle(qtbot, background)
    assert not place.timeline.isHidden()
    assert place.timeline.entries == place.model.entries[::-1]
    assert {each.source for each in place.timeline.entries} == {Source.VERSION, Source.GOLDEN}
    where = QPoint(0, 10)
    place.timeline.resize(900, place.timeline.sizeHint().height())
    for left in range(900):
        entry = place.timeline.entry_at(QPoint(left, 10))
        if entry is not None and entry.number == version:
            where = QPoint(left, 10)
    qtbot.mouseClick(place.timeline, Qt.MouseButton.LeftButton, pos=where)
    assert place.entry.entry is not None
    assert place.entry.entry.number == version
    assert not place.timeline.grab(QRect(0, 0, 900, 60)).toImage().isNull()


def test_that_an_entry_leads_to_its_run_its_undo_and_its_history(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    version = edit(season, "HV trip")
    look(qtbot, place, background, LogQuery(words="trip"))
    with qtbot.waitSignal(place.run_wanted) as asked:
        qtbot.keyClick(place.table, Qt.Key.Key_Return)
    assert asked.args == [RUN, "online"]
    with qtbot.waitSignal(place.undo_wanted) as undone:
        place.entry.undo.click()
    assert undone.args == [version]
    place.entry.timeline.click()
    settle(qtbot, background)
    assert place.query == LogQuery(run=RUN)


def test_that_the_history_of_the_run_in_front_elsewhere_is_an_action(
    qtbot: QtBot, place: LogPlace, background: Background
):
    of_run, of_dataset = place.rows()
    assert of_run.why_not is not None
    assert of_run.why_not() == NO_SUBJECT
    place.subject = lambda: Subject(OTHER, "online", "OPEN", "", "", True, False)
    assert not of_run.why_not()
    of_dataset.handler()
    settle(qtbot, background)
    assert place.query == LogQuery(run=OTHER, dataset="online")
    of_run.handler()
    settle(qtbot, background)
    assert place.query == LogQuery(run=OTHER)


def test_that_what_is_found_is_exported(
    qtbot: QtBot,
    place: LogPlace,
    background: Background,
    notices: Notices,
    season: Database,
    tmp_path: Path,
):
    version = edit(season, "HV trip")
    look(qtbot, place, background, LogQuery(words="trip"))
    file = tmp_path / "log.json"
    with qtbot.waitSignal(notices.shown):
        place.exporter.export(place.query, file)
    assert notices.last is not None
    assert notices.last.text == f"Wrote 1 entry to {file}."
    assert [each["number"] for each in json.loads(file.read_text())] == [version]


def test_that_an_export_that_is_stopped_leaves_no_file(
    qtbot: QtBot,
    place: LogPlace,
    background: Background,
    notices: Notices,
    season: Database,
    tmp_path: Path,
):
    look(qtbot, place, background, LogQuery())
    # Stopped before its first page is there.
    place.exporter.running_changed.connect(lambda running: place.stop.click() if running else None)
    folder = tmp_path / "exports"
    folder.mkdir()
    with qtbot.waitSignal(notices.shown):
        place.exporter.export(place.query, folder / "log.csv")
    assert notices.last is not None
    assert notices.last.text == "The export was stopped: no file was written."
    assert list(folder.iterdir()) == []
    qtbot.waitUntil(place.search.export.isEnabled)
    assert "all there are" in place.status.text()


def test_that_an_export_asks_before_it_replaces_a_file(
    qtbot: QtBot,
    place: LogPlace,
    background: Background,
    notices: Notices,
    season: Database,
    tmp_path: Path,
):
    look(qtbot, place, background, LogQuery())
    file = tmp_path / "log.csv"
    file.write_text("mine")
    place.exporter.export(place.query, file)
    qtbot.waitUntil(lambda: place.findChild(QMessageBox) is not None)
    question = place.findChild(QMessageBox)
    assert question is not None
    assert question.text() == "log.csv exists already."
    assert file.read_text() == "mine"
    with qtbot.waitSignal(notices.shown):
        next(each for each in question.buttons() if each.text() == "Replace").click()
    assert file.read_text().startswith("time,entry,author")


def test_that_an_automatic_value_below_a_manual_one_is_marked(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    edit(season, "HV trip")
    pull.apply(Acting(season), a_run(RUN, 10, changed={3: {"dt0_ready": False}}))
    look(qtbot, place, background, LogQuery(run=RUN))
    changes = place.entry.changes.model
    notes = {
        changes.index(row, COLUMN).data(): changes.index(row, NOTE).data()
        for row in range(changes.rowCount())
    }
    assert notes["dt-dt"] == "an earlier value set by hand stays in force"
    assert notes["dt0_ready"] == ""


def test_that_more_datasets_of_a_large_version_are_opened_on_request(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    names = [f"/PromptReco/Number{number}/DQM" for number in range(20)]
    with season.transaction() as connection:
        changes = [DatasetChange(RUN, name, attributes={"dt_state": "OPEN"}) for name in names]
        event_log.append(connection, EXPERT.email, "many", changes)
    look(qtbot, place, background, LogQuery(words="many"))
    assert place.entry.more.text() == "Open 8 more of 8 datasets"
    place.entry.more.click()
    settle(qtbot, background)
    assert place.entry.more.isHidden()
    assert {line.where for line in place.entry.changes.model.lines} == {
        f"{RUN} {name}" for name in names
    }


def test_that_the_first_entry_of_an_empty_search_is_opened_when_it_comes(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    look(qtbot, place, background, LogQuery(words="cooling"))
    assert place.entry.entry is None
    version = edit(season, "cooling")
    place.changed(frozenset({RUN}), in_front=True)
    settle(qtbot, background)
    assert place.entry.entry is not None
    assert place.entry.entry.number == version


def test_that_authors_are_offered_by_name(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    edit(season, "HV trip")
    place.shown()
    settle(qtbot, background)
    offered = [place.search.author.itemText(n) for n in range(place.search.author.count())]
    assert offered[:4] == ["Everybody", "People", "Automatic", "Agents"]
    assert EXPERT.email in offered
    place.search.author.setEditText("expert")
    place.search.apply()
    settle(qtbot, background)
    assert {each.author for each in place.model.entries} == {EXPERT.email}


def test_that_a_change_of_the_configuration_opens_item_by_item(
    qtbot: QtBot, place: LogPlace, background: Background, season: Database
):
    configuration_edits.add_item(
        Acting(season, EXPERT),
        Configured.CLASS,
        {"class": "Ions25", "classifier": {"==": [1, 1]}, "enabled": True, "priority": 9},
    )
    look(qtbot, place, background, LogQuery(kinds=frozenset({Kind.CONFIGURATION})))
    (line,) = place.entry.changes.model.lines
    assert (line.piece.key, line.group) == ("Ions25", "Added")
    configuration_edits.edit_item(
        Acting(season, EXPERT),
        Configured.CLASS,
        _item_of(season, "Ions25"),
        {"priority": 8, "classifier": {">": [{"var": "energy"}, 6000]}},
    )
    place.refresh()
    settle(qtbot, background)
    place.table.selectRow(0)
    settle(qtbot, background)
    said = {
        (each.piece.key, str(each.piece.before), str(each.piece.after))
        for each in place.entry.changes.model.lines
    }
    assert said == {
        ("Ions25: priority", "9", "8"),
        ("Ions25: rule", "1 = 1", "energy > 6000"),
    }
    assert place.entry.undo.isHidden()


def _item_of(db: Database, title: str) -> int:
    return next(
        each.id
        for each in configuration.current(Acting(db)).class_classifiers
        if each.class_ == title
    )
