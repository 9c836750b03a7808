"""The client of OMS against a server that misbehaves."""

import asyncio
import gzip
import json
import logging
import ssl
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import trustme

from app.domain.errors import BadInput, NotFound, Refused
from app.domain.foreign_json import JsonLimits
from app.domain.json_value import JsonValue
from app.sync.back_off import Wait
from app.sync.http import shown_url
from app.sync.oms import OmsClient
from app.sync.oms_requests import MalformedAnswer, OmsSettings, OmsUnavailable
from tests.sync.misbehaving_oms import (
    Answer,
    MisbehavingOms,
    Request,
    a_run,
    document,
    some_lumisections,
)

Result = TypeVar("Result")

SECRET = "s3cr3t-of-the-client"


def settings_of(oms: MisbehavingOms, **changes: object) -> OmsSettings:
    plain = OmsSettings(
        url=oms.url,
        token_url=oms.url.replace("/agg/api/v1", "/token"),
        pause_s=0.0,
        request_limit_s=5.0,
        first_wait_s=0.001,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def with_credentials(oms: MisbehavingOms, **changes: object) -> OmsSettings:
    return settings_of(oms, client_id="registry", client_secret=SECRET, **changes)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def ask(
    settings: OmsSettings,
    question: Callable[[OmsClient], Awaitable[Result]],
    clock: Clock | None = None,
    on_wait: Callable[[Wait | None], None] | None = None,
) -> Result:
    """Asks with a client of its own, whose clock is the given one."""
    clock = clock or Clock()

    async def go() -> Result:
        client = OmsClient(
            settings, on_wait=on_wait, sleep=clock.sleep, clock=clock, jitter=lambda: 1.0
        )
        async with client:
            return await question(client)

    return asyncio.run(go())


def tokens(*lives: JsonValue) -> Callable[[Request], Answer]:
    """A token endpoint: the n-th exchange gives `token-n` for that life, the last for ever."""
    given = 0

    def script(request: Request) -> Answer:
        nonlocal given
        if request.form["grant_type"] == "client_credentials":
            return Answer(json.dumps({"access_token": "subject"}).encode())
        given += 1
        life = lives[min(given, len(lives)) - 1]
        return Answer(json.dumps({"access_token": f"token-{given}", "expires_in": life}).encode())

    return script


# Token


def test_that_without_credentials_no_token_is_asked_for(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([a_run(355100)]))
    ask(settings_of(oms), lambda client: client.run_attributes(355100))
    assert oms.paths() == ["/runs"]
    assert oms.requests[0].authorization is None


def test_that_the_token_comes_from_credentials_and_an_exchange(oms: MisbehavingOms) -> None:
    oms.on("/token", tokens(1200))
    oms.on("/runs", document([a_run(355100)]))
    ask(with_credentials(oms), lambda client: client.run_attributes(355100))
    first, second, third = oms.requests
    assert first.form == {
        "grant_type": "client_credentials",
        "client_id": "registry",
        "client_secret": SECRET,
        "audience": "cmsoms-prod",
    }
    assert second.form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "client_id": "registry",
        "client_secret": SECRET,
        "audience": "cmsoms-prod",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token": "subject",
    }
    assert third.authorization == "Bearer token-1"


def test_that_a_token_is_kept_until_shortly_before_it_expires(oms: MisbehavingOms) -> None:
    oms.on("/token", tokens(1200))
    oms.on("/runs", document([a_run(355100)]))
    clock = Clock()

    async def thrice(client: OmsClient) -> None:
        await client.run_attributes(355100)
        clock.now += 1100
        await client.run_attributes(355100)
        clock.now += 80
        await client.run_attributes(355100)

    ask(with_credentials(oms), thrice, clock)
    sent = [request.authorization for request in oms.requests if request.path == "/runs"]
    assert sent == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("refusal", [Answer(b"no", 401), Answer(b"", 302, {"Location": "/login"})])
def test_that_a_refused_token_is_dropped_once_and_a_new_one_tried(
    oms: MisbehavingOms, refusal: Answer
) -> None:
    oms.on("/token", tokens(1200))
    oms.on("/runs", refusal, document([a_run(355100)]))
    run = ask(with_credentials(oms), lambda client: client.run_attributes(355100))
    assert run["run_number"] == 355100
    sent = [request.authorization for request in oms.requests if request.path == "/runs"]
    assert sent == ["Bearer token-1", "Bearer token-2"]


def test_that_a_second_401_ends_it(oms: MisbehavingOms) -> None:
    oms.on("/token", tokens(1200))
    oms.on("/runs", Answer(b"no", 401))
    with pytest.raises(OmsUnavailable, match="doesn't accept our credentials"):
        ask(with_credentials(oms), lambda client: client.run_attributes(355100))
    assert oms.paths().count("/runs") == 2


def test_that_oms_wanting_a_token_from_a_client_without_credentials_is_said(
    oms: MisbehavingOms,
) -> None:
    oms.on("/runs", Answer(b"no", 401))
    with pytest.raises(OmsUnavailable, match="give client id and secret"):
        ask(settings_of(oms), lambda client: client.run_attributes(355100))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b'{"error": "invalid_client"}', 401), r"refuses our credentials \(401, invalid"),
        (Answer(b"<html>", 400), r"refuses our credentials \(400, no reason given\)"),
        (Answer(b"<html>"), "answers without a token"),
        (Answer(b'{"access_token": 7}'), "answers without a token"),
        (Answer(b"[]"), "answers without a token"),
        (Answer(b"", 503), "503 from"),
    ],
)
@pytest.mark.expected_log("asked again in", always=False)
def test_that_a_token_server_that_gives_no_token_is_named(
    oms: MisbehavingOms, answer: Answer, said: str
) -> None:
    oms.on("/token", answer)
    with pytest.raises(OmsUnavailable, match=said) as failure:
        ask(with_credentials(oms), lambda client: client.run_attributes(355100))
    assert "/runs" not in oms.paths()
    assert SECRET not in str(failure.value)


@pytest.mark.expected_log("asked again in")
def test_that_secrets_and_tokens_are_in_no_message_repr_or_log(
    oms: MisbehavingOms, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    oms.on("/token", tokens(1200))
    oms.on(
        "/runs",
        Answer(b"", 500),
        Answer(f"<p>you sent Bearer token-1 and {SECRET}".encode()),
    )
    settings = with_credentials(oms)

    async def question(client: OmsClient) -> str:
        with suppress(MalformedAnswer):
            await client.run_attributes(355100)
        try:
            await client.run_attributes(355100)
        except MalformedAnswer as error:
            return f"{error} {error!r} {client!r} {settings!r}"
        return ""

    text = ask(settings, question) + caplog.text
    assert "you sent Bearer *** and ***" in text
    for hidden in (SECRET, "token-1", "subject_token=subject"):
        assert hidden not in text


def test_that_a_password_in_the_address_is_not_shown(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(b"<html>"))
    settings = settings_of(oms, url=oms.url.replace("http://", "http://me:hidden-word@"))
    with pytest.raises(MalformedAnswer) as failure:
        ask(settings, lambda client: client.run_attributes(355100))
    assert "hidden-word" not in str(failure.value)
    assert "hidden-word" not in repr(OmsClient(settings))


def test_that_an_address_a_server_leads_to_is_shown_harmless() -> None:
    url = httpx.URL("https://me:hidden@oms/agg/runs?page[offset]=3&x=%1b[2J%0Aforged%E2%80%AE")
    assert shown_url(url) == "https://oms/agg/runs?page[offset]=3&x=%1B[2J%0Aforged%E2%80%AE"


# Manners


@pytest.mark.expected_log("asked again in")
def test_that_retry_after_in_seconds_is_obeyed(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(b"", 429, {"Retry-After": "17"}), document([a_run(355100)]))
    clock = Clock()
    waits: list[Wait | None] = []
    ask(settings_of(oms), lambda client: client.run_attributes(355100), clock, waits.append)
    assert clock.slept == [17.0]
    assert waits[0] is not None
    assert waits[0].seconds == 17.0
    assert "429" in waits[0].reason
    assert waits[1:] == [None]


@pytest.mark.expected_log("asked again in")
def test_that_retry_after_as_a_date_is_obeyed(oms: MisbehavingOms) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    oms.on("/runs", Answer(b"", 503, {"Retry-After": date}), document([a_run(355100)]))
    clock = Clock()
    ask(settings_of(oms), lambda client: client.run_attributes(355100), clock)
    assert 35 < clock.slept[0] <= 40


@pytest.mark.expected_log("asked again in")
def test_that_retry_after_is_capped(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(b"", 429, {"Retry-After": "86400"}), document([a_run(355100)]))
    clock = Clock()
    ask(
        settings_of(oms, longest_wait_s=120.0),
        lambda client: client.run_attributes(355100),
        clock,
    )
    assert clock.slept == [120.0]


@pytest.mark.parametrize("nonsense", ["soon", "-3", "", "Wed, 99 Foo"])
@pytest.mark.expected_log("asked again in", always=False)
def test_that_a_retry_after_that_says_nothing_is_ignored(
    oms: MisbehavingOms, nonsense: str
) -> None:
    oms.on("/runs", Answer(b"", 429, {"Retry-After": nonsense}), document([a_run(355100)]))
    clock = Clock()
    ask(settings_of(oms, first_wait_s=1.0), lambda client: client.run_attributes(355100), clock)
    assert clock.slept == [1.0]


@pytest.mark.expected_log("asked again in")
def test_that_500_thrice_is_waited_out_longer_each_time(oms: MisbehavingOms) -> None:
    oms.on("/runs", *[Answer(b"oops", 500)] * 3, document([a_run(355100)]))
    clock = Clock()
    run = ask(
        settings_of(oms, first_wait_s=1.0), lambda client: client.run_attributes(355100), clock
    )
    assert run["run_number"] == 355100
    assert clock.slept == [1.0, 2.0, 4.0]


@pytest.mark.expected_log("asked again in")
def test_that_500_for_ever_is_unavailable_after_the_last_try(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(b"oops", 500))
    with pytest.raises(OmsUnavailable, match=r"failed 5 times: 500 from "):
        ask(settings_of(oms), lambda client: client.run_attributes(355100))
    assert len(oms.requests) == 5


@pytest.mark.expected_log("asked again in")
def test_that_jitter_takes_up_to_half_of_a_wait(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(b"", 500), document([a_run(355100)]))
    clock = Clock()

    async def go() -> None:
        async with OmsClient(
            settings_of(oms, first_wait_s=8.0), sleep=clock.sleep, clock=clock, jitter=lambda: 0.0
        ) as client:
            await client.run_attributes(355100)

    asyncio.run(go())
    assert clock.slept == [4.0]


@pytest.mark.expected_log("asked again in")
def test_that_an_answer_that_never_comes_is_given_up_and_asked_for_again(
    oms: MisbehavingOms,
) -> None:
    oms.on("/runs", Answer(hangs=True), document([a_run(355100)]))
    run = ask(settings_of(oms, request_limit_s=0.1), lambda client: client.run_attributes(355100))
    assert run["run_number"] == 355100


@pytest.mark.expected_log("asked again in")
def test_that_a_server_that_never_answers_is_unavailable(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(hangs=True))
    with pytest.raises(OmsUnavailable, match="no answer in time"):
        ask(
            settings_of(oms, request_limit_s=0.05, tries=2),
            lambda client: client.run_attributes(355100),
        )


@pytest.mark.expected_log("asked again in")
def test_that_a_connection_that_breaks_off_is_tried_again(oms: MisbehavingOms) -> None:
    whole = document([a_run(355100)])
    oms.on("/runs", replace(whole, cut_to=30), whole)
    run = ask(settings_of(oms), lambda client: client.run_attributes(355100))
    assert run["run_number"] == 355100


@pytest.mark.expected_log("asked again in")
def test_that_nobody_at_the_address_is_unavailable(oms: MisbehavingOms) -> None:
    settings = settings_of(oms, tries=2)
    oms.close()
    with pytest.raises(OmsUnavailable, match="no connection to http://127"):
        ask(settings, lambda client: client.run_attributes(355100))


def test_that_a_pause_is_kept_between_two_requests(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([a_run(355100)]))
    clock = Clock()

    async def twice(client: OmsClient) -> None:
        await client.run_attributes(355100)
        clock.now += 0.25
        await client.run_attributes(355100)
        clock.now += 60
        await client.run_attributes(355100)

    ask(settings_of(oms, pause_s=2.0), twice, clock)
    assert clock.slept == [1.75]


def test_that_oms_is_asked_one_thing_at_a_time(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([a_run(355100)]))

    async def at_once(client: OmsClient) -> None:
        await asyncio.gather(*(client.run_attributes(355100) for _ in range(8)))

    ask(settings_of(oms), at_once)
    assert len(oms.requests) == 8
    assert oms.most_at_once == 1


async def cancelled(work: Awaitable[object]) -> float:
    """Seconds that cancelling took."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    began = time.monotonic()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return time.monotonic() - began


@pytest.mark.expected_log("asked again in")
def test_that_a_long_back_off_is_cancelled_at_once(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(b"", 429, {"Retry-After": "250"}))

    async def go() -> float:
        waiting = asyncio.Event()
        async with OmsClient(
            settings_of(oms), on_wait=lambda wait: waiting.set() if wait else None
        ) as client:
            task = asyncio.ensure_future(client.run_attributes(355100))
            await waiting.wait()
            return await cancelled(task)

    assert asyncio.run(go()) < 0.2


def test_that_a_request_in_flight_is_cancelled_at_once(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(hangs=True))

    async def go() -> float:
        async with OmsClient(settings_of(oms, request_limit_s=60.0)) as client:
            task = asyncio.ensure_future(client.run_attributes(355100))
            await asyncio.to_thread(oms.hanging.wait, 10)
            return await cancelled(task)

    assert asyncio.run(go()) < 0.2


# Trust


@contextmanager
def over_tls(authority: trustme.CA) -> Iterator[MisbehavingOms]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = MisbehavingOms(tls=context)
    try:
        server.on("/runs", document([a_run(355100)]))
        yield server
    finally:
        server.close()


def test_that_a_certificate_of_an_unknown_authority_is_refused_at_once() -> None:
    with over_tls(trustme.CA()) as oms:
        clock = Clock()
        with pytest.raises(OmsUnavailable, match="certificate of localhost can't be verified"):
            ask(settings_of(oms), lambda client: client.run_attributes(355100), clock)
        assert clock.slept == []
        assert oms.requests == []


def test_that_the_authorities_of_the_bundle_are_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "cern.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with over_tls(authority) as oms:
        run = ask(settings_of(oms, ca_bundle=bundle), lambda client: client.run_attributes(355100))
    assert run["run_number"] == 355100


def test_that_a_bundle_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = OmsSettings(url="https://oms.invalid/agg/api/v1", ca_bundle=tmp_path / "no.pem")
    with pytest.raises(BadInput, match=r"no\.pem can't be read"):
        ask(settings, lambda client: client.run_attributes(355100))


@pytest.mark.parametrize("address", ["", "cmsoms.cern.ch/agg", "ftp://cmsoms.cern.ch", "http://"])
def test_that_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="address of OMS"):
        OmsClient(OmsSettings(url=address))


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


def test_that_an_answer_longer_than_any_good_one_is_refused_once(
    oms: MisbehavingOms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packed or not; it isn't read to its end."""
    monkeypatch.setattr("app.sync.oms_requests.LIMITS", JsonLimits(text_bytes=2 << 20))
    oms.on(
        "/runs",
        Answer(gzip.compress(b" " * (30 << 20)), headers={"Content-Encoding": "gzip"}),
        Answer(b" " * (3 << 20)),
        Answer(b"{}", headers={"Content-Encoding": "br"}),
        Answer(b"{}", headers={"Content-Encoding": "gzip, gzip"}),
    )
    for said in ("longer than 2 MB", "longer than 2 MB", "packed as 'br'", "'gzip, gzip'"):
        with pytest.raises(MalformedAnswer) as failure:
            ask(settings_of(oms), lambda client: client.run_attributes(355100))
        assert said in str(failure.value)
        assert f"{oms.url}/runs?filter[run_number]=355100" in str(failure.value)
    assert len(oms.requests) == 4


@pytest.mark.expected_log("broken compression in the answer of .*; asked again in")
def test_that_an_answer_that_unpacks_to_nothing_or_half_is_asked_for_again(
    oms: MisbehavingOms,
) -> None:
    packed = {"Content-Encoding": "gzip"}
    whole = gzip.compress(document([a_run(355100)]).body)
    oms.on(
        "/runs",
        Answer(b"no gzip", headers=packed),
        Answer(whole[:-12], headers=packed),
        Answer(whole, headers=packed),
    )
    attributes = ask(settings_of(oms), lambda client: client.run_attributes(355100))
    assert attributes["run_number"] == 355100
    assert len(oms.requests) == 3


@pytest.mark.parametrize(
    "token",
    [
        "secret-part\n",
        "secret-part\r\nX: 1",
        "a secret-part",
        "secret-part\x7f",
        "secret-partä",
        "s" * 20_000,
    ],
)
def test_that_a_token_that_can_t_be_sent_is_refused_without_being_told(
    oms: MisbehavingOms, token: str
) -> None:
    oms.on("/token", Answer(json.dumps({"access_token": token}).encode()))
    with pytest.raises(OmsUnavailable, match="a token that can't be sent") as failure:
        ask(with_credentials(oms), lambda client: client.run_attributes(355100))
    assert "secret-part" not in str(failure.value)
    assert "/runs" not in oms.paths()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"access_token": ' + b"9" * 5_000 + b"}",
        b'{"expires_in": 1e400}',
        b" " * (2 << 20),
    ],
)
def test_that_a_token_server_s_answer_is_bounded_too(oms: MisbehavingOms, body: bytes) -> None:
    oms.on("/token", Answer(body))
    with pytest.raises(OmsUnavailable, match="answers without a token"):
        ask(with_credentials(oms), lambda client: client.run_attributes(355100))


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
