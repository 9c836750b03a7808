"""History on a real database: one open run, and what shows it."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import bulk as bulk_edit
from app.services.pulling import runs as pull
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from tests.builders import EXPERT, a_run, configure
from tests.conftest import TestServer
from tests.views.workplaces import a_context, a_window, a_workplace

RUN = 390001
LENGTH = 40
BAD = Triplet("BAD", "HV trip", "hv")
GOOD = Triplet("GOOD")
STANDBY = Triplet("STANDBY")

Set = Callable[..., int]


def _fill(db: Database) -> None:
    """One open run of 40 LS on the small configuration."""
    configure(db)
    pull.apply(Acting(db), a_run(RUN, LENGTH))


@pytest.fixture
def run(server: TestServer) -> Iterator[Database]:
    """A database of the test's own with that run."""
    with server.opened(server.template("one_run", _fill)) as database:
        yield database


@pytest.fixture
def acting(run: Database) -> Acting:
    """An expert at that database."""
    return Acting(run, EXPERT)


@pytest.fixture
def run_context(
    run: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> PlaceContext:
    """What the places of that expert's window are made with."""
    return a_context(a_workplace(run), background, notices, themes, remembered)


@pytest.fixture
def run_window(
    qtbot: QtBot, run_context: PlaceContext, background: Background
) -> Iterator[MainWindow]:
    """The whole window, with the run in a tab."""
    window = a_window(run_context)
    qtbot.addWidget(window)
    window.resize(1400, 900)
    window.stop_wanted.connect(window.stopped)
    window.show()
    window.show_run(RUN)
    qtbot.waitUntil(lambda: window.online.shown_details.lumisections.grid.snapshot is not None)
    yield window
    window.close()


@pytest.fixture
def set_dt(acting: Acting) -> Set:
    """Writes dt-dt of the run in a range; returns the version."""

    def write(first: int, last: int, to: Triplet = BAD, dataset: str = "online") -> int:
        edit = ColumnEdit(RUN, dataset, "dt-dt", (LumiRange(first, last),), to)
        version = bulk_edit.write(acting, [edit]).version
        assert version is not None
        return version

    return write


@pytest.fixture
def set_bit(acting: Acting) -> Set:
    """Writes a DCS bit of the run in a range; returns the version."""

    def write(bit: str, first: int, last: int, *, value: bool) -> int:
        edit = BitEdit(RUN, "online", bit, (LumiRange(first, last),), value)
        version = bulk_edit.write(acting, [edit], comment="seen on the monitor").version
        assert version is not None
        return version

    return write
