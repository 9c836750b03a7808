"""Rules that are offered for golden JSONs: shipped, saved, in files."""

import pytest

from app.domain.errors import BadInput, Conflict, NotPermitted
from app.domain.identity import Actor
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.golden import rules as golden_rules
from tests.builders import EXPERT, configure

AUTHOR = Actor("author@cern.ch", frozenset())


@pytest.fixture
def acting(database: Database) -> Acting:
    configure(database)
    return Acting(database, EXPERT)


def offered(acting: Acting) -> dict[str, golden_rules.OfferedRule]:
    return {rule.name: rule for rule in golden_rules.offered(acting)}


def test_that_a_saved_rule_hides_the_shipped_one_of_its_name(acting: Acting) -> None:
    before = offered(acting)
    assert before["golden"].shipped
    assert before["golden"].origin == "shipped"
    saved = golden_rules.save(acting, " golden ", True)
    assert (saved.name, saved.rule, saved.mine, saved.may_change) == ("golden", True, True, True)
    after = offered(acting)
    assert after["golden"] == saved
    assert after.keys() == before.keys()
    assert after["golden"].origin == f"by {EXPERT.email}"


def test_that_who_may_change_a_rule_is_its_author_and_experts(acting: Acting) -> None:
    golden_rules.save(acting, "theirs", True)
    seen = offered(acting.by(AUTHOR))["theirs"]
    assert (seen.mine, seen.may_change) == (False, False)
    assert seen.id is not None
    with pytest.raises(NotPermitted):
        golden_rules.delete(acting.by(AUTHOR), seen.id)
    golden_rules.delete(acting, seen.id)
    assert "theirs" not in offered(acting)


def test_that_a_rule_is_replaced_only_by_its_id(acting: Acting) -> None:
    saved = golden_rules.save(acting, "mine", True)
    with pytest.raises(Conflict):
        golden_rules.save(acting, "mine", False)
    renamed = golden_rules.save(acting, "ours", {"==": [1, 1]}, saved.id)
    assert "mine" not in offered(acting)
    assert offered(acting)["ours"] == renamed


@pytest.mark.parametrize(
    ("content", "reason"), [("{", "isn't JSON"), (None, "there is no such file")]
)
def test_that_a_file_without_a_rule_is_refused_with_the_reason(
    acting: Acting, tmp_path, content: str | None, reason: str
) -> None:
    file = tmp_path / "rule.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BadInput, match=reason):
        golden_rules.named_or_in_file(acting, str(file))


def test_that_a_rule_is_named_or_in_a_file(acting: Acting, tmp_path) -> None:
    file = tmp_path / "rule.json"
    file.write_text('{"==": [1, 1]}')
    assert golden_rules.named_or_in_file(acting, str(file)) == {"==": [1, 1]}
    assert golden_rules.named_or_in_file(acting, "golden") == configuration.shipped_rule("golden")
