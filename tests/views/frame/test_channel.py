"""Links that other starts of the program hand to the open window."""

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app import __main__ as entry
from app.domain.links import Link, RunLink
from app.views.frame.channel import LinkChannel, tell_window


@pytest.fixture
def file() -> Iterator[Path]:
    # The name of a socket is short.
    with tempfile.TemporaryDirectory(prefix="rr") as folder:
        yield Path(folder) / "run-registry-desktop" / "window"


@pytest.fixture
def arrived() -> list[Link]:
    return []


@pytest.fixture
def channel(file: Path, qtbot: QtBot, arrived: list[Link]) -> Iterator[LinkChannel]:
    channel = LinkChannel(file)
    channel.arrived.connect(arrived.append)
    yield channel
    channel.close()
    channel.deleteLater()


def meanwhile(qtbot: QtBot, ask: Callable[[], object]) -> None:
    """Asks in a thread, as another program does, while the window goes on."""
    thread = threading.Thread(target=ask)
    thread.start()
    qtbot.waitUntil(lambda: not thread.is_alive(), timeout=20_000)


def told(qtbot: QtBot, file: Path, text: str) -> str:
    answers: list[str] = []
    meanwhile(qtbot, lambda: answers.append(tell_window(file, text)))
    return answers[0]


def test_that_the_open_window_is_told_a_link(
    channel: LinkChannel, file: Path, qtbot: QtBot, arrived: list[Link]
) -> None:
    assert channel.server.isListening()
    assert told(qtbot, file, "run-registry://run/396281") == "The open window was asked to show it."
    assert arrived == [RunLink(396281)]
    assert file.parent.stat().st_mode & 0o077 == 0


def test_that_a_hostile_link_is_answered_and_goes_nowhere(
    channel: LinkChannel, file: Path, qtbot: QtBot, arrived: list[Link]
) -> None:
    assert "is not a link of Run Registry" in told(qtbot, file, "javascript:alert(1)")
    assert "longer than" in told(qtbot, file, "run-registry://run/1?dataset=" + "a" * 20_000)
    assert arrived == []


@pytest.mark.parametrize("sent", [b"", b"no line", b"\x00\xff" * 40_000, b"x" * 200_000])
def test_that_what_is_no_line_keeps_nobody_from_asking(
    channel: LinkChannel, file: Path, qtbot: QtBot, arrived: list[Link], sent: bytes
) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(str(file))
        other.setblocking(False)
        if sent:
            other.send(sent)
        assert told(qtbot, file, "run-registry://run/5") == "The open window was asked to show it."
    assert arrived == [RunLink(5)]


def test_that_one_window_listens_and_another_takes_over_when_it_is_gone(
    file: Path, qtbot: QtBot
) -> None:
    first = LinkChannel(file)
    second = LinkChannel(file)
    assert [each.server.isListening() for each in (first, second)] == [True, False]
    first.close()
    third = LinkChannel(file)
    assert third.server.isListening()
    third.close()
    for each in (first, second, third):
        each.deleteLater()


def test_that_what_a_dead_window_left_is_no_window(file: Path, qtbot: QtBot) -> None:
    file.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(file))
    assert tell_window(file, "run-registry://run/1") == ""
    channel = LinkChannel(file)
    assert channel.server.isListening()
    channel.close()
    channel.deleteLater()


def test_that_a_folder_that_cannot_be_made_keeps_no_window_from_opening(
    tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "file").touch()
    channel = LinkChannel(tmp_path / "file" / "window")
    assert not channel.server.isListening()
    channel.deleteLater()


def test_that_the_command_opens_a_link_in_the_open_window(
    channel: LinkChannel,
    file: Path,
    qtbot: QtBot,
    arrived: list[Link],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(file.parent.parent))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("app.logs.start", lambda **_: tmp_path / "run-registry.log")
    codes: list[int] = []
    for link in ("run-registry://run/396281?ls=30-60", "run-registry://erase/all"):
        meanwhile(qtbot, lambda link=link: codes.append(entry.main(["open", link])))  # type: ignore[misc]
    said = capsys.readouterr()
    assert codes == [0, 1]
    assert arrived == [RunLink(396281, ranges=((30, 60),))]  # type: ignore[arg-type]
    assert said.out == "The open window was asked to show it.\n"
    assert 'names "erase"' in said.err


def test_that_the_window_that_stays_open_takes_links_over(
    channel: LinkChannel, file: Path, qtbot: QtBot, arrived: list[Link]
) -> None:
    others = [LinkChannel(file) for _ in range(2)]
    for other in others:
        assert not other.server.isListening()
        other.arrived.connect(arrived.append)
    channel.close()
    qtbot.waitUntil(lambda: any(other.server.isListening() for other in others))
    assert told(qtbot, file, "run-registry://run/7") == "The open window was asked to show it."
    assert arrived == [RunLink(7)]
    for other in others:
        other.close()
        other.deleteLater()
