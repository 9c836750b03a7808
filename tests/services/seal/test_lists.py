"""Golden JSONs rest on a root: kept beside them, checked again, by the exported file alone."""

import json
from dataclasses import replace

import pytest

from app.domain.errors import BadInput, Refused
from app.domain.seal.findings import Fault
from app.services.acting import Acting
from app.services.certification import runs
from app.services.golden import exports
from app.services.golden import generation as golden
from app.services.golden import lists as golden_lists
from app.services.golden.checks import reproduce
from app.services.golden.exports import Export
from app.services.seal import keys, proofs, verifying, wanted
from app.services.seal.verifying import EVERYTHING
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST
from tests.services.seal.conftest import ANY, RULE
from tests.services.seal.test_verifying import VERSION


@pytest.fixture
def made(season):
    """The number of a list that was made when all was sealed."""
    return golden.generate(Acting(season.db, EXPERT), ANY, RULE, insist=True).id


@pytest.fixture
def exported(season, made, tmp_path):
    """The list in a file, and its provenance beside it."""
    acting = Acting(season.db, EXPERT)
    list_ = golden_lists.of_database(acting, made)
    _, beside = exports.save(
        acting, list_, Export.GOLDEN, tmp_path / "list.json", with_provenance=True
    )
    return beside


def of_list(season, id_, key=None):
    acting = Acting(season.db)
    return verifying.verify(acting, wanted.of_list(acting, id_, replace(EVERYTHING, key=key)))


def of_file(season, file, key=None):
    acting = Acting(season.db)
    return verifying.verify(acting, wanted.of_file(acting, file, replace(EVERYTHING, key=key)))


def test_that_a_list_keeps_the_root_that_was_there(season, made):
    root = proofs.newest_root(Acting(season.db)).checkpoint
    seal = wanted.seal_of_list(Acting(season.db), made)
    assert (seal["size"], seal["root"]) == (root.size, root.root.hex())
    assert keys.signed_by(seal["checkpoint"], season.signer.public)


def test_that_a_list_is_proved_after_much_was_written(season, made):
    runs.move(Acting(season.db, EXPERT), FIRST, "OPEN")
    season.seal()
    report = of_list(season, made, season.signer.public)
    assert (report.good, report.versions > 3) == (True, True)
    (note,) = report.notes
    assert note.endswith(", all sealed before it was made.")
    again = reproduce.reproduce(Acting(season.db), made)
    assert (again.equal, again.seal.same) == (True, True)


def test_that_an_altered_decision_behind_a_list_is_named(season, made):
    number = season.ask(VERSION)
    season.alter(f'UPDATE "Version" SET "by" = \'other@cern.ch\' WHERE atomic_version = {number}')
    assert [each.what for each in of_list(season, made).findings] == [f"version {number}"]


def test_that_a_seal_made_anew_is_found_by_the_root_of_a_list(season, made, exported):
    season.alter(
        f'UPDATE "Version" SET "by" = \'other@cern.ch\' WHERE atomic_version = ({VERSION})',
        "DELETE FROM seal.leaf",
        "DELETE FROM seal.checkpoint",
        f"DELETE FROM seal.list_root WHERE generated_json_id <> {made}",
    )
    season.sealer = type(season.sealer)(season.db, "forger", clock=season.clock)
    season.seal()
    again = reproduce.reproduce(Acting(season.db), made)
    assert again.seal.same is False
    assert "another one" in again.seal.text
    assert any(each.fault is Fault.ROOT for each in of_list(season, made).findings)
    with pytest.raises(Refused, match="another database"):
        of_file(season, exported)


def test_that_the_file_and_the_public_key_are_enough(season, made, exported):
    season.alter(f"DELETE FROM seal.list_root WHERE generated_json_id = {made}")
    season.alter(f"DELETE FROM record.generated_json_provenance WHERE generated_json_id = {made}")
    season.alter(f'DELETE FROM "GeneratedJson" WHERE id = {made}')
    report = of_file(season, exported, season.signer.public)
    versions = [each for each in report.findings if each.what.startswith("version")]
    assert (versions, report.versions > 3) == ([], True)
    season.alter(
        f'UPDATE "Version" SET "by" = \'other@cern.ch\' WHERE atomic_version = ({VERSION})'
    )
    assert any(each.what.startswith("version") for each in of_file(season, exported).findings)


def test_that_a_file_that_was_changed_is_found_out(season, exported, tmp_path):
    key = season.signer.public
    assert of_file(season, exported, key).good
    (tmp_path / "list.json").write_text("{}")
    assert "isn't the one that was exported" in of_file(season, exported, key).findings[0].text
    document = json.loads(exported.read_text())
    document["seal"]["root"] = "00" * 32
    exported.write_text(json.dumps(document))
    texts = [each.text for each in of_file(season, exported, key).findings]
    assert any("isn't signed with the key" in each for each in texts)
    assert any("had another root" in each for each in texts)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"seal": 1}', "[" * 5000, "\x00"])
def test_that_a_file_that_is_no_provenance_is_refused(season, tmp_path, content):
    file = tmp_path / "other.json"
    file.write_text(content)
    with pytest.raises(BadInput):
        of_file(season, file)


def test_that_a_list_made_before_anything_was_sealed_says_so(here):
    from tests.services.offline_runs import open_all, sign_off_runs

    sign_off_runs(here.db, FIRST)
    open_all(here.db, FIRST)
    id_ = golden.generate(Acting(here.db, EXPERT), ANY, RULE, insist=True).id
    assert reproduce.reproduce(Acting(here.db), id_).seal.same is None
    assert wanted.seal_of_list(Acting(here.db), id_) is None
    here.seal()
    report = of_list(here, id_)
    assert report.good
    assert "nothing was sealed when it was made" in report.notes[0]


def test_that_a_list_is_made_where_the_seal_was_dropped_meanwhile(season):
    with season.db.transaction() as connection:
        connection.exec_driver_sql("DROP SCHEMA seal CASCADE")
    made = golden.generate(Acting(season.db, EXPERT), ANY, RULE, insist=True)
    assert wanted.seal_of_list(Acting(season.db), made.id) is None
