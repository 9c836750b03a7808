"""What a benchmark measures, kept: one line of JSON for each run of it, in `history.jsonl` here.

Each figure is printed with how much it changed since the benchmark last ran on this machine with
the same options, and where the web service's figure is known, with how many times as fast we are.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

HISTORY = Path(__file__).parent / "history.jsonl"

WEB_SERVICE: dict[str, float] = {
    "page of 50 runs": 24.0,
    "page of 50 datasets": 24.0,
    "one page of 50 runs": 24.0,
    "one page of 50 datasets": 24.0,
    "rr_lumisections, 700 LS": 50.0,
    "joint ranges, 700 LS": 350.0,
    "create_json of the season": 26_000.0,
    "golden JSON, anti, losses, stored": 26_000.0,
    "memory with the season read": 2_253.0,
}
"""Figures of the web service on the same season [ms, MiB], by how a label begins. A page took it 17
to 31 ms; a golden JSON 26 s until its row was there, and its client up to 15 s more to notice."""

_SIZE = "BENCHMARK_RUNS"
"""The variable that names a season of another size, which the web service's figures aren't of."""
_UNNAMED = ("--folder", "--history")
"""Options that say where something is, not what is measured."""

Figure: TypeAlias = float


@dataclass
class _Run:
    benchmark: str
    history: Path
    before: dict[str, Figure]
    figures: dict[str, Figure] = field(default_factory=dict)


_running: list[_Run] = []


@contextmanager
def kept(benchmark: str, history: Path = HISTORY) -> Iterator[None]:
    """Keeps what is noted meanwhile as one line. Within another benchmark it belongs to that one;
    what ended early isn't kept."""
    if _running:
        yield
        return
    run = _Run(benchmark, history, _last(benchmark, history))
    _running.append(run)
    try:
        yield
    finally:
        _running.clear()
    if run.figures:
        _append(run)


def noted(label: str, figure: Figure) -> str:
    """Keeps a figure; returns what is printed behind it: the change, and the web service's."""
    said = []
    if _running:
        run = _running[0]
        while label in run.figures:
            label += ", again"
        run.figures[label] = round(figure, 3)
        before = run.before.get(label)
        if before:
            said.append(f"{100 * (figure / before - 1):+.0f} %")
    if figure and (theirs := _of_web_service(label)) is not None:
        said.append(f"web service {theirs:.0f}: {theirs / figure:.1f} times as much")
    return "".join(f"  [{each}]" for each in said)


def _of_web_service(label: str) -> float | None:
    if _SIZE in os.environ:
        return None
    return next((known for begin, known in WEB_SERVICE.items() if label.startswith(begin)), None)


def percentile(taken: Sequence[float], share: float) -> float:
    """The value that `share` of all are not above."""
    return sorted(taken)[min(len(taken) - 1, round(share * len(taken)))]


def in_words(taken: Sequence[float]) -> str:
    """Median and range of several runs."""
    return f"{statistics.median(taken):>10.1f} ms  ({min(taken):.1f}-{max(taken):.1f})"


def _options() -> list[str]:
    """What this process was asked to measure."""
    words = iter(sys.argv[1:])
    given = [f"{_SIZE}={os.environ[_SIZE]}"] if _SIZE in os.environ else []
    for word in words:
        if word in _UNNAMED:
            next(words, None)
        elif not word.startswith(tuple(f"{name}=" for name in _UNNAMED)):
            given.append(word)
    return given


def _last(benchmark: str, history: Path) -> dict[str, Figure]:
    """Each figure as it was measured last, here and with the same options."""
    found: dict[str, Figure] = {}
    if not history.exists():
        return found
    for line in history.read_text("utf-8").splitlines():
        try:
            run = json.loads(line)
            same = (run["benchmark"], run["machine"], run["options"])
            figures = run["figures"]
        except (ValueError, LookupError, TypeError):
            continue  # a line that was written halfway
        if same == (benchmark, _machine(), _options()):
            found.update(figures)
    return found


def _append(run: _Run) -> None:
    line = {
        "benchmark": run.benchmark,
        "options": _options(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": _machine(),
        "load": round(os.getloadavg()[0], 1),
        "figures": run.figures,
    }
    with run.history.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    print(f"{len(run.figures)} figures kept in {run.history}", file=sys.stderr)


def _machine() -> str:
    return f"{platform.node()}, {os.cpu_count()} x {platform.machine()}"


def _commit() -> str:
    """The commit that was measured, with + where files differ from it."""
    asked = ("git", "-C", str(HISTORY.parent), "describe", "--always", "--dirty=+", "--abbrev=12")
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()
