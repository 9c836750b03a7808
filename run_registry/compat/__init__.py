"""The functions of the Python client `runregistry` 3.1.2, over a door or over a database.

from run_registry import compat as runregistry

runregistry.use("http://dbserver:9500")
runregistry.get_runs(filter={"class": "Collisions25"})

Names, arguments and answers are those of the client. Without `use` or `setup` the requests go
where the client sends them: `ENVIRONMENT` names the target, `production` without it.
"""

import atexit
import json
import os
import time
import warnings
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from run_registry.addresses import is_door
from run_registry.compat.filters import of_datasets, of_runs
from run_registry.compat.places import Answer, Credentials, FarPlace, NearPlace, Place
from run_registry.errors import RunRegistryError

__all__ = [
    "change_run_class",
    "close",
    "create_json",
    "edit_rr_lumisections",
    "get_cycles",
    "get_dataset",
    "get_dataset_names_of_run",
    "get_datasets",
    "get_datasets_accepted",
    "get_joint_lumisection_ranges",
    "get_lumisection_ranges",
    "get_lumisection_ranges_by_component",
    "get_lumisections",
    "get_oms_lumisection_ranges",
    "get_oms_lumisections",
    "get_run",
    "get_runs",
    "make_significant_runs",
    "manually_refresh_components_statuses_for_runs",
    "move_datasets",
    "move_runs",
    "reset_RR_attributes_and_refresh_runs",
    "setup",
    "use",
]

PAGE_SIZE = 50
LUMISECTION_STATES = ["GOOD", "BAD", "STANDBY", "EXCLUDED", "NOTSET"]
ONLINE_RUN_STATES = ["SIGNOFF", "OPEN", "COMPLETED"]
OFFLINE_DATASET_STATES = ["SIGNOFF", "OPEN", "COMPLETED", "waiting dqm gui"]
JSON_CREATION_SLEEP_TIME = 15  # s

_OK, _WORKING, _PENDING = 200, 202, 203
_MANY, _TOO_MANY = 10_000, 20_000
_AUDIENCES = {
    "production": ("https://cmsrunregistry.web.cern.ch/api", "cmsrunregistry-sso-proxy"),
    "development": ("https://dev-cmsrunregistry.web.cern.ch/api", "dev-cmsrunregistry-sso-proxy"),
}
_LOCAL = "http://localhost:9500"

_place: Place | None = None


def use(address: str | None = None, *, token: str | None = None) -> None:
    """Sends everything from now on to a door (`http://...`) or a database (`postgresql://...`);
    without an address to the database that the program's settings name.

    A database is written as the person that those settings name.
    """
    if address is not None and is_door(address):
        _go_to(FarPlace(address, token))
    else:
        _go_to(NearPlace(address))


def close() -> None:
    """Gives the connection up; whatever is asked next begins anew."""
    _go_to(None)


atexit.register(close)


def setup(target: str) -> None:
    """Sends everything from now on to a target of the client: local, development, production."""
    if target == "local":
        _go_to(FarPlace(_LOCAL))
    elif target in _AUDIENCES:
        address, audience = _AUDIENCES[target]
        _go_to(FarPlace(address, Credentials(audience)))
    else:
        raise Exception(
            f'Invalid setup target "{target}". Valid options: "local", "development", "production".'
        )


def get_dataset_names_of_run(run_number: int, **kwargs: Any) -> Any:
    """Names of the datasets of a run."""
    return _ask("GET", f"/get_all_dataset_names_of_run/{_segment(run_number)}").json()


def get_run(run_number: int, **kwargs: Any) -> Any:
    """One run; `{}` where there is none."""
    return _one(get_runs(filter={"run_number": run_number}, **kwargs), f"run {run_number}")


def get_runs(limit: int = 40000, compress_attributes: bool = True, **kwargs: Any) -> Any:
    """Runs that a filter lets pass; with `compress_attributes` each is one flat object."""
    runs = _rows("runs", limit, kwargs)
    if not compress_attributes:
        return runs
    compressed = [
        {
            "oms_attributes": run["oms_attributes"],
            **run["rr_attributes"],
            "lumisections": run["DatasetTripletCache"]["triplet_summary"],
            **run,
        }
        for run in runs
    ]
    return [_without(each, "rr_attributes", "DatasetTripletCache") for each in compressed]


def get_dataset(run_number: int, dataset_name: str = "online", **kwargs: Any) -> Any:
    """One dataset; `{}` where there is none."""
    found = get_datasets(filter={"run_number": run_number, "dataset_name": dataset_name}, **kwargs)
    return _one(found, f"dataset {dataset_name} of run {run_number}")


def get_datasets(limit: int = 40000, compress_attributes: bool = True, **kwargs: Any) -> Any:
    """Datasets that a filter lets pass; with `compress_attributes` each is one flat object."""
    datasets = _rows("datasets", limit, kwargs)
    if not compress_attributes:
        return datasets
    compressed = [
        {
            **dataset["Run"]["rr_attributes"],
            **dataset,
            "lumisections": dataset["DatasetTripletCache"]["triplet_summary"],
        }
        for dataset in datasets
    ]
    return [_without(each, "DatasetTripletCache", "Run") for each in compressed]


def get_cycles() -> Any:
    """All cycles with their datasets."""
    return _ask("GET", "/cycles/global").json()


def get_lumisections(run_number: int, dataset_name: str = "online", **kwargs: Any) -> Any:
    """Statuses of every lumisection."""
    return _lumisections("rr_lumisections", run_number, dataset_name)


def get_oms_lumisections(run_number: int, dataset_name: str = "online", **kwargs: Any) -> Any:
    """What OMS says of every lumisection."""
    return _lumisections("oms_lumisections", run_number, dataset_name)


def get_lumisection_ranges(run_number: int, dataset_name: str = "online", **kwargs: Any) -> Any:
    """Ranges in which all statuses are equal."""
    return _lumisections("rr_lumisection_ranges", run_number, dataset_name)


def get_lumisection_ranges_by_component(
    run_number: int, dataset_name: str = "online", **kwargs: Any
) -> Any:
    """Ranges of equal status, by column."""
    return _lumisections("rr_lumisection_ranges_by_component", run_number, dataset_name)


def get_oms_lumisection_ranges(run_number: int, **kwargs: Any) -> Any:
    """Ranges in which all DCS bits of `online` are equal."""
    return _lumisections("oms_lumisection_ranges", run_number, "online")


def get_joint_lumisection_ranges(
    run_number: int, dataset_name: str = "online", **kwargs: Any
) -> Any:
    """Ranges in which statuses and what OMS says are equal."""
    return _lumisections("joint_lumisection_ranges", run_number, dataset_name)


def create_json(json_logic: Any, dataset_name_filter: str, **kwargs: Any) -> Any:
    """Makes and stores a golden JSON, and answers it."""
    rule = json_logic if isinstance(json_logic, str) else json.dumps(json_logic)
    asked = {"json_logic": rule, "dataset_name_filter": dataset_name_filter}
    begun = _ask("POST", "/json_portal/generate", asked)
    job = begun.json()
    if not isinstance(job, dict) or "id" not in job:
        raise RunRegistryError(f"No golden JSON was made: {begun.text}")
    while True:
        answer = _ask("POST", "/json_portal/json", {"id_json": job["id"]})
        if answer.status == _OK:
            return answer.json()["final_json"]
        if answer.status not in (_WORKING, _PENDING):
            raise Exception(f"Error {answer.status} during JSON creation: {answer.text}")
        time.sleep(JSON_CREATION_SLEEP_TIME)


def get_datasets_accepted() -> Any:
    """The datasets that are accepted offline."""
    return _ask("GET", "/datasets_accepted").json()


def move_runs(from_: str, to_: str, run: Any = None, runs: Any = None, **kwargs: Any) -> Any:
    """Moves runs from one state to another."""
    numbers = _numbers("move_runs", run, runs)
    said = f"move_runs(): got states '{from_}, '{to_}'"
    _check_states(said, ONLINE_RUN_STATES, from_, to_)
    path = f"/runs/move_run/{_segment(from_)}/{_segment(to_)}"
    return [
        _done("moving datasets", _ask("POST", path, {"run_number": number})) for number in numbers
    ]


def make_significant_runs(run: Any = None, runs: Any = None, **kwargs: Any) -> Any:
    """Marks runs as significant."""
    return [
        _done(
            "making runs significant",
            _ask("POST", "/runs/mark_significant", {"run_number": number}),
        )
        for number in _numbers("make_significant_runs", run, runs)
    ]


def reset_RR_attributes_and_refresh_runs(runs: Any = None, **kwargs: Any) -> Any:
    """Drops what people wrote into runs, and refreshes them."""
    return [
        _done(
            "resetting and refreshing runs",
            _ask("POST", f"/runs/reset_and_refresh_run/{_segment(number)}"),
        )
        for number in _listed("reset_RR_attributes_and_refresh_runs", runs)
    ]


def manually_refresh_components_statuses_for_runs(runs: Any = None, **kwargs: Any) -> Any:
    """Refreshes the statuses of runs that no person has set."""
    return [
        _done(
            "manually refreshing component statuses",
            _ask("POST", f"/runs/refresh_run/{_segment(number)}"),
        )
        for number in _listed("manually_refresh_components_statuses_for_runs", runs)
    ]


def edit_rr_lumisections(
    run: int,
    lumi_start: int,
    lumi_end: int,
    component: str,
    status: str,
    comment: str = "",
    cause: str = "",
    dataset_name: str = "online",
    **kwargs: Any,
) -> Any:
    """Sets the status of a column in some lumisections."""
    if status not in LUMISECTION_STATES:
        raise ValueError(
            f"edit_rr_lumisections(): got status '{status}'",
            f" but allowed statuses are {LUMISECTION_STATES}",
        )
    asked = {
        "new_lumisection_range": {
            "start": lumi_start,
            "end": lumi_end,
            "status": status,
            "comment": comment,
            "cause": cause,
        },
        "run_number": run,
        "dataset_name": dataset_name,
        "component": component,
    }
    return _done(
        "editing rr lumisections", _ask("PUT", "/lumisections/edit_rr_lumisections", asked)
    )


def move_datasets(
    from_: str,
    to_: str,
    dataset_name: str,
    workspace: str = "global",
    run: Any = None,
    runs: Any = None,
    **kwargs: Any,
) -> Any:
    """Moves a dataset of some runs from one state to another."""
    numbers = _numbers("move_datasets", run, runs)
    said = f"move_datasets(): got states '{from_}', '{to_}"
    _check_states(said, OFFLINE_DATASET_STATES, from_, to_)
    path = f"/datasets/{_segment(workspace)}/move_dataset/{_segment(from_)}/{_segment(to_)}"
    return [
        _done(
            "moving datasets",
            _ask(
                "POST",
                path,
                {"run_number": number, "dataset_name": dataset_name, "workspace": workspace},
            ),
        )
        for number in numbers
    ]


def change_run_class(run_numbers: Any, new_class: str) -> Any:
    """Changes the class of a run, or of several."""
    if not isinstance(new_class, str):
        raise ValueError(f'Invalid input "{new_class}" for "new_class"')
    numbers = [run_numbers] if isinstance(run_numbers, int) else run_numbers
    if not isinstance(numbers, list):
        raise ValueError('Invalid input for "run_numbers". Please provide a list of numbers.')
    answers = []
    for number in numbers:
        if not isinstance(number, int):
            raise ValueError(
                "Invalid run number value found in run_numbers. Please provide a list of numbers."
            )
        path = f"/manual_run_edit/{number}/class"
        answers.append(_done("changing run class", _ask("PUT", path, {"class": new_class})))
    return answers


def _go_to(place: Place | None) -> None:
    global _place
    before, _place = _place, place
    if before is not None:
        before.close()


def _ask(method: str, path: str, body: object | None = None) -> Answer:
    if _place is None:
        setup(os.environ.get("ENVIRONMENT", "production"))
    assert _place is not None
    return _place.ask(method, path, body)


def _segment(part: object) -> str:
    return quote(str(part), safe="")


def _rows(kind: str, limit: int, asked: dict[str, Any]) -> list[Any]:
    """All pages of a table, up to the limit."""
    first = _page(kind, 0, asked)
    if "err" in first:
        raise ValueError(first["err"])
    count = first["count"]
    rows: list[Any] = first[kind]
    if count > limit:
        _warn(f"there are {count} {kind}, more than limit={limit}: a greater limit gives them all.")
    if count > _MANY:
        _warn(f"{count} {kind} take a while: pass a filter into get_{kind}.")
    if count > _TOO_MANY and "filter" not in asked:
        raise Exception(
            f"ERROR: For queries that retrieve more than 20,000 {kind}, you must pass a filter into"
            f" get_{kind}, an empty filter get_{kind}(filter={{}}) works"
        )
    for number in range(1, first["pages"]):
        rows.extend(_page(kind, number, asked)[kind])
        if len(rows) >= limit:
            return rows[:limit]
    return rows


def _page(kind: str, number: int, asked: dict[str, Any]) -> dict[str, Any]:
    given: Any = asked.get("filter", {})
    if not asked.get("ignore_filter_transformation", False):
        given = _FILTERS[kind](given)
    body = {
        "page": number,
        "filter": given,
        "page_size": asked.get("page_size", PAGE_SIZE),
        "sortings": asked.get("sortings", []),
    }
    answer = _ask("POST", f"/{kind}_filtered_ordered", body).json()
    if not isinstance(answer, dict) or not ("err" in answer or kind in answer):
        raise RunRegistryError(f"The server answers no page of {kind}: {str(answer)[:200]}")
    if number and "err" in answer:
        raise ValueError(answer["err"])
    return answer


_FILTERS = {"runs": of_runs, "datasets": of_datasets}


def _lumisections(kind: str, run_number: int, dataset_name: str) -> Any:
    asked = {"run_number": run_number, "dataset_name": dataset_name}
    return _ask("POST", f"/lumisections/{kind}", asked).json()


def _one(found: list[Any], what: str) -> Any:
    if not found:
        return {}
    if len(found) > 1:
        raise Exception(
            f"Unexpected number of results returned for {what} ({len(found)}), was expecting"
            " exactly 1"
        )
    return found[0]


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _numbers(function: str, run: Any, runs: Any) -> Iterable[Any]:
    if not run and not runs:
        raise ValueError(f"{function}(): no 'run' and 'runs' arguments were provided")
    return [run] if run else runs


def _listed(function: str, runs: Any) -> list[Any]:
    if isinstance(runs, int):
        runs = [runs]
    elif isinstance(runs, str):
        runs = [int(runs)] if runs.strip().removeprefix("-").isdecimal() else []
    if not isinstance(runs, list) or not runs:
        raise ValueError(f"{function}(): no 'runs' argument was provided")
    return runs


def _check_states(said: str, known: list[str], *states: str) -> None:
    if any(each not in known for each in states):
        raise ValueError(said, f" but allowed states are {known}")


def _done(what: str, answer: Answer) -> Any:
    if answer.status != _OK:
        raise Exception(f"Got response {answer.status} when {what}: {answer.text}")
    return answer.json()


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=4)
