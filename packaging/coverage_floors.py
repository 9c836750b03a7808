"""Compares the coverage that was measured with the floor of each package.

    .venv/bin/python packaging/coverage_floors.py PART

The floors stand in pyproject.toml under tool.coverage-floors.PART: lines in percent by package.
"""

import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import coverage

ROOT = Path(__file__).resolve().parent.parent


def measured(data: Path) -> dict[str, tuple[int, int]]:
    """Lines that ran and lines that could have, by file below the project's folder."""
    run = coverage.Coverage(data_file=str(data), config_file=str(ROOT / "pyproject.toml"))
    run.load()
    found = {}
    for file in run.get_data().measured_files():
        _, lines, _, missing, _ = run.analysis2(file)
        name = Path(file).relative_to(ROOT).as_posix()
        found[name] = (len(lines) - len(missing), len(lines))
    return found


def below(floors: Mapping[str, float], files: Mapping[str, tuple[int, int]]) -> list[str]:
    """The packages whose coverage is below their floor, in words."""
    wrong = []
    for package, floor in floors.items():
        folder = package.replace(".", "/") + "/"
        counts = [count for name, count in files.items() if name.startswith(folder)]
        ran, lines = sum(ran for ran, _ in counts), sum(lines for _, lines in counts)
        share = 100 * ran / lines if lines else 0.0
        sys.stdout.write(f"{package}: {share:.1f} % of {lines} lines, floor {floor} %\n")
        if share < floor:
            wrong.append(f"{package} is covered to {share:.1f} %, its floor is {floor} %.")
    return wrong


def main(words: Sequence[str]) -> int:
    """0 when every package of the part reaches its floor, 1 when one doesn't."""
    (part,) = words
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wrong = below(project["tool"]["coverage-floors"][part], measured(ROOT / ".coverage"))
    for line in wrong:
        sys.stderr.write(f"coverage: {line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
