"""The picture of the structure is that of the code."""

import sys
from pathlib import Path

import grimp
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "packaging"))

import draw_house


def test_that_the_picture_is_made_from_the_imports_of_now() -> None:
    assert draw_house.main(["--check"]) == 0, "run python packaging/draw_house.py"


def test_that_another_structure_makes_another_picture(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "house.svg"
    old.write_text(draw_house.draw(grimp.build_graph("app", cache_dir=None)) + " ", "utf-8")
    monkeypatch.setattr(draw_house, "PICTURE", old)
    assert draw_house.main(["--check"]) == 1
