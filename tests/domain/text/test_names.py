from app.domain.errors import BadInput, NotFound
from app.domain.text.names import nearest_variables, no_dataset, no_rule, no_version, not_found

COLUMNS = ("csc-csc", "dt-dt", "tracker-pixel", "tracker-strip")


def test_that_the_nearest_names_are_asked_for():
    told = not_found("No workspace has a column tracker-pixl", "tracker-pixl", COLUMNS)
    assert isinstance(told, NotFound)
    assert str(told).startswith(
        "No workspace has a column tracker-pixl. Did you mean tracker-pixel"
    )
    assert "Did you mean dt-dt?" in str(not_found("No column DT-DTT", "DT-DTT", COLUMNS))


def test_that_without_a_near_name_the_few_that_there_are_are_told():
    assert str(not_found("No x", "x", ("b", "a"))) == "No x. There are a, b."
    assert str(not_found("No x", "x", ("a",))) == "No x. There is a."
    assert str(not_found("No x", "x", ())) == "No x."
    assert str(not_found("No x", "x", map(str, range(99)))) == "No x."
    assert str(not_found("No x", "x", ("b", "a"), listed=False)) == "No x."
    assert isinstance(not_found("No x", "x", (), BadInput), BadInput)


def test_that_a_variable_is_looked_for_by_its_end_first():
    known = ("dataset.dt_state", "dataset.name", "lumisection.rr.dt-dt", "run.rr.class")
    assert nearest_variables("dataset.dt-dt", known)[0] == "lumisection.rr.dt-dt"
    assert nearest_variables("run.oms.clas", known)[0] == "run.rr.class"
    assert nearest_variables("nothing.like.it", known) == ()


def test_that_the_newest_version_is_told():
    assert str(no_version(9, 3)) == "There is no version 9. The newest is 3."
    assert str(no_version(9, 0)) == "There is no version 9: nothing has been written yet."


def test_that_a_dataset_or_rule_that_there_is_not_is_answered_with_the_nearest():
    told = no_dataset(390001, "/PromptRecco/A/DQM", ["/PromptReco/A/DQM", "online"])
    assert str(told) == (
        "Run 390001 has no dataset /PromptRecco/A/DQM. Did you mean /PromptReco/A/DQM?"
    )
    assert str(no_rule("gold", ["muon", "golden"], ["silver"])) == (
        'There is no rule "gold"; shipped are golden, muon. Did you mean golden?'
    )
