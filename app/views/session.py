"""What a window is opened on: who works where, with which pullers and web pages."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from app.domain.connections.named import NamedConnection
from app.domain.connections.protection import ON_THIS_MACHINE, Protection
from app.services.acting import Acting
from app.services.news import News

# A window is seen before anybody wants these.
if TYPE_CHECKING:
    from app.domain.preferences import Preferences
    from app.domain.seal.notes import PublicKey
    from app.services.connections.book import ConnectionBook
    from app.services.connections.trial import Trial
    from app.services.evidence.sources import Evidence
    from app.services.notifications.book import NotificationBook
    from app.services.pulling.pullers import Pullers


class DatabaseKind(StrEnum):
    """What kind of database this is; the strip of the status bar tells them apart."""

    PRODUCTION = "production"
    TEST = "test"
    DEMONSTRATION = "demonstration"


class ScriptTargets(Struct, frozen=True):
    """How scripts reach what the window shows: address of an HTTP door; what the library connects
    to, empty for what settings name; the options by which a command names the database."""

    door: str = "http://127.0.0.1:9500"
    database: str = ""
    options: tuple[str, ...] = ()


class Session(Struct, frozen=True):
    """Who works where: `database` is a short name such as `cms-prod`, never with a password;
    `folders` are named places where the program keeps things; `unproved` says why nobody can rely
    on who acts, empty where the database proves it. `connection`: the name of the one in use, empty
    where `dsn` names the database; `protection`: what encrypts it.
    `read_only`: why nothing can be changed here, empty where something can.
    `server`: the address that links name, `host:port/database`; empty where it is our own.
    `service`: the kind of a login that is no person's, on a guarded database."""

    database: str
    kind: DatabaseKind
    person: str
    rights: str = ""
    strip_colour: str | None = None
    folders: tuple[tuple[str, str], ...] = ()
    unproved: str = ""
    connection: str = ""
    protection: Protection = ON_THIS_MACHINE
    read_only: str = ""
    server: str = ""
    scripts: ScriptTargets = ScriptTargets()
    service: str = ""

    def rights_of(self, egroups: Collection[str]) -> str:
        """What the status bar says of the e-groups of the person; nothing where it says nothing."""
        return rights_words(egroups, self.service) if self.rights else ""


def rights_words(egroups: Collection[str], service: str = "") -> str:
    """What the status bar says of the e-groups that somebody is in, or of the kind of a service."""
    if service:
        return f"service of kind {service}"
    return ", ".join(sorted(egroups)) or "no e-groups: reading only"


@dataclass(frozen=True, slots=True)
class WebAddresses:
    """Where the web pages of runs and datasets are; see `app.views.datasets.links`."""

    oms: str = ""
    dqm_gui: str = ""
    elog: str = ""
    oms_lumisections: str = ""


class Openings(Protocol):
    """What opens servers, one after another; all methods may take seconds."""

    @property
    def book(self) -> "ConnectionBook":
        """The list of connections that the person keeps."""

    @property
    def preferences(self) -> "Preferences":
        """The settings of the program."""

    @property
    def tried(self) -> str:
        """The name of the connection that was tried last; empty where it has none."""

    def connect(self, name: str) -> "Connected":
        """Connects to a server, and remembers the choice; an empty name is what settings and list
        say. Raises Refused or Unavailable."""

    def try_connection(self, connection: NamedConnection, password: str | None) -> "Trial":
        """What is wrong with a connection, or what is there; `password` instead of the kept one."""


@dataclass(frozen=True)
class Workplace:
    """What a window is opened on, for all its places; `openings` opens other
    servers. What is wanted late is made then: `seal_key` says whose signatures count, `evidence` is
    of the DQM GUI and OMS, None where nobody is asked, `notifications` is what the person was told.
    """

    acting: Acting
    session: Session
    news: News
    pullers: "Pullers"
    addresses: WebAddresses
    seal_key: "Callable[[], PublicKey | None]" = lambda: None
    openings: Openings | None = None
    evidence: "Callable[[], Evidence] | None" = None
    notifications: "Callable[[], NotificationBook] | None" = None


class Opened(Struct, frozen=True):
    """What a window is opened on; `begin` starts what works behind the window, once that is seen,
    and `stop` ends all that the window doesn't own. Both are called in a thread."""

    workplace: Workplace
    stop: Callable[[], None]
    begin: Callable[[], None] = lambda: None


class Connected(Protocol):
    """A server that answers, with nothing going on there yet."""

    def start(self) -> Opened:
        """Makes ready what works behind a window. Raises Refused or Unavailable."""

    def close(self) -> None:
        """Leaves the server."""
