"""Summaries that were computed for one reader, put beside those that are stored."""

import math
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import FromClause
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.json_value import JsonValue, js_stringify
from app.domain.keys import DatasetKey
from app.domain.state.summaries import Summary
from app.models.schemas import desk
from app.models.schemas.tables import dataset_triplet_cache

PARAMETER = "computed_summaries"

_COLUMNS = tuple(
    dataset_triplet_cache.c[name]
    for name in (
        "run_number",
        "name",
        "triplet_summary",
        "dcs_summary",
        "brilcalc_recorded_luminosity",
        "brilcalc_delivered_luminosity",
        "version",
    )
)


class ComputedSummary(Struct, frozen=True):
    """The summary of a dataset at a version of its row that no stored one has."""

    key: DatasetKey
    version: int
    summary: Summary

    @property
    def row(self) -> JsonValue:
        """The columns that are filtered by and shown."""
        made = self.summary
        given: tuple[JsonValue, ...] = (
            *self.key,
            made.triplet_summary,
            made.dcs_summary,
            # A sum that is too large for a number is none in JSON.
            *(each if math.isfinite(each) else None for each in (made.recorded, made.delivered)),
            self.version,
        )
        return {str(column.name): value for column, value in zip(_COLUMNS, given, strict=True)}


def _given() -> FromClause:
    return (
        sa.func.jsonb_to_recordset(sa.bindparam(PARAMETER, type_=JSONB))
        .table_valued(*(sa.column(column.name, column.type) for column in _COLUMNS))
        .render_derived("given", with_types=True)
    )


def stored_and_computed() -> FromClause:
    """The summaries of the parameter, and those that are stored of all other datasets."""
    given = _given()
    computed = sa.select(*(given.c[column.name] for column in _COLUMNS)).cte("computed")
    stored = dataset_triplet_cache.c
    others = sa.select(*_COLUMNS).where(
        sa.tuple_(stored.run_number, stored.name).not_in(
            sa.select(computed.c.run_number, computed.c.name)
        )
    )
    both = sa.union_all(others, sa.select(*computed.c))
    return both.cte("stored_and_computed")


def counted_and_computed() -> FromClause:
    """The counts of the parameter, and those that are kept of all other datasets."""
    kept = desk.counts
    given = _given()
    computed = (
        sa.select(
            kept.c.run_number,
            kept.c.name,
            kept.c.deleted,
            kept.c.version,
            given.c.version.label("summary_version"),
            getattr(sa.func, desk.SCHEMA)
            .column_counts(given.c.triplet_summary, type_=kept.c.columns.type)
            .label("columns"),
            getattr(sa.func, desk.SCHEMA)
            .bit_counts(given.c.dcs_summary, type_=kept.c.bits.type)
            .label("bits"),
            given.c.brilcalc_recorded_luminosity.label("recorded"),
            given.c.brilcalc_delivered_luminosity.label("delivered"),
        )
        .join_from(
            kept,
            given,
            sa.and_(kept.c.run_number == given.c.run_number, kept.c.name == given.c.name),
        )
        .cte("computed")
    )
    others = sa.select(kept).where(
        sa.tuple_(kept.c.run_number, kept.c.name).not_in(
            sa.select(computed.c.run_number, computed.c.name)
        )
    )
    return sa.union_all(others, sa.select(*computed.c)).cte("counted_and_computed")


def parameters(computed: Sequence[ComputedSummary]) -> dict[str, Any]:
    """What a statement over `stored_and_computed` is given."""
    return {PARAMETER: [each.row for each in computed]} if computed else {}


def dcs_text(summary: Summary) -> str:
    """Counts of bits as a row has them."""
    return js_stringify(summary.dcs_summary)
