"""What tells a desktop that links of Run Registry are ours."""

import configparser
import shlex
from pathlib import Path

from app.cli import commands
from app.domain.links import SCHEME

FILE = Path(__file__).parents[2] / "packaging" / "desktop" / "run-registry-links.desktop"


def test_that_a_desktop_hands_links_to_a_command_there_is():
    file = configparser.ConfigParser(interpolation=None)
    file.read(FILE, "utf-8")
    entry = file["Desktop Entry"]
    assert entry["MimeType"] == f"x-scheme-handler/{SCHEME};"
    program, *words = shlex.split(entry["Exec"].replace("%u", f"{SCHEME}://run/396281"))
    assert program == "run-registry"
    assert commands.parse(words, "1").link == f"{SCHEME}://run/396281"
