"""Who a change is by: a person, the program by itself or for a person, an agent."""

from app.domain.history.log import Who, who_is
from app.domain.identity import Actor, agent_author, auto_author, is_manual


def test_that_only_what_a_person_sets_is_manual():
    expert = Actor("expert@cern.ch")
    assert is_manual(expert.email)
    authors = [auto_author(), auto_author(expert), agent_author("pixel-autoencoder")]
    assert not any(map(is_manual, authors))
    assert [who_is(each) for each in authors] == [Who.AUTOMATIC, Who.AUTOMATIC, Who.AGENTS]
    assert authors[1] == "auto@auto - expert@cern.ch"
