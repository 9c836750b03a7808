"""Keeping the e-groups of a guarded database up to date with LDAP."""

from dataclasses import dataclass

from app.domain.configuration.permissions import EXPERTS
from app.models.configuration import in_force
from app.models.database.engine import Database
from app.models.guard.logins import EgroupChanges
from app.services import directory, guard
from app.services.directory import Directory


@dataclass(frozen=True)
class Synced:
    """What a sync did, and the e-groups that it left as they are, each with the reason."""

    changes: EgroupChanges
    left_alone: tuple[tuple[str, str], ...]


def sync(db: Database, source: Directory, *, dry_run: bool, empty_missing: bool) -> Synced:
    """Gives the e-groups that permissions name the members that LDAP says they have.

    One that LDAP doesn't have, has without members, or doesn't show in full keeps its members;
    with `empty_missing` it loses them. Raises Unavailable, and changes nothing, when LDAP doesn't
    answer everything.
    """
    with db.read() as connection:
        permissions = in_force(connection).permissions.rows
    names = {EXPERTS, *(egroup for egroup, _ in permissions)}
    left_alone = guard.no_egroups(db, names)
    members = directory.read_members(source, names - left_alone.keys())
    wanted = {name: set(logins) for name, logins in members.known.items()}
    if empty_missing:
        wanted |= {name: set() for name in members.unknown}
    else:
        left_alone |= members.unknown
    changes = guard.sync_egroups(db, wanted, f"LDAP {source.url}", dry_run=dry_run)
    return Synced(changes, tuple(sorted(left_alone.items())))
