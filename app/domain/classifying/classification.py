"""The automatic classifiers: class and significance of a run, status of every column in every LS.

A rule is evaluated once per distinct combination of the values it reads, not once per lumisection.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from app.domain.configuration.in_force import ComponentClassifier, Configuration
from app.domain.errors import BadInput, Refused
from app.domain.json_logic import Rule
from app.domain.json_value import JsonObject, JsonValue
from app.domain.sources.oms import KEPT_LUMISECTION_ATTRIBUTES
from app.domain.state.grid import Codes, Grid, ValueList, grid_of_objects
from app.domain.triplets import EMPTY_TRIPLET, NO_VALUE_FOUND, Triplet

DataOf = Callable[[int], JsonObject]
RowsOf = Callable[[str], Sequence[int]]
Numbers = np.ndarray[tuple[int], np.dtype[np.intp]]


def run_class(configuration: Configuration, data: JsonObject) -> str:
    """Class of the matching enabled class classifier of smallest priority, "" when none."""
    for classifier in configuration.class_classifiers:
        if classifier.enabled and _holds(classifier.rule, data, "class", classifier.id):
            return classifier.class_
    return ""


def is_significant(configuration: Configuration, class_: str, data: JsonObject) -> bool:
    """Whether an enabled dataset classifier of the run's class gives a true value."""
    return any(
        _holds(classifier.rule, data, "dataset", classifier.id)
        for classifier in configuration.dataset_classifiers
        if classifier.enabled and classifier.class_ == class_
    )


def run_attributes(
    configuration: Configuration,
    reduced: Mapping[str, JsonValue],
    oms_attributes: JsonObject,
    previous: JsonObject | None = None,
) -> JsonObject:
    """RR attributes of a run with its class and significance.

    `reduced`: attributes of its lumisections; `previous`: RR attributes it has, nothing for a new
    one. Without its HLT key nobody can tell collisions from cosmics: better wait.
    """
    rr: JsonObject = {"significant": False, "class": ""} if previous is None else dict(previous)
    if oms_attributes.get("hlt_key", "") is not None:
        rr["class"] = run_class(configuration, {**reduced, **oms_attributes, **rr})
    rr["significant"] = is_significant(
        configuration, str(rr.get("class", "")), {**reduced, **oms_attributes, **rr}
    )
    return rr


def coded(configuration: Configuration, lumisections: Sequence[JsonObject]) -> Grid[JsonValue]:
    """What OMS says of each lumisection, as far as it is kept or an online rule reads it."""
    objects = {_lumisection_number(each): each for each in lumisections}
    names = attributes_read(configuration.online_by_column)
    return grid_of_objects(objects, None if names is None else names | KEPT_LUMISECTION_ATTRIBUTES)


def classify_online(
    configuration: Configuration,
    oms_attributes: JsonObject,
    rr_attributes: JsonObject,
    lumisections: Sequence[JsonObject],
    values: Grid[JsonValue] | None = None,
) -> Grid[Triplet]:
    """Triplets of every online column that has classifiers, for the lumisections OMS has.

    `values`: the same lumisections `coded`, where they are at hand.
    """
    if not lumisections:
        return Grid.empty()
    by_column = configuration.online_by_column
    run = flat_run(oms_attributes, rr_attributes)
    names = attributes_read(by_column)
    given = coded(configuration, lumisections) if values is None else values
    if names is not None:
        given = given.of_keys(names)
    numbers = np.array([_lumisection_number(each) for each in lumisections], np.intp)
    return online_columns(by_column, given, numbers, lambda number, at: {**run, **lumisections[at]})


def flat_run(oms_attributes: JsonObject, rr_attributes: JsonObject) -> JsonObject:
    """What the rule of an online column sees of the run."""
    run = {**oms_attributes, **rr_attributes}
    run.pop("beams_present_and_stable", None)
    return run


def online_columns(
    by_column: Mapping[str, Sequence[ComponentClassifier]],
    given: Grid[JsonValue],
    numbers: Numbers,
    data_of: Callable[[int, int], JsonObject],
) -> Grid[Triplet]:
    """Triplets of columns in the lumisections `numbers`, of which `given` has what rules read.

    `data_of` is what a rule sees of the lumisection with that number, at that place of `numbers`.
    """
    codes = given.codes[:, numbers - 1]

    def rows_of(name: str) -> Sequence[int]:
        row = given.row_of.get(_first_part(name))
        return () if row is None else (row,)

    statuses = _statuses(by_column, rows_of, codes, lambda at: data_of(int(numbers[at]), at))
    return _grid(by_column, statuses, numbers)


def classify_offline(
    configuration: Configuration,
    oms_attributes: JsonObject,
    rr_attributes: JsonObject,
    oms: Grid[JsonValue],
    rr: Grid[Triplet],
    columns: Collection[str] | None = None,
) -> Grid[Triplet]:
    """Triplets of every column of every offline workspace, or of some, from the state of `online`.

    A column without classifiers is `NO VALUE FOUND`, like one whose rules all fail.
    """
    by_column = {
        column: configuration.offline_by_column.get(column, ())
        for column in configuration.offline_columns
        if columns is None or column in columns
    }
    length = rr.length
    positions = np.flatnonzero(rr.covered)

    def data_of(at: int) -> JsonObject:
        return offline_data(oms_attributes, rr_attributes, oms, rr, int(positions[at]) + 1)

    names = _names(by_column)
    oms_codes = np.zeros((len(oms.keys), length), np.int32)
    shared = min(length, oms.length)
    oms_codes[:, :shared] = oms.codes[:, :shared]
    keys = [f"lumisection.oms.{key}" for key in oms.keys]
    keys += [f"lumisection.rr.{key}" for key in rr.keys]
    codes = np.concatenate([oms_codes, rr.codes[:, :length]])[:, positions]
    if names is not None:
        rows_of = _rows_below(keys)
        wanted = sorted({row for name in names for row in rows_of(name)})
        keys, codes = [keys[row] for row in wanted], codes[wanted]
    statuses = _statuses(by_column, _rows_below(keys), codes, data_of)
    return _grid(by_column, statuses, positions + 1)


def offline_data(
    oms_attributes: JsonObject,
    rr_attributes: JsonObject,
    oms: Grid[JsonValue],
    rr: Grid[Triplet],
    number: int,
) -> JsonObject:
    """What the rule of an offline column sees of a lumisection of `online`."""
    triplets: JsonObject = {
        column: dict((rr.value(column, number) or EMPTY_TRIPLET).as_json()) for column in rr.keys
    }
    return {
        "run": {"oms": oms_attributes, "rr": rr_attributes},
        "lumisection": {"oms": dict(oms.at(number)), "rr": triplets},
    }


def _statuses(
    by_column: Mapping[str, Sequence[ComponentClassifier]],
    rows_of: RowsOf,
    codes: Codes,
    data_of: DataOf,
) -> tuple[list[list[str]], Codes]:
    """Per column its status in each distinct state, and the state of each lumisection.

    `rows_of`: which rows of `codes` a variable reads.
    """
    count = codes.shape[1]
    if count == 0:
        return [[] for _ in by_column], np.zeros(0, np.int32)
    if codes.shape[0]:
        distinct, first_at, state_of = np.unique(
            codes, axis=1, return_index=True, return_inverse=True
        )
    else:
        distinct = np.zeros((0, 1), np.int32)
        first_at, state_of = np.zeros(1, np.intp), np.zeros(count, np.intp)
    objects: dict[int, JsonObject] = {}
    per_column = []
    for classifiers in by_column.values():
        rules = [
            (each, _keys(distinct, _rows(each.rule, rows_of)), dict[bytes, bool]())
            for each in classifiers
        ]
        statuses = []
        for state in range(distinct.shape[1]):
            status = NO_VALUE_FOUND
            for classifier, keys, known in rules:
                seen = keys[state] if keys is not None else None
                holds = known.get(seen) if seen is not None else None
                if holds is None:
                    data = objects.get(state)
                    if data is None:
                        data = objects[state] = data_of(int(first_at[state]))
                    holds = _holds(classifier.rule, data, "component", classifier.id)
                    if seen is not None:
                        known[seen] = holds
                if holds:
                    status = classifier.status
                    break
            statuses.append(status)
        per_column.append(statuses)
    return per_column, state_of.reshape(-1).astype(np.int32)


def _keys(distinct: Codes, rows: Sequence[int] | None) -> list[bytes] | None:
    """What decides a rule in each state; None when it must always be evaluated."""
    if rows is None:
        return None
    return [each.tobytes() for each in np.ascontiguousarray(distinct[list(rows)].T)]


def _grid(
    by_column: Mapping[str, object],
    statuses: tuple[list[list[str]], Codes],
    numbers: Numbers,
) -> Grid[Triplet]:
    if numbers.size == 0:
        return Grid.empty()
    per_column, state_of = statuses
    length = int(numbers[-1])
    columns = tuple(sorted(by_column))
    values: ValueList[Triplet] = ValueList()
    codes = np.zeros((len(columns), length), np.int32)
    covered = np.zeros(length, np.bool_)
    covered[numbers - 1] = True
    row_of = {column: row for row, column in enumerate(columns)}
    for column, of_states in zip(by_column, per_column, strict=True):
        table = np.array([values.code(Triplet(status)) for status in of_states], np.int32)
        codes[row_of[column], numbers - 1] = table[state_of]
    return Grid(length, columns, tuple(values.values), codes, covered)


def _names(by_column: Mapping[str, Sequence[ComponentClassifier]]) -> set[str] | None:
    """Everything the rules read; None when one reads what can't be told beforehand."""
    names: set[str] = set()
    for classifiers in by_column.values():
        for each in classifiers:
            if each.rule.variables is None:
                return None
            names |= each.rule.variables
    return names


def attributes_read(by_column: Mapping[str, Sequence[ComponentClassifier]]) -> set[str] | None:
    """Attributes of a lumisection that the rules read, or a part of them."""
    names = _names(by_column)
    return None if names is None else {_first_part(name) for name in names}


def _rows(rule: Rule, rows_of: RowsOf) -> list[int] | None:
    """Rows of codes that decide what the rule gives; None when it must always be evaluated."""
    if rule.variables is None:
        return None
    return sorted({row for name in rule.variables for row in rows_of(name)})


def _rows_below(keys: Sequence[str]) -> RowsOf:
    """The rows whose key a variable reads, or something that contains it, or a part of it."""
    below: dict[str, list[int]] = {}
    rows = {key: row for row, key in enumerate(keys)}
    for key, row in rows.items():
        for path in _paths_to(key):
            below.setdefault(path, []).append(row)

    def rows_of(name: str) -> Sequence[int]:
        found = below.get(name)
        if found is not None:
            return found
        return [rows[path] for path in _paths_to(name) if path in rows]

    return rows_of


def _paths_to(name: str) -> list[str]:
    """`a`, `a.b` and `a.b.c` for `a.b.c`."""
    parts = name.split(".")
    return [".".join(parts[:number]) for number in range(1, len(parts) + 1)]


def _first_part(name: str) -> str:
    return name.partition(".")[0]


def _lumisection_number(lumisection: JsonObject) -> int:
    number = lumisection["lumisection_number"]
    assert isinstance(number, int)
    return number


def _holds(rule: Rule, data: JsonObject, kind: str, id_: int) -> bool:
    try:
        return rule.holds(data)
    except Refused as error:
        raise BadInput(f"The {kind} classifier {id_} can't be evaluated: {error}") from error
