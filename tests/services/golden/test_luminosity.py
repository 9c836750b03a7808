"""Import of luminosity by lumisection."""

import gzip

import pytest
from sqlalchemy import text

from app.domain.errors import BadInput, NotPermitted
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled, Progress
from app.models.database.engine import Database
from app.models.events import states
from app.services.acting import Acting
from app.services.editing.lumisections import BitEdit, edit_bits
from app.services.golden import generation as golden
from app.services.golden import luminosity
from app.services.golden.luminosity import Outcome, import_brilcalc
from app.services.history import undo
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run
from tests.conftest import filled_once
from tests.services.offline_runs import (
    EXPRESS,
    FIRST,
    PROMPT,
    newest_version,
    open_all,
    sign_off_runs,
)

HEAD = "#run:fill,ls,time,beamstatus,E(GeV),delivered(/ub),recorded(/ub),avgpu,source\n"


def written(folder, measured, name="byls.csv"):
    """A file that measures (run, LS): (delivered, recorded) in /ub."""
    file = folder / name
    file.write_text(
        HEAD
        + "".join(
            f"{run}:10500,{ls}:{ls},05/01/25 10:00:00,FLAT TOP,6800,{delivered},{recorded},50,HF\n"
            for (run, ls), (delivered, recorded) in measured.items()
        )
    )
    return file


@filled_once
def signed_off(database: Database) -> None:
    """A signed-off run of 10 LS with open offline datasets."""
    sign_off_runs(database, FIRST)
    open_all(database, FIRST)


def test_that_a_packed_file_is_read_like_a_plain_one(signed_off, tmp_path):
    measured = {(FIRST, ls): (600_000, 500_000) for ls in range(1, 11)}
    plain = written(tmp_path, measured)
    packed = tmp_path / "byls.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    found = import_brilcalc(Acting(signed_off, EXPERT), packed, dry_run=True)
    assert found.runs == import_brilcalc(Acting(signed_off, EXPERT), plain, dry_run=True).runs
    assert found.changed == 10


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(HEAD.encode())[:-9], "damaged or was cut off"),
        (b"\x1f\x8b" + HEAD.encode(), "damaged or was cut off"),
        (gzip.compress(b"0" * 70_000), "longer than 64 KiB"),
        (gzip.compress((HEAD + "# nothing\n" * 20_000).encode()), "unpacks to more"),
    ],
    ids=["cut off", "not packed", "one long line", "too much"],
)
def test_that_a_packed_file_takes_no_more_than_a_season_can(
    signed_off, tmp_path, monkeypatch, content, reason
):
    monkeypatch.setattr(luminosity, "_MOST_CHARACTERS", 100_000)
    packed = tmp_path / "byls.csv.gz"
    packed.write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        import_brilcalc(Acting(signed_off, EXPERT), packed)


def recorded_of(db, pattern):
    return golden.preview(Acting(db), pattern, True).total


def test_that_a_file_becomes_one_version_that_all_datasets_of_the_run_see(signed_off, tmp_path):
    measured = {(FIRST, ls): (600_000, 500_000) for ls in range(1, 11)}
    report = import_brilcalc(Acting(signed_off, EXPERT), written(tmp_path, measured))

    assert report.version is not None
    (run,) = report.runs
    assert (run.outcome, run.lumisections, run.changed) == (Outcome.CHANGED, 10, 10)
    assert (run.recorded, run.delivered) == (pytest.approx(5.0), pytest.approx(6.0))
    assert run.recorded_before == pytest.approx(10 * 0.3 + 55e-4)
    assert newest_version(signed_off) == (report.version, EXPERT.email, "luminosity of byls.csv")
    for name in ("online", PROMPT):
        assert recorded_of(signed_off, name) == pytest.approx((5.0, 6.0))
    with signed_off.read() as connection:
        sums = connection.execute(
            text('SELECT name, brilcalc_recorded_luminosity FROM "DatasetTripletCache"')
        )
        assert {row[0]: row[1] for row in sums}[PROMPT] == pytest.approx(5.0)


def test_that_importing_again_writes_nothing(signed_off, tmp_path):
    measured = {(FIRST, ls): (0.1 * ls, 0.1234567891 * ls) for ls in range(1, 11)}
    file = written(tmp_path, measured)
    first = import_brilcalc(Acting(signed_off, EXPERT), file)
    again = import_brilcalc(Acting(signed_off, EXPERT), file)
    assert (again.version, again.changed, again.runs[0].outcome) == (None, 0, Outcome.UNCHANGED)
    assert newest_version(signed_off)[0] == first.version

    measured[FIRST, 4] = (7, 6)
    other = import_brilcalc(Acting(signed_off, EXPERT), written(tmp_path, measured))
    assert other.changed == 1


def test_that_a_dry_run_says_the_same_and_writes_nothing(signed_off, tmp_path):
    file = written(tmp_path, {(FIRST, 3): (1e6, 9e5)})
    before = newest_version(signed_off)
    dry = import_brilcalc(Acting(signed_off, EXPERT), file, dry_run=True)
    assert newest_version(signed_off) == before
    assert dry.version is None
    assert dry.runs == import_brilcalc(Acting(signed_off, EXPERT), file).runs


def test_that_runs_that_are_unknown_or_too_short_are_listed_and_the_rest_is_written(
    signed_off, tmp_path
):
    measured = {
        **{(FIRST, ls): (1e6, 9e5) for ls in (1, 9, 10, 11, 13)},
        (500000, 1): (1e6, 9e5),
    }
    report = import_brilcalc(Acting(signed_off, EXPERT), written(tmp_path, measured))
    assert report.unknown == (500000,)
    (short,) = report.too_short
    assert (short.run_number, short.changed) == (FIRST, 3)
    assert short.beyond == (LumiRange(11, 11), LumiRange(13, 13))


def test_that_a_file_of_unknown_runs_only_writes_nothing(signed_off, tmp_path):
    report = import_brilcalc(Acting(signed_off, EXPERT), written(tmp_path, {(500000, 1): (1, 1)}))
    assert (report.version, report.unknown) == (None, (500000,))


def test_that_it_takes_the_right_to(signed_off, tmp_path):
    with pytest.raises(NotPermitted, match="cms-dqm-runregistry-experts"):
        import_brilcalc(Acting(signed_off, NOBODY), written(tmp_path, {(FIRST, 3): (1, 1)}))


@pytest.mark.parametrize(
    "content", ["", "nonsense\n", HEAD, HEAD + "390001:1,1:1,x\n", HEAD + "#" * 20_000]
)
def test_that_a_file_that_can_t_be_read_is_refused_whole(signed_off, tmp_path, content):
    file = tmp_path / "bad.csv"
    file.write_text(content)
    before = newest_version(signed_off)
    with pytest.raises(BadInput, match=r"bad\.csv"):
        import_brilcalc(Acting(signed_off, EXPERT), file)
    assert newest_version(signed_off) == before


def test_that_contradicting_lines_are_refused(signed_off, tmp_path):
    file = written(tmp_path, {(FIRST, 3): (1, 1)})
    file.write_text(file.read_text() + f"{FIRST}:1,3:3,t,STABLE BEAMS,6800,2,2,50,HFOC\n")
    with pytest.raises(BadInput, match="Line 3: run 390001 LS 3 occurs twice"):
        import_brilcalc(Acting(signed_off, EXPERT), file)


def test_that_a_cancelled_import_leaves_nothing(signed_off, tmp_path):
    file = written(tmp_path, {(FIRST, ls): (ls, ls) for ls in range(1, 11)})
    before = newest_version(signed_off)
    shares = []
    with pytest.raises(Cancelled):
        import_brilcalc(
            Acting(signed_off, EXPERT),
            file,
            progress=Progress(shares.append, lambda: max(shares, default=0) >= 0.5),
        )
    assert newest_version(signed_off) == before


def test_that_the_public_file_of_2017_is_imported(signed_off, shared_data):
    pull.apply(Acting(signed_off), a_run(297050, 700))
    file = shared_data / "data" / "brilcalc" / "coffea_lumi_small_2017_byls.csv"
    report = import_brilcalc(Acting(signed_off, EXPERT), file)
    first = report.runs[0]
    assert (first.run_number, first.outcome) == (297050, Outcome.CHANGED)
    assert report.unknown == tuple(each.run_number for each in report.runs[1:])
    assert import_brilcalc(Acting(signed_off, EXPERT), file).version is None


def test_that_offline_datasets_follow_whether_they_hold_a_copy_or_a_word_of_their_own(
    signed_off, tmp_path
):
    bit = BitEdit(FIRST, PROMPT, "bpix_ready", (LumiRange(4, 5),), False)
    edit_bits(Acting(signed_off, EXPERT), [bit], comment="off in the logbook")
    measured = {(FIRST, ls): (6e5 + ls, 5e5 + ls) for ls in range(3, 9)}
    import_brilcalc(Acting(signed_off, EXPERT), written(tmp_path, measured))
    keys = [(FIRST, name) for name in ("online", PROMPT, EXPRESS)]
    with signed_off.read() as connection:
        kept = states.fresh_compact(connection, keys)
        folded = states.fold(connection, keys)
    assert kept.keys() == set(keys)
    for key in keys:
        state, counts = kept[key]
        assert counts == folded[key].counts
        assert state.expand().oms.same_as(folded[key].state.oms)
        assert state.expand().rr.same_as(folded[key].state.rr)
    assert folded[FIRST, PROMPT].state.oms.value("bpix_ready", 4) is False
    assert folded[FIRST, PROMPT].state.oms.value("recorded", 4) == pytest.approx(0.500004)


def test_that_an_import_is_undone_to_what_was_stored_before(signed_off, tmp_path):
    before = recorded_of(signed_off, "online")
    measured = {(FIRST, ls): (6e5 + ls, 5e5 + ls) for ls in range(1, 9)}
    report = import_brilcalc(Acting(signed_off, EXPERT), written(tmp_path, measured))
    assert recorded_of(signed_off, PROMPT) != pytest.approx(before)

    assert undo.preview(Acting(signed_off, NOBODY), report.version).refused
    undo.undo(Acting(signed_off, EXPERT), report.version)

    assert recorded_of(signed_off, "online") == pytest.approx(before)
    assert recorded_of(signed_off, PROMPT) == pytest.approx(before)
