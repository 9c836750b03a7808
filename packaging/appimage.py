"""Makes an AppImage of the bundle, with an `appimagetool` that is pinned and fetched."""

import hashlib
import platform
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

TOOL = (
    "https://github.com/AppImage/appimagetool/releases/download/1.9.0/appimagetool-x86_64.AppImage"
)
SHA256 = "46fdd785094c7f6e545b61afcfb0f3d98d8eab243f644b4b17698c01d06083d1"
_PATIENCE_S = 60.0


def make(bundle: Path, shared: Path, work: Path, out: Path) -> Path:
    """Makes the one file, of the bundle and what a desktop expects beside it."""
    tool = shutil.which("appimagetool") or str(fetched(work / "appimagetool"))
    folder = work / "run-registry.AppDir"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(bundle, folder, symlinks=True)
    for name in ("run-registry-desktop.desktop", "run-registry-desktop.svg"):
        shutil.copy(shared / name, folder / name)
    (folder / "AppRun").symlink_to("run-registry")
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"run-registry-desktop-{platform.machine()}.AppImage"
    subprocess.run([tool, str(folder), str(file)], check=True)
    return file


def fetched(target: Path, address: str = TOOL, sha256: str = SHA256) -> Path:
    """The tool, executable, at `target`; what isn't the file that was pinned is never started.

    Raises RuntimeError that says what was there instead.
    """
    if not target.exists() or _sum_of(target) != sha256:
        sys.stderr.write(f"build: fetching {address}\n")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with (
                urllib.request.urlopen(address, timeout=_PATIENCE_S) as answer,
                target.open("wb") as file,
            ):
                shutil.copyfileobj(answer, file)
        except OSError as error:
            raise RuntimeError(
                f"appimagetool isn't installed, and {address} can't be read: {error}. Install"
                " it, or build where that address is reached."
            ) from error
        found = _sum_of(target)
        if found != sha256:
            target.unlink()
            raise RuntimeError(
                f"{address} has another file than the one that was pinned: its SHA-256 is {found},"
                f" and {sha256} is wanted. It was deleted and not started. If there is a new"
                " release, look at it, and change TOOL and SHA256 in packaging/appimage.py."
            )
    target.chmod(0o755)
    return target


def _sum_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
