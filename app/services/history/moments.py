"""A dataset at the moments of its past: which there are, one of them, and two compared."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from app.domain.errors import NotFound
from app.domain.history.cells import Action as VersionInfo
from app.domain.history.cells import Difference, differences
from app.domain.history.moments import time_words
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE
from app.domain.state.differences import changed_attributes
from app.domain.triplets import Triplet
from app.models.events import rows
from app.models.history import writes as history
from app.services import names
from app.services.acting import Acting
from app.services.history.look import MOST_VERSIONS, Look, check_limit, look


class Moment(Struct, frozen=True):
    """A dataset as it was after a version; `action` is None where no version has this number.

    `older` and `newer` are the versions that touched the dataset next before and after it.
    """

    look: Look
    version: int
    action: VersionInfo | None
    older: int | None
    newer: int | None

    @property
    def text(self) -> str:
        """`version 812, 2025-08-18 06:12 UTC, by person@cern.ch: HV trip`."""
        action = self.action
        if action is None:
            return f"version {self.version}"
        comment = f": {action.comment}" if action.comment else ""
        at = f"{action.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"version {self.version}, {at}, by {action.by}{comment}"


class Compared(Struct, frozen=True):
    """What differs between a dataset after version `old` and after `new` (None is now); `now` is
    the newer of the two.

    `hidden` says whether it was hidden then and is now; None where that is the same.
    """

    old: int
    new: int | None
    now: Look
    hidden: tuple[bool, bool] | None
    columns: tuple[Difference[Triplet], ...]
    bits: tuple[Difference[JsonValue], ...]
    attributes: Mapping[str, tuple[JsonValue, JsonValue]]
    run_attributes: Mapping[str, tuple[JsonValue, JsonValue]]

    @property
    def cells(self) -> list[Difference[Triplet] | Difference[JsonValue]]:
        """Columns, then OMS attributes."""
        return [*self.columns, *self.bits]


class ComparedRun(Struct, frozen=True):
    """What differs between two moments of a run and of all its datasets, by their names.

    `datasets` are those that were there at both moments; `appeared` were created in between.
    """

    run_attributes: Mapping[str, tuple[JsonValue, JsonValue]]
    datasets: Mapping[str, Compared]
    appeared: tuple[str, ...]


def moments(
    acting: Acting, run_number: int, dataset: str, *, limit: int = 50, before: int | None = None
) -> tuple[VersionInfo, ...]:
    """Versions that touched a dataset, the newest first, without what they changed."""
    check_limit(limit)
    with acting.db.read() as connection:
        rows.get_run(connection, run_number)
        versions = history.versions_of_run(connection, run_number, dataset, limit, before)
    return tuple(action for action, _ in versions)


def moment_before(acting: Acting, run_number: int, dataset: str, at: datetime) -> VersionInfo:
    """The last version before a moment that touched a dataset; NotFound when there is none."""
    found = moments(
        acting, run_number, dataset, limit=1, before=names.version_before(acting, at) + 1
    )
    if not found:
        raise NotFound(f"Run {run_number}, {dataset}, has no version before {time_words(at)}.")
    return found[0]


def moment(acting: Acting, run_number: int, dataset: str, version: int) -> Moment:
    """A dataset as it was after a version, and the moments beside it."""
    then = look(acting, run_number, dataset, as_of=version)
    with acting.db.read() as connection:
        # None for the moment before a version, where the number before it was never used.
        action = history.action(connection, version)
    older = moments(acting, run_number, dataset, limit=1, before=version)
    return Moment(
        then,
        version,
        action,
        older[0].version if older else None,
        _newer(acting, run_number, dataset, version),
    )


def _newer(acting: Acting, run_number: int, dataset: str, version: int) -> int | None:
    """The version that touched a dataset next after one."""
    newer: int | None = None
    before: int | None = None
    while page := moments(acting, run_number, dataset, limit=MOST_VERSIONS, before=before):
        after = [each.version for each in page if each.version > version]
        newer = after[-1] if after else newer
        if len(after) < len(page):
            break
        before = page[-1].version
    return newer


def compare(
    acting: Acting,
    run_number: int,
    dataset: str,
    old: int,
    new: int | None = None,
    *,
    keys: Collection[str] | None = None,
) -> Compared:
    """What differs between a dataset after version `old` and after `new`, or now."""
    then = look(acting, run_number, dataset, as_of=old)
    now = look(acting, run_number, dataset, as_of=new)
    return Compared(
        old,
        new,
        now,
        (then.deleted, now.deleted) if then.deleted is not now.deleted else None,
        differences(then.state.rr, now.state.rr, keys),
        differences(then.state.oms, now.state.oms, keys),
        _attribute_differences(then.attributes, now.attributes),
        _attribute_differences(then.run_attributes, now.run_attributes),
    )


def compare_run(
    acting: Acting,
    run_number: int,
    old: int,
    new: int | None = None,
    *,
    keys: Collection[str] | None = None,
) -> ComparedRun:
    """What differs between a run with all its datasets after version `old` and after `new`, or now.

    NotFound when the run wasn't there yet.
    """
    with acting.db.read() as connection:
        rows.get_run(connection, run_number)
        keys_of = [(run_number, name) for name in rows.datasets_of_run(connection, run_number)]
        writes_of = history.dataset_writes(connection, keys_of)
    created = {
        name: min(write.version for write in writes) for (_, name), writes in writes_of.items()
    }
    then = {name for name, version in created.items() if version <= old}
    now = {name for name, version in created.items() if new is None or version <= new}
    compared = {
        name: compare(acting, run_number, name, old, new, keys=keys)
        for name in (ONLINE, *sorted((then & now) - {ONLINE}))
    }
    return ComparedRun(
        compared[ONLINE].run_attributes, compared, tuple(sorted(now - then - {ONLINE}))
    )


def _attribute_differences(
    old: JsonObject, new: JsonObject
) -> dict[str, tuple[JsonValue, JsonValue]]:
    changed = {**changed_attributes(old, new), **dict.fromkeys(old.keys() - new.keys())}
    return {key: (old.get(key), new.get(key)) for key in sorted(changed)}
