"""The unit of the puller: systemd understands all of it, and it is closed as far as it can be."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.settings import Settings, credential

UNIT = Path(__file__).parents[2] / "packaging" / "systemd" / "run-registry-puller.service"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze (systemd) isn't installed"
)


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as it is, but for a program that is installed here."""
    file = tmp_path / UNIT.name
    text, replaced = re.subn(r"(?<=ExecStart=)/usr/bin/run-registry", "/bin/true", UNIT.read_text())
    assert replaced == 1
    file.write_text(text)
    return file


@needs_systemd
def test_that_systemd_understands_every_line(unit: Path) -> None:
    found = analyze("verify", "--man=no", str(unit))
    assert (found.returncode, found.stdout + found.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("LoadCredential=", "LoadCredentials=", 1))
    assert "LoadCredentials" in analyze("verify", "--man=no", str(unit)).stderr


@needs_systemd
def test_that_the_service_may_do_little_else(unit: Path) -> None:
    exposure = analyze("security", "--offline=yes", str(unit)).stdout
    level = re.search(r"Overall exposure level .*: ([0-9.]+)", exposure)
    assert level is not None, exposure
    assert float(level[1]) < 2.0


def test_that_every_credential_of_the_unit_is_one_the_program_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = re.findall(r"^LoadCredential=([^:]+):", UNIT.read_text(), re.MULTILINE)
    assert sorted(named) == ["database-password", "oms-secret", "seal.key"]
    for name in named:
        (tmp_path / name).write_text(f"of {name}\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    settings = Settings(data_folder=tmp_path / "data")
    assert settings.database_password() == "of database-password"
    assert settings.secret("oms_client_secret") == "of oms-secret"
    assert settings.seal_key_file() == tmp_path / "seal.key"
    # One that isn't handed over is looked for where it always was.
    (tmp_path / "seal.key").unlink()
    assert credential("seal.key") is None
    assert settings.seal_key_file() == tmp_path / "data" / "seal.key"
