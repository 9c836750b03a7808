import json
import os
import signal
import subprocess
import sys

import pytest

from app.demo.simulated_oms import SimulatedOms
from tests.builders import a_run
from tests.cli.conftest import FIRST, SECOND


def test_that_a_pull_says_what_it_did_to_each_run(registry, run_registry, oms):
    assert registry("pull", "--oms", oms.url).out == "OMS has nothing new.\n"
    one = registry("pull", "--oms", oms.url, "--run", FIRST, "--json")
    assert one.document == {
        "runs": [
            {
                "run_number": FIRST,
                "outcome": "unchanged",
                "text": f"Run {FIRST}: nothing changed.",
            }
        ],
        "failed": [],
        "problems": [],
    }
    oms.set_run({**a_run(SECOND).attributes, "last_update": "2025-06-01T00:00:00Z", "energy": 900})
    changed = registry("pull", "--oms", oms.url)
    assert changed.out.splitlines()[-1] == "1 run: 1 updated."


@pytest.mark.expected_log("could not be pulled: OMS has 5 lumisections")
def test_that_a_run_that_fails_is_told_with_exit_code_1(registry, oms):
    oms.set_lumisections(FIRST, a_run(FIRST, 5).lumisections)

    failed = registry("pull", "--oms", oms.url, "--run", FIRST)

    assert failed.code == 1
    assert f"Run {FIRST} failed: OMS has 5 lumisections" in failed.out
    assert failed.out.splitlines()[-1] == "1 run: 1 failed."


def test_that_an_oms_that_lets_us_not_in_is_unavailable(registry):
    with SimulatedOms(credentials=("registry", "secret")) as closed:
        ended = registry("pull", "--oms", closed.url, "--json")
    assert (ended.code, ended.document["kind"]) == (1, "unavailable")
    assert "it needs a token" in ended.document["error"]


def test_that_the_credentials_of_the_settings_are_used(registry, monkeypatch):
    with SimulatedOms(credentials=("registry", "secret")) as closed:
        monkeypatch.setenv("RUN_REGISTRY_OMS_TOKEN_URL", closed.token_url)
        monkeypatch.setenv("RUN_REGISTRY_OMS_CLIENT_ID", "registry")
        monkeypatch.setenv("RUN_REGISTRY_OMS_SECRET", "secret")
        assert registry("pull", "--oms", closed.url).out == "OMS has nothing new.\n"


def test_that_an_address_that_isn_t_one_is_wrong_usage(registry):
    assert registry("pull", "--oms", "cmsoms").code == 2


def test_that_a_run_number_no_run_can_have_is_refused(registry, oms):
    refused = registry("pull", "--oms", oms.url, "--run", 5)
    assert (refused.code, "begin at 100000" in refused.err) == (1, True)


def test_that_documents_of_a_folder_are_served_until_the_process_is_stopped(registry, shared_data):
    process = subprocess.Popen(
        [
            sys.executable, "-m", "app", "simulate", "oms",
            "--data", str(shared_data / "data" / "oms"), "--json",
        ],
        env={**os.environ}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline()]
        while lines[-1].strip() != "}":
            lines.append(process.stdout.readline())
        url = json.loads("".join(lines))["url"]
        pulled = registry("pull", "--oms", url, "--run", 315265)
        assert "Made run 315265: Collisions18, 63 lumisections." in pulled.out
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, "")


def test_that_a_folder_without_documents_is_refused(run_registry, tmp_path):
    refused = run_registry("simulate", "oms", "--data", tmp_path)
    assert (refused.code, "runs.json" in refused.err) == (1, True)
