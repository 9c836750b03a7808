"""What the read API answers, compared with what the services say."""

import base64
import hashlib
import io
import json
from urllib.parse import quote, urlencode

import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.door.v1 import reports
from app.door.v1.negotiation import Form
from app.door.v1.operations import OPERATIONS
from app.services import names, notes
from app.services.acting import Acting
from app.services.golden import generation
from tests.builders import EXPERT
from tests.services.offline_runs import PROMPT
from tests.views import many_runs

RUN = many_runs.SIGNED_OFF[0]
GOOD_DT = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
ARROW = "application/vnd.apache.arrow.stream"


def read(door, path, **given):
    answer = door.get(f"{path}?{urlencode(given)}" if given else path)
    assert answer.status == 200, answer.body
    return answer


def every_row(door, path, **given):
    rows = []
    while True:
        page = read(door, path, **given).json
        rows += page["rows"]
        assert len(page["rows"]) <= int(given["limit"])
        if page["next"] is None:
            return rows
        given["cursor"] = page["next"]


def test_that_runs_come_in_pages_with_their_attributes(door):
    rows = every_row(door, "/v1/runs", limit=7)
    assert [row["run_number"] for row in rows] == list(range(396230, 396200, -1))
    assert rows[0]["name"] == "online"
    assert rows[0]["oms"]["energy"] == 6800
    assert rows[0]["rr"]["class"] == "Collisions25"


def test_that_datasets_are_filtered_and_sorted(door):
    rows = every_row(
        door, "/v1/datasets", limit=2, filter="name like '/Prompt%'", sort="-dt-dt.BAD,run"
    )
    assert [row["run_number"] for row in rows][:3] == [RUN, 396201, 396206]
    assert {row["name"] for row in rows} == {PROMPT}
    assert len(rows) == len(many_runs.SIGNED_OFF)
    assert rows[0]["dataset"]["global_state"] == "OPEN"


def test_that_a_page_names_the_next_in_its_header_in_every_form(door):
    for form in ("json", "csv", "arrow", "parquet"):
        answer = read(door, "/v1/runs", limit=29, format=form)
        where, _, rel = answer.headers["link"].partition(">; ")
        assert rel == 'rel="next"'
        assert door.get(where[1:]).status == 200
    following = json.loads(read(door, where[1:].replace("format=parquet&", "")).body)
    assert [row["run_number"] for row in following["rows"]] == [396201]
    assert "link" not in read(door, "/v1/runs", limit=30).headers


def test_that_rows_are_the_same_in_every_form(door):
    rows = read(door, "/v1/runs", limit=5).json["rows"]
    arrow = pyarrow.ipc.open_stream(read(door, "/v1/runs", limit=5, format="arrow").body).read_all()
    parquet = pyarrow.parquet.read_table(
        io.BytesIO(read(door, "/v1/runs", limit=5, format="parquet").body)
    )
    assert arrow.equals(parquet)
    assert arrow["run_number"].to_pylist() == [row["run_number"] for row in rows]
    assert arrow["oms.b_field"].to_pylist() == [3.8] * 5
    assert json.loads(arrow["oms.components"][0].as_py()) == rows[0]["oms"]["components"]
    lines = read(door, "/v1/runs", limit=5, format="csv").body.decode().splitlines()
    assert lines[0].split(",")[:3] == ["run_number", "name", "oms.b_field"]
    assert [line.split(",")[0] for line in lines[1:]] == [str(row["run_number"]) for row in rows]


def test_that_a_run_names_its_datasets(door):
    found = read(door, f"/v1/runs/{RUN}").json
    assert found["run"]["run_number"] == RUN
    assert found["datasets"] == ["online", *sorted(many_runs.NAMES)]


def test_that_lumisections_are_stretches(door):
    found = read(door, "/v1/lumisections", run_number=RUN, name=PROMPT).json["datasets"][0]
    triplets = found["triplets"]
    said = [(first, last, triplets[at][0]) for first, last, at in found["columns"]["dt-dt"]]
    assert said == [(1, 1, "GOOD"), (2, 4, "BAD"), (5, 10, "GOOD")]
    assert ["BAD", "", "hv trip"] in triplets
    assert found["bits"]["bpix_ready"] == [[1, 10, True]]
    assert found["participating"] == [[1, 10]]
    assert len(found["luminosity"]["recorded"]) == found["length"] == 10


def test_that_a_season_is_a_table_of_lumisections(door):
    asked = {"datasets": "/PromptReco/%"}
    table = pyarrow.ipc.open_stream(
        read(door, "/v1/season", **asked, format="arrow").body
    ).read_all()
    assert table.num_rows == 10 * len(many_runs.SIGNED_OFF)
    bad = table.filter(pyarrow.compute.equal(table["dt-dt"].cast("string"), "BAD"))
    assert bad["run_number"].to_pylist() == [RUN] * 3
    assert bad["lumisection"].to_pylist() == [2, 3, 4]
    assert str(table.schema.field("bpix_ready").type) == "bool"
    parquet = pyarrow.parquet.read_table(
        io.BytesIO(read(door, "/v1/season", **asked, format="parquet").body)
    )
    assert parquet.select(table.column_names).to_pylist() == table.to_pylist()
    csv = read(door, "/v1/season", **asked, format="csv", columns="dt-dt,recorded").body
    lines = csv.decode().splitlines()
    assert lines[0] == "run_number,name,lumisection,dt-dt,recorded"
    assert sum(",BAD," in line for line in lines) == 3


def test_that_a_season_at_a_version_is_that_of_then(door, registry):
    before = names.newest_version(Acting(registry)) - 1
    found = read(door, "/v1/season", datasets="/PromptReco/%", as_of=before).json
    assert found["as_of"] == before
    of_run = next(each for each in found["datasets"] if each["run_number"] == RUN)
    assert [each[:2] for each in of_run["columns"]["dt-dt"]] == [[1, 10]]


def test_that_the_history_tells_who_did_what(door):
    asked = {"run_number": RUN, "name": PROMPT, "limit": 1}
    page = read(door, "/v1/history", **asked).json
    newest = page["versions"][0]
    assert (newest["by"], newest["manual"]) == ("expert@cern.ch", True)
    assert newest["lumisections"][0]["column"] == "dt-dt"
    assert newest["lumisections"][0]["ranges"] == [[2, 4]]
    versions = [newest["version"]]
    while page["next"]:
        page = read(door, "/v1/history", **asked, cursor=page["next"]).json
        versions += [each["version"] for each in page["versions"]]
    assert versions == sorted(versions, reverse=True)
    assert len(versions) > 1
    then = read(door, "/v1/history", **asked, as_of=versions[0] - 1).json["versions"]
    assert [each["version"] for each in then] == versions[1:2]


def test_that_a_rule_selects_without_storing(door):
    body = {"rule": GOOD_DT, "datasets": "/PromptReco/%"}
    found = door.post("/v1/golden/select", body).json
    assert found["ranges"][str(RUN)] == [[1, 1], [5, 10]]
    assert found["lumisections"] == 57
    assert found["recorded"] < found["recorded_of_all"]
    luminosity = door.post("/v1/luminosity", {"ranges": found["ranges"]}).json
    assert luminosity["recorded"] == pytest.approx(found["recorded"])
    assert luminosity["lumisections"] == 57
    assert read(door, "/v1/golden").json["lists"] == []


def test_that_stored_lists_are_found_and_given_as_files(door, registry):
    acting = Acting(registry, EXPERT)
    made = [
        generation.generate(acting, "/PromptReco/%", GOOD_DT, tags=f"list{number}", official=True)
        for number in range(3)
    ]
    try:
        page = read(door, "/v1/golden", official="true", limit=2).json
        assert [each["tags"] for each in page["lists"]] == ["list2", "list1"]
        rest = read(door, "/v1/golden", official="true", limit=2, cursor=page["next"]).json
        assert [each["tags"] for each in rest["lists"]] == ["list0"]
        assert rest["next"] is None
        number = made[0].id
        one = read(door, f"/v1/golden/{number}").json
        assert one["rule"] == GOOD_DT
        assert one["list"]["lumisections"] == 57
        file = read(door, f"/v1/golden/{number}/file")
        assert file.json == one["ranges"] == read(door, f"/v1/golden/{number}").json["ranges"]
        anti = read(door, f"/v1/golden/{number}/file", form="anti").json
        assert anti == {str(RUN): [[2, 4]]}
    finally:
        generation.delete(acting, [each.id for each in made])
    assert door.get(f"/v1/golden/{number}").status == 404


def test_that_the_configuration_names_its_lists_and_columns(door):
    found = read(door, "/v1/configuration").json
    assert {"class", "component", "permissions"} <= found["lists"].keys()
    assert found["lists"]["class"]["items"][0]["title"] == "Collisions25"
    assert "dt-dt" in found["online_workspaces"]["dt"]
    assert read(door, "/v1/configuration", as_of=3).json["as_of"] == 3


def test_that_an_answer_that_is_known_isn_t_sent_again(door):
    for path in ("/v1/runs?limit=2", "/v1/season?datasets=online&format=csv", "/v1/openapi.json"):
        first = door.get(path)
        tag = first.headers["etag"]
        for known in (tag, f'"other", W/{tag}', "*"):
            again = door.get(path, headers={"If-None-Match": known})
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert door.get(path, headers={"If-None-Match": '"other"'}).status == 200
    forms = {door.get(f"/v1/runs?format={form}").headers["etag"] for form in ("json", "csv")}
    assert len(forms) == 2


def test_that_the_form_is_that_which_is_accepted(door):
    for accept, kind in (
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/csv", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        (f"{ARROW}, application/json;q=0.1", ARROW),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("application/json;q=0, */*", "text/csv"),
    ):
        answer = door.get("/v1/runs?limit=1", headers={"Accept": accept})
        assert answer.headers["content-type"].partition(";")[0] == kind, accept
        assert answer.headers["vary"] == "Accept"
    forced = door.get("/v1/runs?limit=1&format=csv", headers={"Accept": "application/json"})
    assert forced.headers["content-type"].startswith("text/csv")


def test_that_arrow_is_refused_clearly_where_it_isn_t_installed(door, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    answer = door.get("/v1/runs?format=arrow")
    assert answer.status == 406
    assert "pyarrow is not installed" in answer.json["detail"]
    either = door.get("/v1/runs", headers={"Accept": f"{ARROW}, text/csv"})
    assert either.headers["content-type"].startswith("text/csv")


def test_that_the_document_describes_what_is_answered(door):
    document = read(door, "/v1/openapi.json").json
    OpenAPIV31SpecValidator(document).validate()
    declared = {(each.method.lower(), each.path) for each in OPERATIONS}
    assert {(way, path) for path, ways in document["paths"].items() for way in ways} == declared
    limit = next(
        each
        for each in document["paths"]["/v1/runs"]["get"]["parameters"]
        if each["name"] == "limit"
    )
    assert limit["schema"] == {"default": 100, "maximum": 1000, "minimum": 1, "type": "integer"}


EXAMPLES = {
    "/v1/runs/{run_number}": f"/v1/runs/{RUN}",
    "/v1/history": f"/v1/history?run_number={RUN}",
    "/v1/lumisections": f"/v1/lumisections?run_number={RUN}",
    "/v1/season": f"/v1/season?datasets={quote('/Prompt%')}",
}


@pytest.mark.parametrize(
    "path",
    [
        each.path
        for each in OPERATIONS
        if "golden/{" not in each.path and each.forms[0] is not Form.HTML
    ],
)
def test_that_answers_are_of_their_declared_types(door, path):
    document = read(door, "/v1/openapi.json").json
    way, described = next(iter(document["paths"][path].items()))
    bodies = {
        "/v1/golden/select": {"rule": GOOD_DT, "datasets": "online"},
        "/v1/luminosity": {"ranges": {"396230": [[1, 5]]}},
    }
    answer = door.ask(way.upper(), EXAMPLES.get(path, path), bodies.get(path))
    assert answer.status == 200, answer.body
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    OAS31Validator({**schema, "components": document["components"]}).validate(answer.json)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/reports/shift",
        "/v1/reports/call",
        f"/v1/reports/era?datasets={quote('/PromptReco/%')}",
    ],
)
def test_that_a_report_is_one_page_and_the_same_as_of_a_version(door, registry, path, monkeypatch):
    as_of = f"{path}{'&' if '?' in path else '?'}as_of={names.newest_version(Acting(registry))}"
    page = door.get(as_of, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.status == 200, page.body
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox" in page.headers["content-security-policy"]
    assert "<h1>" in page.body.decode()
    known = {"If-None-Match": page.headers["etag"]}
    # Nobody makes what is kept: neither for who has it, nor for who hasn't.
    monkeypatch.setattr(reports.page, "html_of", None)
    assert door.get(as_of, headers=known).status == 304
    assert read(door, as_of).body == page.body


def test_that_a_page_of_a_report_isn_t_kept_longer_than_it_is_true(door, registry):
    acting = Acting(registry, EXPERT)
    before = read(door, "/v1/reports/shift").body
    notes.add(acting, RUN, "", (), "Seen by everybody")
    assert b"Seen by everybody" not in before
    assert b"Seen by everybody" in read(door, "/v1/reports/shift").body


def test_that_the_page_needs_nothing_from_elsewhere(door):
    page = read(door, "/docs")
    text = page.body.decode()
    assert "default-src 'none'" in page.headers["content-security-policy"]
    style = text.partition("<style>")[2].partition("</style>")[0]
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{hashed}';" in page.headers["content-security-policy"]
    for each in OPERATIONS:
        assert f'id="{each.name}"' in text
    assert "<script" not in text
    assert "http://" not in text.replace("http://HOST", "")
    assert "https://" not in text
