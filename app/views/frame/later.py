"""What nobody looks at yet waits, when a window opens, until the place in front is filled."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_LOOK_EVERY_MS = 10
_QUIET_TIMES = 3
"""Between what is read and what is asked for next there are moments in which nothing goes on."""


class Later(QObject):
    """Does one thing after another, each when nothing is on its way (`is_idle`), or when somebody
    wants it. Once all is done, whatever comes is done at once."""

    def __init__(self, is_idle: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._is_idle = is_idle
        self._waiting: dict[str, Callable[[], object]] = {}
        self._quick: set[str] = set()
        self._has_ended = False
        self._quiet = 0
        self._timer = QTimer(self, interval=_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def waits(self, name: str) -> bool:
        """Whether something of that name waits."""
        return name in self._waiting

    def do(self, name: str, what: Callable[[], object], *, reads: bool = True) -> None:
        """Does something in a while, in the place of what waits under the same name. Where it
        `reads` nothing, whatever is next needn't wait for that."""
        if self._has_ended:
            what()
            return
        self._waiting[name] = what
        self._quick.discard(name)
        if not reads:
            self._quick.add(name)
        self._timer.start()

    def do_now(self, name: str) -> None:
        """Does what waits under a name, if anything does."""
        what = self._waiting.pop(name, None)
        if what is None:
            return
        if not self._waiting:
            self._has_ended = True
            self._timer.stop()
        what()

    def stop(self) -> None:
        """Nobody wants any of it any more."""
        self._waiting.clear()
        self._timer.stop()

    def _look(self) -> None:
        self._quiet = self._quiet + 1 if self._is_idle() else 0
        if self._quiet == _QUIET_TIMES:
            name = next(iter(self._waiting))
            self._quiet = _QUIET_TIMES - 1 if name in self._quick else 0
            self.do_now(name)
