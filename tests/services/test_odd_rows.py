"""What others have stored and nobody can read ends nothing for whoever reads the rest."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.agents.proposals import AgentColumn, Mode
from app.domain.configuration.in_force import Kind
from app.domain.editing.edits import ColumnEdit
from app.domain.history.log import LogQuery
from app.domain.lumisections import LumiRange
from app.domain.rules.vocabulary import RuleSubject
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.lists.tables.query import TableQuery
from app.models.schemas import desk, record, tables
from app.services import notes, taking_in
from app.services.acting import Acting
from app.services.agents import proposals, registry
from app.services.agents.agreement import agreement
from app.services.certification import cycles, records, todo
from app.services.certification import tables as listed
from app.services.configuration import in_force, rule_vocabulary, versions
from app.services.editing import drafts, lumisections
from app.services.golden import generation, lists, losses
from app.services.golden.checks import reproduce
from app.services.history import log, look
from app.services.recount import recounting
from app.services.reports import era, moment, shift
from app.services.reports.shift import Period
from app.services.web_service import cycles as of_web
from app.services.web_service import golden_json, rows
from app.services.wishes import lists as wishes
from tests.builders import EXPERT
from tests.conftest import filled_once
from tests.services import odd_keys
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, SECOND, fill_opened

RULE = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
AGENT = "dt-ml"
DEEP = '{"a":' * 3000 + "1" + "}" * 3000
ODD = {"scalar": "5", "deep": DEEP}
TAKEN = datetime(2025, 5, 1, tzinfo=UTC)
COLUMNS = [
    (table.fullname, column.name)
    for metadata in (tables.metadata, record.metadata, desk.metadata)
    for table in metadata.sorted_tables
    for column in table.columns
    if isinstance(column.type, JSONB)
]


def stock(database: Database) -> None:
    """Stores two runs with all that is kept of runs: each thing once of either."""
    fill_opened(database)
    acting = Acting(database, EXPERT)
    for run_number in (FIRST, SECOND):
        notes.add(acting, run_number, "", (LumiRange(1, 3),), "Seen on the plots")
        cycles.create(
            acting, f"Week {run_number}", date(2099, 1, 1), ("dt",), [(run_number, PROMPT)]
        )
        registry.register(
            acting, f"{AGENT}-{run_number}", "1", [AgentColumn("dt-dt", Mode.PROPOSES, "dt-dt")]
        )
        generation.generate(acting, PROMPT, RULE)
    edit = ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(1, 2),), Triplet("BAD", "HV trip"))
    lumisections.edit_columns(acting, [edit])
    taking_in.take_all_in(database)
    with database.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO record.wish (kind, arguments, "by") VALUES'
                " ('pull', '{\"run\": 1}', 'a@b.ch'), ('pull', '{\"run\": 2}', 'a@b.ch');"
                'INSERT INTO record.proposal (agent, run_number, name, "column", ranges, status,'
                f" comment, cause) SELECT id, {FIRST}, 'online', 'dt-dt', '[[1, 2]]', 'BAD', 'HV',"
                " '' FROM record.agent;"
                "INSERT INTO desk.fill VALUES (1, '{}', now());"
                f"INSERT INTO desk.draft VALUES ('{EXPERT.email}', {FIRST}, 'online', '{{}}', 0,"
                " now())"
            )
        )
        for item, values, given, list_id in (
            ("OfflineDatasetClassifier", "workspace, enabled", "'dt', true", "ODCL_id"),
            ("JsonClassifier", "name", "'dt'", "JCL_id"),
        ):
            connection.execute(
                text(
                    f'WITH made AS (INSERT INTO "{item}" ({values}, classifier, "createdAt")'
                    f""" VALUES ({given}, '{{"==": [1, 1]}}', now()) RETURNING id)"""
                    f' INSERT INTO "{item}Entries" (id, "{list_id}")'
                    f' SELECT made.id, newest."{list_id}" FROM made,'
                    f' (SELECT * FROM "Settings" ORDER BY id DESC LIMIT 1) AS newest'
                )
            )


@filled_once
def stocked(database: Database) -> None:
    """Two runs, as `stock` stores them."""
    stock(database)


@filled_once
def oddly_keyed(database: Database) -> None:
    """The same beside keys that nobody expects."""
    stock(database)
    odd_keys.store(database)


def spoil(database: Database, table: str, column: str, value: str) -> None:
    """Stores a value in the first row of a table, or in those of the first run."""
    quoted = ".".join(f'"{part}"' for part in table.split("."))
    known = next(
        each.tables[table]
        for each in (tables.metadata, record.metadata, desk.metadata)
        if table in each.tables
    )
    if "run_number" in known.columns:
        which = f"run_number = {FIRST}"
    elif table == "JSONBDeduplication":
        which = 'id IN (SELECT lumisection_metadata_id FROM "LumisectionEvent" WHERE'
        which += f" run_number = {FIRST}) OR id IN (SELECT lumisection_metadata_id FROM"
        which += f' "OMSLumisectionEvent" WHERE run_number = {FIRST})'
    else:
        key = next(iter(known.primary_key.columns)).name
        which = f'"{key}" = (SELECT min("{key}") FROM {quoted})'
    with database.transaction() as connection:
        # What is ours is only added to, but an administrator may have done anything.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        changed = connection.execute(
            text(f'UPDATE {quoted} SET "{column}" = CAST(:value AS jsonb) WHERE {which}'),
            {"value": value},
        )
        assert changed.rowcount


def readers(acting: Acting) -> Iterator[Callable[[], object]]:
    """All that reads many rows, or those of the second run; each has to answer."""
    second = [(SECOND, "online"), (SECOND, PROMPT), (SECOND, EXPRESS)]
    runs, datasets = TableQuery("runs"), TableQuery("datasets")
    yield lambda: listed.runs_page(acting, runs).rows[1]
    yield lambda: listed.datasets_page(acting, datasets).rows[3]
    yield lambda: listed.vocabulary(acting)
    yield lambda: listed.run_details(acting, SECOND)
    yield lambda: listed.run_history(acting, SECOND)
    yield lambda: listed.run_history(acting, FIRST)
    yield lambda: records.page(acting, replace(datasets, limit=5)).records[1]
    yield lambda: records.page_at(acting, replace(datasets, limit=5), 10_000).records[1]
    yield lambda: [rule_vocabulary.vocabulary(acting, each) for each in RuleSubject]
    yield lambda: todo.todo(acting)
    yield lambda: cycles.all_cycles(acting)[1]
    yield lambda: [cycles.history(acting, each.id) for each in cycles.all_cycles(acting)]
    yield lambda: [notes.of_run(acting, each)[0] for each in (FIRST, SECOND)]
    yield lambda: log.page(acting, LogQuery())
    yield lambda: look.dataset_history(acting, FIRST, "online")
    yield lambda: look.look(acting, SECOND, PROMPT)
    yield lambda: registry.registered(acting)[1]
    yield lambda: proposals.proposals(acting)[1]
    yield lambda: agreement(acting, f"{AGENT}-{SECOND}", FIRST, SECOND)
    yield lambda: wishes.listed(acting)
    yield lambda: drafts.offered(acting)
    yield lambda: in_force.current(acting)
    yield lambda: [versions.versions(acting, kind) for kind in Kind]
    yield lambda: generation.entries(acting)[1]
    yield lambda: lists.of_database(acting, 2)
    yield lambda: losses.losses_of_list(acting, 2)
    yield lambda: generation.preview(acting, "%", RULE).document[SECOND]
    yield lambda: reproduce.reproduce(acting, 2)
    now = moment.moment_of(acting)
    yield lambda: era.report(acting, now, PROMPT, ("rule", RULE))
    yield lambda: shift.report(acting, now, Period(TAKEN, TAKEN + timedelta(days=2)))
    yield lambda: [*rows.listed_runs(acting, second[:1]), *rows.listed_datasets(acting, second)]
    yield lambda: [*rows.listed_runs(acting, [(FIRST, "online")])]
    yield lambda: of_web.cycles(acting, "dt")
    yield lambda: golden_json.newest(acting)
    yield lambda: recounting.recount_all(acting, repair=False)
    yield lambda: taking_in.take_all_in(acting.db)


@pytest.mark.expected_log("is left where it is", always=False)
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_that_no_odd_value_ends_what_reads_the_others(
    stocked: Database, table: str, column: str, odd: str
):
    spoil(stocked, table, column, odd)
    acting = Acting(stocked, EXPERT)
    for read in readers(acting):
        read()


@pytest.mark.expected_log("is left where it is", always=False)
@pytest.mark.parametrize("odd", ["infinity", "-infinity", "0044-03-15 BC", "20000-01-01"])
def test_that_no_odd_time_ends_what_reads_the_others(stocked: Database, odd: str):
    with stocked.transaction() as connection:
        for table, columns in (
            ("Version", ("createdAt",)),
            ("Cycle", ("createdAt", "deadline")),
            ("GeneratedJson", ("createdAt",)),
            ("Settings", ("createdAt",)),
        ):
            key = next(iter(tables.metadata.tables[table].primary_key.columns)).name
            given = ", ".join(f"\"{column}\" = '{odd}'" for column in columns)
            connection.execute(
                text(
                    f'UPDATE "{table}" SET {given}'
                    f' WHERE "{key}" = (SELECT min("{key}") FROM "{table}")'
                )
            )
    acting = Acting(stocked, EXPERT)
    for read in readers(acting):
        read()


@pytest.mark.expected_log("is left where it is", always=False)
def test_that_no_odd_key_ends_what_reads_the_others(oddly_keyed: Database):
    acting = Acting(oddly_keyed, EXPERT)
    for read in readers(acting):
        read()


def test_that_a_golden_json_names_no_run_that_it_could_not_be_read_with(oddly_keyed: Database):
    acting = Acting(oddly_keyed, EXPERT)
    made = generation.generate(acting, "%", RULE)
    left_out = 3 * sum(run_number < 1 for run_number in odd_keys.RUNS)
    assert made.left_out == left_out
    assert made.remark.startswith(f"{left_out} matching datasets of runs with numbers below 1")
    assert dict(lists.of_database(acting, made.id).document) == dict(made.selection.document)
    assert reproduce.reproduce(acting, made.id).equal


def test_that_datasets_not_counted_yet_are_no_more_than_there_are(oddly_keyed: Database):
    # What its run has online is read along with a dataset.
    made = generation.generate(Acting(oddly_keyed, EXPERT), "0", RULE)
    assert made.not_counted == len(made.selection.season.datasets) == 1
