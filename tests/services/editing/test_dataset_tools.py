"""Tools over many datasets: what they say they will do is what they do, once, or nothing."""

import csv
import io

import pytest
from sqlalchemy import text

from app.domain.certification.dataset_tools import (
    ChangeStates,
    CopyColumns,
    Duplicate,
    Hide,
    SetColumns,
    Unhide,
)
from app.domain.certification.datasets import COMPLETED, NOT_SIGNIFICANT, OPEN, SIGNOFF, WAITING
from app.domain.errors import BadInput, NotFound, NotPermitted, Refused
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled, Progress
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import states as stored
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange
from app.services.acting import Acting
from app.services.certification import dataset_csv, datasets, tables
from app.services.editing import lumisections
from app.services.editing.dataset_tools import apply, preview
from app.services.editing.lumisections import BitEdit, ColumnEdit
from app.services.history import look as history
from tests.builders import EXPERT, NOBODY
from tests.conftest import filled_once
from tests.plain_folds import oms_objects, plain_datasets, plain_summary, rr_objects
from tests.services.offline_runs import (
    EXPRESS,
    FIRST,
    PROMPT,
    SECOND,
    newest_version,
    open_all,
    sign_off_runs,
    states,
)

RERECO = "/ReReco/Run2025A/DQM"
BOTH = ((FIRST, PROMPT), (SECOND, PROMPT))


@filled_once
def opened(database: Database) -> None:
    """Two signed-off runs of 30 LS with two open datasets each; LS 3-5 of one are marked."""
    sign_off_runs(database, FIRST, SECOND, length=30)
    open_all(database, FIRST, SECOND)
    edit(database, "dt-dt", Triplet("BAD", "HV trip", "hv"), 3, 5)
    edit(database, "csc-csc", Triplet("STANDBY"), 1, 2)


def edit(db: Database, column: str, triplet: Triplet, first: int, last: int, **others) -> None:
    name, run = others.get("name", PROMPT), others.get("run", FIRST)
    wanted = ColumnEdit(run, name, column, (LumiRange(first, last),), triplet)
    lumisections.edit_columns(Acting(db, EXPERT), [wanted])


def plain(db: Database, run: int, name: str):
    with db.read() as connection:
        return plain_datasets(connection)[run, name]


def assert_read_models_hold(db: Database, run: int, name: str) -> None:
    """State and summary as kept are those that the events give, one by one."""
    expected = plain(db, run, name)
    state = lumisections.dataset_state(Acting(db), run, name)
    assert rr_objects(state) == expected.rr
    assert oms_objects(state) == expected.oms
    (row,) = tables.rows(Acting(db), "datasets", [(run, name)])
    assert row.summary_is_current
    summary = plain_summary(expected)
    assert row.triplet_summary == summary["triplet_summary"]
    assert row.dcs_summary == summary["dcs_summary"]
    assert row.recorded_luminosity == pytest.approx(summary["recorded"], rel=1e-12)
    with db.read() as connection:
        kept = stored.fresh_compact(connection, [(run, name)])
        (folded,) = stored.fold(connection, [(run, name)]).values()
    assert kept[run, name][1] == folded.counts
    assert (kept[run, name][0].expand().own_oms == folded.state.own_oms).all()


def events(db: Database, table: str, name: str) -> int:
    with db.read() as connection:
        return connection.execute(
            text(f'SELECT count(*) FROM "{table}" WHERE name = :name'), {"name": name}
        ).scalar_one()


# --- duplicate ------------------------------------------------------------------------------------


def test_that_a_dataset_without_lumisections_has_a_duplicate_and_nothing_to_copy(opened: Database):
    with begin(opened, [FIRST]) as action:
        action.append("auto@auto", "", [DatasetChange(FIRST, "/Empty/A/DQM", {"dt_state": OPEN})])
    tool = Duplicate(((FIRST, "/Empty/A/DQM"),), RERECO, ("dt",))
    apply(Acting(opened, EXPERT), tool)
    assert plain(opened, FIRST, RERECO).rr == {}
    columns = CopyColumns(((FIRST, PROMPT),), RERECO, PROMPT, ("dt-dt",))
    assert not preview(Acting(opened, EXPERT), columns).changed


def test_that_a_duplicate_reads_as_its_source(opened: Database):
    before, *_ = newest_version(opened)
    tool = Duplicate(BOTH, f" {RERECO} ", ("dt",))
    said = preview(Acting(opened, EXPERT), tool)
    assert newest_version(opened)[0] == before
    done = apply(Acting(opened, EXPERT), tool, reason="second pass")
    assert newest_version(opened) == (before + 1, EXPERT.email, "second pass")
    assert done.effects == said.effects
    for run in (FIRST, SECOND):
        source, copy = plain(opened, run, PROMPT), plain(opened, run, RERECO)
        assert (copy.rr, copy.oms) == (source.rr, source.oms)
        assert copy.taking_part == source.taking_part
        assert_read_models_hold(opened, run, RERECO)


def test_that_a_duplicate_has_states_of_the_chosen_workspaces_and_global_only(opened: Database):
    datasets.move(Acting(opened, EXPERT), [(FIRST, PROMPT)], "dt", SIGNOFF)
    apply(Acting(opened, EXPERT), Duplicate(BOTH, RERECO, ("dt", "lumi")))
    assert states(opened, FIRST, RERECO) == {
        "global_state": OPEN,
        "dt_state": SIGNOFF,
        "lumi_state": OPEN,
    }
    (row,) = tables.rows(Acting(opened), "datasets", [(FIRST, RERECO)])
    assert row.dataset_attributes["appeared_in"] == []
    assert row.datasets_in_gui == ()


def test_that_a_workspace_without_a_state_waits_in_the_duplicate(opened: Database):
    apply(Acting(opened, EXPERT), Duplicate(BOTH, RERECO, ("dt",)))
    apply(Acting(opened, EXPERT), Duplicate(((FIRST, RERECO),), "/Third/DQM", ("csc",)))
    assert states(opened, FIRST, "/Third/DQM") == {"global_state": OPEN, "csc_state": WAITING}


def test_that_luminosity_stays_with_online_and_a_duplicate_costs_few_events(opened: Database):
    apply(Acting(opened, EXPERT), Duplicate(((FIRST, PROMPT),), RERECO, ("dt",)))
    assert events(opened, "OMSLumisectionEvent", PROMPT) >= 60
    assert events(opened, "OMSLumisectionEvent", RERECO) == 1
    assert events(opened, "LumisectionEvent", RERECO) == 3


def test_that_what_was_edited_at_the_source_alone_is_in_the_duplicate(opened: Database):
    for bit in ("cscm_ready", "rpc_ready"):
        wanted = BitEdit(FIRST, PROMPT, bit, (LumiRange(7, 8),), value=False)
        lumisections.edit_bits(Acting(opened, EXPERT), [wanted], comment="recovered by hand")
    apply(Acting(opened, EXPERT), Duplicate(((FIRST, PROMPT),), RERECO, ("dt",)))
    assert plain(opened, FIRST, RERECO).oms == plain(opened, FIRST, PROMPT).oms
    assert_read_models_hold(opened, FIRST, RERECO)


def test_that_later_changes_of_online_reach_source_and_duplicate_alike(opened: Database):
    apply(Acting(opened, EXPERT), Duplicate(((FIRST, PROMPT),), RERECO, ("dt",)))
    with opened.transaction() as connection:
        connection.execute(
            text('UPDATE "Run" SET rr_attributes = rr_attributes || \'{"state": "OPEN"}\'')
        )
    wanted = BitEdit(FIRST, "online", "cscm_ready", (LumiRange(7, 8),), value=False)
    lumisections.edit_bits(Acting(opened, EXPERT), [wanted], comment="was off")
    assert plain(opened, FIRST, RERECO).oms == plain(opened, FIRST, PROMPT).oms
    for name in (PROMPT, RERECO):
        assert_read_models_hold(opened, FIRST, name)


def test_that_a_source_without_read_models_is_folded(opened: Database):
    with opened.transaction() as connection:
        connection.execute(text("DELETE FROM desk.lumisection_state"))
        connection.execute(text('DELETE FROM "DatasetTripletCache" WHERE run_number = 390001'))
    apply(Acting(opened, EXPERT), Duplicate(BOTH, RERECO, ("dt",)))
    for run in (FIRST, SECOND):
        assert plain(opened, run, RERECO).rr == plain(opened, run, PROMPT).rr
        assert_read_models_hold(opened, run, RERECO)


def test_that_online_can_be_duplicated_and_waits(opened: Database):
    apply(Acting(opened, EXPERT), Duplicate(((FIRST, "online"),), RERECO, ("dt",)))
    assert states(opened, FIRST, RERECO) == {"global_state": WAITING, "dt_state": WAITING}
    assert plain(opened, FIRST, RERECO).rr == plain(opened, FIRST, "online").rr
    assert_read_models_hold(opened, FIRST, RERECO)


def test_that_an_existing_target_refuses_all(opened: Database):
    before = newest_version(opened)
    apply(Acting(opened, EXPERT), Duplicate(((FIRST, PROMPT),), RERECO, ()))
    tool = Duplicate(BOTH, RERECO, ())
    said = preview(Acting(opened, EXPERT), tool)
    assert said.problems == (f"Run {FIRST} already has a dataset {RERECO}.",)
    with pytest.raises(Refused, match=f"Run {FIRST} already has a dataset {RERECO}"):
        apply(Acting(opened, EXPERT), tool)
    assert newest_version(opened)[0] == before[0] + 1
    with opened.read() as connection:
        assert (SECOND, RERECO) not in plain_datasets(connection)


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        (Duplicate((), RERECO, ()), "select at least one"),
        (Duplicate(((FIRST, PROMPT), (FIRST, EXPRESS)), RERECO, ()), "of one name"),
        (Duplicate(BOTH, " ", ()), "name of their own"),
        (Duplicate(BOTH, "online", ()), "name of their own"),
        (Duplicate(BOTH, PROMPT, ()), "another name"),
        (Duplicate(BOTH, RERECO, ("nope",)), "no offline workspace"),
        (Duplicate(((1, PROMPT),), RERECO, ()), "not in the Run Registry"),
        (CopyColumns(BOTH, PROMPT, PROMPT, ("dt-dt",)), "the same dataset"),
        (CopyColumns(BOTH, PROMPT, "online", ("dt-dt",)), "not into online"),
        (CopyColumns(BOTH, EXPRESS, RERECO, ("dt-dt",)), "also holds"),
        (CopyColumns(BOTH, PROMPT, EXPRESS, ("nope-nope",)), "has a column nope-nope"),
        (CopyColumns(BOTH, PROMPT, EXPRESS, ()), "choose at least one"),
        (SetColumns(BOTH, ("dt-dt",), "NO VALUE FOUND"), "can't be set"),
        (SetColumns(BOTH, ("tracker-pixel",), "GOOD"), "has a column tracker-pixel"),
        (SetColumns(((FIRST, "online"),), ("dt-dt",), "GOOD"), "online"),
        (ChangeStates(BOTH, "FOOBAR", "dt"), "must be one of"),
        (ChangeStates(BOTH, WAITING, "dt"), "must be one of"),
        (ChangeStates(BOTH, OPEN, "nope"), "no offline workspace"),
        (Hide(((FIRST, "online"),)), "online"),
    ],
)
def test_that_what_makes_no_sense_is_refused_in_preview_and_in_earnest(
    opened: Database, tool, words
):
    for action in (preview, lambda *given: apply(*given, reason="try")):
        with pytest.raises((BadInput, NotFound, Refused), match=words):
            action(Acting(opened, EXPERT), tool)


@pytest.mark.parametrize(
    "tool",
    [
        Duplicate(BOTH, RERECO, ()),
        CopyColumns(BOTH, PROMPT, EXPRESS, ("dt-dt",)),
        SetColumns(BOTH, ("dt-dt",), "GOOD"),
        ChangeStates(BOTH, SIGNOFF),
        ChangeStates(BOTH, SIGNOFF, "dt"),
        Hide(BOTH),
        Unhide(BOTH),
    ],
)
def test_that_every_tool_takes_its_right(opened: Database, tool):
    for action in (preview, lambda *given: apply(*given, reason="try")):
        with pytest.raises(NotPermitted, match="cms-dqm-runregistry-experts"):
            action(Acting(opened, NOBODY), tool)


# --- columns --------------------------------------------------------------------------------------


def test_that_copied_columns_are_those_of_the_source_and_others_stay(opened: Database):
    edit(opened, "csc-csc", Triplet("EXCLUDED"), 20, 30, name=EXPRESS)
    csc = [each["csc-csc"] for each in plain(opened, FIRST, EXPRESS).rr.values()]
    edit(opened, "dt-dt", Triplet("GOOD"), 1, 30, name=EXPRESS)
    edit(opened, "dt-dt", Triplet("GOOD"), 1, 30, name=EXPRESS, run=SECOND)
    tool = CopyColumns(BOTH, PROMPT, EXPRESS, ("dt-dt",))
    said = preview(Acting(opened, EXPERT), tool)
    assert [each.text for each in said.effects] == [
        "3 cells in 3 LS",
        "already set by hand to these values",
    ]
    done = apply(Acting(opened, EXPERT), tool, reason="same data")
    assert done.text.endswith("1 dataset changed.")
    for run in (FIRST, SECOND):
        source, target = plain(opened, run, PROMPT), plain(opened, run, EXPRESS)
        assert [each["dt-dt"] for each in target.rr.values()] == [
            each["dt-dt"] for each in source.rr.values()
        ]
        assert_read_models_hold(opened, run, EXPRESS)
    assert [each["csc-csc"] for each in plain(opened, FIRST, EXPRESS).rr.values()] == csc


def test_that_targets_alone_find_their_sources(opened: Database):
    tool = CopyColumns(((FIRST, EXPRESS), (SECOND, EXPRESS)), PROMPT, EXPRESS, ("dt-dt",))
    apply(Acting(opened, EXPERT), tool)
    assert plain(opened, FIRST, EXPRESS).rr[4]["dt-dt"]["status"] == "BAD"


def test_that_a_source_without_its_target_refuses_all(opened: Database):
    apply(Acting(opened, EXPERT), Duplicate(((SECOND, PROMPT),), RERECO, ()))
    tool = CopyColumns(BOTH, PROMPT, RERECO, ("dt-dt",))
    before = newest_version(opened)
    with pytest.raises(
        Refused, match=f"Run {FIRST} has no dataset {RERECO}.*every source needs a target"
    ):
        apply(Acting(opened, EXPERT), tool)
    assert newest_version(opened) == before


def test_that_a_set_status_keeps_comments_and_causes(opened: Database):
    said = preview(Acting(opened, EXPERT), SetColumns(BOTH, ("dt-dt", "csc-csc"), "GOOD"))
    assert said.effects[0].text == "60 cells in 30 LS"
    apply(Acting(opened, EXPERT), SetColumns(BOTH, ("dt-dt", "csc-csc"), "GOOD"))
    cells = plain(opened, FIRST, PROMPT).rr
    assert {each["dt-dt"]["status"] for each in cells.values()} == {"GOOD"}
    assert cells[4]["dt-dt"] == {"status": "GOOD", "comment": "HV trip", "cause": "hv"}
    assert_read_models_hold(opened, FIRST, PROMPT)
    again = preview(Acting(opened, EXPERT), SetColumns(BOTH, ("dt-dt", "csc-csc"), "GOOD"))
    assert again.text.endswith("nothing would change.")


def test_that_a_person_s_word_is_written_where_only_an_automatic_one_was(opened: Database):
    apply(Acting(opened, EXPERT), SetColumns(BOTH, ("dt-dt",), "GOOD"))
    by_hand = history.look(Acting(opened), SECOND, PROMPT).by_hand["dt-dt"]
    assert by_hand.all()


def test_that_a_column_the_dataset_does_not_have_yet_is_set_everywhere(opened: Database):
    apply(Acting(opened, EXPERT), Duplicate(((FIRST, "online"),), RERECO, ("dt",)))
    apply(Acting(opened, EXPERT), SetColumns(((FIRST, RERECO),), ("jetmet-jetmet",), "NOTSET"))
    cells = plain(opened, FIRST, RERECO).rr
    assert [each["jetmet-jetmet"]["status"] for each in cells.values()] == ["NOTSET"] * 30


def test_that_the_preview_says_where_a_dataset_is_not_open(opened: Database):
    datasets.move(Acting(opened, EXPERT), [(FIRST, PROMPT)], "dt", SIGNOFF)
    said = preview(Acting(opened, EXPERT), SetColumns(((FIRST, PROMPT),), ("dt-dt",), "GOOD"))
    assert said.effects[0].text == "30 cells in 30 LS; dt is SIGNOFF"


# --- states ---------------------------------------------------------------------------------------


def test_that_only_datasets_in_the_named_state_change(opened: Database):
    datasets.move(Acting(opened, EXPERT), [(FIRST, PROMPT)], "dt", SIGNOFF)
    done = apply(
        Acting(opened, EXPERT), ChangeStates(BOTH, COMPLETED, "dt", (OPEN,)), reason="deadline"
    )
    assert [each.key for each in done.effects] == [(SECOND, PROMPT)]
    assert states(opened, FIRST)["dt_state"] == SIGNOFF
    assert states(opened, SECOND)["dt_state"] == COMPLETED
    assert states(opened, SECOND)["csc_state"] == OPEN
    assert_read_models_hold(opened, SECOND, PROMPT)


def test_that_waiting_and_insignificant_states_stay_unless_asked(opened: Database):
    datasets.move(Acting(opened, EXPERT), [(FIRST, PROMPT)], "csc", NOT_SIGNIFICANT)
    apply(Acting(opened, EXPERT), Duplicate(((FIRST, PROMPT),), RERECO, ("csc", "dt")))
    apply(Acting(opened, EXPERT), Duplicate(((FIRST, "online"),), "/Third/DQM", ("dt",)))
    key = ((FIRST, RERECO), (FIRST, "/Third/DQM"))
    said = preview(Acting(opened, EXPERT), ChangeStates(key, COMPLETED))
    assert said.effects[0].text == (
        f"global OPEN -> COMPLETED, dt OPEN -> COMPLETED; csc stays {NOT_SIGNIFICANT}"
    )
    assert not said.effects[1].changes
    apply(Acting(opened, EXPERT), ChangeStates(key, COMPLETED))
    assert states(opened, FIRST, RERECO) == {
        "global_state": COMPLETED,
        "dt_state": COMPLETED,
        "csc_state": NOT_SIGNIFICANT,
    }
    assert set(states(opened, FIRST, "/Third/DQM").values()) == {WAITING}
    apply(Acting(opened, EXPERT), ChangeStates(key, COMPLETED, None, (WAITING, NOT_SIGNIFICANT)))
    assert set(states(opened, FIRST, RERECO).values()) == {COMPLETED}
    assert set(states(opened, FIRST, "/Third/DQM").values()) == {COMPLETED}


def test_that_a_workspace_without_a_state_refuses_all(opened: Database):
    apply(Acting(opened, EXPERT), Duplicate(((FIRST, PROMPT),), RERECO, ("csc",)))
    before = newest_version(opened)
    tool = ChangeStates(((FIRST, PROMPT), (FIRST, RERECO)), SIGNOFF, "dt")
    with pytest.raises(Refused, match="has no state in workspace dt"):
        apply(Acting(opened, EXPERT), tool)
    assert newest_version(opened) == before


def test_that_nothing_to_change_is_said_and_leaves_no_version(opened: Database):
    before = newest_version(opened)
    with pytest.raises(Refused, match="nothing to change"):
        apply(Acting(opened, EXPERT), ChangeStates(BOTH, OPEN, "dt"))
    assert newest_version(opened) == before


# --- hiding, cancelling, export -------------------------------------------------------------------


def test_that_hidden_datasets_come_back_as_they_were(opened: Database):
    before = states(opened, FIRST)
    with pytest.raises(BadInput, match="A reason is required"):
        apply(Acting(opened, EXPERT), Hide(BOTH))
    apply(Acting(opened, EXPERT), Hide(BOTH), reason="bad reconstruction")
    shown = tables.datasets_page(Acting(opened), tables.TableQuery("datasets"))
    assert {row.name for row in shown.rows} == {EXPRESS}
    with pytest.raises(Refused, match="hidden"):
        apply(Acting(opened, EXPERT), SetColumns(BOTH, ("dt-dt",), "GOOD"))
    with pytest.raises(Refused, match="hidden"):
        datasets.move(Acting(opened, EXPERT), list(BOTH), "dt", SIGNOFF)
    apply(Acting(opened, EXPERT), Unhide(((FIRST, PROMPT),)), reason="it was fine")
    assert states(opened, FIRST) == before
    assert_read_models_hold(opened, FIRST, PROMPT)
    said = preview(Acting(opened, EXPERT), Hide(BOTH))
    assert [each.text for each in said.effects] == ["will be hidden", "already hidden"]


def test_that_a_cancelled_tool_leaves_nothing_behind(opened: Database):
    before = newest_version(opened)
    shares: list[float] = []
    with pytest.raises(Cancelled):
        apply(
            Acting(opened, EXPERT),
            Duplicate(BOTH, RERECO, ("dt",)),
            progress=Progress(shares.append, lambda: len(shares) > 0),
        )
    assert newest_version(opened) == before
    with opened.read() as connection:
        assert (FIRST, RERECO) not in plain_datasets(connection)
    apply(
        Acting(opened, EXPERT), Duplicate(BOTH, RERECO, ("dt",)), progress=Progress(shares.append)
    )
    assert shares[-1] == 1.0


def test_that_the_csv_holds_attributes_states_and_summaries(opened: Database):
    content = dataset_csv.csv_text(Acting(opened), [(SECOND, PROMPT), (FIRST, PROMPT)], ["dt-dt"])
    second, first = csv.DictReader(io.StringIO(content))
    assert (second["run_number"], first["run_number"]) == (str(SECOND), str(FIRST))
    assert first["dataset_name"] == PROMPT
    assert first["class"] == "Collisions25"
    assert first["short_run"] == ""
    assert first["ls_duration"] == "30"
    assert first["dt_state"] == OPEN
    assert first["appeared_in"] == "[]"
    assert '"BAD":3' in first["dt-dt"]
    assert first["oms_attributes"].startswith("{")
    with pytest.raises(BadInput, match="nope-nope"):
        dataset_csv.csv_text(Acting(opened), [(FIRST, PROMPT)], ["nope-nope"])
