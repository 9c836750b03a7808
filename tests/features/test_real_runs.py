"""Two real runs, from OMS over HTTP to the official list, with the real configuration."""

import json
from dataclasses import dataclass, field

import pytest

from app.demo.simulated_oms import SimulatedOms
from app.domain.certification.runs import StatusMissing
from app.domain.configuration.in_force import CERTIFIABLE_ONLINE_COLUMNS, Configuration, Kind
from app.domain.lumisections import LumiRange
from app.domain.sources.pull import OutcomeKind
from app.domain.triplets import EMPTY, NO_VALUE_FOUND, Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import runs
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configurations
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.golden import generation as golden
from app.services.pulling.store import PullStore
from app.sync.oms_requests import OmsSettings
from app.sync.worker import PullReport, pull_now
from tests.builders import EXPERT
from tests.plain_folds import plain_datasets, plain_ranges, plain_runs

RUNS = {315265: [[4, 58]], 319579: [[41, 3168]]}
"""What the official list of 2018 holds of the two runs."""

PROMPT = "/PromptReco/Collisions2018/DQM"
FORGOTTEN = ("dt-dt", "tracker-pixel")
"""Columns of which only the classifiers for GOOD are left."""
NO_STATUS = {"", EMPTY, NO_VALUE_FOUND}


@dataclass
class Story:
    """One database and one OMS, and what a shift does with them."""

    db: Database
    oms: SimulatedOms
    configuration: Configuration
    refusals: list[str] = field(default_factory=list)

    def pull(self) -> PullReport:
        settings = OmsSettings(
            url=self.oms.url,
            token_url=self.oms.token_url,
            client_id="desk",
            client_secret="only-a-test",
            pause_s=0.0,
        )
        return pull_now(settings, PullStore(self.db), only=sorted(RUNS))

    def mend(self, refused: StatusMissing) -> None:
        """Gives the columns that a refused sign-off names a status, wherever they have none."""
        number = refused.run_number
        rr = lumisections.dataset_state(Acting(self.db), number, "online").rr
        for each in refused.unset:
            runs_of = rr.runs(each.column)
            without = [where for where, code in runs_of if _status(rr.values[code]) in NO_STATUS]
            assert each.ranges == tuple(without)
        edits = [
            ColumnEdit(number, "online", each.column, each.ranges, Triplet("STANDBY"))
            for each in refused.unset
        ]
        lumisections.edit_columns(Acting(self.db, EXPERT), edits)


def _status(value: Triplet | None) -> str:
    return EMPTY if value is None else value.status


@pytest.fixture(scope="module")
def story(server, template, shared_data):
    """The two runs in a database with the real configuration and one accepted dataset."""
    with server.opened(template) as db:
        imported = configurations.import_folder(
            Acting(db, EXPERT), shared_data / "data" / "configuration"
        )
        assert imported.report.written["Settings"] == imported.report.settings_id == 912
        accepted = {
            "name": PROMPT,
            "regexp": "/ZeroBias/Run2018.*-PromptReco-v.*/DQMIO",
            "enabled": True,
            "class": "Collisions22",
            "run_from": min(RUNS),
            "run_to": max(RUNS),
        }
        configuration_edits.add_item(Acting(db, EXPERT), Kind.DATASETS_ACCEPTED, accepted)
        # The real classifiers leave nothing open; without these a shifter has something to mend.
        for classifier in configurations.current(Acting(db)).online_components:
            if classifier.column in FORGOTTEN and classifier.status != "GOOD":
                configuration_edits.delete_item(Acting(db, EXPERT), Kind.COMPONENT, classifier.id)
        folder = shared_data / "data" / "oms"
        with SimulatedOms.from_folder(folder, credentials=("desk", "only-a-test")) as oms:
            yield Story(db, oms, configurations.current(Acting(db)))


@pytest.fixture(scope="module")
def pulled(story: Story) -> Story:
    report = story.pull()
    assert report.failed == ()
    assert report.runs(OutcomeKind.CREATED) == tuple(sorted(RUNS))
    return story


@pytest.fixture(scope="module")
def signed_off(pulled: Story) -> Story:
    for number in RUNS:
        for _ in range(len(CERTIFIABLE_ONLINE_COLUMNS) + 1):
            try:
                moved = runs.move(Acting(pulled.db, EXPERT), number, "SIGNOFF")
            except StatusMissing as refused:
                pulled.refusals.append(str(refused))
                pulled.mend(refused)
            else:
                assert moved.datasets == (PROMPT,)
                break
        else:
            pytest.fail(f"run {number} can't be signed off")
    return pulled


def test_that_the_real_classifiers_call_both_runs_collisions(pulled: Story):
    with pulled.db.read() as connection:
        known = plain_runs(connection)
    for number in RUNS:
        assert known[number].rr == {
            "class": "Collisions22",
            "significant": True,
            "state": "OPEN",
            "stop_reason": "",
        }
    assert known[315265].oms["era"] == "2018A"
    assert known[315265].oms["injection_scheme"].startswith("25ns_")


def test_that_what_oms_says_is_kept_lumisection_by_lumisection(pulled: Story, shared_data):
    with pulled.db.read() as connection:
        datasets = plain_datasets(connection)
    for number, last in ((315265, 63), (319579, 3259)):
        path = shared_data / "data" / "oms" / f"lumisections_{number}.json"
        online = datasets[number, "online"]
        assert len(online.oms) == last
        for each in json.loads(path.read_text("utf-8"))["data"]:
            said = each["attributes"]
            kept = online.oms[said["lumisection_number"]]
            assert kept == {name: said[name] for name in kept}
            assert {"beam1_stable", "hf_ready", "physics_flag", "cms_active"} <= kept.keys()
            assert "pileup" not in kept


def test_that_every_lumisection_of_every_column_with_classifiers_has_what_the_rules_say(
    pulled: Story, shared_data
):
    by_column: dict[str, list] = {}
    for each in pulled.configuration.online_components:
        by_column.setdefault(each.column, []).append(each)
    assert len(by_column) > 20
    with pulled.db.read() as connection:
        known, datasets = plain_runs(connection), plain_datasets(connection)
    for number in RUNS:
        path = shared_data / "data" / "oms" / f"lumisections_{number}.json"
        answers = [each["attributes"] for each in json.loads(path.read_text("utf-8"))["data"]]
        run = {**known[number].oms, **known[number].rr}
        del run["beams_present_and_stable"]
        rr = datasets[number, "online"].rr
        assert rr.keys() == {said["lumisection_number"] for said in answers}
        for said in answers[:: 1 if len(answers) < 100 else 7]:
            data = {**run, **said}
            statuses = {}
            for column, classifiers in by_column.items():
                matching = [c for c in classifiers if c.enabled and c.rule.holds(data)]
                first = min(matching, key=lambda c: (c.priority, c.id), default=None)
                statuses[column] = NO_VALUE_FOUND if first is None else first.status
            assert {
                column: triplet["status"]
                for column, triplet in rr[said["lumisection_number"]].items()
            } == statuses


def test_that_a_second_pull_finds_nothing_to_do(pulled: Story):
    report = pulled.pull()
    assert report.failed == ()
    assert report.runs(OutcomeKind.UNCHANGED) == tuple(sorted(RUNS))


def test_that_the_sign_off_names_what_is_missing_until_everything_is_mended(signed_off: Story):
    assert [each.partition(":")[0] for each in signed_off.refusals] == [
        "dt-dt is NO VALUE FOUND in LS 1-4; tracker-pixel is NO VALUE FOUND in LS 1-40, 3169-3259"
        " of run 319579"
    ]
    with signed_off.db.read() as connection:
        known, datasets = plain_runs(connection), plain_datasets(connection)
    for number in RUNS:
        assert known[number].rr["state"] == "SIGNOFF"
        statuses = {
            (column, triplet["status"])
            for each in datasets[number, "online"].rr.values()
            for column, triplet in each.items()
        }
        assert {column for column, status in statuses if status in NO_STATUS}.isdisjoint(
            CERTIFIABLE_ONLINE_COLUMNS
        )
        prompt = datasets[number, PROMPT]
        assert prompt.attributes["global_state"] == "waiting dqm gui"
        assert prompt.oms == datasets[number, "online"].oms
        assert prompt.rr.keys() == prompt.oms.keys()
        assert prompt.rr[1].keys() == set(signed_off.configuration.offline_columns)


@pytest.mark.parametrize("pattern", ["online", PROMPT, "/PromptReco/%"])
def test_that_the_dcs_only_rule_gives_what_the_official_list_holds(
    signed_off: Story, shared_data, pattern: str
):
    rule = json.loads((shared_data / "data" / "rules" / "dcs_only.json").read_text("utf-8"))
    made = golden.generate(Acting(signed_off.db, EXPERT), pattern, rule)
    stored = golden.row(Acting(signed_off.db), made.id)
    assert json.loads(golden.texts(stored).golden) == {
        str(number): ranges for number, ranges in RUNS.items()
    }
    mask = shared_data / "data" / "masks" / "dcsonly" / "json_DCSONLY_2018.txt"
    official = json.loads(mask.read_text("utf-8"))
    assert json.loads(golden.texts(stored).golden) == {
        number: ranges for number, ranges in official.items() if int(number) in RUNS
    }
    anti = json.loads(golden.texts(stored).anti)
    assert anti == {"315265": [[1, 3], [59, 63]], "319579": [[1, 40], [3169, 3259]]}


def test_that_a_flag_set_by_hand_leaves_the_list(signed_off: Story, shared_data):
    rule = {
        "and": [
            json.loads((shared_data / "data" / "rules" / "dcs_only.json").read_text("utf-8")),
            {"!=": [{"var": "lumisection.rr.dt-dt"}, "BAD"]},
        ]
    }
    with signed_off.db.read() as connection:
        online = plain_datasets(connection)[315265, "online"]
    bad = {n for n, each in online.rr.items() if each["dt-dt"]["status"] == "BAD"}
    expected = plain_ranges([n for n in range(4, 59) if n not in bad])
    selection = golden.preview(Acting(signed_off.db), "online", rule)
    assert [[*each] for each in selection.document[315265]] == expected
    runs.move(Acting(signed_off.db, EXPERT), 315265, "OPEN")
    edit = ColumnEdit(315265, "online", "dt-dt", (LumiRange(10, 12),), Triplet("BAD", "HV trip"))
    lumisections.edit_columns(Acting(signed_off.db, EXPERT), [edit])
    selection = golden.preview(Acting(signed_off.db), "online", rule)
    expected = plain_ranges([n for n in range(4, 59) if n not in bad | {10, 11, 12}])
    assert [[*each] for each in selection.document[315265]] == expected
