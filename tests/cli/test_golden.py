import json
from contextlib import suppress

import pytest

from app.services.configuration.in_force import shipped_rule
from tests.cli.conftest import FIRST, PERSON, SECOND
from tests.conftest import small_disk

PATTERN = "/PromptReco/Collisions2025_/DQM"
NAME = "/PromptReco/Collisions2025A/DQM"


@pytest.fixture
def signed_off(run_registry, server, registry_template):
    """`run_registry` where both runs are signed off."""

    def fill(db):
        dsn = server.dsn(db.dsn_without_password.rsplit("/", 1)[1])
        for number in (FIRST, SECOND):
            assert run_registry("--dsn", dsn, "runs", "move", number, "SIGNOFF").code == 0

    made = server.template("signed_off_by_commands", fill, registry_template)
    with server.copy(made) as dsn:
        yield lambda *words: run_registry("--dsn", dsn, *words)


@pytest.fixture
def rule(tmp_path):
    file = tmp_path / "rule.json"
    file.write_text('{"==": [{"var": "lumisection.oms.dt0_ready"}, true]}', encoding="utf-8")
    return file


def test_that_a_rule_of_a_file_gives_a_list_in_a_file(signed_off, rule, tmp_path):
    out = tmp_path / "golden.json"

    made = signed_off(
        "golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", out,
        "--tags", "first try", "--json",
    )  # fmt: skip

    assert made.code == 0, made.err
    expected = {str(FIRST): [[1, 20]], str(SECOND): [[1, 7], [12, 20]]}
    assert json.loads(out.read_text(encoding="utf-8")) == expected
    document = made.document
    assert (document["runs"], document["lumisections"], document["lumisections_lost"]) == (2, 36, 4)
    shown = signed_off("golden", "show", document["id"], "--json").document
    assert shown["generated_json"] == expected
    assert shown["generated_anti_json_with_dataset_names"] == {f"{SECOND}-{NAME}": [[8, 11]]}
    assert (shown["tags"], shown["created_by"], shown["official"]) == ("first try", PERSON, False)
    listed = signed_off("golden", "list", "--words", "first", "--mine", "--json").document
    assert [each["id"] for each in listed["golden_jsons"]] == [document["id"]]
    assert signed_off("golden", "list", "--official").out == "No golden JSON.\n"


@pytest.mark.parametrize("name", ["golden", "muon", "dcs-only"])
def test_that_a_shipped_rule_is_named(signed_off, tmp_path, name):
    out = tmp_path / "golden.json"
    made = signed_off("golden", "generate", "--datasets", PATTERN, "--rule", name, "--out", out)
    assert made.code == 0, made.err
    assert signed_off("golden", "show", 1, "--json").document["json_logic"] == shipped_rule(name)


def test_that_a_list_is_written_in_every_form(signed_off, rule, tmp_path):
    signed_off(
        "golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", tmp_path / "a.json"
    )

    shown = signed_off("golden", "show", 1, "--form", "anti")
    assert shown.out == f'{{"{SECOND}": [[8, 11]]}}\n'
    out = tmp_path / "names.json"
    signed_off("golden", "show", 1, "--form", "with-dataset-names", "--out", out)
    assert json.loads(out.read_text(encoding="utf-8"))[f"{FIRST}-{NAME}"] == [[1, 20]]
    text = signed_off("golden", "show", 1).out
    assert "where this failed" in text
    assert '{"==":[{"var":"lumisection.oms.dt0_ready"},true]}' in text


def test_that_a_list_can_be_made_again_as_of_its_version(signed_off, rule, tmp_path):
    def generate(out, *words):
        made = signed_off(
            "golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", out,
            "--json", *words,
        )  # fmt: skip
        assert made.code == 0, made.err
        return made.document["version"]

    before = generate(tmp_path / "before.json")
    edited = signed_off(
        "lumisections", "edit-oms", FIRST, "--dataset", NAME, "--bit", "dt0_ready",
        "--ls", "2-3", "--value", "false", "--comment", "looked at the plots",
    )  # fmt: skip
    assert edited.code == 0, edited.err
    generate(tmp_path / "after.json")
    generate(tmp_path / "again.json", "--as-of", before)

    text = (tmp_path / "before.json").read_text(encoding="utf-8")
    assert (tmp_path / "after.json").read_text(encoding="utf-8") != text
    assert (tmp_path / "again.json").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["lumisection.rr.dt-dtt", "dataset.dt-dt", "dt-dt"])
def test_that_a_variable_nobody_has_takes_insisting(signed_off, tmp_path, name):
    rule, out = tmp_path / "rule.json", tmp_path / "a.json"
    rule.write_text(json.dumps({"==": [{"var": name}, "GOOD"]}), encoding="utf-8")
    out.write_text('{"390001": [[1, 20]]}')
    words = ("golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", out)

    refused = signed_off(*words)
    assert refused.code == 1
    assert f'"{name}" (did you mean "lumisection.rr.dt-dt"' in refused.err
    assert "once more with --insist" in refused.err
    assert out.read_text() == '{"390001": [[1, 20]]}'
    assert signed_off("golden", "list").out == "No golden JSON.\n"

    made = signed_off(*words, "--insist", "--json")
    assert made.code == 0
    assert name in made.document["warnings"][0]
    assert out.read_text() == "{}"


def test_that_a_file_that_is_no_list_is_replaced_only_by_force(signed_off, rule, tmp_path):
    def generate(out, *words):
        made = ("golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", out)
        return signed_off(*made, *words)

    precious = tmp_path / "rule-of-mine.json"
    precious.write_text('{"and": [1]}')
    refused = generate(precious)
    assert (refused.code, "--force" in refused.err) == (1, True)
    assert precious.read_text() == '{"and": [1]}'
    assert signed_off("golden", "list").out == "No golden JSON.\n"
    assert generate(precious, "--force").code == 0
    assert generate(precious).code == 0

    (number,) = {each["id"] for each in _lists(signed_off)[-1:]}
    for form in ("golden", "with-dataset-names", "anti", "brilcalc", "runs", "csv"):
        out = tmp_path / f"{form}.txt"
        words = ("golden", "export", number, "--form", form, "--out", out)
        for _ in range(2):
            assert signed_off(*words).code == 0, form
        out.write_text("To whom it may concern")
        assert signed_off(*words).code == 1, form
        assert out.read_text() == "To whom it may concern"
        assert signed_off(*words, "--force").code == 0, form
    kept = tmp_path / "kept.json"
    assert signed_off("golden", "export", number, "--out", kept, "--provenance").code == 0
    kept.write_text("half a li")
    assert signed_off("golden", "export", number, "--out", kept).code == 0


def test_that_tables_are_replaced_by_tables_only(signed_off, rule, tmp_path):
    for number, words in enumerate(
        (
            ("golden", "losses", "--datasets", PATTERN, "--csv"),
            ("datasets", "export-csv", "--run", FIRST, "--out"),
            ("todo", "--out"),
            ("log", "--export"),
        )
    ):
        out = tmp_path / f"{number}.csv"
        for _ in range(2):
            ran = signed_off(*words, out)
            assert ran.code == 0, ran.err
        out.write_text("run,what\n1,mine\n")
        refused = signed_off(*words, out)
        assert (refused.code, "--force" in refused.err) == (1, True), words
        assert out.read_text() == "run,what\n1,mine\n"
        assert signed_off(*words, out, "--force").code == 0


def _lists(registry):
    return registry("golden", "list", "--json").document["golden_jsons"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "isn't JSON"),
        ('{"nosuch": [1]}', "nosuch"),
    ],
)
def test_that_a_rule_that_can_t_be_used_is_refused_before_anything_is_made(
    signed_off, tmp_path, content, reason
):
    rule, out = tmp_path / "rule.json", tmp_path / "golden.json"
    rule.write_text(content, encoding="utf-8")

    refused = signed_off("golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", out)

    assert (refused.code, reason in refused.err) == (1, True), refused.err
    assert not out.exists()
    assert signed_off("golden", "list", "--json").document == {"golden_jsons": []}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--rule", "nosuch"), "shipped are"),
        (("--rule", "no/such.json"), "no such file"),
        (("--datasets", "/Nothing/%"), 'No dataset name matches "/Nothing/%"'),
        (("--datasets", "/Prompt(Reco/%"), "is not a pattern"),
        (("--out", "/nowhere/golden.json"), "no folder /nowhere"),
    ],
)
def test_that_wrong_names_are_refused(signed_off, rule, tmp_path, words, reason):
    given = {"--datasets": PATTERN, "--rule": rule, "--out": tmp_path / "golden.json"}
    given.update([words])
    refused = signed_off("golden", "generate", *(word for pair in given.items() for word in pair))
    assert (refused.code, reason in refused.err) == (1, True), refused.err


def test_that_only_experts_mark_a_list_as_official(signed_off, rule, tmp_path, monkeypatch):
    words = ("golden", "generate", "--datasets", PATTERN, "--rule", rule)
    made = signed_off(*words, "--out", tmp_path / "a.json", "--official")
    assert made.code == 0
    monkeypatch.setenv("RUN_REGISTRY_EGROUPS", "none")
    assert signed_off(*words, "--out", tmp_path / "b.json", "--official").code == 1
    assert not (tmp_path / "b.json").exists()


def test_that_official_lists_are_published_and_told_of(signed_off, rule, tmp_path):
    for _ in range(2):
        made = signed_off(
            "golden", "generate", "--datasets", PATTERN, "--rule", rule,
            "--out", tmp_path / "a.json", "--official",
        )  # fmt: skip
        assert made.code == 0, made.err
    assert signed_off("golden", "published").out == "Nothing was published.\n"
    to = ("--to", tmp_path)
    done = signed_off("golden", "publish", 1, *to)
    assert done.code == 0, done.err
    name = f"Cert_Collisions2025_{FIRST}_{SECOND}_Golden"
    assert done.out == f"Published {name}: wrote 8 files in {tmp_path}.\n"
    refused = signed_off("golden", "publish", 2, *to)
    assert (refused.code, "Say why." in refused.err) == (1, True)
    done = signed_off("golden", "publish", 2, *to, "--why", "made again", "--json").document
    assert done["published"][0]["name"] == f"{name}_v2"
    assert (tmp_path / "Collisions2025" / f"{name}_v2.json").exists()
    told = signed_off("golden", "published", "--era", "Collisions2025", "--json").document
    assert [(each["version"], each["superseded_by"]) for each in told["published"]] == [
        (2, None),
        (1, 2),
    ]
    table = signed_off("golden", "published").out
    assert f"{name}_v2" in table
    assert "made again" in table


def test_that_a_list_that_is_stored_is_told_of_where_its_file_cannot_be_written(signed_off, rule):
    with small_disk("64k") as disk:
        with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(512))
        made = signed_off(
            "golden", "generate", "--datasets", PATTERN, "--rule", rule, "--out", disk / "a.json"
        )
        assert made.code == 1
        said = made.err.splitlines()[-1]
        assert "Golden JSON 1: 2 runs" in said
        assert "It is stored, but" in said
        assert "disk is full" in said
        assert said.endswith("golden export 1 writes it then.")
        assert [each.name for each in disk.iterdir()] == ["ballast"]
    assert signed_off("golden", "list").out.splitlines()[-1].split()[0] == "1"
