"""History of selections, datasets and runs: who, when, from what to what; as of and compared."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.errors import BadInput, NotFound
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange, LumisectionChange
from app.models.history import writes
from app.services import names
from app.services.acting import Acting
from app.services.certification import runs
from app.services.editing import bulk as bulk_edit
from app.services.editing import lumisections
from app.services.history import look as history
from app.services.history import moments
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once

RUN = 390001
PROMPT = "/PromptReco/Collisions2025A/DQM"
GOOD = Triplet("GOOD")
BAD = Triplet("BAD", "HV trip", "hv")


@filled_once
def online(database: Database) -> None:
    """One open run of 10 LS on the small configuration."""
    configure(database)
    pull.apply(Acting(database), a_run(RUN, 10))


def set_column(db: Database, column: str, triplet: Triplet, first: int, last: int) -> int:
    wanted = ColumnEdit(RUN, "online", column, (LumiRange(first, last),), triplet)
    version = bulk_edit.write(
        Acting(db, EXPERT), [wanted], comment=f"{column} {triplet.status}"
    ).version
    assert version is not None
    return version


def set_bit(db: Database, bit: str, first: int, last: int, *, value: bool) -> int:
    wanted = BitEdit(RUN, "online", bit, (LumiRange(first, last),), value)
    version = bulk_edit.write(Acting(db, EXPERT), [wanted], comment="seen on the monitor").version
    assert version is not None
    return version


def test_that_a_selection_tells_who_changed_it_from_what_to_what_and_where(online: Database):
    bad = set_column(online, "dt-dt", BAD, 2, 4)
    set_column(online, "csc-csc", BAD, 2, 4)
    set_column(online, "dt-dt", BAD, 8, 9)
    pull.apply(
        Acting(online), a_run(RUN, 10, changed={3: {"dt0_ready": False}, 6: {"dt0_ready": False}})
    )
    page = history.selection_history(Acting(online), RUN, "online", ["dt-dt"], [LumiRange(1, 6)])
    pulled, edited, created = page.entries
    assert edited.action.version == bad
    assert (edited.action.author, edited.action.manual) == (EXPERT.email, True)
    assert [(c.before, c.after, c.ranges) for c in edited.datasets[0].columns] == [
        (GOOD, BAD, (LumiRange(2, 4),))
    ]
    assert not pulled.action.manual
    found = {c.ranges: (c.before, c.after, c.overruled) for c in pulled.datasets[0].columns}
    assert found[(LumiRange(3, 3),)] == (BAD, BAD, True)
    assert found[(LumiRange(6, 6),)] == (GOOD, Triplet("BAD"), False)
    assert [(c.before, c.after) for c in created.datasets[0].columns] == [(None, GOOD)]


def test_that_a_history_is_paged_by_version(online: Database):
    made = [set_column(online, "dt-dt", Triplet("BAD", f"number {n}"), 1, 1) for n in range(5)]
    found: list[int] = []
    before = None
    while True:
        page = history.selection_history(
            Acting(online), RUN, "online", ["dt-dt"], limit=2, before=before
        )
        found.extend(entry.action.version for entry in page.entries)
        before = page.before
        if before is None:
            break
    assert found[:5] == made[::-1]
    assert found == sorted(set(found), reverse=True)
    whole = history.dataset_history(Acting(online), RUN, "online", limit=3)
    assert [entry.action.version for entry in whole.entries] == made[:1:-1]
    rest = history.dataset_history(Acting(online), RUN, "online", limit=50, before=whole.before)
    assert rest.entries[0].action.version == made[1]
    assert rest.before is None
    with pytest.raises(BadInput, match="1 to 200"):
        history.run_history_of(Acting(online), RUN, limit=0)


@pytest.mark.parametrize("dataset", [None, "online", PROMPT])
def test_that_a_page_of_one_version_tells_what_the_whole_history_does(
    online: Database, dataset: str | None
):
    set_column(online, "dt-dt", BAD, 2, 4)
    set_bit(online, "dt0_ready", 3, 6, value=False)
    changed = {3: {"dt0_ready": True, "recorded": 2.5}, 9: {"cscp_ready": False}}
    pull.apply(Acting(online), a_run(RUN, 14, changed=changed))
    set_bit(online, "cscp_ready", 9, 9, value=True)
    runs.move(Acting(online, EXPERT), RUN, "SIGNOFF")
    subject = history.HistorySubject(RUN, dataset)
    whole = history.history_of(Acting(online), subject, limit=200)
    found, before = [], None
    while True:
        page = history.history_of(Acting(online), subject, limit=1, before=before)
        found += page.entries
        before = page.before
        if before is None:
            break
    assert found == list(whole.entries)
    assert any(each.columns or each.bits for entry in found for each in entry.datasets)


def test_that_a_version_that_wrote_to_online_elsewhere_tells_what_was_there(online: Database):
    """Of a dataset a page reads what lies where its versions wrote, be it through `online`."""
    with begin(online, [RUN]) as action:
        action.append("some@cern.ch", "made", [DatasetChange(RUN, PROMPT)])
        both = [
            LumisectionChange(RUN, name, [({"dt0_ready": False}, (LumiRange(*ranges),))], oms=True)
            for name, ranges in ((PROMPT, (2, 3)), ("online", (7, 8)))
        ]
        action.append("some@cern.ch", "both", both)
    whole = history.dataset_history(Acting(online), RUN, PROMPT, limit=1)
    (of_prompt,) = whole.entries[0].datasets
    assert [(each.before, each.after, each.ranges) for each in of_prompt.bits] == [
        (True, False, (LumiRange(2, 3), LumiRange(7, 8)))
    ]


def test_that_the_history_of_a_run_has_its_attributes_and_all_its_datasets(online: Database):
    set_column(online, "dt-dt", BAD, 2, 4)
    set_bit(online, "dt0_ready", 5, 6, value=False)
    runs.edit_attribute(Acting(online, EXPERT), RUN, "stop_reason", "beam dump")
    page = history.run_history_of(Acting(online), RUN)
    reason, bit, column = page.entries[:3]
    assert [(c.name, c.before, c.after) for c in reason.attributes] == [
        ("stop_reason", "", "beam dump")
    ]
    assert [(c.key, c.before, c.after, c.ranges) for c in bit.datasets[0].bits] == [
        ("dt0_ready", True, False, (LumiRange(5, 6),))
    ]
    assert [c.key for c in column.datasets[0].columns] == ["dt-dt"]
    created = page.entries[-1]
    luminosity = next(c for c in created.datasets[0].bits if c.key == "recorded")
    assert (luminosity.kinds, luminosity.before) == (1, None)


def test_that_a_column_that_changed_in_many_ways_is_only_counted(online: Database):
    changed = {n: {"recorded": n / 7} for n in range(1, 21)}
    pull.apply(Acting(online), a_run(RUN + 1, 20, changed=changed))
    entry = history.run_history_of(Acting(online), RUN + 1).entries[0]
    luminosity = [c for each in entry.datasets for c in each.bits if c.key == "recorded"]
    assert [(c.kinds, c.ranges) for c in luminosity] == [(20, (LumiRange(1, 20),))]


def test_that_the_origin_of_a_cell_is_the_word_that_holds(online: Database):
    version = set_column(online, "dt-dt", BAD, 2, 4)
    pull.apply(Acting(online), a_run(RUN, 10, changed={3: {"dt0_ready": False}}))
    held = history.origin(Acting(online), RUN, "online", "dt-dt", 3)
    assert held is not None
    assert (held.value, held.by_hand, held.automatic) == (BAD, True, Triplet("BAD"))
    assert (held.action.version, held.action.comment) == (version, "dt-dt BAD")
    bit = history.origin(Acting(online), RUN, "online", "dt0_ready", 3)
    assert bit is not None
    assert (bit.value, bit.by_hand) == (False, False)
    assert history.origin(Acting(online), RUN, "online", "dt-dt", 11) is None
    assert history.origin(Acting(online), RUN, "online", "no-such", 1) is None
    with pytest.raises(NotFound):
        history.origin(Acting(online), RUN, "/No/Such/DQM", "dt-dt", 1)


def test_that_a_look_at_a_version_is_what_was_seen_then(online: Database):
    first = set_column(online, "dt-dt", BAD, 2, 4)
    runs.edit_attribute(Acting(online, EXPERT), RUN, "stop_reason", "beam dump")
    seen = history.look(Acting(online), RUN, "online")
    set_column(online, "dt-dt", GOOD, 1, 10)
    runs.edit_attribute(Acting(online, EXPERT), RUN, "stop_reason", "other")
    then = history.look(Acting(online), RUN, "online", as_of=first + 1)
    assert then.state.rr.same_as(seen.state.rr)
    assert then.run_attributes == seen.run_attributes
    assert {k: m.tolist() for k, m in then.by_hand.items()} == {
        k: m.tolist() for k, m in seen.by_hand.items()
    }
    now = history.look(Acting(online), RUN, "online")
    assert now.seen > seen.seen
    with pytest.raises(NotFound, match="didn't exist yet"):
        history.look(Acting(online), RUN, "online", as_of=0)


def test_that_two_moments_are_compared_cell_by_cell_and_attribute_by_attribute(online: Database):
    first = set_column(online, "dt-dt", BAD, 2, 4)
    set_column(online, "dt-dt", Triplet("STANDBY"), 4, 6)
    set_bit(online, "dt0_ready", 5, 6, value=False)
    runs.edit_attribute(Acting(online, EXPERT), RUN, "stop_reason", "beam dump")
    compared = moments.compare(Acting(online), RUN, "online", first)
    assert {(c.key, c.before, c.after, c.ranges) for c in compared.columns} == {
        ("dt-dt", BAD, Triplet("STANDBY"), (LumiRange(4, 4),)),
        ("dt-dt", GOOD, Triplet("STANDBY"), (LumiRange(5, 6),)),
    }
    assert [(c.key, c.before, c.after) for c in compared.bits] == [("dt0_ready", True, False)]
    assert compared.run_attributes == {"stop_reason": ("", "beam dump")}
    assert moments.compare(Acting(online), RUN, "online", first, first).columns == ()


def test_that_a_version_is_found_by_its_number(online: Database):
    version = set_column(online, "dt-dt", BAD, 2, 4)
    found = history.version_of(Acting(online), version)
    assert (found.author, found.comment) == (EXPERT.email, "dt-dt BAD")
    with pytest.raises(NotFound, match="There is no version 99999"):
        history.version_of(Acting(online), 99999)


@pytest.mark.parametrize(
    ("subject", "versions"),
    [
        (history.HistorySubject(RUN), [3, 2, 1]),
        (history.HistorySubject(RUN, "online"), [3, 2, 1]),
        (history.HistorySubject(RUN, "online", ("csc-csc",)), [3, 1]),
        (history.HistorySubject(RUN, "online", ("dt-dt",), (LumiRange(1, 1),)), [1]),
        (history.HistorySubject(RUN, "online", ("dt-dt",), (LumiRange(4, 4),)), [2, 1]),
    ],
)
def test_that_a_history_is_of_a_run_a_dataset_or_some_cells(
    online: Database, subject: history.HistorySubject, versions: list[int]
):
    created = history.run_history_of(Acting(online), RUN).entries[0].action.version
    set_column(online, "dt-dt", BAD, 2, 4)
    set_column(online, "csc-csc", BAD, 1, 10)
    page = history.history_of(Acting(online), subject)
    found = [entry.action.version - created + 1 for entry in page.entries]
    assert found == versions


def test_that_a_moment_says_who_made_it_and_which_moments_are_beside_it(online: Database):
    created = history.run_history_of(Acting(online), RUN).entries[0].action.version
    first = set_column(online, "dt-dt", BAD, 2, 4)
    pull.apply(Acting(online), a_run(RUN + 1, 10))  # of another run
    second = set_column(online, "dt-dt", BAD, 2, 6)
    moment = moments.moment(Acting(online), RUN, "online", first)
    assert (moment.older, moment.newer) == (created, second)
    assert moment.text.startswith(f"version {first}, 20")
    assert moment.text.endswith(f" UTC, by {EXPERT.email}: dt-dt BAD")
    value = moment.look.state.rr.value("dt-dt", 5)
    assert value == GOOD
    newest = moments.moment(Acting(online), RUN, "online", second + 7)
    assert (newest.action, newest.older, newest.newer) == (None, second, None)
    assert newest.text == f"version {second + 7}"


def test_that_the_moment_after_one_is_found_beyond_the_first_page(
    online: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(moments, "MOST_VERSIONS", 2)
    made = [set_column(online, "dt-dt", Triplet("BAD", f"number {n}"), 1, 1) for n in range(6)]
    for before, after in pairwise(made):
        assert moments.moment(Acting(online), RUN, "online", before).newer == after


def test_that_a_dataset_without_events_of_its_own_tells_what_came_through_online(online: Database):
    wanted = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(1, 10),), GOOD)
    lumisections.edit_columns(Acting(online, EXPERT), [wanted])
    runs.move(Acting(online, EXPERT), RUN, "SIGNOFF")
    runs.move(Acting(online, EXPERT), RUN, "OPEN")
    version = set_bit(online, "dt0_ready", 5, 6, value=False)
    page = history.selection_history(Acting(online), RUN, PROMPT, ["dt0_ready"])
    assert page.entries[0].action.version == version
    assert [(c.before, c.after) for c in page.entries[0].datasets[0].bits] == [(True, False)]


def test_that_a_time_means_the_last_version_before_it(online: Database):
    for number in range(3):
        set_column(online, "csc-csc", Triplet("BAD", f"number {number}"), 1, 1)
    with online.read() as connection:
        numbers = range(1, writes.newest_version(connection) + 1)
        times = {each: found.at for each, found in writes.actions(connection, numbers).items()}
    assert len(times) > 2
    for version, at in times.items():
        before = max((each for each, time in times.items() if time < at), default=0)
        just_after = at + timedelta(microseconds=1)
        newest = max(each for each, time in times.items() if time <= at)
        assert names.version_at(Acting(online), just_after) == newest, version
        if before:
            assert names.version_at(Acting(online), at) == before
    first = min(times.values())
    with pytest.raises(NotFound, match="no version before"):
        names.version_at(Acting(online), first)
    made = set_column(online, "dt-dt", BAD, 2, 4)
    pull.apply(Acting(online), a_run(RUN + 1, 10))  # of another run
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert moments.moment_before(Acting(online), RUN, "online", tomorrow).version == made
    with pytest.raises(NotFound, match="has no version before"):
        moments.moment_before(Acting(online), RUN + 1, "online", first + timedelta(microseconds=1))
