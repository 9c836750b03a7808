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
SERVICE = FOLDER / "locked-service.txt"
FOR_PACKAGES = FOLDER / "locked-for-packages.txt"
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
    """Writes the lists; the program's own is a part of the others."""
    program = ("--extra=build", "--extra=desktop")
    same = f"--constraint={WITH_TESTS}"
    for file, extras in (
        (WITH_TESTS, (*program, "--extra=tables", "--extra=agent", "--extra=test")),
        (PROGRAM, (*program, same)),
        (SERVICE, (same,)),
        (FOR_PACKAGES, (*program, "--extra=package", same)),
    ):
        command = (*_COMPILE, *extras, f"--output-file={file}", *options)
        done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False)
        if done.returncode != 0:
            return done.returncode
    for file in (WITH_TESTS, PROGRAM, SERVICE, FOR_PACKAGES):
        text = file.read_text("utf-8")
        if not text.startswith(_HEAD):
            file.write_text(_HEAD + text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
