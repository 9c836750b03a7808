"""What is read over HTTP, in the shapes that the web service's clients know."""

import json
import re
from http.client import HTTPConnection
from itertools import pairwise

import pytest

from app.services.acting import Acting
from tests.conformance.recording import restore_dump, steps
from tests.door.comparing import differences
from tests.door.serving import Served, serving

PR = {"run_number": 355102, "dataset_name": "/PromptReco/Collisions2022C/DQM"}
BY_SHARE = "a column sorts by its share of bad lumisections, not by the text of its summary"
COMPLETED = "a cycle moved the datasets after this was recorded"
MEMBERS = "the cycle was given other datasets after this was recorded"
RENEWED = "the settings were changed after this was recorded"
DELETED = "the list was deleted after this was recorded"
HIDDEN = "the dataset was hidden after this was recorded"
ANY_ORDER = "the web service gives them in no order; ours is that in which they were made"
EMPTY = "lumisections without a value are EMPTY and one range, not one object each without a status"
BEHIND = "a summary that is behind its dataset counts in no filter until it is made anew"

EXPECTED = {
    "runs_filtered_triplet": (r"\.runs\[", BY_SHARE),
    "datasets_filtered": (r".*\.dt_state is 'COMPLETED'", COMPLETED),
    "datasets_filtered_name": (r".*\.dt_state is 'COMPLETED'", COMPLETED),
    "datasets_filtered_state": (r"\.(count|pages|datasets) ", COMPLETED),
    "datasets_filtered_triplet": (r"\.(count|datasets)", f"{BEHIND}; {BY_SHARE}"),
    "cycle_get": (r"\[0\]\.(CycleDataset|datasets)", f"{MEMBERS}; {COMPLETED}"),
    "datasets_accepted": (r".*\.Settings\[0\]\.(id|JCL_id|metadata)", RENEWED),
    "json_list": (r"\.jsons( has 6|\[[456]\])", DELETED),
    "get_dataset": (r"\.dataset_attributes\.dt_state", COMPLETED),
    "lumisection_bar": (r" has 7|\[6\]", EMPTY),
    "names_of_run": (r" has 4|\[\d\]", f"{HIDDEN}; {ANY_ORDER}"),
}
"""Answers that differ, where, and why."""


@pytest.fixture(scope="module")
def recorded(server, template, shared_data):
    """The database as the web service left it, behind a door."""
    with server.opened(template) as database:
        restore_dump(database, shared_data)
        with serving(Acting(database)) as served:
            yield served


@pytest.fixture(scope="module")
def story(shared_data):
    return {step.name: step for step in steps(shared_data)}


def again(served: Served, step):
    request = step.request
    return served.ask(request["method"], request["path"], request["body"])


@pytest.mark.parametrize(
    "name",
    [
        "runs_filtered",
        "runs_filtered_oms",
        "runs_filtered_triplet",
        "datasets_filtered",
        "datasets_filtered_name",
        "datasets_filtered_state",
        "datasets_filtered_triplet",
        "C_PR_joint_lumisection_ranges",
        "C_PR_oms_lumisection_ranges",
        "C_PR_rr_lumisection_ranges",
        "C_PR_oms_lumisection_ranges_by_dcs_bit",
        "json_golden_PR_get",
        "json_golden_RE_get",
        "json_similar_to_get",
        "json_or_get",
        "json_dataset_attr_get",
        "json_all_true_get",
        "cycle_get",
        "datasets_accepted",
        "json_list",
        "json_list_official",
        "get_dataset",
        "names_of_run",
        "workspaces_offline",
        "lumisection_bar",
    ],
)
def test_that_what_was_recorded_is_answered_again(recorded, story, name):
    step = story[name]

    ours = again(recorded, step)

    assert ours.status == step.response["status"]
    found = list(differences(ours.json, step.response["body"]))
    expected, _why = EXPECTED.get(name, ("$", ""))
    assert [line for line in found if not re.match(expected, line)] == []
    assert bool(found) == (name in EXPECTED)


def test_that_every_address_is_there_below_api_too(recorded):
    for path in ("/get_all_dataset_names_of_run/355102", "/cycles/global", "/datasets_accepted"):
        assert recorded.get(f"/api{path}").body == recorded.get(path).body


def test_that_an_answer_has_the_headers_of_the_web_service(recorded):
    headers = recorded.get("/datasets_accepted").headers

    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["access-control-allow-origin"] == "*"
    assert headers["etag"].startswith('W/"')


def test_that_an_unknown_address_is_told_as_a_page(recorded):
    for method, path in (("GET", "/permissions"), ("PUT", "/cycles/global"), ("POST", "/%3Cb%3E")):
        answer = recorded.ask(method, path)

        assert answer.status == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert f"<pre>Cannot {method} /".encode() in answer.body
        assert b"<b>" not in answer.body


def test_that_whole_numbers_are_written_as_javascript_writes_them(recorded):
    body = recorded.post("/runs_filtered_ordered", {"filter": {"run_number": 355102}}).body

    assert b'"recorded_lumi":93,' in body
    assert b"93.0" not in body


def test_that_neighbouring_lumisections_with_the_same_content_are_one_range(recorded):
    for kind in ("rr_lumisection_ranges", "oms_lumisection_ranges", "joint_lumisection_ranges"):
        found = recorded.post(f"/lumisections/{kind}", PR).json

        assert [each["start"] for each in found[1:]] == [each["end"] + 1 for each in found[:-1]]
        bare = [{k: v for k, v in each.items() if k not in {"start", "end"}} for each in found]
        assert all(one != other for one, other in pairwise(bare))


def test_that_lumisections_are_those_of_the_ranges(recorded):
    for each, ranges in (
        ("rr_lumisections", "rr_lumisection_ranges"),
        ("oms_lumisections", "joint_lumisection_ranges"),
    ):
        lumisections = recorded.post(f"/lumisections/{each}", PR).json
        for stretch in recorded.post(f"/lumisections/{ranges}", PR).json:
            for number in range(stretch["start"], stretch["end"] + 1):
                if number <= len(lumisections):
                    assert lumisections[number - 1].items() <= stretch.items()


def test_that_columns_by_name_are_the_same_lumisections(recorded):
    found = recorded.post("/lumisections/rr_lumisection_ranges_by_component", PR).json
    lumisections = recorded.post("/lumisections/rr_lumisections", PR).json

    assert found.keys() == lumisections[0].keys()
    for column, ranges in found.items():
        for each in ranges:
            triplet = {name: each[name] for name in ("status", "comment", "cause")}
            for number in range(each["start"], each["end"] + 1):
                assert lumisections[number - 1][column] == triplet


def test_that_every_range_of_oms_tells_of_cms_active(recorded):
    found = recorded.post("/lumisections/oms_lumisection_ranges", {"run_number": 355102}).json

    assert all("cms_active" in each for each in found)
    assert not any("recorded" in each for each in found)


@pytest.mark.parametrize(
    ("kind", "nothing"),
    [
        ("rr_lumisections", []),
        ("oms_lumisections", []),
        ("joint_lumisection_ranges", []),
        ("rr_lumisection_ranges_by_component", {}),
        ("oms_lumisection_ranges_by_dcs_bit", {}),
    ],
)
def test_that_nothing_is_known_of_a_dataset_that_is_not_there(recorded, kind, nothing):
    for number, name in ((1, "online"), (355102, "/No/Such/DQM")):
        asked = {"run_number": number, "dataset_name": name}
        answer = recorded.post(f"/lumisections/{kind}", asked)
        assert (answer.status, answer.json) == (200, nothing)


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (
            "/lumisections/rr_lumisections",
            {"run_number": 355102},
            'Named parameter ":dataset_name" has no value in the given object.',
        ),
        (
            "/runs_filtered_ordered",
            {"filter": {"nonsense": 1}},
            "column Run.nonsense does not exist",
        ),
        (
            "/datasets_filtered_ordered",
            {"sortings": [["nonsense", "ASC"]]},
            "column Dataset.nonsense does not exist",
        ),
    ],
)
def test_that_a_refusal_has_the_words_that_scripts_know(recorded, path, body, words):
    answer = recorded.post(path, body)

    assert (answer.status, answer.json) == (500, {"err": words})


def test_that_a_run_number_that_is_none_is_refused_as_by_the_database(recorded):
    answer = recorded.get("/get_all_dataset_names_of_run/abc")

    assert answer.json == {"err": 'invalid input syntax for type integer: "abc"'}
    assert answer.status == 500


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{nope", "Expected property name or '}' in JSON at position 1"),
        (b'{"a":', "Unexpected end of JSON input"),
        (b'{"a": x}', "Unexpected token x in JSON at position 6"),
        (b"[1]", "The body must be an object of JSON."),
        (b"\xff\xfe", "The body is not UTF-8."),
        (b'{"a":' * 3000, "The body is nested more than 100 levels deep."),
        (b'{"page": ' + b"9" * 5000 + b"}", "The body holds a number"),
    ],
)
def test_that_a_body_that_is_no_json_is_refused_with_its_place(recorded, text, words):
    answer = recorded.ask("POST", "/runs_filtered_ordered", raw=text)

    assert answer.status == 500
    assert answer.json["err"].startswith(words), answer.json


@pytest.mark.parametrize(
    "body",
    [
        {"page": -1},
        {"page": "x"},
        {"page_size": 0},
        {"page_size": 1.5},
        {"sortings": "run_number"},
        {"sortings": [["run_number", "UP"]]},
        {"sortings": [["run_number", "ASC"]] * 11},
        {"filter": []},
        {"filter": {"run_number": {"=": [1]}}},
        {"filter": {"run_number": {"~": 1}}},
        {"filter": {"and": {"run_number": 1}}},
        {"filter": {"oms_attributes.x": {"=": "\x00"}}},
        {"filter": {"oms_attributes.x": {"like": "\ud800"}}},
    ],
)
def test_that_a_page_that_cannot_be_is_refused_in_a_sentence(recorded, body):
    for path in ("/runs_filtered_ordered", "/datasets_filtered_ordered"):
        answer = recorded.post(path, body)

        assert answer.status == 500
        assert answer.json["err"].endswith((".", "exist")), answer.json


def test_that_pages_follow_each_other_without_gap_or_repeat(recorded):
    whole = recorded.post("/datasets_filtered_ordered", {"page_size": 100000}).json["datasets"]
    paged = []
    for number in range(6):
        page = recorded.post("/datasets_filtered_ordered", {"page": number, "page_size": 3}).json
        assert page["pages"] == 5
        assert page["count"] == len(whole)
        paged += page["datasets"]

    assert paged == whole


def test_that_a_body_without_filter_or_without_anything_asks_for_all(recorded):
    assert recorded.ask("POST", "/runs_filtered_ordered", raw=b"").json["count"] == 5
    assert recorded.post("/runs_filtered_ordered", {"filter": None}).json["count"] == 5


@pytest.mark.parametrize(
    "filter_",
    [
        {"run_number": 355102},
        {"run_number": {"or": [{"=": 355102}]}},
        {"run_number": {"and": [{">": 355101}, {"<": 355103}]}},
        {"and": [{"rr_attributes.class": "Collisions22"}, {"run_number": {"=": 355102}}]},
        {"rr_attributes.class": {"like": "collisions%"}, "run_number": {"AND": [{"=": 355102}]}},
        {"oms_attributes.ls_duration": {">=": 300}},
    ],
)
def test_that_a_filter_may_be_written_in_each_of_these_ways(recorded, filter_):
    found = recorded.post("/runs_filtered_ordered", {"filter": filter_}).json

    assert [run["run_number"] for run in found["runs"]] == [355102]


def test_that_parts_of_an_address_may_be_anything(recorded):
    for part in ("%00", "%2F", "..%2F..", "%ff", "1%27%3B--", "9" * 400, "-1", "1e3"):
        answer = recorded.get(f"/get_all_dataset_names_of_run/{part}")
        assert answer.status in {200, 404, 500}, (part, answer)
        assert b"Traceback" not in answer.body


def test_that_a_query_string_changes_nothing(recorded):
    plain = recorded.get("/get_all_dataset_names_of_run/355102")

    assert recorded.get("/get_all_dataset_names_of_run/355102?x=/y").body == plain.body


def test_that_one_connection_may_ask_many_times(recorded):
    connection = HTTPConnection(recorded.host, recorded.port, timeout=30)
    for _ in range(20):
        connection.request("GET", "/datasets_accepted")
        assert json.loads(connection.getresponse().read())
    connection.close()
