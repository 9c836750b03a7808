"""What a window of a test is opened on: a real database, its news, nobody that pulls."""

from pathlib import Path

from PySide6.QtCore import QSettings

from app.domain.identity import Actor
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.news import News
from app.services.pulling.pullers import Pullers
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.session import DatabaseKind, Session, WebAddresses, Workplace
from tests.builders import EXPERT

NOWHERE = WebAddresses("", "", "")


def a_workplace(
    db: Database,
    actor: Actor = EXPERT,
    *,
    pullers: Pullers | None = None,
    addresses: WebAddresses = NOWHERE,
    client: str = "this client",
    draft_folder: Path | None = None,
) -> Workplace:
    """A person at a database."""
    acting = Acting(db, actor, client=client, draft_folder=draft_folder)
    session = Session("test", DatabaseKind.TEST, actor.email)
    return Workplace(acting, session, News(acting), pullers or Pullers(), addresses)


def a_context(
    workplace: Workplace,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> PlaceContext:
    """What the places of a window are made with."""
    return PlaceContext(workplace, background, notices, themes, remembered)
