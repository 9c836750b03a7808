"""The variables that rules of variable subject can read, with values that occur in a database."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from app.domain.configuration.in_force import Configuration
from app.domain.filters.fields import BITS, OMS_ATTRIBUTES, RR_ATTRIBUTES
from app.domain.json_value import JsonValue
from app.domain.rules.vocabulary import (
    RuleSubject,
    RuleVocabulary,
    Scalar,
    Variable,
    VariableKind,
    status_values,
    vocabulary_of,
)
from app.domain.sources.oms import DCS_BITS, KEPT_LUMISECTION_ATTRIBUTES
from app.models.lists.rule_words import RuleWords, Values, rule_words
from app.models.lists.vocabulary import DATASET_STATES, RUN_STATES
from app.services.acting import Acting
from app.services.configuration import in_force as configuration

_MOST_VALUES = 25
_FLAGS: tuple[Scalar, ...] = (True, False)
_NUMBERS = frozenset({"recorded", "delivered", "prescale_index"})
_TEXTS = frozenset({"prescale_name"})
_OMS = "attribute of the run in OMS"
_RR = "attribute of the run here"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def vocabulary(acting: Acting, subject: RuleSubject) -> RuleVocabulary:
    """What a rule of that subject can read, as far as recent runs and datasets tell."""
    with acting.db.read() as connection:
        words = rule_words(connection)
    current = configuration.current(acting)
    return vocabulary_of(_VARIABLES[subject](words, current))


def _golden(words: RuleWords, current: Configuration) -> Iterator[Variable]:
    yield Variable("run.run_number", VariableKind.NUMBER, "run number")
    yield from _run(words, "run.oms.", "run.rr.")
    yield Variable("dataset.name", VariableKind.TEXT, "dataset name", words.dataset_names)
    yield from _dataset(words, current, "dataset.")
    yield Variable("lumisection.lumisection_number", VariableKind.NUMBER, "lumisection number")
    yield from _lumisection(words, "lumisection.oms.")
    for column in sorted({*current.offline_columns, *current.online_columns, *words.columns}):
        yield _column(f"lumisection.rr.{column}", "status column")


def _flat_run(words: RuleWords, _current: Configuration) -> Iterator[Variable]:
    yield from _run(words, "", "")
    for name in sorted(KEPT_LUMISECTION_ATTRIBUTES | words.lumisection_oms | BITS):
        if name not in _NUMBERS | _TEXTS:
            yield _flag(name, "true in any lumisection")


def _online_column(words: RuleWords, _current: Configuration) -> Iterator[Variable]:
    # What a lumisection has wins over the run's attribute of the same name.
    yield from _lumisection(words, "")
    yield Variable("lumisection_number", VariableKind.NUMBER, "lumisection number")
    for variable in _run(words, "", ""):
        if variable.name != "beams_present_and_stable":
            yield variable


def _offline_column(words: RuleWords, current: Configuration) -> Iterator[Variable]:
    yield from _run(words, "run.oms.", "run.rr.")
    yield from _lumisection(words, "lumisection.oms.")
    for column in current.online_columns:
        name = f"lumisection.rr.{column}"
        yield _column(f"{name}.status", "status of the online column")
        yield Variable(f"{name}.comment", VariableKind.TEXT, "comment of the online column")
        yield Variable(f"{name}.cause", VariableKind.TEXT, "cause of the online column")


def _offline_dataset(words: RuleWords, current: Configuration) -> Iterator[Variable]:
    yield Variable("name", VariableKind.TEXT, "dataset name", words.dataset_names)
    yield Variable("dataset.name", VariableKind.TEXT, "dataset name", words.dataset_names)
    yield Variable("run_number", VariableKind.NUMBER, "run number")
    yield Variable("run.run_number", VariableKind.NUMBER, "run number")
    yield from _run(words, "run.", "run.")
    yield from _run(words, "run.oms.", "run.rr.")
    yield from _dataset(words, current, "dataset.")
    yield from _dataset(words, current, "")


_VARIABLES = {
    RuleSubject.GOLDEN: _golden,
    RuleSubject.CLASS: _flat_run,
    RuleSubject.SIGNIFICANCE: _flat_run,
    RuleSubject.ONLINE_COLUMN: _online_column,
    RuleSubject.OFFLINE_COLUMN: _offline_column,
    RuleSubject.OFFLINE_DATASET: _offline_dataset,
}


def _run(words: RuleWords, oms: str, rr: str) -> Iterator[Variable]:
    if oms != rr:
        yield from _attributes(oms, _OMS, words.oms, OMS_ATTRIBUTES)
    known: dict[str, Sequence[Scalar]] = {"class": words.classes, "state": RUN_STATES}
    for variable in _attributes(rr, _RR, words.rr, RR_ATTRIBUTES):
        more = known.get(variable.last_part, ())
        yield (
            variable._replace(values=tuple(dict.fromkeys((*variable.values, *more))))
            if more
            else variable
        )
    if oms == rr:
        # An attribute of the Run Registry is put over one of OMS with the same name.
        yield from _attributes(oms, _OMS, words.oms, OMS_ATTRIBUTES)


def _dataset(words: RuleWords, current: Configuration, prefix: str) -> Iterator[Variable]:
    states = {f"{name}_state" for name in (*current.offline_workspaces, "global")}
    for variable in _attributes(prefix, "attribute of the dataset", words.dataset, states):
        if variable.last_part.endswith("_state"):
            values = tuple(dict.fromkeys((*variable.values, *DATASET_STATES)))
            yield variable._replace(kind=VariableKind.TEXT, values=values)
        else:
            yield variable


def _lumisection(words: RuleWords, prefix: str) -> Iterator[Variable]:
    for name in sorted(KEPT_LUMISECTION_ATTRIBUTES | words.lumisection_oms):
        if name in _NUMBERS:
            unit = "" if name == "prescale_index" else " [pb^-1]"
            yield Variable(f"{prefix}{name}", VariableKind.NUMBER, f"of the lumisection{unit}")
        elif name in _TEXTS:
            yield Variable(f"{prefix}{name}", VariableKind.TEXT, "of the lumisection")
        else:
            bit = "DCS bit" if name in DCS_BITS else "bit of the lumisection"
            yield _flag(f"{prefix}{name}", bit)


def _attributes(
    prefix: str, detail: str, occurring: Values, always: Iterable[str]
) -> Iterator[Variable]:
    for name in sorted({*occurring, *always}):
        values = [value for value in occurring.get(name, ()) if value is not None]
        yield Variable(f"{prefix}{name}", _kind(values), detail, _some(values))


def _kind(values: Sequence[JsonValue]) -> VariableKind:
    kinds = (
        (VariableKind.FLAG, bool),
        (VariableKind.LIST, list),
        (VariableKind.TEXT, str),
        (VariableKind.NUMBER, (int, float)),
    )
    for kind, type_ in kinds:
        if any(isinstance(value, type_) for value in values):
            return kind
    return VariableKind.ANY


def _some(values: Sequence[JsonValue]) -> tuple[Scalar, ...]:
    """Values that occur, the most frequent first; of lists what they hold."""
    if any(isinstance(value, bool) for value in values):
        return _FLAGS
    flat = [item for value in values for item in (value if isinstance(value, list) else (value,))]
    scalars: list[Scalar] = [
        item
        for item in flat
        if isinstance(item, int | float | str) and not (isinstance(item, str) and _TIME.match(item))
    ]
    return tuple(value for value, _ in Counter(scalars).most_common(_MOST_VALUES))


def _column(name: str, detail: str) -> Variable:
    return Variable(name, VariableKind.STATUS, detail, status_values())


def _flag(name: str, detail: str) -> Variable:
    return Variable(name, VariableKind.FLAG, detail, _FLAGS)
