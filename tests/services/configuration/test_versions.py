"""Versions of the configuration: compared, brought back, found by what was written then."""

import json
import lzma
from pathlib import Path

import pytest
from sqlalchemy import text

from app.domain.configuration.in_force import Kind
from app.domain.errors import Conflict, NotFound, NotPermitted, Refused
from app.models import configuration as model
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.configuration import versions as configuration_versions
from app.services.configuration.edits import add_item, delete_item, edit_item
from app.services.configuration.versions import difference, preview_restoration, restore, versions
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run, configure
from tests.conftest import filled_once


@filled_once
def changed(database: Database) -> None:
    """Version 1 is the small configuration, then Collisions25 is edited and Cosmics25 taken out."""
    configure(database)
    edit_item(
        Acting(database, EXPERT), Kind.CLASS, 1, {"priority": 9, "classifier": {"var": "energy"}}
    )
    delete_item(Acting(database, EXPERT), Kind.CLASS, 2)


def _entries(db: Database) -> dict[int, list[int]]:
    """Items of each class list."""
    with db.read() as connection:
        rows = connection.execute(
            text(
                'SELECT "CCL_id", array_agg(id ORDER BY id)'
                ' FROM "ClassClassifierEntries" GROUP BY 1'
            )
        )
        return {row[0]: row[1] for row in rows}


def test_that_restoring_brings_back_exactly_what_was_as_a_new_version(changed) -> None:
    before = configuration.current(Acting(changed))
    with changed.read() as connection:
        old = model.load(connection, 1)

    made = restore(Acting(changed, EXPERT), Kind.CLASS, 1)

    after = configuration.current(Acting(changed))
    assert (after.settings_id, made) == (before.settings_id + 1, before.settings_id + 1)
    assert after.class_classifiers == old.class_classifiers
    assert after.online_components == before.online_components
    history = versions(Acting(changed), Kind.CLASS)
    assert history.versions[-1].items == history.versions[0].items
    assert history.versions[-1].same_as == 1
    assert history.versions[-1].by == EXPERT.email
    # A new list: the web service goes on from the one with the greatest number.
    lists = _entries(changed)
    assert lists[max(lists)] == lists[1]


def test_that_a_difference_names_every_field(changed) -> None:
    found = difference(Acting(changed), Kind.CLASS, 1)
    (edited,) = found.edited
    assert [(each.name, each.before, each.after) for each in edited.fields] == [
        ("classifier", {"==": [{"var": "beam1_stable"}, True]}, {"var": "energy"}),
        ("priority", 2, 9),
    ]
    assert [each.title for each in found.removed] == ["Cosmics25"]


def test_that_restoring_takes_the_right_and_a_list_that_is_as_it_was_seen(changed) -> None:
    with pytest.raises(NotPermitted):
        restore(Acting(changed, NOBODY), Kind.CLASS, 1)
    seen = preview_restoration(Acting(changed), Kind.CLASS, 1).difference.before
    edit_item(Acting(changed, EXPERT), Kind.CLASS, 3, {"priority": 4})
    with pytest.raises(Conflict, match="changed this list meanwhile"):
        restore(Acting(changed, EXPERT), Kind.CLASS, 1, seen=seen)
    newest = versions(Acting(changed), Kind.CLASS).versions[-1].settings_id
    with pytest.raises(Refused, match="already in force"):
        restore(Acting(changed, EXPERT), Kind.CLASS, newest)
    with pytest.raises(NotFound):
        restore(Acting(changed, EXPERT), Kind.CLASS, 0)


def test_that_rules_that_cannot_be_read_come_back_only_by_being_left_out(changed) -> None:
    with changed.transaction() as connection:
        connection.execute(
            text('UPDATE "ClassClassifier" SET classifier = \'{"like": [1]}\' WHERE id = 2')
        )
    ((item, reason),) = preview_restoration(Acting(changed), Kind.CLASS, 1).faulty
    assert (item.id, "like" in reason) == (2, True)
    with pytest.raises(Refused, match="1 rule of version 1 can't be read"):
        restore(Acting(changed, EXPERT), Kind.CLASS, 1)
    restore(Acting(changed, EXPERT), Kind.CLASS, 1, without_faulty=True)
    assert {each.id for each in configuration.current(Acting(changed)).class_classifiers} == {1, 3}


def test_that_permissions_are_not_restored_to_a_state_that_locks_out(database) -> None:
    configure(database)
    with database.transaction() as connection:
        connection.execute(text("UPDATE \"Permission\" SET routes = '[]' WHERE id = 1"))
        new = {"egroup": "admins", "routes": ["/permissions"]}
        model.add_item(connection, Kind.PERMISSION, new, "x@example.org")
    admin = type(EXPERT)("admin@example.org", frozenset({"admins"}))
    with pytest.raises(Refused, match="Nobody could change permissions"):
        restore(Acting(database, admin), Kind.PERMISSION, 1)


def test_that_the_version_in_force_when_an_event_was_written_is_found(changed) -> None:
    pull.apply(Acting(changed), a_run(390001, 10))
    add_item(
        Acting(changed, EXPERT),
        Kind.CLASS,
        {"class": "X", "classifier": True, "priority": 1, "enabled": True},
    )
    with changed.read() as connection:
        version = connection.execute(text('SELECT max(atomic_version) FROM "Version"')).scalar_one()
    found = configuration_versions.in_force_at_event(Acting(changed), version)
    lists = {each.kind: each for each in found.lists}
    assert lists[Kind.CLASS].version.settings_id == 3
    assert lists[Kind.CLASS].sure
    assert lists[Kind.COMPONENT].version.settings_id == 1
    with pytest.raises(NotFound):
        configuration_versions.in_force_at_event(Acting(changed), version + 1)


def test_that_the_rows_of_the_web_service_read_as_its_story_went(
    database: Database, shared_data: Path
) -> None:
    """Added, edited with priority and switch, taken out; a dataset accepted, a rule added."""
    folder = shared_data / "conformance" / "tables_final"
    tables = {
        path.name.removesuffix(".json.xz"): json.loads(lzma.decompress(path.read_bytes()))
        for path in folder.glob("*.json.xz")
    }
    known = {table.name for table in model.CONFIGURATION_TABLES}
    with database.transaction() as connection:
        model.import_tables(connection, {n: rows for n, rows in tables.items() if n in known})
    history = versions(Acting(database), Kind.CLASS)
    assert [
        (each.settings_id, each.added, each.removed, each.edited) for each in history.versions[1:]
    ] == [
        (2, (4,), (), ()),
        (3, (), (), ((4, 5),)),
        (4, (), (5,), ()),
    ]
    assert {each.by for each in history.versions[1:]} == {"dcexpert@cern.ch"}
    (edited,) = history.difference(2, 3).edited
    assert [(each.name, each.before, each.after) for each in edited.fields] == [
        ("priority", 9, 8),
        ("enabled", True, False),
    ]
    assert history.versions[3].same_as == 1
    (accepted,) = versions(Acting(database), Kind.DATASETS_ACCEPTED).versions[1:]
    assert (accepted.settings_id, accepted.added) == (5, (6,))
    assert versions(Acting(database), Kind.JSON_RULE).versions[-1].settings_id == 6

    # What we write goes on where the web service would.
    made = edit_item(Acting(database, EXPERT), Kind.DATASETS_ACCEPTED, 6, {"run_to": 3})
    with database.read() as connection:
        newest = (
            connection.execute(text('SELECT * FROM "Settings" ORDER BY id DESC LIMIT 1'))
            .mappings()
            .one()
        )
        row = (
            connection.execute(
                text('SELECT * FROM "DatasetsAccepted" WHERE id = :id'), {"id": made}
            )
            .mappings()
            .one()
        )
        entries = connection.execute(
            text(
                'SELECT array_agg(id ORDER BY id) FROM "DatasetsAcceptedEntries"'
                ' WHERE "DAL_id" = :list'
            ),
            {"list": newest["DAL_id"]},
        ).scalar_one()
    assert (newest["id"], newest["metadata"]) == (7, {"by": EXPERT.email})
    assert newest["DAL_id"] == 3
    assert entries == [1, 2, 3, 4, 5, made]
    assert (row["name"], row["run_from"], row["run_to"], row["regexp"]) == (
        "/PromptReco/Z/DQM",
        1,
        3,
        "z",
    )


def test_that_every_version_of_the_real_configuration_is_there(
    database: Database, shared_data: Path
) -> None:
    configuration.import_folder(Acting(database, EXPERT), shared_data / "data" / "configuration")
    counts = {kind: len(versions(Acting(database), kind).versions) for kind in Kind}
    assert counts == {
        Kind.CLASS: 67,
        Kind.COMPONENT: 320,
        Kind.DATASET: 47,
        Kind.OFFLINE_DATASET: 20,
        Kind.JSON_RULE: 389,
        Kind.DATASETS_ACCEPTED: 1,
        Kind.PERMISSION: 1,
    }
    components = versions(Acting(database), Kind.COMPONENT)
    first, last = components.versions[0], components.versions[-1]
    found = components.difference(first.settings_id, last.settings_id)
    gone = {each.id for each in found.removed} | {each.before.id for each in found.edited}
    come = {each.id for each in found.added} | {each.after.id for each in found.edited}
    assert gone <= first.items - last.items
    assert come <= last.items - first.items
    made = restore(Acting(database, EXPERT), Kind.COMPONENT, first.settings_id)
    assert versions(Acting(database), Kind.COMPONENT).at(made).items == first.items
