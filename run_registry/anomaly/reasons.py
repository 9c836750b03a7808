"""Why lumisections look BAD, in words of a shift: one sentence for a range, one line for a cell."""

from collections.abc import Iterator

import numpy as np

from run_registry.anomaly import evidence
from run_registry.anomaly.evidence import Flags, Sight, Usual, mask_of, ranges_of
from run_registry.anomaly.model import Judgement, Model

_LEAST_WEIGHT = 0.3
_LEAST_SHOWN = 0.05
_MOST_REASONS = 4
_LUMINOSITY = "luminosity"
_WORDS = {
    evidence.DROP: "less than half of the luminosity around is delivered",
    evidence.BEGIN: "the run begins",
    evidence.NO_BEAM: "beams are not stable",
    evidence.BEFORE: "the run before ended BAD",
}
_CAUSES = ((evidence.OFF, "dcs"), (_LUMINOSITY, "deadtime"), (evidence.OTHER, "neighbour"))


def comment(
    sight: Sight, model: Model, usual: Usual | None, first: int, last: int, p: float
) -> tuple[str, str]:
    """Comment and cause of a proposal for a range that is BAD with probability `p` or more. Behind
    each reason stands what it adds to the logarithm of the odds."""
    weights = _grouped(sight, model, first, last)
    strongest = sorted(
        (name for name in weights if weights[name] >= _LEAST_WEIGHT),
        key=lambda name: (-weights[name], name),
    )[:_MOST_REASONS]
    said = [
        f"{_said(name, sight, usual, first, last)} ({weights[name]:+.1f})" for name in strongest
    ]
    against = [
        f"{_said(name, sight, usual, first, last)} ({weights[name]:+.1f})"
        for name in sorted(weights, key=lambda name: (weights[name], name))
        if weights[name] <= -_LEAST_WEIGHT
    ][:_MOST_REASONS]
    if against:
        said.append(f"against it: {', '.join(against)}")
    rest = (
        f"P(BAD) {p:.2f}, without any sign {model.p_without_signs:.1g}. In {model.runs} earlier"
        f" runs {model.found:,} of {model.proposed:,} LS that it would have proposed were BAD."
    )
    cause = next(
        (word for name in strongest for begin, word in _CAUSES if name.startswith(begin)), ""
    )
    return f"{'; '.join(said)}. {rest}" if said else rest, cause


def cells(judgement: Judgement, share: str) -> str:
    """What speaks for BAD and against it where lumisections have the same signs."""
    parts = [
        f"{_sign(name)} {weight:+.1f}"
        for name, weight in judgement.weights
        if abs(weight) >= _LEAST_SHOWN
    ]
    return f"P(BAD) {judgement.p:.2f}{share}: {', '.join(parts) or 'no sign'}"


def share_text(sight: Sight, usual: Usual | None, at: Flags) -> str:
    """Recorded/delivered there, beside what is usual; empty where nothing is known."""
    known = sight.share[at & np.isfinite(sight.share)]
    if not known.size:
        return ""
    there = f"recorded/delivered is {np.median(known):.2f}"
    if usual is None:
        return there
    if not usual.runs:
        return f"{there}, where the run as a whole has {usual.share:.2f}"
    runs = f"the last {usual.runs} runs" if usual.runs > 1 else "the run before"
    return f"{there}, where {runs} had {usual.share:.2f} +- {usual.spread:.2f}"


def _grouped(sight: Sight, model: Model, first: int, last: int) -> dict[str, float]:
    """Weights of signs that are there, times the share of the range that has them; what the
    luminosity says is one."""
    found: dict[str, float] = {}
    for name, flags in sight.signs.items():
        inside = flags[first - 1 : last]
        if name in model.weights and inside.any():
            group = _LUMINOSITY if _is_low(name) else name
            found[group] = found.get(group, 0.0) + model.weights[name] * float(inside.mean())
    return found


def _is_low(name: str) -> bool:
    return name.startswith(evidence.LOW) or name == evidence.LONG


def _said(name: str, sight: Sight, usual: Usual | None, first: int, last: int) -> str:
    if name == _LUMINOSITY:
        return share_text(sight, usual, mask_of([(first, last)], sight.share.size))
    flags = sight.signs[name]
    ranges = ranges_of(flags & mask_of([(first, last)], flags.size))
    where = "" if ranges == [(first, last)] else f" in LS {', '.join(map(_range, ranges))}"
    return f"{_sign(name)}{where}"


def _sign(name: str) -> str:
    if name.startswith(evidence.OFF):
        return f"{name.removeprefix(evidence.OFF)} is off"
    if name.startswith(evidence.OTHER):
        return f"{name.removeprefix(evidence.OTHER)} is BAD"
    if name.startswith(evidence.LOW):
        return f"recorded/delivered below {name.removeprefix(evidence.LOW)} of usual"
    if name == evidence.LONG:
        return f"low for {evidence.LASTS} LS or more"
    return _WORDS[name]


def _range(ends: tuple[int, int]) -> str:
    first, last = ends
    return str(first) if first == last else f"{first}-{last}"


def ranges_text(flags: Flags) -> Iterator[str]:
    """Ranges of lumisections as they are written."""
    return map(_range, ranges_of(flags))
