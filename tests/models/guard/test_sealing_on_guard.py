"""On a guarded database pullers seal, everybody verifies, and nobody else adds a leaf."""

import pytest

from app.domain.errors import Refused
from app.services.acting import Acting
from app.services.seal.sealing import Sealer
from app.services.seal.verifying import verify
from tests.models.guard.guarded import LOGINS


def test_that_a_puller_seals_and_a_person_verifies(come_in):
    sealer = Sealer(come_in("g_puller"), "puller", settled_s=0.0)
    for _ in range(2):
        sealer.seal_new()
        sealer.seal_old()
    person = come_in(next(iter(LOGINS)))
    report = verify(Acting(person))
    assert (report.good, report.versions > 0, report.unsealed.old) == (True, True, 0)
    assert not person.seal
    with pytest.raises(Refused):
        Sealer(person, "person").seal_new()
