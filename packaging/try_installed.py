"""Tries an installed program on a database of its own:  python packaging/try_installed.py

Runs where the wheel is installed, on any system, in a folder that is taken away again.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Makes a database, backs it up, restores it; says what went wrong."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # As root the server runs as another user, who has to get there.
        folder.chmod(0o755)
        backup = str(folder / "tried.backup")
        run(folder, "--version")
        run(folder, "db", "init")
        rows = json.loads(run(folder, "backup", backup, "--json"))["rows"]
        restored = json.loads(run(folder, "restore", backup, "--replace", "--json"))["rows"]
        licences = json.loads(run(folder, "licences", "--json"))
    if not rows or rows != restored or len(licences) < 20:
        sys.stderr.write(f"{rows} rows were saved, {restored} came back.\n")
        return 1
    sys.stdout.write(f"It works: {rows} rows were saved and came back.\n")
    return 0


def run(folder: Path, *words: str) -> str:
    """Runs a command on a database of its own; its answer."""
    command = [sys.executable, "-m", "run_registry_desktop", *words]
    if words[0] != "--version":
        command += ["--data-folder", str(folder / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
