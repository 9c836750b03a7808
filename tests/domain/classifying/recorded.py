"""Recorded runs and configurations for the tests of classifiers."""

import numpy as np

from app.domain.classifying.recorded_run import RecordedRun
from app.domain.configuration.in_force import ComponentClassifier, parse_condition
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import LumiRange
from app.domain.state.compact import compact
from app.domain.state.grid import DatasetState, Grid, grid_of_objects, with_changes
from app.domain.triplets import Triplet

BEAMS = {f"beam{number}_{state}": True for number in (1, 2) for state in ("present", "stable")}


def a_recorded_run(
    lumisections: dict[int, JsonObject], bits: Grid[JsonValue] | None = None, **rr: JsonValue
) -> RecordedRun:
    """A run of which OMS gave these lumisections; `bits` is the state when people edited some."""
    oms = grid_of_objects(lumisections) if bits is None else bits
    covered: tuple[LumiRange, ...] = tuple(LumiRange(number, number) for number in lumisections)
    columns: Grid[Triplet] = with_changes(
        Grid.empty(), [({"dt-dt": Triplet("GOOD")}, covered)] if covered else []
    )
    state = DatasetState(390001, "online", columns, oms, np.asarray(oms.covered))
    attributes: JsonObject = {"class": "Collisions25", "state": "OPEN", "significant": True, **rr}
    return RecordedRun(390001, {"energy": 6800, "hlt_key": "/cdaq"}, attributes, compact(state))


def a_classifier(
    rule: JsonValue, status: str = "BAD", column: str = "dt-dt", *, id_: int = 1, priority: int = 1
) -> ComponentClassifier:
    return ComponentClassifier(id_, column, status, parse_condition(rule), priority, enabled=True)
