"""Which objects Python looks through for garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (1_000, 20, 25)
"""Python's own (700, 10, 10) look through everything seven times as often, while a person clicks
through runs every half minute."""


@contextmanager
def kept() -> Iterator[None]:
    """What is made meanwhile stays until the program ends: nobody looks through it for garbage.

    Every thread waits for whoever does, for 150 ms where all modules are looked through.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*_THRESHOLDS)
        if was_enabled:
            gc.enable()
