"""What a benchmark measured is kept, and printed beside what it measured before."""

import json
from pathlib import Path

import pytest

from benchmarks import figures


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.argv", ["page", "--runs", "3", "--folder", "/somewhere"])
    return tmp_path / "history.jsonl"


def lines(history: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in history.read_text("utf-8").splitlines()]


def test_that_a_run_is_one_line_with_commit_machine_and_date(history: Path) -> None:
    with figures.kept("pages", history):
        figures.noted("a page", 20.0)
        figures.noted("another page", 30.0)
    (line,) = lines(history)
    assert line["benchmark"] == "pages"
    assert line["figures"] == {"a page": 20.0, "another page": 30.0}
    assert line["options"] == ["--runs", "3"]
    assert {"at", "commit", "machine", "load"} < set(line)


def test_that_the_change_since_the_last_run_is_told(history: Path) -> None:
    for taken, said in ((20.0, ""), (15.0, "  [-25 %]"), (30.0, "  [+100 %]")):
        with figures.kept("pages", history):
            assert figures.noted("a page", taken) == said


def test_that_another_benchmark_and_other_options_are_not_compared(
    history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with figures.kept("pages", history):
        figures.noted("a page", 20.0)
    with figures.kept("starts", history):
        assert figures.noted("a page", 40.0) == ""
    monkeypatch.setattr("sys.argv", ["page", "--runs", "4"])
    with figures.kept("pages", history):
        assert figures.noted("a page", 40.0) == ""


def test_that_a_figure_that_comes_again_stands_beside_the_first(history: Path) -> None:
    with figures.kept("pages", history):
        figures.noted("a page", 20.0)
        figures.noted("a page", 50.0)
    assert lines(history)[0]["figures"] == {"a page": 20.0, "a page, again": 50.0}


def test_that_a_benchmark_within_another_belongs_to_it(history: Path) -> None:
    with figures.kept("all", history), figures.kept("pages", history):
        figures.noted("a page", 20.0)
    assert [line["benchmark"] for line in lines(history)] == ["all"]


def test_that_a_run_that_failed_is_not_kept(history: Path) -> None:
    with pytest.raises(ZeroDivisionError), figures.kept("pages", history):
        figures.noted("a page", 1 / 0)
    assert not history.exists()
    assert figures.noted("a page of nobody", 3.0) == ""


def test_that_a_line_written_halfway_spoils_nothing(history: Path) -> None:
    with figures.kept("pages", history):
        figures.noted("a page", 20.0)
    history.write_text(history.read_text("utf-8") + '{"benchmark": "pa\n', "utf-8")
    with figures.kept("pages", history):
        assert figures.noted("a page", 30.0) == "  [+50 %]"


def test_that_the_web_service_s_figure_is_told_with_the_ratio() -> None:
    said = figures.noted("joint ranges, 700 LS (88 KiB)", 25.0)
    assert said == "  [web service 350: 14.0 times as much]"
