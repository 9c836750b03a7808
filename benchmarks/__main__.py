"""All figures of the chain from OMS to golden JSON: `python -m benchmarks`.

Builds a season of 300 runs x 700 lumisections (a few minutes), measures on it, starts the program
on it, and with `--events 5000000` measures again between that many events of other runs. With
`--folder` the database is kept for the next time. The other modules measure their own part, each
by `python -m benchmarks.NAME`.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks import chain, figures, start


@figures.kept("all")
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keep the database here")
    parser.add_argument("--events", type=int, default=0, help="measure between so many events too")
    given = parser.parse_args()
    if given.folder is not None:
        _measure(given.folder, given.events)
        return
    with tempfile.TemporaryDirectory(prefix="run-registry-bench-") as made:
        # As root the database's server runs as another user, who has to get in.
        Path(made).chmod(0o755)
        _measure(Path(made) / "season", given.events)


def _measure(folder: Path, events: int) -> None:
    chain.run(folder, events)
    start.run(folder)


if __name__ == "__main__":
    main()
