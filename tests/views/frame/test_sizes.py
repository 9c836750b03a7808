"""Window and dialogs at the sizes of the screens people have."""

from datetime import date

import pytest
from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLabel,
    QScrollArea,
    QSplitter,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import cycles
from app.views.frame.main_window import MainWindow
from app.views.frame.navigation import PLACES
from app.views.frame.sync_dock import SyncDock
from app.views.runs.details import DetailsView
from app.views.widgets.dialogs.fitting import MOST_OF_SCREEN, ScrolledText, resize_to_fit
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, PROMPT
from tests.views.offline_window import settle

NARROWEST = 900
SCREENS = (QSize(1280, 800), QSize(1066, 666), QSize(800, 500))
"""A laptop; 1600x1000 at one and a half times and at twice the scale."""


def at(qtbot: QtBot, window: MainWindow, place: str, size: QSize) -> QWidget:
    """A place, in a window of this size."""
    window.go_to(place)
    settle(qtbot, window)
    window.resize(size)
    QApplication.processEvents()
    return window.views[place]


@pytest.mark.parametrize("size", [QSize(NARROWEST, 700), *SCREENS], ids=lambda s: str(s.width()))
def test_that_every_place_fits(qtbot: QtBot, real_window: MainWindow, size: QSize) -> None:
    for place in PLACES:
        view = at(qtbot, real_window, place.name, size)
        assert real_window.size() == size, place.name
        assert view.width() >= view.minimumSizeHint().width(), place.name
        assert view.height() >= view.minimumSizeHint().height(), place.name


@pytest.mark.parametrize("place", ["online", "offline"])
def test_that_the_line_above_a_list_is_one_line_in_a_narrow_window(
    qtbot: QtBot, real_window: MainWindow, place: str
) -> None:
    at(qtbot, real_window, place, QSize(NARROWEST, 700))
    table = real_window.views[place].table  # type: ignore[attr-defined]
    choose = table.findChild(QToolButton, "choose")
    assert abs(choose.geometry().center().y() - table.filter.geometry().center().y()) <= 8


def test_that_tabs_of_the_golden_json_fit(qtbot: QtBot, real_window: MainWindow) -> None:
    at(qtbot, real_window, "golden", QSize(NARROWEST, 700))
    tabs = real_window.golden.tabs
    for place in range(tabs.count()):
        tabs.setCurrentIndex(place)
        settle(qtbot, real_window)
        assert real_window.width() == NARROWEST, tabs.tabText(place)


@pytest.fixture
def details(qtbot: QtBot, real_window: MainWindow) -> DetailsView:
    """The details below the table of online runs."""
    at(qtbot, real_window, "online", QSize(1280, 800))
    real_window.online.table.table.selectRow(0)
    details = real_window.online.details
    qtbot.waitUntil(lambda: details.lumisections.grid.snapshot is not None)
    settle(qtbot, real_window)
    return details


def test_that_at_1280x800_the_grid_shows_twelve_rows_and_the_bits(details: DetailsView) -> None:
    layout = details.lumisections.grid._layout
    snapshot = details.lumisections.grid.snapshot
    assert snapshot is not None
    whole = [
        row
        for row in layout.rows_in_sight()
        if layout.tops[row] + layout.height_of(row) <= layout.area_height
    ]
    assert len(whole) >= min(12, len(snapshot.rows))
    assert layout.bits_height > 0 or len(whole) == len(snapshot.rows)


@pytest.mark.parametrize(("size", "rows"), [(SCREENS[1], 9), (SCREENS[2], 4)])
def test_that_at_one_and_a_half_and_twice_the_scale_rows_are_seen(
    qtbot: QtBot, details: DetailsView, real_window: MainWindow, size: QSize, rows: int
) -> None:
    at(qtbot, real_window, "online", size)
    strip, layout = details.lumisections.strip, details.lumisections.grid._layout
    seen = {
        part.y() + part.height() // 2
        for part in strip.findChildren(QToolButton)
        if part.isVisible()
    }
    assert len(seen) == 1, "the strip above the grid stands in one line"
    assert all(button.text() for button in strip.statuses.values())
    whole = [
        row
        for row in layout.rows_in_sight()
        if layout.tops[row] + layout.height_of(row) <= layout.area_height
    ]
    assert len(whole) >= rows
    # A draft that begins moves no button.
    before = {status: button.text() for status, button in strip.statuses.items()}
    strip.show_draft(12, 1, can_bring_back=False)
    QApplication.processEvents()
    assert strip.height() <= strip.comment.height() + 8
    assert before == {status: button.text() for status, button in strip.statuses.items()}


def test_that_a_splitter_that_was_moved_stays_so_in_a_low_window(
    qtbot: QtBot, details: DetailsView, real_window: MainWindow
) -> None:
    splitter = real_window.online._splitter
    splitter.setSizes([100, 600])
    splitter.splitterMoved.emit(100, 1)
    before = splitter.sizes()
    real_window.resize(1280, 801)
    QApplication.processEvents()
    assert abs(splitter.sizes()[0] - before[0]) <= 3


def test_that_the_first_start_fits_the_screen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    resize_to_fit(window, 5000, 5000)
    screen = window.screen().availableGeometry()
    assert window.width() <= screen.width() * MOST_OF_SCREEN
    assert window.height() <= screen.height() * MOST_OF_SCREEN


def test_that_no_dialog_needs_more_than_the_screen(qtbot: QtBot, real_window: MainWindow) -> None:
    lowest = min(screen.height() for screen in SCREENS) * MOST_OF_SCREEN
    seen: set[str] = set()
    for place in (place.name for place in PLACES):
        at(qtbot, real_window, place, QSize(1280, 800))
        if place in ("online", "offline"):
            real_window.views[place].table.table.selectRow(0)  # type: ignore[attr-defined]
            settle(qtbot, real_window)
        real_window.actions_.update()
        for action in [real_window.actions_[row.id] for row in real_window.actions_.rows]:
            if not action.isEnabled():
                continue
            if not action.text().endswith("...") and action.text() not in ("Keys", "About"):
                continue
            action.trigger()
            for dialog in open_dialogs():
                room = QRect(dialog.screen().availableGeometry())
                name = f"{type(dialog).__name__} of {action.text()}"
                seen.add(type(dialog).__name__)
                assert dialog.height() <= room.height() * MOST_OF_SCREEN, name
                assert dialog.width() <= room.width(), name
                least = max(dialog.minimumSizeHint().height(), dialog.minimumHeight())
                assert least <= lowest, name
                dialog.close()
            settle(qtbot, real_window)
    assert len(seen) > 8, seen


def open_dialogs() -> list[QDialog]:
    QApplication.processEvents()
    return [
        each
        for each in QApplication.topLevelWidgets()
        if isinstance(each, QDialog) and each.isVisible()
    ]


def test_that_no_pane_stands_over_another(
    qtbot: QtBot, real_window: MainWindow, database: Database
) -> None:
    name, day = "Call 12, the second week of the era", date(2030, 1, 1)
    cycles.create(Acting(database, EXPERT), name, day, ["dt"], [(FIRST, PROMPT)])
    for place in PLACES:
        view = at(qtbot, real_window, place.name, QSize(NARROWEST, 700))
        if view is real_window.cycles:
            qtbot.waitUntil(real_window.cycles.right.isVisible)
        settle(qtbot, real_window)
        QApplication.processEvents()
        for splitter in view.findChildren(QSplitter):
            panes = [splitter.widget(number) for number in range(splitter.count())]
            seen = [pane for pane in panes if pane.isVisible()]
            for pane in seen:
                least = pane.minimumSizeHint().width()
                assert pane.width() >= least, (place.name, pane.objectName())
                assert splitter.rect().contains(pane.geometry()), place.name
                assert not [
                    other
                    for other in seen
                    if other is not pane and other.geometry().intersects(pane.geometry())
                ], place.name


def test_that_a_quiet_notice_keeps_words_in_a_narrow_window(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    at(qtbot, real_window, "online", QSize(NARROWEST, 700))
    notice = real_window.status.notice
    real_window.status.person.setText("someone.with.a.name@cern.ch (cms-dqm-runregistry-experts)")
    real_window.status.database.setText("run_registry at a-server-of-the-experiment.cern.ch")
    real_window._context.notices.tell("dt-dt BAD in LS 3-6 of run 390001, online: 4 cells.")
    notice._calm_down()
    QApplication.processEvents()
    assert real_window.status.person.isVisible()
    assert notice.text.text().startswith("dt-dt BAD")


def test_that_what_a_person_has_to_know_is_read_whole_beside_long_names(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    status = real_window.status
    status.person.setText("someone.with.a.name@cern.ch (cms-dqm-runregistry-experts)")
    status.database.setText("run_registry at a-server-of-the-experiment.cern.ch (production)")
    status.show_wishes("2 wishes wait: look again at run 396281, and at run 396282")
    status.show_clock("The clock of this machine is 3 minutes behind the server.")
    status.unproved.show()
    status.read_only.show()
    for width in (NARROWEST, 1152, 1280):
        at(qtbot, real_window, "online", QSize(width, 700))
        assert real_window.width() == width
        assert status.live.width() >= status.live.sizeHint().width()
        for warning in (status.unproved, status.read_only, status.clock):
            assert warning.shown == warning.text(), width
        assert status.database.shown.endswith("…"), width


def test_that_what_pullers_do_is_whole_in_a_low_window(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    at(qtbot, real_window, "online", SCREENS[-1])
    dock = real_window.findChild(SyncDock)
    dock.toggle()
    settle(qtbot, real_window)
    for values in (dock.panels.oms.values, dock.panels.gui.values):
        values["Since start"].setText("8 pulls: 1 run made, 4 updated, 2 unchanged, 0 flagged")
        qtbot.waitUntil(lambda values=values: is_whole(values["Since start"]))
        assert all(is_whole(each) for each in values.values())


def test_that_a_long_word_of_a_puller_pushes_nothing_out_of_its_panel(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    at(qtbot, real_window, "online", QSize(1280, 800))
    dock = real_window.sync_dock
    dock.toggle()
    settle(qtbot, real_window)
    word = "server.example.ch:5432:run_registry:somebody:PASSWORD" * 2
    for values in (dock.panels.oms.values, dock.panels.gui.values):
        values["Doing"].setText(f"Check the line {word} of ~/.pgpass.")
    QApplication.processEvents()
    area = dock.widget()
    assert isinstance(area, QScrollArea)
    assert dock.panels.width() == area.viewport().width()


def test_that_what_pullers_do_widens_no_window_beyond_its_screen(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    dock = real_window.findChild(SyncDock)
    at(qtbot, real_window, "online", QSize(1280, 800))
    dock.toggle()
    assert (dock.isFloating(), real_window.width()) == (False, 1280)
    dock.toggle()
    # The screen of the tests is 800 wide.
    at(qtbot, real_window, "online", SCREENS[-1])
    dock.toggle()
    QApplication.processEvents()
    assert (dock.isFloating(), real_window.width()) == (True, 800)


def test_that_what_pullers_do_goes_back_where_there_is_room_again(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    dock = real_window.sync_dock
    at(qtbot, real_window, "online", SCREENS[-1])
    dock.toggle()
    assert dock.isFloating()
    real_window.resize(1280, 800)
    qtbot.waitUntil(lambda: not dock.isFloating())
    assert dock.isVisible()
    # Hidden meanwhile, it comes back inside.
    dock.toggle()
    at(qtbot, real_window, "online", SCREENS[-1])
    dock.toggle()
    dock.toggle()
    assert (dock.isFloating(), dock.isVisible()) == (True, False)
    real_window.resize(1280, 800)
    dock.toggle()
    assert (dock.isFloating(), dock.isVisible()) == (False, True)


def test_that_what_the_person_took_out_of_the_window_stays_outside(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    dock = real_window.sync_dock
    at(qtbot, real_window, "online", QSize(1280, 800))
    dock.toggle()
    dock.setFloating(True)  # as the button of its title does
    at(qtbot, real_window, "online", QSize(1300, 800))
    dock.find_room()
    assert dock.isFloating()


def test_that_places_stay_where_they_are_whether_they_have_workspaces_or_not(
    qtbot: QtBot, real_window: MainWindow
) -> None:
    selector, tops = real_window.workspaces, set()
    for place in PLACES:
        at(qtbot, real_window, place.name, SCREENS[0])
        tops.add(real_window.places.mapTo(real_window, real_window.places.rect().topLeft()).y())
        assert selector.isVisible()
        assert selector.isEnabled() == (place.workspaces is not None)
    assert len(tops) == 1
    assert "all workspaces" in selector.box.toolTip()


def is_whole(text: QLabel) -> bool:
    """Whether a label is as high as its text."""
    return text.height() >= text.heightForWidth(text.width())


def test_that_the_keys_are_whole_on_a_narrow_screen(qtbot: QtBot, real_window: MainWindow) -> None:
    settle(qtbot, real_window)
    real_window.actions_["help.keys"].trigger()
    (keys,) = (each for each in open_dialogs() if isinstance(each, ScrolledText))
    keys.resize(500, 400)
    QApplication.processEvents()
    document = QTextDocument()
    document.setHtml(keys.text.text())
    document.setTextWidth(keys.text.contentsRect().width())
    assert document.idealWidth() <= keys.area.viewport().width()
    keys.close()
