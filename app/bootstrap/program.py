"""The running program: its parts are opened when they are asked for, and closed in order."""

import logging
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from app.bootstrap.asked_servers import AskedServers
from app.bootstrap.demonstration import Demonstration
from app.bootstrap.destination import Destination
from app.domain.connections.named import NamedConnection
from app.domain.errors import NotPermitted, Refused
from app.domain.identity import Actor
from app.domain.sources.dqm_gui import GuiListing
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import PullStatus
from app.models.database.engine import POOLED, Database
from app.models.database.identity import PULLER
from app.models.database.listen import Change, ChangeListener
from app.models.embedded import EmbeddedServer
from app.models.schemas.shared_schema import SchemaKind
from app.preferences import PreferenceBook
from app.services import databases
from app.services.acting import Acting, OfLogin
from app.settings import Settings

# What the first table of a window does without is loaded where it is wanted.
if TYPE_CHECKING:
    from app.bootstrap.fetched_evidence import FetchedEvidence
    from app.bootstrap.own_database import OwnDatabase
    from app.demo.colleagues import Colleagues
    from app.demo.simulated_dqm_gui import SimulatedDqmGui
    from app.demo.simulated_oms import SimulatedOms
    from app.domain.reports.document import Report
    from app.domain.seal.notes import PublicKey
    from app.jobs import Jobs, JobState
    from app.services.evidence.sources import Evidence
    from app.services.notifications.book import NotificationBook
    from app.services.notifications.messages import Recipient
    from app.services.pulling.dqm_gui import GuiStore
    from app.services.pulling.store import PullStore
    from app.services.seal.sealing import Sealer
    from app.sync.oms_requests import OmsSettings
    from app.sync.worker import PullProgress, PullReport

logger = logging.getLogger(__name__)

_STOP_SILENT_S = 0.3


class Listeners(Struct, frozen=True):
    """Who hears of the background work; all are called in its threads."""

    on_change: Callable[[Change], None]
    on_connection: Callable[[bool, str], None]
    on_bug: Callable[[Exception], None]
    on_pull: Callable[[PullStatus], None] = lambda _status: None


class Program:
    """The parts of the running program: each is opened when it is asked for first, and all are
    closed, in the order that lets the later ones finish, by `close`."""

    def __init__(self, settings: Settings, chosen: NamedConnection | None = None) -> None:
        """`chosen`: the connection to use, whatever settings and list say."""
        self.settings = settings
        self.destination = Destination(settings, chosen)
        self.preferences = PreferenceBook(settings)
        self.pool_size = POOLED
        self._behind_window = False
        self._server_folder = settings.data_folder
        self._server: EmbeddedServer | None = None
        self._database: Database | None = None
        self.jobs: Jobs | None = None
        self._listener: ChangeListener | None = None
        self._demonstration = Demonstration(settings.data_folder)
        self._servers = AskedServers(settings, self._demonstration)
        self._fetched_evidence: FetchedEvidence | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Who and where

    @property
    def has_own_server(self) -> bool:
        """Whether the database is the program's own."""
        return self.destination.is_own

    @cached_property
    def actor(self) -> Actor:
        """Who acts: on the program's own database an expert; on a guarded one who the login is;
        elsewhere whom the settings name."""
        guard = None if self.has_own_server else self.db.guard
        if guard is not None:
            return OfLogin(self.db)
        return self.settings.actor(embedded=self.has_own_server)

    def open_link(self, text: str, picture: Path | None) -> str:
        """Shows what a link leads to in a window, or saves a picture of it; returns what was done
        in a sentence."""
        # Not above: the window is made of programs.
        from app.bootstrap.window import open_link

        return open_link(self, text, picture)

    @property
    def any_database(self) -> Database:
        """The database whatever it holds; the program's own server is started for it."""
        if self._database is None:
            if self.has_own_server:
                self._server = EmbeddedServer.open(self._server_folder)
                self._database = Database(self._server.dsn, is_own=True, pool_size=self.pool_size)
            else:
                self._database = Database(
                    self.destination.dsn(),
                    password=self.settings.database_password(),
                    direct_dsn=self.destination.direct_dsn(),
                    reads_standby=self.destination.reads_standby,
                    pool_size=self.pool_size,
                )
        return self._database

    @property
    def own(self) -> "OwnDatabase":
        """The program's own database as a whole; Refused where another one is meant."""
        from app.bootstrap.own_database import OwnDatabase

        if not self.has_own_server:
            raise Refused(f"This is for the program's own database; {self.where} is meant.")
        return OwnDatabase(self._server_folder)

    @cached_property
    def db(self) -> Database:
        """The database, recognised and ready; our own is created when it is new."""
        database = self.any_database
        state = databases.recognise(database)
        if self.has_own_server and state.kind is SchemaKind.EMPTY:
            databases.initialise(database, default_configuration=True)
            databases.open_existing(database)
        else:
            databases.open_existing(database, state)
        return database

    @cached_property
    def _db_of_jobs(self) -> Database:
        """The database for what goes on behind a window: the person never waits for all of it."""
        return self.db.in_background() if self._behind_window else self.db.primary

    @property
    def where(self) -> str:
        """The database that is meant, for people: the one of `dsn` or of the connection, else the
        program's own in `data_folder`; one rule for the window and for every command."""
        if not self.has_own_server:
            address = self.any_database.dsn_without_password
            named = self.destination.connection
            return address if named is None else f"{named.name} ({address})"
        season = ", which holds the demonstration season" if self._is_marked else ""
        return f"the program's own database in {self._server_folder}{season}"

    @cached_property
    def acting(self) -> Acting:
        """Who acts on the database."""
        return Acting(self.db, self.actor)

    @property
    def is_demonstration(self) -> bool:
        """Whether a simulated OMS serves this database: nothing real is named, and none of its
        runs came from anywhere else."""
        if self._servers.named or not self.has_own_server:
            return False
        return self._is_marked or not databases.has_runs(self.db)

    def check_not_mixed(self) -> None:
        """Refused when real runs would come between the invented ones of the demonstration."""
        if self._is_marked and self._servers.named:
            named = " and ".join(self._servers.named)
            raise Refused(
                f"{self.where[0].upper()}{self.where[1:]}, and {named} names a real OMS: real runs"
                " would come between invented ones. Leave that setting out, or take another"
                " database with --dsn or --data-folder."
            )

    def join_demonstration(self) -> None:
        """Has the simulated OMS and DQM GUI answer if this is a demonstration database: they tell
        what they told before, and of no run more."""
        self.check_not_mixed()
        if not self._demonstration.is_running and self.is_demonstration:
            self.start_demonstration(live=False)

    # OMS

    @property
    def oms_settings(self) -> "OmsSettings":
        """How OMS is asked; one on this machine needs no pause unless the settings name one."""
        return self._servers.oms

    @cached_property
    def pull_store(self) -> "PullStore":
        """Where pulls write to."""
        from app.services.pulling.store import PullStore

        return PullStore(self._db_of_jobs)

    def printer(self) -> "Callable[[Report], bytes]":
        """What makes a PDF of a report. Refused where Qt isn't installed."""
        from app.bootstrap import pdf

        return pdf.printer()

    def oms_run(self, run_number: int) -> OmsRun:
        """What OMS says of a run now."""
        from app.sync.worker import fetch_now

        if self.jobs is not None:
            return self.jobs.fetch(run_number)
        self.join_demonstration()
        return fetch_now(self.oms_settings, self.pull_store, run_number)

    def pull(self, only: Sequence[int] | None, progress: Callable[[str], None]) -> "PullReport":
        """One pull of what OMS has changed, or of `only` these runs."""
        from app.sync.worker import pull_now

        def report(done: "PullProgress") -> None:
            of_how_many = f" ({done.done + 1} of {done.total})" if done.total else ""
            progress(f"{done.activity}{of_how_many}")

        self.acting.check_automatic()
        self.join_demonstration()
        return pull_now(self.oms_settings, self.pull_store, only=only, report=report)

    @contextmanager
    def simulated_oms(self, folder: Path, port: int) -> "Iterator[SimulatedOms]":
        """A simulated OMS on loopback that serves the documents of a folder."""
        from app.demo.simulated_oms import SimulatedOms

        with SimulatedOms.from_folder(folder, port=port) as oms:
            yield oms

    def start_demonstration(self, *, live: bool) -> str:
        """Starts a simulated OMS with the demonstration season; returns its address. Every
        question to OMS goes there from now on.

        It goes on from the newest run that is known; the newest run of a live one grows.
        """
        return self._demonstration.start(self.db, live=live)

    def start_colleagues(self) -> "Colleagues":
        """Has colleagues sign off and certify the older part of an untouched season."""
        return self._demonstration.start_colleagues(self.db, self.actor)

    # DQM GUI

    @cached_property
    def gui_store(self) -> "GuiStore":
        """Where pulls of the DQM GUI write to, and what they found last."""
        from app.services.pulling.dqm_gui import GuiStore

        return GuiStore(self._db_of_jobs)

    def dqm_gui_listing(self, url: str | None, *, to_write: bool = False) -> GuiListing:
        """What the DQM GUI has now; that of the settings unless another is named.

        Refused when what another has is to be written into the demonstration season.
        """
        from app.sync.dqm_gui import listing_now

        if url is None:
            self.join_demonstration()
        elif to_write and self._is_marked:
            raise Refused(
                f"{self.where[0].upper()}{self.where[1:]}: what {url} has doesn't belong there."
                " Leave the address out, or take another database with --dsn or --data-folder."
            )
        settings = self._servers.gui
        return listing_now(settings if url is None else replace(settings, url=url))

    @cached_property
    def evidence(self) -> "Evidence":
        """Histograms and numbers beside the flags; asked for in a thread of its own."""
        self.join_demonstration()
        return self.evidence_of_servers()

    def evidence_of_servers(self) -> "Evidence":
        """The same of whatever servers are asked now."""
        from app.bootstrap.fetched_evidence import FetchedEvidence

        self._fetched_evidence = FetchedEvidence(self.settings, self._servers)
        return self._fetched_evidence.evidence

    @contextmanager
    def simulated_dqm_gui(self, folder: Path, port: int) -> "Iterator[SimulatedDqmGui]":
        """A simulated DQM GUI on loopback that serves the document of a folder."""
        from app.demo.simulated_dqm_gui import SimulatedDqmGui

        with SimulatedDqmGui.from_folder(folder, port=port) as gui:
            yield gui

    # Background work

    def start(self, listeners: Listeners, *, alone: bool = False) -> "Jobs":
        """Starts the jobs and the news of the database; `alone` without a window."""
        jobs = self.start_jobs(listeners, alone=alone)
        self.listen(listeners)
        return jobs

    def start_jobs(self, listeners: Listeners, *, alone: bool = False) -> "Jobs":
        """Starts the jobs; `alone` without a window."""
        from app.bootstrap import work_behind
        from app.bootstrap.recipients import messages_of
        from app.jobs import Jobs

        self._behind_window = not alone
        settings, client = self.settings, self._client_name
        acting = Acting(self._db_of_jobs, self.actor)
        self.jobs = Jobs(
            self._db_of_jobs,
            client,
            self._servers.by_jobs(writes=self.db.writes_automatically),
            self.pull_store,
            self.gui_store,
            work_behind.sealer_of_jobs(settings, self._db_of_jobs, client),
            work_behind.recounter_of_jobs(settings, acting, client, alone=alone),
            work_behind.intake_of_jobs(settings, acting, client),
            listeners.on_bug,
            messages_of(self.settings, self._db_of_jobs) if alone else None,
            listeners.on_pull,
        )
        self.jobs.start()
        return self.jobs

    def listen(self, listeners: Listeners) -> None:
        """Hears the news of the database from now on."""

        def hear(change: Change) -> None:
            jobs = self.jobs
            if jobs is not None:
                jobs.hear(change)
            listeners.on_change(change)

        self._listener = ChangeListener(
            self.db, hear, listeners.on_connection, mend=self._revive_own_server
        )
        self._listener.start()

    def work(
        self, stopped: Callable[[float | None], bool], *, once: bool
    ) -> "tuple[JobState, ...]":
        """Works as a puller until it is `stopped`, which waits for that so many seconds; with
        `once` one turn of each job, and how it went.

        Refused for a login that isn't a puller's.
        """
        from app.jobs import keep_working, one_round

        guard = None if self.has_own_server else self.db.guard
        if guard is not None and guard.kind != PULLER:
            raise NotPermitted(
                f"The login {guard.login} is one of kind {guard.kind}, and pullers have logins of"
                " their own: logins add LOGIN --kind puller"
            )
        self.join_demonstration()
        jobs = self.start(
            Listeners(
                on_change=lambda _change: None,
                on_connection=lambda _live, _reason: None,
                on_bug=lambda error: logger.error("A job failed", exc_info=error),
            ),
            alone=True,
        )
        if once:
            return one_round(jobs, stopped)
        keep_working(jobs, stopped)
        return jobs.states

    # The HTTP door

    def serve(self, hosts: Sequence[str] | None, port: int, told: Callable[[str], None]) -> None:
        """Answers over HTTP until it is stopped: on this machine, or on the hosts that are named.

        `told` hears where. Of the demonstration the season grows meanwhile, as behind a window.
        """
        from app.bootstrap import door

        door.serve(self, hosts, port, told)

    # The sealed history

    @property
    def seal_key_file(self) -> Path:
        """Where the key of the seal is, or would be."""
        return self.settings.seal_key_file()

    @property
    def seal_public_key(self) -> "PublicKey | None":
        """The key whose signatures count: that of the settings, else our own."""
        from app.bootstrap.work_behind import public_key_of

        return public_key_of(self.settings)

    def sealer(self) -> "Sealer":
        """What seals the database, signing where there is a key."""
        from app.bootstrap.work_behind import sealer_of

        return sealer_of(self.settings, self._db_of_jobs, self._client_name)

    @property
    def _client_name(self) -> str:
        return f"{self.actor.email} on {platform.node() or 'this machine'} ({os.getpid()})"

    def recipients(self) -> "tuple[Recipient, ...]":
        """Who gets messages from a puller. BadInput where a setting for that is missing."""
        from app.bootstrap.recipients import recipients_of

        return recipients_of(self.settings)

    def notification_book(self, acting: Acting) -> "NotificationBook":
        """What the person was told on this database, kept on this machine."""
        from app.bootstrap.recipients import notification_book_of

        return notification_book_of(self.settings, acting)

    def _revive_own_server(self) -> None:
        """Starts the program's own server again when it died."""
        if self._server is not None:
            self._server.revive()

    def close(self) -> None:
        """Stops the background work, then leaves the database, then its server."""
        self._demonstration.stop_colleagues()
        evidence, self._fetched_evidence = self._fetched_evidence, None
        if evidence is not None:
            evidence.stop()
        jobs, self.jobs = self.jobs, None
        if jobs is not None:
            jobs.stop()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stop()
        self._demonstration.close()
        database, self._database = self._database, None
        silent = database is not None and database.was_given_up
        if database is not None:
            database.close()
        for name in ("db", "_db_of_jobs", "acting", "pull_store", "gui_store", "evidence"):
            self.__dict__.pop(name, None)
        server, self._server = self._server, None
        if server is not None and silent:
            server.close(_STOP_SILENT_S)
        elif server is not None:
            server.close()

    @property
    def _is_marked(self) -> bool:
        """Whether the demonstration season is in this database."""
        return self.has_own_server and self._demonstration.is_marked
