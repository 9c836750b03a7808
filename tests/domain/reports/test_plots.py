"""Plots of reports: their axes, their CSV and their drawings."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.reports.document import Sentence, Table, table
from app.domain.reports.plots import BarPlot, Line, TimePlot, day_ticks, value_ticks
from app.domain.reports.svg import svg

DAY = 86_400.0
BEGIN = datetime(2025, 8, 18, 6, tzinfo=UTC).timestamp()
SVG = "{http://www.w3.org/2000/svg}"

OVER_TIME = TimePlot(
    "accumulated",
    "Luminosity <b>",
    "pb⁻¹",
    (
        Line("Delivered", (BEGIN, BEGIN + 3 * DAY), (0.0, 12.5)),
        Line("Recorded", (BEGIN, BEGIN + 3 * DAY), (0.0, 11.0)),
    ),
)
BARS = BarPlot(
    "efficiency", "Efficiency", "%", ("dt", "a & b"), (("C", (98.0, 91.0)),), 90.0, 100.0
)


@given(st.floats(1e-6, 1e9))
def test_that_the_axis_of_values_reaches_the_greatest_with_a_few_round_steps(most):
    ticks = value_ticks(most)
    assert ticks[0] == 0.0
    assert ticks[-1] >= most > ticks[-2]
    assert 2 <= len(ticks) <= 7


def test_that_an_axis_without_values_still_has_two_ends():
    assert value_ticks(0.0) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("span", "first", "form"),
    [
        (3 * 3600, "18 Aug 06:00", "hours"),
        (5 * DAY, "19 Aug", "days"),
        (80 * DAY, "28 Aug", "weeks"),
        (900 * DAY, "23 Oct 2025", "months"),
    ],
)
def test_that_the_axis_of_time_names_a_few_days_or_hours(span, first, form):
    ticks = day_ticks(BEGIN, BEGIN + span, 8)
    assert 1 <= len(ticks) <= 9, form
    assert all(BEGIN <= at <= BEGIN + span for at, _ in ticks)
    assert ticks[0][1] == first


def test_that_the_csv_of_a_plot_has_its_numbers_at_full_precision():
    assert OVER_TIME.csv_text.splitlines() == [
        "time_utc,Delivered [pb⁻¹],Recorded [pb⁻¹]",
        "2025-08-18T06:00:00Z,0.0,0.0",
        "2025-08-21T06:00:00Z,12.5,11.0",
    ]
    assert BARS.csv_text.splitlines() == ["name,C [%]", "dt,98.0", "a & b,91.0"]


def test_that_a_drawing_is_xml_with_every_line_and_bar_and_says_what_it_shows():
    lines = ET.fromstring(svg(OVER_TIME))
    assert len(lines.findall(f"{SVG}polyline")) == 2
    assert "Delivered 12.5" in (lines.get("aria-label") or "")
    assert "Luminosity <b>" in [each.text for each in lines.iter(f"{SVG}text")]
    bars = ET.fromstring(svg(BARS))
    assert [each.text for each in bars.iter(f"{SVG}title")] == ["dt, C: 98 %", "a & b, C: 91 %"]


def test_that_bars_begin_where_the_axis_does():
    heights = [
        float(each.get("height"))
        for each in ET.fromstring(svg(BARS)).iter(f"{SVG}rect")
        if each.find(f"{SVG}title") is not None
    ]
    assert heights[0] == pytest.approx(8 * heights[1], rel=0.02)


def test_that_many_or_no_bars_are_drawn_too():
    many = BarPlot("days", "Days", "", tuple(map(str, range(300))), (("a", (1.0,) * 300),))
    drawn = ET.fromstring(svg(many))
    named = [each.text for each in drawn.iter(f"{SVG}text") if each.get("transform")]
    assert 20 < len(named) <= 40
    for empty in (BarPlot("none", "None", "", (), ()), TimePlot("none", "None", "", ())):
        assert empty.is_empty
        assert "Nothing to draw" in svg(empty)


def test_that_a_table_says_how_much_it_leaves_out_and_when_it_is_empty():
    shown, left_out = table(("n",), [(n,) for n in range(5)], most=3)
    assert isinstance(shown, Table)
    assert shown.rows == (("0",), ("1",), ("2",))
    assert left_out == Sentence("2 more are left out here.", left_out.tone)
    assert table(("n",), [], nothing="No run.")[0].text == "No run."
    assert len(table(("n",), [("w" * 20_000,)])[0].rows[0][0]) == 1000
    assert table(("n",), [], title="Lost")[0].text == "Lost: None."
