"""The recorded requests, sent to our door one after the other: equal answers, save by intention."""

import re

from app.models import configuration as configuration_rows
from app.models.database.engine import Database
from app.services.acting import Acting
from tests.conformance.recording import Step, steps, tables_initial
from tests.conformance.test_replay import DELIBERATE, Story
from tests.door.comparing import differences, is_request
from tests.door.serving import Answer, Served, behind_proxy, by_proxy, serving

BEAMS = "beams_present_and_stable is true when one LS has all four beam bits"
FRONT_END = "only the web service's own pages and its cron ask for it: it isn't served"
ALONE = "PUT /manual_run_edit/N/A changes A alone"
WORDS = "the same refusal, in a sentence instead of an error of JavaScript"
BITS = DELIBERATE["edit_oms_C_PR_false"]
HOLES = "lumisections go by their number: what OMS doesn't have is a hole, not a shift"
TOOLS = "the datasets that the tools made aren't there"
ANY_ORDER = "the web service gives them in no order; ours is that in which they were made"
BY_SHARE = "a column sorts by its share of bad lumisections, not by the text of its summary"
AGAIN = "a dataset that is in that state already is left as it is"

_A = r"\.oms_attributes\.beams_present_and_stable|\.rr_attributes\.(hlt_key_comment|stop_reason)"
_RUN = "(" + _A + r"|\.oms_attributes\.last_update)"
_STATE = r"\.(runs|datasets|count|pages|DatasetTripletCache|Run|dataset_attributes)\b"
_LISTS = r"\.(final_json|deleted_json|jsons|id)\b"

EXPECTED: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        [
            "get_run_A",
            "get_run_C",
            "get_run_E",
            "refresh_run_A",
            "refresh_run_A_again",
            "manual_edit_A_stop_reason",
            "manual_edit_A_class",
            "get_run_A_after_class",
            "reset_refresh_A",
            "get_run_A_after_reset",
            "manual_edit_A_class_back",
            "signoff_A",
            "get_run_A_flagged",
            "move_A_open",
            "move_A_completed",
            "signoff_C",
        ],
        (_RUN, f"{BEAMS}; {ALONE}"),
    ),
    "get_run_D": (rf"{_RUN}|\.DatasetTripletCache|\.oms_attributes\.ls_duration", HOLES),
    "manual_edit_A_smuggle": ("500", ALONE),
    "edit_A_no_email": (r"\.err ", "who acts is found out before anything else"),
    "edit_missing_run": (r"\.err ", WORDS),
    "edit_missing_dataset": (r"\.err ", WORDS),
    "move_dataset_missing": (r"\.err ", WORDS),
    "edit_E_string_numbers": ("200", DELIBERATE["edit_E_string_numbers"]),
    "edit_E_beyond_end": ("500", DELIBERATE["edit_E_beyond_end"]),
    "edit_E_unknown_component": ("500", DELIBERATE["edit_E_unknown_component"]),
    "edit_E_zero": ("500", DELIBERATE["edit_E_zero"]),
    "signoff_D": ("500", DELIBERATE["signoff_D"]),
    "edit_C_PR_hole": ("500", DELIBERATE["edit_C_PR_hole"]),
    "edit_oms_C_PR_false": ("200", BITS),
    "edit_oms_C_PR_false_string": ("200", BITS),
    "move_dataset_global_open": (_STATE, BITS),
    "move_dataset_dt_signoff": (_STATE, BITS),
    "move_dataset_any_state": ("500", "a dataset is moved in the workspace of the address"),
    "get_dataset": (_STATE, f"{BITS}; {FRONT_END}"),
    "edit_C_RE_after_batch": ("500", TOOLS),
    "lumisection_bar": (" has 6", TOOLS),
    "names_of_run": (r" has|\[\d\]", f"{TOOLS}; {ANY_ORDER}"),
    "names_of_run_after": (r" has|\[\d\]", f"{TOOLS}; {ANY_ORDER}"),
    **dict.fromkeys(
        [
            "runs_filtered",
            "runs_filtered_oms",
            "runs_filtered_triplet",
            "datasets_filtered",
            "datasets_filtered_name",
            "datasets_filtered_triplet",
        ],
        (_STATE, f"{TOOLS}; {BY_SHARE}; {HOLES}; {BEAMS}"),
    ),
    "C_PR_joint_lumisection_ranges": (r" has|\[\d+\]\.(tob_ready|start|end)", f"{BITS}; {HOLES}"),
    "C_PR_oms_lumisection_ranges": (r" has|\[\d+\]\.", BITS),
    "C_PR_rr_lumisection_ranges": (r" has 34", DELIBERATE["edit_C_PR_hole"]),
    "C_PR_oms_lumisection_ranges_by_dcs_bit": (r"\.tob_ready", BITS),
    "json_golden_RE": ("500", TOOLS),
    "json_golden_RE_get": ("500", TOOLS),
    **dict.fromkeys(
        [
            "json_golden_PR_get",
            "json_online",
            "json_online_get",
            "json_similar_to",
            "json_similar_to_get",
            "json_or",
            "json_or_get",
            "json_dataset_attr",
            "json_dataset_attr_get",
            "json_all_true",
            "json_all_true_get",
            "json_list",
            "json_list_official",
            "json_delete",
        ],
        (rf"{_LISTS}|500", f"{TOOLS}; {HOLES}; {BITS}"),
    ),
    "json_ranges_generate": (r".*355104.* is missing", "run D isn't signed off before its hole"),
    "json_ranges_generate_bad": (r"\.err ", "a rule is never turned into SQL"),
    "json_ranges_generate_sqli": ("200", "a rule is never turned into SQL"),
    "cycle_get": (" has 0", FRONT_END),
    "datasets_accepted": (r" has|.*(DAL_id|CCL_id|JCL_id|\.id|metadata)", FRONT_END),
    **dict.fromkeys(
        [
            "appeared_dbs",
            "appeared_dbs_again",
            "appeared_gui",
            "datasets_waiting",
            "datasets_waiting_dbs",
            "dataset_put_workspace",
            "duplicate",
            "duplicate_existing",
            "duplicate_nomatch",
            "batch_update",
            "batch_update_unknown",
            "copy_column",
            "change_states",
            "change_states_all",
            "unique_names",
            "new_dataset",
            "new_dataset_exists",
            "hide_noreason",
            "hide",
            "hide_online",
            "hide_again",
            "export_csv",
            "C_PR_get_rr_lumisection_history",
            "C_PR_get_oms_lumisection_history",
            "run_history_A",
            "versions",
            "last_updated",
            "runs_list",
            "get_data_of_json",
            "luminosity_of_json",
            "playground_ls",
            "playground_run",
            "cycle_add",
            "cycle_add_same_name",
            "cycle_move_all",
            "cycle_complete_global_early",
            "cycle_complete_dt",
            "cycle_pending_dt",
            "cycle_add_datasets",
            "cycle_delete_datasets",
            "classifiers_class",
            "classifiers_component_online",
            "classifier_new",
            "classifier_edit",
            "classifier_edit_stale",
            "classifier_delete",
            "dataset_accepted_new",
            "json_classifier_new",
            "recalculate_cache",
        ],
        ("404", FRONT_END),
    ),
}
"""Requests that are answered otherwise: how the differences begin, and why. `tests/door/test_reads`
compares what is read of the very rows that the web service left."""


def sent(served: Served, step: Step) -> Answer:
    """Our answer to a recorded request, in the name of the person it was recorded with."""
    request = step.request
    headers = request.get("headers") or {}
    given = by_proxy(headers.get("email", ""), headers.get("egroups", "")) if headers else {}
    return served.ask(request["method"], request["path"], request["body"], given)


def compared(answer: Answer, theirs: dict) -> list[str]:
    """What differs from the recorded answer; first the status, if that does."""
    if answer.status != theirs["status"]:
        return [f"{answer.status} instead of {theirs['status']}: {answer.body[:300]!r}"]
    is_json = answer.headers["content-type"].startswith("application/json")
    return list(differences(answer.json if is_json else answer.body.decode(), theirs["body"]))


def test_that_recorded_requests_get_the_recorded_answers(database: Database, shared_data):
    with database.transaction() as connection:
        configuration_rows.import_tables(connection, tables_initial(shared_data))
    story = Story(database)
    found: dict[str, list[str]] = {}
    asked = 0
    with serving(Acting(database, ask_oms=story.last_answer.get), behind_proxy()) as served:
        for step in steps(shared_data):
            if is_request(step):
                asked += 1
                story.prepare(step)
                if lines := compared(sent(served, step), step.response):
                    found[step.name] = lines
            elif story.belongs(step):
                story.play(step)
    unexpected = {
        name: [line for line in lines if not re.match(EXPECTED.get(name, ("$", ""))[0], line)]
        for name, lines in found.items()
    }
    assert {name: lines for name, lines in unexpected.items() if lines} == {}
    assert sorted(EXPECTED.keys() - found.keys()) == []
    assert asked == 158
