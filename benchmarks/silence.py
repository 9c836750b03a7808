"""How soon it is noticed that the server is frozen, or that the network drops everything:
`python -m benchmarks.silence`.

A window, a command, a puller and a door are processes of their own. Each is to tell within ten
seconds that the server answers nothing, and to go on once it does.
"""

import argparse
import os
import queue
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from benchmarks.database import prepared, server
from benchmarks.door import door

_LONGEST_S = 60.0
_TOLD = ("answered nothing", "can't be reached", "No news from the database")
"""What a program logs when it tells people."""


@contextmanager
def frozen(cluster: Path) -> Iterator[float]:
    """The server with these files doesn't move meanwhile; when it began."""
    stopped = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if place.readlink() == cluster.resolve():
                stopped.append(int(place.parent.name))
    try:
        for process in stopped:
            with suppress(ProcessLookupError):  # a session that was just ending
                os.kill(process, signal.SIGSTOP)
        yield time.perf_counter()
    finally:
        for process in stopped:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


class Network:
    """A network of its own for the programs, whose way to the server can drop everything."""

    def __init__(self, port: int) -> None:
        number = secrets.token_hex(3)
        self._name, self._here = f"rr-{number}", f"rra{number}"
        start = f"10.213.{secrets.randbelow(256)}.{4 * secrets.randbelow(64)}"
        first, _, last = start.rpartition(".")
        self._ours, self._its = (f"{first}.{int(last) + each}" for each in (1, 2))
        self._there = f"rrb{number}"
        self._to = port
        self.within: Sequence[str] = ("ip", "netns", "exec", self._name)

    def make(self) -> bool:
        """Whether it could be made."""
        inside = ("-n", self._name)
        steps = (
            ("netns", "add", self._name),
            ("link", "add", self._here, "type", "veth", "peer", "name", self._there),
            ("link", "set", self._there, "netns", self._name),
            ("addr", "add", f"{self._ours}/30", "dev", self._here),
            ("link", "set", self._here, "up"),
            (*inside, "addr", "add", f"{self._its}/30", "dev", self._there),
            (*inside, "link", "set", self._there, "up"),
            (*inside, "link", "set", "lo", "up"),
        )
        return shutil.which("ip") is not None and all(_ip(*each) for each in steps)

    def dsn(self, dsn: str) -> str:
        """The same database, as it is reached from in there."""
        listener = socket.create_server((self._ours, 0))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        port = listener.getsockname()[1]
        parts = urlsplit(dsn)
        login = parts.netloc.rpartition("@")[0]
        # A network that nobody else is in needs no TLS.
        there = parts._replace(netloc=f"{login}@{self._ours}:{port}", query="sslmode=disable")
        return urlunsplit(there)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", self._to))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=_forward, args=pair, daemon=True).start()

    @contextmanager
    def cut(self) -> Iterator[float]:
        """Nothing that the server sends arrives meanwhile; when it began."""
        assert _ip("route", "add", "blackhole", self._its)
        try:
            yield time.perf_counter()
        finally:
            _ip("route", "del", "blackhole", self._its)

    def remove(self) -> None:
        """Takes it away."""
        _ip("link", "del", self._here)
        _ip("netns", "del", self._name)


def _ip(*words: str) -> bool:
    """Whether the system did what was asked of its network."""
    return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0


def _forward(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)
    with suppress(OSError):
        to.shutdown(socket.SHUT_WR)


Said = queue.Queue[tuple[float, str]]


@contextmanager
def program(dsn: str, *words: str, within: Sequence[str] = ()) -> Iterator[Said]:
    """A program that goes on, such as a puller or a window, and what it says when."""
    command = (sys.executable, "-m", "app", "--dsn", dsn, "--oms", "http://127.0.0.1:9", "-v")
    process = subprocess.Popen(
        [*within, *command, *words],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    said: Said = queue.Queue()

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            said.put((time.perf_counter(), line.strip()))

    listening = threading.Thread(target=listen)
    listening.start()
    try:
        while "Listening to the database" not in said.get(timeout=_LONGEST_S)[1]:
            pass
        yield said
    finally:
        process.terminate()
        process.wait()
        listening.join()


def of_program(said: Said, begin: float) -> tuple[float, str]:
    """When the program told that nothing is answered [s], and how."""
    while True:
        at, line = said.get(timeout=_LONGEST_S)
        if at > begin and any(each in line for each in _TOLD):
            return at - begin, line


def of_door(port: int, begin: float) -> tuple[float, str]:
    """The same of a request to the door."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_LONGEST_S)
    try:
        connection.request("POST", "/runs_filtered_ordered", '{"page": 0, "page_size": 5}',
                           {"Content-type": "application/json"})  # fmt: skip
        answer = connection.getresponse()
        text = f"{answer.status} {answer.read(120).decode(errors='replace')}"
    except (OSError, HTTPException) as error:
        text = repr(error)
    finally:
        connection.close()
    return time.perf_counter() - begin, text


def of_command(dsn: str, begin: float, within: Sequence[str] = ()) -> tuple[float, str]:
    """The same of a command that is given now; its start is in it."""
    words = ("-m", "app", "--dsn", dsn, "runs", "list")
    done = subprocess.run(
        [*within, sys.executable, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_S,
    )
    return time.perf_counter() - begin, done.stderr.strip()


def show(who: str, noticed: tuple[float, str]) -> None:
    """One line."""
    seconds, text = noticed
    print(f"{who:<28}{seconds:5.1f} s (10)  {text[:90]}")


def main() -> None:
    """Prints the figures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    # Who ends it wants the network and the programs gone as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with ExitStack() as stack:
        # As root the database's server runs as another user, who has to get in.
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="run-registry-bench-"))
        Path(made).chmod(0o755)
        folder = Path(made) / "server"
        running = stack.enter_context(server(folder))
        prepared(running.dsn).close()
        with_server_frozen(running.dsn, folder / "cluster")
        network = Network(urlsplit(running.dsn).port or 5432)
        stack.callback(network.remove)
        if network.make():
            with_network_cut(network, running.dsn)
        else:
            print("A network of its own can't be made here (ip netns): no cut was measured.")


def with_server_frozen(dsn: str, cluster: Path) -> None:
    """Everybody, while the server doesn't move."""
    with ExitStack() as stack:
        # A program can't tell that it listens before the server has answered: one by one.
        pulling = stack.enter_context(program(dsn, "puller"))
        window = stack.enter_context(program(dsn))
        port, _ = stack.enter_context(door(dsn))
        show("a command, nothing wrong", of_command(dsn, time.perf_counter()))
        with frozen(cluster) as begin:
            show("the door", of_door(port, begin))
            show("the puller", of_program(pulling, begin))
            show("the window", of_program(window, begin))
            show("a command", of_command(dsn, time.perf_counter()))
        show("the door, afterwards", of_door(port, time.perf_counter()))


def with_network_cut(network: Network, dsn: str) -> None:
    """The same while packets are dropped; whoever would ask a door is cut off from it as well."""
    within, there = network.within, network.dsn(dsn)
    with (
        program(there, "puller", within=within) as pulling,
        program(there, within=within) as window,
    ):
        with network.cut() as begin:
            show("cut: the puller", of_program(pulling, begin))
            show("cut: the window", of_program(window, begin))
            show("cut: a command", of_command(there, time.perf_counter(), within))
        show("a command, afterwards", of_command(there, time.perf_counter(), within))


if __name__ == "__main__":
    main()
