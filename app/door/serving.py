"""The server: where it listens, what it bears from a connection, and how it ends."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.domain.errors import Refused

logger = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.1", "::1")
"""`localhost` may be either of them."""

_BACKLOG = 1024
_KEPT_ALIVE_S = 15
_DRAINED_S = 30
_SILENT_S = 20.0
_HEADER_BYTES = 32_768


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that cuts who sends no whole request head in time, or takes nothing of an answer."""

    silent_s = _SILENT_S
    _watch: asyncio.TimerHandle | None = None
    _reader_watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch = self.loop.call_later(self.silent_s, self._cut)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before and self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def on_response_complete(self) -> None:
        if self._watch is None and not self.transport.is_closing():
            # The next head may begin at once and then never end.
            self._watch = self.loop.call_later(_KEPT_ALIVE_S + self.silent_s, self._cut)
        before = self.cycle
        super().on_response_complete()
        if self.cycle is not before and self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reader_watch is not None:
            self._reader_watch.cancel()
            self._reader_watch = None

    def connection_lost(self, exc: Exception | None) -> None:
        for watch in (self._watch, self._reader_watch):
            if watch is not None:
                watch.cancel()
        super().connection_lost(exc)

    def _watch_reader(self, waiting: int) -> None:
        self._reader_watch = self.loop.call_later(self.silent_s, self._look_at_reader, waiting)

    def _look_at_reader(self, waiting: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left >= waiting:
            self._cut()
        else:
            self._watch_reader(left)

    def _cut(self) -> None:
        self.transport.abort()


def listening(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Sockets that listen there. Refused when a port is taken; one of several hosts may lack."""
    sockets: list[socket.socket] = []
    for host in hosts:
        try:
            sockets.append(
                _listening(host, port or (sockets[0].getsockname()[1] if sockets else 0))
            )
        except OSError as error:
            if sockets and host != hosts[0]:
                logger.info("Nothing listens on %s: %s", host, error.strerror)
                continue
            for each in sockets:
                each.close()
            raise Refused(
                f"Can't listen on {host}, port {port}: {error.strerror or error}. {_advice(error)}"
            ) from error
    return sockets


def _advice(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "Give --host an address of this machine, or 0.0.0.0 for all of them."
    if error.errno == errno.EACCES:
        return "Ports below 1024 are for the system: take another with --port."
    return "Another program may be there: take another port with --port."


def _listening(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    found = socket.socket(family, kind, protocol)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind(address)
        found.listen(_BACKLOG)
        found.setblocking(False)
    except OSError:
        found.close()
        raise
    return found


class Server(uvicorn.Server):
    """Serves an application on sockets until it is told to stop; `told` hears that it has begun."""

    def __init__(
        self,
        application: ASGIApp,
        *,
        told: Callable[[], None] = lambda: None,
        silent_s: float = _SILENT_S,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=type("Protocol", (PatientProtocol,), {"silent_s": silent_s}),
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEPT_ALIVE_S,
                timeout_graceful_shutdown=_DRAINED_S,
                h11_max_incomplete_event_size=_HEADER_BYTES,
            )
        )
        self._told = told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._told()

    def stop(self) -> None:
        """Takes no more requests, and ends when those that came are answered."""
        self.should_exit = True


def serve(server: Server, sockets: list[socket.socket]) -> None:
    """Serves until it is stopped: by `stop`, SIGTERM or Ctrl-C."""
    with suppress(asyncio.CancelledError):
        server.run(sockets)
