"""The words for what a tool does to many datasets."""

from app.domain.certification.dataset_tools import Effect, Preview, first_of

CHANGED = Effect(390001, "/A/B/DQM", "GOOD in 20 LS")
SAME = Effect(390002, "/A/B/DQM", "is so already", changes=False)
FAULTY = Effect(390003, "/A/B/DQM", "", problem="/A/B/DQM of run 390003 is hidden.")


def test_that_a_preview_counts_what_changes_and_what_stays():
    assert Preview("Set dt-dt", (CHANGED,)).text == "Set dt-dt: 1 dataset will change."
    assert Preview("Set dt-dt", (CHANGED, SAME)).text == (
        "Set dt-dt: 1 dataset will change, 1 will stay as it is."
    )
    assert Preview("Set dt-dt", (CHANGED, CHANGED, SAME, SAME)).text == (
        "Set dt-dt: 2 datasets will change, 2 will stay as they are."
    )
    assert Preview("Set dt-dt", (SAME,)).text == "Set dt-dt: nothing would change."


def test_that_one_problem_stops_the_whole_tool():
    preview = Preview("Set dt-dt", (CHANGED, FAULTY))
    assert preview.problems == ("/A/B/DQM of run 390003 is hidden.",)
    assert preview.changed == (CHANGED,)
    assert preview.text == "Set dt-dt: not possible. /A/B/DQM of run 390003 is hidden."
    assert FAULTY.key == (390003, "/A/B/DQM")


def test_that_many_problems_are_counted_behind_the_first_three():
    problems = [f"Fault {number}." for number in range(1, 6)]
    assert first_of(problems[:3]) == "Fault 1. Fault 2. Fault 3."
    assert first_of(problems) == "Fault 1. Fault 2. Fault 3. And 2 more."
