"""What a server of ours says of itself in `postmaster.pid`, and whether that is still true."""

import os
import re
import sys
import time
from pathlib import Path

from msgspec import Struct

_NOTE_S = 2.0
"""How long an empty `postmaster.pid` may be one that the server is just writing."""

_NUMBER = re.compile(r"[0-9]{1,9}")


class Postmaster(Struct, frozen=True):
    """What the server says of itself in `postmaster.pid`."""

    pid: int
    port: int
    ready: bool


def read_note(cluster: Path) -> Postmaster | None:
    """What `postmaster.pid` says, or None; the process may be dead."""
    try:
        lines = (cluster / "postmaster.pid").read_bytes().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return None
    # What is missing hasn't been written yet, or never will be: the disk was full.
    lines += [""] * (8 - len(lines))
    pid, port = (int(line) if _NUMBER.fullmatch(line) else 0 for line in (lines[0], lines[3]))
    return Postmaster(pid, port, pid > 0 and port > 0 and lines[7].strip() == "ready")


def lives(postmaster: Postmaster, cluster: Path) -> bool:
    """False when the process has gone, or its number now belongs to somebody else."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(postmaster.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # not of our user, so not our server
    try:
        return Path(f"/proc/{postmaster.pid}/cwd").readlink() == cluster.resolve()
    except OSError:
        return not Path("/proc/self").exists()


def is_left_over(cluster: Path) -> bool:
    """Whether a `postmaster.pid` without a number was left by a server that couldn't write it."""
    try:
        age_s = time.time() - (cluster / "postmaster.pid").stat().st_mtime
    except FileNotFoundError:
        return False
    # A note from the future is as good as an old one.
    if 0.0 <= age_s < _NOTE_S:
        return False
    return not any(_works_in(place, cluster) for place in Path("/proc").glob("[0-9]*/cwd"))


def _works_in(place: Path, cluster: Path) -> bool:
    try:
        return place.readlink() == cluster.resolve()
    except OSError:
        return False
