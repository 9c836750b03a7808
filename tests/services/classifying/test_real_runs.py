"""Real runs under the real configuration are classified as by the plain way."""

import json
from dataclasses import replace

import pytest

from app.domain.classifying.classification import classify_offline
from app.domain.configuration.in_force import ComponentClassifier, Configuration, parse_condition
from app.domain.sources.oms import OmsRun, oms_run, with_luminosity_per_lumisection
from app.services.acting import Acting
from app.services.configuration import in_force as configurations
from app.services.pulling import runs as pull
from tests.builders import EXPERT
from tests.domain.classifying.plain import in_plain, plain_offline, plain_online

REAL_RUNS = (315265, 319579)


@pytest.fixture(scope="module")
def real_configuration(server, template, shared_data) -> Configuration:
    with server.opened(template) as db:
        configurations.import_folder(Acting(db, EXPERT), shared_data / "data" / "configuration")
        return configurations.current(Acting(db))


@pytest.fixture(scope="module")
def recorded_configuration(server, template, shared_data) -> Configuration:
    with server.opened(template) as db:
        folder = shared_data / "conformance" / "tables_initial"
        configurations.import_folder(Acting(db, EXPERT), folder)
        return configurations.current(Acting(db))


@pytest.fixture(scope="module")
def real_runs(shared_data) -> dict[int, OmsRun]:
    folder = shared_data / "data" / "oms"

    def attributes(name: str) -> list[dict]:
        document = json.loads((folder / name).read_text("utf-8"))
        return [each["attributes"] for each in document["data"]]

    records = {each["run_number"]: each for each in attributes("runs.json")}
    fills = {each["fill_number"]: each for each in attributes("fills.json")}
    return {
        number: oms_run(
            records[number],
            attributes(f"lumisections_{number}.json"),
            fills.get(records[number]["fill_number"]),
        )
        for number in REAL_RUNS
    }


@pytest.mark.parametrize("number", REAL_RUNS)
def test_that_a_real_run_is_classified_as_by_the_plain_way(
    real_configuration: Configuration, real_runs, number: int
):
    computed = pull.compute(real_configuration, real_runs[number])
    assert computed.rr_attributes == {"class": "Collisions22", "significant": True}
    assert len(computed.rr.keys) == len(real_configuration.online_by_column) > 20
    lumisections = with_luminosity_per_lumisection(real_runs[number].lumisections)
    expected = plain_online(
        real_configuration, computed.oms_attributes, computed.rr_attributes, lumisections
    )
    assert in_plain(computed.rr) == expected


@pytest.mark.parametrize("which", ["real", "recorded"])
def test_that_a_real_run_is_classified_offline_as_by_the_plain_way(
    real_configuration, recorded_configuration, real_runs, which: str
):
    configuration = real_configuration if which == "real" else recorded_configuration
    answer = real_runs[315265]
    computed = pull.compute(configuration, answer, as_significant=True)
    rr_attributes = {**computed.rr_attributes, "state": "SIGNOFF"}
    ours = classify_offline(
        configuration, computed.oms_attributes, rr_attributes, computed.oms, computed.rr
    )
    expected = plain_offline(
        configuration, computed.oms_attributes, rr_attributes, computed.oms, computed.rr
    )
    assert in_plain(ours) == expected
    assert set(ours.keys) == set(configuration.offline_columns)


def test_that_a_real_classifier_that_is_switched_off_changes_nothing(
    real_configuration: Configuration, real_runs
):
    answer = real_runs[315265]
    column = "dt-dt"
    always = ComponentClassifier(10**6, column, "NOTSET", parse_condition(True), -1, enabled=True)
    switched_off = replace(
        real_configuration,
        online_components=(
            *real_configuration.online_components,
            replace(always, enabled=False),
        ),
    )
    plain = pull.compute(real_configuration, answer)
    assert in_plain(pull.compute(switched_off, answer).rr) == in_plain(plain.rr)
    switched_on = replace(
        real_configuration,
        online_components=(
            *real_configuration.online_components,
            always,
        ),
    )
    assert {each[column] for each in in_plain(pull.compute(switched_on, answer).rr).values()} == {
        "NOTSET"
    }
