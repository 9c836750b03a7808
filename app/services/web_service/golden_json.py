"""Generated lists of good lumisections, as the web service answers them."""

import re
from collections.abc import Iterator

from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue
from app.golden.document import to_json
from app.models.lists import shared_rows
from app.models.lists.shared_rows import Stored
from app.services.acting import Acting
from app.services.golden import generation
from app.services.golden.official.making import Standing, standings
from app.services.web_service.shapes import row_as_object

ONE_DATASET = (
    "There exists mutliple datasets for that json logic filter. please include a filter that"
    " accepts only 1 dataset per run"
)
_DATASET_NAME: JsonValue = {"var": "dataset.name"}

PAGE = 10
"""Lists of one answer."""


class SeveralDatasets(BadInput):
    """A rule lets several datasets of one run pass, where one is expected."""


def stored(acting: Acting, id_: int) -> JsonObject | None:
    """A list that isn't deleted, whole; None when there is none of that number."""
    with acting.db.read() as connection:
        found = shared_rows.golden_json(connection, id_)
    if found is None or found["deleted"]:
        return None
    return _shape(found, standings(acting, [id_]).get(id_))


def newest(
    acting: Acting,
    *,
    created_by: str | None = None,
    official: bool = False,
    below: int | None = None,
) -> list[JsonObject]:
    """The newest lists: of one person, the official ones, or all; `below` goes on from a number."""
    with acting.db.read() as connection:
        found = shared_rows.golden_jsons(
            connection, created_by=created_by, official=official, below=below, limit=PAGE
        )
    known = standings(acting, [int(str(row["id"])) for row in found])
    return [_shape(row, known.get(int(str(row["id"])))) for row in found]


def generate(
    acting: Acting, pattern: str, rule: JsonValue, *, tags: str, official: bool
) -> generation.Generated:
    """Makes and stores a list; conditions on what no lumisection has are false, as they always
    were for these clients."""
    return generation.generate(acting, pattern, rule, tags=tags, official=official, insist=True)


def computed(acting: Acting, rule: JsonValue) -> JsonObject:
    """The good lumisections of the datasets that the rule names; nothing is stored.

    Raises SeveralDatasets when the rule names none, or several of one run.
    """
    names = list(_names(rule))
    if not names:
        raise SeveralDatasets(ONE_DATASET)
    pattern = "|".join(re.sub(r"([%_|*+?{}()\[\]\\])", r"\\\1", name) for name in names)
    if not generation.datasets_matching(acting, pattern).datasets:
        return {"final_json": {}, "dataset_in_run_in_json": {}, "final_json_with_dataset_names": {}}
    named = to_json(generation.preview(acting, pattern, rule).document_with_names)
    of_run = {run: name for run, _, name in (key.partition("-") for key in named)}
    if len(of_run) < len(named):
        raise SeveralDatasets(ONE_DATASET)
    return {
        "final_json": {run: named[f"{run}-{name}"] for run, name in of_run.items()},
        "dataset_in_run_in_json": dict(of_run),
        "final_json_with_dataset_names": named,
    }


def _names(rule: JsonValue) -> Iterator[str]:
    """Dataset names that a rule demands, alone or among the conditions that must all hold."""
    if not isinstance(rule, dict):
        return
    for operator, values in rule.items():
        if not isinstance(values, list):
            continue
        if operator == "and":
            for part in values:
                yield from _names(part)
        elif _DATASET_NAME in values and operator in ("==", "===", "in"):
            for value in values:
                yield from (
                    each
                    for each in (value if isinstance(value, list) else [value])
                    if isinstance(each, str)
                )


def _shape(row: Stored, standing: Standing | None) -> JsonObject:
    """The row with its version as a text, as a big integer comes out of the web service; on a
    guarded database with what a puller found, which the web service doesn't have."""
    checked: JsonObject = {} if standing is None else {"checked": standing.proof.value}
    return row_as_object(row) | {"runregistry_version": str(row["runregistry_version"])} | checked
