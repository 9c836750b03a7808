"""The import contracts of pyproject.toml, tried with deliberate breaches."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as command; command()"
BREACHES = {
    "Layers": [
        ("domain", "import app.assets"),
        ("domain", "import app.models"),
        ("golden", "import app.models"),
        ("models", "import app.golden"),
        ("models", "import app.services"),
        ("services", "import app.settings"),
        ("services", "import app.logs"),
        ("services", "import app.views"),
        ("views", "import app.sync"),
        ("views", "import app.settings"),
        ("sync", "import app.demo"),
        ("cli", "import app.demo"),
        ("demo", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import app.views"),
    ],
    "The core is pure": [("domain", "import httpx"), ("golden", "import pydantic")],
    "SQL has one home": [("services", "import psycopg"), ("views", "import sqlalchemy")],
    "Qt has one home": [("models", "import PySide6.QtCore"), ("cli", "import qasync")],
    "HTTP has one home": [("views", "import httpx"), ("demo", "import httpx")],
    "Settings are read in one place": [
        ("sync", "import keyring"),
        ("models", "import platformdirs"),
    ],
    "Shipped files have one door": [("services", "import resources")],
}


def checked(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("app", "resources"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_that_every_import_contract_reports_its_breaches(copy):
    for breaches in BREACHES.values():
        for number, (package, line) in enumerate(breaches):
            breach = copy / "app" / package / f"breach_{number}.py"
            with breach.open("a", encoding="utf-8") as written:
                written.write(f"{line}\n")

    report = checked(copy)

    for contract, breaches in BREACHES.items():
        assert f"{contract} BROKEN" in report
        for number, (package, line) in enumerate(breaches):
            imported = line.split("import ")[-1].removesuffix(".QtCore")
            assert f"app.{package}.breach_{number} -> {imported} " in report


def test_that_a_package_without_a_layer_is_reported(copy):
    (copy / "app" / "drawer.py").write_text("", encoding="utf-8")

    assert "drawer" in checked(copy)
