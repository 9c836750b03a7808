"""The guard of a database: who administers it installs it, and says who may log in as whom."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.agents.proposals import check_name
from app.domain.counting import counted
from app.domain.errors import BadInput, NotFound, Refused
from app.models.database.engine import Database
from app.models.database.identity import PULLER, WEB
from app.models.guard import holding, logins
from app.models.guard import install as model
from app.models.guard.install import Checked
from app.models.guard.logins import EgroupChanges, Login
from app.models.schemas import shared_schema as schema
from app.services.acting import Acting

KINDS = (WEB, PULLER, "door", "agent")
"""Kinds of logins that are no persons."""


@dataclass(frozen=True)
class Installed:
    """What installing the guard, or bringing a database up to date, did."""

    version: int
    fresh: bool

    @property
    def text(self) -> str:
        """What to tell the administrator."""
        if self.version == 0:
            return "Brought the schemas desk and record up to date. There is no guard here."
        if not self.fresh:
            return "Brought the guard and the schemas desk and record up to date."
        return (
            "Installed the guard. From now on every login has to be named:"
            " `people add`, `logins add`, `egroups sync`."
        )


@dataclass(frozen=True)
class WhoActs:
    """Who acts on a database, and whether the database says so itself."""

    login: str
    kind: str
    email: str
    egroups: tuple[str, ...]
    synced: datetime | None
    proved: bool


def script() -> str:
    """All that an installation says to the database, for the administrator to read or run."""
    return f"BEGIN;\n{model.script(fresh=True)}COMMIT;\n"


def install(db: Database, web: Sequence[str] = ()) -> Installed:
    """Makes the schemas desk and record, then the guard. Refused when it is there already.

    The logins of the web service are named with it, so that it never stops writing.
    """
    with db.read() as connection:
        found = schema.recognise(connection)
    if found.kind in (schema.SchemaKind.EMPTY, schema.SchemaKind.FOREIGN):
        raise Refused(
            "Here are no tables of Run Registry to guard. Look whether the address names the right"
            " database, and whether this login may see schema public."
        )
    db.prepare(upgrade=True)
    _check_schemas(db)
    with db.transaction() as connection:
        if model.installed(connection):
            raise Refused("The guard is there already: `db upgrade` brings it up to date.")
        holding.hold_tables(connection)
        model.install(connection, fresh=True)
        for login in web:
            logins.add_service(connection, _checked(login), WEB)
    _let_triggers_call(db)
    return Installed(model.VERSION, fresh=True)


def upgrade(db: Database) -> Installed:
    """Brings desk, record and, where it is installed, the guard up to date, while others work."""
    db.prepare(upgrade=True)
    _check_schemas(db)
    with db.transaction() as connection:
        there = model.installed(connection)
        if there > model.VERSION:
            raise Refused(
                f"The guard has version {there}, this program knows version {model.VERSION}:"
                " update the program first."
            )
        if not there:
            return Installed(0, fresh=False)
        holding.hold_tables(connection)
        model.install(connection, fresh=False)
    _let_triggers_call(db)
    return Installed(model.VERSION, fresh=False)


def _let_triggers_call(db: Database) -> None:
    """Our functions belong to the owner of the shared tables now: only such may triggers call."""
    db.prepare(upgrade=True)


def check(db: Database) -> Checked:
    """Compares the guard on the database with what this program installs."""
    with db.transaction() as connection:
        return model.check(connection)


def remove(db: Database) -> None:
    """Takes the guard away, and with it the record of who really wrote what."""
    with db.transaction() as connection:
        if not model.installed(connection):
            raise NotFound("There is no guard on this database.")
        holding.hold_tables(connection)
        model.remove(connection)


def who_acts(acting: Acting) -> WhoActs:
    """Who acts: on a guarded database as that says, else as the settings do."""
    guard = acting.db.guard
    if guard is None:
        return WhoActs(
            "", "person", acting.actor.email, tuple(sorted(acting.actor.egroups)), None, False
        )
    return WhoActs(
        guard.login, guard.kind, guard.email, tuple(sorted(guard.egroups)), guard.synced, True
    )


def known_logins(db: Database) -> tuple[Login, ...]:
    """All logins that the guard knows."""
    _check_guarded(db)
    with db.transaction() as connection:
        return tuple(logins.known(connection))


def add_person(db: Database, login: str, email: str, name: str = "") -> str:
    """Makes a login a person's; says what was done."""
    _check_guarded(db)
    with db.transaction() as connection:
        logins.add_person(connection, _checked(login), email.strip(), name.strip())
    return f"The login {login} now stands for {email}."


def add_login(db: Database, login: str, kind: str, agent: str = "") -> str:
    """Makes a login a service's or an agent's; says what was done."""
    _check_guarded(db)
    if (kind == "agent") != bool(agent):
        raise BadInput("A login of kind agent, and no other, takes --agent.")
    with db.transaction() as connection:
        name = check_name(agent) if agent else None
        logins.add_service(connection, _checked(login), kind, name)
    return f"The login {login} now is one of kind {kind}{f', of {agent}' if agent else ''}."


def disable(db: Database, login: str) -> str:
    """Accepts nothing from a login any more; says what was done."""
    _check_guarded(db)
    with db.transaction() as connection:
        logins.disable(connection, login)
    return f"Nothing is accepted from the login {login} any more. What it wrote stays."


def no_egroups(db: Database, names: Collection[str]) -> dict[str, str]:
    """Those of the names that can't be e-groups on this database, each with the reason."""
    _check_guarded(db)
    with db.transaction() as connection:
        return logins.no_egroups(connection, names)


def sync_egroups(
    db: Database, wanted: Mapping[str, set[str]], source: str, *, dry_run: bool
) -> EgroupChanges:
    """Gives e-groups the members they should have; with `dry_run` only says what would be done."""
    _check_guarded(db)
    with db.transaction() as connection:
        changes = logins.plan_egroups(connection, wanted)
        if not dry_run:
            logins.apply_egroups(connection, wanted.keys(), changes, source)
    return changes


def text_of(changes: EgroupChanges, *, dry_run: bool) -> str:
    """What a sync did, in a sentence."""
    would = "would be " if dry_run else ""
    parts = [
        f"{counted(len(changes.made), 'e-group')} {would}made",
        f"{counted(len(changes.joins), 'membership')} {would}added",
        f"{len(changes.leaves)} {would}removed",
    ]
    if changes.unknown:
        parts.append(f"{counted(len(changes.unknown), 'login')} not known: `people add` first")
    return "; ".join(parts) + "."


def members_of(content: str) -> dict[str, set[str]]:
    """Members by e-group, of a CSV text with the columns egroup and login.

    A line without a login names an e-group that may be empty.
    """
    lines = list(csv.reader(io.StringIO(content.removeprefix("\ufeff"))))
    if not lines or [cell.strip().lower() for cell in lines[0]] != ["egroup", "login"]:
        raise BadInput("The file has to begin with the line: egroup,login")
    found: dict[str, set[str]] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        egroup, login = (cell.strip() for cell in (*line, "")[:2])
        if not egroup or len(line) > 2:
            raise BadInput(f"Line {number}: an e-group and a login are expected.")
        members = found.setdefault(egroup, set())
        if login:
            members.add(login)
    if not found:
        raise BadInput("The file names no e-group.")
    return found


def _check_schemas(db: Database) -> None:
    if not (db.desk and db.record):
        raise Refused(
            "The guard needs the schemas desk and record, which this login can't make or bring up"
            " to date. Take the owner of the tables."
        )


def _check_guarded(db: Database) -> None:
    with db.transaction() as connection:
        if not model.installed(connection):
            raise NotFound(
                "There is no guard on this database, so it knows no logins: `db guard install`."
            )


def _checked(login: str) -> str:
    if not login.strip() or len(login.encode()) > 63:
        raise BadInput("A login has 1 to 63 characters.")
    return login
