"""Locks on files, dropped by the system when their process ends."""

import contextlib
import itertools
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from app.domain.errors import Unavailable

_POLL_S = 0.005
_PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700
_numbers = itertools.count(1)


class FileLock:
    """An exclusive lock on a file, dropped by the system when this process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def try_acquire(self) -> bool:
        """Takes the lock unless another process, or another object of this one, has it."""
        # Who can open the file can lock it: nobody else may, the server's own user included.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        handle = os.open(self.path, flags, _PRIVATE)
        _make_private(self.path, _PRIVATE)
        file = os.fdopen(handle, "r+b")
        try:
            _lock(file)
        except BlockingIOError:
            file.close()
            return False
        except BaseException:
            file.close()
            raise
        self._file = file
        return True

    def release(self, *, remove: bool = False) -> None:
        """Gives the lock back; `remove` deletes the file as well."""
        if self._file is None:
            return
        if remove and sys.platform != "win32":
            self.path.unlink(missing_ok=True)
        self._file.close()
        self._file = None
        if remove and sys.platform == "win32":
            self.path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def held(
        self, patience_s: float = 90.0, *, doing: str = "starting or stopping the database"
    ) -> Iterator[None]:
        """Waits for the lock and holds it for the block; Unavailable when it takes too long, with
        what whoever has it is `doing`."""
        deadline = time.monotonic() + patience_s
        while not self.try_acquire():
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"Another program has been {doing} in {self.path.parent} for"
                    f" {patience_s:.0f} s. Close it and try again."
                )
            time.sleep(_POLL_S)
        try:
            yield
        finally:
            self.release()


def _make_private(path: Path, mode: int) -> None:
    """Closes to others what an earlier version of the program left open."""
    with contextlib.suppress(PermissionError):
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(mode)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def register_client(folder: Path) -> FileLock:
    clients = folder / "clients"
    clients.mkdir(exist_ok=True, mode=_PRIVATE_FOLDER)
    _make_private(clients, _PRIVATE_FOLDER)
    client = FileLock(clients / f"{os.getpid()}-{next(_numbers)}-{secrets.token_hex(4)}")
    client.try_acquire()
    return client


def somebody_is_here(folder: Path) -> bool:
    """True when a living process is registered; forgets the dead. Called under the lock."""
    found = False
    for path in sorted((folder / "clients").iterdir()):
        if not path.is_file():
            continue
        entry = FileLock(path)
        if entry.try_acquire():
            entry.release(remove=True)
        else:
            found = True
    return found
