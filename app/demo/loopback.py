"""What the simulated servers share: real HTTP on loopback, in threads, ended cleanly."""

import logging
import socket
import ssl
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from app.domain.errors import Unavailable

logger = logging.getLogger(__name__)


class LoopbackServer:
    """Serves on this machine only; use it as a context manager, or `start()` and `close()`.

    `handler` finds it as `self.served`.
    """

    def __init__(
        self,
        name: str,
        handler: type["LoopbackHandler"],
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._name = name
        self._handler = handler
        self._port = port
        self._tls = tls
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Raises `Unavailable` when the port is taken."""
        try:
            self._server = _Server(("127.0.0.1", self._port), self._handler, self)
        except OSError as error:
            raise Unavailable(
                f"The simulated {self._name} can't listen on port {self._port}: {error.strerror}."
            ) from error
        if self._tls is not None:
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"simulated {self._name}",
            daemon=True,
        )
        self._thread.start()
        return self

    def close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        assert self._server is not None, f"the simulated {self._name} isn't started"
        return self._server.server_port

    @property
    def address(self) -> str:
        """Scheme, host and port."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"


class _Server(ThreadingHTTPServer):
    """The server of one simulated service."""

    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        handler: type["LoopbackHandler"],
        served: LoopbackServer,
    ) -> None:
        self.served = served
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def close_request(self, request: object) -> None:
        assert isinstance(request, socket.socket)
        self._open.discard(request)
        request.close()

    def server_close(self) -> None:
        super().server_close()
        # A kept connection would go on answering after the server is gone.
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        error = sys.exception()
        if isinstance(error, OSError):
            logger.debug("%s went away while it was answered", client_address)
        else:
            logger.error("no answer to %s", client_address, exc_info=error)


class LoopbackHandler(BaseHTTPRequestHandler):
    """One connection to a simulated service."""

    timeout = 60

    @property
    def served(self) -> Any:
        """What the server was made for."""
        server = self.server
        assert isinstance(server, _Server)
        return server.served

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base
        """Requests aren't logged: the client that makes them does."""
