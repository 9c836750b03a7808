"""Luminosity measured by BRIL, imported from files of brilcalc into the `online` datasets."""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import BufferedReader, TextIOWrapper
from pathlib import Path

import numpy as np

from app.domain.configuration.permissions import import_luminosity_path
from app.domain.counting import counted, number
from app.domain.errors import BadInput
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange, count, ranges_of_numbers
from app.domain.progress import SILENT, Progress
from app.domain.sources import brilcalc
from app.domain.sources.brilcalc import Measured
from app.domain.state.compact import CompactState
from app.golden.list_luminosity import RunLuminosity, run_luminosity
from app.golden.luminosity import total
from app.models.events import rows, states
from app.models.events.action import begin
from app.models.events.event_log import LumisectionChange, LumisectionPayload
from app.services.acting import Acting
from app.services.configuration import in_force as configurations

_BLOCK = 400
"""Runs read in one go."""
_BETWEEN_CHECKPOINTS = 20_000
_LONGEST_LINE = 64 * 1024
_MOST_CHARACTERS = 2 * 1024**3
"""A packed file may unpack to so many at most; a year of lumisections has a twentieth of them."""
_PACKED = b"\x1f\x8b"

Run = dict[int, tuple[float, float]]
"""Recorded and delivered luminosity [pb^-1] by lumisection."""


class Outcome(StrEnum):
    """What the import of a file does to a run."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class RunReport:
    """One run of a file: its lumisections, those that get another value, and those `beyond` the
    run's last one, `length`, which are left out.

    Sums [pb^-1] of what becomes the run's, `recorded_before` in the same lumisections, and what is
    left out.
    """

    run_number: int
    outcome: Outcome
    lumisections: int
    changed: int
    length: int
    beyond: tuple[LumiRange, ...]
    recorded: float
    delivered: float
    recorded_before: float
    recorded_left_out: float
    delivered_left_out: float


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or would do; `version` is None where nothing was written."""

    runs: tuple[RunReport, ...]
    version: int | None
    dry_run: bool
    frozen: tuple[int, ...] = ()
    """Runs with datasets in a frozen cycle, which were left as they are."""

    @property
    def changed(self) -> int:
        """Lumisections with another value than before."""
        return sum(run.changed for run in self.runs)

    @property
    def within_runs(self) -> int:
        """Lumisections of the file that its runs have."""
        return sum(run.lumisections - count(run.beyond) for run in self.runs)

    @property
    def text(self) -> str:
        """What was done, or would be, in a sentence."""
        if not self.changed and not self.within_runs:
            return "Nothing to change: the runs have none of these lumisections."
        if not self.changed:
            return "Nothing to change: the runs have these luminosities."
        runs = counted(sum(run.outcome is Outcome.CHANGED for run in self.runs), "run")
        what = f"luminosity of {number(self.changed)} LS in {runs}"
        left = ""
        if self.frozen:
            runs = ", ".join(map(str, self.frozen))
            left = f" Left as they are, with datasets in a frozen cycle: {runs}."
        return f"Would change the {what}.{left}" if self.dry_run else f"Imported {what}.{left}"

    @property
    def unknown(self) -> tuple[int, ...]:
        """Runs that aren't in the Run Registry."""
        return tuple(run.run_number for run in self.runs if run.outcome is Outcome.UNKNOWN)

    @property
    def too_short(self) -> tuple[RunReport, ...]:
        """Runs that have fewer lumisections than the file."""
        return tuple(run for run in self.runs if run.beyond and run.outcome is not Outcome.UNKNOWN)


def import_brilcalc(
    acting: Acting,
    file: Path,
    *,
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> ImportReport:
    """Writes what a `--byls` file says as one version; what holds already isn't written again.

    A lumisection that the file leaves out keeps what it has. Nothing is written when any
    line can't be read, or when it is cancelled, which raises Cancelled.
    """
    configurations.current(acting).permissions.check(acting.actor, import_luminosity_path())

    measured = _measured_in(file, lambda: progress.at(0.0))
    progress.at(0.1)
    with acting.db.read() as connection:
        runs = rows.run_states(connection, measured)
    known = {run: each for run, each in measured.items() if run in runs}
    current: dict[int, CompactState] = {}
    ordered = sorted(known)
    for begin_at in range(0, len(ordered), _BLOCK):
        progress.at(0.1 + 0.3 * begin_at / len(ordered))
        with acting.db.read() as connection:
            keys = [(run, ONLINE) for run in ordered[begin_at : begin_at + _BLOCK]]
            block, _ = states.load_compact(connection, keys, desk=acting.db.desk)
        current.update((run, state) for (run, _), (state, _) in block.items())
    reports = _reports(measured, current)
    touched = [report.run_number for report in reports if report.changed]
    if dry_run or not touched:
        return ImportReport(reports, None, dry_run)
    with begin(acting.db, touched, lambda share: progress.at(0.5 + 0.5 * share)) as action:
        progress.at(0.4)
        frozen = sorted({run for run, _ in action.protected(touched).frozen})
        touched = [run for run in touched if run not in frozen]
        held = action.compact_states([(run, ONLINE) for run in touched])
        current.update((run, state) for (run, _), state in held.items())
        changes = [
            LumisectionChange(run, ONLINE, events, oms=True)
            for run in touched
            if (events := _events(measured[run], current[run]))
        ]
        version = (
            action.append(acting.actor.email, f"luminosity of {file.name}", changes)
            if changes
            else None
        )
        progress.at(0.5)
    return ImportReport(_reports(measured, current), version, False, tuple(frozen))


def _measured_in(file: Path, checkpoint: Callable[[], None]) -> dict[int, Run]:
    """What a file measures, run by run; read line by line, whatever its size."""
    runs: dict[int, Run] = {}
    try:
        with file.open("rb") as stored:
            for line_number, each in enumerate(brilcalc.read(_lines(stored))):
                if line_number % _BETWEEN_CHECKPOINTS == 0:
                    checkpoint()
                _keep(runs, each)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise BadInput(f"{file} can't be unpacked: it is damaged or was cut off.") from error
    except OSError as error:
        raise BadInput(f"{file} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not text in UTF-8.") from error
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error
    if not runs:
        raise BadInput(f"{file} has no luminosity for any lumisection.")
    return runs


def _lines(stored: BufferedReader) -> Iterator[str]:
    """The lines of a file, unpacked where it is packed; BadInput when one of them, or what is
    unpacked, is longer than any luminosity can be."""
    packed = stored.peek(len(_PACKED))[: len(_PACKED)] == _PACKED
    bytes_ = gzip.GzipFile(fileobj=stored) if packed else stored
    characters, line_number = 0, 0
    with TextIOWrapper(bytes_, encoding="utf-8", newline="") as lines:
        while line := lines.readline(_LONGEST_LINE):
            line_number += 1
            characters += len(line)
            if len(line) == _LONGEST_LINE:
                raise BadInput(f"Line {line_number} is longer than {_LONGEST_LINE // 1024} KiB.")
            if packed and characters > _MOST_CHARACTERS:
                raise BadInput(f"It unpacks to more than {_MOST_CHARACTERS // 1024**3} GiB.")
            yield line


def _keep(runs: dict[int, Run], each: Measured) -> None:
    run = runs.setdefault(each.run_number, {})
    values = each.recorded, each.delivered
    if run.setdefault(each.lumisection, values) != values:
        raise BadInput(
            f"Line {each.line}: run {each.run_number} LS {each.lumisection} occurs twice, with"
            " different luminosities."
        )


def _reports(
    measured: Mapping[int, Run], current: Mapping[int, CompactState]
) -> tuple[RunReport, ...]:
    return tuple(_report(run, measured[run], current.get(run)) for run in sorted(measured))


def _report(run_number: int, run: Run, state: CompactState | None) -> RunReport:
    length = 0 if state is None else state.oms_length
    within = [values for lumi, values in run.items() if lumi <= length]
    left_out = [values for lumi, values in run.items() if lumi > length]
    changed, before = 0, 0.0
    if state is not None:
        changed = len(_differing(run, state))
        stored = run_luminosity(state).recorded
        before = _sum(stored[lumi - 1] for lumi in run if lumi <= length)
    outcome = Outcome.CHANGED if changed else Outcome.UNCHANGED
    return RunReport(
        run_number,
        Outcome.UNKNOWN if state is None else outcome,
        len(run),
        changed,
        length,
        ranges_of_numbers(lumi for lumi in run if lumi > length),
        _sum(recorded for recorded, _ in within),
        _sum(delivered for _, delivered in within),
        before,
        _sum(recorded for recorded, _ in left_out),
        _sum(delivered for _, delivered in left_out),
    )


def _differing(run: Run, state: CompactState) -> list[int]:
    """Lumisections of the run whose stored values are others, ascending."""
    now: RunLuminosity = run_luminosity(state)
    return [
        lumi
        for lumi, (recorded, delivered) in sorted(run.items())
        if lumi <= state.oms_length
        and (now.recorded[lumi - 1] != recorded or now.delivered[lumi - 1] != delivered)
    ]


def _events(run: Run, state: CompactState) -> list[LumisectionPayload]:
    """What is to be written, neighbours with equal values together."""
    by_values: list[tuple[tuple[float, float], list[int]]] = []
    for lumi in _differing(run, state):
        values = run[lumi]
        if by_values and by_values[-1][0] == values and by_values[-1][1][-1] == lumi - 1:
            by_values[-1][1].append(lumi)
        else:
            by_values.append((values, [lumi]))
    return [
        (
            {"recorded": recorded, "delivered": delivered},
            (LumiRange(numbers[0], numbers[-1]),),
        )
        for (recorded, delivered), numbers in by_values
    ]


def _sum(values: Iterable[float]) -> float:
    numbers = np.array(list(values), np.float64)
    return total(np.where(numbers > 0, numbers, 0.0))
