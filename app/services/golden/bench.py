"""Datasets held in memory, so that one rule after the other is tried at once."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from app.domain.configuration.in_force import parse_condition
from app.domain.errors import Refused
from app.domain.json_logic import Rule
from app.domain.json_value import JsonValue
from app.domain.progress import SILENT, Progress
from app.golden.preview import Preview, preview
from app.golden.season import Season, SeasonDataset
from app.services.acting import Acting
from app.services.golden import generation as golden

_ERA = "era"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which of the matching datasets take part: by run, both ends included, and by era."""

    first_run: int | None = None
    last_run: int | None = None
    era: str = ""

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return self.first_run is not None or self.last_run is not None or bool(self.era)

    def holds(self, dataset: SeasonDataset) -> bool:
        """Whether a dataset takes part."""
        return (
            (self.first_run is None or dataset.run_number >= self.first_run)
            and (self.last_run is None or dataset.run_number <= self.last_run)
            and (not self.era or dataset.run_oms.get(_ERA) == self.era)
        )

    def rule(self, rule: JsonValue) -> JsonValue:
        """The rule with what is narrowed as its first conditions, so that a stored list says so
        itself and can be made again."""
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

    def preview(self, rule: Rule, cancelled: Callable[[], bool] | None = None) -> Preview:
        """What a rule makes of them; Cancelled when `cancelled` says so."""
        return preview(self.season, rule, Progress(None, cancelled))


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
        chosen = [each for each in everything if narrowing.holds(each)]
        if not chosen:
            first, last = everything[0].run_number, everything[-1].run_number
            raise Refused(
                f"None of the {len(everything)} matching datasets is in these runs and this era;"
                f" there are runs {first} to {last}."
            )
        season = Season(chosen)
    return Bench(
        pattern,
        narrowing,
        read.version,
        dict(sorted(Counter(each.name for each in everything).items())),
        dict(sorted(Counter(str(each.run_oms.get(_ERA) or "") for each in everything).items())),
        (everything[0].run_number, everything[-1].run_number),
        season,
    )


def narrowed(rule: JsonValue, narrowing: Narrowing) -> JsonValue:
    """A rule as it is stored for a narrowed selection; BadInput when it is none."""
    return narrowing.rule(parse_condition(rule).source)
