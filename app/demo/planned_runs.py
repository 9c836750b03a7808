"""Fills and runs as they were planned, and what OMS says of them at any time."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import overload

from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import LUMISECTION_S, LumiRange

_NEXT_ERA = datetime(2025, 8, 21, 0, 0, tzinfo=UTC)

DETECTORS: dict[str, tuple[str, ...]] = {
    "pixel": ("bpix_ready", "fpix_ready"),
    "strips": ("tibtid_ready", "tob_ready", "tecp_ready", "tecm_ready"),
    "ecal": ("ebp_ready", "ebm_ready", "eep_ready", "eem_ready"),
    "preshower": ("esp_ready", "esm_ready"),
    "hcal": ("hbhea_ready", "hbheb_ready", "hbhec_ready", "hf_ready", "ho_ready"),
    "dt": ("dt0_ready", "dtp_ready", "dtm_ready"),
    "csc": ("cscp_ready", "cscm_ready"),
    "rpc": ("rpc_ready",),
    "gem": ("gemp_ready", "gemm_ready"),
    "roman pots": ("rp_sect_45_ready", "rp_sect_56_ready"),
}


@dataclass(frozen=True, slots=True)
class PlannedFill:
    """A fill of the LHC as it was planned; times in lumisections since its stable beams."""

    number: int
    start: datetime
    stable_from: datetime
    dump: datetime
    bunches: int
    peak: float  # delivered in one lumisection at the start [pb^-1]
    levelled: int
    decay: float

    @property
    def era(self) -> str:
        return "2025D" if self.start >= _NEXT_ERA else "2025C"

    def luminosity(self, at: datetime) -> float:
        """Delivered in the lumisection that begins then [pb^-1]."""
        if not self.stable_from <= at < self.dump:
            return 0.0
        since = (at - self.stable_from).total_seconds() / LUMISECTION_S
        return self.peak * math.exp(-max(0.0, since - self.levelled) / self.decay)

    def attributes(self, now: datetime) -> JsonObject:
        ended = now >= self.dump
        return {
            "fill_number": self.number,
            "era": self.era,
            "injection_scheme": (
                f"25ns_{self.bunches + 14}b_{self.bunches}_{self.bunches - 512}"
                f"_{self.bunches - 401}_144bpi_20inj"
            ),
            "bunches_colliding": self.bunches,
            "bunches_beam1": self.bunches + 14,
            "bunches_beam2": self.bunches + 14,
            "energy": 6800.0,
            "b_field": 3.8,
            "stable_beams": now >= self.stable_from,
            "peak_lumi": round(self.peak / LUMISECTION_S * 1e3, 4),
            "fill_type_party1": "PROTON",
            "fill_type_party2": "PROTON",
            "fill_type_runtime": "PROTONS",
            "start_time": _text(self.start),
            "start_stable_beam": _text(self.stable_from) if now >= self.stable_from else None,
            "end_stable_beam": _text(self.dump) if ended else None,
            "end_time": _text(self.dump + timedelta(minutes=4)) if ended else None,
        }


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run as it was planned, whole; what OMS says of it depends on how far it has come."""

    number: int
    kind: str
    start: datetime
    length: int
    fill: PlannedFill | None
    fill_number: int
    components: tuple[str, ...]
    hlt_key: str
    prescales: tuple[tuple[int, int, str], ...]  # from this lumisection: index, name
    l1_rate: float
    off: dict[str, tuple[LumiRange, ...]]
    unknown: dict[str, tuple[LumiRange, ...]]
    delivered: tuple[float, ...] = field(repr=False)  # by lumisection [pb^-1]
    recorded: tuple[float, ...] = field(repr=False)
    delivered_before: tuple[float, ...] = field(repr=False)
    recorded_before: tuple[float, ...] = field(repr=False)

    def time_of(self, lumisection: int) -> datetime:
        """When the lumisection begins."""
        return self.start + timedelta(seconds=LUMISECTION_S * (lumisection - 1))

    @property
    def end(self) -> datetime:
        return self.time_of(self.length + 1)

    def attributes(self, length: int, *, ended: bool) -> JsonObject:
        """The run record when the run has that many lumisections."""
        now = self.time_of(length + 1)
        seconds = int((now - self.start).total_seconds())
        collisions = self.kind == "collisions"
        mode = "collisions2025" if self.fill is not None else "cosmics2025"
        stable = (
            self.fill is not None and self.fill.stable_from < now and self.start < (self.fill.dump)
        )
        hlt_rate = 0.0 if self.kind == "commissioning" else 2410.5 if collisions else 148.2
        size = 1.12 if collisions else 0.37
        instantaneous = [
            round(value / LUMISECTION_S * 1e3, 4)
            for value in (self.delivered[0], self.delivered[length - 1])
        ]
        components: list[JsonValue] = [*self.components]
        return {
            "run_number": self.number,
            "components": components,
            "energy": 6800.0 if self.fill is not None else 0.0,
            "b_field": 3.8,
            "stable_beam": stable,
            "hlt_key": self.hlt_key,
            "hlt_physics_counter": int(hlt_rate * seconds),
            "hlt_physics_rate": hlt_rate,
            "hlt_physics_size": size,
            "hlt_physics_throughput": round(hlt_rate * size / 1e3, 6),
            "l1_key": f"l1_trg_{mode}/v64",
            "l1_key_stripped": f"{mode}/v64",
            "l1_hlt_mode": mode,
            "l1_hlt_mode_stripped": f"{mode}/v112",
            "l1_menu": "L1Menu_Collisions2025_v1_4_0",
            "l1_rate": self.l1_rate,
            "l1_triggers_counter": int(self.l1_rate * seconds),
            "trigger_mode": f"l1_hlt_{mode}/v112",
            "initial_prescale_index": self.prescales[0][1],
            "cmssw_version": "CMSSW_15_0_11",
            "sequence": "GLOBAL-RUN",
            "clock_type": "LHC" if self.fill is not None else "LOCAL",
            "tier0_transfer": self.kind != "commissioning",
            "fill_number": self.fill_number,
            "fill_type_party1": "PROTON",
            "fill_type_party2": "PROTON",
            "fill_type_runtime": "PROTONS" if self.fill is not None else "COSMICS",
            "init_lumi": instantaneous[0],
            "end_lumi": instantaneous[1],
            "delivered_lumi": round(self.delivered_before[length], 6),
            "recorded_lumi": round(self.recorded_before[length], 6),
            "beamactive_total_deadtime": 3.4 if collisions else 0.0,
            "start_time": _text(self.start),
            "end_time": _text(now) if ended else None,
            "duration": seconds if ended else None,
            "last_lumisection_number": length,
            "last_update": _text(now + timedelta(minutes=2) if ended else now),
        }

    def lumisection(self, number: int) -> JsonObject:
        """The lumisection, the same however far the run has come."""
        at = self.time_of(number)
        fill = self.fill
        beam = fill is not None and at < fill.dump
        stable = fill is not None and fill.stable_from <= at < fill.dump
        ready = {
            bit: not covers(self.off.get(bit, ()), number)
            for bits in DETECTORS.values()
            for bit in bits
        }
        active = not covers(self.off.get("cms_active", ()), number)
        index, name = next(
            (index, name) for first, index, name in reversed(self.prescales) if first <= number
        )
        delivered = self.delivered[number - 1]
        instantaneous = delivered / LUMISECTION_S * 1e3
        attributes: JsonObject = {
            "run_number": self.number,
            "lumisection_number": number,
            "fill_number": self.fill_number,
            "start_time": _text(at),
            "end_time": _text(self.time_of(number + 1)),
            "cms_active": active,
            "physics_flag": active and stable and ready["bpix_ready"] and ready["tob_ready"],
            "beam1_present": beam,
            "beam2_present": beam,
            "beam1_stable": stable,
            "beam2_stable": stable,
            "castor_ready": False,
            "zdc_ready": False,
            "gem_ready": None,
            "rp_time_ready": None,
            **ready,
            "prescale_index": index,
            "prescale_name": name,
            "init_lumi": round(instantaneous, 4),
            "end_lumi": round(instantaneous * 0.9995, 4),
            "pileup": round(delivered * 131.0, 3),
            "delivered_lumi": round(self.delivered_before[number - 1], 6),
            "recorded_lumi": round(self.recorded_before[number - 1], 6),
            "delivered": delivered,
            "recorded": self.recorded[number - 1],
        }
        for bit, ranges in self.unknown.items():
            if covers(ranges, number):
                attributes[bit] = None
        return attributes


class Lumisections(Sequence[JsonObject]):
    """The first lumisections of a run, made when they are asked for: a season of them is big."""

    def __init__(self, run: PlannedRun, length: int) -> None:
        self._run = run
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> JsonObject: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[JsonObject]: ...

    def __getitem__(self, index: int | slice) -> JsonObject | Sequence[JsonObject]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self._run.lumisection(index % self._length + 1)

    def __iter__(self) -> Iterator[JsonObject]:
        return (self._run.lumisection(number) for number in range(1, self._length + 1))


def covers(ranges: Sequence[LumiRange], number: int) -> bool:
    return any(first <= number <= last for first, last in ranges)


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
