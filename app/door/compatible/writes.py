"""What changes runs, lumisections and datasets; each action is one version, in a person's name."""

from starlette.responses import Response

from app.domain.certification.runs import RUN_STATES
from app.domain.configuration import permissions
from app.domain.errors import BadInput, NotPermitted, Refused
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange
from app.domain.triplets import BAD, Triplet
from app.door import answers
from app.door.asking import Asked
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing import lumisections
from app.services.editing.lumisections import BitEdit, ColumnEdit
from app.services.web_service import rows

_OPEN = "OPEN"
_BITS = {"true": True, "false": False}


def move_run(asked: Asked) -> Response:
    """`POST /runs/move_run/F/T`. Which state it is moved from is what the run says, not F."""
    from_state, to_state = asked.part("from_state"), asked.part("to_state")
    acting = asked.permitted(permissions.move_run_path(from_state, to_state))
    if to_state not in RUN_STATES:
        raise BadInput(
            "The final state must be SIGNOFF, OPEN OR COMPLETED, no other option is valid"
        )
    number = asked.number(asked.body.get("run_number"))
    if _state(_run(acting, number)) == to_state:
        raise Refused(f"Run {number} state is already in state {to_state}")
    runs.move(acting, number, to_state)
    return answers.answer(_run(acting, number))


def mark_significant(asked: Asked) -> Response:
    """`POST /runs/mark_significant`."""
    acting = asked.permitted(permissions.mark_significant_path())
    number = asked.number(asked.body.get("run_number"))
    run = _open_run(acting, number, "marked significant")
    if _attributes(run).get("significant") is True:
        raise Refused("Run is already significant")
    runs.mark_significant(acting, number)
    return answers.answer(_run(acting, number))


def refresh(asked: Asked) -> Response:
    """`POST /runs/refresh_run/N`: any person's."""
    return _refreshed(asked, reset=False)


def reset_and_refresh(asked: Asked) -> Response:
    """`POST /runs/reset_and_refresh_run/N`: any person's."""
    return _refreshed(asked, reset=True)


def edit_run(asked: Asked) -> Response:
    """`PUT /manual_run_edit/N/A`: exactly the attribute that the address names."""
    number, attribute = asked.number(asked.part("run_number")), asked.part("attribute")
    acting = asked.permitted(permissions.edit_run_path(number, attribute))
    value = asked.body.get(attribute)
    if value is None:
        raise BadInput(f"Requested to change {attribute} but no suitable data was supplied")
    if others := sorted(set(asked.body) - {attribute}):
        raise BadInput(f"This address changes {attribute} alone: leave out {', '.join(others)}.")
    _open_run(acting, number, "edited")
    runs.edit_attribute(acting, number, attribute, value)
    return answers.answer(_run(acting, number))


def edit_rr_lumisections(asked: Asked) -> Response:
    """`PUT /lumisections/edit_rr_lumisections`."""
    name, column = _text(asked.body, "dataset_name") or ONLINE, _text(asked.body, "component")
    acting = asked.permitted_all(*permissions.edit_lumisections_paths(name, [column]))
    wanted = _wanted(asked)
    triplet = Triplet(_text(wanted, "status"), _text(wanted, "comment"), _text(wanted, "cause"))
    if not triplet.status:
        raise BadInput("No status present when trying to edit lumisections")
    if triplet.status == BAD and not triplet.comment:
        raise BadInput("When setting lumisections as BAD, there MUST be a comment for this action.")
    number = _editable(asked, acting, name)
    ranges = _ranges(asked, number, name, wanted)
    edit = ColumnEdit(number, name, column, ranges, triplet)
    try:
        edited = lumisections.edit_columns(acting.because(_text(asked.body, "reason")), [edit])
    except NotPermitted:
        raise
    except Refused as error:
        raise _not_edited(number, name, str(error)) from error
    return _edited(acting, number, name, edited.atomic_version, oms=False)


def edit_oms_lumisections(asked: Asked) -> Response:
    """`PUT /lumisections/edit_oms_lumisections`; a status of false is one, too."""
    acting = asked.permitted(permissions.edit_dcs_bits_path())
    name, bit = _text(asked.body, "dataset_name") or ONLINE, _text(asked.body, "component")
    wanted = _wanted(asked)
    status, comment = wanted.get("status"), _text(wanted, "comment")
    if status is None or status == "":
        raise BadInput("No status present when trying to edit lumisections")
    value = status if isinstance(status, bool) else _BITS.get(str(status))
    if value is None:
        raise BadInput("DCS Bits can only be true or false")
    if not comment:
        raise BadInput(
            "No comment present when editing OMS lumisections, comment MUST be present when"
            " editing OMS lumisections"
        )
    number = _editable(asked, acting, name)
    edit = BitEdit(number, name, bit, _ranges(asked, number, name, wanted), value)
    try:
        edited = lumisections.edit_bits(acting, [edit], comment=comment)
    except NotPermitted:
        raise
    except Refused as error:
        raise _not_edited(number, name, str(error)) from error
    return _edited(acting, number, name, edited.atomic_version, oms=True)


def move_dataset(asked: Asked) -> Response:
    """`POST /datasets/W/move_dataset/F/T`; one that is in that state already is left as it is."""
    workspace = asked.part("workspace")
    from_state, to_state = asked.part("from_state"), asked.part("to_state")
    paths = permissions.move_dataset_paths(workspace, from_state, to_state, in_pending_cycle=True)
    acting = asked.permitted(*paths)
    if asked.body.get("workspace", workspace) != workspace:
        raise BadInput(
            f"The address is about workspace {workspace}, the body about another: they must agree."
        )
    key = asked.number(asked.body.get("run_number")), _text(asked.body, "dataset_name")
    found = rows.dataset(acting, key)
    if found is None:
        raise BadInput(f"Run {key[0]} has no dataset {key[1]}")
    attributes = found["dataset_attributes"]
    assert isinstance(attributes, dict)
    if attributes.get(f"{workspace}_state") != to_state:
        datasets.move(acting.because(_text(asked.body, "reason")), [key], workspace, to_state)
        found = rows.dataset(acting, key)
    return answers.answer(found)


def _refreshed(asked: Asked, *, reset: bool) -> Response:
    acting = asked.acting()
    number = asked.number(asked.part("run_number"))
    _open_run(acting, number, "refreshed")
    runs.refresh(acting, number, reset=reset)
    return answers.answer(_run(acting, number))


def _run(acting: Acting, number: int) -> JsonObject:
    found = rows.run(acting, number)
    if found is None:
        raise BadInput("Run not found")
    return found


def _open_run(acting: Acting, number: int, what: str) -> JsonObject:
    run = _run(acting, number)
    if _state(run) != _OPEN:
        raise Refused(f"Run must be in state OPEN to be {what}")
    return run


def _attributes(run: JsonObject) -> JsonObject:
    attributes = run["rr_attributes"]
    assert isinstance(attributes, dict)
    return attributes


def _state(run: JsonObject) -> JsonValue:
    return _attributes(run).get("state")


def _text(body: JsonObject, name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadInput(f"{name} is not a text.")
    return value


def _wanted(asked: Asked) -> JsonObject:
    wanted = asked.body.get("new_lumisection_range")
    if not isinstance(wanted, dict):
        raise BadInput("No new_lumisection_range present when trying to edit lumisections")
    return wanted


def _editable(asked: Asked, acting: Acting, name: str) -> int:
    """The run of an edit, OPEN where `online` is edited."""
    number = asked.number(asked.body.get("run_number"))
    if name == ONLINE:
        _open_run(acting, number, "edited")
    return number


def _ranges(asked: Asked, number: int, name: str, wanted: JsonObject) -> tuple[LumiRange, ...]:
    first, last = asked.number(wanted.get("start")), asked.number(wanted.get("end"))
    if first > last:
        raise _not_edited(number, name, "Start Lumisection must be less than end lumisection")
    return (LumiRange(first, last),)


def _not_edited(number: int, name: str, why: str) -> BadInput:
    return BadInput(f"Error updating lumisections of {name} dataset, run number: {number}: {why}")


def _edited(
    acting: Acting, number: int, name: str, atomic_version: int | None, *, oms: bool
) -> Response:
    """The event that was written; the newest there is where the cells held the value already."""
    found = rows.newest_edit(acting, (number, name), atomic_version, oms=oms)
    return answers.answer(found)
