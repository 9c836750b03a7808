"""Time of golden rules over one lumisection: `python -m benchmarks.json_logic`."""

import argparse
import timeit

from app.domain.json_logic import parse
from app.domain.json_value import JsonValue
from benchmarks import figures

COLUMNS = [f"tracker-part{number}" for number in range(15)]
BITS = [f"part{number}_ready" for number in range(15)]


def golden_rule() -> JsonValue:
    """Thirty comparisons under `and`: half of them flags, half of them bits."""
    flags: list[JsonValue] = [
        {"==": [{"var": f"lumisection.rr.{column}"}, "GOOD"]} for column in COLUMNS
    ]
    bits: list[JsonValue] = [{"==": [{"var": f"lumisection.oms.{bit}"}, True]} for bit in BITS]
    return {"and": flags + bits}


def lumisection() -> dict[str, JsonValue]:
    """A lumisection for which all of the comparisons hold."""
    return {
        "run": {"run_number": 355100, "oms": {"energy": 6800}, "rr": {"class": "Collisions22"}},
        "dataset": {"name": "/PromptReco/Collisions2022A/DQM"},
        "lumisection": {
            "lumisection_number": 1,
            "rr": dict.fromkeys(COLUMNS, "GOOD"),
            "oms": dict.fromkeys(BITS, True),
        },
    }


def microseconds(work: str, names: dict[str, object]) -> float:
    """Shortest time of one go out of five times a thousand."""
    return min(timeit.repeat(work, globals=names, number=1000, repeat=5)) * 1000


@figures.kept("json_logic")
def main() -> None:
    """Prints the times in microseconds."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    source = golden_rule()
    rule = parse(source)
    data = lumisection()
    assert rule.holds(data)
    nothing = lumisection() | {"lumisection": {}}
    names: dict[str, object] = {
        "rule": rule, "data": data, "nothing": nothing, "parse": parse, "source": source
    }  # fmt: skip
    for title, work in (
        ("30 comparisons, all hold", "rule.holds(data)"),
        ("each of the 30 on its own", "[leaf.holds(data) for leaf in rule.leaves]"),
        ("each on its own, all missing", "[leaf.holds(nothing) for leaf in rule.leaves]"),
        ("parsing", "parse(source)"),
    ):
        taken = microseconds(work, names)
        print(f"{title:32}{taken:8.1f} us{figures.noted(title, taken)}")


if __name__ == "__main__":
    main()
