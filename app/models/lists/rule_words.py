"""What rules can read, as a database has it: attributes with values that occur, columns, bits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from app.domain.json_value import JsonValue, folded_object
from app.domain.keys import ONLINE
from app.models.lists.vocabulary import classes_in_force, recent_keys, recent_names
from app.models.schemas.tables import dataset_triplet_cache

Values = Mapping[str, Sequence[JsonValue]]

_SAMPLED = 60
_APART = 10
"""So many of the lowest runs may have numbers far from all others, such as 0."""


@dataclass(frozen=True)
class RuleWords:
    """Values by attribute, those of newer runs first; names of columns and bits in summaries."""

    oms: Values
    rr: Values
    dataset: Values
    dataset_names: tuple[str, ...]
    columns: frozenset[str]
    lumisection_oms: frozenset[str]
    classes: tuple[str, ...]


def rule_words(connection: Connection) -> RuleWords:
    """The newest runs and datasets, and some of all times, so that what is no longer written is
    known as well; no more than a few hundred rows are read."""
    runs = [
        *connection.execute(
            sa.text(
                'SELECT oms_attributes, rr_attributes FROM "Run"'
                " ORDER BY run_number DESC LIMIT :sampled"
            ),
            {"sampled": _SAMPLED},
        ),
        *connection.execute(
            sa.text(
                "SELECT found.oms_attributes, found.rr_attributes FROM (SELECT"
                '  (SELECT run_number::bigint FROM "Run" ORDER BY run_number'
                "   OFFSET :apart LIMIT 1) AS first,"
                '  (SELECT run_number::bigint FROM "Run" ORDER BY run_number DESC'
                "   OFFSET :sampled LIMIT 1) AS last) AS bounds,"
                " generate_series(CAST(:sampled AS bigint), 1, -1) AS part,"
                ' LATERAL (SELECT oms_attributes, rr_attributes FROM "Run"'
                "  WHERE run_number >= first + (last - first) * part / :sampled"
                "  ORDER BY run_number LIMIT 1) AS found"
            ),
            {"sampled": _SAMPLED, "apart": _APART},
        ),
    ]
    datasets = [
        *connection.execute(
            sa.text(
                'SELECT dataset_attributes FROM "Dataset" WHERE name != :online'
                " ORDER BY run_number DESC LIMIT :sampled"
            ),
            {"sampled": _SAMPLED, "online": ONLINE},
        ).scalars(),
    ]
    return RuleWords(
        _values(each.oms_attributes for each in runs),
        _values(each.rr_attributes for each in runs),
        _values(datasets),
        tuple(recent_names(connection)),
        frozenset(recent_keys(connection, dataset_triplet_cache.c.triplet_summary)),
        frozenset(recent_keys(connection, dataset_triplet_cache.c.dcs_summary)),
        tuple(classes_in_force(connection)),
    )


def _values(objects: Iterable[object]) -> Values:
    found: dict[str, list[JsonValue]] = {}
    for each in objects:
        for name, value in folded_object(each).items():
            found.setdefault(name, []).append(value)
    return found
