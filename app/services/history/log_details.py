"""What one entry of the log changed: from what to what, by run and dataset, or item by item."""

from collections.abc import Collection
from dataclasses import dataclass

from app.domain.configuration.versions import Difference
from app.domain.history.attributes import AttributeChange, AttributeEvent, attribute_changes
from app.domain.history.cells import Action, Frame
from app.domain.keys import ONLINE, DatasetKey
from app.domain.text.names import no_version
from app.models import configuration
from app.models.history import log_sources, run_history
from app.models.history import writes as history
from app.services.acting import Acting
from app.services.history.look import DatasetChanges

_OPENED_AT_ONCE = 12


@dataclass(frozen=True)
class RunChanges:
    """What a version changed in one run and its datasets."""

    run_number: int
    attributes: tuple[AttributeChange, ...]
    datasets: tuple[DatasetChanges, ...]


@dataclass(frozen=True)
class OpenedVersion:
    """A version with all that it touches, and what it changed in those that are `shown`."""

    action: Action
    subjects: tuple[DatasetKey, ...]
    shown: tuple[DatasetKey, ...]
    parts: tuple[RunChanges, ...]


def open_version(
    acting: Acting, version: int, keys: Collection[DatasetKey] | None = None
) -> OpenedVersion:
    """What a version changed in some of the datasets it touches: the first ones unless given.

    A change of a run itself belongs to its dataset `online`.
    """
    with acting.db.read() as connection:
        action = history.action(connection, version)
        if action is None:
            raise no_version(version, history.newest_version(connection))
        events = history.events_of(connection, version)
        touched = history.touched_by(connection, version, events)
        runs = {(run_number, ONLINE) for run_number in touched.runs}
        subjects = sorted(
            touched.datasets | touched.rr | touched.oms | runs,
            key=lambda key: (key[0], key[1] != ONLINE, key[1]),
        )
        known = set(subjects)
        shown = [key for key in (subjects if keys is None else keys) if key in known]
        if keys is None:
            shown = shown[:_OPENED_AT_ONCE]
        rr = history.rr_writes(connection, touched.rr & set(shown), as_of=version)
        oms = history.oms_writes(connection, touched.oms & set(shown), as_of=version)
        attributes = {
            run_number: _attributes(
                run_history.run_events(connection, run_number)
                if run_number in touched.runs and (run_number, ONLINE) in shown
                else None,
                {
                    name: run_history.dataset_events(connection, run_number, name).get(name, ())
                    for number, name in shown
                    if number == run_number and (number, name) in touched.datasets
                },
                events,
            )
            for run_number in sorted({run_number for run_number, _ in shown})
        }
    columns = {key: Frame(writes).changes({version}) for key, writes in rr.items()}
    # What came through `online` is told there.
    bits = {key: Frame(writes).changes({version}) for key, writes in oms.items()}
    parts = tuple(
        RunChanges(
            run_number,
            changed,
            tuple(
                DatasetChanges(
                    name,
                    columns.get((number, name), {}).get(version, ()),
                    bits.get((number, name), {}).get(version, ()),
                )
                for number, name in shown
                if number == run_number
                and (
                    version in columns.get((number, name), {})
                    or version in bits.get((number, name), {})
                )
            ),
        )
        for run_number, changed in attributes.items()
    )
    return OpenedVersion(action, tuple(subjects), tuple(shown), parts)


def open_settings(acting: Acting, settings_id: int) -> tuple[Difference, ...]:
    """What a version of the configuration changed, list by list; nothing for the first one."""
    with acting.db.read() as connection:
        before, kinds = log_sources.changed_lists(connection, settings_id)
        if not before:
            return ()
        found = [
            configuration.history(connection, kind).difference(before, settings_id)
            for kind in kinds
        ]
    return tuple(each for each in found if not each.is_empty)


def _attributes(
    run: run_history.RunEvents | None,
    datasets: dict[str, tuple[AttributeEvent, ...]],
    events: Collection[int],
) -> tuple[AttributeChange, ...]:
    """Attributes that these events changed."""
    found: list[AttributeChange] = []

    def add(changes: dict[int, tuple[AttributeChange, ...]]) -> None:
        for event, each in sorted(changes.items()):
            if event in events:
                found.extend(each)

    if run is not None:
        add(attribute_changes(run.oms, "oms", manual_first=False))
        add(attribute_changes(run.rr, "rr", manual_first=True))
        add(attribute_changes(run.deleted, "rr", manual_first=False))
    for name, own in datasets.items():
        add(attribute_changes(own, "dataset", name, manual_first=False))
    return tuple(found)
