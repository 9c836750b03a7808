"""Golden JSONs under addresses that stay."""

import base64
import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden import generation
from app.services.golden.official.lists import era_of
from tests.builders import EXPERT
from tests.door.serving import serving
from tests.door.site_pages import RULE, certified, flag_bad, make_official, read
from tests.services.offline_runs import FIRST, SECOND

LATEST = "/golden/official/Collisions2025/latest.json"


@pytest.fixture(scope="module")
def filled(server, template):
    """List 1 of two days ago and list 2 of today, between which LS 3 to 5 of a run went BAD; list
    3 is one for muons, 4 isn't official, 5 has no era, 6 was deleted."""
    with server.opened(template) as database:
        certified(database)
        make_official(database)
        flag_bad(database)
        make_official(database)
        make_official(database, "Muon")
        generation.generate(Acting(database, EXPERT), "/PromptReco/Collisions2025_/DQM", RULE)
        make_official(database, pattern="%/(PromptReco/Collisions2025A|Express/Collisions2024)/DQM")
        generation.delete(Acting(database, EXPERT), [make_official(database)])
        move_back(database, 1, days=2)
        with serving(Acting(database)) as served:
            yield served


def move_back(database: Database, id_: int, days: int) -> None:
    with database.transaction() as connection:
        connection.execute(
            text(
                'UPDATE "GeneratedJson" SET "createdAt" = "createdAt" - make_interval(days => :d)'
                " WHERE id = :id"
            ),
            {"d": days, "id": id_},
        )


def day(ago: int) -> str:
    return (datetime.now(UTC) - timedelta(days=ago)).date().isoformat()


BEFORE = {str(FIRST): [[1, 10]], str(SECOND): [[1, 10]]}
AFTER = {str(FIRST): [[1, 2], [6, 10]], str(SECOND): [[1, 10]]}


@pytest.mark.parametrize(
    ("which", "wanted"),
    [("latest", AFTER), (day(0), AFTER), (day(1), BEFORE), (day(2), BEFORE), ("1", BEFORE)],
)
def test_that_an_address_of_an_era_leads_to_its_list(filled, which, wanted):
    assert filled.get(f"/golden/official/Collisions2025/{which}.json").json == wanted


@pytest.mark.parametrize(
    "path",
    [
        f"/golden/official/Collisions2025/{day(4)}.json",
        "/golden/official/Collisions2024/latest.json",
        "/golden/official/Collisions2025/dcs-only/latest.json",
        "/golden/official/Collisions2025/nonsense/latest.json",
        "/golden/official/Collisions2025/3.json",  # a muon list
        "/golden/official/Collisions2025/4.json",  # not official
        "/golden/official/Collisions2025/5.json",  # of two eras
        "/golden/official/Collisions2025/6.json",  # deleted
        "/golden/official/Collisions2025/latest",
        "/golden/official/Collisions2025/2025-02-31.json",
        "/golden/official/%25/latest.json",
        "/golden/official/Collisions2025'/latest.json",
        "/golden/6",
        "/golden/6/golden.json",
        "/golden/2/nonsense.json",
        "/golden/2/csv.json",
        "/golden/2/provenance.json.sha256",
    ],
)
def test_that_no_other_list_stands_in(filled, path):
    answer = filled.get(path)
    assert (answer.status, set(answer.json)) == (404, {"err"})


def test_that_each_kind_of_an_era_has_a_newest_list_of_its_own(filled):
    page = read(filled, "/golden")

    assert "/golden/official/Collisions2025/muon/latest.json" in page.links
    assert filled.get("/golden/official/Collisions2025/muon/latest.json").json == AFTER
    assert "several or none" in page.text
    assert "/golden/4" not in page.links


def test_that_a_list_has_its_digest_as_etag_header_and_file_beside(filled, tmp_path):
    answer = filled.get(LATEST)
    digest = hashlib.sha256(answer.body)

    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    assert answer.headers["x-checksum-sha256"] == digest.hexdigest()
    wanted = base64.b64encode(digest.digest()).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{wanted}:"
    assert answer.headers["content-type"] == "application/json"

    (tmp_path / "latest.json").write_bytes(answer.body)
    beside = filled.get(f"{LATEST}.sha256")
    done = subprocess.run(
        ["sha256sum", "-c", "-"], cwd=tmp_path, input=beside.body, capture_output=True, check=False
    )
    assert done.stdout == b"latest.json: OK\n"


def test_that_a_list_that_is_had_already_is_answered_with_304(filled):
    tag = filled.get(LATEST).headers["etag"]

    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = filled.get(LATEST, headers={"If-None-Match": known})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    for other in ('"x"', tag.strip('"'), ""):
        assert filled.get(LATEST, headers={"If-None-Match": other}).status == 200


def test_that_the_newest_list_is_asked_for_again_and_a_numbered_one_kept(filled):
    assert filled.get(LATEST).headers["cache-control"] == "no-cache, no-transform"
    kept = filled.get("/golden/official/Collisions2025/2.json").headers["cache-control"]
    assert "immutable" in kept


def test_that_a_list_is_never_compressed_so_that_its_digest_holds(filled):
    answer = filled.get(LATEST, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.json == AFTER


@pytest.mark.parametrize(
    "file",
    ["golden.json", "with-dataset-names.json", "anti.json", "anti-with-dataset-names.json"],
)
def test_that_every_form_of_a_list_has_an_address(filled, file):
    answer = filled.get(f"/golden/2/{file}")
    assert answer.status == 200
    assert json.loads(answer.body)
    assert f"  {file}\n" in filled.get(f"/golden/2/{file}.sha256").body.decode()


def test_that_the_forms_for_other_programs_are_as_they_read_them(filled):
    assert filled.get("/golden/2/runs.txt").body == f"{FIRST}\n{SECOND}\n".encode()
    assert filled.get("/golden/2/brilcalc.json").json == AFTER


def test_that_the_provenance_names_what_the_list_was_made_from(filled):
    found = filled.get("/golden/2/provenance.json").json

    assert found["golden_json"] == 2
    assert (
        found["file_sha256"] == hashlib.sha256(filled.get("/golden/2/golden.json").body).hexdigest()
    )
    assert {each["run_number"] for each in found["datasets"]} == {FIRST, SECOND}


def test_that_a_list_says_what_changed_since_the_one_before(filled):
    words = " ".join(read(filled, "/golden/2").text.split())

    assert "Since list 1 of" in words
    assert "gained 0 lumisections" in words
    assert "lost 3 lumisections (0.901 pb−1)" in words
    assert "the same as now" in words
    first = " ".join(read(filled, "/golden/1").text.split())
    assert "There is no earlier official list" in first


def test_that_two_doors_give_the_same_list_and_tag(filled, dsn):
    database = filled.door._reading.db
    with serving(Acting(database)) as other:
        for path in (LATEST, "/golden/2", "/feed.atom", f"/browse/runs/{FIRST}"):
            one, two = filled.get(path), other.get(path)
            assert (one.body, one.headers["etag"]) == (two.body, two.headers["etag"])


@pytest.mark.parametrize(
    ("texts", "era"),
    [
        (("/PromptReco/Collisions2025C/DQM",), "Collisions2025"),
        (("%Collisions2025%|%Collisions2025B%",), "Collisions2025"),
        (("%Collisions2025%|%Collisions2024%", "Collisions2025"), ""),
        (("%", "final HIRun2023"), "HIRun2023"),
        (("/PromptReco/HICosmics18A/DQM",), "HICosmics18"),
        (("online",), ""),
    ],
)
def test_that_an_era_is_the_one_period_that_the_pattern_or_else_the_tags_name(texts, era):
    assert era_of(*texts) == era
