"""The window, and the servers that it opens one after the other."""

import importlib.util
import logging
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app import garbage, logs
from app.bootstrap.behind import Behind
from app.bootstrap.destination import Destination
from app.bootstrap.program import Listeners, Program
from app.domain.connections.named import NamedConnection
from app.domain.errors import Refused, RegistryError, Unavailable
from app.domain.keys import RunNumber
from app.domain.links import Link, parse_link
from app.domain.sources.oms import OmsRun
from app.models.database.identity import PERSON
from app.models.embedded import EmbeddedServer
from app.preferences import PreferenceBook
from app.services.acting import Acting
from app.services.connections.book import ConnectionBook, checked_address
from app.services.editing import presence
from app.services.news import News
from app.settings import Settings, place, window_channel

if TYPE_CHECKING:
    from app.domain.seal.notes import PublicKey
    from app.services.connections.trial import Trial
    from app.views.session import Opened, ScriptTargets, Session

logger = logging.getLogger(__name__)

_UNPROVED = (
    "This database has no guard: it believes who the settings say that acts. Its administrator can"
    " install one with db guard install."
)


def _check_qt() -> None:
    """Refused where what the window is made with isn't installed."""
    if any(importlib.util.find_spec(name) is None for name in ("PySide6", "qasync", "pyqtgraph")):
        raise Refused(
            "The window needs Qt, which isn't installed here. Install it with"
            " pip install 'run-registry-desktop[desktop]'; every command works without it"
            " (run-registry --help)."
        )


def open_link(program: Program, text: str, picture: Path | None) -> str:
    """Shows what a link leads to in the window that is open, else in one that is opened for it and
    waited for; returns what was done in a sentence. Raises BadInput for what is no link.

    With `picture` a window of its own opens, a picture of it is saved there, and it closes.
    """
    link = parse_link(text)
    _check_qt()
    # Not above: only a window needs Qt.
    with garbage.kept():
        from app.views.frame.channel import tell_window

    if picture is not None:
        open_window(program, picture, link=link)
        return f"The picture is in {picture}."
    if answer := tell_window(window_channel(), text):
        return answer
    open_window(program, link=link)
    return "The window that was opened for the link is closed."


def open_window(
    program: Program,
    screenshot: Path | None = None,
    *,
    link: Link | None = None,
    mended: Callable[[], Settings] | None = None,
) -> int:
    """Shows the window until it is closed; returns the exit code.

    With `screenshot` a picture of the first full window is saved, and the window closes. A `link`
    is followed once the window is there, on the kept connection that leads to its server. `mended`
    reads settings that were faulty when the program started: no server is opened before they are
    right, lest it be another one than was meant.
    """
    _check_qt()
    # Not above: whatever runs without a window does without what it is made with.
    with garbage.kept():
        from app.views.looks.display import check_display

    check_display()
    settings = program.settings
    chosen = _connection_of(program, link) if link is not None else None
    with nullcontext() if mended is not None else own_server_begun(Program(settings, chosen)):
        with garbage.kept():
            from app.views.frame.application import WindowSettings, run_window

        return run_window(
            _Openings(settings, chosen, pictured=screenshot is not None, mended=mended),
            WindowSettings(
                remembered=settings.data_folder / "window.ini",
                theme=settings.theme,
                palette=settings.palette,
                screenshot=screenshot,
                # A picture is taken by itself: nobody looks at that window.
                channel=window_channel() if screenshot is None else None,
                link=link,
            ),
            on_bug=lambda error: logger.error("A bug", exc_info=error),
        )


def own_server_begun(program: Program) -> AbstractContextManager[None]:
    """Has the program's own server start while other things are done, if that is meant and has a
    database: whoever opens it waits less.

    No thread connects to it meanwhile: with imports in two threads a window didn't always come.
    """
    with suppress(RegistryError, OSError):
        if program.destination.is_own_for_certain:
            program.check_not_mixed()
            return EmbeddedServer.begun(program.settings.data_folder)
    return nullcontext()


def _connection_of(program: Program, link: Link) -> NamedConnection | None:
    """The kept connection to the server of a link; None to go by settings and list."""
    listed = program.destination.connections.read().connections
    known = (each for each in listed if link.server and each.address == link.server)
    return next(known, None)


class _Openings:
    """Opens the servers that windows ask for, each as a program of its own."""

    def __init__(
        self,
        settings: Settings,
        chosen: NamedConnection | None = None,
        *,
        pictured: bool,
        mended: Callable[[], Settings] | None = None,
    ) -> None:
        self._settings = settings
        self._mended = mended
        self._pictured = pictured
        self._chosen = chosen
        self._tried = ""

    @property
    def tried(self) -> str:
        """The name of the connection that was tried last; empty where it has none."""
        return self._tried

    @property
    def book(self) -> ConnectionBook:
        """The list of connections that the person keeps."""
        return Destination(self._settings).connections

    @property
    def preferences(self) -> PreferenceBook:
        """The settings as a person sees and changes them."""
        return PreferenceBook(self._settings)

    def connect(self, name: str) -> "_Connected":
        """Connects to a server and remembers a choice; an empty name is the one chosen last, else
        what settings and list say. Raises Refused or Unavailable."""
        if self._mended is not None:
            self._settings, self._mended = self._mended(), None
        self._tried = name
        if name:
            self._chosen = checked_address(self.book.read().named(name))
        program = Program(self._settings, self._chosen)
        try:
            connection = program.destination.connection
            self._tried = "" if connection is None else connection.name
            program.check_not_mixed()
            demonstration = program.is_demonstration
            acting = program.acting
        except BaseException:
            program.close()
            raise
        if name:
            self.book.use(name)
        return _Connected(self, program, acting, demonstration, pictured=self._pictured)

    def try_connection(self, connection: NamedConnection, password: str | None) -> "Trial":
        """What is wrong with a connection, or what is there."""
        return Destination(self._settings).try_connection(connection, password)


class _Connected:
    """A program that is connected; nothing works in it yet."""

    def __init__(
        self,
        openings: _Openings,
        program: Program,
        acting: Acting,
        demonstration: bool,
        *,
        pictured: bool,
    ) -> None:
        self._openings = openings
        self._program = program
        self._acting = acting
        self._demonstration = demonstration
        self._pictured = pictured

    def start(self) -> "Opened":
        """Makes the pullers, and hears the news of the database."""
        from app.views.session import Opened, WebAddresses, Workplace

        program, settings = self._program, self._program.settings
        if self._demonstration:
            program.start_demonstration(live=True)

        def ask_oms(run_number: RunNumber) -> OmsRun | None:
            return behind.pullers.ask_oms(run_number)

        acting = replace(
            self._acting,
            ask_oms=ask_oms,
            client=secrets.token_hex(8),
            draft_folder=settings.data_folder / "drafts",
        )
        news = News(acting)
        listeners = Listeners(
            on_change=news.changed,
            on_connection=news.connected,
            on_bug=lambda error: logger.error("Background work failed", exc_info=error),
        )

        def begun() -> None:
            if self._demonstration and not self._pictured:
                program.start_colleagues()

        behind = Behind(program, listeners, begun)
        program.listen(listeners)

        def stop() -> None:
            behind.end()
            with suppress(Unavailable):
                presence.close_dataset(acting)
            program.close()

        workplace = Workplace(
            acting,
            _session(program, demonstration=self._demonstration),
            news,
            behind.pullers,
            WebAddresses(
                settings.oms_web_url,
                settings.dqm_gui_url,
                settings.elog_url,
                settings.oms_lumisections_url,
            ),
            partial(_seal_key, program),
            self._openings,
            program.evidence_of_servers,
            lambda: program.notification_book(acting),
        )
        return Opened(workplace, stop, behind.begin)

    def close(self) -> None:
        """Leaves the server."""
        self._program.close()


def _seal_key(program: Program) -> "PublicKey | None":
    """The key whose signatures count in the window; one that can't be used keeps nobody out."""
    try:
        return program.seal_public_key
    except Refused as error:
        logger.warning("Signatures of the sealed history aren't checked: %s", error)
        return None


def _session(program: Program, *, demonstration: bool) -> "Session":
    """What the status bar says of the database and the person."""
    from app.views.rights import nothing_here
    from app.views.session import DatabaseKind, Session, rights_words

    settings, connection = program.settings, program.destination.connection
    kind = DatabaseKind.PRODUCTION if settings.is_production() else DatabaseKind.TEST
    colour, database = settings.strip_colour(), program.db.dsn_without_password
    if connection is not None:
        kind = DatabaseKind(connection.kind.value)
        colour = connection.colour or None
        database = f"{connection.name}, {connection.address}"
    if program.has_own_server:
        kind = DatabaseKind.DEMONSTRATION if demonstration else DatabaseKind.TEST
        database = "own database"
    guard = program.db.guard
    service = "" if guard is None or guard.kind == PERSON else guard.kind
    return Session(
        database=database,
        kind=kind,
        person=program.actor.email,
        rights=rights_words(program.actor.egroups, service),
        strip_colour=colour,
        folders=(
            ("Data", str(settings.data_folder)),
            ("Drafts", str(settings.data_folder / "drafts")),
            ("Log", str(logs.log_folder())),
            ("Settings", str(settings.sources.file)),
            ("Connections", str(settings.connections_file)),
        ),
        unproved=_UNPROVED if not program.has_own_server and program.db.guard is None else "",
        connection="" if connection is None else connection.name,
        protection=program.db.protection,
        read_only=nothing_here(program.acting),
        scripts=_script_targets(program),
        service=service,
        server="" if program.has_own_server else place(program.db.dsn_without_password),
    )


def _script_targets(program: Program) -> "ScriptTargets":
    """How scripts reach the database of the window; a password is never among it."""
    from app.views.session import ScriptTargets

    connection, address = program.destination.connection, program.db.dsn_without_password
    options = ("--dsn", address) if connection is None else ("--connection", connection.name)
    return ScriptTargets(
        program.settings.door_url or ScriptTargets().door,
        "" if program.has_own_server else address,
        options,
    )
