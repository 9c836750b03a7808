"""Whole rows of the tables, for keys that are known."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause, Select

from app.domain.certification.second_eyes import Mark
from app.domain.json_value import (
    JsonObject,
    as_object,
    folded_object,
    stored_value,
    texts_in,
)
from app.domain.keys import ONLINE, DatasetKey
from app.models.events.second_eyes import protected
from app.models.lists.filter_sql import Flag, array
from app.models.lists.tables.query import TableKind
from app.models.schemas.tables import dataset, dataset_triplet_cache, run

NAMED_ONLINE: ColumnElement[str] = sa.literal_column(f"'{ONLINE}'", sa.Text)
"""In the text of a statement: of a parameter the server, once it plans for all values at once,
doesn't know how many datasets have that name, and would read the rows of all of them."""


@dataclass(frozen=True)
class Row:
    """A run with its dataset `online`, or a dataset with its run.

    The summaries and luminosities are None while they are missing or older than the dataset.
    `frozen_in` is the frozen cycle that holds the dataset, empty when none does.
    """

    run_number: int
    name: str
    oms_attributes: JsonObject
    rr_attributes: JsonObject
    dataset_attributes: JsonObject
    datasets_in_gui: tuple[str, ...]
    triplet_summary: JsonObject | None
    dcs_text: str | None = field(repr=False)
    recorded_luminosity: float | None
    delivered_luminosity: float | None
    run_version: int
    dataset_version: int
    summary_is_current: bool
    needs_manual_update: bool
    deleted: bool
    marks: tuple[Mark, ...] = ()
    frozen_in: str = ""

    @property
    def key(self) -> DatasetKey:
        """Run number and dataset name."""
        return self.run_number, self.name

    @cached_property
    def dcs_summary(self) -> JsonObject | None:
        """Lumisections per state of each DCS bit; read from its text when first asked for."""
        return None if self.dcs_text is None else as_object(stored_value(self.dcs_text))


def rows_by_key(
    connection: Connection, kind: TableKind, keys: Collection[DatasetKey]
) -> tuple[Row, ...]:
    """The rows of these keys that exist, deleted ones too, in the order of the keys."""
    if not keys:
        return ()
    found = connection.execute(whole_rows(kind, _chosen(keys)))
    return tuple(row_of(values) for values in found.mappings())


def marked(connection: Connection, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows with what is verified or frozen of them."""
    known = protected(connection, {row.run_number for row in rows})
    return tuple(
        replace(row, marks=known.marks.get(row.key, ()), frozen_in=known.frozen.get(row.key, ""))
        if row.key in known.marks or row.key in known.frozen
        else row
        for row in rows
    )


def attributes_by_key(
    connection: Connection, kind: TableKind, keys: Collection[DatasetKey]
) -> list[tuple[int, str, JsonObject, JsonObject, JsonObject]]:
    """Run, name and the attributes of OMS, of the run and of the dataset, in the order of the
    keys; what doesn't exist is left out."""
    if not keys:
        return []
    chosen = _chosen(keys)
    same = sa.and_(dataset.c.run_number == chosen.c.run_number, dataset.c.name == chosen.c.name)
    join = sa.join(chosen, run, run.c.run_number == chosen.c.run_number).join(
        dataset, same, isouter=kind == "runs"
    )
    found = connection.execute(
        sa.select(
            chosen.c.run_number,
            chosen.c.name,
            run.c.oms_attributes,
            run.c.rr_attributes,
            dataset.c.dataset_attributes,
        )
        .select_from(join)
        .order_by(chosen.c.place)
    )
    return [
        (number, name, folded_object(oms), folded_object(rr), folded_object(own))
        for number, name, oms, rr, own in found
    ]


def _chosen(keys: Collection[DatasetKey]) -> sa.Subquery:
    """The keys, each once, with their places."""
    ordered = list(dict.fromkeys(keys))
    wanted = (
        sa.func.unnest(
            array([number for number, _ in ordered], sa.Integer),
            array([name for _, name in ordered], sa.Text),
        )
        .table_valued(
            sa.column("run_number", sa.Integer),
            sa.column("name", sa.Text),
            with_ordinality="place",
        )
        .render_derived("wanted")
    )
    return sa.select(wanted.c.run_number, wanted.c.name, wanted.c.place).subquery("chosen")


def whole_rows(kind: TableKind, chosen: FromClause, total: FromClause | None = None) -> Select[Any]:
    """All that a row shows, for the keys `chosen`, in the order of their `place`."""
    cache = dataset_triplet_cache
    join = sa.join(chosen, run, run.c.run_number == chosen.c.run_number).join(
        dataset,
        sa.and_(
            dataset.c.run_number == chosen.c.run_number,
            dataset.c.name == (chosen.c.name if kind == "datasets" else NAMED_ONLINE),
        ),
        isouter=kind == "runs",
    )
    join = join.join(cache, same_dataset(dataset, cache), isouter=True)
    current = cache.c.version == dataset.c.version
    columns: list[ColumnElement[Any]] = [
        chosen.c.place,
        chosen.c.run_number,
        chosen.c.name,
        run.c.oms_attributes,
        run.c.rr_attributes,
        run.c.version.label("run_version"),
        sa.func.coalesce(dataset.c.version, 0).label("dataset_version"),
        dataset.c.dataset_attributes,
        dataset.c.datasets_in_gui,
        sa.case((current, cache.c.triplet_summary)).label("triplet_summary"),
        sa.case((current, sa.cast(cache.c.dcs_summary, sa.Text))).label("dcs_text"),
        sa.case((current, cache.c.brilcalc_recorded_luminosity)).label("recorded"),
        sa.case((current, cache.c.brilcalc_delivered_luminosity)).label("delivered"),
        sa.func.coalesce(current, sa.false()).label("current"),
        (run.c.deleted if kind == "runs" else dataset.c.deleted).label("deleted"),
    ]
    if total is None:
        return sa.select(*columns).select_from(join).order_by(chosen.c.place)
    # The count is there even when the page is beyond the last row.
    rows = sa.select(*columns).select_from(join).subquery("rows")
    return (
        sa.select(total.c.total, rows)
        .select_from(total.outerjoin(rows, sa.true()))
        .order_by(rows.c.place)
    )


def row_of(values: Mapping[Any, Any]) -> Row:
    rr = folded_object(values["rr_attributes"])
    summary = values["triplet_summary"]
    return Row(
        run_number=values["run_number"],
        name=values["name"],
        oms_attributes=folded_object(values["oms_attributes"]),
        rr_attributes=rr,
        dataset_attributes=folded_object(values["dataset_attributes"]),
        datasets_in_gui=texts_in(values["datasets_in_gui"]),
        triplet_summary=None if summary is None else as_object(summary),
        dcs_text=values["dcs_text"],
        recorded_luminosity=values["recorded"],
        delivered_luminosity=values["delivered"],
        run_version=values["run_version"],
        dataset_version=values["dataset_version"],
        summary_is_current=values["current"],
        needs_manual_update=rr.get("run_needs_to_be_updated_manually") is True,
        deleted=values["deleted"],
    )


def same_dataset(one: FromClause, other: FromClause) -> Flag:
    return sa.and_(one.c.run_number == other.c.run_number, one.c.name == other.c.name)
