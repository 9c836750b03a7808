"""Trigger rates and dead time of invented runs, as OMS groups them by lumisection."""

from collections.abc import Sequence
from random import Random

from app.domain.json_value import JsonObject

L1_RATES = "l1triggerrates"
DEAD_TIMES = "deadtimes"

_CALIBRATION_HZ = 100.0
_USUAL_LIVE = 0.968
"""The share of delivered luminosity that is recorded where nothing holds the trigger."""


def rates(resource: str, run: JsonObject, lumisections: Sequence[JsonObject]) -> list[JsonObject]:
    """The records of `l1triggerrates` or `deadtimes` of a run."""
    record = _l1_rate if resource == L1_RATES else _dead_time
    return [record(run, lumisection) for lumisection in lumisections]


def _busy(run: JsonObject, lumisection: JsonObject) -> tuple[float, Random]:
    """How much of the run's rate there was, 0 while CMS isn't active, and chance."""
    number = lumisection.get("lumisection_number")
    chance = Random(f"{run.get('run_number')} {number}")
    if lumisection.get("cms_active") is False:
        return 0.0, chance
    pileup = lumisection.get("pileup")
    busy = 0.8 + 0.2 * min(pileup / 60.0, 1.0) if isinstance(pileup, int | float) else 1.0
    live = _live(lumisection)
    if live is not None:
        busy *= live / _USUAL_LIVE
    return busy * chance.gauss(1.0, 0.006), chance


def _live(lumisection: JsonObject) -> float | None:
    """Recorded/delivered, which dead time makes less; None without luminosity."""
    recorded, delivered = lumisection.get("recorded"), lumisection.get("delivered")
    if isinstance(recorded, int | float) and isinstance(delivered, int | float) and delivered > 0:
        return min(max(recorded / delivered, 0.0), 1.0)
    return None


def _l1_rate(run: JsonObject, lumisection: JsonObject) -> JsonObject:
    busy, chance = _busy(run, lumisection)
    usual = run.get("l1_rate")
    physics = busy * (usual if isinstance(usual, int | float) else 0.0)
    random = chance.gauss(1_150.0, 4.0) if busy else 0.0
    calibration = _CALIBRATION_HZ if busy else 0.0
    number = lumisection.get("lumisection_number")
    return {
        "run_number": run.get("run_number"),
        "first_lumisection_number": number,
        "last_lumisection_number": number,
        "start_time": lumisection.get("start_time"),
        "l1a_physics": {"rate": round(physics, 3)},
        "l1a_random": {"rate": round(random, 3)},
        "l1a_calibration": {"rate": calibration},
        "l1a_total": {"rate": round(physics + random + calibration, 3)},
    }


def _dead_time(run: JsonObject, lumisection: JsonObject) -> JsonObject:
    busy, chance = _busy(run, lumisection)
    live = _live(lumisection)
    usual = abs(chance.gauss(3.2, 0.4))
    percent = round(usual if live is None else 100.0 * (1.0 - live), 3) if busy else 100.0
    number = lumisection.get("lumisection_number")
    return {
        "run_number": run.get("run_number"),
        "first_lumisection_number": number,
        "last_lumisection_number": number,
        "overall_total_deadtime": {"percent": percent},
        "beamactive_total_deadtime": {"percent": percent},
    }
