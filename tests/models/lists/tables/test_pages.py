"""Pages of runs and datasets: SQL agrees with a plain reading of the filter and hides nothing."""

import json
import lzma
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from app.domain import filters
from app.domain.errors import BadInput
from app.domain.filters import (
    NAME,
    RUN,
    Field,
    Node,
    Source,
    field_of,
    parse,
)
from app.models.database.engine import Database
from app.models.events import second_eyes
from app.models.lists.tables import by_run, pages
from app.models.lists.tables.pages import Page, page
from app.models.lists.tables.query import Sort, TableKind, TableQuery
from app.models.lists.tables.rows import rows_by_key
from app.models.lists.tables.stale import stale_summaries
from app.models.lists.vocabulary import vocabulary
from app.models.schemas import tables
from tests.models.lists.plain_filters import PROMPT, fields, holds, nodes
from tests.models.lists.tables.small_season import EXPRESS, RUNS, fill, keys, shown


def runs_where(database: Database, text: str) -> list[int]:
    return [number for number, _ in keys(shown(database, TableQuery("runs", parse(text))))]


def sorted_runs(database: Database, field: str, *, descending: bool) -> list[int]:
    query = TableQuery("runs", sort=(Sort(field_of(field), descending),))
    return [number for number, _ in keys(shown(database, query))]


@pytest.mark.parametrize("kind", ["runs", "datasets"])
@given(node=nodes)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_that_sql_lets_pass_what_a_plain_reading_lets_pass(
    season: Database, kind: TableKind, node: Node
) -> None:
    everything = TableQuery(kind, include_online=True, include_deleted=True)
    with season.read() as connection:
        marks = second_eyes.protected(connection, RUNS).marks
        all_rows = [
            replace(row, marks=marks.get(row.key, ())) for row in page(connection, everything).rows
        ]
    found = shown(
        season, TableQuery(kind, node, include_online=True, include_deleted=True, limit=100)
    )
    assert keys(found) == [row.key for row in all_rows if holds(node, row)]
    assert (found.count, found.exact) == (len(found.rows), True)


@given(
    st.sampled_from(["runs", "datasets"]),
    st.lists(st.builds(Sort, fields, st.booleans()), max_size=3).map(tuple),
)
def test_that_pages_cover_every_row_once_whatever_the_sort(
    season: Database, kind: TableKind, sort: tuple[Sort, ...]
) -> None:
    query = TableQuery(kind, sort=sort, include_online=True, limit=100)
    whole = keys(shown(season, query))
    assert len(set(whole)) == len(whole) == (6 if kind == "runs" else 9) - (kind == "datasets")
    pieces = [
        key
        for offset in range(0, len(whole) + 2, 2)
        for key in keys(shown(season, TableQuery(kind, None, sort, offset, 2, include_online=True)))
    ]
    assert pieces == whole


# --- what a table shows ---------------------------------------------------------------------------


def test_that_runs_come_newest_first_and_datasets_by_run_and_name(season: Database) -> None:
    assert [number for number, _ in keys(shown(season, TableQuery("runs")))] == [
        *(355105, 355104, 355103, 355102, 355101, 355100)
    ]
    assert keys(shown(season, TableQuery("datasets"))) == [
        (355104, PROMPT),
        (355101, PROMPT),
        (355100, EXPRESS),
        (355100, PROMPT),
    ]


def test_that_a_run_without_summary_or_dataset_is_shown_without_status_cells(
    season: Database,
) -> None:
    rows = {row.run_number: row for row in shown(season, TableQuery("runs")).rows}
    current = rows[355100]
    assert current.summary_is_current
    assert current.triplet_summary is not None
    assert current.triplet_summary["dt-dt"] == {
        **{"GOOD": 90, "BAD": 10, "EMPTY": 0},
        **{"comments": ["HV trip"], "causes": []},
    }
    assert current.dcs_summary == {"hf_ready": {"TRUE": 90, "FALSE": 10, "NULL": 0, "EMPTY": 0}}
    assert (current.recorded_luminosity, current.delivered_luminosity) == (12.5, 13.5)
    for number in (355102, 355103, 355105):
        row = rows[number]
        assert not row.summary_is_current
        assert (row.triplet_summary, row.dcs_summary, row.recorded_luminosity) == (None, None, None)
    assert rows[355102].needs_manual_update
    assert not current.needs_manual_update


def test_that_a_deleted_dataset_is_shown_only_when_asked_for(season: Database) -> None:
    assert (355102, PROMPT) not in keys(shown(season, TableQuery("datasets")))
    found = shown(season, TableQuery("datasets", include_deleted=True))
    assert [row.key for row in found.rows if row.deleted] == [(355102, PROMPT)]


def test_that_a_deleted_run_takes_its_datasets_out_of_the_table(database: Database) -> None:
    fill(database)
    with database.transaction() as connection:
        connection.execute(
            update(tables.run).where(tables.run.c.run_number == 355100).values(deleted=True)
        )
    assert 355100 not in runs_where(database, "")
    for text, order in product(("", "global_state = OPEN", "energy <= 0"), ("", "energy", "dt-dt")):
        sort = (Sort(field_of(order)),) if order else ()
        found = shown(database, TableQuery("datasets", parse(text), sort))
        assert {number for number, _ in keys(found)} == {355101, 355104}, (text, order)
        assert found.count == 2


def test_that_significant_runs_and_states_narrow_the_table(season: Database) -> None:
    significant = TableQuery("runs", significant_only=True)
    assert {355100, 355104} == {number for number, _ in keys(shown(season, significant))}
    in_states = TableQuery("runs", states=("SIGNOFF", "COMPLETED"))
    assert {355101, 355104} == {number for number, _ in keys(shown(season, in_states))}
    waiting = TableQuery("datasets", workspace="dt", states=("waiting dqm gui",))
    assert keys(shown(season, waiting)) == [(355100, EXPRESS)]
    assert len(shown(season, TableQuery("datasets", states=("OPEN",))).rows) == 3


def test_that_a_cycle_shows_its_datasets(database: Database) -> None:
    fill(database)
    with database.transaction() as connection:
        now = "2022-08-01T00:00:00Z"
        times = {"createdAt": now, "updatedAt": now}
        number = connection.execute(
            insert(tables.cycle)
            .values(cycle_name="a", cycle_attributes={}, deadline=now, deleted=False, **times)
            .returning(tables.cycle.c.id_cycle)
        ).scalar_one()
        connection.execute(
            insert(tables.cycle_dataset).values(
                id_cycle=number, run_number=355100, name=PROMPT, **times
            )
        )
    assert keys(shown(database, TableQuery("datasets", cycle=number))) == [(355100, PROMPT)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("run = 355101 or dt-dt.GOOD > 50", [355104, 355101, 355100]),
        ("class != Collisions22", [355104, 355103, 355102, 355101]),
        ("not class = Collisions22", [355104, 355103, 355102, 355101]),
        ("fill = 7002", [355101]),
        ("mixed = 5", [355101, 355100]),
        ("mixed = true", [355102]),
        ("mixed is null", [355104, 355103]),
        ("start_time > 2022-07-01", [355101, 355100]),
        ("start_time > 2022-07-02", [355101]),
        # Half past eleven in Geneva is half past nine.
        ("start_time > 2022-07-02T11:30:00+02:00", [355101]),
        ("start_time > 2022-07-02T12:30:00+02:00", []),
        ("start_time = 2022-07-02T12:00+0200", [355101]),
        ('start_time in "2022-07-01 05:00:00-05:00"', [355100]),
        ("start_time between 2022-07-02T00:30+02:00 and 2022-07-03T00:00+02:00", [355101]),
        ("class = 2022", [355104]),
        ("hlt_key ~ /cdaq/PHYSICS/%", [355100]),
        ('hlt_key ~ "%%_done\\\\"', [355102]),
        ("stop_reason ~ %_dump", [355101]),
        ("stop_reason ~ beam_____", []),
        ('stop_reason = ""', [355100]),
        ("components contains DT", [355102, 355100]),
        # A text is no list, though this list is written like it.
        ('components = \'["DT", "CSC"]\'', []),
        ("components = DT", [355102]),
        ("dt-dt = BAD", [355101, 355100]),
        ("dt-dt in BAD, GOOD", [355104, 355101, 355100]),
        ("dt-dt is null", [355105, 355103, 355102]),
        ('dt-dt.comments ~ "%hv%"', [355100]),
        ("hf_ready = false", [355100]),
        ("hf_ready.FALSE = 10 and luminosity between 12 and 13", [355100]),
        ("dt-dt.STANDBY = 0", [355104, 355101, 355100]),
        ("class = \"x' OR '1'='1\"", []),
        ("run > 999999999999", []),
        ("run in 1, 99999999999, 355100", [355100]),
        ("run < 355100.5", [355100]),
        ("needs_update = true", [355102]),
    ],
)
def test_that_a_filter_finds(season: Database, text: str, found: list[int]) -> None:
    assert runs_where(season, text) == found


def test_that_datasets_are_found_by_what_the_gui_has(season: Database) -> None:
    for text, found in (
        ("in_gui = /a/b/DQMIO", [(355104, PROMPT), (355100, PROMPT)]),
        ("in_gui ~ %c%DQMIO", [(355100, PROMPT)]),
        ("in_gui is null", [(355101, PROMPT), (355100, EXPRESS)]),
        ("class = Collisions22 and name ~ %Prompt%", [(355100, PROMPT)]),
        ("name ~ %Collisions_2022%", [(355100, EXPRESS)]),
        ("name !~ %express%", [(355104, PROMPT), (355101, PROMPT), (355100, PROMPT)]),
    ):
        assert keys(shown(season, TableQuery("datasets", parse(text)))) == found, text


def test_that_attributes_sort_numbers_as_numbers_and_what_is_missing_last(
    season: Database,
) -> None:
    energies = [355104, 355101, 355100, 355102]
    assert sorted_runs(season, "energy", descending=False)[:4] == energies
    assert sorted_runs(season, "energy", descending=True)[:4] == energies[::-1]
    for descending in (False, True):
        assert set(sorted_runs(season, "mixed", descending=descending)[4:]) == {355103, 355104}
    assert sorted_runs(season, "fill", descending=False)[:3] == [355101, 355104, 355100]


def test_that_a_status_column_sorts_by_its_share_of_bad_lumisections(season: Database) -> None:
    worst_first = sorted_runs(season, "dt-dt", descending=True)
    assert worst_first[:3] == [355101, 355100, 355104]
    datasets = TableQuery("datasets", sort=(Sort(field_of("dt-dt"), True),))
    # Without bad ones the share of those that aren't good decides.
    assert keys(shown(season, datasets)) == [
        (355100, PROMPT),
        (355100, EXPRESS),
        (355104, PROMPT),
        (355101, PROMPT),
    ]


@pytest.mark.parametrize("order", [("energy",), ("class", "-energy"), ("-energy", "run")])
@pytest.mark.parametrize("text", ["", "name ~ %Prompt%", "class = Collisions22", "run != 355100"])
@pytest.mark.parametrize("near", [by_run.NEAR, -1])
def test_that_pages_found_run_by_run_are_those_of_all_rows(
    season: Database, order: tuple[str, ...], text: str, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_run, "NEAR", near)
    sort = tuple(Sort(field_of(each.lstrip("-")), each.startswith("-")) for each in order)
    query = TableQuery("datasets", parse(text), sort, include_online=True)
    with season.read() as connection:
        wanted = pages.matching_keys(connection, query)
    assert len(wanted) > 2
    for offset in range(len(wanted) + 1):
        found = shown(season, replace(query, offset=offset, limit=2))
        assert (tuple(keys(found)), found.count) == (wanted[offset : offset + 2], len(wanted))


def test_that_a_page_beyond_the_end_is_empty_and_still_counts(season: Database) -> None:
    assert shown(season, TableQuery("runs", offset=50)) == Page((), 6, exact=True)


@pytest.mark.parametrize("order", [(), (Sort(field_of("energy")),)])
def test_that_a_page_is_empty_at_the_greatest_number_there_is(
    season: Database, order: tuple[Sort, ...]
) -> None:
    query = TableQuery("datasets", sort=order, offset=2**31 - 1, limit=50)
    assert shown(season, query).rows == ()


@pytest.mark.parametrize(("offset", "limit"), [(-1, 50), (0, 0), (0, 100_000)])
def test_that_a_page_of_an_impossible_size_is_refused(
    season: Database, offset: int, limit: int
) -> None:
    with pytest.raises(BadInput):
        shown(season, TableQuery("runs", offset=offset, limit=limit))


def test_that_one_and_true_make_different_statements(season: Database) -> None:
    assert runs_where(season, "significant = true") == [355104, 355100]
    assert runs_where(season, "significant = 1") == []
    assert runs_where(season, "significant = true") == [355104, 355100]


def test_that_rows_are_refreshed_by_key_in_the_order_asked(season: Database) -> None:
    wanted = [(355101, "online"), (1, "online"), (355105, "online"), (355101, "online")]
    with season.read() as connection:
        rows = rows_by_key(connection, "runs", wanted)
        assert [row.key for row in rows] == [(355101, "online"), (355105, "online")]
        assert rows[0] == next(
            row for row in page(connection, TableQuery("runs")).rows if row.run_number == 355101
        )
        datasets = rows_by_key(connection, "datasets", [(355102, PROMPT), (355100, EXPRESS)])
        assert [(row.key, row.deleted) for row in datasets] == [
            ((355102, PROMPT), True),
            ((355100, EXPRESS), False),
        ]
        assert rows_by_key(connection, "datasets", []) == ()


def test_that_the_keys_of_all_matches_come_in_the_order_of_the_table(season: Database) -> None:
    query = TableQuery("datasets", parse("class = Collisions22"), limit=1)
    with season.read() as connection:
        found = pages.matching_keys(connection, query)
    assert found == ((355100, EXPRESS), (355100, PROMPT))


def test_that_missing_and_outdated_summaries_are_listed(season: Database) -> None:
    with season.read() as connection:
        assert stale_summaries(connection) == (
            (355103, "online"),
            (355102, "online"),
            (355101, PROMPT),
        )


def test_that_the_vocabulary_holds_what_recent_rows_and_workspaces_have(
    database: Database,
) -> None:
    fill(database)
    with database.transaction() as connection:
        now = {"createdAt": "2022-08-01T00:00:00Z", "updatedAt": "2022-08-01T00:00:00Z"}
        number = connection.execute(
            insert(tables.workspace)
            .values(workspace="rpc", online_or_offline="offline", **now)
            .returning(tables.workspace.c.id)
        ).scalar_one()
        connection.execute(
            insert(tables.workspace_column).values(id_workspace=number, name="hv", **now)
        )
    with database.read() as connection:
        words = vocabulary(connection, record=True)
    known = {each.field: each for each in words.fields}
    assert known[Field(Source.OMS, "energy")].detail == "number"
    assert known[Field(Source.OMS, "start_time")].detail == "time"
    assert known[Field(Source.OMS, "components")].detail == "text"
    assert "Cosmics22" in known[Field(Source.RR, "class")].values
    assert known[Field(Source.RR, "significant")].values[-1] == "true"
    assert "OPEN" in known[Field(Source.DATASET, "dt_state")].values
    assert Field(Source.COLUMN, "rpc-hv") in known
    assert Field(Source.COLUMN, "dt-dt") in known
    assert Field(Source.BIT, "hf_ready") in known
    assert PROMPT in known[NAME].values
    assert parse("energy > 5 and rpc-hv = BAD and hf_ready = true", words) is not None


def test_that_an_empty_database_has_an_empty_table_and_words(database: Database) -> None:
    assert shown(database, TableQuery("runs", parse("class = x"))) == Page((), 0, exact=True)
    with database.read() as connection:
        assert RUN in vocabulary(connection, record=True).by_field


# The steps after them change the states and summaries that the final tables hold.
@pytest.mark.parametrize("step", [139, 140, 141, 142, 143])
def test_that_recorded_filters_find_what_the_web_service_found(
    database: Database, shared_data: Path, step: int
) -> None:
    folder = shared_data / "conformance"
    with database.transaction() as connection:
        for table in (tables.run, tables.dataset, tables.dataset_triplet_cache):
            with lzma.open(folder / "tables_final" / f"{table.name}.json.xz", "rt") as stored:
                connection.execute(insert(table), json.load(stored))
    with lzma.open(folder / "steps.jsonl.xz", "rt") as lines:
        recorded = next(each for each in map(json.loads, lines) if each["step"] == step)
    asked, answered = recorded["request"]["body"], recorded["response"]["body"]
    kind: TableKind = "runs" if "runs" in answered else "datasets"
    query = TableQuery(
        kind,
        filters.from_web_service(asked["filter"]),
        tuple(Sort(field_of(name), order == "DESC") for name, order in asked["sortings"]),
        asked["page"] * asked["page_size"],
        asked["page_size"],
        include_online=True,
    )
    found = shown(database, query)
    theirs = [(each["run_number"], each.get("name", "online")) for each in answered[kind]]
    if step == 141:
        # It sorts a status column by the text of its summary; here the share of bad counts.
        assert sorted(keys(found)) == sorted(theirs)
    else:
        assert keys(found) == theirs
    assert (found.count, found.exact) == (answered["count"], True)


def test_that_hidden_datasets_can_be_shown_alone(season: Database) -> None:
    found = shown(season, TableQuery("datasets", only_hidden=True))
    assert keys(found) == [(355102, PROMPT)]
