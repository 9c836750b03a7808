import json
import shutil
from contextlib import suppress

from tests.conftest import small_disk


def test_that_what_is_exported_can_be_imported_elsewhere(registry, run_registry, dsn, tmp_path):
    exported = registry("config", "export", tmp_path / "configuration")
    assert exported.code == 0, exported.err
    classes = json.loads((tmp_path / "configuration" / "ClassClassifier.json").read_text("utf-8"))
    assert classes

    imported = run_registry("config", "import", tmp_path / "configuration", "--dsn", dsn, "--json")

    assert imported.code == 0
    assert imported.document["written"]["ClassClassifier"] == len(classes)
    assert imported.document["problems"] == []
    again = run_registry("config", "import", tmp_path / "configuration", "--dsn", dsn)
    assert "Every row was already there." in again.out


def test_that_the_shipped_configuration_gives_way_until_somebody_changes_it(registry, shared_data):
    real = shared_data / "data" / "configuration"
    imported = registry("config", "import", real, "--json")
    assert imported.code == 0
    assert imported.document["replaced_default"] is True
    assert imported.document["settings_id"] > 900
    again = registry("config", "import", real, "--json").document
    assert (again["replaced_default"], again["written"]) == (False, {})


def test_that_another_configuration_isn_t_overwritten(registry, tmp_path):
    registry("config", "export", tmp_path)
    file = tmp_path / "ClassClassifier.json"
    rows = json.loads(file.read_text("utf-8"))
    rows[0]["class"] = "Another"
    file.write_text(json.dumps(rows), encoding="utf-8")
    registry("config", "import", tmp_path)
    registry("config", "export", tmp_path / "now")
    rows[0]["class"] = "Third"
    file.write_text(json.dumps(rows), encoding="utf-8")

    refused = registry("config", "import", tmp_path)

    assert refused.code == 1
    assert "has a configuration already" in refused.err


def test_that_a_folder_that_isn_t_there_is_refused(registry, tmp_path):
    refused = registry("config", "import", tmp_path / "nothing")
    assert (refused.code, str(tmp_path / "nothing") in refused.err) == (1, True)


def test_that_an_export_that_finds_no_room_leaves_the_one_before_as_it_was(registry, tmp_path):
    with small_disk("256k") as disk:
        folder = disk / "exported"
        assert registry("config", "export", folder).code == 0
        before = {each.name: each.read_bytes() for each in folder.iterdir()}
        registry("config", "add-workspace", "another", "--online")
        # There is room for the first of the files, and not for the largest.
        least = len(before["Workspace.json"]) + 8192
        assert least < max(map(len, before.values()))
        with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
            while shutil.disk_usage(disk).free > least:
                ballast.write(bytes(512))
        refused = registry("config", "export", folder)
        assert (refused.code, "disk is full" in refused.err) == (1, True)
        assert {each.name: each.read_bytes() for each in folder.iterdir()} == before
