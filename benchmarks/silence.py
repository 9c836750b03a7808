"""How soon it is noticed that the server is frozen: `python -m benchmarks.silence`.

A command, a puller and a door are processes of their own. Each is to tell within ten seconds that
the server answers nothing, and to go on once it does.
"""

import argparse
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks.database import prepared, server
from benchmarks.door import door

_LONGEST_S = 60.0


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


@contextmanager
def puller(dsn: str) -> Iterator["queue.Queue[tuple[float, str]]"]:
    """A puller that works, and what it says when."""
    words = ("-m", "app", "--dsn", dsn, "--oms", "http://127.0.0.1:9", "-v", "puller")
    process = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True)
    said: queue.Queue[tuple[float, str]] = queue.Queue()

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


def of_puller(said: "queue.Queue[tuple[float, str]]", begin: float) -> tuple[float, str]:
    """When the puller told that nothing is answered [s], and how."""
    while True:
        at, line = said.get(timeout=_LONGEST_S)
        if at > begin and ("answered nothing" in line or "can't be reached" in line):
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


def of_command(dsn: str, begin: float) -> tuple[float, str]:
    """The same of a command that is given now; its start is in it."""
    words = ("-m", "app", "--dsn", dsn, "runs", "list")
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, timeout=_LONGEST_S
    )
    return time.perf_counter() - begin, done.stderr.strip()


def show(who: str, noticed: tuple[float, str]) -> None:
    """One line."""
    seconds, text = noticed
    print(f"{who:<28}{seconds:5.1f} s (10)  {text[:90]}")


def main() -> None:
    """Prints the figures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with ExitStack() as stack:
        # As root the database's server runs as another user, who has to get in.
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="run-registry-bench-"))
        Path(made).chmod(0o755)
        folder = Path(made) / "server"
        running = stack.enter_context(server(folder))
        prepared(running.dsn).close()
        said = stack.enter_context(puller(running.dsn))
        port, _ = stack.enter_context(door(running.dsn))
        start = time.perf_counter()
        show("a command, nothing wrong", of_command(running.dsn, start))
        with frozen(folder / "cluster") as begin:
            show("the door", of_door(port, begin))
            show("the puller", of_puller(said, begin))
            show("a command", of_command(running.dsn, time.perf_counter()))
        show("the door, afterwards", of_door(port, time.perf_counter()))


if __name__ == "__main__":
    main()
