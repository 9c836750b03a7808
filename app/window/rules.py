"""Rules of golden JSONs and classifiers: what they can read."""

from app.domain.rules.vocabulary import RuleSubject, RuleVocabulary
from app.services.configuration import rule_vocabulary
from app.window.parts import Parts


class RulesBackend(Parts):
    """Words for those who write rules."""

    def rule_vocabulary(self, subject: RuleSubject) -> RuleVocabulary:
        return rule_vocabulary.vocabulary(self._acting, subject)
