"""System libraries, fonts and the screen that the window needs: tried, not guessed."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

# Library -> Debian package. Ubuntu 24.04 provides the same names (its `t64` packages stand in).
FOR_QT = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libX11.so.6": "libx11-6",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
FOR_X11 = {
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
}
FOR_WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
}
FONT_PACKAGE = "fonts-dejavu-core"
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
_PLUGIN_OF = {"x11": "libqxcb.so", "wayland": "libqwayland.so"}

# Run by the project's own Python. A platform plugin that lacks a library aborts the process when Qt
# loads it, so it is loaded by hand first, after the Qt libraries it stands on.
_TRY_QT = """
import ctypes, sys
from pathlib import Path
import PySide6
from PySide6 import QtCore, QtDBus, QtGui, QtSvg, QtWidgets
for plugin in sys.argv[1:]:
    ctypes.CDLL(str(Path(PySide6.__file__).parent / "Qt/plugins/platforms" / plugin))
"""
_MISSING = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")


class LibrariesMissing(Exception):
    """System libraries are missing and can't be installed from here; the text says what to type."""


def display(environ: Mapping[str, str]) -> str | None:
    """Where a window would appear: `x11`, `wayland` or `offscreen`; None without a screen."""
    platform = environ.get("QT_QPA_PLATFORM", "")
    if platform.startswith(("offscreen", "minimal", "vnc")):
        return "offscreen"
    if sys.platform != "linux":
        return "offscreen"  # macOS always has its own screen and needs none of the libraries below
    if environ.get("DISPLAY"):
        return "x11"
    return "wayland" if environ.get("WAYLAND_DISPLAY") else None


def x11_answers() -> bool:
    """Whether the X server named by DISPLAY takes a connection; Qt would abort where it doesn't."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    refused = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not refused


def needed(screen: str) -> dict[str, str]:
    """Libraries that Qt needs on that kind of screen, each with its package."""
    return {**FOR_QT, **{"x11": FOR_X11, "wayland": FOR_WAYLAND}.get(screen, {})}


def missing(libraries: Iterable[str]) -> Iterator[str]:
    """Those of `libraries` that the loader doesn't find."""
    for name in libraries:
        try:
            ctypes.CDLL(name)
        except OSError:
            yield name


def missing_for_qt(python: Path, screen: str) -> str | None:
    """A library that the installed Qt still lacks for that kind of screen; None when it loads."""
    plugins = [_PLUGIN_OF[screen]] if screen in _PLUGIN_OF else []
    tried = subprocess.run(
        [str(python), "-c", _TRY_QT, *plugins], capture_output=True, text=True, check=False
    )
    if tried.returncode == 0:
        return None
    found = _MISSING.search(tried.stderr)
    if found is None:
        last = (tried.stderr.strip().splitlines() or [f"status {tried.returncode}"])[-1]
        raise LibrariesMissing(f"Qt can't be loaded: {last}")
    return found[1]


def has_font(folders: Sequence[str] = _FONT_FOLDERS) -> bool:
    """Whether any scalable font is installed; without one every text is a row of boxes."""
    return any(
        name.lower().endswith((".ttf", ".otf", ".ttc"))
        for folder in folders
        for _, _, names in os.walk(os.path.expanduser(folder))
        for name in names
    )


def missing_packages(screen: str) -> set[str]:
    """Packages of the libraries that the loader doesn't find, and of a font where there is none."""
    if sys.platform != "linux":
        return set()
    libraries = needed(screen)
    packages = {libraries[name] for name in missing(libraries)}
    return packages if has_font() else {*packages, FONT_PACKAGE}


def complete(python: Path, screen: str) -> None:
    """Load the installed Qt and install what it still lacks."""
    known = {**FOR_QT, **FOR_X11, **FOR_WAYLAND}
    tried: set[str] = set()
    while (library := missing_for_qt(python, screen)) is not None:
        if library not in known or library in tried:
            raise LibrariesMissing(
                f"Qt needs the system library {library}. Install the package that holds it "
                "and start ./run again."
            )
        tried.add(library)
        install({known[library]})


def apt_line(packages: Iterable[str]) -> str:
    """The one line to type that installs `packages`."""
    return "sudo apt-get install -y --no-install-recommends " + " ".join(sorted(packages))


def install(packages: Iterable[str]) -> None:
    """Install Debian packages as root or by a sudo that asks nothing; else say what to type."""
    names = sorted(packages)
    if not names:
        return
    line = f"System packages are missing. Type\n\n    {apt_line(names)}\n\nand start ./run again."
    if shutil.which("apt-get") is None:
        raise LibrariesMissing(
            "System packages are missing. Their names on Debian are: " + ", ".join(names)
        )
    if os.geteuid() == 0:
        rights: list[str] = []
    elif _sudo_asks_nothing():
        rights = ["sudo", "-n"]
    else:
        raise LibrariesMissing(line)
    sys.stderr.write(f"Installing system packages: {' '.join(names)}\n")
    apt = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
    apt += ["-o", "DPkg::Lock::Timeout=300"]  # a machine's own upgrades may be running
    # Lists can be absent or old (a fresh container has none), so they are fetched first; where that
    # fails, packages may still come from those at hand.
    subprocess.run([*apt, "update"], capture_output=True, check=False)
    done = subprocess.run(
        [*apt, "install", "-y", "--no-install-recommends", *names],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-5:]
        raise LibrariesMissing("\n".join(["apt-get failed:", *reason, "", line]))


def _sudo_asks_nothing() -> bool:
    if shutil.which("sudo") is None:
        return False
    asked = subprocess.run(
        ["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return asked.returncode == 0
