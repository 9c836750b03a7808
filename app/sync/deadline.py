"""A deadline for a whole conversation: a server that sends byte by byte keeps each wait short."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class Deadline:
    """Cuts connections after some seconds; `passed` says whether it did."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._timer.join()
        while self._sockets:
            self._sockets.pop().close()

    def watch(self, connection: socket.socket) -> None:
        """Cuts this connection, too, whatever is laid over it."""
        # TLS takes the connection over from the one that it is given.
        self._sockets.append(connection.dup())
        if self.passed:
            self._cut()

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Watches the connections of a request of httpx, as its extension `trace`."""
        if event == "connection.connect_tcp.complete":
            self.watch(info["return_value"].get_extra_info("socket"))

    def _cut(self) -> None:
        self.passed = True
        for each in tuple(self._sockets):
            # The server may have closed it.
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
