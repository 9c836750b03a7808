"""Addresses and pictures of histograms, and layouts that hold them."""

import struct
import zlib

import pytest

from app.demo.drawn_histograms import draw
from app.domain.errors import BadInput
from app.domain.sources.histograms import (
    ONLINE_IN_GUI,
    Histogram,
    PictureSize,
    check_picture,
    page_address,
    picture_address,
)
from app.domain.sources.layouts import merged, of_workspace, read_layouts, workspace_of

GUI = "https://cmsweb.cern.ch/dqm/offline"
ZERO_BIAS = "/ZeroBias/Run2025C-PromptReco-v1/DQMIO"
ECAL = Histogram(396281, ZERO_BIAS, "EcalEndcap/EESummaryClient/EE global summary EE +")


def test_that_a_picture_has_the_address_that_the_dqm_gui_knows():
    assert picture_address(GUI, ECAL, PictureSize(640, 400)) == (
        f"{GUI}/plotfairy/archive/396281{ZERO_BIAS}"
        "/EcalEndcap/EESummaryClient/EE%20global%20summary%20EE%20%2B?w=640;h=400"
    )


def test_that_the_page_names_run_dataset_and_histogram():
    assert page_address(GUI, ECAL) == (
        f"{GUI}/start?runnr=396281;dataset={ZERO_BIAS};sampletype=offline_data"
        ";workspace=Everything;root=EcalEndcap/EESummaryClient"
        ";focus=EcalEndcap/EESummaryClient/EE%20global%20summary%20EE%20%2B;zoom=yes"
    )


def test_that_a_run_under_way_is_asked_for_next_door():
    online = Histogram(396281, ONLINE_IN_GUI, "DT/00-x")
    assert picture_address(GUI, online, PictureSize()).startswith(
        "https://cmsweb.cern.ch/dqm/online/plotfairy/archive/396281/Global/Online/ALL/DT/"
    )


def test_that_an_invented_histogram_is_a_png_that_is_always_the_same():
    picture = draw(ECAL, PictureSize(300, 200))
    assert check_picture(picture) == draw(ECAL, PictureSize(300, 200))
    assert struct.unpack_from(">II", picture, 16) == (300, 200)
    assert zlib.crc32(picture[12:29]) == struct.unpack_from(">I", picture, 29)[0]


def _header(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02" * 9


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>Log in</html>", "it is a web page"),
        (b"GIF89a......", "it is no PNG, beginning with GIF89a"),
        (b"", "it is no PNG"),
        (_header(40_000, 40_000), "40000 x 40000 pixels"),
        (_header(0, 10), "without a size"),
    ],
)
def test_that_what_is_no_picture_is_refused_with_the_reason(content, reason):
    with pytest.raises(BadInput, match=reason):
        check_picture(content)


def test_that_own_layouts_replace_those_of_their_workspaces():
    shipped = read_layouts({"dt": {"A": ["DT/a"]}, "csc": {"B": ["CSC/b"]}}, "layouts.json")
    own = read_layouts({"dt": {"Mine": ["/DT/x", "DT/y"]}}, "mine.json")
    layouts = merged(own, shipped)
    assert [each.name for each in of_workspace(layouts, "dt")] == ["Mine"]
    assert of_workspace(layouts, "dt")[0].histograms == ("DT/x", "DT/y")
    assert [each.name for each in of_workspace(layouts, "csc")] == ["B"]


def test_that_a_workspace_without_layouts_has_those_for_any():
    layouts = read_layouts({"global": {"All": ["a/b"]}, "dt": {"A": ["DT/a"]}}, "layouts.json")
    assert [each.name for each in of_workspace(layouts, workspace_of("lumi-lumi"))] == ["All"]
    assert workspace_of("beam1_stable") == ""


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "mine.json has no layouts"),
        ({"dt": []}, "'dt' must hold layouts"),
        ({"dt": {"A": []}}, "'A' of 'dt' must be a list of paths"),
        ({"dt": {"A": ["../../etc"]}}, "can't be asked for"),
        ({"dt": {"A": [7]}}, "no path of a histogram: '7'"),
        ({"dt": {"A": ["x"] * 61}}, "more than 60"),
    ],
)
def test_that_faulty_layouts_say_what_is_wrong_where(document, reason):
    with pytest.raises(BadInput, match=reason):
        read_layouts(document, "mine.json")
