"""What versions are about, found from the few events of each kind that are theirs."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from app.domain.history.log import Kind, Subject
from app.models.statements import integers, text

_SUBJECTS_SHOWN = 4

TABLE_OF = {
    Kind.RUN: "RunEvent",
    Kind.DATASET: "DatasetEvent",
    Kind.LUMISECTIONS: "LumisectionEvent",
    Kind.BITS: "OMSLumisectionEvent",
}
CHANGES = "(dataset_metadata <> '{}' OR datasets_in_gui <> '[]' OR deleted)"
"""That an event of a dataset sets attributes, not only says that the dataset has changed."""


@dataclass(frozen=True)
class Touched:
    """What a version is about: kinds, and some of its runs and datasets."""

    kinds: frozenset[Kind]
    subjects: tuple[Subject, ...]
    more: bool


NOTHING = Touched(frozenset(), (), more=False)


Spans = Mapping[int, tuple[int, int]]
"""The first and the last event of each of some versions."""


def touched_by(connection: Connection, spans: Spans) -> dict[int, Touched]:
    """What each of these versions is about."""
    if not spans:
        return {}
    found: dict[Kind, dict[int, list[Subject]]] = {kind: {} for kind in TABLE_OF}
    changing: set[int] = set()
    given = {**_arrays(spans), "most": _SUBJECTS_SHOWN + 1}
    for place, number, run_number, name in connection.execute(text(_TOUCHED), given):
        if place == len(TABLE_OF):
            changing.add(number)
        else:
            found[_KINDS[place]].setdefault(number, []).append(Subject(run_number, name))
    return {number: _touched(number, found, changing) for number in spans}


def of_spans(
    connection: Connection, spans: Spans, asked: str, given: Mapping[str, object]
) -> frozenset[int]:
    """Those of the versions that a query among them tells."""
    rows = connection.execute(text(asked), {**_arrays(spans), **given})
    return frozenset(rows.scalars())


def _arrays(spans: Spans) -> dict[str, str]:
    return {
        "versions": integers(spans),
        "firsts": integers(first for first, _ in spans.values()),
        "lasts": integers(last for _, last in spans.values()),
    }


_SPANS = (
    "unnest(CAST(:versions AS int[]), CAST(:firsts AS int[]), CAST(:lasts AS int[]))"
    " AS span(number, first, last)"
)
"""Versions with the first and the last of their events."""


# From the few events of a kind on: a version may have a hundred thousand of the others.
_OF_THE_VERSION = (
    "event.version BETWEEN span.first AND span.last AND span.number ="
    ' (SELECT atomic_version FROM "Event" WHERE version = event.version)'
)


def with_event(table: str, condition: str = "true", columns: str = "span.number") -> str:
    """Asks which of the versions have an event of a table that meets a condition."""
    return (
        f"SELECT {columns} FROM {_SPANS}"
        f' CROSS JOIN LATERAL (SELECT FROM "{table}" AS event'
        f"  WHERE {_OF_THE_VERSION} AND {condition} LIMIT 1) AS any_event"
    )


def _about(place: int, kind: Kind, table: str) -> str:
    """Asks for runs and datasets of a kind that the versions are about."""
    name = "''" if kind is Kind.RUN else "event.name"
    most = ":most" if kind in {Kind.RUN, Kind.DATASET} else "1"
    return (
        f"SELECT {place} AS place, span.number, about.run_number, about.name FROM {_SPANS}"
        f' CROSS JOIN LATERAL (SELECT event.run_number, {name} AS name FROM "{table}" AS event'
        f"  WHERE {_OF_THE_VERSION} ORDER BY event.version LIMIT {most}) AS about"
    )


_KINDS = tuple(TABLE_OF)
_TOUCHED = " UNION ALL ".join(
    (
        *(_about(place, kind, table) for place, (kind, table) in enumerate(TABLE_OF.items())),
        # Those that set attributes of a dataset, not only say that it has changed.
        with_event("DatasetEvent", CHANGES, f"{len(TABLE_OF)}, span.number, 0, ''"),
    )
)


def _touched(
    number: int, found: dict[Kind, dict[int, list[Subject]]], changing: set[int]
) -> Touched:
    kinds = {kind for kind, versions in found.items() if number in versions}
    about = kinds & {Kind.LUMISECTIONS, Kind.BITS}
    # A change of lumisections also says of its dataset that it has changed; that alone is none
    # of the dataset, except where nothing else happened: then it was shown again.
    if Kind.DATASET in kinds and number not in changing and about:
        kinds.discard(Kind.DATASET)
    every = [
        subject
        for kind in (Kind.RUN, Kind.DATASET, Kind.LUMISECTIONS, Kind.BITS)
        for subject in found.get(kind, {}).get(number, ())
    ]
    unique = list(dict.fromkeys(every))
    # A run is told through its datasets where they are there.
    named = {subject.run_number for subject in unique if subject.dataset}
    unique = [each for each in unique if each.dataset or each.run_number not in named]
    return Touched(
        frozenset(kinds), tuple(unique[:_SUBJECTS_SHOWN]), more=len(unique) > _SUBJECTS_SHOWN
    )
