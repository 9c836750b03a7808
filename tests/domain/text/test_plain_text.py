import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.text.plain_text import harmless, harmless_json, one_line

ANY_TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("HV trip, \u00b5 TeV \u2192 \u4e2d\u6587", "HV trip, \u00b5 TeV \u2192 \u4e2d\u6587"),
        ("one\ntwo\r\tthree", "one\\ntwo\\r\\tthree"),
        ("\x1b[2K\x1b[1A", "\\x1b[2K\\x1b[1A"),
        ("\x9b2J\x7f\x00", "\\x9b2J\\x7f\\x00"),
        ("GOOD\u202eDAB\u2066", "GOOD\\u202eDAB\\u2066"),
        ("\u2028\u200b\ufeff\ud800", "\\u2028\\u200b\\ufeff\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        (
            "nbsp\u00a0, \u06a9\u200c\u0645, \U0001faa8",
            "nbsp\u00a0, \u06a9\u200c\u0645, \U0001faa8",
        ),
    ],
)
def test_that_what_acts_without_being_seen_is_shown(text: str, shown: str):
    assert one_line(text) == shown


def test_that_line_breaks_of_our_own_are_kept():
    assert harmless("one\n\x1btwo\n") == "one\n\\x1btwo\n"


@given(ANY_TEXT)
def test_that_json_made_harmless_means_the_same(text: str):
    written = harmless_json(json.dumps({text: text}, ensure_ascii=False))
    assert json.loads(written) == {text: text}
    assert one_line(written) == written
    written.encode()
