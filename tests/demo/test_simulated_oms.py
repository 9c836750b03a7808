"""The simulated OMS speaks as OMS does, over real HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app.demo.simulated_oms import SimulatedOms
from app.domain.errors import BadInput, Unavailable
from app.domain.json_value import JsonObject


@pytest.fixture
def oms() -> Iterator[SimulatedOms]:
    """Three runs of one fill; the middle one changed last; the last has two lumisections."""
    updates = {355100: "10:00", 355101: "12:00", 355102: "11:00"}
    with SimulatedOms(
        runs=[
            {"run_number": number, "fill_number": 7963, "last_update": f"2022-07-08T{hour}:00Z"}
            for number, hour in updates.items()
        ],
        lumisections={355102: [{"lumisection_number": 1}, {"lumisection_number": 2}]},
        fills=[{"fill_number": 7963, "era": "2022B"}],
    ) as server:
        yield server


def ask(url: str, *, token: str | None = None, **query: str) -> JsonObject:
    names = {key.replace("__", "[") + ("]" if "__" in key else ""): query[key] for key in query}
    request = urllib.request.Request(f"{url}?{urlencode(names)}")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=10) as response:
        answer = json.loads(response.read())
    assert isinstance(answer, dict)
    return answer


def attributes_of(answer: JsonObject, name: str) -> list[object]:
    data = answer["data"]
    assert isinstance(data, list)
    return [entry["attributes"][name] for entry in data]  # type: ignore[call-overload,index]


def post(url: str, **form: str) -> JsonObject:
    request = urllib.request.Request(url, data=urlencode(form).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        answer = json.loads(response.read())
    assert isinstance(answer, dict)
    return answer


def test_that_runs_come_by_last_update_newest_first(oms: SimulatedOms) -> None:
    answer = ask(f"{oms.url}/runs", sort="-last_update")
    assert attributes_of(answer, "run_number") == [355101, 355102, 355100]
    assert answer["meta"] == {"totalResourceCount": 3}


def test_that_pages_have_limit_offset_and_a_link_to_the_next(oms: SimulatedOms) -> None:
    answer = ask(f"{oms.url}/runs", sort="-last_update", page__limit="2")
    assert attributes_of(answer, "run_number") == [355101, 355102]
    assert answer["meta"] == {"totalResourceCount": 3}
    links = answer["links"]
    assert isinstance(links, dict)
    following = ask(str(links["next"]).split("?", maxsplit=1)[0], page__offset="2")
    assert attributes_of(following, "run_number") == [355102]
    assert following["links"] == {"next": None}
    with urllib.request.urlopen(str(links["next"]), timeout=10) as response:
        assert attributes_of(json.loads(response.read()), "run_number") == [355100]


def test_that_a_filter_gives_one_run_its_lumisections_and_its_fill(oms: SimulatedOms) -> None:
    runs = ask(f"{oms.url}/runs", filter__run_number="355102")
    assert attributes_of(runs, "run_number") == [355102]
    lumisections = ask(f"{oms.url}/lumisections", filter__run_number="355102")
    assert attributes_of(lumisections, "lumisection_number") == [1, 2]
    assert ask(f"{oms.url}/lumisections", filter__run_number="355101")["data"] == []
    fills = ask(f"{oms.url}/fills", filter__fill_number="7963")
    assert attributes_of(fills, "era") == ["2022B"]
    assert ask(f"{oms.url}/fills", filter__fill_number="1")["data"] == []


def test_that_what_it_says_can_be_changed_while_it_runs(oms: SimulatedOms) -> None:
    oms.add_lumisections(355102, [{"lumisection_number": 3}])
    lumisections = ask(f"{oms.url}/lumisections", filter__run_number="355102")
    assert attributes_of(lumisections, "lumisection_number") == [1, 2, 3]
    oms.set_lumisections(355102, [])
    assert ask(f"{oms.url}/lumisections", filter__run_number="355102")["data"] == []
    oms.forget_run(355102)
    assert ask(f"{oms.url}/runs", filter__run_number="355102")["data"] == []


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/agg/api/v1/dogs", 404),
        ("/elsewhere", 404),
        ("/agg/api/v1/runs?page%5Blimit%5D=many", 400),
    ],
)
def test_that_a_question_it_cannot_answer_gets_an_error(
    oms: SimulatedOms, address: str, status: int
) -> None:
    with pytest.raises(urllib.error.HTTPError) as failure:
        urllib.request.urlopen(f"http://127.0.0.1:{oms.port}{address}", timeout=10)
    assert failure.value.code == status
    failure.value.close()


def test_that_a_token_is_wanted_when_there_are_credentials() -> None:
    run: JsonObject = {"run_number": 355100}
    with SimulatedOms(runs=[run], credentials=("registry", "word")) as oms:
        identity = {"client_id": "registry", "client_secret": "word"}
        with pytest.raises(urllib.error.HTTPError) as failure:
            ask(f"{oms.url}/runs")
        assert failure.value.code == 401
        failure.value.close()
        subject = post(oms.token_url, grant_type="client_credentials", **identity)
        with pytest.raises(urllib.error.HTTPError) as failure:
            ask(f"{oms.url}/runs", token=str(subject["access_token"]))
        failure.value.close()
        answer = post(
            oms.token_url,
            grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
            subject_token=str(subject["access_token"]),
            **identity,
        )
        token = str(answer["access_token"])
        assert attributes_of(ask(f"{oms.url}/runs", token=token), "run_number") == [355100]
        oms.revoke_tokens()
        with pytest.raises(urllib.error.HTTPError) as failure:
            ask(f"{oms.url}/runs", token=token)
        failure.value.close()


def test_that_wrong_credentials_get_no_token() -> None:
    with SimulatedOms(credentials=("registry", "word")) as oms:
        with pytest.raises(urllib.error.HTTPError) as failure:
            post(
                oms.token_url,
                grant_type="client_credentials",
                client_id="registry",
                client_secret="guess",
            )
        assert failure.value.code == 401
        failure.value.close()


def test_that_a_taken_port_is_said(oms: SimulatedOms) -> None:
    with pytest.raises(Unavailable, match=f"can't listen on port {oms.port}"):
        SimulatedOms(port=oms.port).start()


def test_that_a_folder_of_documents_is_served(tmp_path: Path) -> None:
    runs = {"data": [{"id": "355100", "type": "runs", "attributes": {"run_number": 355100}}]}
    (tmp_path / "runs.json").write_text(json.dumps(runs))
    lumisections = {"data": [{"attributes": {"lumisection_number": 1}}]}
    (tmp_path / "lumisections_355100.json").write_text(json.dumps(lumisections))
    with SimulatedOms.from_folder(tmp_path) as oms:
        assert attributes_of(ask(f"{oms.url}/runs"), "run_number") == [355100]
        answer = ask(f"{oms.url}/lumisections", filter__run_number="355100")
        assert attributes_of(answer, "lumisection_number") == [1]


def test_that_the_real_documents_are_served(shared_data: Path) -> None:
    with SimulatedOms.from_folder(shared_data / "data" / "oms") as oms:
        answer = ask(f"{oms.url}/lumisections", filter__run_number="319579", page__limit="5000")
        assert attributes_of(answer, "lumisection_number") == list(range(1, 3260))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "isn't JSON"),
        ("[]", "it has no data"),
        ('{"data": [7]}', "an entry has no attributes"),
        ('{"data": [{"attributes": {}}]}', "without run_number"),
    ],
)
def test_that_a_document_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "runs.json").write_text(text)
    with pytest.raises(BadInput, match=said):
        SimulatedOms.from_folder(tmp_path)


def test_that_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"runs\.json can't be read"):
        SimulatedOms.from_folder(tmp_path)
