"""The plan of a season: fill after fill, the runs of each, and the detectors that trip in them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from app.demo.planned_runs import DETECTORS, PlannedFill, PlannedRun, covers
from app.domain.lumisections import LUMISECTION_S, LumiRange

_FIRST_RUN = 396_200
_FIRST_FILL = 10_960
_BEGIN = datetime(2025, 8, 18, 6, 12, 41, tzinfo=UTC)

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


def runs_of_season(seed: int, history: int) -> Iterator[PlannedRun]:
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
) -> Iterator[PlannedRun]:
    if chance.random() < 0.8:
        length = chance.randint(120, 420) if long else chance.randint(60, 90)
        run = _cosmics(chance, next(numbers), at, fill_number, length)
        yield run
        at = run.end + timedelta(minutes=chance.uniform(4, 9))
    if chance.random() < 0.35:
        yield _commissioning(chance, next(numbers), at, fill_number)


def _cosmics(
    chance: Random, number: int, at: datetime, fill_number: int, length: int
) -> PlannedRun:
    off = _trips(chance, length, first=15)
    for detector in ("pixel", "strips", "dt", "csc", "rpc", "gem"):
        _switch_on(chance, off, detector, at=1)
    for bit in DETECTORS["roman pots"]:
        off[bit] = [LumiRange(1, length)]
    components = _COMPONENTS.split()
    if chance.random() < 0.25:
        components.remove("GEM")
        for bit in DETECTORS["gem"]:
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


def _commissioning(chance: Random, number: int, at: datetime, fill_number: int) -> PlannedRun:
    length = chance.randint(4, 45)
    off: dict[str, list[LumiRange]] = {}
    excluded = chance.sample(("pixel", "strips", "dt", "rpc", "gem", "ecal"), 3)
    for detector in (*excluded, "roman pots"):
        for bit in DETECTORS[detector]:
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
) -> Iterator[PlannedRun]:
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
    fill = PlannedFill(
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
                for bit in DETECTORS[detector]:
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
    fill: PlannedFill | None,
    fill_number: int,
    components: Sequence[str],
    hlt_key: str,
    prescales: Sequence[tuple[int, int, str]],
    l1_rate: float,
    off: dict[str, list[LumiRange]],
    chance: Random,
) -> PlannedRun:
    delivered, recorded = [], []
    delivered_before, recorded_before = [0.0], [0.0]
    live_share = chance.uniform(0.93, 0.97)
    held = _held_back(number, length) if kind == "collisions" else {}
    for lumisection in range(1, length + 1):
        at = start + timedelta(seconds=LUMISECTION_S * (lumisection - 1))
        luminosity = 0.0 if fill is None else fill.luminosity(at) * chance.gauss(1.0, 0.004)
        active = not covers(off.get("cms_active", ()), lumisection)
        share = live_share * chance.uniform(0.99, 1.0) if active else 0.0
        share *= held.get(lumisection, 1.0)
        delivered.append(round(luminosity, 6))
        recorded.append(round(luminosity * share, 6))
        delivered_before.append(delivered_before[-1] + delivered[-1])
        recorded_before.append(recorded_before[-1] + recorded[-1])
    unknown: dict[str, tuple[LumiRange, ...]] = {}
    if length > 60 and chance.random() < 0.2:
        first = chance.randint(30, length - 10)
        bit = chance.choice(("rpc_ready", "hf_ready", "dt0_ready", "esm_ready"))
        unknown[bit] = (LumiRange(first, first + chance.randint(0, 2)),)
    return PlannedRun(
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


def dead_time(number: int, length: int) -> LumiRange | None:
    """Where the read-out of the drift tubes held the trigger in a collision run; most saw none."""
    chance = Random(f"dead time {number}")
    if length < 120 or chance.random() > 0.45:
        return None
    first = chance.randint(30, length - 30)
    return LumiRange(first, first + chance.randint(4, 12))


def _held_back(number: int, length: int) -> dict[int, float]:
    """The part of the usual that was recorded: in dead time, and in the single lumisections in
    which a resynchronisation is all there is."""
    chance = Random(f"hiccups {number}")
    held = {
        chance.randint(20, length): chance.uniform(0.5, 0.88)
        for _ in range(chance.randint(0, 3) if length > 20 else 0)
    }
    dead = dead_time(number, length)
    if dead is not None:
        held |= {at: chance.uniform(0.35, 0.75) for at in range(dead.first, dead.last + 1)}
    return held


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
    for bit in DETECTORS[detector]:
        ready_at = at + chance.randint(shortest, longest)
        off.setdefault(bit, []).append(LumiRange(1, ready_at - 1))
