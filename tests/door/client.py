"""Runs the unmodified Python client of the web service, led to a door on loopback.

Addresses of the web service and of its token issuer are looked up here instead: nothing in the
package is changed, not even a variable of it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

_LEADING = """
import json, os
import requests

_places = json.loads(os.environ["RUN_REGISTRY_TEST_PLACES"])
_send = requests.Session.request


def _led(self, method, url, *rest, **options):
    for far, near in _places.items():
        if url.startswith(far):
            url = near + url[len(far):]
    return _send(self, method, url, *rest, **options)


requests.Session.request = _led
"""


class Client:
    """The client in a process of its own."""

    def __init__(self, folder: Path, places: dict[str, str], environment: str) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "leading_to_a_door.py").write_text(_LEADING)
        self._folder = folder
        self._environment = {
            **os.environ,
            "RUN_REGISTRY_TEST_PLACES": json.dumps(places),
            "PYTHONPATH": str(folder),
            "ENVIRONMENT": environment,
            "SSO_CLIENT_ID": "scripts",
            "SSO_CLIENT_SECRET": "secret",
        }

    def run(self, script: str) -> object:
        """What a script prints as JSON on its last line; its errors are those of the test."""
        ended = subprocess.run(
            [sys.executable, "-c", f"import leading_to_a_door\n{script}"],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout.splitlines()[-1])

    def run_tests(self, folder: Path, *words: str) -> str:
        """The end of what pytest says of the client's own tests."""
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "leading_to_a_door",
                "-q",
                "--noconftest",
                *words,
                "tests",
            ],
            env=self._environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        return ended.stdout + ended.stderr
