"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the real public data and the recorded behaviour of the web service."""
    named = os.environ.get("RUN_REGISTRY_TEST_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"the real public data isn't here ({folder}); set RUN_REGISTRY_TEST_DATA")
    return folder
