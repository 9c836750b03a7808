"""What is looked through for garbage."""

import gc

from app import garbage


class _Kept:
    """Something that garbage is looked for in."""


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
    try:
        with garbage.kept():
            raise OSError
    except OSError:
        assert gc.isenabled()
