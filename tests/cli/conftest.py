"""The command line run in this process: words in, exit code and output out."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app import logs
from app.__main__ import main

EXPERTS = "cms-dqm-runregistry-experts"
PERSON = "shifter@cern.ch"


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on standard output."""
        return json.loads(self.out)


RunRegistry = Callable[..., Ran]


@pytest.fixture
def run_registry(monkeypatch, capsys, tmp_path) -> RunRegistry:
    """Runs `run-registry` with these words, as an expert with no settings of this machine."""
    for name in os.environ:
        if name.startswith("RUN_REGISTRY_") and not name.startswith("RUN_REGISTRY_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RUN_REGISTRY_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("RUN_REGISTRY_USER", PERSON)
    monkeypatch.setenv("RUN_REGISTRY_EGROUPS", EXPERTS)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    # The handlers of the log belong to a process; each command here would add its own.
    monkeypatch.setattr(logs, "start", lambda **_: tmp_path / "run-registry.log")

    def run(*words: object) -> Ran:
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run
