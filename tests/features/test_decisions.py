"""Decisions have numbers of their own."""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"


def test_that_each_decision_has_a_number_and_says_it() -> None:
    pages = sorted(FOLDER.glob("[0-9]*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert numbers == list(range(1, len(pages) + 1))
    titles = [page.read_text(encoding="utf-8").splitlines()[0] for page in pages]
    assert [title.split(".")[0] for title in titles] == [f"# {number}" for number in numbers]
