"""What others wrote can't steer a terminal, forge a line, or end a command on a poor output."""

import csv
import os
import pty
import re
import subprocess
import sys

import pytest

from app.cli.output import Answer, Content, ProgressLine, complain, show, together
from app.domain.text.csv_text import cell_meant
from tests.cli.conftest import FIRST, SECOND

EVIL = "HV trip\n99  2026-01-01 FORGED\r\x1b[2K\x1b[1A\u202eevil\x9b2J\x07"
SHOWN = r"HV trip\n99  2026-01-01 FORGED\r\x1b[2K\x1b[1A\u202eevil\x9b2J\x07"
PROMPT = "/PromptReco/Collisions2025A/DQM"
_STEERS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)


def check(said: str) -> None:
    assert not _STEERS.search(said), repr(said)
    assert not re.search(r"^99  2026", said, re.M), said


@pytest.fixture
def full_of_it(registry, tmp_path):
    """A registry in which everything that a person may name or say is hostile."""
    rule = tmp_path / "rule.json"
    rule.write_text('{"==": [{"var": "lumisection.oms.dt0_ready"}, true]}')
    evil = ("--comment", EVIL)
    for words in (
        ("lumisections", "edit", FIRST, "--column", "dt-dt", "--ls", "1-2", "--status", "BAD",
         *evil, "--cause", EVIL),
        ("lumisections", "edit-oms", FIRST, "--bit", "dt0_ready", "--ls", "3", "--value", "false",
         *evil),
        ("runs", "move", FIRST, "SIGNOFF"),
        ("datasets", "duplicate", "--run", FIRST, "--name", PROMPT, "--as", f"/{EVIL}/A/DQM"),
        ("cycles", "create", EVIL, "--deadline", "2099-01-01", "--run", FIRST),
        ("golden", "generate", "--datasets", "/%", "--rule", rule, "--tags", EVIL,
         "--out", tmp_path / "golden.json"),
    ):  # fmt: skip
        done = registry(*words)
        assert done.code == 0, (words, done.err)
        check(done.out)
    return registry


READING = (
    ("runs", "list"),
    ("runs", "show", FIRST),
    ("datasets", "list"),
    ("datasets", "hide", "--run", FIRST, "--dry-run"),
    ("history", FIRST),
    ("history", FIRST, "--column", "dt-dt"),
    ("history", FIRST, "--compare", "1"),
    ("log",),
    ("log", "--show", "4"),
    ("log", "--show", "5"),
    ("lumisections", "show", FIRST),
    ("undo", "4", "--dry-run"),
    ("cycles", "list"),
    ("cycles", "show", "1"),
    ("todo",),
    ("golden", "list"),
    ("golden", "show", "1"),
    ("golden", "explain", FIRST, "3", "--id", "1"),
    ("golden", "explain", FIRST, "--id", "1"),
    ("golden", "losses", "1"),
)


def test_that_everything_shows_it_harmless_and_json_exactly(full_of_it):
    exact = 0
    for words in READING:
        check(full_of_it(*words).out)
        as_json = full_of_it(*words, "--json")
        check(as_json.out)
        if "FORGED" in as_json.out:
            assert EVIL in _texts(as_json.document), words
            exact += 1
    assert exact > len(READING) / 2


def _texts(document):
    """All texts of a document, one below the other."""
    if isinstance(document, dict):
        return "\n".join(f"{key}\n{_texts(value)}" for key, value in document.items())
    if isinstance(document, list):
        return "\n".join(map(_texts, document))
    return str(document)


def test_that_one_change_is_one_line_of_history(full_of_it):
    lines = full_of_it("history", FIRST, "--column", "dt-dt").out.splitlines()
    assert sum(f"-> BAD {SHOWN} {SHOWN}" in line for line in lines) == 1
    assert sum(f"dt-dt: GOOD -> BAD {SHOWN}" in line for line in lines) == 1


def test_that_no_cell_of_any_export_is_a_formula(registry, tmp_path):
    formula = '=HYPERLINK("http://x";1)'
    for words in (
        ("lumisections", "edit", FIRST, "--column", "dt-dt", "--ls", "1-2", "--status", "BAD",
         "--comment", formula, "--cause", "@x"),
        ("runs", "move", FIRST, "SIGNOFF"),
        ("datasets", "duplicate", "--run", FIRST, "--name", PROMPT, "--as", formula),
        ("datasets", "move", "--run", FIRST, "--name", formula, "--to", "OPEN"),
        ("log", "--export", tmp_path / "log.csv"),
        ("todo", "--out", tmp_path / "todo.csv"),
        ("datasets", "export-csv", "--run", FIRST, "--out", tmp_path / "datasets.csv"),
        ("golden", "losses", "--datasets", "%", "--csv", tmp_path / "losses.csv"),
    ):  # fmt: skip
        assert (done := registry(*words)).code == 0, (words, done.err)
    meant = []
    for name in ("log", "todo", "datasets", "losses"):
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as opened:
            cells = [cell for row in csv.reader(opened, strict=True) for cell in row]
        assert cells
        computed = [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert [cell for cell in computed if not re.fullmatch(r"-?[0-9.]+", cell)] == []
        meant += [name for cell in cells if formula in cell_meant(cell)]
    assert {"log", "todo", "datasets"} <= set(meant)


def test_that_a_refusal_and_wrong_usage_show_it_harmless(registry):
    for words in (
        ("golden", "compare", EVIL, "1"),
        ("datasets", "hide", "--name", EVIL),
        ("golden", "generate", "--datasets", EVIL, "--rule", EVIL, "--out", EVIL),
        ("runs", "move", FIRST, EVIL),
        ("runs", EVIL),
        (EVIL,),
    ):
        said = registry(*words)
        assert said.code in {1, 2}
        check(said.out + said.err)
        assert said.err.splitlines()[-1].startswith("run-registry: ")
    assert registry("runs", "show", SECOND).code == 0


def test_that_the_content_of_a_file_is_exact_in_a_pipe_and_harmless_on_a_terminal(
    capfd, monkeypatch
):
    content = Content('{"/\u202e/DQM": [[1, 2]]}\n{}')
    show(Answer({}, content), as_json=False)
    assert capfd.readouterr().out == f"{content}\n"
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        show(Answer({}, content), as_json=False)
    seen = os.read(ours, 1000).decode()
    os.close(ours)
    assert seen.splitlines() == ['{"/\\u202e/DQM": [[1, 2]]}', "{}"]


def test_that_the_content_of_a_file_is_in_utf_8_whatever_the_language(tmp_path, monkeypatch):
    with (tmp_path / "list.json").open("w", encoding="ascii") as written:
        monkeypatch.setattr(sys, "stdout", written)
        show(Answer({}, Content('{"/µ/DQM": [[1, 2]]}')), as_json=False)
    assert (tmp_path / "list.json").read_text(encoding="utf-8") == '{"/µ/DQM": [[1, 2]]}\n'


def test_that_progress_is_one_harmless_line():
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        ProgressLine(terminal).say(f"pulling {EVIL}")
    seen = os.read(ours, 1000).decode()
    os.close(ours)
    assert seen == f"\r\033[Kpulling {SHOWN}"


def test_that_parts_are_lines_of_their_own(capsys):
    show(Answer({}, together(["one\ntwo", together(["three", "four"])])), as_json=False)
    complain("five\nsix \x1b")
    said = capsys.readouterr()
    assert said.out == "one\\ntwo\nthree\nfour\n"
    assert said.err == "run-registry: five six \\x1b\n"


def run_as_process(words, **options):
    environ = {**os.environ, **options.pop("environ", {})}
    return subprocess.run(
        [sys.executable, "-m", "app", *words],
        env=environ, text=True, stderr=subprocess.PIPE, check=False, **options,
    )  # fmt: skip


def test_that_a_full_disk_behind_the_output_is_told(dsn, tmp_path):
    for more in ((), ("--json",)):
        with open("/dev/full", "w") as full:
            ended = run_as_process(
                ("runs", "list", "--dsn", dsn, *more), stdout=full,
                environ={"XDG_STATE_HOME": str(tmp_path)},
            )  # fmt: skip
        assert ended.returncode == 1
        assert ended.stderr == (
            "run-registry: the output can't be written: the disk is full. Free some space and try"
            " again.\n"
        )


def test_that_letters_which_the_output_lacks_are_shown_as_numbers(tmp_path):
    environ = {"PYTHONIOENCODING": "ascii:strict", "XDG_STATE_HOME": str(tmp_path)}
    ended = run_as_process(("runs", "move", "1", "→"), stdout=subprocess.PIPE, environ=environ)
    assert ended.returncode == 2
    assert "\\u2192" in ended.stderr.splitlines()[-1]
    ended = run_as_process(
        ("runs", "move", "1", "→", "--json"), stdout=subprocess.PIPE, environ=environ
    )
    assert (ended.returncode, "\\u2192" in ended.stdout) == (2, True)
