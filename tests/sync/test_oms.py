"""What OMS says, page by page: complete and checked, or refused with its place."""

import gzip
import zlib
from collections.abc import Callable

import pytest

from app.domain.errors import NotFound, Refused
from app.domain.json_value import JsonValue
from app.sync.oms import OmsClient
from app.sync.oms_requests import MalformedAnswer, OmsUnavailable
from tests.sync.asking_oms import ask, settings_of, tokens, with_credentials
from tests.sync.misbehaving_oms import (
    Answer,
    MisbehavingOms,
    Request,
    a_run,
    document,
    some_lumisections,
)

# Malformed answers


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html><title>Sign in</title>", "gives HTML"),
        (b'{"data": [{"attributes": {"run_num', "an answer that breaks off"),
        (b"", "an answer that isn't JSON"),
        (b"[]", "an answer that is not a JSON document"),
        (b"7", "an answer that is not a JSON document"),
        (b"{}", "answers without data"),
        (b'{"data": null}', "answers without data"),
        (b'{"data": "runs"}', "answers without data"),
        (b'{"data": ["run"]}', "a run without attributes: null"),
        (b'{"data": [{"id": "7"}]}', "a run without attributes: null"),
        (b'{"data": [{"attributes": {"run_number": "355100"}}]}', 'run_number is "355100"'),
        (b"\xff\xfe" + b"[" * 200_000, "an answer that breaks off"),
    ],
)
def test_that_a_malformed_answer_is_reported_with_address_and_first_bytes(
    oms: MisbehavingOms, body: bytes, said: str
) -> None:
    oms.on("/runs", Answer(body))
    with pytest.raises(MalformedAnswer) as failure:
        ask(settings_of(oms), lambda client: client.run_attributes(355100))
    assert said in str(failure.value)
    assert f"{oms.url}/runs?filter[run_number]=355100" in str(failure.value)
    assert body[:8].decode("ascii", "replace").strip()[:3].replace("�", "") in str(failure.value)
    assert len(str(failure.value)) < 1000
    assert len(oms.requests) == 1


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (b'{"attributes": {"b_field": NaN}}', "NaN is not a number"),
        (b'{"attributes": {"l1_key": "a\\u0000"}}', "a NUL character in 'attributes.l1_key'"),
        (b'{"attributes": {"l1_key": "\\ud800"}}', "half of a surrogate pair"),
        (b'{"attributes": {"b_field": 1e400}}', "holds 1e400, a number too large"),
    ],
)
def test_that_a_record_that_can_t_be_kept_is_reported_with_its_own_first_bytes(
    oms: MisbehavingOms, record: bytes, said: str
) -> None:
    oms.on("/runs", Answer(b'{"data": [' + record + b"]}"))
    with pytest.raises(MalformedAnswer) as failure:
        ask(settings_of(oms), lambda client: client.run_attributes(355100))
    assert "OMS gives run 355100 in a record that " in str(failure.value)
    assert said in str(failure.value)
    assert f"{oms.url}/runs?filter[run_number]=355100: '{record[:16].decode()}" in str(
        failure.value
    )


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_that_a_packed_answer_is_unpacked(
    oms: MisbehavingOms, pack: Callable[[bytes], bytes]
) -> None:
    plain = document([a_run(355100)]).body
    encoding = "gzip" if pack is gzip.compress else "deflate"
    oms.on("/runs", Answer(pack(plain), headers={"Content-Encoding": encoding}))
    attributes = ask(settings_of(oms), lambda client: client.run_attributes(355100))
    assert attributes["run_number"] == 355100


def test_that_a_lumisection_of_wrong_type_is_reported_with_run_attribute_and_address(
    oms: MisbehavingOms,
) -> None:
    oms.on("/lumisections", document(some_lumisections(1, 2, cms_active="yes")))
    with pytest.raises(MalformedAnswer) as failure:
        ask(settings_of(oms), lambda client: client.lumisections(355100))
    assert 'Run 355100, lumisection 1: OMS gives cms_active = "yes"' in str(failure.value)
    assert "/lumisections?filter[run_number]=355100" in str(failure.value)


@pytest.mark.parametrize("behind", [b"", b"." * 100_000, b"." * 3_000_000])
def test_that_another_4xx_is_not_asked_again(oms: MisbehavingOms, behind: bytes) -> None:
    oms.on("/runs", Answer(b"bad filter" + behind, 400))
    with pytest.raises(OmsUnavailable, match=r"OMS answers 400 at .*'bad filter"):
        ask(settings_of(oms), lambda client: client.run_attributes(355100))
    assert len(oms.requests) == 1


# Paging and content


def test_that_5000_and_more_lumisections_come_over_several_pages(oms: MisbehavingOms) -> None:
    def page(request: Request) -> Answer:
        first = int(request.query.get("page[offset]", 0)) + 1
        last = min(12_345, first + int(request.query["page[limit]"]) - 1)
        return document(some_lumisections(*range(first, last + 1)), total=12_345)

    oms.on("/lumisections", page)
    found = ask(settings_of(oms), lambda client: client.lumisections(355100))
    assert [ls["lumisection_number"] for ls in found] == list(range(1, 12_346))
    assert [request.query.get("page[offset]") for request in oms.requests] == [
        None,
        "5000",
        "10000",
    ]
    assert {request.query["page[limit]"] for request in oms.requests} == {"5000"}


def test_that_pages_smaller_than_asked_for_are_followed_to_the_end(oms: MisbehavingOms) -> None:
    def page(request: Request) -> Answer:
        first = int(request.query.get("page[offset]", 0)) + 1
        return document(some_lumisections(*range(first, min(first + 9, 25) + 1)), total=25)

    oms.on("/lumisections", page)
    found = ask(settings_of(oms), lambda client: client.lumisections(355100))
    assert len(found) == 25


def test_that_next_links_are_followed_where_no_total_is_given(oms: MisbehavingOms) -> None:
    oms.on(
        "/lumisections",
        document(some_lumisections(1, 2), following="/agg/api/v1/lumisections?cursor=b"),
        document(some_lumisections(3)),
    )
    found = ask(settings_of(oms), lambda client: client.lumisections(355100))
    assert len(found) == 3
    assert oms.requests[1].query == {"cursor": "b"}


def test_that_a_next_link_to_another_server_never_gets_our_token(oms: MisbehavingOms) -> None:
    oms.on("/token", tokens(1200))
    oms.on(
        "/lumisections",
        document(some_lumisections(1, 2), following="https://elsewhere.invalid/lumisections?p=2"),
        document(some_lumisections(3)),
    )
    found = ask(with_credentials(oms), lambda client: client.lumisections(355100))
    assert len(found) == 3
    assert oms.requests[-1].query["page[offset]"] == "2"


def test_that_fewer_entries_than_promised_are_an_error_and_not_a_short_run(
    oms: MisbehavingOms,
) -> None:
    oms.on("/lumisections", document(some_lumisections(1, 2, 3), total=9), document([], total=9))
    with pytest.raises(MalformedAnswer, match="announces 9 entries and gives 3"):
        ask(settings_of(oms), lambda client: client.lumisections(355100))


def test_that_a_server_that_gives_one_page_for_ever_is_left(oms: MisbehavingOms) -> None:
    oms.on("/lumisections", document(some_lumisections(1, 2), total=1000))
    with pytest.raises(MalformedAnswer, match="the same page again and again"):
        ask(settings_of(oms), lambda client: client.lumisections(355100))
    assert len(oms.requests) == 2


def test_that_links_in_a_circle_are_left(oms: MisbehavingOms) -> None:
    oms.on(
        "/lumisections",
        document(some_lumisections(1), following="?p=2"),
        document(some_lumisections(2), following="?p=3"),
        document(some_lumisections(3), following="?p=2"),
    )
    with pytest.raises(MalformedAnswer, match="circle"):
        ask(settings_of(oms), lambda client: client.lumisections(355100))


def test_that_gaps_in_lumisection_numbers_stay_and_order_is_by_number(
    oms: MisbehavingOms,
) -> None:
    oms.on("/lumisections", document(some_lumisections(14, 1, 2, 13), total=4))
    found = ask(settings_of(oms), lambda client: client.lumisections(355104))
    assert [ls["lumisection_number"] for ls in found] == [1, 2, 13, 14]


def test_that_runs_are_read_by_last_update_and_bad_records_are_set_apart(
    oms: MisbehavingOms,
) -> None:
    oms.on(
        "/runs",
        document([a_run(355102), a_run(355101, end_time=5), None], total=4),
        document([a_run(355100)], total=4),
    )

    async def pages(client: OmsClient) -> list[tuple[list[JsonValue], list[int | None]]]:
        return [
            ([run["run_number"] for run in page.runs], [number for number, _ in page.problems])
            async for page in client.runs_by_last_update()
        ]

    found = ask(settings_of(oms, runs_per_page=3), pages)
    assert found == [([355102], [355101, None]), ([355100], [])]
    assert oms.requests[0].query == {"sort": "-last_update", "page[limit]": "3"}


def test_that_a_run_that_oms_does_not_have_is_not_found(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([], total=0))
    with pytest.raises(NotFound, match="doesn't know run 355100"):
        ask(settings_of(oms), lambda client: client.run_attributes(355100))


def test_that_a_server_that_ignores_the_filter_gives_no_other_run(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([a_run(355101)], total=1))
    with pytest.raises(NotFound):
        ask(settings_of(oms), lambda client: client.run_attributes(355100))


@pytest.mark.parametrize("answer", [document([], total=0), Answer(b"{}", 404)])
def test_that_a_fill_oms_does_not_know_is_none(oms: MisbehavingOms, answer: Answer) -> None:
    oms.on("/fills", answer)
    assert ask(settings_of(oms), lambda client: client.fill(7963)) is None


def test_that_a_run_comes_with_lumisections_and_fill(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([a_run(355100, fill_number=7963)]))
    oms.on("/lumisections", document(some_lumisections(1, 2)))
    oms.on("/fills", document([{"fill_number": 7963, "era": "2022B"}]))
    run = ask(settings_of(oms), lambda client: client.run(355100))
    assert run.run_number == 355100
    assert len(run.lumisections) == 2
    assert run.fill == {"fill_number": 7963, "era": "2022B"}


def test_that_a_malformed_fill_is_refused(oms: MisbehavingOms) -> None:
    oms.on("/fills", Answer(b'{"data": ["fill"]}'))
    with pytest.raises(Refused, match="gives fill 7963 no attributes"):
        ask(settings_of(oms), lambda client: client.fill(7963))
