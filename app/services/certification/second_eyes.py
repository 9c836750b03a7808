"""Verifying what others certified, and freezing cycles."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.certification import second_eyes as rules
from app.domain.certification.datasets import where
from app.domain.certification.second_eyes import WHOLE, Freeze, Mark, MarkEntry, Protected
from app.domain.configuration import permissions
from app.domain.configuration.permissions import EXPERTS
from app.domain.counting import counted
from app.domain.errors import NotPermitted, Refused
from app.domain.keys import DatasetKey
from app.models.events import second_eyes as model
from app.models.events.action import begin
from app.models.lists import cycles
from app.services.acting import Acting
from app.services.certification.datasets import check_workspace, distinct, visible_datasets
from app.services.configuration import in_force as configurations


@dataclass(frozen=True)
class Verified:
    """Datasets with a mark that was set or taken away, and the sentence that says so."""

    datasets: tuple[DatasetKey, ...]
    text: str


@dataclass(frozen=True)
class Frozen:
    """A cycle that was frozen or thawed, and the sentence that says so."""

    id_cycle: int
    text: str


def marks(acting: Acting, keys: Collection[DatasetKey]) -> Mapping[DatasetKey, Sequence[Mark]]:
    """The marks that stand on datasets; nothing where there is no record."""
    if not acting.db.record or not keys:
        return {}
    with acting.db.read() as connection:
        return model.marks(connection, keys)


def marks_at(
    acting: Acting, keys: Collection[DatasetKey], at: datetime, version: int
) -> Mapping[DatasetKey, Sequence[Mark]] | None:
    """The marks that stood on datasets at a version and its time; None where there is no record."""
    if not acting.db.record:
        return None
    with acting.db.read() as connection:
        return model.marks_at(connection, keys, at, version)


def protected(acting: Acting, run_numbers: Collection[int]) -> Protected:
    """What is verified or frozen of the datasets of runs."""
    if not acting.db.record:
        return Protected()
    with acting.db.read() as connection:
        return model.protected(connection, run_numbers)


def history(acting: Acting, key: DatasetKey) -> Sequence[MarkEntry]:
    """What was done to the marks of a dataset, the newest first."""
    if not acting.db.record:
        return ()
    with acting.db.read() as connection:
        return model.history(connection, key)


def freezes(acting: Acting) -> Mapping[int, Freeze]:
    """The cycles that are frozen."""
    if not acting.db.record:
        return {}
    with acting.db.read() as connection:
        return model.freezes(connection)


def refusal(acting: Acting) -> Refused | None:
    """Why the person can verify and freeze nothing on this database; None where they can."""
    if not acting.actor.email:
        return NotPermitted("Only people verify and freeze. Nobody is named here.")
    if not acting.db.record:
        return Refused(f"Nothing can be verified or frozen here: {acting.db.no_record.why}")
    return None


def verify(
    acting: Acting, keys: Sequence[DatasetKey], workspace: str = WHOLE, *, comment: str = ""
) -> Verified:
    """Marks a workspace of datasets, or all of them, as verified; all or none.

    Refused to who made the newest change of its columns or of its state. What is verified already
    stays as it is; refused when that is all.
    """
    _check(acting)
    comment = rules.check_reason(comment, needed=False)
    configuration = configurations.current(acting)
    check_workspace(configuration, workspace)
    configuration.permissions.check(acting.actor, permissions.verify_path(workspace))
    chosen = distinct(keys)
    email = acting.actor.email
    with begin(acting.db, {run_number for run_number, _ in chosen}) as action:
        known = visible_datasets(action, chosen)
        standing = action.protected({run for run, _ in chosen}).marks
        wanted = [
            key
            for key in chosen
            if all(each.workspace != workspace for each in standing.get(key, ()))
        ]
        if not wanted:
            are = f"{where(*chosen[0])} is" if len(chosen) == 1 else "All of them are"
            raise Refused(f"{are} verified already.")
        authors = model.newest_authors(action.connection, wanted, workspace)
        for key in wanted:
            rules.check_can_be_verified(
                key, known[key].attributes, workspace, authors.get(key, {}), email
            )
        model.mark(action.connection, wanted, workspace, email, comment)
    of = where(*wanted[0]) if len(wanted) == 1 else counted(len(wanted), "dataset")
    there = "as a whole" if workspace == WHOLE else f"in workspace {workspace}"
    rest = len(chosen) - len(wanted)
    already = f" {counted(rest, 'dataset')} {'was' if rest == 1 else 'were'} so already."
    return Verified(tuple(wanted), f"Verified {of} {there}.{already if rest else ''}")


def take_back(acting: Acting, keys: Sequence[DatasetKey], workspace: str, reason: str) -> Verified:
    """Takes marks away without changing anything: one's own, or as who may verify there."""
    _check(acting)
    reason = rules.check_reason(reason)
    configuration = configurations.current(acting)
    check_workspace(configuration, workspace)
    chosen = distinct(keys)
    email = acting.actor.email
    with begin(acting.db, {run_number for run_number, _ in chosen}) as action:
        visible_datasets(action, chosen)
        standing = action.protected({run for run, _ in chosen}).marks
        fallen = [
            each for key in chosen for each in standing.get(key, ()) if each.workspace == workspace
        ]
        if not fallen:
            raise Refused(f"None of them is verified in workspace {workspace}.")
        if any(each.by != email for each in fallen) and EXPERTS not in acting.actor.egroups:
            configuration.permissions.check(acting.actor, permissions.verify_path(workspace))
        model.take_away(action.connection, fallen, email, reason)
    of = where(*chosen[0]) if len(fallen) == 1 else counted(len(fallen), "dataset")
    there = "as a whole" if workspace == WHOLE else f"in workspace {workspace}"
    return Verified(
        tuple((each.run_number, each.name) for each in fallen),
        f"Took the mark away from {of} {there}.",
    )


def freeze(acting: Acting, id_cycle: int, why: str = "") -> Frozen:
    """Freezes a cycle: nothing in it changes any more until it is thawed."""
    return _freeze(acting, id_cycle, rules.check_reason(why, needed=False), frozen=True)


def thaw(acting: Acting, id_cycle: int, why: str) -> Frozen:
    """Lets what is in a cycle change again; the reason is required."""
    return _freeze(acting, id_cycle, rules.check_reason(why), frozen=False)


def _freeze(acting: Acting, id_cycle: int, why: str, *, frozen: bool) -> Frozen:
    _check(acting)
    configuration = configurations.current(acting)
    configuration.permissions.check(acting.actor, permissions.freeze_cycle_path())
    with acting.db.read() as connection:
        keys = cycles.keys_of(connection, id_cycle)
    # Whoever changes one of its datasets now is waited for, and nobody begins meanwhile.
    with begin(acting.db, {run_number for run_number, _ in keys}) as action:
        connection = action.connection
        cycle = cycles.cycle(connection, id_cycle, lock=True)
        known = model.is_frozen(connection, id_cycle)
        if frozen and known is not None:
            raise Refused(f"Cycle {cycle.name} is frozen already, by {known.by}.")
        if not frozen and known is None:
            raise Refused(f"Cycle {cycle.name} isn't frozen.")
        if cycles.keys_of(connection, id_cycle) - keys:
            raise Refused(f"Somebody is adding datasets to cycle {cycle.name}: try again.")
        model.freeze(connection, id_cycle, acting.actor.email, why, frozen=frozen)
        what = "frozen" if frozen else "thawed"
        note = f"{what}: {why}" if why else what
        cycles.note(connection, id_cycle, acting.actor.email, note, {"why": why})
    held = counted(cycle.datasets, "dataset")
    if frozen:
        text = f"Froze cycle {cycle.name}: until it is thawed, nothing changes in its {held}."
    else:
        text = f"Thawed cycle {cycle.name}: its {held} can be changed again."
    return Frozen(id_cycle, text)


def _check(acting: Acting) -> None:
    if refused := refusal(acting):
        raise refused
