"""Rules of golden JSONs and classifiers: what they can read."""

from typing import Protocol

from app.domain.rules.vocabulary import RuleSubject, RuleVocabulary


class Rules(Protocol):
    """Words for those who write rules."""

    def rule_vocabulary(self, subject: RuleSubject) -> RuleVocabulary:
        """The variables that rules of a subject can read, with values that occur."""
        ...
