"""A connection tried: what is wrong with it and what to do, or what is there and who I am."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import RegistryError
from app.domain.json_value import JsonObject
from app.models.database import identity, session
from app.models.database.engine import Database
from app.models.database.identity import Guarded
from app.models.schemas import shared_schema as schema
from app.models.schemas.shared_schema import SchemaKind, SchemaState
from app.services import examining

OLDEST = 15
"""The oldest version of PostgreSQL that this program is tested with."""


class Level(StrEnum):
    """How good a finding is."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `about` names it, `text` says how it is, and `remedy` what to
    do, empty when it is good."""

    about: str
    level: Level
    text: str
    remedy: str = ""

    def as_json(self) -> JsonObject:
        """All of it."""
        return {
            "about": self.about,
            "level": self.level.value,
            "text": self.text,
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class Trial:
    """What was found, in the order it was looked at."""

    findings: tuple[Finding, ...]

    @property
    def works(self) -> bool:
        """Whether the program can work on it."""
        return all(each.level is not Level.BAD for each in self.findings)

    @property
    def text(self) -> str:
        """The outcome in a sentence."""
        if not self.works:
            return "This connection can't be used yet."
        if any(each.level is Level.WARNING for each in self.findings):
            return "This connection works; look at the warnings."
        return "This connection works."


def try_address(dsn: str, *, own: bool = False, direct_dsn: str | None = None) -> Trial:
    """Connects once, looks around and leaves; changes nothing there. `own`: it is the program's
    own database; `direct_dsn`: the server itself behind a pooler."""
    try:
        db = Database(dsn, pool_size=1, direct_dsn=direct_dsn)
    except RegistryError as error:
        return Trial((Finding("address", Level.BAD, str(error)),))
    with closing(db):
        fault = db.fault()
        if fault is not None:
            return Trial(
                (
                    Finding(
                        fault.cause.value,
                        Level.BAD,
                        fault.text,
                        f"{fault.remedy} ({fault.said})" if fault.said else fault.remedy,
                    ),
                )
            )
        try:
            return Trial(tuple(_findings(db, own=own)))
        except RegistryError as error:
            return Trial((Finding("database", Level.BAD, str(error)),))


def _findings(db: Database, *, own: bool) -> Iterator[Finding]:
    with db.read() as connection:
        version = session.server_version(connection)
        yield of_version(version)
        protection = db.protection_of(connection)
        level = Level.WARNING if protection.is_weak else Level.GOOD
        yield Finding("protection", level, protection.text)
        state = schema.recognise(connection)
        if own and state.kind is SchemaKind.EMPTY:
            yield Finding("tables", Level.GOOD, "Empty: the tables are made at the first start.")
        else:
            yield _of_tables(state)
        guarded = identity.is_guarded(connection)
        login = session.login(connection)
        problems = session.problems(connection, has_direct=db.has_direct)
        reads_alone = not guarded and identity.reads_alone(connection)
    if own:
        yield Finding("person", Level.GOOD, "Your own database: you may do everything.")
    else:
        yield from _of_guard(db, login, guarded=guarded)
    if db.read_only:
        yield Finding("writing", Level.GOOD, "Read-only: nothing can be changed over it.")
    elif reads_alone:
        yield Finding(
            "writing",
            Level.WARNING,
            "This login may only read: nothing can be changed over it.",
            "To write, take another login, or ask the administrator of the database for the right.",
        )
    for problem in problems:
        yield Finding("server settings", Level.WARNING, problem)
    if db.has_direct:
        wrong = examining.of_direct(db)
        text = wrong or "The server itself answers, too: news arrive at once."
        yield Finding("direct address", Level.WARNING if wrong else Level.GOOD, text)


def of_version(version: str) -> Finding:
    """Whether a version of PostgreSQL, such as `15.4 (Debian 15.4-1)`, is known to do."""
    major = version.partition(".")[0].split()[0]
    text = f"PostgreSQL {version}."
    if major.isascii() and major.isdigit() and int(major) < OLDEST:
        return Finding(
            "server",
            Level.WARNING,
            text,
            f"The program is tested with version {OLDEST} and later: ask the administrator for a"
            " newer one.",
        )
    return Finding("server", Level.GOOD, text)


def _of_tables(state: SchemaState) -> Finding:
    if state.kind is SchemaKind.RUN_REGISTRY:
        return Finding("tables", Level.GOOD, "The tables of Run Registry are there.")
    if state.kind is SchemaKind.EMPTY:
        return Finding(
            "tables",
            Level.BAD,
            "The database is empty: there are no tables of Run Registry.",
            "Check the name of the database. To create the tables there: run-registry db init",
        )
    return Finding(
        "tables", Level.BAD, state.explanation, "Check the name of the database and the login."
    )


def _of_guard(db: Database, login: str, *, guarded: bool) -> Iterator[Finding]:
    if not guarded:
        yield Finding("person", Level.GOOD, f"You are the login {login}.")
        yield Finding(
            "rights",
            Level.WARNING,
            "Not guarded: the database believes who the settings say that acts.",
            "Its administrator can install a guard with db guard install.",
        )
        return
    try:
        with db.read() as connection:
            who = identity.read(connection)
    except RegistryError as error:
        yield Finding("person", Level.BAD, f"You are the login {login}. {error}")
        return
    assert who is not None
    yield Finding("person", Level.GOOD, _said_of(who))
    yield Finding("rights", Level.GOOD, "Guarded: the database proves who acts.")


def _said_of(who: Guarded) -> str:
    if who.kind != identity.PERSON:
        return f"You are the login {who.login}, a service of kind {who.kind}."
    groups = ", ".join(sorted(who.egroups)) or "no e-groups: reading only"
    return f"You are {who.email}, login {who.login} ({groups})."
