"""One leaf of a rule over a whole season, computed once per distinct input it has."""

import operator
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.json_logic import Rule
from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.lumisections import Mask
from app.domain.progress import SILENT, Progress
from app.domain.state.compact import Numbers
from app.golden.answers import Answer, Level
from app.golden.columns import ABSENT, Column
from app.golden.season import Season

Coordinate = tuple[str, ...]
"""Members that lead to a variable with a column of its own, such as run, oms, energy; fewer
members mean everything below them, none the whole data."""

_BETWEEN_CHECKPOINTS = 4096
_LARGEST_CODE = 2**62
_EXACT = 2**53
_DIRECT = 2**16
"""Combinations up to which a table of all that there could be is cheaper than sorting."""

_COMPARISONS: dict[str, Callable[[Numbers, float], Mask]] = {
    "==": operator.eq,
    "===": operator.eq,
    "!=": operator.ne,
    "!==": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def answer_of(season: Season, leaf: Rule, progress: Progress = SILENT) -> Answer:
    """Whether the leaf holds in each lumisection; remembered by the season."""
    text = js_stringify(leaf.source)
    answer = season.answers.get(text)
    if answer is None:
        progress.checkpoint()
        answer = _computed(season, leaf, progress)
        season.answers.keep(text, answer)
    return answer


def coordinate(path: str) -> Coordinate | None:
    """What decides the value of a dotted path; None when no lumisection can have it."""
    match path.split("."):
        case ["run", "run_number", *_]:
            return ("run", "run_number")
        case ["run", ("oms" | "rr") as part, key, *_]:
            return ("run", part, key)
        case ["run", ("oms" | "rr") as part]:
            return ("run", part)
        case ["dataset", key, *_]:
            return ("dataset", key)
        case ["lumisection", "lumisection_number", *_]:
            return ("lumisection", "lumisection_number")
        case ["lumisection", ("oms" | "rr") as part, key, *_]:
            return ("lumisection", part, key)
        case ["lumisection", ("oms" | "rr") as part]:
            return ("lumisection", part)
        case [("run" | "dataset" | "lumisection") as root]:
            return (root,)
        case _:
            return None


def column_at(season: Season, where: Coordinate) -> tuple[Level, Column]:
    """The column of a variable, at the level it is kept at."""
    match where:
        case ("run", "run_number"):
            return Level.DATASET, season.run_number_column()
        case ("run", part, key):
            return Level.DATASET, season.run_column(part, key)
        case ("dataset", key):
            return Level.DATASET, season.dataset_column(key)
        case ("lumisection", "lumisection_number"):
            return Level.LUMISECTION, season.number_column()
        case ("lumisection", "rr", key):
            return Level.SEGMENT, season.status_column(key)
        case ("lumisection", "oms", key) if season.is_dense(key):
            return Level.LUMISECTION, season.dense_column(key).as_column()
        case ("lumisection", "oms", key):
            return Level.SEGMENT, season.attribute_column(key)
    raise ValueError(f"{where} has no column")


def _computed(season: Season, leaf: Rule, progress: Progress) -> Answer:
    if leaf.variables is None:
        return _over_objects(season, leaf, Level.LUMISECTION, progress)
    places = sorted({place for path in leaf.variables if (place := coordinate(path)) is not None})
    if any(map(is_compound, places)):
        level = max(_level(season, place) for place in places)
        return _over_objects(season, leaf, level, progress)
    if not places:
        return Answer(Level.DATASET, np.full(len(season.datasets), leaf.holds({})))
    if len(places) == 1:
        compared = _compared(season, leaf, places[0])
        if compared is not None:
            return compared
    return _over_columns(season, leaf, places, progress)


def is_compound(where: Coordinate) -> bool:
    """Whether this means an object with everything below it."""
    return len(where) == 1 or (where[0] != "dataset" and where[1:] in (("oms",), ("rr",)))


def _level(season: Season, where: Coordinate) -> Level:
    if where[0] != "lumisection":
        return Level.DATASET
    if where[1:2] == ("rr",) or (
        len(where) == 3 and where[1] == "oms" and not season.is_dense(where[2])
    ):
        return Level.SEGMENT
    return Level.LUMISECTION


def _over_objects(season: Season, leaf: Rule, level: Level, progress: Progress) -> Answer:
    """Computes a leaf that reads whole objects, over the full data of each that can differ."""
    holds = np.zeros((len(season.datasets), season.coarse_size, season.size)[level], np.bool_)
    for number, data in enumerate(_objects(season, level)):
        if number % _BETWEEN_CHECKPOINTS == 0:
            progress.checkpoint()
        holds[number] = leaf.holds(data)
    return Answer(level, holds)


def _objects(season: Season, level: Level) -> Iterator[JsonObject]:
    if level == Level.LUMISECTION:
        return season.objects()
    if level == Level.SEGMENT:
        return season.segment_objects()
    return (
        {"run": dataset.run_data, "dataset": dataset.dataset_data} for dataset in season.datasets
    )


def _compared(season: Season, leaf: Rule, where: Coordinate) -> Answer | None:
    """A comparison of one variable per lumisection with numbers, done for all at once."""
    if _level(season, where) != Level.LUMISECTION:
        return None
    compare = _comparison(leaf.source, ".".join(where))
    if compare is None:
        return None
    if where[1] == "lumisection_number":
        return Answer(Level.LUMISECTION, compare(season.lumisection_numbers().astype(np.float64)))
    column = season.dense_column(where[2])
    holds = compare(column.numbers)
    container: JsonObject = {}
    data: JsonObject = {"lumisection": {"oms": container}}
    holds[np.isnan(column.numbers)] = leaf.holds(data)
    if column.odd_positions.size:
        odd = np.zeros(len(column.values), np.bool_)
        for code in np.unique(column.odd_codes).tolist():
            container[where[2]] = column.values[code]
            odd[code] = leaf.holds(data)
        holds[column.odd_positions] = odd[column.odd_codes]
    return Answer(Level.LUMISECTION, holds)


def _comparison(source: JsonValue, path: str) -> Callable[[Numbers], Mask] | None:
    """What a leaf does to numbers at `path`, if it just compares them with numbers."""
    if not isinstance(source, dict) or len(source) != 1:
        return None
    ((name, arguments),) = source.items()
    if name not in _COMPARISONS or not isinstance(arguments, list):
        return None
    compare, mirrored = _COMPARISONS[name], _COMPARISONS[_MIRRORED.get(name, name)]
    variable: tuple[JsonValue, ...] = ({"var": path}, {"var": [path]})
    match arguments:
        case [left, right] if left in variable:
            return _against(compare, _exact(right))
        case [left, right] if right in variable:
            return _against(mirrored, _exact(left))
        case [low, middle, high] if name in ("<", "<=") and middle in variable:
            above, below = _against(mirrored, _exact(low)), _against(compare, _exact(high))
            if above is not None and below is not None:
                return lambda numbers: above(numbers) & below(numbers)
    return None


def _against(
    compare: Callable[[Numbers, float], Mask], limit: float | None
) -> Callable[[Numbers], Mask] | None:
    return None if limit is None else lambda numbers: compare(numbers, limit)


def _exact(value: JsonValue) -> float | None:
    """A number that numpy compares as JavaScript does."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _EXACT:
        return value
    return None


def _over_columns(
    season: Season, leaf: Rule, places: Sequence[Coordinate], progress: Progress
) -> Answer:
    """Computes a leaf once per combination of values that occurs."""
    columns_of_places = [column_at(season, place) for place in places]
    level = max(each for each, _ in columns_of_places)
    columns = [_spread(season, column, own, level) for own, column in columns_of_places]
    if not columns[0].codes.size:
        return Answer(level, np.zeros(0, np.bool_))
    joint, examples = combinations([(each.codes, len(each.values)) for each in columns])
    data: JsonObject = {}
    slots = [_slot(data, place) for place in places]
    rows = [column.codes[examples].tolist() for column in columns]
    holds = np.zeros(examples.size, np.bool_)
    for number, combination in enumerate(zip(*rows, strict=True)):
        if number % _BETWEEN_CHECKPOINTS == 0:
            progress.checkpoint()
        for (container, key), column, code in zip(slots, columns, combination, strict=True):
            if code == ABSENT:
                container.pop(key, None)
            else:
                container[key] = column.values[code]
        holds[number] = leaf.holds(data)
    return Answer(level, holds[joint])


def combinations(
    coded: Sequence[tuple[NDArray[np.integer], int]],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """A number for each combination of codes that occurs, given rows of codes below a limit:
    the number at each place, and a place where each number is."""
    codes, size = coded[0]
    joint = codes.astype(np.int64)
    for codes, limit in coded[1:]:
        if size * limit >= _LARGEST_CODE:
            distinct, joint = np.unique(joint, return_inverse=True)
            size = distinct.size
        joint = joint * limit + codes
        size *= limit
    if size > max(_DIRECT, 4 * joint.size):
        _, examples, numbers = np.unique(joint, return_index=True, return_inverse=True)
        return numbers, examples
    place = np.full(size, -1, np.intp)
    place[joint] = np.arange(joint.size)
    occurring = np.flatnonzero(place >= 0)
    number = np.zeros(size, np.intp)
    number[occurring] = np.arange(occurring.size)
    return number[joint], place[occurring]


def _spread(season: Season, column: Column, own: Level, level: Level) -> Column:
    """A column at a finer level than its own."""
    codes = column.codes
    if own < Level.SEGMENT <= level:
        codes = codes[season.coarse_dataset]
    if own < Level.LUMISECTION <= level:
        codes = np.repeat(codes, season.coarse_lengths)
    return Column(codes, column.values)


def _slot(data: JsonObject, where: Coordinate) -> tuple[JsonObject, str]:
    """The object that holds the variable, made where it isn't there, and the variable's key."""
    container = data
    for step in where[:-1]:
        inner = container.setdefault(step, {})
        assert isinstance(inner, dict)
        container = inner
    return container, where[-1]
