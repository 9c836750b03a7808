"""The log on a real database with two runs."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSettings

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.pulling import runs as pull
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from tests.builders import a_run, configure
from tests.conftest import TestServer
from tests.views.workplaces import a_context, a_workplace

RUN, OTHER = 390001, 390002


def _fill(db: Database) -> None:
    """Two open runs of 10 LS on the small configuration."""
    configure(db)
    for number in (RUN, OTHER):
        pull.apply(Acting(db), a_run(number, 10))


@pytest.fixture
def season(server: TestServer) -> Iterator[Database]:
    """A database of the test's own with those runs."""
    with server.opened(server.template("two_runs", _fill)) as database:
        yield database


@pytest.fixture
def real(
    season: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> PlaceContext:
    """What a place of an expert's window is made with."""
    return a_context(a_workplace(season), background, notices, themes, remembered)
