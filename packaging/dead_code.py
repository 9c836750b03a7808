"""Reports what nothing refers to, and each name that counts as alive and needn't.

    .venv/bin/python packaging/dead_code.py

What is looked through, and which names are alive all the same, stands in pyproject.toml under
tool.vulture. One look tells both.
"""

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from vulture.core import Vulture  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent


def wrong(paths: Sequence[str], alive: Sequence[str], min_confidence: int) -> list[str]:
    """What nothing refers to and doesn't count as alive, and what counts so without need."""
    look = Vulture()
    look.scavenge(paths)
    found = look.get_unused_code(min_confidence=min_confidence)
    said = [str(item.get_report()) for item in found if item.name not in alive]
    needed = {item.name for item in found}
    said += [f"{name} is alive without ignore_names, too" for name in alive if name not in needed]
    if look.exit_code:
        said.append("not every file could be read")
    return said


def main() -> int:
    """0 when nothing is wrong, else 1."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["vulture"]
    paths = [str(ROOT / path) for path in settings["paths"]]
    said = wrong(paths, settings["ignore_names"], settings["min_confidence"])
    for line in said:
        sys.stdout.write(f"{line}\n")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
