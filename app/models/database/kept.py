"""What was computed from a database, kept in memory up to a size."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

Content = TypeVar("Content")

MOST_BYTES = 128 * 2**20
"""Some 7,500 datasets of 700 lumisections, counted as if they shared nothing."""


class Kept(Generic[Content]):
    """The newest things, each with its size in bytes; used by all threads.

    What is kept may be old: whoever takes it compares it with what the database says.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._lock = Lock()
        self._content: OrderedDict[Hashable, tuple[Content, int]] = OrderedDict()
        self._ground: str | None = None

    def get(self, key: Hashable) -> Content | None:
        """What is kept under a key, None when it is not or no longer there."""
        with self._lock:
            found = self._content.get(key)
            if found is None:
                return None
            self._content.move_to_end(key)
            return found[0]

    def know(self, ground: str) -> None:
        """Forgets everything when it was read on another `ground`."""
        with self._lock:
            if ground != self._ground:
                self._ground = ground
                self._clear()

    def put(self, key: Hashable, content: Content, size: int, *, ground: str) -> None:
        """Keeps something instead of what was there; what wasn't used for longest makes way.

        What was read on another ground than the one that is known isn't kept.
        """
        with self._lock:
            if ground != self._ground:
                return
            _, before = self._content.pop(key, (None, 0))
            self._size += size - before
            self._content[key] = content, size
            while self._size > self._most:
                _, (_, dropped) = self._content.popitem(last=False)
                self._size -= dropped

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        self._content.clear()
        self._size = 0
