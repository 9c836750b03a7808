import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app import __main__ as entry
from app.cli import commands
from tests.cli.conftest import FIRST


@pytest.mark.parametrize(
    "words",
    [
        ["nosuch"],
        ["runs"],
        ["runs", "list", "--nosuch"],
        ["runs", "show", "one"],
        ["runs", "move", "390001", "SIGNED"],
        ["runs", "list", "--limit", "0"],
        ["runs", "list", "--filter", "class ="],
        ["golden", "generate"],
        ["--dsn", "mysql://nowhere", "runs", "list"],
        ["--as-user", "auto@auto", "runs", "list"],
        ["--headless", "runs", "list"],
        ["--screenshot", "window.png", "runs", "list"],
        ["--headless", "--dsn", "postgresql://localhost/x"],
    ],
)
def test_that_wrong_usage_ends_with_2_and_one_sentence(run_registry, words):
    ended = run_registry(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[-1].startswith("run-registry: ")

    as_json = run_registry(*words, "--json")
    assert as_json.code == 2
    assert as_json.document["kind"] == "usage"
    assert as_json.err == ""


def test_that_a_database_that_can_t_be_reached_is_unavailable(run_registry):
    nowhere = "postgresql://localhost:1/registry"
    ended = run_registry("runs", "list", "--dsn", nowhere)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert (
        run_registry("--json", "--dsn", nowhere, "runs", "list").document["kind"] == "unavailable"
    )


def test_that_the_common_options_stand_before_or_after_the_command(run_registry, dsn):
    for words in (
        ("--json", "--dsn", dsn, "runs", "list"),
        ("runs", "--dsn", dsn, "list", "--json"),
        ("runs", "list", "--json", "--dsn", dsn),
    ):
        listed = run_registry(*words)
        assert (listed.code, listed.document) == (
            0,
            {"count": 0, "exact": True, "uncounted": 0, "runs": []},
        )


def test_that_the_database_of_the_environment_is_used(run_registry, dsn, monkeypatch):
    monkeypatch.setenv("RUN_REGISTRY_DSN", dsn)
    assert run_registry("runs", "list").out == "No run.\n"


def test_that_a_settings_file_that_is_named_and_is_not_there_stops_the_command(
    run_registry, dsn, monkeypatch, tmp_path
):
    gone = tmp_path / "gone.toml"
    refused = run_registry("--dsn", dsn, "--settings", gone, "runs", "list")
    assert (refused.code, refused.out) == (2, "")
    assert str(gone) in refused.err
    there = tmp_path / "there.toml"
    there.write_text(f'dsn = "{dsn}"\n')
    monkeypatch.setenv("RUN_REGISTRY_SETTINGS", str(gone))
    # The command line goes before the environment.
    assert run_registry("--settings", there, "runs", "list").code == 0
    refused = run_registry("runs", "list", "--json")
    assert (refused.code, refused.document["kind"]) == (2, "usage")
    assert "RUN_REGISTRY_SETTINGS" in refused.document["error"]
    assert not gone.exists()


def test_that_every_command_explains_itself(capsys):
    def every(parser, words=()):
        yield words
        for action in parser._actions:
            if isinstance(action.choices, dict):
                for name, below in action.choices.items():
                    yield from every(below, (*words, name))

    found = list(every(commands.parser("1")))
    assert ("golden", "generate") in found
    for words in found:
        with pytest.raises(SystemExit) as ended:
            commands.parse([*words, "--help"], "1")
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith("usage: run-registry")


def test_that_a_bug_ends_with_70_and_a_report_without_passwords(
    run_registry, dsn, monkeypatch, tmp_path
):
    def broken(*_):
        raise ZeroDivisionError("one too many")

    monkeypatch.setattr("app.services.certification.tables.runs_page", broken)
    secret = dsn.split(":")[2].split("@")[0]

    ended = run_registry("runs", "list", "--dsn", dsn)

    assert ended.code == 70
    assert "ZeroDivisionError: one too many" in ended.err
    assert "Traceback" not in ended.err
    (report,) = tmp_path.rglob("bug-*.txt")
    assert str(report) in ended.err
    text = report.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert secret not in text
    assert run_registry("runs", "list", "--dsn", dsn, "--json").document["kind"] == "bug"


def test_that_ctrl_c_ends_with_130(run_registry, dsn, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("app.services.certification.tables.runs_page", interrupted)
    ended = run_registry("runs", "list", "--dsn", dsn)
    assert (ended.code, ended.err) == (entry.INTERRUPTED, "run-registry: stopped.\n")


def test_that_the_program_runs_as_a_process_and_stops_its_own_server(server_folder):
    folder = server_folder
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "RUN_REGISTRY_DATA_FOLDER": str(folder / "data"),
    }

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "app", *words],
            env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert run("--version").stdout.startswith("run-registry ")
    listed = run("runs", "list")
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "No run.\n", "")
    assert not list((folder / "data" / "clients").iterdir())
    assert not (folder / "data" / "cluster" / "postmaster.pid").exists()
    checked = run("db", "check")
    assert "schema desk    usable" in checked.stdout
    assert "schema record  usable" in checked.stdout
    assert "0 faulty rules" in checked.stdout


def words_of(parser, words=()):
    """Every command with its parser."""
    below = [a.choices for a in parser._actions if isinstance(a.choices, dict)]
    if not below:
        yield " ".join(words), parser
    for choices in below:
        for name, part in choices.items():
            yield from words_of(part, (*words, name))


MANUAL = Path(__file__).parents[2] / "docs" / "command-line.md"
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def manual_of(words):
    """What the manual writes of a command, short words for groups of options written out."""
    lines = MANUAL.read_text("utf-8").splitlines()
    groups = dict(re.findall(r"^\| `([A-Z]+)` \| (.*) \|$", "\n".join(lines), re.MULTILINE))
    rows = [line for line in lines if re.match(rf"\| `{re.escape(words)}[ `]", line)]
    text = "\n".join(rows)
    for name, options in groups.items():
        text = re.sub(rf"\b{name}\b", lambda _, of=options: of, text)
    return text


def options_of(parser):
    return {
        max(action.option_strings, key=len)
        for action in parser._actions
        if action.option_strings and "--help" not in action.option_strings
    }


def test_that_the_manual_names_every_command_with_every_option():
    every = dict(words_of(commands.parser("1")))
    common = options_of(commands.common_options())
    missing, unknown = [], []
    for words, parser in every.items():
        text = manual_of(words)
        written = set(OPTION.findall(text))
        own = options_of(parser) - common
        missing += [words] if not text else []
        missing += [f"{words} {option}" for option in sorted(own - written)]
        # What the row says of documents may name an option of another command.
        signature = "\n".join(row.split(" | ")[0] for row in text.splitlines())
        known = own | common | set(parser._option_string_actions)
        unknown += [f"{words} {each}" for each in OPTION.findall(signature) if each not in known]
    assert (missing, unknown) == ([], [])
    page = set(OPTION.findall(MANUAL.read_text("utf-8")))
    everywhere = options_of(commands.parser("1")) - {"--verbose"}
    assert sorted(everywhere - page) == []


def test_that_a_command_that_writes_says_first_in_which_database(registry, registry_dsn, tmp_path):
    parts = urlsplit(registry_dsn)
    wrote = registry("runs", "class", FIRST, "Collisions25")
    line = wrote.err.splitlines()[0]
    assert (wrote.code, line.startswith("run-registry: writes to postgresql://")) == (0, True)
    assert parts.path in line
    assert not parts.password or parts.password not in line
    refused = registry("runs", "class", FIRST, "Nosuch25")
    assert refused.err.splitlines()[0] == line
    changes = tmp_path / "changes.csv"
    changes.write_text(f"{FIRST},online,dt-dt,1,2,GOOD,,\n")
    for words in (
        ("runs", "list"),
        ("undo", "1", "--dry-run"),
        ("lumisections", "edit", "--file", changes, "--dry-run"),
        ("config", "reclassify"),
        ("db", "index"),
    ):
        assert "writes to" not in registry(*words).err
    assert "writes to" in registry("config", "reclassify", "--apply").err


@pytest.mark.parametrize("named", ["environment", "file"])
def test_that_the_season_is_not_invented_where_another_database_is_named(
    run_registry, dsn, monkeypatch, tmp_path, named
):
    if named == "environment":
        monkeypatch.setenv("RUN_REGISTRY_DSN", dsn)
    else:
        (tmp_path / "settings.toml").write_text(f'dsn = "{dsn}"\n')
    refused = run_registry("--headless", "--out", tmp_path / "out")
    assert (refused.code, "no command and no dsn" in refused.err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_that_help_and_version_load_nothing_that_is_slow():
    looked = (
        "import sys\nfrom app.__main__ import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "slow = {'sqlalchemy', 'psycopg', 'numpy', 'httpx', 'pydantic', 'app.bootstrap'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    for word, says in (("--version", "run-registry "), ("--help", "Exit codes: ")):
        ended = subprocess.run(
            [sys.executable, "-c", looked, word],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert says in ended.stdout
        assert ended.stdout.splitlines()[-1] == "[]"


def test_that_commands_load_neither_an_http_client_nor_a_server_nor_a_window():
    looked = (
        "import sys, app.bootstrap.command_line\n"
        "slow = {'httpx', 'PySide6', 'pyqtgraph', 'starlette', 'uvicorn', 'jinja2', 'alembic'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", looked],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert ended.stdout == "[]\n"


def test_that_the_help_names_every_first_word_whether_its_branch_is_loaded_or_not(capsys):
    with pytest.raises(SystemExit):
        commands.parse(["--help"], "1")
    assert capsys.readouterr().out == commands.parser("1").format_help()


def test_that_a_first_word_as_the_value_of_an_option_is_that_value(run_registry):
    ended = run_registry("--as-user", "golden", "--settings", "runs", "licences")
    assert "runs" in ended.err
    assert ended.code == 2
