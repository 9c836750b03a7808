"""The log's words: who an author is, places in it, times, and the order of its sources."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadInput
from app.domain.history.log import (
    OF_VERSIONS,
    Kind,
    LogEntry,
    LogQuery,
    Position,
    Source,
    Who,
    merged,
    parse_position,
    parse_time,
    who_is,
)

NOW = datetime(2025, 6, 15, 12, 0, tzinfo=UTC)


def entry(source: Source, number: int, minute: int) -> LogEntry:
    at = NOW + timedelta(minutes=minute)
    return LogEntry(source, number, "somebody@cern.ch", at, "", frozenset())


@pytest.mark.parametrize(
    ("author", "who"),
    [
        ("expert@cern.ch", Who.PEOPLE),
        ("auto@auto", Who.AUTOMATIC),
        ("auto@auto - expert@cern.ch", Who.AUTOMATIC),
        ("auto@auto - pixel-autoencoder", Who.AGENTS),
        ("", Who.PEOPLE),
    ],
)
def test_that_an_agent_is_told_from_a_person_and_from_a_refresh(author: str, who: Who):
    assert who_is(author) is who


numbers = st.none() | st.integers(0, 2**31 - 1)


@given(st.builds(Position, numbers, numbers, numbers, numbers, numbers))
def test_that_a_place_in_the_log_reads_as_it_is_written(position: Position):
    if position == Position():
        assert str(position) == ""
    else:
        assert parse_position(str(position)) == position


def test_that_a_bare_number_is_a_version():
    assert parse_position("120") == Position(version=120)
    for wrong in ("", "x", "v1.v2", "v-1", "v1.", "120.s3", "9" * 5_000):
        with pytest.raises(BadInput, match="is not a position in the log"):
            parse_position(wrong)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-06-01", datetime(2025, 6, 1, tzinfo=UTC)),
        ("2025-06-01T08:30", datetime(2025, 6, 1, 8, 30, tzinfo=UTC)),
        ("2025-06-01T08:30+02:00", datetime(2025, 6, 1, 6, 30, tzinfo=UTC)),
        ("6h", NOW - timedelta(hours=6)),
        ("3 d", NOW - timedelta(days=3)),
    ],
)
def test_that_a_time_is_a_moment_or_how_long_ago(text: str, expected: datetime):
    assert parse_time(text, NOW) == expected


def test_that_until_a_day_means_to_its_end_and_nonsense_is_refused():
    assert parse_time("2025-06-01", NOW, end=True) == datetime(
        2025, 6, 1, 23, 59, 59, 999999, tzinfo=UTC
    )
    for wrong in ("yesterday", "2025-13-01", "99999999999w"):
        with pytest.raises(BadInput, match="is not a time"):
            parse_time(wrong, NOW)


def test_that_kinds_say_which_sources_are_asked():
    assert LogQuery(kinds=frozenset({Kind.GOLDEN})).wants(Source.GOLDEN)
    assert not LogQuery(kinds=frozenset({Kind.GOLDEN})).wants(Source.VERSION)
    assert not LogQuery(run=1).wants(Source.SETTINGS)
    assert LogQuery(run=1).wants(Source.GOLDEN)
    every = LogQuery(kinds=frozenset({Kind.RUN, Kind.DATASET, Kind.LUMISECTIONS, Kind.BITS}))
    assert every.version_kinds == frozenset()


minutes = st.lists(st.integers(0, 60), max_size=12)


@given(st.fixed_dictionaries(dict.fromkeys(Source, minutes)))
def test_that_sources_are_merged_by_time_and_each_keeps_its_order(
    times: dict[Source, list[int]],
):
    entries = {
        source: [
            entry(source, number, minute)
            for number, minute in zip(range(len(of), 0, -1), sorted(of, reverse=True), strict=True)
        ]
        for source, of in times.items()
    }
    found = list(merged(entries))
    assert [each.at for each in found] == sorted((each.at for each in found), reverse=True)
    for source, of in entries.items():
        assert [each for each in found if each.source is source] == of
    floor = NOW + timedelta(minutes=30)
    kept = list(merged(entries, floor=floor))
    assert kept == [each for each in found if each.source is Source.VERSION or each.at >= floor]


def test_that_a_source_is_read_on_from_its_own_last_entry():
    position = Position()
    for number, source in enumerate(Source, start=10):
        assert position.of(source) is None
        position = position.after(source, number)
    assert position == Position(version=10, settings=11, golden=12, cycle=13, note=14, verified=15)
    assert [position.of(source) for source in Source] == [10, 11, 12, 13, 14, 15]


@pytest.mark.parametrize(
    ("query", "sources"),
    [
        (LogQuery(), {*Source}),
        (LogQuery(run=1), {*Source} - {Source.SETTINGS}),
        (LogQuery(dataset="online"), {*Source} - {Source.SETTINGS, Source.GOLDEN}),
        (LogQuery(run=1, dataset="online"), {*Source} - {Source.SETTINGS}),
        (LogQuery(kinds=frozenset({Kind.BITS})), {Source.VERSION}),
        (LogQuery(kinds=frozenset({Kind.GOLDEN, Kind.CYCLE})), {Source.GOLDEN, Source.CYCLE}),
    ],
)
def test_that_only_sources_that_can_hold_an_answer_are_read(query: LogQuery, sources: set[Source]):
    assert {source for source in Source if query.wants(source)} == sources


def test_that_words_count_once_and_every_kind_of_version_is_none_in_particular():
    assert LogQuery(words=" HV  trip HV ").each_word == ("HV", "trip")
    assert LogQuery(kinds=frozenset(OF_VERSIONS)).version_kinds == frozenset()
    some = LogQuery(kinds=frozenset({Kind.RUN, Kind.GOLDEN}))
    assert some.version_kinds == {Kind.RUN}


def test_that_an_entry_knows_its_place_and_the_group_of_its_author():
    one = entry(Source.GOLDEN, 7, 0)
    assert one.key == (Source.GOLDEN, 7)
    assert one.who is Who.PEOPLE
