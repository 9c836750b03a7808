"""The start of the command where other software has packages of the same names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import run_registry_desktop

COMMAND = Path(sys.executable).with_name("run-registry")


@pytest.fixture
def other_project(tmp_path: Path) -> Path:
    """A folder of somebody's project that would end the program if anything of it was loaded."""
    for name in ("app", "resources", "numpy", "sqlalchemy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not ours')")
    return tmp_path


def start(*command: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, command), "runs", "--help"],
        cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_that_packages_of_other_projects_are_not_taken_for_ours(other_project: Path) -> None:
    by_name = start(COMMAND, cwd=other_project, PYTHONPATH=str(other_project))
    by_module = start(sys.executable, "-m", "run_registry_desktop", cwd=other_project)
    for done in (by_name, by_module):
        assert (done.returncode, done.stderr) == (0, "")
        assert "run-registry runs" in done.stdout


def test_that_a_package_that_was_loaded_before_us_is_named(other_project: Path) -> None:
    (other_project / "app" / "__init__.py").write_text("")
    (other_project / "sitecustomize.py").write_text("import app")
    done = start(COMMAND, cwd=Path("/"), PYTHONPATH=str(other_project))
    assert done.returncode == 1
    assert f"Another package called 'app' is loaded already, from {other_project}" in done.stderr
    assert "Traceback" not in done.stderr


def test_that_a_folder_of_pythonpath_stays_when_the_program_is_installed_there() -> None:
    home = str(run_registry_desktop.HOME)
    places = ["/other", home, "/python"]
    found = run_registry_desktop.with_others_last(places, os.pathsep.join(["/other", home]))
    assert found == [home, "/python", "/other"]
