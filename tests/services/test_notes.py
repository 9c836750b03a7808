"""Notes: threads, corrections, what was taken back, links, and their place in the log."""

import json
from pathlib import Path

import pytest

from app.domain.certification.notes import Link, links_of, mentions_of
from app.domain.errors import BadInput, NotFound, NotPermitted, Refused
from app.domain.history.log import Kind, LogQuery
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.models.database.engine import Database
from app.services import notes
from app.services.acting import Acting
from app.services.history import log, log_export
from tests.builders import EXPERT, NOBODY
from tests.conftest import filled_once
from tests.services.offline_runs import FIRST, PROMPT, SECOND, sign_off_runs

SHIFTER = Actor("shifter@cern.ch")


@filled_once
def signed_off(database: Database) -> None:
    sign_off_runs(database, FIRST, SECOND)


@pytest.fixture
def shifter(signed_off: Database) -> Acting:
    return Acting(signed_off, SHIFTER)


@pytest.fixture
def expert(shifter: Acting) -> Acting:
    return Acting(shifter.db, EXPERT)


def test_that_notes_stand_on_a_run_a_dataset_or_lumisections_with_answers(
    shifter: Acting, expert: Acting
) -> None:
    on_run = notes.add(shifter, FIRST, "", (), "  magnet ramp ")
    on_ranges = notes.add(shifter, FIRST, PROMPT, [LumiRange(3, 4), LumiRange(5, 5)], "HV trip")
    assert on_ranges.text == f"Noted on run {FIRST}, {PROMPT}, LS 3-5: note {on_ranges.number}."
    answer = notes.reply(expert, on_run.number, "planned")
    notes.reply(shifter, answer.number, "thanks")
    notes.add(shifter, SECOND, "online", (), "another run")
    first, second = notes.of_run(shifter, FIRST)
    assert (first.text, first.by, first.dataset) == ("magnet ramp", SHIFTER.email, "")
    assert [(each.text, each.by) for each in first.replies] == [
        ("planned", EXPERT.email),
        ("thanks", SHIFTER.email),
    ]
    assert second.ranges == (LumiRange(3, 5),)
    assert notes.on_dataset((first, second), "online") == (first,)


def test_that_a_correction_and_taking_back_leave_a_trace(shifter: Acting, expert: Acting) -> None:
    made = notes.add(shifter, FIRST, "", (), "HV trip").number
    notes.correct(shifter, made, "LV trip")
    with pytest.raises(NotPermitted, match=r"Only shifter@cern\.ch may correct note"):
        notes.correct(expert, made, "no trip")
    with pytest.raises(NotPermitted, match="may take back note"):
        notes.take_back(Acting(shifter.db, NOBODY), made, "no")
    notes.take_back(expert, made, "wrong run")
    (note,) = notes.of_run(shifter, FIRST)
    assert (note.text, note.corrected is not None) == ("LV trip", True)
    assert note.taken_back is not None
    assert (note.taken_back.by, note.taken_back.text) == (EXPERT.email, "wrong run")
    assert notes.on_dataset([note], PROMPT) == ()
    with pytest.raises(Refused, match="was taken back"):
        notes.reply(expert, made, "why?")
    told = [each.text for each in log.page(shifter, LogQuery(kinds=frozenset({Kind.NOTE}))).entries]
    assert told == [
        f"note {made} taken back: wrong run",
        f"note {made} corrected: LV trip",
        "note: HV trip",
    ]


def test_that_what_can_t_be_noted_is_refused(shifter: Acting) -> None:
    with pytest.raises(Refused, match="Write something"):
        notes.add(shifter, FIRST, "", (), "  ")
    with pytest.raises(Refused, match="up to 4000 characters"):
        notes.add(shifter, FIRST, "", (), "x" * 4001)
    with pytest.raises(NotFound):
        notes.add(shifter, 1, "", (), "x")
    with pytest.raises(NotFound):
        notes.add(shifter, FIRST, "/Nowhere/DQM", (), "x")
    with pytest.raises(BadInput):
        notes.add(shifter, FIRST, "", [LumiRange(3, 4000)], "x")
    with pytest.raises(NotFound, match="There is no note 77"):
        notes.reply(shifter, 77, "x")
    with pytest.raises(NotPermitted, match="Nobody is named"):
        notes.add(Acting(shifter.db), FIRST, "", (), "x")
    assert notes.of_run(shifter, FIRST) == ()


def test_that_the_log_finds_notes_by_run_words_and_author_and_exports_them(
    shifter: Acting, expert: Acting, tmp_path: Path
) -> None:
    notes.add(shifter, FIRST, PROMPT, [LumiRange(3, 5)], "HV trip of dt-dt")
    notes.add(expert, SECOND, "", (), "magnet ramp")

    def told(**asked: object) -> list[str]:
        query = LogQuery(kinds=frozenset({Kind.NOTE}), **asked)  # type: ignore[arg-type]
        return [each.text for each in log.page(shifter, query).entries]

    assert told() == ["note: magnet ramp", "note on LS 3-5: HV trip of dt-dt"]
    assert told(run=FIRST) == told(words="trip hv") == told(author="shifter") == told()[1:]
    assert told(dataset=PROMPT) == told()[1:]
    file = tmp_path / "notes.json"
    log_export.export(shifter, LogQuery(kinds=frozenset({Kind.NOTE})), file)
    entries = json.loads(file.read_text())
    assert "magnet ramp" in json.dumps(entries)
    page = log.page(shifter, LogQuery(), limit=1)
    assert page.after is not None
    assert page.after.note is not None
    assert log.page(shifter, LogQuery(), page.after, limit=1).entries[0].text == told()[1]


def test_that_addresses_and_columns_are_found_in_a_text() -> None:
    text = "dt-dt off, see https://cmsonline.cern.ch/cms-elog/1234567. Also (https://x.ch/a?b=1)."
    assert links_of(text) == (
        Link("https://cmsonline.cern.ch/cms-elog/1234567", "elog 1234567"),
        Link("https://x.ch/a?b=1", "https://x.ch/a?b=1"),
    )
    assert mentions_of(text, ["dt-dt", "csc-csc"]) == ("dt-dt",)
    assert links_of("https://elog.psi.ch/cms/shift/42")[0].label == "elog 42"
    assert links_of("https://example.ch/catalog/42")[0].label == "https://example.ch/catalog/42"
