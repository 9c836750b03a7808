"""The Atom feed."""

import re
from datetime import datetime
from xml.etree import ElementTree

import pytest
from sqlalchemy import text

from app.services.acting import Acting
from app.services.golden import generation
from tests.builders import EXPERT
from tests.door.serving import serving
from tests.door.site_pages import NASTY, browse, certified, flag_bad, make_official
from tests.services.offline_runs import FIRST, SECOND

ATOM = "{http://www.w3.org/2005/Atom}"
SITE = "https://runregistry.example.ch"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture(scope="module")
def filled(server, template):
    with server.opened(template) as database:
        certified(database)
        make_official(database, NASTY)
        flag_bad(database, f"HV trip {NASTY} \x01")
        generation.generate(
            Acting(database, EXPERT), "/PromptReco/Collisions2025_/DQM", {"==": [1, 1]}
        )
        with serving(Acting(database), public_url=SITE) as served:
            yield served


def feed(served) -> ElementTree.Element:
    answer = served.get("/feed.atom")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.body)


def check_valid(root: ElementTree.Element) -> None:
    """What RFC 4287 demands of a feed and of each of its entries."""
    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    links = [link.get("rel") for link in root.findall(f"{ATOM}link")]
    assert sorted(links) == ["alternate", "self"]
    for part in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(part.findall(f"{ATOM}{name}")) == 1
        assert part.findtext(f"{ATOM}id").startswith("urn:uuid:")
        assert _TIME.fullmatch(part.findtext(f"{ATOM}updated"))
        datetime.fromisoformat(part.findtext(f"{ATOM}updated"))
        assert part.find(f"{ATOM}link[@rel='alternate']") is not None
    ids = [each.text for each in root.iter(f"{ATOM}id")]
    assert len(ids) == len(set(ids))


def test_that_the_feed_is_valid_and_its_links_lead_somewhere(filled):
    root = feed(filled)
    check_valid(root)
    for link in root.iter(f"{ATOM}link"):
        path = link.get("href").removeprefix(SITE)
        assert path.startswith("/")
        assert browse(filled, path).status == 200


def test_that_it_tells_of_official_lists_and_of_what_people_flagged_only(filled):
    entries = feed(filled).findall(f"{ATOM}entry")
    titles = [each.findtext(f"{ATOM}title", "") for each in entries]

    assert [each for each in titles if "list" in each] == ["Official list 1 of Collisions2025"]
    assert any(f"run {FIRST}" in each for each in titles)
    assert any(f"run {SECOND}" in each for each in titles)
    # What the program itself did when the runs came isn't told.
    assert not [each for each in entries if "creation" in each.findtext(f"{ATOM}summary", "")]
    times = [each.findtext(f"{ATOM}updated") for each in entries]
    assert times == sorted(times, reverse=True)
    assert {each.find(f"{ATOM}category").get("term") for each in entries} == {
        "official list",
        "flagged run",
    }


def test_that_an_entry_keeps_its_id_when_others_come(filled):
    database = filled.door._reading.db

    def ids():
        return {
            each.findtext(f"{ATOM}title"): each.findtext(f"{ATOM}id")
            for each in feed(filled).findall(f"{ATOM}entry")
            if "list" in each.findtext(f"{ATOM}title", "")
        }

    before = ids()
    made = make_official(database)
    after = ids()
    assert before.items() < after.items()
    generation.delete(Acting(database, EXPERT), [made])
    assert ids() == before


def test_that_it_is_the_same_under_another_address_but_for_its_links(filled):
    database = filled.door._reading.db
    with serving(Acting(database)) as other:
        root = feed(other)
        check_valid(root)
        assert [each.text for each in root.iter(f"{ATOM}id")] == [
            each.text for each in feed(filled).iter(f"{ATOM}id")
        ]
        assert {each.get("href")[0] for each in root.iter(f"{ATOM}link")} == {"/"}


def test_that_characters_that_no_xml_may_have_don_t_break_it(database):
    certified(database)
    make_official(database, "tag")
    with database.transaction() as connection:
        connection.execute(
            text('UPDATE "GeneratedJson" SET tags = :tags'), {"tags": "bell \x07 ]]> \ufffe &"}
        )
    with serving(Acting(database)) as served:
        said = feed(served).find(f"{ATOM}entry[{ATOM}category]")
        assert said is not None
        assert "bell \ufffd ]]> \ufffd &" in served.get("/feed.atom").body.decode().replace(
            "&gt;", ">"
        ).replace("&amp;", "&")


def test_that_a_feed_of_nothing_is_valid(database):
    with serving(Acting(database)) as served:
        check_valid(feed(served))
        assert not feed(served).findall(f"{ATOM}entry")
