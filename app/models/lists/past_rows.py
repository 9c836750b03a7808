"""Filters over runs and datasets as they were: the same comparisons, on rows that are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnClause, Connection
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.filters import Field, Node, Source
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import DatasetKey
from app.models.lists.filter_sql import Part, Whole, condition, entry, part_of


@dataclass(frozen=True)
class PastRow:
    """A dataset with its run as they were; the summaries are empty where no filter asks them.

    Luminosities in pb^-1.
    """

    run_number: int
    name: str
    oms_attributes: JsonObject
    rr_attributes: JsonObject
    dataset_attributes: JsonObject
    datasets_in_gui: JsonValue = None
    triplet_summary: JsonObject | None = None
    dcs_summary: JsonObject | None = None
    recorded: float | None = None
    delivered: float | None = None

    @property
    def key(self) -> DatasetKey:
        """Run number and dataset name."""
        return self.run_number, self.name


_COLUMNS: dict[Source, ColumnClause[Any]] = {
    Source.RUN: sa.column("run_number", sa.Integer),
    Source.NAME: sa.column("name", sa.Text),
    Source.OMS: sa.column("oms_attributes", JSONB),
    Source.RR: sa.column("rr_attributes", JSONB),
    Source.DATASET: sa.column("dataset_attributes", JSONB),
    Source.IN_GUI: sa.column("datasets_in_gui", JSONB),
    Source.COLUMN: sa.column("triplet_summary", JSONB),
    Source.BIT: sa.column("dcs_summary", JSONB),
    Source.RECORDED: sa.column("recorded", sa.Double),
    Source.DELIVERED: sa.column("delivered", sa.Double),
}
_PLAIN = {Source.RUN, Source.NAME, Source.IN_GUI, Source.RECORDED, Source.DELIVERED}


def passing(connection: Connection, rows: Sequence[PastRow], node: Node) -> frozenset[DatasetKey]:
    """Keys of the rows that a filter lets pass."""
    given = [
        {column.name: getattr(row, column.name) for column in _COLUMNS.values()} for row in rows
    ]
    table = (
        sa.func.jsonb_to_recordset(sa.bindparam("given", given, JSONB))
        .table_valued(*_COLUMNS.values())
        .render_derived("past", with_types=True)
    )

    def value(field: Field) -> Whole | Part:
        column = table.c[_COLUMNS[field.source].name]
        whole = column if field.source in _PLAIN else entry(column, field.name)
        return part_of(field, whole)

    statement = sa.select(table.c.run_number, table.c.name).where(condition(node, value))
    return frozenset((number, name) for number, name in connection.execute(statement))
