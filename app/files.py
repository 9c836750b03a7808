"""Files read, and written whole or not at all, with a reason in words where that can't be done."""

import contextlib
import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from app.domain import foreign_json
from app.domain.errors import BadInput, Refused
from app.domain.foreign_json import NotJson
from app.domain.json_value import JsonValue

UNFINISHED = ".run-registry-*.part"
"""What a file is called that isn't finished."""
PRIVATE = 0o600
_ABANDONED_S = 86_400.0
"""Where files can't be locked: how long nobody has written to one that is taken away."""

_REASONS = {
    errno.ENOSPC: "the disk is full. Free some space and try again",
    errno.EDQUOT: "your quota is used up. Free some space and try again",
    errno.EFBIG: "it would be larger than a file may be",
    errno.EROFS: "the file system is read-only",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ELOOP: "it is a symbolic link that leads to itself",
    errno.EISDIR: "it is a folder",
    errno.EIO: "the disk reports an error",
    errno.ENXIO: "nothing reads from it",
    errno.EEXIST: "there is a file of this name",
    errno.ENOTDIR: "a part of its path is not a folder",
    errno.EACCES: "you may not write there",
    errno.EPERM: "you may not write there",
}


def write(
    file: Path, content: str | bytes, *, mode: int | None = None, follow: bool = True
) -> None:
    """Writes a file whole, a text in UTF-8; Refused says why it can't be written.

    `mode`, `follow`: as in `replacing`.
    """
    # A text from elsewhere may hold half a character, which no encoding has.
    whole = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    with replacing(file, mode=mode, follow=follow) as written:
        written.write(whole)


@contextlib.contextmanager
def replacing(file: Path, *, mode: int | None = None, follow: bool = True) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `file` when the block ends well.

    It has the `mode` given, else keeps that of the file it replaces, else has that of the person's
    umask. What a symbolic link leads to is replaced, unless not to be
    `follow`ed: then the link itself. A crash leaves the old file or the new one. Refused, with
    `file` named, is what the system refuses in the block, too.
    """
    with told(file):
        if _is_stream(file):
            with file.open("wb") as stream:
                yield stream
            return
        place = Path(os.path.realpath(file)) if follow else file
        before = _before(place, follow=follow)
        take_away_abandoned(place.parent)
        new = 0o666 if mode is None and before is None else PRIVATE
        with _unfinished(place.parent, new) as (written, name):
            yield written
            written.flush()
            _dress(written.fileno(), before, mode)
            os.fsync(written.fileno())
            if sys.platform == "win32":
                written.close()
            os.replace(name, place)
        _sync_folder(place.parent)


def check_writable(file: Path) -> None:
    """Refuses a file that can't be written, before anything is computed for it."""
    with told(file):
        if _is_stream(file):
            return
        place = Path(os.path.realpath(file))
        folder = place.parent
        _before(place)
        folder.stat()
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "no folder")
        _check_access(folder, os.W_OK | os.X_OK)


def try_out(contents: Mapping[Path, bytes]) -> None:
    """Refuses files that the disk wouldn't take: writes all of them beside where they would stand,
    or in the nearest folder above that is there, and takes them away again. A full disk, a quota,
    and the rights on a network show only so."""
    with contextlib.ExitStack() as tried:
        for file, content in contents.items():
            folder = file.parent
            while not is_folder(folder) and folder != folder.parent:
                folder = folder.parent
            with told(file), _unfinished(folder, PRIVATE) as (written, name):
                tried.callback(name.unlink, missing_ok=True)
                written.write(content)
                written.flush()
                os.fsync(written.fileno())


def is_folder(path: Path) -> bool:
    """Whether a folder is there; False where nothing can be of this name."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """The same of a file."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def make_folder(folder: Path) -> None:
    """Makes a folder where there is none; Refused when it can't be made or written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise Refused(f"The folder {folder} can't be made: {reason(error)}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Refused(f"You may not write in the folder {folder}.")


@contextlib.contextmanager
def told(file: Path) -> Iterator[None]:
    """What the system refuses when `file` is written, in words."""
    if "\0" in str(file) or _is_half_a_character(str(file)):
        raise Refused(f"{str(file)!r} can't be written: no file can have this name.")
    try:
        yield
    except FileNotFoundError as error:
        folder = Path(os.path.realpath(file)).parent
        raise Refused(f"{file} can't be written: there is no folder {folder}.") from error
    except PermissionError as error:
        folder = Path(os.path.realpath(file)).parent
        raise Refused(f"{file} can't be written: you may not write in {folder}.") from error
    except OSError as error:
        raise Refused(f"{file} can't be written: {reason(error)}.") from error


def reason(error: OSError | ValueError) -> str:
    """Why the system refuses a file, without a full stop."""
    if isinstance(error, ValueError):
        return "no file can have this name"
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


def read_json(file: Path, what: str = "") -> JsonValue:
    """What a JSON file holds; BadInput, which calls the file `what`, when it can't be read."""
    with _readable(file, what):
        return foreign_json.read_file(file)


def read_utf8(file: Path, what: str = "") -> str:
    """A text file, no longer than a JSON text may be; BadInput as `read_json`."""
    with _readable(file, what):
        return foreign_json.read_text(file).decode("utf-8")


@contextlib.contextmanager
def _readable(file: Path, what: str) -> Iterator[None]:
    named = f"{what} {file}".strip()
    try:
        yield
    except OSError as error:
        raise BadInput(f"{named} can't be read: {error.strerror or error}.") from error
    except NotJson as error:
        raise BadInput(f"{named} {error}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{named} is not text in UTF-8.") from error
    except ValueError as error:
        raise BadInput(f"{named} can't be read: {reason(error)}.") from error


def take_away_abandoned(folder: Path, pattern: str = UNFINISHED) -> None:
    """Deletes what writers that were killed have left in a folder, unfinished."""
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            _delete_abandoned(path)


def _is_half_a_character(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return True
    return False


def _is_stream(file: Path) -> bool:
    """Whether it is a pipe or a device, or one of this process' own: it is written to as it is."""
    if str(file).startswith(("/dev/std", "/dev/fd/", "/proc/")):
        return True
    try:
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _before(place: Path, *, follow: bool = True) -> os.stat_result | None:
    """What is to be replaced. Raises OSError where it may not be."""
    try:
        before = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(before.st_mode):
        if follow:  # it was followed as far as it leads
            raise OSError(errno.ELOOP, "leads to itself")
        return None
    if stat.S_ISDIR(before.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if not os.access(place, os.W_OK):
        _check_read_only(place)
        raise Refused(f"{place} can't be written: it is write-protected.")
    return before


def _check_access(folder: Path, wanted: int) -> None:
    if not os.access(folder, wanted):
        _check_read_only(folder)
        raise PermissionError(errno.EACCES, "not yours")


def _check_read_only(path: Path) -> None:
    if sys.platform != "win32" and os.statvfs(path).f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, "read-only")


@contextlib.contextmanager
def _unfinished(folder: Path, mode: int) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file in the folder, locked as long as it is written to; gone when the block fails.

    The system applies the umask to `mode`, and a default access list of the folder.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    while True:
        name = folder / UNFINISHED.replace("*", secrets.token_hex(8))
        handle = os.open(name, flags, mode)
        if _take(handle, name):
            break
        os.close(handle)
    try:
        with os.fdopen(handle, "wb") as written:
            yield written, name
    except BaseException:
        with contextlib.suppress(OSError):
            name.unlink(missing_ok=True)
        raise


def _dress(handle: int, before: os.stat_result | None, mode: int | None) -> None:
    """Gives a file the owner and the mode of the one it replaces, or the mode that is wanted."""
    if sys.platform == "win32":
        return
    # Only root can give files away; a file system of another kind may have no owners at all.
    if before is not None:
        with contextlib.suppress(OSError):
            os.fchown(handle, before.st_uid, before.st_gid)
    if mode is None and before is not None:
        mode = stat.S_IMODE(before.st_mode) & 0o777
    if mode is not None:
        with contextlib.suppress(OSError):
            os.fchmod(handle, mode)


def _sync_folder(folder: Path) -> None:
    """Has the folder's new entry survive a power cut, where the system can do that."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


if sys.platform == "win32":

    def _take(handle: int, name: Path) -> bool:
        return True

    def _delete_abandoned(path: Path) -> None:
        _delete_old(path)

else:
    import fcntl

    def _take(handle: int, name: Path) -> bool:
        """Locks a new file; False when it was taken for an abandoned one just before."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            return True  # this file system can't lock
        try:
            return os.path.samestat(os.fstat(handle), name.lstat())
        except FileNotFoundError:
            return False

    def _delete_abandoned(path: Path) -> None:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        except BlockingIOError:
            return  # it is being written
        except OSError:
            _delete_old(path)
        finally:
            os.close(handle)


def _delete_old(path: Path) -> None:
    if time.time() - path.lstat().st_mtime > _ABANDONED_S:
        path.unlink()
