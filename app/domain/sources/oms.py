"""What OMS says of a run, and what is computed from it before anything is classified."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.errors import BadInput
from app.domain.json_value import (
    JsonObject,
    JsonValue,
    js_object,
    js_stringify,
    js_value,
    number_in,
    whole_number,
)
from app.domain.lumisections import LAST_LUMISECTION

SMALLEST_RUN_NUMBER = 100_000
LARGEST_NUMBER = 2**31 - 1
"""Of runs and fills: the database keeps them as integers of 32 bits."""

_BEYOND_THE_LAST = 100
"""Lumisections that OMS may have behind the `last_lumisection_number` it gives: five of run 315265,
and those of a run that has gone on since its record was read."""

_BEAM_BITS = ("beam1_present", "beam1_stable", "beam2_present", "beam2_stable")

_BITS = (
    "rp_time_ready",
    "cscp_ready",
    "physics_flag",
    "dt0_ready",
    "beam1_present",
    "bpix_ready",
    "ho_ready",
    "dtp_ready",
    "tecm_ready",
    "tibtid_ready",
    "fpix_ready",
    "rpc_ready",
    "rp_sect_56_ready",
    "castor_ready",
    "esp_ready",
    "eep_ready",
    "hbhea_ready",
    "ebm_ready",
    "dtm_ready",
    "eem_ready",
    "esm_ready",
    "tecp_ready",
    "ebp_ready",
    "hf_ready",
    "rp_sect_45_ready",
    "cscm_ready",
    "cms_active",
    "zdc_ready",
    "hbheb_ready",
    "tob_ready",
    "beam1_stable",
    "hbhec_ready",
    "beam2_stable",
    "beam2_present",
    "gemp_ready",
    "gemm_ready",
)
_KEPT_BITS = frozenset(_BITS)

DCS_BITS = _KEPT_BITS - {"physics_flag"}
"""Bits of a lumisection that say whether a detector part was on; a person may correct them."""

LUMINOSITY = frozenset({"recorded", "delivered"})
"""Luminosity of a lumisection [pb^-1]: of OMS, or imported from brilcalc by a person."""

KEPT_IN_ORDER = (*_BITS, "prescale_index", "prescale_name", "recorded", "delivered")
"""Attributes of a lumisection that are kept, in the order in which the web service writes them."""

KEPT_LUMISECTION_ATTRIBUTES = frozenset(KEPT_IN_ORDER)

_FILL_ATTRIBUTES = ("injection_scheme", "era")


@dataclass(frozen=True, slots=True)
class OmsRun:
    """One run as OMS has it: raw attributes; lumisections ascending and unique by number.

    Numbers are as they are read again once written, so that the next answer is no news.
    """

    attributes: JsonObject
    lumisections: tuple[JsonObject, ...]
    fill: JsonObject | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", js_object(self.attributes))
        object.__setattr__(self, "lumisections", tuple(map(js_object, self.lumisections)))
        if self.fill is not None:
            object.__setattr__(self, "fill", js_object(self.fill))

    @property
    def run_number(self) -> int:
        number = self.attributes["run_number"]
        assert isinstance(number, int)
        return number


def oms_run(
    attributes: JsonValue, lumisections: Sequence[JsonValue], fill: JsonObject | None = None
) -> OmsRun:
    """The checked run; lumisections may come in any order. Raises `BadInput`."""
    checked = validate_run(attributes)
    run_number = checked["run_number"]
    assert isinstance(run_number, int)
    return whole_run(checked, validate_lumisections(run_number, lumisections), fill)


def whole_run(
    attributes: JsonObject, lumisections: tuple[JsonObject, ...], fill: JsonObject | None
) -> OmsRun:
    """The run of checked parts. Raises `BadInput` when they contradict each other."""
    last = whole_number(attributes.get("last_lumisection_number"))
    greatest = lumisections[-1]["lumisection_number"] if lumisections else 0
    assert isinstance(greatest, int)
    if last is not None and greatest > last + _BEYOND_THE_LAST:
        raise BadInput(
            f"Run {attributes['run_number']}: OMS gives lumisection {greatest}, far beyond"
            f" the last_lumisection_number {last} that it gives the run."
        )
    return OmsRun(attributes, lumisections, fill)


def validate_run(attributes: JsonValue) -> JsonObject:
    """The attributes of a run record when those we rely on have their types, whole numbers whole.

    Everything else is unchanged.
    """
    if not isinstance(attributes, dict):
        raise BadInput(f"OMS gives a run without attributes: {_shown(attributes)}.")
    given = attributes.get("run_number")
    number = whole_number(given)
    if number is None or not 0 <= number <= LARGEST_NUMBER:
        raise BadInput(
            f"OMS gives a run whose run_number is {_shown(given)}, not a number up to"
            f" {LARGEST_NUMBER}."
        )
    fill = whole_number(attributes.get("fill_number"))
    if fill is not None and not 0 <= fill <= LARGEST_NUMBER:
        raise BadInput(
            f"Run {number}: OMS gives fill_number = {_shown(fill)}, not a number up to"
            f" {LARGEST_NUMBER}."
        )
    for name in ("last_update", "end_time", "hlt_key"):
        value = attributes.get(name)
        if not (value is None or isinstance(value, str)):
            raise BadInput(f"Run {number}: OMS gives {name} = {_shown(value)}, not a text.")
    _components(attributes)
    return _with_whole(attributes, ("run_number", "fill_number", "last_lumisection_number"))


def validate_lumisections(
    run_number: int, lumisections: Sequence[JsonValue]
) -> tuple[JsonObject, ...]:
    """The lumisections ascending by number, unchanged but for whole numbers that are written as
    others; a gap stays a gap. Raises `BadInput`."""
    by_number: dict[int, JsonObject] = {}
    for attributes in lumisections:
        if not isinstance(attributes, dict):
            raise BadInput(
                f"Run {run_number}: OMS gives a lumisection without attributes:"
                f" {_shown(attributes)}."
            )
        given = attributes.get("lumisection_number")
        number = whole_number(given)
        if number is None or not 1 <= number <= LAST_LUMISECTION:
            raise BadInput(
                f"Run {run_number}: OMS gives a lumisection whose lumisection_number is"
                f" {_shown(given)}, not a number from 1 to {LAST_LUMISECTION}."
            )
        if number in by_number:
            raise BadInput(f"Run {run_number}: OMS gives lumisection {number} twice.")
        if attributes.get("run_number", run_number) != run_number:
            raise BadInput(
                f"Run {run_number}: OMS gives lumisection {number} of run"
                f" {_shown(attributes['run_number'])}."
            )
        _check_lumisection(run_number, number, attributes)
        by_number[number] = _with_whole(attributes, ("lumisection_number", "prescale_index"))
    return tuple(by_number[number] for number in sorted(by_number))


def run_oms_attributes(oms_run: OmsRun) -> JsonObject:
    """`oms_attributes` of a run; `ls_duration` is the number of lumisections OMS has."""
    attributes: JsonObject = dict(oms_run.attributes)
    for component in _components(oms_run.attributes):
        attributes[f"{component.lower()}_included"] = True
    attributes["beams_present_and_stable"] = beams_present_and_stable(oms_run.lumisections)
    attributes["ls_duration"] = len(oms_run.lumisections)
    for name in _FILL_ATTRIBUTES:
        value = None if oms_run.fill is None else oms_run.fill.get(name)
        if value is not None:
            attributes[name] = value
    return attributes


def beams_present_and_stable(lumisections: Iterable[JsonObject]) -> bool | None:
    """True when all four beam bits were true in some LS; else None when one was null in some."""
    unknown = False
    for lumisection in lumisections:
        bits = [lumisection.get(name, False) for name in _BEAM_BITS]
        if all(bit is True for bit in bits):
            return True
        unknown = unknown or None in bits
    return None if unknown else False


def reduced_lumisection_attributes(lumisections: Iterable[JsonObject]) -> dict[str, bool]:
    """True for an attribute that was true in any LS; false for one that was false or null."""
    known = list(lumisections)
    reduced: dict[str, bool] = {}
    for name in sorted(set[str]().union(*known)):
        # Most bits are true within the first lumisections: attribute by attribute ends early.
        for lumisection in known:
            value = lumisection.get(name, 0)
            if value is True:
                reduced[name] = True
                break
            if value is False or value is None:
                reduced[name] = False
    return reduced


def kept(lumisection: JsonObject) -> JsonObject:
    """The attributes of an OMS lumisection that are recorded; the others are dropped."""
    return {
        name: value for name, value in lumisection.items() if name in KEPT_LUMISECTION_ATTRIBUTES
    }


def with_luminosity_per_lumisection(
    lumisections: Sequence[JsonObject],
) -> tuple[JsonObject, ...]:
    """Each LS with its own luminosity, from the cumulative values (of the start of each LS).

    `live_lumi_per_lumi` is recorded over delivered. All three are null when a cumulative value
    is null, here or in the next LS, or when OMS has no next LS although it has later ones.
    """
    return tuple(
        {
            **lumisection,
            **_luminosity(
                lumisection,
                lumisections[position + 1] if position + 1 < len(lumisections) else None,
            ),
        }
        for position, lumisection in enumerate(lumisections)
    )


def _luminosity(lumisection: JsonObject, following: JsonObject | None) -> JsonObject:
    recorded: float | None = _number(lumisection.get("recorded_lumi"))
    delivered: float | None = _number(lumisection.get("delivered_lumi"))
    if recorded is not None and delivered is not None:
        recorded, delivered = (
            (0, 0)
            if following is None
            else (
                _difference(lumisection, following, "recorded_lumi", recorded),
                _difference(lumisection, following, "delivered_lumi", delivered),
            )
        )
    if recorded is None or delivered is None:
        recorded = delivered = None
    return {
        "recorded_lumi_per_lumi": recorded,
        "delivered_lumi_per_lumi": delivered,
        "live_lumi_per_lumi": _finite(
            recorded / delivered if recorded is not None and delivered else None
        ),
    }


def _difference(
    lumisection: JsonObject, following: JsonObject, name: str, before: float
) -> float | None:
    number, next_number = lumisection.get("lumisection_number"), following.get("lumisection_number")
    # Over a hole the difference is that of several lumisections: nobody knows the share of this.
    if isinstance(number, int) and isinstance(next_number, int) and next_number != number + 1:
        return None
    after = _number(following.get(name))
    return None if after is None else _finite(after - before)


def _number(value: JsonValue) -> float | None:
    """The value as a number; texts are converted; None for anything that is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        return number_in(value)
    number = js_value(value)
    return number if isinstance(number, int | float) else None


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _components(attributes: JsonObject) -> list[str]:
    components = attributes.get("components")
    if components is None:
        return []
    if not isinstance(components, list):
        raise BadInput(
            f"Run {attributes.get('run_number')}: OMS gives components ="
            f" {_shown(components)}, not a list."
        )
    names = [component for component in components if isinstance(component, str)]
    if len(names) != len(components):
        raise BadInput(
            f"Run {attributes.get('run_number')}: OMS gives components = {_shown(components)},"
            " not a list of texts."
        )
    return names


def _check_lumisection(run_number: int, number: int, attributes: JsonObject) -> None:
    for name, value in attributes.items():
        if name in _KEPT_BITS:
            if value is None or value is True or value is False:
                continue
            expected = "true, false or null"
        elif name == "prescale_index":
            if value is None or whole_number(value) is not None:
                continue
            expected = "a whole number"
        elif name == "prescale_name":
            if value is None or isinstance(value, str):
                continue
            expected = "a text"
        elif name in {"recorded", "delivered", "recorded_lumi", "delivered_lumi"}:
            # A text such as "n/a" is let through: it counts as no luminosity.
            if value is None or (
                isinstance(value, int | float | str) and not isinstance(value, bool)
            ):
                continue
            expected = "a number"
        else:
            continue
        raise BadInput(
            f"Run {run_number}, lumisection {number}: OMS gives {name} = {_shown(value)},"
            f" not {expected}."
        )


def _with_whole(attributes: JsonObject, names: Iterable[str]) -> JsonObject:
    """The attributes with whole numbers under these names as such: 2 where 2.0 stood."""
    whole = {
        name: number
        for name in names
        if isinstance(attributes.get(name), float)
        and (number := whole_number(attributes[name])) is not None
    }
    return {**attributes, **whole} if whole else attributes


def _shown(value: JsonValue) -> str:
    text = js_stringify(value)[:200]
    text = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return text if len(text) <= 80 else text[:79] + "…"
