"""What may be edited of a dataset and why not, and what a person wrote lately."""

import pytest

from app.domain.editing.edits import ColumnEdit
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing import bulk as bulk_edit
from app.services.editing import remarks as editing
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once

RUN = 390001
PROMPT = "/PromptReco/Collisions2025A/DQM"
SHIFTER = Actor("shifter@cern.ch", frozenset({"shifters"}))
DT_EXPERT = Actor("dt@cern.ch", frozenset({"dt-experts"}))
KEYS = ("dt-dt", "csc-csc", "dt0_ready", "physics_flag", "recorded", "no-column")


@filled_once
def online(database: Database) -> None:
    """One open run of 10 LS on the small configuration."""
    configure(database)
    pull.apply(Acting(database), a_run(RUN, 10))


@pytest.fixture
def offline(online: Database) -> Database:
    """The run signed off; its prompt dataset is open everywhere."""
    set_column(online, "online", Triplet("GOOD"), 1, 10)
    runs.move(Acting(online, EXPERT), RUN, "SIGNOFF")
    datasets.move(Acting(online, EXPERT), [(RUN, PROMPT)], "global", "OPEN")
    return online


def set_column(
    db: Database, dataset: str, triplet: Triplet, first: int, last: int, actor: Actor = EXPERT
) -> None:
    wanted = ColumnEdit(RUN, dataset, "dt-dt", (LumiRange(first, last),), triplet)
    bulk_edit.write(Acting(db, actor), [wanted])


def test_that_an_expert_may_edit_columns_and_bits_of_an_open_run(online: Database):
    found = editing.refusals(Acting(online, EXPERT), RUN, "online", KEYS)
    assert found.keys() == {"physics_flag", "recorded", "no-column"}
    assert "not a DCS bit" in found["physics_flag"]
    assert "no-column" in found["no-column"]


def test_that_each_refusal_is_the_one_that_writing_would_give(online: Database):
    found = editing.refusals(Acting(online, SHIFTER), RUN, "online", KEYS)
    assert found.keys() == set(KEYS) - {"dt-dt", "csc-csc"}
    assert "cms-dqm-runregistry-experts" in found["dt0_ready"]


def test_that_a_run_that_is_signed_off_says_so_for_everything(offline: Database):
    found = editing.refusals(Acting(offline, EXPERT), RUN, "online", ("dt-dt", "dt0_ready"))
    assert all("SIGNOFF" in reason for reason in found.values())
    assert len(found) == 2


def test_that_an_offline_dataset_is_asked_column_by_column(offline: Database):
    datasets.move(Acting(offline, EXPERT), [(RUN, PROMPT)], "dt", "SIGNOFF")
    datasets.move(Acting(offline, EXPERT), [(RUN, PROMPT)], "global", "SIGNOFF")
    assert set(editing.refusals(Acting(offline, EXPERT), RUN, PROMPT, ("dt-dt", "csc-csc"))) == {
        "dt-dt"
    }
    assert set(editing.refusals(Acting(offline, DT_EXPERT), RUN, PROMPT, ("dt-dt", "csc-csc"))) == {
        "dt-dt",
        "csc-csc",
    }


def test_that_the_newest_comments_and_causes_of_the_person_come_first(online: Database):
    set_column(online, "online", Triplet("BAD", "HV trip", "hv"), 1, 1)
    set_column(online, "online", Triplet("STANDBY", "ramping"), 2, 2)
    set_column(online, "online", Triplet("STANDBY", "somebody else's"), 3, 3, SHIFTER)
    assert editing.remarks(Acting(online, EXPERT)) == editing.Remarks(
        ("ramping", "HV trip"), ("hv",)
    )
    set_column(online, "online", Triplet("BAD", "HV trip", "hv"), 4, 4)
    assert editing.remarks(Acting(online, EXPERT)).comments == ("HV trip", "ramping")
