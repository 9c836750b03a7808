"""The lists of locked packages fit the project, for each Python and system it runs on."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROGRAM = ROOT / "packaging" / "locked.txt"
WITH_TESTS = ROOT / "packaging" / "locked-with-tests.txt"
SERVICE = ROOT / "packaging" / "locked-service.txt"
FOR_PACKAGES = ROOT / "packaging" / "locked-for-packages.txt"
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")


def locked(file: Path, python: str, machine: str) -> dict[str, str]:
    """Version of each package that is installed on such a machine."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    found: dict[str, str] = {}
    for line in file.read_text("utf-8").replace("\\\n", " ").splitlines():
        if not line or line.startswith("#"):
            continue
        entry, *hashes = line.split(" --hash=")
        assert hashes, f"{entry} has no hash"
        requirement = Requirement(entry.strip())
        marker: Marker | None = requirement.marker
        if marker is None or marker.evaluate(environment):
            assert requirement.name not in found
            found[requirement.name] = str(requirement.specifier).removeprefix("==")
    return found


def unmet(wanted: list[str], present: dict[str, str], python: str) -> list[str]:
    """What of the wanted packages isn't there, or in a version that doesn't do."""
    environment = {"python_version": python, "sys_platform": "linux"}
    missing = []
    for text in wanted:
        each = Requirement(text)
        if each.marker is not None and not each.marker.evaluate(environment):
            continue
        version = present.get(canonicalize_name(each.name))
        if version is None or not each.specifier.contains(version, prereleases=True):
            missing.append(f"{text}: {version}")
    return missing


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("machine", MACHINES)
def test_that_the_locked_packages_are_those_that_the_project_demands(python, machine):
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["build"]]

    program = locked(PROGRAM, python, machine)
    with_tests = locked(WITH_TESTS, python, machine)

    assert unmet(needed, program, python) == []
    assert unmet([*needed, *extras["test"]], with_tests, python) == []
    # With the test tools the program runs on the very packages it runs on without.
    assert program.items() <= with_tests.items()
    # Puller and door do without Qt.
    service = locked(SERVICE, python, machine)
    assert unmet(project["dependencies"], service, python) == []
    assert service.items() <= program.items()
    assert not [name for name in service if "pyside" in name]
    # So do the bundles, whatever they are made with.
    for_packages = locked(FOR_PACKAGES, python, machine)
    assert unmet([*needed, *extras["package"]], for_packages, python) == []
    assert program.items() <= for_packages.items()


def test_that_the_project_is_built_with_what_is_locked():
    assert (
        PROJECT["build-system"]["requires"] == PROJECT["project"]["optional-dependencies"]["build"]
    )


@pytest.mark.parametrize(
    "file", [PROGRAM, WITH_TESTS, SERVICE, FOR_PACKAGES], ids=lambda file: file.name
)
def test_that_no_package_index_is_named(file):
    text = file.read_text("utf-8")

    assert not re.search(r"://|--index|--extra|--find|--trusted", text)
