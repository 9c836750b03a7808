"""Files are there whole or not at all, as the person wants them, and refusals say why."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import files
from app.domain.errors import Refused

_WRITE_AND_HANG = """
import sys
from pathlib import Path
from app import files
with files.replacing(Path(sys.argv[1])) as written:
    written.write(b"half")
    written.flush()
    print("begun", flush=True)
    sys.stdin.readline()
"""
NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any user can pass through, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="run-registry-files-") as name:
        found = Path(name)
        found.chmod(0o755)
        yield found
        for each in (found, *found.rglob("*")):
            if each.is_dir():
                each.chmod(0o755)


@pytest.fixture
def full_disk(folder: Path) -> Iterator[Path]:
    """A disk of 64 kB."""
    place = folder / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@contextlib.contextmanager
def umask(bits: int) -> Iterator[None]:
    before = os.umask(bits)
    yield
    os.umask(before)


def refusal_of_a_person(action: Callable[[], None]) -> str:
    """What an ordinary user is told; root is asked to be one in a process of its own."""
    if os.geteuid() != 0:
        with pytest.raises(Refused) as refused:
            action()
        return str(refused.value)
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Nothing but system calls follows in the child, whatever other threads hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        said = "nothing"
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            action()
        except BaseException as error:  # noqa: BLE001 - it is told to the test
            said = f"{type(error).__name__} {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as told:
        kind, _, said = told.read().partition(" ")
    assert kind == "Refused", (kind, said)
    return said


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize(("bits", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_that_a_new_file_has_the_mode_of_the_person_s_umask(folder: Path, bits: int, mode: int):
    with umask(bits):
        files.write(folder / "new.json", "{}")
        files.write(folder / "private.json", "{}", mode=files.PRIVATE)
    assert mode_of(folder / "new.json") == mode
    assert mode_of(folder / "private.json") == 0o600


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_that_a_replaced_file_keeps_mode_and_owner(folder: Path, mode: int):
    file = folder / "list.json"
    file.write_text("old")
    file.chmod(mode)
    if os.geteuid() == 0:
        os.chown(file, NOBODY, NOBODY)
    before = file.stat()
    with umask(0o022):
        files.write(file, "new")
    after = file.stat()
    assert file.read_text() == "new"
    assert after.st_ino != before.st_ino
    assert (mode_of(file), after.st_uid, after.st_gid) == (mode, before.st_uid, before.st_gid)


def test_that_what_a_link_leads_to_is_replaced_and_the_link_stays(folder: Path):
    (folder / "elsewhere").mkdir()
    target, link = folder / "elsewhere" / "list.json", folder / "latest.json"
    link.symlink_to(Path("elsewhere") / "list.json")
    for content in ("made", "made anew"):
        files.check_writable(link)
        files.write(link, content)
        assert link.is_symlink()
        assert target.read_text() == content
    files.write(link, "instead", follow=False)
    assert not link.is_symlink()
    assert (link.read_text(), target.read_text()) == ("instead", "made anew")
    assert sorted(path.name for path in folder.rglob("*.part")) == []


def test_that_a_failure_leaves_the_old_file_and_nothing_else(folder: Path):
    file = folder / "list.json"
    file.write_text("old")
    with pytest.raises(ZeroDivisionError), files.replacing(file) as written:  # noqa: PT012
        written.write(b"new")
        raise ZeroDivisionError
    assert file.read_text() == "old"
    assert [path.name for path in folder.iterdir()] == ["list.json"]


def test_that_a_full_disk_is_told_and_leaves_the_old_file(full_disk: Path):
    file = full_disk / "list.json"
    files.write(file, "old")
    with pytest.raises(Refused, match=r"list\.json can't be written: the disk is full\. Free"):
        files.write(file, b"x" * 100_000)
    assert file.read_text() == "old"
    assert [path.name for path in full_disk.iterdir()] == ["list.json"]


def test_that_a_disk_that_can_only_be_read_is_told(full_disk: Path):
    file = full_disk / "list.json"
    files.write(file, "old")
    subprocess.run(["mount", "-o", "remount,ro", str(full_disk)], check=True)
    for each in (file, full_disk / "new.json"):
        for action in (files.check_writable, lambda where: files.write(where, "new")):
            with pytest.raises(Refused, match="the file system is read-only"):
                action(each)


def test_that_a_folder_of_somebody_else_is_told(folder: Path):
    closed = folder / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    file = closed / "list.json"
    for action in (files.check_writable, lambda where: files.write(where, "new")):
        said = refusal_of_a_person(lambda: action(file))  # noqa: B023 - called at once
        assert said == f"{file} can't be written: you may not write in {closed}."


def test_that_a_write_protected_file_is_not_replaced(folder: Path):
    file = folder / "list.json"
    file.write_text("kept")
    file.chmod(0o444)
    folder.chmod(0o777)
    said = refusal_of_a_person(lambda: files.write(file, "new"))
    assert said == f"{file} can't be written: it is write-protected."
    assert file.read_text() == "kept"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x" * 300, "its name is too long"),
        ("no/such.json", "there is no folder"),
        ("file/list.json", "a part of its path is not a folder"),
        (".", "it is a folder"),
        ("loop", "it is a symbolic link that leads to itself"),
        ("astray", "there is no folder"),
        ("a\0b", "no file can have this name"),
        ("a\ud800", "no file can have this name"),
    ],
)
def test_that_a_place_where_nothing_can_be_written_is_told(folder: Path, name: str, said: str):
    (folder / "file").write_text("")
    (folder / "loop").symlink_to("loop")
    (folder / "astray").symlink_to(folder / "nowhere" / "list.json")
    for action in (files.check_writable, lambda where: files.write(where, "new")):
        with pytest.raises(Refused, match=f"can't be written: {said}"):
            action(folder / name)
    assert {path.name for path in folder.iterdir()} == {"file", "loop", "astray"}


def test_that_the_longest_name_a_file_can_have_is_written(folder: Path):
    file = folder / ("x" * 255)
    files.check_writable(file)
    files.write(file, "{}")
    assert file.read_text() == "{}"


def test_that_pipes_and_devices_are_written_to_and_stay(folder: Path):
    if os.geteuid() == 0:
        # One of our own: whoever breaks this would break the machine's.
        null = folder / "null"
        os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        files.check_writable(null)
        files.write(null, "gone")
        assert null.is_char_device()
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        files.write(pipe, "through")
        assert reader.communicate()[0] == "through"
    assert pipe.is_fifo()


def test_that_what_a_killed_writer_left_goes_and_what_is_being_written_stays(folder: Path):
    def begin(name: str) -> "subprocess.Popen[str]":
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITE_AND_HANG, str(folder / name)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "begun\n"
        return writer

    killed, living = begin("killed.json"), begin("living.json")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert len(list(folder.glob(".*.part"))) == 2
    files.write(folder / "other.json", "{}")
    assert len(list(folder.glob(".*.part"))) == 1
    living.communicate("end\n")
    assert {path.name for path in folder.iterdir()} == {"living.json", "other.json"}
    assert (folder / "living.json").read_text() == "half"


def test_that_file_and_folder_are_on_the_disk_before_it_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """The order that survives a power cut: the content, the new name, the folder."""
    done: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(handle: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_sync(handle)

    def replace(old: Path, new: Path) -> None:
        done.append("name")
        real_replace(old, new)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    files.write(folder / "list.json", "{}")
    assert done == ["file", "name", "folder"]


def test_that_half_a_character_of_a_text_is_written_as_its_number(folder: Path):
    files.write(folder / "list.json", '"\ud800"')
    assert (folder / "list.json").read_text() == '"\\ud800"'
