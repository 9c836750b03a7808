"""The real backend of the window on a database with two runs."""

import pytest
from PySide6.QtCore import QSettings

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.pulling import runs as pull
from app.views.background import Background
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.theme import Themes
from app.window import ServiceBackend
from tests.builders import a_run, configure
from tests.views.workplaces import a_context, a_workplace

RUN, OTHER = 390001, 390002


@pytest.fixture
def season(database: Database) -> Database:
    """Two open runs of 10 LS on the small configuration."""
    configure(database)
    for number in (RUN, OTHER):
        pull.apply(Acting(database), a_run(number, 10))
    return database


@pytest.fixture
def service(season: Database) -> ServiceBackend:
    """What the window asks, as an expert."""
    workplace = a_workplace(season)
    return ServiceBackend(workplace.acting, workplace.news)


@pytest.fixture
def real(
    season: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> PlaceContext:
    """What a place is made with, on the real backend."""
    return a_context(a_workplace(season), background, notices, themes, remembered)
