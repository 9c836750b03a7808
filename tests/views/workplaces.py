"""What a window of a test is opened on: a real database, its news, nobody that pulls."""

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings

from app.domain.connections.named import NamedConnection
from app.domain.identity import Actor
from app.models.database.engine import Database
from app.passwords import SystemKeyring
from app.preferences import PreferenceBook
from app.services.acting import Acting
from app.services.connections.book import ConnectionBook
from app.services.connections.trial import Trial, try_address
from app.services.evidence.sources import Evidence
from app.services.news import News
from app.services.pulling.pullers import Pullers
from app.settings import Settings
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.session import DatabaseKind, Opened, Openings, Session, WebAddresses, Workplace
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
    openings: Openings | None = None,
    evidence: Evidence | None = None,
) -> Workplace:
    """A person at a database."""
    pullers = pullers or Pullers()
    acting = Acting(db, actor, client=client, draft_folder=draft_folder, ask_oms=pullers.ask_oms)
    session = Session("test", DatabaseKind.TEST, actor.email)
    return Workplace(
        acting,
        session,
        News(acting),
        pullers,
        addresses,
        openings=openings,
        evidence=None if evidence is None else lambda: evidence,
    )


class OneServer:
    """Opens the server of a workplace, whichever is wanted."""

    def __init__(self, workplace: Workplace, stop: Callable[[], None]) -> None:
        self._opened = Opened(workplace, stop)
        self.book = ConnectionBook(Path(os.devnull), SystemKeyring("tests"))
        self.preferences = PreferenceBook(Settings.load({}, {}, Path(os.devnull)))

    def connect(self, _name: str) -> "OneServer":
        return self

    def start(self) -> Opened:
        return self._opened

    def close(self) -> None:
        self._opened.stop()

    def try_connection(self, connection: NamedConnection, _password: str | None) -> Trial:
        return try_address(connection.dsn())


def a_context(
    workplace: Workplace,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> PlaceContext:
    """What the places of a window are made with."""
    return PlaceContext(workplace, background, notices, themes, remembered)


def a_window(context: PlaceContext) -> MainWindow:
    """The whole window, made as the program makes it: its widgets are dressed at the end."""
    with context.themes.undressed():
        return MainWindow(context)
