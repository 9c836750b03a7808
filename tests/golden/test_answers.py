"""Answers of leaves that are kept for the next rule."""

import numpy as np

from app.golden import answers
from app.golden.answers import Answer, AnswerMemory, Level


def an_answer(size: int = 8) -> Answer:
    return Answer(Level.SEGMENT, np.zeros(size, np.bool_))


def test_that_the_first_answer_of_a_leaf_stays():
    memory, first = AnswerMemory(), an_answer()
    memory.keep("a", first)
    memory.keep("a", an_answer())
    assert memory.get("a") is first
    assert memory.get("b") is None


def test_that_the_answers_that_were_not_used_for_the_longest_time_go_first(monkeypatch):
    monkeypatch.setattr(answers, "_CAPACITY", 24)
    memory = AnswerMemory()
    for leaf in "abc":
        memory.keep(leaf, an_answer())
    memory.get("a")
    memory.keep("d", an_answer(16))
    assert [leaf for leaf in "abcd" if memory.get(leaf) is not None] == ["a", "d"]
    memory.keep("e", an_answer(1000))
    assert memory.get("e") is not None


def test_that_answers_per_lumisection_take_a_bit_each(monkeypatch):
    monkeypatch.setattr(answers, "_CAPACITY", 24)
    memory = AnswerMemory()
    given = [np.arange(size) % divisor == 0 for size, divisor in ((61, 2), (64, 3), (59, 5))]
    for leaf, holds in zip("abc", given, strict=True):
        memory.keep(leaf, Answer(Level.LUMISECTION, holds))
    for leaf, holds in zip("abc", given, strict=True):
        kept = memory.get(leaf)
        assert kept is not None
        assert kept.level == Level.LUMISECTION
        assert kept.holds.tolist() == holds.tolist()
