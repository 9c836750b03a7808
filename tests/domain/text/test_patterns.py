"""Expressions of others: read as the web service reads them, in a time nobody notices."""

import csv
import re
import threading

import pytest

from app.domain.text.patterns import Pattern, PatternError, pattern


def test_that_an_expression_is_found_anywhere_or_at_the_start():
    assert pattern("Run2025[A-C]").is_in("/Muon0/Run2025B-PromptReco-v1/DQMIO")
    assert not pattern("Run2025[A-C]").begins("/Muon0/Run2025B-PromptReco-v1/DQMIO")
    assert pattern("/Muon[01]").begins("/Muon0/Run2025B-PromptReco-v1/DQMIO")
    assert pattern("").is_in("")
    assert pattern("DQM$").is_in("/A/B/DQM")
    assert not pattern("DQM$").is_in("/A/B/DQMIO")
    # As in JavaScript, the end is the end: not before a last line break.
    assert not pattern("DQM$").is_in("/A/B/DQM\n")
    assert not pattern("a.b").is_in("a\nb")


@pytest.mark.parametrize("text", ["é+", "[é-ü]", "^.$", r"\x{e9}"])
def test_that_a_character_is_one_whatever_its_bytes(text: str):
    assert pattern(text).is_in("é")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(", r"missing \)"),
        ("[", r"missing \]"),
        ("*", "no argument"),
        ("a**", "bad repetition"),
        (r"(a)\1", "invalid escape"),
        (r"a\Z", "invalid escape"),
        ("(?=a)", "invalid perl operator"),
        ("(?x) a", "invalid perl operator"),
        ("a{1001}", "repeats"),
        ("a{99999999999}", "repeats"),
        ("a{2,99999999999}", "repeats"),
        ("(a{100}){100}", "invalid repetition"),
        ("(.{50}){20}", "too large"),
        (r"\pL{100}", "too large"),
        ("(" * 1500 + ")" * 1500, "longer than 2000"),
        ("(" * 1000 + "a" + ")" * 999, r"missing \)"),
        ("[[:alpha:]]", "names a class"),
        ("a\ud800", "half a character"),
    ],
)
def test_that_what_cannot_be_read_is_refused_with_the_reason(text: str, said: str):
    with pytest.raises(PatternError, match=said):
        Pattern(text)


@pytest.mark.parametrize("text", [r"a\{99999\}", r"\[:alpha:\]", "x{,5}", "x{", "{7", "a{1000}"])
def test_that_braces_and_colons_that_mean_nothing_else_are_read(text: str):
    Pattern(text)


@pytest.mark.parametrize(
    "text", ["(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*a){20}", "(a?){30}a{30}$", "^((a?){30}){30}$"]
)
def test_that_no_expression_takes_longer_than_its_text(text: str):
    # Python's own engine takes minutes, or longer than anybody lives.
    names = [f"{'a' * 200}{number}b" for number in range(20)]
    found = [pattern(text).is_in(name) for name in names]
    assert found == ["(.*a)" in text] * len(names)


def test_that_other_threads_go_on_meanwhile():
    large = Pattern("(a?){300}a{300}b$")
    turns, done = [], threading.Event()

    def others() -> None:
        while not done.is_set():
            turns.append(1)
            done.wait(0.001)

    thread = threading.Thread(target=others)
    thread.start()
    while len(turns) < 2:
        assert not large.is_in("a" * 100_000)
    before = len(turns)
    while len(turns) < before + 5:
        assert not large.is_in("a" * 1_000_000)
    done.set()
    thread.join()


def test_that_text_with_half_a_character_is_only_text():
    assert pattern("Muon").is_in("/Muon\ud800/")
    assert pattern("^.$").is_in("\ud800")


def test_that_the_real_accepted_datasets_mean_what_they_meant(shared_data):
    path = shared_data / "data" / "configuration" / "DatasetsAccepted_gui_triggers.csv"
    with path.open(encoding="utf-8", newline="") as file:
        texts = {
            line.strip()
            for row in csv.DictReader(file)
            for line in row["DGT_DATASET_REGEX"].splitlines()
            if line.strip()
        }
    assert len(texts) > 250
    # Names that each was made for, names a little off, and names of other years.
    made = {text.replace(".*?", part) for text in texts for part in ("", "1", "_x/y")}
    names = [*made, *(name[:-1] for name in made), *(name.replace("20", "19") for name in made)]
    for text in sorted(texts):
        theirs, ours = re.compile(text), pattern(text)
        for name in names:
            assert (theirs.search(name) is not None) == ours.is_in(name), (text, name)
