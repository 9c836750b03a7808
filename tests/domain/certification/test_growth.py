"""The words for what a run gained."""

from app.domain.certification.growth import Gained, gained_text
from app.domain.lumisections import LumiRange

NEW = (LumiRange(51, 60),)


def test_that_many_workspaces_and_datasets_are_counted_not_listed():
    states = {f"w{number}": "COMPLETED" for number in range(14)}
    gained = [Gained(f"/D{number}/R/DQM", NEW, {**states, "dt": "SIGNOFF"}) for number in range(6)]
    assert gained_text(gained) == (
        "Brought 10 LS (51-60) into 6 datasets. Certified before, look at the new LS there:"
        " /D0/R/DQM (COMPLETED in 14 workspaces; SIGNOFF in dt),"
        " /D1/R/DQM (COMPLETED in 14 workspaces; SIGNOFF in dt),"
        " /D2/R/DQM (COMPLETED in 14 workspaces; SIGNOFF in dt),"
        " /D3/R/DQM (COMPLETED in 14 workspaces; SIGNOFF in dt) and 2 more."
    )
    assert gained_text([]) == ""


def test_that_datasets_that_lacked_different_lumisections_are_told_apart():
    gained = [
        Gained("/A/B/DQM", NEW, {}),
        Gained("/C/D/DQM", (LumiRange(41, 60),), {}),
        Gained("/E/F/DQM", NEW, {}),
    ]
    assert gained_text(gained) == (
        "Brought 10 LS (51-60) into 2 datasets, 20 LS (41-60) into 1 dataset."
    )
