"""Whatever is typed or lies in a file, a command ends with one clear sentence and never as a bug.

`RUN_REGISTRY_TEST_HOSTILE=5000` tries so many command lines instead of a few,
`RUN_REGISTRY_TEST_SEED` other ones.
"""

import io
import json
import os
import re
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.cli.conftest import FIRST, SECOND, Ran
from tests.cli.hostile import PROMPT, TEXTS, Walk, write_files

_STEERS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_WHERE = "run-registry: writes to postgresql://"
"""Begins what a command that writes says before anything else."""
_UNTIL_STOPPED = {("serve",), ("puller",)}
_HANGS_S = 120


@pytest.fixture
def stocked(registry, oms, tmp_path, monkeypatch) -> object:
    """A registry with two runs signed off, an edit, a list, a cycle and an agent."""
    monkeypatch.setenv("RUN_REGISTRY_OMS_URL", oms.url)
    monkeypatch.setenv("RUN_REGISTRY_DQM_GUI_URL", "http://127.0.0.1:1/dqm/offline")
    (tmp_path / "first.json").write_text('{"==": [{"var": "lumisection.oms.dt0_ready"}, true]}')
    for words in (
        ("lumisections", "edit", FIRST, "--column", "dt-dt", "--ls", "1-2", "--status", "BAD",
         "--comment", "HV trip"),
        ("runs", "move", FIRST, "SIGNOFF"),
        ("runs", "move", SECOND, "SIGNOFF"),
        ("golden", "generate", "--datasets", PROMPT, "--rule", tmp_path / "first.json",
         "--out", tmp_path / "golden.json"),
        ("cycles", "create", "Week 1", "--deadline", "2099-01-01", "--run", FIRST),
        ("agent", "register", "agent-one", "--agent-version", "1", "--proposes", "dt-dt"),
    ):  # fmt: skip
        assert (done := registry(*words)).code == 0, (words, done.err)
    return registry


@pytest.fixture
def patience() -> Iterator[None]:
    """A command that waits for something that never comes is a failure, not a hanging test."""

    def hang(*_: object) -> None:
        raise AssertionError("the command hangs")

    before = signal.signal(signal.SIGALRM, hang)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def fault_of(line: list[str], ran: Ran) -> str:
    """What is wrong with how a command ended; nothing when it is right."""
    if ran.code not in {0, 1, 2}:
        return f"exit code {ran.code}"
    if _STEERS.search(ran.out + ran.err):
        return "steers the terminal"
    if "Traceback" in ran.out + ran.err:
        return "a traceback"
    lines = ran.err.splitlines()
    if lines and lines[0].startswith(_WHERE):
        del lines[0]
    if "--json" in line:
        try:
            document = json.loads(ran.out)
        except ValueError:
            return "no JSON document"
        said = document.get("error", "-") if isinstance(document, dict) else "-"
        return "" if said.strip() and not lines else "a silent error, or a talking one"
    if ran.code == 0:
        return "" if not lines else "done, and complains"
    if ran.code == 1:
        return "" if len(lines) == 1 or (not lines and ran.out.strip()) else "not one sentence"
    return "" if lines and lines[-1].startswith("run-registry: ") else "no sentence"


@pytest.mark.expected_log("asked again", always=False)  # nobody is there to answer
def test_that_no_command_ends_as_a_bug(stocked, tmp_path, monkeypatch, patience):
    walk = Walk(int(os.environ.get("RUN_REGISTRY_TEST_SEED", "1")), (tmp_path / "in"))
    monkeypatch.chdir(tmp_path / "in")
    number = int(os.environ.get("RUN_REGISTRY_TEST_HOSTILE", "0"))
    faults: dict[str, tuple[list[str], Ran]] = {}
    tried = [
        each
        for each in walk.commands
        if each[0][0] != "simulate" and tuple(each[0]) not in _UNTIL_STOPPED
    ]
    for at in range(number or len(tried)):
        line = walk.line(tried[at % len(tried)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"\xff\0": [')))
        signal.alarm(_HANGS_S)
        ran = stocked(*line)
        signal.alarm(0)
        if fault := fault_of(line, ran):
            told = re.sub(r"[0-9]+", "N", ran.err.splitlines()[-1]) if ran.err else ran.out[-200:]
            faults.setdefault(f"{fault}: {' '.join(line[:2])}: {told[:120]}", (line, ran))
    assert not faults, "\n\n".join(
        f"{fault}\n  {line}\n  {ran.err[-600:]}" for fault, (line, ran) in faults.items()
    )


def test_that_no_folder_to_serve_ends_as_a_bug(run_registry, tmp_path, patience):
    walk = Walk(1, tmp_path / "in")
    served = [each for each in walk.commands if each[0][0] == "simulate"]
    for words, _ in served:
        for name, content in TEXTS.items():
            folder = tmp_path / words[1] / name.replace("/", "_")
            folder.mkdir(parents=True)
            for file in ("runs.json", "fills.json", "lumisections_1.json", "samples.json"):
                (folder / file).write_bytes(content)
            signal.alarm(_HANGS_S)
            ran = run_registry(*words, "--data", folder)
            signal.alarm(0)
            assert (ran.code, fault_of([], ran)) == (1, ""), (name, ran.err)


@pytest.mark.parametrize(
    "content", ["dsn = 7", "[", "\\0", 'data_folder = "a\\u0000b"', "pull = 1e400"]
)
def test_that_no_settings_end_as_a_bug(run_registry, tmp_path, content):
    (tmp_path / "settings.toml").write_text(content.replace("\\0", "\0"))
    ran = run_registry("runs", "list")
    assert ran.code in {1, 2}, ran.err
    assert fault_of([], ran) == ""


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://[::1", "postgresql://h:port/x", "postgresql://h:99999999/x", "postgresql:///%",
        "postgresql://%00@h/x", "postgresql://127.0.0.1:1/" + "x" * 10_000,
        "postgresql://127.0.0.1:1/x?connect_timeout=soon", "postgresql://127.0.0.1:1/x?nosuch=1",
        "postgresql://127.0.0.1:1/\udcff", "postgresql://127.0.0.1:1/x?options=-c%20nosuch%3D1",
        "postgresql://127.0.0.1:1/x?sslmode=maybe", "postgresql://x.invalid/x",
    ],
)  # fmt: skip
def test_that_no_address_of_a_database_ends_as_a_bug(run_registry, dsn, patience):
    signal.alarm(_HANGS_S)
    ran = run_registry("runs", "list", "--dsn", dsn)
    assert ran.code in {1, 2}, ran.err
    assert fault_of([], ran) == ""


def test_that_what_the_database_can_t_hold_is_refused(stocked, tmp_path):
    write_files(tmp_path / "in")
    out = tmp_path / "kept.json"
    out.write_text("kept")
    for name, said in {
        "nul_rule.json": "holds a NUL character in '==[1]'",
        "half_rule.json": "holds half of a surrogate pair in '==[1]'",
        "great_rule.json": "holds 1e400, a number too large to be stored",
    }.items():
        made = stocked(
            "golden", "generate", "--datasets", PROMPT, "--rule", tmp_path / "in" / name,
            "--out", out, "--force",
        )  # fmt: skip
        assert (made.code, said in made.err) == (1, True), made.err
        assert out.read_text() == "kept"
    for words in (
        ("export", tmp_path / "in" / "mask_run.json", "--form", "csv"),
        ("compare", tmp_path / "in" / "mask_run.json", "1", "--luminosity"),
    ):
        refused = stocked("golden", *words)
        assert refused.code == 1
        assert '"4294967296" is not a run number' in refused.err
    for words in (
        ("datasets", "duplicate", "--run", FIRST, "--name", PROMPT, "--as", "/\udcff/A/DQM"),
        ("cycles", "create", "x" * 300, "--deadline", "2099-01-01", "--run", FIRST),
        ("lumisections", "edit", FIRST, "--column", "dt-dt", "--ls", "1", "--status", "BAD",
         "--comment", "\udcff is no letter"),
        ("golden", "show", "2147483647"),
    ):  # fmt: skip
        ran = stocked(*words)
        assert fault_of([], ran) == "", (words, ran.err)
    long = "x" * 300
    for words in (
        ("golden", "generate", "--datasets", PROMPT, "--rule", "golden", "--out", long),
        ("golden", "generate", "--datasets", PROMPT, "--rule", long, "--out", out),
        ("config", "import", long),
        ("config", "export", long),
        ("golden", "export", "1", "--out", long),
        ("todo", "--out", long),
        ("log", "--export", f"{long}.csv"),
    ):
        ran = stocked(*words)
        assert (ran.code, fault_of([], ran)) == (1, ""), (words, ran.err)
