"""What is looked through for garbage, and by whom."""

import gc
import platform
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app import garbage


class _Kept:
    """Something that garbage is looked for in."""

    itself: "_Kept"


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """Python collects by itself, as it does outside of tests."""
    gc.enable()
    yield
    gc.disable()


def test_that_what_is_made_at_the_start_is_not_looked_through() -> None:
    before = (700, 10, 10)
    with garbage.kept():
        assert not gc.isenabled()
        made = [_Kept()]
    assert gc.isenabled()
    assert gc.get_threshold() > before
    assert all(each is not made for each in gc.get_objects())
    later = [_Kept()]
    assert any(each is later for each in gc.get_objects())


def test_that_garbage_is_looked_for_again_after_a_start_that_failed() -> None:
    with suppress(OSError), garbage.kept():
        raise OSError
    assert gc.isenabled()


def test_that_a_thread_of_the_pool_collects_nothing_beside_the_window() -> None:
    died: list[str] = []
    made: list[list[None]] = []

    def much_is_made() -> None:
        made.extend([] for _ in range(50 * gc.get_threshold()[0]))

    with garbage.collected_here():
        dropped = _Kept()
        dropped.itself = dropped
        weakref.finalize(dropped, lambda: died.append(threading.current_thread().name))
        del dropped
        worker = threading.Thread(target=much_is_made)
        worker.start()
        worker.join()
        assert not died
        garbage.collect_due()
        assert died == [threading.current_thread().name]
    assert gc.isenabled()


def test_that_what_is_left_dies_in_the_thread_of_the_window() -> None:
    with garbage.collected_here():
        dropped = _Kept()
        dropped.itself = dropped
        left = weakref.ref(dropped)
        del dropped
        assert left() is not None
    assert left() is None


def test_that_old_garbage_is_collected_when_its_turn_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[int] = []
    monkeypatch.setattr(gc, "collect", collected.append)
    for counts in ((2, 0, 0), (1001, 0, 0), (1001, 21, 0), (0, 21, 26)):
        monkeypatch.setattr(gc, "get_count", lambda counts=counts: counts)
        monkeypatch.setattr(gc, "get_threshold", lambda: (1000, 20, 25))
        garbage.collect_due()
    assert collected == [0, 1, 2]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library isn't glibc")
def test_that_what_a_thread_freed_goes_back_to_the_system() -> None:
    def used() -> int:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096

    kept: list[bytes] = []

    def much_is_made_and_dropped() -> None:
        made = [bytes(2_000) for _ in range(100_000)]
        # What is in use at the end keeps all that is before it.
        kept.append(bytes(2_000))
        made.clear()

    worker = threading.Thread(target=much_is_made_and_dropped)
    worker.start()
    worker.join()
    before = used()
    garbage.give_back()
    assert before - used() > 100 << 20


def test_that_what_is_there_is_kept_until_everything_is_looked_through() -> None:
    made = _Kept()
    made.itself = made
    gone = weakref.ref(made)
    garbage.keep_what_is_there()
    del made
    gc.collect()
    assert gone() is not None
    garbage.look_through_everything()
    assert gone() is None
