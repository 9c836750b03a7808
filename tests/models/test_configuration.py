"""The versioned configuration: read, written in new versions, imported and exported."""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.domain.configuration.in_force import Kind
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.json_value import JsonObject
from app.models import configuration
from app.models.configuration import reading
from app.models.database.engine import Database

Tables = dict[str, list[JsonObject]]


@pytest.fixture(scope="session")
def real_tables(shared_data: Path) -> Tables:
    """The configuration tables of the production database, as they were dumped."""
    folder = shared_data / "data" / "configuration"
    return {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}


@pytest.fixture
def small_tables() -> Tables:
    """One workspace with one column, one classifier for it, one class, in one version."""
    return {
        "Workspace": [{"id": 3, "workspace": "dt", "online_or_offline": "online"}],
        "WorkspaceColumn": [{"id": 7, "id_workspace": 3, "name": "dt"}],
        "ClassClassifier": [_class_row(5, "Cosmics25", 1)],
        "ClassClassifierList": [{"id": 2}],
        "ClassClassifierEntries": [{"id": 5, "CCL_id": 2}],
        "ComponentClassifier": [
            {
                "id": 9,
                "component": 7,
                "status": "GOOD",
                "classifier": {"if": [{"var": "dt_included"}, True, False]},
                "priority": 1,
                "enabled": True,
            }
        ],
        "ComponentClassifierList": [{"id": 4}],
        "ComponentClassifierEntries": [{"id": 9, "CPCL_id": 4}],
        "DatasetClassifierList": [{"id": 1}],
        "Settings": [
            {
                "id": 8,
                "metadata": {"by": "someone@example.org"},
                "CCL_id": 2,
                "CPCL_id": 4,
                "DCL_id": 1,
                "DAL_id": 6,
                "JCL_id": 1,
                "ODCL_id": 1,
                "PL_id": 1,
            }
        ],
    }


def _class_row(id_: int, class_: str, priority: int) -> JsonObject:
    return {
        "id": id_,
        "class": class_,
        "classifier": {"if": [{"var": "run_number"}, True, False]},
        "priority": priority,
        "enabled": True,
    }


def _import(database: Database, tables: Mapping[str, list[JsonObject]]) -> None:
    with database.transaction() as connection:
        configuration.import_tables(connection, tables)


def test_that_the_real_configuration_is_imported_whole(
    database: Database, real_tables: Tables
) -> None:
    with database.transaction() as connection:
        report = configuration.import_tables(connection, real_tables)
    assert report.ignored == ("Cycle", "CycleDataset", "Dataset", "DatasetEvent", "Version")
    assert set(report.made_lists) == {"DatasetsAcceptedList"}
    assert report.written["Settings"] == 912
    with database.read() as connection:
        loaded = configuration.load(connection)
    assert configuration_in_force(database) == loaded.settings_id == 912
    assert [each.class_ for each in loaded.class_classifiers] == [
        "Collisions22",
        "Collisions22Special",
        "Cosmics22",
        "Commissioning22",
    ]
    assert len(loaded.online_components) + len(loaded.offline_components) == 202
    assert loaded.datasets_accepted == ()
    assert len(loaded.permissions.rows) == 40
    # Four name operators that don't exist, three are empty and would call everything good.
    assert [problem.split(" (")[0] for problem in loaded.problems] == [
        f"JsonClassifier {id_}" for id_ in (125, 126, 128, 138, 193, 194, 344)
    ]


def configuration_in_force(database: Database) -> int:
    with database.read() as connection:
        return configuration.settings_in_force(connection)


def test_that_an_export_gives_back_what_was_imported(
    database: Database, real_tables: Tables
) -> None:
    _import(database, real_tables)
    with database.read() as connection:
        exported = configuration.export_tables(connection)
    made = exported.pop("DatasetsAcceptedList")
    assert [row["id"] for row in made] == sorted({row["DAL_id"] for row in real_tables["Settings"]})
    assert exported.pop("DatasetsAccepted") == exported.pop("DatasetsAcceptedEntries") == []
    assert set(exported) < set(real_tables)
    for name, rows in exported.items():
        assert _comparable(rows) == _comparable(real_tables[name]), name


def _comparable(rows: list[JsonObject]) -> list[str]:
    """Rows without their order, times in one zone, a missing name as an empty one."""
    return sorted(
        json.dumps(
            {
                name: datetime.fromisoformat(str(value)).astimezone(UTC).isoformat()
                if name in {"createdAt", "updatedAt"}
                else (value or "" if name == "name" else value)
                for name, value in row.items()
            },
            sort_keys=True,
        )
        for row in rows
    )


def test_that_importing_the_same_tables_again_changes_nothing(
    database: Database, real_tables: Tables
) -> None:
    _import(database, real_tables)
    with database.transaction() as connection:
        report = configuration.import_tables(connection, real_tables)
    assert report.written == {}


def test_that_new_items_get_ids_after_the_imported_ones(
    database: Database, small_tables: Tables
) -> None:
    _import(database, small_tables)
    with database.transaction() as connection:
        new = configuration.add_item(
            connection, Kind.CLASS, _new_class("Collisions25"), "a@example.org"
        )
    assert new == 6
    assert configuration_in_force(database) == 9


def _new_class(class_: str) -> JsonObject:
    row = _class_row(0, class_, 2)
    del row["id"]
    return row


def test_that_an_import_that_goes_on_from_what_is_there_is_added(
    database: Database, small_tables: Tables
) -> None:
    _import(database, small_tables)
    later = dict(small_tables)
    later["ClassClassifier"] = [*small_tables["ClassClassifier"], _class_row(6, "Collisions25", 2)]
    later["ClassClassifierList"] = [{"id": 2}, {"id": 3}]
    later["ClassClassifierEntries"] = [
        *small_tables["ClassClassifierEntries"],
        {"id": 5, "CCL_id": 3},
        {"id": 6, "CCL_id": 3},
    ]
    later["Settings"] = [
        *small_tables["Settings"],
        {**small_tables["Settings"][0], "id": 10, "CCL_id": 3},
    ]
    _import(database, later)
    with database.read() as connection:
        assert [each.id for each in configuration.load(connection).class_classifiers] == [5, 6]
        assert [each.id for each in configuration.load(connection, 8).class_classifiers] == [5]


@pytest.mark.parametrize(
    ("table", "rows", "said"),
    [
        ("ClassClassifier", [_class_row(5, "Special25", 1)], "ClassClassifier has another content"),
        ("ClassClassifier", [], "ClassClassifier isn't among"),
        (
            "ClassClassifierEntries",
            [{"id": 5, "CCL_id": 2}, {"id": 6, "CCL_id": 2}],
            "ClassClassifierList 2 already",
        ),
    ],
)
def test_that_an_import_never_mixes_with_another_configuration(
    database: Database, small_tables: Tables, table: str, rows: list[JsonObject], said: str
) -> None:
    _import(database, small_tables)
    others = {
        **small_tables,
        "ClassClassifier": [*small_tables["ClassClassifier"], _class_row(6, "New25", 1)],
        "DatasetClassifierList": [{"id": 1}, {"id": 99}],
    }
    with pytest.raises(Conflict, match=said):
        _import(database, {**others, table: rows})
    with database.read() as connection:
        exported = configuration.export_tables(connection)
    assert [row["id"] for row in exported["ClassClassifier"]] == [5]
    assert {"id": 99} not in exported["DatasetClassifierList"]


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        (
            "ComponentClassifier",
            {"component": 70},
            r"ComponentClassifier, row 9: .* refers to WorkspaceColumn 70",
        ),
        ("ClassClassifierEntries", {"id": 50}, r"Entries, row id 50, CCL_id 2: .*Classifier 50"),
        ("ClassClassifier", {"priority": "1"}, r"row 5: \"priority\" is '1', not a whole number"),
        ("ClassClassifier", {"classifier": None}, 'row 5: "classifier" is missing'),
        ("ClassClassifier", {"colour": 1}, 'no column "colour"'),
        ("Workspace", {"createdAt": "yesterday"}, "not a date and time"),
        ("ClassClassifier", {"class": "nul\0"}, "ClassClassifier: "),
    ],
)
def test_that_a_faulty_row_is_named_and_nothing_is_written(
    database: Database, small_tables: Tables, table: str, change: JsonObject, said: str
) -> None:
    small_tables[table][0].update(change)
    with pytest.raises(BadInput, match=said):
        _import(database, small_tables)
    with database.read() as connection:
        assert configuration.is_untouched(connection)


def test_that_a_version_that_is_not_there_is_refused(database: Database) -> None:
    with database.read() as connection, pytest.raises(NotFound, match="no version 77"):
        configuration.load(connection, 77)


def test_that_an_edit_keeps_the_old_item_in_the_old_version(
    database: Database, small_tables: Tables
) -> None:
    _import(database, small_tables)
    with database.transaction() as connection:
        edited = configuration.edit_item(
            connection, Kind.CLASS, 5, {"priority": 3}, "editor@example.org"
        )
    with database.read() as connection:
        now, before = configuration.load(connection), configuration.load(connection, 8)
        (row,) = configuration.items_in_force(connection, Kind.CLASS)
    assert [(each.id, each.priority) for each in now.class_classifiers] == [(edited, 3)]
    assert [(each.id, each.priority) for each in before.class_classifiers] == [(5, 1)]
    assert row["updated_by"] == "editor@example.org"
    assert now.online_components == before.online_components
    with database.read() as connection:
        metadata = connection.execute(
            sa.text('SELECT metadata FROM "Settings" ORDER BY id DESC LIMIT 1')
        ).scalar_one()
    assert metadata == {"by": "editor@example.org"}


def test_that_a_deleted_item_is_out_of_force_but_not_gone(
    database: Database, small_tables: Tables
) -> None:
    _import(database, small_tables)
    with database.transaction() as connection:
        configuration.delete_item(connection, Kind.CLASS, 5, "editor@example.org")
    with database.read() as connection:
        assert configuration.load(connection).class_classifiers == ()
        assert len(configuration.load(connection, 8).class_classifiers) == 1


def test_that_editing_what_is_no_longer_in_force_is_refused(
    database: Database, small_tables: Tables
) -> None:
    _import(database, small_tables)
    with database.transaction() as connection:
        configuration.edit_item(connection, Kind.CLASS, 5, {"priority": 3}, "one@example.org")
    for action in (
        lambda c: configuration.edit_item(c, Kind.CLASS, 5, {"priority": 4}, "two@example.org"),
        lambda c: configuration.delete_item(c, Kind.CLASS, 5, "two@example.org"),
    ):
        with (
            pytest.raises(Conflict, match="was changed meanwhile"),
            database.transaction() as connection,
        ):
            action(connection)
    with pytest.raises(NotFound), database.transaction() as connection:
        configuration.edit_item(connection, Kind.CLASS, 500, {"priority": 4}, "two@example.org")


def test_that_of_two_editors_of_one_item_the_second_is_told(
    database: Database, small_tables: Tables
) -> None:
    _import(database, small_tables)
    at_once = threading.Barrier(2)
    outcomes: list[str] = []

    def edit(priority: int) -> None:
        at_once.wait()
        try:
            with database.transaction() as connection:
                configuration.edit_item(
                    connection, Kind.CLASS, 5, {"priority": priority}, "x@example.org"
                )
            outcomes.append("edited")
        except Conflict:
            outcomes.append("told")

    _together(lambda: edit(3), lambda: edit(4))
    assert sorted(outcomes) == ["edited", "told"]
    with database.read() as connection:
        assert len(configuration.load(connection).class_classifiers) == 1


def test_that_two_editors_of_different_items_both_win(
    database: Database, small_tables: Tables
) -> None:
    _import(database, small_tables)
    at_once = threading.Barrier(2)

    def add(class_: str) -> None:
        at_once.wait()
        with database.transaction() as connection:
            configuration.add_item(connection, Kind.CLASS, _new_class(class_), "x@example.org")

    _together(lambda: add("A25"), lambda: add("B25"))
    with database.read() as connection:
        classes = {each.class_ for each in configuration.load(connection).class_classifiers}
    assert classes == {"Cosmics25", "A25", "B25"}


def _together(*actions: object) -> None:
    threads = [threading.Thread(target=action) for action in actions]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_that_a_classifier_with_a_faulty_rule_is_left_out_and_reported(
    database: Database, small_tables: Tables
) -> None:
    for id_, rule in ((6, {"if": [{"like": [1, 2]}, True, False]}), (7, {}), (8, "true")):
        small_tables["ClassClassifier"].append({**_class_row(id_, "Bad25", 9), "classifier": rule})
        small_tables["ClassClassifierEntries"].append({"id": id_, "CCL_id": 2})
    _import(database, small_tables)
    with database.read() as connection:
        loaded = configuration.load(connection)
    assert [each.id for each in loaded.class_classifiers] == [5]
    assert [problem[:28] for problem in loaded.problems] == [
        "ClassClassifier 6 (Bad25) is",
        "ClassClassifier 7 (Bad25) is",
        "ClassClassifier 8 (Bad25) is",
    ]
    assert 'argument 1 of "if"' in loaded.problems[0].lower()


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2021-08-13 09:16:51.483000+02:00", "2021-08-13T07:16:51.483000+00:00"),
        ("2021-08-13T09:16:51", "2021-08-13T09:16:51+00:00"),
        ("2021-W32-5T09:16+01:00", "2021-08-13T08:16:00+00:00"),
    ],
)
def test_that_times_of_an_import_are_converted(
    database: Database, small_tables: Tables, given: str, stored: str
) -> None:
    small_tables["Settings"][0]["createdAt"] = given
    _import(database, small_tables)
    with database.read() as connection:
        found = connection.execute(sa.text('SELECT "createdAt" FROM "Settings" WHERE id = 8'))
        assert found.scalar_one().isoformat() == stored


def test_that_a_time_outside_of_all_time_is_refused(
    database: Database, small_tables: Tables
) -> None:
    small_tables["Settings"][0]["createdAt"] = "0001-01-01T00:00:00+02:00"
    with pytest.raises(BadInput, match="before or after all time"):
        _import(database, small_tables)


def test_that_what_somebody_else_wrote_never_stops_the_reading_of_the_configuration(
    database: Database, small_tables: Tables
) -> None:
    deep = f"{'[' * 3000}{']' * 3000}"
    huge = f'{{"==": [{{"var": "a"}}, {"9" * 5000}]}}'
    small_tables["ClassClassifier"] += [_class_row(6, "Deep25", 9), _class_row(7, "Huge25", 9)]
    small_tables["ClassClassifierEntries"] += [{"id": id_, "CCL_id": 2} for id_ in (6, 7)]
    small_tables["DatasetsAccepted"] = [
        {
            "id": 1,
            "name": "/A/B/DQM",
            "regexp": "(?=x)\n(a+)+$",
            "class": "Collisions25",
            "run_from": 1,
            "run_to": 400000,
            "enabled": True,
        }
    ]
    small_tables["DatasetsAcceptedList"] = [{"id": 6}]
    small_tables["DatasetsAcceptedEntries"] = [{"id": 1, "DAL_id": 6}]
    routes = ["a{99999999999}", f"{'(' * 1500}a{')' * 1500}", "/fine"]
    small_tables["Permission"] = [{"id": 1, "egroup": "a", "routes": routes}]
    small_tables["PermissionList"] = [{"id": 1}]
    small_tables["PermissionEntries"] = [{"id": 1, "PL_id": 1}]
    _import(database, small_tables)
    with database.transaction() as connection:
        for id_, rule in ((6, deep), (7, huge)):
            connection.execute(
                sa.text(
                    'UPDATE "ClassClassifier" SET classifier = CAST(:rule AS jsonb) WHERE id = :id'
                ),
                {"rule": rule, "id": id_},
            )
    with database.read() as connection:
        loaded = configuration.in_force(connection)
    assert loaded.permissions.egroups_for("/fine") == ("a",)
    assert [problem[:40] for problem in loaded.problems] == [
        "ClassClassifier 6 (Deep25) is left out. ",
        "ClassClassifier 7 (Huge25) is left out. ",
        "Dataset accepted 1 (/A/B/DQM): (?=x) can",
        'Permission of a: the route "a{9999999999',
        'Permission of a: the route "((((((((((((',
    ]
    assert [each.id for each in loaded.class_classifiers] == [5]


def test_that_the_configuration_in_force_is_read_once_and_again_after_an_edit(
    database: Database, small_tables: Tables
) -> None:
    _import(database, small_tables)
    with database.read() as connection:
        first = configuration.in_force(connection)
        assert configuration.in_force(connection) is first
    with database.transaction() as connection:
        configuration.edit_item(connection, Kind.CLASS, 5, {"priority": 3}, "x@example.org")
        assert configuration.in_force(connection).class_classifiers[0].priority == 3
    with database.read() as connection:
        again = configuration.in_force(connection)
    assert again.settings_id > first.settings_id
    assert again.online_components[0].rule is first.online_components[0].rule


def test_that_columns_and_rights_are_read_without_rules_and_are_those_of_the_configuration(
    database: Database, small_tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    _import(database, small_tables)
    with monkeypatch.context() as meanwhile, database.read() as connection:
        meanwhile.setattr(reading, "parse_stored", lambda _: pytest.fail("a rule was read"))
        read = configuration.columns_and_rights(connection)
        assert configuration.columns_and_rights(connection) is read
    assert (read.online_columns, read.settings_id) == (("dt-dt",), 8)
    with database.transaction() as connection:
        whole = configuration.in_force(connection)
        assert whole.permissions is read.permissions
        assert configuration.columns_and_rights(connection) is whole
        configuration.put_column(connection, "dt-new", online=True)
        again = configuration.columns_and_rights(connection)
    assert again.online_columns == ("dt-dt", "dt-new")


def test_that_a_configuration_that_changes_while_it_is_read_is_read_again(
    database: Database, small_tables: Tables
) -> None:
    _import(database, small_tables)
    changed = False

    def change(*_: object) -> None:
        nonlocal changed
        if not changed:
            changed = True
            with database.transaction() as other:
                configuration.edit_item(other, Kind.CLASS, 5, {"priority": 3}, "x@example.org")

    with database.transaction() as connection:
        sa.event.listen(connection, "after_cursor_execute", change)
        read = configuration.in_force(connection)
    assert read.class_classifiers[0].priority == 3
    assert read.settings_id == configuration_in_force(database)


def test_that_component_classifiers_name_their_column(
    database: Database, small_tables: Tables
) -> None:
    _import(database, small_tables)
    with database.transaction() as connection:
        old = configuration.item_in_force(connection, Kind.COMPONENT, 9)
        assert (old["column"], old["online"]) == ("dt-dt", True)
        new = configuration.edit_item(
            connection, Kind.COMPONENT, 9, {"status": "BAD"}, "x@example.org"
        )
        (row,) = configuration.items_in_force(connection, Kind.COMPONENT)
        assert (row["id"], row["column"], row["status"]) == (new, "dt-dt", "BAD")
        with pytest.raises(NotFound, match='No offline workspace has a column "dt-dt"'):
            configuration.edit_item(
                connection, Kind.COMPONENT, new, {"online": False}, "x@example.org"
            )
        loaded = configuration.load(connection)
    assert loaded.online_columns == ("dt-dt",)
    assert loaded.offline_columns == ()
    assert [each.column for each in loaded.online_components] == ["dt-dt"]
