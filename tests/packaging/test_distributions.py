"""The wheel and the sdist that are handed out."""

import sys
import tarfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

import distributions  # noqa: E402 - the folder isn't a package

IN_THE_WHEEL = (
    "app/__main__.py",
    "app/models/guard/sql/",
    "app/models/migrations/desk/versions/",
    "resources/configuration/Settings.json",
    "resources/docs/window.md",
    "resources/docs/for/shifter.md",
    "resources/docs/images/window.png",
    "resources/evidence/layouts.json",
    "resources/reports/report.html",
    "run_registry/anomaly/turn.py",
    "run_registry/py.typed",
    "run_registry_desktop.py",
)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return distributions.make_sdist(tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return distributions.make_wheel_of(sdist, tmp_path_factory.mktemp("first"))


def test_that_a_wheel_is_the_same_to_the_byte_whoever_makes_it(
    sdist: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("HOME", str(tmp_path))
    again = distributions.make_wheel_of(sdist, tmp_path / "other")
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_that_two_who_make_an_sdist_at_once_do_it_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work: list[str] = []

    def build(*_: object) -> Path:
        at_work.append("in")
        time.sleep(0.05)
        at_work.append("out")
        raise RuntimeError

    monkeypatch.setattr(distributions, "_build", build)
    with ThreadPoolExecutor() as pool:
        made = [pool.submit(distributions.make_sdist, tmp_path) for _ in range(2)]
    assert all(isinstance(each.exception(), RuntimeError) for each in made)
    assert at_work == ["in", "out", "in", "out"]


def test_that_the_wheel_has_all_that_the_program_reads_and_nothing_of_its_making(
    wheel: Path,
) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        modes = {entry.external_attr >> 16 & 0o777 for entry in packed.infolist()}
    for wanted in IN_THE_WHEEL:
        assert any(name.startswith(wanted) for name in names), wanted
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "app", "resources", "run_registry", "run_registry_desktop.py",
    }  # fmt: skip
    assert not [name for name in names if name.endswith(".pyc")]
    assert modes <= {0o644, 0o755, 0o664}


def test_that_the_wheel_needs_qt_for_the_window_alone_and_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (each for each in packed.namelist() if each.endswith("/METADATA"))
        said = Parser().parsestr(packed.read(name).decode())
    qt = [each for each in said.get_all("Requires-Dist", []) if "PySide6" in each]
    assert qt
    assert all('extra == "desktop"' in each for each in qt)
    for field in ("Author", "License-Expression", "Classifier", "Project-URL", "Keywords"):
        assert said[field], field


def test_that_the_sdist_says_nothing_of_the_machine_it_was_made_on(sdist: Path) -> None:
    with tarfile.open(sdist) as packed:
        members = packed.getmembers()
    assert {(each.uid, each.gid, each.uname, each.gname) for each in members} == {(0, 0, "", "")}
    assert {each.mtime for each in members} == {distributions.moment()}
    assert {each.mode for each in members} == {0o644, 0o755}
    names = [each.name for each in members]
    assert names == sorted(names)
    assert any(name.endswith("/packaging/locked.txt") for name in names)
    # The head of gzip: no name of a file, and the moment of the commit.
    head = sdist.read_bytes()[:8]
    assert head[3] == 0
    assert int.from_bytes(head[4:8], "little") == distributions.moment()
