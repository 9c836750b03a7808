"""Renews the lists of locked packages:  .venv/bin/python packaging/lock.py [--upgrade]

Each names every package that is installed, in one version for each Python and system, with the
hashes of its files. Without --upgrade only what pyproject.toml demands changes.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "packaging"
WITH_TESTS = FOLDER / "locked-with-tests.txt"
PROGRAM = FOLDER / "locked.txt"
_HEAD = "# Made from pyproject.toml by packaging/lock.py; not edited by hand.\n"
_COMPILE = (
    "uv",
    "pip",
    "compile",
    "pyproject.toml",
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--python-version=3.11",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--constraint=packaging/never-locked.txt",
)


def main(options: Sequence[str]) -> int:
    """Writes both lists; the program's own is a part of the one with the test tools."""
    for command in (
        (*_COMPILE, "--all-extras", f"--output-file={WITH_TESTS}", *options),
        (
            *_COMPILE,
            "--extra=build",
            "--extra=desktop",
            f"--constraint={WITH_TESTS}",
            f"--output-file={PROGRAM}",
            *options,
        ),
    ):
        done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False)
        if done.returncode != 0:
            return done.returncode
    for file in (WITH_TESTS, PROGRAM):
        text = file.read_text("utf-8")
        if not text.startswith(_HEAD):
            file.write_text(_HEAD + text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
