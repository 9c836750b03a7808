"""Every example of the documents runs as it is written, on a small demonstration season."""

import re
import shlex
import time
from pathlib import Path

import pytest

from app.__main__ import main
from app.demo.season import DemoSeason
from app.demo.simulated_oms import SimulatedOms
from app.demo.story import main_job
from app.services import databases
from app.services.pulling.store import PullStore
from app.sync.oms_requests import OmsSettings
from app.sync.worker import pull_now
from tests.builders import EXPERT
from tests.cli.conftest import run_registry  # noqa: F401 - the environment of a command

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SEED = 2025
NEWEST_RUNS = 6
NOT_RUN = re.compile(r"<!-- not run: .{10,} -->")


def examples():
    """Each example with where it stands; those marked with a reason are left out."""
    for document in DOCUMENTS:
        # What goes on in the next line is one example.
        lines = re.sub(r"\\\n +", "", document.read_text("utf-8")).splitlines()
        marked = False
        for number, line in enumerate(lines, start=1):
            if line.startswith("    ./run"):
                if not marked:
                    yield f"{document.name}:{number}", line.strip()
            else:
                marked = NOT_RUN.fullmatch(line) is not None


def test_that_nothing_is_written_as_a_command_that_a_newcomer_can_t_type():
    # Only ./run is there after a checkout; run-registry is on nobody's path.
    for document in DOCUMENTS:
        for line in document.read_text("utf-8").splitlines():
            assert not re.match(r"    (\$ |run-registry |python )", line), (document, line)
    assert len(list(examples())) >= 8


@pytest.fixture
def _season(empty_database, empty_dsn, run_registry, monkeypatch, tmp_path):  # noqa: F811
    """The newest runs of the invented season, pulled, signed off and certified."""
    databases.initialise(empty_database, default_configuration=True)
    invented = DemoSeason(SEED, time.monotonic())
    with SimulatedOms() as oms:
        invented.tell(oms)
        store = PullStore(empty_database)
        only = invented.run_numbers[-NEWEST_RUNS:]
        settings = OmsSettings(url=oms.url, pause_s=0.0)
        main_job(
            empty_database,
            EXPERT,
            lambda: pull_now(settings, store, only=only),
            tmp_path / "lists",
            lambda _: None,
        )
    monkeypatch.setenv("RUN_REGISTRY_DSN", empty_dsn)
    # A key of the seal that somebody has here belongs to another database.
    monkeypatch.setenv("RUN_REGISTRY_DATA_FOLDER", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_season")
def test_that_every_example_of_the_documents_runs_as_it_is_written(capsys):
    for where, example in examples():
        words = shlex.split(example)[1:]
        capsys.readouterr()
        code = main(words)
        said = capsys.readouterr()
        assert code == 0, f"{where}: {example}\n{said.err}"
        assert said.out.strip(), f"{where}: {example} says nothing"
