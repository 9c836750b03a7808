"""Who may log in as whom: people, services, and the e-groups that people are in."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.domain.errors import Conflict, NotFound, Refused
from app.models.database.identity import PERSON
from app.models.database.listen import CHANNEL
from app.models.guard.declared import GROUPS, OWNER
from app.models.guard.owner import as_owner, may_create_roles, on_roles
from app.models.statements import text

_OURS = frozenset({OWNER, *GROUPS.values()})
_LONGEST_NAME = 63
"""Bytes of a role's name; the server cuts off what is more."""


@dataclass(frozen=True, slots=True)
class Login:
    """A login that the guard knows; `email` is empty for services, `agent` for all but agents."""

    login: str
    kind: str
    email: str
    name: str
    agent: str
    active: bool


@dataclass(frozen=True, slots=True)
class Membership:
    """A login in an e-group."""

    egroup: str
    login: str


@dataclass(frozen=True)
class EgroupChanges:
    """What a sync of e-groups does: roles made, who joins, who leaves; `unknown` are logins that
    stand for no person, `others` the e-groups of earlier syncs that were not asked for."""

    made: tuple[str, ...]
    joins: tuple[Membership, ...]
    leaves: tuple[Membership, ...]
    unknown: tuple[str, ...]
    others: tuple[str, ...]


def known(connection: Connection) -> list[Login]:
    """All logins, people first."""
    with as_owner(connection):
        rows = connection.execute(
            text(
                "SELECT login::text, 'person', email, name, '', active FROM guard.person"
                " UNION ALL SELECT login::text, kind, '', '', coalesce(agent, ''), active"
                " FROM guard.service ORDER BY 2, 1"
            )
        ).all()
    return [Login(*row) for row in rows]


def add_person(connection: Connection, login: str, email: str, name: str) -> None:
    """A login for a person; one that was disabled comes back. Conflict when the e-mail is taken."""
    _make_login(connection, login, PERSON, f"people add {login} --email {email}")
    with as_owner(connection), _taken(f"The e-mail {email} is that of another login, or is none."):
        connection.execute(
            text(
                "INSERT INTO guard.person (login, email, name) VALUES (:login, :email, :name)"
                " ON CONFLICT (login) DO UPDATE SET email = EXCLUDED.email,"
                "  name = EXCLUDED.name, active = true"
            ),
            {"login": login, "email": email, "name": name},
        )


def add_service(connection: Connection, login: str, kind: str, agent: str | None = None) -> None:
    """A login for a service or an agent."""
    command = f"logins add {login} --kind {kind}"
    if agent is not None:
        command = f"{command} --agent {agent}"
    _make_login(connection, login, kind, command)
    with as_owner(connection):
        connection.execute(
            text(
                "INSERT INTO guard.service (login, kind, agent) VALUES (:login, :kind, :agent)"
                " ON CONFLICT (login) DO UPDATE SET kind = EXCLUDED.kind,"
                "  agent = EXCLUDED.agent, active = true"
            ),
            {"login": login, "kind": kind, "agent": agent},
        )


def disable(connection: Connection, login: str) -> None:
    """Nothing is accepted from the login any more; its role and what it wrote stay.

    Its privileges stay, too: they are of the whole server, where other databases may know it.
    """
    with as_owner(connection):
        found = connection.execute(
            text(
                "WITH people AS (UPDATE guard.person SET active = false WHERE login = :login"
                "  RETURNING login), services AS (UPDATE guard.service SET active = false"
                "  WHERE login = :login RETURNING login)"
                " SELECT (SELECT count(*) FROM people) + (SELECT count(*) FROM services)"
            ),
            {"login": login},
        ).scalar_one()
    if not found:
        raise NotFound(f"The guard knows no login {login}.")


def no_egroups(connection: Connection, names: Collection[str]) -> dict[str, str]:
    """Those of the names that can't be e-groups of this server, each with the reason."""
    roles = _roles(connection, names)
    reasons = {}
    for name in sorted(names):
        if name in _OURS:
            reasons[name] = "is a role of the guard, not an e-group"
        elif roles.get(name):
            reasons[name] = "is a login of this server, not an e-group"
        elif not name.strip() or len(name.encode()) > _LONGEST_NAME:
            reasons[name] = f"can't be a role of this server: 1 to {_LONGEST_NAME} bytes can"
    return reasons


def plan_egroups(connection: Connection, wanted: Mapping[str, Collection[str]]) -> EgroupChanges:
    """What has to change so that these e-groups have these logins as members.

    No other sync begins before the transaction ends. Refused when a name can't be an e-group.
    """
    # Two that make the same role at once would fail in words of the server.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('guard.egroup'))"))
    for name, reason in no_egroups(connection, wanted).items():
        raise Refused(f"{name} {reason}.")
    people = {each.login for each in known(connection) if each.kind == PERSON and each.active}
    roles = _roles(connection, wanted)
    with as_owner(connection):
        taken_over = set(connection.execute(text("SELECT name::text FROM guard.egroup")).scalars())
    made, joins, leaves = [], [], []
    for egroup, logins in sorted(wanted.items()):
        if egroup not in roles:
            made.append(egroup)
        now = _members(connection, egroup)
        joins += [Membership(egroup, login) for login in sorted(people & set(logins) - now)]
        leaves += [Membership(egroup, login) for login in sorted(now - set(logins))]
    unknown = {login for logins in wanted.values() for login in logins} - people
    return EgroupChanges(
        tuple(made),
        tuple(joins),
        tuple(leaves),
        tuple(sorted(unknown)),
        tuple(sorted(taken_over - wanted.keys())),
    )


def apply_egroups(
    connection: Connection, wanted: Collection[str], changes: EgroupChanges, source: str
) -> None:
    """Does what was planned; no role is ever removed."""
    for egroup in changes.made:
        on_roles(connection, "CREATE ROLE {} NOLOGIN", egroup)
    for each in changes.joins:
        on_roles(connection, "GRANT {} TO {}", each.egroup, each.login)
    for each in changes.leaves:
        on_roles(connection, "REVOKE {} FROM {}", each.egroup, each.login)
    with as_owner(connection):
        connection.execute(
            text(
                "INSERT INTO guard.egroup SELECT unnest(CAST(:names AS text[]))"
                " ON CONFLICT DO NOTHING"
            ),
            {"names": sorted(wanted)},
        )
        connection.execute(
            text("INSERT INTO guard.egroup_sync (source) VALUES (:source)"), {"source": source}
        )
    # Whoever is connected judges and shows by the new ones from now on.
    connection.execute(text("SELECT pg_notify(:channel, 'egroups')"), {"channel": CHANNEL})


def _make_login(connection: Connection, login: str, kind: str, command: str) -> None:
    """`command` is how an administrator does it, for those who can't."""
    if not may_create_roles(connection):
        raise Refused(
            "Making a login takes one that may create roles. Leave it to an administrator of the"
            f" database, who says `{command}`."
        )
    if login in _OURS:
        raise Refused(f"{login} is a role of the guard, not a login.")
    may_log_in = _roles(connection, [login]).get(login)
    if may_log_in is None:
        on_roles(connection, "CREATE ROLE {} LOGIN", login)
    elif not may_log_in:
        raise Refused(f"The role {login} may not log in: it is a group, not a person or service.")
    for other, group in GROUPS.items():
        if other != kind and _is_member(connection, login, group):
            on_roles(connection, "REVOKE {} FROM {}", group, login)
    on_roles(connection, "GRANT {} TO {}", GROUPS[kind], login)


def _roles(connection: Connection, names: Collection[str]) -> dict[str, bool]:
    """Those of the roles that are there, with whether one can log in as them."""
    rows = connection.execute(
        text("SELECT rolname::text, rolcanlogin FROM pg_roles WHERE rolname = ANY(:names)"),
        {"names": sorted(names)},
    )
    return {str(name): bool(may) for name, may in rows}


def _members(connection: Connection, egroup: str) -> set[str]:
    rows = connection.execute(
        text(
            "SELECT member.rolname::text FROM pg_auth_members"
            " JOIN pg_roles egroup ON egroup.oid = roleid"
            " JOIN pg_roles member ON member.oid = pg_auth_members.member"
            # From PostgreSQL 16 on who made a role has it, for giving it to others alone.
            " WHERE egroup.rolname = :egroup AND NOT admin_option"
        ),
        {"egroup": egroup},
    )
    return set(rows.scalars())


def _is_member(connection: Connection, login: str, group: str) -> bool:
    return login in _members(connection, group)


@contextmanager
def _taken(sentence: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise Conflict(sentence) from error
