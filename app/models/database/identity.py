"""Who a login is, as a guarded database says it."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection

from app.domain.errors import NotPermitted
from app.models.statements import text

PERSON, PULLER, WEB, DOOR, AGENT = "person", "puller", "web", "door", "agent"

DOORS = "run_registry_doors"
"""The role that all logins of doors are in."""


class Guarded(Struct, frozen=True):
    """The login on a guarded database: what kind it is, whose e-mail it stands for, the e-groups
    that permissions name and that it is in, and when e-groups were brought up to date last."""

    login: str
    kind: str
    email: str
    egroups: frozenset[str]
    synced: datetime | None

    @property
    def writes_automatically(self) -> bool:
        """Whether versions of auto@auto can come from this login."""
        return self.kind in {PULLER, WEB}


def is_guarded(connection: Connection) -> bool:
    """Whether a guard is on the database, whatever this login is to it."""
    return bool(
        connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = 'whoami'"
                " AND pronamespace = to_regnamespace('guard'))"
            )
        ).scalar_one()
    )


def read(connection: Connection) -> Guarded | None:
    """Who this login is; None on a database without a guard.

    Raises NotPermitted when it stands for nobody.
    """
    if not is_guarded(connection):
        return None
    if not connection.execute(text("SELECT has_schema_privilege('guard', 'USAGE')")).scalar_one():
        raise NotPermitted(
            "This login stands for no person and no service in this database. Ask its administrator"
            " to add it."
        )
    if connection.execute(
        text(
            "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :doors"
            " AND pg_has_role(session_user, oid, 'MEMBER') AND NOT rolcanlogin)"
            " AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user)"
        ),
        {"doors": DOORS},
    ).scalar_one():
        # Who acts is named in each transaction; without a person the guard tells nobody.
        login = connection.execute(text("SELECT session_user::text")).scalar_one()
        return Guarded(login, DOOR, "", frozenset(), None)
    return of_person(connection)


def reads_alone(connection: Connection) -> bool:
    """Whether this login may append nothing to the shared tables."""
    return bool(
        connection.execute(
            text("""SELECT NOT has_any_column_privilege(to_regclass('"Version"'), 'INSERT')""")
        ).scalar_one()
    )


def name_person(connection: Connection, email: str) -> None:
    """Says for whom a door acts in this transaction."""
    connection.execute(text("SELECT set_config('guard.person', :email, true)"), {"email": email})


def of_person(connection: Connection) -> Guarded:
    """Who acts as the guard says: the login, or the person that a door names.

    Raises Refused when it is nobody.
    """
    login, kind, email, egroups, synced = connection.execute(
        text("SELECT login::text, kind, email, egroups, synced FROM guard.whoami()")
    ).one()
    return Guarded(login, kind, email or "", frozenset(egroups), synced)
