"""How a script asks for what a window shows: a call of the read API, Python, a command."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from app.domain.certification.datasets import state_key
from app.domain.errors import Refused
from app.domain.json_value import JsonObject, JsonValue, json_text
from app.domain.keys import ONLINE, RunNumber
from app.domain.lumisections import LumiRange

GOLDEN = "golden"
"""The form of a golden JSON that every analysis reads."""


@dataclass(frozen=True, slots=True)
class ListAsked:
    """A list: `kind` is `runs` or `datasets`, `sort` as commands take it (`-run`); of datasets only
    those in the `states` of the workspace where some are named, or only `hidden` ones."""

    kind: str
    filter_text: str = ""
    sort: str = ""
    significant: bool = False
    workspace: str = "global"
    states: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def whole_filter(self) -> str:
        """The filter that says everything; Refused where no filter can."""
        if self.hidden:
            raise Refused(
                "Hidden datasets are listed by a command alone: copy this list as a command."
            )
        parts = [self.filter_text] if self.filter_text else []
        if self.significant:
            parts.append("significant = true")
        if self.states:
            states = ", ".join(f'"{state}"' for state in self.states)
            parts.append(f"dataset.{state_key(self.workspace)} in {states}")
        if len(parts) > 1 and self.filter_text:
            parts[0] = f"({parts[0]})"
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class DatasetAsked:
    """A run, or one of its datasets with its lumisections."""

    run_number: RunNumber
    dataset: str = ONLINE
    columns: tuple[str, ...] = ()
    ranges: tuple[LumiRange, ...] = ()


@dataclass(frozen=True, slots=True)
class GoldenAsked:
    """A stored golden JSON, in one of its forms."""

    list_id: int
    form: str = GOLDEN


@dataclass(frozen=True, slots=True)
class RuleAsked:
    """What a rule (JSON logic) selects of the datasets whose names match; nothing is stored."""

    rule: JsonValue
    pattern: str


Thing = ListAsked | DatasetAsked | GoldenAsked | RuleAsked


def api_call(thing: Thing, door: str) -> str:
    """A call of the read API at the address of a door, for curl."""
    given: dict[str, str] = {}
    options: list[str] = []
    match thing:
        case ListAsked():
            path = thing.kind
            given = {"filter": thing.whole_filter, "sort": thing.sort}
        case DatasetAsked() if _is_run(thing):
            path = f"runs/{thing.run_number}"
        case DatasetAsked():
            path = "lumisections"
            given = {
                "run_number": str(thing.run_number),
                "name": thing.dataset,
                "format": "csv" if thing.columns else "",
                "columns": ",".join(thing.columns),
            }
        case GoldenAsked():
            path = f"golden/{thing.list_id}/file"
            given = {"form": "" if thing.form == GOLDEN else thing.form}
        case RuleAsked():
            path = "golden/select"
            body: JsonObject = {"rule": thing.rule, "datasets": thing.pattern}
            options = ["-H", "Content-Type: application/json", "--data-binary", _json(body)]
    words = urlencode({key: value for key, value in given.items() if value}, quote_via=quote)
    address = f"{door}/v1/{path}{'?' if words else ''}{words}"
    return shlex.join(["curl", "-fsS", *options, address])


def python(thing: Thing, database: str) -> str:
    """Python on the library; `database`: what it connects to, empty for what settings name."""
    match thing:
        case ListAsked():
            given = [repr(thing.whole_filter)] if thing.whole_filter else []
            given += [f"sort={thing.sort!r}"] if thing.sort else []
            steps = [f"found = registry.{thing.kind}({', '.join(given)})"]
            shown = "found.to_pandas()"
        case DatasetAsked() if _is_run(thing):
            steps = [f"found = registry.runs({f'run = {thing.run_number}'!r})[0]"]
            shown = "found"
        case DatasetAsked():
            steps = [
                f"lumisections = registry.lumisections({thing.run_number}, {thing.dataset!r})",
                f"found = {_python_of_cells(thing)}",
            ]
            shown = "found"
        case GoldenAsked():
            if thing.form != GOLDEN:
                raise Refused(
                    "Python reads the golden JSON itself: copy this form as an API call or a"
                    " command."
                )
            steps = [f"found = registry.stored_golden({thing.list_id})"]
            shown = "found.to_json()"
        case RuleAsked():
            steps = [f"found = registry.golden({_json(thing.rule)!r}, {thing.pattern!r})"]
            shown = "found.to_json()"
    connect = f"run_registry.connect({repr(database) if database else ''})"
    lines = ["import run_registry", "", f"with {connect} as registry:"]
    lines += [f"    {step}" for step in steps]
    return "\n".join([*lines, f"print({shown})", ""])


def command(thing: Thing, connection: Sequence[str]) -> str:
    """A command; `connection`: the words that name the database."""
    match thing:
        case ListAsked():
            words = [thing.kind, "list"]
            words += ["--filter", thing.filter_text] if thing.filter_text else []
            words += [f"--sort={thing.sort}"] if thing.sort else []
            words += ["--significant"] if thing.significant else []
            if thing.kind == "datasets":
                words += ["--workspace", thing.workspace]
                words += [word for state in thing.states for word in ("--state", state)]
                words += ["--hidden"] if thing.hidden else []
        case DatasetAsked() if _is_run(thing):
            words = ["runs", "show", str(thing.run_number)]
        case DatasetAsked():
            words = ["lumisections", "show", str(thing.run_number), "--dataset", thing.dataset]
        case GoldenAsked():
            words = ["golden", "show", str(thing.list_id), "--form", thing.form]
        case RuleAsked():
            words = ["golden", "losses", "--datasets", thing.pattern, "--rule", "/dev/stdin"]
    line = shlex.join(["run-registry", *connection, *words])
    if isinstance(thing, RuleAsked):
        # JSON on one line: no text in it can end what the shell reads.
        return f"{line} <<'RULE'\n{_json(thing.rule)}\nRULE\n"
    return line


def _json(value: JsonValue) -> str:
    return json_text(value)


def _is_run(thing: DatasetAsked) -> bool:
    return thing.dataset == ONLINE and not thing.columns


def _python_of_cells(thing: DatasetAsked) -> str:
    if not thing.columns:
        return "lumisections.to_pandas()"
    columns = f"lumisections.to_pandas()[{list(thing.columns)!r}]"
    if not thing.ranges:
        return columns
    # Lumisections are labels here: both ends count.
    if len(thing.ranges) == 1:
        first, last = thing.ranges[0]
        return f"{columns}.loc[{first}:{last}]"
    numbers = [number for first, last in thing.ranges for number in range(first, last + 1)]
    return f"{columns}.loc[{numbers!r}]"
