"""A season of data taking that never was: fills, runs, detectors that trip, and a live run."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from types import TracebackType
from typing import Self, overload

from app.demo.simulated_oms import SimulatedOms
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import LumiRange

LUMISECTION_S = 23.3104  # 2^18 turns of the LHC

_FIRST_RUN = 396_200
_FIRST_FILL = 10_960
_BEGIN = datetime(2025, 8, 18, 6, 12, 41, tzinfo=UTC)
_NEXT_ERA = datetime(2025, 8, 21, 0, 0, tzinfo=UTC)
_FIRST_RUN_OF_NEXT_ERA = 396_320
_PROMPT_AFTER_RUNS = 2
_NEVER_PROMPT = 0.08
_LIVE_BEGINS_WITH = 24  # lumisections
_GAP_S = 10.0  # between two live runs, of the clock
_LONGEST_STEP_S = 60.0

_DETECTORS: dict[str, tuple[str, ...]] = {
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

# Lumisections a detector needs after it may be switched on: those near the beam wait for it.
_RAMP: dict[str, tuple[int, int]] = {
    "pixel": (5, 10),
    "strips": (4, 8),
    "dt": (2, 4),
    "csc": (2, 4),
    "rpc": (3, 6),
    "gem": (3, 7),
    "roman pots": (8, 16),
}

_TRIPS = (
    (("tecm_ready",), 4, 24),
    (("tecp_ready",), 4, 18),
    (("bpix_ready",), 6, 30),
    (("fpix_ready",), 5, 20),
    (("tob_ready",), 3, 9),
    (("hbhea_ready", "hbheb_ready"), 3, 15),
    (("hf_ready",), 4, 12),
    (("ho_ready",), 6, 40),
    (("esp_ready",), 4, 25),
    (("eem_ready",), 3, 12),
    (("dtp_ready",), 2, 10),
    (("cscm_ready",), 3, 22),
    (("rpc_ready",), 5, 35),
    (("gemp_ready",), 8, 60),
    (("rp_sect_45_ready",), 10, 50),
    (("cms_active",), 1, 4),
)

_COMPONENTS = (
    "BRIL CSC CTPPS CTPPS_TOT DAQ DCS DQM DT ECAL ES GEM HCAL HF PIXEL RPC SCAL TCDS TRACKER TRG"
)


@dataclass(frozen=True, slots=True)
class _Fill:
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
class _Run:
    """A run as it was planned, whole; what OMS says of it depends on how far it has come."""

    number: int
    kind: str
    start: datetime
    length: int
    fill: _Fill | None
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
            bit: not _covers(self.off.get(bit, ()), number)
            for bits in _DETECTORS.values()
            for bit in bits
        }
        active = not _covers(self.off.get("cms_active", ()), number)
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
            if _covers(ranges, number):
                attributes[bit] = None
        return attributes


class _Lumisections(Sequence[JsonObject]):
    """The first lumisections of a run, made when they are asked for: a season of them is big."""

    def __init__(self, run: _Run, length: int) -> None:
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


class DemoSeason:
    """Some forty runs that have ended and one that is being taken; the same for the same seed.

    The live run gains a lumisection every `lumisection_s` of the clock that `advance` is given;
    when it ends the next begins. `continues`, the newest run that is known and how many of its
    lumisections are, goes on from there, so that a restart doesn't make a run shorter than it was.
    """

    def __init__(
        self,
        seed: int,
        now: float,
        *,
        history: int = 40,
        lumisection_s: float = 1.5,
        continues: tuple[int, int] | None = None,
    ) -> None:
        known_run, known_lumisections = continues or (0, 0)
        self._plan = _plan(seed, history)
        self._ended_runs: list[_Run] = []
        self._live = next(self._plan)
        while not self._is_live(self._live, history, known_run):
            self._ended_runs.append(self._live)
            self._live = next(self._plan)
        begins_with = _LIVE_BEGINS_WITH
        if self._live.number == known_run:
            begins_with = known_lumisections
        self._length = max(1, min(begins_with, self._live.length))
        self._lumisection_s = lumisection_s
        self._last_now = now
        self._due_s = lumisection_s

    def _is_live(self, run: _Run, history: int, known_run: int) -> bool:
        """The first run of a fill, or the one that was live when the program stopped."""
        if len(self._ended_runs) < history or run.number < known_run:
            return False
        return run.number == known_run or (
            run.fill is not None and run.start < run.fill.stable_from
        )

    @property
    def live_run(self) -> int:
        """The number of the run that is being taken, or was taken last."""
        return self._live.number

    @property
    def run_numbers(self) -> tuple[int, ...]:
        return (*(run.number for run in self._ended_runs), self._live.number)

    def advance(self, now: float) -> bool:
        """Lets the clock's time pass; true when there is something new.

        A jump, of a machine that slept, counts as a minute.
        """
        self._due_s -= min(max(0.0, now - self._last_now), _LONGEST_STEP_S)
        self._last_now = now
        changed = False
        while self._due_s <= 0:
            changed = True
            if self._length < self._live.length:
                self._length += 1
                over = self._length == self._live.length
                self._due_s += _GAP_S if over else self._lumisection_s
            else:
                self._ended_runs.append(self._live)
                self._live = next(self._plan)
                self._length = 1
                self._due_s += self._lumisection_s
        return changed

    def tell(self, oms: SimulatedOms) -> None:
        """Tells OMS everything."""
        for run in self._ended_runs:
            self._tell_run(oms, run, run.length)
        self.tell_news(oms)

    def tell_news(self, oms: SimulatedOms) -> None:
        """Tells OMS of the live run and of the one before, which may have ended just now."""
        for run in self._ended_runs[-1:]:
            self._tell_run(oms, run, run.length)
        self._tell_run(oms, self._live, self._length)

    def in_dqm_gui(self) -> list[tuple[int, str]]:
        """Runs and their datasets that the DQM GUI has by now: express when a run has ended,
        prompt reconstruction two runs later, and now and then one that never comes."""
        ended = tuple(self._ended_runs)
        found: list[tuple[int, str]] = []
        for later, run in enumerate(reversed(ended)):
            chance = Random(f"gui {run.number}")
            found += [(run.number, name) for name in _express(run)]
            if later >= _PROMPT_AFTER_RUNS and chance.random() > _NEVER_PROMPT:
                found += [(run.number, name) for name in _prompt(run, chance)]
        return found

    def _tell_run(self, oms: SimulatedOms, run: _Run, length: int) -> None:
        if run.fill is not None:
            oms.set_fill(run.fill.attributes(run.time_of(length + 1)))
        oms.set_lumisections(run.number, _Lumisections(run, length))
        oms.set_run(run.attributes(length, ended=length == run.length))


class LiveOms:
    """The season served over HTTP on loopback, its live run growing in a thread."""

    def __init__(
        self,
        season: DemoSeason,
        *,
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
        tick_s: float = 0.25,
    ) -> None:
        self._season = season
        self._oms = SimulatedOms(port=port)
        self._clock = clock
        self._tick_s = tick_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-season", daemon=True)

    def start(self) -> Self:
        """Raises `Unavailable` when the port is taken."""
        self._season.tell(self._oms)
        self._oms.start()
        self._thread.start()
        return self

    def close(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._oms.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The address up to and with `/agg/api/v1`."""
        return self._oms.url

    def _run(self) -> None:
        while not self._stopping.wait(self._tick_s):
            if self._season.advance(self._clock()):
                self._season.tell_news(self._oms)


def _era(run: _Run) -> str:
    """Era in the names of GUI datasets, which follows the run numbers."""
    return "Run2025C" if run.number < _FIRST_RUN_OF_NEXT_ERA else "Run2025D"


def _express(run: _Run) -> Iterator[str]:
    if run.kind == "collisions":
        yield f"/StreamExpress/{_era(run)}-Express-v1/DQMIO"
    elif run.kind == "cosmics":
        yield f"/StreamExpressCosmics/{_era(run)}-Express-v1/DQMIO"
    else:
        yield "/StreamExpress/Commissioning2025-Express-v1/DQMIO"


def _prompt(run: _Run, chance: Random) -> Iterator[str]:
    if run.kind == "cosmics":
        yield f"/Cosmics/{_era(run)}-PromptReco-v1/DQMIO"
    if run.kind != "collisions":
        return
    yield f"/ZeroBias/{_era(run)}-PromptReco-v1/DQMIO"
    for stream in ("Muon0", "Muon1", "EGamma0", "JetMET0"):
        if chance.random() > 0.1:
            yield f"/{stream}/{_era(run)}-PromptReco-v1/DQMIO"


def _plan(seed: int, history: int) -> Iterator[_Run]:
    """Runs one after the other, for ever; those after the first `history` are short."""
    chance = Random(f"season {seed}")
    numbers = _run_numbers(chance)
    fill_number = _FIRST_FILL
    at = _BEGIN
    done = 0
    while True:
        fill_number += chance.choice((1, 1, 1, 2, 3))
        long = done < history
        for run in _between_fills(chance, numbers, at, fill_number, long=long):
            yield run
            at = run.end + timedelta(minutes=chance.uniform(4, 25))
            done += 1
        for run in _collisions(chance, numbers, at, fill_number, long=done < history):
            yield run
            at = run.end + timedelta(minutes=4)
            done += 1
        at += timedelta(minutes=chance.uniform(10, 50))


def _run_numbers(chance: Random) -> Iterator[int]:
    """Ascending, with holes: most runs of the experiment are tests that nobody certifies."""
    number = _FIRST_RUN
    while True:
        number += chance.choice((1, 2, 3, 5, 8, 13))
        yield number


def _between_fills(
    chance: Random, numbers: Iterator[int], at: datetime, fill_number: int, *, long: bool
) -> Iterator[_Run]:
    if chance.random() < 0.8:
        length = chance.randint(120, 420) if long else chance.randint(60, 90)
        run = _cosmics(chance, next(numbers), at, fill_number, length)
        yield run
        at = run.end + timedelta(minutes=chance.uniform(4, 9))
    if chance.random() < 0.35:
        yield _commissioning(chance, next(numbers), at, fill_number)


def _cosmics(chance: Random, number: int, at: datetime, fill_number: int, length: int) -> _Run:
    off = _trips(chance, length, first=15)
    for detector in ("pixel", "strips", "dt", "csc", "rpc", "gem"):
        _switch_on(chance, off, detector, at=1)
    for bit in _DETECTORS["roman pots"]:
        off[bit] = [LumiRange(1, length)]
    components = _COMPONENTS.split()
    if chance.random() < 0.25:
        components.remove("GEM")
        for bit in _DETECTORS["gem"]:
            off[bit] = [LumiRange(1, length)]
    return _run(
        number=number,
        kind="cosmics",
        start=at,
        length=length,
        fill=None,
        fill_number=fill_number,
        components=components,
        hlt_key="/cdaq/cosmic/commissioning2025/CRAFT/v1.2.3/HLT/V2",
        prescales=[(1, 0, "Cosmics")],
        l1_rate=round(chance.uniform(760, 940), 2),
        off=off,
        chance=chance,
    )


def _commissioning(chance: Random, number: int, at: datetime, fill_number: int) -> _Run:
    length = chance.randint(4, 45)
    off: dict[str, list[LumiRange]] = {}
    excluded = chance.sample(("pixel", "strips", "dt", "rpc", "gem", "ecal"), 3)
    for detector in (*excluded, "roman pots"):
        for bit in _DETECTORS[detector]:
            off[bit] = [LumiRange(1, length)]
    names = {"pixel": "PIXEL", "strips": "TRACKER"}
    left_out = {names.get(detector, detector.upper()) for detector in excluded}
    return _run(
        number=number,
        kind="commissioning",
        start=at,
        length=length,
        fill=None,
        fill_number=fill_number,
        components=[name for name in _COMPONENTS.split() if name not in left_out],
        hlt_key=chance.choice(
            (
                "/cdaq/special/2025/DeadTimeTest/v1.0.4/HLT/V1",
                "/cdaq/circulating/2025/v1.1.0/HLT/V1",
            )
        ),
        prescales=[(1, 0, "Default")],
        l1_rate=round(chance.uniform(20, 98000), 2),
        off=off,
        chance=chance,
    )


def _collisions(
    chance: Random, numbers: Iterator[int], at: datetime, fill_number: int, *, long: bool
) -> Iterator[_Run]:
    """The runs of one fill: the first waits for stable beams, the last sees the dump."""
    lead = chance.randint(30, 60)
    if long:
        lengths = [chance.randint(60, 780) for _ in range(chance.choice((1, 2, 2, 3)))]
    else:
        lengths = [chance.randint(70, 160) for _ in range(chance.choice((1, 2)))]
    lengths[0] += lead
    tail = chance.randint(3, 14)
    lengths[-1] += tail
    starts = [at]
    for length in lengths[:-1]:
        starts.append(
            starts[-1] + timedelta(seconds=LUMISECTION_S * length + chance.uniform(120, 420))
        )
    last = starts[-1] + timedelta(seconds=LUMISECTION_S * (lengths[-1] - tail))
    fill = _Fill(
        number=fill_number,
        start=at - timedelta(minutes=chance.uniform(35, 80)),
        stable_from=at + timedelta(seconds=LUMISECTION_S * lead),
        dump=last,
        bunches=chance.choice((1836, 2340, 2452, 2452)),
        peak=chance.uniform(0.46, 0.49),
        levelled=chance.randint(350, 700),
        decay=chance.uniform(1100, 1500),
    )
    for position, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        off = _trips(chance, length, first=lead + 20 if position == 0 else 8)
        stable_at = lead + 1 if position == 0 else 1
        for detector in ("pixel", "strips", "dt", "csc", "rpc", "gem", "roman pots"):
            if position == 0:
                _switch_on(chance, off, detector, at=stable_at)
        off.setdefault("cms_active", []).append(LumiRange(1, 1))
        if position == len(lengths) - 1:
            for detector in ("pixel", "strips", "roman pots"):
                for bit in _DETECTORS[detector]:
                    off.setdefault(bit, []).append(LumiRange(length - tail + 2, length))
        column = min(4, 2 + position)
        prescales = [(1, 0, "Emergency"), (stable_at + 2, column, _column(column))]
        if length > stable_at + 300:
            prescales.append((stable_at + 300, column + 1, _column(column + 1)))
        yield _run(
            number=next(numbers),
            kind="collisions",
            start=start,
            length=length,
            fill=fill,
            fill_number=fill_number,
            components=_COMPONENTS.split(),
            hlt_key=f"/cdaq/physics/Run2025/2e34/v1.{3 if fill.era == '2025C' else 4}.1/HLT/V2",
            prescales=prescales,
            l1_rate=round(chance.uniform(96_000, 109_000), 2),
            off=off,
            chance=chance,
        )


def _column(index: int) -> str:
    return f"{2.2 - 0.2 * (index - 2):.1f}E34".replace(".", "p", 1)


def _run(
    *,
    number: int,
    kind: str,
    start: datetime,
    length: int,
    fill: _Fill | None,
    fill_number: int,
    components: Sequence[str],
    hlt_key: str,
    prescales: Sequence[tuple[int, int, str]],
    l1_rate: float,
    off: dict[str, list[LumiRange]],
    chance: Random,
) -> _Run:
    delivered, recorded = [], []
    delivered_before, recorded_before = [0.0], [0.0]
    live_share = chance.uniform(0.93, 0.97)
    for lumisection in range(1, length + 1):
        at = start + timedelta(seconds=LUMISECTION_S * (lumisection - 1))
        luminosity = 0.0 if fill is None else fill.luminosity(at) * chance.gauss(1.0, 0.004)
        active = not _covers(off.get("cms_active", ()), lumisection)
        share = live_share * chance.uniform(0.99, 1.0) if active else 0.0
        delivered.append(round(luminosity, 6))
        recorded.append(round(luminosity * share, 6))
        delivered_before.append(delivered_before[-1] + delivered[-1])
        recorded_before.append(recorded_before[-1] + recorded[-1])
    unknown: dict[str, tuple[LumiRange, ...]] = {}
    if length > 60 and chance.random() < 0.2:
        first = chance.randint(30, length - 10)
        bit = chance.choice(("rpc_ready", "hf_ready", "dt0_ready", "esm_ready"))
        unknown[bit] = (LumiRange(first, first + chance.randint(0, 2)),)
    return _Run(
        number=number,
        kind=kind,
        start=start,
        length=length,
        fill=fill,
        fill_number=fill_number,
        components=tuple(components),
        hlt_key=hlt_key,
        prescales=tuple(prescales),
        l1_rate=l1_rate,
        off={bit: tuple(ranges) for bit, ranges in off.items()},
        unknown=unknown,
        delivered=tuple(delivered),
        recorded=tuple(recorded),
        delivered_before=tuple(delivered_before),
        recorded_before=tuple(recorded_before),
    )


def _trips(chance: Random, length: int, *, first: int) -> dict[str, list[LumiRange]]:
    """Detectors that trip somewhere in the run; most runs see none or one."""
    off: dict[str, list[LumiRange]] = {}
    for _ in range(chance.choice((0, 0, 1, 1, 1, 2, 3))):
        bits, shortest, longest = chance.choice(_TRIPS)
        if length <= first + longest:
            continue
        begin = chance.randint(first, length - longest)
        end = begin + chance.randint(shortest, longest) - 1
        for bit in bits:
            off.setdefault(bit, []).append(LumiRange(begin, end))
    return off


def _switch_on(chance: Random, off: dict[str, list[LumiRange]], detector: str, *, at: int) -> None:
    """The detector's bits come up one after the other, some lumisections after `at`."""
    shortest, longest = _RAMP[detector]
    for bit in _DETECTORS[detector]:
        ready_at = at + chance.randint(shortest, longest)
        off.setdefault(bit, []).append(LumiRange(1, ready_at - 1))


def _covers(ranges: Sequence[LumiRange], number: int) -> bool:
    return any(first <= number <= last for first, last in ranges)


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
