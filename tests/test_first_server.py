"""The first server is connected to while the window is loaded."""

import threading
from collections.abc import Iterator

import pytest

from app.bootstrap.window import _Openings
from app.domain.errors import Unavailable
from app.settings import Settings


class Connected:
    """A server that answered, and whether it was left."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.left = threading.Event()

    def close(self) -> None:
        self.left.set()


class Servers:
    """What is connected to, when that may go on, and how it ends."""

    def __init__(self) -> None:
        self.opened: list[Connected] = []
        self.asked = threading.Semaphore(0)
        self.answer = threading.Event()
        self.error: Unavailable | None = None

    def connect(self, name: str) -> Connected:
        self.asked.release()
        assert self.answer.wait(60)
        if self.error is not None:
            raise self.error
        self.opened.append(Connected(name))
        return self.opened[-1]


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    servers = Servers()
    monkeypatch.setattr(_Openings, "_connect_to", lambda _self, name: servers.connect(name))
    yield servers
    servers.answer.set()


@pytest.fixture
def openings(tmp_path) -> _Openings:
    return _Openings(
        Settings.load({"data_folder": tmp_path}, environ={}, file=tmp_path / "settings.toml"),
        pictured=False,
    )


def test_that_the_first_server_is_connected_to_before_anybody_asks(openings, servers):
    with openings.begun():
        assert servers.asked.acquire(timeout=60)
        servers.answer.set()
        first = openings.connect("")
        assert servers.opened == [first]
        assert openings.connect("") is not first
    assert [each.left.is_set() for each in servers.opened] == [False, False]


def test_that_a_server_that_can_t_be_reached_is_told_to_who_asks_for_it(openings, servers):
    servers.error = Unavailable("It is away.")
    servers.answer.set()
    with openings.begun():
        with pytest.raises(Unavailable, match="It is away"):
            openings.connect("")
        servers.error = None
        assert openings.connect("").name == ""


def test_that_the_first_server_is_left_when_another_is_wanted(openings, servers):
    with openings.begun():
        servers.answer.set()
        other = openings.connect("other")
        assert other.name == "other"
        assert not other.left.is_set()
    assert all(each.left.wait(60) for each in servers.opened if each is not other)


def test_that_a_server_that_nobody_asked_for_is_left(openings, servers):
    with openings.begun():
        assert servers.asked.acquire(timeout=60)
    servers.answer.set()
    while not servers.opened:
        threading.Event().wait(0.01)
    assert servers.opened[0].left.wait(60)


def test_that_a_server_that_can_t_be_reached_and_isn_t_asked_for_troubles_nobody(openings, servers):
    servers.error = Unavailable("It is away.")
    with openings.begun():
        servers.answer.set()
    assert servers.opened == []
