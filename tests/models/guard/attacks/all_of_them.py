"""Attacks on a guarded database in plain SQL, by subject."""

from tests.models.guard.attacks import (
    checked_lists,
    configuration,
    cycles_and_lists,
    every_way_in,
    notes,
    own_schemas,
    publications,
    runs_and_datasets,
    second_eyes,
    server,
    tricks,
    versions,
    wishes,
)
from tests.models.guard.attacks.said import Attack

_PARTS = (
    versions.versions,
    versions.events,
    versions.history,
    every_way_in.every_table,
    every_way_in.guard,
    every_way_in.objects,
    runs_and_datasets.runs,
    runs_and_datasets.datasets,
    runs_and_datasets.lumisections,
    runs_and_datasets.derived,
    own_schemas.desk,
    own_schemas.counts,
    own_schemas.roots,
    own_schemas.records,
    wishes.wishes,
    configuration.configuration,
    cycles_and_lists.cycles,
    cycles_and_lists.golden,
    checked_lists.checked_lists,
    publications.publications,
    notes.notes,
    second_eyes.second_eyes,
    tricks.tricks,
    server.server,
)

PARTS = {
    f"{part.__module__.rpartition('.')[2]}: {part.__name__.replace('_', ' ')}": tuple(part())
    for part in _PARTS
}
ATTACKS: tuple[Attack, ...] = tuple(attack for part in PARTS.values() for attack in part)
