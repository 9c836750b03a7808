"""Patroni decides who leads, as the page on many clients says: whoever writes goes on by itself,
nothing that was acknowledged is lost, and nothing is written twice."""

import sys
import time
from collections.abc import Iterator

import pytest

from tests.patroni import Patroni, needs_patroni, patroni, until
from tests.torture.test_failover import WRITERS, Person, check_written, make_runs

pytestmark = [
    needs_patroni,
    pytest.mark.expected_log("It is there", always=False),
]


@pytest.fixture
def cluster(at_length: None) -> Iterator[Patroni]:
    """Two servers and a witness, with Run Registry on them."""
    with patroni() as running:
        running.make_database()
        make_runs(running.dsn)
        yield running


def go_on(people: list[Person], cluster: Patroni, left: str) -> float:
    """Waits until everybody has written to another leader; how long nobody had an answer [s]."""
    start = time.monotonic()
    until(lambda: cluster.leader() not in ("", left), cluster.logs)
    before = [len(each.acknowledged) for each in people]
    until(
        lambda: (
            any(each.failures for each in people)
            or all(len(p.acknowledged) >= n + 2 for p, n in zip(people, before, strict=True))
        ),
        cluster.logs,
    )
    assert [each.failures for each in people] == [[] for _ in people]
    return time.monotonic() - start


def test_that_everybody_goes_on_when_the_leader_hands_over_and_when_it_dies(
    cluster: Patroni,
) -> None:
    people = [Person(cluster.dsn, number) for number in range(WRITERS)]
    try:
        first = cluster.leader()
        cluster.hand_over()
        handed = go_on(people, cluster, first)
        cluster.until_whole()
        second = cluster.leader()
        cluster.kill(second)
        promoted = go_on(people, cluster, second)
        cluster.start(second)
        cluster.until_whole()
    finally:
        for person in people:
            person.stop()
    check_written(cluster.dsn, people)
    sys.stdout.write(f"\nhanded over: {handed:.1f} s, promoted: {promoted:.1f} s\n")
