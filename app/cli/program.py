"""What a command asks of the program it runs in."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from app.domain.connections.named import NamedConnection
from app.domain.identity import Actor
from app.domain.notification_choice import Choice
from app.domain.preferences import Preferences
from app.domain.reports.document import Report
from app.domain.seal.notes import PublicKey
from app.domain.sources.dqm_gui import GuiListing
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import FailedRun, Outcome
from app.models.database.engine import Database
from app.models.embedded import Upgraded
from app.models.embedded.backup import BackupNote
from app.services.acting import Acting
from app.services.connections.book import ConnectionBook
from app.services.connections.trial import Trial
from app.services.evidence.sources import Evidence
from app.services.notifications.book import NotificationBook
from app.services.notifications.messages import Recipient
from app.services.seal.sealing import Sealer


class PullReport(Protocol):
    """What one pull did."""

    @property
    def outcomes(self) -> Sequence[tuple[int, Outcome]]:
        """Each run that was brought in, and what that did to it."""

    @property
    def failed(self) -> Sequence[FailedRun]:
        """Runs that could not be pulled, with the reason."""

    @property
    def problems(self) -> Sequence[str]:
        """Records of OMS that name no run."""


class ServedOms(Protocol):
    """A simulated OMS that is listening."""

    @property
    def url(self) -> str:
        """Its address, up to and with `/agg/api/v1`."""

    @property
    def token_url(self) -> str:
        """The address of its token endpoint."""


class ServedGui(Protocol):
    """A simulated DQM GUI that is listening."""

    @property
    def url(self) -> str:
        """Its address, up to and with `/dqm/offline`."""


class Destination(Protocol):
    """Which database is meant, and the list of those that are kept."""

    @property
    def connections(self) -> ConnectionBook:
        """The list of connections that the person keeps."""

    @property
    def is_dsn_set(self) -> bool:
        """Whether `dsn` names the database, whatever connection is used."""

    @property
    def connection(self) -> NamedConnection | None:
        """The connection in use; None where `dsn` names the database."""

    def try_connection(self, connection: NamedConnection, password: str | None = None) -> Trial:
        """What is wrong with a connection, or what is there."""


class JobState(Protocol):
    """How a job of a puller went."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def words(self) -> str:
        """What it did, or why it couldn't."""

    @property
    def good(self) -> bool:
        """Whether all went well."""


class OwnDatabase(Protocol):
    """The program's own database as a whole."""

    def back_up(self, file: Path) -> BackupNote:
        """Writes the database into a file."""

    def restore(self, file: Path, *, replace: bool) -> BackupNote:
        """Has the database hold what a backup holds."""

    def majors(self) -> tuple[int, int | None]:
        """The PostgreSQL that made the own database, and the newest here if that is newer."""

    def upgrade_server(self) -> Upgraded:
        """Moves the database to the newest PostgreSQL that is here."""


class Settings(Protocol):
    """What a command asks of the settings."""

    @property
    def choice(self) -> Choice:
        """What the person wants to be told."""


class Program(Protocol):
    """The parts of the program, each opened when it is asked for first."""

    @property
    def preferences(self) -> Preferences:
        """The settings as a person sees and changes them."""

    def open_link(self, text: str, picture: Path | None) -> str:
        """Shows what a link leads to in a window; returns what was done in a sentence. With
        `picture` a window of its own is opened, a picture of it saved there, and it closes.
        Raises BadInput for what is no link."""

    @property
    def actor(self) -> Actor:
        """Who acts."""

    @property
    def acting(self) -> Acting:
        """Who acts on which database. Refused when that isn't one of Run Registry."""

    @property
    def db(self) -> Database:
        """The database, recognised and ready. Refused when it isn't one of Run Registry."""

    @property
    def any_database(self) -> Database:
        """The database whatever it holds."""

    @property
    def destination(self) -> Destination:
        """Which database is meant."""

    @property
    def own(self) -> OwnDatabase:
        """The program's own database as a whole; Refused where another one is meant."""

    @property
    def has_own_server(self) -> bool:
        """Whether the database is the program's own."""

    @property
    def seal_key_file(self) -> Path:
        """Where the key of the seal is, or would be."""

    @property
    def seal_public_key(self) -> PublicKey | None:
        """The key whose signatures count; None where none is known."""

    def sealer(self) -> Sealer:
        """What seals the database, signing where there is a key."""

    def printer(self) -> Callable[[Report], bytes]:
        """What makes a PDF of a report. Refused where Qt isn't installed."""

    def oms_run(self, run_number: int) -> OmsRun:
        """What OMS says of a run now."""

    def pull(self, only: Sequence[int] | None, progress: Callable[[str], None]) -> PullReport:
        """One pull of what OMS has changed, or of `only` these runs."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    def recipients(self) -> Sequence[Recipient]:
        """Who gets messages from a puller. BadInput where a setting for that is missing."""

    def notification_book(self, acting: Acting) -> NotificationBook:
        """What the person was told on this database, kept on this machine."""

    def work(self, stopped: Callable[[float | None], bool], *, once: bool) -> Sequence[JobState]:
        """Works as a puller until it is `stopped`, which waits for that so many seconds; with
        `once` one turn of each job."""

    def simulated_oms(self, folder: Path, port: int) -> AbstractContextManager[ServedOms]:
        """A simulated OMS on loopback that serves the documents of a folder."""

    def dqm_gui_listing(self, url: str | None, *, to_write: bool = False) -> GuiListing:
        """What the DQM GUI has now; that of the settings unless another is named. Refused when
        what another has is `to_write` into the demonstration season."""

    @property
    def evidence(self) -> Evidence:
        """Histograms of the DQM GUI, and numbers of OMS, beside the flags."""

    def simulated_dqm_gui(self, folder: Path, port: int) -> AbstractContextManager[ServedGui]:
        """A simulated DQM GUI on loopback that serves the document of a folder."""

    def serve(self, hosts: Sequence[str] | None, port: int, told: Callable[[str], None]) -> None:
        """Answers over HTTP until it is stopped: on this machine, or on the hosts that are named.
        `told` hears where."""
