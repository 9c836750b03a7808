"""The words of filters as a database has them: attributes, columns and bits, and their values."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.domain.certification.second_eyes import WHOLE
from app.domain.filters import (
    DELIVERED,
    IN_GUI,
    NAME,
    RECORDED,
    RUN,
    STATE_OF_RUN,
    VERIFIED,
    Field,
    KnownField,
    Source,
    Vocabulary,
)
from app.domain.json_value import JsonValue, folded_object
from app.domain.keys import ONLINE
from app.models.schemas.tables import (
    class_classifier,
    class_classifier_entries,
    dataset,
    dataset_triplet_cache,
    run,
    settings,
    workspace,
    workspace_column,
)

RUN_STATES = ("OPEN", "SIGNOFF", "COMPLETED")
DATASET_STATES = ("waiting dqm gui", *RUN_STATES, "not significant for workspace")

_SAMPLED = 60
_FEW = 25
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def vocabulary(connection: Connection, *, record: bool) -> Vocabulary:
    """The fields that a filter can ask about: attributes and bits that recent rows have, and the
    columns of all workspaces, with the values that occur where they are few. Without `record`
    nothing can be verified."""
    own = (
        KnownField(RUN, "number"),
        KnownField(NAME, "text", tuple(recent_names(connection))),
        KnownField(IN_GUI, "list of texts"),
        KnownField(RECORDED, "recorded, pb^-1"),
        KnownField(DELIVERED, "delivered, pb^-1"),
        *([KnownField(VERIFIED, "workspaces", _workspaces(connection))] if record else ()),
    )
    runs = connection.execute(
        sa.select(run.c.rr_attributes, run.c.oms_attributes)
        .order_by(run.c.run_number.desc())
        .limit(_SAMPLED)
    ).all()
    datasets = connection.execute(
        sa.select(dataset.c.dataset_attributes)
        .where(dataset.c.name != ONLINE)
        .order_by(dataset.c.run_number.desc())
        .limit(_SAMPLED)
    ).scalars()
    rr = _attributes(Source.RR, [each.rr_attributes for each in runs])
    configured = {
        Field(Source.RR, "class"): classes_in_force(connection),
        STATE_OF_RUN: list(RUN_STATES),
    }
    return Vocabulary(
        (
            *own,
            *_with_values(rr, configured),
            *_columns(connection),
            *_attributes(Source.OMS, [each.oms_attributes for each in runs]),
            *_attributes(Source.DATASET, list(datasets)),
            *_bits(connection),
        )
    )


def _workspaces(connection: Connection) -> tuple[str, ...]:
    found = connection.execute(sa.select(workspace.c.workspace).distinct()).scalars()
    return tuple(sorted({WHOLE, *found}))


def _with_values(
    known: Iterable[KnownField], more: Mapping[Field, Collection[str]]
) -> Iterator[KnownField]:
    """The fields, those of `more` first and with its values beside the ones that occur."""
    found = {each.field: each for each in known}
    for field, values in more.items():
        occurring = found.pop(field, KnownField(field, "text"))
        yield occurring._replace(values=tuple(sorted({*values, *occurring.values})))
    yield from found.values()


def _attributes(source: Source, objects: Sequence[object]) -> Iterator[KnownField]:
    values: dict[str, list[JsonValue]] = {}
    for each in objects:
        for name, value in folded_object(each).items():
            values.setdefault(name, []).append(value)
    for name, seen in sorted(values.items()):
        present = [value for value in seen if value is not None]
        texts = {value for value in present if isinstance(value, str) and value}
        few = texts if len(texts) <= _FEW else set()
        if any(isinstance(value, bool) for value in present):
            few |= {"true", "false"}
        if name.endswith("_state") and source is Source.DATASET:
            few |= set(DATASET_STATES)
        field = Field(source, name)
        yield KnownField(field, _state_words(field) or _words_for(present), tuple(sorted(few)))


def _state_words(field: Field) -> str:
    """Whose state a field is, which its name alone doesn't tell."""
    if field == STATE_OF_RUN:
        return "state of the run"
    workspace_of = field.name.removesuffix("_state")
    if field.source is not Source.DATASET or workspace_of == field.name:
        return ""
    return f"state of the dataset{'' if workspace_of == WHOLE else f' in {workspace_of}'}"


def _words_for(values: Sequence[JsonValue]) -> str:
    kinds = {
        "true or false": any(isinstance(value, bool) for value in values),
        "time": any(isinstance(value, str) and _TIME.match(value) for value in values),
        "text": any(isinstance(value, str) for value in values),
        "list": any(isinstance(value, list) for value in values),
        "number": any(isinstance(value, int | float) for value in values),
    }
    return next((words for words, holds in kinds.items() if holds), "no value yet")


def _columns(connection: Connection) -> Iterator[KnownField]:
    rows = connection.execute(
        sa.select(workspace.c.workspace, workspace_column.c.name)
        .join_from(workspace_column, workspace)
        .distinct()
        .order_by(workspace.c.workspace, workspace_column.c.name)
    )
    configured = {f"{owner}-{name}" for owner, name in rows}
    used = recent_keys(connection, dataset_triplet_cache.c.triplet_summary)
    for name in sorted(configured | used):
        yield KnownField(Field(Source.COLUMN, name), "status column")


def _bits(connection: Connection) -> Iterator[KnownField]:
    for name in sorted(recent_keys(connection, dataset_triplet_cache.c.dcs_summary)):
        yield KnownField(Field(Source.BIT, name), "DCS bit")


def recent_keys(connection: Connection, summary: sa.Column[Any]) -> set[str]:
    recent = (
        sa.select(summary.label("summary"))
        .order_by(dataset_triplet_cache.c.run_number.desc())
        .limit(_SAMPLED)
        .subquery()
    )
    is_object = sa.func.jsonb_typeof(recent.c.summary) == "object"
    keys = sa.select(sa.func.jsonb_object_keys(sa.case((is_object, recent.c.summary)))).distinct()
    return set(connection.execute(keys).scalars())


def recent_names(connection: Connection) -> list[str]:
    recent = (
        sa.select(dataset.c.name)
        .order_by(dataset.c.run_number.desc())
        .limit(_SAMPLED * 10)
        .subquery()
    )
    found = connection.execute(sa.select(recent.c.name).distinct().limit(_FEW * 4)).scalars()
    return sorted(found)


def classes_in_force(connection: Connection) -> list[str]:
    items, entries = class_classifier, class_classifier_entries
    in_force = sa.select(settings.c.CCL_id).order_by(settings.c.id.desc()).limit(1)
    found = connection.execute(
        sa.select(items.c["class"])
        .join(entries, entries.c.id == items.c.id)
        .where(entries.c.CCL_id == in_force.scalar_subquery())
    )
    return sorted(set(found.scalars()))
