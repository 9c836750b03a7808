"""What the DQM GUI has, which datasets of ours that means, and what becomes of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from app.domain.certification.datasets import NOT_SIGNIFICANT, OPEN, WAITING, state_key, states_of
from app.domain.configuration.in_force import Configuration, DatasetAccepted
from app.domain.foreign_json import BadRecord, Record
from app.domain.json_value import JsonObject, whole_number
from app.domain.keys import DatasetKey
from app.domain.sources.oms import LARGEST_NUMBER, SMALLEST_RUN_NUMBER
from app.domain.sources.pull import LoopStatus
from app.domain.text.patterns import Pattern, PatternError, pattern

_RUN_DIGITS = 12
_NAME_LENGTH = 1_000
_EXAMPLES = 5
_PROBLEMS_KEPT = 20
_SHOWN = 120


class GuiListing(Struct, frozen=True):
    """Names of the GUI datasets of each run; `problems` are items that can't be read."""

    by_run: Mapping[int, tuple[str, ...]]
    problems: tuple[str, ...] = ()

    @property
    def items(self) -> int:
        """Datasets of all runs together."""
        return sum(map(len, self.by_run.values()))


class ListingBuilder:
    """Collects the items of an answer one by one; a name is kept once for all runs.

    Runs of simulated events, which have numbers below those of the experiment, are left out.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._by_run: dict[int, list[str]] = {}
        self._problems: list[str] = []
        self._faulty = 0

    def add(self, item: Record) -> None:
        """Takes one item of the answer, such as `{"run": "355100", "dataset": "/Muon/..."}`."""
        if isinstance(item, BadRecord):
            self._refuse(item.reason, item.text.decode("utf-8", "replace"))
            return
        run = item.get("run") if isinstance(item, dict) else None
        name = item.get("dataset") if isinstance(item, dict) else None
        if isinstance(run, str) and len(run) <= _RUN_DIGITS and run.isascii() and run.isdigit():
            run = int(run)
        number = whole_number(run)
        if number is None or not isinstance(name, str):
            self._refuse("has no run or no dataset", item)
        elif number > LARGEST_NUMBER:
            self._refuse(f"has a run number beyond {LARGEST_NUMBER}", item)
        elif len(name) > _NAME_LENGTH:
            self._refuse(f"has a name of more than {_NAME_LENGTH} letters", item)
        elif number >= SMALLEST_RUN_NUMBER:
            self._by_run.setdefault(number, []).append(self._names.setdefault(name, name))

    def _refuse(self, reason: str, item: object) -> None:
        self._faulty += 1
        if len(self._problems) < _PROBLEMS_KEPT:
            self._problems.append(f"An item of the DQM GUI {reason}: {ascii(item)[:120]}.")

    def listing(self) -> GuiListing:
        """All that was collected."""
        more = self._faulty - len(self._problems)
        told = [*self._problems, f"And {more} items more."] if more else self._problems
        by_run = self._by_run
        for number, names in by_run.items():
            if len(set(names)) < len(names):
                by_run[number] = list(dict.fromkeys(names))
        return GuiListing({number: tuple(names) for number, names in by_run.items()}, tuple(told))


class Appeared(Struct, frozen=True):
    """A dataset of ours, and the GUI datasets that are new to it."""

    run_number: int
    name: str
    in_gui: tuple[str, ...]

    @property
    def key(self) -> DatasetKey:
        """Run number and dataset name."""
        return self.run_number, self.name


class GuiOutcome(Struct, frozen=True):
    """What an answer of the DQM GUI did; no version when nothing appeared."""

    atomic_version: int | None
    appeared: tuple[Appeared, ...]
    opened: int
    problems: tuple[str, ...]

    @property
    def text(self) -> str:
        """What to tell the person."""
        if not self.appeared:
            return "Nothing new in the DQM GUI."
        number = len(self.appeared)
        datasets = "1 dataset" if number == 1 else f"{number} datasets"
        return f"{datasets} appeared in the DQM GUI, {self.opened} of them opened somewhere."


@dataclass(frozen=True, slots=True)
class GuiStatus(LoopStatus):
    """What the sync panel shows of the DQM GUI; counters are of this client since it started."""

    appeared: int = 0
    problems: tuple[str, ...] = ()


class ExpressionMatches(Struct, frozen=True):
    """What one regular expression finds in the DQM GUI; `problem` says why it can't be read."""

    expression: str
    datasets: int = 0
    runs: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()
    problem: str = ""


class _Entry:
    """An accepted dataset with its expressions compiled; each name is tried once."""

    def __init__(self, entry: DatasetAccepted, patterns: Sequence[Pattern]) -> None:
        self.holds = entry.holds
        self._patterns = patterns
        self._known: dict[str, bool] = {}

    def matches(self, name: str) -> bool:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = any(each.is_in(name) for each in self._patterns)
        return known


class Matcher:
    """Finds which GUI datasets belong to a dataset of ours; `problems` names bad expressions."""

    def __init__(self, accepted: Iterable[DatasetAccepted]) -> None:
        self._by_name: dict[str, list[_Entry]] = {}
        problems = []
        for entry in accepted:
            if not entry.enabled:
                continue
            patterns = []
            for expression in entry.expressions:
                try:
                    patterns.append(pattern(expression))
                except PatternError as error:
                    problems.append(
                        f"Dataset accepted {entry.id} ({entry.name}): {expression[:_SHOWN]} can't"
                        f" be read as a regular expression ({error}); it is skipped."
                    )
            if patterns:
                self._by_name.setdefault(entry.name, []).append(_Entry(entry, patterns))
        self.problems = tuple(problems)

    def new_in_gui(
        self, run_number: int, name: str, known: Iterable[str], listing: GuiListing
    ) -> tuple[str, ...]:
        """GUI datasets of the run that match and aren't known yet, in alphabetical order."""
        names = listing.by_run.get(run_number)
        if not names:
            return ()
        entries = [each for each in self._by_name.get(name, ()) if each.holds(run_number)]
        if not entries:
            return ()
        found = {each for each in names if any(entry.matches(each) for entry in entries)}
        return tuple(sorted(found.difference(known)))


def expression_matches(
    regexp: str, listing: GuiListing, run_from: int | None = None, run_to: int | None = None
) -> tuple[ExpressionMatches, ...]:
    """What each line of an accepted dataset finds, in a range of runs with both ends included."""
    here = {
        number: names
        for number, names in listing.by_run.items()
        if (run_from is None or number >= run_from) and (run_to is None or number <= run_to)
    }
    return tuple(
        _matches(expression, here) for line in regexp.splitlines() if (expression := line.strip())
    )


def _matches(expression: str, by_run: Mapping[int, Sequence[str]]) -> ExpressionMatches:
    try:
        is_in = pattern(expression).is_in
    except PatternError as error:
        return ExpressionMatches(expression, problem=f"not a regular expression: {error}")
    known: dict[str, bool] = {}
    runs = []
    for number, names in by_run.items():
        found = False
        for name in names:
            matches = known.get(name)
            if matches is None:
                matches = known[name] = is_in(name)
            found = found or matches
        if found:
            runs.append(number)
    matching = sorted(name for name, matches in known.items() if matches)
    return ExpressionMatches(
        expression, len(matching), tuple(sorted(runs)), tuple(matching[:_EXAMPLES])
    )


def classifier_data(
    run_number: int, name: str, attributes: JsonObject, oms: JsonObject, rr: JsonObject
) -> JsonObject:
    """What the rule of an offline dataset classifier sees of a dataset."""
    return {
        **attributes,
        "run_number": run_number,
        "name": name,
        "dataset": {**attributes, "name": name},
        "run": {**oms, **rr, "run_number": run_number, "oms": oms, "rr": rr},
    }


def verdicts(configuration: Configuration) -> dict[str, Callable[[JsonObject], bool]]:
    """Per workspace with an enabled classifier whether a dataset matters to it."""
    found: dict[str, Callable[[JsonObject], bool]] = {}
    for classifier in configuration.offline_dataset_classifiers:
        if classifier.enabled:
            found.setdefault(classifier.workspace, classifier.rule.holds)
    return found


def opened_states(
    attributes: JsonObject,
    data: JsonObject,
    of_workspace: Mapping[str, Callable[[JsonObject], bool]],
) -> tuple[JsonObject, tuple[str, ...]]:
    """States of the workspaces that waited for the dataset, and those that nobody decides for."""
    changed: JsonObject = {}
    undecided = []
    for workspace, state in states_of(attributes).items():
        if state != WAITING:
            continue
        matters = of_workspace.get(workspace)
        if matters is None:
            undecided.append(workspace)
        else:
            changed[state_key(workspace)] = OPEN if matters(data) else NOT_SIGNIFICANT
    return changed, tuple(undecided)
