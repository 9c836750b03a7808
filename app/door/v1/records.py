"""Runs and datasets: pages of them, and one run."""

from app.domain.errors import BadInput
from app.domain.filters import FilterError, parse
from app.domain.json_value import JsonValue
from app.domain.lumisections import GREATEST_NUMBER
from app.door.asking import Asked
from app.door.v1 import cursors
from app.door.v1.answered import RecordRow, RecordsAnswer, RunAnswer, VerifiedBy
from app.door.v1.answering import Answered
from app.door.v1.asked import OfRecords, OfRun, version_of
from app.door.v1.problems import BadParameter
from app.door.v1.tables import Column, Table
from app.models.lists.tables.query import TableKind, TableQuery
from app.models.lists.tables.records import Place
from app.services import names
from app.services.acting import Acting
from app.services.certification import records, tables
from app.services.certification.records import Record

_MOST_SORTS = 5


def runs(asked: Asked, taken: OfRecords) -> Answered:
    """Runs, a page at a time."""
    return _page(asked, taken, "runs")


def datasets(asked: Asked, taken: OfRecords) -> Answered:
    """Datasets but `online`, a page at a time."""
    return _page(asked, taken, "datasets")


def run(asked: Asked, taken: OfRun) -> Answered:
    """One run."""
    acting = asked.reading
    at = version_of(acting, taken.as_of)
    found, named = records.run(acting, taken.run_number, at)
    return Answered(RunAnswer(_row(found), [*named], at))


def _page(asked: Asked, taken: OfRecords, kind: TableKind) -> Answered:
    question = (kind, taken.filter, taken.sort, taken.as_of)
    query = _query(asked.reading, taken, kind)
    after = None
    if taken.cursor:
        given = cursors.place(taken.cursor, question)
        # The moment that the first page meant, whatever is written since.
        at = names.version_at(asked.reading, cursors.number_at(given, 0) or None)
        after = _place(given)
    else:
        at = version_of(asked.reading, taken.as_of)
    found = (
        records.page(asked.reading, query, after)
        if at is None
        else records.page_at(asked.reading, query, at, after)
    )
    last = found.last
    following = None
    if last is not None:
        where = [at or 0, last.run_number, last.name, *last.sort_keys]
        following = cursors.cursor(question, where)
    rows = [_row(each) for each in found.records]
    return Answered(RecordsAnswer(rows, following, at), lambda: _table(rows), following)


def _query(acting: Acting, taken: OfRecords, kind: TableKind) -> TableQuery:
    sorts = [each.strip() for each in taken.sort.split(",") if each.strip()]
    if len(sorts) > _MOST_SORTS:
        raise BadParameter("sort", f"Sort by {_MOST_SORTS} fields at most.")
    known = tables.vocabulary(acting) if taken.filter or sorts else None
    try:
        condition = parse(taken.filter, known)
    except FilterError as error:
        raise BadParameter("filter", str(error)) from error
    try:
        sorting = tables.sort_of(taken.sort, known)
    except BadInput as error:
        raise BadParameter("sort", str(error)) from error
    return TableQuery(kind, condition, sorting, limit=taken.limit)


def _place(given: list[JsonValue]) -> Place:
    number = cursors.number_at(given, 1)
    keys = [None if each is None else cursors.json_in(each) for each in given[3:]]
    if not 0 <= number <= GREATEST_NUMBER:
        raise cursors.foreign()
    return Place(tuple(keys), number, cursors.text_at(given, 2))


def _row(record: Record) -> RecordRow:
    return RecordRow(
        record.run_number,
        record.name,
        record.oms_attributes,
        record.rr_attributes,
        record.dataset_attributes,
        [VerifiedBy(each.workspace, each.by, each.at.isoformat()) for each in record.marks],
        record.frozen_in or None,
    )


def _table(rows: list[RecordRow]) -> Table:
    """A column per attribute, named as filters name it."""
    columns: dict[str, Column] = {
        "run_number": [row.run_number for row in rows],
        "name": [row.name for row in rows],
    }
    for part in ("oms", "rr", "dataset"):
        attributes = [getattr(row, part) for row in rows]
        for name in sorted({name for each in attributes for name in each}):
            columns[f"{part}.{name}"] = [each.get(name) for each in attributes]
    if any(row.verified or row.frozen_in for row in rows):
        columns["verified"] = [", ".join(each.workspace for each in row.verified) for row in rows]
        columns["frozen_in"] = [row.frozen_in for row in rows]
    return Table(len(rows), columns)
