"""How long this process and the server compute, which other work on the machine changes little
(Linux)."""

import os
import resource
from pathlib import Path

from app.models.database.engine import Database
from app.models.statements import text

_TICKS = os.sysconf("SC_CLK_TCK")
_SERVES = (b"parallel worker", b"(", b"[local]")
"""In the title of a process of the server that works for a session."""


class Computing:
    """CPU of this process, and of the sessions of the server of a database [s]."""

    def __init__(self, db: Database) -> None:
        with db.read() as connection:
            backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        self._postmaster = int(_stat(backend)[1])

    def here(self) -> float:
        """This process, from its start on."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    def server(self) -> float:
        """All sessions, those that have ended too."""
        used = sum(map(int, _stat(self._postmaster)[13:15])) / _TICKS
        for process in Path("/proc").glob("[0-9]*"):
            if _stat(int(process.name))[1:2] != [str(self._postmaster)]:
                continue
            try:
                title = (process / "cmdline").read_bytes()
                if any(part in title for part in _SERVES):
                    used += int((process / "schedstat").read_text().split()[0]) / 1e9
            except (OSError, IndexError):
                continue  # it has ended meanwhile
        return used


def _stat(pid: int) -> list[str]:
    """What the system says of a process, from its state on; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
