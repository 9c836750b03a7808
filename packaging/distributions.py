"""Makes the sdist and the wheel, the same to the byte whoever makes them of one commit."""

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import launch

ROOT = Path(__file__).resolve().parent.parent
_FIRST_OF_2026 = 1767225600
_HOOK = """\
import sys
from setuptools import build_meta
print(getattr(build_meta, sys.argv[1])(sys.argv[2]))
"""


def moment() -> int:
    """The time that everything made is dated with: SOURCE_DATE_EPOCH, else that of the commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    asked = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return int(asked.stdout) if asked.returncode == 0 else _FIRST_OF_2026


def make_sdist(out: Path, python: str = sys.executable) -> Path:
    """Writes the sdist of the checkout into `out`; what git doesn't know isn't in it."""
    with tempfile.TemporaryDirectory() as folder:
        # setuptools gathers the files in a folder of the checkout that has the version's name.
        with launch.only_one_at_a_time():
            made = _build("build_sdist", ROOT, Path(folder), python)
        out.mkdir(parents=True, exist_ok=True)
        target = out / made.name
        _write_plainly(made, target)
    return target


def make_wheel(out: Path, python: str = sys.executable) -> Path:
    """Writes the wheel into `out`, made from the sdist, as who has that alone makes it."""
    with tempfile.TemporaryDirectory() as folder:
        return make_wheel_of(make_sdist(Path(folder), python), out, python)


def make_wheel_of(sdist: Path, out: Path, python: str = sys.executable) -> Path:
    """Writes the wheel that is made from an sdist into `out`."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with tarfile.open(sdist) as packed:
            packed.extractall(place / "source", filter="data")
        (source,) = (place / "source").iterdir()
        made = _build("build_wheel", source, place / "wheel", python)
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(made, out / made.name))


def _build(hook: str, source: Path, out: Path, python: str) -> Path:
    out.mkdir(exist_ok=True)
    made = subprocess.run(
        [python, "-c", _HOOK, hook, str(out)],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(moment()), "PYTHONHASHSEED": "0"},
        umask=0o022,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        said = f"{made.stdout}{made.stderr}"[-3000:]
        raise RuntimeError(f"setuptools couldn't make it:\n{said}")
    return out / made.stdout.splitlines()[-1]


def _write_plainly(made: Path, target: Path) -> None:
    """Packs once more without what differs from machine to machine: owners, times, order."""
    when = moment()
    with (
        tarfile.open(made) as packed,
        target.open("wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=when) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.GNU_FORMAT) as plain,
    ):
        for member in sorted(packed.getmembers(), key=lambda member: member.name):
            mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            bare = member.replace(mtime=when, mode=mode, uid=0, gid=0, uname="", gname="")
            plain.addfile(bare, packed.extractfile(member) if member.isfile() else None)
