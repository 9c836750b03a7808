"""Fixtures of the tests that ask OMS."""

from collections.abc import Iterator

import pytest

from app.demo.simulated_oms import SimulatedOms
from tests.sync.memory_store import at
from tests.sync.misbehaving_oms import MisbehavingOms, a_run


@pytest.fixture
def oms() -> Iterator[MisbehavingOms]:
    server = MisbehavingOms()
    yield server
    server.close()


@pytest.fixture
def simulated() -> Iterator[SimulatedOms]:
    """Seven runs, the higher numbers changed later, two lumisections each."""
    numbers = range(355100, 355107)
    oms = SimulatedOms(
        runs=[a_run(number, last_update=at(number - 355100)) for number in numbers],
        lumisections={
            number: [{"lumisection_number": position, "run_number": number} for position in (1, 2)]
            for number in numbers
        },
    )
    with oms:
        yield oms
