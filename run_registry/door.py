"""A registry that is read from a door, by its read API; nothing of the program is loaded."""

import importlib.util
import io
import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from run_registry.addresses import door_address
from run_registry.agents import Agent, Proposal, Value
from run_registry.errors import RunRegistryError
from run_registry.lumi_list import Luminosity
from run_registry.lumisections import LumisectionLuminosity, Lumisections
from run_registry.records import Record
from run_registry.source import Ranges, Rule, Selected

if TYPE_CHECKING:
    import httpx

TOKEN = "RUN_REGISTRY_TOKEN"
"""Variable of the environment that holds a bearer token."""

_JSON = "application/json"
_ARROW = "application/vnd.apache.arrow.stream"
_METADATA = b"run_registry"
_ROWS = 1000
_CONNECT_S = 10.0
_READ_S = 120.0
_LIST_S = 660.0
_PAUSES_S = (0.2, 1.0, 3.0)
_LONGEST_PAUSE_S = 30.0
_TRY_AGAIN = {429, 502, 503, 504}
_OK, _FIRST_REDIRECT, _FIRST_REFUSAL = 200, 300, 400
_NO_VALUE = -1
_SHOWN = 300
_NO_AGENTS = (
    "A door doesn't tell of agents and takes no proposals. Connect to the database instead, or"
    " write a file of changes for `run-registry agent propose`."
)

Document = Mapping[str, Any]
Result = TypeVar("Result")


class HttpSource:
    """Reads from the address of a door. Reads are repeated when the network or the server fails.

    `token`: a bearer token, or a function that gives one for each request.
    """

    def __init__(self, address: str, token: str | Callable[[], str] | None = None) -> None:
        import httpx

        self._token = token if token is not None else os.environ.get(TOKEN)
        self._address = door_address(address, with_token=bool(self._token))
        self._client = httpx.Client(
            timeout=httpx.Timeout(_READ_S, connect=_CONNECT_S), follow_redirects=False
        )
        try:
            index = self._get("/v1", {})
            if "newest_version" not in index:
                raise RunRegistryError(
                    f"{self._address} is no door of Run Registry: it has no read API."
                )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Gives the connections up."""
        self._client.close()

    def runs(self, filter: str, sort: str, as_of: str | None) -> Iterator[Record]:  # noqa: A002
        """Runs, the newest first or sorted."""
        return self._records("/v1/runs", filter, sort, as_of)

    def datasets(self, filter: str, sort: str, as_of: str | None) -> Iterator[Record]:  # noqa: A002
        """Datasets but `online`, the newest first or sorted."""
        return self._records("/v1/datasets", filter, sort, as_of)

    def lumisections(self, run_number: int, name: str, as_of: str | None) -> Lumisections:
        """The lumisections of a dataset."""
        given = {"run_number": str(run_number), "name": name}
        answer = self._get("/v1/lumisections", _at(given, as_of))
        return self._understood(lambda: _with_luminosity(answer["datasets"][0]))

    def season(self, datasets: str, as_of: str | None) -> list[Lumisections]:
        """The lumisections of all datasets whose names match: by Arrow where it is installed."""
        asked = _at({"datasets": datasets}, as_of)
        if importlib.util.find_spec("pyarrow") is None:
            answer = self._get("/v1/season", asked, _LIST_S)
            return self._understood(lambda: [_with_luminosity(each) for each in answer["datasets"]])
        asked["columns"] = "recorded,delivered"
        accept = f"{_ARROW}, {_JSON};q=0.5"
        kind, body = self._ask("GET", "/v1/season", asked, None, _LIST_S, accept)
        if kind != _ARROW:
            # The door has no pyarrow itself.
            answer = self._json(body)
            return self._understood(lambda: [_with_luminosity(each) for each in answer["datasets"]])
        return self._understood(lambda: _from_arrow(body))

    def agent(self, name: str) -> Agent:
        """A door only tells."""
        raise RunRegistryError(_NO_AGENTS)

    def proposals(self, _agent: str | None, _states: Collection[str]) -> Iterator[Proposal]:
        """A door only tells."""
        raise RunRegistryError(_NO_AGENTS)

    def propose(
        self, _agent: str, _values: Iterable[Value], _dry_run: bool
    ) -> tuple[str, int, int, int]:
        """A door only tells."""
        raise RunRegistryError(_NO_AGENTS)

    def withdraw(self, _agent: str, _numbers: Collection[int]) -> None:
        """A door only tells."""
        raise RunRegistryError(_NO_AGENTS)

    def golden(self, rule: Rule, datasets: str, as_of: str | None) -> Selected:
        """What a rule selects."""
        asked = _at({"rule": dict(rule), "datasets": datasets}, as_of)
        answer = self._post("/v1/golden/select", asked)
        return self._understood(
            lambda: Selected(
                {
                    int(run): [(int(first), int(last)) for first, last in pairs]
                    for run, pairs in answer["ranges"].items()
                },
                [str(each) for each in answer["warnings"]],
            )
        )

    def stored_golden(self, number: int) -> Ranges:
        """A golden JSON that is stored."""
        document = self._get(f"/v1/golden/{number}/file", {})
        return self._understood(
            lambda: {
                int(run): [(int(first), int(last)) for first, last in pairs]
                for run, pairs in document.items()
            }
        )

    def luminosity(self, ranges: Ranges) -> Luminosity:
        """Luminosity of a list, as the `online` datasets have it now."""
        listed = {str(run): [list(pair) for pair in pairs] for run, pairs in ranges.items()}
        answer = self._post("/v1/luminosity", {"ranges": listed})
        return self._understood(
            lambda: Luminosity(
                float(answer["recorded"]), float(answer["delivered"]), int(answer["missing"])
            )
        )

    def _records(
        self,
        path: str,
        filter: str,  # noqa: A002
        sort: str,
        as_of: str | None,
    ) -> Iterator[Record]:
        given = {"limit": str(_ROWS), "filter": filter, **({"sort": sort} if sort else {})}
        asked = _at(given, as_of)
        while True:
            page = self._get(path, asked)
            yield from self._rows(page)
            following = page.get("next")
            if following is None:
                return
            if following == asked.get("cursor"):
                raise self._strange("its pages don't go on")
            asked["cursor"] = str(following)

    def _rows(self, page: Document) -> list[Record]:
        return self._understood(lambda: [_record(row) for row in page["rows"]])

    def _get(self, path: str, asked: Mapping[str, str], read_s: float = _READ_S) -> Document:
        return self._json(self._ask("GET", path, asked, None, read_s, _JSON)[1])

    def _post(self, path: str, body: Document) -> Document:
        return self._json(self._ask("POST", path, {}, body, _LIST_S, _JSON)[1])

    def _ask(
        self,
        method: str,
        path: str,
        asked: Mapping[str, str],
        body: Document | None,
        read_s: float,
        accept: str,
    ) -> tuple[str, bytes]:
        """Kind and content of an answer; asked again, with pauses, where that can help."""
        import httpx

        for pause_s in (*_PAUSES_S, None):
            headers = {"Accept": accept, "User-Agent": "run_registry"}
            if self._token:
                token = self._token if isinstance(self._token, str) else self._token()
                headers["Authorization"] = f"Bearer {token}"
            asked_s = ""
            try:
                response = self._client.request(
                    method,
                    f"{self._address}{path}",
                    params={name: value for name, value in asked.items() if value},
                    json=body,
                    headers=headers,
                    timeout=httpx.Timeout(read_s, connect=_CONNECT_S),
                )
            except httpx.TransportError as error:
                if pause_s is None or isinstance(error, httpx.UnsupportedProtocol):
                    raise self._silent(error) from error
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError) as error:
                raise RunRegistryError(
                    f"{self._address} can't be asked: {error or type(error).__name__}."
                ) from error
            else:
                if pause_s is None or response.status_code not in _TRY_AGAIN:
                    return self._content(response)
                asked_s = response.headers.get("retry-after", "")
            time.sleep(_pause(pause_s, asked_s))
        raise AssertionError

    def _content(self, response: "httpx.Response") -> tuple[str, bytes]:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        status = response.status_code
        if status == _OK:
            return kind, response.content
        if _FIRST_REDIRECT <= status < _FIRST_REFUSAL:
            raise RunRegistryError(
                f"{self._address} sends elsewhere, most likely to log in: give connect a token, or"
                f" the address behind the login ({response.headers.get('location', '')[:_SHOWN]})."
            )
        said = ""
        if kind in ("application/problem+json", _JSON):
            try:
                told = response.json()
                said = str(told.get("detail") or told.get("err") or "")
            except (ValueError, AttributeError):
                said = ""
        if not said:
            raise RunRegistryError(
                f"{self._address} answers {status} {response.reason_phrase}: check the address"
                f"{', which ends before /api' if self._address.endswith('/api') else ''}."
            )
        raise RunRegistryError(said[: 10 * _SHOWN])

    def _json(self, body: bytes) -> Document:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            start = body[:60].decode("utf-8", "replace")
            raise self._strange(f"it isn't JSON ({start!r})") from error
        if not isinstance(answer, dict):
            raise self._strange("it isn't an object")
        return answer

    def _understood(self, read: Callable[[], Result]) -> Result:
        """What was read of an answer; an error that names the server where it says something
        else than the read API does."""
        try:
            return read()
        except (
            KeyError,
            TypeError,
            ValueError,
            IndexError,
            AttributeError,
            OverflowError,
        ) as error:
            raise self._strange(f"{type(error).__name__} {str(error)[:_SHOWN]}") from error

    def _strange(self, why: str) -> RunRegistryError:
        return RunRegistryError(
            f"The answer of {self._address} can't be read: {why}. Check that it is a door of Run"
            " Registry, and of this version."
        )

    def _silent(self, error: Exception) -> RunRegistryError:
        why = str(error) or type(error).__name__
        return RunRegistryError(
            f"{self._address} can't be reached, or breaks off: {why}. Check the address and the"
            " network, and try again."
        )


def _pause(pause_s: float, retry_after: str) -> float:
    """The pause, or what the server asks for."""
    asked_s = float(retry_after) if retry_after.isascii() and retry_after.isdecimal() else 0.0
    return max(pause_s, min(asked_s, _LONGEST_PAUSE_S))


def _at(asked: dict[str, Any], as_of: str | None) -> dict[str, Any]:
    return asked if as_of is None else {**asked, "as_of": as_of}


def _record(row: Document) -> Record:
    frozen_in = row.get("frozen_in")
    return Record(
        int(row["run_number"]),
        str(row["name"]),
        {**row["oms"], **row["rr"], **row["dataset"]},
        # A door of an earlier version says nothing of it.
        {str(mark["workspace"]): str(mark["by"]) for mark in row.get("verified", ())},
        None if frozen_in is None else str(frozen_in),
    )


def _with_luminosity(answer: Document) -> Lumisections:
    numbers = answer["luminosity"]
    return _lumisections(
        answer,
        np.array(numbers["recorded"], np.float64),
        np.array(numbers["delivered"], np.float64),
    )


def _from_arrow(body: bytes) -> list[Lumisections]:
    """Datasets of a table: luminosity per row, all else in the metadata of its schema."""
    import pyarrow

    try:
        with pyarrow.ipc.open_stream(io.BytesIO(body)) as stream:
            table = stream.read_all()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"it is damaged ({error})") from error
    answer = json.loads(table.schema.metadata[_METADATA])
    recorded = _numbers(table["recorded"])
    delivered = _numbers(table["delivered"])
    ends = np.cumsum([int(each["length"]) for each in answer["datasets"]])
    if table.num_rows != (ends[-1] if ends.size else 0):
        raise ValueError("rows are missing")
    found = []
    for each, end in zip(answer["datasets"], ends.tolist(), strict=True):
        begin = end - int(each["length"])
        found.append(_lumisections(each, recorded[begin:end], delivered[begin:end]))
    return found


def _numbers(column: Any) -> NDArray[np.float64]:
    return np.asarray(column.to_numpy(), np.float64)


def _lumisections(
    answer: Document, recorded: NDArray[np.float64], delivered: NDArray[np.float64]
) -> Lumisections:
    length = int(answer["length"])
    if not recorded.shape == delivered.shape == (length,):
        raise ValueError("luminosities are missing")
    triplets = [
        (str(status), str(cause), str(comment)) for status, cause, comment in answer["triplets"]
    ]
    columns = {
        str(column): _spread(stretches, np.zeros(length, np.int32), len(triplets))
        for column, stretches in answer["columns"].items()
    }
    bits = {
        str(bit): _spread(stretches, np.full(length, _NO_VALUE, np.int8), 2)
        for bit, stretches in answer["bits"].items()
    }
    participating = np.zeros(length, np.bool_)
    for first, last in answer["participating"]:
        participating[first - 1 : last] = True
    return Lumisections(
        int(answer["run_number"]),
        str(answer["name"]),
        length,
        triplets,
        columns,
        bits,
        LumisectionLuminosity(recorded, delivered),
        participating,
    )


Codes = TypeVar("Codes", NDArray[np.int32], NDArray[np.int8])


def _spread(stretches: Any, codes: Codes, known: int) -> Codes:
    """Codes per lumisection from stretches of equal ones."""
    for first, last, code in stretches:
        if not (1 <= first <= last <= codes.size and 0 <= code < known):
            raise ValueError(f"[{first}, {last}, {code}] is out of range")
        codes[first - 1 : last] = code
    return codes
