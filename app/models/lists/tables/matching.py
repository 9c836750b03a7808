"""What passes a query, as one expression of SQL.

Every source (runs, datasets, summaries) is read once into a common table expression that takes out
of its JSON only what the filter and the sort ask for; the whole rows are fetched for the page only.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, Select

from app.domain.filters import (
    NAME,
    RUN,
    Field,
    FieldKind,
    Node,
    Source,
    fields_of,
)
from app.domain.triplets import BAD
from app.models.events.second_eyes import verified_workspaces
from app.models.lists.computed_summaries import stored_and_computed
from app.models.lists.filter_sql import (
    Counted,
    Flag,
    Part,
    Whole,
    condition,
    entry,
    part_of,
    sort_keys,
)
from app.models.lists.tables.asked import (
    JSON_COLUMNS,
    OF_COUNTS,
    OF_DATASET,
    OF_RUN,
    OF_SUMMARY,
    Asked,
    Condition,
    Either,
    fields_left,
    is_of_given_names,
    sources_of,
)
from app.models.lists.tables.counted import Places, counts
from app.models.lists.tables.orders import directed, order_of, sort_columns
from app.models.lists.tables.query import TableQuery
from app.models.lists.tables.rows import NAMED_ONLINE, same_dataset
from app.models.schemas.tables import cycle_dataset, dataset, dataset_triplet_cache, run

_PLAIN_COLUMNS: Mapping[Source, sa.Column[Any]] = {
    Source.IN_GUI: dataset.c.datasets_in_gui,
    Source.RECORDED: dataset_triplet_cache.c.brilcalc_recorded_luminosity,
    Source.DELIVERED: dataset_triplet_cache.c.brilcalc_delivered_luminosity,
}

PAGE_END = sa.bindparam("page_end", type_=sa.Integer)
"""How many rows there are up to the end of the page."""

_RUNS_MORE = 4
"""So many times as many runs are looked through where not all of their datasets pass."""

_DATASETS_MORE = 16
"""So many times as many datasets are looked up where not all of them pass."""


class Statement:
    """The keys and sort keys of everything that passes a query, as one table expression.

    With `places` what is asked of summaries is read from the counts.
    """

    def __init__(
        self,
        query: TableQuery,
        *,
        windowed: bool = False,
        computes: bool = False,
        places: Places | None = None,
    ) -> None:
        self._query = query
        self._places = places
        self._computes = computes
        self._summaries = stored_and_computed() if computes else dataset_triplet_cache
        self._windowed = windowed
        self.asked = Asked(query, windowed=windowed, computes=computes, counted=places is not None)
        self._of_datasets = self.asked.of_datasets
        self._few_runs: Select[int] | None = None
        self._values: dict[Field, Whole] = {}
        self._keys: dict[Field, ColumnElement[Any]] = {}
        self._known: dict[Either, ColumnElement[bool]] = {}
        self._cuts_runs = False
        self._cuts_datasets = False
        self._first: FromClause | None = None
        self._total: Select[int] | None = None

    def matched(self, *, first_alone: bool = False) -> sa.CTE:
        """Run number, name and sort keys of what passes; `first_alone`: of what comes first where
        it `has_first` or `goes_by_run`, which leaves little to be sorted."""
        self._cuts_runs = first_alone and self.asked.goes_by_run
        self._cuts_datasets = first_alone and self.asked.looks_up_first
        joined, left = self._joined() if self._places is None else self._counted(self._places)
        keys = (self._plain(RUN).label("run_number"), self._plain(NAME).label("name"))
        where = [*map(self._unguessed, left)]
        if first_alone and not (self._cuts_runs or self._cuts_datasets):
            where = self._of_first(where)
        matched = sa.select(*keys, *self._sort_keys()).select_from(joined).where(*where)
        cte = matched.cte("matched")
        if self._total is None:
            self._total = sa.select(sa.func.count()).select_from(cte)
        return cte

    def total(self) -> Select[int]:
        """How many there are of what `matched` was asked for, also where it has the first alone."""
        assert self._total is not None
        return self._total

    def _of_first(self, conditions: list[Flag]) -> list[Flag]:
        """The conditions, for what comes first alone."""
        first = self._is_first()
        # The server would look first for what takes long to find out, such as parts of names.
        return [first, *(sa.case((first, each), else_=sa.false()) for each in conditions)]

    def _is_first(self) -> Flag:
        field = self._query.sort[0].field
        counted = self._values[field.whole]
        assert isinstance(counted, Counted)
        worst = "FALSE" if field.kind is FieldKind.FLAG else BAD
        first = sa.and_(counted.of(field.part or worst) > 0, counted.current)
        return sa.func.coalesce(first, sa.false())

    def by_run(self) -> tuple[sa.Subquery, sa.CTE]:
        """Where it `is_by_run`: the runs with their sort keys, and the datasets."""
        runs, left = self._source("runs", run, OF_RUN, self.asked.left, pushes=True)
        self._values[RUN] = runs.c.run_number
        keyed = sa.select(runs.c.run_number, *self._sort_keys()).subquery("keyed")
        datasets, left = self._source("datasets", dataset, OF_DATASET, left, pushes=True)
        assert not left, "a condition asks about runs and datasets at once"
        return keyed, datasets

    def _sort_keys(self) -> Iterator[ColumnElement[Any]]:
        for number, sort in enumerate(self._query.sort):
            if self._first is not None:
                yield from sort_columns(self._first, number)
                continue
            known = self._keys.get(sort.field)
            of_sort = sort_keys(sort.field, self._value(sort.field)) if known is None else (known,)
            yield from (each.label(f"sort_{number}_{part}") for part, each in enumerate(of_sort))

    def _joined(self) -> tuple[FromClause, list[Condition]]:
        """The sources that are needed, joined, and the conditions that no source took already."""
        left = self.asked.left
        sources = self.asked.sources
        of_datasets = self._of_datasets
        joined: FromClause | None = None
        number: ColumnElement[Any] | None = None
        name: ColumnElement[Any] = NAMED_ONLINE
        if self.asked.joins_runs:
            joined, left = self._runs(left)
            number = joined.c.run_number
        if of_datasets or sources & (OF_DATASET | OF_SUMMARY):
            datasets, left = self._source("datasets", dataset, OF_DATASET, left, pushes=of_datasets)
            joined = self._beside(joined, datasets)
            number = datasets.c.run_number if number is None else number
            name = datasets.c.name if of_datasets else name
            if sources & OF_SUMMARY:
                cache = self._summaries
                summaries, left = self._source("summaries", cache, OF_SUMMARY, left, pushes=False)
                current = summaries.c.version == datasets.c.version
                same = sa.and_(same_dataset(summaries, datasets), current)
                joined = joined.join(summaries, same, isouter=True)
        assert joined is not None
        assert number is not None
        self._values[RUN], self._values[NAME] = number, name
        return joined, left

    def _beside(self, runs: FromClause | None, datasets: FromClause) -> FromClause:
        """Datasets with their runs, or for themselves; runs with their dataset `online`, if any."""
        if runs is None:
            return datasets
        same_run = datasets.c.run_number == runs.c.run_number
        return runs.join(datasets, same_run, isouter=not self._of_datasets)

    def _counted(self, places: Places) -> tuple[FromClause, list[Condition]]:
        """The same with the counts, which know of each dataset whether it is deleted."""
        left, runs = self.asked.left, None
        if self.asked.joins_runs:
            runs, left = self._runs(left)
        counted, left = self._counts(left)
        self._values.update(places.values(counted))
        if self._cuts_datasets:
            return self._looked_up(counted, places, left)
        joined, keyed = self._beside(runs, counted), counted
        if self.asked.asks_datasets:
            datasets, left = self._source(
                "datasets", dataset, OF_DATASET, left, pushes=self._of_datasets
            )
            # By its version, the number of an event of its own: names take longer to look up. The
            # planner would multiply the chances of all three, expect a single row and go through
            # all runs for each; where there are none it may know how few datasets there are.
            same = sa.and_(
                counted.c.version == datasets.c.version,
                sa.func.coalesce(same_dataset(counted, datasets), sa.false()),
                *(() if runs is not None else (counted.c.run_number == datasets.c.run_number,)),
            )
            joined = joined.join(datasets, same, isouter=not self._of_datasets)
            keyed = datasets
        if self.asked.is_counted_apart:
            self._values[RUN], self._values[NAME] = keyed.c.run_number, keyed.c.name
            self._total = (
                sa.select(sa.func.count())
                .select_from(self._beside(runs, keyed))
                .where(*map(self._unguessed, left))
            )
        self._values[RUN] = (counted if runs is None else runs).c.run_number
        self._values[NAME] = counted.c.name if self._of_datasets else NAMED_ONLINE
        return joined, left

    def _looked_up(
        self, counted: FromClause, places: Places, left: list[Condition]
    ) -> tuple[FromClause, list[Condition]]:
        """What comes first in the counts, of which each dataset and run is looked up by its key."""
        self._values[RUN], self._values[NAME] = counted.c.run_number, counted.c.name
        known = [each for each in left if sources_of(each) <= OF_COUNTS]
        where = self._of_first([*map(self._unguessed, known)])
        keyed = sa.select(counted, *self._sort_keys()).where(*where).subquery("keyed")
        first = (
            sa.select(keyed)
            .order_by(*order_of(keyed, self._query))
            .limit(PAGE_END * _DATASETS_MORE)
            .subquery("first_datasets")
        )
        self._first = first
        left = [each for each in left if each not in known]
        joined: FromClause = first
        if self.asked.asks_datasets:
            datasets, left = self._source("datasets", dataset, OF_DATASET, left, pushes=True)
            same = sa.and_(first.c.version == datasets.c.version, same_dataset(first, datasets))
            joined = first.join(datasets, same)
        self._values.update(places.values(first))
        self._values[RUN], self._values[NAME] = first.c.run_number, first.c.name
        return joined, left

    def _runs(self, left: list[Condition]) -> tuple[FromClause, list[Condition]]:
        """The runs, or those alone that come first, and the conditions that weren't applied."""
        runs, left = self._source("runs", run, OF_RUN, left, pushes=True)
        if not self._cuts_runs:
            return runs, left
        self._values[RUN] = runs.c.run_number
        keyed = sa.select(runs, *self._sort_keys()).subquery("keyed")
        first = (
            sa.select(keyed)
            .order_by(*directed(keyed, self._query), keyed.c.run_number.desc())
            .limit(PAGE_END * _RUNS_MORE)
            .subquery("first_runs")
        )
        self._values.update(_of_other(self._values, runs, first))
        self._keys.update(_of_other(self._keys, runs, first))
        self._known.update(_of_other(self._known, runs, first))
        return first, left

    def _counts(self, left: list[Condition]) -> tuple[FromClause, list[Condition]]:
        """The counts of what is shown, and the conditions that weren't applied there."""
        table = counts(computes=self._computes)
        self._values[RUN], self._values[NAME] = table.c.run_number, table.c.name
        where = [*self._in_range(table)]
        if not self._of_datasets:
            where.append(table.c.name == NAMED_ONLINE)
        else:
            where += [*self._is_visible(table), *self._in_cycle(table)]
        if self._few_runs is not None and not (self._windowed or self._cuts_runs):
            # An array is looked up in the index; a set of runs would be joined a second time.
            runs = sa.func.array(self._few_runs.scalar_subquery())
            where.append(table.c.run_number == sa.any_(runs))
        if self._of_datasets and not self.asked.is_counted_apart:
            by_key = [each for each in left if sources_of(each) <= {Source.NAME, Source.RUN}]
            left = [each for each in left if each not in by_key]
            where += map(self._unguessed, by_key)
        current = table.c.summary_version == table.c.version
        numbers = ("recorded", "delivered")
        counted = sa.select(
            table.c.run_number,
            table.c.name,
            table.c.version,
            table.c.columns,
            table.c.bits,
            current.label("is_current"),
            *(sa.case((current, table.c[each])).label(each) for each in numbers),
        )
        return counted.where(*where).subquery("counted"), left

    def _source(
        self,
        name: str,
        table: FromClause,
        sources: frozenset[Source],
        conditions: list[Condition],
        *,
        pushes: bool,
    ) -> tuple[sa.CTE, list[Condition]]:
        """One table with the values that are asked of it, each read once; conditions that ask
        nothing else are applied there when it `pushes`, and what only they ask isn't kept."""
        self._values[RUN] = table.c.run_number
        keys: list[ColumnElement[Any]] = [table.c.run_number, table.c.version]
        where = [*self._in_range(table)]
        if table is not run:
            self._values[NAME] = table.c.name
            keys.append(table.c.name)
            where.extend(self._narrowed(table))
        if table is dataset and self._of_datasets:
            where.extend([*self._is_visible(table), *self._in_cycle(table)])
        elif table is run and not self._query.include_deleted:
            where.append(table.c.deleted.is_(sa.false()))
        own = [field for field in self.asked.fields if field.source in sources]
        self._values.update((field, _extraction(field, table)) for field in own)
        taken = [each for each in conditions if pushes and sources_of(each) <= sources]
        where.extend(map(self._unguessed, taken))
        left = [each for each in conditions if each not in taken]
        halved = [each for each in left if isinstance(each, Either) and table is run]
        sorted_by = [each.field for each in self._query.sort if each.field in own]
        as_key = [field for field in sorted_by if field.kind is FieldKind.ATTRIBUTE]
        asked = {sort.field for sort in self._query.sort if sort.field not in as_key}
        kept = {field.whole for field in asked.union(*map(fields_left, left))}
        # What only orders is kept as the key that it is ordered by: once for each run.
        sorts = [
            sort_keys(field, self._plain(field))[0].label(f"key_{place}")
            for place, field in enumerate(as_key)
        ]
        own = [field for field in own if field in kept]
        values = [self._plain(field).label(f"value_{place}") for place, field in enumerate(own)]
        known = [
            self._unguessed(each.of_runs).label(f"known_{place}")
            for place, each in enumerate(halved)
        ]
        made = sa.select(*keys, *values, *sorts, *known).where(*where)
        source = made.cte(name)
        if (own or sorts or known) and not self._cuts_datasets:
            # Else each use of a value would take it out of its JSON anew.
            source = source.prefix_with("MATERIALIZED", dialect="postgresql")
        if table is run and taken:
            self._few_runs = sa.select(source.c.run_number)
        self._values.update((field, source.c[f"value_{place}"]) for place, field in enumerate(own))
        self._keys.update(zip(as_key, (source.c[each.name] for each in sorts), strict=True))
        self._known.update(zip(halved, (source.c[each.name] for each in known), strict=True))
        return source, left

    def _in_range(self, table: FromClause) -> Iterator[Flag]:
        """Ranges of runs, which every source has."""
        yield from map(self._condition, self.asked.ranges)
        if self._windowed:
            first, last = (sa.bindparam(end, type_=sa.Integer) for end in ("first_run", "last_run"))
            yield table.c.run_number.between(first, last)

    def _is_visible(self, table: FromClause) -> Iterator[Flag]:
        """Whether datasets are deleted, as they are asked for; and their runs, where these aren't
        joined: few of them are deleted."""
        if not self.asked.joins_runs and not self._query.include_deleted:
            deleted = sa.select(run.c.run_number).where(run.c.deleted)
            yield table.c.run_number.not_in(deleted)
        if self._query.only_hidden:
            yield table.c.deleted.is_(sa.true())
        elif not self._query.include_deleted:
            yield table.c.deleted.is_(sa.false())

    def _in_cycle(self, table: FromClause) -> Iterator[Flag]:
        if self._query.cycle is not None:
            yield sa.tuple_(table.c.run_number, table.c.name).in_(
                sa.select(cycle_dataset.c.run_number, cycle_dataset.c.name).where(
                    cycle_dataset.c.id_cycle == self._query.cycle
                )
            )

    def _narrowed(self, table: FromClause) -> Iterator[Flag]:
        """Conditions that spare a table the reading of JSON that can't count."""
        if not self._of_datasets:
            yield table.c.name == NAMED_ONLINE
        if table is self._summaries and self._few_runs is not None:
            yield table.c.run_number.in_(self._few_runs)
        if table is self._summaries and self._of_datasets:
            yield from map(self._condition, self.asked.of_names)

    def _plain(self, field: Field) -> ColumnElement[Any]:
        value = self._values[field]
        assert not isinstance(value, Counted)
        return value

    def _value(self, field: Field) -> Whole | Part:
        """The value of a field; counts and remarks are taken out of their column or bit."""
        return part_of(field, self._values[field.whole])

    def _unguessed(self, node: Condition) -> Flag:
        """The condition in a form that the planner takes for true of every second row.

        It knows nothing of what is in JSON, guesses that one row of two hundred is equal, and
        would then look up thousands of rows one by one. Of a given name it knows how many have it.
        """
        if is_of_given_names(node):
            return self._condition(node)
        return sa.func.coalesce(self._condition(node), sa.false())

    def _condition(self, node: Condition) -> Flag:
        if isinstance(node, Either):
            known = self._known.get(node)
            if known is None:
                known = self._run_passes(node.of_runs)
            return sa.or_(known, condition(node.rest, self._value))
        return condition(node, self._value)

    def _run_passes(self, node: Node) -> Flag:
        """Whether the run of a dataset passes what asks about runs alone, which aren't joined."""
        values = {field: _extraction(field, run) for field in fields_of(node) - {RUN}}
        values[RUN] = run.c.run_number
        passes = condition(node, lambda field: part_of(field, values[field.whole]))
        if self._first is not None:
            # Few are looked up, each for itself.
            same = run.c.run_number == self._plain(RUN)
            return sa.select(passes).where(same).scalar_subquery()
        return self._plain(RUN).in_(sa.select(run.c.run_number).where(passes, *self._in_range(run)))


def _of_other(values: Mapping[Any, Any], table: FromClause, other: FromClause) -> dict[Any, Any]:
    """Those of the values that are columns of a table, as another has them."""
    return {
        key: other.c[value.name]
        for key, value in values.items()
        if getattr(value, "table", None) is table
    }


def _extraction(field: Field, table: FromClause) -> ColumnElement[Any]:
    plain = _PLAIN_COLUMNS.get(field.source)
    if plain is not None:
        return table.c[plain.name]
    if field.source is Source.VERIFIED:
        return verified_workspaces(dataset.name)
    return entry(table.c[JSON_COLUMNS[field.source].name], field.name)
