"""Whether a window can be opened here; Qt itself would end the process without an exception."""

import ctypes
import ctypes.util
import os
import socket
import sys
import time
from collections.abc import Mapping

from app.domain.errors import Refused

_PACKAGES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
}

_TRIES = 4
_BETWEEN_TRIES_S = 0.25
_FIRST_WAYLAND = "wayland-0"
_WAYLAND_S = 2.0


def check_display(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str:
    """Refuses with what is missing and what to do; only Linux can lack a display.

    Returns the platform that Qt has to be told, empty where it finds the right one itself.
    """
    wanted = environ.get("QT_QPA_PLATFORM", "")
    if platform != "linux" or (wanted and not wanted.startswith(("xcb", "wayland"))):
        return ""
    wayland = environ.get("WAYLAND_DISPLAY", "")
    if wanted.startswith("wayland") or (not wanted and wayland):
        if _wayland_answers(wayland or _FIRST_WAYLAND, environ.get("XDG_RUNTIME_DIR", "")):
            return ""
        # A session that has ended leaves its name behind, and Qt would give up on it.
        if (wanted and "xcb" not in wanted) or not environ.get("DISPLAY"):
            raise Refused(
                f"The Wayland screen {wayland or _FIRST_WAYLAND} can't be reached. Check"
                " WAYLAND_DISPLAY, or start with --headless."
            )
    _check_x(environ.get("DISPLAY", ""))
    return "xcb"


def _check_x(display: str) -> None:
    if not display:
        raise Refused(
            "There is no screen here to open a window on. Start with --headless, or log in with"
            " a desktop or ssh -X."
        )
    missing = [package for library, package in _PACKAGES.items() if not _loads(library)]
    if missing:
        raise Refused(
            "System libraries that a window needs are missing. Type:"
            f" sudo apt-get install {' '.join(missing)}"
        )
    if not _answers(display):
        raise Refused(
            f"The screen {display} can't be reached. Check DISPLAY, or start with --headless."
        )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _wayland_answers(name: str, folder: str) -> bool:
    path = name if name.startswith("/") else f"{folder}/{name}"
    with socket.socket(socket.AF_UNIX) as screen:
        screen.settimeout(_WAYLAND_S)
        try:
            screen.connect(path)
        except OSError:
            return False
    return True


def _answers(display: str) -> bool:
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    # An X server without a session begins anew when its last client leaves, and answers nobody
    # meanwhile: so it is asked again, and the connection that it took stays until we end.
    for _ in range(_TRIES):
        connection = xcb.xcb_connect(display.encode(), None)
        if int(xcb.xcb_connection_has_error(connection)) == 0:
            return True
        xcb.xcb_disconnect(connection)
        time.sleep(_BETWEEN_TRIES_S)
    return False
