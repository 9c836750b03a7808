"""Makes .deb and .rpm of a bundle, and what a desktop and a shell expect beside it."""

import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "linux"
ROOT = FOLDER.parent.parent
HOME = "/opt/run-registry-desktop"
_ID = "run-registry-desktop"

# What Qt needs of the system. The second is for .rpm.
DEPENDS = {
    "deb": (
        "libgl1", "libegl1", "libglib2.0-0", "libfontconfig1", "libdbus-1-3", "libxkbcommon0",
        "libxkbcommon-x11-0", "libxcb-cursor0", "libxcb-icccm4", "libxcb-image0",
        "libxcb-keysyms1", "libxcb-render-util0", "libxcb-xkb1", "libxcb-shape0", "libx11-xcb1",
        "fonts-dejavu-core",
    ),
    "rpm": (
        "libglvnd-glx", "libglvnd-egl", "glib2", "fontconfig", "dbus-libs", "libxkbcommon",
        "libxkbcommon-x11", "xcb-util-cursor", "xcb-util-wm", "xcb-util-image",
        "xcb-util-keysyms", "xcb-util-renderutil", "libX11-xcb", "dejavu-sans-fonts",
    ),
}  # fmt: skip

_PARSER = "import sys; from app.cli.commands import parser; "
_SHELLS = {
    "bash": "/usr/share/bash-completion/completions/run-registry",
    "zsh": "/usr/share/zsh/vendor-completions/_run-registry",
    "fish": "/usr/share/fish/vendor_completions.d/run-registry.fish",
}

_ZSH_OF_RPM = ("/zsh/vendor-completions/", "/zsh/site-functions/")


def make_shared(python: Path, version: str, moment: int, out: Path) -> Mapping[str, str]:
    """Writes desktop file, icon, AppStream data, man page and completions of the shells into
    `out`; returns where in a system each file goes."""
    out.mkdir(parents=True, exist_ok=True)
    day = datetime.fromtimestamp(moment, UTC).date().isoformat()
    about = (FOLDER / f"{_ID}.metainfo.xml").read_text(encoding="utf-8")
    places: dict[str, str] = {}

    def add(name: str, text: str, place: str) -> None:
        (out / name).write_text(text, encoding="utf-8")
        places[name] = place

    add(
        f"{_ID}.desktop",
        (FOLDER / f"{_ID}.desktop").read_text(encoding="utf-8"),
        f"/usr/share/applications/{_ID}.desktop",
    )
    add(
        f"{_ID}.metainfo.xml",
        about.replace("@VERSION@", version).replace("@DATE@", day),
        f"/usr/share/metainfo/{_ID}.metainfo.xml",
    )
    add(
        f"{_ID}.svg",
        (ROOT / "resources" / "icons" / "run-registry.svg").read_text(encoding="utf-8"),
        f"/usr/share/icons/hicolor/scalable/apps/{_ID}.svg",
    )
    add(
        "copyright",
        (FOLDER / "copyright").read_text(encoding="utf-8"),
        f"/usr/share/doc/{_ID}/copyright",
    )
    add("run-registry.1", _man_page(python, version), "/usr/share/man/man1/run-registry.1")
    for shell, place in _SHELLS.items():
        add(f"run-registry.{shell}", _completion(python, shell), place)
    return places


def _man_page(python: Path, version: str) -> str:
    code = (
        _PARSER + "from argparse_manpage.manpage import Manpage; made = parser(sys.argv[1]);"
        " made.man_short_description = 'data certification of the CMS experiment';"
        " print(Manpage(made, format='single-commands-section'))"
    )
    return _said(python, code, version)


def _completion(python: Path, shell: str) -> str:
    return _said(
        python, _PARSER + "import shtab; print(shtab.complete(parser('0'), sys.argv[1]))", shell
    )


def _said(python: Path, code: str, *words: str) -> str:
    asked = subprocess.run(
        [str(python), "-c", code, *words], check=True, capture_output=True, text=True, cwd="/"
    )
    return asked.stdout


def make_package(
    kind: str, bundle: Path, shared: Path, places: Mapping[str, str], **named: str
) -> Path:
    """Makes a .deb or .rpm with nfpm; `named` has its `version`, the `work` folder and `out`."""
    work, out = Path(named["work"]), Path(named["out"])
    asked = {
        "name": _ID,
        "arch": "amd64",
        "platform": "linux",
        "version": package_version(named["version"]),
        "version_schema": "none",
        "section": "science",
        "priority": "optional",
        "maintainer": "Run Registry Desktop contributors",
        "description": "Data certification of the CMS experiment\n"
        "Runs, lumisections, flags and golden JSON, with a database of its own inside.",
        "license": "MIT",
        "depends": list(DEPENDS[kind]),
        "contents": list(_contents(kind, bundle, shared, places)),
        "deb": {"compression": "zstd"},
        "rpm": {"compression": "zstd"},
    }
    work.mkdir(parents=True, exist_ok=True)
    # JSON is YAML, which nfpm reads.
    (work / "nfpm.yaml").write_text(json.dumps(asked, indent=1), encoding="utf-8")
    out.mkdir(parents=True, exist_ok=True)
    nfpm = Path(sysconfig.get_path("scripts")) / "nfpm"
    done = subprocess.run(
        [str(nfpm), "package", "-f", str(work / "nfpm.yaml"), "-p", kind, "-t", str(out)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"nfpm couldn't make it: {done.stdout}{done.stderr}")
    made = re.search(r"created package: (.+)", done.stdout)
    assert made is not None, done.stdout
    return Path(made[1].strip())


def package_version(version: str) -> str:
    """The version as packages write it: what isn't released yet sorts before the release."""
    released, _, rest = version.partition(".dev")
    return f"{released}~dev{rest.replace('+', '.')}" if rest else released


def _contents(
    kind: str, bundle: Path, shared: Path, places: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    yield {"src": str(bundle), "dst": HOME, "type": "tree"}
    yield {"src": f"{HOME}/run-registry", "dst": "/usr/bin/run-registry", "type": "symlink"}
    for name, place in places.items():
        if kind == "rpm":
            place = place.replace(*_ZSH_OF_RPM)  # noqa: PLW2901 - the same place elsewhere
        yield {"src": str(shared / name), "dst": place}


if __name__ == "__main__":
    sys.exit("Use packaging/build.")
