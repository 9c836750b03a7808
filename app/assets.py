"""The only code that knows where the shipped resources are."""

from functools import cache
from importlib.resources import files
from pathlib import Path

import resources


def path(name: str) -> Path:
    """Path of a shipped file or folder, e.g. `configuration` or `icons/run.svg`."""
    return _folder() / name


@cache
def _folder() -> Path:
    return Path(str(files(resources)))


def documentation() -> Path:
    """Folder of the documentation: beside what is installed, or that of the checkout."""
    installed = path("docs")
    return installed if installed.is_dir() else path("").parent / "docs"
