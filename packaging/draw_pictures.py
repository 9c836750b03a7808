"""Draws the pictures of the documentation:  python packaging/draw_pictures.py [DIR [NAME ...]]

The program takes them itself, of the invented season in a folder that is taken away again. Runs
where the program is installed with its window, without a screen too. DIR is docs/images.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
CERTIFIED = "name like '/PromptReco/Collisions2025%'"
POSE = Path(__file__).resolve().parent / "pose.py"
COLLEAGUE = "shifter@cern.ch"
SCREEN = {"screens": [{"name": "pictures", "x": 0, "y": 0, "width": 1600, "height": 1000}]}
"""A screen on which each dialog has the size that it wants."""

NOW, TYPED = "~2", "Return"
PINNED = ("P", "Down", TYPED), ("P", "Down", "Down", TYPED)
FLAGGED = "run-registry://run/{run}?column=dt-dt&ls=100-130"
PICTURES: Mapping[str, tuple[str, Sequence[str]]] = {
    "shifter": ("run-registry://run/{bad}?column=dt-dt&ls=20-60", ()),
    "detector-expert": ("run-registry://offline?workspace=dt&filter=dt-dt.BAD%20%3E%200", ()),
    "certification-expert": ("run-registry://cycle/{cycle}", ()),
    "golden": ("run-registry://golden/{golden}", ()),
    "evidence": (FLAGGED, (NOW, *PINNED[0], *PINNED[1], "E", NOW)),
    "proposals": ("run-registry://run/{run}?column=dt-dt&ls=127-135", (NOW, "*Show", NOW)),
    "second-eyes": ("run-registry://offline?workspace=dt&filter=run%20%3E%3D%20{verified}", ()),
    "filter-builder": (
        "run-registry://online?filter=class%20%3D%20Collisions25%20and%20%28dt-dt.BAD%20%3E%200"
        "%20or%20not%20hlt_key%20~%20%22%25cosmic%25%22%29",
        ("view.filter.build", "Down", "Down"),
    ),
    "reports": ("run-registry://online", ("report.era", TYPED, NOW, "Ctrl+Tab")),
    "preferences": (
        "run-registry://online",
        ("file.preferences", "=pull_interval", "Down", TYPED, "Ctrl+A", "=2"),
    ),
    "what-happened": ("run-registry://online", (NOW, "view.happened")),
    "window": (FLAGGED, ("B", "C", "Ctrl+A", "=HV trip in sector 4", TYPED)),
}
"""Of each picture what link the window begins with, and what is done there. The last leaves a
draft, which others would show."""


def main(words: Sequence[str]) -> int:
    """Draws all of them, or those that are named behind the folder, and says where."""
    folder = Path(words[0]).absolute() if words else FOLDER
    names = words[1:] or tuple(PICTURES)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        # As root the server runs as another user, who has to get there.
        home.chmod(0o755)
        (home / "settings.toml").touch()
        (home / "screen.json").write_text(json.dumps(SCREEN), encoding="utf-8")
        run(home, "--headless", "--out", str(home / "lists"))
        season = prepared(home)
        for picture in names:
            link, steps = PICTURES[picture]
            # No picture shows what the one before has opened.
            (home / "data" / "window.ini").unlink(missing_ok=True)
            target = ("--screenshot", str(folder / f"{picture}.png"))
            run(home, *target, "open", link.format(**season), steps=steps)
    sys.stdout.write(f"{len(names)} pictures are in {folder}\n")
    return 0


def prepared(home: Path) -> dict[str, object]:
    """Has an agent and other people do what the pictures show; numbers of runs, cycle and list."""
    # What was there when a person looks for the first time is no news.
    run(home, "--screenshot", str(home / "first.png"), steps=(NOW,))
    flagged = runs(home, "dt-dt.BAD > 0 and class = Collisions25")
    newest = runs(home, "class = Collisions25 and ls_duration > 200")[0]
    run(home, "runs", "move", str(newest), "OPEN")
    run(home, "agent", "register", "low", "--agent-version", "1", "--proposes", "dt-dt")
    values = home / "values.csv"
    why = "recorded/delivered is 0.61, where the last 20 runs had 0.95"
    head = "run,dataset,column,first LS,last LS,status,comment,cause\n"
    values.write_text(f'{head}{newest},online,dt-dt,127,135,BAD,"{why}",\n', encoding="utf-8")
    run(home, "agent", "propose", "--agent", "low", "--file", str(values))
    me = asked(home, "whoami")["email"]
    other = ("--as-user", COLLEAGUE)
    asking = f"@{me}, would you look at dt-dt here before it is signed off?"
    run(home, *other, "notes", "add", str(newest), asking, "--ls", "127-135")
    flag = ("--column", "ecal-ecal", "--status", "BAD", "--comment", "EB-07 without data")
    run(home, *other, "lumisections", "edit", str(newest), "--ls", "61-75", *flag)
    datasets = asked(home, "datasets", "list", "--filter", CERTIFIED)["datasets"]
    verified, frozen = sorted({each["run_number"] for each in datasets})[-2:]
    run(home, *other, "verify", "mark", "--run", str(verified), "--workspace", "dt")
    soon = ("--deadline", (datetime.now(UTC).date() + timedelta(days=14)).isoformat())
    agreed = asked(home, "cycles", "create", "Call 0", *soon, "--run", str(frozen))
    run(home, "cycles", "freeze", str(agreed["id"]))
    made = asked(home, "cycles", "create", "Collisions2025", *soon, "--filter", CERTIFIED)
    return {
        "bad": flagged[0],
        "run": newest,
        "verified": verified,
        "cycle": made["id"],
        "golden": asked(home, "golden", "list")["golden_jsons"][0]["id"],
    }


def runs(home: Path, filter_text: str) -> list[int]:
    """Numbers of the runs that pass a filter, the newest first."""
    found = asked(home, "runs", "list", "--filter", filter_text)["runs"]
    return [each["run_number"] for each in found]


def asked(home: Path, *words: str) -> dict[str, Any]:
    """The document of a command."""
    document: dict[str, Any] = json.loads(run(home, *words, "--json"))
    return document


def run(home: Path, *words: str, steps: Sequence[str] | None = None) -> str:
    """Runs the program on the season, with the `steps` that its window takes; its answer."""
    how = ["-m", "run_registry_desktop"] if steps is None else [str(POSE), json.dumps(steps)]
    done = subprocess.run(
        [sys.executable, *how, "--data-folder", str(home / "data"), *words],
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
    screen = f"offscreen:configfile={home / 'screen.json'}"
    return {**kept, "QT_QPA_PLATFORM": screen, "RUN_REGISTRY_SETTINGS": settings}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
