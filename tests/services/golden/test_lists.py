"""Lists from files and the database: set arithmetic, comparison, luminosity."""

import json
import random

import pytest

from app.domain.errors import BadInput, NotFound
from app.domain.lumisections import LumiRange
from app.golden.document import document_of, lumisections, read, to_text
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.golden import generation as golden
from app.services.golden import lists as golden_lists
from app.services.golden.lists import GoldenList, Operation, Part
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run
from tests.conftest import filled_once

ALL = {"==": [{"var": "lumisection.oms.beam1_stable"}, True]}
PIXEL = {"==": [{"var": "lumisection.oms.bpix_ready"}, True]}


@filled_once
def season(database: Database) -> None:
    """One run of 20 LS without pixel in LS 5 and 6, and without luminosity in LS 6."""
    configuration.install_default(Acting(database))
    off = {5: {"bpix_ready": False}, 6: {"bpix_ready": False, "recorded": None, "delivered": None}}
    pull.apply(Acting(database), a_run(396001, 20, changed=off))


def naive(document):
    return {
        (run, ls) for run, ranges in document.items() for a, b in ranges for ls in range(a, b + 1)
    }


def combine(first, further):
    """Combines documents, as lists that have no name."""
    parts = [Part(GoldenList("", first))]
    parts += [Part(GoldenList("", document), operation) for operation, document in further]
    return golden_lists.combine(parts).document


def test_that_a_combination_is_clipped_and_repeats_the_remarks_of_its_files(tmp_path):
    file = tmp_path / "unordered.json"
    file.write_text('{"7": [[6, 9], [1, 6]], "8": [[1, 2]], "9": [[1, 1]]}')
    list_ = golden_lists.of_file(file)
    combined = golden_lists.combine([Part(list_)], 8, 8)
    assert combined.document == {8: (LumiRange(1, 2),)}
    assert len(combined.remarks) == len(list_.remarks) > 0
    assert all(remark.startswith(f"{file}: ") for remark in combined.remarks)


@pytest.mark.parametrize("seed", range(30))
def test_that_combining_is_set_arithmetic_from_left_to_right(seed):
    chance = random.Random(seed)

    def any_list():
        return document_of(
            {
                run: [
                    LumiRange(first, first + chance.randint(0, 6))
                    for first in chance.sample(range(1, 40), chance.randint(0, 4))
                ]
                for run in range(1, 4)
            }
        )

    sets = {
        Operation.AND: set.__and__,
        Operation.OR: set.__or__,
        Operation.MINUS: set.__sub__,
    }
    first = any_list()
    further = [(chance.choice(list(Operation)), any_list()) for _ in range(4)]
    expected = naive(first)
    for operation, other in further:
        expected = sets[operation](expected, naive(other))

    combined = combine(first, further)

    assert naive(combined) == expected
    assert combined == document_of(combined)


def test_that_official_lists_come_out_of_themselves_unchanged(shared_data):
    files = sorted((shared_data / "data" / "masks").glob("*/*"))
    assert len(files) > 8
    for file in files:
        one = golden_lists.of_file(file)
        again = combine(one.document, [(Operation.AND, one.document), (Operation.OR, one.document)])
        assert again == one.document
        assert read(to_text(again)).document == one.document
        assert combine(one.document, [(Operation.MINUS, one.document)]) == {}


def test_that_the_golden_list_of_2022_and_what_the_muon_list_adds_make_the_muon_list(shared_data):
    masks = shared_data / "data" / "masks"
    gold = golden_lists.of_file(masks / "golden" / "Cert_Collisions2022_355100_362760_Golden.json")
    muon = golden_lists.of_file(masks / "muon" / "Cert_Collisions2022_355100_362760_Muon.json")
    found = golden_lists.compare(None, gold, muon)
    rebuilt = combine(
        gold.document,
        [(Operation.OR, found.comparison.gained), (Operation.MINUS, found.comparison.lost)],
    )
    assert rebuilt == muon.document
    assert lumisections(found.comparison.gained) > lumisections(found.comparison.lost)


def test_that_luminosity_that_is_missing_is_told_apart_from_none_lost(season):
    pixel = golden.generate(Acting(season, EXPERT), "online", PIXEL).id
    everything = golden.generate(Acting(season, EXPERT), "online", ALL).id

    found = golden_lists.compare(
        Acting(season),
        golden_lists.of_database(Acting(season), everything),
        golden_lists.of_database(Acting(season), pixel),
    )

    assert found.comparison.lost == {396001: (LumiRange(5, 6),)}
    assert found.lost_total.recorded == pytest.approx(0.3005)
    assert (found.lost_total.lumisections, found.lost_total.missing) == (2, 1)
    assert found.gained_total.as_json()["recorded"] is None


def test_that_the_luminosity_of_a_list_is_known_run_by_run(season, tmp_path):
    file = tmp_path / "list.json"
    file.write_text(json.dumps({"396001": [[1, 2]], "500000": [[1, 3]]}))
    source = golden_lists.of_source(Acting(season), file)
    by_run = golden_lists.luminosity_of(Acting(season), source.document)
    assert by_run[396001].recorded == pytest.approx(0.3001 + 0.3002)
    assert not by_run[500000].known
    stored = golden.generate(Acting(season, EXPERT), "online", ALL).id
    assert golden_lists.of_source(Acting(season), stored).id == stored


def test_that_runs_nobody_knows_have_no_luminosity(season, tmp_path):
    file = tmp_path / "list.json"
    file.write_text(json.dumps({"396001": [[19, 25]], "500000": [[1, 3]]}))
    nothing = tmp_path / "nothing.json"
    nothing.write_text("{}")

    found = golden_lists.compare(
        Acting(season), golden_lists.of_file(nothing), golden_lists.of_file(file)
    )

    assert (found.gained[396001].lumisections, found.gained[396001].missing) == (7, 5)
    assert not found.gained[500000].known


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "not JSON"), ('{"x": []}', "not a run number"), ('{"1": [[3, 2]]}', "after the last")],
)
def test_that_a_file_that_is_no_list_is_refused_with_its_name(tmp_path, content, words):
    file = tmp_path / "list.json"
    file.write_text(content)
    with pytest.raises(BadInput, match=words) as refused:
        golden_lists.of_file(file)
    assert str(file) in str(refused.value)


def test_that_a_list_that_is_not_stored_is_not_found(season):
    assert golden_lists.stored_id("#12") == golden_lists.stored_id("12") == 12
    assert golden_lists.stored_id("12.json") is None
    with pytest.raises(NotFound):
        golden_lists.of_database(Acting(season), 12)
