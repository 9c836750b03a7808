"""The golden selection computed plainly: one object per lumisection, one walk per object."""

import math
from collections import defaultdict

from app.domain.json_logic import Rule, parse
from app.domain.json_value import js_stringify
from app.domain.lumisections import ranges_of_numbers
from app.domain.state.summaries import luminosity_value
from app.domain.triplets import EMPTY


def objects_of(dataset):
    """Lumisection number -> what a rule sees of it, for those that take part."""
    state = dataset.state.expand()
    objects = {}
    for at in range(state.length):
        if not state.participating[at]:
            continue
        number = at + 1
        given = {column: triplet.status for column, triplet in state.rr.at(number).items()}
        objects[number] = {
            "run": {
                "run_number": dataset.run_number,
                "oms": dataset.run_oms,
                "rr": dataset.run_rr,
            },
            "dataset": {**dataset.attributes, "name": dataset.name},
            "lumisection": {
                "lumisection_number": number,
                "oms": state.oms.at(number),
                "rr": {column: given.get(column, EMPTY) for column in state.rr.keys},
            },
        }
    return objects


def failed_leaves(source, data):
    """Texts of the leaves that are false below what is false, in order."""
    if parse(source).holds(data):
        return []
    if isinstance(source, dict) and len(source) == 1:
        ((operator, arguments),) = source.items()
        if operator in ("and", "or"):
            arguments = arguments if isinstance(arguments, list) else [arguments]
            return [text for part in arguments for text in failed_leaves(part, data)]
    return [js_stringify(source)]


def naive_row(datasets, rule: Rule):
    """What `Selection.as_row` must be."""
    good, anti, golden, everything = {}, {}, defaultdict(set), defaultdict(set)
    first_seen, by_set = {}, defaultdict(lambda: defaultdict(set))
    failed_of = {}
    order = [js_stringify(leaf.source) for leaf in rule.leaves]
    for dataset in sorted(datasets, key=lambda each: (each.run_number, each.name)):
        name = f"{dataset.run_number}-{dataset.name}"
        for number, data in objects_of(dataset).items():
            place = (dataset.run_number, number)
            everything[dataset.run_number].add(number)
            failed = tuple(sorted(set(failed_leaves(rule.source, data)), key=order.index))
            first_seen.setdefault(place, (data["lumisection"]["oms"], failed))
            failed_of[name, number] = failed
            if rule.holds(data):
                good.setdefault(name, set()).add(number)
                golden[dataset.run_number].add(number)
            else:
                anti.setdefault(name, set()).add(number)
                by_set[failed][name].add(number)
    sums = defaultdict(list)
    by_leaf, by_combination = defaultdict(list), defaultdict(list)
    for failed in by_set:
        by_combination[failed].append(0.0)
        for text in failed:
            by_leaf[text].append(0.0)
    for (run_number, number), (oms, failed) in first_seen.items():
        recorded = luminosity_value(oms.get("recorded"))
        delivered = luminosity_value(oms.get("delivered"))
        kinds = ["total", "in" if number in golden[run_number] else "lost"]
        for kind in kinds:
            sums[kind, "recorded"].append(recorded)
            sums[kind, "delivered"].append(delivered)
        if kinds[1] == "lost":
            by_combination[failed].append(recorded)
            for text in failed:
                by_leaf[text].append(recorded)
    runs = [dataset.run_number for dataset in datasets]
    return {
        "generated_json": _lists({str(run): golden[run] for run in sorted(golden)}),
        "generated_json_with_dataset_names": _lists(good),
        "generated_anti_json": _lists(
            {str(run): everything[run] - golden[run] for run in sorted(everything)}
        ),
        "generated_anti_json_with_dataset_names": _lists(anti),
        "min_run_number": min(runs, default=None),
        "max_run_number": max(runs, default=None),
        "total_delivered_luminosity": math.fsum(sums["total", "delivered"]),
        "total_recorded_luminosity": math.fsum(sums["total", "recorded"]),
        "recorded_luminosity_in_json": math.fsum(sums["in", "recorded"]),
        "delivered_luminosity_in_json": math.fsum(sums["in", "delivered"]),
        "total_recorded_luminosity_lost": math.fsum(sums["lost", "recorded"]),
        "total_delivered_luminosity_lost": math.fsum(sums["lost", "delivered"]),
        "rules_flagged_false_quantity_luminosity": {
            text: math.fsum(values) for text, values in by_leaf.items()
        },
        "rules_flagged_false_combination_luminosity": {
            f"[{','.join(failed)}]": math.fsum(values) for failed, values in by_combination.items()
        },
        "runs_lumisections_responsible_for_rule": {
            f"[{','.join(failed)}]": _lists(names) for failed, names in by_set.items()
        },
    }


def _lists(document):
    return {
        key: [list(each) for each in ranges_of_numbers(numbers)]
        for key, numbers in document.items()
        if numbers
    }
