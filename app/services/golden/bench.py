"""Datasets that are kept in memory, so that rules can be tried on them without delay."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.domain.configuration.in_force import parse_condition
from app.domain.counting import counted
from app.domain.errors import Refused
from app.domain.json_logic import Rule
from app.domain.json_value import JsonValue
from app.domain.progress import SILENT, Progress
from app.golden.preview import Preview, preview
from app.golden.season import Season, SeasonDataset
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.golden.generation import Generated, TaggedRule

_ERA = "era"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which of the matching datasets take part: by run, both ends included, and by era."""

    first_run: int | None = None
    last_run: int | None = None
    era: str = ""

    @property
    def narrows(self) -> bool:
        """Whether any dataset may be left out."""
        return self.first_run is not None or self.last_run is not None or bool(self.era)

    def holds(self, dataset: SeasonDataset) -> bool:
        """Whether a dataset takes part."""
        return (
            (self.first_run is None or dataset.run_number >= self.first_run)
            and (self.last_run is None or dataset.run_number <= self.last_run)
            and (not self.era or dataset.run_oms.get(_ERA) == self.era)
        )

    def rule(self, rule: JsonValue) -> JsonValue:
        """The rule with these limits as its first conditions, so that a stored list contains them
        and can be reproduced."""
        run: JsonValue = {"var": "run.run_number"}
        era: JsonValue = {"var": f"run.oms.{_ERA}"}
        conditions: list[JsonValue] = []
        if self.first_run is not None:
            conditions.append({">=": [run, self.first_run]})
        if self.last_run is not None:
            conditions.append({"<=": [run, self.last_run]})
        if self.era:
            conditions.append({"==": [era, self.era]})
        if not conditions:
            return rule
        if isinstance(rule, dict) and rule.keys() == {"and"} and isinstance(rule["and"], list):
            return {"and": [*conditions, *rule["and"]]}
        return {"and": [*conditions, rule]}


EVERYTHING = Narrowing()


@dataclass(frozen=True, eq=False)
class Bench:
    """Matching datasets with their states as of one version.

    `names` counts the runs of each dataset name, `eras` those of each era, of all that match;
    `season` holds what takes part.
    """

    pattern: str
    narrowing: Narrowing
    version: int
    names: Mapping[str, int]
    eras: Mapping[str, int]
    runs: tuple[int, int]
    season: Season

    @cached_property
    def datasets(self) -> int:
        """How many take part."""
        return len(self.season.datasets)

    def preview(self, rule: Rule, progress: Progress = SILENT) -> Preview:
        """What a rule selects of them."""
        return preview(self.season, rule, progress)


def bench(
    acting: Acting,
    pattern: str,
    narrowing: Narrowing = EVERYTHING,
    *,
    progress: Progress = SILENT,
) -> Bench:
    """Reads the datasets, unless they are in memory and nothing was written since."""
    read, season = golden.season_of(acting, pattern, progress=progress)
    everything = season.datasets
    if narrowing.narrows:
        chosen = [dataset for dataset in everything if narrowing.holds(dataset)]
        if not chosen:
            first, last = everything[0].run_number, everything[-1].run_number
            raise Refused(
                f"None of the {counted(len(everything), 'matching dataset')} is in these runs and"
                f" this era. The matching datasets are of runs {first} to {last}."
            )
        season = Season(chosen)
    return Bench(
        pattern,
        narrowing,
        read.version,
        dict(sorted(Counter(dataset.name for dataset in everything).items())),
        dict(
            sorted(Counter(str(dataset.run_oms.get(_ERA) or "") for dataset in everything).items())
        ),
        (everything[0].run_number, everything[-1].run_number),
        season,
    )


def narrowed(rule: JsonValue, narrowing: Narrowing) -> JsonValue:
    """A rule as it is stored for a narrowed selection; BadInput when it can't be read."""
    return narrowing.rule(parse_condition(rule).source)


def generate_named(
    acting: Acting,
    pattern: str,
    rules: Sequence[tuple[str, JsonValue]],
    narrowing: Narrowing = EVERYTHING,
    *,
    tags: str = "",
    official: bool = False,
    insist: bool = False,
    progress: Progress = SILENT,
) -> list[Generated]:
    """Stores a list for each named rule, in their order, all of one state of the datasets.

    Where there are several, each list has the name of its rule among its tags. `insist`: as in
    `generation.generate_several`.
    """
    several = len(rules) > 1
    return golden.generate_several(
        acting,
        pattern,
        [
            TaggedRule(narrowed(rule, narrowing), _tagged(tags, name) if several else tags)
            for name, rule in rules
        ],
        official=official,
        insist=insist,
        progress=progress,
    )


def _tagged(tags: str, name: str) -> str:
    """The tags and the rule's name, once."""
    return tags if name in tags.split() else f"{tags} {name}".strip()
