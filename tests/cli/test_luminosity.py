import pytest

from tests.builders import a_run
from tests.cli.conftest import FIRST


def test_that_a_file_of_brilcalc_is_imported_after_a_dry_run(registry, tmp_path):
    file = tmp_path / "byls.csv"
    file.write_text(
        "#run:fill,ls,time,beamstatus,E(GeV),delivered(/pb),recorded(/pb),avgpu,source\n"
        f"{FIRST}:1,2:2,t,STABLE BEAMS,6800,0.6,0.5,50,HFOC\n"
        f"{FIRST}:1,21:21,t,STABLE BEAMS,6800,0.6,0.5,50,HFOC\n"
        "500000:1,1:1,t,STABLE BEAMS,6800,0.6,0.5,50,HFOC\n"
    )

    dry = registry("luminosity", "import", file, "--dry-run")
    assert dry.code == 0, dry.err
    assert "Would change the luminosity of 1 LS in 1 run." in dry.out
    assert "not in the Run Registry: runs 500000, recorded 0.5 /pb, delivered 0.6 /pb." in dry.out
    assert (
        f"Run {FIRST} ends at LS 20: LS 21 (1) left out, recorded 0.5 /pb, delivered 0.6 /pb."
        in dry.out
    )
    done = registry("luminosity", "import", file, "--json").document
    assert (done["lumisections_changed"], done["unknown"]) == (1, [500000])
    assert done["too_short"] == [FIRST]
    assert done["atomic_version"] is not None
    assert "Nothing to change" in registry("luminosity", "import", file).out
    assert registry("luminosity", "import", tmp_path / "none.csv").code == 1


@pytest.mark.parametrize(
    ("name", "taken", "left_out", "said"),
    [
        (
            "b33_some_beyond.csv",
            ("0.72", "0.75"),
            (0.24, 0.5),
            "ends at LS 8: LS 9-10 (2) left out, recorded 0.24 /pb, delivered 0.5 /pb.",
        ),
        (
            "b20_beyond_end.csv",
            ("0", "0"),
            (0.48, 0.5),
            "ends at LS 8: LS 9, 100 (2) left out, recorded 0.48 /pb, delivered 0.5 /pb.",
        ),
    ],
)
def test_that_sums_are_of_what_becomes_the_run_s(
    registry, oms, shared_data, name, taken, left_out, said
):
    made = a_run(392009, 8)
    oms.set_run(made.attributes)
    oms.set_lumisections(392009, made.lumisections)
    assert registry("pull", "--run", "392009", "--oms", oms.url).code == 0
    file = shared_data / "cases" / "brilcalc" / name
    for dry_run in (("--dry-run",), (), ()):
        told = registry("luminosity", "import", file, *dry_run)
        assert told.code == 0, told.err
        assert said in told.out
        (line,) = (line for line in told.out.splitlines() if line.split()[:1] == ["392009"])
        assert tuple(line.split()[-2:]) == taken
    (run,) = registry("luminosity", "import", file, "--json").document["runs"]
    assert (run["recorded_left_out"], run["delivered_left_out"]) == pytest.approx(left_out)
    if taken == ("0", "0"):
        assert "Nothing to change: the runs have none of these lumisections." in told.out
