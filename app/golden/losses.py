"""Luminosity lost by cause, by sub-system and by DCS bit, inclusive and exclusive.

A combination is what failed together in some lumisections. Inclusive numbers give each cause all
of its combinations, so that they overlap; exclusive ones give a combination to one name only.
The total of a chart counts each combination once, whatever the bars.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from app.domain.json_logic import parse
from app.domain.json_value import JsonValue, js_stringify
from app.domain.lumisections import LumiRange, join
from app.golden.document import Document, NamedDocument, document_of
from app.golden.leaves import coordinate
from app.golden.luminosity import total
from app.golden.selection import Selection

TRACKER_HV = "tracker_hv"
MIXED = "mixed"
NO_VARIABLE = "rule"
"""Name of a condition that names no variable, or computes which."""

SHORT_RUN_ATTRIBUTES: Mapping[str, str] = {
    **{name: name for name in ("energy", "b_field", "recorded_lumi", "injection_scheme")},
    **{name: name for name in ("hlt_key", "cms_active")},
    **dict.fromkeys(("beam1_present", "beam2_present", "beam1_stable", "beam2_stable"), "beams"),
}
"""What sets special, short and commissioning runs apart from those made for physics."""

DCS_SUBSYSTEMS: Mapping[str, str] = {
    bit: subsystem
    for subsystem, bits in {
        "castor": ("castor_ready",),
        "cms": ("physics_flag",),
        "csc": ("cscm_ready", "cscp_ready"),
        "ctpps": ("rp_sect_45_ready", "rp_sect_56_ready", "rp_time_ready"),
        "dt": ("dt0_ready", "dtm_ready", "dtp_ready"),
        "ecal": ("ebm_ready", "ebp_ready", "eem_ready", "eep_ready"),
        "es": ("esm_ready", "esp_ready"),
        "gem": ("gemm_ready", "gemp_ready"),
        "hcal": ("hbhea_ready", "hbheb_ready", "hbhec_ready", "hf_ready", "ho_ready"),
        "pixel": ("bpix_ready", "fpix_ready"),
        "rpc": ("rpc_ready",),
        "strip": ("tecm_ready", "tecp_ready", "tibtid_ready", "tob_ready"),
        "zdc": ("zdc_ready",),
    }.items()
    for bit in bits
}
_QUALITY_SUBSYSTEMS = {
    "ecal-es": "es",
    "tracker-pixel": "pixel",
    "tracker-strip": "strip",
    "tracker-track": "track",
}
_NO_BITS = frozenset({"recorded", "delivered", "prescale_index", "prescale_name"})


class Kind(StrEnum):
    """What sort of thing failed."""

    SHORT_RUN = "short run"
    DCS = "dcs"
    QUALITY = "quality"
    OTHER = "other"


class Cause(NamedTuple):
    """One variable that a failed condition names: a bit, a column, an attribute."""

    kind: Kind
    name: str
    subsystem: str


@dataclass(frozen=True)
class Combination:
    """Lumisections in which exactly these conditions (JSON texts) failed.

    `recorded` [pb^-1] and `lumisections` count what several datasets of a run share once.
    """

    conditions: tuple[str, ...]
    recorded: float
    lumisections: int
    where: NamedDocument

    @cached_property
    def causes(self) -> frozenset[Cause]:
        """All that failed in it."""
        return frozenset(cause for condition in self.conditions for cause in causes_of(condition))

    def of(self, kind: Kind) -> frozenset[Cause]:
        """The causes of one kind."""
        return self._of_kind.get(kind, frozenset())

    @cached_property
    def _of_kind(self) -> Mapping[Kind, frozenset[Cause]]:
        """They are asked for by each chart."""
        kinds = {cause.kind for cause in self.causes}
        return {
            kind: frozenset(cause for cause in self.causes if cause.kind is kind) for kind in kinds
        }


@dataclass(frozen=True)
class Bar:
    """One name of a chart; `combinations` are indices into those of the losses."""

    name: str
    recorded: float
    lumisections: int
    combinations: tuple[int, ...]


@dataclass(frozen=True)
class Chart:
    """Losses by name, the greatest first. Bars of an inclusive chart overlap; `total` doesn't."""

    key: str
    title: str
    inclusive: bool
    bars: tuple[Bar, ...]
    total: Bar


@dataclass(frozen=True)
class Losses:
    """All charts of one list, or those that somebody wants."""

    combinations: tuple[Combination, ...]
    charts: tuple[Chart, ...]

    @cached_property
    def total(self) -> Bar:
        """All that was lost."""
        return _bar("all", range(len(self.combinations)), self.combinations)

    @property
    def short_runs(self) -> Bar:
        """What was lost for an attribute of short runs, whatever else failed."""
        return self.chart("short-runs").total

    def chart(self, key: str) -> Chart:
        """One of the charts."""
        return next(chart for chart in self.charts if chart.key == key)

    def where(self, bar: Bar) -> NamedDocument:
        """Lumisections behind a bar by `{run}-{name}`."""
        ranges_by_key: dict[str, list[LumiRange]] = {}
        for number in bar.combinations:
            for key, ranges in self.combinations[number].where.items():
                ranges_by_key.setdefault(key, []).extend(ranges)
        return {key: join(ranges_by_key[key]) for key in sorted(ranges_by_key, key=_order)}

    def runs(self, bar: Bar) -> Document:
        """Lumisections behind a bar by run."""
        ranges_by_run: dict[int, list[LumiRange]] = {}
        for number in bar.combinations:
            for key, ranges in self.combinations[number].where.items():
                ranges_by_run.setdefault(_order(key)[0], []).extend(ranges)
        return document_of(ranges_by_run)


class Step(NamedTuple):
    """Luminosity [pb^-1] on its way into a list, and what is lost before the next step."""

    name: str
    luminosity: float
    lost: float
    reason: str


def losses_of(combinations: Iterable[Combination], wanted: Collection[str] | None = None) -> Losses:
    """Charts of what was lost, of which only the `wanted` ones are made if given."""
    listed = tuple(combinations)
    keys = [key for key in _CHARTS if wanted is None or key in wanted]
    return Losses(listed, tuple(_chart(listed, key, *_CHARTS[key]) for key in keys))


def combinations_of(selection: Selection) -> tuple[Combination, ...]:
    """What failed together in a computed selection, the greatest loss first."""
    where = selection.lumisections_by_combination
    return tuple(
        Combination(
            tuple(selection.leaves[leaf] for leaf in loss.leaves),
            loss.luminosity.recorded,
            loss.lumisections,
            where[selection.text_of(loss)],
        )
        for loss in selection.losses
    )


def stored_combination(
    conditions: str, recorded: float, where: Mapping[str, Sequence[Sequence[int]]]
) -> Combination:
    """A combination as a stored list has it: the conditions are the JSON text of a list."""
    parsed: list[JsonValue] = json.loads(conditions)
    named = {
        key: join((int(first), int(last)) for first, last in where[key])
        for key in sorted(where, key=_order)
    }
    by_run: dict[int, list[LumiRange]] = {}
    for key, ranges in named.items():
        by_run.setdefault(_order(key)[0], []).extend(ranges)
    lumisections = sum(
        last - first + 1 for ranges in document_of(by_run).values() for first, last in ranges
    )
    return Combination(tuple(map(js_stringify, parsed)), recorded, lumisections, named)


@lru_cache(maxsize=4096)
def causes_of(condition: str) -> frozenset[Cause]:
    """The causes that one condition, as JSON text, names: whatever it does with them. The few of a
    rule fail in thousands of combinations."""
    variables = parse(json.loads(condition)).variables
    return frozenset(map(_cause, variables or ())) or frozenset(
        {Cause(Kind.OTHER, NO_VARIABLE, NO_VARIABLE)}
    )


def way_into_the_list(losses: Losses, luminosity: Mapping[str, float]) -> tuple[Step, ...]:
    """How luminosity went from the LHC into a stored list, by the columns it is stored with."""
    delivered_all = luminosity["total_delivered_luminosity_from_run_range"]
    recorded_all = luminosity["total_recorded_luminosity_from_run_range"]
    recorded = luminosity["total_recorded_luminosity"]
    short = losses.short_runs.recorded
    lost = luminosity["total_recorded_luminosity_lost"]
    return (
        Step(
            "delivered in the run range",
            delivered_all,
            delivered_all - recorded_all,
            "downtime and dead time",
        ),
        Step(
            "recorded in the run range",
            recorded_all,
            recorded_all - recorded,
            "runs without a matching dataset",
        ),
        Step(
            "recorded in the datasets",
            recorded,
            short,
            "commissioning, short and special runs",
        ),
        Step("recorded for physics", recorded - short, lost - short, "flags and detectors off"),
        Step("in the list", recorded - lost, 0.0, ""),
    )


def _cause(variable: str) -> Cause:
    match coordinate(variable):
        case ("lumisection", "rr", column):
            subsystem = _QUALITY_SUBSYSTEMS.get(column, column.split("-")[0])
            return Cause(Kind.QUALITY, column, subsystem)
        case (("lumisection" | "run"), "oms", name) if name in SHORT_RUN_ATTRIBUTES:
            attribute = SHORT_RUN_ATTRIBUTES[name]
            return Cause(Kind.SHORT_RUN, attribute, attribute)
        case ("lumisection", "oms", bit) if bit not in _NO_BITS:
            return Cause(Kind.DCS, bit, DCS_SUBSYSTEMS.get(bit, bit))
        case _:
            name = variable.rsplit(".", maxsplit=1)[-1] or NO_VARIABLE
            return Cause(Kind.OTHER, name, name)


def _chart(
    combinations: Sequence[Combination],
    key: str,
    title: str,
    inclusive: bool,
    names_of: Callable[[Combination], Iterable[str]],
) -> Chart:
    members: dict[str, list[int]] = {}
    counted: list[int] = []
    for number, combination in enumerate(combinations):
        names = set(names_of(combination))
        if names:
            counted.append(number)
        for name in names:
            members.setdefault(name, []).append(number)
    bars = [_bar(name, numbers, combinations) for name, numbers in members.items()]
    bars.sort(key=lambda bar: (-bar.recorded, -bar.lumisections, bar.name))
    return Chart(key, title, inclusive, tuple(bars), _bar("all", counted, combinations))


def _bar(name: str, numbers: Iterable[int], combinations: Sequence[Combination]) -> Bar:
    chosen = tuple(numbers)
    return Bar(
        name,
        total(np.array([combinations[number].recorded for number in chosen])),
        sum(combinations[number].lumisections for number in chosen),
        chosen,
    )


def _only_condition(combination: Combination) -> Iterable[str]:
    return combination.conditions if len(combination.conditions) == 1 else (MIXED,)


def _short_runs(combination: Combination) -> Iterable[str]:
    return {cause.name for cause in combination.of(Kind.SHORT_RUN)}


def _only_short(combination: Combination) -> Iterable[str]:
    names = sorted(_short_runs(combination))
    return (", ".join(names),) if names and not combination.of(Kind.DCS) else ()


def _has_tracker_hv(combination: Combination) -> bool:
    return {"strip", "pixel"} <= {cause.subsystem for cause in combination.of(Kind.DCS)}


def _exclusive(combination: Combination) -> Iterable[str]:
    if combination.of(Kind.SHORT_RUN):
        return ()
    if _has_tracker_hv(combination):
        return (TRACKER_HV,)
    subsystems = {cause.subsystem for cause in combination.causes}
    return subsystems if len(subsystems) == 1 else (MIXED,)


def _exclusive_dcs(combination: Combination) -> Iterable[str]:
    if combination.of(Kind.SHORT_RUN):
        return ()
    if _has_tracker_hv(combination):
        return (TRACKER_HV,)
    subsystems = _dcs(combination)
    return subsystems if len(subsystems) == 1 else ()


def _exclusive_bit(combination: Combination) -> Iterable[str]:
    bits = _bits(combination)
    return bits if len(combination.causes) == 1 else ()


def _exclusive_quality(combination: Combination) -> Iterable[str]:
    if any(cause.kind is not Kind.QUALITY for cause in combination.causes):
        return ()
    subsystems = {cause.subsystem for cause in combination.causes}
    return subsystems if len(subsystems) == 1 else (MIXED,)


def _bits(combination: Combination) -> set[str]:
    if combination.of(Kind.SHORT_RUN):
        return set()
    return {cause.name for cause in combination.of(Kind.DCS)}


def _dcs(combination: Combination) -> set[str]:
    if combination.of(Kind.SHORT_RUN):
        return set()
    return {cause.subsystem for cause in combination.of(Kind.DCS)}


def _quality(combination: Combination) -> Iterable[str]:
    if combination.of(Kind.SHORT_RUN) or combination.of(Kind.DCS):
        return ()
    return {cause.subsystem for cause in combination.of(Kind.QUALITY)}


def _subsystems(combination: Combination) -> Iterable[str]:
    if combination.of(Kind.SHORT_RUN):
        return ()
    return {cause.subsystem for cause in combination.causes}


def _order(key: str) -> tuple[int, str]:
    """Run number and name of `{run}-{name}`."""
    run_number, _, name = key.partition("-")
    return int(run_number), name


_CHARTS: Mapping[str, tuple[str, bool, Callable[[Combination], Iterable[str]]]] = {
    "conditions": ("By condition", True, lambda each: each.conditions),
    "conditions-exclusive": ("By condition, alone", False, _only_condition),
    "short-runs": ("Short-run attributes", True, _short_runs),
    "short-runs-exclusive": ("Short-run attributes, no DCS bit", False, _only_short),
    "exclusive": ("Sub-system, DCS and quality, alone", False, _exclusive),
    "dcs-subsystems-exclusive": ("Sub-system, DCS, alone", False, _exclusive_dcs),
    "dcs-bits-exclusive": ("DCS bit, alone", False, _exclusive_bit),
    "quality-subsystems-exclusive": ("Sub-system, quality, alone", False, _exclusive_quality),
    "dcs-bits": ("DCS bit", True, _bits),
    "dcs-subsystems": ("Sub-system, DCS", True, _dcs),
    "quality-subsystems": ("Sub-system, quality, no DCS", True, _quality),
    "subsystems": ("Sub-system, DCS and quality", True, _subsystems),
}
