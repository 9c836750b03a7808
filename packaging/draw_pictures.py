"""Draws the pictures of the window for the documentation:  python packaging/draw_pictures.py [DIR]

The program takes them itself, of the invented season in a folder that is taken away again. Runs
where the program is installed with its window, without a screen too. DIR is docs/images.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
CERTIFIED = "name like '/PromptReco/Collisions2025%'"
NAMES = ("shifter", "detector-expert", "certification-expert", "golden")


def main(words: Sequence[str]) -> int:
    """Draws all of them and says where."""
    folder = Path(words[0]).absolute() if words else FOLDER
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        # As root the server runs as another user, who has to get there.
        home.chmod(0o755)
        (home / "settings.toml").touch()
        run(home, "--headless", "--out", str(home / "lists"))
        for picture, link in zip(NAMES, links(home), strict=True):
            run(home, "--screenshot", str(folder / f"{picture}.png"), "open", link)
    sys.stdout.write(f"{len(NAMES)} pictures are in {folder}\n")
    return 0


def links(home: Path) -> Iterator[str]:
    """What each picture is of, in the order of the names."""
    bad = asked(home, "runs", "list", "--filter", "dt-dt.BAD > 0 and class = Collisions25")["runs"]
    yield f"run-registry://run/{bad[0]['run_number']}?column=dt-dt&ls=20-60"
    yield "run-registry://offline?workspace=dt&filter=dt-dt.BAD%20%3E%200"
    soon = (datetime.now(UTC).date() + timedelta(days=14)).isoformat()
    cycle = ("Collisions2025", "--deadline", soon, "--filter", CERTIFIED)
    made = asked(home, "cycles", "create", *cycle)
    yield f"run-registry://cycle/{made['id']}"
    yield f"run-registry://golden/{asked(home, 'golden', 'list')['golden_jsons'][0]['id']}"


def asked(home: Path, *words: str) -> dict[str, Any]:
    """The document of a command."""
    document: dict[str, Any] = json.loads(run(home, *words, "--json"))
    return document


def run(home: Path, *words: str) -> str:
    """Runs the program on the season; its answer."""
    done = subprocess.run(
        [sys.executable, "-m", "run_registry_desktop", "--data-folder", str(home / "data"), *words],
        cwd=home,
        env=surroundings(home),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def surroundings(home: Path) -> dict[str, str]:
    """The environment without a screen, and without what somebody has set for their program."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("RUN_REGISTRY")
    }
    settings = str(home / "settings.toml")
    return {**kept, "QT_QPA_PLATFORM": "offscreen", "RUN_REGISTRY_SETTINGS": settings}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
