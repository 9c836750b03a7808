"""Where datasets of one run have the same lumisections, against looking at each of these."""

import random
from collections import Counter

import numpy as np

from app.domain.state.places import Places, inside


def some_stretches(chance: random.Random) -> list[tuple[int, int, int]]:
    """Run, first lumisection and length of the stretches of a few datasets."""
    stretches = []
    for _ in range(chance.randint(1, 6)):
        run, at = chance.choice([7, 9, 390001]), 1
        for _ in range(chance.randint(0, 4)):
            at += chance.randint(0, 3)
            length = chance.randint(1, 6)
            stretches.append((run, at, length))
            at += length
    return stretches


def test_that_what_is_at_the_same_places_is_the_same_stretch() -> None:
    chance = random.Random(3)
    for _ in range(300):
        stretches = some_stretches(chance)
        if not stretches:
            continue
        places = Places(*np.array(stretches).T)
        lumisections = [(run, at + n) for run, at, length in stretches for n in range(length)]
        size = len(lumisections)
        begins = np.cumsum([0, *(length for *_, length in stretches)])[:-1]
        wanted = sorted({*begins.tolist(), *chance.sample(range(size), size // 3)})
        cuts = {lumisections[each] for each in wanted}
        # Wherever one begins or ends, too.
        cuts |= {(run, at + length) for run, at, length in stretches}
        expected = [n for n, each in enumerate(lumisections) if each in cuts]
        starts = places.cut(np.array(wanted))
        assert starts.tolist() == expected

        first = Counter[tuple[int, int]]()
        expected_first = []
        for each in starts.tolist():
            expected_first.append(not first[lumisections[each]])
            first[lumisections[each]] += 1
        assert places.are_first(starts).tolist() == expected_first

        chosen = np.array([chance.random() < 0.3 for _ in expected])
        here = {lumisections[n] for n in starts[chosen].tolist()}
        assert places.among(starts, chosen).tolist() == [lumisections[n] in here for n in expected]


def test_that_positions_are_found_whichever_are_fewer() -> None:
    starts = np.array([0, 3, 4, 9])
    for positions in ([0, 1, 2, 3, 4, 5, 8, 9, 30], [2, 9], [3]):
        expected = np.searchsorted(starts, positions, side="right") - 1
        assert inside(starts, np.array(positions)).tolist() == expected.tolist()
    assert inside(starts, starts).tolist() == [0, 1, 2, 3]
