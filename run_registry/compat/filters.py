"""Filters as the old client takes them, in the form that the server takes."""

from collections.abc import Mapping
from typing import Any

from run_registry.compat import names

Filter = dict[str, Any]

_STATUSES = ("GOOD", "BAD", "STANDBY", "EXCLUDED", "NOTSET", "EMPTY")
_PREFIXES = ("rr_attributes", "oms_attributes", "triplet_summary")


def of_runs(given: object) -> Filter:
    """A filter of runs; Exception for a name that nothing has."""
    made: Filter = {}
    for key, value in _items(given):
        condition = _spelt_out(value if isinstance(value, Mapping) else {"=": value})
        if key in names.OF_RUN_TABLE:
            made[key] = condition
        elif key in names.OF_RR:
            made[f"rr_attributes.{key}"] = condition
        elif key in names.RUN_COLUMNS:
            # What is no status asks for remarks, which the old client leaves out, too.
            if isinstance(condition.get("="), str):
                made |= _status(key, condition["="])
        elif key in names.OF_OMS:
            made[f"oms_attributes.{key}"] = condition
        elif key.startswith(_PREFIXES):
            made[key] = condition
        else:
            raise _unknown(key)
    return made


def of_datasets(given: object) -> Filter:
    """A filter of datasets; Exception for a name that nothing has."""
    made: Filter = {}
    for key, value in _items(given):
        if key in names.OF_DATASET_TABLE:
            made["name" if key == "dataset_name" else key] = _spelt_out(value)
            continue
        condition = _spelt_out(value if isinstance(value, Mapping) else {"=": value})
        if key in names.OF_DATASET:
            made[f"dataset_attributes.{key}"] = condition
        elif key in names.DATASET_COLUMNS:
            made |= _status(key, condition.get("="))
        elif key in names.OF_RR:
            made[f"rr_attributes.{key}"] = condition
        elif key in names.OF_OMS:
            made[f"oms_attributes.{key}"] = condition
        else:
            raise _unknown(key)
    return made


def _items(given: object) -> list[tuple[str, Any]]:
    return list(given.items()) if isinstance(given, dict) else []


def _spelt_out(value: Any) -> Any:
    """A condition in which every value of an `or` has its operator."""
    if isinstance(value, Mapping) and isinstance(value.get("or"), list):
        ways = [{"=": each} if type(each) in (int, float, str) else each for each in value["or"]]
        return {**value, "or": ways}
    return value


def _status(column: str, status: object) -> Filter:
    wanted = status.upper() if isinstance(status, str) else ""
    if wanted not in _STATUSES:
        raise Exception("status must be either GOOD, BAD, STANDBY, EXCLUDED, NOTSET or EMPTY")
    return {f"triplet_summary.{column}.{wanted}": {">": 0}}


def _unknown(key: str) -> Exception:
    return Exception(
        f"filter attribute {key} not found within the listed attributes in"
        " runregistry/attributes.py"
    )
