"""Which objects Python looks through for garbage, when, and in which thread; and what is freed."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (1_000, 20, 25)
"""Python's own (700, 10, 10) look through everything seven times as often, while a person clicks
through runs every half minute."""


@contextmanager
def by_hand() -> Iterator[None]:
    """Python looks for no garbage by itself meanwhile."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def kept() -> Iterator[None]:
    """What is made meanwhile stays until the program ends: nobody looks through it for garbage.

    Every thread waits for whoever does, for 150 ms where all modules are looked through.
    """
    with by_hand():
        try:
            yield
        finally:
            gc.freeze()
            gc.set_threshold(*_THRESHOLDS)


@contextmanager
def collected_here() -> Iterator[None]:
    """Garbage is collected only by the thread that runs this, when it calls `collect_due`.

    By itself Python collects in whichever thread makes one object too many. A widget that is part
    of a cycle would die there, beside the thread that paints it, and the program with it.
    """
    with by_hand():
        try:
            yield
        finally:
            gc.collect()


def collect_due() -> None:
    """Collects what Python would have collected by itself since the last call."""
    for generation, (count, threshold) in reversed(
        list(enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)))
    ):
        if count > threshold:
            gc.collect(generation)
            return


def keep_what_is_there() -> None:
    """From now on nobody looks through what there is: it stays about as long as the window.

    That is half of what a whole collection costs after some hours of work.
    """
    gc.collect()
    gc.freeze()


def look_through_everything() -> None:
    """Collects also what was kept, and keeps the rest: what it belonged to is gone."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Gives memory that was freed back to the system, where its C library can (glibc).

    By itself each thread keeps what it once needed: for a season some 130 MB, for ever.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
