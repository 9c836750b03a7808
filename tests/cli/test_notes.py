"""Notes on the command line."""

from tests.cli.conftest import FIRST, PERSON


def test_that_notes_are_written_answered_and_listed(registry):
    assert registry("notes", "list", FIRST).out == "No note.\n"
    text = "csc-csc off, https://cmsonline.cern.ch/cms-elog/1234567"
    made = registry("notes", "add", FIRST, text, "--dataset", "online", "--ls", "3-5", "--json")
    assert made.code == 0, made.err
    number = made.document["note"]
    assert registry("notes", "reply", number, "seen").code == 0
    assert registry("notes", "correct", number, f"{text}, all of it").code == 0
    (note,) = registry("notes", "list", FIRST, "--json").document["notes"]
    assert (note["by"], note["dataset"], note["lumisections"]) == (PERSON, "online", [[3, 5]])
    assert note["links"] == ["https://cmsonline.cern.ch/cms-elog/1234567"]
    assert note["columns"] == ["csc-csc"]
    assert [each["text"] for each in note["replies"]] == ["seen"]
    told = registry("notes", "list", FIRST).out
    assert f"{number}  run {FIRST}, online, LS 3-5, {PERSON}" in told
    assert ", corrected\n" in told
    assert registry("notes", "take-back", number, "wrong run").code == 0
    assert f"taken back by {PERSON}: wrong run" in registry("notes", "list", FIRST).out
    logged = registry("log", "--kind", "note", "--run", FIRST).out
    assert "taken back: wrong run" in logged
