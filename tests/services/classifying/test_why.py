"""Why a run has its class, and a column its status."""

import pytest

from app.domain.configuration.in_force import Kind
from app.domain.errors import NotFound
from app.domain.json_value import JsonObject
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import runs
from app.services.classifying.trials import Draft
from app.services.classifying.why import why_class, why_column, why_significant, why_workspace
from app.services.configuration.edits import add_item
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once
from tests.services.offline_runs import PROMPT, open_all, sign_off_runs

RUN = 390001


@filled_once
def pulled(database: Database) -> None:
    """One run of 10 LS, in which the DTs were off in LS 4-6."""
    configure(database)
    off: dict[int, JsonObject] = {n: {"dt0_ready": False} for n in (4, 5, 6)}
    pull.apply(Acting(database), a_run(RUN, 10, changed=off))


def test_that_every_classifier_of_a_class_shows_its_tree_and_the_first_that_holds_decides(
    pulled,
) -> None:
    found = why_class(Acting(pulled), RUN)
    assert [(each.gives, each.enabled, each.holds, each.decides) for each in found.verdicts] == [
        ("Switched off", False, True, False),
        ("Cosmics25", True, False, False),
        ("Collisions25", True, True, True),
    ]
    assert found.verdicts[1].tree is not None
    assert found.verdicts[1].tree.text == '{"in":["cosmics",{"var":"hlt_key"}]}'
    assert found.text == "Class: Collisions25 by classifier 1."
    assert found.words["hlt_key"] is not None
    assert found.words["hlt_key"].action.author == "auto@auto"


def test_that_a_class_given_by_hand_stands_before_what_the_classifiers_say(pulled) -> None:
    runs.edit_attribute(Acting(pulled, EXPERT), RUN, "class", "Special25")
    found = why_class(Acting(pulled), RUN)
    assert (found.answer, found.recorded) == ("Collisions25", "Special25")
    assert found.set_by is not None
    assert (found.set_by.by_hand, found.set_by.action.author) == (True, EXPERT.email)
    assert found.text == (
        f"Class: recorded is Special25, set by {EXPERT.email}; the present classifiers give:"
        " Collisions25 by classifier 1."
    )


def test_that_a_change_that_is_not_saved_can_be_asked_about(pulled) -> None:
    draft = Draft(Kind.CLASS, 2, {"classifier": {"var": "energy"}})
    found = why_class(Acting(pulled), RUN, draft)
    assert (found.answer, found.recorded) == ("Cosmics25", "Collisions25")
    assert [each.id for each in found.verdicts if each.decides] == [2**31 - 1]


def test_that_significance_is_asked_of_the_class_of_the_run(pulled) -> None:
    found = why_significant(Acting(pulled), RUN)
    (verdict,) = found.verdicts
    assert (verdict.holds, verdict.decides, found.answer) == (True, True, "significant")
    other = why_significant(Acting(pulled), RUN, Draft(Kind.DATASET, 1, None))
    assert (other.verdicts, other.answer) == ((), "not significant")
    assert other.text == (
        "Significance: recorded is significant; the present classifiers give: no classifier"
        " decides it."
    )


def test_that_a_column_in_a_lumisection_shows_its_rules_values_and_whose_they_are(pulled) -> None:
    found = why_column(Acting(pulled), RUN, "online", "dt-dt", 5)
    assert [(each.gives, each.priority, each.enabled, each.decides) for each in found.verdicts] == [
        ("NOTSET", 0, False, False),
        ("EXCLUDED", 1, True, False),
        ("BAD", 2, True, True),
        ("GOOD", 3, True, False),
    ]
    tree = found.verdicts[2].tree
    assert tree is not None
    values = [(leaf.holds, leaf.values[0].name, leaf.values[0].value) for leaf in tree.leaves]
    assert values == [(True, "dt0_ready", False), (False, "dtm_ready", True)]
    assert found.words["dt0_ready"] is not None
    assert (found.answer, found.recorded) == ("BAD", "BAD")
    assert found.text == "dt-dt of online in LS 5: BAD by classifier 2."

    word = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(5, 5),), Triplet("GOOD", "it was on"))
    lumisections.edit_columns(Acting(pulled, EXPERT), [word])
    by_hand = why_column(Acting(pulled), RUN, "online", "dt-dt", 5)
    assert (by_hand.answer, by_hand.recorded) == ("BAD", "GOOD")
    assert f"set by {EXPERT.email}" in by_hand.text


def test_that_columns_without_a_rule_that_holds_say_so(pulled) -> None:
    found = why_column(
        Acting(pulled), RUN, "online", "tracker-strip", 1, Draft(Kind.COMPONENT, 7, None)
    )
    assert found.answer == "NO VALUE FOUND"
    assert "no classifier matches, so NO VALUE FOUND" in found.text
    nothing = why_column(Acting(pulled), RUN, "online", "hcal-hcal", 1)
    assert (nothing.verdicts, nothing.answer, nothing.recorded) == ((), "", "")
    with pytest.raises(NotFound, match="10 lumisections"):
        why_column(Acting(pulled), RUN, "online", "dt-dt", 11)
    with pytest.raises(NotFound, match="No online workspace"):
        why_column(Acting(pulled), RUN, "online", "no-column", 1)


def test_that_offline_columns_and_datasets_are_explained_from_online(database: Database) -> None:
    sign_off_runs(database, RUN)
    found = why_column(Acting(database), RUN, PROMPT, "dt-dt", 2)
    assert [(each.gives, each.decides) for each in found.verdicts] == [
        ("GOOD", True),
        ("BAD", False),
    ]
    status = "lumisection.rr.dt-dt.status"
    word = found.words[status]
    assert word is not None
    assert word.action.author == EXPERT.email

    rule = {"in": ["Express", {"var": "dataset.name"}]}
    add_item(
        Acting(database, EXPERT),
        Kind.OFFLINE_DATASET,
        {"workspace": "dt", "classifier": rule, "enabled": True},
    )
    open_all(database, RUN)
    asked = why_workspace(Acting(database), RUN, PROMPT, "dt")
    assert (asked.answer, asked.recorded) == ("not significant for workspace", "OPEN")
    assert asked.set_by is not None
    assert asked.set_by.action.author == EXPERT.email
    with pytest.raises(NotFound, match="no offline dataset"):
        why_workspace(Acting(database), RUN, "online", "dt")
