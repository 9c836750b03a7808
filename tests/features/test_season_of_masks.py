"""A season made of the official lists of 2018, certified as by shifts, gives the lists back."""

import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from app.domain.configuration.in_force import Kind
from app.domain.json_value import JsonObject
from app.domain.lumisections import LumiRange
from app.domain.sources.oms import DCS_BITS, OmsRun, oms_run
from app.domain.sources.pull import OutcomeKind
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import runs
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configurations
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.golden import generation as golden
from app.services.pulling import runs as pull
from tests.builders import EXPERT
from tests.plain_folds import plain_ranges

DCS_ONLY = "dcsonly/json_DCSONLY_2018.txt"
GOLDEN = "golden/Cert_314472-325175_13TeV_Legacy2018_Collisions18_JSON.txt"
DATASET = "/Express/Collisions2018/DQM"
FLAGS = ("tracker-pixel", "tracker-strip", "ecal-ecal", "hcal-hcal", "l1t-l1tmu", "hlt-hlt")
"""Columns that the golden rule asks for, one of which is BAD where the official list leaves out."""
ON: JsonObject = dict.fromkeys(sorted(DCS_BITS), True)
OFF: JsonObject = dict.fromkeys(sorted(DCS_BITS), False)

Mask = dict[int, list[list[int]]]


def mask(shared_data: Path, name: str) -> Mask:
    content = json.loads((shared_data / "data" / "masks" / name).read_text("utf-8"))
    return {int(number): ranges for number, ranges in content.items()}


def numbers(ranges: list[list[int]]) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


def answer(number: int, on: set[int]) -> OmsRun:
    """What OMS says of a run whose detectors are on in just these lumisections."""
    record: JsonObject = {
        "run_number": number,
        "hlt_key": "/cdaq/physics/Run2018/2e34/v3.6.1/HLT/V2",
        "energy": 6499.0,
        "b_field": 3.8,
        "recorded_lumi": 12.5,
        "injection_scheme": "25ns_2556b_2544_2215_2332_144bpi_20injV3",
        "start_time": "2018-07-01T10:00:00Z",
        "end_time": "2018-07-01T20:00:00Z",
        "last_update": "2018-07-01T20:05:00Z",
        "components": [
            "CASTOR", "CSC", "CTPPS", "DAQ", "DCS", "DQM", "DT", "ECAL", "ES", "GEM", "HCAL",
            "PIXEL", "RPC", "SCAL", "TCDS", "TRACKER", "TRG",
        ],
        "tier0_transfer": True,
        "stable_beam": True,
        "fill_number": 6860,
        "l1_hlt_mode": "collisions2018",
    }  # fmt: skip
    last = max(on) + 2
    return oms_run(
        record,
        [{"lumisection_number": n, **(ON if n in on else OFF)} for n in range(1, last + 1)],
    )


def bad_flags(number: int, left_out: set[int]) -> Iterator[ColumnEdit]:
    """As the shifts said why a lumisection is no good: one column for each range."""
    for column, (first, last) in zip(cycle(FLAGS), plain_ranges(sorted(left_out)), strict=False):
        where = (LumiRange(first, last),)
        yield ColumnEdit(number, "online", column, where, Triplet("BAD", "tripped", "hv"))


def generated(db: Database, shared_data: Path, rule_name: str) -> Mask:
    """The golden JSON of a rule, as it is stored and saved."""
    rule = json.loads((shared_data / "data" / "rules" / rule_name).read_text("utf-8"))
    made = golden.generate(Acting(db, EXPERT), DATASET, rule)
    document = json.loads(golden.texts(golden.row(Acting(db), made.id)).golden)
    return {int(number): ranges for number, ranges in document.items()}


@pytest.fixture(params=[1, 8], ids=["every run", "every eighth run"])
def every(request: pytest.FixtureRequest) -> int:
    """Which runs of the season are taken; all of them take most of a minute."""
    if request.param == 1:
        request.getfixturevalue("at_length")
    return request.param


def test_that_a_season_of_official_masks_gives_the_official_golden_list(
    database: Database, shared_data, every: int
):
    dcs_only, official = mask(shared_data, DCS_ONLY), mask(shared_data, GOLDEN)
    on = {number: numbers(ranges) for number, ranges in dcs_only.items()}
    good = {number: numbers(ranges) for number, ranges in official.items()}
    # Of the official list of 2018 nothing lies outside the one of the detector bits.
    assert all(good[number] <= on[number] for number in official)
    assert (len(on), sum(map(len, on.values()))) == (681, 258_508)
    on = {number: on[number] for number in sorted(on)[::every]}
    official = {number: ranges for number, ranges in official.items() if number in on}
    assert len(official) > 400 // every  # most runs were certified

    assert configurations.install_default(Acting(database))
    # One offline dataset for each run is enough here.
    for each in configurations.current(Acting(database)).datasets_accepted:
        if each.class_ == "Collisions18" and each.name != DATASET:
            configuration_edits.delete_item(
                Acting(database, EXPERT), Kind.DATASETS_ACCEPTED, each.id
            )
    for number, lumisections_on in on.items():
        outcome = pull.apply(Acting(database), answer(number, lumisections_on))
        assert outcome.kind is OutcomeKind.CREATED
    edits = [
        edit for number in on for edit in bad_flags(number, on[number] - good.get(number, set()))
    ]
    for at in range(0, len(edits), 200):
        lumisections.edit_columns(Acting(database, EXPERT), edits[at : at + 200])
    for number in on:
        assert runs.move(Acting(database, EXPERT), number, "SIGNOFF").datasets == (DATASET,)

    assert generated(database, shared_data, "golden_2018.json") == official
    # The published list of the bits leaves touching ranges apart.
    assert generated(database, shared_data, "dcs_only.json") == {
        number: plain_ranges(sorted(on[number])) for number in on
    }
