"""Why a filter that finds nothing may mean something else than was meant."""

from collections.abc import Iterator

from app.domain.filters.fields import Field, Source, quoted
from app.domain.filters.nodes import Comparison, Node, Operator, comparisons

STATE_OF_RUN = Field(Source.RR, "state")


def hints(node: Node | None, *, of_datasets: bool) -> tuple[str, ...]:
    """Sentences for whoever has filtered runs, or datasets, and found none; each once."""
    found = (hint for each in comparisons(node) for hint in _hints(each, of_datasets=of_datasets))
    return tuple(dict.fromkeys(found))


def _hints(comparison: Comparison, *, of_datasets: bool) -> Iterator[str]:
    field, value = comparison.field, comparison.value
    if comparison.operator is Operator.LIKE and isinstance(value, str) and "%" not in value:
        name = field.text
        yield (
            f"{name} ~ {quoted(value)} is the whole text; a part of it is"
            f" {name} ~ {quoted(f'%{value}%')}, where % is any text."
        )
    if of_datasets and field == STATE_OF_RUN:
        yield (
            "state is the state of the run; that of the dataset is global_state, and in a"
            " workspace dt_state, for example."
        )
