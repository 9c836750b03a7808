"""The words of rules: every variable that the real evaluation finds, with values that occur."""

import json

import pytest

from app.domain.json_logic import parse
from app.domain.rules.completion import condition_text
from app.domain.rules.vocabulary import RuleSubject, VariableKind
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.configuration import rule_vocabulary
from app.services.golden import generation as golden
from app.services.pulling import runs as pull
from tests.builders import a_run
from tests.conftest import filled_once


@filled_once
def season(database: Database) -> None:
    configuration.install_default(Acting(database))
    pull.apply(Acting(database), a_run(396001, 20))
    pull.apply(Acting(database), a_run(396002, 15))


def test_that_every_variable_of_a_season_is_known(season: Database) -> None:
    words = rule_vocabulary.vocabulary(Acting(season), RuleSubject.GOLDEN)
    _, held = golden.season_of(Acting(season), "online")
    assert [name for name in held.names if not words.knows(name)] == []
    assert words.by_name["lumisection.rr.dt-dt"].kind is VariableKind.STATUS
    assert words.by_name["lumisection.rr.dt-dt"].values[0] == "GOOD"
    assert words.by_name["lumisection.oms.dtm_ready"].values == (True, False)
    assert words.by_name["lumisection.oms.recorded"].kind is VariableKind.NUMBER
    classes = {each.class_ for each in configuration.current(Acting(season)).class_classifiers}
    assert classes <= set(words.by_name["run.rr.class"].values)


@pytest.mark.parametrize("subject", RuleSubject)
def test_that_the_shipped_rules_know_their_variables(
    season: Database, subject: RuleSubject
) -> None:
    words = rule_vocabulary.vocabulary(Acting(season), subject)
    current = configuration.current(Acting(season))
    rules = {
        RuleSubject.GOLDEN: [parse(configuration.shipped_rule("golden"))],
        RuleSubject.CLASS: [each.rule for each in current.class_classifiers],
        RuleSubject.SIGNIFICANCE: [each.rule for each in current.dataset_classifiers],
        RuleSubject.ONLINE_COLUMN: [each.rule for each in current.online_components],
        RuleSubject.OFFLINE_COLUMN: [each.rule for each in current.offline_components],
        RuleSubject.OFFLINE_DATASET: [each.rule for each in current.offline_dataset_classifiers],
    }[subject]
    assert rules
    names = {name for rule in rules for name in rule.variables or ()}
    assert sorted(name for name in names if not words.knows(name)) == []


@pytest.mark.parametrize("subject", RuleSubject)
def test_that_each_variable_makes_a_condition(season: Database, subject: RuleSubject) -> None:
    words = rule_vocabulary.vocabulary(Acting(season), subject)
    assert len(words.variables) > 40
    for variable in words.variables:
        rule = parse(json.loads(condition_text(variable)))
        assert rule.variables == {variable.name}


def test_that_an_empty_database_has_words_too(database: Database) -> None:
    words = rule_vocabulary.vocabulary(Acting(database), RuleSubject.GOLDEN)
    assert words.knows("lumisection.oms.dtm_ready")
    assert not words.knows("lumisection.oms.dtm_redy")
