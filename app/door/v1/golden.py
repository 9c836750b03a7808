"""Golden lists: those that are stored, what a rule selects, and the luminosity of any list."""

from collections.abc import Sequence

from app.domain.errors import BadInput
from app.domain.json_logic import RuleError
from app.domain.json_value import JsonObject
from app.door.asking import Asked
from app.door.v1 import cursors
from app.door.v1.answered import (
    ListAnswer,
    ListEntry,
    ListsAnswer,
    LuminosityAnswer,
    SelectedAnswer,
)
from app.door.v1.answering import Answered
from app.door.v1.asked import ListBody, OfForm, OfList, OfLists, RuleBody, version_of
from app.door.v1.problems import BadParameter
from app.golden.document import from_json, to_json
from app.golden.list_luminosity import together
from app.services.golden import generation, lists
from app.services.golden.generation import JsonEntry

_SHOWN = 3


def stored(asked: Asked, taken: OfLists) -> Answered:
    """Stored lists, the newest first."""
    question = ("golden", str(taken.official), taken.words)
    before = cursors.number_at(cursors.place(taken.cursor, question), 0) if taken.cursor else None
    found = generation.entries(
        asked.reading,
        official=taken.official,
        words=taken.words,
        before=before,
        limit=taken.limit + 1,
    )
    shown = found[: taken.limit]
    following = cursors.cursor(question, [shown[-1].id]) if len(found) > len(shown) else None
    return Answered(ListsAnswer([_entry(each) for each in shown], following), next=following)


def one(asked: Asked, taken: OfList) -> Answered:
    """A stored list with its rule and its luminosities."""
    row = generation.row(asked.reading, taken.number)
    return Answered(
        ListAnswer(
            _entry(row.entry),
            row.json_logic,
            to_json(from_json(row.generated_json).document),
            generation.texts(row).sha256,
            dict(row.luminosity),
        )
    )


def file(asked: Asked, taken: OfForm) -> Answered:
    """The golden JSON itself, in one of its forms."""
    row = generation.row(asked.reading, taken.number)
    document: JsonObject = {
        "golden": row.generated_json,
        "with-dataset-names": row.generated_json_with_dataset_names,
        "anti": row.generated_anti_json,
        "anti-with-dataset-names": row.generated_anti_json_with_dataset_names,
    }[taken.form]
    return Answered(document)


def select(asked: Asked, taken: RuleBody) -> Answered:
    """What a rule selects; nothing is stored."""
    at = version_of(asked.reading, taken.as_of)
    try:
        found = generation.preview(asked.reading, taken.datasets, taken.rule, as_of=at)
    except RuleError as error:
        raise BadParameter("rule", str(error)) from error
    except BadInput as error:
        raise BadParameter("datasets", str(error)) from error
    return Answered(
        SelectedAnswer(
            to_json(found.document),
            to_json(found.document_with_names),
            found.lumisections,
            found.in_json.recorded,
            found.in_json.delivered,
            found.total.recorded,
            found.total.delivered,
            [str(each) for each in found.warnings],
            at,
        )
    )


def luminosity(asked: Asked, taken: ListBody) -> Answered:
    """Luminosity of any list."""
    try:
        reading = from_json(taken.ranges)
    except BadInput as error:
        raise BadParameter("ranges", str(error)) from error
    if reading.remarks:
        raise BadParameter("ranges", _first_of(reading.remarks))
    total = together(lists.luminosity_of(asked.reading, reading.document).values())
    return Answered(
        LuminosityAnswer(total.lumisections, total.recorded, total.delivered, total.missing)
    )


def _first_of(remarks: Sequence[str]) -> str:
    more = f" and {len(remarks) - _SHOWN} more" if len(remarks) > _SHOWN else ""
    return f"{'; '.join(remarks[:_SHOWN])}{more}."


def _entry(entry: JsonEntry) -> ListEntry:
    return ListEntry(
        entry.id,
        entry.dataset_name_filter,
        entry.tags,
        entry.created_by,
        entry.official,
        entry.version,
        entry.created_at.isoformat(),
        entry.min_run_number,
        entry.max_run_number,
        entry.runs,
        entry.lumisections,
        entry.recorded_in_json,
        entry.recorded_total,
    )
