"""Asking OMS: tokens, pauses, back-off, certificates, and answers that are bounded."""

import asyncio
import gzip
import json
import logging
import ssl
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
import trustme

from app.domain.errors import BadInput
from app.domain.foreign_json import JsonLimits
from app.sync.back_off import Wait
from app.sync.http import shown_url
from app.sync.oms import OmsClient
from app.sync.oms_requests import MalformedAnswer, OmsSettings, OmsUnavailable
from tests.sync.asking_oms import SECRET, Clock, ask, settings_of, tokens, with_credentials
from tests.sync.misbehaving_oms import (
    Answer,
    MisbehavingOms,
    a_run,
    document,
)

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
