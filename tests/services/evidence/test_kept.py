"""What was fetched, kept on disk within bounds."""

import os
from pathlib import Path

from app.services.evidence.kept import Kept

DAY_S = 86_400.0


class Clock:
    """Time that a test sets."""

    now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


def kept(folder: Path, clock: Clock, most_bytes: int = 1000) -> Kept:
    return Kept(folder, most_bytes=most_bytes, most_days=2, clock=clock)


def test_that_what_is_kept_is_found_until_it_is_too_old(tmp_path):
    clock = Clock()
    store = kept(tmp_path, clock)
    assert store.find("a") is None
    store.keep("a", b"x")
    clock.now += DAY_S
    found = store.find("a")
    assert found is not None
    assert (found.content, found.fetched_at) == (b"x", clock.now - DAY_S)
    assert store.find("a", not_older_s=60) is None
    clock.now += 1.5 * DAY_S
    assert store.find("a") is None


def test_that_above_the_bound_what_was_looked_at_longest_ago_goes(tmp_path):
    clock = Clock()
    store = kept(tmp_path, clock)
    for name in "abc":
        store.keep(name, b"x" * 300)
        clock.now += 10
    assert store.find("a") is not None
    clock.now += 10
    store.keep("d", b"x" * 300)
    assert [name for name in "abcd" if store.find(name)] == ["a", "d"]
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= 1000


def test_that_what_another_window_kept_counts_too(tmp_path):
    clock = Clock()
    kept(tmp_path, clock).keep("a", b"x" * 900)
    clock.now += 10
    kept(tmp_path, clock).keep("b", b"x" * 900)
    assert kept(tmp_path, clock).find("a") is None


def test_that_nothing_is_kept_with_a_bound_of_nothing(tmp_path):
    store = kept(tmp_path / "none", Clock(), 0)
    store.keep("a", b"x")
    assert not (tmp_path / "none").exists()


def test_that_a_folder_that_cannot_be_written_is_no_failure(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = kept(tmp_path / "file", Clock())
    store.keep("a", b"x")
    assert store.find("a") is None


def test_that_nobody_else_may_read_what_is_kept(tmp_path):
    kept(tmp_path, Clock()).keep("a", b"x")
    (file,) = tmp_path.iterdir()
    assert os.stat(file).st_mode & 0o077 == 0
