"""Classifying the plain way: every rule in every lumisection."""

from app.domain.state.grid import Grid
from app.domain.triplets import EMPTY_TRIPLET, NO_VALUE_FOUND


def plain_online(configuration, oms: dict, rr: dict, lumisections) -> dict[int, dict[str, str]]:
    run = {**oms, **rr}
    run.pop("beams_present_and_stable", None)
    return {
        each["lumisection_number"]: _statuses(configuration.online_components, {**run, **each})
        for each in lumisections
    }


def plain_offline(configuration, oms: dict, rr: dict, oms_grid: Grid, rr_grid: Grid) -> dict:
    statuses = {}
    for number in (n for n in range(1, rr_grid.length + 1) if rr_grid.covered[n - 1]):
        triplets = {
            column: (rr_grid.value(column, number) or EMPTY_TRIPLET).as_json()
            for column in rr_grid.keys
        }
        data = {
            "run": {"oms": oms, "rr": rr},
            "lumisection": {"oms": oms_grid.at(number), "rr": triplets},
        }
        found = _statuses(configuration.offline_components, data)
        columns = configuration.offline_columns
        statuses[number] = {column: found.get(column, NO_VALUE_FOUND) for column in columns}
    return statuses


def _statuses(classifiers, data: dict) -> dict[str, str]:
    statuses = {each.column: NO_VALUE_FOUND for each in classifiers}
    enabled = [each for each in classifiers if each.enabled]
    for each in sorted(enabled, key=lambda one: (one.priority, one.id)):
        if statuses[each.column] == NO_VALUE_FOUND and each.rule.holds(data):
            statuses[each.column] = each.status
    return statuses


def in_plain(grid: Grid) -> dict[int, dict[str, str]]:
    return {
        number: {column: triplet.status for column, triplet in grid.at(number).items()}
        for number in range(1, grid.length + 1)
        if grid.covered[number - 1]
    }
