"""What OMS measures in each lumisection: rates, dead time, pile-up, luminosity, prescales, beam."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue, whole_number
from app.domain.keys import RunNumber
from app.domain.lumisections import LAST_LUMISECTION
from app.domain.sources.oms import with_luminosity_per_lumisection


class NumberRow(Struct, frozen=True):
    """A row of numbers by lumisection; `unit` stands behind each."""

    key: str
    label: str
    unit: str
    tip: str


NUMBER_ROWS = (
    NumberRow("l1", "L1 rate", "kHz", "Level-1 accepts of all kinds, after dead time"),
    NumberRow("physics", "L1 physics", "kHz", "Level-1 accepts of physics triggers"),
    NumberRow("deadtime", "dead time", "%", "Dead time while beam is active"),
    NumberRow("pileup", "pile-up", "", "Interactions per crossing"),
    NumberRow(
        "instantaneous",
        "inst. lumi",
        "nb⁻¹/s",
        "Luminosity at the beginning of the lumisection: 10 nb⁻¹/s are 10³⁴ cm⁻²s⁻¹",
    ),
    NumberRow("delivered", "delivered", "pb⁻¹", "Luminosity delivered, as OMS has it now"),
    NumberRow("recorded", "recorded", "pb⁻¹", "Luminosity recorded, as OMS has it now"),
)
PRESCALE = NumberRow("prescale", "prescale", "", "Prescale column of Level-1")
BEAM = NumberRow("beam", "beams", "", "Whether both beams were there, and stable")
ROWS = (*NUMBER_ROWS, PRESCALE, BEAM)

Values = tuple[float | None, ...]
Words = tuple[str, ...]


@dataclass(frozen=True)
class RunNumbers:
    """The numbers of a run by key of a row and lumisection, the first at 0; `words` of the
    prescale column and of the beams; empty where nothing is known. `is_final`: the run is over."""

    run_number: RunNumber
    numbers: Mapping[str, Values] = field(default_factory=dict)
    words: Mapping[str, Words] = field(default_factory=dict)
    is_final: bool = False


def run_numbers(
    run_number: RunNumber,
    lumisections: Sequence[JsonObject],
    l1_rates: Iterable[JsonObject],
    dead_times: Iterable[JsonObject],
    *,
    is_final: bool,
) -> RunNumbers:
    """The numbers in records of OMS; what isn't a number there is unknown."""
    with_luminosity = with_luminosity_per_lumisection(lumisections)
    length = max((_place(each, "lumisection_number") for each in lumisections), default=0)
    rates = [(_place(each, "last_lumisection_number"), each) for each in l1_rates]
    dead = [(_place(each, "first_lumisection_number"), each) for each in dead_times]
    own = [(_place(each, "lumisection_number"), each) for each in with_luminosity]

    def values(
        records: Iterable[tuple[int, JsonObject]], number: Callable[[JsonObject], float | None]
    ) -> Values:
        found: list[float | None] = [None] * length
        for place, record in records:
            if 1 <= place <= length:
                found[place - 1] = number(record)
        return tuple(found)

    numbers = {
        "l1": values(rates, lambda each: _kilo(_inner(each, "l1a_total", "rate"))),
        "physics": values(rates, lambda each: _kilo(_inner(each, "l1a_physics", "rate"))),
        "deadtime": values(dead, lambda each: _inner(each, "beamactive_total_deadtime", "percent")),
        "pileup": values(own, lambda each: _number(each.get("pileup"))),
        "instantaneous": values(own, lambda each: _per_nanobarn(_number(each.get("init_lumi")))),
        "delivered": values(own, lambda each: _number(each.get("delivered_lumi_per_lumi"))),
        "recorded": values(own, lambda each: _number(each.get("recorded_lumi_per_lumi"))),
    }
    prescales, beams = [""] * length, [""] * length
    for place, each in own:
        prescales[place - 1] = prescale_words(each.get("prescale_index"), each.get("prescale_name"))
        beams[place - 1] = beam_words(each.get)
    return RunNumbers(
        run_number,
        {key: found for key, found in numbers.items() if any(v is not None for v in found)},
        {
            key: tuple(found)
            for key, found in (("prescale", prescales), ("beam", beams))
            if any(found)
        },
        is_final,
    )


def prescale_words(index: JsonValue, name: JsonValue) -> str:
    """A prescale column in words, such as `2 (2.0e34)`; empty where it is unknown."""
    number = whole_number(index)
    said = name.strip() if isinstance(name, str) else ""
    if number is None:
        return said
    return f"{number} ({said})" if said else str(number)


def beam_words(bit: Callable[[str], JsonValue]) -> str:
    """Whether both beams were there and stable, by the bits of a lumisection; empty where one of
    the bits is unknown."""
    stable = [bit(f"beam{beam}_stable") for beam in (1, 2)]
    present = [bit(f"beam{beam}_present") for beam in (1, 2)]
    if all(each is True for each in (*stable, *present)):
        return "stable"
    if all(isinstance(each, bool) for each in (*stable, *present)):
        return "not stable" if all(present) else "one beam" if any(present) else "no beam"
    return ""


def to_document(numbers: RunNumbers) -> JsonObject:
    """As JSON, to be kept."""
    return {
        "run_number": numbers.run_number,
        "numbers": {key: list(values) for key, values in numbers.numbers.items()},
        "words": {key: list(values) for key, values in numbers.words.items()},
        "is_final": numbers.is_final,
    }


def of_document(document: JsonValue) -> RunNumbers:
    """What was kept. BadInput where it is something else."""
    try:
        assert isinstance(document, dict)
        run_number, numbers, words = (document[key] for key in ("run_number", "numbers", "words"))
        assert isinstance(run_number, int)
        assert isinstance(numbers, dict)
        assert isinstance(words, dict)
        return RunNumbers(
            run_number,
            {key: tuple(map(_number, _list(values))) for key, values in numbers.items()},
            {key: tuple(map(str, _list(values))) for key, values in words.items()},
            document["is_final"] is True,
        )
    except (AssertionError, KeyError) as error:
        raise BadInput("It holds no numbers of a run.") from error


def _list(values: JsonValue) -> list[JsonValue]:
    assert isinstance(values, list)
    assert len(values) <= LAST_LUMISECTION
    return values


def _place(record: JsonObject, name: str) -> int:
    return whole_number(record.get(name)) or 0


def _inner(record: JsonObject, name: str, part: str) -> float | None:
    inner = record.get(name)
    return _number(inner.get(part)) if isinstance(inner, dict) else None


def _kilo(number: float | None) -> float | None:
    return None if number is None else number / 1e3


def _per_nanobarn(number: float | None) -> float | None:
    """OMS counts in 10^34 / (cm^2 s)."""
    return None if number is None else 10.0 * number


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    return number if math.isfinite(number) else None
