"""The server's files in a data folder: making them, and what the file system refuses."""

import contextlib
import errno
import logging
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from app import files
from app.domain.errors import Refused, Unavailable
from app.models.embedded import programs
from app.models.embedded.programs import (
    Account,
    Installation,
    begin,
    make_passable,
    reaches,
    run,
)

logger = logging.getLogger(__name__)
OWNER = "run_registry"
OUR_CONFIGURATION = "run_registry.conf"

DEMONSTRATION_MARK = "simulated-oms"
"""A file of the data folder: the database holds the demonstration season."""

UNFINISHED = "restore.json"
RESTORING = "restoring"
"""Files that are there while a database is brought back, and where that was cut."""


@dataclass(frozen=True)
class Place:
    """A data folder, where in it or for it the server's files are, and who runs what on them."""

    folder: Path
    cluster: Path
    installation: Installation
    account: Account | None

    def run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs one of the server's programs as the server's user."""
        command = [self.installation.program(program), *arguments]
        return run(command, self.account, cwd=self.cluster.parent)

    def begin(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """The same for one whose end nobody waits for yet."""
        command = [self.installation.program(program), *arguments]
        return begin(command, self.account, cwd=self.cluster.parent)


def cluster_path(folder: Path, account: Account | None) -> Path:
    """Where the server's files are: in `folder`, unless its user can't get there."""
    cluster = folder / "cluster"
    if cluster.is_symlink():
        return cluster.resolve()
    if account is None or cluster.exists() or reaches(account, folder):
        return cluster
    # A new name: an old one may hold what belonged to a folder that was deleted meanwhile.
    elsewhere = programs.FOR_ROOT / f"data-{secrets.token_hex(6)}"
    make_passable(elsewhere)
    cluster.symlink_to(elsewhere / "cluster")
    return elsewhere / "cluster"


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """What the file system refuses, in words."""
    try:
        yield
    except ValueError as error:
        if "\0" not in str(folder) and not isinstance(error, UnicodeEncodeError):
            raise
        raise Refused(
            f"{str(folder)!r} can be no data folder: no file can have this name."
        ) from None
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Unavailable(_disk_full(folder)) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}:
            raise Refused(
                f"The data folder {folder} can't be written: {error.strerror}"
                f" ({error.filename or folder}). Choose another folder, or make it yours."
            ) from error
        if error.errno in {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}:
            raise Refused(
                f"The file system of {folder} can't lock files, which the database needs."
                " Choose a folder on a local disk."
            ) from error
        raise Unavailable(
            f"The data folder {folder} can't be used: {files.reason(error)}"
            f" ({error.filename or folder})."
        ) from error


_ROOM_MB = 150
"""What a new database takes until it holds something."""
_NO_ROOM = re.compile(
    r"No space left on device|Disk quota exceeded|Check free disk space|wrote only \d+ of \d+ bytes"
)


def disk_full(folder: Path, said: str) -> Unavailable | None:
    """What to tell when the server gave up because the disk is full; None for other reasons."""
    return Unavailable(_disk_full(folder)) if _NO_ROOM.search(said) else None


def _disk_full(folder: Path) -> str:
    return f"The disk of {folder} is full. Free some space and try again."


def _check_room(cluster: Path) -> None:
    """Refuses at once: a server that runs out of room while it is set up dies in many ways."""
    folder = next(each for each in cluster.parents if each.exists())
    free = shutil.disk_usage(folder).free >> 20
    if free < _ROOM_MB:
        raise Unavailable(
            f"The disk of {folder} has {free} MB left, and a new database takes {_ROOM_MB} MB. Free"
            " some space and try again, or name another folder with --data-folder."
        )


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except FileNotFoundError as error:
        raise Refused(
            f"The data folder {folder} can't be made ({error.strerror}). Choose another folder."
        ) from error
    if sys.platform != "win32" and os.geteuid() == 0:
        # The server's user has to pass through; only `cluster` inside is its own.
        folder.chmod(folder.stat().st_mode | 0o111)


def initialise(place: Place, kept_password: str | None = None) -> None:
    """Makes the server's files; they appear under their name only when they are complete.

    Without `kept_password` they get a new one, which is written to the folder.
    """
    cluster, account, major = place.cluster, place.account, place.installation.major
    _check_room(cluster)
    logger.info("Making a database in %s with PostgreSQL %d", cluster, major)
    password = kept_password or secrets.token_urlsafe(24)
    fresh = cluster.with_name("cluster.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    handed = cluster.with_name("password.new")
    files.write(handed, password, mode=files.PRIVATE, follow=False)
    try:
        if account is not None and sys.platform != "win32":
            os.chown(fresh, account.uid, account.gid)
            os.chown(handed, account.uid, account.gid)
        for locale in _locales(major):
            made = place.run(
                "initdb",
                f"--pgdata={fresh}",
                f"--username={OWNER}",
                f"--pwfile={handed}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                *locale,
            )
            if "invalid locale" not in made.stdout:
                break
    finally:
        handed.unlink(missing_ok=True)
    if made.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        fail(place.folder, made.stdout)
    with (fresh / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"\ninclude_if_exists = '{OUR_CONFIGURATION}'\n")
    if kept_password is None:
        files.write(place.folder / "password", password, mode=files.PRIVATE, follow=False)
    fresh.rename(cluster)


def _locales(major: int) -> list[list[str]]:
    """Ways to ask for letters in order of their codes; not every system knows the better ones."""
    if major >= 17:
        return [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    return [["--locale=C.UTF-8"], ["--locale=C"]]


def fail(folder: Path, output: str) -> NoReturn:
    """Raises what the server's program meant when it gave up."""
    if (full := disk_full(folder, output)) is not None:
        raise full
    complaints = [
        re.sub(r"^.*?(?:FATAL|PANIC|LOG|error):\s+", "", line).strip()
        for line in output.splitlines()
        if re.search(r"FATAL|PANIC|error:|could not|unrecognized|invalid|denied", line)
    ]
    said = "; ".join(complaints[:4]) or output.strip()[-300:] or "it said nothing"
    raise Unavailable(f"The database in {folder} doesn't start: {said}.")


def read_password(folder: Path) -> str:
    try:
        password = (folder / "password").read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        password = ""
    except FileNotFoundError as error:
        raise Refused(
            f"The file {folder / 'password'} is missing, without which the database can't be"
            " opened. Put it back, or choose another data folder."
        ) from error
    if not re.fullmatch(r"[\w-]+", password, re.ASCII):
        raise Refused(
            f"The file {folder / 'password'} holds no password any more, without which the database"
            " can't be opened. Put it back, or choose another data folder."
        )
    return password
