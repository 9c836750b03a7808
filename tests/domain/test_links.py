"""Links to what a window shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadInput
from app.domain.links import CycleLink, GoldenLink, Link, ListLink, RunLink, link_text, parse_link
from app.domain.lumisections import GREATEST_NUMBER, join

NAMES = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=20
)
NUMBERS = st.integers(1, GREATEST_NUMBER)
RANGES = st.lists(
    st.tuples(st.integers(1, 5000), st.integers(0, 50)).map(lambda pair: (pair[0], sum(pair))),
    max_size=5,
).map(join)
SERVERS = st.sampled_from(["", "db.cern.ch:5432/cms", "[::1]:5433/rr"])
COLUMNS = st.lists(NAMES, max_size=4).map(tuple)
LINKS = st.one_of(
    st.builds(RunLink, NUMBERS, NAMES, COLUMNS, RANGES, SERVERS),
    st.builds(GoldenLink, NUMBERS, SERVERS),
    st.builds(CycleLink, NUMBERS, SERVERS),
    st.builds(
        ListLink,
        st.sampled_from(["online", "offline"]),
        st.sampled_from(["", "class = Collisions22 and dt-dt.BAD > 0", 'hlt_key ~ "%a&b=c#d%"']),
        st.just("") | NAMES,
        st.just("") | NAMES,
        st.booleans(),
        st.just("") | NAMES,
        COLUMNS,
        SERVERS,
    ),
)


@given(LINKS)
def test_that_a_link_leads_to_what_it_was_made_from(link: Link):
    assert parse_link(link_text(link)) == link


def test_that_a_link_can_be_typed():
    assert parse_link("run-registry://run/396281?dataset=/PromptReco/X/DQM&ls=30-60,70") == RunLink(
        396281, "/PromptReco/X/DQM", (), ((30, 60), (70, 70))
    )
    assert parse_link(" run-registry://run/396281/ \n") == RunLink(396281)
    assert link_text(RunLink(396281)) == "run-registry://run/396281"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", '"" is not a link of Run Registry'),
        ("https://run/1", "is not a link of Run Registry"),
        ("javascript:alert(1)", "is not a link of Run Registry"),
        ("run-registry:run/1", "The link names"),
        ("run-registry://run/1#x", "is not a link"),
        ("run-registry://run/1\x1b[2J", "is not a link"),
        ("run-registry://run/1\u202e", "is not a link"),
        ("run-registry://run/-1", '"-1" is not the number of a run'),
        ("run-registry://run/0", "0 is not the number of a run"),
        ("run-registry://run/99999999999", "is not the number of a run"),
        ("run-registry://run/\u0661", "is not the number of a run"),
        ("run-registry://run/1?ls=5-3", "first lumisection is greater"),
        ("run-registry://run/1?ls=x", "is not a lumisection"),
        ("run-registry://run/1?status=BAD", '"status" means nothing'),
        ("run-registry://run/1?dataset=a&dataset=b", '"dataset" is given twice'),
        ("run-registry://run/1?dataset=%0Arm", "letters that can't be seen"),
        ("run-registry://run/1?dataset=%ff", "can't be read"),
        ("run-registry://run/1?dataset", "can't be read"),
        ("run-registry://run/1?" + "&".join(f"a{n}=1" for n in range(30)), "can't be read"),
        ("run-registry://online?filter=class+%3D", "filter"),
        ("run-registry://online?significant=maybe", "neither yes nor no"),
        ("run-registry://online/5", "which this version doesn't know"),
        ("run-registry://delete/5", 'names "delete"'),
        ("run-registry://golden/x", "is not the number of a golden JSON"),
        ("run-registry://golden/7?form=../x", '"../x" is no form of a golden JSON'),
        ("run-registry://run/5?column=%25E2%2580%25AEx", "letters that can't be seen"),
        ("run-registry://[::1", "is not a link"),
        ("run-registry://run/1?dataset=" + "a" * 9000, "longer than 8000"),
        ("run-registry://online?columns=" + "a," * 400, "too many columns"),
    ],
)
def test_that_a_hostile_link_gets_one_short_sentence(text, says):
    with pytest.raises(BadInput) as refused:
        parse_link(text)
    told = str(refused.value)
    if says != "filter":
        assert says in told
    assert len(told) < 300
    assert told.isprintable()


@given(st.text(max_size=200))
def test_that_any_text_is_a_link_or_refused(text):
    for each in (text, f"run-registry://{text}", f"run-registry://run/1?{text}"):
        try:
            parse_link(each)
        except BadInput:
            continue
