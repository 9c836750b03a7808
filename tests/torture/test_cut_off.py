"""A server that is gone without a word, cut off or frozen: whoever waits for it is told, a command
and a puller, too, and they go on by themselves when it is back."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.domain.errors import Unavailable
from app.domain.sources.pull import PullState, PullStatus
from app.models.database import patience
from app.models.database.engine import Database
from app.models.database.listen import ChangeListener
from app.models.database.locks import PullerLock
from app.services import databases
from app.sync.jobs import JobLoop
from tests.replicas import Node, folder_of_server, needs_postgresql

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60.0

pytestmark = [
    needs_postgresql,
    pytest.mark.expected_log("No news from the database", always=False),
]


def ip(*words: str) -> bool:
    """Whether the system did what was asked of its network."""
    return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0


class Network:
    """A network of its own for a server, which can drop everything."""

    def __init__(self) -> None:
        number = secrets.token_hex(3)
        self.name, self._here, self._there = f"rr-{number}", f"rra{number}", f"rrb{number}"
        # Others on this machine make some, too.
        start = f"10.213.{secrets.randbelow(256)}"
        first = 4 * secrets.randbelow(64)
        self._ours, self.its = f"{start}.{first + 1}", f"{start}.{first + 2}"

    def make(self) -> bool:
        """Whether it could be made."""
        inside = ("-n", self.name)
        return shutil.which("ip") is not None and all(
            (
                ip("netns", "add", self.name),
                ip("link", "add", self._here, "type", "veth", "peer", "name", self._there),
                ip("link", "set", self._there, "netns", self.name),
                ip("addr", "add", f"{self._ours}/30", "dev", self._here),
                ip("link", "set", self._here, "up"),
                ip(*inside, "addr", "add", f"{self.its}/30", "dev", self._there),
                ip(*inside, "link", "set", self._there, "up"),
                ip(*inside, "link", "set", "lo", "up"),
            )
        )

    def cut(self) -> None:
        """From now on nothing that the server sends arrives."""
        assert ip("-n", self.name, "route", "add", "blackhole", self._ours)

    def mend(self) -> None:
        """It arrives again."""
        assert ip("-n", self.name, "route", "del", "blackhole", self._ours)

    def remove(self) -> None:
        """Takes it away."""
        ip("link", "del", self._here)
        ip("netns", "del", self.name)


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """A network of its own."""
    made = Network()
    try:
        if not made.make():
            pytest.skip("needs the right to make a network of its own (ip netns)")
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def node(network: Network) -> Iterator[Node]:
    """A server in that network, with Run Registry on it."""
    with folder_of_server() as folder:
        made = Node(folder / "a", 5432, network.its, ("ip", "netns", "exec", network.name))
        made.make()
        db = Database(dsn_of(made))
        databases.initialise(db, default_configuration=True)
        db.close()
        yield made
        made.stop()


def dsn_of(node: Node) -> str:
    """Its address; a network that nobody else is in needs no TLS."""
    return f"{node.dsn}?sslmode=disable"


@contextmanager
def cut_off(network: Network, _node: Node) -> Iterator[None]:
    """The network drops everything."""
    network.cut()
    try:
        yield
    finally:
        network.mend()


@contextmanager
def frozen(_network: Network, node: Node) -> Iterator[None]:
    """The server doesn't move."""
    processes = node.processes()
    for each in processes:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in processes:
            os.kill(each, signal.SIGCONT)


Silence = Callable[[Network, Node], AbstractContextManager[None]]


def test_that_everybody_is_told_and_goes_on(
    network: Network, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_SILENT_S", 1.0)
    monkeypatch.setattr(patience, "_ANSWER_S", 2)
    everybody_is_told(network, node, cut_off)


@pytest.mark.parametrize("silence", [cut_off, frozen])
def test_that_a_command_is_told_too(
    network: Network, node: Node, silence: Silence, tmp_path: Path, at_length: None
) -> None:
    def command() -> None:
        done = subprocess.run(
            [sys.executable, "-m", "app", "--dsn", dsn_of(node), "runs", "list"],
            cwd=ROOT,
            env={**os.environ, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )
        assert done.returncode == 1
        assert "answer" in done.stderr

    everybody_is_told(network, node, silence, command)


def everybody_is_told(
    network: Network, node: Node, silence: Silence, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """The one who waits for an answer, the news and the puller, who go on afterwards, too."""
    db = Database(dsn_of(node))
    db.prepare()
    live, lost = threading.Event(), threading.Event()

    def on_connection(is_live: bool, _reason: str) -> None:
        (live if is_live else lost).set()

    listener = ChangeListener(db, lambda _: None, on_connection)
    working, stuck = threading.Event(), threading.Event()

    def hear(status: PullStatus) -> None:
        if status.state is PullState.UNAVAILABLE:
            stuck.set()
        elif status.state is PullState.WAITING:
            working.set()

    bugs: list[Exception] = []
    loop = JobLoop(
        "something",
        lambda _: "done",
        None,
        PullerLock(db, source="something"),
        interval_s=0.1,
        election_interval_s=0.1,
        on_bug=bugs.append,
        on_status=hear,
        client_name="somebody",
    )
    told: list[Exception] = []

    def wait_for_answer() -> None:
        try:
            with db.read() as connection:
                connection.execute(sa.text("SELECT pg_sleep(3600)"))
        except Unavailable as error:
            told.append(error)

    waiting = threading.Thread(target=wait_for_answer)
    listener.start()
    loop.start()
    try:
        assert live.wait(_PATIENCE_S)
        assert working.wait(_PATIENCE_S)
        waiting.start()
        live.clear()
        with silence(network, node):
            meanwhile()
            assert lost.wait(_PATIENCE_S)
            assert stuck.wait(_PATIENCE_S)
            waiting.join(_PATIENCE_S)
        assert not waiting.is_alive()
        assert len(told) == 1
        working.clear()
        assert live.wait(_PATIENCE_S)
        assert working.wait(_PATIENCE_S)
        assert bugs == []
    finally:
        db.give_up()
        loop.stop()
        listener.stop()
        db.close()
