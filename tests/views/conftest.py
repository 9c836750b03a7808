"""A window for tests: Qt offscreen, the real pool and loop, a real database with thirty runs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from qasync import QEventLoop

from app.models.database.engine import Database
from app.services.acting import Acting
from app.views.background import Background
from app.views.focus import KeysKeeper
from app.views.frame.main_window import MainWindow
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.session import Workplace
from tests.conftest import TestServer, prepared
from tests.services.offline_runs import OPENED, fill_opened
from tests.views import many_runs
from tests.views.offline_window import real_window, services
from tests.views.workplaces import a_context, a_window, a_workplace

__all__ = ["real_window", "services"]


@pytest.fixture(scope="session")
def themes(qapp: QApplication) -> Iterator[Themes]:
    """The shipped light theme, forced."""
    themes = Themes(qapp, "light")
    yield themes
    themes.close()


@pytest.fixture(autouse=True)
def no_key_is_held(qapp: QApplication) -> Iterator[None]:
    """Qt goes on believing that Shift of the last key of a test is held."""
    yield
    if qapp.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        QTest.keyRelease(QWidget(), Qt.Key.Key_Shift)


@pytest.fixture
def bugs() -> list[Exception]:
    """Bugs that the background has met; a test that expects one takes it out."""
    return []


@pytest.fixture
def background(qapp: QApplication, qtbot: QtBot, bugs: list[Exception]) -> Iterator[Background]:
    """The real bridge to a real pool; whatever is under way is waited for at the end."""
    loop = QEventLoop(qapp)
    with ThreadPoolExecutor(4) as pool:
        background = Background(loop, pool)
        background.bug.connect(bugs.append)
        yield background
        background.stop()
        qtbot.waitUntil(lambda: not background.busy)
    background.deleteLater()
    loop.close()
    assert not bugs


@pytest.fixture
def notices(background: Background) -> Notices:
    """Where everything that is told passes."""
    notices = Notices(background)
    background.refused.connect(notices.refuse)
    background.failed.connect(notices.fail)
    background.bug.connect(notices.report)
    return notices


@pytest.fixture
def owner(qtbot: QtBot) -> QWidget:
    """A parent for dialogs, which delete themselves when they close."""
    owner = QWidget()
    KeysKeeper(owner)
    qtbot.addWidget(owner)
    owner.show()
    return owner


@pytest.fixture
def remembered(tmp_path: Path) -> QSettings:
    """Settings of this test only."""
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def dsn(request: pytest.FixtureRequest, server: TestServer, template: str) -> Iterator[str]:
    """Address of the database of the test; that of `services` has two runs with open datasets."""
    if "services" in request.fixturenames:
        template = server.template(OPENED, fill_opened)
    with server.copy(template) as address:
        yield address


@pytest.fixture
def runs_dsn(server: TestServer) -> Iterator[str]:
    """Address of a fresh database with the thirty runs."""
    with server.copy(server.template(many_runs.TEMPLATE, many_runs.fill)) as address:
        yield address


@pytest.fixture
def thirty_runs(runs_dsn: str) -> Iterator[Database]:
    """A fresh database with the thirty runs."""
    with prepared(runs_dsn) as database:
        yield database


@pytest.fixture
def workplace(thirty_runs: Database) -> Workplace:
    """An expert at the thirty runs."""
    return a_workplace(thirty_runs)


@pytest.fixture
def acting(workplace: Workplace) -> Acting:
    """The expert who acts on the thirty runs."""
    return workplace.acting


@pytest.fixture
def context(
    workplace: Workplace,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> PlaceContext:
    """What a place is made with, at the thirty runs."""
    return a_context(workplace, background, notices, themes, remembered)


@pytest.fixture
def window(qtbot: QtBot, context: PlaceContext, background: Background) -> Iterator[MainWindow]:
    """The whole window with its first table loaded."""
    window = a_window(context)
    qtbot.addWidget(window)
    window.stop_wanted.connect(window.stopped)
    window.show()
    qtbot.waitUntil(lambda: window.online.table.model.rowCount() > 0)
    qtbot.waitUntil(lambda: not background.busy)
    yield window
    window.close()
