"""`notifications` and the puller: what happened, and messages that are tried and sent."""

import pytest
from pytest_httpserver import HTTPServer

from tests.cli.conftest import FIRST


@pytest.mark.expected_log("The system keyring can't be asked", always=False)
@pytest.mark.expected_log("the turn broke off")
def test_that_what_others_did_is_listed_and_messages_are_tried_and_sent_once_by_pullers(
    registry, monkeypatch, httpserver: HTTPServer
):
    monkeypatch.setenv("RUN_REGISTRY_PULL", "off")
    monkeypatch.setenv("RUN_REGISTRY_DQM_GUI_PULL", "off")
    refused = registry("notifications", "test")
    assert (refused.code, "neither mail_to nor webhook_kinds is set" in refused.err) == (1, True)

    monkeypatch.setenv("RUN_REGISTRY_WEBHOOK_KINDS", "mentions")
    missing = registry("notifications", "test")
    assert "webhook_url has to be set, too" in missing.err
    pulling = registry("puller", "--once")
    assert (pulling.code, "webhook_url has to be set, too" in pulling.out) == (1, True)
    monkeypatch.setenv("RUN_REGISTRY_WEBHOOK_URL", httpserver.url_for("/hooks/s3cret"))
    gone = registry("notifications", "test")
    assert (gone.code, "answers 500" in gone.out) == (1, True)
    assert "s3cret" not in gone.out + gone.err
    httpserver.clear()
    httpserver.expect_request("/hooks/s3cret", method="POST").respond_with_data("ok")
    assert registry("notifications", "test").out == "webhook (mentions): delivered\n"
    assert "A trial by" in httpserver.log[-1][0].json["text"]

    assert registry("puller", "--once").code == 0
    registry("--as-user", "berta@cern.ch", "notes", "add", FIRST, "csc-csc tripped")
    before = len(httpserver.log)
    for _ in range(2):
        once = registry("puller", "--once")
        assert once.code == 0, once.out + once.err
    (sent,) = httpserver.log[before:]
    assert "csc-csc tripped" in sent[0].json["text"]

    listed = registry("notifications", "list", "--since", "1h")
    assert f'berta@cern.ch mentions csc-csc on run {FIRST}: "csc-csc tripped"' in listed.out
    (one,) = registry("notifications", "list", "--json").document["notifications"]
    assert (one["kind"], one["link"]) == ("mentions", f"run-registry://run/{FIRST}")
    own = registry("--as-user", "berta@cern.ch", "notifications", "list")
    assert own.out == "Nothing has happened.\n"
