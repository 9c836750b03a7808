"""Rows of the tables of runs and datasets, one default each."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.filters import Field, KnownField, Source, Vocabulary
from app.domain.json_value import JsonObject
from app.domain.keys import ONLINE
from app.domain.state.summaries import summarise
from app.services.certification.tables import Row
from tests.views.builders import BITS, COLUMNS, a_state

NOW = datetime(2025, 8, 20, 12, 0, tzinfo=UTC)
_SUMMARIES = [summarise(a_state(length=length)) for length in (40, 100, 333)]

VOCABULARY = Vocabulary(
    (
        KnownField(Field(Source.RUN), "number", ()),
        KnownField(Field(Source.RR, "class"), "", ("Collisions25", "Cosmics25")),
        KnownField(Field(Source.RR, "state"), "", ("OPEN", "SIGNOFF", "COMPLETED")),
        KnownField(Field(Source.OMS, "fill_number"), "", ()),
        KnownField(Field(Source.OMS, "energy"), "", ()),
        *(KnownField(Field(Source.COLUMN, column), "status", ()) for column in COLUMNS),
        *(KnownField(Field(Source.BIT, bit), "DCS bit", ()) for bit in BITS),
        *(
            KnownField(Field(Source.DATASET, f"{name}_state"), "", ())
            for name in ("global", "tracker", "dt")
        ),
    )
)
"""Fields of every kind."""


def a_row(number: int, name: str = ONLINE, *, place: int = 0, **changes: object) -> Row:
    """A run or dataset; the first is still taking data."""
    summary = _SUMMARIES[place % len(_SUMMARIES)]
    started = NOW - timedelta(hours=place)
    ended = started + timedelta(minutes=50)
    rr: JsonObject = {
        "class": "Collisions25",
        "state": "OPEN",
        "significant": True,
        "stop_reason": "",
    }
    oms: JsonObject = {
        "start_time": f"{started:%Y-%m-%dT%H:%M:%SZ}",
        "end_time": None if place == 0 else f"{ended:%Y-%m-%dT%H:%M:%SZ}",
        "ls_duration": 100 + place % 700,
        "hlt_key": "/cdaq/physics/Run2025/2e34/v1.0.0/HLT/V1",
        "hlt_physics_counter": 1_234_567 + place * 1000,
        "b_field": 3.8,
        "clock_type": "LHC",
        "fill_number": 10_960 + place // 4,
        "energy": 6800.0,
    }
    row = Row(
        run_number=number,
        name=name,
        oms_attributes=oms,
        rr_attributes=rr,
        dataset_attributes={} if name == ONLINE else {"global_state": "OPEN"},
        datasets_in_gui=() if name == ONLINE else (name,),
        triplet_summary=summary.triplet_summary,
        dcs_text=json.dumps(summary.dcs_summary),
        recorded_luminosity=summary.recorded,
        delivered_luminosity=summary.delivered,
        run_version=1,
        dataset_version=1,
        summary_is_current=True,
        needs_manual_update=False,
        deleted=False,
    )
    return replace(row, **changes)  # type: ignore[arg-type]
