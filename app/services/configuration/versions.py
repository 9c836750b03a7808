"""Versions of the configuration: their items, their differences, and restoring one."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.configuration.in_force import Kind
from app.domain.configuration.items import RULE, WITH_RULE, parse_stored, routes_of
from app.domain.configuration.permissions import EXPERTS, why_neither_creator_nor_expert
from app.domain.configuration.versions import Difference, Item, ListHistory, Version
from app.domain.counting import counted
from app.domain.errors import Conflict, NotPermitted, Refused
from app.domain.json_logic import RuleError
from app.domain.text.names import no_version
from app.models import configuration as model
from app.models.configuration import history as stored
from app.models.history import writes as event_history
from app.services.acting import Acting
from app.services.configuration.edits import path_of, refuse_locking_out


@dataclass(frozen=True, slots=True)
class Restoration:
    """What restoring a version of a list would change, from the version in force.

    `faulty` are items of it whose rules can't be read, with the reason.
    """

    difference: Difference
    faulty: tuple[tuple[Item, str], ...]


@dataclass(frozen=True, slots=True)
class InForce:
    """The version of a list in force at a time; not `sure` where the web service may have put it
    in force later, because it doesn't record when."""

    kind: Kind
    version: Version
    sure: bool


@dataclass(frozen=True, slots=True)
class AtEvent:
    """The configuration when a version of events was written."""

    version: int
    by: str
    at: datetime
    lists: tuple[InForce, ...]


def versions(acting: Acting, kind: Kind) -> ListHistory:
    """All versions of a list with their items."""
    with acting.db.read() as connection:
        return stored.history(connection, kind)


def difference(acting: Acting, kind: Kind, before: int, after: int | None = None) -> Difference:
    """What differs between two versions of a list; with the one in force without `after`."""
    history = versions(acting, kind)
    for each in (before, after):
        if each is not None:
            history.check(each)
    last = history.versions[-1].settings_id
    return history.difference(before, last if after is None else after)


def in_force_at_event(acting: Acting, version: int) -> AtEvent:
    """Which version of each list was in force when a person's or an automatic action was
    written; NotFound when there is no such action."""
    with acting.db.read() as connection:
        action = event_history.action(connection, version)
        if action is None:
            raise no_version(version, event_history.newest_version(connection))
        lists = []
        for kind in Kind:
            present = stored.history(connection, kind).in_force_at(action.at)
            lists.append(InForce(kind, present, present.exact and present.at <= action.at))
    return AtEvent(version, action.author, action.at, tuple(lists))


def in_force_at(acting: Acting, kind: Kind, version: int) -> InForce:
    """The version of one list when a version of events was written; NotFound without one."""
    lists = in_force_at_event(acting, version).lists
    return next(in_force for in_force in lists if in_force.kind is kind)


def preview_restoration(acting: Acting, kind: Kind, settings_id: int) -> Restoration:
    """What `restore` would change."""
    return _restoration(versions(acting, kind), settings_id)


def why_not_all_rules(acting: Acting) -> str:
    """Why the person may not restore all JSON configurations at once; empty for experts."""
    return why_neither_creator_nor_expert(acting.actor, None, "all JSON configurations at once")


def restore(
    acting: Acting,
    kind: Kind,
    settings_id: int,
    *,
    seen: int | None = None,
    without_faulty: bool = False,
) -> int:
    """Restores a version of a list, item by item, as a new version; returns its settings id.

    `seen` is the version in force that the person compared with; Conflict when it is another now.
    Refused when some of its rules can't be read, unless they are left out.
    """
    with acting.db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        if kind is Kind.JSON_RULE:
            if refusal := why_not_all_rules(acting):
                raise NotPermitted(refusal, (EXPERTS,))
        else:
            configuration.permissions.check(acting.actor, path_of(kind))
        history = stored.history(connection, kind)
        newest = history.versions[-1]
        if seen is not None and seen != newest.settings_id:
            raise Conflict(
                f"{newest.by or 'Somebody else'} changed this list meanwhile. Version"
                f" {newest.settings_id} is in force now. Compare again."
            )
        history.check(settings_id)
        restored = set(history.at(settings_id).items)
        faulty = _restoration(history, settings_id).faulty
        if faulty and not without_faulty:
            item, reason = faulty[0]
            raise Refused(
                f"{counted(len(faulty), 'rule')} of version {settings_id} can't be read. First"
                f" {item.id} ({item.title}): {reason} Leave them out to restore the rest."
            )
        restored -= {item.id for item, _ in faulty}
        if restored == newest.items:
            raise Refused(f"Version {settings_id} is already in force.")
        if kind is Kind.PERMISSION:
            values = [history.items[item_id].values for item_id in restored]
            refuse_locking_out((str(value["egroup"]), routes_of(value)) for value in values)
        return model.replace_list(connection, kind, restored, acting.actor.email)


def _restoration(history: ListHistory, settings_id: int) -> Restoration:
    history.check(settings_id)
    newest = history.versions[-1]
    faulty: list[tuple[Item, str]] = []
    if history.kind in WITH_RULE:
        for item_id in sorted(history.at(settings_id).items - newest.items):
            item = history.items[item_id]
            try:
                parse_stored(item.values[RULE])
            except RuleError as error:
                faulty.append((item, str(error)))
    return Restoration(history.difference(newest.settings_id, settings_id), tuple(faulty))
