"""What is asked wrongly or with ill will: each answer says what, where, and what to do."""

import base64
import hashlib
import json
from urllib.parse import quote, urlencode

import pytest

from app.domain.errors import Unavailable
from app.door.asking import Limits
from app.services.acting import Acting
from app.services.certification import records
from tests.door.serving import serving
from tests.views import many_runs


def problem(answer, status, words, parameter=None):
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json
    assert told["status"] == status
    assert words in told["detail"]
    assert told.get("parameter") == parameter
    assert told["advice"]
    assert told["instance"].startswith("/v1")
    return told


def sealed(*payload):
    """A cursor of somebody who knows how they are made."""
    text = json.dumps(payload).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()[:12] + text).rstrip(b"=").decode()


def marked(door, path):
    """The mark of a question, out of an honest cursor."""
    text = door.get(path).json["next"]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[12:])[1]


@pytest.mark.parametrize(
    ("asked", "status", "words", "parameter"),
    [
        ("/v1/runs?limit=0", 400, "limit has to be 1 or more.", "limit"),
        ("/v1/runs?limit=1001", 400, "limit has to be 1000 or less.", "limit"),
        ("/v1/runs?limit=ten", 400, "limit has to be a whole number.", "limit"),
        ("/v1/runs?fitler=run>1", 400, "Did you mean filter?", "fitler"),
        ("/v1/runs?filter=run+>", 400, "Expected a value", "filter"),
        ("/v1/runs?filter=rnu+>+1", 400, "run", "filter"),
        ("/v1/runs?filter=" + quote("(" * 500), 400, "", "filter"),
        ("/v1/runs?filter=" + quote("class='\0'"), 400, "NUL", "filter"),
        (
            "/v1/runs?filter=" + "x" * 20_001,
            400,
            "filter is longer than 20000 characters.",
            "filter",
        ),
        ("/v1/runs?sort=nonsense", 400, "nonsense", "sort"),
        ("/v1/runs?sort=" + ",".join(["run"] * 6), 400, "5 fields at most", "sort"),
        ("/v1/runs?as_of=999999999", 404, "no version 999999999", None),
        ("/v1/runs?as_of=" + "9" * 30, 400, "no moment", "as_of"),
        ("/v1/runs?as_of=yesterday", 400, "no moment", "as_of"),
        ("/v1/runs?as_of=2025-02-30", 400, "not a day", "as_of"),
        ("/v1/runs?as_of=1999-01-01", 404, "no version before", None),
        ("/v1/runs?as_of=40&sort=class", 409, "leave the sorting out", None),
        ("/v1/runs?format=xml", 406, "There is no form 'xml'", None),
        ("/v1/golden?format=csv", 400, "no parameter 'format'", "format"),
        ("/v1/runs/abc", 400, "run_number has to be a whole number.", "run_number"),
        ("/v1/runs/99999999999", 400, "has to be 2147483647 or less", "run_number"),
        ("/v1/runs/1", 404, "There is no run 1", None),
        ("/v1/lumisections", 400, "run_number is missing.", "run_number"),
        ("/v1/lumisections?run_number=1", 404, "Run 1 is not in", None),
        (f"/v1/lumisections?run_number={many_runs.NEWEST}&name=x", 404, "no dataset x", None),
        ("/v1/season?datasets=/Nowhere/%25", 404, "No dataset name matches", None),
        ("/v1/season?datasets=(((", 400, "not a pattern", "datasets"),
        ("/v1/season?datasets=online&format=csv&columns=dt", 400, "no column", "columns"),
        (f"/v1/history?run_number={many_runs.NEWEST}&name=x", 404, "no dataset x", None),
        ("/v1/golden/7", 404, "no golden JSON 7", None),
        ("/v1/golden/7/file?form=plain", 400, "'golden'", "form"),
        ("/v1/reports/shift?begin=2025-01-02&end=2025-01-01", 400, "before it begins", "end"),
        ("/v1/reports/shift?as_of=999999999", 404, "no version 999999999", None),
        ("/v1/reports/shift?begin=noon", 400, "is no time", "begin"),
        ("/v1/reports/call?since=noon", 400, "is no moment", "since"),
        ("/v1/reports/call?cycle=777", 404, "777", None),
        ("/v1/reports/call?rules=/etc/passwd", 400, "There is no rule /etc/passwd", "rules"),
        ("/v1/reports/era", 400, "datasets is missing.", "datasets"),
        ("/v1/reports/era?datasets=(((", 400, "not a pattern", "datasets"),
        ("/v1/reports/era?datasets=/No/%25", 404, "No dataset name matched", None),
        ("/v1/nothing", 404, "Nothing is at this address", None),
    ],
)
def test_that_a_refusal_says_what_and_where(door, asked, status, words, parameter):
    problem(door.get(asked), status, words, parameter)


def test_that_nothing_but_reading_is_answered(door):
    for method in ("PUT", "DELETE", "PATCH", "POST"):
        answer = door.ask(method, "/v1/runs", {})
        problem(answer, 405, f"{method} is not answered here: ask with GET")
        assert answer.headers["allow"] == "GET"
    problem(door.get("/v1/luminosity"), 405, "ask with POST")


@pytest.mark.parametrize(
    ("body", "words", "parameter"),
    [
        ({"datasets": "online"}, "rule is missing.", "rule"),
        ({"rule": {"nonsense": []}, "datasets": "online"}, "nonsense", "rule"),
        ({"rule": {"==": [1, 1]}, "datasets": ""}, "datasets is empty.", "datasets"),
        ({"rule": 1, "datasets": "online", "store": True}, "no parameter 'store'", "store"),
        ([], "must be an object", None),
    ],
)
def test_that_a_body_is_checked(door, body, words, parameter):
    problem(door.post("/v1/golden/select", body), 400, words, parameter)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"rule": ', "Unexpected end of JSON input"),
        (b"\xff\xfe", ""),
        (b"[" * 100_000, ""),
        (b'{"rule": 1e999, "datasets": "online"}', ""),
    ],
)
def test_that_half_a_body_is_refused(door, raw, words):
    problem(door.post("/v1/golden/select", raw=raw), 400, words)


def test_that_a_list_with_faults_is_refused(door):
    for ranges in ({"x": [[1, 2]]}, {"1": [[2, 1]]}, {"1": "all"}, {"1": [[1, 2**40]]}):
        answer = door.post("/v1/luminosity", {"ranges": ranges})
        assert answer.status == 400, ranges
        assert answer.json["parameter"] == "ranges"


@pytest.mark.parametrize(
    "cursor", ["x", "%00", "é", "A" * 300, "====", "-_-_", "null", "'; drop table --", "1" * 7_999]
)
def test_that_a_cursor_that_is_none_is_refused(door, cursor):
    told = door.get(f"/v1/runs?{urlencode({'cursor': cursor})}")
    assert "begin again" in problem(told, 400, "cursor", "cursor")["detail"]


def test_that_a_cursor_belongs_to_one_question(door):
    cursor = quote(door.get("/v1/runs?limit=3").json["next"])
    assert door.get(f"/v1/runs?limit=5&cursor={cursor}").status == 200
    for other in (
        f"/v1/datasets?cursor={cursor}",
        f"/v1/runs?filter=run>1&cursor={cursor}",
        f"/v1/runs?sort=run&cursor={cursor}",
        f"/v1/runs?as_of=40&cursor={cursor}",
        f"/v1/history?run_number=396230&cursor={cursor}",
        f"/v1/golden?cursor={cursor}",
    ):
        problem(door.get(other), 400, "belongs to another question", "cursor")
    problem(door.get(f"/v1/runs?cursor={cursor[:-3]}"), 400, "damaged", "cursor")


def test_that_a_made_up_cursor_gives_no_more_than_a_page(door):
    mark = marked(door, "/v1/runs?limit=3")
    good = door.get(f"/v1/runs?cursor={sealed(1, mark, 0, 396203, 'online')}")
    assert [row["run_number"] for row in good.json["rows"]] == [396202, 396201]
    for payload in (
        (1, mark),
        (2, mark, 0, 396203, "online"),
        (1, mark, 0, 2**40, "online"),
        (1, mark, 0, -5, "online"),
        (1, mark, 0, True, "online"),
        (1, mark, 0, 396203, "on\0line"),
        (1, mark, 0, 396203, 7),
        (1, mark, "x", 396203, "online"),
        (1, mark, [[[[[[[[1]]]]]]]]),
        ({"a": 1},),
    ):
        cursor = sealed(*payload)
        answer = door.get(f"/v1/runs?cursor={cursor}")
        assert (answer.status, answer.json["parameter"]) == (400, "cursor"), payload
    longer = sealed(1, mark, 0, 396203, "online", "1")
    problem(door.get(f"/v1/runs?cursor={longer}"), 400, "another order")
    future = door.get(f"/v1/runs?cursor={sealed(1, mark, 10**9, 396203, 'online')}")
    problem(future, 404, "no version 1000000000")
    sorted_by = "/v1/runs?limit=3&sort=class"
    mark = marked(door, sorted_by)
    for key in ('"a', "{", "NaN", '"\\u0000"', 5, "[" * 20):
        cursor = sealed(1, mark, 0, 396203, "online", key)
        assert door.get(f"/v1/runs?sort=class&cursor={cursor}").status == 400, key


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "application/json;q=0",
        "application/json;q=NaN",
        ",".join(["a/b"] * 41),
        "x" * 3_000,
        "text/csv;q=" + "9" * 500,
        ";;;;",
        "*/*;q=0",
    ],
)
def test_that_an_accept_header_for_nothing_here_is_refused(door, accept):
    problem(door.get("/v1/runs", headers={"Accept": accept}), 406, "There is json")


def test_that_headers_with_odd_bytes_do_no_harm(door):
    for name in ("Accept", "If-None-Match"):
        answer = door.get("/v1/runs?limit=1", headers={name: "\xff;q=\xe9, */*"})
        assert answer.status == 200


def test_that_a_huge_filter_is_answered_or_refused_quickly(door):
    numbers = ", ".join(str(number) for number in range(396_201, 396_201 + 2_000))
    found = door.get(f"/v1/runs?{urlencode({'filter': f'run in {numbers}'})}")
    assert len(found.json["rows"]) == 30
    many = " or ".join(f"run = {number}" for number in range(900))
    assert door.get(f"/v1/runs?{urlencode({'filter': many})}").status == 200


def test_that_what_is_too_long_is_refused_and_says_how_to_ask(registry):
    with serving(Acting(registry), limits=Limits(answer_bytes=2_000, body_bytes=300)) as served:
        problem(served.get("/v1/runs"), 422, "longer than")
        problem(served.post("/v1/golden/select", {"rule": "x" * 400}), 413, "longer than")


def test_that_a_table_with_too_many_cells_is_refused(door, monkeypatch):
    monkeypatch.setattr("app.door.v1.tables.MOST_CELLS", 100)
    told = door.get("/v1/season?datasets=online&format=csv")
    problem(told, 422, "columns=")


@pytest.mark.expected_log("was not answered")
def test_that_a_database_that_is_away_is_told(door, monkeypatch):
    def away(*_):
        raise Unavailable("The server is away.")

    monkeypatch.setattr(records, "page", away)
    answer = door.get("/v1/runs")
    problem(answer, 503, "The server is away")
    assert answer.headers["retry-after"] == "5"


@pytest.mark.expected_log("failed")
def test_that_a_bug_is_told_without_its_inside(door, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(records, "page", broken)
    told = problem(door.get("/v1/runs"), 500, "An error in the program")
    assert "secret" not in json.dumps(told)


def test_that_a_token_that_isn_t_believed_is_refused(door):
    answer = door.get("/v1/runs", headers={"Authorization": "Bearer x.y.z"})
    problem(answer, 401, "accepts no tokens")
    assert answer.headers["www-authenticate"] == "Bearer"
