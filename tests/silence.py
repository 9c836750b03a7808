"""A server that takes connections and answers nothing: a tunnel that stops forwarding, and a frozen
PostgreSQL."""

import os
import select
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

_LOOK_S = 0.02


class Tunnel:
    """A TCP tunnel to a server on this machine; while it is silent it takes connections and all
    that is sent, and forwards nothing.

    With `old_only` silence is for the connections there are, new ones work.
    """

    def __init__(self, dsn: str) -> None:
        self._parts = urlsplit(dsn)
        self._silent: set[int] = set()
        self._all_silent = threading.Event()
        self._stopping = threading.Event()
        self._guard = threading.Lock()
        self._open: dict[int, socket.socket] = {}
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_LOOK_S)

    @property
    def dsn(self) -> str:
        """The address through the tunnel."""
        at = self._parts.netloc.rpartition("@")[0]
        port = self._listener.getsockname()[1]
        return urlunsplit(self._parts._replace(netloc=f"{at}@127.0.0.1:{port}"))

    def fall_silent(self, *, old_only: bool = False) -> None:
        """From now on nothing comes through."""
        if not old_only:
            self._all_silent.set()
        with self._guard:
            self._silent |= self._open.keys()

    def speak(self) -> None:
        """Forwards again, what was held back first."""
        self._all_silent.clear()
        with self._guard:
            self._silent.clear()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, work: "object", *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        number = 0
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                client, _ = self._listener.accept()
                number += 1
                with self._guard:
                    self._open[number] = client
                    if self._all_silent.is_set():
                        self._silent.add(number)
                self._start(self._forward, number, client)

    def _forward(self, number: int, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._parts.port or 5432))
        with client, server:
            while not self._stopping.is_set():
                if number in self._silent:
                    self._stopping.wait(_LOOK_S)
                    continue
                ready, _, _ = select.select([client, server], [], [], _LOOK_S)
                for each in ready if number not in self._silent else ():
                    other = server if each is client else client
                    try:
                        data = each.recv(65536)
                        if data:
                            other.sendall(data)
                    except OSError:
                        data = b""
                    if not data:
                        with self._guard:
                            self._open.pop(number, None)
                        return


def processes_of(data_folder: Path) -> list[int]:
    """Processes of the PostgreSQL of a data folder."""
    cluster = (data_folder / "cluster").resolve()
    found = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if place.readlink() == cluster:
                found.append(int(place.parent.name))
    return found


@contextmanager
def frozen(data_folder: Path) -> Iterator[None]:
    """The PostgreSQL of a data folder doesn't move meanwhile."""
    stopped = processes_of(data_folder)
    assert stopped
    try:
        for process in stopped:
            with suppress(ProcessLookupError):  # a session that was just ending
                os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in stopped:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
