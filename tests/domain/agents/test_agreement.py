"""Agreement of agents with people: what is counted, and that the counts add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.agents.agreement import KNOWN, Confusion, Statuses, confusion, disagreeing, place_of
from app.domain.agents.agreement import together as sum_of
from app.domain.agents.proposals import (
    AgentColumn,
    Mode,
    accepted_comment,
    check_columns,
    check_name,
    check_version,
    parse_agent_column,
)
from app.domain.errors import BadInput

words = st.lists(st.integers(0, len(KNOWN) - 1), max_size=40).map(
    lambda places: np.array(places, np.int16)
)


def of(*statuses: str) -> Statuses:
    return np.array([place_of(status) for status in statuses], np.int16)


def test_that_precision_and_recall_are_told_of_each_status():
    found = confusion(
        of("BAD", "BAD", "BAD", "GOOD", "GOOD", "", "GOOD"),
        of("BAD", "BAD", "GOOD", "GOOD", "BAD", "BAD", "EMPTY"),
    )
    assert found.compared == 5
    assert (found.only_agent, found.only_people) == (1, 1)
    assert found.precision("BAD") == pytest.approx(2 / 3)
    assert found.recall("BAD") == pytest.approx(2 / 3)
    assert found.precision("STANDBY") is None
    assert found.statuses == ("GOOD", "BAD")
    assert found.share == pytest.approx(3 / 5)


def test_that_agreement_no_better_than_chance_is_no_agreement():
    half = confusion(of("BAD", "BAD", "GOOD", "GOOD"), of("BAD", "GOOD", "BAD", "GOOD"))
    assert half.kappa == pytest.approx(0)
    full = confusion(of("BAD", "GOOD"), of("BAD", "GOOD"))
    assert full.kappa == pytest.approx(1)
    assert Confusion().kappa is None
    assert confusion(of("GOOD"), of("GOOD")).kappa is None


@given(words, words)
def test_that_every_lumisection_is_counted_once(agent: Statuses, people: Statuses):
    found = confusion(agent, people)
    spoken = np.zeros(max(agent.size, people.size), np.bool_)
    spoken[: agent.size] |= agent > 0
    spoken[: people.size] |= people > 0
    assert found.compared + found.only_agent + found.only_people == int(spoken.sum())
    assert found.compared - found.agreeing == int(disagreeing(agent, people).sum())
    assert sum(found.by_agent(status) for status in found.statuses) == found.compared
    assert sum(found.by_people(status) for status in found.statuses) == found.compared


@given(words, words)
def test_that_precision_is_the_other_s_recall(agent: Statuses, people: Statuses):
    one, other = confusion(agent, people), confusion(people, agent)
    for status in one.statuses:
        assert one.precision(status) == other.recall(status)
    assert (one.share, one.only_agent) == (other.share, other.only_people)


@given(words, words, words, words)
def test_that_disjoint_parts_add_up_to_the_whole(
    agent: Statuses, people: Statuses, more: Statuses, others: Statuses
):
    size = max(agent.size, people.size)

    def padded(word: Statuses) -> Statuses:
        return np.concatenate([word, np.zeros(size - word.size, np.int16)])

    whole = confusion(
        np.concatenate([padded(agent), more]), np.concatenate([padded(people), others])
    )
    parts = sum_of([confusion(agent, people), confusion(more, others)])
    assert parts == whole


@pytest.mark.parametrize("wrong", ["", "a", "me@cern.ch", "two words", "a/b", "x" * 61])
def test_that_an_agent_s_name_can_t_be_taken_for_a_person_s(wrong: str):
    with pytest.raises(BadInput, match="not a valid name of an agent"):
        check_name(wrong)
    assert check_name(" pixel-ae_2.1 ") == "pixel-ae_2.1"


def test_that_what_an_agent_may_say_is_checked():
    known = {"tracker-pixel", "ml-pixel"}
    assert check_version(" 1.2 ") == "1.2"
    for wrong in ("", "a\nb", "x" * 61):
        with pytest.raises(BadInput):
            check_version(wrong)
    own = parse_agent_column("ml-pixel = tracker-pixel", Mode.WRITES)
    assert own == AgentColumn("ml-pixel", Mode.WRITES, "tracker-pixel")
    assert parse_agent_column("dt-dt", Mode.PROPOSES).judged_by == "dt-dt"
    assert check_columns([own], known) == (own,)
    for columns in ([], [own, own], [AgentColumn("dt-dt", Mode.WRITES, "dt-dt")]):
        with pytest.raises(BadInput):
            check_columns(columns, known)


def test_that_the_comment_of_an_accepted_word_names_whose_it_was():
    assert accepted_comment({"ae 2", "bd 1"}) == "Accepted from ae 2, bd 1"
    assert accepted_comment({"ae 2"}, "looks right") == "looks right (proposed by ae 2)"
