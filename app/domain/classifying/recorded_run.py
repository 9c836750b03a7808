"""A run as it is recorded, seen by the classifiers as if OMS had given it just now."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from app.domain.certification.runs import OPEN
from app.domain.classifying import classification
from app.domain.classifying.classification import Numbers
from app.domain.configuration.in_force import Configuration
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import Mask
from app.domain.state.compact import CompactState
from app.domain.state.grid import MISSING, DatasetState, Grid
from app.domain.triplets import Triplet

_NEVER_EDITED = "physics_flag"
_NUMBER = "lumisection_number"
_BEAM_BITS = ("beam1_present", "beam1_stable", "beam2_present", "beam2_stable")
_LUMINOSITY = ("recorded_lumi_per_lumi", "delivered_lumi_per_lumi", "live_lumi_per_lumi")
"""Made from cumulative values, which aren't recorded."""


@dataclass(frozen=True, eq=False)
class RecordedRun:
    """Attributes of a run and the state of its `online` dataset."""

    run_number: int
    recorded_oms: JsonObject
    rr_attributes: JsonObject
    online: CompactState

    @property
    def state(self) -> str:
        """OPEN, SIGNOFF or COMPLETED."""
        return str(self.rr_attributes.get("state", ""))

    @property
    def class_(self) -> str:
        """The class that stands."""
        return str(self.rr_attributes.get("class") or "")

    @property
    def is_significant(self) -> bool:
        """Whether the run stands as significant."""
        return self.rr_attributes.get("significant") is True

    @cached_property
    def given(self) -> Mask:
        """Per segment whether OMS gave it; a person's edit of bits may cover a hole, too."""
        state = self.online
        if _NEVER_EDITED in state.bits:
            return np.asarray(state.oms_codes[state.bits.index(_NEVER_EDITED)] != MISSING)
        return state.covered_oms

    @cached_property
    def numbers(self) -> Numbers:
        """The lumisections OMS gave."""
        return np.flatnonzero(self.online.per_lumisection(self.given)) + 1

    @cached_property
    def oms_attributes(self) -> JsonObject:
        """OMS attributes with those that are made from the lumisections."""
        return {
            **self.recorded_oms,
            "beams_present_and_stable": self._beams(),
            "ls_duration": int(self.numbers.size),
        }

    @cached_property
    def reduced(self) -> JsonObject:
        """Attributes of the lumisections as class classifiers see them."""
        state, reduced = self.online, dict[str, JsonValue]()
        if not self.numbers.size:
            return reduced
        for row, bit in enumerate(state.bits):
            codes = np.unique(state.oms_codes[row][self.given])
            values = [state.oms_values[code] for code in codes.tolist() if code != MISSING]
            _reduce(reduced, bit, values)
        wanted = self.online.per_lumisection(self.given)
        for key, odd in state.odd.items():
            _reduce(reduced, key, [value for at, value in odd.items() if wanted[at]])
        return {**reduced, **dict.fromkeys(_LUMINOSITY, False)}

    def classified(self, configuration: Configuration) -> JsonObject:
        """RR attributes with the class and the significance that a refresh would find."""
        return classification.run_attributes(
            configuration, self.reduced, self.oms_attributes, self.rr_attributes
        )

    def online_columns(
        self, configuration: Configuration, rr_attributes: JsonObject, columns: Collection[str]
    ) -> Grid[Triplet]:
        """Triplets of these online columns, those that have classifiers."""
        by_column = {
            column: classifiers
            for column, classifiers in configuration.online_by_column.items()
            if column in columns
        }
        if not by_column or not self.numbers.size:
            return Grid.empty()
        names = classification.attributes_read(by_column)
        given = self.online.oms(names)
        if names is None or _NUMBER in names:
            given = _with_numbers(given)
        run = classification.flat_run(self.oms_attributes, rr_attributes)
        data_of = (
            partial(self._lumisection, run, given)
            if names is None
            else _reader({key: run[key] for key in names if key in run}, given)
        )
        return classification.online_columns(
            by_column, given, self.numbers, lambda number, _at: data_of(number)
        )

    def online_data(self, rr_attributes: JsonObject, number: int) -> JsonObject:
        """What the rule of an online column sees of a lumisection."""
        run = classification.flat_run(self.oms_attributes, rr_attributes)
        return self._lumisection(run, self.online.oms(), number)

    def class_data(self, rr_attributes: JsonObject) -> JsonObject:
        """What class and dataset classifiers see."""
        return {**self.reduced, **self.oms_attributes, **rr_attributes}

    @cached_property
    def expanded(self) -> DatasetState:
        """The full state of `online`."""
        return self.online.expand()

    @cached_property
    def signed_off(self) -> JsonObject:
        """RR attributes as offline classifiers see them, at a sign-off at the latest."""
        state = "SIGNOFF" if self.state == OPEN else self.state
        return {**self.rr_attributes, "state": state}

    def offline_columns(
        self, configuration: Configuration, columns: Collection[str]
    ) -> Grid[Triplet]:
        """Triplets of offline columns in a dataset that would be made of the run now."""
        return classification.classify_offline(
            configuration,
            self.recorded_oms,
            self.signed_off,
            self.expanded.oms,
            self.expanded.rr,
            columns,
        )

    def offline_data(self, number: int) -> JsonObject:
        """What the rule of an offline column sees of a lumisection."""
        return classification.offline_data(
            self.recorded_oms, self.signed_off, self.expanded.oms, self.expanded.rr, number
        )

    def _lumisection(self, run: JsonObject, given: Grid[JsonValue], number: int) -> JsonObject:
        return {
            **run,
            **dict.fromkeys(_LUMINOSITY, None),
            **given.at(number),
            _NUMBER: number,
        }

    def _beams(self) -> bool | None:
        """As OMS' own lumisections would give it."""
        state, unknown = self.online, False
        rows = [state.bits.index(bit) if bit in state.bits else None for bit in _BEAM_BITS]
        for segment in np.flatnonzero(self.given).tolist():
            codes = [MISSING if row is None else state.oms_codes[row, segment] for row in rows]
            bits = [False if code == MISSING else state.oms_values[code] for code in codes]
            if all(bit is True for bit in bits):
                return True
            unknown = unknown or None in bits
        return None if unknown else False


def _reader(run: JsonObject, given: Grid[JsonValue]) -> Callable[[int], JsonObject]:
    """What rules read of a lumisection and no more: luminosity makes each of them another."""
    rows = [(key, given.codes[row].tolist()) for key, row in given.row_of.items() if key != _NUMBER]
    before = {**run, **dict.fromkeys(_LUMINOSITY, None)}
    values = given.values

    def data_of(number: int) -> JsonObject:
        data: JsonObject = before.copy()
        for key, codes in rows:
            code = codes[number - 1]
            if code != MISSING:
                data[key] = values[code]
        data[_NUMBER] = number
        return data

    return data_of


def _reduce(reduced: dict[str, JsonValue], name: str, values: Collection[JsonValue]) -> None:
    if any(value is True for value in values):
        reduced[name] = True
    elif any(value is False or value is None for value in values):
        reduced[name] = False


def _with_numbers(given: Grid[JsonValue]) -> Grid[JsonValue]:
    """The grid with the lumisection number as one more row."""
    keys = tuple(sorted((*(key for key in given.keys if key != _NUMBER), _NUMBER)))
    values = (*given.values, *range(1, given.length + 1))
    numbers = np.arange(len(given.values), len(values), dtype=np.int32)
    rows = [numbers if key == _NUMBER else given.codes[given.row_of[key]] for key in keys]
    return Grid(given.length, keys, values, np.stack(rows), given.covered)
