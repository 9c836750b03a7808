"""What was fetched from elsewhere, kept on disk: bounded in size and age, safe to throw away."""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app import files
from app.domain.errors import Refused

_DAY_S = 86_400.0
_LEFT = 0.8
_SUFFIX = ".kept"


@dataclass(frozen=True, slots=True)
class KeptContent:
    """Content, and when it was fetched [s since 1970]."""

    content: bytes
    fetched_at: float


class Kept:
    """A folder of fetched content by address; nothing is kept with a bound of 0 bytes.

    Where the folder can't be used everything is fetched again: that is no reason to fail.
    """

    def __init__(
        self,
        folder: Path,
        *,
        most_bytes: int,
        most_days: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._oldest_s = most_days * _DAY_S
        self._clock = clock
        self._bytes: int | None = None

    def find(self, address: str, *, not_older_s: float | None = None) -> KeptContent | None:
        """What is kept of an address, unless it is too old."""
        file = self._file(address)
        limit = self._oldest_s if not_older_s is None else min(not_older_s, self._oldest_s)
        try:
            fetched_at = file.stat().st_mtime
            if not 0 <= self._clock() - fetched_at <= limit:
                return None
            content = file.read_bytes()
        except OSError:
            return None
        # What is looked at goes last when room is made; its age stays.
        with contextlib.suppress(OSError):
            os.utime(file, (self._clock(), fetched_at))
        return KeptContent(content, fetched_at)

    def keep(self, address: str, content: bytes) -> None:
        """Keeps content, and makes room for it."""
        if len(content) > self._most_bytes:
            return
        file = self._file(address)
        try:
            files.make_folder(self._folder)
            files.write(file, content, mode=files.PRIVATE)
            os.utime(file, (self._clock(), self._clock()))
        except (Refused, OSError):
            return
        if self._bytes is not None:
            self._bytes += len(content)
        if self._bytes is None or self._bytes > self._most_bytes:
            self._make_room()

    def forget(self, address: str) -> None:
        """Throws away what can't be used."""
        with contextlib.suppress(OSError):
            self._file(address).unlink()

    def _file(self, address: str) -> Path:
        return self._folder / f"{hashlib.sha256(address.encode()).hexdigest()[:40]}{_SUFFIX}"

    def _make_room(self) -> None:
        """Deletes what is too old and, above the bound, what was looked at longest ago."""
        found = []
        for file in self._folder.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                facts = file.stat()
                found.append((facts.st_atime, facts.st_mtime, facts.st_size, file))
        total = sum(size for _, _, size, _ in found)
        bound = self._most_bytes if total <= self._most_bytes else self._most_bytes * _LEFT
        for _, fetched_at, size, file in sorted(found):
            if total > bound or self._clock() - fetched_at > self._oldest_s:
                with contextlib.suppress(OSError):
                    file.unlink()
                    total -= size
        self._bytes = total
