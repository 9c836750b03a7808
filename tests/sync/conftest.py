"""Fixtures of the tests that ask OMS."""

from collections.abc import Iterator

import pytest

from tests.sync.misbehaving_oms import MisbehavingOms


@pytest.fixture
def oms() -> Iterator[MisbehavingOms]:
    server = MisbehavingOms()
    yield server
    server.close()
