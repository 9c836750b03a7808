"""A data folder on its way to the next major version of PostgreSQL, and what a cut leaves of it."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from msgspec import Struct

from app.domain.errors import Refused
from app.models.embedded.cluster import Place
from app.models.embedded.programs import newer_installation

_NEW = "cluster.upgraded"
_OLD = "cluster.old"


class Upgraded(Struct, frozen=True):
    """From which major version to which, and the backup that was made before."""

    before: int
    after: int
    backup: Path
    rows: int


def newer_place(place: Place) -> Place:
    """Where the newest server that is here will have its files until they take the old ones' place.

    Refused when none is newer.
    """
    major = place.installation.major
    newer = newer_installation(major)
    if newer is None:
        raise Refused(
            f"The data in {place.cluster} were made by PostgreSQL {major}, and no newer one is"
            " here. There is nothing to do."
        )
    return replace(place, cluster=place.cluster.with_name(_NEW), installation=newer)


def unfinished(place: Place) -> Place:
    """Where an upgrade of that place that was cut has left its files, if it has left any."""
    return replace(place, cluster=place.cluster.with_name(_NEW))


def clear(new: Place) -> None:
    """Takes away what an attempt that was cut has left."""
    shutil.rmtree(new.cluster, ignore_errors=True)


def swap(cluster: Path, new: Path) -> None:
    """Has the new files take the name of the old ones, which are then deleted.

    Wherever it is cut, `finish` brings it to its end at the next start.
    """
    cluster.rename(cluster.with_name(_OLD))
    new.rename(cluster)
    _sync(cluster.parent)
    finish(cluster)


def finish(cluster: Path) -> None:
    """Brings a swap to its end: the old files stand aside only when the new ones are complete."""
    old, new = cluster.with_name(_OLD), cluster.with_name(_NEW)
    if not old.exists():
        return
    if not cluster.exists():
        new.rename(cluster)
        _sync(cluster.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Has the names survive a power cut."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
