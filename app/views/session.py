"""What a window is opened on: who works where, with which pullers and web pages."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.seal.notes import PublicKey
from app.services.acting import Acting
from app.services.news import News
from app.services.pulling.pullers import Pullers


class DatabaseKind(StrEnum):
    """What kind of database this is; the strip of the status bar tells them apart."""

    PRODUCTION = "production"
    TEST = "test"
    DEMONSTRATION = "demonstration"


@dataclass(frozen=True, slots=True)
class Session:
    """Who works where: `database` is a short name such as `cms-prod`, never with a password;
    `folders` are named places where the program keeps things; `unproved` says why nobody can rely
    on who acts, empty where the database proves it."""

    database: str
    kind: DatabaseKind
    person: str
    rights: str = ""
    strip_colour: str | None = None
    folders: tuple[tuple[str, str], ...] = ()
    unproved: str = ""


@dataclass(frozen=True, slots=True)
class WebAddresses:
    """Where the web pages of runs and datasets are; see `app.views.datasets.links`."""

    oms: str = ""
    dqm_gui: str = ""
    elog: str = ""


@dataclass(frozen=True)
class Workplace:
    """What a window is opened on, for all its places; `seal_key`: whose signatures count."""

    acting: Acting
    session: Session
    news: News
    pullers: Pullers
    addresses: WebAddresses
    seal_key: PublicKey | None = None
