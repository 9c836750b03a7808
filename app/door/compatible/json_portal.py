"""Golden JSON over HTTP: made, fetched, listed and deleted."""

import time

from starlette.responses import Response

from app.domain.configuration import permissions
from app.domain.configuration.permissions import EXPERTS
from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue, whole_number
from app.door import answers
from app.door.asking import DEPTH, Asked, check_conditions, parsed
from app.services.golden import generation
from app.services.web_service import golden_json

_DONE: JsonObject = {"progress": 1, "active": False, "waiting": False, "failed": False}


def generate(asked: Asked) -> Response:
    """`POST /json_portal/generate`: answered when the list is stored, so that nobody has to poll.

    The answer is that of a queue, because its clients read the number of the job.
    """
    acting = asked.permitted(permissions.generate_json_path())
    rule = _rule(asked.body.get("json_logic"))
    pattern = asked.body.get("dataset_name_filter")
    if not isinstance(pattern, str) or not pattern:
        raise BadInput("No dataset name specified")
    tags, official = str(asked.body.get("tags") or ""), asked.body.get("official") is True
    if not generation.datasets_matching(acting, pattern).datasets:
        raise BadInput("No datasets matched that dataset name")
    made = golden_json.generate(acting, pattern, rule, tags=tags, official=official)
    now = int(time.time() * 1000)
    data: JsonObject = {
        "dataset_name_filter": pattern,
        "json_logic": rule,
        "created_by": acting.actor.email,
        "tags": tags,
        "official": official,
    }
    return answers.answer(
        {
            "id": str(made.id),
            "name": "__default__",
            "data": data,
            "opts": {"jobId": made.id, "attempts": 5, "delay": 0, "timestamp": now},
            "progress": 0,
            "delay": 0,
            "timestamp": now,
            "attemptsMade": 0,
            "stacktrace": [],
            "returnvalue": None,
            "finishedOn": None,
            "processedOn": None,
        }
    )


def one(asked: Asked) -> Response:
    """`POST /json_portal/json`."""
    return answers.answer({"final_json": _stored(asked)})


def newest(asked: Asked) -> Response:
    """`POST /json_portal/jsons`: ten lists, of everybody, of the person, or the official ones."""
    which, reference = asked.body.get("filter", "all"), asked.body.get("reference")
    below = None if reference is None else asked.number(reference)
    if which == "by_email":
        email = asked.acting().actor.email
        found = golden_json.newest(asked.reading, created_by=email, below=below)
    elif which in ("all", "official"):
        found = golden_json.newest(asked.reading, official=which == "official", below=below)
    else:
        raise BadInput("The filter of the lists is all, by_email or official.")
    return answers.answer({"jsons": [each | _DONE for each in found]})


def delete(asked: Asked) -> Response:
    """`DELETE /json_portal/json`: whoever made it may, and experts."""
    acting = asked.acting()
    stored = _stored(asked)
    made_by = stored["created_by"]
    if EXPERTS not in acting.actor.egroups and acting.actor.email != made_by:
        raise BadInput(
            f"To edit this classifier you must be the  creator ({made_by}) or be part of"
            f" {EXPERTS} e-group"
        )
    generation.delete(acting, [int(str(stored["id"]))])
    return answers.answer({"deleted_json": stored | {"deleted": True}})


def compute(asked: Asked) -> Response:
    """`POST /json_creation/generate`: a list that isn't stored."""
    rule = _rule(asked.body.get("json_logic"))
    return answers.answer(golden_json.computed(asked.reading, rule))


def _stored(asked: Asked) -> JsonObject:
    """The list that a body names by its number."""
    given = asked.body.get("id_json")
    number = asked.number(given) if isinstance(given, str) else whole_number(given)
    found = None if number is None else golden_json.stored(asked.reading, number)
    if found is None:
        raise BadInput("No such JSON")
    return found


def _rule(given: JsonValue) -> JsonValue:
    """The rule that was sent as a text, or by some as it is."""
    rule = given
    if isinstance(given, str):
        try:
            rule = parsed(given.encode("utf-8", "surrogatepass"), DEPTH)
        except BadInput as error:
            raise BadInput("JSON logic sent is not in json format") from error
    if rule is None or rule in ({}, [], ""):
        raise BadInput("Empty json logic sent")
    check_conditions(rule, "rule")
    return rule
