"""Lumisections of a dataset in every form that is asked for."""

from collections.abc import Callable
from typing import TypeAlias

from starlette.responses import Response

from app.domain.errors import BadInput
from app.domain.json_value import JsonObject
from app.domain.keys import ONLINE
from app.domain.state.grid import DatasetState
from app.door import answers
from app.door.asking import Answerer, Asked
from app.door.compatible import shapes
from app.services.web_service import lumisections
from app.services.web_service.lumisections import Stretch

Listing: TypeAlias = Callable[[list[Stretch]], Response]


def _state(asked: Asked, default: str = "") -> DatasetState | None:
    """The lumisections of the dataset that a body names."""
    name = asked.body.get("dataset_name", default)
    for parameter, value in (("run_number", asked.body.get("run_number")), ("dataset_name", name)):
        if value is None or value == "":
            raise BadInput(f'Named parameter ":{parameter}" has no value in the given object.')
    return lumisections.stored_state(
        asked.reading, (asked.number(asked.body["run_number"]), str(name))
    )


def _stretches(
    made: Callable[[DatasetState], list[Stretch]], written: Listing, default: str = ""
) -> Answerer:
    def answerer(asked: Asked) -> Response:
        state = _state(asked, default)
        return written([] if state is None or not state.length else made(state))

    return answerer


def _by_name(made: Callable[[DatasetState], JsonObject]) -> Answerer:
    def answerer(asked: Asked) -> Response:
        state = _state(asked)
        return answers.answer({} if state is None else made(state))

    return answerer


def bar(asked: Asked) -> Response:
    """`POST /datasets_get_lumisection_bar`: the ranges of one column."""
    state, column = _state(asked), asked.body.get("component")
    if column is None or column == "":
        raise BadInput('Named parameter ":component" has no value in the given object.')
    found = {} if state is None else lumisections.columns(state)
    return answers.answer(found.get(str(column), []))


rr_lumisections = _stretches(lumisections.rr_stretches, shapes.each_lumisection)
oms_lumisections = _stretches(
    lambda state: lumisections.oms_stretches(state, luminosity=True),
    shapes.each_lumisection,
    ONLINE,
)
rr_lumisection_ranges = _stretches(lumisections.rr_stretches, shapes.ranges)
oms_lumisection_ranges = _stretches(
    lambda state: lumisections.oms_stretches(state, luminosity=False), shapes.ranges, ONLINE
)
joint_lumisection_ranges = _stretches(lumisections.joint_stretches, shapes.ranges)
rr_lumisection_ranges_by_component = _by_name(lumisections.columns)
oms_lumisection_ranges_by_dcs_bit = _by_name(lumisections.bits)
