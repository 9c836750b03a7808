"""Reading for the tables of runs and datasets: pages, single rows, details and history."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from msgspec import Struct

from app.domain.certification.datasets import state_key
from app.domain.errors import BadInput, NotFound
from app.domain.filters import RUN, Comparison, Operator, Vocabulary, field_of
from app.domain.history.attributes import (
    AttributeChange,
    HistoryEntry,
    LumisectionWrite,
    Origin,
    attribute_changes,
    lumisection_changes,
    origins,
)
from app.domain.history.authorship import attributed
from app.domain.identity import is_manual
from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE, DatasetKey, RunNumber
from app.domain.text.names import no_dataset
from app.models.events import rows as stored
from app.models.history import run_history as events
from app.models.lists import vocabulary as words
from app.models.lists.tables import pages
from app.models.lists.tables.pages import Page
from app.models.lists.tables.query import MOST_ROWS, Sort, TableKind, TableQuery
from app.models.lists.tables.rows import Row, marked, rows_by_key
from app.services.acting import Acting
from app.services.certification import summaries

__all__ = [
    "Attribute",
    "Chosen",
    "DatasetDetails",
    "Page",
    "Row",
    "RunDetails",
    "Sort",
    "TableKind",
    "TableQuery",
    "chosen_keys",
    "dataset_details",
    "dataset_history",
    "datasets_page",
    "matching",
    "number_of_rows",
    "rows",
    "rows_at_once",
    "run_details",
    "run_history",
    "runs_page",
    "sort_of",
    "states",
    "vocabulary",
]

MOST_VERSIONS = 200


class Attribute(Struct, frozen=True):
    """The value of an attribute and its author.

    Where the value was set by hand, `automatic` is the automatic one behind it.
    """

    name: str
    value: JsonValue
    by_hand: bool
    author: str
    at: datetime | None
    automatic: JsonValue
    writer: str = ""

    @property
    def by(self) -> str:
        """The author, with the login that wrote it where that isn't the author's own."""
        return attributed(self.author, self.writer)


class RunDetails(Struct, frozen=True):
    """Everything about a run but its lumisections."""

    row: Row
    oms: tuple[Attribute, ...]
    rr: tuple[Attribute, ...]
    datasets: tuple[Row, ...]

    @property
    def run_number(self) -> RunNumber:
        return self.row.run_number

    @property
    def visible_datasets(self) -> tuple[Row, ...]:
        """The datasets that aren't hidden, `online` first, then by name."""
        visible = [dataset for dataset in self.datasets if not dataset.deleted]
        return tuple(sorted(visible, key=lambda row: (row.name != ONLINE, row.name)))

    @property
    def state(self) -> str:
        return str(self.row.rr_attributes.get("state", ""))

    @property
    def significant(self) -> bool:
        return self.row.rr_attributes.get("significant") is True

    @property
    def needs_manual_update(self) -> bool:
        return self.row.rr_attributes.get("run_needs_to_be_updated_manually") is True


class DatasetDetails(Struct, frozen=True):
    """Everything about a dataset but its lumisections."""

    row: Row
    attributes: tuple[Attribute, ...]


class Chosen(Struct, frozen=True):
    """Datasets that somebody selected in a table: those of `keys`, those at `places` of what
    `query` asks for, or everything that it asks for."""

    query: TableQuery
    keys: tuple[DatasetKey, ...] = ()
    places: tuple[int, ...] = ()
    everything: bool = False


def rows_at_once(acting: Acting, query: TableQuery) -> Page:
    """A page of the table of runs or datasets as soon as its rows are known: it may have its
    number `to_count`."""
    return summaries.page(acting, query, counts=False)


def number_of_rows(acting: Acting, query: TableQuery) -> int:
    """How many rows a table has over all its pages."""
    return summaries.number_of_rows(acting, query)


def runs_page(acting: Acting, query: TableQuery) -> Page:
    """A page of the table of runs."""
    return summaries.page(acting, replace(query, kind="runs"))


def datasets_page(acting: Acting, query: TableQuery) -> Page:
    """A page of the table of datasets."""
    return summaries.page(acting, replace(query, kind="datasets"))


def rows(acting: Acting, kind: TableKind, keys: Collection[DatasetKey]) -> tuple[Row, ...]:
    """Exactly these rows as they are now, deleted ones too; what doesn't exist is left out."""
    return summaries.of_keys(acting, kind, keys)


def matching(acting: Acting, query: TableQuery) -> tuple[DatasetKey, ...]:
    """Keys of everything that a table would show over all its pages, in its order."""
    return summaries.keys(acting, query)


def chosen_keys(acting: Acting, chosen: Chosen) -> tuple[DatasetKey, ...]:
    """Run numbers and names of selected datasets, each once, as the table shows them now."""
    if not (chosen.everything or chosen.places):
        return chosen.keys
    shown = matching(acting, chosen.query)
    if chosen.everything:
        return shown
    more = (shown[place] for place in chosen.places if place < len(shown))
    return tuple(dict.fromkeys((*chosen.keys, *more)))


def states(
    acting: Acting, keys: Collection[DatasetKey], workspace: str
) -> Mapping[DatasetKey, str]:
    """State of each dataset in a workspace; empty where it has none."""
    key = state_key(workspace)
    return {
        row.key: str(row.dataset_attributes.get(key) or "")
        for row in rows(acting, "datasets", keys)
    }


def sort_of(text: str, known: Vocabulary | None) -> tuple[Sort, ...]:
    """The order that a text such as `class,-run` asks for. BadInput for names there aren't."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return tuple(
        Sort(field_of(name.removeprefix("-").strip(), known), name.startswith("-"))
        for name in names
    )


def vocabulary(acting: Acting) -> Vocabulary:
    """The fields a filter can ask about, for completion and for misspelt names."""
    with acting.db.read() as connection:
        return words.vocabulary(connection, record=acting.db.record)


def run_details(acting: Acting, run_number: int) -> RunDetails:
    """A run with the origin of each attribute and its datasets, hidden ones too."""
    with acting.db.read() as connection:
        run_rows = rows_by_key(connection, "runs", [(run_number, ONLINE)])
        if not run_rows:
            raise NotFound(f"There is no run {run_number}.")
        query = TableQuery(
            "datasets",
            Comparison(RUN, Operator.EQUAL, run_number),
            limit=MOST_ROWS,
            include_online=True,
            include_deleted=True,
        )
        datasets = pages.page(connection, query, record=acting.db.record).rows
        run = events.run_events(connection, run_number)
        oms = origins(run.oms, manual_first=False)
        rr = origins(run.rr, manual_first=True)
        authors = events.authors(
            connection, {each.version for each in (*oms.values(), *rr.values())}
        )
    return RunDetails(
        run_rows[0],
        _attributes(oms, authors),
        _attributes(rr, authors),
        datasets,
    )


def dataset_details(acting: Acting, run_number: int, name: str) -> DatasetDetails:
    """A dataset with the origin of each attribute."""
    with acting.db.read() as connection:
        dataset_rows = rows_by_key(connection, "datasets", [(run_number, name)])
        if not dataset_rows:
            raise no_dataset(run_number, name, stored.datasets_of_run(connection, run_number))
        own = events.dataset_events(connection, run_number, name).get(name, ())
        attributes = origins(own, manual_first=False)
        attributes.pop("datasets_in_gui", None)
        authors = events.authors(connection, {each.version for each in attributes.values()})
        (row,) = marked(connection, dataset_rows) if acting.db.record else dataset_rows
    return DatasetDetails(row, _attributes(attributes, authors))


def run_history(
    acting: Acting, run_number: int, *, limit: int = 50, before: int | None = None
) -> tuple[HistoryEntry, ...]:
    """What changed a run and its datasets, the newest action first; `before`: older than that."""
    return _history(acting, run_number, None, limit, before)


def dataset_history(
    acting: Acting, run_number: int, name: str, *, limit: int = 50, before: int | None = None
) -> tuple[HistoryEntry, ...]:
    """What changed one dataset, the newest action first; for `online` also the run itself."""
    return _history(acting, run_number, name, limit, before)


def runs_of_version(acting: Acting, atomic_version: int) -> frozenset[int]:
    """Runs that an action touched; empty when it touched too many to name."""
    with acting.db.read() as connection:
        return events.runs_of_version(connection, atomic_version)


def _history(
    acting: Acting, run_number: int, name: str | None, limit: int, before: int | None
) -> tuple[HistoryEntry, ...]:
    if not 0 < limit <= MOST_VERSIONS:
        raise BadInput(f"A page of a history has 1 to {MOST_VERSIONS} versions.")
    with acting.db.read() as connection:
        versions = events.versions_of_run(connection, run_number, name, limit, before)
        if not versions:
            return ()
        changes: dict[int, list[AttributeChange]] = {}
        if name in (None, ONLINE):
            run = events.run_events(connection, run_number)
            _collect(changes, attribute_changes(run.oms, "oms", manual_first=False))
            _collect(changes, attribute_changes(run.rr, "rr", manual_first=True))
            _collect(changes, attribute_changes(run.deleted, "rr", manual_first=False))
        for dataset, own in events.dataset_events(connection, run_number, name).items():
            _collect(changes, attribute_changes(own, "dataset", dataset, manual_first=False))
        shown = {version for each in versions for version in each.events}
        writes: dict[int, list[LumisectionWrite]] = {}
        for write in events.lumisection_writes(connection, shown):
            writes.setdefault(write.version, []).append(write)
    return tuple(
        HistoryEntry(
            each.atomic_version,
            each.author,
            is_manual(each.author),
            each.comment,
            each.at,
            tuple(change for version in each.events for change in changes.get(version, ())),
            lumisection_changes(
                [write for version in each.events for write in writes.get(version, ())]
            ),
            each.writer,
        )
        for each in versions
    )


def _collect(
    changes: dict[int, list[AttributeChange]], more: Mapping[int, tuple[AttributeChange, ...]]
) -> None:
    for version, of_version in more.items():
        changes.setdefault(version, []).extend(of_version)


def _attributes(
    origins_by_name: Mapping[str, Origin], authors: Mapping[int, events.Author]
) -> tuple[Attribute, ...]:
    attributes: list[Attribute] = []
    for name, origin in origins_by_name.items():
        author = authors.get(origin.version)
        attributes.append(
            Attribute(
                name,
                origin.value,
                origin.manual,
                author.author if author else "",
                author.at if author else None,
                origin.automatic,
                author.writer if author else "",
            )
        )
    return tuple(attributes)
