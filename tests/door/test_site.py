"""The pages of the site: what they show, in which shape, and what they never let through."""

import json
import tempfile
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text

from app.door.identity import Identification
from app.models.database.engine import Database
from app.services import notes
from app.services.acting import Acting
from app.services.certification import cycles, second_eyes
from app.services.golden.official import publishing
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.door.serving import serving
from tests.door.site_pages import (
    BROWSER,
    NASTY,
    Page,
    browse,
    certified,
    flag_bad,
    make_official,
    read,
    unpacked,
)
from tests.models.guard.guarded import address, build
from tests.services.offline_runs import FIRST, PROMPT, SECOND

DATASET = f"/browse/runs/{FIRST}/dataset?name={quote(PROMPT, safe='')}"
PICTURE = f"/browse/runs/{FIRST}/lumisections.svg?name={quote(PROMPT, safe='')}"
PAGES = (
    "/",
    "/browse/runs",
    f"/browse/runs/{FIRST}",
    DATASET,
    "/browse/cycles",
    "/golden",
    "/golden/1",
)


ELOG = "https://cmsonline.cern.ch/cms-elog/42"


@pytest.fixture(scope="module")
def filled(server, template):
    """Two certified runs, a cycle and two official lists between which flags were changed; every
    text that a person may choose is markup."""
    with server.opened(template) as database:
        certified(database)
        make_official(database)
        flag_bad(database, NASTY)
        make_official(database, f"after the trip {NASTY}")
        with tempfile.TemporaryDirectory() as folder:
            publishing.publish(Acting(database, EXPERT), [1, 2], Path(folder), NASTY)
        noted = notes.add(Acting(database, EXPERT), FIRST, PROMPT, (), f"{NASTY} {ELOG}").number
        notes.reply(Acting(database, EXPERT), noted, f"answer {NASTY}")
        made = cycles.create(
            Acting(database, EXPERT),
            f"cycle {NASTY}"[:60],
            date(2026, 1, 31),
            ["dt"],
            [(FIRST, PROMPT)],
        )
        second_eyes.freeze(Acting(database, EXPERT), made.id, NASTY)
        with database.transaction() as connection:
            connection.execute(
                text(
                    'UPDATE "Run" SET rr_attributes = rr_attributes ||'
                    " jsonb_build_object('class', CAST(:nasty AS text), 'stop_reason',"
                    " CAST(:nasty AS text)) WHERE run_number = :run"
                ),
                {"nasty": NASTY, "run": SECOND},
            )
        with serving(Acting(database)) as served:
            yield served


def test_that_the_start_names_the_newest_runs_and_the_newest_list_of_each_era(filled):
    page = read(filled, "/")

    assert f"/browse/runs/{SECOND}" in page.links
    assert "/golden/official/Collisions2025/latest.json" in page.links


@pytest.mark.parametrize("path", PAGES)
def test_that_every_link_of_a_page_leads_somewhere(filled, path):
    for link in set(read(filled, path).links):
        if not link.startswith("#") and link != ELOG:
            answer = browse(filled, link)
            assert answer.status == 200, link


@pytest.mark.parametrize("path", PAGES)
def test_that_nothing_a_person_wrote_becomes_markup(filled, path):
    page = read(filled, path)

    assert not {"script", "img", "style", "iframe", "object"} & set(page.tags)
    assert not [each for each in page.attributes if each[1].startswith("on") or each[1] == "style"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (DATASET, "alert(1)"),
        (DATASET, "which is frozen"),
        (f"/browse/runs/{SECOND}", "alert(2)"),
        ("/browse/runs", "alert(1)"),
        ("/browse/cycles", "alert(1)"),
        ("/golden/2", "alert(1)"),
        ("/golden/2", "Cert_Collisions2025_390001_390002_Golden_v2"),
        ("/golden/1", "Superseded by"),
        (f"/browse/runs/{FIRST}", "answer <script>alert(1)"),
        (f"/browse/runs/{FIRST}", "elog 42"),
    ],
)
def test_that_what_a_person_wrote_is_shown_as_written(filled, path, shown):
    assert shown in read(filled, path).text


@pytest.mark.parametrize("path", [*PAGES, "/nothing", "/site.css", "/feed.atom", PICTURE])
def test_that_a_page_may_run_nothing_and_load_nothing_from_elsewhere(filled, path):
    headers = browse(filled, path).headers

    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers


def test_that_a_filter_of_our_language_chooses_the_runs(filled):
    page = read(filled, f"/browse/runs?filter={quote(f'run = {FIRST}')}")

    assert f"/browse/runs/{FIRST}" in page.links
    assert f"/browse/runs/{SECOND}" not in page.links
    assert "1 run," in page.text


@pytest.mark.parametrize(
    "given",
    [
        "nonsense = 1",
        "run = ",
        '"',
        NASTY,
        "(" * 500 + "run = 1" + ")" * 500,
        "not " * 900 + "run = 1",
        "run = 1 or " * 1_000 + "run = 1",
        "x" * 30_000,
        "\x00",
        "run = 99999999999999999999999999",
    ],
)
def test_that_a_filter_that_can_t_be_read_is_told_where_it_was_typed(filled, given):
    answer = browse(filled, f"/browse/runs?filter={quote(given)}"[:30_000])
    page = Page(unpacked(answer).decode())

    assert answer.status in (200, 400)
    if answer.status == 400:
        assert ("input", "aria-invalid", "true") in page.attributes
    assert "script" not in page.tags


@pytest.mark.parametrize("page", ["0", "-1", "abc", "9" * 50, "2", "1e9", "%00"])
def test_that_a_page_that_isn_t_there_says_so(filled, page):
    assert browse(filled, f"/browse/runs?page={page}").status == 200


def test_that_runs_come_in_pages(database):
    configure(database)
    for number in range(390001, 390053):
        pull.apply(Acting(database), a_run(number, 2))
    with serving(Acting(database)) as served:
        first, second = read(served, "/browse/runs"), read(served, "/browse/runs?page=2")

    assert "/browse/runs?page=2" in first.links
    assert "/browse/runs/390052" in first.links
    assert "/browse/runs/390001" in second.links
    assert "/browse/runs?page=3" not in second.links


def test_that_a_dataset_shows_each_column_as_a_strip_with_its_words(filled):
    page = read(filled, DATASET)

    labels = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert "dt-dt: 7 GOOD, 3 BAD" in labels
    assert "LS 3-5: BAD, <script>" in page.text  # the tip of the rectangle
    bad = [value for tag, name, value in page.attributes if (tag, name) == ("rect", "class")]
    assert "bad" in bad


def test_that_a_run_of_5000_lumisections_that_flaps_stays_small(database):
    configure(database)
    flapping = {ls: {"dt0_ready": ls % 3 != 0, "bpix_ready": ls % 2 == 0} for ls in range(1, 5001)}
    pull.apply(Acting(database), a_run(FIRST, 5000, changed=flapping))
    with serving(Acting(database)) as served:
        page = browse(served, f"/browse/runs/{FIRST}")
        packed = browse(served, f"/browse/runs/{FIRST}", **{"Accept-Encoding": "gzip"})
        picture = browse(served, f"/browse/runs/{FIRST}/lumisections.svg")

    assert page.status == picture.status == 200
    assert len(page.body) < 400_000
    assert len(packed.body) < 60_000
    assert len(picture.body) < 250_000
    assert Page(page.body.decode()).text.count("LS ") < 5_000
    assert "more ranges at" in page.body.decode()


def test_that_the_picture_of_the_lumisections_stands_alone(filled):
    answer = browse(filled, PICTURE)

    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.body.startswith(b"<svg ")
    assert b"<title id=" in answer.body
    assert b"<script" not in answer.body


def test_that_a_run_without_lumisections_says_so(database):
    configure(database)
    pull.apply(Acting(database), a_run(FIRST, 0))
    with serving(Acting(database)) as served:
        assert "There are none yet." in read(served, f"/browse/runs/{FIRST}").text


@pytest.mark.parametrize("path", PAGES[:6])
def test_that_an_empty_database_has_pages_too(database, path):
    with serving(Acting(database)) as served:
        wanted = 404 if str(FIRST) in path else 200
        read(served, path, wanted)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/browse",
        "/browse/runs/999999",
        "/browse/runs/abc",
        "/browse/runs/99999999999999999999",
        "/browse/runs/-1",
        f"/browse/runs/{FIRST}/dataset",
        f"/browse/runs/{FIRST}/dataset?name=/no/such/dataset",
        f"/browse/runs/{FIRST}/dataset?name={'x' * 5000}",
        "/golden/0",
        "/golden/99",
        "/golden/%C2%B2",
        "/golden/1e3",
        "/golden/99999999999999999999999",
        "/browse/runs/%2e%2e/%2e%2e/etc/passwd",
        "/golden/1/..%2f..%2fetc%2fpasswd",
        "/golden/1/golden.json%00",
        "/site.css/../../app/settings.py",
        "//evil.example/",
        "/browse/runs//",
    ],
)
def test_that_what_isn_t_there_is_a_page_for_a_browser_and_json_for_a_script(filled, path):
    page = read(filled, path, 404)
    assert "Not found" in page.text
    assert not {each for each in page.links if "evil" in each}

    answer = filled.get(path, headers={"Accept": "*/*"})
    assert answer.status == 404
    if path.startswith(("/browse", "/golden")):
        assert set(answer.json) == {"err"}


def test_that_a_script_that_asks_for_an_unknown_address_hears_what_it_always_heard(filled):
    for path in ("/nothing", "/api/nothing"):
        answer = filled.get(path)
        assert (answer.status, f"Cannot GET {path}" in answer.body.decode()) == (404, True)
    assert b"Cannot GET /api/nothing" in browse(filled, "/api/nothing").body


@pytest.mark.parametrize("path", [*PAGES, "/site.css", "/favicon.svg", "/feed.atom", PICTURE])
def test_that_head_says_what_get_would(filled, path):
    whole, head = browse(filled, path), filled.ask("HEAD", path, headers=BROWSER)

    assert head.body == b""
    assert head.status == 200
    for name in ("content-length", "content-type", "etag"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("path", [*PAGES, "/site.css", "/feed.atom"])
def test_that_what_a_browser_has_already_is_not_sent_again(filled, path):
    whole = browse(filled, path, **{"Accept-Encoding": "gzip"})
    again = browse(
        filled, path, **{"Accept-Encoding": "gzip", "If-None-Match": whole.headers["etag"]}
    )
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == whole.headers["etag"]

    plain = browse(filled, path)
    assert unpacked(whole) == plain.body
    if "content-encoding" in whole.headers:
        assert whole.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize("accepted", ["gzip;q=0", "gzip;q=0.000", "identity", "br", ""])
def test_that_nothing_is_compressed_for_whoever_can_t_read_it(filled, accepted):
    answer = browse(filled, "/browse/runs", **{"Accept-Encoding": accepted})
    assert "content-encoding" not in answer.headers


@pytest.mark.expected_log("failed")
def test_that_a_bug_is_a_page_without_its_inside(filled, monkeypatch):
    def broken(*_):
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("app.services.certification.tables.runs_page", broken)
    page = read(filled, "/browse/runs", 500)

    assert "An error in the program" in page.text
    assert "secret" not in page.text


@pytest.mark.expected_log("was not answered")
def test_that_a_database_that_is_away_is_a_page(database, server):
    with serving(Acting(database)) as served, server.closed(database):
        answer = browse(served, "/browse/runs")
        assert answer.status == 503
        assert answer.headers["retry-after"] == "5"
        assert "try again" in Page(answer.body.decode()).text


def test_that_pages_are_only_read(filled):
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert filled.ask(method, "/browse/runs", {}, BROWSER).status == 404


def test_that_pages_link_below_the_address_that_the_settings_name(filled):
    database = filled.door._reading.db
    with serving(Acting(database), public_url="https://host.example/rr") as served:
        links = read(served, "/").links

    assert "/rr/site.css" in links
    assert all(each.startswith(("/rr/", "#")) for each in links)


def test_that_a_host_that_a_request_invents_is_in_no_page(filled):
    invented = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    for path in (*PAGES, "/feed.atom", "/nothing"):
        assert b"evil.example" not in browse(filled, path, **invented).body


def test_that_the_login_of_a_door_on_a_guarded_database_shows_every_page(server, template):
    name = server.create(template)
    dsn = server.dsn(name)
    owner = Database(dsn)
    owner.prepare()
    build(owner, dsn)
    owner.close()
    door = Database(address(dsn, "g_door"))
    door.prepare()
    try:
        with serving(Acting(door), Identification()) as served:
            runs = read(served, "/browse/runs").links
            run = next(each for each in runs if each.startswith("/browse/runs/"))
            for path in ("/", run, "/golden", "/browse/cycles", "/feed.atom"):
                assert browse(served, path).status == 200, path
    finally:
        door.close()
        server.drop(name)


def test_that_a_script_gets_304_for_what_it_has(filled):
    whole = filled.get(f"/get_all_dataset_names_of_run/{FIRST}")
    tag = whole.headers["etag"]

    for known in (tag, f'"other", {tag}', "*", tag.removeprefix("W/")):
        again = filled.get(
            f"/get_all_dataset_names_of_run/{FIRST}", headers={"If-None-Match": known}
        )
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["access-control-allow-origin"] == "*"
    other = {"If-None-Match": '"other"'}
    assert filled.get(f"/get_all_dataset_names_of_run/{FIRST}", headers=other).status == 200
    posted = filled.post("/runs_filtered_ordered", {}, headers={"If-None-Match": "*"})
    assert json.loads(posted.body)["count"] == 2
