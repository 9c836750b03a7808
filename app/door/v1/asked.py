"""What each address takes behind its question mark and in its body, declared once for reading it
and for describing it."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from app.domain.errors import BadInput
from app.domain.lumisections import GREATEST_NUMBER
from app.door.v1 import cursors
from app.door.v1.problems import BadParameter
from app.services import names
from app.services.acting import Acting

MOST_ROWS = 1000
MOST_VERSIONS = 100
_LONGEST_FILTER = 20_000
_LONGEST_NAME = 500

Run = Annotated[int, Field(ge=0, le=GREATEST_NUMBER, description="number of the run")]
Moment = Annotated[
    str,
    Field(
        max_length=40,
        description="as it was: a version (48213), a day (2025-08-18: its end) or a minute"
        " (2025-08-18T06:12); without it as it is",
        examples=["48213", "2025-08-18"],
    ),
]
Cursor = Annotated[
    str, Field(max_length=cursors.LONGEST, description="`next` of the page before; nothing else")
]
Rows = Annotated[int, Field(ge=1, le=MOST_ROWS, description="rows of a page at most")]
TableFormat = Annotated[
    Literal["", "json", "csv", "arrow", "parquet"],
    Field(description="form of the answer; beats the Accept header"),
]
Pattern = Annotated[
    str,
    Field(
        min_length=1,
        max_length=_LONGEST_NAME,
        description="pattern of dataset names (SQL SIMILAR TO; % is any text)",
        examples=["/PromptReco/Collisions2025%"],
    ),
]
DatasetName = Annotated[
    str,
    Field(min_length=1, max_length=_LONGEST_NAME, description="`online`, or another dataset's"),
]
Columns = Annotated[
    str,
    Field(
        max_length=_LONGEST_FILTER,
        description="columns of a table, with commas between: columns, DCS bits, `recorded`,"
        " `delivered`; all without it. JSON is always whole",
        examples=["dt-dt,bpix_ready,recorded"],
    ),
]


class Taken(BaseModel):
    """Parameters: nothing else is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Taken):
    """No parameters."""


class OfMoment(Taken):
    """What is asked at a moment."""

    as_of: Moment = ""


class OfRun(OfMoment):
    """One run."""

    run_number: Run


class OfRecords(OfMoment):
    """A page of runs or datasets."""

    filter: Annotated[
        str,
        Field(
            max_length=_LONGEST_FILTER,
            description="in the language of the window",
            examples=["run > 390000 and oms.energy >= 6000 and dt-dt.BAD > 0"],
        ),
    ] = ""
    sort: Annotated[
        str,
        Field(
            max_length=_LONGEST_NAME,
            description="fields with commas between, `-` before one that descends; the newest"
            " runs first without it",
            examples=["class,-oms.recorded_lumi"],
        ),
    ] = ""
    limit: Rows = 100
    cursor: Cursor = ""
    format: TableFormat = ""


class OfDataset(OfMoment):
    """One dataset's lumisections."""

    run_number: Run
    name: DatasetName = "online"
    columns: Columns = ""
    format: TableFormat = ""


class OfSeason(OfMoment):
    """The lumisections of many datasets."""

    datasets: Pattern
    columns: Columns = ""
    format: TableFormat = ""


class OfHistory(OfMoment):
    """A page of a dataset's history."""

    run_number: Run
    name: DatasetName = "online"
    limit: Annotated[int, Field(ge=1, le=MOST_VERSIONS, description="versions of a page")] = 50
    cursor: Cursor = ""


class OfLists(Taken):
    """A page of golden lists."""

    official: Annotated[bool, Field(description="only the official ones")] = False
    words: Annotated[
        str, Field(max_length=_LONGEST_NAME, description="words of pattern, tags or author")
    ] = ""
    limit: Annotated[int, Field(ge=1, le=MOST_VERSIONS, description="lists of a page")] = 50
    cursor: Cursor = ""


class OfList(Taken):
    """One stored golden list."""

    number: Annotated[int, Field(ge=1, le=GREATEST_NUMBER, description="number of the list")]


class OfForm(OfList):
    """The golden JSON of a stored list."""

    form: Annotated[
        Literal["golden", "with-dataset-names", "anti", "anti-with-dataset-names"],
        Field(description="which of its four forms"),
    ] = "golden"


RuleName = Annotated[
    str, Field(min_length=1, max_length=_LONGEST_NAME, description="a saved rule or a shipped one")
]


class OfShift(OfMoment):
    """The report of a shift."""

    begin: Annotated[
        str,
        Field(
            max_length=40,
            description="begin of the shift, UTC; 8 h before its end without it",
            examples=["2025-08-18T07:00"],
        ),
    ] = ""
    end: Annotated[
        str,
        Field(
            max_length=40,
            description="its end; 8 h after its begin, or the end of the newest run, without it",
        ),
    ] = ""


class OfCall(OfMoment):
    """The report for the certification call."""

    cycle: Annotated[
        int | None,
        Field(
            ge=1,
            le=GREATEST_NUMBER,
            description="number of the cycle; all that are pending without it",
        ),
    ] = None
    since: Annotated[
        str,
        Field(
            max_length=40,
            description="the last call: a version, a day or a minute; a week before without it",
        ),
    ] = ""
    rules: Annotated[
        str,
        Field(
            max_length=_LONGEST_NAME,
            description="saved or shipped rules with commas between, of which the first says what"
            " was lost",
            examples=["golden,muon"],
        ),
    ] = ""


class OfEra(OfMoment):
    """The report of an era."""

    datasets: Annotated[
        str,
        Field(
            min_length=1,
            max_length=_LONGEST_NAME,
            description="pattern of dataset names; _ and % are wildcards",
            examples=["/PromptReco/Collisions2025_/DQM"],
        ),
    ]
    rule: RuleName = "golden"


class RuleBody(Taken):
    """A rule over datasets."""

    rule: Annotated[JsonValue, Field(description="JSON logic")]
    datasets: Pattern
    as_of: Moment = ""


class ListBody(Taken):
    """Any list of lumisections."""

    ranges: Annotated[
        dict[str, JsonValue],
        Field(description="a golden JSON: runs and their ranges, both ends included"),
    ]


AnyTaken = TypeVar("AnyTaken", bound=Taken)


def taken(kind: type[AnyTaken], given: Mapping[str, object]) -> AnyTaken:
    """What was given, checked. BadParameter names the first that can't be taken."""
    for name in given:
        if name not in kind.model_fields:
            near = get_close_matches(name, kind.model_fields, 1)
            has = ", ".join(kind.model_fields) or "none"
            question = f" Did you mean {near[0]}?" if near else f" It takes {has}."
            raise BadParameter(name[:80], f"There is no parameter {name[:80]!r} here.{question}")
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        wrong = _wrong(first["type"], first.get("ctx", {})) or f"can't be taken: {first['msg']}"
        raise BadParameter(name, f"{name} {wrong}.") from error


def _wrong(kind: str, limits: Mapping[str, Any]) -> str:
    """What pydantic finds wrong, for people who know no Python; nothing for what is rare."""
    match kind:
        case "missing":
            return "is missing"
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return "has to be a whole number"
        case "greater_than_equal":
            return f"has to be {limits['ge']} or more"
        case "less_than_equal":
            return f"has to be {limits['le']} or less"
        case "string_too_short":
            return "is empty"
        case "string_too_long":
            return f"is longer than {limits['max_length']} characters"
        case "string_type":
            return "has to be a text"
        case "dict_type":
            return "has to be an object"
        case "literal_error":
            return f"has to be {limits['expected']}"
    return ""


def version_of(acting: Acting, as_of: str) -> int | None:
    """The version that a moment means; None is now. BadParameter, or NotFound for one that there
    isn't yet."""
    try:
        return names.version_named(acting, as_of)
    except BadInput as error:
        raise BadParameter("as_of", str(error)) from error
