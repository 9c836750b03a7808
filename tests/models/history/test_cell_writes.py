"""Writes that are read around some versions tell what these changed, as all writes do."""

import random
import tracemalloc
from collections.abc import Callable, Sequence

import pytest

from app.domain.history.cells import Frame, Write, last_covered
from app.domain.identity import AUTO
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange, Mask, mask_of_ranges, ranges_of_mask
from app.models.database.engine import Database
from app.models.events import event_log
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.models.history import cell_writes
from app.services.acting import Acting
from app.services.history import look

KEYS = [(1, ONLINE), (1, "/A/B/DQM"), (2, ONLINE)]
COLUMNS, BITS = ("dt-dt", "ecal-ecal", "hcal-hcal"), ("dt0_ready", "recorded")


def versions(database: Database) -> list[int]:
    """Random writes of RR and OMS, by a person and not, with holes in what they cover."""
    chance = random.Random(7)

    def ranges() -> tuple[LumiRange, ...]:
        first = chance.randint(1, 30)
        holes = (LumiRange(first + 20, first + 22),) if chance.random() < 0.3 else ()
        return (LumiRange(first, first + chance.randint(0, 9)), *holes)

    def change(*, oms: bool) -> LumisectionChange:
        names = BITS if oms else COLUMNS
        number, statuses = chance.randint(0, 3), ("GOOD", "BAD")
        values = {
            name: number if oms else {"status": chance.choice(statuses)}
            for name in chance.sample(names, chance.randint(1, len(names)))
        }
        return LumisectionChange(*chance.choice(KEYS), [(values, ranges())], oms=oms)

    found = []
    with database.transaction() as connection:
        made = [RunChange(run, {"a": 1}, {"b": 1}) for run in (1, 2)]
        event_log.append(connection, AUTO, "", [*made, *(DatasetChange(*key) for key in KEYS)])
        for _ in range(60):
            author = chance.choice((AUTO, "shifter@cern.ch"))
            changes = [change(oms=chance.random() < 0.5) for _ in range(chance.randint(1, 3))]
            found.append(event_log.append(connection, author, "", changes))
    return found


@pytest.mark.parametrize("side", ["rr", "oms"])
def test_that_few_writes_tell_what_versions_changed(database: Database, side: str):
    made = versions(database)
    read, around_of = (
        (cell_writes.rr_writes, cell_writes.rr_around)
        if side == "rr"
        else (cell_writes.oms_writes, cell_writes.oms_around)
    )
    fewer = 0
    with database.read() as connection:
        every = read(connection, KEYS)
        for shown in ([each] for each in made):
            around = around_of(connection, KEYS, shown)
            for key in KEYS:
                assert around.lengths[key] == last_covered(every[key])
                few, all_ = Frame(around.writes[key]), Frame(every[key])
                assert few.changes(shown) == all_.changes(shown)
                fewer += len(all_.writes) - len(few.writes)
    assert fewer > 0
    # As of a version nothing newer is there.
    with database.read() as connection:
        then = read(connection, KEYS, as_of=made[30])
    assert then == {
        key: [each for each in of_key if each.version <= made[30]] for key, of_key in every.items()
    }


def test_that_writes_are_chosen_by_what_they_set_and_where(database: Database):
    versions(database)
    within = [LumiRange(12, 14)]
    with database.read() as connection:
        every = cell_writes.oms_writes(connection, KEYS)
        some = cell_writes.oms_writes(connection, KEYS, setting=["recorded"], within=within)
        bare = cell_writes.oms_writes(connection, KEYS, setting=["recorded"], bare=True)
    for key in KEYS:
        wanted = [each for each in every[key] if "recorded" in each.values]
        assert 0 < len(wanted) < len(every[key])
        assert [each for each in some[key] if meets(each.ranges)] == [
            each for each in wanted if meets(each.ranges)
        ]
        assert len(some[key]) < len(wanted)
        assert [each for each in bare[key] if each.values] == wanted
        assert [each.ranges for each in bare[key]] == [each.ranges for each in every[key]]


def meets(ranges: tuple[LumiRange, ...]) -> bool:
    return any(first <= 14 and last >= 12 for first, last in ranges)


def test_that_lumisections_come_with_the_first_version_that_covers_them(database: Database):
    made = versions(database)
    with database.read() as connection:
        every = cell_writes.oms_writes(connection, KEYS)
        for version in made[:20]:
            came = cell_writes.came_with(connection, KEYS, version)
            for key in KEYS:
                mask = mask_of_ranges([], 60)
                for name in {key[1], ONLINE}:
                    own = [each for each in every[key] if each.dataset == name]
                    here = covered(own, version.__eq__)
                    mask |= here & ~covered(own, version.__gt__)
                assert came[key] == ranges_of_mask(mask)


def covered(writes: Sequence[Write], which: Callable[[int], bool]) -> Mask:
    of_these = (each for write in writes if which(write.version) for each in write.ranges)
    return mask_of_ranges(of_these, 60)


def test_that_lumisections_far_beyond_the_last_one_cost_nothing(database: Database):
    versions(database)
    tracemalloc.start()
    try:
        with database.read() as connection:
            every = cell_writes.rr_writes(connection, KEYS)
            far = [LumiRange(1, 500_000_000)]
            assert cell_writes.rr_writes(connection, KEYS, within=far) == every
        look.selection_history(Acting(database), *KEYS[0], ["dt-dt"], far)
        assert look.origin(Acting(database), *KEYS[0], "dt-dt", 500_000_000) is None
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
