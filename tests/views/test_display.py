"""Whether a window can be opened."""

import pytest

from app.domain.errors import Refused
from app.views.display import check_display


def test_that_no_screen_is_refused_with_what_to_do() -> None:
    with pytest.raises(Refused, match="--headless"):
        check_display({}, "linux")


@pytest.mark.parametrize(
    "environ", [{"QT_QPA_PLATFORM": "offscreen"}, {"WAYLAND_DISPLAY": "wayland-0"}]
)
def test_that_other_platforms_of_qt_need_no_x_server(environ: dict[str, str]) -> None:
    check_display(environ, "linux")


def test_that_other_systems_have_a_screen() -> None:
    check_display({}, "darwin")
    check_display({}, "win32")


def test_that_a_screen_that_does_not_answer_is_refused() -> None:
    with pytest.raises(Refused, match=r"can't be reached|apt-get install"):
        check_display({"DISPLAY": "localhost:4711"}, "linux")
