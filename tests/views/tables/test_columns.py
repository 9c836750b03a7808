"""What the cells of a table say."""

from datetime import timedelta

from app.domain.certification.second_eyes import WHOLE, Mark
from app.domain.filters import Field, Source
from app.services.certification.tables import Row
from app.views.tables.columns import (
    Cell,
    CellKind,
    column,
    default_columns,
    known_columns,
    prepare_row,
)
from tests.views.builders import COLUMNS
from tests.views.table_rows import NOW, VOCABULARY, a_row

STATUS = column(Field(Source.COLUMN, "dt-dt"))


def cell_of(row: Row, field: Field) -> Cell:
    return prepare_row(row, [column(field)]).cells[0]


def test_that_shares_come_worst_first_with_counts_and_comments() -> None:
    row = a_row(
        1,
        triplet_summary={
            "dt-dt": {
                "GOOD": 90,
                "STANDBY": 3,
                "BAD": 5,
                "EMPTY": 0,
                "comments": ["HV trip"],
                "causes": [],
            }
        },
    )
    cell = cell_of(row, Field(Source.COLUMN, "dt-dt"))
    assert cell.shares == (("BAD", 5), ("STANDBY", 3), ("GOOD", 90))
    assert "BAD in 5 LS" in cell.tip
    assert "HV trip" in cell.tip
    assert cell.remarked


def test_that_a_run_that_is_not_significant_has_no_shares_and_says_why() -> None:
    row = a_row(1, rr_attributes={"significant": False}, triplet_summary=None)
    cell = cell_of(row, Field(Source.COLUMN, "dt-dt"))
    assert cell.shares == ()
    assert "not significant" in cell.tip


def test_that_an_outdated_summary_is_told_from_a_missing_column() -> None:
    outdated = cell_of(a_row(1, triplet_summary=None), Field(Source.COLUMN, "dt-dt"))
    missing = cell_of(a_row(1, triplet_summary={}), Field(Source.COLUMN, "dt-dt"))
    assert outdated.tip == "being computed"
    assert "no lumisections" in missing.tip


def test_that_a_run_without_an_end_is_running_and_one_with_a_flag_is_marked() -> None:
    assert cell_of(a_row(1, place=0), Field(Source.RUN)).running
    assert not cell_of(a_row(1, place=1), Field(Source.RUN)).running
    assert cell_of(a_row(1, needs_manual_update=True), Field(Source.RUN)).needs_update


def test_that_bits_are_shares_of_true_and_false() -> None:
    row = a_row(1, dcs_text='{"bpix_ready": {"TRUE": 7, "FALSE": 2, "NULL": 0, "EMPTY": 1}}')
    cell = cell_of(row, Field(Source.BIT, "bpix_ready"))
    assert cell.shares == (("BAD", 2), ("EMPTY", 1), ("GOOD", 7))


def test_that_times_are_utc_with_how_long_ago_in_the_tip() -> None:
    cell = cell_of(a_row(1, place=3), Field(Source.OMS, "start_time"))
    assert cell.text == "2025-08-20 09:00"
    assert cell.whole(NOW).endswith("3 h ago")
    assert cell.whole(NOW + timedelta(minutes=60)).endswith("4 h ago")


def test_that_luminosity_is_short_in_the_table_and_whole_in_the_tip() -> None:
    cell = cell_of(a_row(1, recorded_luminosity=12.34567), Field(Source.RECORDED))
    assert (cell.text, cell.tip) == ("12.3", "12.34567 pb⁻¹")
    assert cell.kind is CellKind.NUMBER


def test_that_a_workspace_shows_its_state_and_columns() -> None:
    shown = default_columns("datasets", "tracker", ["tracker-pixel"])
    assert [each.field for each in shown if each.kind is CellKind.STATE] == [
        Field(Source.DATASET, "tracker_state")
    ]
    assert shown[-1].field == Field(Source.COLUMN, "tracker-pixel")


def test_that_every_attribute_of_the_vocabulary_can_be_a_column() -> None:
    known = known_columns(VOCABULARY, default_columns("runs", "global", COLUMNS))
    assert {field.field.text for field in VOCABULARY.fields} <= known.keys()
    assert all(each.id == id_ for id_, (each, _) in known.items())


def test_that_a_state_bears_the_mark_on_its_workspace_and_one_on_the_whole_dataset() -> None:
    def shown(*workspaces: str) -> tuple[bool, str]:
        marks = tuple(Mark(1, "/A", each, "second@cern.ch", NOW) for each in workspaces)
        row = a_row(1, "/A", marks=marks, dataset_attributes={"dt_state": "OPEN"})
        cell = cell_of(row, Field(Source.DATASET, "dt_state"))
        return cell.verified, cell.tip.partition("\n")[2]

    assert shown("csc") == (False, "")
    assert shown("dt") == (True, "verified in dt by second@cern.ch")
    assert shown(WHOLE) == (True, "verified as a whole by second@cern.ch")
