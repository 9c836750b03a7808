"""Random seasons and rules."""

from app.domain.lumisections import LumiRange, mask_of_ranges
from app.domain.state.compact import compact
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.domain.triplets import Triplet
from app.golden.season import SeasonDataset

COLUMNS = ["dt-dt", "csc-csc", "tracker-pixel"]
BITS = ["dt_ready", "cms_active", "prescale_index"]
STATUSES = ["GOOD", "BAD", "STANDBY"]
NAMES = ["/Express/DQM", "/PromptReco/DQM", "online"]
BIT_VALUES = [True, False, None, 1, 0, "2p0E34"]
LUMINOSITIES = [0.0, -1.0, None, "0.25", "x", True, 3]


def dataset_state(random, run_number=1, name="online"):
    """Events over a few lumisections, with holes, folded."""
    length = random.choice([0, 3, 12, 40])
    rr = [
        (
            {
                column: Triplet(random.choice(STATUSES), random.choice(["", "why"]))
                for column in random.sample(COLUMNS, random.randint(1, len(COLUMNS)))
            },
            [_range(random, length)],
        )
        for _ in range(random.randint(0, 4) if length else 0)
    ]
    oms = [
        (
            {
                bit: random.choice(BIT_VALUES)
                for bit in random.sample(BITS, random.randint(1, len(BITS)))
            },
            [_range(random, length)],
        )
        for _ in range(random.randint(0, 4) if length else 0)
    ]
    if random.random() < 0.7:
        for number in range(1, length + 1):
            if random.random() < 0.95:
                values = {"recorded": _luminosity(random), "delivered": _luminosity(random)}
                oms.append((values, [LumiRange(number, number)]))
    own = [each for _, ranges in oms for each in ranges if random.random() < 0.95]
    grid = with_changes(Grid.empty(), oms)
    return DatasetState(
        run_number, name, with_changes(Grid.empty(), rr), grid, mask_of_ranges(own, grid.length)
    )


def season_datasets(random):
    """Datasets of a few runs, several of one run among them."""
    keys = sorted(
        {(random.randint(1, 3), random.choice(NAMES)) for _ in range(random.randint(0, 5))}
    )
    random.shuffle(keys)
    return [
        SeasonDataset(
            run_number,
            name,
            {"global_state": random.choice(["OPEN", "SIGNOFF"]), "appeared_in": ["DBS"]},
            {"energy": random.choice([6500, 6800, None]), "components": ["DT", "CSC"][:run_number]},
            {"class": random.choice(["Collisions22", "Cosmics22"])},
            compact(dataset_state(random, run_number, name)),
        )
        for run_number, name in keys
    ]


def rule_source(random, depth=3):
    """A rule, mostly of `and` and `or` over leaves of every kind."""
    if depth and random.random() < 0.6:
        parts = [rule_source(random, depth - 1) for _ in range(random.randint(1, 4))]
        return {random.choice(["and", "or"]): parts}
    return random.choice(LEAVES)(random)


def _range(random, length):
    first = random.randint(1, length)
    return LumiRange(first, random.randint(first, length))


def _luminosity(random):
    return random.choice(LUMINOSITIES) if random.random() < 0.2 else round(random.random(), 6)


def _bit(random):
    return {"var": f"lumisection.oms.{random.choice(BITS)}"}


def _column(random):
    return {"var": f"lumisection.rr.{random.choice([*COLUMNS, 'no-such'])}"}


def _number(random):
    return {
        "var": random.choice(
            [
                "lumisection.oms.recorded",
                "lumisection.oms.delivered",
                "lumisection.lumisection_number",
                "lumisection.oms.prescale_index",
                "run.oms.energy",
                "run.run_number",
            ]
        )
    }


def _limit(random):
    return random.choice([0, 0.5, 2, 5, "0.3", 6600, 1])


def _order(random):
    return random.choice(["<", "<=", ">", ">=", "==", "!=", "===", "!=="])


LEAVES = [
    lambda random: {"==": [_column(random), random.choice([*STATUSES, "EMPTY"])]},
    lambda random: {"==": [_column(random), random.choice([*STATUSES, "EMPTY"])]},
    lambda random: {"==": [_bit(random), random.choice([True, False])]},
    lambda random: {"==": [_bit(random), random.choice([True, False, None])]},
    lambda random: {"===": [random.choice(BIT_VALUES), _bit(random)]},
    lambda random: {_order(random): [_number(random), _limit(random)]},
    lambda random: {_order(random): [_limit(random), _number(random)]},
    lambda random: {_order(random): [{"var": [_number(random)["var"]]}, _limit(random)]},
    lambda random: {"<": [0.1, _number(random), 0.6]},
    lambda random: {"<=": [1, _number(random), 3]},
    lambda random: {">": [{"-": [_number(random), _number(random)]}, 0]},
    lambda random: {"in": [_column(random), ["GOOD", "EMPTY"]]},
    lambda random: {"in": ["Coll", {"var": "run.rr.class"}]},
    lambda random: {"in": ["CSC", {"var": "run.oms.components"}]},
    lambda random: {"==": [{"var": "run.oms.components.1"}, "CSC"]},
    lambda random: {">": [{"var": "dataset.name.length"}, 10]},
    lambda random: {"==": [{"var": "dataset.global_state"}, "OPEN"]},
    lambda random: {"in": ["Prompt", {"var": "dataset.name"}]},
    lambda random: {"!": [_bit(random)]},
    lambda random: {"!!": [_number(random)]},
    _bit,
    lambda random: {"var": [_column(random)["var"], "GOOD"]},
    lambda random: {"var": [_bit(random)["var"], True]},
    lambda random: {"==": [{"var": [_number(random)["var"], 7]}, 7]},
    lambda random: {"missing": [_bit(random)["var"], _column(random)["var"]]},
    lambda random: {"missing_some": [1, [_bit(random)["var"], _number(random)["var"]]]},
    lambda random: {"if": [_bit(random), {"==": [_column(random), "GOOD"]}, _bit(random)]},
    lambda random: {"==": [{"and": [_bit(random), _bit(random)]}, True]},
    lambda random: {"==": [{"var": {"cat": ["lumisection.oms.", "cms_active"]}}, True]},
    lambda random: {"==": [{"var": {"cat": ["lumisection.", "lumisection_number"]}}, 3]},
    lambda random: {"var": "lumisection.rr"},
    lambda random: {"var": random.choice(["run", "run.oms", "dataset", "lumisection", ""])},
    lambda random: {"missing": ["lumisection.oms", "lumisection.rr.dt-dt"]},
    lambda random: {"some": [{"var": "run.oms.components"}, {"==": [{"var": ""}, "DT"]}]},
    lambda random: {"var": random.choice(["nowhere", "run.nowhere", "run.oms.no", "dataset.a.b"])},
    lambda random: random.choice([True, False, None, 1, 0, "", "0", [], [1], {}]),
]
