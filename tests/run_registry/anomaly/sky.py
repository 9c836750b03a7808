"""Invented lumisections to learn from: the same for the same seed."""

import numpy as np

from run_registry.lumisections import LumisectionLuminosity, Lumisections

TRIPLETS = (
    ("EMPTY", "", ""),
    ("GOOD", "", ""),
    ("BAD", "", "seen"),
    ("EXCLUDED", "", ""),
    ("STANDBY", "", ""),
)
EMPTY, GOOD, BAD, EXCLUDED, STANDBY = range(5)


def a_dataset(number, length=100, *, bad=(), low=(), off=(), columns=None, share=0.95):
    """A run with stable beams: `bad`, `low` and `off` are the lumisections in which dt-dt is BAD,
    recorded/delivered is half, and dt0_ready is off."""
    chance = np.random.default_rng(number)
    delivered = 0.4 * np.exp(-np.arange(length) / 2000)
    recorded = delivered * share * chance.uniform(0.99, 1.0, length)
    recorded[[at - 1 for at in low]] *= 0.5
    codes = np.full(length, GOOD, np.int32)
    codes[[at - 1 for at in bad]] = BAD
    on = np.ones(length, np.int8)
    dt0 = on.copy()
    dt0[[at - 1 for at in off]] = 0
    return Lumisections(
        number,
        "online",
        length,
        TRIPLETS,
        {"dt-dt": codes, "csc-csc": np.full(length, GOOD, np.int32), **(columns or {})},
        {"beam1_stable": on, "beam2_stable": on.copy(), "dt0_ready": dt0, "cms_active": on.copy()},
        LumisectionLuminosity(recorded, delivered),
        np.ones(length, bool),
    )


def a_season(runs=15, every=2):
    """In every second run the share is low for some time, and people call dt-dt BAD there; in
    all of them it is low for one lumisection, and nobody minds."""
    for place in range(runs):
        first = 20 + 3 * place
        dead = range(first, first + 6) if place % every == 0 else ()
        yield a_dataset(1000 + place, bad=dead, low=[*dead, 10])
