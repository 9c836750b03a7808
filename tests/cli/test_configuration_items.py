"""`config` on items, versions, trials, workspaces and rights."""

import json

import psycopg

FIRST, SECOND = 390001, 390002


def _ids(registry, kind, **wanted):
    items = registry("config", "list", kind, "--json").document["items"]
    return [
        each["id"] for each in items if all(each[name] == value for name, value in wanted.items())
    ]


def test_that_items_are_listed_shown_added_edited_and_taken_out(registry, tmp_path):
    overview = registry("config", "list", "--json").document["lists"]
    assert {each["kind"] for each in overview} == {
        "class",
        "component",
        "dataset",
        "offline_dataset",
        "json",
        "accepted",
        "permissions",
    }
    rule = tmp_path / "rule.json"
    rule.write_text(json.dumps({"in": ["special", {"var": "hlt_key"}]}))
    added = registry(
        *("config", "add", "class", "--set", "class=Special25", "--set", "priority=2"),
        *("--set", "enabled=yes", "--rule", rule, "--json"),
    )
    assert added.code == 0, added.err
    id_ = added.document["id"]
    shown = registry("config", "show", "class", id_, "--json").document
    assert (shown["class"], shown["priority"], shown["enabled"]) == ("Special25", 2, True)
    assert (shown["classifier"], shown["in_force"]) == (json.loads(rule.read_text()), True)
    edited = registry("config", "edit", "class", id_, "--set", "enabled=no", "--json").document
    assert edited["before"] == id_
    stale = registry("config", "edit", "class", id_, "--set", "priority=3")
    assert (stale.code, "enabled yes → no" in stale.err) == (1, True)
    assert "no longer in force" in registry("config", "show", "class", id_).out
    assert registry("config", "delete", "class", edited["id"]).code == 0
    assert _ids(registry, "class", **{"class": "Special25"}) == []


def test_that_a_faulty_rule_is_refused_with_its_place_and_an_unknown_name_unless_insisted(
    registry, tmp_path
):
    rule = tmp_path / "rule.json"
    words = (
        "config",
        "add",
        "dataset",
        "--set",
        "class=X",
        "--set",
        "enabled=true",
        "--rule",
        rule,
    )
    rule.write_text('{"and": [{"var": "energy"},\n {"like": [1]}]}')
    refused = registry(*words)
    assert (refused.code, "Line 2, column 3" in refused.err) == (1, True)
    rule.write_text('{"var": "energie"}')
    refused = registry(*words)
    assert (refused.code, 'did you mean "energy"' in refused.err) == (1, True)
    assert registry(*words, "--insist").code == 0


def test_that_versions_are_listed_compared_and_restored(registry):
    (id_,) = _ids(registry, "class", **{"class": "Collisions25"})
    start = registry("config", "list", "class", "--json").document["settings_id"]
    registry("config", "edit", "class", id_, "--set", "priority=55")
    history = registry("config", "history", "class", "--json").document["versions"]
    assert (history[0]["by"], len(history[0]["edited"])) == ("shifter@cern.ch", 1)
    difference = registry("config", "diff", "class", start, "--json").document
    ((field,),) = [each["fields"] for each in difference["edited"]]
    assert (field["name"], field["after"]) == ("priority", 55)
    dry = registry("config", "restore", "class", start, "--dry-run")
    assert "priority: 55 → " in dry.out
    restored = registry("config", "restore", "class", start, "--json").document
    assert restored["settings_id"] == history[0]["settings_id"] + 1
    assert _ids(registry, "class", **{"class": "Collisions25"}) == [id_]
    assert "as version" in registry("config", "history", "class").out
    assert registry("config", "diff", "class", start).out.endswith("Both versions are identical.\n")


def test_that_a_change_is_tried_explained_and_applied_to_open_runs(registry, tmp_path):
    rule = tmp_path / "rule.json"
    rule.write_text('{"==": [{"var": "dt0_ready"}, false]}')
    values = [
        *("--set", "column=csc-csc", "--set", "online=true", "--set", "status=BAD"),
        *("--set", "priority=0", "--set", "enabled=true", "--rule", rule),
    ]
    tried = registry("config", "try", "component", *values, "--json")
    assert tried.code == 0, tried.err
    (run,) = tried.document["changed"]
    ((change,),) = [each["changes"] for each in run["columns"]]
    assert (run["run_number"], change["lumisections"], change["after"]) == (SECOND, [8, 11], "BAD")
    said = registry("config", "try", "component", *values, "--runs", f"{FIRST}-{SECOND}").out
    assert "LS 8-11: GOOD → BAD" in said
    assert said.endswith("1 of 2 runs would change.\n")

    registry("config", "add", "component", *values)
    why = registry("config", "why", SECOND, "csc-csc", "--ls", 9, "--json").document
    assert (why["answer"], why["stands"]) == ("BAD", "GOOD")
    assert why["classifiers"][0]["rule"]["values"][0]["value"] is False
    assert "→ Collisions25" in registry("config", "why", SECOND, "class").out

    preview = registry("config", "reclassify", "--json").document
    assert [(each["run_number"], len(each["statuses"])) for each in preview["runs"]] == [
        (SECOND, 1),
        (FIRST, 0),
    ]
    applied = registry("config", "reclassify", "--apply", "--runs", SECOND)
    assert (applied.code, "1 run changed." in applied.out) == (0, True)
    assert (
        registry("config", "why", SECOND, "csc-csc", "--ls", 9, "--json").document["stands"]
        == "BAD"
    )
    at = registry("config", "at", 1, "--json").document
    assert (len(at["lists"]), at["version"]) == (7, 1)


def test_that_workspaces_columns_and_rights_are_there(registry):
    assert registry("config", "add-workspace", "gem9", "--online").code == 0
    assert registry("config", "add-column", "gem9-gem", "--online").code == 0
    assert registry("config", "retire-column", "gem9-gem", "--online").code == 0
    listed = registry("config", "workspaces", "--json").document["workspaces"]
    assert [each for each in listed if each["name"] == "gem9"] == [
        {"name": "gem9", "online": True, "retired": False, "columns": []},
        {"name": "gem9", "online": True, "retired": True, "columns": ["gem9-gem"]},
    ]
    assert registry("config", "retire-workspace", "gem9", "--online").code == 0
    rights = registry(
        "config",
        "rights",
        "--egroup",
        "dt-people",
        "--routes",
        "/dataset_lumisections/dt",
        "--json",
    ).document["rights"]
    assert [(each["action"], each["gained"]) for each in rights] == [("Edit dt-dt", ["dt-people"])]


def test_that_wrong_words_are_told(registry):
    for words in (
        ("list", "nothing"),
        ("edit", "class", 1),
        ("edit", "class", 1, "--set", "priority"),
        ("try", "class", "--delete"),
        ("why", FIRST, "dt-dt"),
        ("rights", "--routes", "x"),
    ):
        assert registry("config", *words).code == 2, words
    for words in (("show", "class", 9999), ("history", "class", "--before", 1)):
        assert registry("config", *words).code in (0, 1)


def test_that_a_rule_nested_beyond_reading_is_listed_shown_and_exported(
    registry, registry_dsn, tmp_path
):
    deep = '{"a":' * 3_000 + "1" + "}" * 3_000
    (id_,) = _ids(registry, "class", **{"class": "Collisions25"})
    with psycopg.connect(registry_dsn) as web:
        web.execute('UPDATE "ClassClassifier" SET classifier = %s WHERE id = %s', [deep, id_])
    for words in (("list", "class"), ("show", "class", id_)):
        for option in ((), ("--json",)):
            shown = registry("config", *words, *option)
            assert shown.code == 0
            assert (deep in shown.out.replace(" ", "")) is (words[0] == "show" or bool(option))
    assert registry("config", "export", tmp_path / "exported").code == 0
    assert deep in (tmp_path / "exported" / "ClassClassifier.json").read_text().replace(" ", "")
