"""Whether a window can be opened."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import Refused
from app.views.looks.display import check_display


def test_that_no_screen_is_refused_with_what_to_do() -> None:
    with pytest.raises(Refused, match="--headless"):
        check_display({}, "linux")


def test_that_other_platforms_of_qt_need_no_x_server() -> None:
    assert check_display({"QT_QPA_PLATFORM": "offscreen"}, "linux") == ""


@pytest.fixture
def wayland(tmp_path: Path) -> Iterator[Path]:
    """A screen that answers."""
    path = tmp_path / "wayland-7"
    with socket.socket(socket.AF_UNIX) as screen:
        screen.bind(str(path))
        screen.listen()
        yield path


def test_that_a_wayland_screen_that_answers_needs_no_x_server(wayland: Path) -> None:
    named = {"WAYLAND_DISPLAY": wayland.name, "XDG_RUNTIME_DIR": str(wayland.parent)}
    assert check_display(named, "linux") == ""
    assert check_display({"WAYLAND_DISPLAY": str(wayland)}, "linux") == ""
    assert check_display({"QT_QPA_PLATFORM": "wayland", **named}, "linux") == ""


@pytest.mark.parametrize("asked", [{}, {"QT_QPA_PLATFORM": "wayland"}])
def test_that_a_wayland_screen_of_a_session_that_ended_is_refused(
    tmp_path: Path, asked: dict[str, str]
) -> None:
    (tmp_path / "wayland-0").touch()
    named = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
    with pytest.raises(Refused, match=r"wayland-0 can't be reached.*--headless"):
        check_display({**named, **asked}, "linux")


def test_that_the_x_server_is_asked_where_the_wayland_screen_is_gone(tmp_path: Path) -> None:
    named = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
    with pytest.raises(Refused, match=r"localhost:4711 can't be reached|apt-get install"):
        check_display({**named, "DISPLAY": "localhost:4711"}, "linux")


def test_that_other_systems_have_a_screen() -> None:
    check_display({}, "darwin")
    check_display({}, "win32")


def test_that_a_screen_that_does_not_answer_is_refused() -> None:
    with pytest.raises(Refused, match=r"can't be reached|apt-get install"):
        check_display({"DISPLAY": "localhost:4711"}, "linux")
