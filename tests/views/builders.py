"""What the window's tests show: datasets, runs and pages, one default each."""

import numpy as np

from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.domain.triplets import (
    BAD,
    EXCLUDED,
    GOOD,
    NO_VALUE_FOUND,
    NOTSET,
    STANDBY,
    Triplet,
)

COLUMNS = (
    "cms-cms",
    "csc-csc",
    "dt-dt",
    "ecal-ecal",
    "ecal-es",
    "gem-gem",
    "hcal-hcal",
    "hlt-hlt",
    "l1t-l1tcalo",
    "l1t-l1tmu",
    "lumi-lumi",
    "rpc-rpc",
    "tracker-pixel",
    "tracker-strip",
)
BITS = (
    "beam1_present",
    "beam1_stable",
    "bpix_ready",
    "cms_active",
    "dt0_ready",
    "ebm_ready",
    "fpix_ready",
    "hbhea_ready",
    "rpc_ready",
    "tob_ready",
)


def a_state(
    run_number: int = 362760,
    name: str = "online",
    *,
    length: int = 100,
    columns: tuple[str, ...] = COLUMNS,
    bits: tuple[str, ...] = BITS,
) -> DatasetState:
    """A dataset in which every status occurs, with bits and luminosity."""
    whole = (LumiRange(1, length),)
    third = length // 3

    def some(place: int, size: int) -> tuple[LumiRange, ...]:
        first = 1 + place * 37 % max(length - size, 1)
        return (LumiRange(first, min(first + size, length)),)

    rr: Grid[Triplet] = with_changes(
        Grid.empty(),
        [
            ({column: Triplet(GOOD) for column in columns}, whole),
            ({columns[0]: Triplet(STANDBY)}, (LumiRange(1, third),)),
            *(
                (
                    {
                        column: (
                            Triplet(BAD, "HV trip", "hardware"),
                            Triplet(EXCLUDED),
                            Triplet(NOTSET),
                            Triplet(NO_VALUE_FOUND),
                            Triplet("EMPTY"),
                            Triplet(STANDBY, "ramping"),
                        )[place % 6]
                    },
                    some(place, length // 10),
                )
                for place, column in enumerate(columns)
            ),
            ({columns[-1]: Triplet(BAD, "one LS")}, (LumiRange(length, length),)),
        ],
    )
    values: list[tuple[dict[str, JsonValue], tuple[LumiRange, ...]]] = [
        (dict.fromkeys(bits, True), whole)
    ]
    values += [
        ({bit: None if place % 3 == 0 else False}, some(place, length // 20))
        for place, bit in enumerate(bits)
    ]
    values += [
        (
            {"delivered": 0.5 * float(np.exp(-n / length)), "recorded": 0.46 * 0.999**n},
            (LumiRange(n, n),),
        )
        for n in range(third, length + 1)
    ]
    oms: Grid[JsonValue] = with_changes(Grid.empty(), values)
    own = np.ones(length, np.bool_)
    own[-1] = False
    return DatasetState(run_number, name, rr, oms, own)
