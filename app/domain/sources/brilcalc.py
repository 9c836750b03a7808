"""Luminosity by lumisection as `brilcalc lumi --byls --output-style csv` writes it."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.domain.errors import BadInput
from app.domain.json_value import number_in
from app.domain.lumisections import LAST_LUMISECTION

_PER_INVERSE_PICOBARN = {
    "/fb": 1e-3,
    "/pb": 1.0,
    "/nb": 1e3,
    "/ub": 1e6,
    "/mb": 1e9,
    "/b": 1e12,
}
"""How many of a unit make 1 pb^-1."""

_RUN = re.compile(r"([1-9][0-9]{0,9})(?::[0-9]*)?", re.ASCII)
_LUMISECTION = re.compile(r"([1-9][0-9]{0,8})(?::[0-9]+)?", re.ASCII)
_COLUMN = re.compile(r"(delivered|recorded)\(([^()]*)\)", re.ASCII)
_RATE = re.compile(r"hz|(?:/s|s-1|cm2s)$", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measured:
    """Luminosity of one lumisection [pb^-1], and the line it stands in."""

    run_number: int
    lumisection: int
    delivered: float
    recorded: float
    line: int


@dataclass(frozen=True)
class _Head:
    """Where the columns stand, and how many of their unit make 1 pb^-1."""

    run: int
    lumisection: int
    delivered: tuple[int, float]
    recorded: tuple[int, float]

    @property
    def width(self) -> int:
        return max(self.run, self.lumisection, self.delivered[0], self.recorded[0]) + 1


def read(lines: Iterable[str]) -> Iterator[Measured]:
    """The measurements, line by line; BadInput names the line that can't be read.

    Lines that begin with # are comments; the one that names the columns names the units, too.
    """
    head: _Head | None = None
    for number, line in enumerate(lines, start=1):
        stripped = line.strip().removeprefix("\ufeff")
        if not stripped:
            continue
        if stripped.startswith("#"):
            if stripped.lstrip("# ").startswith("run"):
                head = _head(stripped, number)
            continue
        if head is None:
            raise BadInput(
                f"Line {number}: there is no line of columns before it, such as"
                ' "#run:fill,ls,time,beamstatus,E(GeV),delivered(/pb),recorded(/pb),avgpu,source",'
                " which names the units."
            )
        yield _measured(head, stripped, number)


def _head(line: str, number: int) -> _Head:
    names = [name.strip() for name in line.lstrip("# ").split(",")]
    places: dict[str, int] = {}
    units: dict[str, float] = {}
    if any(name.partition("(")[0] == "hltpath" for name in names):
        raise BadInput(
            f"Line {number}: it is the luminosity of a trigger path, as brilcalc lumi --hltpath"
            " writes it, and not the run's: write the file again without --hltpath."
        )
    for at, name in enumerate(names):
        if name in {"run:fill", "run"}:
            places["run"] = at
        elif name == "ls":
            places["ls"] = at
        elif (match := _COLUMN.fullmatch(name)) is not None:
            if _RATE.search(match[2]):
                raise BadInput(
                    f"Line {number}: {match[2]} is a rate; export integrated luminosity"
                    " (brilcalc -u /pb)."
                )
            if match[2] not in _PER_INVERSE_PICOBARN:
                known = ", ".join(_PER_INVERSE_PICOBARN)
                raise BadInput(f"Line {number}: the unit {match[2]} is none of {known}.")
            places[match[1]] = at
            units[match[1]] = _PER_INVERSE_PICOBARN[match[2]]
    for wanted in ("run", "ls", "delivered", "recorded"):
        if wanted not in places:
            hint = "; was it written with --byls?" if wanted == "ls" else ""
            raise BadInput(f"Line {number} names no column {wanted} with its unit{hint}")
    return _Head(
        places["run"],
        places["ls"],
        (places["delivered"], units["delivered"]),
        (places["recorded"], units["recorded"]),
    )


def _measured(head: _Head, line: str, number: int) -> Measured:
    # Only a dataset or source name may be quoted; the csv module costs what split doesn't.
    values = next(csv.reader([line])) if '"' in line else line.split(",")
    if len(values) < head.width:
        raise BadInput(
            f"Line {number} has {len(values)} columns, {head.width} or more are wanted; was the"
            " file cut off?"
        )
    run = _RUN.fullmatch(values[head.run].strip())
    lumisection = _LUMISECTION.fullmatch(values[head.lumisection].strip())
    if run is None:
        raise BadInput(
            f'Line {number}: "{values[head.run]}" is not a run:fill, such as 297050:5839.'
        )
    if lumisection is None or int(lumisection[1]) > LAST_LUMISECTION:
        raise BadInput(
            f'Line {number}: "{values[head.lumisection]}" is not a lumisection, such as 12:12.'
        )
    return Measured(
        int(run[1]),
        int(lumisection[1]),
        _luminosity(values, *head.delivered, number),
        _luminosity(values, *head.recorded, number),
        number,
    )


def _luminosity(values: list[str], at: int, per_inverse_picobarn: float, line: int) -> float:
    number = number_in(values[at])
    if number is None:
        raise BadInput(f'Line {line}: "{values[at]}" is not a luminosity.')
    value = number / per_inverse_picobarn
    if not abs(value) < 1e6:
        raise BadInput(f'Line {line}: "{values[at]}" is not a luminosity of one lumisection.')
    return value
