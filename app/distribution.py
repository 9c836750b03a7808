"""What is installed: the version of the program, and the licences of all that it is made with."""

import math
import platform
import re
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from msgspec import Struct

DISTRIBUTION = "run-registry-desktop"
_EXTRAS = ("", "desktop", "agent")
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:\.dev(\d{1,9}))?(?![\w.])", re.ASCII)
_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")
_TEXTS = re.compile(r"(^|/)(licen[cs]e|copying|notice|copyright|authors)[^/]*$", re.IGNORECASE)
_CODE = (".py", ".pyc", ".json")
_SHORT = 60

POSTGRESQL = """\
PostgreSQL Database Management System (also known as Postgres, formerly known as Postgres95)

Portions Copyright (c) 1996-2025, PostgreSQL Global Development Group

Portions Copyright (c) 1994, The Regents of the University of California

Permission to use, copy, modify, and distribute this software and its documentation for any purpose,
without fee, and without a written agreement is hereby granted, provided that the above copyright
notice and this paragraph and the following two paragraphs appear in all copies.

IN NO EVENT SHALL THE UNIVERSITY OF CALIFORNIA BE LIABLE TO ANY PARTY FOR DIRECT, INDIRECT, SPECIAL,
INCIDENTAL, OR CONSEQUENTIAL DAMAGES, INCLUDING LOST PROFITS, ARISING OUT OF THE USE OF THIS
SOFTWARE AND ITS DOCUMENTATION, EVEN IF THE UNIVERSITY OF CALIFORNIA HAS BEEN ADVISED OF THE
POSSIBILITY OF SUCH DAMAGE.

THE UNIVERSITY OF CALIFORNIA SPECIFICALLY DISCLAIMS ANY WARRANTIES, INCLUDING, BUT NOT LIMITED TO,
THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE. THE SOFTWARE
PROVIDED HEREUNDER IS ON AN "AS IS" BASIS, AND THE UNIVERSITY OF CALIFORNIA HAS NO OBLIGATIONS TO
PROVIDE MAINTENANCE, SUPPORT, UPDATES, ENHANCEMENTS, OR MODIFICATIONS.
"""
"""What the package with the server doesn't carry itself."""

_QT = """\
Qt for Python (PySide6, shiboken6) and Qt: copyright The Qt Company Ltd. and other contributors;
used under the GNU Lesser General Public License 3.0, whose text stands with psycopg. The libraries
are files of their own and may be replaced by other builds of the same version. Sources: the
download site of Qt, https://download.qt.io/official_releases/
"""
_WITHOUT_TEXT = {"pyside6-essentials": _QT, "shiboken6": _QT}


class Licence(Struct, frozen=True):
    """A part of the program: its name, version and licence, and the texts that come with it."""

    name: str
    version: str
    licence: str
    texts: tuple[str, ...] = ()


def program_version() -> str:
    """Version of the installed program."""
    return metadata.version(DISTRIBUTION)


def is_newer(version: str, than: str) -> bool:
    """Whether a version of this program comes after another; never for what is no version."""
    order, other = _order(version), _order(than)
    return bool(order and other) and order > other


def licences(*, with_texts: bool = False) -> tuple[Licence, ...]:
    """The program first, then Python and PostgreSQL, then every installed package that it needs."""
    found = {name: _of(name, with_texts=with_texts) for name in _needed()}
    own = found.pop(DISTRIBUTION)
    return (
        own,
        Licence("Python", platform.python_version(), "PSF-2.0", (_python_text(),)),
        Licence("PostgreSQL", "", "PostgreSQL", (POSTGRESQL,)),
        *sorted(found.values(), key=lambda each: each.name.lower()),
    )


def _order(version: str) -> tuple[float, ...]:
    """Sorts versions: what is made on the way to a release comes before it. Empty for others."""
    found = _VERSION.match(version)
    if found is None:
        return ()
    *release, made = found.groups()
    return (*map(int, release), math.inf if made is None else int(made))


def _needed() -> set[str]:
    """Names of the installed packages that the program stands on, itself among them."""
    known: set[str] = set()
    waiting: list[tuple[str, tuple[str, ...]]] = [(DISTRIBUTION, _EXTRAS)]
    while waiting:
        name, extras = waiting.pop()
        try:
            requirements = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another system or Python, or of an extra that isn't installed
        known.add(name)
        for requirement in requirements:
            matched, extra = _NAME.match(requirement), _EXTRA.search(requirement)
            assert matched is not None
            needed = re.sub(r"[-_.]+", "-", matched[0]).lower()
            if needed not in known and (extra[1] if extra else "") in extras:
                waiting.append((needed, _asked_extras(requirement)))
    return known


def _asked_extras(requirement: str) -> tuple[str, ...]:
    asked = re.match(r"^[A-Za-z0-9._-]+\s*\[([^\]]*)\]", requirement)
    return ("", *(part.strip() for part in asked[1].split(","))) if asked else ("",)


def _of(name: str, *, with_texts: bool) -> Licence:
    package = metadata.distribution(name)
    said = package.metadata
    texts: tuple[str, ...] = ()
    if with_texts:
        texts = (*_texts(package), *filter(None, [_WITHOUT_TEXT.get(name)]))
    return Licence(said["Name"], package.version, _licence(said), texts)


def _licence(said: metadata.PackageMetadata) -> str:
    """The expression where there is one, else what the classifiers say, else the first words."""
    if expressions := said.get_all("License-Expression"):
        return str(expressions[0])
    classified = [
        line.rpartition(" :: ")[2]
        for line in said.get_all("Classifier") or ()
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    first = "".join(said.get_all("License") or ()).strip().partition("\n")[0].strip()
    return " and ".join(classified) or (first if len(first) <= _SHORT else "") or "see its text"


def _texts(package: metadata.Distribution) -> Iterator[str]:
    for file in package.files or ():
        name = str(file)
        if ".dist-info" in name and _TEXTS.search(name) and not name.endswith(_CODE):
            try:
                yield file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue


def _python_text() -> str:
    """The text that stands in the library of Python, where the installation has it there."""
    try:
        return (Path(sysconfig.get_path("stdlib")) / "LICENSE.txt").read_text(encoding="utf-8")
    except OSError:
        return "Copyright (c) 2001 Python Software Foundation; https://docs.python.org/license.html"
