import pytest

from app.domain.errors import BadInput
from app.domain.sources.brilcalc import read

HEAD = "#run:fill,ls,time,beamstatus,E(GeV),delivered({}),recorded({}),avgpu,source"
LINE = "297050:5839,12:0,06/16/17 20:55:44,STABLE BEAMS,6500,{},{},40.3,HFET"


@pytest.mark.parametrize(
    ("unit", "value"),
    [("/pb", "0.25"), ("/ub", "250000"), ("/nb", "250.0"), ("/fb", "0.00025"), ("/mb", "2.5e8")],
)
def test_that_units_are_converted(unit, value):
    lines = [
        "#Data tag : 19v2 , Norm tag: None",
        HEAD.format(unit, unit),
        LINE.format(value, value),
    ]
    (found,) = read([*lines, "#Summary:", "#nfill,nrun,nls,ncms", "#1,1,1,1"])
    assert (found.run_number, found.lumisection, found.line) == (297050, 12, 3)
    assert found.delivered == found.recorded == pytest.approx(0.25, rel=1e-15)


def test_that_each_column_has_its_own_unit():
    (found,) = read([HEAD.format("/pb", "/ub"), LINE.format("0.5", "400000")])
    assert (found.delivered, found.recorded) == (0.5, 0.4)


def test_that_nothing_need_stand_behind_the_luminosities():
    (found,) = read(["#run:fill,ls,delivered(/pb),recorded(/pb)", "297050:5839,12:0,0.5,0.4"])
    assert (found.delivered, found.recorded) == (0.5, 0.4)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([LINE.format(1, 1)], "Line 1: there is no line of columns"),
        ([HEAD.format("/xb", "/pb")], "Line 1: the unit /xb"),
        (
            [HEAD.format("hz/ub", "hz/ub")],
            r"Line 1: hz/ub is a rate; export integrated luminosity \(brilcalc -u /pb\)",
        ),
        ([HEAD.format("/pb", "1e30/cm2s")], "1e30/cm2s is a rate"),
        ([HEAD.format("1e30/cm2", "/pb")], "Line 1: the unit 1e30/cm2 is none of"),
        (["#run:fill,time,nls,ncms,delivered(/pb),recorded(/pb)"], "byls"),
        (
            ["#run:fill,ls,time,hltpath,delivered(/pb),recorded(/pb),avgpu,source"],
            "Line 1: it is the luminosity of a trigger path",
        ),
        (["#run:fill,hltpath,delivered(/pb),recorded(/pb)"], "trigger path"),
        ([HEAD.format("/pb", "/pb"), "297050:5839,12:12"], "Line 2 has 2 columns"),
        ([HEAD.format("/pb", "/pb"), "", LINE.format("x", 1)], 'Line 3: "x" is not a luminosity'),
        ([HEAD.format("/pb", "/pb"), LINE.format("nan", 1)], "not a luminosity"),
        ([HEAD.format("/pb", "/pb"), LINE.format("1_0", 1)], '"1_0" is not a luminosity'),
        ([HEAD.format("/pb", "/pb"), LINE.format("٣", 1)], "not a luminosity"),
        ([HEAD.format("/pb", "/pb"), LINE.format("1e300", 1)], "of one lumisection"),
        (
            [HEAD.format("/pb", "/pb"), LINE.replace("12:0", "0:0").format(1, 1)],
            "not a lumisection",
        ),
        (
            [HEAD.format("/pb", "/pb"), LINE.replace("12:0", "20001:0").format(1, 1)],
            "not a lumisec",
        ),
        ([HEAD.format("/pb", "/pb"), LINE.replace("297050", "x").format(1, 1)], "not a run:fill"),
    ],
)
def test_that_the_line_that_can_t_be_read_is_named(lines, words):
    with pytest.raises(BadInput, match=words):
        list(read(lines))


def test_that_the_public_file_is_read_whole(shared_data):
    with (shared_data / "data" / "brilcalc" / "coffea_lumi_small_2017_byls.csv").open() as lines:
        found = list(read(lines))
    assert len(found) == 998
    assert (found[0].run_number, found[0].lumisection) == (297050, 12)
    assert (found[0].delivered, found[0].recorded) == (0.160000792, 0.154234862)


@pytest.mark.parametrize(
    ("file", "unit"), [("b04_hz_ub.csv", "hz/ub"), ("b06_inst.csv", "1e30/cm2s")]
)
def test_that_a_file_of_rates_is_called_one(shared_data, file, unit):
    cases = shared_data / "cases" / "brilcalc"
    if not cases.is_dir():
        pytest.skip(f"the failing inputs aren't here ({cases})")
    said = f"Line 2: {unit} is a rate; export integrated luminosity"
    with (cases / file).open() as lines, pytest.raises(BadInput, match=said):
        list(read(lines))
