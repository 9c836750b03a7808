"""The start of the command `run-registry`: the program's own packages come first.

They are called `app` and `resources`, as in many other projects. Whoever has such a project in
PYTHONPATH or in the working directory starts this program all the same.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

HOME = Path(__file__).resolve().parent
OWN = ("app", "resources")
_REFUSED = 1


class _OwnFirst(PathFinder):
    """Finds the packages in OWN beside this file, and nothing else."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in OWN:
            return None
        return PathFinder.find_spec(fullname, [str(HOME)], target)


def main() -> int:
    """Runs the program; returns its exit code."""
    # A frozen program has its packages in itself and looks nowhere else.
    if not getattr(sys, "frozen", False):
        sys.path[:] = with_others_last(sys.path, os.environ.get("PYTHONPATH", ""))
        sys.meta_path.insert(0, _OwnFirst)
        if (said := loaded_from_elsewhere()) is not None:
            sys.stderr.write(f"run-registry: {said}\n")
            return _REFUSED
    from app.__main__ import main as start

    return start()


def with_others_last(places: Sequence[str], pythonpath: str) -> list[str]:
    """`places` with the working directory and what PYTHONPATH names at the end.

    Packages of other software that have the names of ours, such as an old numpy in the environment
    of an experiment, are then not taken. What is installed in such a folder itself stays.
    """
    others = {"", *pythonpath.split(os.pathsep)}
    with contextlib.suppress(FileNotFoundError):  # the working directory may be deleted
        others.add(os.getcwd())
        others = {place for place in others if Path(place).resolve() != HOME}
    return sorted(places, key=lambda place: place in others)


def loaded_from_elsewhere() -> str | None:
    """What to say when Python loaded another package of the same name before anything of ours."""
    for name in OWN:
        loaded = sys.modules.get(name)
        if loaded is None:
            continue
        # A folder without __init__.py is a package with places and without a file.
        places = [getattr(loaded, "__file__", None) or "", *getattr(loaded, "__path__", ())]
        if not any(Path(place).resolve().is_relative_to(HOME / name) for place in places if place):
            where = next((place for place in places if place), "an unknown place")
            return (
                f"Another package called {name!r} is loaded already, from {where}: Python was told"
                " to load it at every start (a .pth file or sitecustomize). Start run-registry"
                " from an environment of its own, such as one made by pipx."
            )
    return None


if __name__ == "__main__":
    sys.exit(main())
