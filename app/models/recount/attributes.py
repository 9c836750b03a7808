"""What rows of runs and datasets say beside what their events come to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection

from app.domain.json_value import JsonObject, as_list, folded_object, js_stringify
from app.domain.keys import DatasetKey
from app.domain.recount.discrepancies import Discrepancy, of_attributes
from app.models.statements import key_arrays, text


@dataclass(frozen=True)
class Attributes:
    """A row of a run or dataset, or the fold of its events: attributes by part."""

    parts: Mapping[str, JsonObject]
    version: int
    odd: tuple[str, ...] = ()
    """Of a fold, columns in which an event says something else than an object."""

    def differing(self, found: "Attributes") -> Iterator[Discrepancy]:
        """How another one differs from this."""
        for part, said in self.parts.items():
            yield from of_attributes(part, said, found.parts[part])


def runs_found(connection: Connection, keys: Sequence[DatasetKey]) -> dict[DatasetKey, Attributes]:
    """The rows of these runs."""
    rows = connection.execute(
        text(
            "SELECT run_number, oms_attributes, rr_attributes, deleted, version"
            ' FROM "Run" WHERE run_number = ANY(:runs)'
        ),
        {"runs": [run for run, _ in keys]},
    )
    return _of_runs(rows)


def runs_folded(
    connection: Connection, keys: Sequence[DatasetKey], up_to: int | None = None
) -> dict[DatasetKey, Attributes]:
    """What the events of these runs come to, or those up to one."""
    rows = connection.execute(
        text(
            "SELECT run_number, mergejsonb(oms_metadata ORDER BY version),"
            " mergejsonb(rr_metadata ORDER BY manual_change, version),"
            " (array_agg(deleted ORDER BY version DESC))[1], max(version)"
            ' FROM "RunEvent" WHERE run_number = ANY(:runs)'
            f"{'' if up_to is None else ' AND version <= :up_to'} GROUP BY run_number"
        ),
        {"runs": [run for run, _ in keys], **({} if up_to is None else {"up_to": up_to})},
    )
    return _of_runs(rows)


def _of_runs(rows: Iterable[Sequence[object]]) -> dict[DatasetKey, Attributes]:
    return {
        (cast("int", run), ""): Attributes(
            {
                "": {"deleted": cast("bool", deleted)},
                "oms.": folded_object(oms),
                "rr.": folded_object(rr),
            },
            cast("int", version),
            _odd(oms_metadata=oms, rr_metadata=rr),
        )
        for run, oms, rr, deleted, version in rows
    }


def _odd(**folds: object) -> tuple[str, ...]:
    return tuple(
        column for column, fold in folds.items() if fold is not None and not isinstance(fold, dict)
    )


def datasets_found(
    connection: Connection, keys: Sequence[DatasetKey]
) -> dict[DatasetKey, Attributes]:
    """The rows of these datasets."""
    rows = connection.execute(
        text(
            "SELECT run_number, name, dataset_attributes, datasets_in_gui, deleted, version"
            ' FROM "Dataset" WHERE (run_number, name) IN'
            "  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
        ),
        key_arrays(keys),
    )
    return _of_datasets(rows)


def datasets_folded(
    connection: Connection, keys: Sequence[DatasetKey], up_to: int | None = None
) -> dict[DatasetKey, Attributes]:
    """What the events of these datasets come to, or those up to one."""
    rows = connection.execute(
        text(
            "SELECT run_number, name, mergejsonb(dataset_metadata ORDER BY version),"
            " coalesce(mergejsonbarray(datasets_in_gui)"
            "  FILTER (WHERE datasets_in_gui <> '[]'), '[]'),"
            " (array_agg(deleted ORDER BY version DESC))[1], max(version)"
            ' FROM "DatasetEvent" WHERE (run_number, name) IN'
            "  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
            f"{'' if up_to is None else ' AND version <= :up_to'} GROUP BY run_number, name"
        ),
        {**key_arrays(keys), **({} if up_to is None else {"up_to": up_to})},
    )
    return _of_datasets(rows)


def _of_datasets(rows: Iterable[Sequence[object]]) -> dict[DatasetKey, Attributes]:
    return {
        (run, name): Attributes(
            {
                "": {
                    "deleted": deleted,
                    # A set, in whatever order it is kept.
                    "datasets_in_gui": [*sorted(map(js_stringify, as_list(in_gui)))],
                },
                "attribute ": folded_object(attributes),
            },
            version,
            _odd(dataset_metadata=attributes),
        )
        for run, name, attributes, in_gui, deleted, version in cast(
            "Iterable[tuple[int, str, object, object, bool, int]]", rows
        )
    }
