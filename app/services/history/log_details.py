"""What one entry of the log changed: from what to what, by run and dataset, or item by item."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.domain.configuration.versions import Difference
from app.domain.history.attributes import AttributeChange, AttributeEvent, attribute_changes
from app.domain.history.cells import Action, CellChange, Frame, Write
from app.domain.keys import ONLINE, DatasetKey
from app.domain.state.grid import Value
from app.domain.text.names import no_version
from app.models.configuration.history import history as list_history
from app.models.history import cell_writes, log_sources, run_history
from app.models.history import writes as history
from app.models.history.writes import Touched
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
        subjects = _subjects(touched)
        known = set(subjects)
        shown = [key for key in (subjects if keys is None else keys) if key in known]
        if keys is None:
            shown = shown[:_OPENED_AT_ONCE]
        columns = _changes(
            cell_writes.rr_around(
                connection, touched.rr & set(shown), [version], as_of=version
            ).writes,
            version,
        )
        # Changes that came through `online` are listed there.
        bits = _changes(
            cell_writes.oms_around(
                connection, touched.oms & set(shown), [version], as_of=version
            ).writes,
            version,
        )
    attributes = _attributes(acting, touched, shown, events)
    parts = tuple(
        RunChanges(
            run_number,
            changed,
            tuple(
                DatasetChanges(name, columns.get((number, name), ()), bits.get((number, name), ()))
                for number, name in shown
                if number == run_number and ((number, name) in columns or (number, name) in bits)
            ),
        )
        for run_number, changed in attributes.items()
    )
    return OpenedVersion(action, subjects, tuple(shown), parts)


def open_settings(acting: Acting, settings_id: int) -> tuple[Difference, ...]:
    """What a version of the configuration changed, list by list; nothing for the first one."""
    with acting.db.read() as connection:
        before, kinds = log_sources.changed_lists(connection, settings_id)
        if not before:
            return ()
        differences = [
            list_history(connection, kind).difference(before, settings_id) for kind in kinds
        ]
    return tuple(each for each in differences if not each.is_empty)


def _subjects(touched: Touched) -> tuple[DatasetKey, ...]:
    """Datasets by run, `online` first."""
    runs = {(run_number, ONLINE) for run_number in touched.runs}
    return tuple(
        sorted(
            touched.datasets | touched.rr | touched.oms | runs,
            key=lambda key: (key[0], key[1] != ONLINE, key[1]),
        )
    )


def _changes(
    writes_of: Mapping[DatasetKey, Sequence[Write[Value]]], version: int
) -> dict[DatasetKey, tuple[CellChange[Value], ...]]:
    """What a version changed, for the datasets that it changed."""
    changes_of = {key: Frame(writes).changes({version}) for key, writes in writes_of.items()}
    return {key: changes[version] for key, changes in changes_of.items() if version in changes}


def _attributes(
    acting: Acting, touched: Touched, shown: Collection[DatasetKey], events: Collection[int]
) -> dict[int, tuple[AttributeChange, ...]]:
    """Attributes that these events changed, for every run that is shown."""
    with acting.db.read() as connection:
        return {
            run_number: _attributes_of(
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


def _attributes_of(
    run: run_history.RunEvents | None,
    datasets: dict[str, tuple[AttributeEvent, ...]],
    events: Collection[int],
) -> tuple[AttributeChange, ...]:
    """Attributes of a run and its datasets that these events changed."""
    changed: list[AttributeChange] = []

    def add(changes: dict[int, tuple[AttributeChange, ...]]) -> None:
        for event, each in sorted(changes.items()):
            if event in events:
                changed.extend(each)

    if run is not None:
        add(attribute_changes(run.oms, "oms", manual_first=False))
        add(attribute_changes(run.rr, "rr", manual_first=True))
        add(attribute_changes(run.deleted, "rr", manual_first=False))
    for name, own in datasets.items():
        add(attribute_changes(own, "dataset", name, manual_first=False))
    return tuple(changed)
