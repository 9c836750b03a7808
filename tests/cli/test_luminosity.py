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
    assert "It would change 1 LS of 1 run." in dry.out
    assert "left out: 500000." in dry.out
    assert f"Run {FIRST} is too short: LS 21 (1) left out." in dry.out
    done = registry("luminosity", "import", file, "--json").document
    assert (done["lumisections_changed"], done["unknown"]) == (1, [500000])
    assert done["too_short"] == [FIRST]
    assert done["atomic_version"] is not None
    assert "Nothing to change" in registry("luminosity", "import", file).out
    assert registry("luminosity", "import", tmp_path / "none.csv").code == 1
