"""Prints the notes of a release from CHANGELOG.md:  python packaging/release_notes.py v1.2.0"""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def notes(changelog: str, tag: str) -> str | None:
    """The part of a changelog below the heading of a version; None where it has none."""
    version = re.escape(tag.removeprefix("v"))
    found = re.search(rf"^## \[{version}\][^\n]*\n(.*?)(?=^## |\Z)", changelog, re.M | re.S)
    return None if found is None else found[1].strip() + "\n"


def main(tag: str) -> int:
    """Prints the notes, or says that there are none."""
    found = notes(CHANGELOG.read_text(encoding="utf-8"), tag)
    if found is None:
        sys.stderr.write(f"CHANGELOG.md has no part for {tag}: name the release there first.\n")
        return 1
    sys.stdout.write(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
