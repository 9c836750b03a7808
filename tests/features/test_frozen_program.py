"""The whole program while its own server is frozen: it tells, heals, and ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.silence import frozen, processes_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def is_wanted(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--frozen-program"):
        pytest.skip("takes minutes: ./run test --long frozen")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A person of one's own."""
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": ""}
    return {**os.environ, **home, "QT_QPA_PLATFORM": "offscreen"}


@pytest.fixture
def program(data_folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The window on a demonstration season, with its log on the error output."""
    data_folder.chmod(0o711)
    program = subprocess.Popen(
        [sys.executable, "-m", "app", "--data-folder", str(data_folder), "-v"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield program
    program.kill()
    program.communicate()


def await_line(stream: IO[str] | None, part: str) -> str:
    assert stream is not None
    for line in stream:
        if part in line:
            return line
    pytest.fail(f"the program has ended and never said: {part}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_that_the_program_tells_heals_and_ends(
    program: subprocess.Popen[str],
    data_folder: Path,
    environment: dict[str, str],
    number: int,
) -> None:
    await_line(program.stderr, "Listening to the database")
    await_line(program.stderr, "are the colleagues'")
    with frozen(data_folder):
        assert "answer" in await_line(program.stderr, "No news from the database")
    await_line(program.stderr, "Listening to the database")
    with frozen(data_folder):
        program.send_signal(number)
        _, said = program.communicate(timeout=60)
        assert program.returncode == 0, said
        assert "Traceback" not in said
        command = [sys.executable, "-m", "app", "--data-folder", str(data_folder), "runs", "list"]
        asked = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert asked.returncode == 1
        assert "doesn't answer: it is frozen" in asked.stderr
    while processes_of(data_folder):
        pass
