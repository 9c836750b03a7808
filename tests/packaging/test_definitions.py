"""Packages, image and workflows: what can be told of them without making them."""

import hashlib
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

import appimage  # noqa: E402 - the folder isn't a package
import builder  # noqa: E402
import bundle  # noqa: E402
import linux_packages  # noqa: E402
import release_notes  # noqa: E402
import system_libraries  # noqa: E402

from app.models.embedded import programs  # noqa: E402
from app.views.frame import application  # noqa: E402

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
_SCRIPT = re.compile(r"(?<![\w./-])((?:packaging|\.ci)/[\w.-]+|\./run)(?= |$|\")", re.M)


def test_that_a_version_before_its_release_is_older_than_it_for_packages_too() -> None:
    before = linux_packages.package_version("1.2.1.dev7+g12ab.d20260101")
    assert before == "1.2.1~dev7.g12ab.d20260101"
    assert linux_packages.package_version("1.2.1") == "1.2.1"
    older = subprocess.run(
        ["dpkg", "--compare-versions", before, "lt", "1.2.1"], check=False
    ).returncode
    assert older == 0
    assert Version("1.2.1.dev7") < Version("1.2.1")


def test_that_a_desktop_finds_the_entry_of_a_window() -> None:
    (entry,) = (ROOT / "packaging" / "linux").glob("*.desktop")
    assert entry.stem == application._NAME
    assert f"StartupWMClass={application._NAME}" in entry.read_text()


def test_that_packages_ask_for_what_qt_needs_of_the_system() -> None:
    needed = set(system_libraries.needed("x11").values())
    # What comes with others of the list on every Debian.
    implied = {
        "libfreetype6", "libx11-6", "zlib1g", "libzstd1", "libxcb1", "libxcb-randr0",
        "libxcb-render0", "libxcb-shm0", "libxcb-sync1", "libxcb-xfixes0", "libxcb-util1",
    }  # fmt: skip
    assert needed - implied <= set(linux_packages.DEPENDS["deb"])


def test_that_a_bundle_has_the_server_that_the_program_takes_by_itself() -> None:
    taken = next(iter(programs.installations()))
    assert (taken.binaries.parent.name, taken.major) == (bundle.POSTGRES, bundle.POSTGRES_MAJOR)
    for program in bundle.PROGRAMS:
        assert (taken.binaries / program).exists()


@pytest.mark.parametrize("file", [*WORKFLOWS, ROOT / ".gitlab-ci.yml"], ids=lambda file: file.name)
def test_that_every_script_that_a_workflow_calls_is_there(file: Path) -> None:
    called = set(_SCRIPT.findall(file.read_text()))
    assert called
    for script in called:
        assert (ROOT / script).is_file(), script


def jobs(text: str) -> set[str]:
    """The jobs of a workflow of GitHub."""
    return set(re.findall(r"^  ([\w-]+):$", text.partition("\njobs:\n")[2], re.M))


def test_that_gitlab_has_every_job_of_github() -> None:
    here = set(re.findall(r"^([\w-]+):$", (ROOT / ".gitlab-ci.yml").read_text(), re.M))
    there = set().union(*(jobs(file.read_text()) for file in WORKFLOWS))
    # Its runners for other systems differ from instance to instance.
    assert there - here == {"other-systems"}


@pytest.mark.parametrize("kind", sorted({*builder.KINDS} - {"image"}))
def test_that_all_that_is_handed_out_is_made_by_a_job(kind: str) -> None:
    # The image is built by what pushes it, from its context.
    for text in ("".join(map(Path.read_text, WORKFLOWS)), (ROOT / ".gitlab-ci.yml").read_text()):
        assert re.search(rf"packaging/build {kind}(?![\w-])", text)


def test_that_a_bundle_has_every_agent_that_comes_with_the_program(tmp_path: Path) -> None:
    options = [*bundle._options(tmp_path, tmp_path, tmp_path)]
    for agent in entry_points(group="run_registry.agents"):
        assert f"--collect-submodules={agent.module.partition('.')[0]}" in options


def test_that_a_bundle_has_nothing_of_the_tools_that_it_is_made_with() -> None:
    tools = set(bundle._modules_of_tools(Path(sys.executable)))
    assert {"pytest", "mypy", "rich"} <= tools
    assert not tools & {"app", "run_registry", "httpx", "psycopg", "PySide6", "numpy", "alembic"}


def test_that_nothing_is_pushed_from_a_pull_request() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert text.count("push: ${{ github.event_name == 'push' }}") == 1
    assert "pull_request_target" not in "".join(file.read_text() for file in WORKFLOWS)
    publish = text[text.index("  publish:") :]
    assert publish.splitlines()[1].strip() == "if: github.event_name == 'push'"


def test_that_the_notes_of_a_release_are_its_part_of_the_changelog() -> None:
    changelog = "# Changelog\n\n## [Unreleased]\n\n- new\n\n## [1.2.0] - 2026-01-01\n\n- old\n"
    assert release_notes.notes(changelog, "v1.2.0") == "- old\n"
    assert release_notes.notes(changelog, "v9.9.9") is None


def test_that_where_another_system_starts_nothing_of_posix_alone_is_needed() -> None:
    hidden = (
        "import sys, types\n"
        "sys.modules['msvcrt'] = types.ModuleType('msvcrt')\n"
        "for name in ('fcntl', 'pwd', 'grp', 'resource', 'termios'): sys.modules[name] = None\n"
        "sys.platform = 'win32'\n"
    )
    modules = (
        "import run_registry_desktop, app.settings, app.cli.commands, app.domain.filters, launch\n"
        "print(app.cli.commands.parser('0').prog, launch.LONG is not None)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{modules_first()}{hidden}{modules}"],
        cwd=ROOT / "packaging",
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'packaging'}", "PATH": "/usr/bin", "HOME": "/"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["run-registry", "True"], done.stderr


def modules_first() -> str:
    """What others' libraries import by the platform they were installed for."""
    return (
        "import asyncio, ctypes, subprocess, multiprocessing, concurrent.futures, platform, ssl\n"
        "import psycopg, sqlalchemy.dialects.postgresql, httpx, pydantic, numpy, keyring, psutil\n"
        "import platformdirs, tempfile, shutil, alembic, jwt, starlette, uvicorn, re2, jinja2\n"
    )


def test_that_an_appimagetool_that_was_exchanged_is_never_started(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"another one")
    target = tmp_path / "appimagetool"
    with pytest.raises(RuntimeError, match="deleted and not started"):
        appimage.fetched(target, there.as_uri())
    assert not target.exists()
    own = hashlib.sha256(b"another one").hexdigest()
    assert os.access(appimage.fetched(target, there.as_uri(), own), os.X_OK)
    there.unlink()
    target.write_bytes(b"half of it")
    with pytest.raises(RuntimeError, match="can't be read"):
        appimage.fetched(target, there.as_uri(), own)
